/* What one evaluation may spend. */

#include "dns/budget.h"

#include <check.h>
#include <stdlib.h>

START_TEST(what_is_left_can_be_spent)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(budget_spend(&budget, BUDGET_CONTEXTS, BUDGET_CONTEXTS_MAX));
	ck_assert_ptr_null(budget_text(&budget));
	ck_assert(!budget_spend(&budget, BUDGET_CONTEXTS, 1));
	ck_assert_str_eq(budget_text(&budget),
	    "fresh contexts of one evaluation are used up");
	/* Each kind has its own. */
	ck_assert(budget_spend(&budget, BUDGET_HASHING, BUDGET_HASHING_MAX));
	ck_assert(budget_spend(&budget, BUDGET_LOOKUPS, BUDGET_LOOKUPS_MAX));
	ck_assert(budget_spend(&budget, BUDGET_OCTETS, BUDGET_OCTETS_MAX));
}
END_TEST

START_TEST(each_kind_has_its_bound)
{
	static const uint64_t bounds[BUDGET_KINDS] = {
		[BUDGET_HASHING] = BUDGET_HASHING_MAX,
		[BUDGET_CONTEXTS] = BUDGET_CONTEXTS_MAX,
		[BUDGET_LOOKUPS] = BUDGET_LOOKUPS_MAX,
		[BUDGET_OCTETS] = BUDGET_OCTETS_MAX,
	};
	const enum budget_kind kind = (enum budget_kind)_i;
	struct budget budget;

	budget_init(&budget);
	ck_assert(!budget_spend(&budget, kind, bounds[_i] + 1));
	ck_assert(budget_spend(&budget, kind, bounds[_i]));
	ck_assert(!budget_spend(&budget, kind, 1));
}
END_TEST

START_TEST(what_is_refused_is_not_taken)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(
	    !budget_spend(&budget, BUDGET_HASHING, BUDGET_HASHING_MAX + 1));
	ck_assert(!budget_spend(&budget, BUDGET_HASHING, UINT64_MAX));
	ck_assert(budget_spend(&budget, BUDGET_HASHING, BUDGET_HASHING_MAX));
	ck_assert(!budget_spend(&budget, BUDGET_HASHING, 1));
}
END_TEST

START_TEST(first_refusal_is_told)
{
	static const char *const says[BUDGET_KINDS] = {
		[BUDGET_HASHING] = "NSEC3 hashing of one evaluation is used up",
		[BUDGET_CONTEXTS] =
		    "fresh contexts of one evaluation are used up",
		[BUDGET_LOOKUPS] =
		    "inner lookups of one evaluation are used up",
		[BUDGET_OCTETS] =
		    "messages held by one evaluation are too many octets",
	};
	/* One that nobody has initialised has nothing. */
	struct budget budget = { .left = { 0 } };

	ck_assert_ptr_null(budget_text(&budget));
	ck_assert(!budget_spend(&budget, (enum budget_kind)_i, 1));
	ck_assert_str_eq(budget_text(&budget), says[_i]);
	ck_assert(!budget_spend(
	    &budget, (enum budget_kind)((_i + 1) % BUDGET_KINDS), 1));
	ck_assert_str_eq(budget_text(&budget), says[_i]);
}
END_TEST

START_TEST(what_is_given_back_can_be_spent_again)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(budget_spend(&budget, BUDGET_OCTETS, BUDGET_OCTETS_MAX));
	budget_give_back(&budget, BUDGET_OCTETS, 100);
	ck_assert(budget_spend(&budget, BUDGET_OCTETS, 100));
	ck_assert(!budget_spend(&budget, BUDGET_OCTETS, 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("budget");
	TCase *tc = tcase_create("budget");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, what_is_left_can_be_spent);
	tcase_add_loop_test(tc, each_kind_has_its_bound, 0, BUDGET_KINDS);
	tcase_add_test(tc, what_is_refused_is_not_taken);
	tcase_add_loop_test(tc, first_refusal_is_told, 0, BUDGET_KINDS);
	tcase_add_test(tc, what_is_given_back_can_be_spent_again);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
