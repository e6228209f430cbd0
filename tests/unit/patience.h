/*
 * patience.h - waiting for what must happen, until it has.
 *
 * No test is decided by how busy the machine is: the limit is one that only a
 * hang reaches, shorter than Check's own (CK_DEFAULT_TIMEOUT in mk/unit.mk).
 * PATIENCE, in seconds, is another one, for tests/allocs: there a test that
 * waits in vain is no failure, and need not do so for long.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#include <check.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_SECONDS 110

/* Of the machine's clock: the test may have one of its own. */
static inline long
patience_now(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static inline long
patience_end(void)
{
	const char *other = getenv("PATIENCE");

	return patience_now() +
	       (other != NULL ? atol(other) : PATIENCE_SECONDS);
}

/* What comes, comes soon; what does not must not keep the processor busy. */
static inline void
patience_pause(unsigned turns)
{
	usleep(turns < 200 ? 500 : 5000);
}

/* @step is what may make @ready true: mostly a turn of the loop. */
#define WAIT_UNTIL(ready, step)                                                \
	do {                                                                   \
		const long patience_until = patience_end();                    \
		unsigned patience_turns = 0;                                   \
		while (!(ready)) {                                             \
			ck_assert_msg(patience_now() < patience_until,         \
			    "waited in vain for %s", #ready);                  \
			step;                                                  \
			patience_pause(patience_turns++);                      \
		}                                                              \
	} while (0)

#endif /* TESTS_PATIENCE_H */
