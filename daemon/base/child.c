/* child.c - a child process that writes to its parent. */

#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

pid_t
child_fork(int *end)
{
	int ends[2], error;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	error = errno;
	*end = pid == 0 ? ends[1] : ends[0];
	close(pid == 0 ? ends[0] : ends[1]);
	if (pid == -1)
		close(ends[0]);
	errno = error;
	return pid;
}

bool
child_says(int fd, uint64_t deadline)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	int result;

	do {
		const uint64_t now = clock_ms();

		result = poll(
		    &readable, 1, now < deadline ? (int)(deadline - now) : 0);
	} while (result == -1 && errno == EINTR);
	return result > 0;
}

char *
child_read(int fd, size_t most, uint64_t deadline)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	char buffer[4096];
	ssize_t n = -1;
	int error = ETIMEDOUT;

	if (memory == NULL)
		return NULL;
	while (child_says(fd, deadline)) {
		n = read(fd, buffer, sizeof(buffer));
		error = errno;
		if (n == 0 || (n == -1 && error != EINTR))
			break;
		if (n > 0 && ftell(memory) < (long)most)
			fwrite(buffer, 1, (size_t)n, memory);
		error = ETIMEDOUT;
	}
	if (fclose(memory) == 0 && n == 0)
		return text;
	free(text);
	errno = error;
	return NULL;
}

int
child_end(pid_t pid, uint64_t deadline)
{
	const int fd = pidfd_open(pid, 0);
	int status = -1;

	if (fd == -1 || !child_says(fd, deadline))
		kill(pid, SIGKILL);
	if (fd != -1)
		close(fd);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return status;
}
