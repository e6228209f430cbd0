/*
 * door.h - the way to the daemon's control socket, for a program that gives up
 * root before it reads anything of others.
 */
#ifndef COMMAND_DOOR_H
#define COMMAND_DOOR_H

#include <stdint.h>

struct door {
	const char *path; /* of the control socket, borrowed */
	int helper;       /* a process that connects for us; -1: none */
};

/*
 * From root to nobody, for good.  The control socket admits neither, and may be
 * asked several times; so a process stays root that does nothing but connect to
 * it, until we end.
 * Returns 0; also where we are not root, or one of a container that can be
 * nobody else.  -1 with a line on stderr.
 */
int door_leave_root(struct door *door);

/* Returns a connection, or -1 with errno.  @deadline: clock_ms(). */
int door_connect(const struct door *door, uint64_t deadline);

/* At most until @deadline, for option SO_SNDTIMEO or SO_RCVTIMEO.  Returns 0,
 * or -1 with errno: ETIMEDOUT where it is over. */
int door_limit(int fd, int option, uint64_t deadline);

#endif /* COMMAND_DOOR_H */
