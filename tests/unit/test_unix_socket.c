/* Sockets with a name: whose they are from their first moment on, and what
 * somebody who owns the directory can make of that. */

#include "wire/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sockets.h"
#include "test_main.h"

#define RACES 2000

struct rig {
	char room[64], folder[80], secret[80]; /* the folder is the other's */
	struct sockaddr_un address;            /* in the folder */
	struct privileges_user user;           /* the other, for root */
};

static const struct endpoint_rights open_to_all = { (uid_t)-1, (gid_t)-1,
	0666 };

static void
make_file(const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ne(fd, -1);
	close(fd);
}

static void
set_path(struct rig *rig, const char *folder, const char *name)
{
	rig->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	ck_assert_int_lt(
	    snprintf(rig->address.sun_path, sizeof(rig->address.sun_path),
		"%s/%s", folder, name),
	    (int)sizeof(rig->address.sun_path));
}

static void
setup(struct rig *rig)
{
	*rig = (struct rig){ .room = "/tmp/postdane-socket.XXXXXX",
		.user = { geteuid(), getegid() } };
	ck_assert_ptr_nonnull(mkdtemp(rig->room));
	snprintf(rig->folder, sizeof(rig->folder), "%s/folder", rig->room);
	snprintf(rig->secret, sizeof(rig->secret), "%s/secret", rig->room);
	ck_assert_int_eq(mkdir(rig->folder, 0755), 0);
	make_file(rig->secret);
	if (is_root()) {
		/* As the daemon: a login's root has groups, root's own. */
		ck_assert_int_eq(setgroups(0, NULL), 0);
		ck_assert_int_eq(chmod(rig->room, 0755), 0);
		ck_assert_int_eq(chown(rig->folder, OTHER, OTHER), 0);
		rig->user = (struct privileges_user){ OTHER, OTHER };
	}
	set_path(rig, rig->folder, "socket");
}

static void
teardown(struct rig *rig)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", rig->room);
	ck_assert_int_eq(system(command), 0);
}

static int
new_socket(void)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	return fd;
}

static int
bind_with(const struct rig *rig, int fd, const struct endpoint_rights *rights)
{
	return unix_socket_bind(fd, &rig->address, rights, &rig->user);
}

/* With nobody who would listen there. */
static int
bind_and_close(const struct rig *rig, const struct endpoint_rights *rights)
{
	const int fd = new_socket();
	const int result = bind_with(rig, fd, rights);
	const int error = errno;

	close(fd);
	errno = error;
	return result;
}

static struct stat
status_of(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st;
}

static void
expect_rights(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	const struct stat st = status_of(path);

	ck_assert_uint_eq(st.st_uid, uid);
	ck_assert_uint_eq(st.st_gid, gid);
	ck_assert_uint_eq(st.st_mode & ALLPERMS, mode);
}

static void
expect_untouched(const struct rig *rig)
{
	expect_rights(rig->secret, geteuid(), getegid(), 0600);
}

/* ---- rights ---- */

START_TEST(the_mode_is_what_it_shall_be)
{
	static const mode_t modes[] = { 0666, 0660, 0600, 0620, 0 };
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	struct rig rig;

	setup(&rig);
	for (size_t i = 0; i < COUNT(modes); i++)
		for (size_t j = 0; j < COUNT(masks); j++) {
			const struct endpoint_rights rights = { (uid_t)-1,
				(gid_t)-1, modes[i] };

			umask(masks[j]);
			ck_assert_int_eq(bind_and_close(&rig, &rights), 0);
			ck_assert_uint_eq(umask(022), masks[j]);
			expect_rights(rig.address.sun_path, rig.user.uid,
			    rig.user.gid, modes[i]);
			unix_socket_remove(rig.address.sun_path, &rig.user);
		}
	teardown(&rig);
}
END_TEST

/* Root's own directory: the socket is the user's all the same. */
START_TEST(a_socket_is_the_users)
{
	const struct endpoint_rights roots = { 0, 0, 0600 };
	struct rig rig;

	setup(&rig);
	set_path(&rig, rig.room, "socket");
	ck_assert_int_eq(bind_and_close(&rig, &open_to_all), 0);
	expect_rights(rig.address.sun_path, rig.user.uid, rig.user.gid, 0666);
	ck_assert_int_eq(bind_and_close(&rig, &roots), is_root() ? 0 : -1);
	if (is_root())
		expect_rights(rig.address.sun_path, 0, 0, 0600);
	teardown(&rig);
}
END_TEST

START_TEST(a_directory_gives_its_group)
{
	struct rig rig;

	setup(&rig);
	set_path(&rig, rig.room, "socket");
	if (is_root()) {
		ck_assert_int_eq(chown(rig.room, 0, 12), 0);
		ck_assert_int_eq(chmod(rig.room, 02755), 0);
		ck_assert_int_eq(bind_and_close(&rig, &open_to_all), 0);
		expect_rights(rig.address.sun_path, rig.user.uid, 12, 0666);
	}
	teardown(&rig);
}
END_TEST

START_TEST(rights_can_be_changed)
{
	const struct endpoint_rights narrow = { (uid_t)-1, (gid_t)-1, 0600 };
	struct endpoint_rights before;
	struct rig rig;

	setup(&rig);
	ck_assert_int_eq(bind_and_close(&rig, &open_to_all), 0);
	ck_assert_int_eq(
	    unix_socket_set_rights(rig.address.sun_path, &narrow, &before), 0);
	ck_assert_uint_eq(before.owner, rig.user.uid);
	ck_assert_uint_eq(before.group, rig.user.gid);
	ck_assert_uint_eq(before.mode, 0666);
	expect_rights(rig.address.sun_path, rig.user.uid, rig.user.gid, 0600);
	teardown(&rig);
}
END_TEST

/* As bind_and_close() makes it, and whatever the rights are then. */
START_TEST(whose_it_would_be_is_known)
{
	struct privileges_user whose;
	struct stat st;
	struct rig rig;

	setup(&rig);
	for (mode_t set_gid = 0; set_gid <= S_ISGID; set_gid += S_ISGID) {
		if (is_root())
			ck_assert_int_eq(chown(rig.folder, OTHER, 12), 0);
		ck_assert_int_eq(chmod(rig.folder, 0755 | set_gid), 0);
		ck_assert_int_eq(bind_and_close(&rig, &open_to_all), 0);
		ck_assert_int_eq(lstat(rig.address.sun_path, &st), 0);
		whose = unix_socket_user(rig.address.sun_path, &rig.user);
		ck_assert_uint_eq(whose.uid, st.st_uid);
		ck_assert_uint_eq(whose.gid, st.st_gid);
		if (is_root())
			ck_assert_uint_eq(whose.gid, set_gid ? 12 : OTHER);
	}
	/* The root's own directory gives none. */
	whose = unix_socket_user("/socket", &rig.user);
	ck_assert_uint_eq(whose.gid, rig.user.gid);
	teardown(&rig);
}
END_TEST

START_TEST(what_is_no_socket_of_ours_stays_as_it_is)
{
	char other[96];
	struct endpoint_rights before;
	struct rig rig;

	setup(&rig);
	snprintf(other, sizeof(other), "%s/other", rig.folder);
	ck_assert_int_eq(
	    unix_socket_set_rights(rig.secret, &open_to_all, &before), -1);
	ck_assert_int_eq(symlink(rig.secret, rig.address.sun_path), 0);
	ck_assert_int_eq(
	    unix_socket_set_rights(rig.address.sun_path, &open_to_all, &before),
	    -1);
	ck_assert_int_eq(errno, ENOTSOCK);
	ck_assert_int_eq(bind_and_close(&rig, &open_to_all), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(unlink(rig.address.sun_path), 0);
	/* One of two names may be a name in somebody else's directory. */
	ck_assert_int_eq(bind_and_close(&rig, &open_to_all), 0);
	ck_assert_int_eq(link(rig.address.sun_path, other), 0);
	ck_assert_int_eq(
	    unix_socket_set_rights(rig.address.sun_path, &open_to_all, &before),
	    -1);
	expect_untouched(&rig);
	teardown(&rig);
}
END_TEST

/* ---- who is in the way ---- */

START_TEST(only_a_stale_socket_makes_room)
{
	const int first = new_socket(), second = new_socket();
	struct rig rig;
	ino_t inode;

	setup(&rig);
	ck_assert_int_eq(bind_with(&rig, first, &open_to_all), 0);
	ck_assert_int_eq(listen(first, 1), 0);
	inode = status_of(rig.address.sun_path).st_ino;
	ck_assert_int_eq(bind_with(&rig, second, &open_to_all), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_uint_eq(status_of(rig.address.sun_path).st_ino, inode);
	close(first);
	ck_assert_int_eq(bind_with(&rig, second, &open_to_all), 0);
	close(second);
	unix_socket_remove(rig.address.sun_path, &rig.user);
	ck_assert_int_eq(access(rig.address.sun_path, F_OK), -1);
	make_file(rig.address.sun_path);
	ck_assert_int_eq(bind_and_close(&rig, &open_to_all), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	teardown(&rig);
}
END_TEST

/* Root's link is root's word; the other's leads where the other may go. */
START_TEST(links_of_others_lead_nowhere)
{
	char link[96], closed[96], at[128];
	struct rig rig;

	setup(&rig);
	snprintf(link, sizeof(link), "%s/link", rig.room);
	snprintf(closed, sizeof(closed), "%s/closed", rig.room);
	ck_assert_int_eq(mkdir(closed, 0755), 0);
	ck_assert_int_eq(symlink("closed", link), 0);
	set_path(&rig, link, "socket");
	snprintf(at, sizeof(at), "%s/socket", closed);
	ck_assert_int_eq(bind_and_close(&rig, &open_to_all), 0);
	expect_rights(at, rig.user.uid, rig.user.gid, 0666);
	unix_socket_remove(rig.address.sun_path, &rig.user);
	ck_assert_int_eq(access(at, F_OK), -1);
	if (is_root()) {
		ck_assert_int_eq(lchown(link, OTHER, OTHER), 0);
		ck_assert_int_eq(bind_and_close(&rig, &open_to_all), -1);
		ck_assert_int_eq(errno, EACCES);
		ck_assert_int_eq(access(at, F_OK), -1);
		make_file(at);
		unix_socket_remove(rig.address.sun_path, &rig.user);
		ck_assert_int_eq(access(at, F_OK), 0);
	}
	teardown(&rig);
}
END_TEST

/* Root's directory, and root's socket there only where nobody else may write,
 * which rig.user may not either. */
static int
bind_in_room(struct rig *rig, mode_t mode)
{
	int result;

	set_path(rig, rig->room, "socket");
	ck_assert_int_eq(chmod(rig->room, mode), 0);
	result = bind_and_close(rig, &open_to_all);
	if (result == 0)
		unix_socket_remove(rig->address.sun_path, &rig->user);
	return result;
}

START_TEST(what_a_group_may_write_to_is_not_roots_alone)
{
	struct rig rig;

	setup(&rig);
	if (is_root()) {
		ck_assert_int_eq(bind_in_room(&rig, 0755), 0);
		ck_assert_int_eq(bind_in_room(&rig, 0775), -1);
		ck_assert_int_eq(errno, EACCES);
		ck_assert_int_eq(bind_in_room(&rig, 01775), 0);
		ck_assert_int_eq(chown(rig.room, 0, 12), 0);
		ck_assert_int_eq(bind_in_room(&rig, 0775), -1);
		ck_assert_int_eq(errno, EACCES);
	}
	teardown(&rig);
}
END_TEST

/* acl(5), as setxattr(2) takes it: a user who may write, and the mask, which is
 * then where the group's bits were. */
START_TEST(who_is_named_in_an_acl_may_write)
{
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, permissions;
			uint32_t id;
		} entry[5];
	} acl = { 2, { { 0x01, 7, UINT32_MAX }, { 0x02, 7, 12345 },
			 { 0x04, 5, UINT32_MAX }, { 0x10, 7, UINT32_MAX },
			 { 0x20, 5, UINT32_MAX } } };
	struct rig rig;

	setup(&rig);
	set_path(&rig, rig.room, "socket");
	if (is_root() && setxattr(rig.room, "system.posix_acl_access", &acl,
			     sizeof(acl), 0) == 0) {
		ck_assert_int_eq(bind_and_close(&rig, &open_to_all), -1);
		ck_assert_int_eq(errno, EACCES);
	}
	teardown(&rig);
}
END_TEST

/* ---- the race ---- */

/* Who owns the folder puts a link to the secret in the socket's place as soon
 * as the socket is there. */
static void
be_attacker(const struct rig *rig, const char *link)
{
	ck_assert_int_eq(setgid(rig->user.gid), 0);
	ck_assert_int_eq(setuid(rig->user.uid), 0);
	for (;;)
		renameat2(AT_FDCWD, rig->address.sun_path, AT_FDCWD, link,
		    RENAME_EXCHANGE);
}

static bool
is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* At least until the attacker has come to a socket at all. */
START_TEST(no_race_for_the_rights_is_won)
{
	const struct endpoint_rights narrow = { (uid_t)-1, (gid_t)-1, 0640 };
	unsigned exchanged = 0;
	struct endpoint_rights before;
	struct rig rig;
	char link[96];
	pid_t attacker;

	setup(&rig);
	snprintf(link, sizeof(link), "%s/link", rig.folder);
	if ((attacker = fork()) == 0)
		be_attacker(&rig, link);
	ck_assert_int_gt(attacker, 0);
	for (unsigned i = 0; i < RACES || exchanged == 0; i++) {
		unlink(link);
		unlink(rig.address.sun_path);
		ck_assert_int_eq(symlink(rig.secret, link), 0);
		bind_and_close(&rig, &open_to_all);
		unix_socket_set_rights(rig.address.sun_path, &narrow, &before);
		exchanged += is_link(rig.address.sun_path);
		expect_untouched(&rig);
	}
	kill(attacker, SIGKILL);
	waitpid(attacker, NULL, 0);
	teardown(&rig);
}
END_TEST

TEST_MAIN("unix_socket")
{
	TCase *tc = add_case(suite, "sockets with a name");

	tcase_add_test(tc, the_mode_is_what_it_shall_be);
	tcase_add_test(tc, a_socket_is_the_users);
	tcase_add_test(tc, a_directory_gives_its_group);
	tcase_add_test(tc, rights_can_be_changed);
	tcase_add_test(tc, whose_it_would_be_is_known);
	tcase_add_test(tc, what_is_no_socket_of_ours_stays_as_it_is);
	tcase_add_test(tc, only_a_stale_socket_makes_room);
	tcase_add_test(tc, links_of_others_lead_nowhere);
	tcase_add_test(tc, what_a_group_may_write_to_is_not_roots_alone);
	tcase_add_test(tc, who_is_named_in_an_acl_may_write);
	tcase_add_test(tc, no_race_for_the_rights_is_won);
}
