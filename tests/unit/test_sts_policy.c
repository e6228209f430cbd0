/*
 * Policy files (RFC 8461 section 3.2): a row for each line of the grammar, and
 * for each way in which real ones break it.
 */

#include "sts/sts_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sts/mx_pattern.h"

#include "test_main.h"

#define NOTES_OF_ROW 3
#define MX_OF_ROW 4

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 86400\n"
#define GOOD HEAD "mx: mx.example.org\n"
#define MX "mx.example.org"

/* In memory of exactly that size: it is not terminated. */
static enum sts_policy_status
parse(const char *file, size_t len, struct sts_policy **policy,
    struct sts_notes *notes)
{
	char *copy = malloc(len > 0 ? len : 1);
	enum sts_policy_status status;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, file, len);
	*policy = NULL;
	if (notes != NULL)
		memset(notes, 0xff, sizeof(*notes));
	status = sts_policy_parse(copy, len, policy, notes);
	free(copy);
	ck_assert((status == STS_POLICY_VALID) == (*policy != NULL));
	return status;
}

/* ---- files that are read ---- */

struct row_note {
	enum sts_note note;
	unsigned times, first; /* 0 times ends the list */
};

static const struct {
	const char *mistake;
	const char *file;
	const char *mx[MX_OF_ROW]; /* NULL ends the list */
	struct row_note note[NOTES_OF_ROW];
	enum sts_mode mode;
	uint32_t max_age;
} valid[] = {
	/* lines */
	{ "LF", GOOD, { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "CRLF",
	    "version: STSv1\r\nmode: enforce\r\nmax_age: 86400\r\n"
	    "mx: mx.example.org\r\n",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "the two mixed",
	    "version: STSv1\r\nmode: enforce\nmax_age: 86400\r\n"
	    "mx: mx.example.org\n",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "the last line has no end", HEAD "mx: mx.example.org", { MX },
	    { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "the last line ends with half of CRLF", HEAD "mx: mx.example.org\r",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "no blank behind the colon",
	    "version:STSv1\nmode:enforce\nmax_age:86400\nmx:mx.example.org\n",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "blanks around the value",
	    "version: \t STSv1 \t\nmode:\tenforce \nmax_age:  86400\t\r\n"
	    "mx:   mx.example.org  \r\n",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "any order",
	    "mx: mx.example.org\nmax_age: 86400\nmode: enforce\n"
	    "version: STSv1\n",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "blank lines",
	    "\nversion: STSv1\r\n\r\nmode: enforce\n \t \nmax_age: 86400\n"
	    "mx: mx.example.org\n\n",
	    { MX }, { { STS_NOTE_BLANK_LINE, 4, 1 } }, STS_MODE_ENFORCE,
	    86400 },
	{ "a byte order mark", "\357\273\277" GOOD, { MX },
	    { { STS_NOTE_BYTE_ORDER_MARK, 1, 1 } }, STS_MODE_ENFORCE, 86400 },
	{ "one that is not at the begin",
	    GOOD "\357\273\277mx: b.example.org\n", { MX },
	    { { STS_NOTE_BAD_LINE, 1, 5 } }, STS_MODE_ENFORCE, 86400 },

	/* mode */
	{ "testing",
	    "version: STSv1\nmode: testing\nmx: " MX "\nmax_age: 604800\n",
	    { MX }, { { 0, 0, 0 } }, STS_MODE_TESTING, 604800 },
	{ "none", "version: STSv1\nmode: none\nmax_age: 86400\n", { NULL },
	    { { 0, 0, 0 } }, STS_MODE_NONE, 86400 },
	{ "none with a host",
	    "version: STSv1\nmode: none\nmax_age: 86400\nmx: " MX "\n", { MX },
	    { { 0, 0, 0 } }, STS_MODE_NONE, 86400 },

	/* max_age */
	{ "at once", "version: STSv1\nmode: none\nmax_age: 0\n", { NULL },
	    { { 0, 0, 0 } }, STS_MODE_NONE, 0 },
	{ "a second", "version: STSv1\nmode: none\nmax_age: 1\n", { NULL },
	    { { 0, 0, 0 } }, STS_MODE_NONE, 1 },
	{ "a year", "version: STSv1\nmode: none\nmax_age: 31557600\n", { NULL },
	    { { 0, 0, 0 } }, STS_MODE_NONE, 31557600 },
	{ "a year and a second",
	    "version: STSv1\nmode: none\nmax_age: 31557601\n", { NULL },
	    { { STS_NOTE_LONG_MAX_AGE, 1, 3 } }, STS_MODE_NONE, 31557600 },
	{ "ten digits", "version: STSv1\nmode: none\nmax_age: 9999999999\n",
	    { NULL }, { { STS_NOTE_LONG_MAX_AGE, 1, 3 } }, STS_MODE_NONE,
	    31557600 },
	{ "beyond 64 bits",
	    "version: STSv1\nmode: none\nmax_age: 18446744073709551617\n",
	    { NULL }, { { STS_NOTE_LONG_MAX_AGE, 1, 3 } }, STS_MODE_NONE,
	    31557600 },
	{ "zeros before it",
	    "version: STSv1\nmode: none\nmax_age: 0000000000000086400\n",
	    { NULL }, { { 0, 0, 0 } }, STS_MODE_NONE, 86400 },

	/* mx: those that are of no use are passed over */
	{ "several, in their order",
	    HEAD "mx: b.example.org\nmx: *.example.net\nmx: a.example.org\n",
	    { "b.example.org", "*.example.net", "a.example.org" },
	    { { 0, 0, 0 } }, STS_MODE_ENFORCE, 86400 },
	{ "the same again, in another case",
	    HEAD "mx: b.example.org\nmx: A.example.org\nmx: a.example.org.\n"
		 "mx: B.EXAMPLE.org\n",
	    { "b.example.org", "a.example.org" }, { { STS_NOTE_MX_DOT, 1, 6 } },
	    STS_MODE_ENFORCE, 86400 },
	{ "an address among them", /* pue.de */
	    HEAD "mx: mail.x.example\nmx: *.x.example\nmx: 192.0.2.7\n",
	    { "mail.x.example", "*.x.example" },
	    { { STS_NOTE_MX_ADDRESS, 1, 6 } }, STS_MODE_ENFORCE, 86400 },
	{ "what is no pattern",
	    HEAD "mx: *\nmx: .x.example\nmx:\nmx: a b\nmx: " MX "\n", { MX },
	    { { STS_NOTE_MX_UNUSABLE, 4, 4 } }, STS_MODE_ENFORCE, 86400 },
	{ "U-labels", HEAD "mx: mail.b\303\274cher.example\n",
	    { "mail.xn--bcher-kva.example" }, { { STS_NOTE_MX_UNICODE, 1, 4 } },
	    STS_MODE_ENFORCE, 86400 },
	{ "U-labels that are none", HEAD "mx: b\377.example\nmx: " MX "\n",
	    { MX }, { { STS_NOTE_MX_UNUSABLE, 1, 4 } }, STS_MODE_ENFORCE,
	    86400 },
	{ "an underscore", HEAD "mx: mx_1.example.org\n",
	    { "mx_1.example.org" }, { { STS_NOTE_MX_UNDERSCORE, 1, 4 } },
	    STS_MODE_ENFORCE, 86400 },
	{ "a word of Postfix's", HEAD "mx: hostname\nmx: " MX "\n", { MX },
	    { { STS_NOTE_MX_UNUSABLE, 1, 4 } }, STS_MODE_ENFORCE, 86400 },

	/* other keys */
	{ "unknown keys",
	    "a: b c\n" GOOD "x-y_z.1: b\303\274cher\nmx2: a.example\n", { MX },
	    { { STS_NOTE_UNKNOWN_KEY, 3, 1 } }, STS_MODE_ENFORCE, 86400 },
	{ "a key in another case is another key",
	    GOOD "Mode: none\nMX: a.example\nVERSION: x\n", { MX },
	    { { STS_NOTE_UNKNOWN_KEY, 3, 5 } }, STS_MODE_ENFORCE, 86400 },
	{ "of the same key the first counts",
	    GOOD "mode: none\nversion: x\nmax_age: x\nmode: x\n", { MX },
	    { { STS_NOTE_DOUBLED_KEY, 4, 5 } }, STS_MODE_ENFORCE, 86400 },
	{ "lines that are none",
	    GOOD "hello\n mx: a.example\nmx : a.example\n: a\n", { MX },
	    { { STS_NOTE_BAD_LINE, 4, 5 } }, STS_MODE_ENFORCE, 86400 },
	{ "keys that are none",
	    GOOD "_a: b\na b: c\n"
		 "a12345678901234567890123456789012: b\n",
	    { MX }, { { STS_NOTE_BAD_LINE, 3, 5 } }, STS_MODE_ENFORCE, 86400 },
	{ "the longest key", GOOD "a1234567890123456789012345678901: b\n",
	    { MX }, { { STS_NOTE_UNKNOWN_KEY, 1, 5 } }, STS_MODE_ENFORCE,
	    86400 },
	{ "values that are none", GOOD "a:\na: b\tc\na: \377\na: b\177\n",
	    { MX }, { { STS_NOTE_BAD_LINE, 4, 5 } }, STS_MODE_ENFORCE, 86400 },
	{ "CR inside of a line", GOOD "a: b\rmx: a.example\n", { MX },
	    { { STS_NOTE_BAD_LINE, 1, 5 } }, STS_MODE_ENFORCE, 86400 },
};

static void
check_notes(const struct sts_notes *notes, const struct row_note *expected,
    const char *mistake)
{
	for (int i = 0; i < STS_NOTES; i++) {
		unsigned times = 0, first = 0;

		for (size_t k = 0; k < NOTES_OF_ROW; k++)
			if (expected[k].times > 0 &&
			    (int)expected[k].note == i) {
				times = expected[k].times;
				first = expected[k].first;
			}
		ck_assert_msg(notes->of[i].times == times, "%s: %s: %u times",
		    mistake, sts_note_text((enum sts_note)i),
		    notes->of[i].times);
		ck_assert_msg(notes->of[i].first == first, "%s: %s: line %u",
		    mistake, sts_note_text((enum sts_note)i),
		    notes->of[i].first);
	}
}

START_TEST(files_that_are_read)
{
	const char *mistake = valid[_i].mistake, *file = valid[_i].file;
	struct sts_policy *policy;
	struct sts_notes notes;
	size_t i;

	ck_assert_msg(
	    parse(file, strlen(file), &policy, &notes) == STS_POLICY_VALID,
	    "%s", mistake);
	ck_assert_msg(policy->mode == valid[_i].mode, "%s", mistake);
	ck_assert_msg(policy->max_age == valid[_i].max_age, "%s", mistake);
	for (i = 0; i < MX_OF_ROW && valid[_i].mx[i] != NULL; i++) {
		ck_assert_msg(i < policy->mx_count, "%s", mistake);
		ck_assert_str_eq(policy->mx[i], valid[_i].mx[i]);
	}
	ck_assert_msg(
	    policy->mx_count == i, "%s: %zu", mistake, policy->mx_count);
	check_notes(&notes, valid[_i].note, mistake);
	ck_assert_uint_eq(policy->len, strlen(file));
	ck_assert_str_eq(policy->file, file);
	sts_policy_free(policy);
	/* The same where nobody wants notes. */
	ck_assert_int_eq(
	    parse(file, strlen(file), &policy, NULL), STS_POLICY_VALID);
	sts_policy_free(policy);
}
END_TEST

/* ---- files that are not ---- */

static const struct {
	const char *file;
	enum sts_policy_status status;
	struct row_note note[NOTES_OF_ROW];
} invalid[] = {
	{ "", STS_POLICY_NO_VERSION, { { 0, 0, 0 } } },
	{ "\357\273\277", STS_POLICY_NO_VERSION,
	    { { STS_NOTE_BYTE_ORDER_MARK, 1, 1 } } },
	{ "<!DOCTYPE html>\n<title>404: not found</title>\n",
	    STS_POLICY_NO_VERSION, { { STS_NOTE_BAD_LINE, 2, 1 } } },
	{ "mode: enforce\nmax_age: 86400\nmx: a.example\n",
	    STS_POLICY_NO_VERSION, { { 0, 0, 0 } } },
	{ "version: STSv1\nmax_age: 86400\nmx: a.example\n", STS_POLICY_NO_MODE,
	    { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: enforce\nmx: a.example\n",
	    STS_POLICY_NO_MAX_AGE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\n", STS_POLICY_NO_MAX_AGE,
	    { { 0, 0, 0 } } },

	/* values, all as they are written */
	{ "version: stsv1\nmode: enforce\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_VERSION, { { 0, 0, 0 } } },
	{ "version: STSv2\nmode: enforce\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_VERSION, { { 0, 0, 0 } } },
	{ "version: STSv1;\nmode: enforce\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_VERSION, { { 0, 0, 0 } } },
	{ "version:\nmode: enforce\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_VERSION, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: Enforce\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_MODE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: unknown\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_MODE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: enforced\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_MODE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode:\nmax_age: 1\nmx: a.example\n",
	    STS_POLICY_BAD_MODE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age:\n", STS_POLICY_BAD_MAX_AGE,
	    { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age: -1\n", STS_POLICY_BAD_MAX_AGE,
	    { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age: +1\n", STS_POLICY_BAD_MAX_AGE,
	    { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age: 1e5\n", STS_POLICY_BAD_MAX_AGE,
	    { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age: 86400s\n",
	    STS_POLICY_BAD_MAX_AGE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age: 86 400\n",
	    STS_POLICY_BAD_MAX_AGE, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: none\nmax_age: 0x10\n", STS_POLICY_BAD_MAX_AGE,
	    { { 0, 0, 0 } } },
	/* a bad one is not mended by a good one behind it */
	{ "version: STSv1\nmode: off\nmode: none\nmax_age: 1\n",
	    STS_POLICY_BAD_MODE, { { STS_NOTE_DOUBLED_KEY, 1, 3 } } },
	{ "version: x\nversion: STSv1\nmode: none\nmax_age: 1\n",
	    STS_POLICY_BAD_VERSION, { { STS_NOTE_DOUBLED_KEY, 1, 2 } } },
	{ "version: STSv1\nmode: none\nmax_age: x\nmax_age: 1\n",
	    STS_POLICY_BAD_MAX_AGE, { { STS_NOTE_DOUBLED_KEY, 1, 4 } } },

	/* nothing to match */
	{ HEAD, STS_POLICY_NO_MX, { { 0, 0, 0 } } },
	{ "version: STSv1\nmode: testing\nmax_age: 1\n", STS_POLICY_NO_MX,
	    { { 0, 0, 0 } } },
	{ HEAD "nmx: a.example\n",
	    STS_POLICY_NO_MX, /* lebenshilfe-neuwied.de */
	    { { STS_NOTE_UNKNOWN_KEY, 1, 4 } } },
	{ HEAD "mx:\n", STS_POLICY_NO_MX, { { STS_NOTE_MX_UNUSABLE, 1, 4 } } },
	{ HEAD "mx: 192.0.2.7\n", STS_POLICY_NO_MX,
	    { { STS_NOTE_MX_ADDRESS, 1, 4 } } },
	{ HEAD "mx: *\n", STS_POLICY_NO_MX,
	    { { STS_NOTE_MX_UNUSABLE, 1, 4 } } },
	{ HEAD "mx: hostname\n", STS_POLICY_NO_MX,
	    { { STS_NOTE_MX_UNUSABLE, 1, 4 } } },
	/* CR alone ends no line */
	{ "version: STSv1\rmode: none\rmax_age: 1\r", STS_POLICY_BAD_VERSION,
	    { { 0, 0, 0 } } },
	/* a mark twice is no mark */
	{ "\357\273\277\357\273\277version: STSv1\nmode: none\nmax_age: 1\n",
	    STS_POLICY_NO_VERSION,
	    { { STS_NOTE_BYTE_ORDER_MARK, 1, 1 },
		{ STS_NOTE_BAD_LINE, 1, 1 } } },
	/* UTF-16 */
	{ "\377\376v\1e\1r\1s\1i\1o\1n\1:\1", STS_POLICY_NO_VERSION,
	    { { STS_NOTE_BAD_LINE, 1, 1 } } },
};

START_TEST(files_that_are_not_read)
{
	const char *file = invalid[_i].file;
	struct sts_policy *policy;
	struct sts_notes notes;
	const enum sts_policy_status status =
	    parse(file, strlen(file), &policy, &notes);

	ck_assert_msg(status == invalid[_i].status, "%s: %s", file,
	    sts_policy_status_text(status));
	check_notes(&notes, invalid[_i].note, file);
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
	static const struct {
		const char *file;
		size_t len;
		enum sts_policy_status status;
		size_t mx_count;
	} rows[] = {
		{ GOOD "a: b\0c\nmx: a.example\n",
		    sizeof(GOOD "a: b\0c\nmx: a.example\n") - 1,
		    STS_POLICY_VALID, 2 },
		{ HEAD "mx: a.example\0.b\n",
		    sizeof(HEAD "mx: a.example\0.b\n") - 1, STS_POLICY_NO_MX,
		    0 },
		{ "version: STSv1\0\nmode: none\nmax_age: 1\n",
		    sizeof("version: STSv1\0\nmode: none\nmax_age: 1\n") - 1,
		    STS_POLICY_BAD_VERSION, 0 },
		{ "version: STSv1\nmode: none\0x\nmax_age: 1\n",
		    sizeof("version: STSv1\nmode: none\0x\nmax_age: 1\n") - 1,
		    STS_POLICY_BAD_MODE, 0 },
		{ "version: STSv1\nmode: none\nmax_age: 1\0002\n",
		    sizeof("version: STSv1\nmode: none\nmax_age: 1\0002\n") - 1,
		    STS_POLICY_BAD_MAX_AGE, 0 },
		{ "version\0: STSv1\nmode: none\nmax_age: 1\n",
		    sizeof("version\0: STSv1\nmode: none\nmax_age: 1\n") - 1,
		    STS_POLICY_NO_VERSION, 0 },
	};
	struct sts_policy *policy;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_int_eq(
		    parse(rows[i].file, rows[i].len, &policy, NULL),
		    rows[i].status);
		if (policy == NULL)
			continue;
		ck_assert_uint_eq(policy->mx_count, rows[i].mx_count);
		ck_assert_uint_eq(policy->len, rows[i].len);
		ck_assert_mem_eq(policy->file, rows[i].file, rows[i].len);
		sts_policy_free(policy);
	}
}
END_TEST

/* ---- sizes ---- */

/* GOOD, and one line that makes it @len octets long. */
static char *
file_of(size_t len)
{
	char *file = malloc(len + 1);
	const size_t used = strlen(GOOD "a: ");

	ck_assert_ptr_nonnull(file);
	memset(file, 'x', len);
	memcpy(file, GOOD "a: ", used);
	file[len] = '\0';
	return file;
}

START_TEST(sixty_four_kibibytes_and_no_more)
{
	static const struct {
		size_t len;
		enum sts_policy_status status;
	} rows[] = { { 65535, STS_POLICY_VALID }, { 65536, STS_POLICY_VALID },
		{ 65537, STS_POLICY_TOO_LONG },
		{ 1000000, STS_POLICY_TOO_LONG } };
	struct sts_policy *policy;
	struct sts_notes notes;

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *file = file_of(rows[i].len);

		ck_assert_int_eq(
		    parse(file, rows[i].len, &policy, &notes), rows[i].status);
		ck_assert_uint_eq(notes.of[STS_NOTE_UNKNOWN_KEY].times,
		    rows[i].status == STS_POLICY_VALID);
		sts_policy_free(policy);
		free(file);
	}
}
END_TEST

/* As many as fit, each of them twice. */
START_TEST(thousands_of_patterns)
{
	const size_t count = 2500;
	char *file = malloc(STS_POLICY_MAX + 1);
	struct sts_policy *policy;
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = (size_t)snprintf(file, STS_POLICY_MAX, "%s", HEAD);
	for (size_t i = 0; i < 2 * count; i++)
		len += (size_t)snprintf(file + len, STS_POLICY_MAX + 1 - len,
		    "mx: m%zu.x\n", (i * 7919) % count);
	ck_assert_uint_le(len, STS_POLICY_MAX);
	ck_assert_int_eq(parse(file, len, &policy, NULL), STS_POLICY_VALID);
	ck_assert_uint_eq(policy->mx_count, count);
	for (size_t i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "m%zu.x", (i * 7919) % count);
		ck_assert_str_eq(policy->mx[i], name);
	}
	sts_policy_free(policy);
	free(file);
}
END_TEST

/* Strangers' files are read in the one loop there is. */
START_TEST(so_many_that_are_not_ascii)
{
	char *file = malloc(STS_POLICY_MAX + 1);
	struct sts_policy *policy;
	struct sts_notes notes;
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = (size_t)snprintf(file, STS_POLICY_MAX, "%s", HEAD);
	for (unsigned i = 0; i < STS_UNICODE_MAX + 3; i++)
		len += (size_t)snprintf(file + len, STS_POLICY_MAX + 1 - len,
		    "mx: b\303\274%u.example\n", i);
	len += (size_t)snprintf(
	    file + len, STS_POLICY_MAX + 1 - len, "mx: last.example\n");
	ck_assert_int_eq(parse(file, len, &policy, &notes), STS_POLICY_VALID);
	ck_assert_uint_eq(policy->mx_count, STS_UNICODE_MAX + 1);
	ck_assert_str_eq(policy->mx[STS_UNICODE_MAX], "last.example");
	ck_assert_uint_eq(notes.of[STS_NOTE_MX_UNICODE].times, STS_UNICODE_MAX);
	ck_assert_uint_eq(notes.of[STS_NOTE_MX_MANY_UNICODE].times, 3);
	ck_assert_uint_eq(
	    notes.of[STS_NOTE_MX_MANY_UNICODE].first, 4 + STS_UNICODE_MAX);
	sts_policy_free(policy);
	free(file);
}
END_TEST

/* ---- hosts ---- */

START_TEST(any_of_the_patterns_allows)
{
	static const char file[] =
	    HEAD "mx: mx.example.org\nmx: *.example.net\n";
	struct sts_policy *policy;

	ck_assert_int_eq(
	    parse(file, strlen(file), &policy, NULL), STS_POLICY_VALID);
	ck_assert(sts_policy_allows(policy, "mx.example.org"));
	ck_assert(sts_policy_allows(policy, "a.example.net"));
	ck_assert(!sts_policy_allows(policy, "a.b.example.net"));
	ck_assert(!sts_policy_allows(policy, "evil.example"));
	sts_policy_free(policy);
}
END_TEST

START_TEST(no_pattern_allows_nothing)
{
	static const char file[] = "version: STSv1\nmode: none\nmax_age: 1\n";
	struct sts_policy *policy;

	ck_assert_int_eq(
	    parse(file, strlen(file), &policy, NULL), STS_POLICY_VALID);
	ck_assert(!sts_policy_allows(policy, "mx.example.org"));
	sts_policy_free(policy);
	sts_policy_free(NULL);
}
END_TEST

START_TEST(lines_one_by_one)
{
	static const char file[] = "\357\273\277a: b \t\r\n\r\n\t\nc\rd\n\ne";
	static const char *const lines_of_it[] = { "a: b", "", "", "c\rd", "",
		"e" };
	struct sts_lines lines;
	const char *line;
	size_t len;

	sts_lines_begin(&lines, file, sizeof(file) - 1);
	for (size_t i = 0; i < COUNT(lines_of_it); i++) {
		ck_assert(sts_lines_next(&lines, &line, &len));
		ck_assert_uint_eq(len, strlen(lines_of_it[i]));
		ck_assert_mem_eq(line, lines_of_it[i], len);
		ck_assert_uint_eq(lines.number, i + 1);
	}
	ck_assert(!sts_lines_next(&lines, &line, &len));
}
END_TEST

START_TEST(everything_has_a_text)
{
	for (int i = STS_POLICY_NO_MEMORY; i <= STS_POLICY_NO_MX; i++)
		ck_assert_uint_gt(
		    strlen(sts_policy_status_text((enum sts_policy_status)i)),
		    0);
	for (int i = 0; i < STS_NOTES; i++)
		ck_assert_uint_gt(strlen(sts_note_text((enum sts_note)i)), 0);
	ck_assert_str_eq(sts_mode_text(STS_MODE_UNKNOWN), "unknown");
}
END_TEST

TEST_MAIN("sts_policy")
{
	TCase *tc = add_case(suite, "sts_policy");

	add_rows(tc, files_that_are_read, valid);
	add_rows(tc, files_that_are_not_read, invalid);
	tcase_add_test(tc, a_nul_ends_nothing);
	tcase_add_test(tc, sixty_four_kibibytes_and_no_more);
	tcase_add_test(tc, thousands_of_patterns);
	tcase_add_test(tc, so_many_that_are_not_ascii);
	tcase_add_test(tc, any_of_the_patterns_allows);
	tcase_add_test(tc, no_pattern_allows_nothing);
	tcase_add_test(tc, lines_one_by_one);
	tcase_add_test(tc, everything_has_a_text);
}
