/*
 * exchange.h - dns/exchange.h with the test in the place of name servers: what
 * they say is what fake_reply() returns.
 */
#ifndef TESTS_FAKES_EXCHANGE_H
#define TESTS_FAKES_EXCHANGE_H

#include <event2/event.h>
#include <ldns/ldns.h>
#include <stdlib.h>

#include "dns/exchange.h"

#define FAKE_NO_ROUTE 1000000 /* instead of milliseconds */

struct exchange {
	struct event *event;
	ldns_pkt *packet;
	exchange_cb cb;
	void *arg;
};

/* NULL: no answer; after @ms. */
static ldns_pkt *fake_reply(const char *name, uint16_t type, unsigned *ms);

void
exchange_cancel(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	event_free(exchange->event);
	ldns_pkt_free(exchange->packet);
	free(exchange);
}

static void
fake_on_reply(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *exchange = arg, was = *exchange;

	(void)fd;
	(void)what;
	exchange->packet = NULL;
	exchange_cancel(exchange);
	was.cb(was.arg, was.packet, was.packet != NULL ? NULL : "no answer");
	ldns_pkt_free(was.packet);
}

struct exchange *
exchange_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, exchange_cb cb, void *arg)
{
	unsigned ms = 0;
	ldns_pkt *packet = fake_reply(name, type, &ms);
	const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };
	struct exchange *exchange;

	(void)server;
	(void)recurse;
	if (ms == FAKE_NO_ROUTE)
		return NULL;
	exchange = calloc(1, sizeof(*exchange));
	exchange->packet = packet;
	exchange->cb = cb;
	exchange->arg = arg;
	exchange->event = event_new(base, -1, 0, fake_on_reply, exchange);
	event_add(exchange->event, &delay);
	return exchange;
}

#endif /* TESTS_FAKES_EXCHANGE_H */
