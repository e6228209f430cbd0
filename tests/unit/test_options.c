/*
 * What is typed, and what arrives in the structure; what is refused, and the
 * lines of help.
 */

#include "command/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "test_main.h"

#define NOW 1000000000

struct values {
	const char *map, *listener, *hints;
	bool json;
	unsigned timeout;
	time_t at;
};

#define FIELD(name) offsetof(struct values, name)

static const struct option_row options[] = {
	{ "at", 'a', OPTION_TIME, "TIME", FIELD(at), "a time" },
	{ "hints", 0, OPTION_TEXT, "FILE", FIELD(hints), "first,\nsecond" },
	{ "json", 'j', OPTION_FLAG, NULL, FIELD(json), "a flag" },
	{ "map", 'm', OPTION_TEXT, "MAP", FIELD(map), "a text" },
	{ NULL, 'r', OPTION_TEXT, "ADDRESS", FIELD(listener), "a letter" },
	{ "timeout", 't', OPTION_SECONDS, "SECONDS", FIELD(timeout), "(9)" },
	{ OPTIONS_END },
};

/* One or two words are given to the parser. */
static const struct {
	const char *one, *two;
	struct values expected;
} rows[] = {
	{ "rest", "rest", { .timeout = 9, .at = NOW } },
	{ "-m", "M", { .map = "M", .timeout = 9, .at = NOW } },
	{ "-mM", "rest", { .map = "M", .timeout = 9, .at = NOW } },
	{ "--map=M", "rest", { .map = "M", .timeout = 9, .at = NOW } },
	{ "--hints", "-j", { .hints = "-j", .timeout = 9, .at = NOW } },
	{ "-r", "::1", { .listener = "::1", .timeout = 9, .at = NOW } },
	{ "rest", "--json", { .json = true, .timeout = 9, .at = NOW } },
	{ "--", "--json", { .timeout = 9, .at = NOW } },
	{ "-jmM", "rest",
	    { .json = true, .map = "M", .timeout = 9, .at = NOW } },
	{ "-t", "1", { .timeout = 1, .at = NOW } },
	{ "-t", "3600", { .timeout = 3600, .at = NOW } },
	{ "-a", "+0h", { .timeout = 9, .at = NOW } },
	{ "-a", "+12h", { .timeout = 9, .at = NOW + 12 * 3600 } },
	{ "-a", "+30d", { .timeout = 9, .at = NOW + 30 * 86400 } },
	{ "-a", "+2w", { .timeout = 9, .at = NOW + 14 * 86400 } },
	{ "-a", "1970-01-02", { .timeout = 9, .at = 86400 } },
};

static void
check_text(const char *text, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(text);
	else
		ck_assert_pstr_eq(text, expected);
}

START_TEST(what_is_typed_arrives)
{
	const struct values *expected = &rows[_i].expected;
	char *argv[] = { "test", (char *)rows[_i].one, (char *)rows[_i].two,
		NULL };
	struct values values = { .timeout = 9, .at = NOW };

	ck_assert_int_eq(options_parse(options, 3, argv, "form", &values), 0);
	check_text(values.map, expected->map);
	check_text(values.listener, expected->listener);
	check_text(values.hints, expected->hints);
	ck_assert_int_eq(values.json, expected->json);
	ck_assert_uint_eq(values.timeout, expected->timeout);
	ck_assert_int_eq(values.at, expected->at);
}
END_TEST

static const char *const refused[][2] = {
	{ "-t", "0" },
	{ "-t", "3601" },
	{ "-t", "-1" },
	{ "-t", "+1" },
	{ "-t", "1s" },
	{ "-t", "" },
	{ "-a", "" },
	{ "-a", "+" },
	{ "-a", "+1" },
	{ "-a", "+1y" },
	{ "-a", "+1dd" },
	{ "-a", "+-1d" },
	{ "-a", "+100001d" },
	{ "-a", "2026-13-01" },
	{ "-a", "2026-12-24T" },
	{ "-a", "-30d" },
	/* getopt(3) refuses these itself. */
	{ "--json=1", "x" },
	{ "--nonsense", "x" },
	{ "-Z", "x" },
	{ "--ti", "0" },
	{ "x", "-m" },
};

START_TEST(what_makes_no_sense_is_refused)
{
	char *argv[] = { "test", (char *)refused[_i][0], (char *)refused[_i][1],
		NULL };
	struct values values = { .timeout = 9, .at = NOW };

	ck_assert_int_eq(options_parse(options, 3, argv, "form", &values), -1);
	ck_assert_uint_eq(values.timeout, 9);
	ck_assert_int_eq(values.at, NOW);
}
END_TEST

START_TEST(what_is_no_option_remains)
{
	char *argv[] = { "test", "a", "-j", "b", "--", "-c", NULL };
	struct values values = { 0 };

	ck_assert_int_eq(options_parse(options, 6, argv, "form", &values), 0);
	ck_assert(values.json);
	ck_assert_int_eq(optind, 3);
	ck_assert_str_eq(argv[optind], "a");
	ck_assert_str_eq(argv[optind + 1], "b");
	ck_assert_str_eq(argv[optind + 2], "-c");
}
END_TEST

START_TEST(help_has_a_line_for_each)
{
	char text[1000] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	ck_assert_ptr_nonnull(out);
	options_help(options, out);
	fclose(out);
	ck_assert_str_eq(text, "  -a, --at TIME          a time\n"
			       "  --hints FILE           first,\n"
			       "                         second\n"
			       "  -j, --json             a flag\n"
			       "  -m, --map MAP          a text\n"
			       "  -r ADDRESS             a letter\n"
			       "  -t, --timeout SECONDS  (9)\n");
}
END_TEST

TEST_MAIN("options")
{
	TCase *tc = add_case(suite, "options");

	add_rows(tc, what_is_typed_arrives, rows);
	add_rows(tc, what_makes_no_sense_is_refused, refused);
	tcase_add_test(tc, what_is_no_option_remains);
	tcase_add_test(tc, help_has_a_line_for_each);
}
