/*
 * nexthop.h - the keys Postfix asks smtp_tls_policy_maps for (docs/design.md,
 * "Next hops"; Postfix: TLS_README, transport(5)).  Pure: no I/O but
 * getservbyname(3).
 */
#ifndef POLICY_NEXTHOP_H
#define POLICY_NEXTHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"

enum nexthop_kind {
	NEXTHOP_BAD = 0,  /* nothing Postfix could send: a protocol error */
	NEXTHOP_NOTFOUND, /* not ours to judge: parent-domain keys, literal
			   * addresses, unix sockets, no host name */
	NEXTHOP_UNKNOWN,  /* Postfix may deliver there, we cannot convert it */
	NEXTHOP_LOOKUP
};

struct nexthop {
	enum nexthop_kind kind;
	bool parent_key;  /* ".example.org": logged at debug only */
	bool use_mx;      /* false in brackets */
	bool is_explicit; /* brackets or a port: an administrator's choice */
	uint16_t port;    /* host order */
	char domain[DOMAIN_TEXT_MAX]; /* A-labels, lower case; only with
				       * NEXTHOP_LOOKUP */
	const char *why;              /* constant text unless NEXTHOP_LOOKUP */
};

/*
 * @key: @len octets, not terminated, any octets at all.
 * @default_port: host order, for keys that name none.
 */
void nexthop_parse(
    const char *key, size_t len, uint16_t default_port, struct nexthop *hop);

/*
 * The one form of all keys with the same meaning, for caches:
 * "example.org", "example.org:587", "[mx.example.org]:25" (the port is left
 * out only where no brackets and the default port are meant and the key
 * named none).  Returns @text.
 */
#define NEXTHOP_TEXT_MAX (DOMAIN_TEXT_MAX + 16)
const char *nexthop_text(
    const struct nexthop *hop, char text[NEXTHOP_TEXT_MAX]);

#endif /* POLICY_NEXTHOP_H */
