/* loop_time.c - the longest time for which the loop did not look at its
 * sockets. */

#include "base/loop_time.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>

/* The clock of the thread's own time is a system call, which can take longer
 * than a known answer does.  It is read this often at most. */
#define GRAIN_NS 1000000

/* Of the process, as the function that is replaced. */
static struct {
	uint64_t read_at; /* CLOCK_MONOTONIC; 0 before the first look */
	uint64_t spent;   /* by then */
	uint64_t lap;     /* by the last call of loop_time_lap() */
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

/* A callback that took long ends with a reading, and begins less than a grain
 * after another one. */
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

/* The C library's names of the parameters are reserved for it. */
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
