/*
 * nexthop.h - the lookup keys of smtp_tls_policy_maps (docs/design.md, "Next
 * hops"; Postfix: TLS_README, transport(5)).  Pure: no I/O except
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
	NEXTHOP_NOTFOUND, /* not for us to decide: parent-domain keys, literal
			   * addresses, unix sockets, not a host name */
	NEXTHOP_UNKNOWN,  /* Postfix may deliver there, we can't convert it */
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
 * @key: @len arbitrary octets, not terminated.
 * @default_port: host order, for keys without a port.
 */
void nexthop_parse(
    const char *key, size_t len, uint16_t default_port, struct nexthop *hop);

/*
 * The canonical form of a key, for caches: "example.org", "example.org:587",
 * "[mx.example.org]:25".  The port is omitted only without brackets, for the
 * default port, if the key had none.  Returns @text.
 */
#define NEXTHOP_TEXT_MAX (DOMAIN_TEXT_MAX + 16)
const char *nexthop_text(
    const struct nexthop *hop, char text[NEXTHOP_TEXT_MAX]);

#endif /* POLICY_NEXTHOP_H */
