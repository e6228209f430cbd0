/*
 * dane.h - gather the DANE evidence for one next hop (RFC 7672 section 2).
 *
 * MX, then the addresses of every host, then TLSA; all of a step at once.
 * What the evidence means for Postfix is decided in verdict.h.
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
	DANE_HOST_FAILED = 0, /* not concluded: bogus, or failed without proof
			       * of insecurity */
	DANE_HOST_USABLE,     /* TLSA secure, at least one record usable */
	DANE_HOST_UNUSABLE,   /* TLSA secure, no record usable */
	DANE_HOST_ABSENT,     /* TLSA denied, or proven insecure; or its name is
			       * longer than a name can be */
	DANE_HOST_INSECURE,  /* the addresses (and alias) are proven insecure */
	DANE_HOST_NO_ADDRESS /* neither A nor AAAA: nothing to deliver to */
};

/* What became of the next hop itself. */
enum dane_mx_status {
	DANE_MX_FAILED = 0, /* bogus, or failed without proof of insecurity */
	DANE_MX_HOSTS,      /* there are hosts to look at */
	DANE_MX_NO_DATA,    /* proven insecure, the MX records not to be had */
	DANE_MX_NULL,       /* RFC 7505 */
	DANE_MX_NXDOMAIN    /* the domain does not exist */
};

/* One lookup, for people: explain shows them all. */
struct dane_lookup {
	struct dns_answer *answer;
	unsigned
	    step; /* 1 for what was asked first, 2 for what waited for it … */
	unsigned ms; /* milliseconds from question to answer */
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
	enum dns_security mx_security; /* SECURE where no MX had to be asked */
	char *mx_why;                  /* one line, or NULL */
	struct dane_lookup *mx_lookup; /* empty for a next hop in brackets */
	size_t mx_lookup_count;
	bool implicit_mx; /* no MX record: the domain is its own host */
	bool truncated;   /* hosts were left out: more than MX_HOSTS_MAX */
	struct dane_host *host; /* by preference */
	size_t host_count;
	uint64_t expires; /* clock_ms(): the first of what was concluded */
	uint32_t ttl;     /* the same in seconds from the end of the evaluation,
			   * rounded up */
	unsigned questions; /* lookups started */
	unsigned steps;     /* the longest chain of lookups that had to wait
			     * for one another */
	unsigned ms;        /* milliseconds the evaluation took */
};

/* The answer's worst way: the highest rung any lookup needed. */
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
	bool
	    insecure_mx_hosts; /* look at the hosts behind an insecure MX too */
	unsigned deadline;     /* seconds: what is then unfinished has FAILED */
	enum lookup_class class;
};

/* Called once, never before dane_evaluate() has returned.  @evidence belongs
 * to the callee.  NULL when memory ran out. */
typedef void (*dane_cb)(void *arg, struct dane_evidence *evidence);

/* All pointers but those in @question are borrowed and must outlive the
 * evaluation.  Returns NULL when out of memory: no callback comes. */
struct dane *dane_evaluate(struct event_base *base, struct resolver *resolver,
    struct tlsa_checker *checker, const struct dane_question *question,
    dane_cb cb, void *arg);

/* Forget it: the callback will not come.  NULL does nothing. */
void dane_cancel(struct dane *dane);

#endif /* DANE_DANE_H */
