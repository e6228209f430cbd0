/*
 * conf_options.h - the options of postdane.conf(5), for libconfuse: names,
 * defaults and valid values.  A wrong value is reported with its line.
 */
#ifndef BASE_CONF_OPTIONS_H
#define BASE_CONF_OPTIONS_H

#include <confuse.h>
#include <stddef.h>

struct endpoint;

#define CONF_DNS_PORT 53

/* Option names that other modules use. */
#define CONF_SOCKETMAP_LISTEN "socketmap-listen"
#define CONF_TCP_TABLE_LISTEN "tcp-table-listen"
#define CONF_DNS_LISTEN "dns-listen"
#define CONF_DNS_ALLOW "dns-allow"

/* Ready to parse; NULL when out of memory.  To be freed with cfg_free(). */
cfg_t *conf_options_new(cfg_errfunc_t on_error);

/* In the order of the table; NULL past the last. */
const char *conf_option_name(size_t i);

/* "127.0.0.25:53", the syntax of name servers, or "inet:127.0.0.25:53".
 * Returns NULL, or what is wrong with it. */
const char *conf_dns_listener(const char *text, struct endpoint *endpoint);

#endif /* BASE_CONF_OPTIONS_H */
