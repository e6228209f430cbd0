/* files.h - small files of text. */
#ifndef TESTS_UNIT_FILES_H
#define TESTS_UNIT_FILES_H

#include <check.h>
#include <stdio.h>

static inline void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_msg(file != NULL, "%s", path);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Good until the next call. */
static inline char *
read_file(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t len;

	ck_assert_msg(file != NULL, "%s", path);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

#endif /* TESTS_UNIT_FILES_H */
