/*
 * dns_udp.h - DNS over UDP, at one socket.  A question that is repeated
 * while it is looked up gets one answer.
 */
#ifndef WIRE_DNS_DNS_UDP_H
#define WIRE_DNS_DNS_UDP_H

#include <stdbool.h>

struct dns_udp;
struct dns_queries;
struct event_base;

/*
 * Answers what comes at @fd, a bound socket that does not block and is from
 * now on owned.  @queries: borrowed.  @idle comes whenever the last question
 * that waited is answered; it may free this.
 * NULL when out of memory; then @fd is still the caller's.
 */
struct dns_udp *dns_udp_new(struct event_base *base, int fd,
    struct dns_queries *queries, void (*idle)(void *arg), void *arg);

/* Cancels what waits, and closes the socket.  NULL does nothing. */
void dns_udp_free(struct dns_udp *datagrams);

/* No new questions are read; those that have come are answered. */
void dns_udp_stop(struct dns_udp *datagrams);
/* Read on.  Returns 0, or -1 when out of memory. */
int dns_udp_resume(struct dns_udp *datagrams);

bool dns_udp_is_idle(const struct dns_udp *datagrams);

#endif /* WIRE_DNS_DNS_UDP_H */
