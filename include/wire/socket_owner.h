/*
 * socket_owner.h - whose a TCP connection from this machine is, asked of the
 * kernel by sock_diag(7): one question and its answer, whatever number of
 * sockets there is.
 */
#ifndef WIRE_SOCKET_OWNER_H
#define WIRE_SOCKET_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Returns a descriptor for socket_owner_find(), made before the sandbox, which
 * allows none, and tried with a connection to ourselves; or -1 with errno: then
 * nobody is told apart.  EPROTONOSUPPORT: the kernel has no inet_diag or
 * tcp_diag, and would look for a module at each question.
 */
int socket_owner_open(void);

/*
 * The user that has made the socket at the other end of @fd, a TCP connection.
 * False where that is not known: it is on another machine, or nobody has that
 * socket any more.  @diag: of socket_owner_open(), -1 included.
 */
bool socket_owner_find(int diag, int fd, uid_t *uid);

#endif /* WIRE_SOCKET_OWNER_H */
