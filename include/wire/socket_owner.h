/*
 * socket_owner.h - the user that owns the other end of a local TCP connection,
 * or the socket that has sent a datagram.  The kernel is asked by sock_diag(7):
 * one request and its response, regardless of the number of sockets.
 */
#ifndef WIRE_SOCKET_OWNER_H
#define WIRE_SOCKET_OWNER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * Returns a descriptor for the other two functions, or -1 with errno: then
 * users cannot be told apart.  Call before entering the sandbox, which does not
 * allow it.  The result is tested with sockets of our own.  EPROTONOSUPPORT:
 * the kernel has no inet_diag, or not for this type, and would try to load a
 * module for each request.
 * @type: SOCK_STREAM for connections, SOCK_DGRAM for datagrams.
 */
int socket_owner_open(int type);

/*
 * The user that created the socket at the other end of @fd, a TCP connection.
 * Returns false if unknown: the peer is on another machine, or has closed its
 * socket.  @diag: from socket_owner_open(), may be -1.
 */
bool socket_owner_find(int diag, int fd, uid_t *uid);

/* The same for the socket that has sent a datagram from @client, received at
 * @fd, a UDP socket bound to one address. */
bool socket_owner_find_sender(
    int diag, int fd, const struct sockaddr_storage *client, uid_t *uid);

#endif /* WIRE_SOCKET_OWNER_H */
