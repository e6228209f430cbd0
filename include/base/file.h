/*
 * file.h - read a small file whole, whatever the path may turn out to be; and
 * write one.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

/*
 * Directories, devices and FIFOs are refused: libraries end the process, or
 * wait for ever, when they are given one.
 * @max: octets that the file may have.
 * Returns the text with a NUL behind it, the caller's to free, and its length
 * in @len.  Otherwise NULL, and *why is set to text that is valid until the
 * next call of strerror(3).
 */
char *file_read(const char *path, size_t max, size_t *len, const char **why);

/*
 * Written beside it as @path.new, which only we can read, and renamed: there
 * is always a whole one.
 * Returns 0, or -1 with errno, and then @path is as it was.
 */
int file_write(const char *path, const char *text, size_t len);

#endif /* BASE_FILE_H */
