/*
 * unbound_option.h - which options of unbound.conf(5) an administrator may set
 * for our libunbound.  An allow-list: nothing that could void validation, make
 * the answers stale or have libunbound answer by itself.  Pure.
 */
#ifndef BASE_UNBOUND_OPTION_H
#define BASE_UNBOUND_OPTION_H

#include <stddef.h>

#define UNBOUND_OPTION_MAX 256 /* octets of an option or a reason, with NUL */

/*
 * @line: "name: value" or "name value".
 * Returns 0 with "name: value" in @out, or -1 with the reason why it is
 * refused.  The value is checked as far as libunbound would refuse it when it
 * is set, or fail with it afterwards.
 */
int unbound_option_read(const char *line, char out[UNBOUND_OPTION_MAX]);

/* The names that are allowed, in order; NULL past the last. */
const char *unbound_option_name(size_t index);

#endif /* BASE_UNBOUND_OPTION_H */
