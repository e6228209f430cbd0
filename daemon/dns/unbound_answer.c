/* unbound_answer.c - whether a message from libunbound is complete. */

#include "dns/unbound_answer.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/domain.h"
#include "dns/nsec3.h"
#include "dns/proof_judge.h"
#include "dns/wire.h"

#define RRSIG_FIXED 18 /* up to the signer's name: RFC 4034 section 3.1 */

#define RCODE_NXDOMAIN 3
#define RCODE_YXDOMAIN 6

#define TYPE_CNAME 5
#define TYPE_NSEC 47
#define TYPE_NSEC3 50

#define NSEC3_FIXED 5       /* algorithm, flags, iterations, salt's length */
#define WAYS_MAX 16         /* to signers; libunbound follows 11 aliases */
#define UNBOUND_HASHES 136U /* by libunbound for one answer, at most */

/* @at never passes @len. */
struct reader {
	const uint8_t *wire;
	size_t len, at;
};

struct record {
	size_t owner, owner_len; /* offset of its name */
	size_t ttl;              /* likewise */
	uint16_t type;
	const uint8_t *rdata;
	size_t rdata_len;
};

/* What is in the sections. */
struct outline {
	bool has_type;   /* in the answer section */
	bool has_denial; /* NSEC or NSEC3 in the authority section */
	bool has_signature;
	/* About signatures; expired means beyond the skew: */
	bool has_old;      /* one has expired */
	bool is_over;      /* all of an RRset have expired */
	uint32_t lifetime; /* until the first of the others expires */
};

/* The signatures of one RRset are adjacent. */
struct signatures {
	bool any;
	size_t owner, owner_len;
	uint16_t covered;
	bool last; /* one of them has not expired */
};

static bool
skip_name(struct reader *reader)
{
	reader->at = wire_skip_name(reader->wire, reader->len, reader->at);
	return reader->at != 0;
}

static bool
read_record(struct reader *reader, struct record *record)
{
	const uint8_t *fixed;

	record->owner = reader->at;
	if (!skip_name(reader) || reader->len - reader->at < WIRE_RECORD_FIXED)
		return false;
	record->owner_len = reader->at - record->owner;
	fixed = reader->wire + reader->at;
	reader->at += WIRE_RECORD_FIXED;
	record->type = wire_get16(fixed);
	record->ttl = reader->at - WIRE_RECORD_FIXED + 4;
	record->rdata = fixed + WIRE_RECORD_FIXED;
	record->rdata_len = wire_get16(fixed + 8);
	if (record->rdata_len > reader->len - reader->at)
		return false;
	reader->at += record->rdata_len;
	return true;
}

/* libunbound always writes the owner of an RRset's records in the same way. */
static bool
same_owner(const struct reader *reader, const struct signatures *signatures,
    const struct record *record)
{
	return signatures->owner_len == record->owner_len &&
	       memcmp(reader->wire + signatures->owner,
		   reader->wire + record->owner, record->owner_len) == 0;
}

/* RFC 1982 section 3.2. */
static bool
is_later(uint32_t one, uint32_t other)
{
	return (int32_t)(one - other) > 0;
}

static void
end_signatures(struct signatures *signatures, struct outline *outline)
{
	if (signatures->any && !signatures->last) {
		outline->is_over = true;
		outline->lifetime = 0;
	}
	signatures->any = false;
}

/* Seconds from @now until a signature is no longer accepted. */
static uint32_t
time_left(uint32_t ends, uint32_t now)
{
	return is_later(ends, now) ? ends - now
				   : ends + UNBOUND_ANSWER_SKEW_SECONDS - now;
}

static void
read_signature(const struct reader *reader, const struct record *record,
    uint32_t now, struct signatures *signatures, struct outline *outline)
{
	uint16_t covered;
	uint32_t ends;

	if (record->rdata_len < RRSIG_FIXED)
		return;
	covered = wire_get16(record->rdata);
	ends = wire_get32(record->rdata + 8);
	if (!signatures->any || signatures->covered != covered ||
	    !same_owner(reader, signatures, record)) {
		end_signatures(signatures, outline);
		*signatures = (struct signatures){ true, record->owner,
			record->owner_len, covered, false };
	}
	if (is_later(now, ends + UNBOUND_ANSWER_SKEW_SECONDS)) {
		outline->has_old = true;
		return;
	}
	signatures->last = true;
	if (time_left(ends, now) < outline->lifetime)
		outline->lifetime = time_left(ends, now);
}

/* One section; false where it has fewer than @count records. */
static bool
read_section(struct reader *reader, size_t count, bool is_answer, uint16_t type,
    uint32_t now, struct outline *outline)
{
	struct signatures signatures = { 0 };
	struct record record;

	for (size_t i = 0; i < count; i++) {
		if (!read_record(reader, &record))
			return false;
		outline->has_signature |= record.type == WIRE_TYPE_RRSIG;
		if (record.type == WIRE_TYPE_RRSIG)
			read_signature(
			    reader, &record, now, &signatures, outline);
		else if (!is_answer)
			outline->has_denial |= record.type == TYPE_NSEC ||
					       record.type == TYPE_NSEC3;
		if (is_answer)
			outline->has_type |=
			    record.type == type || type == WIRE_TYPE_ANY;
	}
	end_signatures(&signatures, outline);
	return true;
}

static bool
skip_questions(struct reader *reader)
{
	for (unsigned i = wire_get16(reader->wire + 4); i > 0; i--) {
		if (!skip_name(reader) ||
		    reader->len - reader->at < WIRE_QUESTION_FIXED)
			return false;
		reader->at += WIRE_QUESTION_FIXED;
	}
	return true;
}

static bool
read_outline(const uint8_t *wire, size_t len, uint16_t type, uint32_t now,
    struct outline *outline)
{
	struct reader reader = { wire, len, WIRE_HEADER_LEN };

	*outline = (struct outline){ .lifetime = UINT32_MAX };
	return skip_questions(&reader) &&
	       read_section(
		   &reader, wire_get16(wire + 6), true, type, now, outline) &&
	       read_section(
		   &reader, wire_get16(wire + 8), false, type, now, outline);
}

static bool
is_proven(unsigned rcode, const struct outline *outline)
{
	return (rcode != RCODE_NXDOMAIN && outline->has_type) ||
	       outline->has_denial;
}

const char *
unbound_answer_flaw(const uint8_t *wire, size_t len, uint16_t type,
    enum dns_security security, bool just_validated, uint32_t now)
{
	struct outline outline;

	if (len < WIRE_HEADER_LEN || (wire[2] & WIRE_TC) != 0)
		return "the answer is too large to be handed over whole";
	if (!read_outline(wire, len, type, now, &outline))
		return "the answer is cut off";
	if ((wire[3] & WIRE_RCODE) == RCODE_YXDOMAIN)
		return "libunbound does not validate YXDOMAIN";
	if (security != DNS_SECURE)
		return NULL;
	if (!is_proven(wire[3] & WIRE_RCODE, &outline))
		return "a denial without the records that prove it";
	if (outline.is_over || (outline.has_old && !just_validated))
		return "signatures have ended since it was validated";
	return NULL;
}

uint32_t
unbound_answer_lifetime(const uint8_t *wire, size_t len, uint32_t now)
{
	struct outline outline;

	return read_outline(wire, len, 0, now, &outline) ? outline.lifetime
							 : UINT32_MAX;
}

bool
unbound_answer_is_signed(const uint8_t *wire, size_t len)
{
	struct outline outline;

	return len < WIRE_HEADER_LEN ||
	       !read_outline(wire, len, 0, 0, &outline) ||
	       outline.has_signature;
}

/* The NSEC3 records with the same parameters are usually adjacent.  If not, the
 * result is larger. */
struct hashing {
	const uint8_t *salt; /* of the last record, with the length octet before
			      * it */
	unsigned iterations;
	uint64_t sets;
	uint64_t blocks; /* for one name, with the most expensive parameters */
};

static void
read_nsec3(const struct record *record, struct hashing *hashing)
{
	const uint8_t *salt = record->rdata + NSEC3_FIXED - 1;
	unsigned iterations;
	uint64_t blocks;

	if (record->rdata_len < NSEC3_FIXED ||
	    salt[0] > record->rdata_len - NSEC3_FIXED)
		return;
	iterations = wire_get16(record->rdata + 2);
	if (iterations > PROOF_JUDGE_NSEC3_LIMIT ||
	    (hashing->salt != NULL && hashing->iterations == iterations &&
		memcmp(hashing->salt, salt, 1U + salt[0]) == 0))
		return;
	hashing->salt = salt;
	hashing->iterations = iterations;
	hashing->sets++;
	blocks = nsec3_blocks(DOMAIN_WIRE_MAX, iterations, salt[0]);
	if (blocks > hashing->blocks)
		hashing->blocks = blocks;
}

/* The offsets of a name's labels.  The name may end in a pointer.  At most
 * WIRE_LABELS_MAX labels. */
struct labels {
	size_t at[WIRE_LABELS_MAX];
	size_t count;
};

static void
find_labels(const uint8_t *wire, size_t len, size_t at, struct labels *labels)
{
	size_t pointers = 0;

	labels->count = 0;
	while (at < len && wire[at] != 0 && labels->count < WIRE_LABELS_MAX) {
		if (!wire_is_pointer(wire[at])) {
			if (wire[at] > WIRE_LABEL_MAX || wire[at] >= len - at)
				break;
			labels->at[labels->count++] = at;
			at += 1U + wire[at];
		} else if (len - at < 2 || ++pointers > WIRE_LABELS_MAX) {
			break;
		} else {
			at = wire_get16(wire + at) & WIRE_POINTER_TARGET;
		}
	}
}

static bool
same_label(const uint8_t *one, const uint8_t *other)
{
	if (one[0] != other[0])
		return false;
	for (size_t i = 1; i <= one[0]; i++)
		if (tolower(one[i]) != tolower(other[i]))
			return false;
	return true;
}

/* The zones whose names are the last 1 to @depth labels of @owner. */
struct way {
	struct labels owner;
	size_t depth;
};

/* Paths to signers, the first ones: a chain of aliases has no more. */
struct ways {
	struct way known[WAYS_MAX];
	size_t count;
	size_t zones; /* on all paths, each counted once */
};

/* How many zones are on both paths. */
static size_t
common(const uint8_t *wire, const struct way *one, const struct way *other)
{
	const size_t most =
	    one->depth < other->depth ? one->depth : other->depth;
	size_t zones = 0;

	while (zones < most &&
	       same_label(wire + one->owner.at[one->owner.count - 1 - zones],
		   wire + other->owner.at[other->owner.count - 1 - zones]))
		zones++;
	return zones;
}

static void
add_way(const uint8_t *wire, const struct way *way, struct ways *ways)
{
	size_t passed = 0;

	for (size_t i = 0; i < ways->count && passed < way->depth; i++) {
		const size_t both = common(wire, &ways->known[i], way);

		if (both > passed)
			passed = both;
	}
	if (passed == way->depth)
		return;
	ways->zones += way->depth - passed;
	if (ways->count < WAYS_MAX)
		ways->known[ways->count++] = *way;
}

/* The path to the signer, whose name is not compressed (RFC 4034 section
 * 3.1.7), as far as it can be an ancestor of the signed name.  So the owner's
 * labels are counted: no other signer's name can hide the true one. */
static void
read_way(
    const struct reader *reader, const struct record *record, struct way *way)
{
	struct labels signer;

	find_labels(record->rdata, record->rdata_len, RRSIG_FIXED, &signer);
	find_labels(reader->wire, reader->len, record->owner, &way->owner);
	way->depth =
	    signer.count < way->owner.count ? signer.count : way->owner.count;
}

/* What libunbound may have done for the records that were read. */
struct work {
	struct hashing hashing;
	struct ways ways;
	size_t sets;
	bool has_alias;
};

/* @last: the RRset of the signature before.  Zones of denials count in any
 * section. */
static void
count_signature(const struct reader *reader, const struct record *record,
    bool is_answer, struct signatures *last, struct work *work)
{
	const uint16_t covered = wire_get16(record->rdata);
	struct way way;

	if (is_answer || covered == TYPE_NSEC || covered == TYPE_NSEC3) {
		read_way(reader, record, &way);
		add_way(reader->wire, &way, &work->ways);
	}
	if (last->any && last->covered == covered &&
	    same_owner(reader, last, record))
		return;
	*last = (struct signatures){ true, record->owner, record->owner_len,
		covered, false };
	work->sets++;
}

static void
count_section(
    struct reader *reader, unsigned records, bool is_answer, struct work *work)
{
	struct signatures last = { 0 };
	struct record record;

	for (; records > 0 && read_record(reader, &record); records--)
		if (record.type == TYPE_CNAME)
			work->has_alias = true;
		else if (record.type == TYPE_NSEC3)
			read_nsec3(&record, &work->hashing);
		else if (record.type == WIRE_TYPE_RRSIG &&
			 record.rdata_len >= RRSIG_FIXED)
			count_signature(
			    reader, &record, is_answer, &last, work);
}

struct unbound_answer_cost
unbound_answer_cost(const uint8_t *wire, size_t len, size_t labels)
{
	struct reader reader = { wire, len, WIRE_HEADER_LEN };
	struct work work = { 0 };
	uint64_t names;

	if (len >= WIRE_HEADER_LEN && skip_questions(&reader)) {
		count_section(&reader, wire_get16(wire + 6), true, &work);
		count_section(&reader, wire_get16(wire + 8), false, &work);
	}
	/* The root is not hashed; one more for a wildcard. */
	names = ((work.has_alias ? WIRE_LABELS_MAX : labels) + 1) *
		work.hashing.sets;
	if (names > UNBOUND_HASHES)
		names = UNBOUND_HASHES;
	return (struct unbound_answer_cost){ names * work.hashing.blocks,
		work.ways.zones, work.sets };
}

void
unbound_answer_cut_ttls(uint8_t *wire, size_t len, uint32_t ttl)
{
	struct reader reader = { wire, len, WIRE_HEADER_LEN };
	struct record record;
	unsigned records;

	if (len < WIRE_HEADER_LEN || !skip_questions(&reader))
		return;
	records = (unsigned)wire_get16(wire + 6) + wire_get16(wire + 8);
	for (; records > 0 && read_record(&reader, &record); records--) {
		if (wire_get32(wire + record.ttl) > ttl)
			wire_put32(wire + record.ttl, ttl);
	}
}
