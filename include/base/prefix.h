/*
 * prefix.h - address prefixes: "192.0.2.0/24", "2001:db8::/32", or one
 * address.  Pure.
 */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct prefix {
	sa_family_t family; /* AF_INET or AF_INET6 */
	uint8_t address[16];
	unsigned bits;
};

/* Returns NULL, or a constant text that says what is wrong. */
const char *prefix_parse(const char *text, struct prefix *prefix);

/* Whether an internet address is within @prefix.  An IPv4-mapped IPv6 address
 * counts as the IPv4 address. */
bool prefix_contains(
    const struct prefix *prefix, const struct sockaddr_storage *address);

/* The prefix of exactly one internet address, as it is.  False for other
 * address families. */
bool prefix_of(const struct sockaddr_storage *address, struct prefix *prefix);

/* Whether @outer contains all addresses of @inner. */
bool prefix_is_within(const struct prefix *inner, const struct prefix *outer);

#define PREFIX_TEXT_MAX 64
/* "192.0.2.0/24", as prefix_parse() reads it.  Returns @text. */
const char *prefix_text(
    const struct prefix *prefix, char text[PREFIX_TEXT_MAX]);

/* 127.0.0.0/8 and ::1 */
bool prefix_is_loopback(const struct sockaddr_storage *address);

#endif /* BASE_PREFIX_H */
