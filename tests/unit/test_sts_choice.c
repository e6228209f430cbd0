/*
 * The choice between DANE and MTA-STS: a row for each line of its rules, and
 * what must hold whatever the evidence, against a second reading of them that
 * looks at hosts instead of at states.  All evidence with up to three hosts is
 * tried, with every combination of options.
 */

#include "sts/sts_choice.h"

#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "policy/verdict.h"

#include "../fakes/evidence.h"
#include "test_main.h"

/* ---- options ---- */

enum wish { WISH_NO_CARRY, WISH_ELSE_DANE_ONLY, WISH_ELSE_ENCRYPT, WISHES };

static struct sts_options
options_of(const struct facts *facts, enum sts_mixed mixed, enum wish wish)
{
	struct sts_options options = { .wanted = true, .mixed = mixed };

	if (wish == WISH_NO_CARRY)
		options.carry = STS_CARRY_NO;
	else if (facts->carriable)
		options.carry = STS_CARRY_PINS;
	else if (wish == WISH_ELSE_DANE_ONLY)
		options.carry = STS_CARRY_ELSE_DANE_ONLY;
	else
		options.carry = STS_CARRY_ELSE_ENCRYPT;
	return options;
}

static enum sts_choice
choose(const struct facts *facts, enum sts_mixed mixed, enum wish wish)
{
	const struct sts_options options = options_of(facts, mixed, wish);

	return sts_choose(
	    sts_dane_state(&facts->evidence), STS_MODE_ENFORCE, &options);
}

static const char *
choice_text(enum sts_choice choice)
{
	static const char *const texts[] = { "TEMP", "DANE", "dane-only",
		"pins", "secure" };

	return texts[choice];
}

/* ---- a row for each line ---- */

#define SEC DNS_SECURE
#define INS DNS_INSECURE
#define HOSTS DANE_MX_HOSTS
#define TEMP STS_CHOICE_TEMP
#define ONLY STS_CHOICE_DANE_ONLY
#define PINS STS_CHOICE_PINS
#define SECU STS_CHOICE_SECURE
#define ALWAYS(choice)                                                         \
	{                                                                      \
		{ choice, choice, choice },                                    \
		{                                                              \
			choice, choice, choice                                 \
		}                                                              \
	}
/* By carry: no; or fingerprint, with either carry-else. */
#define FORMS(no, dane_only, encrypt)                                          \
	{                                                                      \
		{ no, dane_only, encrypt },                                    \
		{                                                              \
			no, dane_only, encrypt                                 \
		}                                                              \
	}
#define MIXED(no, dane_only, encrypt)                                          \
	{                                                                      \
		{ SECU, SECU, SECU },                                          \
		{                                                              \
			no, dane_only, encrypt                                 \
		}                                                              \
	}

static const struct {
	const char *line;
	enum dane_mx_status mx;
	enum dns_security security;
	const char *hosts;
	enum sts_dane state;
	enum sts_choice choice[2][WISHES]; /* by mta-sts-mixed, and carry */
} rows[] = {
	{ "MX failed", DANE_MX_FAILED, DNS_INDETERMINATE, "", STS_DANE_UNKNOWN,
	    ALWAYS(TEMP) },
	{ "MX failed, bogus", DANE_MX_FAILED, DNS_BOGUS, "", STS_DANE_UNKNOWN,
	    ALWAYS(TEMP) },
	{ "MX failed, whatever its security", DANE_MX_FAILED, INS, "",
	    STS_DANE_UNKNOWN, ALWAYS(TEMP) },
	{ "MX failed, whatever its security", DANE_MX_FAILED, SEC, "P",
	    STS_DANE_UNKNOWN, ALWAYS(TEMP) },
	{ "nobody has judged MX", HOSTS, DNS_INDETERMINATE, "P",
	    STS_DANE_UNKNOWN, ALWAYS(TEMP) },
	{ "bogus MX", HOSTS, DNS_BOGUS, "P", STS_DANE_UNKNOWN, ALWAYS(TEMP) },
	{ "nobody has judged a denial", DANE_MX_NXDOMAIN, DNS_INDETERMINATE, "",
	    STS_DANE_UNKNOWN, ALWAYS(TEMP) },
	{ "data are not to be had, and yet secure", DANE_MX_NO_DATA, SEC, "",
	    STS_DANE_UNKNOWN, ALWAYS(TEMP) },

	{ "every host usable", HOSTS, SEC, "U", STS_DANE_COMPLETE,
	    FORMS(ONLY, ONLY, SECU) },
	{ "every host usable", HOSTS, SEC, "UUU", STS_DANE_COMPLETE,
	    FORMS(ONLY, ONLY, SECU) },
	{ "every host usable, and pins", HOSTS, SEC, "PP", STS_DANE_COMPLETE,
	    FORMS(ONLY, PINS, PINS) },
	{ "every host usable, pins of one only", HOSTS, SEC, "PU",
	    STS_DANE_COMPLETE, FORMS(ONLY, ONLY, SECU) },
	{ "every deliverable host", HOSTS, SEC, "NPN", STS_DANE_COMPLETE,
	    FORMS(ONLY, PINS, PINS) },

	{ "one usable, others failed", HOSTS, SEC, "UFF", STS_DANE_INCOMPLETE,
	    FORMS(ONLY, TEMP, TEMP) },
	{ "one usable with pins, others failed", HOSTS, SEC, "FPF",
	    STS_DANE_INCOMPLETE, FORMS(ONLY, PINS, PINS) },
	{ "one usable, others left out", HOSTS, SEC, "UU+", STS_DANE_INCOMPLETE,
	    FORMS(ONLY, TEMP, TEMP) },
	{ "one usable with pins, others left out", HOSTS, SEC, "P+",
	    STS_DANE_INCOMPLETE, FORMS(ONLY, PINS, PINS) },

	{ "all failed", HOSTS, SEC, "F", STS_DANE_ALL_FAILED, ALWAYS(TEMP) },
	{ "all failed", HOSTS, SEC, "FNF", STS_DANE_ALL_FAILED, ALWAYS(TEMP) },
	{ "all failed, others left out", HOSTS, SEC, "FF+", STS_DANE_LEFT_OUT,
	    FORMS(ONLY, TEMP, TEMP) },
	{ "none has an address, others left out", HOSTS, SEC, "NN+",
	    STS_DANE_LEFT_OUT, FORMS(ONLY, TEMP, TEMP) },

	{ "one without, one usable", HOSTS, SEC, "UA", STS_DANE_MIXED,
	    MIXED(ONLY, ONLY, SECU) },
	{ "one insecure, one usable", HOSTS, SEC, "IU", STS_DANE_MIXED,
	    MIXED(ONLY, ONLY, SECU) },
	{ "one unusable, one usable", HOSTS, SEC, "XU", STS_DANE_MIXED,
	    MIXED(ONLY, ONLY, SECU) },
	{ "one without, one usable with pins", HOSTS, SEC, "AP", STS_DANE_MIXED,
	    MIXED(ONLY, PINS, PINS) },
	{ "one without, one failed", HOSTS, SEC, "AF", STS_DANE_MIXED_FAILED,
	    MIXED(ONLY, TEMP, TEMP) },
	{ "one insecure, one failed", HOSTS, SEC, "FI", STS_DANE_MIXED_FAILED,
	    MIXED(ONLY, TEMP, TEMP) },
	{ "one unusable, one failed", HOSTS, SEC, "XF", STS_DANE_MIXED_FAILED,
	    MIXED(ONLY, TEMP, TEMP) },
	{ "one of each", HOSTS, SEC, "UAF", STS_DANE_MIXED_FAILED,
	    MIXED(ONLY, TEMP, TEMP) },
	{ "one of each, with pins", HOSTS, SEC, "PXF", STS_DANE_MIXED_FAILED,
	    MIXED(ONLY, PINS, PINS) },
	{ "one without, one usable, others left out", HOSTS, SEC, "UA+",
	    STS_DANE_MIXED_FAILED, MIXED(ONLY, TEMP, TEMP) },

	{ "none has TLSA", HOSTS, SEC, "A", STS_DANE_NONE, ALWAYS(SECU) },
	{ "all insecure", HOSTS, SEC, "II", STS_DANE_NONE, ALWAYS(SECU) },
	{ "all unusable", HOSTS, SEC, "XX", STS_DANE_NONE, ALWAYS(SECU) },
	{ "none of use", HOSTS, SEC, "AINX", STS_DANE_NONE, ALWAYS(SECU) },
	{ "none of use, others left out", HOSTS, SEC, "AI+", STS_DANE_NONE,
	    ALWAYS(SECU) },

	{ "MX insecure, TLSA everywhere", HOSTS, INS, "PP",
	    STS_DANE_INSECURE_MX, ALWAYS(SECU) },
	{ "MX insecure, usable and failed", HOSTS, INS, "UF",
	    STS_DANE_INSECURE_MX, ALWAYS(SECU) },
	{ "MX insecure, all failed", HOSTS, INS, "FF", STS_DANE_INSECURE_MX,
	    ALWAYS(SECU) },
	{ "MX insecure, no TLSA", HOSTS, INS, "AI", STS_DANE_INSECURE_MX,
	    ALWAYS(SECU) },
	{ "MX insecure, unusable", HOSTS, INS, "X", STS_DANE_INSECURE_MX,
	    ALWAYS(SECU) },
	{ "MX insecure, others left out", HOSTS, INS, "UA+",
	    STS_DANE_INSECURE_MX, ALWAYS(SECU) },
	{ "MX insecure, data not to be had", DANE_MX_NO_DATA, INS, "",
	    STS_DANE_INSECURE_MX, ALWAYS(SECU) },
	{ "MX insecure, null MX", DANE_MX_NULL, INS, "", STS_DANE_INSECURE_MX,
	    ALWAYS(SECU) },
	{ "MX insecure, no domain", DANE_MX_NXDOMAIN, INS, "",
	    STS_DANE_INSECURE_MX, ALWAYS(SECU) },
	{ "MX insecure, no address", HOSTS, INS, "N", STS_DANE_INSECURE_MX,
	    ALWAYS(SECU) },

	{ "no domain", DANE_MX_NXDOMAIN, SEC, "", STS_DANE_UNDELIVERABLE,
	    ALWAYS(SECU) },
	{ "null MX", DANE_MX_NULL, SEC, "", STS_DANE_UNDELIVERABLE,
	    ALWAYS(SECU) },
	{ "no host", HOSTS, SEC, "", STS_DANE_UNDELIVERABLE, ALWAYS(SECU) },
	{ "no address", HOSTS, SEC, "NN", STS_DANE_UNDELIVERABLE,
	    ALWAYS(SECU) },
};

START_TEST(each_line_of_the_rules)
{
	struct facts facts;

	facts_fill(&facts, rows[_i].mx, rows[_i].security, rows[_i].hosts);
	ck_assert_msg(sts_dane_state(&facts.evidence) == rows[_i].state,
	    "%s, %s", rows[_i].line, rows[_i].hosts);
	for (int mixed = 0; mixed < 2; mixed++)
		for (int wish = 0; wish < WISHES; wish++) {
			const enum sts_choice choice = choose(
			    &facts, (enum sts_mixed)mixed, (enum wish)wish);

			ck_assert_msg(choice == rows[_i].choice[mixed][wish],
			    "%s, %s, %d, %d: %s", rows[_i].line, rows[_i].hosts,
			    mixed, wish, choice_text(choice));
		}
}
END_TEST

START_TEST(no_evidence_is_temp)
{
	const struct sts_options options = { .wanted = true };

	ck_assert_int_eq(sts_dane_state(NULL), STS_DANE_UNKNOWN);
	ck_assert_int_eq(
	    sts_choose(STS_DANE_UNKNOWN, STS_MODE_ENFORCE, &options),
	    STS_CHOICE_TEMP);
}
END_TEST

/* What was only cleared is the cautious value. */
START_TEST(zero_is_cautious)
{
	ck_assert_int_eq(STS_CHOICE_TEMP, 0);
	ck_assert_int_eq(STS_DANE_UNKNOWN, 0);
	ck_assert_int_eq(STS_MODE_UNKNOWN, 0);
	ck_assert_int_eq(STS_MIXED_SECURE, 0);
}
END_TEST

START_TEST(only_a_policy_to_enforce_changes_anything)
{
	for (int dane = 0; dane <= STS_DANE_NONE; dane++)
		for (int mode = 0; mode <= STS_MODE_ENFORCE; mode++)
			for (int wanted = 0; wanted < 2; wanted++) {
				const struct sts_options options = {
					.wanted = wanted != 0
				};
				const enum sts_choice choice =
				    sts_choose((enum sts_dane)dane,
					(enum sts_mode)mode, &options);

				ck_assert_int_eq(choice != STS_CHOICE_DANE,
				    wanted != 0 && mode == STS_MODE_ENFORCE);
			}
}
END_TEST

START_TEST(every_state_has_a_text)
{
	for (int i = 0; i <= STS_DANE_NONE; i++)
		ck_assert_uint_gt(strlen(sts_dane_text((enum sts_dane)i)), 0);
}
END_TEST

/* ---- all evidence there can be ---- */

static const enum dns_security securities[] = { DNS_INDETERMINATE, DNS_BOGUS,
	DNS_INSECURE, DNS_SECURE };

/* The next of all words of up to three of these letters, with and without a
 * plus; false behind the last.  Begin with "". */
static bool
next_hosts(char hosts[6])
{
	static const char letters[] = "UPXAINF";
	size_t len = strlen(hosts);

	if (len == 0 || hosts[len - 1] != '+') {
		memcpy(hosts + len, "+", 2);
		return true;
	}
	hosts[--len] = '\0';
	for (size_t i = len; i-- > 0;) {
		const char *letter = strchr(letters, hosts[i]);

		if (letter[1] != '\0') {
			hosts[i] = letter[1];
			return true;
		}
		hosts[i] = letters[0];
	}
	memcpy(hosts + len, "U", 2);
	return len + 1 <= 3;
}

typedef void (*evidence_cb)(const struct facts *facts, const char *hosts,
    enum sts_mixed mixed, enum wish wish);

/* Calls @cb for all of it; returns how often. */
static size_t
each_evidence(evidence_cb cb)
{
	struct facts facts;
	size_t count = 0;

	for (int mx = 0; mx <= DANE_MX_NXDOMAIN; mx++)
		for (size_t s = 0; s < COUNT(securities); s++) {
			char hosts[6] = "";

			do {
				if (mx != DANE_MX_HOSTS && hosts[0] != '\0')
					break;
				facts_fill(&facts, (enum dane_mx_status)mx,
				    securities[s], hosts);
				for (int m = 0; m < 2; m++)
					for (int w = 0; w < WISHES; w++) {
						cb(&facts, hosts,
						    (enum sts_mixed)m,
						    (enum wish)w);
						count++;
					}
			} while (next_hosts(hosts));
		}
	return count;
}

static const char *
describe(const struct facts *facts, const char *hosts, enum sts_mixed mixed,
    enum wish wish, char text[128])
{
	snprintf(text, 128, "mx=%s %s hosts=%s mixed=%d carry=%d",
	    dane_mx_status_text(facts->evidence.mx),
	    answer_security_text(facts->evidence.mx_security), hosts,
	    (int)mixed, (int)wish);
	return text;
}

/* ---- the second reading ---- */

static bool
any(const char *hosts, const char *letters)
{
	return strpbrk(hosts, letters) != NULL;
}

/* "Only what TLSA authenticates", in its form. */
static enum sts_choice
read_form(const struct facts *facts, const char *hosts, enum wish wish)
{
	if (wish == WISH_NO_CARRY)
		return STS_CHOICE_DANE_ONLY;
	if (facts->carriable)
		return STS_CHOICE_PINS;
	if (any(hosts, "F+"))
		return STS_CHOICE_TEMP;
	return wish == WISH_ELSE_ENCRYPT ? STS_CHOICE_SECURE
					 : STS_CHOICE_DANE_ONLY;
}

static enum sts_choice
read_rules(const struct facts *facts, const char *hosts, enum sts_mixed mixed,
    enum wish wish)
{
	const struct dane_evidence *evidence = &facts->evidence;

	if (evidence->mx == DANE_MX_FAILED ||
	    evidence->mx_security == DNS_INDETERMINATE ||
	    evidence->mx_security == DNS_BOGUS)
		return STS_CHOICE_TEMP;
	if (evidence->mx_security == DNS_INSECURE)
		return STS_CHOICE_SECURE;
	if (evidence->mx == DANE_MX_NO_DATA) /* which is never secure */
		return STS_CHOICE_TEMP;
	if (evidence->mx == DANE_MX_NULL || evidence->mx == DANE_MX_NXDOMAIN)
		return STS_CHOICE_SECURE;
	if (!any(hosts, "UPXAIF+")) /* nobody to deliver to */
		return STS_CHOICE_SECURE;
	if (any(hosts, "XAI")) {
		if (mixed == STS_MIXED_DANE_ONLY && any(hosts, "UPF"))
			return read_form(facts, hosts, wish);
		return STS_CHOICE_SECURE;
	}
	if (!any(hosts, "UP+"))
		return STS_CHOICE_TEMP;
	return read_form(facts, hosts, wish);
}

static void
check_reading(const struct facts *facts, const char *hosts,
    enum sts_mixed mixed, enum wish wish)
{
	const enum sts_choice choice = choose(facts, mixed, wish);
	const enum sts_choice expected = read_rules(facts, hosts, mixed, wish);
	char text[128];

	ck_assert_msg(choice == expected, "%s: %s, not %s",
	    describe(facts, hosts, mixed, wish, text), choice_text(choice),
	    choice_text(expected));
}

START_TEST(chooses_as_the_rules_read)
{
	ck_assert_uint_gt(each_evidence(check_reading), 15000);
}
END_TEST

/* ---- what becomes of a host ---- */

/* How mail gets to a host of this true status.  Ordered: more is safer.  What
 * TLSA authenticates is as safe as what is not sent. */
enum protection {
	OPPORTUNISTIC,
	ENCRYPTED,
	BY_NAME, /* its name is one of the policy's, and its certificate's */
	BY_TLSA,
	NOT_AT_ALL = BY_TLSA
};

static enum protection
protection_of(enum sts_choice choice, char host)
{
	const bool usable = host == 'U' || host == 'P';

	if (host == 'N')
		return NOT_AT_ALL;
	switch (choice) {
	case STS_CHOICE_TEMP:
		return NOT_AT_ALL;
	case STS_CHOICE_DANE_ONLY:
	case STS_CHOICE_PINS:
		return usable ? BY_TLSA : NOT_AT_ALL;
	case STS_CHOICE_SECURE:
		return BY_NAME;
	case STS_CHOICE_DANE:
		break;
	}
	ck_abort_msg("a known policy, and DANE alone");
}

/* The same of DANE alone.  NOTFOUND is main.cf's level, and may be any.  Behind
 * an insecure MX may stand a stranger's host with TLSA of its own. */
static enum protection
protection_of_dane(enum tls_policy policy, enum dns_security mx, char host)
{
	const bool usable = host == 'U' || host == 'P';

	if (host == 'N')
		return NOT_AT_ALL;
	switch (policy) {
	case TLS_POLICY_TEMP:
		return NOT_AT_ALL;
	case TLS_POLICY_NOTFOUND:
	case TLS_POLICY_MAY:
		return OPPORTUNISTIC;
	case TLS_POLICY_ENCRYPT:
		return ENCRYPTED;
	case TLS_POLICY_DANE:
		if (usable)
			return mx == DNS_SECURE ? BY_TLSA : OPPORTUNISTIC;
		return host == 'X' ? ENCRYPTED : OPPORTUNISTIC;
	case TLS_POLICY_DANE_ONLY:
	case TLS_POLICY_FINGERPRINT:
		return usable ? BY_TLSA : NOT_AT_ALL;
	}
	return OPPORTUNISTIC;
}

/* ---- no failure weakens the answer, for any host ---- */

/* @truth with those lookups failed whose bit is set. */
static void
fail_some(const char *truth, unsigned which, char seen[6])
{
	snprintf(seen, 6, "%s", truth);
	for (size_t i = 0; seen[i] != '\0' && seen[i] != '+'; i++)
		if (which >> i & 1)
			seen[i] = 'F';
}

static void
check_one_failure(const struct facts *truth, const char *hosts,
    const struct facts *seen, const char *seen_hosts, enum sts_mixed mixed,
    enum wish wish)
{
	const enum sts_choice before = choose(truth, mixed, wish);
	const enum sts_choice now = choose(seen, mixed, wish);
	char text[128];

	/* Postfix may find a host that has no address here. */
	ck_assert(protection_of(now, 'A') >= BY_NAME);
	for (size_t i = 0; hosts[i] != '\0' && hosts[i] != '+'; i++)
		ck_assert_msg(
		    hosts[i] == 'F' || protection_of(now, hosts[i]) >=
					   protection_of(before, hosts[i]),
		    "%s: %s; with %s: %s, weaker for %c",
		    describe(truth, hosts, mixed, wish, text),
		    choice_text(before), seen_hosts, choice_text(now),
		    hosts[i]);
}

static void
check_failures(const struct facts *truth, const char *hosts,
    enum sts_mixed mixed, enum wish wish)
{
	const struct dane_evidence *evidence = &truth->evidence;
	struct facts seen;
	char some[6], more[8];

	/* Any of the hosts. */
	for (unsigned which = 0; which < 8; which++) {
		fail_some(hosts, which, some);
		facts_fill(&seen, evidence->mx, evidence->mx_security, some);
		check_one_failure(truth, hosts, &seen, some, mixed, wish);
	}
	/* One more. */
	if (evidence->mx == DANE_MX_HOSTS) {
		snprintf(more, sizeof(more), "F%s", hosts);
		facts_fill(&seen, evidence->mx, evidence->mx_security, more);
		check_one_failure(truth, hosts, &seen, more, mixed, wish);
	}
	/* MX itself. */
	facts_fill(&seen, DANE_MX_FAILED, DNS_INDETERMINATE, "");
	ck_assert_int_eq(choose(&seen, mixed, wish), STS_CHOICE_TEMP);
}

START_TEST(failures_never_weaken_the_choice)
{
	ck_assert_uint_gt(each_evidence(check_failures), 15000);
}
END_TEST

/* ---- MTA-STS never weakens the host that is protected least ---- */

/* Also a host that nobody has seen: where nothing can be delivered to by the
 * evidence, Postfix has found an address. */
static enum protection
weakest(enum sts_choice choice, const char *hosts)
{
	enum protection least = NOT_AT_ALL;

	if (!any(hosts, "UPXAI"))
		return protection_of(choice, 'A');
	for (; *hosts != '\0' && *hosts != '+'; hosts++)
		if (*hosts != 'F' && protection_of(choice, *hosts) < least)
			least = protection_of(choice, *hosts);
	return least;
}

static enum protection
weakest_of_dane(
    enum tls_policy policy, const struct facts *facts, const char *hosts)
{
	const enum dns_security mx = facts->evidence.mx_security;
	enum protection least = NOT_AT_ALL;

	if (!any(hosts, "UPXAI"))
		return protection_of_dane(policy, mx, 'A');
	for (; *hosts != '\0' && *hosts != '+'; hosts++) {
		const enum protection one =
		    protection_of_dane(policy, mx, *hosts);

		if (*hosts != 'F' && one < least)
			least = one;
	}
	return least;
}

/* Every combination of what DANE alone can be told. */
static struct conf_profile
conf_of(int number, bool encrypts)
{
	return (struct conf_profile){
		.no_dane = (enum conf_no_dane)(number % 3),
		.no_dane_explicit = (enum conf_no_dane)(number % 3),
		.insecure_mx = (enum conf_insecure_mx)(number / 3 % 3),
		.dane_only = (enum conf_dane_only)(number / 9 % 2),
		.carry = encrypts ? CONF_CARRY_FINGERPRINT : CONF_CARRY_NO,
		.carry_else = CONF_CARRY_ELSE_ENCRYPT,
	};
}

/*
 * Of evidence without failures, for what failures make of it is compared with
 * that above.  Two things are left out, in which DANE alone is stricter only
 * because of what it cannot say, and a policy can:
 *
 * - carry-else = dane-only, which defers what cannot be carried.
 * - TEMP where MX is known and no host has failed: others were left out, or MX
 *   is insecure and its data are not to be had, and nothing but "dane" could be
 *   said, which to those without TLSA would be "may".
 */
static void
check_against_dane(const struct facts *facts, const char *hosts,
    enum sts_mixed mixed, enum wish wish)
{
	const enum sts_choice choice = choose(facts, mixed, wish);
	const bool encrypts = wish == WISH_ELSE_ENCRYPT && !facts->carriable;
	char text[128];

	if (any(hosts, "F"))
		return;
	for (int i = 0; i < 3 * 3 * 2; i++) {
		const struct conf_profile options = conf_of(i, encrypts);
		struct verdict dane;

		verdict_decide(&facts->evidence, &options, false, &dane);
		if (dane.policy == TLS_POLICY_TEMP &&
		    dane.rule != VERDICT_RULE_MX_FAILED)
			continue;
		ck_assert_msg(weakest(choice, hosts) >=
				  weakest_of_dane(dane.policy, facts, hosts),
		    "%s, options %d: %s",
		    describe(facts, hosts, mixed, wish, text), i,
		    choice_text(choice));
	}
}

START_TEST(never_weaker_than_dane_alone)
{
	ck_assert_uint_gt(each_evidence(check_against_dane), 15000);
}
END_TEST

/* ---- and defers nothing in vain ---- */

static void
check_temp(const struct facts *facts, const char *hosts, enum sts_mixed mixed,
    enum wish wish)
{
	const bool known = facts->evidence.mx != DANE_MX_FAILED &&
			   facts->evidence.mx != DANE_MX_NO_DATA &&
			   facts->evidence.mx_security == DNS_SECURE;
	char text[128];

	if (facts->evidence.mx_security == DNS_INSECURE &&
	    facts->evidence.mx != DANE_MX_FAILED)
		ck_assert_int_eq(choose(facts, mixed, wish), STS_CHOICE_SECURE);
	if (known && choose(facts, mixed, wish) == STS_CHOICE_TEMP)
		ck_assert_msg(any(hosts, "F+"), "%s",
		    describe(facts, hosts, mixed, wish, text));
}

START_TEST(nothing_concluded_is_deferred)
{
	ck_assert_uint_gt(each_evidence(check_temp), 15000);
}
END_TEST

TEST_MAIN("sts_choice")
{
	TCase *tc = add_case(suite, "sts_choice");

	add_rows(tc, each_line_of_the_rules, rows);
	tcase_add_test(tc, no_evidence_is_temp);
	tcase_add_test(tc, zero_is_cautious);
	tcase_add_test(tc, only_a_policy_to_enforce_changes_anything);
	tcase_add_test(tc, every_state_has_a_text);
	tcase_add_test(tc, chooses_as_the_rules_read);
	tcase_add_test(tc, failures_never_weaken_the_choice);
	tcase_add_test(tc, never_weaker_than_dane_alone);
	tcase_add_test(tc, nothing_concluded_is_deferred);
}
