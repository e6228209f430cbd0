/*
 * dns_udp.h - DNS over UDP, at one socket.  A query that is repeated during its
 * lookup gets one answer.
 */
#ifndef WIRE_DNS_DNS_UDP_H
#define WIRE_DNS_DNS_UDP_H

#include <stdbool.h>

struct dns_udp;
struct dns_queries;
struct event_base;

/*
 * Answers queries at @fd, a bound non-blocking socket, which is owned from now
 * on.  @queries: borrowed.  @idle is called whenever the last waiting query is
 * answered; it may free this object.
 * NULL when out of memory; then the caller still owns @fd.
 */
struct dns_udp *dns_udp_new(struct event_base *base, int fd,
    struct dns_queries *queries, void (*idle)(void *arg), void *arg);

/* Cancels waiting queries and closes the socket.  NULL does nothing. */
void dns_udp_free(struct dns_udp *datagrams);

/* Read no new queries; those received are answered. */
void dns_udp_stop(struct dns_udp *datagrams);
/* Resume reading.  Returns 0, or -1 when out of memory. */
int dns_udp_resume(struct dns_udp *datagrams);

bool dns_udp_is_idle(const struct dns_udp *datagrams);

#endif /* WIRE_DNS_DNS_UDP_H */
