/*
 * conf_options.h - the options of postdane.conf(5): their names, defaults and
 * what is right for each, for the configuration library.  A wrong value is
 * reported where it stands.
 */
#ifndef BASE_CONF_OPTIONS_H
#define BASE_CONF_OPTIONS_H

#include <confuse.h>
#include <stddef.h>

struct endpoint;

#define CONF_DNS_PORT 53

/* The names that others must know, too. */
#define CONF_SOCKETMAP_LISTEN "socketmap-listen"
#define CONF_TCP_TABLE_LISTEN "tcp-table-listen"
#define CONF_DNS_LISTEN "dns-listen"
#define CONF_DNS_ALLOW "dns-allow"

/* Ready to parse; NULL when out of memory.  To be freed with cfg_free(). */
cfg_t *conf_options_new(cfg_errfunc_t on_error);

/* In the order of the table; NULL past the last. */
const char *conf_option_name(size_t i);

/* "127.0.0.25:53", as name servers are written, or "inet:127.0.0.25:53".
 * Returns NULL, or what is wrong with it. */
const char *conf_dns_listener(const char *text, struct endpoint *endpoint);

#endif /* BASE_CONF_OPTIONS_H */
