/* file.c - read or write a small file. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
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

/* Doubles the buffer, up to @most octets.  Returns 0, or -1. */
static int
grow(char **text, size_t *size, size_t most)
{
	const size_t wanted = *size > most / 2 ? most : 2 * *size;
	char *larger = realloc(*text, wanted);

	if (larger == NULL)
		return -1;
	*text = larger;
	*size = wanted;
	return 0;
}

/*
 * The file's claimed size is only a start: the file may grow while it is read,
 * and files in /proc claim no size.  The buffer always has one octet more than
 * was read, to detect the end of the file and to hold the NUL.
 */
static char *
read_regular(int fd, off_t claimed, size_t max, size_t *len)
{
	size_t size = claimed < (off_t)max ? (size_t)claimed + 1 : max + 1;
	char *text = malloc(size);

	*len = 0;
	while (text != NULL) {
		const ssize_t n = read_all(fd, text + *len, size - *len);

		if (n >= 0)
			*len += (size_t)n;
		if (n >= 0 && (*len < size || size > max))
			return text;
		if (n == -1 || grow(&text, &size, max + 1) == -1)
			break;
	}
	free(text);
	return NULL;
}

static char *
read_open(int fd, size_t max, size_t *len, const char **why)
{
	struct stat st;
	char *text = NULL;

	if (fstat(fd, &st) == -1) {
		*why = strerror(errno);
	} else if (!S_ISREG(st.st_mode)) {
		*why = S_ISDIR(st.st_mode) ? "is a directory"
					   : "is not a regular file";
	} else if ((text = read_regular(fd, st.st_size, max, len)) == NULL) {
		*why = strerror(errno);
	} else if (*len > max) {
		*why = "is too large";
		free(text);
		text = NULL;
	} else {
		text[*len] = '\0';
	}
	return text;
}

char *
file_read(const char *path, size_t max, size_t *len, const char **why)
{
	/* O_NONBLOCK: opening a FIFO would wait for a writer. */
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char *text;

	if (fd == -1) {
		*why = strerror(errno);
		return NULL;
	}
	text = read_open(fd, max, len, why);
	close(fd);
	return text;
}

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, text, len);

		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd);
}

int
file_write(const char *path, const char *text, size_t len)
{
	char temporary[PATH_MAX];
	int fd, result, error;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(temporary,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	result = write_all(fd, text, len);
	error = errno;
	if (close(fd) == -1 && result == 0) {
		result = -1;
		error = errno;
	}
	if (result == 0 && rename(temporary, path) == -1) {
		result = -1;
		error = errno;
	}
	if (result == -1)
		unlink(temporary);
	errno = error;
	return result;
}
