/*
 * peers.h - who is at the other end of connections: of a unix socket a user of
 * this machine, of another one an address.
 *
 * All loopback addresses are one peer, since everybody on the machine has all
 * of them; so are those of an IPv6 network of 64 bits.
 */
#ifndef WIRE_PEERS_H
#define WIRE_PEERS_H

#include <stddef.h>

struct peer;
struct peers;

/* NULL when out of memory. */
struct peers *peers_new(void);
/* No peer may be left.  NULL does nothing. */
void peers_free(struct peers *peers);

/* The peer of the connected socket @fd, for one connection more.  NULL when out
 * of memory. */
struct peer *peers_join(struct peers *peers, int fd);
/* For one less; with the last the peer has gone. */
void peers_leave(struct peers *peers, struct peer *peer);

/* The one with most connections; NULL where there is none. */
const struct peer *peers_busiest(const struct peers *peers);

#define PEER_TEXT_MAX 64
/* "user 1000", "127.0.0.1", "2001:db8::/64".  Returns @text. */
const char *peer_text(const struct peer *peer, char text[PEER_TEXT_MAX]);

#endif /* WIRE_PEERS_H */
