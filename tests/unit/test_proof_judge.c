/*
 * What an answer to a DS question proves: recorded packets of libunbound, one
 * for each way in which an attacker can try to fake the proof; packets that
 * libunbound would not have let through, made by hand; and what judging costs.
 */

#include "dns/proof_judge.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "dns/budget.h"
#include "dns/nsec3.h"
#include "dns/packet.h"
#include "dns/unbound_facts.h"
#include "message_fixture.h"

#define WIRE_MAX 4096

struct recorded {
	const char *id;
	const char *name; /* the DS asked for */
	enum dns_security security;
	const char *what;
	const char *hex; /* "" where there was no packet */
};

#include "ds_packets.h"
#include "processor.h"
#include "test_main.h"

#define FAILED PROOF_JUDGE_FAILED
#define SIGNED PROOF_JUDGE_SIGNED
#define NO_CUT PROOF_JUDGE_NO_CUT
#define NO_NAME PROOF_JUDGE_NO_NAME
#define PROVEN PROOF_JUDGE_PROVEN
#define NXDOMAIN PROOF_JUDGE_PROVEN_NXDOMAIN
#define UNEXPLAINED PROOF_JUDGE_UNEXPLAINED

#define NONE PROOF_JUDGE_REASON_NONE
#define NSEC PROOF_JUDGE_REASON_NSEC
#define NSEC3 PROOF_JUDGE_REASON_NSEC3
#define OPT_OUT PROOF_JUDGE_REASON_OPT_OUT
#define UNSUPPORTED PROOF_JUDGE_REASON_UNSUPPORTED

/* ---- recorded packets ---- */

static size_t
from_hex(const char *hex, uint8_t wire[WIRE_MAX])
{
	const size_t len = strlen(hex) / 2;

	ck_assert_uint_le(len, WIRE_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned octet;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &octet), 1);
		wire[i] = (uint8_t)octet;
	}
	return len;
}

static const struct recorded *
find(const char *id)
{
	for (size_t i = 0; i < COUNT(recorded); i++)
		if (strcmp(recorded[i].id, id) == 0)
			return &recorded[i];
	ck_abort_msg("no packet %s", id);
	return NULL;
}

/* In memory of its own size, so that a sanitizer sees what reads past it. */
static ldns_pkt *
parse(const uint8_t *wire, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	ldns_pkt *packet;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, wire, len);
	packet = packet_parse(copy, len);
	free(copy);
	return packet;
}

static ldns_pkt *
packet_of(const struct recorded *from)
{
	uint8_t wire[WIRE_MAX];
	const size_t len = from_hex(from->hex, wire);
	ldns_pkt *packet = parse(wire, len);

	ck_assert_msg(packet != NULL, "%s", from->id);
	return packet;
}

/* Of the libunbound that is loaded. */
static struct unbound_facts facts;

static struct proof_judge_finding
judge_within(struct budget *budget, const ldns_pkt *packet, const char *name,
    const char *zone, enum dns_security security)
{
	struct proof_judge_finding finding;

	memset(&finding, 0xa5, sizeof(finding));
	proof_judge(&(struct proof_judge_question){ .name = name,
			.signed_zone = zone,
			.packet = packet,
			.security = security,
			.budget = budget,
			.library = &facts },
	    &finding);
	return finding;
}

static struct proof_judge_finding
judge(const ldns_pkt *packet, const char *name, const char *zone,
    enum dns_security security)
{
	struct budget budget;

	budget_init(&budget);
	return judge_within(&budget, packet, name, zone, security);
}

/*
 * Each is judged as libunbound did, and then as if it had called the same
 * packet secure, or insecure: our own rules must hold by themselves.
 */
static const struct {
	const char *id;
	const char *zone; /* the last signed one */
	enum proof_judge_verdict verdict;
	enum proof_judge_reason reason;
	enum proof_judge_verdict if_secure, if_insecure;
	bool dname, alias;
} rows[] = {
	/* proofs */
	{ "nsec_cut", "nsec", PROVEN, NSEC, PROVEN, UNEXPLAINED, 0, 0 },
	{ "nsec3_cut", "nsec3", PROVEN, NSEC3, PROVEN, UNEXPLAINED, 0, 0 },
	{ "nosoa_cut", "nosoa.nsec", PROVEN, NSEC, PROVEN, UNEXPLAINED, 0, 0 },
	{ "iterations_150_cut", "i150.nsec", PROVEN, NSEC3, PROVEN, UNEXPLAINED,
	    0, 0 },
	{ "iterations_3000_cut", "i3000.nsec", UNEXPLAINED, NONE, UNEXPLAINED,
	    UNEXPLAINED, 0, 0 },
	{ "optout_cut", "optout", PROVEN, OPT_OUT, NO_CUT, PROVEN, 0, 0 },
	{ "optout_nxdomain", "optout", NXDOMAIN, OPT_OUT, NO_NAME, NXDOMAIN, 0,
	    0 },
	{ "optout_nxdomain_deep", "optout", NXDOMAIN, OPT_OUT, NO_NAME,
	    NXDOMAIN, 0, 0 },
	{ "algorithm", "nsec", PROVEN, UNSUPPORTED, PROVEN, UNEXPLAINED, 0, 0 },
	{ "digest", "nsec", PROVEN, UNSUPPORTED, PROVEN, UNEXPLAINED, 0, 0 },
	{ "ed448", "nsec", PROVEN, UNSUPPORTED, PROVEN, UNEXPLAINED, 0, 0 },
	/* no proofs, nobody lies */
	{ "signed", "nsec", SIGNED, NONE, SIGNED, UNEXPLAINED, 0, 0 },
	{ "signed_optout", "optout", SIGNED, NONE, SIGNED, UNEXPLAINED, 0, 0 },
	{ "host_nsec", "rec.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "host_nsec3", "rec.nsec3", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "host_optout", "optouthosts.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED,
	    0, 0 },
	{ "ent_nsec", "rec.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "ent_nsec3", "rec.nsec3", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "nxdomain_nsec", "rec.nsec", NO_NAME, NONE, NO_NAME, UNEXPLAINED, 0,
	    0 },
	{ "nxdomain_nsec3", "rec.nsec3", NO_NAME, NONE, NO_NAME, UNEXPLAINED, 0,
	    0 },
	{ "wildcard_nsec", "rec.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "wildcard_nsec3", "rec.nsec3", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "star_nsec", "rec.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "star_nsec3", "rec.nsec3", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "dname_nsec", "rec.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 1, 0 },
	{ "dname_nsec3", "rec.nsec3", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 1, 0 },
	{ "below_dname", "rec.nsec", NO_CUT, NONE, NO_CUT, NO_CUT, 0, 1 },
	{ "below_dname_out", "dname.nsec", NO_CUT, NONE, NO_CUT, NO_CUT, 0, 1 },
	{ "alias", "hosts.nsec", NO_CUT, NONE, NO_CUT, NO_CUT, 0, 1 },
	{ "alias_out", "hosts.nsec", NO_CUT, NONE, NO_CUT, NO_CUT, 0, 1 },
	{ "iterations_3000_host", "i3000.nsec", UNEXPLAINED, NONE, UNEXPLAINED,
	    UNEXPLAINED, 0, 0 },
	{ "iterations_3000_nxdomain", "i3000.nsec", UNEXPLAINED, NONE, NO_NAME,
	    UNEXPLAINED, 0, 0 },
	{ "insecure_nodata", "nsec", UNEXPLAINED, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "insecure_nxdomain", "nsec", UNEXPLAINED, NONE, NO_NAME, UNEXPLAINED,
	    0, 0 },
	{ "insecure_tld", ".", UNEXPLAINED, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "no_ns_bit", "nobit.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	/* attacks */
	{ "extra_nsec", "extra.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "extra_nsec3", "extra3.nsec", NO_CUT, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "extra_nxdomain", "extra.nsec", NO_NAME, NONE, NO_NAME, UNEXPLAINED,
	    0, 0 },
	{ "extra_iterations", "iextra.nsec", UNEXPLAINED, NONE, UNEXPLAINED,
	    UNEXPLAINED, 0, 0 },
	{ "forged_referral", "refer.nsec", FAILED, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "unsigned_nodata", "strip.nsec", FAILED, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "unsigned_cut", "strip.nsec", FAILED, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "unsigned_iterations", "istrip.nsec", FAILED, NONE, UNEXPLAINED,
	    UNEXPLAINED, 0, 0 },
	{ "wildcard_cut", "wildcut.nsec", FAILED, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
	{ "child_apex", "apex.nsec", FAILED, NONE, NO_CUT, UNEXPLAINED, 0, 0 },
	{ "other_zone", "otherzone.nsec", FAILED, NONE, NO_CUT, UNEXPLAINED, 0,
	    0 },
};

#define ED448 16

/* A libunbound that can validate ED448 has a signed zone there. */
static bool
is_validated(const char *id)
{
	return strcmp(id, "ed448") == 0 &&
	       unbound_facts_validates(&facts, ED448, 2);
}

START_TEST(recorded_answer_is_judged)
{
	const struct recorded *from = find(rows[_i].id);
	const bool validated = is_validated(from->id);
	ldns_pkt *packet = packet_of(from);
	struct proof_judge_finding finding =
	    judge(packet, from->name, rows[_i].zone, from->security);

	ck_assert_msg(
	    finding.verdict == (validated ? SIGNED : rows[_i].verdict) &&
		finding.reason == (validated ? NONE : rows[_i].reason),
	    "%s (%s): verdict %d reason %d", from->id, from->what,
	    finding.verdict, finding.reason);
	/* The DNAME is below the apex, where the bit map shows it. */
	ck_assert_msg(!finding.dname_at_apex, "%s", from->id);
	if (from->security != DNS_BOGUS)
		ck_assert_msg(finding.dname == rows[_i].dname, "%s", from->id);
	if (finding.verdict != FAILED && !rows[_i].alias)
		ck_assert_msg(
		    finding.ttl <= 300, "%s: %u", from->id, finding.ttl);

	finding = judge(packet, from->name, rows[_i].zone, DNS_SECURE);
	ck_assert_msg(
	    finding.verdict == (validated ? SIGNED : rows[_i].if_secure),
	    "%s if secure: %d", from->id, finding.verdict);
	finding = judge(packet, from->name, rows[_i].zone, DNS_INSECURE);
	ck_assert_msg(finding.verdict == rows[_i].if_insecure,
	    "%s if insecure: %d", from->id, finding.verdict);
	finding = judge(packet, from->name, rows[_i].zone, DNS_BOGUS);
	ck_assert_msg(finding.verdict == (rows[_i].alias ? NO_CUT : FAILED) &&
			  finding.reason == NONE,
	    "%s if bogus: %d", from->id, finding.verdict);
	finding = judge(packet, from->name, rows[_i].zone, DNS_INDETERMINATE);
	ck_assert_msg(finding.verdict == (rows[_i].alias ? NO_CUT : FAILED),
	    "%s if indeterminate: %d", from->id, finding.verdict);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(every_recorded_packet_has_a_row)
{
	for (size_t i = 0; i < COUNT(recorded); i++) {
		size_t k = 0;

		while (
		    k < COUNT(rows) && strcmp(rows[k].id, recorded[i].id) != 0)
			k++;
		ck_assert_msg(k < COUNT(rows), "%s", recorded[i].id);
	}
	ck_assert_uint_eq(COUNT(rows), COUNT(recorded));
}
END_TEST

/* A cut counts only at or below the last signed zone: a parent's parent
 * has nothing to say any more. */
START_TEST(zone_above_the_last_signed_one_proves_nothing)
{
	static const char *const ids[] = { "nsec_cut", "nsec3_cut",
		"optout_cut", "optout_nxdomain" };
	static const char *const zones[] = { "elsewhere", "www.plain.nsec" };

	for (size_t i = 0; i < COUNT(ids); i++) {
		const struct recorded *from = find(ids[i]);
		ldns_pkt *packet = packet_of(from);

		for (size_t k = 0; k < COUNT(zones); k++) {
			const struct proof_judge_finding finding =
			    judge(packet, from->name, zones[k], from->security);

			ck_assert_msg(finding.verdict != PROVEN &&
					  finding.verdict != NXDOMAIN,
			    "%s below %s", ids[i], zones[k]);
		}
		ldns_pkt_free(packet);
	}
}
END_TEST

/* A denial speaks for the name it was asked for, and for no other one. */
START_TEST(proof_holds_for_its_own_name_only)
{
	static const char *const names[] = { "other.nsec", "www.plain.nsec",
		"nsec", ".", "*.nsec", "*.plain.nsec", "xplain.nsec",
		"plain.nsec3", "a.plain.nsec3", "cut.nosoa.nsec3" };

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct recorded *from = find(rows[i].id);
		ldns_pkt *packet;

		if (rows[i].reason != NSEC && rows[i].reason != NSEC3)
			continue;
		packet = packet_of(from);
		for (size_t k = 0; k < COUNT(names); k++) {
			if (strcmp(names[k], from->name) == 0)
				continue;
			ck_assert_msg(
			    judge(packet, names[k], ".", from->security)
				    .verdict != PROVEN,
			    "%s proves %s", from->id, names[k]);
		}
		ldns_pkt_free(packet);
	}
}
END_TEST

/* ---- broken packets ---- */

START_TEST(cut_off_packet_proves_nothing)
{
	const struct recorded *from = find(rows[_i].id);
	uint8_t wire[WIRE_MAX];
	const size_t len = from_hex(from->hex, wire);

	for (size_t n = 0; n < len; n++) {
		ldns_pkt *packet = parse(wire, n);

		/* What is left out at the end, an OPT record, may be missing;
		 * the same packet is what it proves by then. */
		if (packet != NULL)
			judge(
			    packet, from->name, rows[_i].zone, from->security);
		if (n < len - 20)
			ck_assert_msg(packet == NULL, "%s at %zu", from->id, n);
		ldns_pkt_free(packet);
	}
}
END_TEST

/* For the sanitizers: whatever an octet says, nothing is read beyond its
 * record.  libunbound has checked signatures, so the verdict may be any. */
START_TEST(no_altered_octet_is_a_danger)
{
	const struct recorded *from = find(rows[_i].id);
	uint8_t wire[WIRE_MAX];
	const size_t len = from_hex(from->hex, wire);
	/* tests/allocs repeats all of them for each allocation. */
	const size_t step = getenv("ALLOCS") != NULL ? 29 : 1;

	for (size_t n = 0; n < len; n += step) {
		const uint8_t honest = wire[n];
		const uint8_t values[] = { (uint8_t)~honest, 0, 0xc0 };

		for (size_t k = 0; k < COUNT(values); k++) {
			ldns_pkt *packet;

			wire[n] = values[k];
			if ((packet = parse(wire, len)) == NULL)
				continue;
			judge(
			    packet, from->name, rows[_i].zone, from->security);
			ldns_pkt_free(packet);
		}
		wire[n] = honest;
	}
}
END_TEST

START_TEST(no_packet_is_a_failure)
{
	static const enum dns_security security[] = { DNS_INDETERMINATE,
		DNS_BOGUS, DNS_INSECURE, DNS_SECURE };

	for (size_t i = 0; i < COUNT(security); i++)
		ck_assert_int_eq(
		    judge(NULL, "a.example", ".", security[i]).verdict, FAILED);
}
END_TEST

/* ---- bit maps, with something beyond them ---- */

/* Octets in memory that goes on, and a record that ends where they end: what
 * lies beyond must not count. */
static const struct {
	const char *what;
	uint8_t octets[8], len, beyond;
	enum proof_judge_verdict verdict;
} bitmaps[] = {
	/* DS would be bit 4 of octet 5, DNAME bit 7 of octet 4 */
	{ "NS, and five octets", { 0, 5, 0x20, 0, 0, 0, 1 }, 7, 0xff, PROVEN },
	{ "NS, and four octets", { 0, 4, 0x20, 0, 0, 0 }, 6, 0xff, PROVEN },
	{ "NS, and one octet", { 0, 1, 0x20 }, 3, 0xff, PROVEN },
	{ "AAAA, and four octets", { 0, 4, 0, 0, 0, 8 }, 6, 0xff, NO_CUT },
	{ "NS, shorter than it says", { 0, 6, 0x20 }, 3, 0, NO_CUT },
	{ "NS, shorter by one octet", { 0, 2, 0x20 }, 3, 0, NO_CUT },
	{ "NS, longer than any window", { 0, 33, 0x20 }, 3, 0, NO_CUT },
	{ "a window without its length", { 1, 1, 0x80, 0 }, 4, 0x20, NO_CUT },
	{ "a window of which nothing is left", { 1, 1, 0x80, 0, 1 }, 5, 0x20,
	    NO_CUT },
	{ "nothing", { 0 }, 0, 0x20, NO_CUT },
};

static ldns_rr *
line_rr(const char *line)
{
	ldns_rr *rr = NULL;

	ck_assert_int_eq(
	    ldns_rr_new_frm_str(&rr, line, 300, NULL, NULL), LDNS_STATUS_OK);
	return rr;
}

START_TEST(bitmap_ends_where_its_record_does)
{
	ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str("cut.s."),
	    LDNS_RR_TYPE_DS, LDNS_RR_CLASS_IN, LDNS_QR);
	ldns_rr *nsec = line_rr("cut.s. 60 IN NSEC z.s. NS RRSIG NSEC");
	uint8_t *data = malloc(sizeof(bitmaps[0].octets) + 64);
	struct proof_judge_finding finding;

	ck_assert(packet != NULL && data != NULL);
	memset(data, bitmaps[_i].beyond, sizeof(bitmaps[0].octets) + 64);
	memcpy(data, bitmaps[_i].octets, bitmaps[_i].len);
	ldns_rdf_deep_free(ldns_rr_set_rdf(nsec,
	    ldns_rdf_new(LDNS_RDF_TYPE_BITMAP, bitmaps[_i].len, data), 1));
	ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY, nsec);
	ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY,
	    line_rr("cut.s. 60 IN RRSIG NSEC 8 2 60 20300101000000 "
		    "20200101000000 1 s. AAAA"));
	finding = judge(packet, "cut.s", "s", DNS_SECURE);
	ck_assert_msg(
	    finding.verdict == bitmaps[_i].verdict, "%s", bitmaps[_i].what);
	ck_assert_msg(!finding.dname, "%s", bitmaps[_i].what);
	ldns_pkt_free(packet);
}
END_TEST

/* Exactly as large as it says: for the sanitizers. */
START_TEST(bitmap_of_its_own_size)
{
	ldns_rr *nsec = line_rr("cut.s. 60 IN NSEC z.s. NS RRSIG NSEC");
	ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str("cut.s."),
	    LDNS_RR_TYPE_DS, LDNS_RR_CLASS_IN, LDNS_QR);
	const size_t len = bitmaps[_i].len;
	uint8_t *data = malloc(len > 0 ? len : 1);

	ck_assert(packet != NULL && data != NULL);
	memcpy(data, bitmaps[_i].octets, len);
	ldns_rdf_deep_free(ldns_rr_set_rdf(
	    nsec, ldns_rdf_new(LDNS_RDF_TYPE_BITMAP, len, data), 1));
	ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY, nsec);
	ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY,
	    line_rr("cut.s. 60 IN RRSIG NSEC 8 2 60 20300101000000 "
		    "20200101000000 1 s. AAAA"));
	ck_assert_int_eq(judge(packet, "cut.s", "s", DNS_SECURE).verdict,
	    bitmaps[_i].verdict);
	ldns_pkt_free(packet);
}
END_TEST

/* ---- packets made by hand ---- */

#define SALT "abcd"

/* The base32hex of NSEC3's hash of @name, plus @add in its last letter. */
static void
put_hash(char *out, size_t size, const char *name, unsigned iterations, int add)
{
	uint8_t salt[] = { 0xab, 0xcd };
	ldns_rdf *rdf = ldns_dname_new_frm_str(name), *hashed;
	char *text;

	ck_assert_ptr_nonnull(rdf);
	hashed = ldns_nsec3_hash_name(
	    rdf, 1, (uint16_t)iterations, sizeof(salt), salt);
	ck_assert_ptr_nonnull(hashed);
	text = ldns_rdf2str(hashed);
	snprintf(out, size, "%.32s", text);
	if (add > 0)
		memset(out + 20, 'v', 12);
	else if (add < 0)
		memset(out + 20, '0', 12);
	free(text);
	ldns_rdf_deep_free(hashed);
	ldns_rdf_deep_free(rdf);
}

/* "#name#" becomes its hash, "#name+#" and "#name-#" one a little above and
 * below; "#3000:name#" with so many iterations. */
static void
expand(const char *line, char *out, size_t size)
{
	size_t at = 0;

	while (*line != '\0') {
		const char *end = *line == '#' ? strchr(line + 1, '#') : NULL;
		char name[256];
		unsigned iterations = 0;
		int skip = 0, add = 0;
		size_t len;

		ck_assert_uint_lt(at + 40, size);
		if (end == NULL) {
			out[at++] = *line++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1),
		    line + 1);
		if (sscanf(name, "%u:%n", &iterations, &skip) != 1 || skip == 0)
			iterations = 0, skip = 0;
		len = strlen(name);
		if (name[len - 1] == '+' || name[len - 1] == '-') {
			add = name[len - 1] == '+' ? 1 : -1;
			name[len - 1] = '\0';
		}
		put_hash(out + at, size - at, name + skip, iterations, add);
		at += 32;
		line = end + 1;
	}
	out[at] = '\0';
}

/* "~ owner type labels signer" is a signature; all else is a record as zone
 * files have it. */
static ldns_rr *
record(const char *line)
{
	char text[1024], owner[256], type[16], signer[256];
	unsigned labels;

	expand(line, text, sizeof(text));
	if (sscanf(text, "~ %255s %15s %u %255s", owner, type, &labels,
		signer) == 4)
		snprintf(text, sizeof(text),
		    "%s 300 IN RRSIG %s 13 %u 300 20300101000000 "
		    "20200101000000 1 %s AAAA",
		    owner, type, labels, signer);
	return message_record(text);
}

/* Through the wire, so that it is what packet_parse() makes of it. */
static ldns_pkt *
make(const char *name, ldns_pkt_rcode rcode, const char *const *answer,
    const char *const *authority)
{
	ldns_rdf *question = ldns_dname_new_frm_str(name);
	ldns_pkt *made = ldns_pkt_query_new(
	    question, LDNS_RR_TYPE_DS, LDNS_RR_CLASS_IN, LDNS_QR);
	uint8_t *wire = NULL;
	size_t len = 0;
	ldns_pkt *packet;

	ck_assert_ptr_nonnull(made);
	ldns_pkt_set_rcode(made, (uint8_t)rcode);
	for (size_t i = 0; i < LINES_MAX && answer[i] != NULL; i++)
		ldns_pkt_push_rr(made, LDNS_SECTION_ANSWER, record(answer[i]));
	for (size_t i = 0; i < LINES_MAX && authority[i] != NULL; i++)
		ldns_pkt_push_rr(
		    made, LDNS_SECTION_AUTHORITY, record(authority[i]));
	ck_assert_int_eq(ldns_pkt2wire(&wire, made, &len), LDNS_STATUS_OK);
	packet = parse(wire, len);
	ck_assert_msg(packet != NULL, "%s", name);
	free(wire);
	ldns_pkt_free(made);
	return packet;
}

#define SOA "z. 300 IN SOA ns.z. h.z. 1 1 1 1 60", "~ z. SOA 1 z."
#define OWN "d.z. 300 IN NSEC e.z. NS RRSIG NSEC"
#define OWN_SIGNED OWN, "~ d.z. NSEC 2 z."
#define H(name) "#" name "#.z. 300 IN NSEC3 1 "
#define HASHED H("d.z.") "0 0 " SALT " #d.z.+# NS"
#define HASHED_SIGNED HASHED, "~ #d.z.#.z. NSEC3 2 z."
#define EMPTY_SIGNED H("d.z.") "1 0 " SALT " #d.z.+#", "~ #d.z.#.z. NSEC3 2 z."
#define BELOW_D_SIGNED(types)                                                  \
	H("d.z.")                                                              \
	"1 0 " SALT " #d.z.+#" types, "~ #d.z.#.z. NSEC3 2 z.",                \
	    "#x.d.z.-#.z. 300 IN NSEC3 1 1 0 " SALT " #x.d.z.+# NS",           \
	    "~ #x.d.z.-#.z. NSEC3 2 z."
#define APEX(flags) H("z.") flags " 0 " SALT " #z.+# NS SOA"
#define APEX_SIGNED(flags) APEX(flags), "~ #z.#.z. NSEC3 2 z."
#define SPAN(flags)                                                            \
	"#d.z.-#.z. 300 IN NSEC3 1 " flags " 0 " SALT " #d.z.+# NS RRSIG DS"
#define SPAN_SIGNED(flags) SPAN(flags), "~ #d.z.-#.z. NSEC3 2 z."
#define I3000                                                                  \
	"#3000:d.z.#.z. 300 IN NSEC3 1 0 3000 " SALT " #3000:d.z.+# NS",       \
	    "~ #3000:d.z.#.z. NSEC3 2 z."
#define DS(algorithm, digest)                                                  \
	"d.z. 300 IN DS 4711 " algorithm " " digest " "                        \
	"8d02536c887482bc34ff54e41d2ba659bf85b341a0a20afadb5813dcfbcf286d"
#define S DNS_SECURE
#define I DNS_INSECURE

/* The DS of d.z, unless @name says otherwise; z is signed. */
static const struct {
	const char *what;
	enum dns_security security;
	enum proof_judge_verdict verdict;
	enum proof_judge_reason reason;
	const char *authority[LINES_MAX];
	const char *answer[LINES_MAX];
	const char *name, *zone;
	bool nxdomain, dname, at_apex;
} made[] = {
	/* NSEC: the owner, the zone, the signer, the SOA, the bit map */
	{ .what = "a cut", S, PROVEN, NSEC, { SOA, OWN_SIGNED } },
	{ .what = "upper case",
	    S,
	    PROVEN,
	    NSEC,
	    { "Z. 300 IN SOA ns.z. h.z. 1 1 1 1 60",
		"D.Z. 300 IN NSEC e.z. NS RRSIG NSEC", "~ d.Z. NSEC 2 Z." } },
	{ .what = "no SOA", S, PROVEN, NSEC, { OWN_SIGNED } },
	{ .what = "zone below the last signed cut",
	    S,
	    PROVEN,
	    NSEC,
	    { SOA, OWN_SIGNED },
	    .zone = "." },
	{ .what = "unsigned NSEC", S, NO_CUT, NONE, { SOA, OWN } },
	{ .what = "NSEC above",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "z. 300 IN NSEC e.z. NS", "~ z. NSEC 1 z." } },
	{ .what = "NSEC below",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "a.d.z. 300 IN NSEC e.z. NS", "~ a.d.z. NSEC 3 z." } },
	{ .what = "NSEC beside",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "c.z. 300 IN NSEC e.z. NS", "~ c.z. NSEC 2 z." } },
	{ .what = "its signature is another name's",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN, "~ c.z. NSEC 2 z." } },
	{ .what = "its signature is another type's",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN, "~ d.z. NS 2 z." } },
	{ .what = "a wildcard's",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN, "~ d.z. NSEC 1 z." } },
	{ .what = "more labels than it has",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN, "~ d.z. NSEC 3 z." } },
	{ .what = "a wildcard's beside its own",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED, "~ d.z. NSEC 1 z." } },
	{ .what = "signed by itself",
	    S,
	    NO_CUT,
	    NONE,
	    { OWN, "~ d.z. NSEC 2 d.z." } },
	{ .what = "signed by a sibling",
	    S,
	    NO_CUT,
	    NONE,
	    { OWN, "~ d.z. NSEC 2 c.z." } },
	{ .what = "signed by two zones",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED, "~ d.z. NSEC 2 ." } },
	{ .what = "signed by the zone above the last cut",
	    S,
	    NO_CUT,
	    NONE,
	    { OWN, "~ d.z. NSEC 2 ." } },
	{ .what = "the last cut is the name",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    .zone = "d.z" },
	{ .what = "SOA of the child",
	    S,
	    NO_CUT,
	    NONE,
	    { OWN_SIGNED, "d.z. 300 IN SOA . . 1 1 1 1 60" } },
	{ .what = "SOA of another zone",
	    S,
	    NO_CUT,
	    NONE,
	    { OWN_SIGNED, "c.z. 300 IN SOA . . 1 1 1 1 60" } },
	{ .what = "SOA of another zone beside the right one",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED, ". 300 IN SOA . . 1 1 1 1 60" } },
	{ .what = "no NS",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "d.z. 300 IN NSEC e.z. A RRSIG NSEC", "~ d.z. NSEC 2 z." } },
	{ .what = "NS and DS",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "d.z. 300 IN NSEC e.z. NS DS", "~ d.z. NSEC 2 z." } },
	{ .what = "NS and SOA",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "d.z. 300 IN NSEC e.z. NS SOA", "~ d.z. NSEC 2 z." } },
	{ .what = "an empty bit map",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "d.z. 300 IN NSEC e.z.", "~ d.z. NSEC 2 z." } },
	{ .what = "NS of another window",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "d.z. 300 IN NSEC e.z. TYPE258", "~ d.z. NSEC 2 z." } },
	{ .what = "NS before another window",
	    S,
	    PROVEN,
	    NSEC,
	    { SOA, "d.z. 300 IN NSEC e.z. NS TYPE258", "~ d.z. NSEC 2 z." } },
	{ .what = "DNAME",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "d.z. 300 IN NSEC e.z. DNAME", "~ d.z. NSEC 2 z." },
	    .dname = true },
	{ .what = "an insecure NSEC",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, OWN_SIGNED } },
	/* names that are not asked */
	{ .what = "the root",
	    S,
	    NO_CUT,
	    NONE,
	    { ". 300 IN NSEC a. NS", "~ . NSEC 0 ." },
	    .name = ".",
	    .zone = "." },
	{ .what = "a TLD",
	    S,
	    PROVEN,
	    NSEC,
	    { "z. 300 IN NSEC zz. NS", "~ z. NSEC 1 ." },
	    .name = "z",
	    .zone = "." },
	{ .what = "a wildcard's own name",
	    S,
	    NO_CUT,
	    NONE,
	    { "*.z. 300 IN NSEC z. A", "~ *.z. NSEC 1 z." },
	    .name = "*.z" },
	{ .what = "a wildcard's own name, labels counted",
	    S,
	    PROVEN,
	    NSEC,
	    { "*.z. 300 IN NSEC z. NS", "~ *.z. NSEC 2 z." },
	    .name = "*.z" },
	/* NSEC3 */
	{ .what = "a cut by NSEC3", S, PROVEN, NSEC3, { SOA, HASHED_SIGNED } },
	{ .what = "NSEC3, unsigned", S, NO_CUT, NONE, { SOA, HASHED } },
	{ .what = "NSEC3 of another name",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("c.z.") "0 0 " SALT " #c.z.+# NS",
		"~ #c.z.#.z. NSEC3 2 z." } },
	{ .what = "NSEC3 that covers the name",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, SPAN_SIGNED("0") } },
	{ .what = "NSEC3 that covers it, opt-out",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") } },
	{ .what = "the hash with another salt",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "0 0 - #d.z.+# NS", "~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "the hash with other iterations",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "0 1 " SALT " #d.z.+# NS",
		"~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "a label that begins with the hash",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "#d.z.#0.z. 300 IN NSEC3 1 0 0 " SALT " #d.z.+# NS",
		"~ #d.z.#0.z. NSEC3 2 z." } },
	{ .what = "a next hash that is too short",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "0 0 " SALT " 0000000000000000 NS",
		"~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "a hash algorithm that does not exist",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "#d.z.#.z. 300 IN NSEC3 2 0 0 " SALT " #d.z.+# NS",
		"~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "the same hash in a zone below",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "#d.z.#.c.z. 300 IN NSEC3 1 0 0 " SALT " #d.z.+# NS",
		"~ #d.z.#.c.z. NSEC3 3 c.z." } },
	{ .what = "the same hash in the child",
	    S,
	    NO_CUT,
	    NONE,
	    { "#d.z.#.d.z. 300 IN NSEC3 1 0 0 " SALT " #d.z.+# NS",
		"~ #d.z.#.d.z. NSEC3 3 d.z." } },
	{ .what = "the same hash above the last cut",
	    S,
	    NO_CUT,
	    NONE,
	    { "#d.z.#. 300 IN NSEC3 1 0 0 " SALT " #d.z.+# NS",
		"~ #d.z.#. NSEC3 1 ." } },
	{ .what = "two labels before the zone",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "#d.z.#.x.z. 300 IN NSEC3 1 0 0 " SALT " #d.z.+# NS",
		"~ #d.z.#.x.z. NSEC3 3 z." } },
	{ .what = "NSEC3 signed by another zone",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, HASHED, "~ #d.z.#.z. NSEC3 2 c.z." } },
	{ .what = "NSEC3 of a wildcard",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, HASHED, "~ #d.z.#.z. NSEC3 1 z." } },
	{ .what = "NSEC3 and the SOA of another zone",
	    S,
	    NO_CUT,
	    NONE,
	    { HASHED_SIGNED, "d.z. 300 IN SOA . . 1 1 1 1 60" } },
	{ .what = "NSEC3 with DS",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "0 0 " SALT " #d.z.+# NS DS",
		"~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "NSEC3 with SOA",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "0 0 " SALT " #d.z.+# NS SOA",
		"~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "NSEC3 with DNAME",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "0 0 " SALT " #d.z.+# DNAME",
		"~ #d.z.#.z. NSEC3 2 z." },
	    .dname = true },
	{ .what = "NSEC3 of the root's own",
	    S,
	    NO_CUT,
	    NONE,
	    { "#.#. 300 IN NSEC3 1 0 0 " SALT " #.+# NS", "~ #.#. NSEC3 1 ." },
	    .name = ".",
	    .zone = "." },
	/* above the iteration limit */
	{ .what = "3000 iterations", I, UNEXPLAINED, NONE, { SOA, I3000 } },
	{ .what = "3000 iterations, and libunbound believes in them",
	    S,
	    UNEXPLAINED,
	    NONE,
	    { SOA, I3000 } },
	{ .what = "3000 iterations and opt-out",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA,
		"#3000:z.#.z. 300 IN NSEC3 1 1 3000 " SALT " #3000:z.+# NS SOA",
		"~ #3000:z.#.z. NSEC3 2 z.",
		"#3000:d.z.-#.z. 300 IN NSEC3 1 1 3000 " SALT
		" #3000:d.z.+# NS",
		"~ #3000:d.z.-#.z. NSEC3 2 z." } },
	{ .what = "3000 iterations, unsigned",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, "#3000:d.z.#.z. 300 IN NSEC3 1 0 3000 " SALT
		   " #3000:d.z.+# NS" } },
	{ .what = "3000 iterations, another name",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA,
		"#3000:c.z.#.z. 300 IN NSEC3 1 0 3000 " SALT " #3000:c.z.+# NS",
		"~ #3000:c.z.#.z. NSEC3 2 z." } },
	{ .what = "3000 iterations, no cut",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA,
		"#3000:d.z.#.z. 300 IN NSEC3 1 0 3000 " SALT " #3000:d.z.+# A",
		"~ #3000:d.z.#.z. NSEC3 2 z." } },
	{ .what = "3000 iterations, another zone's SOA",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { I3000, "d.z. 300 IN SOA . . 1 1 1 1 60" } },
	{ .what = "3000 iterations, NXDOMAIN",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, I3000 },
	    .nxdomain = true },
	{ .what = "insecure, below the limit",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, HASHED_SIGNED } },
	{ .what = "more iterations than anyone hashes",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA,
		"#20000:d.z.#.z. 300 IN NSEC3 1 0 20000 " SALT
		" #20000:d.z.+# NS",
		"~ #20000:d.z.#.z. NSEC3 2 z." } },
	/* one set of parameters: RFC 5155 section 8.2 */
	{ .what = "another salt beside it",
	    S,
	    UNEXPLAINED,
	    NONE,
	    { SOA, HASHED_SIGNED, H("c.z.") "0 0 - #c.z.+# NS",
		"~ #c.z.#.z. NSEC3 2 z." } },
	{ .what = "another salt of the same length beside it",
	    S,
	    UNEXPLAINED,
	    NONE,
	    { SOA, HASHED_SIGNED, H("c.z.") "0 0 dcba #c.z.+# NS",
		"~ #c.z.#.z. NSEC3 2 z." } },
	{ .what = "no salt before it",
	    S,
	    UNEXPLAINED,
	    NONE,
	    { SOA, H("c.z.") "0 0 - #c.z.+# NS", "~ #c.z.#.z. NSEC3 2 z.",
		HASHED_SIGNED } },
	{ .what = "other iterations beside it",
	    S,
	    UNEXPLAINED,
	    NONE,
	    { SOA, H("c.z.") "0 1 " SALT " #c.z.+# NS",
		"~ #c.z.#.z. NSEC3 2 z.", HASHED_SIGNED } },
	{ .what = "another set, whose record is unsigned",
	    S,
	    UNEXPLAINED,
	    NONE,
	    { SOA, HASHED_SIGNED, H("c.z.") "0 0 - #c.z.+# NS" } },
	{ .what = "another set beside opt-out",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1"),
		H("c.z.") "0 1 " SALT " #c.z.+# NS",
		"~ #c.z.#.z. NSEC3 2 z." } },
	{ .what = "another set beside opt-out, NXDOMAIN",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1"),
		H("c.z.") "0 1 " SALT " #c.z.+# NS", "~ #c.z.#.z. NSEC3 2 z." },
	    .nxdomain = true },
	{ .what = "a set above the limit beside opt-out",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, I3000, APEX_SIGNED("1"), SPAN_SIGNED("1") } },
	{ .what = "another set, of a zone that is no ancestor",
	    S,
	    PROVEN,
	    NSEC3,
	    { SOA, "#d.z.#.c.z. 300 IN NSEC3 1 0 1 - #d.z.+# NS",
		"~ #d.z.#.c.z. NSEC3 3 c.z.", HASHED_SIGNED } },
	{ .what = "another set, of the zone above the last cut",
	    S,
	    PROVEN,
	    NSEC3,
	    { SOA, "#d.z.#. 300 IN NSEC3 1 0 1 - #d.z.+# NS",
		"~ #d.z.#. NSEC3 1 .", HASHED_SIGNED } },
	{ .what = "another set, of a higher zone",
	    S,
	    PROVEN,
	    NSEC3,
	    { SOA, "#d.z.#. 300 IN NSEC3 1 0 1 - #d.z.+# NS",
		"~ #d.z.#. NSEC3 1 .", HASHED_SIGNED },
	    .zone = "." },
	{ .what = "the same, behind it",
	    S,
	    PROVEN,
	    NSEC3,
	    { SOA, HASHED_SIGNED, "#d.z.#. 300 IN NSEC3 1 0 1 - #d.z.+# NS",
		"~ #d.z.#. NSEC3 1 ." },
	    .zone = "." },
	{ .what = "another set, of the child",
	    S,
	    PROVEN,
	    NSEC3,
	    { SOA, "#d.z.#.d.z. 300 IN NSEC3 1 0 1 - #d.z.+# NS",
		"~ #d.z.#.d.z. NSEC3 3 d.z.", HASHED_SIGNED } },
	{ .what = "3000 iterations in the zone above the last cut",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, "#d.z.#. 300 IN NSEC3 1 0 3000 - #d.z.+# NS",
		"~ #d.z.#. NSEC3 1 ." } },
	{ .what = "another set, of a hash algorithm that does not exist",
	    S,
	    PROVEN,
	    NSEC3,
	    { SOA, "#c.z.#.z. 300 IN NSEC3 2 0 1 - #c.z.+# NS",
		"~ #c.z.#.z. NSEC3 2 z.", HASHED_SIGNED } },
	{ .what = "a flag that does not exist",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, H("d.z.") "2 0 " SALT " #d.z.+# NS",
		"~ #d.z.#.z. NSEC3 2 z." } },
	/* opt-out */
	{ .what = "opt-out",
	    I,
	    PROVEN,
	    OPT_OUT,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") } },
	{ .what = "opt-out, NXDOMAIN",
	    I,
	    NXDOMAIN,
	    OPT_OUT,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .nxdomain = true },
	{ .what = "opt-out, the next closer name is higher",
	    I,
	    PROVEN,
	    OPT_OUT,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .name = "a.b.d.z" },
	{ .what = "opt-out below an empty non-terminal, which has no types",
	    I,
	    PROVEN,
	    OPT_OUT,
	    { SOA, BELOW_D_SIGNED("") },
	    .name = "x.d.z" },
	{ .what = "opt-out below a host",
	    I,
	    PROVEN,
	    OPT_OUT,
	    { SOA, BELOW_D_SIGNED(" A") },
	    .name = "x.d.z" },
	{ .what = "opt-out below a delegation",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, BELOW_D_SIGNED(" NS") },
	    .name = "x.d.z" },
	{ .what = "opt-out below a signed delegation",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, BELOW_D_SIGNED(" NS DS") },
	    .name = "x.d.z" },
	{ .what = "opt-out below a DNAME",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, BELOW_D_SIGNED(" DNAME") },
	    .name = "x.d.z" },
	{ .what = "opt-out, NXDOMAIN, below a signed delegation",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, BELOW_D_SIGNED(" NS DS") },
	    .name = "x.d.z",
	    .nxdomain = true },
	{ .what = "an empty non-terminal",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, EMPTY_SIGNED } },
	{ .what = "no flag",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("0") } },
	{ .what = "no flag, NXDOMAIN",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("0") },
	    .nxdomain = true },
	{ .what = "another flag",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("2") } },
	{ .what = "no closest encloser",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, SPAN_SIGNED("1") } },
	{ .what = "the span covers another name",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .name = "c.z" },
	{ .what = "a span that wraps and covers the name",
	    I,
	    PROVEN,
	    OPT_OUT,
	    { SOA, APEX_SIGNED("1"),
		"#d.z.-#.z. 300 IN NSEC3 1 1 0 " SALT
		" 00000000000000000000000000000000 NS",
		"~ #d.z.-#.z. NSEC3 2 z." } },
	{ .what = "a span that wraps and does not",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"),
		"#d.z.+#.z. 300 IN NSEC3 1 1 0 " SALT " #d.z.-# NS",
		"~ #d.z.+#.z. NSEC3 2 z." } },
	{ .what = "the span ends at the name",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"),
		"#d.z.-#.z. 300 IN NSEC3 1 1 0 " SALT " #d.z.# NS",
		"~ #d.z.-#.z. NSEC3 2 z." } },
	{ .what = "the span begins at the name, which exists",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"),
		"#d.z.#.z. 300 IN NSEC3 1 1 0 " SALT " #d.z.+# NS DS",
		"~ #d.z.#.z. NSEC3 2 z." } },
	{ .what = "the span is unsigned",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN("1") } },
	{ .what = "the encloser is unsigned",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX("1"), SPAN_SIGNED("1") } },
	{ .what = "the span is another zone's",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"),
		"#d.z.-#.c.z. 300 IN NSEC3 1 1 0 " SALT " #d.z.+# NS",
		"~ #d.z.-#.c.z. NSEC3 3 c.z." } },
	{ .what = "the span is two labels before the zone",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"),
		"#d.z.-#.x.z. 300 IN NSEC3 1 1 0 " SALT " #d.z.+# NS",
		"~ #d.z.-#.x.z. NSEC3 3 z." } },
	{ .what = "both are another zone's",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { "#c.z.#.c.z. 300 IN NSEC3 1 1 0 " SALT " #c.z.+# NS",
		"~ #c.z.#.c.z. NSEC3 3 c.z.",
		"#d.z.-#.c.z. 300 IN NSEC3 1 1 0 " SALT " #d.z.+# NS",
		"~ #d.z.-#.c.z. NSEC3 3 c.z." } },
	{ .what = "the last signed zone is deeper",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .name = "a.b.d.z",
	    .zone = "b.d.z" },
	{ .what = "the last signed zone is higher",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .zone = "." },
	{ .what = "the last signed zone is higher, and there is no SOA",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .zone = "." },
	{ .what = "the SOA is another zone's",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { APEX_SIGNED("1"), SPAN_SIGNED("1"),
		"c.z. 300 IN SOA . . 1 1 1 1 60" } },
	{ .what = "the name's own zone",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    .zone = "d.z" },
	/* DS */
	{ .what = "DS", S, SIGNED, NONE, { NULL }, { DS("13", "2") } },
	{ .what = "insecure DS",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { NULL },
	    { DS("13", "2") } },
	{ .what = "unknown algorithm",
	    S,
	    PROVEN,
	    UNSUPPORTED,
	    { NULL },
	    { DS("200", "2") } },
	{ .what = "unknown digest",
	    S,
	    PROVEN,
	    UNSUPPORTED,
	    { NULL },
	    { DS("13", "200") } },
	{ .what = "unknown ones and one that is known",
	    S,
	    SIGNED,
	    NONE,
	    { NULL },
	    { DS("200", "2"), DS("13", "200"), DS("8", "4") } },
	{ .what = "known ones apart",
	    S,
	    PROVEN,
	    UNSUPPORTED,
	    { NULL },
	    { DS("200", "2"), DS("13", "200") } },
	{ .what = "insecure unknown algorithm",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { NULL },
	    { DS("200", "2") } },
	{ .what = "DS without a digest",
	    S,
	    PROVEN,
	    UNSUPPORTED,
	    { NULL },
	    { "d.z. 300 IN DS \\# 4 1267 0d 02" } },
	{ .what = "DS of another name",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    { "c.z. 300 IN DS 4711 13 2 00" } },
	/* an answer section that is not empty proves nothing */
	{ .what = "another type in the answer",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    { "d.z. 300 IN TXT x" } },
	{ .what = "an alias in the answer",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    { "d.z. 300 IN CNAME x.z." } },
	{ .what = "an alias of another name",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    { "c.z. 300 IN CNAME d.z." } },
	{ .what = "an alias to an unsigned zone",
	    I,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    { "d.z. 300 IN CNAME x.unsigned." } },
	{ .what = "an alias and opt-out",
	    I,
	    NO_CUT,
	    NONE,
	    { SOA, APEX_SIGNED("1"), SPAN_SIGNED("1") },
	    { "d.z. 300 IN CNAME x.unsigned." } },
	{ .what = "an alias and DS without support",
	    S,
	    NO_CUT,
	    NONE,
	    { NULL },
	    { "d.z. 300 IN CNAME x.z.", "x.z. 300 IN DS 1 200 2 00" } },
	{ .what = "the apex's DNAME in the answer",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA, OWN_SIGNED },
	    { "z. 300 IN DNAME y." },
	    .at_apex = true },
	{ .what = "the apex's DNAME into an unsigned zone",
	    I,
	    NO_CUT,
	    NONE,
	    { SOA },
	    { "Z. 300 IN DNAME y.", "d.z. 300 IN CNAME d.y." },
	    .at_apex = true },
	{ .what = "the apex's alias",
	    I,
	    NO_CUT,
	    NONE,
	    { SOA },
	    { "z. 300 IN CNAME y." } },
	{ .what = "a DNAME above the apex",
	    I,
	    NO_CUT,
	    NONE,
	    { SOA },
	    { ". 300 IN DNAME y." } },
	{ .what = "a DNAME below the apex",
	    I,
	    NO_CUT,
	    NONE,
	    { SOA },
	    { "d.z. 300 IN DNAME y." },
	    .name = "a.d.z" },
	{ .what = "a wildcard alias, rcode 3",
	    S,
	    NO_CUT,
	    NONE,
	    { SOA },
	    { "d.z. 300 IN CNAME x.z." },
	    .nxdomain = true },
	/* NXDOMAIN */
	{ .what = "NXDOMAIN", S, NO_NAME, NONE, { SOA }, .nxdomain = true },
	{ .what = "NXDOMAIN with a cut's NSEC",
	    S,
	    NO_NAME,
	    NONE,
	    { SOA, OWN_SIGNED },
	    .nxdomain = true },
	{ .what = "insecure NXDOMAIN with a cut's NSEC",
	    I,
	    UNEXPLAINED,
	    NONE,
	    { SOA, OWN_SIGNED },
	    .nxdomain = true },
};

static bool
has_alias(const ldns_pkt *packet)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr_type type =
		    ldns_rr_get_type(ldns_rr_list_rr(answer, i));

		if (type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_DNAME)
			return true;
	}
	return false;
}

START_TEST(made_answer_is_judged)
{
	const char *name = made[_i].name != NULL ? made[_i].name : "d.z";
	const char *zone = made[_i].zone != NULL ? made[_i].zone : "z";
	ldns_pkt *packet = make(name,
	    made[_i].nxdomain ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR,
	    made[_i].answer, made[_i].authority);
	struct proof_judge_finding finding =
	    judge(packet, name, zone, made[_i].security);

	ck_assert_msg(finding.verdict == made[_i].verdict &&
			  finding.reason == made[_i].reason,
	    "%s: verdict %d reason %d", made[_i].what, finding.verdict,
	    finding.reason);
	ck_assert_msg(finding.dname == made[_i].dname, "%s", made[_i].what);
	ck_assert_msg(
	    finding.dname_at_apex == made[_i].at_apex, "%s", made[_i].what);
	finding = judge(packet, name, zone, DNS_BOGUS);
	ck_assert_msg(finding.verdict == FAILED || has_alias(packet),
	    "%s if bogus", made[_i].what);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(other_rcode_is_a_failure)
{
	static const char *const none[] = { NULL };
	static const char *const cut[LINES_MAX] = { SOA, OWN_SIGNED };

	for (int rcode = 1; rcode < 16; rcode++) {
		ldns_pkt *packet;

		if (rcode == LDNS_RCODE_NXDOMAIN)
			continue;
		packet = make("d.z", (ldns_pkt_rcode)rcode, none, cut);
		ck_assert_int_eq(
		    judge(packet, "d.z", "z", DNS_SECURE).verdict, FAILED);
		ck_assert_int_eq(
		    judge(packet, "d.z", "z", DNS_INSECURE).verdict, FAILED);
		ldns_pkt_free(packet);
	}
}
END_TEST

START_TEST(ttl_is_the_shortest)
{
	static const char *const none[] = { NULL };
	static const char *const cut[LINES_MAX] = {
		"z. 200 IN SOA . . 1 1 1 1 400", "~ z. SOA 1 z.",
		"d.z. 100 IN NSEC e.z. NS RRSIG NSEC", "~ d.z. NSEC 2 z."
	};
	static const char *const minimum[LINES_MAX] = {
		"z. 200 IN SOA . . 1 1 1 1 50", "~ z. SOA 1 z.",
		"d.z. 100 IN NSEC e.z. NS RRSIG NSEC", "~ d.z. NSEC 2 z."
	};
	static const char *const ds[LINES_MAX] = { "d.z. 70 IN DS 4711 13 2 00",
		"d.z. 70 IN DS 4712 13 2 00" };
	static const char *const span[LINES_MAX] = { SOA, APEX_SIGNED("1"),
		"#d.z.-#.z. 40 IN NSEC3 1 1 0 " SALT " #d.z.+# NS",
		"~ #d.z.-#.z. NSEC3 2 z." };
	ldns_pkt *packet = make("d.z", LDNS_RCODE_NOERROR, none, cut);

	ck_assert_uint_eq(judge(packet, "d.z", "z", DNS_SECURE).ttl, 100);
	ldns_pkt_free(packet);
	packet = make("d.z", LDNS_RCODE_NOERROR, none, minimum);
	ck_assert_uint_eq(judge(packet, "d.z", "z", DNS_SECURE).ttl, 50);
	ldns_pkt_free(packet);
	packet = make("d.z", LDNS_RCODE_NOERROR, ds, none);
	ck_assert_uint_eq(judge(packet, "d.z", "z", DNS_SECURE).ttl, 70);
	ldns_pkt_free(packet);
	packet = make("d.z", LDNS_RCODE_NOERROR, none, span);
	ck_assert_uint_eq(judge(packet, "d.z", "z", DNS_INSECURE).ttl, 40);
	ldns_pkt_free(packet);
}
END_TEST

/* ---- what hashing may cost ---- */

static ldns_pkt *
packet_without_records(const char *name)
{
	ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str(name),
	    LDNS_RR_TYPE_DS, LDNS_RR_CLASS_IN, LDNS_QR);

	ck_assert_ptr_nonnull(packet);
	return packet;
}

static void
add_to(ldns_pkt *packet, const char *line)
{
	ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY, record(line));
}

/* NSEC3 records of names beside d.z, and that of d.z at the end. */
static ldns_pkt *
packet_with_nsec3(int count)
{
	ldns_pkt *packet = packet_without_records("d.z.");

	for (int i = 1; i <= count; i++) {
		char name[64], line[256];

		snprintf(name, sizeof(name), i < count ? "x%d.z." : "d.z.", i);
		snprintf(line, sizeof(line),
		    "#%s#.z. 300 IN NSEC3 1 0 0 " SALT " #%s+# NS", name, name);
		add_to(packet, line);
		snprintf(line, sizeof(line), "~ #%s#.z. NSEC3 2 z.", name);
		add_to(packet, line);
	}
	return packet;
}

START_TEST(more_records_than_a_denial_has_prove_nothing)
{
	ldns_pkt *packet = packet_with_nsec3(NSEC3_RECORDS_MAX);
	struct proof_judge_finding finding;

	ck_assert_int_eq(judge(packet, "d.z", "z", DNS_SECURE).verdict, PROVEN);
	ldns_pkt_free(packet);
	packet = packet_with_nsec3(NSEC3_RECORDS_MAX + 1);
	finding = judge(packet, "d.z", "z", DNS_SECURE);
	ck_assert_int_eq(finding.verdict, UNEXPLAINED);
	ck_assert_str_eq(finding.why, "it has too many NSEC3 records");
	ldns_pkt_free(packet);
}
END_TEST

/* Opt-out spans that cover everything, and no closest encloser among them:
 * every ancestor is hashed. */
static ldns_pkt *
packet_of_spans(const char *name, unsigned iterations, int salt_len)
{
	static const char *const owners[] = {
		"00000000000000000000000000000000",
		"g0000000000000000000000000000000"
	};
	ldns_pkt *packet = packet_without_records(name);

	for (size_t i = 0; i < COUNT(owners); i++) {
		char line[1024];

		/* The salt is zero, two digits for each octet. */
		snprintf(line, sizeof(line),
		    "%s.z. 300 IN NSEC3 1 1 %u %0*d %s NS", owners[i],
		    iterations, 2 * salt_len, 0, owners[1 - i]);
		ldns_pkt_push_rr(
		    packet, LDNS_SECTION_AUTHORITY, message_record(line));
		snprintf(line, sizeof(line), "~ %s.z. NSEC3 2 z.", owners[i]);
		add_to(packet, line);
	}
	return packet;
}

static uint64_t
blocks_spent(const struct budget *budget)
{
	return BUDGET_HASHING_MAX - budget->left[BUDGET_HASHING];
}

/* The name and its ancestors down to the zone, each of them once: a short salt
 * leaves one block for each iteration, and one for the name. */
START_TEST(each_name_is_hashed_once)
{
	ldns_pkt *packet = packet_of_spans("a.b.c.z.", 100, 2);
	struct budget budget;

	budget_init(&budget);
	ck_assert_int_eq(
	    judge_within(&budget, packet, "a.b.c.z", "z", DNS_INSECURE).verdict,
	    UNEXPLAINED);
	ck_assert_uint_eq(blocks_spent(&budget), 4 * 101);
	budget_init(&budget);
	ck_assert_int_eq(
	    judge_within(&budget, packet, "a.b.c.z", "z", DNS_SECURE).verdict,
	    NO_CUT);
	ck_assert_uint_eq(blocks_spent(&budget), 101);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(nothing_is_hashed_without_opt_out)
{
	static const char *const none[] = { NULL };
	static const char *const plain[LINES_MAX] = { SOA, APEX_SIGNED("0"),
		SPAN_SIGNED("0") };
	ldns_pkt *packet = make("d.z", LDNS_RCODE_NOERROR, none, plain);
	struct budget budget;

	budget_init(&budget);
	ck_assert_int_eq(
	    judge_within(&budget, packet, "d.z", "z", DNS_INSECURE).verdict,
	    UNEXPLAINED);
	ck_assert_uint_eq(blocks_spent(&budget), 0);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(salt_counts_as_what_it_costs)
{
	ldns_pkt *packet = packet_of_spans("a.z.", 100, 255);
	struct budget budget;

	budget_init(&budget);
	judge_within(&budget, packet, "a.z", "z", DNS_SECURE);
	/* 255 and 20 octets and SHA-1's own are five blocks, and with the
	 * name's five octets in the place of the 20, too. */
	ck_assert_uint_eq(blocks_spent(&budget), 5 * 101);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(nothing_above_the_limit_is_hashed)
{
	static const enum dns_security both[] = { S, I };

	for (size_t i = 0; i < COUNT(both); i++) {
		ldns_pkt *packet =
		    packet_of_spans("a.z.", PROOF_JUDGE_NSEC3_LIMIT + 1, 2);
		struct budget budget;

		budget_init(&budget);
		ck_assert_str_eq(
		    judge_within(&budget, packet, "a.z", "z", both[i]).why,
		    "its NSEC3 records have more iterations than are "
		    "believed");
		ck_assert_uint_eq(blocks_spent(&budget), 0);
		ldns_pkt_free(packet);
	}
}
END_TEST

/* The worst that is believed: it costs no more than one denial may. */
START_TEST(one_denial_has_a_bound)
{
	ldns_pkt *packet = packet_of_spans(
	    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.z.", PROOF_JUDGE_NSEC3_LIMIT, 255);
	struct proof_judge_finding finding;
	struct budget budget;

	budget_init(&budget);
	finding = judge_within(&budget, packet,
	    "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.z", "z", DNS_INSECURE);
	ck_assert_int_eq(finding.verdict, UNEXPLAINED);
	ck_assert_str_eq(
	    finding.why, "its NSEC3 records take too much hashing");
	ck_assert_uint_gt(blocks_spent(&budget), NSEC3_BLOCKS_MAX / 2);
	ck_assert_uint_le(blocks_spent(&budget), NSEC3_BLOCKS_MAX);
	ldns_pkt_free(packet);
}
END_TEST

/* What is proven with a budget is not proven without, and nothing else is. */
START_TEST(without_a_budget_the_judgement_fails)
{
	static const char *const none[] = { NULL };
	static const char *const opt_out[LINES_MAX] = { SOA, APEX_SIGNED("1"),
		SPAN_SIGNED("1") };
	static const char *const cut[LINES_MAX] = { SOA, HASHED_SIGNED };
	static const struct {
		const char *const *authority;
		enum dns_security security;
	} denials[] = { { opt_out, DNS_INSECURE }, { cut, DNS_SECURE } };

	for (size_t i = 0; i < COUNT(denials); i++) {
		ldns_pkt *packet =
		    make("d.z", LDNS_RCODE_NOERROR, none, denials[i].authority);
		struct budget budget = { .left = { 0 } };
		const struct proof_judge_finding finding = judge_within(
		    &budget, packet, "d.z", "z", denials[i].security);

		ck_assert_int_eq(finding.verdict, FAILED);
		ck_assert_str_eq(
		    finding.why, "NSEC3 hashing of one evaluation is used up");
		ck_assert_int_eq(
		    judge(packet, "d.z", "z", denials[i].security).verdict,
		    PROVEN);
		ldns_pkt_free(packet);
	}
}
END_TEST

/* Of each of the kinds @count, none of use. */
static ldns_pkt *
packet_of_junk(int count)
{
	ldns_pkt *packet = packet_without_records("d.z.");

	for (int i = 0; i < count; i++) {
		char line[256];

		snprintf(line, sizeof(line),
		    "%032d.z. 300 IN NSEC3 1 0 0 - %032d NS", i, i + 1);
		ldns_pkt_push_rr(
		    packet, LDNS_SECTION_AUTHORITY, message_record(line));
		add_to(packet, "z. 300 IN SOA . . 1 1 1 1 60");
		add_to(packet, "d.z. 300 IN NSEC e.z. A");
		add_to(packet, "~ d.z. NSEC 2 z.");
	}
	return packet;
}

/* Processor time in ms, the least of some. */
static double
cost_of(const ldns_pkt *packet)
{
	double best = 1e9;

	for (int i = 0; i < 9; i++) {
		const double start = processor_ms();

		judge(packet, "d.z", "z", DNS_SECURE);
		if (processor_ms() - start < best)
			best = processor_ms() - start;
	}
	return best;
}

/* Eight times as much costs eight times as much, and not 64 times: 1,800
 * records are what a message has room for. */
START_TEST(section_is_read_in_proportion)
{
	ldns_pkt *few = packet_of_junk(56), *many = packet_of_junk(448);
	const double ratio = cost_of(many) / cost_of(few);

	ck_assert_msg(ratio < 40, "%.1f times", ratio);
	ldns_pkt_free(few);
	ldns_pkt_free(many);
}
END_TEST

/* ---- what libunbound supports ---- */

START_TEST(library_says_what_is_unsupported)
{
	static const char *const none[] = { NULL };
	static const char *const ds[LINES_MAX] = { DS("13", "2") };
	ldns_pkt *packet = make("d.z", LDNS_RCODE_NOERROR, ds, none);
	const struct unbound_facts probed = facts;

	memset(&facts, 0, sizeof(facts));
	ck_assert_int_eq(judge(packet, "d.z", "z", DNS_SECURE).verdict, SIGNED);
	facts.no_algorithm[13] = true;
	ck_assert_int_eq(
	    judge(packet, "d.z", "z", DNS_SECURE).reason, UNSUPPORTED);
	facts.no_algorithm[13] = false;
	facts.no_digest[2] = true;
	ck_assert_int_eq(
	    judge(packet, "d.z", "z", DNS_SECURE).reason, UNSUPPORTED);
	facts = probed;
	ldns_pkt_free(packet);
}
END_TEST

/* Where it says nothing, nothing is unsupported. */
START_TEST(unknown_algorithm_counts_as_signed)
{
	static const char *const none[] = { NULL };
	static const char *const ds[LINES_MAX] = { DS("200", "200") };
	ldns_pkt *packet = make("d.z", LDNS_RCODE_NOERROR, ds, none);
	const struct unbound_facts probed = facts;

	memset(&facts, 0, sizeof(facts));
	ck_assert_int_eq(judge(packet, "d.z", "z", DNS_SECURE).verdict, SIGNED);
	facts = probed;
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(reason_is_told)
{
	char text[256], small[12];

	ck_assert_str_eq(
	    proof_judge_text(NSEC3, "example.nl", text, sizeof(text)),
	    "DS of example.nl denied by NSEC3: delegation without DS");
	for (int reason = NONE; reason <= PROOF_JUDGE_REASON_CONFIGURED;
	     reason++)
		ck_assert_str_eq(
		    proof_judge_text((enum proof_judge_reason)reason,
			"example.nl", small, sizeof(small)),
		    "DS of examp");
}
END_TEST

static void
add_recorded(TCase *tc)
{
	add_rows(tc, recorded_answer_is_judged, rows);
	tcase_add_test(tc, every_recorded_packet_has_a_row);
	tcase_add_test(tc, zone_above_the_last_signed_one_proves_nothing);
	tcase_add_test(tc, proof_holds_for_its_own_name_only);
	add_rows(tc, cut_off_packet_proves_nothing, rows);
	add_rows(tc, no_altered_octet_is_a_danger, rows);
}

static void
add_made(TCase *tc)
{
	add_rows(tc, made_answer_is_judged, made);
	add_rows(tc, bitmap_ends_where_its_record_does, bitmaps);
	add_rows(tc, bitmap_of_its_own_size, bitmaps);
	tcase_add_test(tc, no_packet_is_a_failure);
	tcase_add_test(tc, other_rcode_is_a_failure);
	tcase_add_test(tc, ttl_is_the_shortest);
	tcase_add_test(tc, reason_is_told);
	tcase_add_test(tc, library_says_what_is_unsupported);
	tcase_add_test(tc, unknown_algorithm_counts_as_signed);
}

static void
add_cost(TCase *tc)
{
	tcase_add_test(tc, more_records_than_a_denial_has_prove_nothing);
	tcase_add_test(tc, each_name_is_hashed_once);
	tcase_add_test(tc, nothing_is_hashed_without_opt_out);
	tcase_add_test(tc, salt_counts_as_what_it_costs);
	tcase_add_test(tc, nothing_above_the_limit_is_hashed);
	tcase_add_test(tc, one_denial_has_a_bound);
	tcase_add_test(tc, without_a_budget_the_judgement_fails);
	tcase_add_test(tc, section_is_read_in_proportion);
}

TEST_MAIN("insecurity")
{
	struct event_base *base = event_base_new();

	unbound_facts_probe(base, &facts);
	event_base_free(base);
	add_recorded(add_case(suite, "recorded"));
	add_made(add_case(suite, "made"));
	add_cost(add_case(suite, "cost"));
}
