/* socketmap.c - the socketmap protocol, server side. */

#include "wire/socketmap.h"

#include <stdio.h>
#include <string.h>

static enum protocol_state
bad(struct protocol_request *request, const char *why)
{
	request->why = why;
	return PROTOCOL_BAD;
}

/* "NAME SPACE KEY" */
static enum protocol_state
parse_payload(const char *payload, size_t len, struct protocol_request *request)
{
	const char *space = memchr(payload, ' ', len);

	if (space == NULL)
		return bad(request, "a request is NAME SPACE KEY");
	if ((size_t)(space - payload) >= PROTOCOL_MAP_MAX)
		return bad(request, "the map name is too long");
	request->map = payload;
	request->map_len = (size_t)(space - payload);
	request->key = space + 1;
	request->key_len = len - request->map_len - 1;
	return PROTOCOL_REQUEST;
}

enum protocol_state
socketmap_parse(
    char *buffer, size_t len, size_t max, struct protocol_request *request)
{
	size_t digits = 0, payload = 0;

	while (digits < len && buffer[digits] >= '0' && buffer[digits] <= '9') {
		if (digits == 1 && buffer[0] == '0')
			return bad(request, "a length with leading zeros");
		payload = payload * 10 + (size_t)(buffer[digits] - '0');
		if (payload > max)
			return bad(request, "the request is too long");
		digits++;
	}
	if (digits == len)
		return PROTOCOL_MORE;
	if (digits == 0 || buffer[digits] != ':')
		return bad(request, "not a netstring");
	if (len - digits - 1 <= payload)
		return PROTOCOL_MORE;
	if (buffer[digits + 1 + payload] != ',')
		return bad(request, "a netstring without its comma");
	request->consumed = digits + payload + 2;
	return parse_payload(buffer + digits + 1, payload, request);
}

size_t
socketmap_format(const struct protocol_reply *reply, char *out, size_t size)
{
	static const char *const words[] = {
		[PROTOCOL_TEMP] = "TEMP",
		[PROTOCOL_OK] = "OK",
		[PROTOCOL_NOTFOUND] = "NOTFOUND",
		[PROTOCOL_PERM] = "PERM",
	};
	const char *word = words[reply->status];
	const char *text =
	    reply->status == PROTOCOL_NOTFOUND ? "" : reply->text;
	const int n = snprintf(out, size, "%zu:%s %s,",
	    strlen(word) + 1 + strlen(text), word, text);

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

const struct protocol socketmap_protocol = { .name = "socketmap",
	.queries = STATS_QUERY_SOCKETMAP,
	.parse = socketmap_parse,
	.format = socketmap_format };
