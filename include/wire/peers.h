/*
 * peers.h - who is at the other end of connections, or has sent datagrams: a
 * user of this machine, or an address of another one.
 *
 * All users above 65535 are one peer: with namespaces each user of the machine
 * can be tens of thousands of them.  Whose a TCP connection is the kernel
 * knows; where it does not say, all loopback addresses are one peer, since
 * everybody on the machine has all of them.  So are those of an IPv6 network of
 * 64 bits.
 */
#ifndef WIRE_PEERS_H
#define WIRE_PEERS_H

#include <stdbool.h>
#include <stddef.h>

struct peer;
struct peers;
struct sockaddr_storage;

/* Before the sandbox.  @type: SOCK_STREAM for connections, SOCK_DGRAM for
 * datagrams.  NULL when out of memory. */
struct peers *peers_new(int type);
/* Why the users of this machine are one over loopback, a text that lives as
 * long as @peers; or NULL: they are told apart. */
const char *peers_mixed(const struct peers *peers);
/* No peer may be left.  NULL does nothing. */
void peers_free(struct peers *peers);

/* The peer of the connected socket @fd, for one connection more.  NULL when out
 * of memory. */
struct peer *peers_join(struct peers *peers, int fd);
/* The same for a datagram from @client, which has come at @fd. */
struct peer *peers_join_sender(
    struct peers *peers, int fd, const struct sockaddr_storage *client);
/* For one whose peer nobody wants to know: they are one. */
struct peer *peers_join_unknown(struct peers *peers);
/* Or for one more of a peer that is known from other @peers already. */
struct peer *peers_join_as(struct peers *peers, const struct peer *peer);
/* For one less; with the last the peer has gone. */
void peers_leave(struct peers *peers, struct peer *peer);

/* How many connections, or datagrams, the peer has. */
size_t peer_count(const struct peer *peer);
/* How many the peer has that has most of them. */
size_t peers_most(const struct peers *peers);

/*
 * Where there are too many, @newcomer's last one included: whether one of
 * @peer's makes room.  Those of who has most do, so that nobody who holds many
 * keeps out others, or has theirs closed before they have asked; and
 * @newcomer's own rather than those of who has just as many.
 * @most: peers_most().  @newcomer: NULL for nobody.
 */
bool peer_makes_room(
    const struct peer *peer, const struct peer *newcomer, size_t most);

#define PEER_TEXT_MAX 64
/* "user 1000", "users above 65535", "127.0.0.1", "2001:db8::/64".  Returns
 * @text. */
const char *peer_text(const struct peer *peer, char text[PEER_TEXT_MAX]);

#endif /* WIRE_PEERS_H */
