/* unix_socket.c - sockets with a name in the file system. */

#include "wire/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LINKS_MAX 8 /* symbolic links on one path */

/* connect(2) gives the same error for another kind of file, so the type is
 * checked first.  Non-blocking, so that a full backlog does not delay us. */
bool
unix_socket_is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	bool refused;
	int fd;

	if (lstat(address->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	refused = connect(fd, (const struct sockaddr *)address,
		      sizeof(*address)) == -1 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* ---- ownership of directories ---- */

/*
 * The mode of a link is meaningless.  In a sticky directory nobody can remove
 * or rename root's files.  If a directory has an ACL, the group bits are the
 * maximum of its entries for users and groups, whatever its group is.  And
 * root's group may have members.
 */
static bool
is_roots(const struct stat *st)
{
	if (st->st_uid != 0)
		return false;
	return S_ISLNK(st->st_mode) || (st->st_mode & S_ISVTX) != 0 ||
	       (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool is_roots_path(const char *path, unsigned links);

/* @link: a symbolic link.  @rest: what follows it in the path. */
static bool
is_roots_target(const char *link, const char *rest, unsigned links)
{
	char target[PATH_MAX], path[PATH_MAX];
	const ssize_t len = readlink(link, target, sizeof(target) - 1);
	const char *slash = strrchr(link, '/');
	int n;

	if (len <= 0)
		return false;
	target[len] = '\0';
	if (target[0] == '/')
		n = snprintf(path, sizeof(path), "%s%s", target, rest);
	else
		n = snprintf(path, sizeof(path), "%.*s/%s%s",
		    (int)(slash - link), link, target, rest);
	return n > 0 && (size_t)n < sizeof(path) && is_roots_path(path, links);
}

/* Whether only root controls what is at this path: every directory and every
 * link on it is root's.  Then nothing can change after it was checked. */
static bool
is_roots_path(const char *path, unsigned links)
{
	const char *slash = path;
	char part[PATH_MAX];
	struct stat st;

	if (path[0] != '/')
		return false;
	for (; slash != NULL; slash = strchr(slash + 1, '/')) {
		const int len = slash == path ? 1 : (int)(slash - path);
		const int n = snprintf(part, sizeof(part), "%.*s", len, path);

		if ((size_t)n >= sizeof(part) || lstat(part, &st) == -1 ||
		    !is_roots(&st))
			return false;
		if (S_ISLNK(st.st_mode))
			return links > 0 &&
			       is_roots_target(part, slash, links - 1);
	}
	return true;
}

/*
 * In a directory that others may write to, root's rights would be theirs: at
 * any moment they can replace any file there by a link or another file.  So we
 * act there with their rights only.
 */
static bool
has_to_act(const char *path, const struct privileges_user *user)
{
	return geteuid() == 0 && user->uid != 0 &&
	       !is_roots_path(path, LINKS_MAX);
}

/* For file system access only.  Returns 0, or -1 with errno. */
static int
act_as(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	if ((uid_t)setfsuid((uid_t)-1) == uid &&
	    (gid_t)setfsgid((gid_t)-1) == gid)
		return 0;
	errno = EPERM;
	return -1;
}

static void
act_as_root(void)
{
	const int error = errno;

	act_as(geteuid(), getegid());
	errno = error;
}

/* ---- rights ---- */

/* -1 leaves owner or group unchanged. */
static int
give_open(int fd, const struct stat *st, const struct endpoint_rights *rights)
{
	const bool other_owner =
	    rights->owner != (uid_t)-1 && rights->owner != st->st_uid;
	const bool other_group =
	    rights->group != (gid_t)-1 && rights->group != st->st_gid;
	char path[32];

	if ((other_owner || other_group) &&
	    fchownat(fd, "", rights->owner, rights->group, AT_EMPTY_PATH) == -1)
		return -1;
	if ((st->st_mode & ACCESSPERMS) == (rights->mode & ACCESSPERMS))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, rights->mode & ACCESSPERMS);
}

/* Opens the socket, so that it can't be replaced by another file any more.  A
 * socket with several hard links may be anybody's. */
static int
open_socket(const char *path, struct stat *st)
{
	const int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return -1;
	if (fstat(fd, st) == 0 && S_ISSOCK(st->st_mode) && st->st_nlink == 1)
		return fd;
	close(fd);
	errno = ENOTSOCK;
	return -1;
}

static void
close_keeping_errno(int fd)
{
	const int error = errno;

	close(fd);
	errno = error;
}

struct privileges_user
unix_socket_user(const char *path, const struct privileges_user *user)
{
	struct privileges_user whose = *user;
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	struct stat st;

	/* For "/socket" it is "/". */
	if (slash != NULL &&
	    snprintf(directory, sizeof(directory), "%.*s/", (int)(slash - path),
		path) < (int)sizeof(directory) &&
	    stat(directory, &st) == 0 && (st.st_mode & S_ISGID) != 0)
		whose.gid = st.st_gid;
	return whose;
}

int
unix_socket_set_rights(const char *path, const struct endpoint_rights *rights,
    struct endpoint_rights *before)
{
	struct stat st;
	const int fd = open_socket(path, &st);
	int result;

	if (fd == -1)
		return -1;
	*before = (struct endpoint_rights){ st.st_uid, st.st_gid,
		st.st_mode & ACCESSPERMS };
	result = give_open(fd, &st, rights);
	close_keeping_errno(fd);
	return result;
}

/* For a socket that root has just created, as root or as @user. */
static int
give_new(const char *path, const struct endpoint_rights *rights,
    const struct privileges_user *user, bool acted)
{
	struct endpoint_rights wanted = *rights;
	struct stat st;
	const int fd = open_socket(path, &st);
	int result = -1;

	if (fd == -1)
		return -1;
	if (wanted.owner == (uid_t)-1)
		wanted.owner = user->uid;
	/* A setgid directory gives its group to new files. */
	if (wanted.group == (gid_t)-1 && st.st_gid == getegid())
		wanted.group = user->gid;
	if (st.st_uid == (acted ? user->uid : geteuid()))
		result = give_open(fd, &st, &wanted);
	else
		errno = EPERM;
	close_keeping_errno(fd);
	return result;
}

/* ---- creating and removing ---- */

static int
bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	const mode_t mask = umask(~mode & ACCESSPERMS);
	const int result =
	    bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	return result;
}

static int
bind_or_replace(int fd, const struct sockaddr_un *address, mode_t mode)
{
	if (bind_with_mode(fd, address, mode) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -1;
	if (!unix_socket_is_stale(address)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(address->sun_path) == 0
		   ? bind_with_mode(fd, address, mode)
		   : -1;
}

int
unix_socket_bind(int fd, const struct sockaddr_un *address,
    const struct endpoint_rights *rights, const struct privileges_user *user)
{
	const char *path = address->sun_path;
	const bool acts = has_to_act(path, user);
	int result = 0, error;

	if (acts)
		result = act_as(user->uid, user->gid);
	if (result == 0)
		result = bind_or_replace(fd, address, rights->mode);
	if (acts)
		act_as_root();
	if (result == -1 || give_new(path, rights, user, acts) == 0)
		return result;
	error = errno;
	unix_socket_remove(path, user);
	errno = error;
	return -1;
}

/* For "/socket" it is "/". */
static void
directory_of(const char *path, char directory[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const int len = slash == path ? 1 : (int)(slash - path);

	snprintf(directory, PATH_MAX, "%.*s", len, path);
}

/* Whether a file is in the way, or a socket with a listener. */
static int
look_at(const char *path, bool *is_taken)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;

	*is_taken = false;
	if (lstat(path, &st) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISSOCK(st.st_mode))
		return EADDRINUSE;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	*is_taken = !unix_socket_is_stale(&address);
	return 0;
}

int
unix_socket_check(
    const char *path, const struct privileges_user *user, bool as_user)
{
	const bool acts = (geteuid() == 0 && user->uid != 0 && as_user) ||
			  has_to_act(path, user);
	char directory[PATH_MAX];
	bool is_taken = false;
	int error = 0;

	directory_of(path, directory);
	if (acts && act_as(user->uid, user->gid) == -1)
		error = errno;
	if (error == 0)
		error = look_at(path, &is_taken);
	if (error == 0 && !is_taken &&
	    faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == -1)
		error = errno;
	if (acts)
		act_as_root();
	return error;
}

void
unix_socket_remove(const char *path, const struct privileges_user *user)
{
	const bool acts = has_to_act(path, user);

	if (!acts || act_as(user->uid, user->gid) == 0)
		unlink(path);
	if (acts)
		act_as_root();
}
