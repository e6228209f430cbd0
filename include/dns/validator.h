/*
 * validator.h - DNSSEC-validated lookups by libunbound.  Only this module,
 * unbound_context.h, which makes its contexts, and unbound_facts.h, which finds
 * out its capabilities, use libunbound.
 *
 * There are several libunbound contexts: the main one for all queries, a spare
 * one for queries whose twin (an identical query) still hangs in the main one,
 * and short-lived fresh ones with empty caches for the second query after a
 * bogus answer.  libunbound has no deadline of its own and may take minutes:
 * callers bring a timer and call validator_cancel().  It cannot abort a query:
 * a context in which hundreds of abandoned queries hang is replaced.
 *
 * An incomplete answer (unbound_answer.h) does not count as an answer.  This
 * module repeats the query with empty caches, since libunbound caches the
 * incomplete one.
 */
#ifndef DNS_VALIDATOR_H
#define DNS_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

struct anchors;
struct budget;
struct conf;
struct event_base;
struct unbound_facts;
struct validated;
struct validator_query;

/* libunbound's result.  Borrowed for the duration of the callback. */
struct validator_result {
	/* A complete packet with rcode 0 or 3 was received.  Otherwise the
	 * lookup failed, which says nothing about the zone being signed. */
	bool answered;
	bool fresh;                 /* from a context with empty caches */
	enum dns_security security; /* INDETERMINATE unless answered */
	const uint8_t *packet; /* wire format, complete; NULL unless answered */
	size_t len;
	uint32_t lifetime; /* seconds, where secure: until a signature
			    * expires */
	uint64_t
	    hashing; /* SHA-1 blocks that it may have cost: unbound_answer.h */
	uint64_t spent;  /* microseconds of processor time that libunbound used,
			  * beyond a small amount; and an estimate for zones and
			  * signed RRsets beyond the usual number */
	const char *why; /* one line, where it failed or is bogus; otherwise
			  * NULL */
};

/* Called once for each query that was sent and not cancelled, and never from
 * inside validator_ask(). */
typedef void (*validator_cb)(void *arg, const struct validator_result *result);

/* @conf: borrowed, must outlive the validator; its hints, options and zones are
 * used, and what anchors_load() finds in its trust-anchor and state-directory.
 * @library: likewise borrowed.  Returns NULL on failure, the reason logged. */
struct validated *validator_new(struct event_base *base,
    const struct conf *conf, const struct unbound_facts *library);

/* Drops all queries in flight without calling back.  NULL does nothing.  Must
 * not be called from a callback of libunbound, that is, from a validator_cb. */
void validator_free(struct validated *validator);

/*
 * Start a query.  @name: text form of base/domain.h.  @type: host order.
 * @fresh_for: NULL, or a name: then the query goes to a context with empty
 * caches that serves only queries for this name, and is made at most once each
 * 5 s.  The number of such contexts is limited: the oldest makes room, and its
 * queries fail; so does a query for which there is no room.
 * @budget: pays for the context that is made where the answer is incomplete;
 * borrowed for as long as the handle is valid.  NULL for queries of the daemon
 * itself.
 * Returns a handle that is valid until the callback begins or
 * validator_cancel() is called; or NULL on failure, and then no callback comes.
 */
struct validator_query *validator_ask(struct validated *validator,
    const char *name, uint16_t type, const char *fresh_for,
    struct budget *budget, validator_cb cb, void *arg);

/*
 * As with @fresh_for, where the first query failed and was not bogus: a forged
 * referral in libunbound's cache may be the reason.  There are fewer of these
 * contexts, and they only make room for each other.
 */
struct validator_query *validator_ask_doubted(struct validated *validator,
    const char *name, uint16_t type, const char *fresh_for, validator_cb cb,
    void *arg);

/*
 * To be called when such a query had an answer: the shared caches are bad.
 * Does the same as validator_renew(), but from the loop, before anything that
 * becomes due there later.  Where the last renewal was less than 30 s ago, it
 * waits until these have passed and returns false: until then the shared caches
 * stay bad.
 */
bool validator_doubt(struct validated *validator);

/*
 * Query the root's DNSKEY in a separate context whose only trust anchors are in
 * the RFC 5011 state file @state.  libunbound updates the file before the
 * callback.
 * Returns as validator_ask().
 */
struct validator_query *validator_watch_root(
    struct validated *validator, const char *state, validator_cb cb, void *arg);

/* Replace the trust anchors, and do the same as validator_renew().  Takes over
 * @anchors.  While memory is too short for that, all queries fail. */
void validator_use_anchors(
    struct validated *validator, struct anchors *anchors);

/* Cancel a query; libunbound may work on it for minutes.  NULL does nothing. */
void validator_cancel(struct validator_query *query);

/* New queries go to contexts with empty caches from now on; queries in flight
 * stay where they are.  Returns 0; or -1 when out of memory: then the caches
 * stay, and it is retried automatically until it succeeds. */
int validator_renew(struct validated *validator);

/* The argument of validator_new(). */
const struct unbound_facts *validator_library(
    const struct validated *validator);

/* Counts for status: queries that libunbound works on, those of them that are
 * abandoned, and live contexts. */
struct validator_counts {
	size_t in_flight, abandoned, contexts;
};
struct validator_counts validator_counts(const struct validated *validator);

#endif /* DNS_VALIDATOR_H */
