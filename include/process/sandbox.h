/*
 * sandbox.h - restricts what the process can do while it serves: a seccomp(2)
 * filter for the system calls that it needs and their arguments; only UDP, TCP
 * and unix sockets; landlock(7) for what may be written; no_new_privs, no core
 * dumps, no pages that become executable, no access by other processes of the
 * same user.
 *
 * A call outside the list fails with EPERM; the daemon goes on.
 */
#ifndef PROCESS_SANDBOX_H
#define PROCESS_SANDBOX_H

#include <stdbool.h>

#include "process/landlock.h"

struct sandbox;

/* NULL when out of memory. */
struct sandbox *sandbox_new(void);
/* Does not lift the restrictions.  NULL does nothing. */
void sandbox_free(struct sandbox *sandbox);

/* Allow writing in @directory; "" adds nothing.  Call before sandbox_enter().
 * Returns 0, or -1 when out of memory. */
int sandbox_add(
    struct sandbox *sandbox, const char *directory, enum landlock_use use);

/* Can't be undone, and applies to children, too.  Does nothing in a build with
 * sanitizers, which need more system calls.  Returns 0, or -1 with the reason
 * logged. */
int sandbox_enter(struct sandbox *sandbox);

/* Whether the sandbox permits writing in or below @directory; true if it was
 * not entered.  A directory that was deleted and created again counts as
 * another one. */
bool sandbox_allows(const struct sandbox *sandbox, const char *directory,
    enum landlock_use use);

#endif /* PROCESS_SANDBOX_H */
