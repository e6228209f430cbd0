/* dns_tcp.c - DNS over TCP. */

#include "wire/dns/dns_tcp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "dns/wire.h"
#include "wire/dns/dns_query.h"
#include "wire/peers.h"

#define QUERIES_MAX 64 /* queries of one connection in progress */
#define OUTPUT_MAX ((size_t)256 * 1024) /* unsent octets of one connection */
#define IDLE_SECONDS 30
#define WRITE_SECONDS 10
#define QUIET_MS 10000 /* between two warnings that clients can trigger */

struct stream_query {
	struct dns_query query;
	struct stream *stream;
	struct stream_query *prev, *next;
};

/* A connection, in the list of candidates for closing, least recently used
 * first. */
struct stream {
	struct dns_tcp *streams;
	struct peer *peer;
	struct bufferevent *bufferevent;
	struct stream_query *queries;
	size_t query_count;
	bool eof; /* no more queries will come */
	struct stream *prev, *next;
};

struct dns_tcp {
	struct event_base *base;
	struct dns_queries *queries;
	struct stream *line;
	struct peers *peers;
	size_t count;
	uint64_t quiet_until;    /* clock_ms(): no warning before */
	void (*gone)(void *arg); /* NULL while this is being freed */
	void *gone_arg;
};

/* ---- answers ---- */

static void
send_reply(struct stream *stream, struct dns_reply reply)
{
	bufferevent_write(stream->bufferevent, reply.framed, 2 + reply.len);
}

static size_t
unsent(const struct stream *stream)
{
	return evbuffer_get_length(bufferevent_get_output(stream->bufferevent));
}

static void
query_free(struct stream_query *query)
{
	dns_query_cancel(&query->query);
	DL_DELETE(query->stream->queries, query);
	query->stream->query_count--;
	free(query);
}

static void
stream_free(struct stream *stream)
{
	struct dns_tcp *streams = stream->streams;
	struct stream_query *query, *next;

	DL_FOREACH_SAFE (stream->queries, query, next) {
		dns_query_cancel(&query->query);
		free(query);
	}
	DL_DELETE(streams->line, stream);
	peers_leave(streams->peers, stream->peer);
	streams->count--;
	bufferevent_free(stream->bufferevent);
	free(stream);
	if (streams->count == 0 && streams->gone != NULL)
		streams->gone(streams->gone_arg);
}

/* The client has closed its side and has all answers. */
static void
close_if_over(struct stream *stream)
{
	if (stream->eof && stream->query_count == 0 && unsent(stream) == 0)
		stream_free(stream);
}

/* ---- queries ---- */

static void read_stream(struct stream *stream);

static void
on_reply(void *arg, struct dns_reply reply)
{
	struct stream_query *query = arg;
	struct stream *stream = query->stream;

	send_reply(stream, reply);
	query_free(query);
	read_stream(stream);
	close_if_over(stream);
}

static void
look_up(
    struct stream *stream, const struct dns_request *request, const char *name)
{
	struct dns_queries *queries = stream->streams->queries;
	struct stream_query *query = calloc(1, sizeof(*query));

	if (query != NULL) {
		query->stream = stream;
		DL_APPEND(stream->queries, query);
		stream->query_count++;
		if (dns_query_start(&query->query, queries, request, name, true,
			dns_queries_peer(queries, stream->peer), on_reply,
			query) == 0)
			return;
		query_free(query);
	}
	send_reply(stream, dns_query_reply_busy(queries, request));
}

/* Returns 0, or -1 if this can't be a DNS client. */
static int
take_message(struct stream *stream, const uint8_t *wire, size_t len)
{
	struct dns_queries *queries = stream->streams->queries;
	struct stats *stats = dns_queries_stats(queries);
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];
	const enum dns_action action =
	    dns_message_parse(wire, len, &request, name);

	stats_count(stats, STATS_DNS_TCP);
	if (action == DNS_ACTION_DROP) {
		stats_count(stats, STATS_DNS_DROPPED);
		return -1;
	}
	if (action == DNS_ACTION_LOOK_UP)
		look_up(stream, &request, name);
	else
		send_reply(
		    stream, dns_query_reply_at_once(queries, action, &request));
	return 0;
}

/* The length of the next message if it is complete; otherwise 0. */
static size_t
whole_message(struct evbuffer *input)
{
	uint8_t length[2];
	size_t len;

	if (evbuffer_copyout(input, length, 2) < 2)
		return 0;
	len = 2U + wire_get16(length);
	return evbuffer_get_length(input) >= len ? len : 0;
}

static bool
has_room(const struct stream *stream)
{
	return stream->query_count < QUERIES_MAX && unsent(stream) < OUTPUT_MAX;
}

/* A connection with unanswered queries is not idle. */
static void
set_timeout(struct stream *stream)
{
	static const struct timeval idle = { IDLE_SECONDS, 0 };
	static const struct timeval slow = { WRITE_SECONDS, 0 };

	bufferevent_set_timeouts(stream->bufferevent,
	    stream->query_count == 0 ? &idle : NULL, &slow);
}

/* Process the received queries, as far as there is room for them.  The
 * connection is closed here only if the client does not speak DNS. */
static void
read_stream(struct stream *stream)
{
	struct evbuffer *input = bufferevent_get_input(stream->bufferevent);
	size_t len;

	while (has_room(stream) && (len = whole_message(input)) > 0) {
		const uint8_t *wire = evbuffer_pullup(input, (ssize_t)len);

		if (wire == NULL ||
		    take_message(stream, wire + 2, len - 2) == -1) {
			stream->eof = true;
			evbuffer_drain(input, evbuffer_get_length(input));
			break;
		}
		evbuffer_drain(input, len);
	}
	if (stream->eof || !has_room(stream))
		bufferevent_disable(stream->bufferevent, EV_READ);
	else
		bufferevent_enable(stream->bufferevent, EV_READ);
	set_timeout(stream);
}

static void
on_readable(struct bufferevent *bufferevent, void *arg)
{
	struct stream *stream = arg;
	struct dns_tcp *streams = stream->streams;

	(void)bufferevent;
	DL_DELETE(streams->line, stream);
	DL_APPEND(streams->line, stream);
	read_stream(stream);
	close_if_over(stream);
}

/* All output is sent. */
static void
on_written(struct bufferevent *bufferevent, void *arg)
{
	struct stream *stream = arg;

	(void)bufferevent;
	read_stream(stream);
	close_if_over(stream);
}

static void
on_event(struct bufferevent *bufferevent, short what, void *arg)
{
	struct stream *stream = arg;

	(void)bufferevent;
	if ((what & BEV_EVENT_EOF) == 0) {
		stream_free(stream); /* an error, or idle for too long */
		return;
	}
	/* Maybe only the client's side is closed. */
	read_stream(stream);
	stream->eof = true;
	bufferevent_disable(stream->bufferevent, EV_READ);
	close_if_over(stream);
}

/* ---- all connections ---- */

/* The connection to close for one of @newcomer's: the longest idle of those
 * that may make room (peers.h).  If none is idle, the one whose last query is
 * oldest; with @newcomer NULL, none. */
static struct stream *
find_leaver(const struct dns_tcp *streams, const struct peer *newcomer)
{
	const size_t most = peers_most(streams->peers);
	struct stream *stream, *waits = NULL;

	DL_FOREACH (streams->line, stream) {
		if (!peer_makes_room(stream->peer, newcomer, most))
			continue;
		if (stream->query_count == 0)
			return stream;
		if (newcomer != NULL && waits == NULL)
			waits = stream;
	}
	return waits;
}

static void
warn_that_all_wait(struct dns_tcp *streams, const struct stream *leaver)
{
	const uint64_t now = clock_ms();
	char text[PEER_TEXT_MAX];

	if (now < streams->quiet_until)
		return;
	streams->quiet_until = now + QUIET_MS;
	log_warning("dns_service: all %d TCP connections are busy, %s has most "
		    "of them and one is closed",
	    DNS_TCP_MAX, peer_text(leaver->peer, text));
}

void
dns_tcp_make_room(struct dns_tcp *streams)
{
	struct stream *idle = find_leaver(streams, NULL);

	if (idle != NULL)
		stream_free(idle);
}

static void
make_room_for(struct dns_tcp *streams, const struct peer *newcomer)
{
	struct stream *leaver = find_leaver(streams, newcomer);

	if (leaver == NULL)
		return;
	if (leaver->query_count > 0)
		warn_that_all_wait(streams, leaver);
	stream_free(leaver);
}

/* Takes over both unless it returns NULL: out of memory. */
static struct stream *
stream_new(struct dns_tcp *streams, int fd, struct peer *peer)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	stream->streams = streams;
	stream->peer = peer;
	stream->bufferevent =
	    bufferevent_socket_new(streams->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (stream->bufferevent == NULL) {
		free(stream);
		return NULL;
	}
	bufferevent_setcb(
	    stream->bufferevent, on_readable, on_written, on_event, stream);
	/* Buffer at most one message beyond those being looked up. */
	bufferevent_setwatermark(
	    stream->bufferevent, EV_READ, 0, 2 + DNS_MESSAGE_MAX);
	return stream;
}

static struct stream *
new_of(struct dns_tcp *streams, int fd, struct peer *peer)
{
	struct stream *stream;

	if (streams->count >= DNS_TCP_MAX)
		make_room_for(streams, peer);
	if ((stream = stream_new(streams, fd, peer)) == NULL)
		peers_leave(streams->peers, peer);
	return stream;
}

void
dns_tcp_add(struct dns_tcp *streams, int fd)
{
	struct peer *peer = peers_join(streams->peers, fd);
	struct stream *stream = peer != NULL ? new_of(streams, fd, peer) : NULL;

	if (stream == NULL) {
		close(fd);
		return;
	}
	DL_APPEND(streams->line, stream);
	streams->count++;
	set_timeout(stream);
	bufferevent_enable(stream->bufferevent, EV_READ | EV_WRITE);
}

/* Answer the queries that have already arrived.  If the socket were closed with
 * unread data, even answers on their way would be lost. */
static void
read_last(struct stream *stream)
{
	struct evbuffer *input = bufferevent_get_input(stream->bufferevent);

	evbuffer_unfreeze(input, 0);
	evbuffer_read(
	    input, bufferevent_getfd(stream->bufferevent), 2 + DNS_MESSAGE_MAX);
	evbuffer_freeze(input, 0);
	read_stream(stream);
}

void
dns_tcp_drain(struct dns_tcp *streams)
{
	struct stream *stream, *next;

	DL_FOREACH_SAFE (streams->line, stream, next) {
		if (!stream->eof)
			read_last(stream);
		stream->eof = true;
		bufferevent_disable(stream->bufferevent, EV_READ);
		close_if_over(stream);
	}
}

size_t
dns_tcp_count(const struct dns_tcp *streams)
{
	return streams->count;
}

struct dns_tcp *
dns_tcp_new(struct event_base *base, struct dns_queries *queries,
    void (*gone)(void *arg), void *arg)
{
	struct dns_tcp *streams = calloc(1, sizeof(*streams));

	if (streams == NULL)
		return NULL;
	streams->base = base;
	streams->queries = queries;
	streams->gone = gone;
	streams->gone_arg = arg;
	if ((streams->peers = peers_new(SOCK_STREAM)) == NULL) {
		free(streams);
		return NULL;
	}
	return streams;
}

void
dns_tcp_free(struct dns_tcp *streams)
{
	if (streams == NULL)
		return;
	streams->gone = NULL;
	while (streams->line != NULL)
		stream_free(streams->line);
	peers_free(streams->peers);
	free(streams);
}
