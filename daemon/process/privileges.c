/* privileges.c - what the process may do. */

#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

#define NOBODY "nobody"

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

int
privileges_prepare(const char *user, struct privileges_user *to)
{
	const struct passwd *pw;

	*to = (struct privileges_user){ geteuid(), getegid() };
	if (geteuid() != 0 || user[0] == '\0')
		return 0;
	if ((pw = getpwnam(user)) == NULL) {
		/* Not installed as a package: anybody but root. */
		log_warning("main: no user \"%s\", running as nobody", user);
		pw = getpwnam(NOBODY);
	}
	if (pw == NULL || setgroups(0, NULL) == -1) {
		log_error("main: can't become user \"%s\": %s", user,
		    strerror(errno));
		return -1;
	}
	*to = (struct privileges_user){ pw->pw_uid, pw->pw_gid };
	return 0;
}

int
privileges_drop(const struct privileges_user *user)
{
	if (geteuid() != 0 || user->uid == 0)
		return 0;
	if (setgid(user->gid) == 0 && setuid(user->uid) == 0)
		return 0;
	log_error("main: can't become user %ju: %s", (uintmax_t)user->uid,
	    strerror(errno));
	return -1;
}

int
privileges_become_nobody(void)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return 0;
	errno = ENOENT;
	if ((pw = getpwnam(NOBODY)) == NULL || pw->pw_uid == 0)
		return -1;
	return setgroups(0, NULL) == 0 && setgid(pw->pw_gid) == 0 &&
		       setuid(pw->pw_uid) == 0 &&
		       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
		   ? 0
		   : -1;
}
