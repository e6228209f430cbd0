/* How many lines of one kind are let through, and what is told of the rest. */

#include "base/log_limit.h"

#include <stdio.h>
#include <string.h>

#include "test_main.h"

static const struct log_limit_rate rate = { 5, 30 };
static struct log_limit limit;
static char told[4096];

static void
setup(void)
{
	memset(&limit, 0, sizeof(limit));
	told[0] = '\0';
}

static void
tell(int level, size_t left_out, const char *text)
{
	const size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%d:%zu:%s ", level, left_out,
	    text);
}

/* Of @count lines at one time those that may be logged. */
static unsigned
let_through(const void *kind, unsigned count, uint64_t now)
{
	unsigned good = 0;
	char *first;

	for (unsigned i = 0; i < count; i++) {
		good += log_limit_take(&limit, kind, 2, rate, now, &first);
		if (first != NULL)
			snprintf(first, LOG_LIMIT_TEXT_MAX, "line %u", i);
	}
	return good;
}

static const char one[16], other[16];

START_TEST(a_burst_and_then_a_rate)
{
	ck_assert_uint_eq(let_through(one, 100, 1000), 5);
	ck_assert_uint_eq(let_through(one, 100, 2999), 0);
	ck_assert_uint_eq(let_through(one, 100, 3000), 1);
	ck_assert_uint_eq(let_through(one, 100, 9000), 3);
	/* it does not save more than a burst */
	ck_assert_uint_eq(let_through(one, 100, UINT64_MAX / 2), 5);
}
END_TEST

START_TEST(kinds_do_not_hinder_each_other)
{
	ck_assert_uint_eq(let_through(one, 100, 1000), 5);
	ck_assert_uint_eq(let_through(other, 100, 1000), 5);
}
END_TEST

START_TEST(what_is_left_out_is_told_once_a_minute)
{
	let_through(one, 8, 100000);
	let_through(other, 5, 100000);
	log_limit_tell(&limit, 100000, false, tell);
	ck_assert_str_eq(told, "2:3:line 5 ");
	let_through(one, 1, 100001);
	log_limit_tell(&limit, 159999, false, tell);
	ck_assert_str_eq(told, "2:3:line 5 ");
	log_limit_tell(&limit, 160000, false, tell);
	ck_assert_str_eq(told, "2:3:line 5 2:1:line 0 ");
	let_through(one, 100, 160000);
	log_limit_tell(&limit, 160001, true, tell);
	ck_assert_str_eq(told, "2:3:line 5 2:1:line 0 2:95:line 5 ");
	log_limit_tell(&limit, 900000, false, tell);
	ck_assert_str_eq(told, "2:3:line 5 2:1:line 0 2:95:line 5 ");
}
END_TEST

START_TEST(too_many_kinds_are_not_limited)
{
	static const char kinds[LOG_LIMIT_KINDS + 1];

	for (size_t i = 0; i < LOG_LIMIT_KINDS; i++)
		ck_assert_uint_eq(let_through(&kinds[i], 10, 1), 5);
	ck_assert_uint_eq(let_through(&kinds[LOG_LIMIT_KINDS], 10, 1), 10);
}
END_TEST

TEST_MAIN("log_limit")
{
	TCase *all = add_case(suite, "all");

	tcase_add_checked_fixture(all, setup, NULL);
	tcase_add_test(all, a_burst_and_then_a_rate);
	tcase_add_test(all, kinds_do_not_hinder_each_other);
	tcase_add_test(all, what_is_left_out_is_told_once_a_minute);
	tcase_add_test(all, too_many_kinds_are_not_limited);
}
