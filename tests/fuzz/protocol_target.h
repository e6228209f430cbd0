/*
 * protocol_target.h - what both wire protocols' targets do: all requests of
 * one connection's octets, and a reply to each.
 */
#ifndef TESTS_FUZZ_PROTOCOL_TARGET_H
#define TESTS_FUZZ_PROTOCOL_TARGET_H

#include <stdbool.h>

#include "fuzz.h"
#include "wire/table/protocol.h"

static inline bool
lies_within(const char *part, size_t part_len, const char *whole, size_t len)
{
	return part >= whole && part <= whole + len &&
	       part_len <= (size_t)(whole + len - part);
}

static inline void
format_reply(const struct protocol *protocol, enum protocol_status status,
    const char *text, size_t len)
{
	static const size_t sizes[] = { 0, 1, 7, 64, PROTOCOL_REPLY_MAX };
	char *terminated = fuzz_text(text, len < 1000 ? len : 1000);
	const struct protocol_reply reply = { .status = status,
		.text = status == PROTOCOL_OK && terminated[0] == '\0'
			    ? "may"
			    : terminated };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		PROMISE(protocol->format(&reply, fuzz_place(NULL, sizes[i]),
			    sizes[i]) <= sizes[i]);
	free(terminated);
}

/* What is cut off anywhere is read no further. */
static inline void
parse_beginnings(const struct protocol *protocol, size_t max,
    const uint8_t *data, size_t size)
{
	for (size_t len = 0; len < size && len < 48; len++) {
		struct protocol_request request = { 0 };

		if (protocol->parse(fuzz_place(data, len), len, max,
			&request) == PROTOCOL_REQUEST)
			PROMISE(request.consumed <= len);
	}
}

static inline void
fuzz_protocol(const struct protocol *protocol, size_t max, const uint8_t *data,
    size_t size)
{
	char *buffer = fuzz_copy(data, size);
	size_t at = 0;

	while (at <= size) {
		struct protocol_request request = { 0 };
		char *rest = fuzz_copy(buffer + at, size - at);
		const size_t len = size - at;
		const enum protocol_state state =
		    protocol->parse(rest, len, max, &request);

		if (state == PROTOCOL_BAD)
			PROMISE(request.why != NULL);
		if (state != PROTOCOL_REQUEST) {
			free(rest);
			break;
		}
		PROMISE(request.consumed > 0 && request.consumed <= len);
		PROMISE(lies_within(request.key, request.key_len, rest, len));
		PROMISE(request.map == NULL ||
			lies_within(request.map, request.map_len, rest, len));
		format_reply(protocol, (enum protocol_status)(len % 4),
		    request.key, request.key_len);
		at += request.consumed;
		free(rest);
	}
	free(buffer);
}

#endif /* TESTS_FUZZ_PROTOCOL_TARGET_H */
