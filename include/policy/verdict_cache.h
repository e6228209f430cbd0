/*
 * verdict_cache.h - a bounded cache of verdicts by next hop, each with its own
 * TTL.
 *
 * Pure data structure without a clock: each call is passed the time in
 * milliseconds, which must not go back.  Keys are octets, as nexthop_text()
 * writes them.  An entry holds one verdict for each profile (distinct set of
 * policy options), all from one evaluation.
 *
 * No call takes long, however full the cache is: the table is allocated at full
 * size, and memory is freed step by step.
 */
#ifndef POLICY_VERDICT_CACHE_H
#define POLICY_VERDICT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tls_policy.h"

struct verdict_cache;

struct verdict_cache_limits {
	size_t entries; /* 0: nothing is cached */
	size_t bytes;   /* of memory, including the table */
};

struct verdict_cache_item {
	enum tls_policy policy;
	const char *text;     /* if the policy's name is not the complete reply;
			       * otherwise NULL */
	uint64_t ttl_ms;      /* from now */
	enum tls_policy last; /* the last policy that was certain; TEMP if there
			       * was none */
};

/* A next hop used this often since its evaluation is refreshed. */
#define VERDICT_CACHE_BUSY 2
/* DNS counts in whole seconds: for this long after a TTL has expired, a
 * resolver may still return the old answer with TTL 0. */
#define VERDICT_CACHE_GRACE_MS 1000
/* Resolution of verdict_cache_due(). */
#define VERDICT_CACHE_TICK_MS 250
/* An expired entry is kept this long if there is room, to compare the next
 * verdict with it. */
#define VERDICT_CACHE_LINGER_MS 3600000

/* @profiles: verdicts per entry, at least 1.  NULL when out of memory. */
struct verdict_cache *verdict_cache_new(
    const struct verdict_cache_limits *limits, unsigned profiles, uint64_t now);
/* NULL does nothing. */
void verdict_cache_free(struct verdict_cache *cache);

/*
 * The verdict of @profile, if there is one that has not expired.  Counts as a
 * use.  @verdict's text is valid until the next change of the cache.
 */
bool verdict_cache_find(struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_item *verdict);

/* The same, but not counted as a use: nothing changes. */
bool verdict_cache_peek(const struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_item *verdict);

/* The result of an earlier evaluation.  The verdict has the ttl_ms 0 if it has
 * expired.  Texts are valid as above; the proof is "" if there is none. */
struct verdict_cache_former {
	struct verdict_cache_item verdict;
	const char *proof;
};
bool verdict_cache_before(const struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_former *before);

/*
 * Store, replacing the old entry, whose texts may be used again.  @verdicts:
 * one for each profile.  @proof: one line, "" for none.  @failed: the
 * evaluation left something uncertain; see verdict_cache_due().  The least
 * recently used entries are evicted to make room; returns how many.
 */
size_t verdict_cache_put(struct verdict_cache *cache, const char *key,
    size_t len, const struct verdict_cache_item *verdicts, const char *proof,
    bool failed, uint64_t now);

/* Returns whether the key was present. */
bool verdict_cache_remove(
    struct verdict_cache *cache, const char *key, size_t len);
/* Drop all entries at once; verdict_cache_sweep() frees the memory. */
void verdict_cache_clear(struct verdict_cache *cache);
/* Free up to @most entries that are no longer needed. */
void verdict_cache_sweep(
    struct verdict_cache *cache, uint64_t now, size_t most);

/*
 * The next busy entry that has expired, including grace, and was not returned
 * since its evaluation; NULL if there is none now.  Valid until the next change
 * of the cache.  After repeated failures an entry is returned at growing
 * intervals.
 */
const char *verdict_cache_due(
    struct verdict_cache *cache, uint64_t now, size_t *len);

/* Calls @each for the busiest of the recently used entries, busiest first.
 * @key is borrowed for the duration of the call. */
void verdict_cache_busiest(struct verdict_cache *cache, size_t most,
    void (*each)(void *arg, const char *key, size_t len), void *arg);

/* Entries and octets in use, including expired entries. */
size_t verdict_cache_count(const struct verdict_cache *cache);
size_t verdict_cache_bytes(const struct verdict_cache *cache);

#endif /* POLICY_VERDICT_CACHE_H */
