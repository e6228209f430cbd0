/*
 * dane.h - gather the DANE evidence for one next hop (RFC 7672 section 2).
 *
 * Looks up MX, then the addresses of the hosts, then TLSA.  Lookups that do not
 * depend on each other run in parallel.  What the evidence means for Postfix is
 * decided in verdict.h.
 */
#ifndef DANE_DANE_H
#define DANE_DANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"
#include "dns/resolver.h"

struct dane; /* one evaluation in flight */
struct event_base;
struct tlsa_checker;

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

/* The highest rung that any of the lookups needed. */
enum dns_rung dane_evidence_rung(const struct dane_evidence *evidence);

/* NULL does nothing. */
void dane_evidence_free(struct dane_evidence *evidence);

const char *dane_host_status_text(enum dane_host_status status); /* "usable" */
const char *dane_mx_status_text(enum dane_mx_status status);     /* "hosts" */

/* What to evaluate. */
struct dane_question {
	const char *domain; /* text form of base/domain.h; copied */
	bool use_mx;        /* false for a next hop in brackets */
	uint16_t port;      /* host order: the TLSA owner is _PORT._tcp.… */
	bool insecure_mx_hosts; /* also evaluate hosts of an insecure MX */
	unsigned deadline; /* seconds; anything unfinished by then is FAILED */
	enum lookup_class class;
};

/* Called once, never before dane_evaluate() has returned.  The callee owns
 * @evidence; it is NULL when out of memory. */
typedef void (*dane_cb)(void *arg, struct dane_evidence *evidence);

/* All pointers except those in @question are borrowed and must outlive the
 * evaluation.  Returns NULL when out of memory; then there is no callback. */
struct dane *dane_evaluate(struct event_base *base, struct resolver *resolver,
    struct tlsa_checker *checker, const struct dane_question *question,
    dane_cb cb, void *arg);

/* Cancel: the callback will not be called.  NULL does nothing. */
void dane_cancel(struct dane *dane);

#endif /* DANE_DANE_H */
