/* nsec3.c - the NSEC3 records of one zone in one denial. */

#include "dns/nsec3.h"

#include <string.h>

#include "dns/budget.h"
#include "dns/packet.h"

#define HASH_LABEL_LEN 32 /* octets of a hash in base32hex */
#define SHA1 1
#define FLAG_OPT_OUT 1
#define BLOCK_LEN 64  /* octets of a SHA-1 block */
#define PADDING_LEN 9 /* octets, at least, at the end of the last block */

/* Decodes the base32hex of a hashed owner label. */
static int
decode_hash(const char *label, uint8_t hash[NSEC3_HASH_LEN])
{
	uint8_t decoded[NSEC3_HASH_LEN + 5];

	if (strcspn(label, ".") != HASH_LABEL_LEN ||
	    ldns_b32_pton_extended_hex(label, HASH_LABEL_LEN, decoded,
		sizeof(decoded)) != NSEC3_HASH_LEN)
		return -1;
	memcpy(hash, decoded, NSEC3_HASH_LEN);
	return 0;
}

static bool
is_octet(const ldns_rdf *rdf)
{
	return rdf != NULL && ldns_rdf_size(rdf) == 1;
}

/* The zone that an NSEC3 belongs to: its owner without the hash label. */
static int
zone_of(const ldns_rr *rr, char owner[DOMAIN_TEXT_MAX], const char **zone)
{
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC3 ||
	    packet_owner(rr, owner) == -1 ||
	    (*zone = domain_parent(owner)) == NULL)
		return -1;
	return 0;
}

/* RFC 5155 section 3.2; false for records that it requires to be ignored. */
static bool
is_readable(const ldns_rr *rr)
{
	const ldns_rdf *salt = ldns_rr_rdf(rr, 3), *next = ldns_rr_rdf(rr, 4);
	const ldns_rdf *iterations = ldns_rr_rdf(rr, 2);

	/* Without types, as at an empty non-terminal, ldns has no field. */
	return ldns_rr_rd_count(rr) >= 5 && is_octet(ldns_rr_rdf(rr, 0)) &&
	       ldns_rdf_data(ldns_rr_rdf(rr, 0))[0] == SHA1 &&
	       is_octet(ldns_rr_rdf(rr, 1)) &&
	       (ldns_rdf_data(ldns_rr_rdf(rr, 1))[0] & ~FLAG_OPT_OUT) == 0 &&
	       ldns_rdf_size(iterations) == 2 && ldns_rdf_size(salt) >= 1 &&
	       ldns_rdf_size(salt) == 1U + ldns_rdf_data(salt)[0] &&
	       ldns_rdf_size(next) == 1 + NSEC3_HASH_LEN &&
	       ldns_rdf_data(next)[0] == NSEC3_HASH_LEN;
}

/* ---- the set ---- */

static void
find_zone(const ldns_rr_list *section, const char *name,
    const char *signed_zone, struct nsec3_set *set)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(section, i);
		char owner[DOMAIN_TEXT_MAX];
		const char *zone;

		if (zone_of(rr, owner, &zone) == -1 || !is_readable(rr) ||
		    !domain_is_within(name, zone) || domain_equal(name, zone) ||
		    !domain_is_within(zone, signed_zone) ||
		    (set->state != NSEC3_NONE &&
			!domain_is_within(zone, set->zone)))
			continue;
		set->state = NSEC3_USABLE;
		memcpy(set->zone, zone, strlen(zone) + 1);
	}
}

static bool
has_parameters(const struct nsec3_set *set, const ldns_rr *rr)
{
	const uint8_t *salt = ldns_rdf_data(ldns_rr_rdf(rr, 3));

	return ldns_read_uint16(ldns_rdf_data(ldns_rr_rdf(rr, 2))) ==
		   set->iterations &&
	       salt[0] == set->salt_len &&
	       memcmp(salt + 1, set->salt, set->salt_len) == 0;
}

static void
set_parameters(struct nsec3_set *set, const ldns_rr *rr)
{
	const uint8_t *salt = ldns_rdf_data(ldns_rr_rdf(rr, 3));

	set->iterations = ldns_read_uint16(ldns_rdf_data(ldns_rr_rdf(rr, 2)));
	set->salt_len = salt[0];
	memcpy(set->salt, salt + 1, set->salt_len);
}

/* An owner that is not a hash matches and covers nothing. */
static void
add_record(struct nsec3_set *set, const ldns_rr *rr, const char *owner)
{
	struct nsec3_record *record = &set->records[set->count];

	if (decode_hash(owner, record->hash) == -1)
		return;
	record->rr = rr;
	memcpy(record->next, ldns_rdf_data(ldns_rr_rdf(rr, 4)) + 1,
	    NSEC3_HASH_LEN);
	record->opt_out = ldns_rdf_data(ldns_rr_rdf(rr, 1))[0] == FLAG_OPT_OUT;
	record->bitmap = ldns_rr_rdf(rr, 5);
	set->count++;
}

void
nsec3_collect(const ldns_rr_list *section, const char *name,
    const char *signed_zone, unsigned limit, struct nsec3_set *set)
{
	size_t seen = 0;

	set->state = NSEC3_NONE;
	set->count = 0;
	set->blocks = 0;
	find_zone(section, name, signed_zone, set);
	for (size_t i = 0;
	     i < ldns_rr_list_rr_count(section) && set->state == NSEC3_USABLE;
	     i++) {
		const ldns_rr *rr = ldns_rr_list_rr(section, i);
		char owner[DOMAIN_TEXT_MAX];
		const char *zone;

		if (zone_of(rr, owner, &zone) == -1 || !is_readable(rr) ||
		    !domain_equal(zone, set->zone))
			continue;
		if (seen == 0)
			set_parameters(set, rr);
		if (!has_parameters(set, rr))
			set->state = NSEC3_MIXED;
		else if (set->iterations > limit)
			set->state = NSEC3_ABOVE_LIMIT;
		else if (++seen > NSEC3_RECORDS_MAX)
			set->state = NSEC3_TOO_MANY;
		else
			add_record(set, rr, owner);
	}
}

/* ---- hashes ---- */

static size_t
blocks_of(size_t octets)
{
	return (octets + PADDING_LEN + BLOCK_LEN - 1) / BLOCK_LEN;
}

uint64_t
nsec3_blocks(size_t len, unsigned iterations, size_t salt_len)
{
	return blocks_of(len + salt_len) +
	       (uint64_t)iterations * blocks_of(NSEC3_HASH_LEN + salt_len);
}

/* For a name of @len octets. */
static bool
may_hash(struct nsec3_set *set, struct budget *budget, size_t len)
{
	const uint64_t blocks =
	    nsec3_blocks(len, set->iterations, set->salt_len);

	if (set->blocks + blocks > NSEC3_BLOCKS_MAX ||
	    !budget_spend(budget, BUDGET_HASHING, blocks))
		return false;
	set->blocks += blocks;
	return true;
}

int
nsec3_hash(struct nsec3_set *set, struct budget *budget, const char *name,
    uint8_t hash[NSEC3_HASH_LEN])
{
	uint8_t wire[DOMAIN_WIRE_MAX], salt[sizeof(set->salt)];
	char label[DOMAIN_TEXT_MAX];
	const size_t len = domain_to_wire(name, wire);
	ldns_rdf *rdf, *hashed;
	int result = -1;

	if (len == 0 || !may_hash(set, budget, len) ||
	    (rdf = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, len, wire)) ==
		NULL)
		return -1;
	memcpy(salt, set->salt, set->salt_len);
	hashed = ldns_nsec3_hash_name(
	    rdf, SHA1, set->iterations, set->salt_len, salt);
	if (hashed != NULL && packet_name(hashed, label) == 0)
		result = decode_hash(label, hash);
	ldns_rdf_deep_free(hashed);
	ldns_rdf_deep_free(rdf);
	return result;
}

bool
nsec3_matches(
    const struct nsec3_record *record, const uint8_t hash[NSEC3_HASH_LEN])
{
	return memcmp(hash, record->hash, NSEC3_HASH_LEN) == 0;
}

bool
nsec3_covers(
    const struct nsec3_record *record, const uint8_t hash[NSEC3_HASH_LEN])
{
	const bool after = memcmp(hash, record->hash, NSEC3_HASH_LEN) > 0;
	const bool before = memcmp(hash, record->next, NSEC3_HASH_LEN) < 0;

	if (memcmp(record->hash, record->next, NSEC3_HASH_LEN) < 0)
		return after && before;
	return after || before;
}
