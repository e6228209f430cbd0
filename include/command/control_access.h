/*
 * control_access.h - access to the daemon's control socket for a program that
 * gives up root before it reads foreign data.
 */
#ifndef COMMAND_CONTROL_ACCESS_H
#define COMMAND_CONTROL_ACCESS_H

#include <stdint.h>

struct control_access {
	const char *path; /* of the control socket, borrowed */
	int helper; /* socket to a process that connects for us; -1: none */
};

/*
 * Permanently change from root to nobody.  The control socket does not admit
 * nobody, and may be needed several times.  So a helper process stays root.  It
 * only connects to the control socket, and ends with this program.
 * Returns 0, also if we are not root, or are root in a container without other
 * users; or -1 with a line on stderr.
 */
int control_access_leave_root(struct control_access *access);

/* Returns a connection, or -1 with errno.  @deadline: clock_ms(). */
int control_access_connect(
    const struct control_access *access, uint64_t deadline);

/* Set the timeout of @option, SO_SNDTIMEO or SO_RCVTIMEO, to the time left
 * until @deadline.  Returns 0, or -1 with errno: ETIMEDOUT if the deadline has
 * passed. */
int control_access_limit(int fd, int option, uint64_t deadline);

#endif /* COMMAND_CONTROL_ACCESS_H */
