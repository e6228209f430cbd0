/*
 * loop_time.h - the longest time for which the event loop did not poll its
 * sockets.
 *
 * There is one thread: while a callback runs, everything else waits.  So the
 * processor time between two polls is measured.  libevent 2.1 has no hook for
 * this (2.2 has watchers), but it polls by epoll_wait(2), and the definition in
 * this program takes precedence over that of the C library.  Code that waits
 * for something else uses epoll_pwait(2), which is not counted.
 */
#ifndef BASE_LOOP_TIME_H
#define BASE_LOOP_TIME_H

#include <stdint.h>

/* Nanoseconds of processor time, at most a millisecond too long; the maximum
 * since the last loop_time_rotate() but one.  0 before the second poll. */
uint64_t loop_time_longest(void);

/* Nanoseconds of processor time since the last poll or the last call, whichever
 * was later; with the same inaccuracy. */
uint64_t loop_time_lap(void);

/* A number that identifies the last poll: it differs after each. */
uint64_t loop_time_turn(void);

/* Nanoseconds of processor time of this thread. */
uint64_t loop_time_now(void);

/* Drops what was measured before the previous call. */
void loop_time_rotate(void);

#endif /* BASE_LOOP_TIME_H */
