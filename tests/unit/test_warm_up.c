/* The busiest next hops in a file: what it holds comes back, and no more; and
 * a file that can't be read or written is no trouble but for the log. */

#include "policy/warm_up.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_main.h"

static char folder[] = "/tmp/test_warm_up.XXXXXX";
static char path[64];
static struct warm_up list;

static void
set_up(void)
{
	strcpy(folder, "/tmp/test_warm_up.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/busiest", folder);
	memset(&list, 0, sizeof(list));
}

static void
tear_down(void)
{
	warm_up_clear(&list);
	unlink(path);
	rmdir(path);
	rmdir(folder);
}

static void
add(const char *key)
{
	warm_up_add(&list, key, strlen(key));
}

static bool
exists(const char *name)
{
	char text[96];

	snprintf(text, sizeof(text), "%s/%s", folder, name);
	return access(text, F_OK) == 0;
}

START_TEST(what_is_saved_is_loaded)
{
	struct warm_up other = { 0 };

	add("example.org");
	add("[mx.example.org]:587");
	warm_up_save(&list, path);
	warm_up_load(&other, path);
	ck_assert_uint_eq(other.count, 2);
	ck_assert_str_eq(warm_up_take(&other), "example.org");
	ck_assert_str_eq(warm_up_take(&other), "[mx.example.org]:587");
	ck_assert_ptr_null(warm_up_take(&other));
	ck_assert(!exists("busiest.new"));
	warm_up_clear(&other);
}
END_TEST

START_TEST(what_is_no_key_is_left_out)
{
	static char longest[5000];

	memset(longest, 'a', sizeof(longest) - 1);
	add("");
	add("two\nlines");
	add(longest);
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(list_is_bounded)
{
	for (int i = 0; i < WARM_UP_MAX + 5; i++)
		add("example.org");
	ck_assert_uint_eq(list.count, WARM_UP_MAX);
}
END_TEST

START_TEST(unreadable_file_is_an_empty_one)
{
	warm_up_load(&list, path); /* none */
	ck_assert_int_eq(mkdir(path, 0700), 0);
	warm_up_load(&list, path); /* a directory */
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(unwritable_file_leaves_nothing_behind)
{
	add("example.org");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	warm_up_save(&list, path); /* can't be replaced by a file */
	ck_assert(!exists("busiest.new"));
	warm_up_save(&list, "/dev/null/busiest");
	warm_up_save(&list, "/nonexistent/busiest");
	ck_assert_uint_eq(list.count, 1);
}
END_TEST

/* What was saved before is there until all of the new one is written. */
START_TEST(full_disk_keeps_the_old_file)
{
	struct warm_up other = { 0 };

	add("example.org");
	warm_up_save(&list, path);
	add("example.com");
	snprintf(path, sizeof(path), "%s/busiest.new", folder);
	ck_assert_int_eq(symlink("/dev/full", path), 0);
	snprintf(path, sizeof(path), "%s/busiest", folder);
	warm_up_save(&list, path);
	warm_up_load(&other, path);
	ck_assert_uint_eq(other.count, 1);
	warm_up_clear(&other);
	snprintf(path, sizeof(path), "%s/busiest.new", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/busiest", folder);
}
END_TEST

TEST_MAIN("busy_list")
{
	TCase *tc = add_case(suite, "busy_list");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_saved_is_loaded);
	tcase_add_test(tc, what_is_no_key_is_left_out);
	tcase_add_test(tc, list_is_bounded);
	tcase_add_test(tc, unreadable_file_is_an_empty_one);
	tcase_add_test(tc, unwritable_file_leaves_nothing_behind);
	tcase_add_test(tc, full_disk_keeps_the_old_file);
}
