/*
 * loop_time.h - the longest time for which the loop did not look at its
 * sockets.
 *
 * There is one thread: whatever a callback does, everybody waits for.  So the
 * processor time between two looks is measured.  libevent 2.1 tells nobody when
 * it looks (2.2 has watchers for it); but it looks by epoll_wait(2), and the
 * program's own definition, which is here, comes before that of the C library.
 * Who waits for something else uses epoll_pwait(2), which is not counted.
 */
#ifndef BASE_LOOP_TIME_H
#define BASE_LOOP_TIME_H

#include <stdint.h>

/* Nanoseconds of processor time, up to a millisecond too many; of the time
 * since the last loop_time_rotate() but one.  0 before the second look. */
uint64_t loop_time_longest(void);

/* Nanoseconds of processor time since the last look, or the last call,
 * whichever came later; likewise. */
uint64_t loop_time_lap(void);

/* Which look at the sockets was the last one: it differs after each. */
uint64_t loop_time_turn(void);

/* Nanoseconds of processor time of this thread, since whenever. */
uint64_t loop_time_now(void);

/* What was measured before the last call is forgotten. */
void loop_time_rotate(void);

#endif /* BASE_LOOP_TIME_H */
