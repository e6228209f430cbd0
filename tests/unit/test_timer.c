/* Timers of the event loop: when they run, and how often. */

#include "base/timer.h"

#include <event2/event.h>

#include "test_main.h"

static struct {
	struct event_base *base;
	struct timer *timer;
	int runs;
	bool again, frees;
} rig;

static void
on_timer(void *arg)
{
	ck_assert_ptr_eq(arg, &rig);
	rig.runs++;
	ck_assert(!timer_is_set(rig.timer));
	if (rig.again && rig.runs == 1)
		timer_now(rig.timer);
	if (rig.frees) {
		timer_free(rig.timer);
		rig.timer = NULL;
	}
}

static void
setup(void)
{
	rig.runs = 0;
	rig.again = rig.frees = false;
	rig.base = event_base_new();
	ck_assert_ptr_nonnull(rig.base);
	rig.timer = timer_new(rig.base, on_timer, &rig);
	ck_assert_ptr_nonnull(rig.timer);
}

static void
teardown(void)
{
	timer_free(rig.timer);
	event_base_free(rig.base);
}

/* As long as anything is set. */
static void
loop(void)
{
	event_base_dispatch(rig.base);
}

START_TEST(it_is_not_set_at_first)
{
	ck_assert(!timer_is_set(rig.timer));
	loop();
	ck_assert_int_eq(rig.runs, 0);
}
END_TEST

START_TEST(it_runs_once)
{
	timer_in_ms(rig.timer, (uint64_t)_i);
	ck_assert(timer_is_set(rig.timer));
	ck_assert_int_eq(rig.runs, 0);
	loop();
	ck_assert_int_eq(rig.runs, 1);
	ck_assert(!timer_is_set(rig.timer));
}
END_TEST

START_TEST(now_is_from_the_loop)
{
	timer_now(rig.timer);
	ck_assert_int_eq(rig.runs, 0);
	loop();
	ck_assert_int_eq(rig.runs, 1);
}
END_TEST

START_TEST(last_setting_counts)
{
	timer_in_ms(rig.timer, UINT64_C(1000) * 3600 * 24 * 365);
	timer_in_ms(rig.timer, 1);
	loop();
	ck_assert_int_eq(rig.runs, 1);
}
END_TEST

START_TEST(now_replaces_what_was_set)
{
	timer_in_ms(rig.timer, UINT64_C(1000) * 3600 * 24 * 365);
	timer_now(rig.timer);
	loop();
	ck_assert_int_eq(rig.runs, 1);
}
END_TEST

START_TEST(it_is_stopped)
{
	timer_in_ms(rig.timer, 0);
	timer_stop(rig.timer);
	ck_assert(!timer_is_set(rig.timer));
	timer_now(rig.timer);
	timer_stop(rig.timer);
	loop();
	ck_assert_int_eq(rig.runs, 0);
}
END_TEST

START_TEST(it_is_set_again_while_it_runs)
{
	rig.again = true;
	timer_in_ms(rig.timer, 0);
	loop();
	ck_assert_int_eq(rig.runs, 2);
}
END_TEST

START_TEST(it_is_freed_while_it_runs)
{
	rig.frees = true;
	timer_in_ms(rig.timer, 0);
	loop();
	ck_assert_int_eq(rig.runs, 1);
	ck_assert_ptr_null(rig.timer);
	timer_free(NULL);
}
END_TEST

TEST_MAIN("timer")
{
	TCase *tc = add_case(suite, "timer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, it_is_not_set_at_first);
	tcase_add_loop_test(tc, it_runs_once, 0, 3);
	tcase_add_test(tc, now_is_from_the_loop);
	tcase_add_test(tc, last_setting_counts);
	tcase_add_test(tc, now_replaces_what_was_set);
	tcase_add_test(tc, it_is_stopped);
	tcase_add_test(tc, it_is_set_again_while_it_runs);
	tcase_add_test(tc, it_is_freed_while_it_runs);
}
