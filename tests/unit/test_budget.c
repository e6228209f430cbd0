/* What one evaluation may spend. */

#include "dns/budget.h"

#include "test_main.h"

START_TEST(what_is_left_can_be_spent)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(budget_spend(&budget, BUDGET_CONTEXTS, BUDGET_CONTEXTS_MAX));
	ck_assert_ptr_null(budget_text(&budget));
	ck_assert(!budget_spend(&budget, BUDGET_CONTEXTS, 1));
	ck_assert_str_eq(budget_text(&budget),
	    "second looks with empty caches of one evaluation are used up");
	/* Each kind has its own. */
	ck_assert(budget_spend(&budget, BUDGET_HASHING, BUDGET_HASHING_MAX));
	ck_assert(budget_spend(&budget, BUDGET_LOOKUPS, BUDGET_LOOKUPS_MAX));
}
END_TEST

/* A, AAAA and TLSA of a host have one fresh context together. */
START_TEST(host_pays_once_for_its_context)
{
	const bool is_doubted = _i == 1;
	struct budget budget;

	budget_init(&budget);
	ck_assert(
	    budget_spend_context(&budget, "mx.example", is_doubted, 1000));
	ck_assert(budget_spend_context(
	    &budget, "_25._tcp.mx.example", is_doubted, 1000));
	ck_assert(budget_spend_context(
	    &budget, "mx.example", is_doubted, 999 + BUDGET_CONTEXT_MS));
	ck_assert_uint_eq(
	    budget.left[BUDGET_CONTEXTS], BUDGET_CONTEXTS_MAX - 1);
	/* It is gone by then. */
	ck_assert(budget_spend_context(
	    &budget, "mx.example", is_doubted, 1000 + BUDGET_CONTEXT_MS));
	/* And these are others. */
	ck_assert(budget_spend_context(
	    &budget, "mx.example", !is_doubted, 1000 + BUDGET_CONTEXT_MS));
	ck_assert(budget_spend_context(
	    &budget, "example", is_doubted, 1000 + BUDGET_CONTEXT_MS));
	ck_assert_uint_eq(
	    budget.left[BUDGET_CONTEXTS], BUDGET_CONTEXTS_MAX - 4);
}
END_TEST

START_TEST(contexts_have_a_bound)
{
	const bool is_doubted = _i == 1;
	const int most =
	    BUDGET_CONTEXTS_MAX - (is_doubted ? BUDGET_CONTEXTS_KEPT : 0);
	char name[] = "mxA.example";
	struct budget budget;

	budget_init(&budget);
	for (int i = 0; i < most; i++) {
		name[2] = (char)('a' + i);
		ck_assert(budget_spend_context(&budget, name, is_doubted, 1));
	}
	/* Those that were paid for serve on. */
	ck_assert(budget_spend_context(&budget, name, is_doubted, 1));
	ck_assert_ptr_null(budget_text(&budget));
	ck_assert(!budget_spend_context(&budget, "other", is_doubted, 1));
	if (is_doubted) {
		ck_assert_ptr_null(budget_text(&budget));
		ck_assert(budget_spend_context(&budget, "other", false, 1));
		return;
	}
	ck_assert_str_eq(budget_text(&budget),
	    "second looks with empty caches of one evaluation are used up");
}
END_TEST

START_TEST(each_kind_has_its_bound)
{
	static const uint64_t bounds[BUDGET_KINDS] = {
		[BUDGET_HASHING] = BUDGET_HASHING_MAX,
		[BUDGET_CONTEXTS] = BUDGET_CONTEXTS_MAX,
		[BUDGET_REPEATS] = BUDGET_REPEATS_MAX,
		[BUDGET_LOOKUPS] = BUDGET_LOOKUPS_MAX,
		[BUDGET_KEYS] = BUDGET_KEYS_MAX,
		[BUDGET_VALIDATION] = BUDGET_VALIDATION_MAX,
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
		[BUDGET_CONTEXTS] = ("second looks with empty caches of one "
				     "evaluation are used up"),
		[BUDGET_REPEATS] = "second looks of one evaluation are used up",
		[BUDGET_LOOKUPS] =
		    "inner lookups of one evaluation are used up",
		[BUDGET_KEYS] = "whole keys of one evaluation are used up",
		[BUDGET_VALIDATION] = "validation of one evaluation is used up",
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

/* It is done already: what there is goes towards it. */
START_TEST(charge_takes_all_that_is_left)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(budget_charge(&budget, BUDGET_HASHING, 100));
	ck_assert_uint_eq(
	    budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 100);
	ck_assert(budget_lasts(&budget, BUDGET_HASHING));
	ck_assert_ptr_null(budget_text(&budget));
	ck_assert(!budget_charge(&budget, BUDGET_HASHING, BUDGET_HASHING_MAX));
	ck_assert_uint_eq(budget.left[BUDGET_HASHING], 0);
	ck_assert_uint_eq(budget.left[BUDGET_LOOKUPS], BUDGET_LOOKUPS_MAX);
	ck_assert(!budget_lasts(&budget, BUDGET_HASHING));
	ck_assert(budget_lasts(&budget, BUDGET_LOOKUPS));
	ck_assert_str_eq(
	    budget_text(&budget), "NSEC3 hashing of one evaluation is used up");
}
END_TEST

/* Nobody has spent too much so far; whoever asks whether he may go on, and may
 * not, is told why. */
START_TEST(that_nothing_lasts_is_told)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(budget_charge(&budget, BUDGET_HASHING, BUDGET_HASHING_MAX));
	ck_assert_ptr_null(budget_text(&budget));
	ck_assert(!budget_lasts(&budget, BUDGET_HASHING));
	ck_assert_str_eq(
	    budget_text(&budget), "NSEC3 hashing of one evaluation is used up");
}
END_TEST

/* What is short on it, and whether nothing can be looked up any more. */
static const struct {
	enum budget_kind kind;
	uint64_t left;
	bool is_short, stops;
} means[] = {
	{ BUDGET_HASHING, 0, false, true },
	{ BUDGET_VALIDATION, 0, false, true },
	{ BUDGET_LOOKUPS, 0, false, true },
	{ BUDGET_KEYS, 0, false, false },
	{ BUDGET_REPEATS, 0, false, false },
	{ BUDGET_CONTEXTS, 0, true, false },
	{ BUDGET_CONTEXTS, BUDGET_CONTEXTS_KEPT, true, false },
	{ BUDGET_CONTEXTS, BUDGET_CONTEXTS_KEPT + 1, false, false },
};

START_TEST(failure_for_lack_of_means_can_be_told)
{
	struct budget budget;

	budget_init(&budget);
	budget.left[means[_i].kind] = means[_i].left;
	ck_assert(budget_is_short(&budget) == means[_i].is_short);
	ck_assert((budget_stops(&budget) != NULL) == means[_i].stops);
	if (means[_i].left > 0)
		return;
	ck_assert(!budget_spend(&budget, means[_i].kind, 1));
	ck_assert(budget_is_short(&budget));
	if (means[_i].stops)
		ck_assert_str_eq(budget_stops(&budget), budget_text(&budget));
}
END_TEST

START_TEST(bad_caches_are_lack_of_means)
{
	struct budget budget;

	budget_init(&budget);
	ck_assert(!budget_is_short(&budget));
	budget.has_bad_caches = true;
	ck_assert(budget_is_short(&budget));
	ck_assert_ptr_null(budget_stops(&budget));
}
END_TEST

/* Whoever holds it last frees it: a sanitizer sees the rest. */
START_TEST(lives_as_long_as_it_is_held)
{
	struct budget *budget = budget_new(LOOKUP_CLASS_REFRESH);

	ck_assert_ptr_nonnull(budget);
	ck_assert_int_eq(budget->class, LOOKUP_CLASS_REFRESH);
	ck_assert_ptr_eq(budget_hold(budget), budget);
	budget_release(budget);
	ck_assert(budget_spend(budget, BUDGET_LOOKUPS, BUDGET_LOOKUPS_MAX));
	budget_release(budget);
	budget_release(NULL);
}
END_TEST

TEST_MAIN("budget")
{
	TCase *tc = add_case(suite, "budget");

	add_rows(tc, failure_for_lack_of_means_can_be_told, means);
	tcase_add_test(tc, bad_caches_are_lack_of_means);
	tcase_add_test(tc, lives_as_long_as_it_is_held);
	tcase_add_test(tc, what_is_left_can_be_spent);
	tcase_add_loop_test(tc, host_pays_once_for_its_context, 0, 2);
	tcase_add_loop_test(tc, contexts_have_a_bound, 0, 2);
	tcase_add_loop_test(tc, each_kind_has_its_bound, 0, BUDGET_KINDS);
	tcase_add_test(tc, what_is_refused_is_not_taken);
	tcase_add_loop_test(tc, first_refusal_is_told, 0, BUDGET_KINDS);
	tcase_add_test(tc, charge_takes_all_that_is_left);
	tcase_add_test(tc, that_nothing_lasts_is_told);
}
