/*
 * unix_socket.h - sockets with a name in the file system, which stay there when
 * whoever listened has gone: unix(7).
 *
 * Root does nothing with its own rights where others may write: in a directory
 * that is not root's alone, on the whole way to it, it acts as @user: one that
 * is not root's, or that a group, or others, or users named in an ACL may write
 * to, unless it is sticky.  No link
 * in the place of a socket is ever followed.  Of root's groups @user must have
 * none left by then: privileges_prepare() gives them up.
 */
#ifndef WIRE_UNIX_SOCKET_H
#define WIRE_UNIX_SOCKET_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/privileges.h"

struct sockaddr_un;

/* Whether what is at this path, and in our way, is a socket that nobody listens
 * on.  @address: its path ends with NUL. */
bool unix_socket_is_stale(const struct sockaddr_un *address);

/*
 * Binds @fd; a stale socket makes room.  It has these rights from its first
 * moment on; without an owner or a group of their own it is @user's: whom we
 * are, or will be once root is given up.
 * Returns 0, or -1 with errno; then nothing of ours is left there.
 */
int unix_socket_bind(int fd, const struct sockaddr_un *address,
    const struct endpoint_rights *rights, const struct privileges_user *user);

/*
 * Whether unix_socket_bind() could make a socket at @path now; nothing is made.
 * One that somebody listens at already can.  @as_user: also where we would act
 * as root, with @user's rights alone.
 * Returns 0, or an errno value: ENOENT where the directory is not there,
 * EADDRINUSE where the path is a file of another kind.
 */
int unix_socket_check(
    const char *path, const struct privileges_user *user, bool as_user);

/* Whose a socket is that @user makes there without an owner or a group of its
 * own: a directory may give its group to what is made in it. */
struct privileges_user unix_socket_user(
    const char *path, const struct privileges_user *user);

/* Other rights for a socket that is there; *@before is what it had.  Without an
 * owner or a group it keeps those that it has.  Returns 0, or -1 with errno:
 * ENOTSOCK where the path is no socket, or one of several names. */
int unix_socket_set_rights(const char *path,
    const struct endpoint_rights *rights, struct endpoint_rights *before);

void unix_socket_remove(const char *path, const struct privileges_user *user);

#endif /* WIRE_UNIX_SOCKET_H */
