/* file.c - read a small file whole. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns the octets read, fewer than @size at the end of the file, or -1. */
static ssize_t
read_all(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		const ssize_t n = read(fd, to + len, size - len);

		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)len;
}

static char *
read_regular(int fd, size_t max, size_t *len, const char **why)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) == -1) {
		*why = strerror(errno);
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		*why = S_ISDIR(st.st_mode) ? "is a directory"
					   : "is not a regular file";
		return NULL;
	}
	/* One octet more than it may have: so is seen whether it has. */
	if ((text = malloc(max + 1)) == NULL ||
	    (n = read_all(fd, text, max + 1)) == -1) {
		*why = strerror(errno);
		free(text);
		return NULL;
	}
	if ((size_t)n > max) {
		*why = "is too large";
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*len = (size_t)n;
	return text;
}

char *
file_read(const char *path, size_t max, size_t *len, const char **why)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char *text;

	if (fd == -1) {
		*why = strerror(errno);
		return NULL;
	}
	text = read_regular(fd, max, len, why);
	close(fd);
	return text;
}
