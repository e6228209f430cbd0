/*
 * patience.h - waiting for what must happen, until it has.
 *
 * No test is decided by how busy the machine is: the only limit is Check's own,
 * CK_DEFAULT_TIMEOUT, which the Makefile sets to what only a hang reaches.
 * Check then says at which line the test waited.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#include <check.h>
#include <unistd.h>

/* @step is what may make @ready true: mostly a turn of the loop. */
#define WAIT_UNTIL(ready, step)                                                \
	do {                                                                   \
		mark_point();                                                  \
		while (!(ready)) {                                             \
			step;                                                  \
			if (!(ready))                                          \
				usleep(500);                                   \
		}                                                              \
	} while (0)

#endif /* TESTS_PATIENCE_H */
