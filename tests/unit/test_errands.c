/* Lookups for lookups: shared by those that wait, bounded for the rest. */

#include "dns/errands.h"

#include <stdio.h>
#include <string.h>

#include "base/domain.h"
#include "dns/answer.h"

#define LOOKUPS_MAX (ERRANDS_MAX + 10)
#include "../fakes/lookups.h"
#include "test_main.h"

#define WAITERS 4

static struct errands *errands;
static void *handles[WAITERS];
static unsigned told[WAITERS];
static int ends_other; /* whom a callback cancels, or -1 */
static const struct plain_path outermost = {
	.name = "a.example", .type = DNS_TYPE_A, .depth = 1
};

static void
set_up(void)
{
	const struct errands_env env = { look_up, cancel_lookup, lookups };

	forget_lookups();
	ends_other = -1;
	memset(told, 0, sizeof(told));
	ck_assert_ptr_nonnull(errands = errands_new(&env));
}

static void
tear_down(void)
{
	expect_no_lookups();
	errands_free(errands);
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	const size_t i = (size_t)((void **)arg - handles);

	ck_assert_ptr_nonnull(answer);
	told[i]++;
	if (ends_other >= 0) {
		const int other = ends_other;

		ends_other = -1;
		errands_cancel(handles[other]);
	}
}

static void
ask(size_t i, const char *name, uint16_t type)
{
	handles[i] = errands_lookup(
	    errands, name, type, &outermost, on_answer, &handles[i]);
	ck_assert_ptr_nonnull(handles[i]);
}

static void
answer(size_t i)
{
	end_lookup(&lookups[i], answer_new(lookups[i].name, DNS_TYPE_A));
}

START_TEST(same_question_is_one_lookup)
{
	for (size_t i = 0; i < WAITERS; i++)
		ask(i, "ns.example", DNS_TYPE_A);
	ck_assert_uint_eq(looked_up, 1);
	answer(0);
	for (size_t i = 0; i < WAITERS; i++)
		ck_assert_uint_eq(told[i], 1);
	/* Another time it is another one. */
	ask(0, "ns.example", DNS_TYPE_A);
	ck_assert_uint_eq(looked_up, 2);
	errands_cancel(handles[0]);
}
END_TEST

START_TEST(other_questions_are_others)
{
	ask(0, "ns.example", DNS_TYPE_A);
	ask(1, "ns.example", DNS_TYPE_AAAA);
	ask(2, "ns2.example", DNS_TYPE_A);
	ck_assert_uint_eq(looked_up, 3);
	for (size_t i = 0; i < 3; i++)
		answer(i);
}
END_TEST

START_TEST(lookup_ends_with_its_last_waiter)
{
	ask(0, "ns.example", DNS_TYPE_A);
	ask(1, "ns.example", DNS_TYPE_A);
	errands_cancel(handles[0]);
	ck_assert(!lookups[0].over);
	errands_cancel(handles[1]);
	ck_assert(lookups[0].over);
	ck_assert_uint_eq(told[0] + told[1], 0);
}
END_TEST

/* Each waiter's callback may end others that wait. */
START_TEST(callback_may_cancel_the_rest)
{
	for (size_t i = 0; i < 3; i++)
		ask(i, "ns.example", DNS_TYPE_A);
	ends_other = _i + 1;
	answer(0);
	ck_assert_uint_eq(told[0], 1);
	ck_assert_uint_eq(told[_i + 1], 0);
	ck_assert_uint_eq(told[2 - _i], 1);
}
END_TEST

/* What a shared one needs is its own, and has a bound. */
START_TEST(inner_ones_are_bounded_and_not_shared)
{
	struct plain_path inner;
	void *deeper[ERRANDS_INNER_MAX];

	ask(0, "ns.example", DNS_TYPE_A);
	inner = (struct plain_path){ .above = lookups[0].path,
		.name = "ns.example",
		.type = DNS_TYPE_A,
		.depth = 2,
		.budget = lookups[0].path->budget };
	for (size_t i = 0; i < ERRANDS_INNER_MAX; i++) {
		deeper[i] = errands_lookup(errands, "ns.other", DNS_TYPE_A,
		    &inner, on_answer, &handles[1]);
		ck_assert_ptr_nonnull(deeper[i]);
		ck_assert_ptr_eq(lookups[1 + i].path, &inner);
	}
	ck_assert_uint_eq(looked_up, 1 + ERRANDS_INNER_MAX);
	ck_assert_ptr_null(errands_lookup(
	    errands, "ns.other", DNS_TYPE_A, &inner, on_answer, &handles[1]));
	for (size_t i = 0; i < ERRANDS_INNER_MAX; i++)
		errands_cancel(deeper[i]);
	errands_cancel(handles[0]);
}
END_TEST

START_TEST(all_together_are_bounded)
{
	static void *all[ERRANDS_MAX];
	char name[32];

	for (size_t i = 0; i < ERRANDS_MAX; i++) {
		snprintf(name, sizeof(name), "ns%zu.example", i);
		all[i] = errands_lookup(errands, name, DNS_TYPE_A, &outermost,
		    on_answer, &handles[0]);
		ck_assert_ptr_nonnull(all[i]);
	}
	ck_assert_ptr_null(errands_lookup(errands, "more.example", DNS_TYPE_A,
	    &outermost, on_answer, &handles[1]));
	errands_cancel(all[0]);
	ask(1, "more.example", DNS_TYPE_A);
	errands_cancel(handles[1]);
	for (size_t i = 1; i < ERRANDS_MAX; i++)
		errands_cancel(all[i]);
}
END_TEST

START_TEST(what_can_not_be_asked_is_none)
{
	refuse = true;
	ck_assert_ptr_null(errands_lookup(errands, "ns.example", DNS_TYPE_A,
	    &outermost, on_answer, &handles[0]));
	refuse = false;
	ask(0, "ns.example", DNS_TYPE_A);
	answer(0);
}
END_TEST

TEST_MAIN("errands")
{
	TCase *tc = add_case(suite, "errands");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, same_question_is_one_lookup);
	tcase_add_test(tc, other_questions_are_others);
	tcase_add_test(tc, lookup_ends_with_its_last_waiter);
	tcase_add_loop_test(tc, callback_may_cancel_the_rest, 0, 2);
	tcase_add_test(tc, inner_ones_are_bounded_and_not_shared);
	tcase_add_test(tc, all_together_are_bounded);
	tcase_add_test(tc, what_can_not_be_asked_is_none);
}
