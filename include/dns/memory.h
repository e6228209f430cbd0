/*
 * memory.h - what the ladder remembers, for minutes and bounded: which zones
 * need the race from the start, which ones fail, and what plain DNS has
 * answered.
 *
 * Never that a proof may be skipped: whoever uses a remembered answer holds a
 * fresh proof.
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
/* Of all answers together; strangers choose how large theirs are. */
#define MEMORY_OCTETS_MAX ((size_t)8 << 20)
#define MEMORY_ANSWER_SECONDS 3600 /* at most */
/* Of a denial without SOA, which RFC 2308 section 5 would not have cached: as
 * long as libunbound keeps it. */
#define MEMORY_DENIAL_SECONDS 5
#define MEMORY_FAILURE_SECONDS 5

/* NULL when out of memory. */
struct memory *memory_new(void);
/* NULL does nothing. */
void memory_free(struct memory *memory);

/* Names in @zone and below need the race from now on. */
void memory_zone_add(struct memory *memory, const char *zone);
/* The deepest such zone at or above @name, or NULL; valid until the next
 * call. */
const char *memory_zone_find(struct memory *memory, const char *name);

/* The same for zones whose lookups fail, or hang: they get few slots. */
void memory_failing_add(struct memory *memory, const char *zone);
const char *memory_failing_find(struct memory *memory, const char *name);

/* One plain answer. */
struct memory_answer {
	uint8_t *packet; /* wire format; NULL: all servers were exhausted */
	size_t len;
	char *zone;   /* whose servers answered; NULL without a packet */
	uint32_t ttl; /* whole seconds left */
};

/* @packet NULL: a failure.  Of others packet_extract_with_soa() is kept.  @ttl:
 * seconds; cut to the bounds above.  Copies what it is given. */
void memory_answer_add(struct memory *memory, const char *name, uint16_t type,
    const ldns_pkt *packet, const char *zone, uint32_t ttl);
/* What is remembered and has not expired, valid until the next call; or
 * NULL. */
const struct memory_answer *memory_answer_find(
    struct memory *memory, const char *name, uint16_t type);

#endif /* DNS_MEMORY_H */
