/*
 * resolver_probe.h - tests a resolver: does it answer, handle EDNS, validate,
 * and support TCP?  Blocks; bounded in time.
 */
#ifndef COMMAND_DNS_RESOLVER_PROBE_H
#define COMMAND_DNS_RESOLVER_PROBE_H

#include <stdbool.h>

#include "base/endpoint.h"

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
