/* What reaches the log, and in what form. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"

#include "test_main.h"

static FILE *written;
static int saved_stderr;

/* stderr goes to a file that can be read again. */
static void
setup(void)
{
	unsetenv("JOURNAL_STREAM");
	written = tmpfile();
	ck_assert_ptr_nonnull(written);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ne(dup2(fileno(written), STDERR_FILENO), -1);
}

static void
teardown(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	fclose(written);
}

/* All that was written so far. */
static const char *
output(char *text, size_t size)
{
	size_t len;

	rewind(written);
	len = fread(text, 1, size - 1, written);
	text[len] = '\0';
	return text;
}

#define ck_assert_output(expected)                                             \
	do {                                                                   \
		char text[8192];                                               \
		ck_assert_str_eq(output(text, sizeof(text)), expected);        \
	} while (0)

START_TEST(a_line_names_program_and_severity)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	log_error("main: %d", 1);
	log_warning("trust: %s", "two");
	log_info("policy: three");
	log_debug("dns: four");
	ck_assert_output("postdaned: error: main: 1\n"
			 "postdaned: warning: trust: two\n"
			 "postdaned: policy: three\n"
			 "postdaned: dns: four\n");
}
END_TEST

START_TEST(before_setup_info_is_written_and_debug_is_not)
{
	ck_assert(log_wants(LOG_LEVEL_INFO));
	ck_assert(!log_wants(LOG_LEVEL_DEBUG));
	log_info("main: yes");
	log_debug("main: no");
	ck_assert_output("postdaned: main: yes\n");
}
END_TEST

START_TEST(what_is_above_the_level_is_left_out)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_WARNING);
	ck_assert(log_wants(LOG_LEVEL_ERROR));
	ck_assert(log_wants(LOG_LEVEL_WARNING));
	ck_assert(!log_wants(LOG_LEVEL_INFO));
	log_info("main: no");
	log_warning("main: yes");
	ck_assert_output("postdaned: warning: main: yes\n");
}
END_TEST

START_TEST(the_journal_gets_priorities_instead_of_words)
{
	char stream[64];
	struct stat st;

	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	log_error("a");
	log_warning("b");
	log_info("c");
	log_debug("d");
	ck_assert_output("<3>a\n<4>b\n<6>c\n<7>d\n");
}
END_TEST

START_TEST(another_stream_than_the_journals_gets_no_priorities)
{
	/* A shell below a service inherits the variable, not the stream. */
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	log_info("c");
	ck_assert_output("postdaned: c\n");
}
END_TEST

START_TEST(syslog_leaves_stderr_alone)
{
	/* Not even this machine's log is to be bothered. */
	setlogmask(LOG_MASK(LOG_EMERG));
	log_setup(LOG_TARGET_SYSLOG, LOG_LEVEL_INFO);
	log_info("main: this is a test");
	ck_assert_output("");
}
END_TEST

START_TEST(remote_text_makes_no_second_line)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	log_info("policy: key=%s", "a\npostdaned: policy: forged\r\x1b[2J\x7f");
	ck_assert_output(
	    "postdaned: policy: key=a?postdaned: policy: forged??[2J?\n");
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_ends)
{
	static char longer[20000];
	char text[8192];
	size_t len;

	memset(longer, 'x', sizeof(longer) - 1);
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	log_info("%s", longer);
	log_info("next");
	output(text, sizeof(text));
	len = strcspn(text, "\n");
	ck_assert_uint_gt(len, 1000);
	ck_assert_uint_lt(len, 1100);
	ck_assert_str_eq(text + len, "\npostdaned: next\n");
}
END_TEST

START_TEST(errno_is_what_it_was)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	close(STDERR_FILENO);
	errno = ENOTCONN;
	log_info("main: nowhere to write to");
	ck_assert_int_eq(errno, ENOTCONN);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	size_t len, size;
	const char *expected;
} printables[] = {
	{ "plain text is kept", "a b~!", 5, 64, "a b~!" },
	{ "quotes would end a field", "a\"b", 3, 64, "a?b" },
	{ "backslashes would escape", "a\\b", 3, 64, "a?b" },
	{ "newlines would forge a line", "a\nb\r", 4, 64, "a?b?" },
	{ "NUL would hide the rest", "a\0b", 3, 64, "a?b" },
	{ "octets over 0x7e", "\x7f\x80\xff\xc3\xa4", 5, 64, "?????" },
	{ "terminal escapes", "\x1b[31m", 5, 64, "?[31m" },
	{ "only @len octets are read", "abcdef", 3, 64, "abc" },
	{ "cut to fit", "abcdef", 6, 4, "abc" },
	{ "room for the NUL alone", "abc", 3, 1, "" },
	{ "empty", "", 0, 64, "" },
	{ "NULL", NULL, 5, 64, "" },
};

START_TEST(printable_is_safe)
{
	char to[64];

	memset(to, 'Z', sizeof(to));
	ck_assert_ptr_eq(log_printable(to, printables[_i].size,
			     printables[_i].text, printables[_i].len),
	    to);
	ck_assert_msg(strcmp(to, printables[_i].expected) == 0,
	    "%s: \"%s\" instead of \"%s\"", printables[_i].name, to,
	    printables[_i].expected);
	/* Nothing is written behind the size. */
	if (printables[_i].size < sizeof(to))
		ck_assert_int_eq(to[printables[_i].size], 'Z');
}
END_TEST

static const struct {
	const char *text;
	size_t size;
	const char *expected;
} values[] = {
	{ "example.org", 64, "example.org" },
	{ "[mail.example.org]:587", 64, "[mail.example.org]:587" },
	{ "*.a_b/c-1", 64, "*.a_b/c-1" },
	{ "", 64, "" },
	{ "a map=query", 64, "\"a map=query\"" },
	{ "a=b", 64, "\"a=b\"" },
	{ "a\" b=\"c", 64, "\"a? b=?c\"" },
	{ "a\n", 64, "\"a?\"" },
	{ "abcdef", 5, "ab" },
	{ "ab def", 6, "\"ab \"" },
	{ "abcdef", 3, "" },
	{ " bcdef", 4, "\" \"" },
};

START_TEST(a_value_is_one_field)
{
	char to[64];

	memset(to, 'Z', sizeof(to));
	ck_assert_ptr_eq(log_value(to, values[_i].size, values[_i].text,
			     strlen(values[_i].text)),
	    to);
	ck_assert_str_eq(to, values[_i].expected);
	if (values[_i].size < sizeof(to))
		ck_assert_int_eq(to[values[_i].size], 'Z');
}
END_TEST

TEST_MAIN("log")
{
	TCase *lines = add_case(suite, "lines");
	TCase *text = add_case(suite, "text");

	tcase_add_checked_fixture(lines, setup, teardown);
	tcase_add_test(lines, a_line_names_program_and_severity);
	tcase_add_test(lines, before_setup_info_is_written_and_debug_is_not);
	tcase_add_test(lines, what_is_above_the_level_is_left_out);
	tcase_add_test(lines, the_journal_gets_priorities_instead_of_words);
	tcase_add_test(
	    lines, another_stream_than_the_journals_gets_no_priorities);
	tcase_add_test(lines, syslog_leaves_stderr_alone);
	tcase_add_test(lines, remote_text_makes_no_second_line);
	tcase_add_test(lines, a_long_line_is_cut_and_still_ends);
	tcase_add_test(lines, errno_is_what_it_was);
	add_rows(text, printable_is_safe, printables);
	add_rows(text, a_value_is_one_field, values);
}
