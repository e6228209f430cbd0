/*
 * budget.h - what one evaluation may spend, over all its parts.  Whoever can
 * send mail chooses the domain and runs its name servers: each part has bounds
 * of its own, and their product must have one, too.  A lookup for a lookup may
 * outlive the evaluation that has started it, and is still paid by that one: so
 * a budget is counted.  Pure.
 */
#ifndef DNS_BUDGET_H
#define DNS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "dns/lookup.h"

enum budget_kind {
	BUDGET_HASHING,  /* SHA-1 blocks, for names in NSEC3 */
	BUDGET_CONTEXTS, /* fresh contexts of libunbound, for what is bogus */
	BUDGET_REPEATS,  /* the same, for answers that are not whole */
	BUDGET_LOOKUPS,  /* lookups inside lookups: servers, their addresses */
	BUDGET_KEYS,     /* TLSA records with a whole key or certificate */
	BUDGET_VALIDATION, /* microseconds of processor time, by libunbound */
	BUDGET_KINDS
};

/*
 * What we hash ourselves, and what libunbound may have hashed for each answer.
 * Twenty hosts in a zone with 150 iterations and a short salt take some 70,000
 * blocks.  A block takes 0.3 to 0.6 microseconds, and what is in flight when
 * the budget ends is as much again: one mail to whoever makes the most of it
 * costs 0.3 seconds.
 */
#define BUDGET_HASHING_MAX 300000
#define BUDGET_CONTEXTS_MAX 8
/* Of these, for what is bogus: what has merely failed gets none of them. */
#define BUDGET_CONTEXTS_KEPT 2
/* That one serves the name that it was made for. */
#define BUDGET_CONTEXT_MS 5000
/* What is not whole stays in libunbound's cache for its whole TTL: one packet
 * for each of twenty hosts, their MX and the zones that they are in must not
 * keep mail for a day. */
#define BUDGET_REPEATS_MAX 32
#define BUDGET_LOOKUPS_MAX 1000
/* One or two milliseconds each, where they were chosen for that. */
#define BUDGET_KEYS_MAX 64
/* Twenty hosts whose zones all have keys of 4,096 bits take some 0.1 s. */
#define BUDGET_VALIDATION_MAX 500000

/* A fresh context that was paid for. */
struct budget_context {
	char name[DOMAIN_TEXT_MAX];
	bool is_doubted;
	uint64_t until; /* clock_ms(): it serves no longer than that */
};

/* All zero is one of which nothing is left. */
struct budget {
	enum lookup_class class; /* of the evaluation */
	size_t holders;
	size_t server_lookups; /* that run on it now: server_lookups.h */
	uint64_t left[BUDGET_KINDS];
	struct budget_context context[BUDGET_CONTEXTS_MAX];
	size_t contexts;
	/* One of them had an answer that the caches of all had not, and it is
	 * too early to renew these. */
	bool has_bad_caches;
	bool used_up;               /* something was refused: */
	enum budget_kind first_out; /* of this kind, before any other */
};

/* One that is not freed: it outlives all that holds it. */
void budget_init(struct budget *budget);

/* NULL when out of memory. */
struct budget *budget_new(enum lookup_class class);
struct budget *budget_hold(struct budget *budget);
/* NULL does nothing. */
void budget_release(struct budget *budget);

/* Returns false, and takes nothing, where @amount is more than is left. */
bool budget_spend(
    struct budget *budget, enum budget_kind kind, uint64_t amount);

/*
 * A fresh context for @name, and all that is asked for that name in the time
 * that it serves: A, AAAA and TLSA of a host have one together, and pay once.
 * Else a domain with many hosts would find none left for its TLSA.
 * @is_doubted: the first look has failed, and was not bogus; that is another
 * context, and where only those that are kept are left it returns false without
 * counting as a refusal.
 * @now: clock_ms().
 */
bool budget_spend_context(
    struct budget *budget, const char *name, bool is_doubted, uint64_t now);

/* For what is done already: takes @amount, or else all that is left, and then
 * returns false. */
bool budget_charge(
    struct budget *budget, enum budget_kind kind, uint64_t amount);

/* Whether anything is left; where nothing is, that counts as a refusal. */
bool budget_lasts(struct budget *budget, enum budget_kind kind);

/* What libunbound has spent on an answer, whoever it was for: SHA-1 blocks, and
 * microseconds.  Returns false where that is too much. */
bool budget_pay(struct budget *budget, uint64_t hashing, uint64_t microseconds);

/* Whether libunbound may be asked for more: not on credit. */
bool budget_may_ask(struct budget *budget);

/* Whether a lookup that has failed on it may do better on another. */
bool budget_is_short(const struct budget *budget);

/* As budget_text(), of what nothing can be looked up without; NULL where there
 * is some of each. */
const char *budget_stops(const struct budget *budget);

/* "NSEC3 hashing of one evaluation is used up": what was refused first.  NULL
 * where nothing was. */
const char *budget_text(const struct budget *budget);

#endif /* DNS_BUDGET_H */
