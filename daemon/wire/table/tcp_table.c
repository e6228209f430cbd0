/* tcp_table.c - the tcp_table protocol, server side. */

#include "wire/table/tcp_table.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_OCTETS 4096 /* of a reply, newline included */

static enum protocol_state
bad(struct protocol_request *request, const char *why)
{
	request->why = why;
	return PROTOCOL_BAD;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undo %XX in place.  Returns 0, or -1 when an escape is malformed. */
static int
decode(char *text, size_t *len)
{
	size_t to = 0;

	for (size_t from = 0; from < *len; from++, to++) {
		int high, low;

		if (text[from] != '%') {
			text[to] = text[from];
			continue;
		}
		if (*len - from < 3 || (high = hex_value(text[from + 1])) < 0 ||
		    (low = hex_value(text[from + 2])) < 0)
			return -1;
		text[to] = (char)(high << 4 | low);
		from += 2;
	}
	*len = to;
	return 0;
}

enum protocol_state
tcp_table_parse(
    char *buffer, size_t len, size_t max, struct protocol_request *request)
{
	static const char get[] = "get ";
	const size_t get_len = sizeof(get) - 1;
	const char *newline = memchr(buffer, '\n', len);
	size_t line;

	/* A client of another protocol, perhaps socketmap, never sends a
	 * newline: it would wait for our reply, and we for its newline. */
	if (memcmp(buffer, get, len < get_len ? len : get_len) != 0)
		return bad(request, "a request is get SPACE KEY NEWLINE");
	if (newline == NULL)
		return len > max ? bad(request, "the request is too long")
				 : PROTOCOL_MORE;
	line = (size_t)(newline - buffer);
	if (line > max)
		return bad(request, "the request is too long");
	request->consumed = line + 1;
	request->map = NULL;
	request->map_len = 0;
	request->key = buffer + get_len;
	request->key_len = line - get_len;
	if (decode(buffer + get_len, &request->key_len) == -1)
		return bad(request, "a malformed %XX escape");
	return PROTOCOL_REQUEST;
}

static size_t
encode(const char *text, char *out, size_t size)
{
	size_t at = 0;

	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if (size - at < 4)
			return 0;
		if (c == '%' || c < 0x20 || c > 0x7e)
			at += (size_t)snprintf(out + at, 4, "%%%02X", c);
		else
			out[at++] = (char)c;
	}
	return at;
}

size_t
tcp_table_format(const struct protocol_reply *reply, char *out, size_t size)
{
	static const char *const codes[] = {
		[PROTOCOL_TEMP] = "400 ",
		[PROTOCOL_OK] = "200 ",
		[PROTOCOL_NOTFOUND] = "500 ",
		[PROTOCOL_PERM] = "400 ",
	};
	const char *text =
	    reply->status == PROTOCOL_NOTFOUND ? "not found" : reply->text;
	size_t len;

	if (size > LINE_MAX_OCTETS)
		size = LINE_MAX_OCTETS;
	if (size < 6)
		return 0;
	memcpy(out, codes[reply->status], 4);
	if ((len = encode(text, out + 4, size - 5)) == 0)
		return 0;
	out[4 + len] = '\n';
	return 4 + len + 1;
}

const struct protocol tcp_table_protocol = { .name = "tcp_table",
	.queries = STATS_QUERY_TCP_TABLE,
	.parse = tcp_table_parse,
	.format = tcp_table_format };
