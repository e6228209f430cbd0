/*
 * verdicts.h - what is remembered of next hops: one verdict for each distinct
 * set of policy options, all decided from the evidence of one evaluation.
 */
#ifndef POLICY_VERDICTS_H
#define POLICY_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/verdict_cache.h"

struct conf;
struct dane_evidence;
struct stats;
struct verdicts;

/* Both are borrowed and must outlive it.  NULL when out of memory. */
struct verdicts *verdicts_new(const struct conf *conf, struct stats *stats);
/* NULL does nothing. */
void verdicts_free(struct verdicts *verdicts);

/* @key: @len octets, as nexthop_text() writes keys; any others are not found.
 * @map: as conf_profile_for() takes it.  @verdict: as verdict_cache_find(). */
bool verdicts_find(struct verdicts *verdicts, const char *key, size_t len,
    const char *map, struct cached_verdict *verdict);

/* The same for who is not Postfix: it does not count as a use. */
bool verdicts_peek(const struct verdicts *verdicts, const char *key, size_t len,
    const char *map, struct cached_verdict *verdict);

/* Decide for everybody, and remember.  What has become weaker is logged. */
void verdicts_store(struct verdicts *verdicts, const char *key,
    bool is_explicit, const struct dane_evidence *evidence);

/* For what has no wrapper here. */
struct verdict_cache *verdicts_cache(struct verdicts *verdicts);

#endif /* POLICY_VERDICTS_H */
