/*
 * test_main.h - the program of a suite: each tests/unit/test_*.c is one.
 *
 *	TEST_MAIN("socketmap")
 *	{
 *		TCase *tc = add_case(suite, "codec");
 *
 *		tcase_add_test(tc, limit_is_the_callers);
 *		add_rows(tc, reply_is_formatted, replies);
 *	}
 *
 * Check's own variables say how much is printed (CK_VERBOSITY), and which tests
 * are run (CK_RUN_CASE).
 */
#ifndef TESTS_UNIT_TEST_MAIN_H
#define TESTS_UNIT_TEST_MAIN_H

#include <check.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* @test for each row of the table @rows: _i is the number of the row. */
#define add_rows(tc, test, rows)                                               \
	tcase_add_loop_test(tc, test, 0, (int)COUNT(rows))

/* The body that follows fills the suite. */
#define TEST_MAIN(name)                                                        \
	static void fill_suite(Suite *suite);                                  \
	int main(void)                                                         \
	{                                                                      \
		Suite *suite = suite_create(name);                             \
                                                                               \
		fill_suite(suite);                                             \
		return run_suite(suite);                                       \
	}                                                                      \
	static void fill_suite(Suite *suite)

static inline TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	suite_add_tcase(suite, tc);
	return tc;
}

static inline int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif /* TESTS_UNIT_TEST_MAIN_H */
