/*
 * upstream.h - one question to one name server (RFC 1035 section 4.2): plain
 * over UDP, and TCP where the answer is truncated; or as a manner says.
 *
 * Each exchange has a socket, and so a port, and an id of its own, both
 * random; an answer counts only from the server's address, with that id and
 * that question.
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

/* @packet: borrowed for the time of the callback; any rcode.  NULL on
 * failure, and then @why is a constant text. */
typedef void (*upstream_cb)(void *arg, const ldns_pkt *packet, const char *why);

/*
 * @server: where to ask, copied.  @recurse: sets RD.
 * The callback comes once, never from inside this call.  NULL where the
 * server can't be reached at all (no route) or memory is short.
 */
struct exchange *upstream_start(struct event_base *base,
    const struct endpoint *server, const char *name, uint16_t type,
    bool recurse, upstream_cb cb, void *arg);

/* How a question is put. */
struct upstream_manner {
	bool recurse;           /* RD */
	bool checking_disabled; /* CD */
	bool authentic_data;    /* AD */
	bool tcp;               /* from the start */
	bool keep_truncated;    /* it is the answer */
	/* One additional record, borrowed for the call: OPT. */
	const uint8_t *opt;
	size_t opt_len;     /* at most UPSTREAM_OPT_MAX */
	unsigned sendings;  /* of the datagram, at most */
	unsigned resend_ms; /* between them */
	unsigned ms;        /* in all; and again for TCP */
};
#define UPSTREAM_OPT_MAX 32

struct upstream_result {
	const ldns_pkt *packet; /* NULL on failure; borrowed like all here */
	/* On failure an errno value: ETIMEDOUT for no answer, EBADMSG for one
	 * that can't be read, or is none; and constant text. */
	int error;
	const char *why;
	size_t length; /* octets of the message */
	unsigned sent; /* how often the question was */
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
