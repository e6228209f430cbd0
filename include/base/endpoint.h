/*
 * endpoint.h - where to listen or connect: "inet:127.0.0.1:8642",
 * "inet:[::1]:8642", "unix:/path".  Pure.
 */
#ifndef BASE_ENDPOINT_H
#define BASE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct endpoint {
	struct sockaddr_storage address; /* in network order */
	socklen_t length;
};

/* The owner of a unix socket; those with write permission may connect. */
struct endpoint_rights {
	uid_t owner; /* (uid_t)-1: unchanged */
	gid_t group; /* (gid_t)-1: unchanged */
	mode_t mode;
};

/* Returns NULL, or a constant text that says what is wrong. */
const char *endpoint_parse(const char *text, struct endpoint *endpoint);

/*
 * "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353": the
 * address of a name server or a listener; @default_port (host order) where it
 * has no port.  Returns as endpoint_parse() does.
 */
const char *endpoint_parse_address(
    const char *text, unsigned default_port, struct endpoint *endpoint);

/* @data: 4 or 16 octets, as in A and AAAA RDATA; false for any other length. */
bool endpoint_from_octets(
    const uint8_t *data, size_t len, unsigned port, struct endpoint *endpoint);

/* Whether address and port are equal. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* The port of an internet address, host order. */
unsigned endpoint_port(const struct sockaddr_storage *address);

/* Why bind(2) failed with @error: a constant text, or strerror(). */
const char *endpoint_bind_error(const struct endpoint *endpoint, int error);

#define ENDPOINT_TEXT_MAX 128
/* Writes the form that endpoint_parse() reads.  Returns @text. */
const char *endpoint_text(
    const struct endpoint *endpoint, char text[ENDPOINT_TEXT_MAX]);

#endif /* BASE_ENDPOINT_H */
