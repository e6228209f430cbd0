/* socketmap.c - the socketmap protocol, server side. */

#include "wire/table/socketmap.h"

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

static size_t
number_length(size_t number)
{
	size_t len = 1;

	for (; number >= 10; number /= 10)
		len++;
	return len;
}

static void
put_number(char *to, size_t len, size_t number)
{
	for (; len > 0; number /= 10)
		to[--len] = (char)('0' + number % 10);
}

static size_t
put_text(char *to, const char *text, size_t len)
{
	memcpy(to, text, len);
	return len;
}

/* Without printf(3), which took longer than everything else for a cached
 * reply. */
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
	const size_t word_len = strlen(word), text_len = strlen(text);
	const size_t payload = word_len + 1 + text_len;
	size_t at = number_length(payload);

	if (at + payload + 2 >= size)
		return 0;
	put_number(out, at, payload);
	out[at++] = ':';
	at += put_text(out + at, word, word_len);
	out[at++] = ' ';
	at += put_text(out + at, text, text_len);
	out[at++] = ',';
	return at;
}

const struct protocol socketmap_protocol = { .name = "socketmap",
	.queries = STATS_QUERY_SOCKETMAP,
	.parse = socketmap_parse,
	.format = socketmap_format };
