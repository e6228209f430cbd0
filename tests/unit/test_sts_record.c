/*
 * The TXT record at _mta-sts.DOMAIN (RFC 8461 section 3.1): a row for each line
 * of its grammar, and for what people have published.
 */

#include "sts/sts_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test_main.h"

#define RECORDS_MAX 8
#define STRING_MAX 255

#define NONE STS_RECORD_NONE
#define SEVERAL STS_RECORD_SEVERAL
#define SYNTAX STS_RECORD_SYNTAX
#define NO_ID STS_RECORD_NO_ID
#define BAD_ID STS_RECORD_BAD_ID
#define FOUND STS_RECORD_FOUND

#define NAME32 "a_-.0123456789012345678901234567"
#define ID32 "20160831085700Z0AZaz999999999999"

/* Each RDATA is a block of its own, so that a sanitizer sees what is read past
 * its end. */
struct rrset {
	struct dns_rdata rdata[RECORDS_MAX];
	size_t count;
};

static void
add_raw(struct rrset *set, const void *data, size_t len)
{
	uint8_t *copy = malloc(len != 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_lt(set->count, RECORDS_MAX);
	memcpy(copy, data, len);
	set->rdata[set->count++] =
	    (struct dns_rdata){ .data = copy, .len = len };
}

/* A record of strings of @piece octets each. */
static void
add(struct rrset *set, const char *text, size_t piece)
{
	uint8_t wire[4096];
	size_t used = 0, left = strlen(text);

	do {
		const size_t len = left < piece ? left : piece;

		ck_assert_uint_le(used + 1 + len, sizeof(wire));
		wire[used++] = (uint8_t)len;
		memcpy(wire + used, text, len);
		used += len;
		text += len;
		left -= len;
	} while (left > 0);
	add_raw(set, wire, used);
}

static void
rrset_clear(struct rrset *set)
{
	for (size_t i = 0; i < set->count; i++)
		free((void *)(uintptr_t)set->rdata[i].data);
	memset(set, 0, sizeof(*set));
}

static enum sts_record_status
parse(const struct rrset *set, char id[STS_ID_MAX])
{
	memset(id, 'x', STS_ID_MAX);
	return sts_record_parse(set->rdata, set->count, id);
}

/* ---- one record ---- */

static const struct {
	const char *text;
	enum sts_record_status status;
	const char *id; /* NULL: "" */
} records[] = {
	/* v=STSv1 1*(delim field) [delim] */
	{ "v=STSv1; id=20160831085700Z;", FOUND, "20160831085700Z" },
	{ "v=STSv1; id=20160831085700Z", FOUND, "20160831085700Z" },
	{ "v=STSv1;id=1", FOUND, "1" },
	{ "v=STSv1;", SYNTAX, NULL },
	{ "v=STSv1; ", SYNTAX, NULL },
	{ "v=STSv1", NONE, NULL },
	{ "", NONE, NULL },
	/* v first, as it is written */
	{ "id=1; v=STSv1;", NONE, NULL },
	{ " v=STSv1; id=1", NONE, NULL },
	{ "V=STSv1; id=1", NONE, NULL },
	{ "v=stsv1; id=1", NONE, NULL },
	{ "v=STSV1; id=1", NONE, NULL },
	{ "v=STSv2; id=1", NONE, NULL },
	{ "v=STSv11; id=1", NONE, NULL },
	{ "v=STSv; id=1", NONE, NULL },
	{ "v = STSv1; id=1", NONE, NULL },
	{ "v=STSv1, id=1", NONE, NULL },
	{ "v=STSv1 id=1;", NONE, NULL },
	{ "v=spf1 -all", NONE, NULL },
	/* delim = *WSP ";" *WSP */
	{ "v=STSv1 ;id=1", FOUND, "1" },
	{ "v=STSv1 \t ; \t id=1 \t ; \t ", FOUND, "1" },
	{ "v=STSv1;id=1;", FOUND, "1" },
	{ "v=STSv1;;id=1", SYNTAX, NULL },
	{ "v=STSv1; id=1;;", SYNTAX, NULL },
	{ "v=STSv1; id=1 ", SYNTAX, NULL },
	{ "v=STSv1; id=1\n", SYNTAX, NULL },
	{ "v=STSv1;\nid=1", SYNTAX, NULL },
	{ "v=STSv1; id=1 a=2", SYNTAX, NULL },
	{ "v=STSv1; id=1, a=2", SYNTAX, NULL },
	/* id = 1*32(ALPHA / DIGIT) */
	{ "v=STSv1; id=" ID32, FOUND, ID32 },
	{ "v=STSv1; id=" ID32 "3", BAD_ID, NULL },
	{ "v=STSv1; id=", SYNTAX, NULL },
	{ "v=STSv1; id=;", SYNTAX, NULL },
	{ "v=STSv1; id", SYNTAX, NULL },
	{ "v=STSv1; id =1", SYNTAX, NULL },
	{ "v=STSv1; id= 1", SYNTAX, NULL },
	{ "v=STSv1; id=2020-01-01", BAD_ID, NULL },
	{ "v=STSv1; id=20200101T000000+0200", BAD_ID, NULL },
	{ "v=STSv1; id=a_b", BAD_ID, NULL },
	{ "v=STSv1; id=a=b", SYNTAX, NULL },
	{ "v=STSv1; id=\"1\"", BAD_ID, NULL },
	{ "v=STSv1; id=b\303\274", SYNTAX, NULL },
	{ "v=STSv1; ID=1", NO_ID, NULL },
	{ "v=STSv1; Id=1", NO_ID, NULL },
	/* ext = name "=" value: unknown ones are passed over */
	{ "v=STSv1; a=b", NO_ID, NULL },
	{ "v=STSv1; a=b; id=1; c=d", FOUND, "1" },
	{ "v=STSv1; " NAME32 "=x; id=1", FOUND, "1" },
	{ "v=STSv1; " NAME32 "8=x; id=1", SYNTAX, NULL },
	{ "v=STSv1; _a=x; id=1", SYNTAX, NULL },
	{ "v=STSv1; a+=x; id=1", SYNTAX, NULL },
	{ "v=STSv1; =x; id=1", SYNTAX, NULL },
	{ "v=STSv1; a; id=1", SYNTAX, NULL },
	{ "v=STSv1; a=!~:<>,{}; id=1", FOUND, "1" },
	{ "v=STSv1; a=x y; id=1", SYNTAX, NULL },
	{ "v=STSv1; a=x=y; id=1", SYNTAX, NULL },
	{ "v=STSv1; a=x\177; id=1", SYNTAX, NULL },
	{ "v=STSv1; idx=1", NO_ID, NULL },
	{ "v=STSv1; i=1", NO_ID, NULL },
	/* of the same name the first counts */
	{ "v=STSv1; id=1; id=2", FOUND, "1" },
	{ "v=STSv1; id=1; id=a-b", FOUND, "1" },
	{ "v=STSv1; id=a-b; id=1", BAD_ID, NULL },
	{ "v=STSv1; id=1; id=", SYNTAX, NULL },
	{ "v=STSv1; id=1; v=STSv2", FOUND, "1" },
	/* what is wrong behind the id counts, too */
	{ "v=STSv1; id=1; a", SYNTAX, NULL },
};

START_TEST(one_record)
{
	char id[STS_ID_MAX];

	/* In strings of any length, which are joined without a blank. */
	for (size_t piece = 1; piece <= STRING_MAX; piece += 1 + piece / 2) {
		struct rrset set = { .count = 0 };

		add(&set, records[_i].text, piece);
		ck_assert_msg(parse(&set, id) == records[_i].status,
		    "%s in strings of %zu: %d", records[_i].text, piece,
		    (int)parse(&set, id));
		ck_assert_str_eq(
		    id, records[_i].id != NULL ? records[_i].id : "");
		rrset_clear(&set);
	}
}
END_TEST

/* ---- several ---- */

static const struct {
	const char *mistake;
	const char *text[4];
	enum sts_record_status status;
	const char *id;
} sets[] = {
	{ "no record is one", { NULL }, NONE, "" },
	{ "other records are counted",
	    { "v=spf1 -all", "v=STSv1; id=1", "hello" }, FOUND, "1" },
	{ "the first of two is taken", { "v=STSv1; id=1", "v=STSv1; id=2" },
	    SEVERAL, "" },
	{ "the same twice is one", { "v=STSv1; id=1", "v=STSv1; id=1" },
	    SEVERAL, "" },
	{ "one of two that breaks the grammar is passed over",
	    { "v=STSv1; id=1", "v=STSv1; id=" }, SEVERAL, "" },
	{ "the same, the other way round", { "v=STSv1;", "v=STSv1; id=1" },
	    SEVERAL, "" },
	{ "what does not begin rightly is counted",
	    { "v=STSv1", "v=STSv1; id=1", "v=STSv2; id=2" }, FOUND, "1" },
};

START_TEST(exactly_one_is_left)
{
	struct rrset set = { .count = 0 };
	char id[STS_ID_MAX];

	for (size_t i = 0; sets[_i].text[i] != NULL; i++)
		add(&set, sets[_i].text[i], STRING_MAX);
	ck_assert_msg(
	    parse(&set, id) == sets[_i].status, "%s", sets[_i].mistake);
	ck_assert_str_eq(id, sets[_i].id);
	rrset_clear(&set);
}
END_TEST

/* ---- RDATA ---- */

#define WITH_LEN(octets) octets, sizeof(octets) - 1

static const struct {
	const char *mistake;
	const char *octets;
	size_t len;
	enum sts_record_status status;
} raw[] = {
	{ "whole", WITH_LEN("\x0cv=STSv1;id=1"), FOUND },
	{ "empty strings divide", WITH_LEN("\0\0\x08v=STSv1;\0\0\x04id=1\0"),
	    FOUND },
	{ "no RDATA at all", WITH_LEN(""), NONE },
	{ "nothing but an empty string", WITH_LEN("\0"), NONE },
	{ "the last string runs over the end", WITH_LEN("\x0dv=STSv1;id=1"),
	    NONE },
	{ "a string begins where the RDATA ends",
	    WITH_LEN("\x0cv=STSv1;id=1\x01"), NONE },
	{ "a NUL ends the record", WITH_LEN("\x0ev=STSv1;id=1\0a"), SYNTAX },
	{ "a NUL ends the version", WITH_LEN("\x0dv=STSv1\0;id=1"), NONE },
};

START_TEST(strings_end_where_the_rdata_does)
{
	struct rrset set = { .count = 0 };
	char id[STS_ID_MAX];

	add_raw(&set, raw[_i].octets, raw[_i].len);
	ck_assert_msg(parse(&set, id) == raw[_i].status, "%s", raw[_i].mistake);
	ck_assert_str_eq(id, raw[_i].status == FOUND ? "1" : "");
	/* Beside a good one what is malformed does not count. */
	if (raw[_i].status == NONE) {
		add(&set, "v=STSv1; id=2", STRING_MAX);
		ck_assert_int_eq(parse(&set, id), FOUND);
		ck_assert_str_eq(id, "2");
	}
	rrset_clear(&set);
}
END_TEST

START_TEST(every_status_has_a_text)
{
	for (int i = STS_RECORD_NONE; i <= STS_RECORD_FOUND; i++)
		ck_assert_uint_gt(
		    strlen(sts_record_status_text((enum sts_record_status)i)),
		    0);
}
END_TEST

TEST_MAIN("sts_record")
{
	TCase *tc = add_case(suite, "sts_record");

	add_rows(tc, one_record, records);
	add_rows(tc, exactly_one_is_left, sets);
	add_rows(tc, strings_end_where_the_rdata_does, raw);
	tcase_add_test(tc, every_status_has_a_text);
}
