/*
 * The verdict cache: how long, how much, in which order; and one law over
 * random calls: it never knows more than a plain list of what was put.
 *
 * SEED=NUMBER in the environment repeats a random run.
 */

#include "policy/verdict_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

#include "test_main.h"

#define START 1000000
#define SECOND 1000
/* From expiry to the latest moment at which an entry is due. */
#define GRACE (VERDICT_CACHE_GRACE_MS + 2 * VERDICT_CACHE_TICK_MS)
#define MIB (1024 * 1024)

/* In the place of base/hash.c's. */
static unsigned seeds_asked;

uint64_t
hash_seed(void)
{
	seeds_asked++;
	return 0x5eed;
}

static const struct verdict_cache_limits roomy = { 1000, MIB };

static struct verdict_cache *
new_cache(struct verdict_cache_limits limits, unsigned profiles)
{
	struct verdict_cache *cache =
	    verdict_cache_new(&limits, profiles, START);

	ck_assert_ptr_nonnull(cache);
	return cache;
}

static size_t
put(struct verdict_cache *cache, const char *key, enum tls_policy policy,
    uint32_t ttl, uint64_t now)
{
	const struct verdict_cache_item verdict = { .policy = policy,
		.ttl_ms = ttl * SECOND };

	return verdict_cache_put(cache, key, strlen(key), &verdict, "",
	    policy == TLS_POLICY_TEMP, now);
}

static bool
find(struct verdict_cache *cache, const char *key, unsigned profile,
    uint64_t now, struct verdict_cache_item *verdict)
{
	/* Not terminated, as in a session's buffer. */
	char *copy = malloc(strlen(key) + 1);
	bool found;

	memcpy(copy, key, strlen(key));
	found =
	    verdict_cache_find(cache, copy, strlen(key), profile, now, verdict);
	free(copy);
	return found;
}

static bool
has(struct verdict_cache *cache, const char *key, uint64_t now)
{
	struct verdict_cache_item verdict;

	return find(cache, key, 0, now, &verdict);
}

static void
assert_due(struct verdict_cache *cache, uint64_t now, const char *expected)
{
	size_t len;
	const char *key = verdict_cache_due(cache, now, &len);

	if (expected == NULL) {
		ck_assert_msg(key == NULL, "due: %.*s", (int)len, key);
		return;
	}
	ck_assert_msg(key != NULL, "%s is not due", expected);
	ck_assert_uint_eq(len, strlen(expected));
	ck_assert_mem_eq(key, expected, len);
}

/* A hash that strangers know would let them make all lookups slow. */
START_TEST(hash_is_seeded)
{
	struct verdict_cache *cache = new_cache(roomy, 1);

	seeds_asked = 0;
	put(cache, "example.org", TLS_POLICY_DANE, 300, START);
	ck_assert_uint_gt(seeds_asked, 0);
	seeds_asked = 0;
	ck_assert(has(cache, "example.org", START));
	ck_assert_uint_gt(seeds_asked, 0);
	verdict_cache_free(cache);
}
END_TEST

/* ---- how long ---- */

START_TEST(a_verdict_lives_for_its_ttl_and_no_longer)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	struct verdict_cache_item verdict;

	ck_assert(!has(cache, "a.example", START));
	put(cache, "a.example", TLS_POLICY_DANE, 300, START);
	ck_assert(find(cache, "a.example", 0, START, &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE);
	ck_assert_ptr_null(verdict.text);
	ck_assert_uint_eq(verdict.ttl_ms, 300 * SECOND);
	ck_assert(find(cache, "a.example", 0, START + 299999, &verdict));
	ck_assert_uint_eq(verdict.ttl_ms, 1);
	ck_assert(!has(cache, "a.example", START + 300000));
	ck_assert(!has(cache, "A.example", START));
	ck_assert(!has(cache, "a.exampl", START));
	verdict_cache_free(cache);
}
END_TEST

START_TEST(nothing_is_remembered_for_a_ttl_of_zero)
{
	struct verdict_cache *cache = new_cache(roomy, 1);

	put(cache, "a", TLS_POLICY_MAY, 0, START);
	ck_assert(!has(cache, "a", START));
	verdict_cache_free(cache);
}
END_TEST

START_TEST(a_new_verdict_replaces_the_old_one)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	struct verdict_cache_item verdict;

	put(cache, "a", TLS_POLICY_MAY, 3600, START);
	put(cache, "a", TLS_POLICY_DANE, 10, START + SECOND);
	ck_assert(find(cache, "a", 0, START + SECOND, &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE);
	/* The old one's longer life is not its own. */
	ck_assert(!has(cache, "a", START + 11 * SECOND));
	ck_assert_uint_eq(verdict_cache_count(cache), 1);
	verdict_cache_free(cache);
}
END_TEST

START_TEST(each_profile_has_its_own_verdict)
{
	struct verdict_cache *cache = new_cache(roomy, 3);
	const struct verdict_cache_item verdicts[] = {
		{ .policy = TLS_POLICY_DANE, .ttl_ms = 100 * SECOND },
		{ .policy = TLS_POLICY_TEMP,
		    .ttl_ms = 5 * SECOND,
		    .text = "why" },
		{ .policy = TLS_POLICY_TEMP,
		    .ttl_ms = 5 * SECOND,
		    .text = "why" },
	};
	struct verdict_cache_item verdict;

	verdict_cache_put(cache, "a", 1, verdicts, "proof", false, START);
	ck_assert(find(cache, "a", 0, START + 99 * SECOND, &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE);
	ck_assert(find(cache, "a", 2, START + 4 * SECOND, &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_TEMP);
	ck_assert_str_eq(verdict.text, "why");
	ck_assert(!find(cache, "a", 1, START + 5 * SECOND, &verdict));
	verdict_cache_free(cache);
}
END_TEST

/* ---- what was before ---- */

START_TEST(what_was_before_is_known_even_if_it_has_expired)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	const struct verdict_cache_item verdict = { .policy = TLS_POLICY_TEMP,
		.text = "DNS of a: broken",
		.ttl_ms = 10 * SECOND,
		.last = TLS_POLICY_DANE };
	struct verdict_cache_former before;

	ck_assert(!verdict_cache_before(cache, "a", 1, 0, START, &before));
	verdict_cache_put(cache, "a", 1, &verdict, "TLSA", false, START);
	ck_assert(verdict_cache_before(
	    cache, "a", 1, 0, START + 9 * SECOND, &before));
	ck_assert_uint_eq(before.verdict.ttl_ms, SECOND);
	ck_assert(verdict_cache_before(
	    cache, "a", 1, 0, START + 11 * SECOND, &before));
	ck_assert_int_eq(before.verdict.policy, TLS_POLICY_TEMP);
	ck_assert_int_eq(before.verdict.last, TLS_POLICY_DANE);
	ck_assert_str_eq(before.verdict.text, "DNS of a: broken");
	ck_assert_uint_eq(before.verdict.ttl_ms, 0);
	ck_assert_str_eq(before.proof, "TLSA");
	/* Its texts may go into the entry that replaces it. */
	verdict_cache_put(cache, "a", 1, &before.verdict, before.proof, false,
	    START + 12 * SECOND);
	ck_assert(verdict_cache_before(cache, "a", 1, 0, START, &before));
	ck_assert_str_eq(before.verdict.text, "DNS of a: broken");
	ck_assert_str_eq(before.proof, "TLSA");
	put(cache, "a", TLS_POLICY_MAY, 5, START + 50 * SECOND);
	ck_assert(verdict_cache_before(cache, "a", 1, 0, START, &before));
	ck_assert_int_eq(before.verdict.policy, TLS_POLICY_MAY);
	ck_assert_ptr_null(before.verdict.text);
	ck_assert_str_eq(before.proof, "");
	verdict_cache_free(cache);
}
END_TEST

/* ---- how much ---- */

START_TEST(what_was_not_used_for_longest_makes_room)
{
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ 3, MIB }, 1);

	ck_assert_uint_eq(put(cache, "a", TLS_POLICY_MAY, 60, START), 0);
	ck_assert_uint_eq(put(cache, "b", TLS_POLICY_MAY, 60, START), 0);
	ck_assert_uint_eq(put(cache, "c", TLS_POLICY_MAY, 60, START), 0);
	ck_assert(has(cache, "a", START));
	ck_assert_uint_eq(put(cache, "d", TLS_POLICY_MAY, 60, START), 1);
	ck_assert(!has(cache, "b", START));
	ck_assert(has(cache, "a", START));
	ck_assert(has(cache, "c", START));
	ck_assert(has(cache, "d", START));
	ck_assert_uint_eq(verdict_cache_count(cache), 3);
	verdict_cache_free(cache);
}
END_TEST

/* The busy stand side by side, as after a start; whoever asks for many names
 * only loses his own. */
START_TEST(strangers_do_not_push_out_what_is_used)
{
	enum { BUSY = 500, STRANGERS = 20000 };
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ 1000, 8 * MIB }, 1);
	char key[64];

	for (unsigned i = 0; i < BUSY; i++) {
		snprintf(key, sizeof(key), "busy%u", i);
		put(cache, key, TLS_POLICY_DANE, 3600, START);
	}
	for (unsigned i = 0; i < STRANGERS; i++) {
		if (i % 400 == 0)
			for (unsigned j = 0; j < BUSY; j++) {
				snprintf(key, sizeof(key), "busy%u", j);
				ck_assert_msg(has(cache, key, START),
				    "%s, after %u strangers", key, i);
			}
		snprintf(key, sizeof(key), "%u.example.org", i);
		put(cache, key, TLS_POLICY_MAY, 3600, START);
	}
	ck_assert_uint_eq(verdict_cache_count(cache), 1000);
	verdict_cache_free(cache);
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ 1000000, MIB }, 1);
	char key[64];
	size_t evicted = 0;

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "%u.example.org", i);
		evicted += put(cache, key, TLS_POLICY_MAY, 60, START);
		ck_assert_uint_le(verdict_cache_bytes(cache), MIB);
	}
	ck_assert(has(cache, "19999.example.org", START));
	ck_assert(!has(cache, "0.example.org", START));
	ck_assert_uint_eq(evicted + verdict_cache_count(cache), 20000);
	verdict_cache_free(cache);
}
END_TEST

START_TEST(without_entries_nothing_is_remembered)
{
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ 0, MIB }, 1);
	struct verdict_cache_former before;

	put(cache, "a", TLS_POLICY_MAY, 60, START);
	ck_assert(!has(cache, "a", START));
	ck_assert(!verdict_cache_before(cache, "a", 1, 0, START, &before));
	ck_assert(!verdict_cache_remove(cache, "a", 1));
	assert_due(cache, START + 100 * SECOND, NULL);
	verdict_cache_clear(cache);
	verdict_cache_sweep(cache, START, 100);
	verdict_cache_free(cache);
}
END_TEST

/* ---- forgetting ---- */

START_TEST(flushing_is_at_once_and_memory_follows)
{
	struct verdict_cache *cache = new_cache(roomy, 1);

	put(cache, "a", TLS_POLICY_MAY, 60, START);
	put(cache, "b", TLS_POLICY_MAY, 60, START);
	put(cache, "c", TLS_POLICY_MAY, 60, START);
	ck_assert(verdict_cache_remove(cache, "a", 1));
	ck_assert(!verdict_cache_remove(cache, "a", 1));
	ck_assert(!has(cache, "a", START));
	ck_assert(has(cache, "b", START));
	ck_assert(has(cache, "b", START)); /* busy, and so in the wheel */
	verdict_cache_clear(cache);
	ck_assert(!has(cache, "b", START));
	ck_assert_uint_eq(verdict_cache_count(cache), 2);
	put(cache, "b", TLS_POLICY_DANE, 60, START);
	ck_assert(has(cache, "b", START));
	verdict_cache_sweep(cache, START, 100);
	ck_assert_uint_eq(verdict_cache_count(cache), 1);
	verdict_cache_free(cache);
}
END_TEST

START_TEST(what_was_flushed_is_not_due)
{
	struct verdict_cache *cache = new_cache(roomy, 1);

	put(cache, "a", TLS_POLICY_MAY, 60, START);
	ck_assert(has(cache, "a", START) && has(cache, "a", START));
	verdict_cache_clear(cache);
	assert_due(cache, START + 100 * SECOND, NULL);
	verdict_cache_free(cache);
}
END_TEST

START_TEST(what_expired_long_ago_is_swept)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	const uint64_t expired = START + 60 * SECOND;

	put(cache, "a", TLS_POLICY_MAY, 60, START);
	put(cache, "b", TLS_POLICY_MAY, 61, START);
	verdict_cache_sweep(cache, expired + VERDICT_CACHE_LINGER_MS - 1, 100);
	ck_assert_uint_eq(verdict_cache_count(cache), 2);
	verdict_cache_sweep(cache, expired + VERDICT_CACHE_LINGER_MS, 100);
	ck_assert_uint_eq(verdict_cache_count(cache), 1);
	verdict_cache_free(cache);
}
END_TEST

/* ---- what is due ---- */

START_TEST(the_busy_are_due_once_as_they_expire)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	const uint64_t soon = START + 10 * SECOND + GRACE;

	put(cache, "idle", TLS_POLICY_MAY, 10, START);
	put(cache, "busy", TLS_POLICY_MAY, 10, START);
	put(cache, "later", TLS_POLICY_MAY, 3600, START);
	for (int i = 0; i < VERDICT_CACHE_BUSY; i++) {
		ck_assert(has(cache, "busy", START));
		ck_assert(has(cache, "later", START));
	}
	ck_assert(has(cache, "idle", START));
	assert_due(cache, START + 9 * SECOND, NULL);
	/* Too early: DNS would give the same again. */
	assert_due(cache, START + 11 * SECOND - 1, NULL);
	assert_due(cache, soon, "busy");
	assert_due(cache, soon, NULL);
	/* Evaluated again and not used since: not again. */
	put(cache, "busy", TLS_POLICY_MAY, 10, soon);
	assert_due(cache, START + 100 * SECOND, NULL);
	assert_due(cache, START + 3600 * SECOND + GRACE, "later");
	verdict_cache_free(cache);
}
END_TEST

START_TEST(failures_are_due_ever_later)
{
	static const unsigned waits[] = { 5, 10, 15, 25, 45, 85, 165, 305,
		305 };
	struct verdict_cache *cache = new_cache(roomy, 1);
	uint64_t now = START;

	for (size_t i = 0; i < COUNT(waits); i++) {
		const uint64_t after = waits[i] * SECOND;

		put(cache, "a", TLS_POLICY_TEMP, 5, now);
		ck_assert(has(cache, "a", now) && has(cache, "a", now));
		assert_due(
		    cache, now + after + VERDICT_CACHE_GRACE_MS - 1, NULL);
		now += after + GRACE;
		assert_due(cache, now, "a");
	}
	put(cache, "a", TLS_POLICY_DANE, 5, now);
	ck_assert(has(cache, "a", now) && has(cache, "a", now));
	assert_due(cache, now + 5 * SECOND + GRACE, "a");
	verdict_cache_free(cache);
}
END_TEST

START_TEST(a_long_pause_loses_nothing)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	const uint64_t late = START + UINT64_C(7) * 24 * 3600 * SECOND;

	put(cache, "a", TLS_POLICY_MAY, 10, START);
	put(cache, "b", TLS_POLICY_MAY, 3600, START);
	ck_assert(has(cache, "a", START) && has(cache, "a", START));
	ck_assert(has(cache, "b", START) && has(cache, "b", START));
	assert_due(cache, late, "a");
	assert_due(cache, late, "b");
	assert_due(cache, late, NULL);
	verdict_cache_free(cache);
}
END_TEST

/* ---- the busiest ---- */

struct listing {
	char text[256];
};

static void
list(void *arg, const char *key, size_t len)
{
	struct listing *listing = arg;
	const size_t at = strlen(listing->text);

	snprintf(listing->text + at, sizeof(listing->text) - at, "%.*s ",
	    (int)len, key);
}

START_TEST(the_busiest_come_first)
{
	struct verdict_cache *cache = new_cache(roomy, 1);
	struct listing listing = { "" };

	put(cache, "a", TLS_POLICY_MAY, 60, START);
	put(cache, "b", TLS_POLICY_MAY, 60, START);
	put(cache, "c", TLS_POLICY_MAY, 60, START);
	for (int i = 0; i < 5; i++)
		has(cache, "b", START);
	has(cache, "c", START);
	has(cache, "c", START);
	/* Uses before the last evaluation count too. */
	put(cache, "b", TLS_POLICY_MAY, 60, START);
	verdict_cache_busiest(cache, 2, list, &listing);
	ck_assert_str_eq(listing.text, "b c ");
	verdict_cache_free(cache);
}
END_TEST

START_TEST(the_busiest_is_found_among_many)
{
	enum { OTHERS = 30000 };
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ 100000, 64 * MIB }, 1);
	struct listing listing = { "" };
	char key[64];

	put(cache, "busy", TLS_POLICY_MAY, 3600, START);
	for (unsigned i = 0; i < OTHERS; i++) {
		snprintf(key, sizeof(key), "%u.example.org", i);
		put(cache, key, TLS_POLICY_MAY, 3600, START);
		if (i % 100 == 0)
			ck_assert(has(cache, "busy", START));
	}
	verdict_cache_busiest(cache, 1, list, &listing);
	ck_assert_str_eq(listing.text, "busy ");
	verdict_cache_free(cache);
}
END_TEST

START_TEST(to_peek_is_no_use)
{
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ 2, roomy.bytes }, 1);
	struct verdict_cache_item verdict;
	struct listing listing = { "" };
	size_t len;

	put(cache, "a", TLS_POLICY_DANE, 60, START);
	put(cache, "b", TLS_POLICY_MAY, 60, START);
	has(cache, "b", START);
	for (int i = 0; i < 5; i++)
		ck_assert(verdict_cache_peek(
		    cache, "a", 1, 0, START + 59 * SECOND, &verdict));
	ck_assert_int_eq(verdict.policy, TLS_POLICY_DANE);
	ck_assert_uint_eq(verdict.ttl_ms, SECOND);
	ck_assert(!verdict_cache_peek(
	    cache, "a", 1, 0, START + 60 * SECOND, &verdict));
	ck_assert(!verdict_cache_peek(cache, "c", 1, 0, START, &verdict));
	verdict_cache_busiest(cache, 1, list, &listing);
	ck_assert_str_eq(listing.text, "b ");
	/* It is not evaluated again, and is the first to make room. */
	ck_assert_ptr_null(
	    verdict_cache_due(cache, START + 120 * SECOND, &len));
	put(cache, "c", TLS_POLICY_MAY, 60, START);
	ck_assert(!verdict_cache_peek(cache, "a", 1, 0, START, &verdict));
	ck_assert(verdict_cache_peek(cache, "b", 1, 0, START, &verdict));
	verdict_cache_free(cache);
}
END_TEST

/* ---- the law ---- */

#define KEYS 50

struct model {
	enum tls_policy policy;
	uint64_t until;
};

static void
put_in_both(struct verdict_cache *cache, struct model *model, const char *key,
    uint64_t now)
{
	const enum tls_policy policy = (enum tls_policy)(rand() % 6);
	const uint32_t ttl = (uint32_t)(rand() % 20);

	put(cache, key, policy, ttl, now);
	*model = (struct model){ policy, now + ttl * SECOND };
}

static bool
allows(const struct model *model, enum tls_policy policy, uint64_t now)
{
	return model->policy == policy && model->until > now;
}

START_TEST(it_knows_what_was_put_and_nothing_else)
{
	const char *text = getenv("SEED");
	const unsigned seed = text != NULL ? (unsigned)strtoul(text, NULL, 10)
					   : (unsigned)time(NULL);
	struct verdict_cache *cache =
	    new_cache((struct verdict_cache_limits){ KEYS / 2, MIB }, 1);
	struct model models[KEYS] = { 0 };
	uint64_t now = START;
	unsigned hits = 0;

	srand(seed);
	for (int i = 0; i < 100000; i++) {
		const int k = rand() % KEYS;
		struct verdict_cache_item verdict;
		size_t len;
		char key[16];

		snprintf(key, sizeof(key), "key%d", k);
		now += (uint64_t)(rand() % 300);
		switch (rand() % 8) {
		case 0:
			put_in_both(cache, &models[k], key, now);
			break;
		case 1:
			verdict_cache_due(cache, now, &len);
			verdict_cache_sweep(cache, now, 3);
			break;
		case 2:
			if (rand() % 20 == 0) {
				verdict_cache_remove(cache, key, strlen(key));
				models[k] = (struct model){ 0 };
			}
			break;
		default:
			if (!find(cache, key, 0, now, &verdict))
				break;
			hits++;
			ck_assert_msg(allows(&models[k], verdict.policy, now),
			    "SEED=%u: %s", seed, key);
		}
		ck_assert_uint_le(verdict_cache_count(cache), KEYS / 2);
	}
	ck_assert_uint_gt(hits, 1000);
	verdict_cache_free(cache);
}
END_TEST

TEST_MAIN("verdict_cache")
{
	TCase *cases = add_case(suite, "verdict_cache");

	tcase_add_test(cases, hash_is_seeded);
	tcase_add_test(cases, a_verdict_lives_for_its_ttl_and_no_longer);
	tcase_add_test(cases, nothing_is_remembered_for_a_ttl_of_zero);
	tcase_add_test(cases, a_new_verdict_replaces_the_old_one);
	tcase_add_test(cases, each_profile_has_its_own_verdict);
	tcase_add_test(cases, what_was_before_is_known_even_if_it_has_expired);
	tcase_add_test(cases, what_was_not_used_for_longest_makes_room);
	tcase_add_test(cases, strangers_do_not_push_out_what_is_used);
	tcase_add_test(cases, memory_is_bounded);
	tcase_add_test(cases, without_entries_nothing_is_remembered);
	tcase_add_test(cases, flushing_is_at_once_and_memory_follows);
	tcase_add_test(cases, what_was_flushed_is_not_due);
	tcase_add_test(cases, what_expired_long_ago_is_swept);
	tcase_add_test(cases, the_busy_are_due_once_as_they_expire);
	tcase_add_test(cases, failures_are_due_ever_later);
	tcase_add_test(cases, a_long_pause_loses_nothing);
	tcase_add_test(cases, the_busiest_come_first);
	tcase_add_test(cases, the_busiest_is_found_among_many);
	tcase_add_test(cases, to_peek_is_no_use);
	tcase_add_test(cases, it_knows_what_was_put_and_nothing_else);
}
