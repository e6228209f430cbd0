/*
 * time.h - time that passes only where libevent would sleep: a lookup of
 * fifteen seconds takes none.  The program's own functions are found before
 * libc's, also by libevent.
 */
#ifndef TESTS_FAKES_TIME_H
#define TESTS_FAKES_TIME_H

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/loop_time.h"

#include "../fuzz/fuzz.h"

static uint64_t fake_ms = 1000000;
/* By so much the time of day is ahead of it; 0: it is the real one. */
static uint64_t fake_day_ms;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ms = fake_ms;

	if (clock == CLOCK_REALTIME && fake_day_ms != 0)
		ms += fake_day_ms;
	else if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE &&
		 clock != CLOCK_BOOTTIME)
		return (int)syscall(SYS_clock_gettime, clock, now);
	now->tv_sec = (time_t)(ms / 1000);
	now->tv_nsec = (long)(ms % 1000 * 1000000);
	return 0;
}

int
epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
	const int n =
	    (int)syscall(SYS_epoll_pwait, fd, events, count, 0, NULL, 0);

	if (n != 0)
		return n;
	/* For ever would mean that whoever waits has been forgotten. */
	PROMISE(timeout >= 0);
	fake_ms += (uint64_t)timeout;
	return 0;
}

/* base/loop_time has an epoll_wait() of its own.  Nothing takes any time. */
uint64_t
loop_time_lap(void)
{
	return 0;
}

uint64_t
loop_time_now(void)
{
	return 0;
}

uint64_t
loop_time_turn(void)
{
	return 0;
}

/* Let @ms pass on the loop, and all happen that is due by then. */
static inline void
fake_pass(struct event_base *base, uint64_t ms)
{
	const struct timeval delay = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000 * 1000) };

	event_base_loopexit(base, &delay);
	event_base_dispatch(base);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

#endif /* TESTS_FAKES_TIME_H */
