/* privileges.c - what the process may do. */

#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

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
privileges_drop(const char *user)
{
	const struct passwd *pw;

	if (geteuid() != 0 || user[0] == '\0')
		return 0;
	if ((pw = getpwnam(user)) == NULL) {
		/* Not installed as a package: anybody but root. */
		log_warning("main: no user \"%s\", running as nobody", user);
		pw = getpwnam("nobody");
	}
	if (pw == NULL || setgroups(0, NULL) == -1 ||
	    setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1) {
		log_error("main: can't become user \"%s\": %s", user,
		    strerror(errno));
		return -1;
	}
	return 0;
}
