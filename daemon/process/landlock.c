/* landlock.c - restricts where the process may write. */

#include "process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

/* Newer than the headers of Debian 12.  It is used only if the running kernel
 * knows it. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ABI_WITH_REFER 2
#define ABI_WITH_TRUNCATE 3

/* All changes to a file system that Landlock ABI 1 can restrict. */
#define CHANGES                                                                \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |       \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |    \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |        \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |      \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static uint64_t
changes_known(long abi)
{
	return CHANGES |
	       (abi >= ABI_WITH_REFER ? LANDLOCK_ACCESS_FS_REFER : 0) |
	       (abi >= ABI_WITH_TRUNCATE ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
}

static uint64_t
changes_for(enum landlock_use use)
{
	switch (use) {
	case LANDLOCK_FILES:
		return LANDLOCK_ACCESS_FS_WRITE_FILE |
		       LANDLOCK_ACCESS_FS_MAKE_REG |
		       LANDLOCK_ACCESS_FS_REMOVE_FILE |
		       LANDLOCK_ACCESS_FS_TRUNCATE;
	case LANDLOCK_SOCKETS:
		return LANDLOCK_ACCESS_FS_MAKE_SOCK |
		       LANDLOCK_ACCESS_FS_REMOVE_FILE;
	}
	return 0;
}

/* Returns 0, or -1 with errno. */
static int
add_place(int ruleset, const struct landlock_place *place, uint64_t known)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = changes_for(place->use) & known,
		.parent_fd =
		    open(place->directory, O_PATH | O_DIRECTORY | O_CLOEXEC)
	};
	int result, error;

	if (rule.parent_fd == -1)
		return 0;
	result = (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	error = errno;
	close(rule.parent_fd);
	errno = error;
	return result;
}

enum landlock_result
landlock_restrict(const struct landlock_place *place, size_t count)
{
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	const struct landlock_ruleset_attr attr = { .handled_access_fs =
							changes_known(abi) };
	int ruleset, result = 0, error;

	if (abi < 1)
		return LANDLOCK_ABSENT;
	ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset == -1)
		return LANDLOCK_FAILED;
	for (size_t i = 0; i < count && result == 0; i++)
		result = add_place(ruleset, &place[i], attr.handled_access_fs);
	if (result == 0)
		result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	error = errno;
	close(ruleset);
	errno = error;
	return result == 0 ? LANDLOCK_RESTRICTED : LANDLOCK_FAILED;
}
