/*
 * verdict_store.h - what is remembered of next hops: one verdict for each
 * distinct set of policy options, all decided from the evidence of one
 * evaluation.
 */
#ifndef POLICY_VERDICT_STORE_H
#define POLICY_VERDICT_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/verdict_cache.h"

struct conf;
struct dane_evidence;
struct stats;
struct verdict_store;

/* Both are borrowed and must outlive it.  NULL when out of memory. */
struct verdict_store *verdict_store_new(
    const struct conf *conf, struct stats *stats);
/* NULL does nothing. */
void verdict_store_free(struct verdict_store *store);

/* @key: @len octets, as nexthop_text() writes keys; any others are not found.
 * @map: as conf_profile_for() takes it.  @verdict: as verdict_cache_find(). */
bool verdict_store_find(struct verdict_store *store, const char *key,
    size_t len, const char *map, struct verdict_cache_item *verdict);

/* The same for who is not Postfix: it does not count as a use. */
bool verdict_store_peek(const struct verdict_store *store, const char *key,
    size_t len, const char *map, struct verdict_cache_item *verdict);

/* Decide for everybody, and remember.  What has become weaker is logged. */
void verdict_store_put(struct verdict_store *store, const char *key,
    bool is_explicit, const struct dane_evidence *evidence);

/* For what has no wrapper here. */
struct verdict_cache *verdict_store_cache(struct verdict_store *store);

#endif /* POLICY_VERDICT_STORE_H */
