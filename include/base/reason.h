/*
 * reason.h - texts that say why something failed: the cause first, in whole
 * words.  Pure.
 */
#ifndef BASE_REASON_H
#define BASE_REASON_H

#include <stddef.h>

/*
 * The cause in a text of libunbound's, which begins with what came of it:
 * "validation failure <mx.example. A IN>: key for validation example. is
 * marked as invalid because of a previous validation failure <example. A IN>:
 * signature expired" gives "signature expired".
 * Returns a pointer into @why; NULL for NULL.
 */
const char *reason_innermost(const char *why);

/* Cut @text to at most @room octets, at the end of a word; where a single word
 * is most of it, in its midst. */
void reason_fit(char *text, size_t room);

#endif /* BASE_REASON_H */
