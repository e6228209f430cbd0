/*
 * proof.h - the proof of insecurity: sends DS queries from the root down to a
 * name; proof_judge.h judges each answer.
 *
 * The CNAME of the name itself is queried in parallel, because the security of
 * an alias is not that of its target; not where the proof completes first.  So
 * is the DNAME of an ancestor: where a bit map shows one, and at the apex of
 * the last signed zone, where a DS answer shows one, fails or is slow.
 */
#ifndef DNS_PROOF_H
#define DNS_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "dns/proof_judge.h"

struct budget;
struct conf;
struct event_base;
struct validated;
struct proof;

#define PROOF_QUESTIONS_MAX 16
#define PROOF_SECONDS_MAX 5

/* Whose caches are used. */
enum proof_caches {
	PROOF_CACHES_OF_ALL = 0,
	/* The name's own, which are empty at first: validator_ask() with
	 * @fresh_for, or validator_ask_doubted(). */
	PROOF_CACHES_FRESH,
	PROOF_CACHES_DOUBTED
};

enum proof_outcome {
	PROOF_FAILED = 0,  /* bogus, no answer, or out of queries or time */
	PROOF_SIGNED,      /* signed all the way, in the zone given */
	PROOF_NO_NAME,     /* signed as far as names exist: this one does not */
	PROOF_UNEXPLAINED, /* insecure for no reason that is accepted */
	PROOF_PROVEN,      /* insecure, for the reason in the result */
	PROOF_PROVEN_NXDOMAIN, /* only a denial of the name is insecure */
	PROOF_ALIAS,   /* the name is a secure alias: look up its target */
	PROOF_TOO_LONG /* a secure DNAME makes the name too long */
};

/* Borrowed for the time of the callback. */
struct proof_result {
	enum proof_outcome outcome;
	enum proof_judge_reason reason; /* with PROVEN and PROVEN_NXDOMAIN */
	const char *cut;    /* the name whose DS decided, or the configured
			     * zone */
	const char *zone;   /* the last signed zone above the name */
	const char *target; /* with ALIAS */
	/* With ALIAS and TOO_LONG: the secure message from libunbound that says
	 * so.  @dname: it is a DNAME above the name. */
	const uint8_t *packet;
	size_t len;
	bool dname;
	uint32_t ttl;    /* seconds that the outcome may be kept */
	const char *why; /* with FAILED and UNEXPLAINED: one line */
};

typedef void (*proof_cb)(void *arg, const struct proof_result *result);

/*
 * All pointers are borrowed and must outlive the proof; @name is copied.
 * @budget: pays for NSEC3 hashing; when it is used up the proof fails and says
 * so.
 * The callback comes once, never from inside this call.  NULL when out of
 * memory.
 */
struct proof *proof_start(struct event_base *base, struct validated *validator,
    const struct conf *conf, struct budget *budget, enum proof_caches caches,
    const char *name, proof_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void proof_cancel(struct proof *proof);

#endif /* DNS_PROOF_H */
