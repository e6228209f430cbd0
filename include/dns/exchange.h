/*
 * exchange.h - one plain question to one name server (RFC 1035 section 4.2):
 * UDP, and TCP where the answer is truncated.  No EDNS.
 *
 * Each exchange has a socket, and so a port, and an id of its own, both
 * random; an answer counts only from the server's address, with that id and
 * that question.
 */
#ifndef DNS_EXCHANGE_H
#define DNS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <ldns/ldns.h>

struct endpoint;
struct event_base;
struct exchange;

#define EXCHANGE_MS 3400 /* for UDP, and again for TCP */

/* @packet: borrowed for the time of the callback; any rcode.  NULL on
 * failure, and then @why is a constant text. */
typedef void (*exchange_cb)(void *arg, const ldns_pkt *packet, const char *why);

/*
 * @server: where to ask, copied.  @recurse: sets RD.
 * The callback comes once, never from inside this call.  NULL where the
 * server can't be reached at all (no route) or memory is short.
 */
struct exchange *exchange_start(struct event_base *base,
    const struct endpoint *server, const char *name, uint16_t type,
    bool recurse, exchange_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void exchange_cancel(struct exchange *exchange);

#endif /* DNS_EXCHANGE_H */
