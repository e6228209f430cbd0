/*
 * child.h - reads the output of a child process and waits for its end.
 * Deadlines: clock_ms().
 */
#ifndef COMMAND_CHILD_H
#define COMMAND_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

#endif /* COMMAND_CHILD_H */
