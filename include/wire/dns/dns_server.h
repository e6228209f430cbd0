/*
 * dns_server.h - Postfix's resolver: DNS over UDP and TCP, answered by the
 * ladder.
 *
 * TCP connections may send several queries at a time and get the answers as
 * they become ready.  An idle connection is closed after a while, and the
 * longest idle one makes room for others.
 */
#ifndef WIRE_DNS_DNS_SERVER_H
#define WIRE_DNS_DNS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct conf_endpoints;
struct conf_prefixes;
struct dns_server;
struct event_base;
struct resolver;
struct stats;

/* Pointers are borrowed and must outlive it.  Does not listen yet.  NULL when
 * out of memory. */
struct dns_server *dns_server_new(struct event_base *base, struct stats *stats);

/*
 * From now on queries are answered by @resolver; clients in @allow may query,
 * in addition to those at loopback addresses.  Both are borrowed.  Lookups in
 * progress continue with their resolver, which must live until then
 * (resolver_in_flight() tells).
 */
void dns_server_use(struct dns_server *service, struct resolver *resolver,
    const struct conf_prefixes *allow);

/* From now on @seen is called for each MX query without DO: these come from a
 * Postfix that does no DNSSEC lookups.  @name: borrowed, text form of
 * base/domain.h. */
void dns_server_watch(struct dns_server *service,
    void (*seen)(void *arg, const char *name), void *arg);

/*
 * Listen at these places in addition, UDP and TCP.  Existing places do not
 * change.  Returns 0, and then dns_server_settle() must follow; or -1 with the
 * reason logged, and then nothing has changed.
 */
int dns_server_open(
    struct dns_server *service, const struct conf_endpoints *places);

/* Keep only the places of the last dns_server_open(); or, without @keep, only
 * those before it.  Places are closed only now, because it might not be
 * possible to open them again.  At these, received queries are still answered
 * and connections go on. */
void dns_server_settle(struct dns_server *service, bool keep);

/* Take over a bound socket (socket activation): datagram, or listening stream
 * socket.  Its place is never closed.  Returns 0, or -1 with the reason
 * logged. */
int dns_server_add_fd(struct dns_server *service, int fd);

/* Accept no new queries.  @done is called once, maybe before this returns, when
 * the last one is answered. */
void dns_server_drain(
    struct dns_server *service, void (*done)(void *arg), void *arg);

/* The addresses where we listen on port 53, in the form of resolv.conf.  @index
 * counts from 0.  Returns @text, or NULL past the last. */
#define DNS_SERVER_ADDRESS_MAX 64
const char *dns_server_address(const struct dns_server *service, size_t index,
    char text[DNS_SERVER_ADDRESS_MAX]);

size_t dns_server_in_flight(const struct dns_server *service);
size_t dns_server_connections(const struct dns_server *service);

/* Closes everything; unanswered queries get no answer.  NULL does nothing. */
void dns_server_free(struct dns_server *service);

#endif /* WIRE_DNS_DNS_SERVER_H */
