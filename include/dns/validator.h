/*
 * validator.h - DNSSEC-validated lookups by libunbound: the only module that
 * knows it, beside unbound_facts.h, which says what it can do.
 *
 * libunbound is given contexts: one for all, a spare for questions whose twin
 * still hangs inside the first, and short-lived fresh ones with empty caches
 * for the second look at a bogus answer.  It has no deadline of its own and
 * may take minutes: callers bring a timer and call validator_cancel().  It
 * cannot end a question: where hundreds hang in a context that nobody waits for
 * any more, another one takes its place.
 *
 * An answer that is not whole (unbound_answer.h) is none.  It is asked for once
 * more with empty caches, by this module, since libunbound keeps it as it is.
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

/* What libunbound found.  Borrowed for the time of the callback. */
struct validator_result {
	/* A packet with rcode 0 or 3 came, whole; otherwise the lookup failed,
	 * which says nothing of the zone being signed. */
	bool answered;
	bool fresh;                 /* from a context with empty caches */
	enum dns_security security; /* INDETERMINATE unless answered */
	const uint8_t *packet; /* wire format, whole; NULL unless answered */
	size_t len;
	uint32_t lifetime; /* seconds, where secure: until signatures end */
	uint64_t
	    hashing; /* SHA-1 blocks that it may have cost: unbound_answer.h */
	uint64_t spent;  /* microseconds of processor time, in libunbound,
			  * where they were many; and for zones on the way
			  * and signed records, likewise, what they may have
			  * cost */
	const char *why; /* one line, where it failed or is bogus; else NULL */
};

/* Called once for each query that was asked and not cancelled, and never
 * from inside validator_ask(). */
typedef void (*validator_cb)(void *arg, const struct validator_result *result);

/* @conf: borrowed, must outlive it; its hints, options and zones are used, and
 * what anchors_load() finds in its trust-anchor and state-directory.
 * @library: likewise borrowed.  Returns NULL on failure, the reason logged. */
struct validated *validator_new(struct event_base *base,
    const struct conf *conf, const struct unbound_facts *library);

/* Forgets what is in flight without calling back.  NULL does nothing.  Not
 * to be called from a callback of libunbound: that is, never from
 * validator_cb. */
void validator_free(struct validated *validator);

/*
 * Ask.  @name: text form of base/domain.h.  @type: host order.
 * @fresh_for: NULL, or a name: then the question goes to a context with
 * empty caches that serves only what is asked for this name, and is made at
 * most once each 5 s.  There are few such contexts: the oldest makes room, and
 * what is asked there fails; as does what finds no room.
 * @budget: pays for the context that is made where the answer is not whole;
 * borrowed for as long as the handle is valid.  NULL: the daemon itself asks.
 * Returns a handle that is valid until the callback begins or
 * validator_cancel() is called; NULL when that can't be, and then no callback
 * comes.
 */
struct validator_query *validator_ask(struct validated *validator,
    const char *name, uint16_t type, const char *fresh_for,
    struct budget *budget, validator_cb cb, void *arg);

/*
 * As with @fresh_for, where the first look has failed rather than been bogus:
 * what libunbound keeps may be the reason, a forged referral.  Of these
 * contexts there are fewer, and they make room for each other only.
 */
struct validator_query *validator_ask_doubted(struct validated *validator,
    const char *name, uint16_t type, const char *fresh_for, validator_cb cb,
    void *arg);

/* Such a look had an answer: what libunbound keeps is bad.  As
 * validator_renew(), but from the loop, before anything that becomes due there
 * later; where that was done less than 30 s ago, when these have passed, and
 * false is returned: till then what libunbound keeps is bad. */
bool validator_doubt(struct validated *validator);

/*
 * Ask for the root's DNSKEY in a context of its own that trusts what the state
 * of RFC 5011 at @state says, and nothing else: libunbound brings the file up
 * to what it sees, by the time of the callback.
 * Returns as validator_ask().
 */
struct validator_query *validator_watch_root(
    struct validated *validator, const char *state, validator_cb cb, void *arg);

/* As validator_renew(), and they trust these.  Takes over @anchors.  As long as
 * memory is too short for that, nothing is answered. */
void validator_use_anchors(
    struct validated *validator, struct anchors *anchors);

/* Forget it; libunbound may go on for minutes.  NULL does nothing. */
void validator_cancel(struct validator_query *query);

/* From now on questions go to contexts with empty caches; what is in flight
 * stays where it is.  Returns 0, or -1 when out of memory: then nothing is
 * forgotten, and it is tried again by itself until it succeeds. */
int validator_renew(struct validated *validator);

/* What validator_new() was given. */
const struct unbound_facts *validator_library(
    const struct validated *validator);

/* Counts for status: questions that libunbound works on, those of them that
 * nobody waits for any more, contexts alive. */
struct validator_counts {
	size_t in_flight, abandoned, contexts;
};
struct validator_counts validator_counts(const struct validated *validator);

#endif /* DNS_VALIDATOR_H */
