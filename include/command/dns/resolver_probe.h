/*
 * resolver_probe.h - tests a resolver: does it answer, handle EDNS, validate,
 * and support TCP?  Also reads resolv.conf(5).  Blocks; bounded in time.
 */
#ifndef COMMAND_DNS_RESOLVER_PROBE_H
#define COMMAND_DNS_RESOLVER_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/endpoint.h"

#define RESOLV_CONF_SERVERS_MAX 3 /* glibc reads no more */

struct resolv_conf {
	char server[RESOLV_CONF_SERVERS_MAX][64]; /* as written */
	size_t server_count;
	bool trust_ad;
};

/* Pure.  @text: NUL-terminated. */
void resolv_conf_parse(const char *text, struct resolv_conf *conf);

/* The response to a query for the root's SOA record. */
struct resolver_reply {
	bool answered;
	unsigned rcode;
	bool has_data; /* it contains the record */
	bool ad;
};

struct resolver_probe {
	struct resolver_reply plain; /* no EDNS, UDP */
	struct resolver_reply edns;  /* as Postfix does: 1200 octets, DO, AD */
	struct resolver_reply tcp;   /* the same, over TCP */
};

/* Stops at the first of the three queries without data in the response. */
void resolver_probe(
    const struct endpoint *server, struct resolver_probe *probe);

#endif /* COMMAND_DNS_RESOLVER_PROBE_H */
