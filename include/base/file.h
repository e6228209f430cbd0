/*
 * file.h - read a small file, whatever the path may lead to; and write one.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

/*
 * Directories, devices and FIFOs are refused: libraries end the process, or
 * wait forever, when they are given one.
 * @max: maximum size of the file, in octets.
 * Returns the text with a terminating NUL, to be freed by the caller, and its
 * length in @len.  Otherwise NULL, with *why set to text that is valid until
 * the next call of strerror(3).
 */
char *file_read(const char *path, size_t max, size_t *len, const char **why);

/*
 * Writes @path.new, readable only by its owner, and renames it to @path: there
 * is always a complete file.
 * Returns 0; or -1 with errno, and then @path is unchanged.
 */
int file_write(const char *path, const char *text, size_t len);

#endif /* BASE_FILE_H */
