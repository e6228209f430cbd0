/* plain_cache.c - the answers of plain DNS. */

#include "dns/plain_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/hash.h"
#include "dns/packet.h"

struct record {
	char *key;        /* "type/name" */
	uint64_t expires; /* clock_ms() */
	struct plain_cache_answer answer;
	UT_hash_handle hh; /* ordered by age */
};

struct plain_cache {
	struct record *records;
	size_t octets; /* of all records */
};

#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

struct plain_cache *
plain_cache_new(void)
{
	return calloc(1, sizeof(struct plain_cache));
}

static void
record_free(struct record *record)
{
	free(record->answer.packet);
	free(record->answer.zone);
	free(record->key);
	free(record);
}

/* Memory use, without the overhead of the hash and malloc(3). */
static size_t
record_octets(const struct record *record)
{
	const char *zone = record->answer.zone;

	return sizeof(*record) + strlen(record->key) + 1 + record->answer.len +
	       (zone != NULL ? strlen(zone) + 1 : 0);
}

static void
forget(struct plain_cache *cache, struct record *record)
{
	cache->octets -= record_octets(record);
	HASH_DEL(cache->records, record);
	record_free(record);
}

void
plain_cache_clear(struct plain_cache *cache)
{
	while (cache->records != NULL)
		forget(cache, cache->records);
}

void
plain_cache_free(struct plain_cache *cache)
{
	if (cache == NULL)
		return;
	plain_cache_clear(cache);
	free(cache);
}

static uint32_t
bounded_ttl(const ldns_pkt *packet, uint32_t ttl)
{
	if (packet == NULL)
		return PLAIN_CACHE_FAILURE_SECONDS;
	return ttl < PLAIN_CACHE_SECONDS ? ttl : PLAIN_CACHE_SECONDS;
}

static void
make_key(char key[KEY_MAX], const char *name, uint16_t type)
{
	snprintf(key, KEY_MAX, "%u/%s", type, name);
}

static struct record *
record_new(
    const char *name, uint16_t type, const ldns_pkt *packet, const char *zone)
{
	struct record *record = calloc(1, sizeof(*record));
	char key[KEY_MAX];
	uint8_t *wire = NULL;

	if (record == NULL)
		return NULL;
	make_key(key, name, type);
	record->key = strdup(key);
	record->answer.zone = zone != NULL ? strdup(zone) : NULL;
	if (record->key == NULL ||
	    (zone != NULL && record->answer.zone == NULL) ||
	    (packet != NULL && packet_extract_with_soa(packet, name, type,
				   &wire, &record->answer.len) == -1)) {
		record_free(record);
		return NULL;
	}
	record->answer.packet = wire;
	return record;
}

/* Removes the oldest first. */
static void
make_room(struct plain_cache *cache, size_t octets)
{
	while (cache->records != NULL &&
	       (HASH_COUNT(cache->records) >= PLAIN_CACHE_ANSWERS_MAX ||
		   cache->octets + octets > PLAIN_CACHE_OCTETS_MAX))
		forget(cache, cache->records);
}

static struct record *
find_record(struct plain_cache *cache, const char *name, uint16_t type)
{
	char key[KEY_MAX];
	struct record *record;

	make_key(key, name, type);
	HASH_FIND_STR(cache->records, key, record);
	return record;
}

void
plain_cache_add(struct plain_cache *cache, const char *name, uint16_t type,
    const ldns_pkt *packet, const char *zone, uint32_t ttl)
{
	struct record *record = find_record(cache, name, type);

	if (record != NULL)
		forget(cache, record);
	if ((record = record_new(name, type, packet, zone)) == NULL)
		return;
	make_room(cache, record_octets(record));
	record->expires = clock_ms() + bounded_ttl(packet, ttl) * 1000ULL;
	HASH_ADD_KEYPTR(
	    hh, cache->records, record->key, strlen(record->key), record);
	if (record->hh.tbl != NULL)
		cache->octets += record_octets(record);
	else /* out of memory */
		record_free(record);
}

const struct plain_cache_answer *
plain_cache_find(struct plain_cache *cache, const char *name, uint16_t type)
{
	struct record *record = find_record(cache, name, type);
	const uint64_t now = clock_ms();

	if (record == NULL)
		return NULL;
	if (record->expires <= now) {
		forget(cache, record);
		return NULL;
	}
	record->answer.ttl = (uint32_t)((record->expires - now) / 1000);
	return &record->answer;
}
