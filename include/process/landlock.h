/*
 * landlock.h - restricts the directories below which the process may write,
 * with landlock(7).  The restriction also applies to root, and to /proc.
 */
#ifndef PROCESS_LANDLOCK_H
#define PROCESS_LANDLOCK_H

#include <stddef.h>

enum landlock_use {
	LANDLOCK_FILES,  /* create, write, rename and remove files */
	LANDLOCK_SOCKETS /* create and remove sockets */
};

struct landlock_place {
	const char *directory;
	enum landlock_use use;
};

enum landlock_result {
	LANDLOCK_FAILED = 0, /* with errno */
	LANDLOCK_ABSENT,     /* kernel lacks it, or denies it to us: errno */
	LANDLOCK_RESTRICTED
};

/*
 * The restriction can't be undone, nor can directories be added later.  A
 * directory that does not exist is skipped, even if it is created later.  Open
 * files stay usable.  Requires no_new_privs.
 */
enum landlock_result landlock_restrict(
    const struct landlock_place *place, size_t count);

#endif /* PROCESS_LANDLOCK_H */
