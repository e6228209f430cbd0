/*
 * conf_text.h - the text of postdane.conf(5), made ready for the library that
 * parses it.
 *
 * libconfuse counts a line too many for each comment, swallows characters that
 * it does not know, reads environment variables, takes a block that is not
 * closed for a whole one and ends the process when it is given a directory.
 * What would lead there is an error here; comments become blanks, and so do
 * the semicolons that people put between options.
 */
#ifndef BASE_CONF_TEXT_H
#define BASE_CONF_TEXT_H

#include <stddef.h>

/*
 * Returns the text with a NUL behind it and every line where it was, the
 * caller's to free; or NULL with "FILE:LINE: what is wrong" (no line where the
 * file can't be read) in @error, cut to @size octets.
 */
char *conf_text_read(const char *path, char *error, size_t size);

/*
 * The line on which @option last gets a value, outside of blocks, in a text
 * that conf_text_read() has returned; 0 where it gets none.
 */
unsigned conf_text_line(const char *text, const char *option);

#endif /* BASE_CONF_TEXT_H */
