/*
 * privileges.h - what the process may do.
 */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

/* Every connection and every question to a name server is a descriptor: as
 * many as the hard limit allows.  Returns how many that is. */
unsigned long privileges_raise_descriptor_limit(void);

/*
 * Started as root: become @user, or nobody where there is no such user.
 * Otherwise, or where @user is "", nothing changes.  Returns 0, or -1 with the
 * reason logged.
 */
int privileges_drop(const char *user);

#endif /* PROCESS_PRIVILEGES_H */
