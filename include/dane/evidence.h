/*
 * evidence.h - what was found out about one next hop.  Data only: who gathers
 * it is dane.h, what it means for Postfix is decided in verdict.h.
 */
#ifndef DANE_EVIDENCE_H
#define DANE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

struct mx_host;

/* See docs/design.md, "One host". */
enum dane_host_status {
	DANE_HOST_FAILED = 0, /* bogus, or failed without proof of insecurity */
	DANE_HOST_USABLE,     /* TLSA secure, at least one record usable */
	DANE_HOST_UNUSABLE,   /* TLSA secure, no record usable */
	DANE_HOST_ABSENT,   /* TLSA denied or proven insecure, or its owner name
			     * would be too long */
	DANE_HOST_INSECURE, /* the addresses (and alias) are proven insecure */
	DANE_HOST_NO_ADDRESS /* neither A nor AAAA: nothing to deliver to */
};

/* The result for the next hop itself. */
enum dane_mx_status {
	DANE_MX_FAILED = 0, /* bogus, or failed without proof of insecurity */
	DANE_MX_HOSTS,      /* there are hosts to evaluate */
	DANE_MX_NO_DATA,    /* proven insecure, MX data not available */
	DANE_MX_NULL,       /* RFC 7505 */
	DANE_MX_NXDOMAIN    /* the domain does not exist */
};

/* One lookup, as postdane explain shows it. */
struct dane_lookup {
	struct dns_answer *answer;
	unsigned step; /* 1 for the first lookups, 2 for dependent ones, … */
	unsigned ms;   /* milliseconds from query to answer */
};

/* A and AAAA, then TLSA at two base domains. */
#define DANE_HOST_LOOKUPS_MAX 4
#define DANE_WHY_MAX 200 /* octets of @why and @mx_why, NUL included */

struct dane_host {
	char *name;
	uint16_t preference;
	enum dane_host_status status;
	char *tlsa_base; /* the TLSA base domain that decided, or NULL */
	char *why; /* one line, "DNS of …: …" where it failed; never NULL */
	struct dane_lookup *lookup;
	size_t lookup_count;
};

struct dane_evidence {
	char *domain;
	uint16_t port; /* host order */
	enum dane_mx_status mx;
	enum dns_security mx_security; /* SECURE if no MX lookup was needed */
	char *mx_why;                  /* one line, or NULL */
	struct dane_lookup *mx_lookup; /* empty for a next hop in brackets */
	size_t mx_lookup_count;
	bool implicit_mx; /* no MX record: the domain itself is the host */
	bool truncated;   /* hosts were left out: more than MX_HOSTS_MAX */
	struct dane_host *host; /* by preference */
	size_t host_count;
	uint64_t expires; /* clock_ms(): when the first result expires */
	uint32_t ttl;     /* the same in seconds from the end of the evaluation,
			   * rounded up */
	unsigned questions; /* lookups started */
	unsigned steps; /* length of the longest chain of dependent lookups */
	unsigned ms;    /* milliseconds the evaluation took */
};

/* Nothing is known yet: MX has failed, there are no hosts, and nothing expires
 * (UINT64_MAX).  @domain is copied.  NULL when out of memory. */
struct dane_evidence *dane_evidence_new(const char *domain, uint16_t port);
/* NULL does nothing. */
void dane_evidence_free(struct dane_evidence *evidence);

/* The hosts, once: each has failed until something is known of it, and has room
 * for DANE_HOST_LOOKUPS_MAX lookups.  Names are copied.  @count: at least 1.
 * Returns 0, or -1 when out of memory: then there are none. */
int dane_evidence_set_hosts(
    struct dane_evidence *evidence, const struct mx_host *mx, size_t count);

/* The highest rung that any of the lookups needed. */
enum dns_rung dane_evidence_rung(const struct dane_evidence *evidence);

/* For @why and @mx_why, the failure of one lookup: "DNS of mx.example.org:
 * TLSA: …".  The caller frees it; NULL when out of memory. */
char *dane_evidence_fault(const struct dns_answer *answer);

const char *dane_host_status_text(enum dane_host_status status); /* "usable" */
const char *dane_mx_status_text(enum dane_mx_status status);     /* "hosts" */

#endif /* DANE_EVIDENCE_H */
