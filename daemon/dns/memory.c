/* memory.c - what the ladder remembers. */

#include "dns/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/hash.h"
#include "dns/packet.h"

struct zone {
	char *name;
	uint64_t expires;  /* clock_ms() */
	UT_hash_handle hh; /* ordered by age: all entries live equally long */
};

struct record {
	char *key;        /* "type/name" */
	uint64_t expires; /* clock_ms() */
	struct memory_answer answer;
	UT_hash_handle hh; /* ordered by age */
};

struct memory {
	struct zone *racing; /* zones that need parallel lookups from the
			      * start */
	struct zone *failing;
	struct record *records;
	size_t octets; /* of all records */
};

#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

struct memory *
memory_new(void)
{
	return calloc(1, sizeof(struct memory));
}

static void
zone_forget(struct zone **zones, struct zone *zone)
{
	HASH_DEL(*zones, zone);
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

/* Memory use, without the overhead of the hash and malloc(3). */
static size_t
record_octets(const struct record *record)
{
	const char *zone = record->answer.zone;

	return sizeof(*record) + strlen(record->key) + 1 + record->answer.len +
	       (zone != NULL ? strlen(zone) + 1 : 0);
}

static void
record_forget(struct memory *memory, struct record *record)
{
	memory->octets -= record_octets(record);
	HASH_DEL(memory->records, record);
	record_free(record);
}

void
memory_free(struct memory *memory)
{
	if (memory == NULL)
		return;
	while (memory->racing != NULL)
		zone_forget(&memory->racing, memory->racing);
	while (memory->failing != NULL)
		zone_forget(&memory->failing, memory->failing);
	while (memory->records != NULL)
		record_forget(memory, memory->records);
	free(memory);
}

/* ---- zones ---- */

static void
zone_remember(struct zone **zones, const char *name, uint64_t seconds)
{
	struct zone *known;

	HASH_FIND_STR(*zones, name, known);
	if (known != NULL)
		zone_forget(zones, known);
	else if (HASH_COUNT(*zones) >= MEMORY_ZONES_MAX)
		zone_forget(zones, *zones);
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
zone_recall(struct zone **zones, const char *name)
{
	struct zone *known;

	for (; name != NULL; name = domain_parent(name)) {
		HASH_FIND_STR(*zones, name, known);
		if (known == NULL)
			continue;
		if (known->expires > clock_ms())
			return known->name;
		zone_forget(zones, known);
	}
	return NULL;
}

void
memory_zone_add(struct memory *memory, const char *zone)
{
	zone_remember(&memory->racing, zone, MEMORY_ZONE_SECONDS);
}

const char *
memory_zone_find(struct memory *memory, const char *name)
{
	return zone_recall(&memory->racing, name);
}

void
memory_failing_add(struct memory *memory, const char *zone)
{
	zone_remember(&memory->failing, zone, MEMORY_FAILING_SECONDS);
}

const char *
memory_failing_find(struct memory *memory, const char *name)
{
	return zone_recall(&memory->failing, name);
}

/* ---- plain answers ---- */

static uint32_t
bounded_ttl(const ldns_pkt *packet, uint32_t ttl)
{
	if (packet == NULL)
		return MEMORY_FAILURE_SECONDS;
	return ttl < MEMORY_ANSWER_SECONDS ? ttl : MEMORY_ANSWER_SECONDS;
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
make_room(struct memory *memory, size_t octets)
{
	while (memory->records != NULL &&
	       (HASH_COUNT(memory->records) >= MEMORY_ANSWERS_MAX ||
		   memory->octets + octets > MEMORY_OCTETS_MAX))
		record_forget(memory, memory->records);
}

static struct record *
find_record(struct memory *memory, const char *name, uint16_t type)
{
	char key[KEY_MAX];
	struct record *record;

	make_key(key, name, type);
	HASH_FIND_STR(memory->records, key, record);
	return record;
}

void
memory_answer_add(struct memory *memory, const char *name, uint16_t type,
    const ldns_pkt *packet, const char *zone, uint32_t ttl)
{
	struct record *record = find_record(memory, name, type);

	if (record != NULL)
		record_forget(memory, record);
	if ((record = record_new(name, type, packet, zone)) == NULL)
		return;
	make_room(memory, record_octets(record));
	record->expires = clock_ms() + bounded_ttl(packet, ttl) * 1000ULL;
	HASH_ADD_KEYPTR(
	    hh, memory->records, record->key, strlen(record->key), record);
	if (record->hh.tbl != NULL)
		memory->octets += record_octets(record);
	else /* out of memory */
		record_free(record);
}

const struct memory_answer *
memory_answer_find(struct memory *memory, const char *name, uint16_t type)
{
	struct record *record = find_record(memory, name, type);
	const uint64_t now = clock_ms();

	if (record == NULL)
		return NULL;
	if (record->expires <= now) {
		record_forget(memory, record);
		return NULL;
	}
	record->answer.ttl = (uint32_t)((record->expires - now) / 1000);
	return &record->answer;
}
