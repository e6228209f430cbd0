/* Who asks for policies: the first evaluations of each have room, and all of
 * them together no more than there is. */

#include "policy/askers.h"

#include <stdio.h>

#include "test_main.h"

static struct askers *askers;
static struct asker *taken[ASKERS_MAX];

static void
set_up(void)
{
	ck_assert_ptr_nonnull(askers = askers_new());
}

static void
tear_down(void)
{
	askers_free(askers);
}

/* So many for one, from @taken[@at] on. */
static void
take(const char *name, size_t at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		taken[at + i] = askers_take(askers, name);
		ck_assert_ptr_nonnull(taken[at + i]);
		ck_assert_ptr_eq(taken[at + i], taken[at]);
	}
}

static void
give_back(size_t count)
{
	for (size_t i = 0; i < count; i++)
		askers_give_back(askers, taken[i]);
}

START_TEST(each_has_room_for_few)
{
	take("user 1", 0, ASKERS_FEW);
	ck_assert_ptr_null(askers_take(askers, "user 1"));
	take("user 10", ASKERS_FEW, ASKERS_FEW);
	ck_assert_ptr_ne(taken[0], taken[ASKERS_FEW]);
	ck_assert_uint_eq(askers_taken(askers), 2 * ASKERS_FEW);
	askers_give_back(askers, taken[0]);
	take("user 1", 0, 1);
	ck_assert_ptr_null(askers_take(askers, "user 1"));
	give_back(2 * ASKERS_FEW);
	ck_assert_uint_eq(askers_taken(askers), 0);
}
END_TEST

START_TEST(all_together_are_bounded)
{
	char name[32];
	size_t count = 0;

	for (unsigned i = 0; count < ASKERS_MAX; i++) {
		const size_t left = ASKERS_MAX - count;
		const size_t some = left < ASKERS_FEW ? left : ASKERS_FEW;

		snprintf(name, sizeof(name), "user %u", i);
		take(name, count, some);
		count += some;
	}
	ck_assert_ptr_null(askers_take(askers, "somebody else"));
	ck_assert_uint_eq(askers_taken(askers), ASKERS_MAX);
	give_back(ASKERS_MAX);
}
END_TEST

TEST_MAIN("askers")
{
	TCase *tc = add_case(suite, "askers");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_has_room_for_few);
	tcase_add_test(tc, all_together_are_bounded);
}
