/* dns_udp.c - DNS over UDP, at one socket. */

#include "wire/dns/dns_udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/endpoint.h"
#include "base/hash.h"
#include "base/stats.h"
#include "wire/dns/dns_query.h"

#define BURST 64 /* datagrams, before other events are served */

/* Identifies repetitions of a datagram. */
struct key {
	struct sockaddr_storage client;
	uint8_t id[2];
	uint8_t question[DNS_QUESTION_MAX];
};

/* A query being looked up. */
struct datagram {
	struct dns_query query;
	struct dns_udp *datagrams;
	socklen_t client_len;
	struct key key;
	UT_hash_handle hh;
};

struct dns_udp {
	struct dns_queries *queries;
	int fd;
	struct event *readable;
	struct datagram *waiting; /* hash */
	void (*idle)(void *arg);
	void *idle_arg;
};

/* ---- one query ---- */

/* If the socket does not accept it now, the answer is lost. */
static void
send_reply(const struct dns_udp *datagrams,
    const struct sockaddr_storage *client, socklen_t client_len,
    struct dns_reply reply)
{
	(void)sendto(datagrams->fd, reply.framed + 2, reply.len, 0,
	    (const struct sockaddr *)client, client_len);
}

static void
datagram_free(struct datagram *datagram)
{
	dns_query_cancel(&datagram->query);
	HASH_DEL(datagram->datagrams->waiting, datagram);
	free(datagram);
}

static void
on_reply(void *arg, struct dns_reply reply)
{
	struct datagram *datagram = arg;
	struct dns_udp *datagrams = datagram->datagrams;

	send_reply(
	    datagrams, &datagram->key.client, datagram->client_len, reply);
	datagram_free(datagram);
	if (datagrams->waiting == NULL)
		datagrams->idle(datagrams->idle_arg);
}

static struct datagram *
find(const struct dns_udp *datagrams, const struct key *key)
{
	struct datagram *datagram;

	HASH_FIND(hh, datagrams->waiting, key, sizeof(*key), datagram);
	return datagram;
}

/* NULL when out of memory. */
static struct datagram *
datagram_new(
    struct dns_udp *datagrams, const struct key *key, socklen_t client_len)
{
	struct datagram *datagram = calloc(1, sizeof(*datagram));

	if (datagram == NULL)
		return NULL;
	datagram->datagrams = datagrams;
	memcpy(&datagram->key, key, sizeof(*key)); /* including padding */
	datagram->client_len = client_len;
	HASH_ADD(hh, datagrams->waiting, key, sizeof(datagram->key), datagram);
	if (datagram->hh.tbl == NULL) { /* out of memory */
		free(datagram);
		return NULL;
	}
	return datagram;
}

static void
look_up(struct dns_udp *datagrams, const struct dns_request *request,
    const char *name, const struct sockaddr_storage *client, socklen_t len)
{
	struct datagram *datagram;
	struct key key;

	memset(&key, 0, sizeof(key));
	memcpy(&key.client, client, len);
	memcpy(key.id, request->id, sizeof(key.id));
	memcpy(key.question, request->question, request->question_len);
	if (find(datagrams, &key) != NULL) {
		stats_count(
		    dns_queries_stats(datagrams->queries), STATS_DNS_REPEATED);
		return;
	}
	datagram = datagram_new(datagrams, &key, len);
	if (datagram != NULL &&
	    dns_query_start(&datagram->query, datagrams->queries, request, name,
		false,
		dns_queries_sender(datagrams->queries, datagrams->fd, client),
		on_reply, datagram) == 0)
		return;
	if (datagram != NULL)
		datagram_free(datagram);
	send_reply(datagrams, client, len,
	    dns_query_reply_busy(datagrams->queries, request));
}

static void
take(struct dns_udp *datagrams, const uint8_t *wire, size_t len,
    const struct sockaddr_storage *client, socklen_t client_len)
{
	struct dns_queries *queries = datagrams->queries;
	struct stats *stats = dns_queries_stats(queries);
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];
	enum dns_action action = dns_message_parse(wire, len, &request, name);

	stats_count(stats, STATS_DNS_UDP);
	/* No client has port 0: the source address is forged. */
	if (action == DNS_ACTION_DROP || endpoint_port(client) == 0)
		stats_count(stats, STATS_DNS_DROPPED);
	else if (!dns_queries_may_ask(queries, client))
		send_reply(datagrams, client, client_len,
		    dns_query_reply_prohibited(queries, &request));
	else if (action == DNS_ACTION_LOOK_UP)
		look_up(datagrams, &request, name, client, client_len);
	else
		send_reply(datagrams, client, client_len,
		    dns_query_reply_at_once(queries, action, &request));
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dns_udp *datagrams = arg;
	uint8_t wire[4096];

	(void)what;
	for (int i = 0; i < BURST; i++) {
		struct sockaddr_storage client;
		socklen_t client_len = sizeof(client);
		ssize_t n;

		memset(&client, 0, sizeof(client));
		n = recvfrom(fd, wire, sizeof(wire), MSG_TRUNC,
		    (struct sockaddr *)&client, &client_len);
		if (n == -1 && errno == EAGAIN)
			return;
		/* A larger datagram is truncated here, so it is no complete
		 * message. */
		if (n >= 0)
			take(datagrams, wire,
			    (size_t)n < sizeof(wire) ? (size_t)n : sizeof(wire),
			    &client, client_len);
	}
}

/* ---- create and free ---- */

struct dns_udp *
dns_udp_new(struct event_base *base, int fd, struct dns_queries *queries,
    void (*idle)(void *arg), void *arg)
{
	struct dns_udp *datagrams = calloc(1, sizeof(*datagrams));

	if (datagrams == NULL)
		return NULL;
	datagrams->queries = queries;
	datagrams->fd = fd;
	datagrams->idle = idle;
	datagrams->idle_arg = arg;
	datagrams->readable =
	    event_new(base, fd, EV_READ | EV_PERSIST, on_readable, datagrams);
	if (datagrams->readable == NULL ||
	    event_add(datagrams->readable, NULL) == -1) {
		if (datagrams->readable != NULL)
			event_free(datagrams->readable);
		free(datagrams);
		return NULL;
	}
	return datagrams;
}

void
dns_udp_free(struct dns_udp *datagrams)
{
	if (datagrams == NULL)
		return;
	while (datagrams->waiting != NULL)
		datagram_free(datagrams->waiting);
	event_free(datagrams->readable);
	close(datagrams->fd);
	free(datagrams);
}

void
dns_udp_stop(struct dns_udp *datagrams)
{
	event_del(datagrams->readable);
}

int
dns_udp_resume(struct dns_udp *datagrams)
{
	return event_add(datagrams->readable, NULL);
}

bool
dns_udp_is_idle(const struct dns_udp *datagrams)
{
	return datagrams->waiting == NULL;
}
