/* Lookups for lookups: shared by those that wait, bounded for the rest. */

#include "dns/server_lookups.h"

#include <stdio.h>
#include <string.h>

#include "base/domain.h"
#include "dns/answer.h"
#include "dns/budget.h"

#define LOOKUPS_MAX (SERVER_LOOKUPS_MAX + 500)
#include "../fakes/lookups.h"
#include "test_main.h"

#define WAITERS 4

static struct server_lookups *server_lookups;
static void *handles[WAITERS];
static unsigned told[WAITERS];
static int ends_other;                 /* whom a callback cancels, or -1 */
static struct budget *budget[WAITERS]; /* of each */

static void
set_up(void)
{
	const struct server_lookups_env env = { look_up, cancel_lookup,
		lookups };

	forget_lookups();
	ends_other = -1;
	memset(told, 0, sizeof(told));
	for (size_t i = 0; i < WAITERS; i++)
		ck_assert_ptr_nonnull(
		    budget[i] = budget_new(LOOKUP_CLASS_POLICY));
	ck_assert_ptr_nonnull(server_lookups = server_lookups_new(&env));
}

static void
tear_down(void)
{
	expect_no_lookups();
	server_lookups_free(server_lookups);
	for (size_t i = 0; i < WAITERS; i++) {
		ck_assert(budget[i] == NULL || budget[i]->server_lookups == 0);
		budget_release(budget[i]);
	}
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
		server_lookups_cancel(handles[other]);
	}
}

static void *
try_to_ask(size_t i, struct budget *paying, const char *name, uint16_t type)
{
	const struct plain_path outermost = { .name = "a.example",
		.type = DNS_TYPE_A,
		.depth = 1,
		.budget = paying };

	return server_lookups_start(
	    server_lookups, name, type, &outermost, on_answer, &handles[i]);
}

static void
ask(size_t i, const char *name, uint16_t type)
{
	handles[i] = try_to_ask(i, budget[i], name, type);
	ck_assert_ptr_nonnull(handles[i]);
}

static void
answer_with(size_t i, enum dns_status status)
{
	struct dns_answer *made = answer_new(lookups[i].name, lookups[i].type);

	ck_assert_ptr_nonnull(made);
	made->status = status;
	end_lookup(&lookups[i], made);
}

static void
answer(size_t i)
{
	answer_with(i, DNS_NODATA);
}

static const struct budget *
payer(size_t i)
{
	return lookups[i].path->budget;
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
	server_lookups_cancel(handles[0]);
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
	server_lookups_cancel(handles[0]);
	ck_assert(!lookups[0].over);
	server_lookups_cancel(handles[1]);
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
	void *deeper[SERVER_LOOKUPS_INNER_MAX];

	ask(0, "ns.example", DNS_TYPE_A);
	inner = (struct plain_path){ .above = lookups[0].path,
		.name = "ns.example",
		.type = DNS_TYPE_A,
		.depth = 2,
		.budget = lookups[0].path->budget,
		.inner = lookups[0].path->inner };
	for (size_t i = 0; i < SERVER_LOOKUPS_INNER_MAX; i++) {
		deeper[i] = server_lookups_start(server_lookups, "ns.other",
		    DNS_TYPE_A, &inner, on_answer, &handles[1]);
		ck_assert_ptr_nonnull(deeper[i]);
		ck_assert_ptr_eq(lookups[1 + i].path, &inner);
	}
	ck_assert_uint_eq(looked_up, 1 + SERVER_LOOKUPS_INNER_MAX);
	ck_assert_uint_eq(
	    budget[0]->server_lookups, 1 + SERVER_LOOKUPS_INNER_MAX);
	ck_assert_uint_eq(budget[0]->left[BUDGET_LOOKUPS],
	    BUDGET_LOOKUPS_MAX - 1 - SERVER_LOOKUPS_INNER_MAX);
	ck_assert_ptr_null(server_lookups_start(server_lookups, "ns.other",
	    DNS_TYPE_A, &inner, on_answer, &handles[1]));
	for (size_t i = 0; i < SERVER_LOOKUPS_INNER_MAX; i++)
		server_lookups_cancel(deeper[i]);
	server_lookups_cancel(handles[0]);
}
END_TEST

static void *all[SERVER_LOOKUPS_MAX + SERVER_LOOKUPS_KEPT + 1];
static size_t all_count;

/* As many as it may have, or @most, each by another name. */
static void
fill(struct budget *paying, size_t most)
{
	char name[32];

	for (size_t i = 0; i < most; i++) {
		snprintf(name, sizeof(name), "ns%zu.example", all_count);
		all[all_count] = try_to_ask(0, paying, name, DNS_TYPE_A);
		if (all[all_count] == NULL)
			return;
		all_count++;
	}
}

static void
cancel_all(void)
{
	while (all_count > 0)
		server_lookups_cancel(all[--all_count]);
}

START_TEST(one_evaluation_has_its_own_bound)
{
	all_count = 0;
	fill(budget[0], SERVER_LOOKUPS_OWN_MAX + 1);
	ck_assert_uint_eq(all_count, SERVER_LOOKUPS_OWN_MAX);
	ck_assert_ptr_null(budget_text(budget[0]));
	/* What runs for others can be waited for. */
	ask(1, "ns.example", DNS_TYPE_A);
	handles[0] = try_to_ask(0, budget[0], "ns.example", DNS_TYPE_A);
	ck_assert_ptr_nonnull(handles[0]);
	server_lookups_cancel(handles[0]);
	server_lookups_cancel(handles[1]);
	/* Room again. */
	server_lookups_cancel(all[--all_count]);
	fill(budget[0], 2);
	ck_assert_uint_eq(all_count, SERVER_LOOKUPS_OWN_MAX);
	cancel_all();
}
END_TEST

/* Where a class has all that it may, everybody in it still has a few, and
 * another class has its own. */
START_TEST(all_of_a_class_are_bounded)
{
	struct budget *others[SERVER_LOOKUPS_MAX / SERVER_LOOKUPS_OWN_MAX];
	struct budget *other = budget_new(LOOKUP_CLASS_OTHER);
	void *few[SERVER_LOOKUPS_KEPT];

	ck_assert_ptr_nonnull(other);
	all_count = 0;
	for (size_t i = 0; i < SERVER_LOOKUPS_MAX / SERVER_LOOKUPS_OWN_MAX;
	     i++) {
		ck_assert_ptr_nonnull(
		    others[i] = budget_new(LOOKUP_CLASS_POLICY));
		fill(others[i], SERVER_LOOKUPS_OWN_MAX);
	}
	ck_assert_uint_eq(all_count, SERVER_LOOKUPS_MAX);
	for (size_t i = 0; i < SERVER_LOOKUPS_KEPT; i++) {
		char name[32];

		snprintf(name, sizeof(name), "kept%zu.example", i);
		few[i] = try_to_ask(1, budget[1], name, DNS_TYPE_A);
		ck_assert_ptr_nonnull(few[i]);
	}
	ck_assert_ptr_null(
	    try_to_ask(1, budget[1], "more.example", DNS_TYPE_A));
	fill(other, SERVER_LOOKUPS_KEPT + 1);
	ck_assert_uint_eq(
	    all_count, SERVER_LOOKUPS_MAX + SERVER_LOOKUPS_KEPT + 1);
	for (size_t i = 0; i < SERVER_LOOKUPS_KEPT; i++)
		server_lookups_cancel(few[i]);
	cancel_all();
	for (size_t i = 0; i < SERVER_LOOKUPS_MAX / SERVER_LOOKUPS_OWN_MAX; i++)
		budget_release(others[i]);
	budget_release(other);
}
END_TEST

/* ---- who pays ---- */

START_TEST(evaluation_pays_for_all_that_it_asks)
{
	budget[0]->left[BUDGET_LOOKUPS] = 2;
	ask(0, "ns.example", DNS_TYPE_A);
	ck_assert_ptr_eq(payer(0), budget[0]);
	ck_assert_ptr_null(budget_text(budget[0]));
	ask(1, "ns2.example", DNS_TYPE_A);
	/* To wait for another's, too. */
	ck_assert_ptr_nonnull(
	    handles[2] = try_to_ask(2, budget[0], "ns2.example", DNS_TYPE_A));
	ck_assert_ptr_null(try_to_ask(3, budget[0], "ns2.example", DNS_TYPE_A));
	ck_assert_str_eq(budget_text(budget[0]),
	    "inner lookups of one evaluation are used up");
	answer(0);
	answer(1);
	ck_assert_uint_eq(told[0] + told[1] + told[2], 3);
}
END_TEST

START_TEST(starter_pays_though_he_has_gone)
{
	ask(0, "ns.example", DNS_TYPE_A);
	ask(1, "ns.example", DNS_TYPE_A);
	server_lookups_cancel(handles[0]);
	budget_release(budget[0]);
	budget[0] = NULL;
	/* A sanitizer sees whether it is there. */
	ck_assert_uint_eq(payer(0)->server_lookups, 1);
	ck_assert_ptr_ne(payer(0), budget[1]);
	answer(0);
	ck_assert_uint_eq(told[1], 1);
}
END_TEST

START_TEST(failure_for_lack_of_means_is_the_payers_only)
{
	for (size_t i = 0; i < 3; i++)
		ask(i, "ns.example", DNS_TYPE_A);
	budget_charge(budget[0], BUDGET_VALIDATION, UINT64_MAX);
	answer_with(0, DNS_FAILED);
	ck_assert_uint_eq(told[0], 1);
	ck_assert_uint_eq(told[1] + told[2], 0);
	/* The next one pays, the last one waits again. */
	ck_assert_uint_eq(looked_up, 2);
	ck_assert_str_eq(lookups[1].name, "ns.example");
	ck_assert_uint_eq(lookups[1].type, DNS_TYPE_A);
	ck_assert_ptr_eq(payer(1), budget[1]);
	if (_i == 0) {
		answer(1);
		ck_assert_uint_eq(told[1] + told[2], 2);
		return;
	}
	/* They may go as ever. */
	server_lookups_cancel(handles[1]);
	ck_assert(!lookups[1].over);
	server_lookups_cancel(handles[2]);
	ck_assert(lookups[1].over);
}
END_TEST

START_TEST(failure_of_those_with_means_is_everybodys)
{
	ask(0, "ns.example", DNS_TYPE_A);
	ask(1, "ns.example", DNS_TYPE_A);
	answer_with(0, DNS_FAILED);
	ck_assert_uint_eq(told[0] + told[1], 2);
	ck_assert_uint_eq(looked_up, 1);
}
END_TEST

START_TEST(answer_is_everybodys)
{
	ask(0, "ns.example", DNS_TYPE_A);
	ask(1, "ns.example", DNS_TYPE_A);
	budget_charge(budget[0], BUDGET_VALIDATION, UINT64_MAX);
	answer_with(0, _i == 0 ? DNS_OK : DNS_NXDOMAIN);
	ck_assert_uint_eq(told[0] + told[1], 2);
}
END_TEST

/* He has second looks no more, and would get the same without them. */
START_TEST(who_has_paid_does_not_pay_again)
{
	ask(0, "ns.example", DNS_TYPE_A);
	handles[1] = try_to_ask(1, budget[0], "ns.example", DNS_TYPE_A);
	ck_assert_ptr_nonnull(handles[1]);
	ask(2, "ns.example", DNS_TYPE_A);
	budget[0]->has_bad_caches = true;
	answer_with(0, DNS_FAILED);
	ck_assert_uint_eq(told[0] + told[1], 2);
	ck_assert_uint_eq(told[2], 0);
	answer_with(1, DNS_FAILED);
	ck_assert_uint_eq(told[2], 1);
	ck_assert_uint_eq(looked_up, 2);
}
END_TEST

/* It would only hear the same. */
START_TEST(who_has_nothing_does_not_try_again)
{
	for (size_t i = 0; i < 2; i++) {
		ask(i, "ns.example", DNS_TYPE_A);
		budget_charge(budget[i], BUDGET_HASHING, UINT64_MAX);
	}
	answer_with(0, DNS_FAILED);
	ck_assert_uint_eq(told[0] + told[1], 2);
}
END_TEST

START_TEST(second_try_that_can_not_be_is_a_failure)
{
	ask(0, "ns.example", DNS_TYPE_A);
	ask(1, "ns.example", DNS_TYPE_A);
	budget_charge(budget[0], BUDGET_HASHING, UINT64_MAX);
	refuse = true;
	answer_with(0, DNS_FAILED);
	ck_assert_uint_eq(told[0] + told[1], 2);
}
END_TEST

START_TEST(what_can_not_be_asked_is_none)
{
	refuse = true;
	ck_assert_ptr_null(try_to_ask(0, budget[0], "ns.example", DNS_TYPE_A));
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
	tcase_add_test(tc, one_evaluation_has_its_own_bound);
	tcase_add_test(tc, all_of_a_class_are_bounded);
	tcase_add_test(tc, evaluation_pays_for_all_that_it_asks);
	tcase_add_test(tc, starter_pays_though_he_has_gone);
	tcase_add_loop_test(
	    tc, failure_for_lack_of_means_is_the_payers_only, 0, 2);
	tcase_add_test(tc, failure_of_those_with_means_is_everybodys);
	tcase_add_loop_test(tc, answer_is_everybodys, 0, 2);
	tcase_add_test(tc, who_has_paid_does_not_pay_again);
	tcase_add_test(tc, who_has_nothing_does_not_try_again);
	tcase_add_test(tc, second_try_that_can_not_be_is_a_failure);
	tcase_add_test(tc, what_can_not_be_asked_is_none);
}
