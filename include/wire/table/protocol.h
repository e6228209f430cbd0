/*
 * protocol.h - the common interface of the two table protocols, so that a
 * session is independent of its protocol.
 */
#ifndef WIRE_TABLE_PROTOCOL_H
#define WIRE_TABLE_PROTOCOL_H

#include <stddef.h>

#include "base/stats.h"

enum protocol_state {
	PROTOCOL_MORE, /* no complete request yet */
	PROTOCOL_REQUEST,
	PROTOCOL_BAD /* reply with the reason, then close */
};

#define PROTOCOL_REQUEST_MAX 10000 /* octets of one request */
#define PROTOCOL_MAP_MAX 256       /* octets of a map name, NUL included */

struct protocol_request {
	size_t consumed; /* octets of the buffer that this request used */
	const char *map; /* borrowed from the buffer, not terminated; NULL if
			  * the protocol has no map names */
	size_t map_len;
	const char *key; /* borrowed from the buffer, decoded there */
	size_t key_len;
	const char *why; /* constant text, with PROTOCOL_BAD */
};

enum protocol_status {
	PROTOCOL_TEMP = 0,
	PROTOCOL_OK,
	PROTOCOL_NOTFOUND,
	PROTOCOL_PERM
};

struct protocol_reply {
	enum protocol_status status;
	const char *text; /* never empty with PROTOCOL_OK */
};

/* Enough for any reply with text of at most 1,000 octets. */
#define PROTOCOL_REPLY_MAX 4096

struct protocol {
	const char *name; /* "socketmap" */
	enum stats_counter queries;
	enum protocol_state (*parse)(char *buffer, size_t len, size_t max,
	    struct protocol_request *request);
	size_t (*format)(
	    const struct protocol_reply *reply, char *out, size_t size);
};

#endif /* WIRE_TABLE_PROTOCOL_H */
