/*
 * utf8.h - untrusted text in UTF-8 (RFC 3629).  Pure: no I/O.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether @len octets are valid UTF-8 without control characters: neither those
 * of ASCII, including tab and DEL, nor U+0080 to U+009F.  True for an empty
 * text.
 */
bool utf8_is_text(const char *text, size_t len);

#endif /* BASE_UTF8_H */
