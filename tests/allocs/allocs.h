/*
 * allocs.h - memory that runs out, once, at a chosen allocation.
 *
 * Linked into a program whose own code has been moved into a section of its
 * own (mk/allocs.mk), this takes the place of malloc and its like in the whole
 * process.  Counted, and made to fail, is every allocation that postdane's code
 * makes, or that a library makes for it: those on whose stack the nearest frame
 * outside of libraries is ours, not the test's.  Some libraries are spared, and
 * the calls to them fail instead.
 */
#ifndef TESTS_ALLOCS_H
#define TESTS_ALLOCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALLOCS_MAX 200000 /* counted in one run */

/* What a run has counted; in memory that a child shares with its parent. */
struct allocs_count {
	size_t count;
	uint64_t place[ALLOCS_MAX]; /* hash of the stack, by number */
};

/* Count from now on, to ALLOCS_MAX.  Number @fail, from 1, fails and is the
 * last that counts; 0: none does. */
void allocs_arm(size_t fail, struct allocs_count *count);
/* Leave everything alone again. */
void allocs_disarm(void);
/* A call of a library that allocates, as one; @caller: who called it. */
bool allocs_call_fails(const void *caller);

#endif /* TESTS_ALLOCS_H */
