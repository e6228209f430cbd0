/*
 * Running postconf: what it says, and that one which does not end is ended.
 */

#include "command/postfix/postfix_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#include "test_main.h"

#define LONG_MS 100000U /* nothing here takes so long */
#define SHORT_MS 300U   /* what never ends is not waited for longer */

static const struct {
	const char *script; /* NULL: there is none */
	unsigned ms;
	const char *text, *why; /* of two one is NULL */
} rows[] = {
	{ "echo a = b", LONG_MS, "a = b\n", NULL },
	{ "echo $#", LONG_MS, "3\n", NULL },
	{ "echo a; exit 1", LONG_MS, NULL, " has failed" },
	{ NULL, LONG_MS, NULL,
	    ": No such file or directory: is Postfix installed?" },
	{ "exec sleep 1000", SHORT_MS, NULL,
	    " has not come to an end in time" },
	{ "echo a; exec sleep 1000", SHORT_MS, NULL,
	    " has not come to an end in time" },
	{ "exec yes", SHORT_MS, NULL, " has not come to an end in time" },
	/* The pipe has ended, the process has not; and the other way round. */
	{ "exec sleep 1000 >/dev/null", SHORT_MS, NULL,
	    " has not come to an end in time" },
	{ "sleep 3 & exit 0", SHORT_MS, NULL,
	    " has not come to an end in time" },
};

START_TEST(each_run_has_an_end)
{
	static const char *const arguments[] = { "-x", NULL };
	char folder[] = "/tmp/postfix_config-XXXXXX", path[100];
	char why[POSTFIX_CONFIG_WHY_MAX], expected[POSTFIX_CONFIG_WHY_MAX];
	char *text;
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/postconf", folder);
	if (rows[_i].script != NULL) {
		ck_assert_ptr_nonnull(file = fopen(path, "w"));
		fprintf(file, "#!/bin/sh\n%s\n", rows[_i].script);
		fclose(file);
		ck_assert_int_eq(chmod(path, 0700), 0);
	}
	text = postfix_config_run(
	    path, "/etc/postfix", arguments, clock_ms() + rows[_i].ms, why);
	unlink(path);
	rmdir(folder);
	if (rows[_i].text != NULL) {
		ck_assert_pstr_eq(text, rows[_i].text);
	} else {
		snprintf(
		    expected, sizeof(expected), "%s%s", path, rows[_i].why);
		ck_assert_ptr_null(text);
		ck_assert_str_eq(why, expected);
	}
	free(text);
}
END_TEST

TEST_MAIN("postfix_config")
{
	TCase *tc = add_case(suite, "run");

	add_rows(tc, each_run_has_an_end, rows);
}
