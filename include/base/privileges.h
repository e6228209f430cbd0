/*
 * privileges.h - what the process may do.
 */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include <sys/types.h>

struct privileges_user {
	uid_t uid;
	gid_t gid;
};

/* Every connection and every question to a name server is a descriptor: as
 * many as the hard limit allows.  Returns how many that is. */
unsigned long privileges_raise_descriptor_limit(void);

/*
 * Started as root: who privileges_drop() will make of us: @user, or nobody
 * where there is certainly no such user; and all groups but the first are given
 * up.  Otherwise, or where @user is "", who we are.
 * Returns 0, or -1 with the reason logged.
 */
int privileges_prepare(const char *user, struct privileges_user *to);

/* From root to @user, for good, and from any user to one without capabilities.
 * Where @user is root, nothing changes.  Returns 0, or -1 with the reason
 * logged. */
int privileges_drop(const struct privileges_user *user);

enum privileges_end {
	PRIVILEGES_FAILED,   /* we are still root and should not be */
	PRIVILEGES_KEPT,     /* we can be nobody else: root of a container
			      * without other users, or without privileges */
	PRIVILEGES_GIVEN_UP, /* or there were none */
};

#define PRIVILEGES_WHY_MAX 128
/*
 * For a program that root has started and that no longer needs to be root:
 * nobody, with no way back, not by a set-user-id program either.  Where we are
 * not root, nothing changes.  @why: the reason where it failed.
 */
enum privileges_end privileges_become_nobody(char why[PRIVILEGES_WHY_MAX]);

#endif /* BASE_PRIVILEGES_H */
