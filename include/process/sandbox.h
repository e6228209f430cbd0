/*
 * sandbox.h - what the process can still do once it serves: a seccomp(2)
 * filter of the system calls it needs and of their arguments, sockets for UDP,
 * TCP and unix ones alone, landlock(7) for
 * what may be written, no_new_privs, no core dumps, no pages that become
 * executable, no access by others with the same user id.
 *
 * A call outside the list fails with EPERM; the daemon lives on.
 */
#ifndef PROCESS_SANDBOX_H
#define PROCESS_SANDBOX_H

#include <stdbool.h>

#include "process/landlock.h"

struct sandbox;

/* NULL when out of memory. */
struct sandbox *sandbox_new(void);
/* The process stays inside.  NULL does nothing. */
void sandbox_free(struct sandbox *sandbox);

/* Before sandbox_enter(): here the process will write; "" is nowhere.  Returns
 * 0, or -1 when out of memory. */
int sandbox_add(
    struct sandbox *sandbox, const char *directory, enum landlock_use use);

/* There is no way back, not for children either.  Does nothing in a build with
 * sanitizers, which need more.  Returns 0, or -1 with the reason logged. */
int sandbox_enter(struct sandbox *sandbox);

/* Whether it does not keep us from writing there, or below; true where it was
 * not entered.  What was made anew in the place of a directory is another
 * one. */
bool sandbox_allows(const struct sandbox *sandbox, const char *directory,
    enum landlock_use use);

#endif /* PROCESS_SANDBOX_H */
