/*
 * memory.h - what the ladder remembers, bounded and for minutes only: zones
 * that need the parallel lookups from the start, zones whose lookups fail, and
 * the answers of plain DNS.
 *
 * It never remembers that a proof may be skipped: a remembered answer may only
 * be used together with a fresh proof.
 */
#ifndef DNS_MEMORY_H
#define DNS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include <ldns/ldns.h>

struct memory;

#define MEMORY_ZONES_MAX 10000
#define MEMORY_ZONE_SECONDS 600
#define MEMORY_FAILING_SECONDS 60
#define MEMORY_ANSWERS_MAX 20000
/* Limit for all answers together; strangers choose how large theirs are. */
#define MEMORY_OCTETS_MAX ((size_t)8 << 20)
#define MEMORY_ANSWER_SECONDS 3600 /* at most */
/* For a denial without SOA, which RFC 2308 section 5 does not allow to be
 * cached: as long as libunbound keeps it. */
#define MEMORY_DENIAL_SECONDS 5
#define MEMORY_FAILURE_SECONDS 5

/* NULL when out of memory. */
struct memory *memory_new(void);
/* NULL does nothing. */
void memory_free(struct memory *memory);

/* Lookups in @zone and below run in parallel from the start from now on. */
void memory_zone_add(struct memory *memory, const char *zone);
/* The deepest such zone at or above @name, or NULL; valid until the next
 * call. */
const char *memory_zone_find(struct memory *memory, const char *name);

/* The same for zones whose lookups fail or hang: they get few slots. */
void memory_failing_add(struct memory *memory, const char *zone);
const char *memory_failing_find(struct memory *memory, const char *name);

/* One plain answer. */
struct memory_answer {
	uint8_t *packet; /* wire format; NULL: all servers were exhausted */
	size_t len;
	char *zone;   /* the zone whose servers answered; NULL without a
		       * packet */
	uint32_t ttl; /* whole seconds left */
};

/* @packet: NULL for a failure; otherwise packet_extract_with_soa() of it is
 * kept.  @ttl: seconds, limited to the bounds above.  The arguments are
 * copied. */
void memory_answer_add(struct memory *memory, const char *name, uint16_t type,
    const ldns_pkt *packet, const char *zone, uint32_t ttl);
/* The remembered answer, valid until the next call; NULL where there is none or
 * it has expired. */
const struct memory_answer *memory_answer_find(
    struct memory *memory, const char *name, uint16_t type);

#endif /* DNS_MEMORY_H */
