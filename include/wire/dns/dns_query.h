/*
 * dns_query.h - queries of DNS clients and their answers, independent of the
 * transport.  No sockets.
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

/* @stats: borrowed.  Call before entering the sandbox.  NULL when out of
 * memory. */
struct dns_queries *dns_queries_new(struct stats *stats);

/* No query may be left.  NULL does nothing. */
void dns_queries_free(struct dns_queries *queries);

/* As the functions in dns_server.h. */
void dns_queries_use(struct dns_queries *queries, struct resolver *resolver,
    const struct conf_prefixes *allow);
void dns_queries_watch(struct dns_queries *queries,
    void (*seen)(void *arg, const char *name), void *arg);

/* Whether queries from @client are answered. */
bool dns_queries_may_ask(
    const struct dns_queries *queries, const struct sockaddr_storage *client);

struct stats *dns_queries_stats(const struct dns_queries *queries);

/* The peer of a query, for dns_query_start(): the sender of a datagram from
 * @client received at @fd, or the known peer of a connection.  NULL when out of
 * memory. */
struct peer *dns_queries_sender(
    struct dns_queries *queries, int fd, const struct sockaddr_storage *client);
struct peer *dns_queries_peer(
    struct dns_queries *queries, const struct peer *peer);

/* Number of queries being looked up. */
size_t dns_queries_in_flight(const struct dns_queries *queries);

/* An answer, valid until the next one is written.  It is counted as sent. */
struct dns_reply {
	const uint8_t *framed; /* the length in two octets, then the answer */
	size_t len;            /* without the two octets of length */
};

/* The answer to a request for which dns_message_parse() returns neither DROP
 * nor LOOK_UP. */
struct dns_reply dns_query_reply_at_once(struct dns_queries *queries,
    enum dns_action action, const struct dns_request *request);

/* The answer to a client that is not allowed to query. */
struct dns_reply dns_query_reply_prohibited(
    struct dns_queries *queries, const struct dns_request *request);

/* The answer if dns_query_start() has failed. */
struct dns_reply dns_query_reply_busy(
    struct dns_queries *queries, const struct dns_request *request);

/* Embedded in the transport's data of the query; @reply: borrowed. */
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
 * copied.  @tcp: determines the maximum length of the answer.  @peer: from one
 * of the two functions above, for this query alone; taken over in any case.
 * With NULL the function fails.
 * Returns 0: the callback is called once, unless cancelled, never before this
 * returns; it may free @query.  Or -1: no callback.
 */
int dns_query_start(struct dns_query *query, struct dns_queries *queries,
    const struct dns_request *request, const char *name, bool tcp,
    struct peer *peer, dns_query_cb cb, void *arg);

/* The callback will not be called. */
void dns_query_cancel(struct dns_query *query);

#endif /* WIRE_DNS_DNS_QUERY_H */
