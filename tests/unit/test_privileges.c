/* Who we become, where the users of the machine can be looked up, and where
 * they can't.  What libc would do, the test says. */

#include "base/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_main.h"

#define DAEMON_UID 111
#define NOBODY_UID 65534

/* ---- libc ---- */

/* What getpwnam_r() says of each of the two. */
struct answer {
	int error;
	bool found;
	uid_t uid;
};

static struct {
	struct answer daemon, nobody;
	uid_t uid; /* whom we are */
	int error; /* of what sets ids */
} machine;

static void
setup(void)
{
	machine.daemon = (struct answer){ 0, true, DAEMON_UID };
	machine.nobody = (struct answer){ 0, true, NOBODY_UID };
	machine.uid = 0;
	machine.error = 0;
}

int
getpwnam_r(const char *name, struct passwd *pw, char *buffer, size_t size,
    struct passwd **result)
{
	const struct answer *answer =
	    strcmp(name, "nobody") == 0 ? &machine.nobody : &machine.daemon;

	(void)buffer;
	(void)size;
	*pw = (struct passwd){ .pw_uid = answer->uid, .pw_gid = answer->uid };
	*result = answer->error == 0 && answer->found ? pw : NULL;
	errno = answer->error;
	return answer->error;
}

static int
set(uid_t uid)
{
	if (machine.error != 0) {
		errno = machine.error;
		return -1;
	}
	machine.uid = uid;
	return 0;
}

uid_t
geteuid(void)
{
	return machine.uid;
}

gid_t
getegid(void)
{
	return machine.uid;
}

int
setgroups(size_t count, const gid_t *groups)
{
	(void)count;
	(void)groups;
	return set(machine.uid);
}

int
setgid(gid_t gid)
{
	(void)gid;
	return set(machine.uid);
}

int
setuid(uid_t uid)
{
	return set(uid);
}

/* ---- the daemon ---- */

START_TEST(the_user_is_found)
{
	struct privileges_user user;

	ck_assert_int_eq(privileges_prepare("daemon", &user), 0);
	ck_assert_uint_eq(user.uid, DAEMON_UID);
	ck_assert_uint_eq(user.gid, DAEMON_UID);
	ck_assert_int_eq(privileges_drop(&user), 0);
	ck_assert_uint_eq(machine.uid, DAEMON_UID);
	ck_assert_int_eq(privileges_prepare("other", &user), 0);
	ck_assert_uint_eq(user.uid, DAEMON_UID);
}
END_TEST

START_TEST(nobody_where_there_is_no_such_user)
{
	struct privileges_user user;

	machine.daemon.found = false;
	ck_assert_int_eq(privileges_prepare("daemon", &user), 0);
	ck_assert_uint_eq(user.uid, NOBODY_UID);
	machine.nobody.found = false;
	ck_assert_int_eq(privileges_prepare("daemon", &user), -1);
	machine.nobody = (struct answer){ 0, true, 0 };
	ck_assert_int_eq(privileges_prepare("daemon", &user), -1);
	machine.nobody.error = EIO;
	ck_assert_int_eq(privileges_prepare("daemon", &user), -1);
}
END_TEST

START_TEST(no_capability_is_left)
{
	const struct privileges_user user = { DAEMON_UID, DAEMON_UID };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	machine.uid = DAEMON_UID; /* so it was started, with capabilities */
	ck_assert_int_eq(privileges_drop(&user), 0);
	ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		ck_assert_uint_eq(data[i].effective, 0);
		ck_assert_uint_eq(data[i].permitted, 0);
		ck_assert_uint_eq(data[i].inheritable, 0);
	}
}
END_TEST

/* A directory that does not answer says nothing of its users. */
static const int failures[] = { EPERM, EINVAL, ENOENT, EIO, EMFILE, ESRCH,
	ERANGE };
#define FAILURES (int)COUNT(failures)

START_TEST(a_failure_is_no_missing_user)
{
	struct privileges_user user;

	machine.daemon.error = failures[_i];
	ck_assert_int_eq(privileges_prepare("daemon", &user), -1);
}
END_TEST

START_TEST(groups_that_stay_are_a_failure)
{
	struct privileges_user user;

	machine.error = EPERM;
	ck_assert_int_eq(privileges_prepare("daemon", &user), -1);
}
END_TEST

/* ---- a program of root's ---- */

START_TEST(root_becomes_nobody)
{
	char why[PRIVILEGES_WHY_MAX];

	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_GIVEN_UP);
	ck_assert_uint_eq(machine.uid, NOBODY_UID);
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	machine.nobody.found = false; /* no longer asked for */
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_GIVEN_UP);
}
END_TEST

START_TEST(who_cannot_be_looked_up_is_no_container)
{
	char why[PRIVILEGES_WHY_MAX];

	machine.nobody.error = failures[_i];
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_FAILED);
	ck_assert_ptr_nonnull(strstr(why, strerror(failures[_i])));
	ck_assert_uint_eq(machine.uid, 0);
}
END_TEST

START_TEST(a_machine_without_nobody_is_told)
{
	char why[PRIVILEGES_WHY_MAX];

	machine.nobody.found = false;
	errno = EPERM; /* of anything before */
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_FAILED);
	ck_assert_str_eq(why, "there is no user \"nobody\"");
	machine.nobody = (struct answer){ 0, true, 0 };
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_FAILED);
	ck_assert_str_eq(why, "the user \"nobody\" is root");
}
END_TEST

START_TEST(root_of_a_container_may_have_to_stay)
{
	char why[PRIVILEGES_WHY_MAX];

	machine.error = EPERM;
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_KEPT);
	machine.error = EINVAL;
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_KEPT);
	machine.error = EAGAIN;
	ck_assert_int_eq(privileges_become_nobody(why), PRIVILEGES_FAILED);
	ck_assert_str_eq(why, strerror(EAGAIN));
}
END_TEST

TEST_MAIN("privileges")
{
	TCase *tc = add_case(suite, "privileges");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, the_user_is_found);
	tcase_add_test(tc, nobody_where_there_is_no_such_user);
	tcase_add_loop_test(tc, a_failure_is_no_missing_user, 0, FAILURES);
	tcase_add_test(tc, no_capability_is_left);
	tcase_add_test(tc, groups_that_stay_are_a_failure);
	tcase_add_test(tc, root_becomes_nobody);
	tcase_add_loop_test(
	    tc, who_cannot_be_looked_up_is_no_container, 0, FAILURES);
	tcase_add_test(tc, a_machine_without_nobody_is_told);
	tcase_add_test(tc, root_of_a_container_may_have_to_stay);
}
