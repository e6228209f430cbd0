/*
 * codec_fixture.h - what the codecs of both protocols must keep, whatever they
 * look like.  Every input lies in memory of exactly its size, so that a
 * sanitizer or valgrind sees a read beyond it.
 */
#ifndef TESTS_UNIT_CODEC_FIXTURE_H
#define TESTS_UNIT_CODEC_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "wire/table/protocol.h"

#define MAX PROTOCOL_REQUEST_MAX
/* An array of octets and how many there are, NUL octets counted. */
#define OCTETS(text) text, sizeof(text) - 1

typedef enum protocol_state (*codec_parse)(
    char *buffer, size_t len, size_t max, struct protocol_request *request);
typedef size_t (*codec_format)(
    const struct protocol_reply *reply, char *out, size_t size);

static char *
exactly(const char *bytes, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	return copy;
}

/* Of any number of its first octets, but not of all. */
static void
assert_more(codec_parse parse, const char *bytes, size_t len)
{
	for (size_t cut = 0; cut < len; cut++) {
		struct protocol_request request = { .consumed = 12345 };
		char *copy = exactly(bytes, cut);

		ck_assert_msg(parse(copy, cut, MAX, &request) == PROTOCOL_MORE,
		    "%s: cut at %zu", bytes, cut);
		free(copy);
	}
}

/* As soon as all of it is there; @why: what the reason says. */
static void
assert_bad(codec_parse parse, const char *bytes, size_t len, const char *why)
{
	struct protocol_request request = { 0 };
	char *copy = exactly(bytes, len);

	assert_more(parse, bytes, len);
	ck_assert_msg(parse(copy, len, MAX, &request) == PROTOCOL_BAD,
	    "%s: not bad", bytes);
	ck_assert_ptr_nonnull(request.why);
	ck_assert_msg(
	    strstr(request.why, why) != NULL, "%s: %s", bytes, request.why);
	free(copy);
}

/* One octet changed to any other: what is found lies in what was consumed, its
 * key where @begins says. */
static void
assert_any_octet_survived(codec_parse parse, const char *bytes, size_t len,
    const char *(*begins)(const char *copy, const struct protocol_request *))
{
	for (size_t at = 0; at < len; at++)
		for (int octet = 0; octet < 256; octet++) {
			struct protocol_request request = { 0 };
			char *copy = exactly(bytes, len);

			copy[at] = (char)octet;
			if (parse(copy, len, MAX, &request) ==
			    PROTOCOL_REQUEST) {
				ck_assert_uint_le(request.consumed, len);
				ck_assert(
				    request.key == begins(copy, &request));
				ck_assert(request.key + request.key_len <
					  copy + request.consumed);
			}
			free(copy);
		}
}

static void
assert_formatted(
    codec_format format, const struct protocol_reply *reply, const char *bytes)
{
	char out[PROTOCOL_REPLY_MAX];
	const size_t len = format(reply, out, sizeof(out));

	ck_assert_uint_eq(len, strlen(bytes));
	ck_assert_mem_eq(out, bytes, len);
}

/* Of a reason of a thousand octets, each of which takes the most room. */
static void
assert_longest_text_takes(codec_format format, size_t len)
{
	char text[1001], out[PROTOCOL_REPLY_MAX];
	const struct protocol_reply reply = { PROTOCOL_TEMP, text };

	memset(text, '%', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_uint_eq(format(&reply, out, sizeof(out)), len);
}

#endif /* TESTS_UNIT_CODEC_FIXTURE_H */
