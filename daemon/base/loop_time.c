/* loop_time.c - the longest time between two polls of the event loop. */

#include "base/loop_time.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>

/* Reading the thread's CPU time is a system call, which can take longer than a
 * cached answer.  It is done at most once per this interval. */
#define GRAIN_NS 1000000

/* Global, as the replaced function is. */
static struct {
	uint64_t read_at; /* CLOCK_MONOTONIC; 0 before the first poll */
	uint64_t spent;   /* CPU time of the thread at that moment */
	uint64_t lap;     /* CPU time at the last call of loop_time_lap() */
	uint64_t longest, longest_before;
	uint64_t turn;
} loop;

static uint64_t
read_clock(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* The measured time includes at most GRAIN_NS before a long callback: the
 * reading before it is less than a grain old, and one follows it. */
static void
note_look(void)
{
	const uint64_t now = read_clock(CLOCK_MONOTONIC);
	uint64_t spent;

	if (now - loop.read_at < GRAIN_NS)
		return;
	spent = read_clock(CLOCK_THREAD_CPUTIME_ID);
	if (loop.read_at != 0 && spent - loop.spent > loop.longest)
		loop.longest = spent - loop.spent;
	loop.read_at = now;
	loop.spent = spent;
}

/* The C library's parameter names are reserved identifiers. */
int
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
epoll_wait(int set, struct epoll_event *events, int max, int timeout)
{
	loop.turn++;
	note_look();
	return epoll_pwait(set, events, max, timeout, NULL);
}

uint64_t
loop_time_longest(void)
{
	return loop.longest > loop.longest_before ? loop.longest
						  : loop.longest_before;
}

uint64_t
loop_time_lap(void)
{
	const uint64_t from = loop.spent > loop.lap ? loop.spent : loop.lap;

	loop.lap = read_clock(CLOCK_THREAD_CPUTIME_ID);
	return loop.read_at != 0 ? loop.lap - from : 0;
}

uint64_t
loop_time_turn(void)
{
	return loop.turn;
}

uint64_t
loop_time_now(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void
loop_time_rotate(void)
{
	loop.longest_before = loop.longest;
	loop.longest = 0;
}
