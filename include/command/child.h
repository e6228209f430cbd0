/*
 * child.h - a program or a process that was started to find something out: what
 * it writes, and that it comes to an end.  Deadlines: clock_ms().
 */
#ifndef COMMAND_CHILD_H
#define COMMAND_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether there is something to read, or an end, before @deadline. */
bool child_says(int fd, uint64_t deadline);

/*
 * All that comes from @fd up to its end, of which more than @most octets or a
 * few more are thrown away.  Returns text, the caller's to free; or NULL with
 * errno: ETIMEDOUT where there is no end before @deadline.
 */
char *child_read(int fd, size_t most, uint64_t deadline);

/* The wait status of @pid, which is killed where it has not ended before
 * @deadline. */
int child_end(pid_t pid, uint64_t deadline);

#endif /* COMMAND_CHILD_H */
