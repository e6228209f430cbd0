/*
 * sandbox.h - what the process can still do once it serves: a seccomp(2)
 * filter of the system calls it needs, no_new_privs, no core dumps, no pages
 * that are writable and executable.
 *
 * A call outside the list fails with EPERM; the daemon lives on.
 */
#ifndef PROCESS_SANDBOX_H
#define PROCESS_SANDBOX_H

/* There is no way back, not for children either.  Does nothing in a build with
 * sanitizers, which need more.  Returns 0, or -1 with the reason logged. */
int sandbox_enter(void);

#endif /* PROCESS_SANDBOX_H */
