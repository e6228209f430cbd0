/*
 * ladder.h - one lookup: the rungs race, the first conclusive result answers.
 *
 * 1. validated: libunbound; bogus is asked once more with fresh caches.
 * 2. the proof of insecurity (proof.h), which also checks every result that
 *    libunbound calls insecure.
 * 3. plain DNS (plain.h), only under a completed proof of this lookup.
 */
#ifndef DNS_LADDER_H
#define DNS_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/answer.h"
#include "dns/lookup.h"
#include "dns/plain.h"

struct budget;
struct ladder;
struct memory;
struct validated;

/* What all lookups share; borrowed by each, must outlive them. */
struct ladder_env {
	struct event_base *base;
	const struct conf *conf;
	struct validated *validator;
	struct memory *memory;
	struct plain_env plain;
	/* One line where trust is not alive; NULL where it is. */
	const char *(*distrust)(void *arg);
	void *arg;
};

struct ladder_question {
	const char *name; /* text form of base/domain.h; copied */
	uint16_t type;
	enum lookup_need need;
	enum lookup_class class;
	const struct plain_path *path; /* NULL for a lookup of its own */
	struct budget *budget; /* of the evaluation; outlives the lookup */
	unsigned deadline_ms;  /* from now */
	/* Told when it begins to wait for its turn at a zone's servers, and
	 * when that has come; with the arg of the callback. */
	void (*waits)(void *arg, bool waits);
};

/* Called once, never from inside ladder_start().  @answer is borrowed. */
typedef void (*ladder_cb)(void *arg, struct dns_answer *answer);

/* NULL when out of memory. */
struct ladder *ladder_start(const struct ladder_env *env,
    const struct ladder_question *question, ladder_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void ladder_cancel(struct ladder *ladder);

/* When the proof starts beside a validated lookup that has not answered. */
#define LADDER_PROOF_MS 400

/* A name with more labels is not looked up: to prove that it does not exist
 * costs a hash for each, and each may be a zone.  34 are those of an IPv6
 * address, and block lists have a few more. */
#define LADDER_LABELS_MAX 40
/* But mail is sent to hosts, and asked for at hosts: their names are shorter.
 * Two more are those of "_25._tcp". */
#define LADDER_HOST_LABELS_MAX 18

#endif /* DNS_LADDER_H */
