/*
 * Which finding decides, what is found twice, and what is printed of it all.
 */

#include "command/report.h"

#include <stdio.h>
#include <unistd.h>

#include "command/fields.h"
#include "test_main.h"

static json_t *find(struct report *report, enum report_severity severity,
    const char *id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static json_t *
find(struct report *report, enum report_severity severity, const char *id,
    const char *format, ...)
{
	json_t *finding;
	va_list ap;

	va_start(ap, format);
	finding = report_find(report, severity, id, format, ap);
	va_end(ap);
	return finding;
}

/* Certain faults come before what is unknown, which comes before a warning. */
static const struct {
	enum report_severity found[3], worst;
	const char *status;
	int code;
} rows[] = {
	{ { REPORT_NOTE, REPORT_NOTE, REPORT_NOTE }, REPORT_NOTE, "OK", 0 },
	{ { REPORT_NOTE, REPORT_WARNING, REPORT_NOTE }, REPORT_WARNING,
	    "WARNING", 1 },
	{ { REPORT_UNKNOWN, REPORT_WARNING, REPORT_NOTE }, REPORT_UNKNOWN,
	    "UNKNOWN", 3 },
	{ { REPORT_UNKNOWN, REPORT_CRITICAL, REPORT_WARNING }, REPORT_CRITICAL,
	    "CRITICAL", 2 },
};

START_TEST(the_worst_decides)
{
	struct report report = { .findings = json_array() };

	ck_assert_int_eq(report_worst(&report), REPORT_NOTE);
	for (int i = 0; i < 3; i++)
		find(&report, rows[_i].found[i], NULL, "text");
	ck_assert_uint_eq(json_array_size(report.findings), 3);
	ck_assert_int_eq(report_worst(&report), rows[_i].worst);
	ck_assert_str_eq(report_level(rows[_i].worst)->status, rows[_i].status);
	ck_assert_int_eq(report_level(rows[_i].worst)->code, rows[_i].code);
	json_decref(report.findings);
}
END_TEST

/* They need more room than a new list has. */
START_TEST(many_are_found)
{
	struct report report = { .findings = json_array() };

	for (size_t i = 0; i < 20; i++) {
		json_t *finding = find(&report, REPORT_NOTE, "id", "%zu", i);

		ck_assert(json_is_object(finding)); /* it was not freed */
		ck_assert_str_eq(fields_text(finding, "id"), "id");
		ck_assert_uint_eq(json_array_size(report.findings), i + 1);
	}
	json_decref(report.findings);
}
END_TEST

START_TEST(what_is_the_same_is_found_once)
{
	struct report report = { .findings = json_array() };
	json_t *first = find(&report, REPORT_WARNING, "id", "text %d", 1);

	ck_assert_str_eq(fields_text(first, "id"), "id");
	ck_assert_str_eq(fields_text(first, "severity"), "warning");
	ck_assert_str_eq(fields_text(first, "text"), "text 1");
	ck_assert_ptr_eq(find(&report, REPORT_WARNING, "id", "text 1"), first);
	ck_assert_uint_eq(report.count[REPORT_WARNING], 1);
	ck_assert_ptr_ne(find(&report, REPORT_WARNING, "id", "text 2"), first);
	ck_assert_ptr_ne(
	    find(&report, REPORT_WARNING, "other", "text 1"), first);
	ck_assert_ptr_null(json_object_get(
	    find(&report, REPORT_WARNING, NULL, "text 1"), "id"));
	ck_assert_uint_eq(report.count[REPORT_WARNING], 4);
	json_decref(report.findings);
}
END_TEST

static void
put(const json_t *report, FILE *out)
{
	fprintf(out, "more: %s\n", fields_text(report, "summary"));
}

/* @report: NULL for none. */
static const struct {
	const char *report;
	bool as_json;
	int code;
	const char *text;
} prints[] = {
	{ "{\"status\":\"WARNING\",\"code\":1,\"summary\":\"s\"}", false, 1,
	    "POSTDANE WARNING - s\nmore: s\n" },
	{ "{\"status\":\"OK\",\"code\":0,\"summary\":\"s\"}", true, 0,
	    "{\n  \"status\": \"OK\",\n  \"code\": 0,\n"
	    "  \"summary\": \"s\"\n}\n" },
	{ NULL, false, 3, "POSTDANE UNKNOWN - out of memory\n" },
	{ NULL, true, 3,
	    "{\"status\": \"UNKNOWN\", \"code\": 3, "
	    "\"summary\": \"out of memory\", \"findings\": []}\n" },
};

START_TEST(a_report_is_printed)
{
	json_t *report = prints[_i].report != NULL
			     ? json_loads(prints[_i].report, 0, NULL)
			     : NULL;
	FILE *file = tmpfile();
	char text[200] = "";

	ck_assert_ptr_nonnull(file);
	fflush(stdout);
	ck_assert_int_ne(dup2(fileno(file), STDOUT_FILENO), -1);
	ck_assert_int_eq(
	    report_print(report, prints[_i].as_json, put), prints[_i].code);
	fflush(stdout);
	rewind(file);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, file), 0);
	ck_assert_str_eq(text, prints[_i].text);
	fclose(file);
}
END_TEST

TEST_MAIN("report")
{
	TCase *tc = add_case(suite, "report");

	add_rows(tc, the_worst_decides, rows);
	tcase_add_test(tc, many_are_found);
	tcase_add_test(tc, what_is_the_same_is_found_once);
	add_rows(tc, a_report_is_printed, prints);
}
