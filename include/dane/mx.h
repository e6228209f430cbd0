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
	bool is_address;     /* a numeric name ("192.0.2.1"): Postfix delivers
			      * there, and it can have no TLSA */
};

struct mx_set {
	bool null_mx; /* "0 ." alone: the domain takes no mail (RFC 7505) */
	struct mx_host *host; /* sorted by preference, then name; no name twice
			       * (its best preference counts) */
	size_t count;
	bool truncated; /* more than MX_HOSTS_MAX: the least preferred left out
			 */
};

#define MX_HOSTS_MAX 20

/*
 * Read the RDATA of an MX answer.  Records that are malformed, or whose name
 * Postfix would not take for a host (domain_is_hostname(), or numeric), are
 * left out, as Postfix does; so is "." beside other records.
 * Returns 0, or -1 when out of memory.  Free with mx_set_clear().
 */
int mx_set_parse(
    const struct dns_rdata *rdata, size_t count, struct mx_set *set);

/* Leaves an empty set. */
void mx_set_clear(struct mx_set *set);

#endif /* DANE_MX_H */
