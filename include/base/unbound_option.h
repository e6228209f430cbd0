/*
 * unbound_option.h - which options of unbound.conf(5) an administrator may set
 * for our libunbound.  An allow-list: nothing that could void validation, make
 * the answers stale or have libunbound answer by itself.  Pure.
 */
#ifndef BASE_UNBOUND_OPTION_H
#define BASE_UNBOUND_OPTION_H

/* @line: "name: value".  Returns NULL, or a constant text that says why it is
 * refused. */
const char *unbound_option_check(const char *line);

#endif /* BASE_UNBOUND_OPTION_H */
