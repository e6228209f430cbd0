/* What makes an answer from libunbound less than the whole, and what does
 * not. */

#include "dns/unbound_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message_fixture.h"
#include "test_main.h"

#define NAME "_25._tcp.mx.example"
#define SIG "13 4 300 20261231000000 20261201000000 1 example. AAAA"
/* The middle of December 2026. */
#define NOW 1797336000U
#define DAY 86400

static const char *const tlsa[] = { NAME ". 300 IN TLSA 3 1 1 00", NULL };
static const char *const alias[] = { NAME ". 300 IN CNAME a.example.", NULL };
static const char *const alias_tlsa[] = { NAME ". 300 IN CNAME a.example.",
	"a.example. 300 IN TLSA 3 1 1 00", NULL };
static const char *const dname[] = { "example. 300 IN DNAME e.example.", NULL };
static const char *const soa[] = { "example. 300 IN SOA . . 1 1 1 1 60", NULL };
static const char *const nsec[] = { "example. 300 IN SOA . . 1 1 1 1 60",
	"mx.example. 300 IN NSEC z.example. A RRSIG NSEC", NULL };
static const char *const nsec3[] = { "example. 300 IN SOA . . 1 1 1 1 60",
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 300 IN NSEC3 1 0 0 - "
	"2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
	NULL };

static const struct {
	const char *what;
	enum dns_security security;
	int rcode;
	const char *const *answer, *const *authority;
	bool whole;
} rows[] = {
	{ "data", DNS_SECURE, 0, tlsa, NULL, true },
	{ "data behind an alias", DNS_SECURE, 0, alias_tlsa, NULL, true },
	{ "nothing at all", DNS_SECURE, 0, NULL, NULL, false },
	{ "an alias alone", DNS_SECURE, 0, alias, NULL, false },
	{ "only an SOA", DNS_SECURE, 0, NULL, soa, false },
	{ "no name, only an SOA", DNS_SECURE, 3, NULL, soa, false },
	{ "no name beside data", DNS_SECURE, 3, tlsa, NULL, false },
	{ "denied by NSEC", DNS_SECURE, 0, NULL, nsec, true },
	{ "denied by NSEC3", DNS_SECURE, 0, NULL, nsec3, true },
	{ "no name by NSEC", DNS_SECURE, 3, NULL, nsec, true },
	{ "NSEC in the wrong section", DNS_SECURE, 0, nsec, NULL, false },
	{ "an alias to nothing", DNS_SECURE, 0, alias, nsec, true },
	{ "too long by DNAME", DNS_SECURE, 6, dname, NULL, false },
	{ "too long, unvalidated", DNS_INSECURE, 6, dname, NULL, false },
	{ "too long beside data", DNS_INSECURE, 6, tlsa, NULL, false },
	/* What is insecure has no proofs; the walk asks for its reason. */
	{ "insecure denial", DNS_INSECURE, 0, NULL, NULL, true },
	{ "insecure denial with SOA", DNS_INSECURE, 3, NULL, soa, true },
	{ "bogus denial", DNS_BOGUS, 0, NULL, NULL, true },
};

static const char *
flaw_of(const struct message *message, enum dns_security security)
{
	return unbound_answer_flaw(
	    message->wire, message->len, DNS_TYPE_TLSA, security, false, NOW);
}

START_TEST(secure_denial_needs_its_proof)
{
	struct message message = message_make(NAME, DNS_TYPE_TLSA,
	    rows[_i].rcode, rows[_i].answer, rows[_i].authority);
	const char *flaw = flaw_of(&message, rows[_i].security);

	ck_assert_msg((flaw == NULL) == rows[_i].whole, "%s: %s", rows[_i].what,
	    flaw != NULL ? flaw : "whole");
	free(message.wire);
}
END_TEST

/* The attack: what was swollen does not fit, and nothing is left but TC. */
START_TEST(truncated_is_never_whole)
{
	struct message message = message_make(NAME, DNS_TYPE_TLSA,
	    rows[_i].rcode, rows[_i].answer, rows[_i].authority);

	message.wire[2] |= 0x02;
	ck_assert_ptr_nonnull(flaw_of(&message, rows[_i].security));
	free(message.wire);
}
END_TEST

START_TEST(every_octet_counts)
{
	struct message message =
	    message_make(NAME, DNS_TYPE_TLSA, 0, alias_tlsa, nsec);

	ck_assert_ptr_null(flaw_of(&message, DNS_SECURE));
	for (size_t len = 0; len < message.len; len++) {
		/* On the heap, so that no octet more is read. */
		uint8_t *copy = malloc(len > 0 ? len : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, message.wire, len);
		ck_assert_ptr_nonnull(unbound_answer_flaw(
		    copy, len, DNS_TYPE_TLSA, DNS_INSECURE, false, NOW));
		free(copy);
	}
	free(message.wire);
}
END_TEST

/* More records than there are: in the answer, and in the authority. */
START_TEST(counts_must_agree)
{
	struct message message =
	    message_make(NAME, DNS_TYPE_TLSA, 0, tlsa, nsec);

	message.wire[_i == 0 ? 7 : 9]++;
	ck_assert_ptr_nonnull(flaw_of(&message, DNS_SECURE));
	free(message.wire);
}
END_TEST

/* A signature's end, in seconds from now; 0: there is none. */
static const struct {
	const char *what;
	long first, second, other;  /* two of TLSA, one of NSEC */
	bool whole, just_validated; /* out of a cache, or not */
} ends[] = {
	{ "without", 0, 0, 0, true, true },
	{ "lasting", DAY, 0, DAY, true, true },
	{ "just ended", -UNBOUND_ANSWER_SKEW_SECONDS, 0, DAY, true, true },
	{ "ended", -UNBOUND_ANSWER_SKEW_SECONDS - 1, 0, DAY, false, false },
	{ "ended long ago", -23 * 3600, 0, 0, false, false },
	/* Left behind by a signer, and libunbound took the other one; or the
	 * other one is junk, which shall keep in the cache what has ended. */
	{ "an old one beside it", -DAY, DAY, 0, false, true },
	{ "an old one behind it", DAY, -DAY, 0, false, true },
	{ "two old ones", -DAY, -2 * DAY, 0, false, false },
	{ "the denial's has ended", DAY, 0, -DAY, false, false },
};

static void
push_signature(ldns_pkt *packet, ldns_pkt_section section, const char *owner,
    const char *type, long end)
{
	char line[256];
	ldns_rr *rr;

	if (end == 0)
		return;
	snprintf(line, sizeof(line), "%s 300 IN RRSIG %s " SIG, owner, type);
	rr = message_record(line);
	ldns_rdf_deep_free(ldns_rr_set_rdf(rr,
	    ldns_native2rdf_int32(
		LDNS_RDF_TYPE_TIME, (uint32_t)(NOW + (unsigned long)end)),
	    4));
	ldns_pkt_push_rr(packet, section, rr);
}

/* With signatures that end as the row says. */
static struct message
signed_message(long first, long second, long other)
{
	ldns_pkt *packet = message_packet(NAME, DNS_TYPE_TLSA, 0, tlsa, nsec);
	struct message message;

	push_signature(packet, LDNS_SECTION_ANSWER, NAME ".", "TLSA", first);
	push_signature(packet, LDNS_SECTION_ANSWER, NAME ".", "TLSA", second);
	push_signature(
	    packet, LDNS_SECTION_AUTHORITY, "mx.example.", "NSEC", other);
	ck_assert_int_eq(
	    ldns_pkt2wire(&message.wire, packet, &message.len), LDNS_STATUS_OK);
	ldns_pkt_free(packet);
	return message;
}

START_TEST(signatures_end_when_they_end)
{
	struct message message =
	    signed_message(ends[_i].first, ends[_i].second, ends[_i].other);
	const char *flaw;

	flaw = flaw_of(&message, DNS_SECURE);
	ck_assert_msg((flaw == NULL) == ends[_i].whole, "%s: %s", ends[_i].what,
	    flaw != NULL ? flaw : "whole");
	ck_assert_ptr_null(flaw_of(&message, DNS_INSECURE));
	flaw = unbound_answer_flaw(
	    message.wire, message.len, DNS_TYPE_TLSA, DNS_SECURE, true, NOW);
	ck_assert_msg((flaw == NULL) == ends[_i].just_validated, "%s, now: %s",
	    ends[_i].what, flaw != NULL ? flaw : "whole");
	free(message.wire);
}
END_TEST

/* How long it may be believed, for the same rows. */
START_TEST(lifetime_is_that_of_the_first_end)
{
	static const struct {
		long first, second, other;
		uint32_t lifetime;
	} lives[] = {
		{ 0, 0, 0, UINT32_MAX },
		{ DAY, 0, 600, 600 },
		{ 600, 0, DAY, 600 },
		{ 600, DAY, 0, 600 },
		{ DAY, 600, 0, 600 },
		{ -60, DAY, 0, UNBOUND_ANSWER_SKEW_SECONDS - 60 },
		{ -DAY, DAY, 0, DAY },
		{ -60, 0, DAY, UNBOUND_ANSWER_SKEW_SECONDS - 60 },
		{ -UNBOUND_ANSWER_SKEW_SECONDS, 0, DAY, 0 },
		{ -DAY, 0, DAY, 0 },
	};
	struct message message =
	    signed_message(lives[_i].first, lives[_i].second, lives[_i].other);

	ck_assert_uint_eq(
	    unbound_answer_lifetime(message.wire, message.len, NOW),
	    lives[_i].lifetime);
	free(message.wire);
}
END_TEST

START_TEST(ttls_are_cut)
{
	struct message message =
	    message_make(NAME, DNS_TYPE_TLSA, 0, alias_tlsa, nsec);
	ldns_pkt *packet = NULL;

	unbound_answer_cut_ttls(message.wire, message.len, 120);
	ck_assert_int_eq(
	    ldns_wire2pkt(&packet, message.wire, message.len), LDNS_STATUS_OK);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(
		    ldns_rr_ttl(ldns_rr_list_rr(ldns_pkt_answer(packet), i)),
		    120);
		ck_assert_uint_eq(
		    ldns_rr_ttl(ldns_rr_list_rr(ldns_pkt_authority(packet), i)),
		    120);
	}
	ldns_pkt_free(packet);
	unbound_answer_cut_ttls(message.wire, message.len, 300);
	ck_assert_int_eq(
	    ldns_wire2pkt(&packet, message.wire, message.len), LDNS_STATUS_OK);
	ck_assert_uint_eq(
	    ldns_rr_ttl(ldns_rr_list_rr(ldns_pkt_answer(packet), 0)), 120);
	ldns_pkt_free(packet);
	free(message.wire);
}
END_TEST

#define N3(salt, iterations)                                                   \
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 300 IN NSEC3 1 "            \
	"0 " #iterations " " salt " 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG"
#define SALT_36                                                                \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789"           \
	"abcdef01234567"

/* What libunbound hashes, in SHA-1 blocks: the longest name takes five with a
 * short salt, and a hash one. */
static const struct {
	const char *what;
	unsigned labels;
	const char *const *answer;
	const char *authority[4];
	uint64_t blocks;
} hashed[] = {
	{ "nothing", 4, NULL, { "example. 300 IN SOA . . 1 1 1 1 60" }, 0 },
	{ "no iterations", 4, NULL, { N3("-", 0) }, 5ULL * 5 },
	{ "iterations", 4, NULL, { N3("ab", 100) }, 5ULL * 105 },
	{ "a salt of two blocks", 4, NULL, { N3(SALT_36, 100) }, 5ULL * 205 },
	{ "at the limit", 4, NULL, { N3("-", 150) }, 5ULL * 155 },
	/* libunbound does not look at it. */
	{ "above the limit", 4, NULL, { N3("-", 151) }, 0 },
	{ "the same parameters", 4, NULL,
	    { N3("ab", 9), N3("ab", 9), N3("ab", 9) }, 5ULL * 14 },
	{ "another salt", 4, NULL, { N3("ab", 9), N3("ac", 9) }, 10ULL * 14 },
	{ "a longer salt", 4, NULL, { N3("ab", 9), N3("abab", 9) },
	    10ULL * 14 },
	{ "other iterations, the dearer first", 4, NULL,
	    { N3("-", 9), N3("-", 8) }, 10ULL * 14 },
	{ "other iterations", 4, NULL, { N3("-", 8), N3("-", 9) }, 10ULL * 14 },
	{ "the longest name", 127, NULL, { N3("-", 1) }, 128ULL * 6 },
	{ "no more than it makes", 127, NULL, { N3("-", 1), N3("ab", 1) },
	    136ULL * 6 },
	{ "behind an alias", 4, alias, { N3("-", 1) }, 128ULL * 6 },
	{ "data", 4, tlsa, { N3("-", 1) }, 5ULL * 6 },
};

START_TEST(hashing_is_counted)
{
	struct message message = message_make(
	    NAME, DNS_TYPE_TLSA, 0, hashed[_i].answer, hashed[_i].authority);
	const uint64_t blocks =
	    unbound_answer_cost(message.wire, message.len, hashed[_i].labels)
		.hashing;

	ck_assert_msg(blocks == hashed[_i].blocks, "%s: %llu", hashed[_i].what,
	    (unsigned long long)blocks);
	for (size_t len = 0; len < message.len; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, message.wire, len);
		ck_assert_uint_le(
		    unbound_answer_cost(copy, len, hashed[_i].labels).hashing,
		    blocks);
		free(copy);
	}
	free(message.wire);
}
END_TEST

#define SIGNED(owner, type, signer)                                            \
	owner ". 300 IN RRSIG " type                                           \
	      " 13 4 300 20261231000000 20261201000000 1 " signer ". AAAA"
#define NEXT "x.c.b.a.example. 300 IN NSEC z.example. A RRSIG NSEC"

/* A zone for each label of the signer's name. */
static const struct {
	const char *what;
	const char *answer[6], *authority[6];
	size_t zones;
} ways[] = {
	{ "unsigned", { NAME ". 300 IN TLSA 3 1 1 00" }, { NULL }, 0 },
	{ "the root", { SIGNED(NAME, "TLSA", "") }, { NULL }, 0 },
	{ "a zone", { SIGNED(NAME, "TLSA", "mx.example") }, { NULL }, 2 },
	{ "the name's own", { SIGNED(NAME, "TLSA", NAME) }, { NULL }, 4 },
	{ "two sets of one name",
	    { SIGNED(NAME, "TLSA", "mx.example"),
		SIGNED(NAME, "A", "mx.example") },
	    { NULL }, 2 },
	{ "the longest, first",
	    { SIGNED(NAME, "TLSA", "mx.example"),
		SIGNED(NAME, "TLSA", "example") },
	    { NULL }, 2 },
	{ "the longest, last",
	    { SIGNED(NAME, "TLSA", "example"),
		SIGNED(NAME, "TLSA", "mx.example") },
	    { NULL }, 2 },
	{ "none that can be", { SIGNED(NAME, "TLSA", "a.b.c.d.e.f.g.example") },
	    { NULL }, 4 },
	{ "aliases",
	    { SIGNED(NAME, "CNAME", "mx.example"),
		SIGNED("a.b.example", "CNAME", "b.example"),
		SIGNED("c.b.a.example", "TLSA", "b.a.example") },
	    { NULL }, 2 + 1 + 2 },
	{ "aliases of one zone",
	    { SIGNED("h.b.a.example", "CNAME", "b.a.example"),
		SIGNED("i.b.a.example", "CNAME", "b.a.example"),
		SIGNED("j.b.a.example", "A", "b.a.example") },
	    { NULL }, 3 },
	{ "from below to above",
	    { SIGNED("c.b.a.example", "CNAME", "b.a.example"),
		SIGNED("x.a.example", "A", "a.example") },
	    { NULL }, 3 },
	{ "from above to below",
	    { SIGNED("x.a.example", "CNAME", "a.example"),
		SIGNED("c.b.a.example", "A", "b.a.example") },
	    { NULL }, 3 },
	{ "labels alike in other zones",
	    { SIGNED("c.b.a.example", "CNAME", "b.a.example"),
		SIGNED("c.b.a.other", "CNAME", "b.a.other"),
		SIGNED("c.b.ab.other", "A", "b.ab.other") },
	    { NULL }, 3 + 3 + 2 },
	{ "back in the first",
	    { SIGNED("x.b.a.example", "CNAME", "b.a.example"),
		SIGNED("x.d.c.other", "CNAME", "d.c.other"),
		SIGNED("y.b.a.example", "CNAME", "b.a.example"),
		SIGNED("y.d.c.other", "A", "d.c.other") },
	    { NULL }, 3 + 3 },
	{ "below the first",
	    { SIGNED("x.b.a.example", "CNAME", "b.a.example"),
		SIGNED("x.d.c.other", "CNAME", "d.c.other"),
		SIGNED("y.c.b.a.example", "A", "c.b.a.example") },
	    { NULL }, 3 + 3 + 1 },
	{ "behind the name of one that was passed",
	    { SIGNED("x.b.a.example", "CNAME", "b.a.example"),
		SIGNED("x.d.c.other", "A", "b.a.example"),
		SIGNED("x.d.c.other", "A", "d.c.other") },
	    { NULL }, 3 + 3 },
	{ "a denial", { NULL },
	    { SIGNED("c.b.a.example", "SOA", "c.b.a.example"), NEXT,
		SIGNED("x.c.b.a.example", "NSEC", "c.b.a.example"),
		SIGNED("c.b.a.example", "NSEC", "c.b.a.example") },
	    4 },
	{ "of several", { NULL },
	    { SIGNED("x.c.b.a.example", "NSEC", "c.b.a.example"),
		SIGNED("x.c.b.a.example", "NSEC3", "example") },
	    4 },
	{ "with hashes", { NULL },
	    { SIGNED("x.c.b.a.example", "NSEC3", "c.b.a.example") }, 4 },
	{ "behind an alias", { SIGNED(NAME, "CNAME", "mx.example") },
	    { SIGNED("x.c.b.a.example", "NSEC", "c.b.a.example") }, 5 },
	{ "behind an alias, in its zone",
	    { SIGNED(NAME, "CNAME", "mx.example") },
	    { SIGNED("x.mx.example", "NSEC", "mx.example") }, 2 },
	{ "name servers, beside the answer",
	    { SIGNED(NAME, "TLSA", "mx.example") },
	    { SIGNED("c.b.a.example", "NS", "c.b.a.example") }, 2 },
};

START_TEST(zones_on_the_way_are_counted)
{
	struct message message = message_make(NAME, DNS_TYPE_TLSA, 0,
	    ways[_i].answer[0] != NULL ? ways[_i].answer : NULL,
	    ways[_i].authority[0] != NULL ? ways[_i].authority : NULL);
	const size_t zones =
	    unbound_answer_cost(message.wire, message.len, 4).zones;

	ck_assert_msg(zones == ways[_i].zones, "%s: %zu", ways[_i].what, zones);
	for (size_t len = 0; len < message.len; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, message.wire, len);
		ck_assert_uint_le(
		    unbound_answer_cost(copy, len, 4).zones, zones);
		free(copy);
	}
	free(message.wire);
}
END_TEST

/* Of many ways only the first ones are remembered. */
START_TEST(zones_of_many_ways_are_counted)
{
	ldns_pkt *packet = message_packet(NAME, DNS_TYPE_A, 0, NULL, NULL);
	struct message message;
	char line[200];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(line, sizeof(line),
		    SIGNED("x.a%u.example", "A", "a%u.example"), i % 20,
		    i % 20);
		message_push(packet, LDNS_SECTION_ANSWER, line);
	}
	ck_assert_int_eq(
	    ldns_pkt2wire(&message.wire, packet, &message.len), LDNS_STATUS_OK);
	ldns_pkt_free(packet);
	/* Of the last four it counts each again. */
	ck_assert_uint_eq(
	    unbound_answer_cost(message.wire, message.len, 4).zones,
	    1 + 20 + (20 - 16));
	free(message.wire);
}
END_TEST

/* libldns writes a name that differs in nothing else as a pointer. */
START_TEST(zones_have_no_case)
{
	const char *const answer[] = { SIGNED("x.aa.other", "A", "aa.other"),
		SIGNED("x.bb.other", "A", "bb.other"), NULL };
	struct message message =
	    message_make(NAME, DNS_TYPE_A, 0, answer, NULL);
	size_t at = 0;

	ck_assert_uint_eq(
	    unbound_answer_cost(message.wire, message.len, 4).zones, 2 + 1);
	while (memcmp(message.wire + at, "\2bb", 3) != 0)
		ck_assert_uint_lt(++at, message.len - 3);
	memcpy(message.wire + at, "\2AA", 3);
	ck_assert_uint_eq(
	    unbound_answer_cost(message.wire, message.len, 4).zones, 2);
	free(message.wire);
}
END_TEST

static const struct {
	const char *what;
	const char *answer[6], *authority[6];
	size_t sets;
} signed_sets[] = {
	{ "unsigned", { NAME ". 300 IN TLSA 3 1 1 00" }, { NULL }, 0 },
	{ "one", { NAME ". 300 IN TLSA 3 1 1 00", SIGNED(NAME, "TLSA", "") },
	    { NULL }, 1 },
	{ "two signatures of one",
	    { SIGNED(NAME, "TLSA", "example"), SIGNED(NAME, "TLSA", "") },
	    { NULL }, 1 },
	{ "of two types",
	    { SIGNED(NAME, "TLSA", "example"), SIGNED(NAME, "A", "example") },
	    { NULL }, 2 },
	{ "of two names",
	    { SIGNED(NAME, "A", "example"),
		SIGNED("a.example", "A", "example") },
	    { NULL }, 2 },
	{ "beside the answer", { SIGNED(NAME, "A", "example") },
	    { SIGNED("example", "TYPE65280", "example"),
		SIGNED("example", "TYPE65281", "example") },
	    3 },
	{ "beside no answer", { NULL },
	    { SIGNED("example", "SOA", "example"),
		SIGNED("example", "NSEC", "example") },
	    2 },
};

START_TEST(signed_sets_are_counted)
{
	struct message message = message_make(NAME, DNS_TYPE_TLSA, 0,
	    signed_sets[_i].answer[0] != NULL ? signed_sets[_i].answer : NULL,
	    signed_sets[_i].authority[0] != NULL ? signed_sets[_i].authority
						 : NULL);
	const size_t sets =
	    unbound_answer_cost(message.wire, message.len, 4).signed_sets;

	ck_assert_msg(sets == signed_sets[_i].sets, "%s: %zu",
	    signed_sets[_i].what, sets);
	for (size_t len = 0; len < message.len; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, message.wire, len);
		ck_assert_uint_le(
		    unbound_answer_cost(copy, len, 4).signed_sets, sets);
		free(copy);
	}
	free(message.wire);
}
END_TEST

/* Nobody writes such an owner, which points to itself. */
START_TEST(pointers_end)
{
	const char *const answer[] = { SIGNED("a.example", "A", "example"),
		NULL };
	struct message message =
	    message_make("a.example", DNS_TYPE_A, 0, answer, NULL);
	const size_t owner = 12 + 11 + 4; /* header, question */

	ck_assert_uint_eq(message.wire[owner], 0xc0);
	message.wire[owner + 1] = (uint8_t)owner;
	ck_assert_uint_eq(
	    unbound_answer_cost(message.wire, message.len, 4).zones, 0);
	free(message.wire);
}
END_TEST

/* The first two bits of a label: 00, or 11 of a pointer; the other two mean
 * nothing. */
static const struct {
	uint8_t octet;
	bool whole;
} kinds[] = { { 0xc0, true }, { 0xbf, false }, { 0x80, false }, { 0x7f, false },
	{ 0x40, false } };

START_TEST(labels_are_of_two_kinds)
{
	struct message message =
	    message_make(NAME, DNS_TYPE_TLSA, 0, tlsa, nsec);
	const size_t owner = 12 + strlen(NAME) + 2 + 4;
	const char *flaw;

	ck_assert_uint_eq(message.wire[owner], 0xc0);
	message.wire[owner] = kinds[_i].octet;
	flaw = flaw_of(&message, DNS_INSECURE);
	ck_assert_int_eq(flaw == NULL, kinds[_i].whole);
	free(message.wire);
}
END_TEST

/* What follows could be read as the name of a signer. */
START_TEST(signers_have_labels)
{
	static const uint8_t name[] = { 20, 1, 'x', 0 };
	const char *const answer[] = { SIGNED("a.example", "A", "example"),
		NULL };
	struct message message =
	    message_make("a.example", DNS_TYPE_A, 0, answer, NULL);
	/* header, question, owner, fixed fields of record and signature */
	uint8_t *signer = message.wire + 12 + 11 + 4 + 2 + 10 + 18;

	ck_assert_uint_eq(signer[0], 7);
	ck_assert_uint_eq(
	    unbound_answer_cost(message.wire, message.len, 4).zones, 1);
	signer[0] = kinds[_i].octet & 0xc0;
	memcpy(signer + 1, name, sizeof(name));
	ck_assert_uint_eq(
	    unbound_answer_cost(message.wire, message.len, 4).zones,
	    kinds[_i].whole ? 1 : 0);
	free(message.wire);
}
END_TEST

TEST_MAIN("whole")
{
	TCase *tc = add_case(suite, "whole");

	add_rows(tc, secure_denial_needs_its_proof, rows);
	add_rows(tc, truncated_is_never_whole, rows);
	tcase_add_test(tc, every_octet_counts);
	tcase_add_loop_test(tc, counts_must_agree, 0, 2);
	add_rows(tc, signatures_end_when_they_end, ends);
	tcase_add_loop_test(tc, lifetime_is_that_of_the_first_end, 0, 10);
	tcase_add_test(tc, ttls_are_cut);
	add_rows(tc, hashing_is_counted, hashed);
	add_rows(tc, zones_on_the_way_are_counted, ways);
	tcase_add_test(tc, zones_of_many_ways_are_counted);
	tcase_add_test(tc, zones_have_no_case);
	add_rows(tc, signed_sets_are_counted, signed_sets);
	tcase_add_test(tc, pointers_end);
	add_rows(tc, labels_are_of_two_kinds, kinds);
	add_rows(tc, signers_have_labels, kinds);
}
