/*
 * socket_owner.h - whose a TCP connection from this machine is, or a socket
 * that has sent a datagram, asked of the kernel by sock_diag(7): one question
 * and its answer, whatever number of sockets there is.
 */
#ifndef WIRE_SOCKET_OWNER_H
#define WIRE_SOCKET_OWNER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * Returns a descriptor for the other two, made before the sandbox, which allows
 * none, and tried with sockets of ours; or -1 with errno: then nobody is told
 * apart.  EPROTONOSUPPORT: the kernel has no inet_diag or none of this type,
 * and would look for a module at each question.
 * @type: SOCK_STREAM for connections, SOCK_DGRAM for datagrams.
 */
int socket_owner_open(int type);

/*
 * The user that has made the socket at the other end of @fd, a TCP connection.
 * False where that is not known: it is on another machine, or nobody has that
 * socket any more.  @diag: of socket_owner_open(), -1 included.
 */
bool socket_owner_find(int diag, int fd, uid_t *uid);

/* The same of the socket that has sent a datagram from @client, which has come
 * at @fd, a UDP socket that is bound to one address. */
bool socket_owner_find_sender(
    int diag, int fd, const struct sockaddr_storage *client, uid_t *uid);

#endif /* WIRE_SOCKET_OWNER_H */
