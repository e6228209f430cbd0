/*
 * dns_query.h - the questions of DNS clients and what answers them, whatever
 * they come over.  No sockets.
 */
#ifndef WIRE_DNS_DNS_QUERY_H
#define WIRE_DNS_DNS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "wire/dns/dns_message.h"

struct budget;
struct conf_prefixes;
struct peer;
struct dns_queries;
struct resolver;
struct resolver_lookup;
struct stats;

/* @stats: borrowed.  Before the sandbox.  NULL when out of memory. */
struct dns_queries *dns_queries_new(struct stats *stats);

/* No query may be left.  NULL does nothing. */
void dns_queries_free(struct dns_queries *queries);

/* Both as dns_server.h says. */
void dns_queries_use(struct dns_queries *queries, struct resolver *resolver,
    const struct conf_prefixes *allow);
void dns_queries_watch(struct dns_queries *queries,
    void (*seen)(void *arg, const char *name), void *arg);

/* Whether questions from there are answered. */
bool dns_queries_may_ask(
    const struct dns_queries *queries, const struct sockaddr_storage *client);

struct stats *dns_queries_stats(const struct dns_queries *queries);

/* Who asks, for dns_query_start(): by a datagram from @client, which has come
 * at
 * @fd; or over a connection, whose peer is known.  NULL when out of memory. */
struct peer *dns_queries_sender(
    struct dns_queries *queries, int fd, const struct sockaddr_storage *client);
struct peer *dns_queries_peer(
    struct dns_queries *queries, const struct peer *peer);

/* How many are being looked up. */
size_t dns_queries_in_flight(const struct dns_queries *queries);

/* An answer, until the next one is made: counted as if it were sent. */
struct dns_reply {
	const uint8_t *framed; /* its length in two octets, and it */
	size_t len;            /* without these two */
};

/* To a request for which dns_message_parse() neither says DROP nor LOOK_UP. */
struct dns_reply dns_query_reply_at_once(struct dns_queries *queries,
    enum dns_action action, const struct dns_request *request);

/* To a client that may not ask. */
struct dns_reply dns_query_reply_prohibited(
    struct dns_queries *queries, const struct dns_request *request);

/* Where dns_query_start() has failed. */
struct dns_reply dns_query_reply_busy(
    struct dns_queries *queries, const struct dns_request *request);

/* Part of what the asker keeps of its client; @reply: borrowed. */
typedef void (*dns_query_cb)(void *arg, struct dns_reply reply);
struct dns_query {
	struct budget *budget; /* of its lookup */
	struct dns_queries *queries;
	struct peer *peer;
	struct resolver_lookup *lookup; /* NULL once it has ended */
	struct dns_request request;
	bool tcp;
	uint64_t start; /* clock_ms() */
	dns_query_cb cb;
	void *arg;
};

/*
 * Look up what dns_message_parse() has found.  @query is filled in; @request is
 * copied.  @tcp: how long the answer may be.  @peer: of one of the two
 * above, for this question alone, and taken over in any case; with NULL it
 * fails.
 * Returns 0, and the callback comes once, unless cancelled, and never before
 * this returns; it may free @query.  Or -1, and there is none.
 */
int dns_query_start(struct dns_query *query, struct dns_queries *queries,
    const struct dns_request *request, const char *name, bool tcp,
    struct peer *peer, dns_query_cb cb, void *arg);

/* The callback will not come. */
void dns_query_cancel(struct dns_query *query);

#endif /* WIRE_DNS_DNS_QUERY_H */
