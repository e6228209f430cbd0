/* upstream.c - one query to one name server. */

#include "dns/upstream.h"

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
#include "base/timer.h"
#include "dns/packet.h"
#include "dns/wire.h"

/* Including the length field of TCP. */
#define QUERY_MAX                                                              \
	(2 + WIRE_HEADER_LEN + DOMAIN_WIRE_MAX + WIRE_QUESTION_FIXED +         \
	    UPSTREAM_OPT_MAX)
/* A lost datagram is sent once more, long before the timeout. */
#define SENDINGS 2
#define RESEND_MS 1200

struct exchange {
	struct event_base *base;
	struct endpoint server;
	struct upstream_manner manner; /* without the memory that it points
					* to */
	upstream_result_cb cb;
	upstream_cb plain_cb; /* for upstream_start(), instead of @cb */
	void *arg;
	int fd;
	struct event *io;
	struct timer *timer;
	bool tcp;
	unsigned sent;
	uint8_t query[QUERY_MAX]; /* after the length field for TCP */
	size_t query_len;         /* without the length field */
	size_t question_len;      /* header and question */
	size_t written;           /* octets of the TCP query */
	uint8_t *reply;           /* over TCP, after its length field */
	size_t received;
};

static void
close_socket(struct exchange *upstream)
{
	if (upstream->io != NULL)
		event_free(upstream->io);
	upstream->io = NULL;
	if (upstream->fd != -1)
		close(upstream->fd);
	upstream->fd = -1;
}

void
upstream_cancel(struct exchange *upstream)
{
	if (upstream == NULL)
		return;
	close_socket(upstream);
	timer_free(upstream->timer);
	free(upstream->reply);
	free(upstream);
}

static void
finish(struct exchange *upstream, const struct upstream_result *result)
{
	const upstream_result_cb cb = upstream->cb;
	const upstream_cb plain_cb = upstream->plain_cb;
	void *arg = upstream->arg;

	upstream_cancel(upstream);
	if (plain_cb != NULL)
		plain_cb(arg, result->packet, result->why);
	else
		cb(arg, result);
}

static void
fail(struct exchange *upstream, int error, const char *why)
{
	const struct upstream_result result = {
		.error = error, .why = why, .sent = upstream->sent
	};

	finish(upstream, &result);
}

/* ---- messages ---- */

/* Returns 0, or -1 with errno. */
static int
compose(struct exchange *upstream, const char *name, uint16_t type,
    const struct upstream_manner *manner)
{
	uint8_t *query = upstream->query + 2;
	size_t len;

	memset(query, 0, WIRE_HEADER_LEN);
	if (getrandom(query, 2, 0) != 2)
		return -1;
	query[2] = manner->recurse ? WIRE_RD : 0;
	query[3] = (uint8_t)((manner->checking_disabled ? WIRE_CD : 0) |
			     (manner->authentic_data ? WIRE_AD : 0));
	query[5] = 1; /* one question */
	if ((len = domain_to_wire(name, query + WIRE_HEADER_LEN)) == 0 ||
	    manner->opt_len > UPSTREAM_OPT_MAX) {
		errno = EINVAL;
		return -1;
	}
	len += WIRE_HEADER_LEN;
	wire_put16(wire_put16(query + len, type), WIRE_CLASS_IN);
	len += WIRE_QUESTION_FIXED;
	upstream->question_len = len;
	if (manner->opt_len > 0) {
		query[11] = 1; /* one additional record */
		memcpy(query + len, manner->opt, manner->opt_len);
		len += manner->opt_len;
	}
	wire_put16(upstream->query, (unsigned)len);
	upstream->query_len = len;
	return 0;
}

/* ID, QR, opcode and question must match; the question's case may differ.  A
 * server that does not understand the query returns no question: that counts as
 * a reply, with an error. */
static bool
is_reply(const struct exchange *upstream, const uint8_t *wire, size_t len)
{
	const uint8_t *query = upstream->query + 2;
	/* The name ends here; type and class are compared exactly. */
	const size_t fixed = upstream->question_len - WIRE_QUESTION_FIXED;

	if (len < WIRE_HEADER_LEN || memcmp(wire, query, 2) != 0 ||
	    (wire[2] & WIRE_QR) == 0 || (wire[2] & WIRE_OPCODE) != 0)
		return false;
	if (wire[4] == 0 && wire[5] == 0)
		return (wire[3] & WIRE_RCODE) != 0;
	if (wire[4] != 0 || wire[5] != 1 || len < upstream->question_len)
		return false;
	return domain_wire_equal(wire + WIRE_HEADER_LEN,
		   query + WIRE_HEADER_LEN, fixed - WIRE_HEADER_LEN) &&
	       memcmp(wire + fixed, query + fixed, WIRE_QUESTION_FIXED) == 0;
}

static void
read_message(struct exchange *upstream, const uint8_t *wire, size_t len)
{
	ldns_pkt *packet = packet_parse(wire, len);
	const struct upstream_result result = { .packet = packet,
		.error = packet != NULL ? 0 : EBADMSG,
		.why = packet != NULL ? NULL : "an answer that can't be read",
		.length = len,
		.sent = upstream->sent };

	finish(upstream, &result);
	ldns_pkt_free(packet);
}

/* ---- sockets ---- */

static int
open_socket(struct exchange *upstream, int type)
{
	const struct endpoint *server = &upstream->server;

	upstream->fd = socket(
	    server->address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (upstream->fd == -1)
		return -1;
	if (connect(upstream->fd, (const struct sockaddr *)&server->address,
		server->length) == -1 &&
	    errno != EINPROGRESS)
		return -1;
	return 0;
}

/* ---- TCP ---- */

static void on_tcp(evutil_socket_t fd, short what, void *arg);

/* Returns 0, or -1 with errno. */
static int
watch_tcp(struct exchange *upstream, short what)
{
	if (upstream->io != NULL)
		event_free(upstream->io);
	upstream->io = event_new(upstream->base, upstream->fd,
	    (short)(what | EV_PERSIST), on_tcp, upstream);
	if (upstream->io != NULL && event_add(upstream->io, NULL) == 0)
		return 0;
	errno = ENOMEM;
	return -1;
}

static int
open_tcp(struct exchange *upstream)
{
	close_socket(upstream);
	upstream->tcp = true;
	upstream->reply = malloc(2 + WIRE_MESSAGE_MAX);
	if (upstream->reply == NULL ||
	    open_socket(upstream, SOCK_STREAM) == -1 ||
	    watch_tcp(upstream, EV_WRITE) == -1)
		return -1;
	timer_in_ms(upstream->timer, upstream->manner.ms);
	return 0;
}

static void
write_tcp(struct exchange *upstream)
{
	const size_t len = 2 + upstream->query_len;
	const ssize_t n =
	    send(upstream->fd, upstream->query + upstream->written,
		len - upstream->written, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		fail(upstream, errno, "TCP refused");
		return;
	}
	if (n > 0)
		upstream->written += (size_t)n;
	if (upstream->written == len && watch_tcp(upstream, EV_READ) == -1)
		fail(upstream, ENOMEM, "out of memory");
}

static void
read_tcp(struct exchange *upstream)
{
	size_t want = 2;
	ssize_t n;

	if (upstream->received >= 2)
		want += wire_get16(upstream->reply);
	n = recv(upstream->fd, upstream->reply + upstream->received,
	    want - upstream->received, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(upstream, n == 0 ? ECONNRESET : errno,
		    "TCP connection closed");
		return;
	}
	upstream->received += (size_t)n;
	if (upstream->received <= 2 || upstream->received < want)
		return;
	if (!is_reply(upstream, upstream->reply + 2, want - 2))
		fail(upstream, EBADMSG, "an answer to another question");
	else if ((upstream->reply[4] & WIRE_TC) != 0 &&
		 !upstream->manner.keep_truncated)
		fail(upstream, EBADMSG, "an answer that is cut off, over TCP");
	else
		read_message(upstream, upstream->reply + 2, want - 2);
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
send_udp(struct exchange *upstream)
{
	if (send(upstream->fd, upstream->query + 2, upstream->query_len, 0) !=
	    (ssize_t)upstream->query_len)
		return -1;
	upstream->sent++;
	return 0;
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *upstream = arg;
	uint8_t wire[WIRE_MESSAGE_MAX];
	const ssize_t n = recv(fd, wire, sizeof(wire), 0);

	(void)what;
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			fail(upstream, errno, "port unreachable");
		return;
	}
	/* Anything else is forged or late; the reply may still come. */
	if (!is_reply(upstream, wire, (size_t)n))
		return;
	if ((wire[2] & WIRE_TC) == 0 || upstream->manner.keep_truncated)
		read_message(upstream, wire, (size_t)n);
	else if (open_tcp(upstream) == -1)
		fail(upstream, errno, "TCP can't be opened");
}

/* Until the next sending; after the last one, for the remaining time. */
static void
arm_udp(struct exchange *upstream)
{
	const struct upstream_manner *manner = &upstream->manner;

	timer_in_ms(upstream->timer,
	    upstream->sent < manner->sendings
		? manner->resend_ms
		: manner->ms - (manner->sendings - 1) * manner->resend_ms);
}

static void
on_timer(void *arg)
{
	struct exchange *upstream = arg;

	if (upstream->tcp || upstream->sent >= upstream->manner.sendings ||
	    send_udp(upstream) == -1)
		fail(upstream, ETIMEDOUT, "no answer");
	else
		arm_udp(upstream);
}

static int
open_udp(struct exchange *upstream)
{
	if (open_socket(upstream, SOCK_DGRAM) == -1 || send_udp(upstream) == -1)
		return -1;
	upstream->io = event_new(upstream->base, upstream->fd,
	    EV_READ | EV_PERSIST, on_udp, upstream);
	if (upstream->io == NULL || event_add(upstream->io, NULL) == -1) {
		errno = ENOMEM;
		return -1;
	}
	arm_udp(upstream);
	return 0;
}

/* ---- life ---- */

struct exchange *
upstream_ask(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, const struct upstream_manner *manner,
    upstream_result_cb cb, void *arg)
{
	struct exchange *upstream = calloc(1, sizeof(*upstream));
	int error;

	if (upstream == NULL)
		return NULL;
	upstream->base = base;
	upstream->server = *server;
	upstream->manner = *manner;
	upstream->manner.opt = NULL;
	upstream->cb = cb;
	upstream->arg = arg;
	upstream->fd = -1;
	errno = ENOMEM;
	upstream->timer = timer_new(base, on_timer, upstream);
	if (upstream->timer != NULL &&
	    compose(upstream, name, type, manner) == 0 &&
	    (manner->tcp ? open_tcp : open_udp)(upstream) == 0) {
		/* Over TCP it is sent once, as soon as the connection is
		 * established. */
		upstream->sent = 1;
		return upstream;
	}
	error = errno;
	upstream_cancel(upstream);
	errno = error;
	return NULL;
}

struct exchange *
upstream_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, upstream_cb cb, void *arg)
{
	const struct upstream_manner manner = { .recurse = recurse,
		.sendings = SENDINGS,
		.resend_ms = RESEND_MS,
		.ms = UPSTREAM_MS };
	struct exchange *upstream =
	    upstream_ask(base, server, name, type, &manner, NULL, arg);

	if (upstream != NULL)
		upstream->plain_cb = cb;
	return upstream;
}
