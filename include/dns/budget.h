/*
 * budget.h - the resource limits of one evaluation, over all its parts.
 *
 * Anybody who can send mail chooses the domain, and may run its name servers.
 * Each part of an evaluation has limits of its own; the budget also limits
 * their product.  A lookup of a name server may outlive the evaluation that
 * started it and is still charged to it, so budgets are reference-counted.
 * Pure.
 */
#ifndef DNS_BUDGET_H
#define DNS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "dns/lookup.h"

enum budget_kind {
	BUDGET_HASHING,    /* SHA-1 blocks, for NSEC3 names */
	BUDGET_CONTEXTS,   /* fresh libunbound contexts, for bogus answers */
	BUDGET_REPEATS,    /* the same, for incomplete answers */
	BUDGET_LOOKUPS,    /* nested lookups: name servers, their addresses */
	BUDGET_KEYS,       /* TLSA records with a full key or certificate */
	BUDGET_VALIDATION, /* microseconds of processor time in libunbound */
	BUDGET_KINDS
};

/*
 * Hashing of our own, and what libunbound may have hashed for each answer.
 * Twenty hosts in a zone with 150 iterations and a short salt take some 70,000
 * blocks.  A block takes 0.3 to 0.6 microseconds, and what is in flight when
 * the budget ends is as much again: the most expensive domain costs 0.5 seconds
 * per mail.
 */
#define BUDGET_HASHING_MAX 300000
#define BUDGET_CONTEXTS_MAX 8
/* Of these, reserved for bogus answers: failed lookups get none of them. */
#define BUDGET_CONTEXTS_KEPT 2
/* How long such a context serves the name that it was made for. */
#define BUDGET_CONTEXT_MS 5000
/* An incomplete answer stays in libunbound's cache for its full TTL.  One
 * packet for each of twenty hosts, their MX and their zones must not delay mail
 * for a day. */
#define BUDGET_REPEATS_MAX 32
#define BUDGET_LOOKUPS_MAX 1000
/* One or two milliseconds each for the most expensive keys. */
#define BUDGET_KEYS_MAX 64
/* Twenty hosts whose zones all have 4,096-bit keys take some 0.1 s. */
#define BUDGET_VALIDATION_MAX 500000

/* A fresh context that has been paid for. */
struct budget_context {
	char name[DOMAIN_TEXT_MAX];
	bool is_doubted;
	uint64_t until; /* clock_ms(): when it expires */
};

/* All zero: nothing is left. */
struct budget {
	enum lookup_class class; /* of the evaluation */
	size_t holders;
	size_t server_lookups; /* running now at its expense:
				* server_lookups.h */
	uint64_t left[BUDGET_KINDS];
	struct budget_context context[BUDGET_CONTEXTS_MAX];
	size_t contexts;
	/* A fresh context had an answer where the shared caches had none, and
	 * it is too early to renew those. */
	bool has_bad_caches;
	bool used_up;               /* a request was refused */
	enum budget_kind first_out; /* the kind of the first refusal */
};

/* For a budget that is not freed: it must outlive every user of it. */
void budget_init(struct budget *budget);

/* NULL when out of memory. */
struct budget *budget_new(enum lookup_class class);
struct budget *budget_hold(struct budget *budget);
/* NULL does nothing. */
void budget_release(struct budget *budget);

/* Returns false, and takes nothing, where @amount exceeds what is left. */
bool budget_spend(
    struct budget *budget, enum budget_kind kind, uint64_t amount);

/*
 * A fresh context for @name, and for all queries for that name until it
 * expires: A, AAAA and TLSA of a host share one context and pay once.
 * Otherwise a domain with many hosts would have none left for its TLSA.
 * @is_doubted: the first query failed and was not bogus.  Such a query has a
 * context of its own.  Where only the reserved contexts are left, the function
 * returns false without counting a refusal.
 * @now: clock_ms().
 */
bool budget_spend_context(
    struct budget *budget, const char *name, bool is_doubted, uint64_t now);

/* Charge work that is already done: takes @amount; where less is left, takes
 * all of it and returns false. */
bool budget_charge(
    struct budget *budget, enum budget_kind kind, uint64_t amount);

/* Whether anything is left; if not, that counts as a refusal. */
bool budget_lasts(struct budget *budget, enum budget_kind kind);

/* Charge what libunbound has spent on an answer, for whatever purpose: SHA-1
 * blocks and microseconds.  Returns false where the budget is exceeded. */
bool budget_pay(struct budget *budget, uint64_t hashing, uint64_t microseconds);

/* Whether libunbound may be asked for more: only while budget is left. */
bool budget_may_ask(struct budget *budget);

/* Whether a lookup that failed on it might succeed on another budget. */
bool budget_is_short(const struct budget *budget);

/* As budget_text(), but only of the kinds without which no lookup is possible;
 * NULL where some of each is left. */
const char *budget_stops(const struct budget *budget);

/* "NSEC3 hashing of one evaluation is used up": the first refusal.  NULL where
 * nothing was refused. */
const char *budget_text(const struct budget *budget);

#endif /* DNS_BUDGET_H */
