/* verdicts.c - what is remembered of next hops. */

#include "policy/verdicts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/stats.h"
#include "dane/dane.h"
#include "policy/policy.h"
#include "policy/policy_log.h"

#define MIB ((size_t)1024 * 1024)

struct verdicts {
	const struct conf *conf;
	struct stats *stats;
	struct verdict_cache *cache;
	/* Distinct policy options; the global ones are the first. */
	const struct conf_profile **profile;
	unsigned profile_count;
	unsigned *map_profile; /* of conf's maps, in their order */
	/* Room to decide in, one for each profile. */
	struct policy_verdict *decided;
	struct cached_verdict *cached;
};

/* ---- profiles ---- */

static unsigned
add_profile(struct verdicts *verdicts, const struct conf_profile *policy)
{
	for (unsigned i = 0; i < verdicts->profile_count; i++)
		if (memcmp(verdicts->profile[i], policy, sizeof(*policy)) == 0)
			return i;
	verdicts->profile[verdicts->profile_count] = policy;
	return verdicts->profile_count++;
}

static unsigned
profile_for(const struct verdicts *verdicts, const char *map)
{
	const struct conf *conf = verdicts->conf;

	for (size_t i = 0; i < conf->map_count; i++)
		if (strcmp(conf->maps[i].name, map) == 0)
			return verdicts->map_profile[i];
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

/* "dane" only because something failed: Postfix is left to judge. */
static bool
is_tentative(const struct policy_verdict *verdict)
{
	return verdict->rule == POLICY_RULE_INSECURE_MX_UNKNOWN ||
	       verdict->rule == POLICY_RULE_SOME_FAILED ||
	       verdict->rule == POLICY_RULE_TRUNCATED;
}

/* One line for all profiles. */
static void
compare_with_before(struct verdicts *verdicts, const char *key,
    const struct dane_evidence *evidence)
{
	char proof[POLICY_PROOF_MAX];
	struct verdict_before before;

	for (unsigned i = 0; i < verdicts->profile_count; i++) {
		const struct cached_verdict *now = &verdicts->cached[i];

		if (now->policy == TLS_POLICY_TEMP || now->tentative ||
		    !verdict_cache_before(
			verdicts->cache, key, strlen(key), i, &before) ||
		    strength(before.policy) <= strength(now->policy))
			continue;
		stats_count(verdicts->stats, STATS_WEAKENED);
		policy_log_weakened(key, before.policy, before.proof,
		    now->policy, policy_proof(evidence, proof));
		return;
	}
}

/* ---- finding and storing ---- */

bool
verdicts_find(struct verdicts *verdicts, const char *key, size_t len,
    const char *map, struct cached_verdict *verdict)
{
	return verdict_cache_find(verdicts->cache, key, len,
	    profile_for(verdicts, map), clock_ms(), verdict);
}

bool
verdicts_peek(const struct verdicts *verdicts, const char *key, size_t len,
    const char *map, struct cached_verdict *verdict)
{
	return verdict_cache_peek(verdicts->cache, key, len,
	    profile_for(verdicts, map), clock_ms(), verdict);
}

/* Kept where there is something that could be lost. */
static bool
has_tlsa(const struct dane_evidence *evidence)
{
	for (size_t i = 0; i < evidence->host_count; i++)
		if (evidence->host[i].status == DANE_HOST_USABLE ||
		    evidence->host[i].status == DANE_HOST_UNUSABLE)
			return true;
	return false;
}

/* What Postfix is told where the name of the policy is not enough. */
static const char *
text_of(const struct policy_verdict *verdict)
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

/* Seconds are too coarse: what came first may be half a minute old. */
static uint64_t
time_to_live(const struct policy_verdict *verdict,
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

void
verdicts_store(struct verdicts *verdicts, const char *key, bool is_explicit,
    const struct dane_evidence *evidence)
{
	const uint64_t now = clock_ms();
	char proof[POLICY_PROOF_MAX] = "";

	for (unsigned i = 0; i < verdicts->profile_count; i++) {
		struct policy_verdict *decided = &verdicts->decided[i];

		policy_decide(
		    evidence, verdicts->profile[i], is_explicit, decided);
		verdicts->cached[i] =
		    (struct cached_verdict){ .policy = decided->policy,
			    .text = text_of(decided),
			    .ttl_ms = time_to_live(decided, evidence, now),
			    .tentative = is_tentative(decided) };
	}
	compare_with_before(verdicts, key, evidence);
	if (has_tlsa(evidence))
		policy_proof(evidence, proof);
	verdicts->stats->counter[STATS_CACHE_EVICTION] += verdict_cache_put(
	    verdicts->cache, key, strlen(key), verdicts->cached, proof, now);
}

struct verdict_cache *
verdicts_cache(struct verdicts *verdicts)
{
	return verdicts->cache;
}

/* ---- life ---- */

struct verdicts *
verdicts_new(const struct conf *conf, struct stats *stats)
{
	const struct verdict_limits limits = { .entries = conf->cache_entries,
		.bytes = conf->cache_memory * MIB };
	struct verdicts *verdicts = calloc(1, sizeof(*verdicts));
	const size_t most = conf->map_count + 1;

	if (verdicts == NULL)
		return NULL;
	verdicts->conf = conf;
	verdicts->stats = stats;
	verdicts->profile = calloc(most, sizeof(struct conf_profile *));
	verdicts->map_profile = calloc(most, sizeof(unsigned));
	verdicts->decided = calloc(most, sizeof(struct policy_verdict));
	verdicts->cached = calloc(most, sizeof(struct cached_verdict));
	if (verdicts->profile == NULL || verdicts->map_profile == NULL ||
	    verdicts->decided == NULL || verdicts->cached == NULL) {
		verdicts_free(verdicts);
		return NULL;
	}
	add_profile(verdicts, &conf->policy);
	for (size_t i = 0; i < conf->map_count; i++)
		verdicts->map_profile[i] =
		    add_profile(verdicts, &conf->maps[i].policy);
	verdicts->cache =
	    verdict_cache_new(&limits, verdicts->profile_count, clock_ms());
	if (verdicts->cache == NULL) {
		verdicts_free(verdicts);
		return NULL;
	}
	return verdicts;
}

void
verdicts_free(struct verdicts *verdicts)
{
	if (verdicts == NULL)
		return;
	verdict_cache_free(verdicts->cache);
	free(verdicts->profile);
	free(verdicts->map_profile);
	free(verdicts->decided);
	free(verdicts->cached);
	free(verdicts);
}
