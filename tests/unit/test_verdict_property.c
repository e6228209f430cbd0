/*
 * Random evidence against a second reading of docs/design.md, "One next hop",
 * written from its text and RFC 7672 alone; and the law that an attacker gains
 * nothing by making lookups fail, told by what Postfix then does to each host.
 *
 * SEED=NUMBER in the environment repeats a run.
 */

#include "policy/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf.h"
#include "dane/evidence.h"

#include "test_main.h"

#define CASES 50000
#define HOSTS_MAX 6

struct random_case {
	struct dane_evidence evidence;
	struct dane_host host[HOSTS_MAX + 1]; /* room for one more */
	struct conf_profile options;
	bool is_explicit;
};

/* ---- random evidence ---- */

static uint64_t
seed_of_run(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = (uint64_t)time(NULL) ^ (uint64_t)clock() << 32;

	if (text != NULL)
		seed = strtoull(text, NULL, 10);
	printf("SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

/* splitmix64 */
static unsigned
below(uint64_t *state, unsigned limit)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15U);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return (unsigned)((z ^ (z >> 31)) % limit);
}

static bool
chance(uint64_t *state, unsigned one_in)
{
	return below(state, one_in) == 0;
}

static void
add_host(struct random_case *c, enum dane_host_status status)
{
	static char name[] = "mx.example.org", why[] = "DNS of mx: no answer";
	struct dane_host *host = &c->host[c->evidence.host_count++];

	memset(host, 0, sizeof(*host));
	host->name = name;
	host->why = why;
	host->status = status;
}

/* Not uniform: what is rare but decides, hosts that are all of a kind, has to
 * come up often. */
static void
random_hosts(uint64_t *state, struct random_case *c)
{
	const bool alike = chance(state, 3);
	const enum dane_host_status common =
	    (enum dane_host_status)below(state, 6);

	for (unsigned n = below(state, HOSTS_MAX + 1); n > 0; n--)
		add_host(c, alike && !chance(state, 8)
				? common
				: (enum dane_host_status)below(state, 6));
}

static void
random_fill(uint64_t *state, struct random_case *c)
{
	static const enum dns_security securities[] = { DNS_SECURE,
		DNS_INSECURE, DNS_SECURE, DNS_INSECURE, DNS_BOGUS,
		DNS_INDETERMINATE };
	static char domain[] = "example.org";

	memset(c, 0, sizeof(*c));
	c->evidence.domain = domain;
	c->evidence.port = 25;
	c->evidence.host = c->host;
	c->evidence.ttl = below(state, 5000);
	c->evidence.mx_security = securities[below(state, 6)];
	c->evidence.mx = chance(state, 4) ? (enum dane_mx_status)below(state, 5)
					  : DANE_MX_HOSTS;
	if (c->evidence.mx == DANE_MX_HOSTS) {
		random_hosts(state, c);
		c->evidence.truncated = chance(state, 8);
	} else if (c->evidence.mx == DANE_MX_NO_DATA) {
		c->evidence.mx_security = DNS_INSECURE;
	}
	c->options.no_dane = (enum conf_no_dane)below(state, 3);
	c->options.no_dane_explicit = (enum conf_no_dane)below(state, 3);
	c->options.insecure_mx = (enum conf_insecure_mx)below(state, 3);
	c->options.dane_only = (enum conf_dane_only)below(state, 2);
	c->is_explicit = chance(state, 2);
}

static const char *
describe(const struct random_case *c, char text[256])
{
	char hosts[HOSTS_MAX + 2] = "";

	for (size_t i = 0; i < c->evidence.host_count; i++)
		hosts[i] = "FUXAIN"[c->host[i].status];
	snprintf(text, 256,
	    "mx=%s %s hosts=%s truncated=%d no-dane=%d/%d explicit=%d "
	    "insecure-mx=%d dane-only=%d",
	    dane_mx_status_text(c->evidence.mx),
	    answer_security_text(c->evidence.mx_security), hosts,
	    c->evidence.truncated, (int)c->options.no_dane,
	    (int)c->options.no_dane_explicit, c->is_explicit,
	    (int)c->options.insecure_mx, (int)c->options.dane_only);
	return text;
}

static enum tls_policy
decide(const struct random_case *c)
{
	struct verdict verdict;

	verdict_decide(&c->evidence, &c->options, c->is_explicit, &verdict);
	return verdict.policy;
}

/* ---- the second reading ---- */

static bool
any(const struct random_case *c, enum dane_host_status status)
{
	for (size_t i = 0; i < c->evidence.host_count; i++)
		if (c->host[i].status == status)
			return true;
	return false;
}

/* Whether every host that mail can be delivered to has one of two statuses. */
static bool
all_are(const struct random_case *c, enum dane_host_status one,
    enum dane_host_status other)
{
	for (size_t i = 0; i < c->evidence.host_count; i++)
		if (c->host[i].status != DANE_HOST_NO_ADDRESS &&
		    c->host[i].status != one && c->host[i].status != other)
			return false;
	return true;
}

static bool
nothing_deliverable(const struct random_case *c)
{
	return all_are(c, DANE_HOST_NO_ADDRESS, DANE_HOST_NO_ADDRESS) &&
	       !c->evidence.truncated;
}

static enum tls_policy
no_dane_of(const struct random_case *c)
{
	const enum conf_no_dane wanted =
	    c->is_explicit ? c->options.no_dane_explicit : c->options.no_dane;

	return wanted == CONF_NO_DANE_MAY       ? TLS_POLICY_MAY
	       : wanted == CONF_NO_DANE_ENCRYPT ? TLS_POLICY_ENCRYPT
						: TLS_POLICY_NOTFOUND;
}

/* `dane` with the star of the design's table. */
static enum tls_policy
starred_dane(const struct random_case *c)
{
	if (any(c, DANE_HOST_UNUSABLE) || no_dane_of(c) == TLS_POLICY_MAY)
		return TLS_POLICY_DANE;
	return c->evidence.mx_security == DNS_SECURE ? TLS_POLICY_TEMP
						     : no_dane_of(c);
}

/* The lines of the table that are about an insecure MX alone.  Returns whether
 * one of them matches. */
static bool
read_insecure_mx(const struct random_case *c, enum tls_policy *policy)
{
	const bool unknown = c->evidence.mx == DANE_MX_NO_DATA ||
			     all_are(c, DANE_HOST_FAILED, DANE_HOST_NO_ADDRESS);

	if (c->options.insecure_mx == CONF_INSECURE_MX_MAY)
		*policy = no_dane_of(c);
	else if (unknown)
		*policy = starred_dane(c);
	else if (c->options.insecure_mx == CONF_INSECURE_MX_ENCRYPT &&
		 !c->evidence.truncated &&
		 all_are(c, DANE_HOST_USABLE, DANE_HOST_UNUSABLE))
		*policy = TLS_POLICY_ENCRYPT;
	else
		return false;
	return true;
}

/* The lines about the hosts. */
static enum tls_policy
read_hosts(const struct random_case *c)
{
	const bool left_out = c->evidence.truncated;

	if (any(c, DANE_HOST_USABLE)) {
		if (c->options.dane_only == CONF_DANE_ONLY_WHEN_COMPLETE &&
		    c->evidence.mx_security == DNS_SECURE && !left_out &&
		    all_are(c, DANE_HOST_USABLE, DANE_HOST_USABLE))
			return TLS_POLICY_DANE_ONLY;
		return TLS_POLICY_DANE;
	}
	if (left_out)
		return starred_dane(c);
	if (all_are(c, DANE_HOST_FAILED, DANE_HOST_FAILED))
		return TLS_POLICY_TEMP;
	if (any(c, DANE_HOST_FAILED))
		return starred_dane(c);
	if (all_are(c, DANE_HOST_UNUSABLE, DANE_HOST_UNUSABLE))
		return TLS_POLICY_ENCRYPT;
	if (any(c, DANE_HOST_UNUSABLE))
		return TLS_POLICY_DANE;
	return no_dane_of(c);
}

static enum tls_policy
read_design(const struct random_case *c)
{
	const struct dane_evidence *evidence = &c->evidence;
	enum tls_policy policy;

	if (evidence->mx == DANE_MX_FAILED ||
	    evidence->mx_security == DNS_BOGUS ||
	    evidence->mx_security == DNS_INDETERMINATE)
		return TLS_POLICY_TEMP;
	if (evidence->mx == DANE_MX_NULL || evidence->mx == DANE_MX_NXDOMAIN)
		return no_dane_of(c);
	if (evidence->mx == DANE_MX_HOSTS && nothing_deliverable(c))
		return no_dane_of(c);
	if (evidence->mx_security == DNS_INSECURE &&
	    read_insecure_mx(c, &policy))
		return policy;
	return read_hosts(c);
}

START_TEST(decides_as_the_design_reads)
{
	unsigned seen[TLS_POLICY_DANE_ONLY + 1] = { 0 };
	uint64_t state = seed_of_run();
	struct random_case c;
	char text[256];

	for (unsigned i = 0; i < CASES; i++) {
		enum tls_policy expected;

		random_fill(&state, &c);
		expected = read_design(&c);
		ck_assert_msg(decide(&c) == expected, "%s: %s, not %s",
		    describe(&c, text), tls_policy_text(decide(&c)),
		    tls_policy_text(expected));
		seen[expected]++;
	}
	/* None of it is empty talk. */
	for (size_t i = 0; i < COUNT(seen); i++)
		ck_assert_uint_gt(seen[i], CASES / 200);
}
END_TEST

/* ---- what becomes of a host ---- */

/* RFC 7672 section 2.2: how mail gets to a host of this true status, when the
 * next hop has this policy.  Ordered: more is safer. */
enum protection {
	OPPORTUNISTIC,
	ENCRYPTED,
	AUTHENTICATED,
	NOT_AT_ALL, /* nothing is sent there */
	MAIN_CF     /* beside the order: the administrator's own level, which
		     * may be any */
};

static enum protection
protection_of(enum tls_policy policy, enum dane_host_status truth)
{
	if (truth == DANE_HOST_NO_ADDRESS || truth == DANE_HOST_FAILED)
		return NOT_AT_ALL;
	switch (policy) {
	case TLS_POLICY_TEMP:
		return NOT_AT_ALL;
	case TLS_POLICY_NOTFOUND:
		return MAIN_CF;
	case TLS_POLICY_MAY:
		return OPPORTUNISTIC;
	case TLS_POLICY_ENCRYPT:
		return ENCRYPTED;
	case TLS_POLICY_DANE:
		return truth == DANE_HOST_USABLE     ? AUTHENTICATED
		       : truth == DANE_HOST_UNUSABLE ? ENCRYPTED
						     : OPPORTUNISTIC;
	case TLS_POLICY_DANE_ONLY:
	case TLS_POLICY_FINGERPRINT:
		return truth == DANE_HOST_USABLE ? AUTHENTICATED : NOT_AT_ALL;
	}
	return OPPORTUNISTIC;
}

static bool
is_weaker(enum protection now, enum protection before)
{
	if (now == before || now == NOT_AT_ALL)
		return false;
	if (now == MAIN_CF || before == MAIN_CF)
		return true;
	return now < before;
}

/*
 * Behind an insecure MX the law ends where the star gives the no-DANE answer:
 * who can drop TLSA there can as well forge the MX, and deferring is ruled out.
 */
static bool
is_under_the_law(const struct random_case *c)
{
	return c->evidence.mx_security == DNS_SECURE ||
	       no_dane_of(c) == TLS_POLICY_MAY;
}

/* @seen is @truth with lookups that failed: no host may get less. */
static void
check_not_weaker(
    const struct random_case *truth, const struct random_case *seen)
{
	const enum tls_policy before = decide(truth), now = decide(seen);
	char text[256], other[256];

	for (size_t i = 0; i < truth->evidence.host_count; i++) {
		const enum dane_host_status status = truth->host[i].status;

		ck_assert_msg(!is_weaker(protection_of(now, status),
				  protection_of(before, status)),
		    "%s: %s; becomes %s: %s, weaker for host %zu",
		    describe(truth, text), tls_policy_text(before),
		    describe(seen, other), tls_policy_text(now), i);
	}
}

/* evidence.host must follow the copy. */
static void
copy_case(struct random_case *copy, const struct random_case *c)
{
	*copy = *c;
	copy->evidence.host = copy->host;
}

START_TEST(failed_hosts_never_weaken_the_verdict)
{
	uint64_t state = seed_of_run();
	struct random_case truth, seen;
	unsigned compared = 0;

	for (unsigned i = 0; i < CASES; i++) {
		random_fill(&state, &truth);
		if (!is_under_the_law(&truth))
			continue;
		/* More and more of them fail. */
		copy_case(&seen, &truth);
		for (size_t h = 0; h < truth.evidence.host_count; h++) {
			if (seen.host[h].status != DANE_HOST_NO_ADDRESS)
				seen.host[h].status = DANE_HOST_FAILED;
			check_not_weaker(&truth, &seen);
			compared++;
		}
		/* There is one more, and it fails. */
		copy_case(&seen, &truth);
		if (truth.evidence.mx == DANE_MX_HOSTS)
			add_host(&seen, DANE_HOST_FAILED);
		check_not_weaker(&truth, &seen);
	}
	ck_assert_uint_gt(compared, CASES / 2);
}
END_TEST

START_TEST(a_failed_mx_lookup_sends_nothing)
{
	static const enum dns_security securities[] = { DNS_BOGUS,
		DNS_INDETERMINATE };
	uint64_t state = seed_of_run();
	struct random_case c;
	char text[256];

	for (unsigned i = 0; i < CASES; i++) {
		random_fill(&state, &c);
		c.evidence.mx_security = securities[below(&state, 2)];
		ck_assert_msg(decide(&c) == TLS_POLICY_TEMP, "%s: %s",
		    describe(&c, text), tls_policy_text(decide(&c)));
	}
}
END_TEST

/*
 * RFC 7672 section 2.2: where MX is secure, a host with usable TLSA is never
 * reached but authenticated, one with TLSA of no use never but encrypted.
 */
START_TEST(tlsa_is_always_honoured)
{
	uint64_t state = seed_of_run();
	struct random_case c;
	char text[256];

	for (unsigned i = 0; i < CASES; i++) {
		enum tls_policy policy;

		random_fill(&state, &c);
		if (c.evidence.mx != DANE_MX_HOSTS ||
		    c.evidence.mx_security != DNS_SECURE)
			continue;
		policy = decide(&c);
		for (size_t h = 0; h < c.evidence.host_count; h++) {
			const enum dane_host_status status = c.host[h].status;
			const enum protection least =
			    status == DANE_HOST_USABLE     ? AUTHENTICATED
			    : status == DANE_HOST_UNUSABLE ? ENCRYPTED
							   : OPPORTUNISTIC;

			if (least == OPPORTUNISTIC)
				continue;
			ck_assert_msg(
			    !is_weaker(protection_of(policy, status), least),
			    "%s: %s", describe(&c, text),
			    tls_policy_text(policy));
		}
	}
}
END_TEST

/* Proven insecurity never defers mail: what is TEMP has a failure in it. */
START_TEST(nothing_concluded_is_deferred)
{
	uint64_t state = seed_of_run();
	struct random_case c;
	char text[256];

	for (unsigned i = 0; i < CASES; i++) {
		random_fill(&state, &c);
		if (decide(&c) != TLS_POLICY_TEMP)
			continue;
		if (c.evidence.mx == DANE_MX_FAILED ||
		    (c.evidence.mx_security != DNS_SECURE &&
			c.evidence.mx_security != DNS_INSECURE))
			continue;
		ck_assert_msg(
		    c.evidence.mx_security == DNS_SECURE &&
			(c.evidence.truncated || any(&c, DANE_HOST_FAILED)),
		    "%s", describe(&c, text));
	}
}
END_TEST

TEST_MAIN("policy_property")
{
	TCase *properties = add_case(suite, "properties");

	tcase_add_test(properties, decides_as_the_design_reads);
	tcase_add_test(properties, failed_hosts_never_weaken_the_verdict);
	tcase_add_test(properties, a_failed_mx_lookup_sends_nothing);
	tcase_add_test(properties, tlsa_is_always_honoured);
	tcase_add_test(properties, nothing_concluded_is_deferred);
}
