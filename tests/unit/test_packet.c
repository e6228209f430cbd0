/*
 * What a DNS message says about one question: the chain of aliases, the
 * records at its end, denials and how long they may be kept.
 */

#include "dns/packet.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message_fixture.h"
#include "test_main.h"

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."

/* ---- a libldns that leaves something out, as where memory is short ---- */

static enum loss { LOSS_NONE, LOSS_FIELD, LOSS_RECORD, LOSS_AUTHORITY } loss;

static void
lose(ldns_pkt *packet)
{
	ldns_rr_list *answer = ldns_pkt_answer(packet);

	if (loss == LOSS_FIELD)
		ldns_rdf_deep_free(ldns_rr_pop_rdf(ldns_rr_list_rr(answer, 0)));
	else if (loss == LOSS_RECORD)
		ldns_rr_free(ldns_rr_list_pop_rr(answer));
	else if (loss == LOSS_AUTHORITY)
		ldns_rr_free(ldns_rr_list_pop_rr(ldns_pkt_authority(packet)));
}

ldns_status
ldns_wire2pkt(ldns_pkt **packet, const uint8_t *wire, size_t len)
{
	ldns_status (*theirs)(ldns_pkt **, const uint8_t *, size_t);
	void *symbol = dlsym(RTLD_NEXT, "ldns_wire2pkt");
	ldns_status status;

	memcpy(&theirs, &symbol, sizeof(theirs));
	status = theirs(packet, wire, len);
	if (status == LDNS_STATUS_OK)
		lose(*packet);
	return status;
}

/* Through the wire, as messages come. */
static ldns_pkt *
make(ldns_pkt_rcode rcode, const char *const *answer,
    const char *const *authority)
{
	struct message message = message_make(
	    "q.example.", LDNS_RR_TYPE_A, (int)rcode, answer, authority);
	ldns_pkt *packet = packet_parse(message.wire, message.len);

	ck_assert_ptr_nonnull(packet);
	free(message.wire);
	return packet;
}

#define SOA "example. 300 IN SOA . . 1 1 1 1 120"

static const struct {
	const char *what;
	uint16_t type;
	int rcode;
	const char *answer[LINES_MAX], *authority[LINES_MAX];
	enum dns_status status;
	size_t records;
	unsigned aliases;
	const char *first_target, *rname; /* NULL: "", and the question */
	bool soa;
	uint32_t ttl;
} rows[] = {
	{ "data", DNS_TYPE_A, 0,
	    { "q.example. 40 IN A 192.0.2.1", "q.example. 30 IN A 192.0.2.2" },
	    { NULL }, DNS_OK, 2, 0, NULL, NULL, false, 30 },
	{ "other case", DNS_TYPE_A, 0, { "Q.eXample. 40 IN A 192.0.2.1" },
	    { NULL }, DNS_OK, 1, 0, NULL, NULL, false, 40 },
	{ "SOA beside data counts for nothing", DNS_TYPE_A, 0,
	    { "q.example. 400 IN A 192.0.2.1" }, { SOA }, DNS_OK, 1, 0, NULL,
	    NULL, false, 400 },
	{ "records of other names, types, classes", DNS_TYPE_A, 0,
	    { "x.example. 1 IN A 192.0.2.1", "example. 1 IN A 192.0.2.1",
		"a.q.example. 1 IN A 192.0.2.1", "q.example. 1 IN AAAA ::1",
		"q.example. 1 CH A 192.0.2.1" },
	    { SOA }, DNS_NODATA, 0, 0, NULL, NULL, true, 120 },
	{ "data through aliases", DNS_TYPE_A, 0,
	    { "b.example. 30 IN A 192.0.2.1",
		"a.example. 20 IN CNAME "
		"b.example.",
		"q.example. 50 IN CNAME a.example." },
	    { NULL }, DNS_OK, 1, 2, "a.example", "b.example", false, 20 },
	{ "an alias without its end", DNS_TYPE_A, 0,
	    { "q.example. 50 IN CNAME a.elsewhere." }, { NULL }, DNS_NODATA, 0,
	    1, "a.elsewhere", "a.elsewhere", false, 50 },
	{ "an alias to a name that does not exist", DNS_TYPE_A, 3,
	    { "q.example. 500 IN CNAME a.example." }, { SOA }, DNS_NXDOMAIN, 0,
	    1, "a.example", "a.example", true, 120 },
	{ "data before the alias's end", DNS_TYPE_A, 0,
	    { "q.example. 50 IN CNAME a.example.",
		"q.example. 50 IN A 192.0.2.66" },
	    { SOA }, DNS_NODATA, 0, 1, "a.example", "a.example", true, 50 },
	{ "an alias of another name", DNS_TYPE_A, 0,
	    { "x.example. 50 IN CNAME a.example.",
		"a.example. 50 IN A 192.0.2.66" },
	    { SOA }, DNS_NODATA, 0, 0, NULL, NULL, true, 120 },
	{ "an alias in another class", DNS_TYPE_A, 0,
	    { "q.example. 50 CH CNAME a.example." }, { SOA }, DNS_NODATA, 0, 0,
	    NULL, NULL, true, 120 },
	{ "the alias itself", DNS_TYPE_CNAME, 0,
	    { "q.example. 50 IN CNAME a.example.",
		"a.example. 50 IN CNAME b.example." },
	    { NULL }, DNS_OK, 1, 0, NULL, NULL, false, 50 },
	{ "NODATA, TTL of the SOA", DNS_TYPE_A, 0, { NULL },
	    { "example. 70 IN SOA . . 1 1 1 1 120" }, DNS_NODATA, 0, 0, NULL,
	    NULL, true, 70 },
	{ "NODATA, minimum of the SOA", DNS_TYPE_A, 0, { NULL }, { SOA },
	    DNS_NODATA, 0, 0, NULL, NULL, true, 120 },
	{ "NODATA, TTL of NSEC", DNS_TYPE_A, 0, { NULL },
	    { SOA, "q.example. 60 IN NSEC z.example. MX" }, DNS_NODATA, 0, 0,
	    NULL, NULL, true, 60 },
	{ "NODATA without SOA", DNS_TYPE_A, 0, { NULL },
	    { "example. 70 IN NS ns.example." }, DNS_NODATA, 0, 0, NULL, NULL,
	    false, 0 },
	{ "an empty answer", DNS_TYPE_A, 0, { NULL }, { NULL }, DNS_NODATA, 0,
	    0, NULL, NULL, false, 0 },
	{ "NXDOMAIN", DNS_TYPE_A, 3, { NULL }, { SOA }, DNS_NXDOMAIN, 0, 0,
	    NULL, NULL, true, 120 },
	{ "NXDOMAIN without SOA", DNS_TYPE_A, 3, { NULL }, { NULL },
	    DNS_NXDOMAIN, 0, 0, NULL, NULL, false, 0 },
	{ "YXDOMAIN", DNS_TYPE_A, 6, { "example. 40 IN DNAME long.example." },
	    { NULL }, DNS_NXDOMAIN, 0, 0, NULL, NULL, false, 0 },
	{ "the DNAME that has made the alias", DNS_TYPE_DNAME, 3,
	    { "example. 40 IN DNAME new.test.",
		"q.example. 40 IN CNAME q.new.test." },
	    { SOA }, DNS_NXDOMAIN, 0, 1, "q.new.test", "q.new.test", true, 40 },
	{ "a DNAME that has made no alias", DNS_TYPE_DNAME, 3,
	    { "example. 40 IN DNAME new.test." }, { SOA }, DNS_NXDOMAIN, 0, 0,
	    NULL, NULL, true, 120 },
	{ "SERVFAIL with data", DNS_TYPE_A, 2,
	    { "q.example. 40 IN A 192.0.2.1" }, { SOA }, DNS_FAILED, 1, 0, NULL,
	    NULL, false, 40 },
	{ "REFUSED", DNS_TYPE_A, 5, { NULL }, { SOA }, DNS_FAILED, 0, 0, NULL,
	    NULL, false, 0 },
};

/* Records of the type, to which the question does not lead. */
static bool
has_stray(const char *what)
{
	static const char *const strays[] = {
		"records of other names, types, classes",
		"data before the alias's end", "an alias of another name",
		"the alias itself", "a DNAME that has made no alias"
	};

	for (size_t i = 0; i < COUNT(strays); i++)
		if (strcmp(what, strays[i]) == 0)
			return true;
	return false;
}

START_TEST(facts_of_one_question)
{
	ldns_pkt *packet = make((ldns_pkt_rcode)rows[_i].rcode, rows[_i].answer,
	    rows[_i].authority);
	struct packet_facts facts;
	const char *what = rows[_i].what;

	ck_assert_int_eq(
	    packet_facts(packet, "q.example", rows[_i].type, &facts), 0);
	ck_assert_msg(
	    facts.status == rows[_i].status, "%s: %d", what, facts.status);
	ck_assert_msg(facts.rdata_count == rows[_i].records, "%s: %zu", what,
	    facts.rdata_count);
	ck_assert_msg(facts.aliases == rows[_i].aliases, "%s", what);
	ck_assert_str_eq(facts.first_target,
	    rows[_i].first_target != NULL ? rows[_i].first_target : "");
	ck_assert_str_eq(
	    facts.rname, rows[_i].rname != NULL ? rows[_i].rname : "q.example");
	ck_assert_msg(facts.soa == rows[_i].soa, "%s", what);
	ck_assert_msg(facts.ttl == rows[_i].ttl, "%s: %u", what, facts.ttl);
	ck_assert_msg(facts.has_stray == has_stray(what), "%s", what);
	packet_facts_clear(&facts);
	ck_assert_ptr_null(facts.rdata);
	packet_facts_clear(&facts);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(rdata_is_uncompressed_wire_format)
{
	static const char *const answer[] = {
		"q.example. 40 IN MX 10 mx.q.example.", NULL
	};
	static const char *const none[] = { NULL };
	static const uint8_t expected[] = "\0\12\2mx\1q\7example";
	ldns_pkt *packet = make(LDNS_RCODE_NOERROR, answer, none);
	struct packet_facts facts;

	ck_assert_int_eq(
	    packet_facts(packet, "q.example", DNS_TYPE_MX, &facts), 0);
	ck_assert_uint_eq(facts.rdata_count, 1);
	ck_assert_uint_eq(facts.rdata[0].len, sizeof(expected));
	ck_assert_mem_eq(facts.rdata[0].data, expected, sizeof(expected));
	packet_facts_clear(&facts);
	ldns_pkt_free(packet);
}
END_TEST

/* Aliases: up to the limit they are followed, beyond it and in a loop not. */
START_TEST(chain_of_aliases_is_bounded)
{
	static const char *const none[] = { NULL };
	static const char *const loop[] = { "q.example. 9 IN CNAME a.example.",
		"a.example. 9 IN CNAME q.example.", NULL };
	static const char *const self[] = { "q.example. 9 IN CNAME q.example.",
		NULL };
	char lines[PACKET_ALIASES_MAX + 1][64];
	const char *answer[LINES_MAX] = { NULL };
	struct packet_facts facts;
	ldns_pkt *packet;

	for (int i = 0; i <= PACKET_ALIASES_MAX; i++) {
		if (i == 0)
			snprintf(lines[i], sizeof(lines[i]),
			    "q.example. 9 IN CNAME a1.example.");
		else
			snprintf(lines[i], sizeof(lines[i]),
			    "a%d.example. 9 IN CNAME a%d.example.", i, i + 1);
		answer[i] = lines[i];
		packet = make(LDNS_RCODE_NOERROR, answer, none);
		ck_assert_int_eq(
		    packet_facts(packet, "q.example", DNS_TYPE_A, &facts),
		    i < PACKET_ALIASES_MAX ? 0 : -1);
		if (i < PACKET_ALIASES_MAX)
			ck_assert_uint_eq(facts.aliases, (unsigned)i + 1);
		packet_facts_clear(&facts);
		ldns_pkt_free(packet);
	}
	packet = make(LDNS_RCODE_NOERROR, loop, none);
	ck_assert_int_eq(
	    packet_facts(packet, "q.example", DNS_TYPE_A, &facts), -1);
	ldns_pkt_free(packet);
	packet = make(LDNS_RCODE_NOERROR, self, none);
	ck_assert_int_eq(
	    packet_facts(packet, "q.example", DNS_TYPE_A, &facts), -1);
	ldns_pkt_free(packet);
}
END_TEST

/* Each link is looked for among all aliases: there must not be many. */
START_TEST(aliases_are_few)
{
	ldns_rr *alias = message_record("x.example. 9 IN CNAME y.example.");
	ldns_pkt *packet = ldns_pkt_new();
	struct packet_facts facts;

	for (int i = 0; i < PACKET_CNAMES_MAX; i++)
		ldns_pkt_push_rr(
		    packet, LDNS_SECTION_ANSWER, ldns_rr_clone(alias));
	ck_assert_int_eq(
	    packet_facts(packet, "q.example", DNS_TYPE_A, &facts), 0);
	packet_facts_clear(&facts);
	ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, alias);
	ck_assert_int_eq(
	    packet_facts(packet, "q.example", DNS_TYPE_A, &facts), -1);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(case_of_names_does_not_count)
{
	ldns_pkt *packet = ldns_pkt_new();
	struct packet_facts facts;

	ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER,
	    message_record("Q.EXAMPLE. 9 IN A 192.0.2.1"));
	ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER,
	    message_record("q.examplf. 9 IN A 192.0.2.2"));
	ck_assert_int_eq(
	    packet_facts(packet, "q.example", DNS_TYPE_A, &facts), 0);
	ck_assert_uint_eq(facts.rdata_count, 1);
	packet_facts_clear(&facts);
	ldns_pkt_free(packet);
}
END_TEST

/* ---- pointers ---- */

#define POINTER(to) 0xc0, (to)

static const struct {
	const char *what;
	uint8_t octets[64]; /* behind the header: from 12 on */
	size_t len;
} names[] = {
	{ "root", { 0 }, 1 },
	{ "labels", { 1, 'a', 2, 'b', 'c', 0 }, 6 },
	{ "a label that is cut off", { 9, 'a' }, 2 },
	{ "a pointer that is cut off", { 0xc0 }, 1 },
	{ "a pointer backwards", { 1, 'a', 0, POINTER(12) }, 5 },
	{ "a pointer forwards", { POINTER(14), 0 }, 3 },
	{ "a pointer behind the end", { POINTER(99), 0 }, 3 },
	{ "a pointer to itself", { POINTER(12) }, 2 },
	{ "a loop", { POINTER(14), POINTER(12), POINTER(12) }, 6 },
	{ "a loop with labels", { 1, 'a', POINTER(12) }, 4 },
	{ "into the header", { POINTER(0), POINTER(11) }, 4 },
	{ "a label of another kind", { 0x40, 0x80, 1, 'a' }, 4 },
};

START_TEST(honest_names_have_few_pointers)
{
	uint8_t wire[12 + sizeof(names->octets)] = { 0 };

	memcpy(wire + 12, names[_i].octets, names[_i].len);
	for (size_t len = 0; len <= 12 + names[_i].len; len++)
		ck_assert_msg(packet_has_few_pointers(wire, len), "%s: %zu",
		    names[_i].what, len);
}
END_TEST

/* @count in a row behind the root's name at 12; @label: with a label between
 * each two.  Backwards, or, the last first, forwards. */
static size_t
chain_of_pointers(uint8_t wire[2048], size_t count, bool label, bool forwards)
{
	const size_t step = label ? 4 : 2;
	size_t at = 13;

	memset(wire, 0, 2048);
	for (size_t i = 0; i < count; i++) {
		size_t to = i == 0 ? 12 : at - step;

		if (forwards)
			to = i + 1 == count ? 12 : at + step;
		if (label) {
			wire[at] = 1;
			wire[at + 1] = 'a';
		}
		wire[at + step - 2] = (uint8_t)(0xc0 | to >> 8);
		wire[at + step - 1] = (uint8_t)to;
		at += step;
	}
	return at;
}

START_TEST(pointers_in_a_row_are_bounded)
{
	const bool label = _i % 2 == 1, forwards = _i / 2 == 1;
	uint8_t wire[2048];
	size_t len;

	for (size_t count = 1; count < 400; count++) {
		len = chain_of_pointers(wire, count, label, forwards);
		ck_assert_msg(packet_has_few_pointers(wire, len) ==
				  (count <= PACKET_POINTERS_MAX),
		    "%zu pointers", count);
	}
}
END_TEST

/* The chain is in the RDATA of a type that nobody knows, the name that begins
 * there an owner. */
START_TEST(message_with_many_pointers_is_none)
{
	uint8_t wire[4096] = { 0, 0, 0x80, 0, 0, 0, 0, 2 };

	for (int i = 0; i < 2; i++) {
		const size_t count =
		    PACKET_POINTERS_MAX - 12U + 12U * (size_t)i;
		const uint8_t fixed[] = { 0xff, 0, 0, 1, 0, 0, 0, 9 };
		size_t at = 12, last;
		ldns_pkt *packet;

		wire[at++] = 0;
		memcpy(wire + at, fixed, sizeof(fixed));
		at += sizeof(fixed);
		wire[at++] = (uint8_t)(2 * count >> 8);
		wire[at++] = (uint8_t)(2 * count);
		last = 12;
		for (size_t k = 0; k < count; k++) {
			wire[at] = (uint8_t)(0xc0 | last >> 8);
			wire[at + 1] = (uint8_t)last;
			last = at;
			at += 2;
		}
		wire[at++] = (uint8_t)(0xc0 | last >> 8);
		wire[at++] = (uint8_t)last;
		memcpy(wire + at, fixed, sizeof(fixed));
		at += sizeof(fixed);
		wire[at++] = 0;
		wire[at++] = 0;
		packet = packet_parse(wire, at);
		ck_assert((packet != NULL) == (i == 0));
		ldns_pkt_free(packet);
	}
}
END_TEST

START_TEST(rubbish_is_no_message)
{
	static const uint8_t header[12] = { 0, 0, 0x80 };
	static const uint8_t counts[12] = { 0, 0, 0x80, 0, 0, 1, 0, 1 };
	static const uint8_t pointer_loop[] = { 0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0,
		0, 0, 0xc0, 12, 0, 1, 0, 1 };
	ldns_pkt *packet;

	for (size_t len = 0; len < sizeof(header); len++)
		ck_assert_ptr_null(packet_parse(header, len));
	packet = packet_parse(header, sizeof(header));
	ck_assert_ptr_nonnull(packet);
	ldns_pkt_free(packet);
	ck_assert_ptr_null(packet_parse(counts, sizeof(counts)));
	ck_assert_ptr_null(packet_parse(pointer_loop, sizeof(pointer_loop)));
}
END_TEST

/* The first two bits 01 and 10 mean nothing. */
static const struct {
	uint8_t octet;
	bool is_label;
} labels[] = { { 0x3f, true }, { 0x40, false }, { 0x7f, false },
	{ 0x80, false }, { 0xbf, false } };

START_TEST(label_has_63_octets)
{
	uint8_t wire[12 + 1 + 0xbf + 1 + 4] = { 0, 0, 0x80, 0, 0, 1 };
	const size_t end = 12 + 1U + labels[_i].octet;
	ldns_pkt *packet;

	wire[12] = labels[_i].octet;
	memset(wire + 13, 'a', labels[_i].octet);
	wire[end + 2] = wire[end + 4] = 1;
	packet = packet_parse(wire, end + 5);
	ck_assert_int_eq(packet != NULL, labels[_i].is_label);
	ldns_pkt_free(packet);
}
END_TEST

/* An MX without its preference is no host, and less than was sent must never
 * read as "there is none". */
START_TEST(what_was_left_out_is_noticed)
{
	static const char *const answer[] = {
		"q.example. 60 IN MX 10 a.example.",
		"q.example. 60 IN MX 20 b.example.", NULL
	};
	static const char *const authority[] = {
		"q.example. 60 IN NS ns.example.", NULL
	};
	struct message message =
	    message_make("q.example.", LDNS_RR_TYPE_MX, 0, answer, authority);
	ldns_pkt *packet;

	loss = (enum loss)_i;
	packet = packet_parse(message.wire, message.len);
	loss = LOSS_NONE;
	ck_assert((packet != NULL) == (_i == LOSS_NONE));
	ldns_pkt_free(packet);
	free(message.wire);
}
END_TEST

START_TEST(name_is_a_name)
{
	ldns_rr *rr = message_record("Q.Example. 9 IN MX 10 MX.example.");
	char text[DOMAIN_TEXT_MAX];

	ck_assert_int_eq(packet_owner(rr, text), 0);
	ck_assert_str_eq(text, "q.example");
	ck_assert_int_eq(packet_name(ldns_rr_rdf(rr, 1), text), 0);
	ck_assert_str_eq(text, "mx.example");
	ck_assert_int_eq(packet_name(ldns_rr_rdf(rr, 0), text), -1);
	ck_assert_int_eq(packet_name(ldns_rr_rdf(rr, 9), text), -1);
	ck_assert_int_eq(packet_name(NULL, text), -1);
	ldns_rr_free(rr);
}
END_TEST

static const struct {
	const char *name, *owner, *target, *becomes; /* NULL: refused */
} substitutions[] = {
	{ "a.dn.example", "dn.example", "new.test", "a.new.test" },
	{ "a.b.dn.example", "dn.example", "new.test", "a.b.new.test" },
	{ "a.dn.example", "dn.example", ".", "a" },
	{ "a.b", ".", "new.test", "a.b.new.test" },
	{ "a.b", ".", ".", "a.b" },
	{ "dn.example", "dn.example", "new.test", NULL },
	{ "xdn.example", "dn.example", "new.test", NULL },
	{ "example", "dn.example", "new.test", NULL },
	{ "a.dn.example", "dn.example", LONG LONG LONG LONG LONG "test", NULL },
};

START_TEST(dname_is_substituted)
{
	char out[DOMAIN_TEXT_MAX];
	const int result = packet_substitute(substitutions[_i].name,
	    substitutions[_i].owner, substitutions[_i].target, out);

	if (substitutions[_i].becomes == NULL) {
		ck_assert_int_eq(result, -1);
		return;
	}
	ck_assert_int_eq(result, 0);
	ck_assert_str_eq(out, substitutions[_i].becomes);
}
END_TEST

/* ---- messages made of others ---- */

static void
assert_records(const uint8_t *wire, size_t len, ldns_pkt_rcode rcode,
    const char *const *lines)
{
	ldns_pkt *packet = packet_parse(wire, len);
	ldns_rr_list *answer;
	size_t count = 0;

	ck_assert_ptr_nonnull(packet);
	ck_assert_int_eq(ldns_pkt_get_rcode(packet), rcode);
	answer = ldns_pkt_answer(packet);
	for (; lines[count] != NULL; count++) {
		ldns_rr *rr = message_record(lines[count]);

		ck_assert_uint_lt(count, ldns_rr_list_rr_count(answer));
		ck_assert_int_eq(
		    ldns_rr_compare(rr, ldns_rr_list_rr(answer, count)), 0);
		ck_assert_uint_eq(ldns_rr_ttl(rr),
		    ldns_rr_ttl(ldns_rr_list_rr(answer, count)));
		ldns_rr_free(rr);
	}
	ck_assert_uint_eq(ldns_rr_list_rr_count(answer), count);
	ck_assert_uint_eq(ldns_rr_list_rr_count(ldns_pkt_authority(packet)), 0);
	ldns_pkt_free(packet);
}

/* What else its sender put there stays there. */
START_TEST(extract_holds_what_was_asked)
{
	static const char *const answer[] = { "q.example. 40 IN A 192.0.2.1",
		"Q.example. 90 IN A 192.0.2.2", "q.example. 40 IN MX 1 a.",
		"q.example. 40 CH A 192.0.2.3", "x.example. 40 IN A 192.0.2.4",
		"q.example. 70 IN CNAME x.example.", NULL };
	static const char *const authority[] = { SOA, NULL };
	static const char *const expected[] = { "q.example. 40 IN A 192.0.2.1",
		"q.example. 60 IN A 192.0.2.2",
		"q.example. 60 IN CNAME x.example.", NULL };
	static const char *const nothing[] = { NULL };
	ldns_pkt *packet = make(LDNS_RCODE_NOERROR, answer, authority);
	uint8_t *wire;
	size_t len;

	ck_assert_int_eq(
	    packet_extract(packet, "q.example", DNS_TYPE_A, 60, &wire, &len),
	    0);
	assert_records(wire, len, LDNS_RCODE_NOERROR, expected);
	free(wire);
	ldns_pkt_free(packet);

	packet = make(LDNS_RCODE_NXDOMAIN, nothing, authority);
	ck_assert_int_eq(
	    packet_extract(packet, "q.example", DNS_TYPE_A, 60, &wire, &len),
	    0);
	assert_records(wire, len, LDNS_RCODE_NXDOMAIN, nothing);
	free(wire);
	ldns_pkt_free(packet);
}
END_TEST

/* With the SOA, and with its own TTLs. */
START_TEST(extract_with_soa)
{
	static const char *const answer[] = { "x.example. 40 IN A 192.0.2.4",
		"q.example. 70 IN CNAME x.example.", NULL };
	static const char *const authority[] = { "example. 9 IN NS a.", SOA,
		SOA, NULL };
	ldns_pkt *packet = make(LDNS_RCODE_NXDOMAIN, answer, authority), *found;
	struct packet_facts facts;
	uint8_t *wire;
	size_t len;

	ck_assert_int_eq(packet_extract_with_soa(
			     packet, "q.example", DNS_TYPE_A, &wire, &len),
	    0);
	ldns_pkt_free(packet);
	ck_assert_ptr_nonnull(found = packet_parse(wire, len));
	free(wire);
	ck_assert_uint_eq(ldns_pkt_ancount(found), 1);
	ck_assert_uint_eq(ldns_pkt_nscount(found), 1);
	ck_assert_int_eq(
	    packet_facts(found, "q.example", DNS_TYPE_A, &facts), 0);
	ck_assert_int_eq(facts.status, DNS_NXDOMAIN);
	ck_assert_str_eq(facts.first_target, "x.example");
	ck_assert(facts.soa);
	ck_assert_uint_eq(facts.ttl, 70);
	packet_facts_clear(&facts);
	ldns_pkt_free(found);
}
END_TEST

/* The DNAME that denies a name by making it too long belongs to that. */
START_TEST(extract_holds_the_dname_that_denies)
{
	static const char *const answer[] = { "example. 40 IN DNAME a.",
		"other. 40 IN DNAME b.", NULL };
	static const char *const expected[] = { "example. 40 IN DNAME a.",
		NULL };
	static const char *const nothing[] = { NULL };
	const ldns_pkt_rcode rcode =
	    _i == 0 ? LDNS_RCODE_YXDOMAIN : LDNS_RCODE_NOERROR;
	ldns_pkt *packet = make(rcode, answer, nothing);
	uint8_t *wire;
	size_t len;

	ck_assert_int_eq(
	    packet_extract(packet, "q.example", DNS_TYPE_A, 60, &wire, &len),
	    0);
	assert_records(wire, len, rcode, _i == 0 ? expected : nothing);
	free(wire);
	ldns_pkt_free(packet);
}
END_TEST

START_TEST(alias_is_made)
{
	static const char *const expected[] = {
		"a\\.b.example. 70000 IN CNAME c.example.", NULL
	};
	char longest[] = LONG LONG LONG LONG "example";
	uint8_t *wire;
	size_t len;

	ck_assert_int_eq(
	    packet_alias("a\\.b.example", "c.example", 70000, &wire, &len), 0);
	assert_records(wire, len, LDNS_RCODE_NOERROR, expected);
	free(wire);
	ck_assert_int_eq(packet_alias(longest, longest, 1, &wire, &len), 0);
	free(wire);
	ck_assert_int_eq(
	    packet_alias("q..example", "c.example", 1, &wire, &len), -1);
	ck_assert_int_eq(
	    packet_alias("q.example", "c..example", 1, &wire, &len), -1);
}
END_TEST

TEST_MAIN("packet")
{
	TCase *tc = add_case(suite, "packets");

	add_rows(tc, facts_of_one_question, rows);
	tcase_add_test(tc, rdata_is_uncompressed_wire_format);
	tcase_add_test(tc, chain_of_aliases_is_bounded);
	tcase_add_test(tc, aliases_are_few);
	tcase_add_test(tc, case_of_names_does_not_count);
	add_rows(tc, honest_names_have_few_pointers, names);
	tcase_add_loop_test(tc, pointers_in_a_row_are_bounded, 0, 4);
	tcase_add_test(tc, message_with_many_pointers_is_none);
	tcase_add_test(tc, rubbish_is_no_message);
	add_rows(tc, label_has_63_octets, labels);
	tcase_add_loop_test(
	    tc, what_was_left_out_is_noticed, LOSS_NONE, LOSS_AUTHORITY + 1);
	tcase_add_test(tc, name_is_a_name);
	add_rows(tc, dname_is_substituted, substitutions);
	tcase_add_test(tc, extract_holds_what_was_asked);
	tcase_add_test(tc, extract_with_soa);
	tcase_add_loop_test(tc, extract_holds_the_dname_that_denies, 0, 2);
	tcase_add_test(tc, alias_is_made);
}
