/* exchange.c - one plain question to one name server. */

#include "dns/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/domain.h"
#include "base/endpoint.h"
#include "dns/packet.h"

#define HEADER_LEN 12
#define QUERY_MAX                                                              \
	(2 + HEADER_LEN + DOMAIN_WIRE_MAX + 4) /* with TCP's length            \
						*/
#define MESSAGE_MAX 65535
#define CLASS_IN 1
#define FLAG_QR 0x80U /* of the third octet */
#define FLAG_TC 0x02U
#define FLAG_RD 0x01U
/* A datagram lost is sent once more, long before the time is up. */
#define RESEND_MS 1200

struct exchange {
	struct event_base *base;
	struct endpoint server;
	exchange_cb cb;
	void *arg;
	int fd;
	struct event *io, *timer;
	bool tcp, resent;
	uint8_t query[QUERY_MAX]; /* TCP's length first */
	size_t query_len;         /* without that length */
	size_t written;           /* of the TCP query */
	uint8_t *reply;           /* of TCP, its length first */
	size_t received;
};

static void
close_socket(struct exchange *exchange)
{
	if (exchange->io != NULL)
		event_free(exchange->io);
	exchange->io = NULL;
	if (exchange->fd != -1)
		close(exchange->fd);
	exchange->fd = -1;
}

void
exchange_cancel(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	close_socket(exchange);
	if (exchange->timer != NULL)
		event_free(exchange->timer);
	free(exchange->reply);
	free(exchange);
}

static void
finish(struct exchange *exchange, ldns_pkt *packet, const char *why)
{
	const exchange_cb cb = exchange->cb;
	void *arg = exchange->arg;

	exchange_cancel(exchange);
	cb(arg, packet, why);
	ldns_pkt_free(packet);
}

static int
compose(
    struct exchange *exchange, const char *name, uint16_t type, bool recurse)
{
	uint8_t *query = exchange->query + 2;
	size_t len;

	memset(query, 0, HEADER_LEN);
	if (getrandom(query, 2, 0) != 2)
		return -1;
	query[2] = recurse ? FLAG_RD : 0;
	query[5] = 1; /* one question */
	if ((len = domain_to_wire(name, query + HEADER_LEN)) == 0)
		return -1;
	len += HEADER_LEN;
	query[len++] = (uint8_t)(type >> 8);
	query[len++] = (uint8_t)type;
	query[len++] = 0;
	query[len++] = CLASS_IN;
	exchange->query[0] = (uint8_t)(len >> 8);
	exchange->query[1] = (uint8_t)len;
	exchange->query_len = len;
	return 0;
}

/* Id, QR, opcode and question are ours; the question's case may differ.  A
 * server that understands nothing echoes no question: that is an answer too,
 * of failure. */
static bool
is_reply(const struct exchange *exchange, const uint8_t *wire, size_t len)
{
	const uint8_t *query = exchange->query + 2;

	if (len < HEADER_LEN || memcmp(wire, query, 2) != 0 ||
	    (wire[2] & FLAG_QR) == 0 || (wire[2] & 0x78U) != 0)
		return false;
	if (wire[4] == 0 && wire[5] == 0)
		return (wire[3] & 0x0fU) != 0;
	if (wire[4] != 0 || wire[5] != 1 || len < exchange->query_len)
		return false;
	for (size_t i = HEADER_LEN; i < exchange->query_len; i++) {
		uint8_t a = wire[i], b = query[i];

		/* Both cases of a letter differ in this bit; labels' lengths
		 * are below 64 and type and class are compared as they are. */
		if (i < exchange->query_len - 4) {
			if (a >= 'A' && a <= 'Z')
				a |= 0x20;
			if (b >= 'A' && b <= 'Z')
				b |= 0x20;
		}
		if (a != b)
			return false;
	}
	return true;
}

static void
read_message(struct exchange *exchange, const uint8_t *wire, size_t len)
{
	ldns_pkt *packet = packet_parse(wire, len);

	if (packet == NULL)
		finish(exchange, NULL, "an answer that can't be read");
	else
		finish(exchange, packet, NULL);
}

static void
arm(struct exchange *exchange, unsigned ms)
{
	const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };

	event_add(exchange->timer, &delay);
}

static int
open_socket(struct exchange *exchange, int type)
{
	const struct endpoint *server = &exchange->server;

	exchange->fd = socket(
	    server->address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (exchange->fd == -1)
		return -1;
	if (connect(exchange->fd, (const struct sockaddr *)&server->address,
		server->length) == -1 &&
	    errno != EINPROGRESS)
		return -1;
	return 0;
}

/* ---- TCP ---- */

static void on_tcp(evutil_socket_t fd, short what, void *arg);

static int
watch_tcp(struct exchange *exchange, short what)
{
	if (exchange->io != NULL)
		event_free(exchange->io);
	exchange->io = event_new(exchange->base, exchange->fd,
	    (short)(what | EV_PERSIST), on_tcp, exchange);
	return exchange->io != NULL ? event_add(exchange->io, NULL) : -1;
}

static void
start_tcp(struct exchange *exchange)
{
	close_socket(exchange);
	exchange->tcp = true;
	exchange->reply = malloc(2 + MESSAGE_MAX);
	if (exchange->reply == NULL ||
	    open_socket(exchange, SOCK_STREAM) == -1 ||
	    watch_tcp(exchange, EV_WRITE) == -1) {
		finish(exchange, NULL, "TCP can't be opened");
		return;
	}
	arm(exchange, EXCHANGE_MS);
}

static void
write_tcp(struct exchange *exchange)
{
	const size_t len = 2 + exchange->query_len;
	const ssize_t n =
	    send(exchange->fd, exchange->query + exchange->written,
		len - exchange->written, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		finish(exchange, NULL, "TCP refused");
		return;
	}
	if (n > 0)
		exchange->written += (size_t)n;
	if (exchange->written == len && watch_tcp(exchange, EV_READ) == -1)
		finish(exchange, NULL, "out of memory");
}

static void
read_tcp(struct exchange *exchange)
{
	size_t want = 2;
	ssize_t n;

	if (exchange->received >= 2)
		want += (size_t)exchange->reply[0] << 8 | exchange->reply[1];
	n = recv(exchange->fd, exchange->reply + exchange->received,
	    want - exchange->received, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(exchange, NULL, "TCP connection closed");
		return;
	}
	exchange->received += (size_t)n;
	if (exchange->received <= 2 || exchange->received < want)
		return;
	if (!is_reply(exchange, exchange->reply + 2, want - 2))
		finish(exchange, NULL, "an answer to another question");
	else
		read_message(exchange, exchange->reply + 2, want - 2);
}

static void
on_tcp(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	if ((what & EV_WRITE) != 0)
		write_tcp(arg);
	else
		read_tcp(arg);
}

/* ---- UDP ---- */

static int
send_udp(const struct exchange *exchange)
{
	return send(exchange->fd, exchange->query + 2, exchange->query_len,
		   0) == (ssize_t)exchange->query_len
		   ? 0
		   : -1;
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *exchange = arg;
	uint8_t wire[4096];
	const ssize_t n = recv(fd, wire, sizeof(wire), 0);

	(void)what;
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			finish(exchange, NULL, "port unreachable");
		return;
	}
	/* Anything else is forged, or late, and ours may still come. */
	if (!is_reply(exchange, wire, (size_t)n))
		return;
	if ((wire[2] & FLAG_TC) != 0)
		start_tcp(exchange);
	else
		read_message(exchange, wire, (size_t)n);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *exchange = arg;

	(void)fd;
	(void)what;
	if (!exchange->tcp && !exchange->resent && send_udp(exchange) == 0) {
		exchange->resent = true;
		arm(exchange, EXCHANGE_MS - RESEND_MS);
		return;
	}
	finish(exchange, NULL, "no answer");
}

struct exchange *
exchange_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, exchange_cb cb, void *arg)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return NULL;
	exchange->base = base;
	exchange->server = *server;
	exchange->cb = cb;
	exchange->arg = arg;
	exchange->fd = -1;
	if (compose(exchange, name, type, recurse) == -1 ||
	    open_socket(exchange, SOCK_DGRAM) == -1 ||
	    send_udp(exchange) == -1 ||
	    (exchange->timer = event_new(base, -1, 0, on_timer, exchange)) ==
		NULL ||
	    (exchange->io = event_new(base, exchange->fd, EV_READ | EV_PERSIST,
		 on_udp, exchange)) == NULL ||
	    event_add(exchange->io, NULL) == -1) {
		exchange_cancel(exchange);
		return NULL;
	}
	arm(exchange, RESEND_MS);
	return exchange;
}
