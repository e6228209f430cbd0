/* verdict_store.c - cached verdicts of next hops. */

#include "policy/verdict_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/stats.h"
#include "dane/evidence.h"
#include "policy/policy_log.h"
#include "policy/verdict.h"

#define MIB ((size_t)1024 * 1024)

struct verdict_store {
	const struct conf *conf;
	struct stats *stats;
	struct verdict_cache *cache;
	/* Distinct policy options; the global ones are the first. */
	const struct conf_profile **profile;
	unsigned profile_count;
	unsigned *map_profile; /* the profile of each of conf's maps, in their
				* order */
	/* Scratch space for verdict_store_put(), one for each profile. */
	struct verdict *decided;
	struct verdict_cache_item *cached;
};

/* ---- profiles ---- */

static unsigned
add_profile(struct verdict_store *store, const struct conf_profile *policy)
{
	for (unsigned i = 0; i < store->profile_count; i++)
		if (memcmp(store->profile[i], policy, sizeof(*policy)) == 0)
			return i;
	store->profile[store->profile_count] = policy;
	return store->profile_count++;
}

static unsigned
profile_for(const struct verdict_store *store, const char *map)
{
	const struct conf *conf = store->conf;

	for (size_t i = 0; i < conf->map_count; i++)
		if (strcmp(conf->maps[i].name, map) == 0)
			return store->map_profile[i];
	return 0;
}

/* ---- weaker verdicts ---- */

static unsigned
strength(enum tls_policy policy)
{
	switch (policy) {
	case TLS_POLICY_TEMP:
	case TLS_POLICY_NOTFOUND:
	case TLS_POLICY_MAY:
		return 0;
	case TLS_POLICY_ENCRYPT:
		return 1;
	case TLS_POLICY_DANE:
		return 2;
	case TLS_POLICY_DANE_ONLY:
	case TLS_POLICY_FINGERPRINT:
		return 3;
	}
	return 0;
}

/* "dane" only because something failed: the decision is left to Postfix. */
static bool
is_tentative(const struct verdict *verdict)
{
	return verdict->rule == VERDICT_RULE_INSECURE_MX_UNKNOWN ||
	       verdict->rule == VERDICT_RULE_SOME_FAILED ||
	       verdict->rule == VERDICT_RULE_TRUNCATED;
}

static bool
is_certain(const struct verdict *verdict)
{
	return verdict->policy != TLS_POLICY_TEMP && !is_tentative(verdict);
}

static bool
is_any_uncertain(const struct verdict_store *store)
{
	for (unsigned i = 0; i < store->profile_count; i++)
		if (!is_certain(&store->decided[i]))
			return true;
	return false;
}

/* Logs one line for all profiles together. */
static void
compare_with_before(struct verdict_store *store, const char *key,
    const struct dane_evidence *evidence)
{
	char proof[POLICY_LOG_PROOF_MAX];
	struct verdict_cache_former before;

	for (unsigned i = 0; i < store->profile_count; i++) {
		const struct verdict *now = &store->decided[i];

		if (!is_certain(now) ||
		    !verdict_cache_before(store->cache, key, strlen(key), i,
			clock_ms(), &before) ||
		    strength(before.verdict.last) <= strength(now->policy))
			continue;
		stats_count(store->stats, STATS_WEAKENED);
		policy_log_weakened(key, before.verdict.last, before.proof,
		    now->policy, policy_log_proof(evidence, proof));
		return;
	}
}

/* ---- finding and storing ---- */

bool
verdict_store_find(struct verdict_store *store, const char *key, size_t len,
    const char *map, struct verdict_cache_item *verdict)
{
	return verdict_cache_find(store->cache, key, len,
	    profile_for(store, map), clock_ms(), verdict);
}

bool
verdict_store_peek(const struct verdict_store *store, const char *key,
    size_t len, const char *map, struct verdict_cache_item *verdict)
{
	return verdict_cache_peek(store->cache, key, len,
	    profile_for(store, map), clock_ms(), verdict);
}

/* Whether there are TLSA records; only then the proof is stored. */
static bool
has_tlsa(const struct dane_evidence *evidence)
{
	for (size_t i = 0; i < evidence->host_count; i++)
		if (evidence->host[i].status == DANE_HOST_USABLE ||
		    evidence->host[i].status == DANE_HOST_UNUSABLE)
			return true;
	return false;
}

/* The reply to Postfix, if it is more than the name of the policy. */
static const char *
text_of(const struct verdict *verdict)
{
	switch (verdict->policy) {
	case TLS_POLICY_TEMP:
		return verdict->why;
	case TLS_POLICY_FINGERPRINT:
		return verdict->carried;
	default:
		return NULL;
	}
}

/* In milliseconds from @now: the first data used may be half a minute old. */
static uint64_t
time_to_live(const struct verdict *verdict,
    const struct dane_evidence *evidence, uint64_t now)
{
	const uint64_t most = verdict->ttl * UINT64_C(1000);
	uint64_t left = 0;

	if (verdict->policy == TLS_POLICY_TEMP)
		return most;
	if (evidence->expires > now)
		left = evidence->expires - now;
	return left < most ? left : most;
}

/* A failure does not end a verdict whose evidence still stands, and does not
 * make it live longer.  @before: NULL if there is none. */
static void
remember(struct verdict_cache_item *item,
    const struct verdict_cache_item *before, bool certain)
{
	item->last = item->policy;
	if (certain)
		return;
	item->last = before != NULL ? before->last : TLS_POLICY_TEMP;
	if (before != NULL && item->policy == TLS_POLICY_TEMP &&
	    before->policy != TLS_POLICY_TEMP && before->ttl_ms > 0)
		*item = *before;
}

/* Fills in @store->cached.  Returns the older proof, "" if there is none. */
static const char *
merge_with_before(struct verdict_store *store, const char *key,
    const struct dane_evidence *evidence, uint64_t now)
{
	struct verdict_cache_former before;
	const char *proof = "";

	for (unsigned i = 0; i < store->profile_count; i++) {
		const struct verdict *decided = &store->decided[i];
		const bool found = verdict_cache_before(
		    store->cache, key, strlen(key), i, now, &before);

		if (found)
			proof = before.proof;
		store->cached[i] =
		    (struct verdict_cache_item){ .policy = decided->policy,
			    .text = text_of(decided),
			    .ttl_ms = time_to_live(decided, evidence, now) };
		remember(&store->cached[i], found ? &before.verdict : NULL,
		    is_certain(decided));
	}
	return proof;
}

void
verdict_store_put(struct verdict_store *store, const char *key,
    bool is_explicit, const struct dane_evidence *evidence)
{
	const uint64_t now = clock_ms();
	char text[POLICY_LOG_PROOF_MAX];
	const char *older, *proof = "";
	bool failed;

	for (unsigned i = 0; i < store->profile_count; i++)
		verdict_decide(evidence, store->profile[i], is_explicit,
		    &store->decided[i]);
	compare_with_before(store, key, evidence);
	older = merge_with_before(store, key, evidence, now);
	failed = is_any_uncertain(store);
	if (has_tlsa(evidence))
		proof = policy_log_proof(evidence, text);
	else if (failed)
		proof = older;
	store->stats->counter[STATS_CACHE_EVICTION] += verdict_cache_put(
	    store->cache, key, strlen(key), store->cached, proof, failed, now);
}

struct verdict_cache *
verdict_store_cache(struct verdict_store *store)
{
	return store->cache;
}

/* ---- create and free ---- */

struct verdict_store *
verdict_store_new(const struct conf *conf, struct stats *stats)
{
	const struct verdict_cache_limits limits = { .entries =
							 conf->cache_entries,
		.bytes = conf->cache_memory * MIB };
	struct verdict_store *store = calloc(1, sizeof(*store));
	const size_t most = conf->map_count + 1;

	if (store == NULL)
		return NULL;
	store->conf = conf;
	store->stats = stats;
	store->profile = calloc(most, sizeof(struct conf_profile *));
	store->map_profile = calloc(most, sizeof(unsigned));
	store->decided = calloc(most, sizeof(struct verdict));
	store->cached = calloc(most, sizeof(struct verdict_cache_item));
	if (store->profile == NULL || store->map_profile == NULL ||
	    store->decided == NULL || store->cached == NULL) {
		verdict_store_free(store);
		return NULL;
	}
	add_profile(store, &conf->policy);
	for (size_t i = 0; i < conf->map_count; i++)
		store->map_profile[i] =
		    add_profile(store, &conf->maps[i].policy);
	store->cache =
	    verdict_cache_new(&limits, store->profile_count, clock_ms());
	if (store->cache == NULL) {
		verdict_store_free(store);
		return NULL;
	}
	return store;
}

void
verdict_store_free(struct verdict_store *store)
{
	if (store == NULL)
		return;
	verdict_cache_free(store->cache);
	free(store->profile);
	free(store->map_profile);
	free(store->decided);
	free(store->cached);
	free(store);
}
