/*
 * child.h - a child process that writes to its parent, and has to end in time.
 * Deadlines: clock_ms().
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * fork(2), with a pipe from the child to its parent that is closed on exec.
 * @end: the end for the child to write, or that for the parent to read.
 * Returns as fork(2) does; after -1 with errno there is no pipe.
 */
pid_t child_fork(int *end);

/* Whether @fd has data or end of file before @deadline. */
bool child_says(int fd, uint64_t deadline);

/*
 * Reads @fd up to its end.  Octets beyond @most, or a few more, are discarded.
 * Returns text, to be freed by the caller; or NULL with errno: ETIMEDOUT if the
 * end does not come before @deadline.
 */
char *child_read(int fd, size_t most, uint64_t deadline);

/* Returns the wait status of @pid, which is killed if it has not ended by
 * @deadline. */
int child_end(pid_t pid, uint64_t deadline);

#endif /* BASE_CHILD_H */
