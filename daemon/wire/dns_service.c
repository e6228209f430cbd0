/* dns_service.c - Postfix's resolver. */

#include "wire/dns_service.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/stats.h"
#include "base/table.h"
#include "dns/resolver.h"
#include "wire/dns_message.h"

#define BACKLOG 128
#define DNS_PORT 53
#define UDP_BURST 64 /* datagrams, before others have their turn */
#define ACCEPT_BURST 16
#define ACCEPT_PAUSE_MS 100 /* after the descriptors have run out */
/* Octets of datagrams that may wait for us: a burst of questions. */
#define UDP_BUFFER (1024 * 1024)
#define STREAMS_MAX 256       /* TCP connections */
#define STREAM_QUERIES_MAX 64 /* questions of one that are being answered */
#define STREAM_OUTPUT_MAX ((size_t)256 * 1024) /* that it has not taken */
#define STREAM_IDLE_SECONDS 30
#define STREAM_WRITE_SECONDS 10

/* Where we listen. */
struct place {
	struct dns_service *service;
	struct endpoint endpoint;
	int udp, tcp; /* -1 where it is closed */
	struct event *datagram, *connection;
	struct event *resume;    /* accepting, after a pause */
	struct query *queries;   /* that came by UDP */
	bool is_named, is_fresh; /* for dns_service_set(), while it runs */
	bool is_inherited;       /* given to us: not ours to leave */
	bool is_leaving;         /* no longer named: closes with the last
				  * query */
	struct place *prev, *next;
};

/* A TCP connection, in the line of those that may make room, the one that has
 * been unused longest first. */
struct stream {
	struct dns_service *service;
	struct bufferevent *bufferevent;
	struct query *queries;
	size_t query_count;
	bool eof; /* no more questions will come */
	struct stream *prev, *next;
};

/* What makes one datagram the repetition of another. */
struct query_key {
	struct sockaddr_storage client;
	uint8_t id[2];
	uint8_t question[DNS_QUESTION_MAX];
};

/* A question that is being looked up.  Either @place or @stream waits for
 * it. */
struct query {
	struct dns_service *service;
	struct resolver_lookup *lookup;
	struct dns_request request;
	struct place *place;
	struct stream *stream;
	socklen_t client_len;
	struct query_key key; /* with @place */
	uint64_t start;       /* clock_ms() */
	struct query *prev, *next;
	UT_hash_handle hh;
};

struct dns_service {
	struct event_base *base;
	struct stats *stats;
	struct resolver *resolver;
	const struct conf_prefixes *allow;
	struct place *places;
	struct stream *streams;
	struct query *datagrams; /* hash: queries that came by UDP */
	size_t query_count, stream_count;
	void (*done)(void *arg); /* once drained */
	void *done_arg;
	void (*seen)(void *arg, const char *name); /* dns_service_watch() */
	void *seen_arg;
	uint8_t out[2 + DNS_MESSAGE_MAX]; /* of what is being sent */
};

static void close_if_left(struct place *place);
static void close_if_over(struct stream *stream);
static void read_stream(struct stream *stream);

/* ---- who may ask ---- */

static bool
may_ask(
    const struct dns_service *service, const struct sockaddr_storage *client)
{
	if (prefix_is_loopback(client))
		return true;
	for (size_t i = 0; i < service->allow->count; i++)
		if (prefix_contains(&service->allow->item[i], client))
			return true;
	return false;
}

static uint16_t
port_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET
		   ? ((const struct sockaddr_in *)address)->sin_port
		   : ((const struct sockaddr_in6 *)address)->sin6_port;
}

/* ---- answers ---- */

static void
count_reply(struct dns_service *service, const uint8_t *wire)
{
	static const enum stats_counter rcodes[] = {
		[DNS_RCODE_NOERROR] = STATS_DNS_NOERROR,
		[DNS_RCODE_FORMERR] = STATS_DNS_FORMERR,
		[DNS_RCODE_SERVFAIL] = STATS_DNS_SERVFAIL,
		[DNS_RCODE_NXDOMAIN] = STATS_DNS_NXDOMAIN,
		[DNS_RCODE_NOTIMP] = STATS_DNS_NOTIMP,
		[DNS_RCODE_REFUSED] = STATS_DNS_REFUSED,
	};
	const enum dns_rcode rcode = dns_message_rcode(wire);

	if ((size_t)rcode < sizeof(rcodes) / sizeof(rcodes[0]))
		stats_count(service->stats, rcodes[rcode]);
	if (dns_message_is_authentic(wire))
		stats_count(service->stats, STATS_DNS_AUTHENTIC);
	if (dns_message_is_truncated(wire))
		stats_count(service->stats, STATS_DNS_TRUNCATED);
}

/* The datagram lies in service->out, behind the room for a length.  What the
 * socket does not take now is lost, as datagrams are. */
static void
send_datagram(struct place *place, const struct sockaddr_storage *client,
    socklen_t client_len, size_t len)
{
	struct dns_service *service = place->service;

	count_reply(service, service->out + 2);
	if (place->udp != -1)
		(void)sendto(place->udp, service->out + 2, len, 0,
		    (const struct sockaddr *)client, client_len);
}

static void
send_message(struct stream *stream, size_t len)
{
	struct dns_service *service = stream->service;

	count_reply(service, service->out + 2);
	service->out[0] = (uint8_t)(len >> 8);
	service->out[1] = (uint8_t)len;
	bufferevent_write(stream->bufferevent, service->out, 2 + len);
}

/* A question that needs no lookup.  Returns the octets in service->out, behind
 * the room for a length; 0 where there is no answer. */
static size_t
answer_at_once(struct dns_service *service, enum dns_action action,
    const struct dns_request *request)
{
	uint8_t *out = service->out + 2;

	if (action == DNS_ACTION_ANY)
		return dns_message_any(request, out, DNS_MESSAGE_MAX);
	if (action == DNS_ACTION_REFUSE)
		return dns_message_error(request, request->rcode,
		    DNS_ERROR_NONE, NULL, out, DNS_MESSAGE_MAX);
	return 0;
}

/* ---- queries ---- */

static void
tell_if_drained(struct dns_service *service)
{
	void (*done)(void *arg) = service->done;

	if (done == NULL || service->query_count > 0 ||
	    service->stream_count > 0)
		return;
	service->done = NULL;
	done(service->done_arg);
}

static void
query_free(struct query *query)
{
	struct dns_service *service = query->service;

	resolver_cancel(query->lookup);
	if (query->stream != NULL) {
		DL_DELETE(query->stream->queries, query);
		query->stream->query_count--;
	} else {
		DL_DELETE(query->place->queries, query);
		HASH_DEL(service->datagrams, query);
	}
	service->query_count--;
	free(query);
}

static void
log_reply(const struct query *query, const struct dns_answer *answer)
{
	const uint8_t *wire = query->service->out + 2;
	char type[16];

	if (!log_wants(LOG_LEVEL_DEBUG))
		return;
	log_debug("dns_service: name=%s type=%s over=%s rcode=%d ad=%d "
		  "security=%s rung=%s ms=%llu",
	    answer->qname, dns_type_text(answer->qtype, type),
	    query->stream != NULL ? "tcp" : "udp", (int)dns_message_rcode(wire),
	    dns_message_is_authentic(wire), dns_security_text(answer->security),
	    dns_rung_text(answer->rung),
	    (unsigned long long)(clock_ms() - query->start));
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct query *query = arg;
	struct dns_service *service = query->service;
	struct place *place = query->place;
	struct stream *stream = query->stream;
	const size_t len =
	    dns_message_answer(&query->request, answer, service->out + 2,
		dns_message_limit(&query->request, stream != NULL));

	query->lookup = NULL;
	log_reply(query, answer);
	if (stream != NULL)
		send_message(stream, len);
	else
		send_datagram(
		    place, &query->key.client, query->client_len, len);
	query_free(query);
	if (stream != NULL) {
		read_stream(stream);
		close_if_over(stream);
	} else {
		close_if_left(place);
	}
	tell_if_drained(service);
}

static int
start_lookup(struct query *query, const char *name)
{
	struct dns_service *service = query->service;

	if (service->seen != NULL && query->request.type == DNS_TYPE_MX &&
	    !query->request.dnssec_ok)
		service->seen(service->seen_arg, name);
	query->start = clock_ms();
	query->lookup =
	    resolver_lookup(service->resolver, name, query->request.type,
		RESOLVER_NEED_MESSAGE, RESOLVER_CLASS_OTHER, on_answer, query);
	return query->lookup != NULL ? 0 : -1;
}

/* Returns the octets of the refusal in service->out. */
static size_t
refuse_for_now(struct dns_service *service, const struct dns_request *request)
{
	return dns_message_error(request, DNS_RCODE_SERVFAIL, DNS_ERROR_OTHER,
	    "too many questions at once", service->out + 2, DNS_MESSAGE_MAX);
}

/* ---- UDP ---- */

static struct query *
find_datagram(struct dns_service *service, const struct query_key *key)
{
	struct query *query;

	HASH_FIND(hh, service->datagrams, key, sizeof(*key), query);
	return query;
}

/* NULL when out of memory. */
static struct query *
datagram_query(struct place *place, const struct query_key *key,
    const struct dns_request *request, socklen_t client_len)
{
	struct dns_service *service = place->service;
	struct query *query = calloc(1, sizeof(*query));

	if (query == NULL)
		return NULL;
	query->service = service;
	query->place = place;
	query->request = *request;
	memcpy(&query->key, key, sizeof(*key)); /* what lies between, too */
	query->client_len = client_len;
	HASH_ADD(hh, service->datagrams, key, sizeof(query->key), query);
	if (query->hh.tbl == NULL) { /* out of memory */
		free(query);
		return NULL;
	}
	DL_APPEND(place->queries, query);
	service->query_count++;
	return query;
}

static void
look_up_datagram(struct place *place, const struct dns_request *request,
    const char *name, const struct sockaddr_storage *client, socklen_t len)
{
	struct dns_service *service = place->service;
	struct query_key key;
	struct query *query;

	memset(&key, 0, sizeof(key));
	memcpy(&key.client, client, len);
	memcpy(key.id, request->id, sizeof(key.id));
	memcpy(key.question, request->question, request->question_len);
	if (find_datagram(service, &key) != NULL) {
		stats_count(service->stats, STATS_DNS_REPEATED);
		return;
	}
	query = datagram_query(place, &key, request, len);
	if (query != NULL && start_lookup(query, name) == 0)
		return;
	if (query != NULL)
		query_free(query);
	send_datagram(place, client, len, refuse_for_now(service, request));
}

static void
take_datagram(struct place *place, const uint8_t *wire, size_t len,
    const struct sockaddr_storage *client, socklen_t client_len)
{
	struct dns_service *service = place->service;
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];
	enum dns_action action = dns_message_parse(wire, len, &request, name);

	stats_count(service->stats, STATS_DNS_UDP);
	/* Port 0 is nobody's: what goes there comes from a forger. */
	if (action == DNS_ACTION_DROP || port_of(client) == 0) {
		stats_count(service->stats, STATS_DNS_DROPPED);
	} else if (!may_ask(service, client)) {
		len = dns_message_error(&request, DNS_RCODE_REFUSED,
		    DNS_ERROR_PROHIBITED, NULL, service->out + 2,
		    DNS_MESSAGE_MAX);
		send_datagram(place, client, client_len, len);
	} else if (action == DNS_ACTION_LOOK_UP) {
		look_up_datagram(place, &request, name, client, client_len);
	} else {
		len = answer_at_once(service, action, &request);
		send_datagram(place, client, client_len, len);
	}
}

static void
on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct place *place = arg;
	uint8_t wire[4096];

	(void)what;
	for (int i = 0; i < UDP_BURST; i++) {
		struct sockaddr_storage client;
		socklen_t client_len = sizeof(client);
		ssize_t n;

		memset(&client, 0, sizeof(client));
		n = recvfrom(fd, wire, sizeof(wire), MSG_TRUNC,
		    (struct sockaddr *)&client, &client_len);
		if (n == -1 && errno == EAGAIN)
			return;
		/* Of one that is larger, what is here can't be its whole. */
		if (n >= 0)
			take_datagram(place, wire,
			    (size_t)n < sizeof(wire) ? (size_t)n : sizeof(wire),
			    &client, client_len);
	}
}

/* ---- TCP ---- */

static void
stream_free(struct stream *stream)
{
	struct dns_service *service = stream->service;

	while (stream->queries != NULL)
		query_free(stream->queries);
	DL_DELETE(service->streams, stream);
	service->stream_count--;
	bufferevent_free(stream->bufferevent);
	free(stream);
	tell_if_drained(service);
}

static size_t
unsent(const struct stream *stream)
{
	return evbuffer_get_length(bufferevent_get_output(stream->bufferevent));
}

/* The client has said that it will ask no more, and has all answers. */
static void
close_if_over(struct stream *stream)
{
	if (stream->eof && stream->query_count == 0 && unsent(stream) == 0)
		stream_free(stream);
}

static void
look_up(
    struct stream *stream, const struct dns_request *request, const char *name)
{
	struct dns_service *service = stream->service;
	struct query *query = calloc(1, sizeof(*query));

	if (query == NULL) {
		send_message(stream, refuse_for_now(service, request));
		return;
	}
	query->service = service;
	query->stream = stream;
	query->request = *request;
	DL_APPEND(stream->queries, query);
	stream->query_count++;
	service->query_count++;
	if (start_lookup(query, name) == 0)
		return;
	query_free(query);
	send_message(stream, refuse_for_now(service, request));
}

/* Returns 0, or -1 when this can't be a DNS client. */
static int
take_message(struct stream *stream, const uint8_t *wire, size_t len)
{
	struct dns_service *service = stream->service;
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];
	const enum dns_action action =
	    dns_message_parse(wire, len, &request, name);

	stats_count(service->stats, STATS_DNS_TCP);
	if (action == DNS_ACTION_DROP) {
		stats_count(service->stats, STATS_DNS_DROPPED);
		return -1;
	}
	if (action == DNS_ACTION_LOOK_UP)
		look_up(stream, &request, name);
	else
		send_message(stream, answer_at_once(service, action, &request));
	return 0;
}

/* The length of the next message, if all of it is there; otherwise 0. */
static size_t
whole_message(struct evbuffer *input)
{
	uint8_t length[2];
	size_t len;

	if (evbuffer_copyout(input, length, 2) < 2)
		return 0;
	len = 2 + ((size_t)length[0] << 8 | length[1]);
	return evbuffer_get_length(input) >= len ? len : 0;
}

static bool
has_room(const struct stream *stream)
{
	return stream->query_count < STREAM_QUERIES_MAX &&
	       unsent(stream) < STREAM_OUTPUT_MAX;
}

/* Whoever waits for an answer is not idle. */
static void
set_timeout(struct stream *stream)
{
	static const struct timeval idle = { STREAM_IDLE_SECONDS, 0 };
	static const struct timeval slow = { STREAM_WRITE_SECONDS, 0 };

	bufferevent_set_timeouts(stream->bufferevent,
	    stream->query_count == 0 ? &idle : NULL, &slow);
}

/* Take the questions that are there, as far as there is room for them.  The
 * stream ends here only where the client is none. */
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
	struct dns_service *service = stream->service;

	(void)bufferevent;
	DL_DELETE(service->streams, stream);
	DL_APPEND(service->streams, stream);
	read_stream(stream);
	close_if_over(stream);
}

/* All is sent. */
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
	/* It has ended its side only, maybe. */
	read_stream(stream);
	stream->eof = true;
	bufferevent_disable(stream->bufferevent, EV_READ);
	close_if_over(stream);
}

static struct stream *
idle_longest(struct dns_service *service)
{
	struct stream *stream;

	DL_FOREACH(service->streams, stream)
	if (stream->query_count == 0)
		return stream;
	return NULL;
}

static void
add_stream(struct dns_service *service, int fd)
{
	struct stream *stream, *idle;

	if (service->stream_count >= STREAMS_MAX) {
		if ((idle = idle_longest(service)) == NULL) {
			close(fd);
			return;
		}
		stream_free(idle);
	}
	if ((stream = calloc(1, sizeof(*stream))) == NULL) {
		close(fd);
		return;
	}
	stream->service = service;
	stream->bufferevent =
	    bufferevent_socket_new(service->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (stream->bufferevent == NULL) {
		close(fd);
		free(stream);
		return;
	}
	bufferevent_setcb(
	    stream->bufferevent, on_readable, on_written, on_event, stream);
	/* No more than one message beyond what is being looked up. */
	bufferevent_setwatermark(
	    stream->bufferevent, EV_READ, 0, 2 + DNS_MESSAGE_MAX);
	DL_APPEND(service->streams, stream);
	service->stream_count++;
	set_timeout(stream);
	bufferevent_enable(stream->bufferevent, EV_READ | EV_WRITE);
}

/* Who waits would wake us for ever. */
static void
pause_accepting(struct place *place)
{
	static const struct timeval pause = { 0, ACCEPT_PAUSE_MS * 1000 };
	struct stream *idle = idle_longest(place->service);

	if (idle != NULL)
		stream_free(idle);
	event_del(place->connection);
	event_add(place->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct place *place = arg;

	(void)fd;
	(void)what;
	if (place->tcp != -1 && !place->is_leaving)
		event_add(place->connection, NULL);
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct place *place = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage client;
		socklen_t len = sizeof(client);
		const int socket = accept4(fd, (struct sockaddr *)&client, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (socket == -1) {
			if (errno == EMFILE || errno == ENFILE)
				pause_accepting(place);
			return;
		}
		if (may_ask(place->service, &client))
			add_stream(place->service, socket);
		else
			close(socket);
	}
}

/* ---- places ---- */

static void
close_sockets(struct place *place)
{
	if (place->datagram != NULL)
		event_free(place->datagram);
	if (place->connection != NULL)
		event_free(place->connection);
	if (place->resume != NULL)
		event_free(place->resume);
	place->datagram = place->connection = place->resume = NULL;
	if (place->udp != -1)
		close(place->udp);
	if (place->tcp != -1)
		close(place->tcp);
	place->udp = place->tcp = -1;
}

static void
place_free(struct place *place)
{
	while (place->queries != NULL)
		query_free(place->queries);
	close_sockets(place);
	DL_DELETE(place->service->places, place);
	free(place);
}

/* A place that is no longer named closes with its last query. */
static void
close_if_left(struct place *place)
{
	if (place->is_leaving && place->queries == NULL)
		place_free(place);
}

static int
bound_socket(const struct endpoint *endpoint, int type)
{
	const int family = endpoint->address.ss_family, on = 1;
	const int udp_buffer = UDP_BUFFER;
	const int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd == -1)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	else
		setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &udp_buffer, sizeof(udp_buffer));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&endpoint->address,
		endpoint->length) == 0 &&
	    (type != SOCK_STREAM || listen(fd, BACKLOG) == 0))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Begin to listen with the sockets that there are.  Returns 0, or -1 when out
 * of memory. */
static int
watch_sockets(struct place *place)
{
	struct event_base *base = place->service->base;

	if (place->udp != -1 && place->datagram == NULL &&
	    ((place->datagram = event_new(base, place->udp,
		  EV_READ | EV_PERSIST, on_datagram, place)) == NULL ||
		event_add(place->datagram, NULL) == -1))
		return -1;
	if (place->tcp != -1 && place->connection == NULL &&
	    ((place->resume = evtimer_new(base, on_resume, place)) == NULL ||
		(place->connection = event_new(base, place->tcp,
		     EV_READ | EV_PERSIST, on_connection, place)) == NULL ||
		event_add(place->connection, NULL) == -1))
		return -1;
	return 0;
}

/* Those that are missing.  Returns 0, or -1 with the reason logged. */
static int
open_sockets(struct place *place)
{
	char text[ENDPOINT_TEXT_MAX];

	if (place->udp != -1 && place->tcp != -1)
		return 0;
	endpoint_text(&place->endpoint, text);
	if (place->udp == -1)
		place->udp = bound_socket(&place->endpoint, SOCK_DGRAM);
	if (place->udp != -1 && place->tcp == -1)
		place->tcp = bound_socket(&place->endpoint, SOCK_STREAM);
	if (place->udp == -1 || place->tcp == -1) {
		log_error("dns_service: %s: %s", text, strerror(errno));
		return -1;
	}
	if (watch_sockets(place) == -1) {
		log_error("dns_service: %s: out of memory", text);
		return -1;
	}
	log_info("dns_service: DNS on %s", text);
	return 0;
}

static bool
is_at(const struct place *place, const struct endpoint *endpoint)
{
	char one[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	return strcmp(endpoint_text(&place->endpoint, one),
		   endpoint_text(endpoint, other)) == 0;
}

/* NULL when out of memory. */
static struct place *
find_or_make(struct dns_service *service, const struct endpoint *endpoint)
{
	struct place *place;

	DL_FOREACH(service->places, place)
	if (is_at(place, endpoint))
		return place;
	if ((place = calloc(1, sizeof(*place))) == NULL) {
		log_error("dns_service: out of memory");
		return NULL;
	}
	place->service = service;
	place->endpoint = *endpoint;
	place->udp = place->tcp = -1;
	place->is_fresh = true;
	DL_APPEND(service->places, place);
	return place;
}

int
dns_service_add_fd(struct dns_service *service, int fd)
{
	struct endpoint endpoint = { .length = sizeof(endpoint.address) };
	struct place *place;
	int type = 0;
	socklen_t len = sizeof(type);
	int *to;

	if (getsockname(fd, (struct sockaddr *)&endpoint.address,
		&endpoint.length) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    endpoint.address.ss_family == AF_UNIX ||
	    evutil_make_socket_nonblocking(fd) == -1 ||
	    (place = find_or_make(service, &endpoint)) == NULL) {
		log_error("dns_service: a socket from systemd is of no use");
		return -1;
	}
	to = type == SOCK_DGRAM ? &place->udp : &place->tcp;
	if (*to != -1) {
		log_error("dns_service: systemd gives the same place twice");
		return -1;
	}
	*to = fd;
	place->is_inherited = true;
	place->is_fresh = false;
	return watch_sockets(place);
}

/* No new questions; those that have come are answered. */
static void
stop_listening(struct place *place)
{
	if (place->datagram != NULL)
		event_del(place->datagram);
	if (place->connection != NULL) {
		event_del(place->connection);
		event_del(place->resume);
	}
	if (place->tcp != -1)
		close(place->tcp);
	place->tcp = -1;
}

static void
leave(struct place *place)
{
	char text[ENDPOINT_TEXT_MAX];

	log_info("dns_service: no longer on %s",
	    endpoint_text(&place->endpoint, text));
	stop_listening(place);
	place->is_leaving = true;
	close_if_left(place);
}

/* A place that was being left is named again. */
static void
return_to(struct place *place)
{
	if (!place->is_leaving)
		return;
	close_sockets(place);
	place->is_leaving = false;
	place->is_fresh = true;
}

int
dns_service_set(
    struct dns_service *service, const struct conf_endpoints *places)
{
	struct place *place, *next;
	bool failed = false;

	for (size_t i = 0; !failed && i < places->count; i++) {
		place = find_or_make(service, &places->item[i]);
		if (place == NULL) {
			failed = true;
			break;
		}
		return_to(place);
		failed = open_sockets(place) == -1;
		place->is_named = !failed;
	}
	DL_FOREACH_SAFE(service->places, place, next)
	{
		const bool unwanted =
		    failed ? place->is_fresh : !place->is_named;

		place->is_named = place->is_fresh = false;
		if (unwanted && !place->is_leaving && !place->is_inherited)
			leave(place);
	}
	return failed ? -1 : 0;
}

/* ---- life ---- */

struct dns_service *
dns_service_new(struct event_base *base, struct stats *stats)
{
	struct dns_service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->base = base;
	service->stats = stats;
	return service;
}

void
dns_service_watch(struct dns_service *service,
    void (*seen)(void *arg, const char *name), void *arg)
{
	service->seen = seen;
	service->seen_arg = arg;
}

void
dns_service_use(struct dns_service *service, struct resolver *resolver,
    const struct conf_prefixes *allow)
{
	service->resolver = resolver;
	service->allow = allow;
}

void
dns_service_drain(
    struct dns_service *service, void (*done)(void *arg), void *arg)
{
	struct place *place;
	struct stream *stream, *next;

	service->done = done;
	service->done_arg = arg;
	DL_FOREACH(service->places, place)
	stop_listening(place);
	DL_FOREACH_SAFE(service->streams, stream, next)
	{
		stream->eof = true;
		bufferevent_disable(stream->bufferevent, EV_READ);
		close_if_over(stream);
	}
	tell_if_drained(service);
}

const char *
dns_service_address(const struct dns_service *service, size_t index,
    char text[DNS_SERVICE_ADDRESS_MAX])
{
	const struct place *place;

	DL_FOREACH(service->places, place)
	{
		const struct sockaddr *address =
		    (const struct sockaddr *)&place->endpoint.address;

		if (place->is_leaving ||
		    ntohs(port_of(&place->endpoint.address)) != DNS_PORT ||
		    index-- > 0)
			continue;
		return getnameinfo(address, place->endpoint.length, text,
			   DNS_SERVICE_ADDRESS_MAX, NULL, 0,
			   NI_NUMERICHOST) == 0
			   ? text
			   : NULL;
	}
	return NULL;
}

size_t
dns_service_in_flight(const struct dns_service *service)
{
	return service->query_count;
}

size_t
dns_service_connections(const struct dns_service *service)
{
	return service->stream_count;
}

void
dns_service_free(struct dns_service *service)
{
	if (service == NULL)
		return;
	service->done = NULL;
	while (service->streams != NULL)
		stream_free(service->streams);
	while (service->places != NULL)
		place_free(service->places);
	free(service);
}
