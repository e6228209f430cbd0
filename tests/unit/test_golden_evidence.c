/*
 * What is said of a next hop: postdane explain and check, for people and for
 * programs, and the lines of the log.  The evidence is made by hand; nothing is
 * asked.
 */

#include <string.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/reason.h"
#include "command/check/check_report.h"
#include "command/check/destination.h"
#include "command/explain_text.h"
#include "command/report.h"
#include "dane/evidence.h"
#include "policy/evidence_json.h"
#include "policy/nexthop.h"
#include "policy/policy_log.h"
#include "policy/verdict.h"

#include "golden.h"
#include "test_main.h"

/* ---- records ---- */

#define RAW(text)                                                              \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}
#define DIGEST "0123456789abcdef0123456789abcdef"

static struct dns_rdata mx_records[] = {
	RAW("\0\12\3mx1\7example\3org\0"),
	RAW("\0\24\3mx2\7example\3net\0"),
};
static struct dns_rdata mx_record[] = { RAW("\0\12\3mx1\7example\3org\0") };
static struct dns_rdata a_record[] = { RAW("\300\0\2\1") };
static struct dns_rdata aaaa_record[] = { RAW(
    "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1") };
static struct dns_rdata tlsa_records[] = {
	RAW("\3\1\1" DIGEST),
	RAW("\2\0\1" DIGEST),
};
static struct dns_rdata tlsa_record[] = { RAW("\3\1\1" DIGEST) };

/* ---- lookups ---- */

#define ANSWER(name_, type_, status_, security_, rung_, ttl_)                  \
	.qname = (name_), .rname = (name_), .qtype = (type_),                  \
	.status = (status_), .security = (security_), .rung = (rung_),         \
	.ttl = (ttl_)
#define RECORDS(list) .rdata = (list), .rdata_count = COUNT(list)
#define SECURE(name_, type_, list)                                             \
	{                                                                      \
		ANSWER(name_, type_, DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED,   \
		    3600),                                                     \
		    RECORDS(list)                                              \
	}
#define DENIED(name_, type_, rung_)                                            \
	{                                                                      \
		ANSWER(name_, type_, DNS_NODATA, DNS_SECURE, rung_, 300)       \
	}
#define UNSIGNED_PROOF                                                         \
	"no DS for unsigned.example, which example proves (NSEC3)"

static struct dns_answer answers[] = {
	SECURE("example.org", DNS_TYPE_MX, mx_records),
	SECURE("mx1.example.org", DNS_TYPE_A, a_record),
	SECURE("mx1.example.org", DNS_TYPE_AAAA, aaaa_record),
	SECURE("_25._tcp.mx1.example.org", DNS_TYPE_TLSA, tlsa_records),
	{ .qname = "mx2.example.net",
	    .rname = "host.example.net",
	    .qtype = DNS_TYPE_A,
	    .status = DNS_OK,
	    .security = DNS_SECURE,
	    .rung = DNS_RUNG_FRESH,
	    .ttl = 60,
	    RECORDS(a_record) },
	DENIED("mx2.example.net", DNS_TYPE_AAAA, DNS_RUNG_VALIDATED),
	DENIED("_25._tcp.mx2.example.net", DNS_TYPE_TLSA, DNS_RUNG_VALIDATED),
	/* 7: an unsigned zone */
	{ ANSWER("unsigned.example", DNS_TYPE_MX, DNS_NODATA, DNS_INSECURE,
	      DNS_RUNG_PLAIN, 3600),
	    .proof = UNSIGNED_PROOF },
	{ ANSWER("unsigned.example", DNS_TYPE_A, DNS_OK, DNS_INSECURE,
	      DNS_RUNG_PLAIN, 3600),
	    RECORDS(a_record), .proof = UNSIGNED_PROOF },
	{ ANSWER("unsigned.example", DNS_TYPE_AAAA, DNS_FAILED, DNS_INSECURE,
	      DNS_RUNG_PROOF, 3600),
	    .proof = UNSIGNED_PROOF, .why = "no name server has answered" },
	/* 10: a zone with wrong signatures */
	{ ANSWER("broken.example", DNS_TYPE_MX, DNS_FAILED, DNS_BOGUS,
	      DNS_RUNG_NONE, 0),
	    .why = "bogus: signature expired" },
	/* 11: one host, all of whose records can be carried */
	SECURE("carried.example", DNS_TYPE_MX, mx_record),
	SECURE("_25._tcp.mx1.example.org", DNS_TYPE_TLSA, tlsa_record),
	/* 13: no root */
	{ ANSWER("example.com", DNS_TYPE_MX, DNS_FAILED, DNS_INDETERMINATE,
	      DNS_RUNG_NONE, 0),
	    .why = REASON_NO_ROOT },
};

static struct dane_lookup mx_lookups[] = { { &answers[0], 1, 12 } };
static struct dane_lookup mx1_lookups[] = { { &answers[1], 2, 30 },
	{ &answers[2], 2, 31 }, { &answers[3], 3, 8 } };
static struct dane_lookup mx2_lookups[] = { { &answers[4], 2, 2210 },
	{ &answers[5], 2, 25 }, { &answers[6], 3, 9 } };
static struct dane_lookup unsigned_mx_lookups[] = { { &answers[7], 1, 3100 } };
static struct dane_lookup unsigned_lookups[] = { { &answers[8], 2, 40 },
	{ &answers[9], 2, 5000 } };
static struct dane_lookup broken_lookups[] = { { &answers[10], 1, 140 } };
static struct dane_lookup carried_mx_lookups[] = { { &answers[11], 1, 5 } };
static struct dane_lookup carried_lookups[] = { { &answers[1], 2, 7 },
	{ &answers[2], 2, 7 }, { &answers[12], 3, 1 } };
static struct dane_lookup rootless_lookups[] = { { &answers[13], 1, 15000 } };

/* ---- evidence ---- */

#define LOOKUPS(list) .lookup = (list), .lookup_count = COUNT(list)
#define MX_LOOKUPS(list) .mx_lookup = (list), .mx_lookup_count = COUNT(list)
#define HOSTS(list) .host = (list), .host_count = COUNT(list)

static struct dane_host hosts[] = {
	{ .name = "mx1.example.org",
	    .preference = 10,
	    .status = DANE_HOST_USABLE,
	    .tlsa_base = "mx1.example.org",
	    .why = "2 of 2 TLSA records usable",
	    LOOKUPS(mx1_lookups) },
	{ .name = "mx2.example.net",
	    .preference = 20,
	    .status = DANE_HOST_ABSENT,
	    .why = "no TLSA record",
	    LOOKUPS(mx2_lookups) },
};
static struct dane_host unsigned_hosts[] = {
	{ .name = "unsigned.example",
	    .status = DANE_HOST_INSECURE,
	    .why = "addresses insecure",
	    LOOKUPS(unsigned_lookups) },
};
static struct dane_host carried_hosts[] = {
	{ .name = "mx1.example.org",
	    .preference = 10,
	    .status = DANE_HOST_USABLE,
	    .tlsa_base = "mx1.example.org",
	    .why = "1 of 1 TLSA records usable",
	    LOOKUPS(carried_lookups) },
};

static const struct dane_evidence signed_mail = { .domain = "example.org",
	.port = 25,
	.mx = DANE_MX_HOSTS,
	.mx_security = DNS_SECURE,
	MX_LOOKUPS(mx_lookups),
	HOSTS(hosts),
	.ttl = 60,
	.questions = 7,
	.steps = 3,
	.ms = 2231 };
static const struct dane_evidence unsigned_mail = { .domain =
							"unsigned.example",
	.port = 25,
	.mx = DANE_MX_HOSTS,
	.mx_security = DNS_INSECURE,
	.implicit_mx = true,
	MX_LOOKUPS(unsigned_mx_lookups),
	HOSTS(unsigned_hosts),
	.ttl = 3600,
	.questions = 3,
	.steps = 2,
	.ms = 8100 };
static const struct dane_evidence broken_mail = { .domain = "broken.example",
	.port = 587,
	.mx = DANE_MX_FAILED,
	.mx_security = DNS_BOGUS,
	.mx_why = "MX of broken.example: bogus: signature expired",
	MX_LOOKUPS(broken_lookups),
	.questions = 1,
	.steps = 1,
	.ms = 140 };
static const struct dane_evidence carried_mail = { .domain = "carried.example",
	.port = 25,
	.mx = DANE_MX_HOSTS,
	.mx_security = DNS_SECURE,
	MX_LOOKUPS(carried_mx_lookups),
	HOSTS(carried_hosts),
	.ttl = 3600,
	.questions = 4,
	.steps = 3,
	.ms = 13 };
static const struct dane_evidence rootless_mail = { .domain = "example.com",
	.port = 25,
	.mx = DANE_MX_FAILED,
	.mx_security = DNS_INDETERMINATE,
	.mx_why = "MX of example.com: " REASON_NO_ROOT,
	MX_LOOKUPS(rootless_lookups),
	.questions = 1,
	.steps = 1,
	.ms = 15000 };

static const struct mail {
	const char *key, *map;
	const struct dane_evidence *evidence;
	bool is_explicit;
	enum conf_carry carry;
	enum policy_log_cause cause;
} mails[] = {
	{ "example.org", "query", &signed_mail, false, CONF_CARRY_NO,
	    POLICY_LOG_CAUSE_QUESTION },
	{ "unsigned.example", "query", &unsigned_mail, false, CONF_CARRY_NO,
	    POLICY_LOG_CAUSE_REFRESH },
	{ "broken.example:587", "query", &broken_mail, true, CONF_CARRY_NO,
	    POLICY_LOG_CAUSE_WARM_UP },
	{ "carried.example", "two words", &carried_mail, false,
	    CONF_CARRY_FINGERPRINT, POLICY_LOG_CAUSE_QUESTION },
	{ "example.com", "query", &rootless_mail, false, CONF_CARRY_NO,
	    POLICY_LOG_CAUSE_QUESTION },
	{ "no.evidence.example", "query", NULL, false, CONF_CARRY_NO,
	    POLICY_LOG_CAUSE_QUESTION },
};

static void
decide(const struct mail *mail, struct verdict *verdict)
{
	const struct conf_profile profile = {
		.no_dane_explicit = CONF_NO_DANE_NOTFOUND, .carry = mail->carry
	};

	memset(verdict, 0, sizeof(*verdict));
	verdict_decide(mail->evidence, &profile, mail->is_explicit, verdict);
}

static json_t *
explain(const struct mail *mail)
{
	struct verdict verdict;
	json_t *explanation;

	decide(mail, &verdict);
	explanation =
	    evidence_json(mail->key, mail->map, &verdict, mail->evidence);
	ck_assert_ptr_nonnull(explanation);
	return explanation;
}

/* ---- explain ---- */

START_TEST(an_explanation_for_programs)
{
	json_t *all = json_array();

	for (size_t i = 0; i < COUNT(mails); i++)
		json_array_append_new(all, explain(&mails[i]));
	golden_json(all, "explain.json");
}
END_TEST

static void
explain_all(bool colour, const char *name)
{
	struct golden golden;

	golden_open(&golden);
	for (size_t i = 0; i < COUNT(mails); i++) {
		json_t *explanation = explain(&mails[i]);

		explain_text(explanation, colour, golden.out);
		json_decref(explanation);
	}
	golden_close(&golden, name);
}

START_TEST(an_explanation_for_people)
{
	explain_all(false, "explain.txt");
}
END_TEST

START_TEST(an_explanation_at_a_terminal)
{
	explain_all(true, "explain-colour.txt");
}
END_TEST

/* ---- check ---- */

#define NOW 1798113600 /* 2026-12-24 12:00 UTC */
#define DAY 86400

static struct tls_probe_record first_matches[] = {
	{ .usable = true, .valid = true },
	{ .usable = true, .depth = -1, .why = "no certificate or key matches" }
};
static struct tls_probe_record none_matches[] = { { .usable = true,
						      .depth = -1,
						      .why = "no certificate "
							     "or key matches" },
	{ .usable = true, .depth = 1, .why = "certificate has expired" } };

#define DONE(key_, expires_, authenticated_, verdict_, records)                \
	{                                                                      \
		.status = TLS_PROBE_DONE, .protocol = "TLSv1.3", .key = key_,  \
		.expires = NOW + (expires_)*DAY,                               \
		.chain_expires = NOW + (expires_)*DAY,                         \
		.authenticated = authenticated_, .verdict = verdict_,          \
		.record = records                                              \
	}
#define GOOD DONE("RSA 2048", 60, true, "", first_matches)
#define EXPIRED DONE("ECDSA 256", -3, true, "", first_matches)
#define WRONG                                                                  \
	DONE("RSA 4096", 60, false, "no matching DANE TLSA records",           \
	    none_matches)
#define FAILS(status_, why_)                                                   \
	{                                                                      \
		.status = (status_), .why = why_                               \
	}

/* What is seen at both addresses of mx1.example.org. */
static const struct sight {
	const struct mail *mail;
	struct check_probe first[CHECK_PROBES_MAX], second[CHECK_PROBES_MAX];
	size_t first_count, second_count;
} sights[] = {
	{ &mails[0],
	    { { TLS_PROBE_KEY_RSA, GOOD }, { TLS_PROBE_KEY_ECDSA, EXPIRED } },
	    { { TLS_PROBE_KEY_ANY, GOOD } }, 2, 1 },
	{ &mails[0], { { TLS_PROBE_KEY_RSA, WRONG } },
	    { { TLS_PROBE_KEY_ANY, FAILS(TLS_PROBE_NO_STARTTLS,
				       "the server offers no STARTTLS") } },
	    1, 1 },
	{ &mails[0],
	    { { TLS_PROBE_KEY_RSA, GOOD },
		{ TLS_PROBE_KEY_ECDSA,
		    FAILS(TLS_PROBE_NO_KEY, "no certificate with such a "
					    "key") } },
	    { { 0 } }, 2, 0 },
	{ &mails[3], { { TLS_PROBE_KEY_RSA, GOOD } },
	    { { TLS_PROBE_KEY_RSA, GOOD } }, 1, 1 },
	{ &mails[3], { { TLS_PROBE_KEY_RSA, GOOD } },
	    { { TLS_PROBE_KEY_ANY,
		FAILS(TLS_PROBE_UNREACHABLE, "Connection refused") } },
	    1, 1 },
	{ &mails[1], { { 0 } }, { { 0 } }, 0, 0 },
	{ &mails[2], { { 0 } }, { { 0 } }, 0, 0 },
	{ &mails[4], { { 0 } }, { { 0 } }, 0, 0 },
};

/* The hosts but the first were not reached for lack of time. */
static json_t *
look(const struct sight *sight)
{
	json_t *explanation = explain(sight->mail), *report;
	struct destination *destination = destination_new(explanation);
	struct check_address addresses[2][2] = { 0 };
	struct check_host host[2] = { { .address = addresses[0] },
		{ .address = addresses[1] } };
	const struct check check = { .key = sight->mail->key,
		.destination = destination,
		.host = host,
		.now = NOW,
		.at = NOW };

	ck_assert_ptr_nonnull(destination);
	ck_assert_uint_le(destination->host_count, 2);
	for (size_t i = 0; i < destination->host_count; i++) {
		host[i].host = &destination->host[i];
		ck_assert_uint_le(host[i].host->address_count, 2);
		for (size_t a = 0; a < host[i].host->address_count; a++)
			host[i].address[a].endpoint = &host[i].host->address[a];
	}
	memcpy(addresses[0][0].probe, sight->first, sizeof(sight->first));
	memcpy(addresses[0][1].probe, sight->second, sizeof(sight->second));
	addresses[0][0].probe_count = sight->first_count;
	addresses[0][1].probe_count = sight->second_count;
	report = check_report(&check);
	destination_free(destination);
	json_decref(explanation);
	ck_assert_ptr_nonnull(report);
	return report;
}

START_TEST(a_check_for_programs)
{
	json_t *all = json_array();

	for (size_t i = 0; i < COUNT(sights); i++)
		json_array_append_new(all, look(&sights[i]));
	golden_json(all, "check.json");
}
END_TEST

START_TEST(a_check_for_people)
{
	struct golden golden;

	golden_open(&golden);
	for (size_t i = 0; i < COUNT(sights); i++) {
		golden_catch(&golden);
		report_print(look(&sights[i]), false, check_text);
		golden_release(&golden);
		fputc('\n', golden.out);
	}
	golden_close(&golden, "check.txt");
}
END_TEST

/* ---- the log ---- */

static void
log_key(const char *key)
{
	struct nexthop hop;

	nexthop_parse(key, strlen(key), 25, &hop);
	policy_log_key(key, strlen(key), "query", &hop, "NOTFOUND");
}

static void
log_all(void)
{
	char before[POLICY_LOG_PROOF_MAX], after[POLICY_LOG_PROOF_MAX];
	struct verdict verdict;

	for (size_t i = 0; i < COUNT(mails); i++) {
		decide(&mails[i], &verdict);
		policy_log_verdict(mails[i].key, mails[i].map, mails[i].cause,
		    &verdict, mails[i].evidence);
	}
	log_key(".example.org");
	log_key("[192.0.2.1]:25");
	log_key("a\nb\"c");
	policy_log_hit(
	    "example.org", strlen("example.org"), "query", "dane", 57);
	policy_log_weakened("example.org", TLS_POLICY_DANE,
	    policy_log_proof(&signed_mail, before), TLS_POLICY_MAY,
	    policy_log_proof(&unsigned_mail, after));
}

START_TEST(the_log_of_verdicts)
{
	struct golden golden;

	golden_open(&golden);
	golden_catch(&golden);
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	log_all();
	golden_release(&golden);
	golden_close(&golden, "log.txt");
}
END_TEST

TEST_MAIN("golden_evidence")
{
	TCase *tc = add_case(suite, "explain");

	tcase_add_test(tc, an_explanation_for_programs);
	tcase_add_test(tc, an_explanation_for_people);
	tcase_add_test(tc, an_explanation_at_a_terminal);

	tc = add_case(suite, "check");
	tcase_add_test(tc, a_check_for_programs);
	tcase_add_test(tc, a_check_for_people);

	tc = add_case(suite, "log");
	tcase_add_test(tc, the_log_of_verdicts);
}
