/*
 * unix_socket.h - sockets with a name in the file system, which remains when
 * the process that listened has ended: unix(7).
 *
 * Root does not use its own rights where others may write.  If any directory on
 * the path is not root's alone, root acts as @user.  A directory is not root's
 * alone if root does not own it, or if a group, others, or users in an ACL may
 * write to it and it is not sticky.  A symbolic link in the place of a socket
 * is never followed.  By then @user must not have any of root's groups:
 * privileges_prepare() gives them up.
 */
#ifndef WIRE_UNIX_SOCKET_H
#define WIRE_UNIX_SOCKET_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/privileges.h"

struct sockaddr_un;

/* Whether the file at this path, which is in our way, is a socket that nobody
 * listens on.  @address: its path ends with NUL. */
bool unix_socket_is_stale(const struct sockaddr_un *address);

/*
 * Binds @fd; a stale socket is replaced.  The socket has @rights from the first
 * moment.  Without an owner or a group in @rights, it belongs to @user: the
 * user we are, or will be after root is given up.
 * Returns 0, or -1 with errno; then nothing of ours is left there.
 */
int unix_socket_bind(int fd, const struct sockaddr_un *address,
    const struct endpoint_rights *rights, const struct privileges_user *user);

/*
 * Whether unix_socket_bind() could create a socket at @path now; nothing is
 * created.  A socket with a listener is no error.  @as_user: check with @user's
 * rights alone, even where we would act as root.
 * Returns 0, or an errno value: ENOENT if the directory does not exist,
 * EADDRINUSE if the path is another kind of file.
 */
int unix_socket_check(
    const char *path, const struct privileges_user *user, bool as_user);

/* The owner and group of a socket that @user creates at @path without explicit
 * ones: a setgid directory gives its group to new files. */
struct privileges_user unix_socket_user(
    const char *path, const struct privileges_user *user);

/* Change the rights of an existing socket; *@before gets the old ones.  Without
 * an owner or a group in @rights, it keeps its own.  Returns 0, or -1 with
 * errno: ENOTSOCK if the path is not a socket, or a socket with several hard
 * links. */
int unix_socket_set_rights(const char *path,
    const struct endpoint_rights *rights, struct endpoint_rights *before);

void unix_socket_remove(const char *path, const struct privileges_user *user);

#endif /* WIRE_UNIX_SOCKET_H */
