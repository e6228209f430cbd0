/*
 * dns_tcp.h - DNS over TCP.  Connections may send several queries at a time and
 * get the answers as they become ready.  Idle connections are closed after a
 * while.  At most DNS_TCP_MAX are open.  For another one, the peer with most
 * connections (peers.h) loses one: the longest idle; if none of them is idle,
 * the one whose last query is oldest.
 */
#ifndef WIRE_DNS_DNS_TCP_H
#define WIRE_DNS_DNS_TCP_H

#include <stddef.h>

#define DNS_TCP_MAX 256

struct dns_queries;
struct dns_tcp;
struct event_base;

/* Call before entering the sandbox.  @queries: borrowed.  @gone is called
 * whenever the last connection has closed; it must not free this object.  NULL
 * when out of memory. */
struct dns_tcp *dns_tcp_new(struct event_base *base,
    struct dns_queries *queries, void (*gone)(void *arg), void *arg);

/* Closes everything, without calling @gone.  NULL does nothing. */
void dns_tcp_free(struct dns_tcp *streams);

/* Add an accepted, non-blocking connection.  It is owned from now on, and
 * closed immediately when out of memory. */
void dns_tcp_add(struct dns_tcp *streams, int fd);

/* Close an idle connection of the peer that has most, if there is one. */
void dns_tcp_make_room(struct dns_tcp *streams);

/* Read no new queries; each connection closes after its last answer. */
void dns_tcp_drain(struct dns_tcp *streams);

size_t dns_tcp_count(const struct dns_tcp *streams);

#endif /* WIRE_DNS_DNS_TCP_H */
