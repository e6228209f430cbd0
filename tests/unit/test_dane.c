/*
 * The evidence for one next hop, over a resolver that answers from a table, or
 * not at all, or cannot even ask.  What the lab cannot show is here: an answer
 * that never comes, and questions for which there was no memory.  Neither may
 * look like an answer.  Time passes only where the loop would sleep.
 */

#include "dane/dane.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dane/evidence.h"
#include "dane/mx.h"
#include "dane/tlsa.h"
#include "../fakes/openssl_memory.h"
#include "../fakes/resolver.h"
#include "../fakes/time.h"
#include "test_main.h"

#define DANE_MX_ONE_TOO_MANY (MX_HOSTS_MAX + 1)

/* ---- one evaluation ---- */

static void
take(void *arg, struct dane_evidence *evidence)
{
	struct dane_evidence **found = arg;

	ck_assert_ptr_null(*found);
	*found = evidence;
}

static const struct dane_question by_mx = { .domain = "example.org",
	.use_mx = true,
	.port = 25,
	.deadline = 1,
	.class = LOOKUP_CLASS_POLICY };
static const struct dane_question bare = { .domain = "mx.example.org",
	.port = 25,
	.deadline = 1,
	.class = LOOKUP_CLASS_POLICY };

/* What comes of it; the caller frees it. */
static struct dane_evidence *
evaluate(const struct dane_question *question, const struct line *line,
    struct resolver *resolver)
{
	struct tlsa_checker *checker = tlsa_checker_new();
	struct dane_evidence *evidence = NULL;

	*resolver = (struct resolver){ .base = event_base_new(), .line = line };
	ck_assert_ptr_nonnull(checker);
	ck_assert_ptr_nonnull(resolver->base);
	ck_assert_ptr_nonnull(dane_evaluate(
	    resolver->base, resolver, checker, question, take, &evidence));
	event_base_dispatch(resolver->base);
	event_base_free(resolver->base);
	tlsa_checker_free(checker);
	ck_assert_ptr_nonnull(evidence);
	return evidence;
}

/* ---- the host ---- */

static const struct {
	const char *name;
	struct line line[TABLE_MAX];
	enum dane_host_status status;
} hosts[] = {
	{ "all secure",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	{ "brackets", { A(DNS_SECURE), AAAA(DNS_SECURE), TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	{ "one family is enough",
	    { MX(DNS_SECURE), FAILS(HOST, DNS_TYPE_A, DNS_INDETERMINATE),
		AAAA(DNS_SECURE), TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	{ "TLSA bogus",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		FAILS(OWNER, DNS_TYPE_TLSA, DNS_BOGUS) },
	    DANE_HOST_FAILED },
	{ "TLSA denied without proof",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		DENIED(OWNER, DNS_TYPE_TLSA, DNS_NXDOMAIN, DNS_INDETERMINATE) },
	    DANE_HOST_FAILED },
	{ "TLSA data without proof",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		TLSA(DNS_INDETERMINATE) },
	    DANE_HOST_FAILED },
	{ "TLSA denied",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		DENIED(OWNER, DNS_TYPE_TLSA, DNS_NXDOMAIN, DNS_SECURE) },
	    DANE_HOST_ABSENT },
	{ "TLSA unsigned",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		FAILS(OWNER, DNS_TYPE_TLSA, DNS_INSECURE) },
	    DANE_HOST_ABSENT },
	{ "TLSA silent",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		NO(SILENT, OWNER, DNS_TYPE_TLSA) },
	    DANE_HOST_FAILED },
	{ "TLSA not asked",
	    { MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
		NO(REFUSES, OWNER, DNS_TYPE_TLSA) },
	    DANE_HOST_FAILED },
	{ "A silent, AAAA insecure",
	    { MX(DNS_SECURE), NO(SILENT, HOST, DNS_TYPE_A),
		AAAA(DNS_INSECURE) },
	    DANE_HOST_FAILED },
	{ "A not asked",
	    { MX(DNS_SECURE), NO(REFUSES, HOST, DNS_TYPE_A), AAAA(DNS_SECURE) },
	    DANE_HOST_FAILED },
	{ "AAAA not asked",
	    { MX(DNS_SECURE), A(DNS_INSECURE),
		NO(REFUSES, HOST, DNS_TYPE_AAAA) },
	    DANE_HOST_FAILED },
	{ "no addresses, no proof",
	    { MX(DNS_SECURE), FAILS(HOST, DNS_TYPE_A, DNS_INDETERMINATE),
		FAILS(HOST, DNS_TYPE_AAAA, DNS_INDETERMINATE) },
	    DANE_HOST_FAILED },
	{ "denied and failed",
	    { MX(DNS_SECURE), DENIED(HOST, DNS_TYPE_A, DNS_NODATA, DNS_SECURE),
		FAILS(HOST, DNS_TYPE_AAAA, DNS_BOGUS) },
	    DANE_HOST_FAILED },
	/* Who drops A, and denies AAAA, has not shown a host to be unsigned. */
	{ "A failed, AAAA denied without a signature",
	    { MX(DNS_SECURE), FAILS(HOST, DNS_TYPE_A, DNS_INDETERMINATE),
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_INSECURE) },
	    DANE_HOST_FAILED },
	{ "A denied without a signature, AAAA bogus",
	    { MX(DNS_SECURE),
		DENIED(HOST, DNS_TYPE_A, DNS_NODATA, DNS_INSECURE),
		FAILS(HOST, DNS_TYPE_AAAA, DNS_BOGUS) },
	    DANE_HOST_FAILED },
	{ "denied",
	    { MX(DNS_SECURE), DENIED(HOST, DNS_TYPE_A, DNS_NODATA, DNS_SECURE),
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_SECURE) },
	    DANE_HOST_NO_ADDRESS },
	{ "insecure", { MX(DNS_SECURE), A(DNS_INSECURE), AAAA(DNS_INSECURE) },
	    DANE_HOST_INSECURE },
	{ "insecure behind a secure alias",
	    { MX(DNS_SECURE),
		{ HOST, DNS_TYPE_A, ANSWERS, DNS_OK, DNS_INSECURE,
		    RDATA(a_wire), "elsewhere.example", DNS_SECURE },
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_INSECURE),
		TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	{ "A failed, AAAA insecure behind a secure alias",
	    { MX(DNS_SECURE), FAILS(HOST, DNS_TYPE_A, DNS_INDETERMINATE),
		{ HOST, DNS_TYPE_AAAA, ANSWERS, DNS_OK, DNS_INSECURE,
		    RDATA(aaaa_wire), "elsewhere.example", DNS_SECURE },
		TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	{ "denied behind an alias of unknown trust",
	    { MX(DNS_SECURE),
		{ .name = HOST,
		    .type = DNS_TYPE_A,
		    .status = DNS_NXDOMAIN,
		    .security = DNS_INSECURE,
		    .target = "elsewhere.example" },
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_INSECURE),
		TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	{ "target, then the original name",
	    { MX(DNS_SECURE),
		{ HOST, DNS_TYPE_A, ANSWERS, DNS_OK, DNS_SECURE, RDATA(a_wire),
		    "elsewhere.example", DNS_SECURE },
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_SECURE),
		DENIED("_25._tcp.elsewhere.example", DNS_TYPE_TLSA,
		    DNS_NXDOMAIN, DNS_SECURE),
		TLSA(DNS_SECURE) },
	    DANE_HOST_USABLE },
	/* The original name would be a failed assertion: it is in no line. */
	{ "the target's records, and the original name is not asked",
	    { MX(DNS_SECURE),
		{ HOST, DNS_TYPE_A, ANSWERS, DNS_OK, DNS_SECURE, RDATA(a_wire),
		    "elsewhere.example", DNS_SECURE },
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_SECURE),
		{ "_25._tcp.elsewhere.example", DNS_TYPE_TLSA, ANSWERS, DNS_OK,
		    DNS_SECURE, RDATA(ee_wire) } },
	    DANE_HOST_USABLE },
};

START_TEST(host_gets_its_status)
{
	struct resolver resolver;
	struct dane_evidence *evidence =
	    evaluate(hosts[_i].line->type == DNS_TYPE_MX ? &by_mx : &bare,
		hosts[_i].line, &resolver);

	ck_assert_msg(evidence->mx == DANE_MX_HOSTS, "%s", hosts[_i].name);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_msg(evidence->host[0].status == hosts[_i].status, "%s: %s",
	    hosts[_i].name, dane_host_status_text(evidence->host[0].status));
	ck_assert_ptr_nonnull(evidence->host[0].why);
	dane_evidence_free(evidence);
}
END_TEST

/* The memory of OpenSSL ends: nobody knows whether the records are usable. */
START_TEST(host_that_nobody_can_judge_has_failed)
{
	static const struct line line[] = { MX(DNS_SECURE), A(DNS_SECURE),
		AAAA(DNS_SECURE), TLSA(DNS_SECURE), { 0 } };
	struct tlsa_checker *checker = tlsa_checker_new();
	struct resolver resolver = { .base = event_base_new(), .line = line };
	struct dane_evidence *evidence = NULL;

	ck_assert_ptr_nonnull(checker);
	ck_assert_ptr_nonnull(dane_evaluate(
	    resolver.base, &resolver, checker, &by_mx, take, &evidence));
	allocations_left = 0;
	event_base_dispatch(resolver.base);
	allocations_left = INT_MAX;
	ck_assert_ptr_nonnull(evidence);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_str_eq(dane_host_status_text(evidence->host[0].status),
	    dane_host_status_text(DANE_HOST_FAILED));
	dane_evidence_free(evidence);
	event_base_free(resolver.base);
	tlsa_checker_free(checker);
}
END_TEST

/* A key with a curve of its own, which OpenSSL is not asked about. */
START_TEST(host_whose_records_nobody_looks_at_has_failed)
{
	static const uint8_t own_curve[] = { 3, 1, 0, 6, 7, 0x2a, 0x86, 0x48,
		0xce, 0x3d, 1, 1 };
	static const struct line line[] = { MX(DNS_SECURE), A(DNS_SECURE),
		AAAA(DNS_SECURE),
		{ OWNER, DNS_TYPE_TLSA, ANSWERS, DNS_OK, DNS_SECURE,
		    RDATA(own_curve) },
		{ 0 } };
	struct resolver resolver;
	struct dane_evidence *evidence = evaluate(&by_mx, line, &resolver);

	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_str_eq(dane_host_status_text(evidence->host[0].status),
	    dane_host_status_text(DANE_HOST_FAILED));
	dane_evidence_free(evidence);
}
END_TEST

START_TEST(records_are_those_of_the_port)
{
	static const struct line line[] = { A(DNS_SECURE), AAAA(DNS_SECURE),
		{ "_587._tcp." HOST, DNS_TYPE_TLSA, ANSWERS, DNS_OK, DNS_SECURE,
		    RDATA(ee_wire) },
		{ 0 } };
	struct dane_question question = bare;
	struct dane_evidence *evidence;
	struct resolver resolver;

	question.port = 587;
	evidence = evaluate(&question, line, &resolver);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_int_eq(evidence->host[0].status, DANE_HOST_USABLE);
	dane_evidence_free(evidence);
}
END_TEST

/* ---- names of full length ---- */

#define SIXTY "a23456789012345678901234567890123456789012345678901234567890."
#define LONGEST SIXTY SIXTY SIXTY "b2345678901234567890123456789012345678901"
#define LONG_HOST LONGEST "234567890123456.org" /* 243 octets */

/* With "_25._tcp." in front they have 254 and 255 octets in wire format; then
 * 256 and more, which no name has: what can't be there isn't asked for. */
START_TEST(tlsa_of_a_name_that_cannot_be_is_absent)
{
	static const struct {
		const char *host;
		uint16_t port;
		bool asked;
	} cases[] = { { LONG_HOST, 25, true }, { "c" LONG_HOST, 25, true },
		{ "cd" LONG_HOST, 25, false }, { LONG_HOST, 587, true },
		{ "c" LONG_HOST, 587, false }, { LONG_HOST, 65535, false },
		{ "c." LONG_HOST, 25, false }, { "mail." LONG_HOST, 25, false },
		{ "mx234567." LONG_HOST, 25, false } };
	char owner[300];
	const struct line line[] = { { .name = cases[_i].host,
					 .type = DNS_TYPE_A,
					 .status = DNS_OK,
					 .security = DNS_SECURE,
					 RDATA(a_wire) },
		DENIED(cases[_i].host, DNS_TYPE_AAAA, DNS_NODATA, DNS_SECURE),
		FAILS(owner, DNS_TYPE_TLSA, DNS_BOGUS), { 0 } };
	const struct dane_question question = {
		.domain = cases[_i].host, .port = cases[_i].port, .deadline = 1
	};
	struct dane_evidence *evidence;
	struct resolver resolver;

	snprintf(owner, sizeof(owner), "_%u._tcp.%s", cases[_i].port,
	    cases[_i].host);
	evidence = evaluate(&question, line, &resolver);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_uint_eq(evidence->questions, cases[_i].asked ? 3 : 2);
	ck_assert_int_eq(evidence->host[0].status,
	    cases[_i].asked ? DANE_HOST_FAILED : DANE_HOST_ABSENT);
	dane_evidence_free(evidence);
}
END_TEST

/* An alias to such a name leaves the original one, which may have TLSA. */
START_TEST(original_name_of_one_that_cannot_be_is_asked_for)
{
	static const struct line line[] = { MX(DNS_SECURE),
		{ HOST, DNS_TYPE_A, ANSWERS, DNS_OK, DNS_SECURE, RDATA(a_wire),
		    "mail." LONG_HOST, DNS_SECURE },
		DENIED(HOST, DNS_TYPE_AAAA, DNS_NODATA, DNS_SECURE),
		TLSA(DNS_SECURE), { 0 } };
	struct resolver resolver;
	struct dane_evidence *evidence = evaluate(&by_mx, line, &resolver);

	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_int_eq(evidence->host[0].status, DANE_HOST_USABLE);
	dane_evidence_free(evidence);
}
END_TEST

/* ---- how long it holds ---- */

#define FOR_A_MINUTE(line_, type_, ...)                                        \
	{                                                                      \
		.name = (line_), .type = (type_), .ttl = 60, __VA_ARGS__       \
	}
#define IS(status_, security_) .status = (status_), .security = (security_)

/* One answer of each holds for a minute, all others for five. */
static const struct line minutes[][TABLE_MAX] = {
	{ FOR_A_MINUTE("example.org", DNS_TYPE_MX, IS(DNS_OK, DNS_SECURE),
	      RDATA(mx_wire)),
	    A(DNS_SECURE), AAAA(DNS_SECURE), TLSA(DNS_SECURE) },
	{ MX(DNS_SECURE),
	    FOR_A_MINUTE(
		HOST, DNS_TYPE_A, IS(DNS_OK, DNS_SECURE), RDATA(a_wire)),
	    NO(SILENT, HOST, DNS_TYPE_AAAA), TLSA(DNS_SECURE) },
	{ MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
	    FOR_A_MINUTE(
		OWNER, DNS_TYPE_TLSA, IS(DNS_OK, DNS_SECURE), RDATA(ee_wire)) },
	{ MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
	    FOR_A_MINUTE(OWNER, DNS_TYPE_TLSA, IS(DNS_NXDOMAIN, DNS_SECURE)) },
	/* a proof, and no data beside it */
	{ MX(DNS_SECURE), A(DNS_SECURE), AAAA(DNS_SECURE),
	    FOR_A_MINUTE(OWNER, DNS_TYPE_TLSA, IS(DNS_FAILED, DNS_INSECURE)) },
	{ MX(DNS_SECURE),
	    FOR_A_MINUTE(HOST, DNS_TYPE_A, IS(DNS_FAILED, DNS_INSECURE)),
	    FAILS(HOST, DNS_TYPE_AAAA, DNS_INSECURE) },
	{ FOR_A_MINUTE(
	    "example.org", DNS_TYPE_MX, IS(DNS_FAILED, DNS_INSECURE)) },
};

START_TEST(evidence_holds_no_longer_than_each_answer)
{
	const uint64_t begin = clock_ms();
	struct resolver resolver;
	struct dane_evidence *evidence =
	    evaluate(&by_mx, minutes[_i], &resolver);

	ck_assert_uint_gt(evidence->ttl, 0);
	ck_assert_uint_le(evidence->ttl, 60);
	ck_assert_uint_ge(evidence->expires, begin + 60000);
	ck_assert_uint_le(evidence->expires, clock_ms() + 60000);
	dane_evidence_free(evidence);
}
END_TEST

/* ---- the next hop ---- */

/* One more than are looked at.  An insecure MX: nobody asks for the hosts. */
START_TEST(hosts_that_are_left_out_are_told)
{
	static uint8_t wire[DANE_MX_ONE_TOO_MANY][8];
	struct dns_rdata rdata[DANE_MX_ONE_TOO_MANY];
	const struct line line[] = { { .name = "example.org",
					 .type = DNS_TYPE_MX,
					 IS(DNS_OK, DNS_INSECURE),
					 .many = rdata,
					 .many_count = DANE_MX_ONE_TOO_MANY },
		{ 0 } };
	struct dane_evidence *evidence;
	struct resolver resolver;

	for (size_t i = 0; i < DANE_MX_ONE_TOO_MANY; i++) {
		const uint8_t one[] = { 0, 10, 3, 'm', 'x', (uint8_t)('a' + i),
			0 };

		memcpy(wire[i], one, sizeof(one));
		rdata[i] = (struct dns_rdata){ wire[i], sizeof(one) };
	}
	evidence = evaluate(&by_mx, line, &resolver);
	ck_assert_uint_eq(evidence->host_count, DANE_MX_ONE_TOO_MANY - 1);
	ck_assert(evidence->truncated);
	dane_evidence_free(evidence);
}
END_TEST

static const struct {
	const char *name;
	struct line line[TABLE_MAX];
	enum dane_mx_status status;
} hops[] = {
	{ "MX silent", { NO(SILENT, "example.org", DNS_TYPE_MX) },
	    DANE_MX_FAILED },
	{ "MX not asked", { NO(REFUSES, "example.org", DNS_TYPE_MX) },
	    DANE_MX_FAILED },
	{ "MX bogus", { FAILS("example.org", DNS_TYPE_MX, DNS_BOGUS) },
	    DANE_MX_FAILED },
	{ "MX failed without proof",
	    { FAILS("example.org", DNS_TYPE_MX, DNS_INDETERMINATE) },
	    DANE_MX_FAILED },
	{ "MX proven insecure, without data",
	    { FAILS("example.org", DNS_TYPE_MX, DNS_INSECURE) },
	    DANE_MX_NO_DATA },
	{ "no such domain",
	    { DENIED("example.org", DNS_TYPE_MX, DNS_NXDOMAIN, DNS_SECURE) },
	    DANE_MX_NXDOMAIN },
};

START_TEST(hop_gets_its_status)
{
	struct resolver resolver;
	struct dane_evidence *evidence =
	    evaluate(&by_mx, hops[_i].line, &resolver);

	ck_assert_msg(evidence->mx == hops[_i].status, "%s: %s", hops[_i].name,
	    dane_mx_status_text(evidence->mx));
	ck_assert_uint_eq(evidence->host_count, 0);
	if (evidence->mx == DANE_MX_FAILED)
		ck_assert_ptr_nonnull(evidence->mx_why);
	dane_evidence_free(evidence);
}
END_TEST

/* Hosts that an insecure MX names are not asked for, and are not trusted. */
START_TEST(insecure_mx_asks_for_no_host)
{
	static const struct line line[] = { MX(DNS_INSECURE), { 0 } };
	struct resolver resolver;
	struct dane_evidence *evidence = evaluate(&by_mx, line, &resolver);

	ck_assert_uint_eq(resolver.asked, 1);
	ck_assert_int_eq(evidence->mx_security, DNS_INSECURE);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_int_eq(evidence->host[0].status, DANE_HOST_FAILED);
	dane_evidence_free(evidence);
}
END_TEST

START_TEST(no_mx_makes_the_domain_its_host)
{
	static const struct line line[] = { DENIED("example.org", DNS_TYPE_MX,
						DNS_NODATA, DNS_SECURE),
		DENIED("example.org", DNS_TYPE_A, DNS_NODATA, DNS_SECURE),
		DENIED("example.org", DNS_TYPE_AAAA, DNS_NODATA, DNS_SECURE),
		{ 0 } };
	struct resolver resolver;
	struct dane_evidence *evidence = evaluate(&by_mx, line, &resolver);

	ck_assert(evidence->implicit_mx);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_int_eq(evidence->host[0].status, DANE_HOST_NO_ADDRESS);
	ck_assert_uint_eq(evidence->questions, 3);
	ck_assert_uint_eq(evidence->steps, 2);
	ck_assert_int_eq(dane_evidence_rung(evidence), DNS_RUNG_VALIDATED);
	dane_evidence_free(evidence);
}
END_TEST

/* ---- the end ---- */

/* ---- many hosts ---- */

#define MANY 9

#define APART "abcdefghi"

/* The hosts of one next hop, and how they answer for A and AAAA. */
static const struct {
	const char *parent; /* of each, one letter */
	enum way a[MANY], aaaa[MANY];
	unsigned asked; /* all in all */
	unsigned concluded;
} crowds[] = {
	/* All hosts have their turn. */
	{ APART, .asked = 1 + 3 * MANY, .concluded = MANY },
	{ "aaaaaaaaa", .asked = 1 + 3 * MANY, .concluded = MANY },
	/* What cannot be asked keeps nobody waiting. */
	{ APART, .a = { REFUSES, REFUSES, REFUSES, REFUSES },
	    .asked = 1 + 8 + 3 * 5, .concluded = 5 },
	/* Nor do three that are silent; */
	{ APART, .a = { SILENT, SILENT, SILENT },
	    .aaaa = { SILENT, SILENT, SILENT }, .asked = 1 + 6 + 3 * 6,
	    .concluded = 6 },
	/* four do, and at the deadline nothing is begun. */
	{ APART, .a = { SILENT, SILENT, SILENT, SILENT },
	    .aaaa = { SILENT, SILENT, SILENT, SILENT }, .asked = 1 + 8 },
	/* What nobody waits for any more is not in flight. */
	{ APART, .a = { SILENT },
	    .aaaa = { SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, SILENT,
		SILENT, SILENT },
	    .asked = 1 + 2 + 3 * 8, .concluded = 8 },
	/* Where one of two zones is silent, the hosts in the other have their
	 * turn all the same. */
	{ "aaaaabbbb", .a = { SILENT, SILENT, SILENT, SILENT, SILENT },
	    .aaaa = { SILENT, SILENT, SILENT, SILENT, SILENT },
	    .asked = 1 + 2 * 4 + 3 * 4, .concluded = 4 },
};

START_TEST(few_hosts_are_looked_up_at_a_time)
{
	uint8_t mx[MANY][8];
	struct dns_rdata rdata[MANY];
	struct line line[2 + 3 * MANY] = { MX(DNS_SECURE) };
	char name[MANY][8], owner[MANY][16];
	struct resolver resolver;
	struct dane_evidence *evidence;
	unsigned concluded = 0;

	line[0].many = rdata;
	line[0].many_count = MANY;
	for (int i = 0; i < MANY; i++) {
		struct line *at = &line[1 + 3 * i];
		const char zone = crowds[_i].parent[i];
		const uint8_t wire[8] = { 0, 10, 2, 'h', (uint8_t)('0' + i), 1,
			(uint8_t)zone, 0 };

		memcpy(mx[i], wire, sizeof(wire));
		rdata[i] = (struct dns_rdata){ mx[i], sizeof(wire) };
		snprintf(name[i], sizeof(name[i]), "h%d.%c", i, zone);
		snprintf(
		    owner[i], sizeof(owner[i]), "_25._tcp.h%d.%c", i, zone);
		at[0] = (struct line)A(DNS_SECURE);
		at[0].way = crowds[_i].a[i];
		at[1] = (struct line)AAAA(DNS_SECURE);
		at[1].way = crowds[_i].aaaa[i];
		at[0].name = at[1].name = name[i];
		at[2] = (struct line)TLSA(DNS_SECURE);
		at[2].name = owner[i];
	}
	evidence = evaluate(&by_mx, line, &resolver);
	ck_assert_uint_eq(evidence->host_count, MANY);
	for (size_t i = 0; i < MANY; i++)
		if (evidence->host[i].status == DANE_HOST_USABLE)
			concluded++;
		else
			ck_assert_int_eq(
			    evidence->host[i].status, DANE_HOST_FAILED);
	ck_assert_uint_eq(concluded, crowds[_i].concluded);
	ck_assert_uint_eq(resolver.asked, crowds[_i].asked);
	/* Of four hosts, A and AAAA, or AAAA and TLSA. */
	ck_assert_uint_le(resolver.most, 8);
	ck_assert_uint_eq(resolver.in_flight, 0);
	dane_evidence_free(evidence);

	/* One, where what it takes to validate them holds all others up. */
	spent_on_each = 20000;
	evidence = evaluate(&by_mx, line, &resolver);
	spent_on_each = 0;
	ck_assert_uint_le(resolver.most, 2);
	dane_evidence_free(evidence);
}
END_TEST

START_TEST(deadline_ends_what_is_silent)
{
	static const struct line line[] = { MX(DNS_SECURE), A(DNS_INSECURE),
		NO(SILENT, HOST, DNS_TYPE_AAAA), { 0 } };
	const uint64_t begin = clock_ms();
	struct resolver resolver;
	struct dane_evidence *evidence = evaluate(&by_mx, line, &resolver);

	ck_assert_uint_ge(clock_ms() - begin, 900);
	ck_assert_uint_eq(evidence->host_count, 1);
	ck_assert_ptr_nonnull(
	    strstr(evidence->host[0].why, "not concluded within 1 seconds"));
	ck_assert_uint_eq(resolver.cancelled, 1);
	dane_evidence_free(evidence);
}
END_TEST

static void
unwanted(void *arg, struct dane_evidence *evidence)
{
	(void)arg;
	(void)evidence;
	ck_abort_msg("a callback after dane_cancel()");
}

START_TEST(cancelled_calls_nobody)
{
	static const struct line line[] = { MX(DNS_SECURE), A(DNS_SECURE),
		NO(SILENT, HOST, DNS_TYPE_AAAA),
		NO(SILENT, OWNER, DNS_TYPE_TLSA), { 0 } };
	struct resolver resolver = { .base = event_base_new(), .line = line };
	struct tlsa_checker *checker = tlsa_checker_new();
	struct dane *dane;

	ck_assert_ptr_nonnull(checker);
	dane = dane_evaluate(
	    resolver.base, &resolver, checker, &by_mx, unwanted, NULL);
	ck_assert_ptr_nonnull(dane);
	while (resolver.asked < 4)
		event_base_loop(resolver.base, EVLOOP_ONCE);
	dane_cancel(dane);
	dane_cancel(NULL);
	ck_assert_uint_eq(resolver.cancelled, 2);
	event_base_dispatch(resolver.base);
	event_base_free(resolver.base);
	tlsa_checker_free(checker);
}
END_TEST

TEST_MAIN("dane")
{
	TCase *tc = add_case(suite, "dane");

	limit_openssl_memory();
	tcase_add_loop_test(tc, tlsa_of_a_name_that_cannot_be_is_absent, 0, 9);
	tcase_add_test(tc, original_name_of_one_that_cannot_be_is_asked_for);
	add_rows(tc, host_gets_its_status, hosts);
	tcase_add_test(tc, host_that_nobody_can_judge_has_failed);
	tcase_add_test(tc, host_whose_records_nobody_looks_at_has_failed);
	tcase_add_test(tc, records_are_those_of_the_port);
	add_rows(tc, evidence_holds_no_longer_than_each_answer, minutes);
	tcase_add_test(tc, hosts_that_are_left_out_are_told);
	add_rows(tc, hop_gets_its_status, hops);
	tcase_add_test(tc, insecure_mx_asks_for_no_host);
	tcase_add_test(tc, no_mx_makes_the_domain_its_host);
	tcase_add_test(tc, deadline_ends_what_is_silent);
	add_rows(tc, few_hosts_are_looked_up_at_a_time, crowds);
	tcase_add_test(tc, cancelled_calls_nobody);
}
