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
	struct sockaddr_storage address; /* network order inside, as ever */
	socklen_t length;
};

/* Whose a unix socket is, and who may connect: those who may write to it. */
struct endpoint_rights {
	uid_t owner; /* (uid_t)-1: as it comes */
	gid_t group; /* the same */
	mode_t mode;
};

/* Returns NULL, or a constant text that says what is wrong. */
const char *endpoint_parse(const char *text, struct endpoint *endpoint);

/*
 * "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353": an
 * address of a name server or a listener, @default_port (host order) when
 * none is written.  Returns as endpoint_parse() does.
 */
const char *endpoint_parse_address(
    const char *text, unsigned default_port, struct endpoint *endpoint);

/* @data: 4 or 16 octets, as A and AAAA RDATA have them; of any other length
 * nothing can be made: false. */
bool endpoint_from_octets(
    const uint8_t *data, size_t len, unsigned port, struct endpoint *endpoint);

/* The same address and port. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* Of an internet address, host order. */
unsigned endpoint_port(const struct sockaddr_storage *address);

/* Why bind(2) failed there with @error: a constant text, or strerror(). */
const char *endpoint_bind_error(const struct endpoint *endpoint, int error);

#define ENDPOINT_TEXT_MAX 128
/* The form that endpoint_parse() reads.  Returns @text. */
const char *endpoint_text(
    const struct endpoint *endpoint, char text[ENDPOINT_TEXT_MAX]);

#endif /* BASE_ENDPOINT_H */
