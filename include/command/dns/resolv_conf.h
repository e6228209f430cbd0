/*
 * resolv_conf.h - reads resolv.conf(5) as glibc does.  Pure.
 */
#ifndef COMMAND_DNS_RESOLV_CONF_H
#define COMMAND_DNS_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#define RESOLV_CONF_SERVERS_MAX 3 /* glibc reads no more */

struct resolv_conf {
	char server[RESOLV_CONF_SERVERS_MAX][64]; /* as written */
	size_t server_count;
	bool trust_ad;
};

/* @text: NUL-terminated. */
void resolv_conf_parse(const char *text, struct resolv_conf *conf);

/* Returns the address in the next line "nameserver" of @rest, as written, and
 * moves @rest behind it, whose text is changed; NULL if there is none. */
const char *resolv_conf_next_server(char **rest);

#endif /* COMMAND_DNS_RESOLV_CONF_H */
