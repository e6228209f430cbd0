/*
 * peers.h - the peers of connections, or the senders of datagrams: a user of
 * this machine, or the address of another machine.
 *
 * All users above 65535 are one peer, because with namespaces each user of the
 * machine can have tens of thousands of them.  The kernel knows the user of a
 * local TCP connection.  If it does not tell, all loopback addresses are one
 * peer, since every local user can use all of them.  The addresses of an IPv6
 * /64 network are one peer, too.
 */
#ifndef WIRE_PEERS_H
#define WIRE_PEERS_H

#include <stdbool.h>
#include <stddef.h>

struct peer;
struct peers;
struct sockaddr_storage;

/* Call before entering the sandbox.  @type: SOCK_STREAM for connections,
 * SOCK_DGRAM for datagrams.  NULL when out of memory. */
struct peers *peers_new(int type);
/* Why local users cannot be told apart over loopback, valid as long as @peers;
 * NULL if they can. */
const char *peers_mixed(const struct peers *peers);
/* No peer may be left.  NULL does nothing. */
void peers_free(struct peers *peers);

/* Counts one more connection for the peer of the connected socket @fd.  Returns
 * the peer; NULL when out of memory. */
struct peer *peers_join(struct peers *peers, int fd);
/* The same for a datagram from @client that was received at @fd. */
struct peer *peers_join_sender(
    struct peers *peers, int fd, const struct sockaddr_storage *client);
/* The same for a peer that need not be known; all of these are one peer. */
struct peer *peers_join_unknown(struct peers *peers);
/* The same for a peer known from another struct peers. */
struct peer *peers_join_as(struct peers *peers, const struct peer *peer);
/* Counts one less; at zero the peer is freed. */
void peers_leave(struct peers *peers, struct peer *peer);

/* The number of the peer's connections or datagrams. */
size_t peer_count(const struct peer *peer);
/* The number of the peer that has most. */
size_t peers_most(const struct peers *peers);

/*
 * If there are too many connections, including @newcomer's last one: whether
 * one of @peer's is closed to make room.  It is one of the peer with most
 * connections, so a peer with many cannot keep others out, nor have theirs
 * closed before they have sent a request.  If @newcomer has just as many as
 * that peer, it is one of @newcomer's.
 * @most: peers_most().  @newcomer: NULL for none.
 */
bool peer_makes_room(
    const struct peer *peer, const struct peer *newcomer, size_t most);

#define PEER_TEXT_MAX 64
/* "user 1000", "users above 65535", "127.0.0.1", "2001:db8::/64".  Returns
 * @text. */
const char *peer_text(const struct peer *peer, char text[PEER_TEXT_MAX]);

#endif /* WIRE_PEERS_H */
