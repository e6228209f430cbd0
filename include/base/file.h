/*
 * file.h - read a small file whole, whatever the path may turn out to be.
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

#endif /* BASE_FILE_H */
