/*
 * budget.h - what one evaluation may spend, over all its parts.  Whoever can
 * send mail chooses the domain and runs its name servers: each part has bounds
 * of its own, and their product must have one, too.  Pure.
 */
#ifndef DNS_BUDGET_H
#define DNS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum budget_kind {
	BUDGET_HASHING,  /* SHA-1 blocks, for names in NSEC3 */
	BUDGET_CONTEXTS, /* fresh contexts of libunbound */
	BUDGET_LOOKUPS,  /* lookups inside lookups: servers, their addresses */
	BUDGET_OCTETS,   /* of messages that are held at a time */
	BUDGET_KINDS
};

/*
 * Twenty hosts below a parent with 500 iterations and a short salt take some
 * 80,000 blocks.  A block takes 0.3 to 0.6 microseconds, so that it is all
 * over after 0.15 seconds.
 */
#define BUDGET_HASHING_MAX 250000
#define BUDGET_CONTEXTS_MAX 8
#define BUDGET_LOOKUPS_MAX 1000
#define BUDGET_OCTETS_MAX (16 * 1024 * 1024)

/* All zero is one of which nothing is left. */
struct budget {
	uint64_t left[BUDGET_KINDS];
	bool used_up;               /* something was refused: */
	enum budget_kind first_out; /* of this kind, before any other */
};

void budget_init(struct budget *budget);

/* Returns false, and takes nothing, where @amount is more than is left. */
bool budget_spend(
    struct budget *budget, enum budget_kind kind, uint64_t amount);

/* Octets that are held no longer. */
void budget_give_back(
    struct budget *budget, enum budget_kind kind, uint64_t amount);

/* "NSEC3 hashing of one evaluation is used up": what was refused first.  NULL
 * where nothing was. */
const char *budget_text(const struct budget *budget);

#endif /* DNS_BUDGET_H */
