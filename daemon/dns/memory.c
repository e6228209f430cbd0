/* memory.c - what the ladder remembers. */

#include "dns/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

#define HASH_NONFATAL_OOM 1
/* Names come from strangers: the hash is seeded, once for each process. */
static uint64_t seed(void);
#define HASH_FUNCTION(key, len, hash)                                          \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (len), seed()))
#include <uthash.h>

#include "base/clock.h"
#include "base/domain.h"

struct zone {
	char *name;
	uint64_t expires;  /* clock_ms() */
	UT_hash_handle hh; /* in order of age: expiry is the same for all */
};

struct record {
	char *key;        /* "type/name" */
	uint64_t expires; /* clock_ms() */
	struct memory_answer answer;
	UT_hash_handle hh; /* in order of age */
};

struct memory {
	struct zone *zones;
	struct record *records;
};

#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

static uint64_t
seed(void)
{
	static uint64_t value;

	if (value == 0 &&
	    getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = clock_ms();
	return value;
}

struct memory *
memory_new(void)
{
	return calloc(1, sizeof(struct memory));
}

static void
zone_forget(struct memory *memory, struct zone *zone)
{
	HASH_DEL(memory->zones, zone);
	free(zone->name);
	free(zone);
}

static void
record_free(struct record *record)
{
	free(record->answer.packet);
	free(record->answer.zone);
	free(record->key);
	free(record);
}

static void
record_forget(struct memory *memory, struct record *record)
{
	HASH_DEL(memory->records, record);
	record_free(record);
}

void
memory_free(struct memory *memory)
{
	if (memory == NULL)
		return;
	while (memory->zones != NULL)
		zone_forget(memory, memory->zones);
	while (memory->records != NULL)
		record_forget(memory, memory->records);
	free(memory);
}

/* ---- zones ---- */

void
memory_zone_add(struct memory *memory, const char *zone)
{
	struct zone *known;

	HASH_FIND_STR(memory->zones, zone, known);
	if (known != NULL)
		zone_forget(memory, known);
	else if (HASH_COUNT(memory->zones) >= MEMORY_ZONES_MAX)
		zone_forget(memory, memory->zones);
	if ((known = calloc(1, sizeof(*known))) == NULL)
		return;
	if ((known->name = strdup(zone)) == NULL) {
		free(known);
		return;
	}
	known->expires = clock_ms() + MEMORY_ZONE_SECONDS * UINT64_C(1000);
	HASH_ADD_KEYPTR(
	    hh, memory->zones, known->name, strlen(known->name), known);
	if (known->hh.tbl == NULL) { /* out of memory */
		free(known->name);
		free(known);
	}
}

const char *
memory_zone_find(struct memory *memory, const char *name)
{
	struct zone *zone;

	for (; name != NULL; name = domain_parent(name)) {
		HASH_FIND_STR(memory->zones, name, zone);
		if (zone == NULL)
			continue;
		if (zone->expires > clock_ms())
			return zone->name;
		zone_forget(memory, zone);
	}
	return NULL;
}

/* ---- plain answers ---- */

static uint32_t
bounded_ttl(const ldns_pkt *packet, uint32_t ttl)
{
	if (packet == NULL)
		return MEMORY_FAILURE_SECONDS;
	return ttl < MEMORY_ANSWER_SECONDS ? ttl : MEMORY_ANSWER_SECONDS;
}

static struct record *
record_new(const char *key, const ldns_pkt *packet, const char *zone)
{
	struct record *record = calloc(1, sizeof(*record));
	uint8_t *wire = NULL;

	if (record == NULL)
		return NULL;
	record->key = strdup(key);
	record->answer.zone = zone != NULL ? strdup(zone) : NULL;
	if (record->key == NULL ||
	    (zone != NULL && record->answer.zone == NULL) ||
	    (packet != NULL && ldns_pkt2wire(&wire, packet,
				   &record->answer.len) != LDNS_STATUS_OK)) {
		record_free(record);
		return NULL;
	}
	record->answer.packet = wire;
	return record;
}

void
memory_answer_add(struct memory *memory, const char *name, uint16_t type,
    const ldns_pkt *packet, const char *zone, uint32_t ttl)
{
	char key[KEY_MAX];
	struct record *record;

	snprintf(key, sizeof(key), "%u/%s", type, name);
	HASH_FIND_STR(memory->records, key, record);
	if (record != NULL)
		record_forget(memory, record);
	else if (HASH_COUNT(memory->records) >= MEMORY_ANSWERS_MAX)
		record_forget(memory, memory->records);
	if ((record = record_new(key, packet, zone)) == NULL)
		return;
	record->expires = clock_ms() + bounded_ttl(packet, ttl) * 1000ULL;
	HASH_ADD_KEYPTR(
	    hh, memory->records, record->key, strlen(record->key), record);
	if (record->hh.tbl == NULL) /* out of memory */
		record_free(record);
}

const struct memory_answer *
memory_answer_find(struct memory *memory, const char *name, uint16_t type)
{
	const uint64_t now = clock_ms();
	char key[KEY_MAX];
	struct record *record;

	snprintf(key, sizeof(key), "%u/%s", type, name);
	HASH_FIND_STR(memory->records, key, record);
	if (record == NULL)
		return NULL;
	if (record->expires <= now) {
		record_forget(memory, record);
		return NULL;
	}
	record->answer.ttl = (uint32_t)((record->expires - now + 999) / 1000);
	return &record->answer;
}
