/* privileges.c - what the process may do. */

#include "base/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#define NOBODY "nobody"
#define BUFFER_SIZE 16384 /* for a user's entry in the user database */

unsigned long
privileges_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return ULONG_MAX;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur;
}

/* ---- choosing the user ---- */

/* Returns 0, with *@found set to whether there is such a user; or an errno
 * value: then it is unknown whether the user exists. */
static int
find_user(const char *name, struct privileges_user *user, bool *found)
{
	char buffer[BUFFER_SIZE];
	struct passwd entry, *pw = NULL;
	const int error = getpwnam_r(name, &entry, buffer, sizeof(buffer), &pw);

	*found = error == 0 && pw != NULL;
	if (*found)
		*user = (struct privileges_user){ pw->pw_uid, pw->pw_gid };
	return error;
}

/* Returns 0, or -1 with @why. */
static int
find_nobody(struct privileges_user *user, char why[PRIVILEGES_WHY_MAX])
{
	bool found;
	const int error = find_user(NOBODY, user, &found);

	if (error != 0)
		snprintf(why, PRIVILEGES_WHY_MAX,
		    "looking up the user \"" NOBODY "\": %s", strerror(error));
	else if (!found)
		snprintf(
		    why, PRIVILEGES_WHY_MAX, "there is no user \"" NOBODY "\"");
	else if (user->uid == 0)
		snprintf(
		    why, PRIVILEGES_WHY_MAX, "the user \"" NOBODY "\" is root");
	else
		return 0;
	return -1;
}

/* Returns 0, or -1 with the reason logged. */
static int
choose_user(const char *name, struct privileges_user *to)
{
	char why[PRIVILEGES_WHY_MAX];
	bool found;
	const int error = find_user(name, to, &found);

	if (error != 0) {
		log_error("main: looking up the user \"%s\": %s", name,
		    strerror(error));
		return -1;
	}
	if (found)
		return 0;
	/* Not installed from a package: any user but root will do. */
	log_warning("main: no user \"%s\", running as nobody", name);
	if (find_nobody(to, why) == 0)
		return 0;
	log_error("main: can't become nobody: %s", why);
	return -1;
}

int
privileges_prepare(const char *user, struct privileges_user *to)
{
	*to = (struct privileges_user){ geteuid(), getegid() };
	if (geteuid() != 0 || user[0] == '\0')
		return 0;
	if (choose_user(user, to) == -1)
		return -1;
	if (setgroups(0, NULL) == 0)
		return 0;
	log_error("main: can't become user \"%s\": %s", user, strerror(errno));
	return -1;
}

/* ---- changing to the user ---- */

/* Also drops capabilities given to a user that was never root.  Where there are
 * none to drop, a filter may refuse the call.  Returns 0, or -1 with errno. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) == -1)
		return -1;
	if ((data[0].permitted | data[1].permitted | data[0].inheritable |
		data[1].inheritable) == 0)
		return 0;
	memset(data, 0, sizeof(data));
	return (int)syscall(SYS_capset, &header, data);
}

int
privileges_drop(const struct privileges_user *user)
{
	if (geteuid() == 0 && user->uid == 0)
		return 0;
	if (geteuid() == 0 &&
	    (setgid(user->gid) == -1 || setuid(user->uid) == -1)) {
		log_error("main: can't become user %ju: %s",
		    (uintmax_t)user->uid, strerror(errno));
		return -1;
	}
	if (drop_capabilities() == 0)
		return 0;
	log_error("main: can't give up capabilities: %s", strerror(errno));
	return -1;
}

/* Whether root is only the user of a namespace, or has no privileges left to
 * change user.  Only for errors of the calls that set ids. */
static bool
can_be_nobody_else(int error)
{
	return error == EPERM || error == EINVAL;
}

enum privileges_end
privileges_become_nobody(char why[PRIVILEGES_WHY_MAX])
{
	struct privileges_user nobody;

	why[0] = '\0';
	if (geteuid() != 0)
		return PRIVILEGES_GIVEN_UP;
	if (find_nobody(&nobody, why) == -1)
		return PRIVILEGES_FAILED;
	if (setgroups(0, NULL) == -1 || setgid(nobody.gid) == -1 ||
	    setuid(nobody.uid) == -1) {
		snprintf(why, PRIVILEGES_WHY_MAX, "%s", strerror(errno));
		return can_be_nobody_else(errno) ? PRIVILEGES_KEPT
						 : PRIVILEGES_FAILED;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return PRIVILEGES_GIVEN_UP;
	snprintf(
	    why, PRIVILEGES_WHY_MAX, "no new privileges: %s", strerror(errno));
	return PRIVILEGES_FAILED;
}
