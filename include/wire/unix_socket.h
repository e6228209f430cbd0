/*
 * unix_socket.h - sockets with a name in the file system, which stay there when
 * whoever listened has gone: unix(7).
 */
#ifndef WIRE_UNIX_SOCKET_H
#define WIRE_UNIX_SOCKET_H

#include <stdbool.h>

struct sockaddr_un;

/* Whether what is at this path, and in our way, is a socket that nobody listens
 * on.  @address: its path ends with NUL. */
bool unix_socket_is_stale(const struct sockaddr_un *address);

#endif /* WIRE_UNIX_SOCKET_H */
