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
#include <stdint.h>

#include "dns/lookup.h"

struct dane; /* one evaluation in flight */
struct dane_evidence;
struct event_base;
struct resolver;
struct tlsa_checker;

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
 * @evidence (evidence.h); it is NULL when out of memory. */
typedef void (*dane_cb)(void *arg, struct dane_evidence *evidence);

/* All pointers except those in @question are borrowed and must outlive the
 * evaluation.  Returns NULL when out of memory; then there is no callback. */
struct dane *dane_evaluate(struct event_base *base, struct resolver *resolver,
    struct tlsa_checker *checker, const struct dane_question *question,
    dane_cb cb, void *arg);

/* Cancel: the callback will not be called.  NULL does nothing. */
void dane_cancel(struct dane *dane);

#endif /* DANE_DANE_H */
