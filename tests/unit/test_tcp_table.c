/*
 * The tcp_table codec, byte by byte.
 */

#include "wire/table/tcp_table.h"

#include <stdlib.h>
#include <string.h>

#include "codec_fixture.h"
#include "test_main.h"

#define LINE_MAX_OCTETS 4096 /* tcp_table(5) */

/* ---- requests ---- */

static const struct {
	const char *bytes;
	size_t len;
	const char *key;
	size_t key_len;
} requests[] = {
	{ OCTETS("get example.org\n"), OCTETS("example.org") },
	{ OCTETS("get Example.ORG\n"), OCTETS("Example.ORG") },
	{ OCTETS("get [mx.example.org]:587\n"),
	    OCTETS("[mx.example.org]:587") },
	{ OCTETS("get \n"), OCTETS("") },
	{ OCTETS("get a b\n"), OCTETS("a b") },
	/* Line ends at LF; a CR is the key's. */
	{ OCTETS("get a\r\n"), OCTETS("a\r") },
	/* escapes, both cases, first and last */
	{ OCTETS("get sp%20ace%25.x\n"), OCTETS("sp ace%.x") },
	{ OCTETS("get %41%5a%6A%7e\n"), OCTETS("AZj~") },
	{ OCTETS("get b%C3%BCcher.example\n"),
	    OCTETS("b\303\274cher.example") },
	{ OCTETS("get a%0ab%0D\n"), OCTETS("a\nb\r") },
	{ OCTETS("get a%00b\n"), OCTETS("a\0b") },
	{ OCTETS("get a\0b\377\n"), OCTETS("a\0b\377") },
	/* Decoded once only. */
	{ OCTETS("get %2541\n"), OCTETS("%41") },
	{ OCTETS("get %25\n"), OCTETS("%") },
};

START_TEST(request_is_complete_only_at_its_newline)
{
	struct protocol_request request = { 0 };
	char *copy;

	assert_more(tcp_table_parse, requests[_i].bytes, requests[_i].len);
	copy = exactly(requests[_i].bytes, requests[_i].len);
	ck_assert_int_eq(tcp_table_parse(copy, requests[_i].len, MAX, &request),
	    PROTOCOL_REQUEST);
	ck_assert_uint_eq(request.consumed, requests[_i].len);
	ck_assert_ptr_null(request.map);
	ck_assert_uint_eq(request.key_len, requests[_i].key_len);
	ck_assert_mem_eq(request.key, requests[_i].key, request.key_len);
	free(copy);
}
END_TEST

/* Decoding happens in place: it must leave the next request alone. */
START_TEST(what_follows_is_untouched)
{
	static const char next[] = "get %41%42\n";
	struct protocol_request request = { 0 };
	char bytes[128];

	memcpy(bytes, requests[_i].bytes, requests[_i].len);
	memcpy(bytes + requests[_i].len, next, sizeof(next) - 1);
	ck_assert_int_eq(
	    tcp_table_parse(
		bytes, requests[_i].len + sizeof(next) - 1, MAX, &request),
	    PROTOCOL_REQUEST);
	ck_assert_uint_eq(request.consumed, requests[_i].len);
	ck_assert_mem_eq(bytes + requests[_i].len, next, sizeof(next) - 1);
}
END_TEST

/* ---- what is no request ---- */

static const struct {
	const char *bytes;
	size_t len;
	const char *why;
} bad[] = {
	/* seen before its line ends: there may be none */
	{ OCTETS("\n"), "get SPACE KEY" },
	{ OCTETS("g\n"), "get SPACE KEY" },
	{ OCTETS("get\n"), "get SPACE KEY" },
	{ OCTETS("get\t"), "get SPACE KEY" },
	{ OCTETS("gete"), "get SPACE KEY" },
	{ OCTETS("G"), "get SPACE KEY" },
	{ OCTETS(" "), "get SPACE KEY" },
	{ OCTETS("p"), "get SPACE KEY" },
	{ OCTETS("\0"), "get SPACE KEY" },
	{ OCTETS("1"), "get SPACE KEY" },
	{ OCTETS("get %\n"), "escape" },
	{ OCTETS("get %4\n"), "escape" },
	{ OCTETS("get a%4\n"), "escape" },
	{ OCTETS("get %g0\n"), "escape" },
	{ OCTETS("get %0g\n"), "escape" },
	{ OCTETS("get %%41\n"), "escape" },
	{ OCTETS("get % 41\n"), "escape" },
	{ OCTETS("get %-1\n"), "escape" },
	{ OCTETS("get %+1\n"), "escape" },
	{ OCTETS("get %x1\n"), "escape" },
	{ OCTETS("get %\0001\n"), "escape" },
	{ OCTETS("get ok%41%4\n"), "escape" },
};

START_TEST(bad_as_soon_as_it_can_be_no_request)
{
	assert_bad(tcp_table_parse, bad[_i].bytes, bad[_i].len, bad[_i].why);
}
END_TEST

/* An escape that the end of the line cuts must not eat the next line. */
START_TEST(escape_ends_with_its_line)
{
	struct protocol_request request = { 0 };
	char bytes[] = "get a%4\n1\n";

	ck_assert_int_eq(
	    tcp_table_parse(bytes, sizeof(bytes) - 1, MAX, &request),
	    PROTOCOL_BAD);
}
END_TEST

/* ---- limits ---- */

START_TEST(longest_request_passes_and_one_more_octet_does_not)
{
	static char bytes[MAX + 2];
	struct protocol_request request = { 0 };

	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, "get ", 4);
	ck_assert_int_eq(
	    tcp_table_parse(bytes, MAX, MAX, &request), PROTOCOL_MORE);
	bytes[MAX] = '\n';
	ck_assert_int_eq(
	    tcp_table_parse(bytes, MAX + 1, MAX, &request), PROTOCOL_REQUEST);
	ck_assert_uint_eq(request.key_len, MAX - 4);

	/* Too long is seen without its newline, and with it. */
	bytes[MAX] = 'a';
	ck_assert_int_eq(
	    tcp_table_parse(bytes, MAX + 1, MAX, &request), PROTOCOL_BAD);
	ck_assert_ptr_nonnull(strstr(request.why, "too long"));
	bytes[MAX + 1] = '\n';
	ck_assert_int_eq(
	    tcp_table_parse(bytes, MAX + 2, MAX, &request), PROTOCOL_BAD);
	ck_assert_ptr_nonnull(strstr(request.why, "too long"));
}
END_TEST

static const char *
after_get(const char *copy, const struct protocol_request *request)
{
	(void)request;
	return copy + strlen("get ");
}

START_TEST(any_octet_is_survived)
{
	assert_any_octet_survived(
	    tcp_table_parse, requests[_i].bytes, requests[_i].len, after_get);
}
END_TEST

/* ---- replies ---- */

static const struct {
	struct protocol_reply reply;
	const char *bytes;
} replies[] = {
	{ { PROTOCOL_OK, "dane" }, "200 dane\n" },
	{ { PROTOCOL_OK, "dane-only" }, "200 dane-only\n" },
	{ { PROTOCOL_NOTFOUND, NULL }, "500 not found\n" },
	{ { PROTOCOL_NOTFOUND, "NOTFOUND" }, "500 not found\n" },
	{ { PROTOCOL_TEMP, "DNS of example.org: bogus" },
	    "400 DNS of example.org: bogus\n" },
	/* tcp_table knows no permanent error: Postfix must not take a
	 * protocol error for "not found". */
	{ { PROTOCOL_PERM, "too long" }, "400 too long\n" },
	/* A line stays a line. */
	{ { PROTOCOL_TEMP, "50%\r\nb\303\274\177" },
	    "400 50%25%0D%0Ab%C3%BC%7F\n" },
};

START_TEST(reply_is_formatted)
{
	assert_formatted(
	    tcp_table_format, &replies[_i].reply, replies[_i].bytes);
}
END_TEST

START_TEST(reply_fits_or_is_not_written)
{
	const size_t len = strlen(replies[_i].bytes);

	for (size_t size = 0; size < len + 8; size++) {
		char *out = malloc(size > 0 ? size : 1);
		size_t n;

		ck_assert_ptr_nonnull(out);
		n = tcp_table_format(&replies[_i].reply, out, size);
		ck_assert_msg(n == 0 || n == len, "size %zu: %zu", size, n);
		ck_assert_uint_le(n, size);
		/* It may want a little room for an escape, no more. */
		ck_assert(n == len || size < len + 4);
		free(out);
	}
}
END_TEST

START_TEST(longest_text_of_ours_fits)
{
	assert_longest_text_takes(tcp_table_format, 4 + 3000 + 1);
}
END_TEST

/* Postfix refuses a longer line, and tries ten times. */
START_TEST(line_has_at_most_4096_octets)
{
	static const char fill[] = { 'a', '%' };
	static char text[LINE_MAX_OCTETS + 100], out[2 * LINE_MAX_OCTETS];
	const struct protocol_reply reply = { PROTOCOL_OK, text };
	size_t longest = 0;

	for (size_t i = 0; i < sizeof(fill); i++)
		for (size_t len = 1; len < sizeof(text); len++) {
			size_t n;

			memset(text, fill[i], len);
			text[len] = '\0';
			memset(out, 'Z', sizeof(out));
			n = tcp_table_format(&reply, out, sizeof(out));
			ck_assert_uint_le(n, LINE_MAX_OCTETS);
			ck_assert_int_eq(out[LINE_MAX_OCTETS], 'Z');
			if (n > longest)
				longest = n;
		}
	ck_assert_uint_ge(longest, LINE_MAX_OCTETS - 4);
}
END_TEST

TEST_MAIN("tcp_table")
{
	TCase *tc = add_case(suite, "codec");

	add_rows(tc, request_is_complete_only_at_its_newline, requests);
	add_rows(tc, what_follows_is_untouched, requests);
	add_rows(tc, bad_as_soon_as_it_can_be_no_request, bad);
	tcase_add_test(tc, escape_ends_with_its_line);
	tcase_add_test(tc, longest_request_passes_and_one_more_octet_does_not);
	add_rows(tc, any_octet_is_survived, requests);
	add_rows(tc, reply_is_formatted, replies);
	add_rows(tc, reply_fits_or_is_not_written, replies);
	tcase_add_test(tc, longest_text_of_ours_fits);
	tcase_add_test(tc, line_has_at_most_4096_octets);
}
