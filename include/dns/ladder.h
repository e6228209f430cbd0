/*
 * ladder.h - one lookup.  The rungs run in parallel; the first conclusive
 * result is the answer.
 *
 * 1. validated: libunbound; a bogus answer is queried once more with empty
 *    caches.
 * 2. the proof of insecurity (proof.h), which also checks every result that
 *    libunbound calls insecure.
 * 3. plain DNS (plain.h), only after the proof of this lookup is complete.
 */
#ifndef DNS_LADDER_H
#define DNS_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/answer.h"
#include "dns/lookup.h"
#include "dns/plain.h"

struct budget;
struct infra_cache;
struct ladder;
struct plain_cache;
struct validated;

/* Shared by all lookups; borrowed by each, must outlive them. */
struct ladder_env {
	struct event_base *base;
	const struct conf *conf;
	struct validated *validator;
	struct infra_cache *infra_cache;
	struct plain_cache *plain_cache;
	struct plain_env plain;
	/* One line of text while the trust anchor is not alive; otherwise
	 * NULL. */
	const char *(*distrust)(void *arg);
	void *arg;
};

struct ladder_question {
	const char *name; /* text form of base/domain.h; copied */
	uint16_t type;
	enum lookup_need need;
	enum lookup_class class;
	const struct plain_path *path; /* NULL for a lookup that no other lookup
					* waits for */
	struct budget *budget; /* of the evaluation; outlives the lookup */
	unsigned deadline_ms;  /* from now */
	/* Called, with the arg of the callback, when the lookup begins to wait
	 * for its turn at a zone's servers (zone_limit.h), and when it stops
	 * waiting. */
	void (*waits)(void *arg, bool waits);
};

/* Called once, never from inside ladder_start().  @answer is borrowed. */
typedef void (*ladder_cb)(void *arg, struct dns_answer *answer);

/* NULL when out of memory. */
struct ladder *ladder_start(const struct ladder_env *env,
    const struct ladder_question *question, ladder_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void ladder_cancel(struct ladder *ladder);

/* When the proof starts if the validated lookup has not answered. */
#define LADDER_PROOF_MS 400

/* A name with more labels is not looked up: proving that it does not exist
 * costs a hash for each label, and each label may be a zone.  An IPv6 address
 * has 34 labels, and names in block lists have a few more. */
#define LADDER_LABELS_MAX 40
/* Mail is sent to host names, and lookups for mail are for host names, which
 * have fewer labels.  This includes two for "_25._tcp". */
#define LADDER_HOST_LABELS_MAX 18

#endif /* DNS_LADDER_H */
