/*
 * verdict_store.h - cached verdicts of next hops: one for each distinct set of
 * policy options, all decided from the evidence of one evaluation.
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

/* @key: @len octets, as nexthop_text() writes keys; others are not found.
 * @map: as in conf_profile_for().  @verdict: as in verdict_cache_find(). */
bool verdict_store_find(struct verdict_store *store, const char *key,
    size_t len, const char *map, struct verdict_cache_item *verdict);

/* The same for requests that do not come from Postfix: not counted as a use. */
bool verdict_store_peek(const struct verdict_store *store, const char *key,
    size_t len, const char *map, struct verdict_cache_item *verdict);

/* Decide for all profiles, and store; but an older verdict that has not expired
 * is kept in preference to a TEMP, and an older proof with verdicts that are
 * not certain.  Verdicts weaker than before are logged. */
void verdict_store_put(struct verdict_store *store, const char *key,
    bool is_explicit, const struct dane_evidence *evidence);

/* For operations without a wrapper here. */
struct verdict_cache *verdict_store_cache(struct verdict_store *store);

#endif /* POLICY_VERDICT_STORE_H */
