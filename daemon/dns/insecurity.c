/* insecurity.c - what one answer to a DS question proves. */

#include "dns/insecurity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/packet.h"

/* More NSEC3 records than any honest denial has (closest encloser, next
 * closer, wildcard); bounds the hashing that a packet can make us do. */
#define NSEC3_MAX 8
/* Above this nothing is hashed: no signer uses it, and it costs us time. */
#define ITERATIONS_MAX 10000
#define HASH_LEN 20       /* octets of SHA-1, the only NSEC3 hash */
#define HASH_LABEL_LEN 32 /* the same in base32hex */
#define NSEC3_HASH_SHA1 1

bool
insecurity_ds_supported(uint8_t algorithm, uint8_t digest)
{
	/* As Debian's libunbound is built: no GOST, no ED448, no DSA, no
	 * RSAMD5.  tests/unit holds this table against the library. */
	switch (algorithm) {
	case 5:  /* RSASHA1 */
	case 7:  /* RSASHA1-NSEC3-SHA1 */
	case 8:  /* RSASHA256 */
	case 10: /* RSASHA512 */
	case 13: /* ECDSAP256SHA256 */
	case 14: /* ECDSAP384SHA384 */
	case 15: /* ED25519 */
		break;
	default:
		return false;
	}
	/* SHA-1, SHA-256, SHA-384 */
	return digest == 1 || digest == 2 || digest == 4;
}

const char *
insecurity_text(
    enum insecurity_reason reason, const char *name, char *text, size_t size)
{
	static const char *const says[] = {
		[INSECURITY_REASON_NONE] = ": no reason",
		[INSECURITY_REASON_NSEC] =
		    " denied by NSEC: delegation without DS",
		[INSECURITY_REASON_NSEC3] =
		    " denied by NSEC3: delegation without DS",
		[INSECURITY_REASON_OPT_OUT] = " in an opt-out span of NSEC3",
		[INSECURITY_REASON_UNSUPPORTED] =
		    ": no algorithm or digest that can be validated",
		[INSECURITY_REASON_ITERATIONS] =
		    " denied by NSEC3 above the iteration limit: delegation "
		    "without DS",
		[INSECURITY_REASON_CONFIGURED] = " not asked: a zone block "
						 "says insecure",
		[INSECURITY_REASON_LOCAL] =
		    " not asked: no name of the internet (RFC 6761, 6303)",
	};

	snprintf(text, size, "DS of %s%s", name, says[reason]);
	return text;
}

/* ---- the authority section ---- */

static uint8_t
rdf_octet(const ldns_rdf *rdf)
{
	return rdf != NULL && ldns_rdf_size(rdf) == 1 ? ldns_rdf_data(rdf)[0]
						      : 0;
}

/* An RRSIG's type covered, labels and signer: RFC 4034 section 3.1. */
static bool
signature_covers(const ldns_rr *rrsig, ldns_rr_type type)
{
	const ldns_rdf *covered = ldns_rr_rdf(rrsig, 0);

	return covered != NULL && ldns_rdf_size(covered) == 2 &&
	       ldns_read_uint16(ldns_rdf_data(covered)) == type;
}

/*
 * Whether the RRset (@owner, @type) in @list carries signatures, all of them
 * by @zone and none of a wildcard.
 */
static bool
signed_by(const ldns_rr_list *list, const char *owner, ldns_rr_type type,
    const char *zone)
{
	char text[DOMAIN_TEXT_MAX];
	bool found = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG ||
		    packet_owner(rr, text) == -1 ||
		    !domain_equal(text, owner) || !signature_covers(rr, type))
			continue;
		if (rdf_octet(ldns_rr_rdf(rr, 2)) != domain_labels(owner) ||
		    packet_name(ldns_rr_rdf(rr, 7), text) == -1 ||
		    !domain_equal(text, zone))
			return false;
		found = true;
	}
	return found;
}

/* The one signer of (@owner, NSEC): the zone the record speaks for. */
static int
nsec_zone(
    const ldns_rr_list *list, const char *owner, char zone[DOMAIN_TEXT_MAX])
{
	char text[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
		    signature_covers(rr, LDNS_RR_TYPE_NSEC) &&
		    packet_owner(rr, text) == 0 && domain_equal(text, owner))
			return packet_name(ldns_rr_rdf(rr, 7), zone);
	}
	return -1;
}

/* Whether every SOA in the section is @zone's; none at all is fine. */
static bool
soa_agrees(const ldns_rr_list *list, const char *zone)
{
	char owner[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA)
			continue;
		if (packet_owner(rr, owner) == -1 || !domain_equal(owner, zone))
			return false;
	}
	return true;
}

/* Type bit maps of NSEC and NSEC3: RFC 4034 section 4.1.2.  NULL: no types. */
static bool
bitmap_has(const ldns_rdf *bitmap, unsigned type)
{
	const uint8_t *data = bitmap != NULL ? ldns_rdf_data(bitmap) : NULL;
	size_t left = bitmap != NULL ? ldns_rdf_size(bitmap) : 0;

	while (left >= 2) {
		const size_t window = data[0], len = data[1];

		if (len > 32 || len > left - 2)
			return false;
		if (window == type / 256) {
			const size_t octet = type % 256 / 8;

			return octet < len &&
			       (data[2 + octet] & (0x80U >> type % 8)) != 0;
		}
		data += 2 + len;
		left -= 2 + len;
	}
	return false;
}

/* ---- NSEC3: RFC 5155 ---- */

struct nsec3 {
	const ldns_rr *rr;
	char owner[DOMAIN_TEXT_MAX];
	const char *zone; /* inside owner */
	uint8_t hash[HASH_LEN];
	uint8_t next[HASH_LEN];
	bool opt_out;
	uint16_t iterations;
	uint8_t salt[255];
	uint8_t salt_len;
	const ldns_rdf *bitmap; /* or NULL: no types */
};

/* base32hex of a hashed owner label. */
static int
decode_hash(const char *label, uint8_t hash[HASH_LEN])
{
	uint8_t decoded[HASH_LEN + 5];

	if (strcspn(label, ".") != HASH_LABEL_LEN ||
	    ldns_b32_pton_extended_hex(
		label, HASH_LABEL_LEN, decoded, sizeof(decoded)) != HASH_LEN)
		return -1;
	memcpy(hash, decoded, HASH_LEN);
	return 0;
}

static int
read_nsec3(const ldns_rr *rr, struct nsec3 *nsec3)
{
	const ldns_rdf *salt = ldns_rr_rdf(rr, 3), *next = ldns_rr_rdf(rr, 4);
	const ldns_rdf *iterations = ldns_rr_rdf(rr, 2);

	/* An empty non-terminal has no types, and ldns then no field. */
	if (ldns_rr_rd_count(rr) < 5 ||
	    rdf_octet(ldns_rr_rdf(rr, 0)) != NSEC3_HASH_SHA1 ||
	    packet_owner(rr, nsec3->owner) == -1 ||
	    decode_hash(nsec3->owner, nsec3->hash) == -1 ||
	    ldns_rdf_size(iterations) != 2 || ldns_rdf_size(salt) < 1 ||
	    ldns_rdf_size(salt) != 1U + ldns_rdf_data(salt)[0] ||
	    ldns_rdf_size(next) != 1 + HASH_LEN ||
	    ldns_rdf_data(next)[0] != HASH_LEN)
		return -1;
	nsec3->rr = rr;
	nsec3->zone = domain_parent(nsec3->owner);
	memcpy(nsec3->next, ldns_rdf_data(next) + 1, HASH_LEN);
	nsec3->opt_out = (rdf_octet(ldns_rr_rdf(rr, 1)) & 1) != 0;
	nsec3->iterations = ldns_read_uint16(ldns_rdf_data(iterations));
	nsec3->salt_len = ldns_rdf_data(salt)[0];
	memcpy(nsec3->salt, ldns_rdf_data(salt) + 1, nsec3->salt_len);
	nsec3->bitmap = ldns_rr_rdf(rr, 5);
	return nsec3->iterations > ITERATIONS_MAX ? -1 : 0;
}

static int
hash_name(const struct nsec3 *how, const char *name, uint8_t hash[HASH_LEN])
{
	uint8_t wire[DOMAIN_WIRE_MAX];
	char label[DOMAIN_TEXT_MAX];
	const size_t len = domain_to_wire(name, wire);
	ldns_rdf *rdf, *hashed;
	int result = -1;

	if (len == 0 || (rdf = ldns_rdf_new_frm_data(
			     LDNS_RDF_TYPE_DNAME, len, wire)) == NULL)
		return -1;
	hashed = ldns_nsec3_hash_name(
	    rdf, NSEC3_HASH_SHA1, how->iterations, how->salt_len, how->salt);
	if (hashed != NULL && packet_name(hashed, label) == 0)
		result = decode_hash(label, hash);
	ldns_rdf_deep_free(hashed);
	ldns_rdf_deep_free(rdf);
	return result;
}

static bool
hash_matches(const struct nsec3 *nsec3, const char *name)
{
	uint8_t hash[HASH_LEN];

	return hash_name(nsec3, name, hash) == 0 &&
	       memcmp(hash, nsec3->hash, HASH_LEN) == 0;
}

/* Strictly between owner and next, which wrap around at the zone's end. */
static bool
hash_covered(const struct nsec3 *nsec3, const char *name)
{
	uint8_t hash[HASH_LEN];
	bool after, before;

	if (hash_name(nsec3, name, hash) == -1)
		return false;
	after = memcmp(hash, nsec3->hash, HASH_LEN) > 0;
	before = memcmp(hash, nsec3->next, HASH_LEN) < 0;
	if (memcmp(nsec3->hash, nsec3->next, HASH_LEN) < 0)
		return after && before;
	return after || before;
}

/* The NSEC3 records of @list that are of @zone's own making. */
static size_t
collect_nsec3(
    const ldns_rr_list *list, const char *zone, struct nsec3 found[NSEC3_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list) && count < NSEC3_MAX;
	     i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NSEC3 &&
		    read_nsec3(rr, &found[count]) == 0 &&
		    domain_equal(found[count].zone, zone) &&
		    signed_by(
			list, found[count].owner, LDNS_RR_TYPE_NSEC3, zone))
			count++;
	}
	return count;
}

/*
 * Whether @name lies in an opt-out span of @zone: the closest encloser is
 * shown to exist, and an opt-out record covers the next closer name
 * (RFC 5155 section 8.9).
 */
static const struct nsec3 *
opt_out_of(
    const struct nsec3 *nsec3, size_t count, const char *name, const char *zone)
{
	const char *next_closer = name;

	for (const char *encloser = domain_parent(name);
	     encloser != NULL && domain_is_within(encloser, zone);
	     next_closer = encloser, encloser = domain_parent(encloser)) {
		bool exists = false;

		for (size_t i = 0; i < count && !exists; i++)
			exists = hash_matches(&nsec3[i], encloser);
		if (!exists)
			continue;
		for (size_t i = 0; i < count; i++)
			if (nsec3[i].opt_out &&
			    hash_covered(&nsec3[i], next_closer))
				return &nsec3[i];
		return NULL;
	}
	return NULL;
}

/* ---- the rules ---- */

/* A delegation without DS, and not the apex of the child. */
static bool
bitmap_is_cut(const ldns_rdf *bitmap)
{
	return bitmap_has(bitmap, DNS_TYPE_NS) &&
	       !bitmap_has(bitmap, DNS_TYPE_DS) &&
	       !bitmap_has(bitmap, DNS_TYPE_SOA);
}

static bool
zone_may_speak(const struct insecurity_question *question,
    const ldns_rr_list *authority, const char *zone)
{
	return domain_is_within(question->name, zone) &&
	       !domain_equal(question->name, zone) &&
	       domain_is_within(zone, question->signed_zone) &&
	       soa_agrees(authority, zone);
}

static void
keep_ttl(struct insecurity_finding *finding, const ldns_rr *rr)
{
	if (ldns_rr_ttl(rr) < finding->ttl)
		finding->ttl = ldns_rr_ttl(rr);
}

/* What the bit map at the name itself says; true when that settles it. */
static bool
read_own_bitmap(const ldns_rdf *bitmap, const ldns_rr *rr,
    enum insecurity_reason reason, struct insecurity_finding *finding)
{
	if (bitmap_is_cut(bitmap)) {
		finding->verdict = INSECURITY_PROVEN;
		finding->reason = reason;
		keep_ttl(finding, rr);
		return true;
	}
	if (bitmap_has(bitmap, DNS_TYPE_DNAME))
		finding->dname = true;
	return false;
}

static bool
cut_by_nsec(const struct insecurity_question *question,
    struct insecurity_finding *finding)
{
	const ldns_rr_list *authority = ldns_pkt_authority(question->packet);
	char owner[DOMAIN_TEXT_MAX], zone[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC ||
		    ldns_rr_rd_count(rr) < 2 || packet_owner(rr, owner) == -1 ||
		    !domain_equal(owner, question->name) ||
		    nsec_zone(authority, owner, zone) == -1 ||
		    !signed_by(authority, owner, LDNS_RR_TYPE_NSEC, zone) ||
		    !zone_may_speak(question, authority, zone))
			continue;
		if (read_own_bitmap(ldns_rr_rdf(rr, 1), rr,
			INSECURITY_REASON_NSEC, finding))
			return true;
	}
	return false;
}

/* @above_limit: libunbound did not look at the denial, so only records whose
 * iterations explain that count. */
static bool
cut_by_nsec3(const struct insecurity_question *question, bool above_limit,
    struct insecurity_finding *finding)
{
	const ldns_rr_list *authority = ldns_pkt_authority(question->packet);
	struct nsec3 nsec3;
	unsigned seen = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC3 ||
		    read_nsec3(rr, &nsec3) == -1 ||
		    !zone_may_speak(question, authority, nsec3.zone) ||
		    !signed_by(authority, nsec3.owner, LDNS_RR_TYPE_NSEC3,
			nsec3.zone) ||
		    (above_limit && nsec3.iterations <= INSECURITY_NSEC3_LIMIT))
			continue;
		if (++seen > NSEC3_MAX)
			break;
		if (hash_matches(&nsec3, question->name) &&
		    read_own_bitmap(nsec3.bitmap, rr,
			above_limit ? INSECURITY_REASON_ITERATIONS
				    : INSECURITY_REASON_NSEC3,
			finding))
			return true;
	}
	return false;
}

static bool
opted_out(const struct insecurity_question *question,
    struct insecurity_finding *finding)
{
	const ldns_rr_list *authority = ldns_pkt_authority(question->packet);
	const char *zone = question->signed_zone;
	struct nsec3 nsec3[NSEC3_MAX];
	const struct nsec3 *span;
	size_t count;

	if (!zone_may_speak(question, authority, zone))
		return false;
	count = collect_nsec3(authority, zone, nsec3);
	span = opt_out_of(nsec3, count, question->name, zone);
	if (span == NULL)
		return false;
	finding->reason = INSECURITY_REASON_OPT_OUT;
	keep_ttl(finding, span->rr);
	return true;
}

static void
judge_ds(const struct insecurity_question *question,
    const struct packet_facts *facts, struct insecurity_finding *finding)
{
	finding->ttl = facts->ttl;
	if (question->security != DNS_SECURE) {
		finding->verdict = INSECURITY_UNEXPLAINED;
		return;
	}
	for (size_t i = 0; i < facts->rdata_count; i++) {
		const struct dns_rdata *ds = &facts->rdata[i];

		/* key tag, algorithm, digest type, digest */
		if (ds->len > 4 &&
		    insecurity_ds_supported(ds->data[2], ds->data[3])) {
			finding->verdict = INSECURITY_SIGNED;
			return;
		}
	}
	finding->verdict = INSECURITY_PROVEN;
	finding->reason = INSECURITY_REASON_UNSUPPORTED;
}

static void
judge_nodata(const struct insecurity_question *question,
    struct insecurity_finding *finding)
{
	if (question->security == DNS_SECURE) {
		if (!cut_by_nsec(question, finding) &&
		    !cut_by_nsec3(question, false, finding))
			finding->verdict = INSECURITY_NO_CUT;
		return;
	}
	finding->verdict = INSECURITY_UNEXPLAINED;
	if (opted_out(question, finding))
		finding->verdict = INSECURITY_PROVEN;
	else
		cut_by_nsec3(question, true, finding);
}

static void
judge_nxdomain(const struct insecurity_question *question,
    struct insecurity_finding *finding)
{
	if (question->security == DNS_SECURE)
		finding->verdict = INSECURITY_NO_NAME;
	else if (opted_out(question, finding))
		finding->verdict = INSECURITY_PROVEN_NXDOMAIN;
	else
		finding->verdict = INSECURITY_UNEXPLAINED;
}

static bool
has_alias(const ldns_rr_list *answer)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		switch (ldns_rr_get_type(ldns_rr_list_rr(answer, i))) {
		case LDNS_RR_TYPE_CNAME:
		case LDNS_RR_TYPE_DNAME:
			return true;
		default:
			break;
		}
	}
	return false;
}

void
insecurity_judge(const struct insecurity_question *question,
    struct insecurity_finding *finding)
{
	const ldns_rr_list *answer;
	struct packet_facts facts;

	memset(finding, 0, sizeof(*finding));
	finding->ttl = UINT32_MAX;
	if (question->packet == NULL)
		return;

	/* An alias leads the question to another name, possibly an unsigned
	 * one: whatever comes back says nothing about this one. */
	answer = ldns_pkt_answer(question->packet);
	if (has_alias(answer)) {
		finding->verdict = INSECURITY_NO_CUT;
		finding->alias = true;
		return;
	}
	if ((question->security != DNS_SECURE &&
		question->security != DNS_INSECURE) ||
	    packet_facts(
		question->packet, question->name, DNS_TYPE_DS, &facts) == -1)
		return;

	finding->ttl = facts.ttl;
	if (facts.status == DNS_OK)
		judge_ds(question, &facts, finding);
	else if (ldns_rr_list_rr_count(answer) != 0)
		finding->verdict = INSECURITY_NO_CUT;
	else if (facts.status == DNS_NODATA)
		judge_nodata(question, finding);
	else if (facts.status == DNS_NXDOMAIN)
		judge_nxdomain(question, finding);
	packet_facts_clear(&facts);
}
