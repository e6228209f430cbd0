/*
 * dns_server.h - Postfix's resolver: DNS over UDP and TCP, answered by the
 * ladder.
 *
 * TCP connections may ask many questions at a time and get the answers as
 * they come; one that asks nothing for a while is closed, and the one that has
 * been idle longest makes room for others.
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

/* Pointers are borrowed and must outlive it.  Listens nowhere yet.  NULL when
 * out of memory. */
struct dns_server *dns_server_new(struct event_base *base, struct stats *stats);

/*
 * From now on @resolver answers, and clients in @allow may ask besides those
 * at loopback addresses.  Both are borrowed; what is being looked up goes on
 * with the resolver it has, which must live as long
 * (resolver_in_flight() says).
 */
void dns_server_use(struct dns_server *service, struct resolver *resolver,
    const struct conf_prefixes *allow);

/* From now on @seen is told of each question for MX without DO: the mark of a
 * Postfix that does no DNSSEC lookups.  @name: borrowed, text form of
 * base/domain.h. */
void dns_server_watch(struct dns_server *service,
    void (*seen)(void *arg, const char *name), void *arg);

/*
 * Listen at these places, UDP and TCP, too.  Where we listen already nothing
 * changes.  Returns 0, and then dns_server_settle() comes next; or -1 with the
 * reason logged, and then nothing has changed.
 */
int dns_server_open(
    struct dns_server *service, const struct conf_endpoints *places);

/* Listen at these places only, or, without @keep, where we did before: what was
 * left could not always be opened again.  At places that are left questions
 * that have come are still answered, and connections go on. */
void dns_server_settle(struct dns_server *service, bool keep);

/* Take over a socket that is bound already (socket activation): of datagrams,
 * or listening.  The place is never left.  Returns 0, or -1
 * with the reason logged. */
int dns_server_add_fd(struct dns_server *service, int fd);

/* No new questions; @done comes once, maybe before this returns, when the last
 * one is answered. */
void dns_server_drain(
    struct dns_server *service, void (*done)(void *arg), void *arg);

/* The addresses where we listen on port 53, as resolv.conf has them: @index
 * counts from 0; returns @text, or NULL past the last. */
#define DNS_SERVER_ADDRESS_MAX 64
const char *dns_server_address(const struct dns_server *service, size_t index,
    char text[DNS_SERVER_ADDRESS_MAX]);

size_t dns_server_in_flight(const struct dns_server *service);
size_t dns_server_connections(const struct dns_server *service);

/* Closes everything; who waits gets no answer.  NULL does nothing. */
void dns_server_free(struct dns_server *service);

#endif /* WIRE_DNS_DNS_SERVER_H */
