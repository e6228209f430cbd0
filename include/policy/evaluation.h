/*
 * evaluation.h - the evaluations that run, and who waits for them.
 *
 * A next hop is evaluated once for all who wait for it, and for the cache; each
 * gets the verdict by the options of the map it has asked with.
 */
#ifndef POLICY_EVALUATION_H
#define POLICY_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy_log.h"

struct conf;
struct conf_profile;
struct dane_evidence;
struct evaluation;
struct evaluations; /* all that run */
struct event_base;
struct nexthop;
struct resolver;
struct stats;
struct tlsa_checker;
struct verdict;
struct verdict_store;

/*
 * Who waits: part of what the caller has of a request.  It belongs to the
 * caller, and stays where it is until @cb is called or evaluation_leave() is.
 */
struct evaluation_waiter {
	/* Called once, never from inside the call that joined, and nobody waits
	 * any more.  Both are borrowed for the duration of the callback, which
	 * may make others leave.  @evidence is NULL when out of memory. */
	void (*cb)(void *arg, const struct verdict *verdict,
	    const struct dane_evidence *evidence);
	void *arg;
	/* Private. */
	struct evaluation *evaluation;
	const struct conf_profile *policy;
	struct evaluation_waiter *prev, *next;
};

/* What evaluations work with.  All is borrowed and must outlive them. */
struct evaluation_tools {
	struct event_base *base;
	const struct conf *conf;
	struct resolver *resolver;
	struct tlsa_checker *checker;
	struct stats *stats;
	struct verdict_store *verdicts;
};

/* @tools: copied.  NULL when out of memory. */
struct evaluations *evaluations_new(const struct evaluation_tools *tools);
/* Who waits is told TEMP before this returns; who waits for an evaluation of
 * its own must have left.  NULL does nothing. */
void evaluations_free(struct evaluations *evaluations);

/*
 * Wait for the evaluation of @hop, a next hop to be looked up; begin it if it
 * does not run yet.  @key: its nexthop_text().  @map, @who: as in
 * policy_service_ask(); copied.  Returns false if there are too many, or memory
 * is short.
 */
bool evaluations_join(struct evaluations *evaluations,
    const struct nexthop *hop, const char *key, const char *map,
    const char *who, struct evaluation_waiter *waiter);

/* Wait for an evaluation of its own, which nobody shares, is not logged or
 * cached, and ends when @waiter leaves.  Returns false when out of memory. */
bool evaluations_join_alone(struct evaluations *evaluations,
    const struct nexthop *hop, const char *map,
    struct evaluation_waiter *waiter);

/* Wait no more.  The evaluation goes on for others and for the cache. */
void evaluation_leave(struct evaluation_waiter *waiter);

/* Evaluate for the cache.  @cause: other than QUESTION.  Returns false if it
 * runs already, or cannot begin. */
bool evaluations_begin(struct evaluations *evaluations,
    const struct nexthop *hop, const char *key, enum policy_log_cause cause);

/* How many there are, without those of one waiter alone; and how many were
 * begun for the cache. */
size_t evaluations_count(const struct evaluations *evaluations);
size_t evaluations_for_cache(const struct evaluations *evaluations);

/* The results of the evaluation of @key, or of all if it is NULL, are not
 * cached.  Returns whether there is any. */
bool evaluations_forget(struct evaluations *evaluations, const char *key);

/* End those that nobody waits for. */
void evaluations_end_unwatched(struct evaluations *evaluations);

#endif /* POLICY_EVALUATION_H */
