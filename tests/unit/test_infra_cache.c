/*
 * What is known of zones: for how long, of how many, and what falls out first.
 * The clock is ours.
 */

#include "dns/infra_cache.h"

#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"

#include "test_main.h"

static uint64_t now;

uint64_t
clock_ms(void)
{
	return now;
}

typedef void (*add_zone)(struct infra_cache *, const char *);
typedef const char *(*find_zone)(struct infra_cache *, const char *);

static const struct {
	add_zone add, add_other;
	find_zone find;
	uint64_t seconds;
} kinds[] = {
	{ infra_cache_add_racing, infra_cache_add_failing,
	    infra_cache_find_racing, INFRA_CACHE_RACING_SECONDS },
	{ infra_cache_add_failing, infra_cache_add_racing,
	    infra_cache_find_failing, INFRA_CACHE_FAILING_SECONDS },
};

START_TEST(zone_counts_for_all_below_it)
{
	struct infra_cache *cache = infra_cache_new();

	kinds[_i].add(cache, "b.example");
	kinds[_i].add(cache, "a.b.example");
	ck_assert_str_eq(kinds[_i].find(cache, "b.example"), "b.example");
	ck_assert_str_eq(kinds[_i].find(cache, "x.y.b.example"), "b.example");
	ck_assert_str_eq(kinds[_i].find(cache, "x.a.b.example"), "a.b.example");
	ck_assert_ptr_null(kinds[_i].find(cache, "example"));
	ck_assert_ptr_null(kinds[_i].find(cache, "xb.example"));
	ck_assert_ptr_null(kinds[_i].find(cache, "."));
	kinds[_i].add_other(cache, "other.example");
	ck_assert_ptr_null(kinds[_i].find(cache, "other.example"));
	infra_cache_free(cache);
}
END_TEST

START_TEST(zone_is_forgotten)
{
	struct infra_cache *cache = infra_cache_new();

	now = 1000;
	kinds[_i].add(cache, "b.example");
	kinds[_i].add(cache, "a.b.example");
	now += kinds[_i].seconds * 1000 - 1;
	kinds[_i].add(cache, "b.example"); /* anew */
	ck_assert_str_eq(kinds[_i].find(cache, "a.b.example"), "a.b.example");
	now += 1;
	ck_assert_str_eq(kinds[_i].find(cache, "a.b.example"), "b.example");
	now += kinds[_i].seconds * 1000;
	ck_assert_ptr_null(kinds[_i].find(cache, "a.b.example"));
	infra_cache_free(cache);
}
END_TEST

START_TEST(zones_are_bounded)
{
	struct infra_cache *cache = infra_cache_new();
	char name[64];

	for (int i = 0; i <= INFRA_CACHE_ZONES_MAX; i++) {
		snprintf(name, sizeof(name), "z%d.example", i);
		kinds[_i].add(cache, name);
		if (i == 0)
			kinds[_i].add(cache, "z0.example");
	}
	ck_assert_ptr_null(kinds[_i].find(cache, "z0.example"));
	ck_assert_ptr_nonnull(kinds[_i].find(cache, "z1.example"));
	ck_assert_ptr_nonnull(kinds[_i].find(cache, name));
	infra_cache_free(cache);
}
END_TEST

START_TEST(all_zones_are_forgotten)
{
	struct infra_cache *cache = infra_cache_new();

	kinds[_i].add(cache, "a.example");
	kinds[_i].add(cache, "b.example");
	infra_cache_clear(cache);
	ck_assert_ptr_null(kinds[_i].find(cache, "a.example"));
	ck_assert_ptr_null(kinds[_i].find(cache, "b.example"));
	kinds[_i].add(cache, "b.example");
	ck_assert_ptr_nonnull(kinds[_i].find(cache, "b.example"));
	infra_cache_free(cache);
	infra_cache_free(NULL);
}
END_TEST

TEST_MAIN("infra_cache")
{
	TCase *tc = add_case(suite, "zones");

	tcase_add_loop_test(tc, zone_counts_for_all_below_it, 0, 2);
	tcase_add_loop_test(tc, zone_is_forgotten, 0, 2);
	tcase_add_loop_test(tc, zones_are_bounded, 0, 2);
	tcase_add_loop_test(tc, all_zones_are_forgotten, 0, 2);
}
