/*
 * control_access.h - the way to the daemon's control socket, for a program that
 * gives up root before it reads anything of others.
 */
#ifndef COMMAND_CONTROL_ACCESS_H
#define COMMAND_CONTROL_ACCESS_H

#include <stdint.h>

struct control_access {
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
int control_access_leave_root(struct control_access *access);

/* Returns a connection, or -1 with errno.  @deadline: clock_ms(). */
int control_access_connect(
    const struct control_access *access, uint64_t deadline);

/* At most until @deadline, for option SO_SNDTIMEO or SO_RCVTIMEO.  Returns 0,
 * or -1 with errno: ETIMEDOUT where it is over. */
int control_access_limit(int fd, int option, uint64_t deadline);

#endif /* COMMAND_CONTROL_ACCESS_H */
