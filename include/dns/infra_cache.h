/*
 * infra_cache.h - what was learnt of zones and their servers, bounded and for
 * minutes only: zones that need the parallel lookups from the start, and zones
 * whose lookups fail.
 *
 * It says how a name is looked up, never that a proof may be skipped.
 */
#ifndef DNS_INFRA_CACHE_H
#define DNS_INFRA_CACHE_H

struct infra_cache;

/* Of each of the two kinds. */
#define INFRA_CACHE_ZONES_MAX 10000
#define INFRA_CACHE_RACING_SECONDS 600
#define INFRA_CACHE_FAILING_SECONDS 60

/* NULL when out of memory. */
struct infra_cache *infra_cache_new(void);
/* NULL does nothing. */
void infra_cache_free(struct infra_cache *cache);

/* Forget all zones. */
void infra_cache_clear(struct infra_cache *cache);

/* Lookups in @zone and below run in parallel from the start from now on. */
void infra_cache_add_racing(struct infra_cache *cache, const char *zone);
/* The deepest such zone at or above @name, or NULL; valid until the next
 * call. */
const char *infra_cache_find_racing(
    struct infra_cache *cache, const char *name);

/* The same for zones whose lookups fail or hang: they get few slots. */
void infra_cache_add_failing(struct infra_cache *cache, const char *zone);
const char *infra_cache_find_failing(
    struct infra_cache *cache, const char *name);

#endif /* DNS_INFRA_CACHE_H */
