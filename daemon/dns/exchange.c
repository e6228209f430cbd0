/* exchange.c - one question to one name server. */

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
/* With TCP's length. */
#define QUESTION_FIXED 4 /* type, class */
#define QUERY_MAX                                                              \
	(2 + HEADER_LEN + DOMAIN_WIRE_MAX + QUESTION_FIXED + EXCHANGE_OPT_MAX)
#define MESSAGE_MAX 65535
#define CLASS_IN 1
#define FLAG_QR 0x80U /* of the third octet */
#define FLAG_TC 0x02U
#define FLAG_RD 0x01U
#define FLAG_CD 0x10U /* of the fourth */
#define FLAG_AD 0x20U
/* A datagram lost is sent once more, long before the time is up. */
#define SENDINGS 2
#define RESEND_MS 1200

struct exchange {
	struct event_base *base;
	struct endpoint server;
	struct exchange_manner manner; /* without the pointers' targets */
	exchange_result_cb cb;
	exchange_cb plain_cb; /* of exchange_start(), in the place of @cb */
	void *arg;
	int fd;
	struct event *io, *timer;
	bool tcp;
	unsigned sent;
	uint8_t query[QUERY_MAX]; /* TCP's length first */
	size_t query_len;         /* without that length */
	size_t question_len;      /* header and question */
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
finish(struct exchange *exchange, const struct exchange_result *result)
{
	const exchange_result_cb cb = exchange->cb;
	const exchange_cb plain_cb = exchange->plain_cb;
	void *arg = exchange->arg;

	exchange_cancel(exchange);
	if (plain_cb != NULL)
		plain_cb(arg, result->packet, result->why);
	else
		cb(arg, result);
}

static void
fail(struct exchange *exchange, int error, const char *why)
{
	const struct exchange_result result = {
		.error = error, .why = why, .sent = exchange->sent
	};

	finish(exchange, &result);
}

/* ---- messages ---- */

static size_t
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

/* Returns 0, or -1 with errno. */
static int
compose(struct exchange *exchange, const char *name, uint16_t type,
    const struct exchange_manner *manner)
{
	uint8_t *query = exchange->query + 2;
	size_t len;

	memset(query, 0, HEADER_LEN);
	if (getrandom(query, 2, 0) != 2)
		return -1;
	query[2] = manner->recurse ? FLAG_RD : 0;
	query[3] = (uint8_t)((manner->checking_disabled ? FLAG_CD : 0) |
			     (manner->authentic_data ? FLAG_AD : 0));
	query[5] = 1; /* one question */
	if ((len = domain_to_wire(name, query + HEADER_LEN)) == 0 ||
	    manner->opt_len > EXCHANGE_OPT_MAX) {
		errno = EINVAL;
		return -1;
	}
	len += HEADER_LEN;
	len += put16(query + len, type);
	len += put16(query + len, CLASS_IN);
	exchange->question_len = len;
	if (manner->opt_len > 0) {
		query[11] = 1; /* one additional record */
		memcpy(query + len, manner->opt, manner->opt_len);
		len += manner->opt_len;
	}
	put16(exchange->query, (unsigned)len);
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
	/* Where the name ends: type and class have no case. */
	const size_t fixed = exchange->question_len - QUESTION_FIXED;

	if (len < HEADER_LEN || memcmp(wire, query, 2) != 0 ||
	    (wire[2] & FLAG_QR) == 0 || (wire[2] & 0x78U) != 0)
		return false;
	if (wire[4] == 0 && wire[5] == 0)
		return (wire[3] & 0x0fU) != 0;
	if (wire[4] != 0 || wire[5] != 1 || len < exchange->question_len)
		return false;
	return domain_wire_equal(
		   wire + HEADER_LEN, query + HEADER_LEN, fixed - HEADER_LEN) &&
	       memcmp(wire + fixed, query + fixed, QUESTION_FIXED) == 0;
}

static void
read_message(struct exchange *exchange, const uint8_t *wire, size_t len)
{
	ldns_pkt *packet = packet_parse(wire, len);
	const struct exchange_result result = { .packet = packet,
		.error = packet != NULL ? 0 : EBADMSG,
		.why = packet != NULL ? NULL : "an answer that can't be read",
		.length = len,
		.sent = exchange->sent };

	finish(exchange, &result);
	ldns_pkt_free(packet);
}

/* ---- sockets ---- */

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

/* Returns 0, or -1 with errno. */
static int
watch_tcp(struct exchange *exchange, short what)
{
	if (exchange->io != NULL)
		event_free(exchange->io);
	exchange->io = event_new(exchange->base, exchange->fd,
	    (short)(what | EV_PERSIST), on_tcp, exchange);
	if (exchange->io != NULL && event_add(exchange->io, NULL) == 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

static int
open_tcp(struct exchange *exchange)
{
	close_socket(exchange);
	exchange->tcp = true;
	exchange->reply = malloc(2 + MESSAGE_MAX);
	if (exchange->reply == NULL ||
	    open_socket(exchange, SOCK_STREAM) == -1 ||
	    watch_tcp(exchange, EV_WRITE) == -1)
		return -1;
	arm(exchange, exchange->manner.ms);
	return 0;
}

static void
write_tcp(struct exchange *exchange)
{
	const size_t len = 2 + exchange->query_len;
	const ssize_t n =
	    send(exchange->fd, exchange->query + exchange->written,
		len - exchange->written, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		fail(exchange, errno, "TCP refused");
		return;
	}
	if (n > 0)
		exchange->written += (size_t)n;
	if (exchange->written == len && watch_tcp(exchange, EV_READ) == -1)
		fail(exchange, ENOMEM, "out of memory");
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
		fail(exchange, n == 0 ? ECONNRESET : errno,
		    "TCP connection closed");
		return;
	}
	exchange->received += (size_t)n;
	if (exchange->received <= 2 || exchange->received < want)
		return;
	if (!is_reply(exchange, exchange->reply + 2, want - 2))
		fail(exchange, EBADMSG, "an answer to another question");
	else if ((exchange->reply[4] & FLAG_TC) != 0 &&
		 !exchange->manner.keep_truncated)
		fail(exchange, EBADMSG, "an answer that is cut off, over TCP");
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
send_udp(struct exchange *exchange)
{
	if (send(exchange->fd, exchange->query + 2, exchange->query_len, 0) !=
	    (ssize_t)exchange->query_len)
		return -1;
	exchange->sent++;
	return 0;
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *exchange = arg;
	uint8_t wire[MESSAGE_MAX];
	const ssize_t n = recv(fd, wire, sizeof(wire), 0);

	(void)what;
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			fail(exchange, errno, "port unreachable");
		return;
	}
	/* Anything else is forged, or late, and ours may still come. */
	if (!is_reply(exchange, wire, (size_t)n))
		return;
	if ((wire[2] & FLAG_TC) == 0 || exchange->manner.keep_truncated)
		read_message(exchange, wire, (size_t)n);
	else if (open_tcp(exchange) == -1)
		fail(exchange, errno, "TCP can't be opened");
}

/* Until the next sending; behind the last one, for all that is left. */
static void
arm_udp(struct exchange *exchange)
{
	const struct exchange_manner *manner = &exchange->manner;

	arm(exchange,
	    exchange->sent < manner->sendings
		? manner->resend_ms
		: manner->ms - (manner->sendings - 1) * manner->resend_ms);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *exchange = arg;

	(void)fd;
	(void)what;
	if (exchange->tcp || exchange->sent >= exchange->manner.sendings ||
	    send_udp(exchange) == -1)
		fail(exchange, ETIMEDOUT, "no answer");
	else
		arm_udp(exchange);
}

static int
open_udp(struct exchange *exchange)
{
	if (open_socket(exchange, SOCK_DGRAM) == -1 || send_udp(exchange) == -1)
		return -1;
	exchange->io = event_new(exchange->base, exchange->fd,
	    EV_READ | EV_PERSIST, on_udp, exchange);
	if (exchange->io == NULL || event_add(exchange->io, NULL) == -1) {
		errno = ENOMEM;
		return -1;
	}
	arm_udp(exchange);
	return 0;
}

/* ---- life ---- */

struct exchange *
exchange_ask(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, const struct exchange_manner *manner,
    exchange_result_cb cb, void *arg)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	int error;

	if (exchange == NULL)
		return NULL;
	exchange->base = base;
	exchange->server = *server;
	exchange->manner = *manner;
	exchange->manner.opt = NULL;
	exchange->cb = cb;
	exchange->arg = arg;
	exchange->fd = -1;
	errno = ENOMEM;
	exchange->timer = event_new(base, -1, 0, on_timer, exchange);
	if (exchange->timer != NULL &&
	    compose(exchange, name, type, manner) == 0 &&
	    (manner->tcp ? open_tcp : open_udp)(exchange) == 0) {
		/* By TCP it is sent once, as soon as the connection stands. */
		exchange->sent = 1;
		return exchange;
	}
	error = errno;
	exchange_cancel(exchange);
	errno = error;
	return NULL;
}

struct exchange *
exchange_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, exchange_cb cb, void *arg)
{
	const struct exchange_manner manner = { .recurse = recurse,
		.sendings = SENDINGS,
		.resend_ms = RESEND_MS,
		.ms = EXCHANGE_MS };
	struct exchange *exchange =
	    exchange_ask(base, server, name, type, &manner, NULL, arg);

	if (exchange != NULL)
		exchange->plain_cb = cb;
	return exchange;
}
