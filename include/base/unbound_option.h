/*
 * unbound_option.h - the options of unbound.conf(5) that an administrator may
 * set for our libunbound.  An allow-list: no option that could disable
 * validation, make answers stale, or let libunbound answer on its own.  Pure.
 */
#ifndef BASE_UNBOUND_OPTION_H
#define BASE_UNBOUND_OPTION_H

#include <stddef.h>

#define UNBOUND_OPTION_MAX 256 /* octets of an option or a reason, with NUL */

/*
 * @line: "name: value" or "name value".
 * Returns 0 with "name: value" in @out, or -1 with the reason for the refusal
 * in @out.  The check covers values that libunbound would refuse when they are
 * set, or that would make it fail later.
 */
int unbound_option_read(const char *line, char out[UNBOUND_OPTION_MAX]);

/* The allowed names, in order; NULL past the last. */
const char *unbound_option_name(size_t index);

#endif /* BASE_UNBOUND_OPTION_H */
