/* infra_cache.c - zones that need parallel lookups, and zones that fail. */

#include "dns/infra_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/hash.h"

struct zone {
	char *name;
	uint64_t expires;  /* clock_ms() */
	UT_hash_handle hh; /* ordered by age: all entries live equally long */
};

struct infra_cache {
	struct zone *racing, *failing;
};

struct infra_cache *
infra_cache_new(void)
{
	return calloc(1, sizeof(struct infra_cache));
}

static void
forget(struct zone **zones, struct zone *zone)
{
	HASH_DEL(*zones, zone);
	free(zone->name);
	free(zone);
}

void
infra_cache_clear(struct infra_cache *cache)
{
	while (cache->racing != NULL)
		forget(&cache->racing, cache->racing);
	while (cache->failing != NULL)
		forget(&cache->failing, cache->failing);
}

void
infra_cache_free(struct infra_cache *cache)
{
	if (cache == NULL)
		return;
	infra_cache_clear(cache);
	free(cache);
}

static void
add(struct zone **zones, const char *name, uint64_t seconds)
{
	struct zone *known;

	HASH_FIND_STR(*zones, name, known);
	if (known != NULL)
		forget(zones, known);
	else if (HASH_COUNT(*zones) >= INFRA_CACHE_ZONES_MAX)
		forget(zones, *zones);
	if ((known = calloc(1, sizeof(*known))) == NULL)
		return;
	if ((known->name = strdup(name)) == NULL) {
		free(known);
		return;
	}
	known->expires = clock_ms() + seconds * 1000;
	HASH_ADD_KEYPTR(hh, *zones, known->name, strlen(known->name), known);
	if (known->hh.tbl == NULL) { /* out of memory */
		free(known->name);
		free(known);
	}
}

static const char *
find(struct zone **zones, const char *name)
{
	struct zone *known;

	for (; name != NULL; name = domain_parent(name)) {
		HASH_FIND_STR(*zones, name, known);
		if (known == NULL)
			continue;
		if (known->expires > clock_ms())
			return known->name;
		forget(zones, known);
	}
	return NULL;
}

void
infra_cache_add_racing(struct infra_cache *cache, const char *zone)
{
	add(&cache->racing, zone, INFRA_CACHE_RACING_SECONDS);
}

const char *
infra_cache_find_racing(struct infra_cache *cache, const char *name)
{
	return find(&cache->racing, name);
}

void
infra_cache_add_failing(struct infra_cache *cache, const char *zone)
{
	add(&cache->failing, zone, INFRA_CACHE_FAILING_SECONDS);
}

const char *
infra_cache_find_failing(struct infra_cache *cache, const char *name)
{
	return find(&cache->failing, name);
}
