/*
 * refresh.h - evaluates what nobody waits for: busy next hops whose verdict has
 * expired, and the busiest ones of the run before.  Sweeps the cache.
 */
#ifndef POLICY_REFRESH_H
#define POLICY_REFRESH_H

struct conf;
struct evaluations;
struct event_base;
struct refresh;
struct stats;
struct verdict_store;

/* From now on, a few at a time.  All pointers are borrowed and must outlive it.
 * NULL when out of memory. */
struct refresh *refresh_new(struct event_base *base, const struct conf *conf,
    struct stats *stats, struct evaluations *evaluations,
    struct verdict_store *verdicts);
/* What it has begun goes on.  NULL does nothing. */
void refresh_free(struct refresh *refresh);

/* Begin nothing more; the cache is still swept. */
void refresh_stop(struct refresh *refresh);

/* The busiest next hops: saved to the state directory, if there is one; loaded
 * from there to be evaluated.  Errors are logged. */
void refresh_save(const struct refresh *refresh);
void refresh_load(struct refresh *refresh);

/* Evaluate the busiest next hops of @former. */
void refresh_follow(struct refresh *refresh, const struct refresh *former);

#endif /* POLICY_REFRESH_H */
