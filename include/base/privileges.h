/*
 * privileges.h - the privileges of the process.
 */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include <sys/types.h>

struct privileges_user {
	uid_t uid;
	gid_t gid;
};

/* Every connection and every query to a name server needs a descriptor: raises
 * the limit to the hard limit.  Returns the new limit. */
unsigned long privileges_raise_descriptor_limit(void);

/*
 * If started as root: choose the user for privileges_drop(): @user, or nobody
 * where it is certain that there is no such user; and drop all supplementary
 * groups.  Otherwise, or where @user is "": the current user.
 * Returns 0, or -1 with the reason logged.
 */
int privileges_prepare(const char *user, struct privileges_user *to);

/* Change permanently from root to @user, and drop all capabilities, also of a
 * user that was never root.  Where @user is root, nothing changes.  Returns 0,
 * or -1 with the reason logged. */
int privileges_drop(const struct privileges_user *user);

enum privileges_end {
	PRIVILEGES_FAILED,   /* still root, but should not be */
	PRIVILEGES_KEPT,     /* no other user possible: root of a container
			      * without other users, or without privileges */
	PRIVILEGES_GIVEN_UP, /* given up, or there were none */
};

#define PRIVILEGES_WHY_MAX 128
/*
 * For a program started by root that no longer needs to be root: become nobody
 * permanently, without a way back through set-user-id programs.  Where we are
 * not root, nothing changes.  @why: the reason for a failure.
 */
enum privileges_end privileges_become_nobody(char why[PRIVILEGES_WHY_MAX]);

#endif /* BASE_PRIVILEGES_H */
