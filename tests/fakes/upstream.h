/*
 * upstream.h - dns/upstream.h with the test in the place of name servers: what
 * they say is what fake_reply() returns.
 */
#ifndef TESTS_FAKES_UPSTREAM_H
#define TESTS_FAKES_UPSTREAM_H

#include <event2/event.h>
#include <ldns/ldns.h>
#include <stdlib.h>

#include "dns/upstream.h"

#define FAKE_NO_ROUTE 1000000 /* instead of milliseconds */

struct exchange {
	struct event *event;
	ldns_pkt *packet;
	upstream_cb cb;
	void *arg;
};

/* NULL: no answer; after @ms. */
static ldns_pkt *fake_reply(const char *name, uint16_t type, unsigned *ms);

void
upstream_cancel(struct exchange *upstream)
{
	if (upstream == NULL)
		return;
	event_free(upstream->event);
	ldns_pkt_free(upstream->packet);
	free(upstream);
}

static void
fake_on_reply(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *upstream = arg, was = *upstream;

	(void)fd;
	(void)what;
	upstream->packet = NULL;
	upstream_cancel(upstream);
	was.cb(was.arg, was.packet, was.packet != NULL ? NULL : "no answer");
	ldns_pkt_free(was.packet);
}

struct exchange *
upstream_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, upstream_cb cb, void *arg)
{
	unsigned ms = 0;
	ldns_pkt *packet = fake_reply(name, type, &ms);
	const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };
	struct exchange *upstream;

	(void)server;
	(void)recurse;
	if (ms == FAKE_NO_ROUTE)
		return NULL;
	upstream = calloc(1, sizeof(*upstream));
	upstream->packet = packet;
	upstream->cb = cb;
	upstream->arg = arg;
	upstream->event = event_new(base, -1, 0, fake_on_reply, upstream);
	event_add(upstream->event, &delay);
	return upstream;
}

#endif /* TESTS_FAKES_UPSTREAM_H */
