/*
 * inet_socket.h - listening sockets at internet addresses.
 */
#ifndef WIRE_INET_SOCKET_H
#define WIRE_INET_SOCKET_H

struct endpoint;

/*
 * A bound, non-blocking socket.  At an IPv6 address it accepts no IPv4.  A
 * stream socket can be bound again immediately after a previous one was closed
 * (SO_REUSEADDR).
 * @type: SOCK_STREAM or SOCK_DGRAM.  Returns it, or -1 with errno.
 */
int inet_socket_bind(const struct endpoint *endpoint, int type);

#endif /* WIRE_INET_SOCKET_H */
