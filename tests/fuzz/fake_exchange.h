/*
 * fake_exchange.h - exchange.h with the input in the place of name servers:
 * an octet says how the server behaves, the next piece is what it answers.
 */
#ifndef TESTS_FUZZ_FAKE_EXCHANGE_H
#define TESTS_FUZZ_FAKE_EXCHANGE_H

#include <event2/event.h>

#include "dns/exchange.h"
#include "dns/packet.h"
#include "fuzz.h"

enum fake_server { FAKE_ANSWERS, FAKE_NO_ROUTE, FAKE_SILENT, FAKE_LATE };

static struct fuzz_input fake_input;

struct exchange {
	struct event *event;
	ldns_pkt *packet;
	exchange_cb cb;
	void *arg;
};

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
fake_exchange_ends(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *exchange = arg;
	const exchange_cb cb = exchange->cb;
	ldns_pkt *packet = exchange->packet;
	void *cb_arg = exchange->arg;

	(void)fd;
	(void)what;
	exchange->packet = NULL;
	exchange_cancel(exchange);
	cb(cb_arg, packet, packet != NULL ? NULL : "no answer");
	ldns_pkt_free(packet);
}

struct exchange *
exchange_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, exchange_cb cb, void *arg)
{
	const enum fake_server how = fuzz_octet(&fake_input) % 4;
	const struct timeval delay = { how == FAKE_SILENT ? 3 : 0,
		how == FAKE_LATE ? 600000 : 0 };
	struct exchange *exchange;
	const uint8_t *piece;
	size_t len;

	(void)server;
	(void)name;
	(void)type;
	(void)recurse;
	if (how == FAKE_NO_ROUTE)
		return NULL;
	PROMISE((exchange = calloc(1, sizeof(*exchange))) != NULL);
	exchange->cb = cb;
	exchange->arg = arg;
	exchange->event = event_new(base, -1, 0, fake_exchange_ends, exchange);
	PROMISE(exchange->event != NULL);
	if (how != FAKE_SILENT) {
		uint8_t *wire;

		len = fuzz_piece(&fake_input, &piece);
		wire = fuzz_copy(piece, len);
		exchange->packet = packet_parse(wire, len);
		free(wire);
	}
	PROMISE(event_add(exchange->event, &delay) == 0);
	return exchange;
}

#endif /* TESTS_FUZZ_FAKE_EXCHANGE_H */
