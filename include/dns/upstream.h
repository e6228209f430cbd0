/*
 * upstream.h - one query to one name server (RFC 1035 section 4.2): over UDP,
 * and over TCP where the answer is truncated; or as a struct upstream_manner
 * says.
 *
 * Each query has its own socket, and so a random port, and a random ID.  An
 * answer counts only from the server's address, with that ID and that question.
 */
#ifndef DNS_UPSTREAM_H
#define DNS_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

struct endpoint;
struct event_base;
struct exchange;

#define UPSTREAM_MS 3400 /* for UDP, and again for TCP */

/* @packet: borrowed for the duration of the callback; any rcode.  NULL on
 * failure, and then @why is a constant text. */
typedef void (*upstream_cb)(void *arg, const ldns_pkt *packet, const char *why);

/*
 * @server: the server to query, copied.  @recurse: sets RD.
 * The callback comes once, never from inside this call.  NULL where the server
 * is unreachable (no route) or memory is short.
 */
struct exchange *upstream_start(struct event_base *base,
    const struct endpoint *server, const char *name, uint16_t type,
    bool recurse, upstream_cb cb, void *arg);

/* How a query is sent. */
struct upstream_manner {
	bool recurse;           /* RD */
	bool checking_disabled; /* CD */
	bool authentic_data;    /* AD */
	bool tcp;               /* use TCP from the start */
	bool keep_truncated;    /* a truncated answer is accepted */
	/* One additional record, OPT, borrowed for the call. */
	const uint8_t *opt;
	size_t opt_len;     /* at most UPSTREAM_OPT_MAX */
	unsigned sendings;  /* of the datagram, at most */
	unsigned resend_ms; /* between two sendings */
	unsigned ms;        /* total for UDP; the same again for TCP */
};
#define UPSTREAM_OPT_MAX 32

struct upstream_result {
	const ldns_pkt *packet; /* NULL on failure; borrowed like all here */
	/* On failure an errno value (ETIMEDOUT for no answer, EBADMSG for one
	 * that is malformed or does not match) and constant text. */
	int error;
	const char *why;
	size_t length; /* octets of the message */
	unsigned sent; /* how often the query was sent */
};
typedef void (*upstream_result_cb)(
    void *arg, const struct upstream_result *result);

/* As upstream_start(); where it returns NULL, errno says why. */
struct exchange *upstream_ask(struct event_base *base,
    const struct endpoint *server, const char *name, uint16_t type,
    const struct upstream_manner *manner, upstream_result_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void upstream_cancel(struct exchange *upstream);

#endif /* DNS_UPSTREAM_H */
