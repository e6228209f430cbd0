/*
 * landlock.h - below which directories the process may still write:
 * landlock(7), which holds for root, too, and for /proc.
 */
#ifndef PROCESS_LANDLOCK_H
#define PROCESS_LANDLOCK_H

#include <stddef.h>

enum landlock_use {
	LANDLOCK_FILES,  /* to make, write, rename and remove files */
	LANDLOCK_SOCKETS /* to make and remove sockets */
};

struct landlock_place {
	const char *directory;
	enum landlock_use use;
};

enum landlock_result {
	LANDLOCK_FAILED = 0, /* with errno */
	LANDLOCK_ABSENT,     /* not in this kernel, or not for us: errno */
	LANDLOCK_RESTRICTED
};

/*
 * There is no way back, and none to more places.  A directory that is not there
 * is passed over, also when it comes later.  What is open stays open.  Wants
 * no_new_privs to be set.
 */
enum landlock_result landlock_restrict(
    const struct landlock_place *place, size_t count);

#endif /* PROCESS_LANDLOCK_H */
