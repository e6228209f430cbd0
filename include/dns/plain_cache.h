/*
 * plain_cache.h - the answers of plain DNS, bounded in number, size and time.
 *
 * They are not validated: one may be used only together with a fresh proof that
 * its zone is unsigned.
 */
#ifndef DNS_PLAIN_CACHE_H
#define DNS_PLAIN_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

struct plain_cache;

#define PLAIN_CACHE_ANSWERS_MAX 20000
/* Limit for all answers together; strangers choose how large theirs are. */
#define PLAIN_CACHE_OCTETS_MAX ((size_t)8 << 20)
#define PLAIN_CACHE_SECONDS 3600 /* at most */
/* For a denial without SOA, which RFC 2308 section 5 does not allow to be
 * cached: as long as libunbound keeps it. */
#define PLAIN_CACHE_DENIAL_SECONDS 5
#define PLAIN_CACHE_FAILURE_SECONDS 5

/* NULL when out of memory. */
struct plain_cache *plain_cache_new(void);
/* NULL does nothing. */
void plain_cache_free(struct plain_cache *cache);

/* Forget all answers. */
void plain_cache_clear(struct plain_cache *cache);

/* One answer. */
struct plain_cache_answer {
	uint8_t *packet; /* wire format; NULL: all servers were exhausted */
	size_t len;
	char *zone;   /* the zone whose servers answered; NULL without a
		       * packet */
	uint32_t ttl; /* whole seconds left */
};

/* @packet: NULL for a failure; otherwise packet_extract_with_soa() of it is
 * kept.  @ttl: seconds, limited to the bounds above.  The arguments are
 * copied. */
void plain_cache_add(struct plain_cache *cache, const char *name, uint16_t type,
    const ldns_pkt *packet, const char *zone, uint32_t ttl);
/* The answer, valid until the next call; NULL where there is none or it has
 * expired. */
const struct plain_cache_answer *plain_cache_find(
    struct plain_cache *cache, const char *name, uint16_t type);

#endif /* DNS_PLAIN_CACHE_H */
