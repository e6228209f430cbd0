/*
 * resolver_probe.h - what the resolver that somebody uses can do: answer,
 * survive EDNS, validate, speak TCP.  And what resolv.conf(5) says of who it
 * is.  Blocks; bounded in time.
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

/* Pure.  @text: terminated. */
void resolv_conf_parse(const char *text, struct resolv_conf *conf);

/* What came back to one question for the root's SOA record. */
struct resolver_reply {
	bool answered;
	unsigned rcode;
	bool has_data; /* the record is in it */
	bool ad;
};

struct resolver_probe {
	struct resolver_reply plain; /* no EDNS, UDP */
	struct resolver_reply edns;  /* as Postfix asks: 1200 octets, DO, AD */
	struct resolver_reply tcp;   /* the same, over TCP */
};

/* Stops at the first of the three that is not answered with data. */
void resolver_probe(
    const struct endpoint *server, struct resolver_probe *probe);

#endif /* COMMAND_DNS_RESOLVER_PROBE_H */
