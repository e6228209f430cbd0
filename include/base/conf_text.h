/*
 * conf_text.h - prepares the text of postdane.conf(5) for libconfuse.
 *
 * libconfuse counts a line too many for each comment, skips characters that it
 * does not know, expands environment variables, takes an unclosed block for a
 * complete one, and ends the process when it is given a directory.  Text that
 * would trigger this is an error here.  Comments become blanks, and so do the
 * semicolons that people put between options.
 */
#ifndef BASE_CONF_TEXT_H
#define BASE_CONF_TEXT_H

#include <stddef.h>

/*
 * Returns the text with a terminating NUL and unchanged line numbers, to be
 * freed by the caller; or NULL with "FILE:LINE: what is wrong" (no line where
 * the file can't be read) in @error, cut to @size octets.
 */
char *conf_text_read(const char *path, char *error, size_t size);

/*
 * The line on which @option is last set, outside of blocks, in a text returned
 * by conf_text_read(); 0 where it is not set.
 */
unsigned conf_text_line(const char *text, const char *option);

#endif /* BASE_CONF_TEXT_H */
