/*
 * dns_tcp.h - DNS over TCP: connections that ask many questions at a time
 * and get the answers as they come.  One that asks nothing for a while is
 * closed.  No more than DNS_TCP_MAX are open; for one more, one of the peer
 * that has most (peers.h) makes room: the one that has been idle longest, and
 * where none of these is idle, the one that has asked nothing for longest.
 */
#ifndef WIRE_DNS_DNS_TCP_H
#define WIRE_DNS_DNS_TCP_H

#include <stddef.h>

#define DNS_TCP_MAX 256

struct dns_queries;
struct dns_tcp;
struct event_base;

/* Before the sandbox.  @queries: borrowed.  @gone comes whenever the last
 * connection has closed; it must not free this.  NULL when out of memory. */
struct dns_tcp *dns_tcp_new(struct event_base *base,
    struct dns_queries *queries, void (*gone)(void *arg), void *arg);

/* Closes everything, without @gone.  NULL does nothing. */
void dns_tcp_free(struct dns_tcp *streams);

/* A connection that was accepted and does not block: owned from now on, and
 * closed at once when out of memory. */
void dns_tcp_add(struct dns_tcp *streams, int fd);

/* Close one that is idle, of the peer that has most, if there is one. */
void dns_tcp_make_room(struct dns_tcp *streams);

/* No new questions; each closes with its last answer. */
void dns_tcp_drain(struct dns_tcp *streams);

size_t dns_tcp_count(const struct dns_tcp *streams);

#endif /* WIRE_DNS_DNS_TCP_H */
