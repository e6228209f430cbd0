/*
 * Running postmap: what it says of a table, and that one which does not end is
 * ended.
 */

#include "command/postfix/postmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#include "test_main.h"

#define LONG_MS 100000U /* nothing here takes so long */
#define SHORT_MS 300U   /* what never ends is not waited for longer */

static char folder[64], path[100];

static void
setup(void)
{
	strcpy(folder, "/tmp/test_postmap.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/postmap", folder);
}

static void
teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
write_postmap(const char *script)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

static struct postmap_answer
try(const char *script, const struct policy_map_viewer *viewer, unsigned ms)
{
	const struct postmap postmap = { path, "/etc/postfix" };
	struct postmap_answer answer;

	if (script != NULL)
		write_postmap(script);
	postmap_try(
	    &postmap, "hash:/own", viewer, "key", clock_ms() + ms, &answer);
	return answer;
}

/* "@": the path of postmap. */
static const struct {
	const char *script; /* NULL: there is none */
	unsigned ms;
	enum postmap_result result;
	const char *why;
} rows[] = {
	{ "echo may", LONG_MS, POSTMAP_WELL, "" },
	{ "exit 1", LONG_MS, POSTMAP_WELL, "" },
	{ "echo \"fatal: $*\" >&2; exit 1", LONG_MS, POSTMAP_FAILED,
	    "-c /etc/postfix -q key hash:/own" },
	{ "echo \"fatal: $PWD\" >&2; exit 1", LONG_MS, POSTMAP_FAILED, "/" },
	/* Whatever it grumbles about, Postfix goes on. */
	{ "echo 'postmap: warning: fatal is another word' >&2; exit 1", LONG_MS,
	    POSTMAP_WELL, "" },
	{ "echo 'postmap: fatal: what comes to nothing' >&2", LONG_MS,
	    POSTMAP_WELL, "" },
	/* What it has found is no message. */
	{ "echo 'postmap: fatal: x'; exit 1", LONG_MS, POSTMAP_WELL, "" },
	{ "echo 'postmap: fatal: open database /own.db: No such file or "
	  "directory' >&2; exit 1",
	    LONG_MS, POSTMAP_FAILED,
	    "open database /own.db: No such file or directory" },
	{ "echo 'postmap: panic: the cause' >&2; exit 1", LONG_MS,
	    POSTMAP_FAILED, "the cause" },
	{ "{ echo 'postmap: warning: of something else'; echo 'postmap: fatal: "
	  "unsupported dictionary type: foo'; } >&2; exit 1",
	    LONG_MS, POSTMAP_FAILED, "unsupported dictionary type: foo" },
	/* The warning says why. */
	{ "{ echo 'postmap: warning: other'; echo 'postmap: warning: connect "
	  "to server: Connection refused'; echo 'postmap: fatal: table x: "
	  "query error: Success'; echo more; } >&2; exit 1",
	    LONG_MS, POSTMAP_FAILED, "connect to server: Connection refused" },
	{ "echo 'postmap: fatal: table x: query error: Oh' >&2; exit 1",
	    LONG_MS, POSTMAP_FAILED, "table x: query error: Oh" },
	{ "printf 'postmap: fatal: a\\033[2Jb' >&2; exit 1", LONG_MS,
	    POSTMAP_FAILED, "a?[2Jb" },
	{ NULL, LONG_MS, POSTMAP_UNKNOWN, "@: No such file or directory" },
	{ "echo 'no libraries' >&2; exit 127", LONG_MS, POSTMAP_UNKNOWN,
	    "no libraries" },
	{ "kill -9 $$", LONG_MS, POSTMAP_UNKNOWN, "it has crashed" },
	{ "exec sleep 1000", SHORT_MS, POSTMAP_LATE, "" },
	{ "echo 'postmap: fatal: x' >&2; exec sleep 1000", SHORT_MS,
	    POSTMAP_LATE, "" },
	{ "exec yes >&2", SHORT_MS, POSTMAP_LATE, "" },
	/* The pipe has ended, the process has not. */
	{ "exec sleep 1000 2>/dev/null", SHORT_MS, POSTMAP_LATE, "" },
};

START_TEST(what_it_says_is_understood)
{
	const struct policy_map_viewer viewer = { .directory = "/",
		.uid = (uid_t)-1 };
	struct postmap_answer answer =
	    try(rows[_i].script, &viewer, rows[_i].ms);
	char expected[POSTMAP_WHY_MAX];

	snprintf(expected, sizeof(expected), "%s%s",
	    rows[_i].why[0] == '@' ? path : "",
	    rows[_i].why + (rows[_i].why[0] == '@'));
	ck_assert_str_eq(answer.why, expected);
	ck_assert_int_eq(answer.result, rows[_i].result);
}
END_TEST

#define REFUSED "echo 'postmap: fatal: open x: Permission denied' >&2; exit 1"

/* To root it is what it will be to Postfix. */
START_TEST(what_this_user_may_not_is_not_what_postfix_may_not)
{
	const struct policy_map_viewer viewer = { .directory = "/",
		.uid = (uid_t)-1 };
	const bool is_root = geteuid() == 0;
	struct postmap_answer answer = try(REFUSED, &viewer, LONG_MS);

	ck_assert_int_eq(
	    answer.result, is_root ? POSTMAP_FAILED : POSTMAP_FORBIDDEN);
	if (is_root) {
		ck_assert_int_eq(seteuid(65534), 0);
		answer = try(NULL, &viewer, LONG_MS);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(answer.result, POSTMAP_FORBIDDEN);
	}
	ck_assert_str_eq(answer.why, "open x: Permission denied");
}
END_TEST

START_TEST(it_runs_as_the_viewer)
{
	struct policy_map_viewer viewer = { .directory = "/nonexistent",
		.uid = (uid_t)-1 };
	struct postmap_answer answer = try("exit 1", &viewer, LONG_MS);
	char expected[POSTMAP_WHY_MAX];

	snprintf(
	    expected, sizeof(expected), "%s: No such file or directory", path);
	ck_assert_int_eq(answer.result, POSTMAP_UNKNOWN);
	ck_assert_str_eq(answer.why, expected);
	if (geteuid() != 0)
		return;
	viewer = (struct policy_map_viewer){
		.directory = "/", .uid = 65534, .gid = 65534
	};
	answer = try(
	    "echo \"fatal: $(id -u) $(id -g)\" >&2; exit 1", &viewer, LONG_MS);
	ck_assert_str_eq(answer.why, "65534 65534");
}
END_TEST

TEST_MAIN("postmap")
{
	TCase *tc = add_case(suite, "run");

	tcase_add_checked_fixture(tc, setup, teardown);
	add_rows(tc, what_it_says_is_understood, rows);
	tcase_add_test(tc, what_this_user_may_not_is_not_what_postfix_may_not);
	tcase_add_test(tc, it_runs_as_the_viewer);
}
