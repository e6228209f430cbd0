/*
 * mx.h - MX records (RFC 5321 section 5.1, RFC 7505).  Pure: no I/O.
 */
#ifndef DANE_MX_H
#define DANE_MX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

struct mx_host {
	uint16_t preference; /* host order; lower is better */
	char *name;          /* text form of base/domain.h */
	bool is_address; /* a numeric name ("192.0.2.1"): Postfix delivers to
			  * it, but it cannot have TLSA records */
};

struct mx_set {
	bool null_mx;         /* a single "0 .": accepts no mail (RFC 7505) */
	struct mx_host *host; /* sorted by preference, then name; each name
			       * once, with its best preference */
	size_t count;
	bool truncated; /* more than MX_HOSTS_MAX hosts: the least preferred
			 * were dropped */
};

#define MX_HOSTS_MAX 20

/*
 * Parse the RDATA of an MX answer.  As Postfix does, skip records that are
 * malformed or whose name Postfix would not accept as a host (neither
 * domain_is_hostname() nor numeric).  A "." beside other records is skipped,
 * too.  Returns 0, or -1 when out of memory.  Free with mx_set_clear().
 */
int mx_set_parse(
    const struct dns_rdata *rdata, size_t count, struct mx_set *set);

/* Leaves an empty set. */
void mx_set_clear(struct mx_set *set);

#endif /* DANE_MX_H */
