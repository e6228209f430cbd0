/* dns_server.c - Postfix's resolver: its listening sockets. */

#include "wire/dns/dns_server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include <utlist.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/wire.h"
#include "wire/acceptor.h"
#include "wire/dns/dns_query.h"
#include "wire/dns/dns_tcp.h"
#include "wire/dns/dns_udp.h"
#include "wire/inet_socket.h"

#define BACKLOG 128
/* Octets of the receive buffer, for bursts of queries. */
#define UDP_BUFFER (1024 * 1024)

/* An address where we listen. */
struct place {
	struct dns_server *service;
	struct endpoint endpoint;
	struct dns_udp *datagrams; /* NULL if UDP is closed */
	struct acceptor *streams;  /* NULL if TCP is closed */
	bool is_named, is_fresh;   /* until dns_server_settle() */
	bool is_inherited;         /* from socket activation: never closed */
	bool is_leaving; /* no longer configured: closes after the last UDP
			  * query */
	struct place *prev, *next;
};

struct dns_server {
	struct event_base *base;
	struct dns_queries *queries;
	struct dns_tcp *streams;
	struct place *places;
	void (*done)(void *arg); /* when drained */
	void *done_arg;
};

static void
tell_if_drained(struct dns_server *service)
{
	void (*done)(void *arg) = service->done;

	if (done == NULL || dns_queries_in_flight(service->queries) > 0 ||
	    dns_tcp_count(service->streams) > 0)
		return;
	service->done = NULL;
	done(service->done_arg);
}

/* ---- connections ---- */

static void
on_connection(void *arg, int fd, const struct sockaddr_storage *client)
{
	const struct dns_server *service = arg;

	if (dns_queries_may_ask(service->queries, client))
		dns_tcp_add(service->streams, fd);
	else
		close(fd);
}

static void
on_no_room(void *arg)
{
	const struct dns_server *service = arg;

	dns_tcp_make_room(service->streams);
}

static const struct acceptor_handler handler = { .accepted = on_connection,
	.no_room = on_no_room };

/* ---- places ---- */

static void
close_tcp(struct place *place)
{
	acceptor_free(place->streams);
	place->streams = NULL;
}

static void
place_free(struct place *place)
{
	close_tcp(place);
	dns_udp_free(place->datagrams);
	DL_DELETE(place->service->places, place);
	free(place);
}

static void
close_if_left(struct place *place)
{
	if (place->is_leaving &&
	    (place->datagrams == NULL || dns_udp_is_idle(place->datagrams)))
		place_free(place);
}

/* All UDP queries are answered. */
static void
on_idle(void *arg)
{
	struct place *place = arg;
	struct dns_server *service = place->service;

	close_if_left(place);
	tell_if_drained(service);
}

static int
bound_socket(const struct endpoint *endpoint, int type)
{
	const int udp_buffer = UDP_BUFFER;
	const int fd = inet_socket_bind(endpoint, type);
	int error;

	if (fd == -1)
		return -1;
	if (type == SOCK_DGRAM)
		setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &udp_buffer, sizeof(udp_buffer));
	if (type == SOCK_DGRAM || listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Answer UDP queries at @fd, which is taken over.  Returns 0, or -1 when out of
 * memory. */
static int
watch_udp(struct place *place, int fd)
{
	place->datagrams = dns_udp_new(
	    place->service->base, fd, place->service->queries, on_idle, place);
	if (place->datagrams == NULL)
		close(fd);
	return place->datagrams != NULL ? 0 : -1;
}

static int
watch_tcp(struct place *place, int fd)
{
	place->streams =
	    acceptor_new(place->service->base, fd, &handler, place->service);
	if (place->streams == NULL)
		close(fd);
	return place->streams != NULL ? 0 : -1;
}

static int
open_socket(struct place *place, int type)
{
	const int fd = bound_socket(&place->endpoint, type);
	char text[ENDPOINT_TEXT_MAX];

	if (fd == -1) {
		log_error("dns_service: %s: %s",
		    endpoint_text(&place->endpoint, text),
		    endpoint_bind_error(&place->endpoint, errno));
		return -1;
	}
	if ((type == SOCK_DGRAM ? watch_udp : watch_tcp)(place, fd) == -1) {
		log_error("dns_service: %s: out of memory",
		    endpoint_text(&place->endpoint, text));
		return -1;
	}
	return 0;
}

/* Open the sockets that are missing.  Returns 0, or -1 with the reason
 * logged. */
static int
open_sockets(struct place *place)
{
	char text[ENDPOINT_TEXT_MAX];

	if (place->datagrams != NULL && place->streams != NULL)
		return 0;
	if ((place->datagrams == NULL &&
		open_socket(place, SOCK_DGRAM) == -1) ||
	    (place->streams == NULL && open_socket(place, SOCK_STREAM) == -1))
		return -1;
	log_info(
	    "dns_service: DNS on %s", endpoint_text(&place->endpoint, text));
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
find_or_make(struct dns_server *service, const struct endpoint *endpoint)
{
	struct place *place;

	DL_FOREACH (service->places, place)
		if (is_at(place, endpoint))
			return place;
	if ((place = calloc(1, sizeof(*place))) == NULL) {
		log_error("dns_service: out of memory");
		return NULL;
	}
	place->service = service;
	place->endpoint = *endpoint;
	place->is_fresh = true;
	DL_APPEND(service->places, place);
	return place;
}

int
dns_server_add_fd(struct dns_server *service, int fd)
{
	struct endpoint endpoint = { .length = sizeof(endpoint.address) };
	struct place *place;
	char text[ENDPOINT_TEXT_MAX];
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockname(fd, (struct sockaddr *)&endpoint.address,
		&endpoint.length) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    endpoint.address.ss_family == AF_UNIX ||
	    evutil_make_socket_nonblocking(fd) == -1 ||
	    (place = find_or_make(service, &endpoint)) == NULL) {
		log_error("dns_service: a socket from systemd is of no use");
		return -1;
	}
	if (type == SOCK_DGRAM ? place->datagrams != NULL
			       : place->streams != NULL) {
		log_error("dns_service: systemd gives the same place twice");
		return -1;
	}
	/* The datagram and stream sockets are one place. */
	if (!place->is_inherited)
		log_info(
		    "dns_service: DNS on %s", endpoint_text(&endpoint, text));
	place->is_inherited = true;
	place->is_fresh = false;
	return (type == SOCK_DGRAM ? watch_udp : watch_tcp)(place, fd);
}

/* Accept no new queries; those received are answered. */
static void
stop_listening(struct place *place)
{
	if (place->datagrams != NULL)
		dns_udp_stop(place->datagrams);
	close_tcp(place);
}

static void
leave(struct place *place)
{
	char text[ENDPOINT_TEXT_MAX];

	/* If a socket could not be opened, we never listened there. */
	if (place->datagrams != NULL && place->streams != NULL)
		log_info("dns_service: no longer on %s",
		    endpoint_text(&place->endpoint, text));
	stop_listening(place);
	place->is_leaving = true;
	close_if_left(place);
}

/* A place that was being closed is configured again.  Returns 0, or -1 when out
 * of memory. */
static int
return_to(struct place *place)
{
	if (!place->is_leaving)
		return 0;
	place->is_leaving = false;
	place->is_fresh = true;
	return place->datagrams != NULL ? dns_udp_resume(place->datagrams) : 0;
}

void
dns_server_settle(struct dns_server *service, bool keep)
{
	struct place *place, *next;

	DL_FOREACH_SAFE (service->places, place, next) {
		const bool unwanted = keep ? !place->is_named : place->is_fresh;

		place->is_named = place->is_fresh = false;
		if (unwanted && !place->is_leaving && !place->is_inherited)
			leave(place);
	}
}

int
dns_server_open(struct dns_server *service, const struct conf_endpoints *places)
{
	struct place *place;
	bool failed = false;

	for (size_t i = 0; !failed && i < places->count; i++) {
		place = find_or_make(service, &places->item[i]);
		if (place == NULL) {
			failed = true;
			break;
		}
		failed = return_to(place) == -1 || open_sockets(place) == -1;
		place->is_named = !failed;
	}
	if (failed)
		dns_server_settle(service, false);
	return failed ? -1 : 0;
}

/* ---- create and free ---- */

static void
on_streams_gone(void *arg)
{
	tell_if_drained(arg);
}

struct dns_server *
dns_server_new(struct event_base *base, struct stats *stats)
{
	struct dns_server *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->base = base;
	service->queries = dns_queries_new(stats);
	if (service->queries != NULL)
		service->streams = dns_tcp_new(
		    base, service->queries, on_streams_gone, service);
	if (service->streams == NULL) {
		dns_server_free(service);
		return NULL;
	}
	return service;
}

void
dns_server_watch(struct dns_server *service,
    void (*seen)(void *arg, const char *name), void *arg)
{
	dns_queries_watch(service->queries, seen, arg);
}

void
dns_server_use(struct dns_server *service, struct resolver *resolver,
    const struct conf_prefixes *allow)
{
	dns_queries_use(service->queries, resolver, allow);
}

void
dns_server_drain(struct dns_server *service, void (*done)(void *arg), void *arg)
{
	struct place *place;

	DL_FOREACH (service->places, place)
		stop_listening(place);
	dns_tcp_drain(service->streams);
	service->done = done;
	service->done_arg = arg;
	tell_if_drained(service);
}

const char *
dns_server_address(const struct dns_server *service, size_t index,
    char text[DNS_SERVER_ADDRESS_MAX])
{
	const struct place *place;

	DL_FOREACH (service->places, place) {
		const struct sockaddr *address =
		    (const struct sockaddr *)&place->endpoint.address;

		if (place->is_leaving ||
		    endpoint_port(&place->endpoint.address) != DNS_PORT ||
		    index-- > 0)
			continue;
		return getnameinfo(address, place->endpoint.length, text,
			   DNS_SERVER_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) == 0
			   ? text
			   : NULL;
	}
	return NULL;
}

size_t
dns_server_in_flight(const struct dns_server *service)
{
	return dns_queries_in_flight(service->queries);
}

size_t
dns_server_connections(const struct dns_server *service)
{
	return dns_tcp_count(service->streams);
}

void
dns_server_free(struct dns_server *service)
{
	if (service == NULL)
		return;
	dns_tcp_free(service->streams);
	while (service->places != NULL)
		place_free(service->places);
	dns_queries_free(service->queries);
	free(service);
}
