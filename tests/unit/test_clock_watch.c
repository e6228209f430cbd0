/* Who has set the clock is found out; who lets it run is not suspected. */

#include "process/clock_watch.h"

#include <event2/event.h>

#include "../fakes/time.h"
#include "test_main.h"

#define DAY_MS UINT64_C(86400000)
#define BEGIN UINT64_C(1764288000000)

struct rig {
	struct event_base *base;
	struct clock_watch *watch;
	int64_t told; /* the last step */
	unsigned count;
};

static void
on_step(void *arg, int64_t ms)
{
	struct rig *rig = arg;

	rig->told = ms;
	rig->count++;
}

static void
setup(struct rig *rig)
{
	fake_day_ms = BEGIN;
	*rig = (struct rig){ .base = event_base_new() };
	ck_assert_ptr_nonnull(rig->base);
	rig->watch = clock_watch_new(rig->base, on_step, rig);
	ck_assert_ptr_nonnull(rig->watch);
}

static void
teardown(struct rig *rig)
{
	clock_watch_free(rig->watch);
	event_base_free(rig->base);
	libevent_global_shutdown();
}

/* Until it has looked once more, and not much longer. */
static void
look(struct rig *rig)
{
	const uint64_t start = fake_ms;

	ck_assert_int_eq(event_base_loop(rig->base, EVLOOP_ONCE), 0);
	ck_assert_uint_le(fake_ms - start, CLOCK_WATCH_EACH_MS + 10);
}

static void
set(struct rig *rig, int64_t ms)
{
	fake_day_ms += (uint64_t)ms;
	look(rig);
}

START_TEST(time_that_passes_is_no_step)
{
	struct rig rig;

	setup(&rig);
	for (int i = 0; i < 1000; i++)
		look(&rig);
	ck_assert_uint_eq(rig.count, 0);
	teardown(&rig);
}
END_TEST

START_TEST(each_step_is_told_once)
{
	static const int64_t steps[] = { -20 * (int64_t)DAY_MS, 20 * DAY_MS,
		-3600000, CLOCK_WATCH_STEP_MS, -CLOCK_WATCH_STEP_MS };
	struct rig rig;

	setup(&rig);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		set(&rig, steps[i]);
		ck_assert_uint_eq(rig.count, i + 1);
		ck_assert_int_eq(rig.told, steps[i]);
		look(&rig);
		ck_assert_uint_eq(rig.count, i + 1);
	}
	teardown(&rig);
}
END_TEST

/* A leap second is none; many small ones are, once they come to something. */
START_TEST(small_steps_add_up)
{
	struct rig rig;

	setup(&rig);
	set(&rig, -1000);
	ck_assert_uint_eq(rig.count, 0);
	set(&rig, -999);
	ck_assert_uint_eq(rig.count, 0);
	set(&rig, -1);
	ck_assert_uint_eq(rig.count, 1);
	ck_assert_int_eq(rig.told, -2000);
	set(&rig, -1999);
	ck_assert_uint_eq(rig.count, 1);
	teardown(&rig);
}
END_TEST

START_TEST(null_does_nothing)
{
	clock_watch_free(NULL);
}
END_TEST

TEST_MAIN("clock_watch")
{
	TCase *cases = add_case(suite, "clock_watch");

	tcase_add_test(cases, time_that_passes_is_no_step);
	tcase_add_test(cases, each_step_is_told_once);
	tcase_add_test(cases, small_steps_add_up);
	tcase_add_test(cases, null_does_nothing);
}
