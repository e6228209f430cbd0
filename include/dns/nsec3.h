/*
 * nsec3.h - the NSEC3 records of one zone in one denial, and the hashes of
 * names (RFC 5155).  Pure.
 *
 * An attacker can make hashing expensive: he chooses the iterations, the salt,
 * the number of records and the depth of the name.  So a denial has one set of
 * parameters (RFC 5155 section 8.2), each name is hashed once, nothing is
 * hashed above the iteration limit, and every hash is charged to a budget.
 */
#ifndef DNS_NSEC3_H
#define DNS_NSEC3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "base/domain.h"

struct budget;

#define NSEC3_HASH_LEN 20 /* octets of SHA-1, the only hash algorithm */
/* More than any honest denial has: closest encloser, next closer name,
 * wildcard. */
#define NSEC3_RECORDS_MAX 8
/* SHA-1 blocks for one denial, some 3 milliseconds: a name of 40 labels and its
 * ancestors at 150 iterations, or at 10 iterations with the longest salt. */
#define NSEC3_BLOCKS_MAX 8000

enum nsec3_state {
	NSEC3_NONE = 0, /* no record that could apply to the name */
	NSEC3_USABLE,
	NSEC3_MIXED,      /* more than one set of parameters */
	NSEC3_TOO_MANY,   /* too many records */
	NSEC3_ABOVE_LIMIT /* more iterations than are accepted */
};

struct nsec3_record {
	const ldns_rr *rr;
	uint8_t hash[NSEC3_HASH_LEN];
	uint8_t next[NSEC3_HASH_LEN];
	bool opt_out;
	const ldns_rdf *bitmap; /* or NULL: no types */
};

/* Borrows from the packet. */
struct nsec3_set {
	enum nsec3_state state;
	char zone[DOMAIN_TEXT_MAX];
	/* The following fields are valid only with USABLE. */
	uint16_t iterations;
	uint8_t salt[255];
	uint8_t salt_len;
	struct nsec3_record records[NSEC3_RECORDS_MAX];
	size_t count;
	uint64_t blocks; /* hashed so far */
};

/*
 * The records of @section that deny something at @name: those of the deepest
 * zone that is above @name, and at or below @signed_zone.  Records with another
 * hash algorithm or unknown flags are ignored (RFC 5155 section 8.2).  Where
 * the records of a zone differ in their parameters, none counts: adding records
 * can destroy a proof but never create one.
 * @limit: iterations.  Takes linear time in the size of the section.
 */
void nsec3_collect(const ldns_rr_list *section, const char *name,
    const char *signed_zone, unsigned limit, struct nsec3_set *set);

/* SHA-1 blocks to hash a name of @len octets. */
uint64_t nsec3_blocks(size_t len, unsigned iterations, size_t salt_len);

/*
 * @set: USABLE.  Returns 0; or -1 where the budget or NSEC3_BLOCKS_MAX is
 * exceeded, or when out of memory.
 */
int nsec3_hash(struct nsec3_set *set, struct budget *budget, const char *name,
    uint8_t hash[NSEC3_HASH_LEN]);

bool nsec3_matches(
    const struct nsec3_record *record, const uint8_t hash[NSEC3_HASH_LEN]);

/* Whether @hash is strictly between the record's owner and its next name; the
 * last record of a zone wraps around. */
bool nsec3_covers(
    const struct nsec3_record *record, const uint8_t hash[NSEC3_HASH_LEN]);

#endif /* DNS_NSEC3_H */
