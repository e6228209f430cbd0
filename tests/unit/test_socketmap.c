/*
 * The socketmap codec, byte by byte.
 */

#include "wire/table/socketmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec_fixture.h"
#include "test_main.h"

/* ---- requests ---- */

static const struct {
	const char *bytes;
	size_t len;
	const char *map;
	size_t map_len;
	const char *key;
	size_t key_len;
} requests[] = {
	{ OCTETS("17:query example.org,"), OCTETS("query"),
	    OCTETS("example.org") },
	{ OCTETS("17:QUERY Example.ORG,"), OCTETS("QUERY"),
	    OCTETS("Example.ORG") },
	{ OCTETS("26:chain [mx.example.org]:587,"), OCTETS("chain"),
	    OCTETS("[mx.example.org]:587") },
	/* The first space ends the name; the key may hold more of them. */
	{ OCTETS("12:query a b  c,"), OCTETS("query"), OCTETS("a b  c") },
	{ OCTETS("7:query  ,"), OCTETS("query"), OCTETS(" ") },
	{ OCTETS("6:query ,"), OCTETS("query"), OCTETS("") },
	{ OCTETS("2: a,"), OCTETS(""), OCTETS("a") },
	{ OCTETS("1: ,"), OCTETS(""), OCTETS("") },
	/* What delimits a netstring is data inside of it. */
	{ OCTETS("10:q 3:q a,,:,"), OCTETS("q"), OCTETS("3:q a,,:") },
	{ OCTETS("9:q a\0b\n\r\377\t,"), OCTETS("q"),
	    OCTETS("a\0b\n\r\377\t") },
	{ OCTETS("19:q b\303\274cher.example  ,"), OCTETS("q"),
	    OCTETS("b\303\274cher.example  ") },
};

START_TEST(request_is_complete_only_at_its_comma)
{
	struct protocol_request request = { 0 };
	char *copy;

	assert_more(socketmap_parse, requests[_i].bytes, requests[_i].len);
	copy = exactly(requests[_i].bytes, requests[_i].len);
	ck_assert_int_eq(socketmap_parse(copy, requests[_i].len, MAX, &request),
	    PROTOCOL_REQUEST);
	ck_assert_uint_eq(request.consumed, requests[_i].len);
	ck_assert_ptr_nonnull(request.map);
	ck_assert_uint_eq(request.map_len, requests[_i].map_len);
	ck_assert_mem_eq(request.map, requests[_i].map, request.map_len);
	ck_assert_uint_eq(request.key_len, requests[_i].key_len);
	ck_assert_mem_eq(request.key, requests[_i].key, request.key_len);
	free(copy);
}
END_TEST

/* Whatever follows, the request ends where it did. */
START_TEST(what_follows_is_not_consumed)
{
	static const char *const tails[] = { "1", "17:query example.org,",
		",,,,", "garbage", "\377" };
	char bytes[128];

	for (size_t i = 0; i < COUNT(tails); i++) {
		struct protocol_request request = { 0 };
		const size_t tail = strlen(tails[i]);

		memcpy(bytes, requests[_i].bytes, requests[_i].len);
		memcpy(bytes + requests[_i].len, tails[i], tail);
		ck_assert_int_eq(socketmap_parse(bytes, requests[_i].len + tail,
				     MAX, &request),
		    PROTOCOL_REQUEST);
		ck_assert_uint_eq(request.consumed, requests[_i].len);
		ck_assert_uint_eq(request.key_len, requests[_i].key_len);
	}
}
END_TEST

/* ---- what is no request ---- */

static const struct {
	const char *bytes;
	size_t len; /* as soon as these have arrived, and not before */
	const char *why;
} bad[] = {
	{ OCTETS("00"), "leading zeros" },
	{ OCTETS("01"), "leading zeros" },
	{ OCTETS("10001"), "too long" },
	{ OCTETS("99999"), "too long" },
	/* An overflow would wrap around to a small number. */
	{ OCTETS("18446"), "too long" },
	{ OCTETS("0:,"), "NAME SPACE KEY" },
	{ OCTETS("5:query,"), "NAME SPACE KEY" },
	{ OCTETS("17:query\texample.org,"), "NAME SPACE KEY" },
	{ OCTETS("17:query example.org;"), "comma" },
	{ OCTETS("17:query example.org\n"), "comma" },
	{ OCTETS("17:query example.org\0"), "comma" },
	{ OCTETS("16:query example.org"), "comma" },
	{ OCTETS("0:x"), "comma" },
	{ OCTETS(":"), "netstring" },
	{ OCTETS(","), "netstring" },
	{ OCTETS("\n"), "netstring" },
	{ OCTETS("\0"), "netstring" },
	{ OCTETS("\377"), "netstring" },
	{ OCTETS(" "), "netstring" },
	{ OCTETS("-"), "netstring" },
	{ OCTETS("+"), "netstring" },
	{ OCTETS("g"), "netstring" },
	{ OCTETS("\026"), "netstring" }, /* a TLS client */
	{ OCTETS("17 "), "netstring" },
	{ OCTETS("17,"), "netstring" },
	{ OCTETS("1x"), "netstring" },
	{ OCTETS("1\0"), "netstring" },
	{ OCTETS("17\n"), "netstring" },
};

START_TEST(bad_as_soon_as_it_shows)
{
	assert_bad(socketmap_parse, bad[_i].bytes, bad[_i].len, bad[_i].why);
}
END_TEST

/* ---- limits ---- */

/* "LEN:q aaa…," of that payload.  Returns the octets at @out. */
static size_t
request_of(size_t payload, char *out, size_t size)
{
	const size_t at = (size_t)snprintf(out, size, "%zu:q ", payload);

	ck_assert_uint_gt(size, at + payload);
	memset(out + at, 'a', payload - 2);
	out[at + payload - 2] = ',';
	return at + payload - 1;
}

START_TEST(longest_request_passes_and_one_more_octet_does_not)
{
	static char bytes[MAX + 64];
	struct protocol_request request = { 0 };
	size_t len = request_of(MAX, bytes, sizeof(bytes));

	ck_assert_int_eq(
	    socketmap_parse(bytes, len - 1, MAX, &request), PROTOCOL_MORE);
	ck_assert_int_eq(
	    socketmap_parse(bytes, len, MAX, &request), PROTOCOL_REQUEST);
	ck_assert_uint_eq(request.key_len, MAX - 2);

	len = request_of(MAX + 1, bytes, sizeof(bytes));
	ck_assert_int_eq(
	    socketmap_parse(bytes, len, MAX, &request), PROTOCOL_BAD);
	ck_assert_ptr_nonnull(strstr(request.why, "too long"));
}
END_TEST

START_TEST(limit_is_the_callers)
{
	struct protocol_request request = { 0 };
	char bytes[] = "17:query example.org,";

	ck_assert_int_eq(
	    socketmap_parse(bytes, sizeof(bytes) - 1, 17, &request),
	    PROTOCOL_REQUEST);
	ck_assert_int_eq(
	    socketmap_parse(bytes, sizeof(bytes) - 1, 16, &request),
	    PROTOCOL_BAD);
}
END_TEST

START_TEST(map_name_has_room_for_its_terminator)
{
	char bytes[PROTOCOL_MAP_MAX + 64], name[PROTOCOL_MAP_MAX + 1];
	struct protocol_request request = { 0 };
	int len;

	memset(name, 'm', sizeof(name));
	len = snprintf(bytes, sizeof(bytes), "%d:%.*s a,",
	    PROTOCOL_MAP_MAX - 1 + 2, PROTOCOL_MAP_MAX - 1, name);
	ck_assert_int_eq(socketmap_parse(bytes, (size_t)len, MAX, &request),
	    PROTOCOL_REQUEST);
	ck_assert_uint_eq(request.map_len, PROTOCOL_MAP_MAX - 1);

	len = snprintf(bytes, sizeof(bytes), "%d:%.*s a,", PROTOCOL_MAP_MAX + 2,
	    PROTOCOL_MAP_MAX, name);
	ck_assert_int_eq(
	    socketmap_parse(bytes, (size_t)len, MAX, &request), PROTOCOL_BAD);
	ck_assert_ptr_nonnull(strstr(request.why, "map name"));
}
END_TEST

static const char *
after_map(const char *copy, const struct protocol_request *request)
{
	ck_assert(request->map >= copy);
	return request->map + request->map_len + 1;
}

START_TEST(any_octet_is_survived)
{
	assert_any_octet_survived(
	    socketmap_parse, requests[_i].bytes, requests[_i].len, after_map);
}
END_TEST

/* ---- replies ---- */

static const struct {
	struct protocol_reply reply;
	const char *bytes;
} replies[] = {
	{ { PROTOCOL_OK, "dane" }, "7:OK dane," },
	{ { PROTOCOL_OK, "dane-only" }, "12:OK dane-only," },
	{ { PROTOCOL_OK, "may" }, "6:OK may," },
	/* Postfix splits at the first space, so there has to be one. */
	{ { PROTOCOL_NOTFOUND, "NOTFOUND" }, "9:NOTFOUND ," },
	{ { PROTOCOL_NOTFOUND, NULL }, "9:NOTFOUND ," },
	{ { PROTOCOL_TEMP, "DNS of example.org: bogus" },
	    "30:TEMP DNS of example.org: bogus," },
	{ { PROTOCOL_PERM, "not a netstring" }, "20:PERM not a netstring," },
	{ { PROTOCOL_TEMP, "a,b:c" }, "10:TEMP a,b:c," },
};

START_TEST(reply_is_formatted)
{
	assert_formatted(
	    socketmap_format, &replies[_i].reply, replies[_i].bytes);
}
END_TEST

START_TEST(reply_fits_or_is_not_written)
{
	const size_t len = strlen(replies[_i].bytes);

	for (size_t size = 1; size < len + 4; size++) {
		char *out = malloc(size);
		size_t n;

		ck_assert_ptr_nonnull(out);
		n = socketmap_format(&replies[_i].reply, out, size);
		ck_assert_uint_eq(n, size > len ? len : 0);
		free(out);
	}
}
END_TEST

START_TEST(longest_text_of_ours_fits)
{
	assert_longest_text_takes(
	    socketmap_format, strlen("1005:TEMP ,") + 1000);
}
END_TEST

TEST_MAIN("socketmap")
{
	TCase *tc = add_case(suite, "codec");

	add_rows(tc, request_is_complete_only_at_its_comma, requests);
	add_rows(tc, what_follows_is_not_consumed, requests);
	add_rows(tc, bad_as_soon_as_it_shows, bad);
	tcase_add_test(tc, longest_request_passes_and_one_more_octet_does_not);
	tcase_add_test(tc, limit_is_the_callers);
	tcase_add_test(tc, map_name_has_room_for_its_terminator);
	add_rows(tc, any_octet_is_survived, requests);
	add_rows(tc, reply_is_formatted, replies);
	add_rows(tc, reply_fits_or_is_not_written, replies);
	tcase_add_test(tc, longest_text_of_ours_fits);
}
