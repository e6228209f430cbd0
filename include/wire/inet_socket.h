/*
 * inet_socket.h - sockets at internet addresses, for those who listen there.
 */
#ifndef WIRE_INET_SOCKET_H
#define WIRE_INET_SOCKET_H

struct endpoint;

/*
 * One that is bound, and does not block.  At an IPv6 address it takes no IPv4,
 * and nobody who has just left the place is in the way.
 * @type: SOCK_STREAM or SOCK_DGRAM.  Returns it, or -1 with errno.
 */
int inet_socket_bind(const struct endpoint *endpoint, int type);

#endif /* WIRE_INET_SOCKET_H */
