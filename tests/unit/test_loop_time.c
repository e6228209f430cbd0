/*
 * What is measured of the loop: processor time, of one callback or of those
 * that come one after the other without a look at the sockets.
 */

#include "base/loop_time.h"

#include <event2/event.h>
#include <unistd.h>

#include "wire/fast_lane.h"

#include "processor.h"
#include "test_main.h"

#define MILLISECOND 1000000U

static struct event_base *base;

/* @arg: milliseconds. */
static void
burn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	burn_ns(*(const unsigned *)arg * (uint64_t)MILLISECOND);
}

static void
doze(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	usleep(*(const unsigned *)arg * 1000);
}

/* The loop runs @count of @callback, and before and after them it has time. */
static void
run(event_callback_fn callback, unsigned milliseconds, int count)
{
	static const struct timeval soon = { 0, 20000 };
	unsigned nothing = 0;

	event_base_once(base, -1, EV_TIMEOUT, doze, &nothing, &soon);
	event_base_dispatch(base);
	for (int i = 0; i < count; i++)
		event_base_once(
		    base, -1, EV_TIMEOUT, callback, &milliseconds, NULL);
	event_base_dispatch(base);
	event_base_once(base, -1, EV_TIMEOUT, doze, &nothing, &soon);
	event_base_dispatch(base);
}

static void
forget(void)
{
	loop_time_rotate();
	loop_time_rotate();
	ck_assert_uint_eq(loop_time_longest(), 0);
}

static void
set_up(void)
{
	ck_assert_ptr_nonnull(base = fast_lane_base_new());
	run(doze, 0, 1);
	forget();
}

static void
tear_down(void)
{
	event_base_free(base);
}

START_TEST(a_callback_that_works_is_seen)
{
	run(burn, 30, 1);
	ck_assert_uint_ge(loop_time_longest(), 30 * MILLISECOND);
	ck_assert_uint_lt(loop_time_longest(), 45 * MILLISECOND);
}
END_TEST

START_TEST(a_callback_that_sleeps_costs_nothing)
{
	run(doze, 100, 3);
	ck_assert_uint_lt(loop_time_longest(), 15 * MILLISECOND);
}
END_TEST

/* A hundred of them are 300 ms, with looks at the sockets between; eight, which
 * are as many as there can be without one, would be 24. */
START_TEST(short_callbacks_are_not_added_up)
{
	run(burn, 3, 100);
	ck_assert_uint_ge(loop_time_longest(), 3 * MILLISECOND);
	ck_assert_uint_lt(loop_time_longest(), 20 * MILLISECOND);
}
END_TEST

/* The longest, not the last; until it is forgotten, at the second turn. */
START_TEST(the_longest_is_kept_for_two_turns)
{
	run(burn, 30, 1);
	run(burn, 5, 1);
	ck_assert_uint_ge(loop_time_longest(), 30 * MILLISECOND);
	loop_time_rotate();
	run(burn, 5, 1);
	ck_assert_uint_ge(loop_time_longest(), 30 * MILLISECOND);
	loop_time_rotate();
	ck_assert_uint_ge(loop_time_longest(), 5 * MILLISECOND);
	ck_assert_uint_lt(loop_time_longest(), 25 * MILLISECOND);
	loop_time_rotate();
	ck_assert_uint_eq(loop_time_longest(), 0);
}
END_TEST

static uint64_t laps[2];

static void
burn_and_lap(evutil_socket_t fd, short what, void *arg)
{
	unsigned half = *(const unsigned *)arg / 2;

	for (int i = 0; i < 2; i++) {
		burn(fd, what, &half);
		laps[i] = loop_time_lap();
	}
}

/* Since the look before it, and then since the last lap. */
START_TEST(laps_are_apart)
{
	run(burn, 30, 1);
	run(burn_and_lap, 20, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_ge(laps[i], 10 * MILLISECOND);
		ck_assert_uint_lt(laps[i], 18 * MILLISECOND);
	}
}
END_TEST

static uint64_t turns[3];

/* @arg: where to note the turn. */
static void
note_turn(evutil_socket_t fd, short what, void *arg)
{
	uint64_t *at = arg;

	(void)fd;
	(void)what;
	*at = loop_time_turn();
	if (at == &turns[1])
		event_base_loopcontinue(base);
}

/* There is another one after each look, and none before. */
START_TEST(turns_are_told)
{
	for (size_t i = 0; i < 3; i++)
		event_base_once(
		    base, -1, EV_TIMEOUT, note_turn, &turns[i], NULL);
	event_base_dispatch(base);
	ck_assert_uint_eq(turns[1], turns[0]);
	ck_assert_uint_ne(turns[2], turns[1]);
}
END_TEST

START_TEST(time_is_the_processors)
{
	const uint64_t before = processor_ns(), now = loop_time_now();

	ck_assert_uint_ge(now, before);
	ck_assert_uint_le(now, processor_ns());
}
END_TEST

TEST_MAIN("loop_time")
{
	TCase *tcase = add_case(suite, "loop_time");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_callback_that_works_is_seen);
	tcase_add_test(tcase, a_callback_that_sleeps_costs_nothing);
	tcase_add_test(tcase, short_callbacks_are_not_added_up);
	tcase_add_test(tcase, the_longest_is_kept_for_two_turns);
	tcase_add_test(tcase, laps_are_apart);
	tcase_add_test(tcase, turns_are_told);
	tcase_add_test(tcase, time_is_the_processors);
}
