/*
 * What is remembered of next hops, for how long and for whom: no verdict may
 * outlive the evidence that it rests on, not even by the time that the
 * evaluation took.
 */

#include "policy/verdict_store.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/stats.h"
#include "dane/evidence.h"
#include "policy/verdict.h"

#include "../fakes/time.h"
#include "test_main.h"

#define KEY "example.org"
#define MAPS 3

/* ---- the module ---- */

static struct conf conf;
static struct conf_map maps[MAPS];
static struct stats stats;
static struct verdict_store *verdicts;

static void
set_up(void)
{
	static char *const names[] = { (char *)"same", (char *)"strict",
		(char *)"late" };

	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	memset(&conf, 0, sizeof(conf));
	memset(&stats, 0, sizeof(stats));
	conf.policy.no_dane_explicit = CONF_NO_DANE_NOTFOUND;
	for (size_t i = 0; i < MAPS; i++)
		maps[i] = (struct conf_map){ .name = names[i],
			.policy = conf.policy };
	maps[1].policy.no_dane = CONF_NO_DANE_ENCRYPT;
	maps[2].policy.insecure_mx = CONF_INSECURE_MX_MAY;
	conf.maps = maps;
	conf.map_count = MAPS;
	conf.cache_entries = 100;
	conf.cache_memory = 1;
	verdicts = verdict_store_new(&conf, &stats);
	ck_assert_ptr_nonnull(verdicts);
}

static void
tear_down(void)
{
	verdict_store_free(verdicts);
	verdict_store_free(NULL);
}

/* ---- evidence ---- */

static struct dane_host host;
static struct dane_evidence evidence;

/* One host, whose first answer expires so long from now. */
static void
make_evidence(enum dane_host_status status, uint64_t left_ms)
{
	host = (struct dane_host){ .name = (char *)"mx." KEY,
		.status = status,
		.why = (char *)"a reason" };
	evidence = (struct dane_evidence){ .domain = (char *)KEY,
		.port = 25,
		.mx = DANE_MX_HOSTS,
		.mx_security = DNS_SECURE,
		.host = &host,
		.host_count = 1,
		.expires = clock_ms() + left_ms,
		.ttl = (uint32_t)((left_ms + 999) / 1000) };
}

static void
store(enum dane_host_status status)
{
	make_evidence(status, 300000);
	verdict_store_put(verdicts, KEY, false, &evidence);
}

static bool
find(const char *map, struct verdict_cache_item *verdict)
{
	return verdict_store_find(verdicts, KEY, strlen(KEY), map, verdict);
}

static enum tls_policy
found(const char *map)
{
	struct verdict_cache_item verdict;

	ck_assert_msg(find(map, &verdict), "%s", map);
	return verdict.policy;
}

/* ---- for how long ---- */

START_TEST(verdict_lives_as_long_as_its_evidence)
{
	const uint64_t begin = fake_ms;
	struct verdict_cache_item verdict;

	make_evidence(DANE_HOST_USABLE, 90000);
	/* The evaluation took half a minute: its first answer is so old. */
	fake_ms += 30000;
	verdict_store_put(verdicts, KEY, false, &evidence);
	ck_assert(find("", &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE);
	ck_assert_uint_eq(verdict.ttl_ms, 60000);
	fake_ms += 59999;
	ck_assert(find("", &verdict));
	fake_ms += 1;
	ck_assert(!find("", &verdict));
	fake_ms = begin;
}
END_TEST

START_TEST(expired_evidence_is_not_remembered)
{
	const uint64_t begin = fake_ms;
	struct verdict_cache_item verdict;

	make_evidence(DANE_HOST_ABSENT, 20000);
	fake_ms += 20000;
	verdict_store_put(verdicts, KEY, false, &evidence);
	ck_assert(!find("", &verdict));
	fake_ms = begin;
}
END_TEST

START_TEST(verdict_has_a_bound_of_its_own)
{
	const uint64_t bounds[] = { VERDICT_TTL_MAX * 1000ULL,
		VERDICT_TTL_TEMP * 1000ULL };
	struct verdict_cache_item verdict;

	make_evidence(_i == 0 ? DANE_HOST_USABLE : DANE_HOST_FAILED, 86400000);
	verdict_store_put(verdicts, KEY, false, &evidence);
	ck_assert(find("", &verdict));
	ck_assert_uint_eq(verdict.ttl_ms, bounds[_i]);
}
END_TEST

/* ---- what fails ---- */

START_TEST(temp_does_not_end_a_good_verdict_nor_prolong_it)
{
	const uint64_t begin = fake_ms;
	struct verdict_cache_item verdict;

	make_evidence(DANE_HOST_USABLE, 20000);
	verdict_store_put(verdicts, KEY, false, &evidence);
	fake_ms += 19000;
	store(DANE_HOST_FAILED);
	ck_assert(find("", &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE);
	ck_assert_uint_eq(verdict.ttl_ms, 1000);
	fake_ms += 1000;
	ck_assert(!find("", &verdict));
	store(DANE_HOST_FAILED);
	ck_assert(find("", &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_TEMP);
	ck_assert_ptr_nonnull(strstr(verdict.text, "a reason"));
	/* A good one replaces it at once. */
	fake_ms += 1000;
	store(DANE_HOST_ABSENT);
	ck_assert_int_eq(found(""), TLS_POLICY_MAY);
	fake_ms = begin;
}
END_TEST

/* One that failed, the other without TLSA: "dane" where Postfix may decide. */
static void
store_guess(void)
{
	struct dane_host two[2];

	make_evidence(DANE_HOST_FAILED, 300000);
	two[0] = two[1] = host;
	two[1].status = DANE_HOST_ABSENT;
	evidence.host = two;
	evidence.host_count = 2;
	verdict_store_put(verdicts, KEY, false, &evidence);
}

START_TEST(only_the_profile_that_fails_keeps_its_verdict)
{
	store(DANE_HOST_ABSENT);
	store_guess();
	ck_assert_int_eq(found(""), TLS_POLICY_DANE);
	ck_assert_int_eq(found("strict"), TLS_POLICY_ENCRYPT);
}
END_TEST

static struct verdict_cache_former
before(void)
{
	struct verdict_cache_former former;

	ck_assert(verdict_cache_before(verdict_store_cache(verdicts), KEY,
	    strlen(KEY), 0, clock_ms(), &former));
	return former;
}

START_TEST(the_last_certain_verdict_is_known_across_failures)
{
	const uint64_t begin = fake_ms;

	store_guess();
	ck_assert_int_eq(before().verdict.last, TLS_POLICY_TEMP);
	store(DANE_HOST_USABLE);
	for (int i = 0; i < 4; i++) {
		fake_ms += 400000; /* it has expired */
		if (i % 2 == 0)
			store(DANE_HOST_FAILED);
		else
			store_guess();
		ck_assert_int_eq(before().verdict.last, TLS_POLICY_DANE);
		ck_assert_ptr_nonnull(strstr(before().proof, "mx." KEY));
	}
	ck_assert_uint_eq(stats.counter[STATS_WEAKENED], 0);
	store(DANE_HOST_ABSENT);
	ck_assert_uint_eq(stats.counter[STATS_WEAKENED], 1);
	ck_assert_int_eq(before().verdict.last, TLS_POLICY_MAY);
	ck_assert_str_eq(before().proof, "");
	fake_ms = begin;
}
END_TEST

/* ---- for whom ---- */

START_TEST(each_map_has_its_own_verdict)
{
	store(DANE_HOST_ABSENT);
	ck_assert_int_eq(found(""), TLS_POLICY_MAY);
	ck_assert_int_eq(found("unknown"), TLS_POLICY_MAY);
	ck_assert_int_eq(found("same"), TLS_POLICY_MAY);
	ck_assert_int_eq(found("strict"), TLS_POLICY_ENCRYPT);
	/* And the map behind it has not got that one's. */
	ck_assert_int_eq(found("late"), TLS_POLICY_MAY);
	make_evidence(DANE_HOST_USABLE, 300000);
	evidence.mx_security = DNS_INSECURE;
	verdict_store_put(verdicts, KEY, false, &evidence);
	ck_assert_int_eq(found("late"), TLS_POLICY_MAY);
	ck_assert_int_eq(found("same"), TLS_POLICY_DANE);
}
END_TEST

/* What the administrator chose gets another answer where there is no DANE. */
START_TEST(explicit_next_hop_has_its_own_answer)
{
	make_evidence(DANE_HOST_ABSENT, 300000);
	verdict_store_put(verdicts, KEY, true, &evidence);
	ck_assert_int_eq(found(""), TLS_POLICY_NOTFOUND);
}
END_TEST

/* ---- what has become weaker ---- */

static const struct {
	enum dane_host_status before, after;
	bool weaker;
} changes[] = {
	{ DANE_HOST_USABLE, DANE_HOST_ABSENT, true },
	{ DANE_HOST_USABLE, DANE_HOST_UNUSABLE, true },
	{ DANE_HOST_UNUSABLE, DANE_HOST_ABSENT, true },
	{ DANE_HOST_USABLE, DANE_HOST_USABLE, false },
	{ DANE_HOST_ABSENT, DANE_HOST_USABLE, false },
	/* a failure is no answer */
	{ DANE_HOST_USABLE, DANE_HOST_FAILED, false },
	{ DANE_HOST_FAILED, DANE_HOST_ABSENT, false },
};

START_TEST(weaker_verdict_is_told)
{
	store(changes[_i].before);
	store(changes[_i].after);
	ck_assert_uint_eq(
	    stats.counter[STATS_WEAKENED], changes[_i].weaker ? 1 : 0);
}
END_TEST

/* "dane" only because a host failed: nothing was lost when it is "may". */
START_TEST(tentative_verdict_is_not_compared)
{
	store_guess();
	ck_assert_int_eq(found(""), TLS_POLICY_DANE);
	store(DANE_HOST_ABSENT);
	ck_assert_uint_eq(stats.counter[STATS_WEAKENED], 0);
}
END_TEST

TEST_MAIN("verdicts")
{
	TCase *tc = add_case(suite, "verdicts");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, verdict_lives_as_long_as_its_evidence);
	tcase_add_test(tc, expired_evidence_is_not_remembered);
	tcase_add_loop_test(tc, verdict_has_a_bound_of_its_own, 0, 2);
	tcase_add_test(tc, temp_does_not_end_a_good_verdict_nor_prolong_it);
	tcase_add_test(tc, only_the_profile_that_fails_keeps_its_verdict);
	tcase_add_test(tc, the_last_certain_verdict_is_known_across_failures);
	tcase_add_test(tc, each_map_has_its_own_verdict);
	tcase_add_test(tc, explicit_next_hop_has_its_own_answer);
	add_rows(tc, weaker_verdict_is_told, changes);
	tcase_add_test(tc, tentative_verdict_is_not_compared);
}
