/*
 * golden.h - what people and programs read, kept in tests/golden: a change of
 * the code that changes a text there is seen as such.  GOLDEN=write in the
 * environment writes the files anew (make golden).
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOLDEN_DIRECTORY "tests/golden/"
#define GOLDEN_JSON_FLAGS (JSON_INDENT(2)) /* as the commands print it */
#define GOLDEN_VERSION "VERSION"           /* stands for ours in the files */

/* A text in the making: print to @out. */
struct golden {
	FILE *out;
	char *text;
	size_t size;
	FILE *caught;
	int kept[2]; /* stdout, stderr */
};

static inline void
golden_open(struct golden *golden)
{
	memset(golden, 0, sizeof(*golden));
	golden->out = open_memstream(&golden->text, &golden->size);
	ck_assert_ptr_nonnull(golden->out);
}

/* What is printed to stdout and stderr from now on is part of the text. */
static inline void
golden_catch(struct golden *golden)
{
	fflush(stdout);
	fflush(stderr);
	ck_assert_ptr_nonnull(golden->caught = tmpfile());
	for (int i = 0; i < 2; i++) {
		golden->kept[i] = dup(STDOUT_FILENO + i);
		ck_assert_int_ne(golden->kept[i], -1);
		dup2(fileno(golden->caught), STDOUT_FILENO + i);
	}
}

/* Until now. */
static inline void
golden_release(struct golden *golden)
{
	int octet;

	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(golden->kept[i], STDOUT_FILENO + i);
		close(golden->kept[i]);
	}
	rewind(golden->caught);
	while ((octet = fgetc(golden->caught)) != EOF)
		fputc(octet, golden->out);
	fclose(golden->caught);
}

/* Our version changes with each release, and nothing else with it. */
static inline void
golden_write_text(const char *text, FILE *out)
{
	const char *at;

	while ((at = strstr(text, POSTDANE_VERSION)) != NULL) {
		fprintf(out, "%.*s" GOLDEN_VERSION, (int)(at - text), text);
		text = at + strlen(POSTDANE_VERSION);
	}
	fputs(text, out);
}

/* Compares the rest of both streams, line by line. */
static inline void
golden_compare(const char *path, FILE *is, FILE *wanted)
{
	char *one = NULL, *other = NULL;
	size_t one_size = 0, other_size = 0;

	for (unsigned line = 1;; line++) {
		const bool more = getline(&one, &one_size, is) != -1;
		const bool more_wanted =
		    getline(&other, &other_size, wanted) != -1;

		if (!more && !more_wanted)
			break;
		ck_assert_msg(more && more_wanted && strcmp(one, other) == 0,
		    "%s, line %u:\n  it is  %s  it was %s"
		    "  Where that is wanted: make golden",
		    path, line, more ? one : "the end\n",
		    more_wanted ? other : "the end\n");
	}
	free(one);
	free(other);
}

/* Compare the text with the file @name, or write that. */
static inline void
golden_close(struct golden *golden, const char *name)
{
	const char *mode = getenv("GOLDEN");
	const bool write = mode != NULL && strcmp(mode, "write") == 0;
	FILE *is = write ? NULL : tmpfile(), *file;
	char path[128];

	ck_assert_int_eq(fclose(golden->out), 0);
	snprintf(path, sizeof(path), GOLDEN_DIRECTORY "%s", name);
	file = fopen(path, write ? "w" : "r");
	ck_assert_msg(file != NULL, "%s", path);
	golden_write_text(golden->text, write ? file : is);
	if (!write) {
		rewind(is);
		golden_compare(path, is, file);
		fclose(is);
	}
	ck_assert_int_eq(fclose(file), 0);
	free(golden->text);
}

/* @json as a command prints it; takes the reference. */
static inline void
golden_json(json_t *json, const char *name)
{
	struct golden golden;

	ck_assert_ptr_nonnull(json);
	golden_open(&golden);
	json_dumpf(json, golden.out, GOLDEN_JSON_FLAGS);
	fputc('\n', golden.out);
	golden_close(&golden, name);
	json_decref(json);
}

#endif /* TESTS_UNIT_GOLDEN_H */
