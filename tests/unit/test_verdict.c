/*
 * The rules "One next hop" of the design, row by row, and two laws over random
 * evidence: an attacker who makes lookups fail gains nothing, and proven
 * insecurity never defers mail.
 *
 * SEED=NUMBER in the environment repeats a random run.
 */

#include "policy/verdict.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf.h"
#include "base/reason.h"

#include "../fakes/evidence.h"
#include "test_main.h"

#define DOMAIN FACTS_DOMAIN
#define HINT "run: postdane explain " DOMAIN

/* ---- one row per line of the table ---- */

#define SEC DNS_SECURE
#define INS DNS_INSECURE
#define TEMP TLS_POLICY_TEMP
#define NOTF TLS_POLICY_NOTFOUND
#define MAY TLS_POLICY_MAY
#define ENCR TLS_POLICY_ENCRYPT
#define DANE TLS_POLICY_DANE
#define MX_DANE CONF_INSECURE_MX_DANE
#define MX_ENCR CONF_INSECURE_MX_ENCRYPT
#define MX_MAY CONF_INSECURE_MX_MAY

/* The no-DANE answer itself, as the administrator chose it. */
#define NO_DANE                                                                \
	{                                                                      \
		MAY, ENCR, NOTF                                                \
	}
/* `dane` with the star: TEMP where MX is secure, else the no-DANE answer. */
#define STAR_SECURE                                                            \
	{                                                                      \
		DANE, TEMP, TEMP                                               \
	}
#define STAR_INSECURE                                                          \
	{                                                                      \
		DANE, ENCR, NOTF                                               \
	}
#define ALWAYS(policy)                                                         \
	{                                                                      \
		policy, policy, policy                                         \
	}

static const struct {
	const char *name;
	enum dane_mx_status mx;
	enum dns_security security;
	const char *hosts;
	bool truncated;
	enum conf_insecure_mx insecure_mx;
	enum verdict_rule rule;
	enum tls_policy expected[3]; /* by enum conf_no_dane */
} rows[] = {
	/* MX lookup bogus, or failed without proof of insecurity */
	{ "MX bogus", DANE_MX_FAILED, DNS_BOGUS, "", false, MX_DANE,
	    VERDICT_RULE_MX_FAILED, ALWAYS(TEMP) },
	{ "MX failed", DANE_MX_FAILED, DNS_INDETERMINATE, "", false, MX_DANE,
	    VERDICT_RULE_MX_FAILED, ALWAYS(TEMP) },
	{ "a failed MX is no insecure MX", DANE_MX_FAILED, DNS_INDETERMINATE,
	    "", false, MX_MAY, VERDICT_RULE_MX_FAILED, ALWAYS(TEMP) },
	{ "a failed MX beats whatever hosts are there", DANE_MX_FAILED,
	    DNS_INDETERMINATE, "AU", false, MX_DANE, VERDICT_RULE_MX_FAILED,
	    ALWAYS(TEMP) },

	/* null MX, NXDOMAIN, no host deliverable */
	{ "null MX", DANE_MX_NULL, SEC, "", false, MX_DANE,
	    VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },
	{ "null MX, insecure", DANE_MX_NULL, INS, "", false, MX_DANE,
	    VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },
	{ "NXDOMAIN", DANE_MX_NXDOMAIN, SEC, "", false, MX_DANE,
	    VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },
	{ "NXDOMAIN, insecure", DANE_MX_NXDOMAIN, INS, "", false, MX_ENCR,
	    VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },
	{ "MX records, none of a host", DANE_MX_HOSTS, SEC, "", false, MX_DANE,
	    VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },
	{ "no host has an address", DANE_MX_HOSTS, SEC, "NN", false, MX_DANE,
	    VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },
	{ "no host has an address, insecure", DANE_MX_HOSTS, INS, "NN", false,
	    MX_DANE, VERDICT_RULE_NOT_DELIVERABLE, NO_DANE },

	/* MX proven insecure, insecure-mx = may */
	{ "insecure MX is not looked behind", DANE_MX_HOSTS, INS, "U", false,
	    MX_MAY, VERDICT_RULE_INSECURE_MX_MAY, NO_DANE },
	{ "insecure MX, hosts not looked at", DANE_MX_HOSTS, INS, "FF", false,
	    MX_MAY, VERDICT_RULE_INSECURE_MX_MAY, NO_DANE },
	{ "insecure MX, no data, may", DANE_MX_NO_DATA, INS, "", false, MX_MAY,
	    VERDICT_RULE_INSECURE_MX_MAY, NO_DANE },
	{ "insecure-mx = may leaves a secure MX alone", DANE_MX_HOSTS, SEC, "U",
	    false, MX_MAY, VERDICT_RULE_USABLE, ALWAYS(DANE) },

	/* MX proven insecure, no data, or all deliverable hosts failed */
	{ "insecure MX, no data", DANE_MX_NO_DATA, INS, "", false, MX_DANE,
	    VERDICT_RULE_INSECURE_MX_UNKNOWN, STAR_INSECURE },
	{ "insecure MX, no data, encrypt", DANE_MX_NO_DATA, INS, "", false,
	    MX_ENCR, VERDICT_RULE_INSECURE_MX_UNKNOWN, STAR_INSECURE },
	{ "insecure MX, all failed", DANE_MX_HOSTS, INS, "FF", false, MX_DANE,
	    VERDICT_RULE_INSECURE_MX_UNKNOWN, STAR_INSECURE },
	{ "insecure MX, all that are deliverable failed", DANE_MX_HOSTS, INS,
	    "FNF", false, MX_ENCR, VERDICT_RULE_INSECURE_MX_UNKNOWN,
	    STAR_INSECURE },

	/* MX proven insecure, insecure-mx = encrypt */
	{ "insecure MX, all usable", DANE_MX_HOSTS, INS, "UU", false, MX_ENCR,
	    VERDICT_RULE_INSECURE_MX_ENCRYPT, ALWAYS(ENCR) },
	{ "insecure MX, usable and unusable", DANE_MX_HOSTS, INS, "UXN", false,
	    MX_ENCR, VERDICT_RULE_INSECURE_MX_ENCRYPT, ALWAYS(ENCR) },
	{ "insecure MX, all unusable", DANE_MX_HOSTS, INS, "X", false, MX_ENCR,
	    VERDICT_RULE_INSECURE_MX_ENCRYPT, ALWAYS(ENCR) },
	{ "insecure MX, one absent: not all can encrypt", DANE_MX_HOSTS, INS,
	    "UA", false, MX_ENCR, VERDICT_RULE_USABLE, ALWAYS(DANE) },
	{ "insecure MX, one failed", DANE_MX_HOSTS, INS, "UF", false, MX_ENCR,
	    VERDICT_RULE_USABLE, ALWAYS(DANE) },
	{ "insecure MX, hosts left out", DANE_MX_HOSTS, INS, "U", true, MX_ENCR,
	    VERDICT_RULE_USABLE, ALWAYS(DANE) },
	{ "insecure-mx = encrypt leaves a secure MX alone", DANE_MX_HOSTS, SEC,
	    "UU", false, MX_ENCR, VERDICT_RULE_USABLE, ALWAYS(DANE) },

	/* a host is usable */
	{ "one usable", DANE_MX_HOSTS, SEC, "U", false, MX_DANE,
	    VERDICT_RULE_USABLE, ALWAYS(DANE) },
	{ "usable beside everything else", DANE_MX_HOSTS, SEC, "FAIXNU", false,
	    MX_DANE, VERDICT_RULE_USABLE, ALWAYS(DANE) },
	{ "usable, hosts left out", DANE_MX_HOSTS, SEC, "U", true, MX_DANE,
	    VERDICT_RULE_USABLE, ALWAYS(DANE) },
	{ "insecure MX, one usable", DANE_MX_HOSTS, INS, "UF", false, MX_DANE,
	    VERDICT_RULE_USABLE, ALWAYS(DANE) },

	/* none usable, all deliverable hosts failed */
	{ "all failed", DANE_MX_HOSTS, SEC, "FF", false, MX_DANE,
	    VERDICT_RULE_ALL_FAILED, ALWAYS(TEMP) },
	{ "all that are deliverable failed", DANE_MX_HOSTS, SEC, "NFN", false,
	    MX_DANE, VERDICT_RULE_ALL_FAILED, ALWAYS(TEMP) },
	{ "all failed, insecure-mx = may", DANE_MX_HOSTS, SEC, "F", false,
	    MX_MAY, VERDICT_RULE_ALL_FAILED, ALWAYS(TEMP) },

	/* none usable, some failed */
	{ "failed beside absent", DANE_MX_HOSTS, SEC, "FA", false, MX_DANE,
	    VERDICT_RULE_SOME_FAILED, STAR_SECURE },
	{ "failed beside insecure", DANE_MX_HOSTS, SEC, "IF", false, MX_DANE,
	    VERDICT_RULE_SOME_FAILED, STAR_SECURE },
	{ "failed beside absent, insecure MX", DANE_MX_HOSTS, INS, "FA", false,
	    MX_DANE, VERDICT_RULE_SOME_FAILED, STAR_INSECURE },
	{ "failed beside absent, insecure MX, encrypt", DANE_MX_HOSTS, INS,
	    "FA", false, MX_ENCR, VERDICT_RULE_SOME_FAILED, STAR_INSECURE },
	{ "failed beside unusable", DANE_MX_HOSTS, SEC, "FX", false, MX_DANE,
	    VERDICT_RULE_SOME_FAILED, ALWAYS(DANE) },
	{ "failed beside unusable and absent", DANE_MX_HOSTS, SEC, "AFX", false,
	    MX_DANE, VERDICT_RULE_SOME_FAILED, ALWAYS(DANE) },
	{ "failed beside unusable, insecure MX", DANE_MX_HOSTS, INS, "FX",
	    false, MX_DANE, VERDICT_RULE_SOME_FAILED, ALWAYS(DANE) },

	/* hosts left out, none usable */
	{ "left out, all absent", DANE_MX_HOSTS, SEC, "AI", true, MX_DANE,
	    VERDICT_RULE_TRUNCATED, STAR_SECURE },
	{ "left out, all absent, insecure MX", DANE_MX_HOSTS, INS, "AI", true,
	    MX_DANE, VERDICT_RULE_TRUNCATED, STAR_INSECURE },
	{ "left out, all unusable", DANE_MX_HOSTS, SEC, "XX", true, MX_DANE,
	    VERDICT_RULE_TRUNCATED, ALWAYS(DANE) },
	{ "left out, insecure MX, all unusable", DANE_MX_HOSTS, INS, "XX", true,
	    MX_ENCR, VERDICT_RULE_TRUNCATED, ALWAYS(DANE) },

	/* unusable */
	{ "all unusable", DANE_MX_HOSTS, SEC, "XX", false, MX_DANE,
	    VERDICT_RULE_ALL_UNUSABLE, ALWAYS(ENCR) },
	{ "all that are deliverable unusable", DANE_MX_HOSTS, SEC, "XN", false,
	    MX_DANE, VERDICT_RULE_ALL_UNUSABLE, ALWAYS(ENCR) },
	{ "all unusable, insecure MX", DANE_MX_HOSTS, INS, "XX", false, MX_DANE,
	    VERDICT_RULE_ALL_UNUSABLE, ALWAYS(ENCR) },
	{ "unusable beside absent", DANE_MX_HOSTS, SEC, "XA", false, MX_DANE,
	    VERDICT_RULE_SOME_UNUSABLE, ALWAYS(DANE) },
	{ "unusable beside insecure", DANE_MX_HOSTS, SEC, "IX", false, MX_DANE,
	    VERDICT_RULE_SOME_UNUSABLE, ALWAYS(DANE) },
	{ "unusable beside absent, insecure MX", DANE_MX_HOSTS, INS, "XA",
	    false, MX_ENCR, VERDICT_RULE_SOME_UNUSABLE, ALWAYS(DANE) },

	/* all absent or insecure */
	{ "all absent", DANE_MX_HOSTS, SEC, "AA", false, MX_DANE,
	    VERDICT_RULE_NO_DANE, NO_DANE },
	{ "all insecure", DANE_MX_HOSTS, SEC, "I", false, MX_DANE,
	    VERDICT_RULE_NO_DANE, NO_DANE },
	{ "absent, insecure, no address", DANE_MX_HOSTS, SEC, "AIN", false,
	    MX_DANE, VERDICT_RULE_NO_DANE, NO_DANE },
	{ "all absent, insecure MX", DANE_MX_HOSTS, INS, "AI", false, MX_DANE,
	    VERDICT_RULE_NO_DANE, NO_DANE },
	{ "all absent, insecure MX, encrypt", DANE_MX_HOSTS, INS, "A", false,
	    MX_ENCR, VERDICT_RULE_NO_DANE, NO_DANE },
};

static const enum conf_no_dane no_danes[] = { CONF_NO_DANE_MAY,
	CONF_NO_DANE_ENCRYPT, CONF_NO_DANE_NOTFOUND };

/* The other option gets another value, so that reading it shows. */
static struct conf_profile
options_for(enum conf_no_dane no_dane, bool is_explicit,
    enum conf_insecure_mx insecure_mx)
{
	const enum conf_no_dane other = no_dane == CONF_NO_DANE_MAY
					    ? CONF_NO_DANE_NOTFOUND
					    : CONF_NO_DANE_MAY;

	return (struct conf_profile){ .no_dane = is_explicit ? other : no_dane,
		.no_dane_explicit = is_explicit ? no_dane : other,
		.insecure_mx = insecure_mx,
		.dane_only = CONF_DANE_ONLY_NEVER };
}

START_TEST(line_of_the_table)
{
	struct verdict verdict;
	struct conf_profile options;
	struct facts facts;

	facts_fill(&facts, rows[_i].mx, rows[_i].security, rows[_i].hosts);
	facts.evidence.truncated = rows[_i].truncated;
	for (size_t i = 0; i < 2 * COUNT(no_danes); i++) {
		const bool is_explicit = i % 2 == 1;
		const enum conf_no_dane no_dane = no_danes[i / 2];

		options =
		    options_for(no_dane, is_explicit, rows[_i].insecure_mx);
		memset(&verdict, 0xff, sizeof(verdict));
		verdict_decide(
		    &facts.evidence, &options, is_explicit, &verdict);
		ck_assert_msg(verdict.policy == rows[_i].expected[no_dane],
		    "%s, no-dane %d%s: %s", rows[_i].name, (int)no_dane,
		    is_explicit ? " explicit" : "",
		    tls_policy_text(verdict.policy));
		ck_assert_msg(verdict.rule == rows[_i].rule, "%s: %s",
		    rows[_i].name, verdict_rule_text(verdict.rule));
	}
}
END_TEST

START_TEST(hosts_left_out_may_be_the_deliverable_ones)
{
	static const char *const hosts[] = { "N", "NF", "F" };
	struct verdict verdict;
	struct facts facts;
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);

	facts_fill(&facts, DANE_MX_HOSTS, SEC, hosts[_i]);
	facts.evidence.truncated = true;
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_msg(
	    verdict.policy == TLS_POLICY_DANE || verdict.policy == TEMP,
	    "%s: %s", hosts[_i], tls_policy_text(verdict.policy));
}
END_TEST

/* ---- dane-only ---- */

static const struct {
	const char *name;
	enum dns_security security;
	const char *hosts;
	bool truncated;
	enum tls_policy expected;
} complete_rows[] = {
	{ "all usable", SEC, "UU", false, TLS_POLICY_DANE_ONLY },
	{ "no address does not count", SEC, "UN", false, TLS_POLICY_DANE_ONLY },
	{ "one absent", SEC, "UA", false, DANE },
	{ "one insecure", SEC, "UI", false, DANE },
	{ "one unusable", SEC, "XU", false, DANE },
	{ "hosts left out", SEC, "UU", true, DANE },
	{ "insecure MX", INS, "UU", false, DANE },
	{ "none usable", SEC, "XX", false, ENCR },
	{ "nothing deliverable", SEC, "N", false, MAY },
};

START_TEST(dane_only_when_complete)
{
	struct verdict verdict;
	struct facts facts;
	struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);

	options.dane_only = CONF_DANE_ONLY_WHEN_COMPLETE;
	facts_fill(&facts, DANE_MX_HOSTS, complete_rows[_i].security,
	    complete_rows[_i].hosts);
	facts.evidence.truncated = complete_rows[_i].truncated;
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_msg(verdict.policy == complete_rows[_i].expected, "%s: %s",
	    complete_rows[_i].name, tls_policy_text(verdict.policy));
	ck_assert_int_eq(verdict.policy == TLS_POLICY_DANE_ONLY,
	    verdict.rule == VERDICT_RULE_COMPLETE);
}
END_TEST

/* ---- what evidence.mx_security must be before anything is believed ---- */

static const struct {
	enum dane_mx_status mx;
	const char *hosts;
} unproven_rows[] = {
	{ DANE_MX_HOSTS, "A" },
	{ DANE_MX_HOSTS, "" },
	{ DANE_MX_NO_DATA, "" },
	{ DANE_MX_NULL, "" },
	{ DANE_MX_NXDOMAIN, "" },
};

START_TEST(mx_neither_secure_nor_proven_insecure_is_no_evidence)
{
	static const enum dns_security securities[] = { DNS_INDETERMINATE,
		DNS_BOGUS };
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_MAY);
	struct verdict verdict;
	struct facts facts;

	for (size_t i = 0; i < COUNT(securities); i++) {
		facts_fill(&facts, unproven_rows[_i].mx, securities[i],
		    unproven_rows[_i].hosts);
		verdict_decide(&facts.evidence, &options, false, &verdict);
		ck_assert_msg(verdict.policy == TEMP, "%s %s: %s",
		    answer_security_text(securities[i]),
		    unproven_rows[_i].hosts, tls_policy_text(verdict.policy));
	}
}
END_TEST

START_TEST(no_evidence_is_temp)
{
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;

	memset(&verdict, 0xff, sizeof(verdict));
	verdict_decide(NULL, &options, false, &verdict);
	ck_assert_int_eq(verdict.policy, TEMP);
	ck_assert_int_eq(verdict.rule, VERDICT_RULE_NONE);
	ck_assert_uint_eq(verdict.ttl, VERDICT_TTL_TEMP);
	ck_assert_str_ne(verdict.why, "");
}
END_TEST

/* ---- how long ---- */

static const struct {
	const char *name;
	enum dane_mx_status mx;
	enum dns_security security;
	const char *hosts;
	uint32_t ttl, expected;
} ttl_rows[] = {
	{ "the evidence's", DANE_MX_HOSTS, SEC, "U", 300, 300 },
	{ "a small one is obeyed", DANE_MX_HOSTS, SEC, "U", 1, 1 },
	{ "nothing is not forever", DANE_MX_HOSTS, SEC, "A", 0, 0 },
	{ "at most an hour", DANE_MX_HOSTS, SEC, "U", 86400, VERDICT_TTL_MAX },
	{ "no-DANE at most an hour", DANE_MX_HOSTS, SEC, "A", UINT32_MAX,
	    VERDICT_TTL_MAX },
	{ "no-DANE", DANE_MX_HOSTS, SEC, "A", 61, 61 },
	{ "encrypt", DANE_MX_HOSTS, SEC, "X", 61, 61 },
	{ "null MX", DANE_MX_NULL, SEC, "", 300, VERDICT_TTL_NOT_DELIVERABLE },
	{ "NXDOMAIN", DANE_MX_NXDOMAIN, INS, "", 300,
	    VERDICT_TTL_NOT_DELIVERABLE },
	{ "no address", DANE_MX_HOSTS, SEC, "N", 3600,
	    VERDICT_TTL_NOT_DELIVERABLE },
	{ "no address, less", DANE_MX_HOSTS, SEC, "N", 20, 20 },
	{ "TEMP of MX", DANE_MX_FAILED, DNS_BOGUS, "", 300, VERDICT_TTL_TEMP },
	{ "TEMP of hosts", DANE_MX_HOSTS, SEC, "F", 0, VERDICT_TTL_TEMP },
	{ "TEMP of hosts, whatever MX lives", DANE_MX_HOSTS, SEC, "F", 300,
	    VERDICT_TTL_TEMP },
	{ "dane that hangs on a failure", DANE_MX_HOSTS, SEC, "FA", 300,
	    VERDICT_TTL_TEMP },
	{ "insecure MX without data", DANE_MX_NO_DATA, INS, "", 300,
	    VERDICT_TTL_TEMP },
	{ "insecure MX, all failed", DANE_MX_HOSTS, INS, "FF", 300,
	    VERDICT_TTL_TEMP },
};

START_TEST(failures_are_forgotten_soon_where_hosts_were_left_out)
{
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_HOSTS, SEC, "FA");
	facts.evidence.truncated = true;
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_uint_le(verdict.ttl, VERDICT_TTL_TEMP);
}
END_TEST

/* Where a host could not be looked at, all may have usable TLSA after all. */
static const struct {
	const char *name;
	enum dns_security security;
	const char *hosts;
	enum conf_dane_only dane_only;
	uint32_t expected;
} short_rows[] = {
	{ "usable and failed", SEC, "UF", CONF_DANE_ONLY_WHEN_COMPLETE,
	    VERDICT_TTL_TEMP },
	{ "beside one without address", SEC, "UNF",
	    CONF_DANE_ONLY_WHEN_COMPLETE, VERDICT_TTL_TEMP },
	{ "never complete", SEC, "UFA", CONF_DANE_ONLY_WHEN_COMPLETE, 300 },
	{ "complete", SEC, "UU", CONF_DANE_ONLY_WHEN_COMPLETE, 300 },
	{ "MX not signed", INS, "UF", CONF_DANE_ONLY_WHEN_COMPLETE, 300 },
	{ "not asked for", SEC, "UF", CONF_DANE_ONLY_NEVER, 300 },
};

START_TEST(a_failure_keeps_dane_only_away_for_seconds_only)
{
	struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	options.dane_only = short_rows[_i].dane_only;
	facts_fill(&facts, DANE_MX_HOSTS, short_rows[_i].security,
	    short_rows[_i].hosts);
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_msg(verdict.ttl == short_rows[_i].expected, "%s: %u",
	    short_rows[_i].name, verdict.ttl);
}
END_TEST

START_TEST(remembered_no_longer_than_evidence)
{
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(
	    &facts, ttl_rows[_i].mx, ttl_rows[_i].security, ttl_rows[_i].hosts);
	facts.evidence.ttl = ttl_rows[_i].ttl;
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_msg(verdict.ttl == ttl_rows[_i].expected, "%s: %u",
	    ttl_rows[_i].name, verdict.ttl);
}
END_TEST

/* ---- the reason of TEMP ---- */

static bool
is_one_printable_line(const char *text)
{
	for (; *text != '\0'; text++)
		if (!isprint((unsigned char)*text))
			return false;
	return true;
}

static bool
ends_with(const char *text, const char *end)
{
	const size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void
check_reason(const struct verdict *verdict, const char *hint)
{
	ck_assert_int_eq(verdict->policy, TEMP);
	ck_assert_msg(memchr(verdict->why, '\0', sizeof(verdict->why)) != NULL,
	    "not terminated");
	ck_assert_msg(
	    strncmp(verdict->why, "DNS of ", 7) == 0, "%s", verdict->why);
	ck_assert_msg(ends_with(verdict->why, hint), "%s", verdict->why);
	ck_assert_msg(is_one_printable_line(verdict->why), "%s", verdict->why);
}

START_TEST(reason_names_the_one_at_fault)
{
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	const struct conf_profile strict =
	    options_for(CONF_NO_DANE_ENCRYPT, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_FAILED, DNS_BOGUS, "");
	verdict_decide(&facts.evidence, &options, false, &verdict);
	check_reason(&verdict, HINT);
	ck_assert_ptr_nonnull(strstr(verdict.why, "servers do not answer"));

	facts.evidence.mx_why = NULL;
	verdict_decide(&facts.evidence, &options, false, &verdict);
	check_reason(&verdict, HINT);
	ck_assert_ptr_nonnull(strstr(verdict.why, "DNS of " DOMAIN));

	/* The host that failed is named, not the one before it. */
	facts_fill(&facts, DANE_MX_HOSTS, SEC, "NF");
	verdict_decide(&facts.evidence, &options, false, &verdict);
	check_reason(&verdict, HINT);
	ck_assert_ptr_nonnull(strstr(verdict.why, "DNS of mx1." DOMAIN));

	facts_fill(&facts, DANE_MX_HOSTS, SEC, "AF");
	verdict_decide(&facts.evidence, &strict, false, &verdict);
	check_reason(&verdict, HINT);
	ck_assert_ptr_nonnull(strstr(verdict.why, "DNS of mx1." DOMAIN));
}
END_TEST

/* Nobody's DNS failed: too many hosts are the reason. */
START_TEST(reason_of_hosts_left_out_blames_no_dns)
{
	const struct conf_profile strict =
	    options_for(CONF_NO_DANE_ENCRYPT, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_HOSTS, SEC, "AA");
	facts.evidence.truncated = true;
	verdict_decide(&facts.evidence, &strict, false, &verdict);
	ck_assert_int_eq(verdict.policy, TEMP);
	ck_assert_msg(
	    strstr(verdict.why, "not concluded") == NULL, "%s", verdict.why);
	ck_assert_msg(strstr(verdict.why, DOMAIN) != NULL, "%s", verdict.why);
	ck_assert_msg(ends_with(verdict.why, HINT), "%s", verdict.why);
}
END_TEST

START_TEST(long_reason_is_cut_in_the_middle)
{
	static const char start[] = "DNS of " DOMAIN ": MX: ";
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_FAILED, DNS_BOGUS, "");
	memset(facts.mx_why, 'y', sizeof(facts.mx_why) - 1);
	memcpy(facts.mx_why, start, sizeof(start) - 1);
	verdict_decide(&facts.evidence, &options, false, &verdict);
	check_reason(&verdict, HINT);
	ck_assert_ptr_nonnull(strstr(verdict.why, "DNS of " DOMAIN ": MX: yy"));
	ck_assert_uint_le(strlen(verdict.why), 200);
	/* No needless loss either. */
	ck_assert_uint_ge(strlen(verdict.why), 190);
}
END_TEST

START_TEST(long_domain_still_gives_a_reason)
{
	static const size_t lengths[] = { 100, 150, 178, 179, 200, 253 };
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	const size_t len = lengths[_i];
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_FAILED, DNS_BOGUS, "");
	memset(facts.domain, 'd', len);
	for (size_t i = 50; i < len; i += 51)
		facts.domain[i] = '.';
	facts.domain[len] = '\0';
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_int_eq(verdict.policy, TEMP);
	ck_assert_uint_le(strlen(verdict.why), 200);
	ck_assert_uint_gt(strlen(verdict.why), 0);
	ck_assert_msg(
	    strncmp(verdict.why, "DNS of", 6) == 0, "%s", verdict.why);
	ck_assert(is_one_printable_line(verdict.why));
	if (len <= 100)
		ck_assert_msg(
		    ends_with(verdict.why, facts.domain), "%s", verdict.why);
}
END_TEST

START_TEST(remote_text_is_made_printable)
{
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_FAILED, DNS_BOGUS, "");
	snprintf(facts.mx_why, sizeof(facts.mx_why),
	    "DNS of " DOMAIN ": a\nb\tc\x1b[31m\x80\xff");
	verdict_decide(&facts.evidence, &options, false, &verdict);
	check_reason(&verdict, HINT);
}
END_TEST

START_TEST(every_rule_has_words)
{
	for (int rule = VERDICT_RULE_NONE; rule <= VERDICT_RULE_NO_LOOKUP;
	     rule++) {
		const char *text = verdict_rule_text((enum verdict_rule)rule);

		ck_assert_ptr_nonnull(text);
		ck_assert_uint_gt(strlen(text), 3);
		for (int other = VERDICT_RULE_NONE; other < rule; other++)
			ck_assert_str_ne(
			    text, verdict_rule_text((enum verdict_rule)other));
	}
}
END_TEST

/* ---- laws, over random evidence ---- */

#define ROUNDS 200000

static uint64_t
random_seed(void)
{
	const char *text = getenv("SEED");
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
	if (text != NULL)
		seed = strtoull(text, NULL, 10);
	printf("SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/* splitmix64: every seed is a good one. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

static unsigned
below(uint64_t *state, unsigned limit)
{
	return (unsigned)(next_random(state) % limit);
}

struct situation {
	char hosts[8];
	enum dns_security security;
	bool truncated;
	bool is_explicit;
	struct conf_profile options;
};

static struct situation
random_situation(uint64_t *state)
{
	struct situation s = { .security = below(state, 2) == 0 ? SEC : INS,
		.truncated = below(state, 8) == 0,
		.is_explicit = below(state, 2) == 0 };
	const unsigned count = below(state, 5);

	for (unsigned i = 0; i < count; i++)
		s.hosts[i] = "UXAINF"[below(state, 6)];
	s.options = (struct conf_profile){ .no_dane = no_danes[below(state, 3)],
		.no_dane_explicit = no_danes[below(state, 3)],
		.insecure_mx = (enum conf_insecure_mx)below(state, 3),
		.dane_only = below(state, 2) == 0
				 ? CONF_DANE_ONLY_NEVER
				 : CONF_DANE_ONLY_WHEN_COMPLETE };
	return s;
}

static enum tls_policy
decide(const struct situation *s)
{
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_HOSTS, s->security, s->hosts);
	facts.evidence.truncated = s->truncated;
	if (strchr(s->hosts, 'F') != NULL)
		facts.evidence.ttl = 0;
	verdict_decide(&facts.evidence, &s->options, s->is_explicit, &verdict);
	return verdict.policy;
}

static enum tls_policy
no_dane_answer(const struct situation *s)
{
	static const enum tls_policy answers[] = {
		[CONF_NO_DANE_MAY] = MAY,
		[CONF_NO_DANE_ENCRYPT] = ENCR,
		[CONF_NO_DANE_NOTFOUND] = NOTF,
	};

	return answers[s->is_explicit ? s->options.no_dane_explicit
				      : s->options.no_dane];
}

static bool
has_tlsa(const struct situation *s)
{
	return strpbrk(s->hosts, "UX") != NULL;
}

static const char *
describe(const struct situation *s, char text[128])
{
	snprintf(text, 128,
	    "hosts=%s mx=%s truncated=%d no-dane=%s insecure-mx=%d "
	    "dane-only=%d",
	    s->hosts, answer_security_text(s->security), s->truncated,
	    tls_policy_text(no_dane_answer(s)), (int)s->options.insecure_mx,
	    (int)s->options.dane_only);
	return text;
}

/*
 * What may follow when a host's lookups are made to fail.  There is no single
 * order of the answers:
 *  - TEMP may follow anything: nothing leaves.
 *  - NOTFOUND hands over to a level we do not know, perhaps `secure`.  `dane`
 *    lets hosts without TLSA go at `may`, so it must not follow; nor must it
 *    follow `encrypt` where that is the no-DANE answer.
 *  - `encrypt` for unusable TLSA may become `dane`: Postfix encrypts to these
 *    hosts all the same, and what is secure in DNS can't be denied to it.
 *  - `dane-only` may become `dane`: the design's table says so.  Postfix then
 *    skips the host whose TLSA does not answer.
 *  - `dane` and `encrypt` for TLSA that is there never become less.
 */
static bool
may_follow(
    const struct situation *before, enum tls_policy old, enum tls_policy new)
{
	const bool was_no_dane =
	    !has_tlsa(before) && old == no_dane_answer(before);

	if (new == old || new == TEMP)
		return true;
	switch (old) {
	case TLS_POLICY_MAY:
		return new != NOTF;
	case TLS_POLICY_ENCRYPT:
		return !was_no_dane && new == DANE;
	case TLS_POLICY_DANE_ONLY:
		return new == DANE;
	case TLS_POLICY_DANE:
	case TLS_POLICY_FINGERPRINT:
	case TLS_POLICY_NOTFOUND:
	case TLS_POLICY_TEMP:
		break;
	}
	return false;
}

/*
 * Behind an insecure MX the law ends where the star gives the no-DANE answer:
 * who can drop TLSA there can also forge the MX, and deferring is ruled out.
 */
static bool
is_under_the_law(const struct situation *s)
{
	return s->security == SEC || no_dane_answer(s) == MAY;
}

START_TEST(failing_lookups_never_weaken_the_verdict)
{
	uint64_t state = random_seed();
	unsigned compared = 0;
	char text[128];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct situation before = random_situation(&state);
		const enum tls_policy old = decide(&before);

		if (!is_under_the_law(&before))
			continue;
		for (size_t i = 0; before.hosts[i] != '\0'; i++) {
			struct situation after = before;
			enum tls_policy new;

			after.hosts[i] = 'F';
			new = decide(&after);
			compared++;
			ck_assert_msg(may_follow(&before, old, new),
			    "%s: %s becomes %s with hosts=%s",
			    describe(&before, text), tls_policy_text(old),
			    tls_policy_text(new), after.hosts);
		}
	}
	ck_assert_uint_gt(compared, ROUNDS / 2);
}
END_TEST

START_TEST(secure_tlsa_never_gives_an_unprotected_answer)
{
	uint64_t state = random_seed();
	char text[128];

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct situation s = random_situation(&state);
		enum tls_policy policy;

		if (s.security != SEC || !has_tlsa(&s))
			continue;
		/* All that can be dropped at once. */
		for (size_t i = 0; s.hosts[i] != '\0'; i++)
			if (below(&state, 2) == 0)
				s.hosts[i] = 'F';
		if (!has_tlsa(&s) && strchr(s.hosts, 'F') == NULL)
			continue;
		policy = decide(&s);
		ck_assert_msg(policy != MAY && policy != NOTF, "%s: %s",
		    describe(&s, text), tls_policy_text(policy));
	}
}
END_TEST

START_TEST(nothing_is_deferred_without_need)
{
	uint64_t state = random_seed();
	unsigned temps = 0;
	char text[128];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct situation s = random_situation(&state);

		if (decide(&s) != TEMP)
			continue;
		temps++;
		ck_assert_msg(s.security == SEC &&
				  (strchr(s.hosts, 'F') != NULL || s.truncated),
		    "%s", describe(&s, text));
		ck_assert_msg(
		    strchr(s.hosts, 'U') == NULL, "%s", describe(&s, text));
	}
	ck_assert_uint_gt(temps, 0);
}
END_TEST

START_TEST(dane_alone_only_where_may_is_the_alternative)
{
	uint64_t state = random_seed();
	char text[128];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct situation s = random_situation(&state);
		const enum tls_policy policy = decide(&s);

		if (has_tlsa(&s) || no_dane_answer(&s) == MAY)
			continue;
		ck_assert_msg(policy == TEMP || policy == no_dane_answer(&s),
		    "%s: %s", describe(&s, text), tls_policy_text(policy));
	}
}
END_TEST

START_TEST(order_of_hosts_and_dead_ones_do_not_matter)
{
	uint64_t state = random_seed();
	char text[128];

	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct situation s = random_situation(&state);
		const size_t count = strlen(s.hosts);
		struct situation other = s;

		if (count == 0)
			continue;
		for (size_t i = 0; i < count; i++)
			other.hosts[i] = s.hosts[count - 1 - i];
		other.hosts[count] = 'N';
		ck_assert_msg(
		    decide(&s) == decide(&other), "%s", describe(&s, text));
	}
}
END_TEST

/* What is wrong with this machine's network is nobody's domain's fault. */
START_TEST(the_network_is_no_domains_fault)
{
	const struct conf_profile options =
	    options_for(CONF_NO_DANE_MAY, false, MX_DANE);
	struct verdict verdict;
	struct facts facts;

	facts_fill(&facts, DANE_MX_FAILED, DNS_INDETERMINATE, "");
	snprintf(facts.mx_why, sizeof(facts.mx_why),
	    "DNS of " DOMAIN ": MX: no trust path: " REASON_NO_ROOT);
	verdict_decide(&facts.evidence, &options, false, &verdict);
	ck_assert_str_eq(verdict.why, REASON_NO_ROOT "; run: postdane status");
}
END_TEST

TEST_MAIN("policy")
{
	TCase *table = add_case(suite, "table");
	TCase *laws = add_case(suite, "laws");

	add_rows(table, line_of_the_table, rows);
	tcase_add_loop_test(
	    table, hosts_left_out_may_be_the_deliverable_ones, 0, 3);
	add_rows(table, dane_only_when_complete, complete_rows);
	add_rows(table, mx_neither_secure_nor_proven_insecure_is_no_evidence,
	    unproven_rows);
	tcase_add_test(table, no_evidence_is_temp);
	add_rows(table, remembered_no_longer_than_evidence, ttl_rows);
	add_rows(
	    table, a_failure_keeps_dane_only_away_for_seconds_only, short_rows);
	tcase_add_test(
	    table, failures_are_forgotten_soon_where_hosts_were_left_out);
	tcase_add_test(table, reason_names_the_one_at_fault);
	tcase_add_test(table, reason_of_hosts_left_out_blames_no_dns);
	tcase_add_test(table, long_reason_is_cut_in_the_middle);
	tcase_add_loop_test(table, long_domain_still_gives_a_reason, 0, 6);
	tcase_add_test(table, remote_text_is_made_printable);
	tcase_add_test(table, the_network_is_no_domains_fault);
	tcase_add_test(table, every_rule_has_words);

	tcase_add_test(laws, failing_lookups_never_weaken_the_verdict);
	tcase_add_test(laws, secure_tlsa_never_gives_an_unprotected_answer);
	tcase_add_test(laws, nothing_is_deferred_without_need);
	tcase_add_test(laws, dane_alone_only_where_may_is_the_alternative);
	tcase_add_test(laws, order_of_hosts_and_dead_ones_do_not_matter);
}
