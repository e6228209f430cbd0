/*
 * TLSA records carried by the policy: what can be carried, exactly how, and
 * that "dane" is never answered beside it.
 */

#include "policy/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "dane/evidence.h"
#include "policy/verdict.h"

#include "test_main.h"

#define HOSTS_MAX 3
#define RECORDS_MAX 70

/* 64 hex digits each. */
#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
/* Of the three octets 0x30 0x01 0x00, by sha256sum(1). */
#define OF_FULL                                                                \
	"edc8c1efa9b3a9dc08b95dd0236472be2167c4eb4994fc1edda33e8deefc1a45"
#define FINGERPRINT(pins) "fingerprint match=" pins " servername=hostname"

/* ---- evidence ---- */

struct facts {
	struct dane_evidence evidence;
	struct dane_host host[HOSTS_MAX];
	struct dane_lookup lookup[HOSTS_MAX];
	struct dns_answer answer[HOSTS_MAX];
	struct dns_rdata rdata[HOSTS_MAX][RECORDS_MAX];
	uint8_t octets[HOSTS_MAX][RECORDS_MAX][80];
	char name[HOSTS_MAX][32];
};

static void
facts_start(struct facts *facts)
{
	static char domain[] = "example.org";

	memset(facts, 0, sizeof(*facts));
	facts->evidence = (struct dane_evidence){ .domain = domain,
		.port = 25,
		.mx = DANE_MX_HOSTS,
		.mx_security = DNS_SECURE,
		.host = facts->host,
		.ttl = 300 };
}

/* @records: "3 1 1 a" is a digest of 0xaa octets; "f": three octets; digits
 * otherwise say how many octets of 0xaa. */
static void
add_record(struct facts *facts, size_t host, const char *record)
{
	struct dns_answer *answer = &facts->answer[host];
	uint8_t *octets = facts->octets[host][answer->rdata_count];
	unsigned usage, selector, mtype;
	char what[8];
	size_t len = 32;

	ck_assert_int_eq(
	    sscanf(record, "%u %u %u %7s", &usage, &selector, &mtype, what), 4);
	octets[0] = (uint8_t)usage;
	octets[1] = (uint8_t)selector;
	octets[2] = (uint8_t)mtype;
	memset(octets + 3, what[0] == 'b' ? 0xbb : 0xaa, 77);
	if (what[0] == 'f') {
		memcpy(octets + 3, "\x30\x01\x00", 3);
		len = 3;
	} else if (what[0] >= '0' && what[0] <= '9') {
		len = strtoul(what, NULL, 10);
	}
	facts->rdata[host][answer->rdata_count++] =
	    (struct dns_rdata){ .data = octets, .len = 3 + len };
}

static size_t
add_host(struct facts *facts, enum dane_host_status status)
{
	const size_t i = facts->evidence.host_count++;
	struct dane_host *host = &facts->host[i];

	ck_assert_uint_lt(i, HOSTS_MAX);
	snprintf(
	    facts->name[i], sizeof(facts->name[i]), "mx%zu.example.org", i);
	facts->answer[i] = (struct dns_answer){ .references = 1,
		.qtype = DNS_TYPE_TLSA,
		.status = DNS_OK,
		.security = DNS_SECURE,
		.rdata = facts->rdata[i] };
	facts->lookup[i].answer = &facts->answer[i];
	*host = (struct dane_host){ .name = facts->name[i],
		.status = status,
		.tlsa_base = facts->name[i],
		.why = facts->name[i],
		.lookup = &facts->lookup[i],
		.lookup_count = 1 };
	return i;
}

/* Records of one host, '|' between them. */
static void
add_usable(struct facts *facts, const char *records)
{
	const size_t host = add_host(facts, DANE_HOST_USABLE);
	char text[256], *record, *rest = text;

	snprintf(text, sizeof(text), "%s", records);
	while ((record = strsep(&rest, "|")) != NULL)
		add_record(facts, host, record);
}

static void
decide(const struct facts *facts, enum conf_carry_else otherwise,
    struct verdict *verdict)
{
	const struct conf_profile options = { .carry = CONF_CARRY_FINGERPRINT,
		.carry_else = otherwise };

	verdict_decide(&facts->evidence, &options, false, verdict);
}

/* ---- what can be carried ---- */

static const struct {
	const char *why, *first, *second; /* records of one host, of two */
	const char *text;                 /* NULL: it can't be carried */
} rows[] = {
	{ "a key's digest", "3 1 1 a", NULL, FINGERPRINT(AA) },
	{ "a certificate's digest", "3 0 1 b", NULL, FINGERPRINT(BB) },
	{ "a rollover", "3 1 1 a|3 1 1 b", NULL, FINGERPRINT(AA "|" BB) },
	{ "the key itself: digested", "3 1 0 f", NULL, FINGERPRINT(OF_FULL) },
	{ "two hosts, the union", "3 1 1 a", "3 1 1 b",
	    FINGERPRINT(AA "|" BB) },
	{ "two hosts, one key: named once", "3 1 1 a", "3 1 1 a",
	    FINGERPRINT(AA) },
	{ "PKIX usages: Postfix passes them over", "1 1 1 b|3 1 1 a", NULL,
	    FINGERPRINT(AA) },
	{ "unknown usage, selector, type: the same",
	    "4 1 1 b|3 2 1 b|3 1 9 b|3 1 1 a", NULL, FINGERPRINT(AA) },
	{ "a digest cut short: the same", "3 1 1 31|3 1 1 a", NULL,
	    FINGERPRINT(AA) },
	{ "a digest too long: the same", "3 1 1 33|3 1 1 b", NULL,
	    FINGERPRINT(BB) },
	{ "a trust anchor", "2 1 1 a", NULL, NULL },
	{ "a trust anchor beside", "3 1 1 a|2 1 1 b", NULL, NULL },
	{ "SHA2-512: preferred by DANE, not to be carried", "3 1 1 a|3 1 2 64",
	    NULL, NULL },
	{ "a trust anchor of the other host", "3 1 1 a", "2 0 1 b", NULL },
	{ "nothing to match with", "0 0 1 a", NULL, NULL },
	{ "nothing to match the other host with", "3 1 1 a", "0 0 1 a", NULL },
};

START_TEST(what_can_be_carried)
{
	struct facts facts;
	char text[CARRY_TEXT_MAX];
	bool carried;

	facts_start(&facts);
	add_usable(&facts, rows[_i].first);
	if (rows[_i].second != NULL)
		add_usable(&facts, rows[_i].second);
	carried = carry_text(&facts.evidence, text);
	ck_assert_msg(carried == (rows[_i].text != NULL), "%s", rows[_i].why);
	if (carried)
		ck_assert_str_eq(text, rows[_i].text);
}
END_TEST

START_TEST(hosts_without_address_do_not_count)
{
	struct facts facts;
	char text[CARRY_TEXT_MAX];

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	add_host(&facts, DANE_HOST_NO_ADDRESS);
	ck_assert(carry_text(&facts.evidence, text));
	ck_assert_str_eq(text, FINGERPRINT(AA));
}
END_TEST

/* Whatever a host may be but usable, the pins would not speak for it. */
START_TEST(every_host_must_be_usable)
{
	static const enum dane_host_status statuses[] = { DANE_HOST_FAILED,
		DANE_HOST_UNUSABLE, DANE_HOST_ABSENT, DANE_HOST_INSECURE };
	struct facts facts;
	char text[CARRY_TEXT_MAX];

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	add_host(&facts, statuses[_i]);
	ck_assert(!carry_text(&facts.evidence, text));
}
END_TEST

START_TEST(mx_must_be_secure_and_whole)
{
	struct facts facts;
	char text[CARRY_TEXT_MAX];

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	facts.evidence.mx_security = DNS_INSECURE;
	ck_assert(!carry_text(&facts.evidence, text));
	facts.evidence.mx_security = DNS_SECURE;
	facts.evidence.truncated = true;
	ck_assert(!carry_text(&facts.evidence, text));
}
END_TEST

/* Names are not checked at this level: an alias's records are its own. */
START_TEST(base_domain_must_be_the_hosts_name)
{
	static char other[] = "target.example.net";
	struct facts facts;
	char text[CARRY_TEXT_MAX];

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	facts.host[0].tlsa_base = other;
	ck_assert(!carry_text(&facts.evidence, text));
}
END_TEST

START_TEST(an_insecure_tlsa_answer_is_not_carried)
{
	struct facts facts;
	char text[CARRY_TEXT_MAX];

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	facts.answer[0].security = DNS_INSECURE;
	ck_assert(!carry_text(&facts.evidence, text));
}
END_TEST

START_TEST(more_pins_than_fit_are_not_cut)
{
	struct facts facts;
	char text[CARRY_TEXT_MAX];

	facts_start(&facts);
	add_host(&facts, DANE_HOST_USABLE);
	for (unsigned i = 0; i < RECORDS_MAX; i++) {
		add_record(&facts, 0, "3 1 1 a");
		facts.octets[0][i][3] = (uint8_t)i;
	}
	ck_assert(!carry_text(&facts.evidence, text));
	facts.answer[0].rdata_count = 50;
	ck_assert(carry_text(&facts.evidence, text));
	ck_assert_uint_eq(strlen(text), strlen(FINGERPRINT(AA)) + 49 * 65);
}
END_TEST

/* ---- the verdict ---- */

START_TEST(what_is_carried_is_the_verdict)
{
	struct verdict verdict;
	struct facts facts;

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	decide(&facts, CONF_CARRY_ELSE_DANE_ONLY, &verdict);
	ck_assert_int_eq(verdict.policy, TLS_POLICY_FINGERPRINT);
	ck_assert_str_eq(verdict.carried, FINGERPRINT(AA));
	ck_assert_uint_eq(verdict.ttl, 300);
}
END_TEST

/* The attack: one host's TLSA is dropped, and Postfix would read "dane" as
 * "may". */
START_TEST(a_dropped_answer_defers)
{
	struct verdict verdict;
	struct facts facts;

	facts_start(&facts);
	add_usable(&facts, "3 1 1 a");
	add_host(&facts, DANE_HOST_FAILED);
	decide(&facts, CONF_CARRY_ELSE_ENCRYPT, &verdict);
	ck_assert_int_eq(verdict.policy, TLS_POLICY_TEMP);
	ck_assert_str_eq(verdict.carried, "");
	ck_assert_ptr_nonnull(strstr(verdict.why, "run: postdane explain"));
}
END_TEST

/* Hosts that were left out, or that an unsigned MX does not show, may have
 * TLSA: nobody has chosen what becomes of these. */
START_TEST(what_is_not_known_defers)
{
	struct verdict verdict;
	struct facts facts;

	facts_start(&facts);
	if (_i == 0) {
		add_usable(&facts, "3 1 1 a");
		facts.evidence.truncated = true;
	} else {
		facts.evidence.mx = DANE_MX_NO_DATA;
		facts.evidence.mx_security = DNS_INSECURE;
	}
	decide(&facts, CONF_CARRY_ELSE_ENCRYPT, &verdict);
	ck_assert_int_eq(verdict.policy, TLS_POLICY_TEMP);
}
END_TEST

START_TEST(what_cannot_be_carried_is_the_administrators_choice)
{
	struct verdict verdict;
	struct facts facts;

	facts_start(&facts);
	add_usable(&facts, "2 1 1 a");
	decide(&facts, CONF_CARRY_ELSE_DANE_ONLY, &verdict);
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE_ONLY);
	decide(&facts, CONF_CARRY_ELSE_ENCRYPT, &verdict);
	ck_assert_int_eq(verdict.policy, TLS_POLICY_ENCRYPT);
}
END_TEST

/* Every combination of two hosts, MX and profile: no "dane", and no less than
 * without carry where TLSA is there. */
START_TEST(dane_is_never_answered)
{
	static const enum dane_host_status statuses[] = { DANE_HOST_FAILED,
		DANE_HOST_USABLE, DANE_HOST_UNUSABLE, DANE_HOST_ABSENT,
		DANE_HOST_INSECURE, DANE_HOST_NO_ADDRESS };
	const size_t n = COUNT(statuses);

	for (size_t i = 0; i < n * n * 2 * 3 * 2 * 2; i++) {
		const enum dane_host_status one = statuses[i % n],
					    two = statuses[i / n % n];
		const size_t rest = i / n / n;
		struct conf_profile options = { .no_dane = (enum conf_no_dane)(
						    rest / 2 % 3),
			.dane_only = (enum conf_dane_only)(rest / 6 % 2),
			.carry = CONF_CARRY_FINGERPRINT,
			.carry_else = (enum conf_carry_else)(rest / 12 % 2) };
		struct verdict with, without;
		struct facts facts;

		facts_start(&facts);
		add_record(&facts, add_host(&facts, one), "3 1 1 a");
		add_record(&facts, add_host(&facts, two), "3 1 1 b");
		facts.evidence.mx_security =
		    rest % 2 == 0 ? DNS_SECURE : DNS_INSECURE;
		verdict_decide(&facts.evidence, &options, false, &with);
		options.carry = CONF_CARRY_NO;
		verdict_decide(&facts.evidence, &options, false, &without);
		ck_assert_int_ne(with.policy, TLS_POLICY_DANE);
		if (without.policy != TLS_POLICY_DANE &&
		    without.policy != TLS_POLICY_DANE_ONLY)
			ck_assert_int_eq(with.policy, without.policy);
		else
			ck_assert(with.policy != TLS_POLICY_MAY &&
				  with.policy != TLS_POLICY_NOTFOUND);
	}
}
END_TEST

#define PIN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(a_text_is_told_from_what_is_none)
{
	static const char *const none[] = { "", "fingerprint",
		"fingerprint match=", "fingerprint match= servername=hostname",
		"fingerprint match=" PIN, "may",
		"fingerprint match=" PIN "| servername=hostname",
		"fingerprint match=" PIN "|12 servername=hostname",
		"fingerprint match=" PIN "0 servername=hostname",
		"fingerprint match=" PIN " servername=hostname ",
		"fingerprint match=" PIN " servername=hostname match=x",
		"Fingerprint match=" PIN " servername=hostname" };

	for (size_t i = 0; i < COUNT(none); i++)
		ck_assert_msg(!carry_is_text(none[i]), "%s", none[i]);
	ck_assert(
	    carry_is_text("fingerprint match=" PIN " servername=hostname"));
	ck_assert(carry_is_text(
	    "fingerprint match=" PIN "|" PIN "|" PIN " servername=hostname"));
}
END_TEST

TEST_MAIN("carry")
{
	TCase *tc = add_case(suite, "carry");

	add_rows(tc, what_can_be_carried, rows);
	tcase_add_test(tc, hosts_without_address_do_not_count);
	tcase_add_loop_test(tc, every_host_must_be_usable, 0, 4);
	tcase_add_test(tc, mx_must_be_secure_and_whole);
	tcase_add_test(tc, base_domain_must_be_the_hosts_name);
	tcase_add_test(tc, an_insecure_tlsa_answer_is_not_carried);
	tcase_add_test(tc, more_pins_than_fit_are_not_cut);
	tcase_add_test(tc, what_is_carried_is_the_verdict);
	tcase_add_test(tc, a_dropped_answer_defers);
	tcase_add_loop_test(tc, what_is_not_known_defers, 0, 2);
	tcase_add_test(tc, what_cannot_be_carried_is_the_administrators_choice);
	tcase_add_test(tc, dane_is_never_answered);
	tcase_add_test(tc, a_text_is_told_from_what_is_none);
}
