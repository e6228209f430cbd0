/*
 * The values of "mx" lines (RFC 8461 section 3.2), and the hosts that they
 * allow (section 4.1).
 */

#include "sts/mx_pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"

#include "test_main.h"

#define LABEL63                                                                \
	"a23456789012345678901234567890123456789012345678901234567890123"
/* 253 octets: the longest name of a host. */
#define LABEL49 "b234567890123456789012345678901234567890123456789"
#define LONGEST LABEL63 "." LABEL63 "." LABEL63 "." LABEL49 ".example.net"

#define READ MX_PATTERN_READ
#define NONE MX_PATTERN_UNUSABLE
#define ADDRESS MX_PATTERN_ADDRESS
#define PLAIN                                                                  \
	{                                                                      \
		false, false, false                                            \
	}
#define DOT                                                                    \
	{                                                                      \
		true, false, false                                             \
	}
#define UNICODE                                                                \
	{                                                                      \
		false, true, false                                             \
	}
#define UNDERSCORE                                                             \
	{                                                                      \
		false, false, true                                             \
	}

static const struct {
	const char *value;
	enum mx_pattern_status status;
	const char *pattern; /* NULL: "" */
	struct mx_pattern_leniency leniency;
} values[] = {
	/* the grammar: Domain, or "*." and Domain */
	{ "mx1.example.org", READ, "mx1.example.org", PLAIN },
	{ "*.example.net", READ, "*.example.net", PLAIN },
	{ "MX1.Example.ORG", READ, "mx1.example.org", PLAIN },
	{ "*.EXAMPLE.net", READ, "*.example.net", PLAIN },
	{ "a-b.1x.example", READ, "a-b.1x.example", PLAIN },
	{ "xn--bcher-kva.example", READ, "xn--bcher-kva.example", PLAIN },
	{ "localhost", READ, "localhost", PLAIN },
	{ "*.example", READ, "*.example", PLAIN },
	{ LONGEST, READ, LONGEST, PLAIN },
	{ "*." LONGEST, READ, "*." LONGEST, PLAIN },

	/* read all the same */
	{ "mx1.example.org.", READ, "mx1.example.org", DOT },
	{ "*.example.net.", READ, "*.example.net", DOT },
	{ "mx_1.example.org", READ, "mx_1.example.org", UNDERSCORE },
	{ "mail.b\303\274cher.example", READ, "mail.xn--bcher-kva.example",
	    UNICODE },
	{ "*.B\303\234CHER.example", READ, "*.xn--bcher-kva.example", UNICODE },
	{ "mx.b\303\274cher_.example.", READ, "mx.xn--bcher_-3ya.example",
	    { true, true, true } },

	/* addresses */
	{ "192.0.2.7", ADDRESS, NULL, PLAIN },
	{ "192.0.2.7.", ADDRESS, NULL, DOT },
	{ "[192.0.2.7]", ADDRESS, NULL, PLAIN },
	{ "2001:db8::7", ADDRESS, NULL, PLAIN },
	{ "[2001:db8::7]", ADDRESS, NULL, PLAIN },
	{ "::ffff:192.0.2.7", ADDRESS, NULL, PLAIN },

	/* no patterns */
	{ "", NONE, NULL, PLAIN },
	{ ".", NONE, NULL, DOT },
	{ "..", NONE, NULL, DOT },
	{ "*", NONE, NULL, PLAIN },
	{ "*.", NONE, NULL, DOT },
	{ "*..", NONE, NULL, DOT },
	{ ".example.net", NONE, NULL, PLAIN },
	{ "*..example.net", NONE, NULL, PLAIN },
	{ "*.*.example.net", NONE, NULL, PLAIN },
	{ "**.example.net", NONE, NULL, PLAIN },
	{ "*mx.example.net", NONE, NULL, PLAIN },
	{ "mx*.example.net", NONE, NULL, PLAIN },
	{ "mx.*.example.net", NONE, NULL, PLAIN },
	{ "mx..example.net", NONE, NULL, PLAIN },
	{ "mx.example.net..", NONE, NULL, DOT },
	{ "-mx.example.net", NONE, NULL, PLAIN },
	{ "mx-.example.net", NONE, NULL, PLAIN },
	{ "mx example.net", NONE, NULL, PLAIN },
	{ "a.example,b.example", NONE, NULL, PLAIN },
	{ "a.example:b.example", NONE, NULL, PLAIN },
	{ "mx.example.net:25", NONE, NULL, PLAIN },
	{ "a.example;", NONE, NULL, PLAIN },
	{ "\"mx.example.net\"", NONE, NULL, PLAIN },
	{ "<mx.example.net>", NONE, NULL, PLAIN },
	{ "mx.example.net{", NONE, NULL, PLAIN },
	{ "mx/a.example.net", NONE, NULL, PLAIN },
	{ "10 mx.example.net", NONE, NULL, PLAIN },
	/* an escape of zone files: not the letter a */
	{ "\\097.example.net", NONE, NULL, PLAIN },
	{ "\\a.example.net", NONE, NULL, PLAIN },
	{ "b\303\274\\097.example", NONE, NULL, PLAIN },
	{ "1.2.3", NONE, NULL, PLAIN },
	{ "12345", NONE, NULL, PLAIN },
	{ "*.192.0.2.7", NONE, NULL, PLAIN },
	{ "192.0.2.999", NONE, NULL, PLAIN },
	{ LONGEST "s", NONE, NULL, PLAIN },
	{ "*." LONGEST "s", NONE, NULL, PLAIN },
	{ "a" LABEL63 ".example", NONE, NULL, PLAIN },
	{ "mx.b\377cher.example", NONE, NULL, UNICODE },
	{ "mx.b\303.example", NONE, NULL, UNICODE },
	/* in digits of another script: what they become is an address */
	{ "\357\274\221\357\274\222.0.2.7", NONE, NULL, UNICODE },

	/* what match= takes for something else */
	{ "hostname", NONE, NULL, PLAIN },
	{ "HostName", NONE, NULL, PLAIN },
	{ "nexthop", NONE, NULL, PLAIN },
	{ "dot-nexthop", NONE, NULL, PLAIN },
	{ "hostname.", NONE, NULL, DOT },
	{ "*.hostname", READ, "*.hostname", PLAIN },
	{ "hostname.example", READ, "hostname.example", PLAIN },
};

/* In memory of exactly that size: it is not terminated. */
static enum mx_pattern_status
read_value(const char *value, size_t len, char pattern[MX_PATTERN_MAX],
    struct mx_pattern_leniency *leniency)
{
	char *copy = malloc(len > 0 ? len : 1);
	enum mx_pattern_status status;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, value, len);
	memset(pattern, 'x', MX_PATTERN_MAX);
	memset(leniency, 0xff, sizeof(*leniency));
	status = mx_pattern_read(copy, len, pattern, leniency);
	free(copy);
	return status;
}

START_TEST(values_become_patterns)
{
	struct mx_pattern_leniency leniency;
	const char *value = values[_i].value;
	char pattern[MX_PATTERN_MAX];

	ck_assert_msg(read_value(value, strlen(value), pattern, &leniency) ==
			  values[_i].status,
	    "%s: %s", value, pattern);
	ck_assert_str_eq(
	    pattern, values[_i].pattern != NULL ? values[_i].pattern : "");
	ck_assert_msg(leniency.dot == values[_i].leniency.dot, "%s", value);
	ck_assert_msg(
	    leniency.unicode == values[_i].leniency.unicode, "%s", value);
	ck_assert_msg(
	    leniency.underscore == values[_i].leniency.underscore, "%s", value);
}
END_TEST

START_TEST(octets_that_end_no_text)
{
	static const struct {
		const char *value;
		size_t len;
	} rows[] = {
		{ "mx.example.org\0.evil.example", 28 },
		{ "mx.example.org\0", 15 },
		{ "\0", 1 },
		{ "mx.example.org\r", 15 },
		{ "mx.exam\nple.org", 15 },
		{ "mx.example\t.org", 15 },
	};
	struct mx_pattern_leniency leniency;
	char pattern[MX_PATTERN_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_int_eq(
		    read_value(rows[i].value, rows[i].len, pattern, &leniency),
		    MX_PATTERN_UNUSABLE);
		ck_assert_str_eq(pattern, "");
	}
}
END_TEST

START_TEST(only_the_length_counts)
{
	struct mx_pattern_leniency leniency;
	char pattern[MX_PATTERN_MAX];

	ck_assert_int_eq(
	    mx_pattern_read("mx.example.org and more", 14, pattern, &leniency),
	    MX_PATTERN_READ);
	ck_assert_str_eq(pattern, "mx.example.org");
}
END_TEST

/* Whatever the length, of either kind. */
START_TEST(any_length_is_survived)
{
	struct mx_pattern_leniency leniency;
	char pattern[MX_PATTERN_MAX], *value = malloc(70000);

	ck_assert_ptr_nonnull(value);
	for (size_t len = 0; len < 70000; len = len * 5 / 4 + 1) {
		for (size_t i = 0; i < len; i++)
			value[i] = i % 60 == 59 ? '.' : 'a';
		ck_assert_int_eq(read_value(value, len, pattern, &leniency) ==
				     MX_PATTERN_READ,
		    len > 0 && len <= 253);
		for (size_t i = 0; i + 1 < len; i += 2)
			memcpy(value + i, "\303\274", 2);
		(void)read_value(value, len, pattern, &leniency);
	}
	free(value);
}
END_TEST

static const struct {
	const char *pattern, *host;
	bool allowed;
} hosts[] = {
	{ "mx.example.org", "mx.example.org", true },
	{ "mx.example.org", "mx2.example.org", false },
	{ "mx.example.org", "a.mx.example.org", false },
	{ "mx.example.org", "example.org", false },
	/* exactly one label */
	{ "*.example.org", "mx.example.org", true },
	{ "*.example.org", "a.b.example.org", false },
	{ "*.example.org", "example.org", false },
	{ "*.example.org", "mx.example.com", false },
	{ "*.example.org", "mxexample.org", false },
	{ "*.example.org", ".example.org", true },
	{ "*.example.org", "*.example.org", true },
	{ "*.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", false },
	/* a dot inside a label divides nothing */
	{ "*.example.org", "a\\.b.example.org", true },
	{ "*.b.example.org", "a\\.b.example.org", false },
	{ "*.org", "org", false },
	{ "*.org", "example.org", true },
	{ "*.org", ".", false },
	{ "org", ".", false },
	{ "*.org", "", false },
};

START_TEST(a_wildcard_is_one_label)
{
	ck_assert_msg(mx_pattern_allows(hosts[_i].pattern, hosts[_i].host) ==
			  hosts[_i].allowed,
	    "%s, %s", hosts[_i].pattern, hosts[_i].host);
}
END_TEST

TEST_MAIN("mx_pattern")
{
	TCase *tc = add_case(suite, "mx_pattern");

	add_rows(tc, values_become_patterns, values);
	tcase_add_test(tc, octets_that_end_no_text);
	tcase_add_test(tc, only_the_length_counts);
	tcase_add_test(tc, any_length_is_survived);
	add_rows(tc, a_wildcard_is_one_label, hosts);
}
