/* Turns: so many at a time, in order, and each zone by itself. */

#include "dns/zone_limit.h"

#include <string.h>

#include "test_main.h"

#define WAITING 5

static struct zone_limit *zone_limit;
static struct zone_limit_turn taken[ZONE_LIMIT_MAX], waiting[WAITING];
static int order[WAITING], came;

static void
on_turn(void *arg)
{
	order[came++] = (int)((struct zone_limit_turn *)arg - waiting);
}

static void
set_up(void)
{
	ck_assert_ptr_nonnull(zone_limit = zone_limit_new());
	memset(taken, 0, sizeof(taken));
	memset(waiting, 0, sizeof(waiting));
	came = 0;
	for (int i = 0; i < ZONE_LIMIT_MAX; i++)
		ck_assert(zone_limit_take(
		    zone_limit, "a.example", &taken[i], on_turn, NULL));
	for (int i = 0; i < WAITING; i++)
		ck_assert(!zone_limit_take(zone_limit, "a.example", &waiting[i],
		    on_turn, &waiting[i]));
}

static void
tear_down(void)
{
	for (int i = 0; i < ZONE_LIMIT_MAX; i++)
		zone_limit_leave(zone_limit, &taken[i]);
	for (int i = 0; i < WAITING; i++)
		zone_limit_leave(zone_limit, &waiting[i]);
	zone_limit_free(zone_limit);
}

START_TEST(who_waits_longest_is_next)
{
	for (int i = 0; i < 3; i++)
		zone_limit_leave(zone_limit, &taken[i]);
	ck_assert_int_eq(came, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(order[i], i);
	/* Theirs go on as well. */
	zone_limit_leave(zone_limit, &waiting[1]);
	ck_assert_int_eq(came, 4);
	ck_assert_int_eq(order[3], 3);
}
END_TEST

START_TEST(who_gives_up_is_passed_over)
{
	zone_limit_leave(zone_limit, &waiting[0]);
	ck_assert_int_eq(came, 0);
	zone_limit_leave(zone_limit, &taken[0]);
	ck_assert_int_eq(came, 1);
	ck_assert_int_eq(order[0], 1);
}
END_TEST

START_TEST(zones_do_not_wait_for_each_other)
{
	struct zone_limit_turn other = { 0 }, below = { 0 };

	ck_assert(
	    zone_limit_take(zone_limit, "example", &other, on_turn, NULL));
	ck_assert(
	    zone_limit_take(zone_limit, "b.a.example", &below, on_turn, NULL));
	zone_limit_leave(zone_limit, &other);
	zone_limit_leave(zone_limit, &below);
	zone_limit_leave(zone_limit, &below); /* does nothing */
	ck_assert_int_eq(came, 0);
}
END_TEST

START_TEST(all_turns_come_back)
{
	tear_down();
	set_up();
	ck_assert_int_eq(came, 0);
}
END_TEST

TEST_MAIN("turns")
{
	TCase *tc = add_case(suite, "turns");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, who_waits_longest_is_next);
	tcase_add_test(tc, who_gives_up_is_passed_over);
	tcase_add_test(tc, zones_do_not_wait_for_each_other);
	tcase_add_test(tc, all_turns_come_back);
}
