/*
 * verdict_cache.h - verdicts by next hop, bounded, each for its own time and
 * no longer.
 *
 * Pure data structure: it has no clock, every call is told the time in
 * milliseconds, which must not go back.  Keys are octets, as nexthop_text()
 * writes them.  An entry holds one verdict for each profile (distinct policy
 * options), all from one evaluation.
 *
 * No call takes long, however full it is: the table has its size from the
 * start, and what must be freed is freed bit by bit.
 */
#ifndef POLICY_VERDICT_CACHE_H
#define POLICY_VERDICT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tls_policy.h"

struct verdict_cache;

struct verdict_cache_limits {
	size_t entries; /* 0: nothing is ever remembered */
	size_t bytes;   /* of memory, the table included */
};

struct verdict_cache_item {
	enum tls_policy policy;
	const char *text; /* where the policy's name does not say it all; else
			   * NULL */
	uint64_t ttl_ms;  /* from now */
	bool tentative;   /* only when it is put: says nothing for certain, so
			   * that no later one is compared with it */
};

/* Uses since an evaluation that make a next hop worth another one. */
#define VERDICT_CACHE_BUSY 2
/* DNS counts in whole seconds: for so long after a TTL a resolver may still
 * give the old answer, to be kept for no time. */
#define VERDICT_CACHE_GRACE_MS 1000
/* How fine verdict_cache_due() counts. */
#define VERDICT_CACHE_TICK_MS 250
/* An expired entry stays for so long, if there is room: what the next verdict
 * is compared with. */
#define VERDICT_CACHE_LINGER_MS 3600000

/* @profiles: verdicts in each entry, at least 1.  NULL when out of memory. */
struct verdict_cache *verdict_cache_new(
    const struct verdict_cache_limits *limits, unsigned profiles, uint64_t now);
/* NULL does nothing. */
void verdict_cache_free(struct verdict_cache *cache);

/*
 * The verdict of @profile, if there is one and it has not expired; counts as a
 * use.  @verdict's text is valid until the cache is next changed.
 */
bool verdict_cache_find(struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_item *verdict);

/* The same without being a use: nothing changes. */
bool verdict_cache_peek(const struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, uint64_t now,
    struct verdict_cache_item *verdict);

/* What is known of an earlier evaluation, expired or not. */
struct verdict_cache_former {
	enum tls_policy policy; /* the last that was certain; TEMP for none */
	const char *proof;      /* borrowed as above; "" for none */
};
bool verdict_cache_before(const struct verdict_cache *cache, const char *key,
    size_t len, unsigned profile, struct verdict_cache_former *before);

/*
 * Remember, in place of what was.  @verdicts: one for each profile.  A TEMP
 * does not end an older verdict before its time.  @proof: one line, "" for
 * none; an older one stays beside what is not certain.  What has not been used
 * for longest makes room; returns how many entries had to.
 */
size_t verdict_cache_put(struct verdict_cache *cache, const char *key,
    size_t len, const struct verdict_cache_item *verdicts, const char *proof,
    uint64_t now);

/* Returns whether it was there. */
bool verdict_cache_remove(
    struct verdict_cache *cache, const char *key, size_t len);
/* Forget everything, at once; the memory follows with verdict_cache_sweep(). */
void verdict_cache_clear(struct verdict_cache *cache);
/* Free up to @most entries that are of no more use. */
void verdict_cache_sweep(
    struct verdict_cache *cache, uint64_t now, size_t most);

/*
 * The next busy entry that has expired, grace included, and was not handed out
 * since its evaluation; NULL when there is none now.  Valid until the cache is
 * next changed.  Where an evaluation came to TEMP, again and again, the entry
 * is handed out ever later.
 */
const char *verdict_cache_due(
    struct verdict_cache *cache, uint64_t now, size_t *len);

/* The busiest of the recently used, busiest first; @key is borrowed for the
 * time of the call. */
void verdict_cache_busiest(struct verdict_cache *cache, size_t most,
    void (*each)(void *arg, const char *key, size_t len), void *arg);

/* What takes up room, expired entries included. */
size_t verdict_cache_count(const struct verdict_cache *cache);
size_t verdict_cache_bytes(const struct verdict_cache *cache);

#endif /* POLICY_VERDICT_CACHE_H */
