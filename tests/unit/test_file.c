/* Small files, read whole: at their limit, of a size that they do not tell, and
 * what is no file. */

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_main.h"

#define MAX 5000

static char path[64];
static int fd = -1;

static void
file_of(size_t size)
{
	if (fd != -1)
		close(fd);
	ck_assert_int_ne(fd = memfd_create("test", MFD_CLOEXEC), -1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(pwrite(fd, &"abcdefg"[i % 7], 1, (off_t)i), 1);
}

static const size_t sizes[] = { 0, 1, 2, 4096, MAX - 1, MAX };

START_TEST(whole_up_to_the_limit)
{
	const size_t size = sizes[_i];
	const char *why = NULL;
	size_t len = 77;
	char *text;

	file_of(size);
	text = file_read(path, MAX, &len, &why);
	ck_assert_msg(text != NULL, "%s", why);
	ck_assert_uint_eq(len, size);
	ck_assert_uint_eq(strlen(text), size);
	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(text[i], "abcdefg"[i % 7]);
	free(text);
}
END_TEST

START_TEST(more_is_refused)
{
	const char *why = NULL;
	size_t len;

	for (size_t size = MAX + 1; size < MAX * 4; size += 3001) {
		file_of(size);
		ck_assert_ptr_null(file_read(path, MAX, &len, &why));
		ck_assert_str_eq(why, "is too large");
	}
}
END_TEST

/* Files of /proc have no size before they are read. */
START_TEST(size_that_is_not_told)
{
	const char *why = NULL;
	struct stat st;
	size_t len = 0;
	char *text;

	ck_assert_int_eq(stat("/proc/self/status", &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	text = file_read("/proc/self/status", 65536, &len, &why);
	ck_assert_msg(text != NULL, "%s", why);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_ptr_nonnull(strstr(text, "\nnonvoluntary_ctxt_switches:"));
	free(text);
	ck_assert_ptr_null(file_read("/proc/self/status", 100, &len, &why));
	ck_assert_str_eq(why, "is too large");
}
END_TEST

START_TEST(no_file)
{
	const char *why = NULL;
	size_t len;

	ck_assert_ptr_null(file_read("/", MAX, &len, &why));
	ck_assert_str_eq(why, "is a directory");
	ck_assert_ptr_null(file_read("/dev/null", MAX, &len, &why));
	ck_assert_str_eq(why, "is not a regular file");
	ck_assert_ptr_null(file_read("/nothing/here", MAX, &len, &why));
	ck_assert_str_eq(why, "No such file or directory");
}
END_TEST

TEST_MAIN("file")
{
	TCase *tc = add_case(suite, "file");

	add_rows(tc, whole_up_to_the_limit, sizes);
	tcase_add_test(tc, more_is_refused);
	tcase_add_test(tc, size_that_is_not_told);
	tcase_add_test(tc, no_file);
}
