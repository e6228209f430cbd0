/* fast_lane.c - sockets that are served before all other work on the event
 * loop.
 *
 * They are in a separate epoll set, whose descriptor is one event of the
 * highest priority.  While it is ready, libevent runs nothing else, so other
 * work is owed time.  When too much is owed, the set is held back until a timer
 * expires or there is no other work.
 */

#include "wire/fast_lane.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

/* The epoll set first, then events without a priority of their own, then the
 * event that runs when there is no other work. */
#define PRIORITIES 3

/* Other callbacks that run before the set is checked again, unless a callback
 * reports that it took long, or their total time is over.  At each check
 * libevent iterates over all that is ready. */
#define AT_ONCE 8
#define AT_ONCE_US 1000

#define BATCH 128
#define SLICE_NS 200000 /* before libevent checks for other events */
/* Other work gets one unit of time for this many of ours. */
#define SHARE 3
/* Below this, holding back costs more than it gains. */
#define OWED_MIN_NS 50000
/* The longest time the set is held back; no more is owed. */
#define OWED_MAX_NS 400000
/* Other work's excess time beyond this is forgotten. */
#define AHEAD_MAX_NS 2000000

struct fast_lane {
	struct event_base *base;
	int set;   /* epoll */
	int timer; /* timerfd; libevent's timers are too coarse */
	struct event *ready, *turn_over, *idle;
	/* Keeps @set registered with libevent while it is held back, because
	 * adding one epoll set to another iterates over all its members. */
	struct event *anchor;
	bool held;
	/* Other work was pending when ours ended, at @ended. */
	bool waiting;
	uint64_t ended;
	int64_t owed; /* nanoseconds, to other work */
	/* The only socket that was ready in the last batch, and whether it was
	 * the only one in the batch before, too. */
	struct fast_lane_socket *lone;
	bool lone_again;
	/* The batch being served. */
	struct epoll_event batch[BATCH];
	int count;
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- sockets ---- */

static uint32_t
epoll_mask(short what)
{
	return (what & EV_READ ? (uint32_t)EPOLLIN : 0U) |
	       (what & EV_WRITE ? (uint32_t)EPOLLOUT : 0U);
}

/* Invalidate the socket's events in the current batch. */
static void
forget(struct fast_lane *fast_lane, const struct fast_lane_socket *socket)
{
	if (fast_lane->lone == socket)
		fast_lane->lone = NULL;
	for (int i = 0; i < fast_lane->count; i++)
		if (fast_lane->batch[i].data.ptr == socket)
			fast_lane->batch[i].data.ptr = NULL;
}

int
fast_lane_watch(
    struct fast_lane *fast_lane, struct fast_lane_socket *socket, short what)
{
	struct epoll_event event = { .events = epoll_mask(what),
		.data.ptr = socket };
	int operation = EPOLL_CTL_MOD;

	if (what == socket->watched)
		return 0;
	if (what == 0) {
		operation = EPOLL_CTL_DEL;
		forget(fast_lane, socket);
	} else if (socket->watched == 0) {
		operation = EPOLL_CTL_ADD;
	}
	if (epoll_ctl(fast_lane->set, operation, socket->fd, &event) == -1 &&
	    what != 0)
		return -1;
	socket->watched = what;
	return 0;
}

static void
serve(const struct epoll_event *event)
{
	struct fast_lane_socket *socket = event->data.ptr;
	short what = 0;

	if (event->events & ((uint32_t)EPOLLERR | (uint32_t)EPOLLHUP))
		what = EV_READ | EV_WRITE;
	if (event->events & (uint32_t)EPOLLIN)
		what = (short)(what | EV_READ);
	if (event->events & (uint32_t)EPOLLOUT)
		what = (short)(what | EV_WRITE);
	what = (short)(what & socket->watched);
	if (what != 0)
		socket->ready(socket->arg, what);
}

/* If one client is active alone, it most likely sends again: read without a
 * system call to find out which socket is ready. */
static void
serve_lone(struct fast_lane *fast_lane)
{
	struct fast_lane_socket *socket = fast_lane->lone;

	if (socket != NULL && fast_lane->lone_again &&
	    socket->watched == EV_READ)
		socket->ready(socket->arg, EV_READ);
}

static void
note_lone(struct fast_lane *fast_lane)
{
	struct fast_lane_socket *socket = fast_lane->batch[0].data.ptr;

	if (fast_lane->count == 0)
		return;
	if (fast_lane->count > 1)
		socket = NULL;
	fast_lane->lone_again = socket == fast_lane->lone;
	fast_lane->lone = socket;
}

/* Returns whether more is likely to follow immediately. */
static bool
serve_batch(struct fast_lane *fast_lane)
{
	/* Not epoll_wait(): loop_time.h counts that as a check of all
	 * sockets. */
	const int count =
	    epoll_pwait(fast_lane->set, fast_lane->batch, BATCH, 0, NULL);

	if (count == -1)
		return false;
	fast_lane->count = count;
	note_lone(fast_lane);
	for (int i = 0; i < count; i++)
		if (fast_lane->batch[i].data.ptr != NULL)
			serve(&fast_lane->batch[i]);
	fast_lane->count = 0;
	return count > 1;
}

/* ---- other work ---- */

static int64_t
within_bounds(int64_t owed)
{
	if (owed > OWED_MAX_NS)
		return OWED_MAX_NS;
	return owed < -AHEAD_MAX_NS ? -AHEAD_MAX_NS : owed;
}

static void
hold_back(struct fast_lane *fast_lane)
{
	const struct itimerspec turn = { .it_value.tv_nsec =
					     (long)fast_lane->owed };

	if (timerfd_settime(fast_lane->timer, 0, &turn, NULL) == -1)
		return;
	event_del(fast_lane->ready);
	event_active(fast_lane->idle, EV_TIMEOUT, 0);
	fast_lane->held = true;
}

static void
go_on(struct fast_lane *fast_lane)
{
	static const struct itimerspec never = { 0 };

	/* The timer's event would look like other work. */
	(void)timerfd_settime(fast_lane->timer, 0, &never, NULL);
	event_del(fast_lane->idle);
	event_add(fast_lane->ready, NULL);
	fast_lane->held = false;
}

/* The time of other work is over, or there is none left. */
static void
on_turn_over(evutil_socket_t fd, short what, void *arg)
{
	struct fast_lane *fast_lane = arg;

	(void)fd;
	(void)what;
	if (fast_lane->held)
		go_on(fast_lane);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct fast_lane *fast_lane = arg;
	const uint64_t start = now_ns();
	uint64_t now;
	bool more;

	(void)fd;
	(void)what;
	if (fast_lane->waiting)
		fast_lane->owed -= (int64_t)(start - fast_lane->ended);
	serve_lone(fast_lane);
	do {
		more = serve_batch(fast_lane);
		now = now_ns();
	} while (more && now - start < SLICE_NS);
	fast_lane->ended = now;
	fast_lane->waiting = event_base_get_num_events(
				 fast_lane->base, EVENT_BASE_COUNT_ACTIVE) > 0;
	fast_lane->owed = fast_lane->waiting
			      ? within_bounds(fast_lane->owed +
					      (int64_t)(now - start) / SHARE)
			      : 0;
	if (fast_lane->owed >= OWED_MIN_NS)
		hold_back(fast_lane);
}

/* Never called: the set cannot be closed before the event is freed. */
static void
on_anchor(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* ---- create and free ---- */

struct event_base *
fast_lane_base_new(void)
{
	static const struct timeval interval = { 0, AT_ONCE_US };
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_set_max_dispatch_interval(
				  config, &interval, AT_ONCE, 1) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	if (base != NULL && event_base_priority_init(base, PRIORITIES) == -1) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

static int
make_events(struct fast_lane *fast_lane)
{
	struct event_base *base = fast_lane->base;
	const int last = event_base_get_npriorities(base) - 1;

	fast_lane->ready = event_new(
	    base, fast_lane->set, EV_READ | EV_PERSIST, on_ready, fast_lane);
	fast_lane->anchor = event_new(
	    base, fast_lane->set, EV_CLOSED | EV_PERSIST, on_anchor, fast_lane);
	fast_lane->turn_over = event_new(base, fast_lane->timer,
	    EV_READ | EV_PERSIST, on_turn_over, fast_lane);
	fast_lane->idle = event_new(base, -1, 0, on_turn_over, fast_lane);
	if (fast_lane->ready == NULL || fast_lane->anchor == NULL ||
	    fast_lane->turn_over == NULL || fast_lane->idle == NULL)
		return -1;
	event_priority_set(fast_lane->ready, 0);
	event_priority_set(fast_lane->turn_over, 0);
	event_priority_set(fast_lane->idle, last);
	return event_add(fast_lane->ready, NULL) == 0 &&
		       event_add(fast_lane->anchor, NULL) == 0 &&
		       event_add(fast_lane->turn_over, NULL) == 0
		   ? 0
		   : -1;
}

struct fast_lane *
fast_lane_new(struct event_base *base)
{
	struct fast_lane *fast_lane = calloc(1, sizeof(*fast_lane));

	if (fast_lane == NULL)
		return NULL;
	fast_lane->base = base;
	fast_lane->set = epoll_create1(EPOLL_CLOEXEC);
	fast_lane->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fast_lane->set == -1 || fast_lane->timer == -1 ||
	    make_events(fast_lane) == -1) {
		fast_lane_free(fast_lane);
		return NULL;
	}
	return fast_lane;
}

static void
drop_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
fast_lane_free(struct fast_lane *fast_lane)
{
	if (fast_lane == NULL)
		return;
	drop_event(fast_lane->ready);
	drop_event(fast_lane->anchor);
	drop_event(fast_lane->turn_over);
	drop_event(fast_lane->idle);
	if (fast_lane->set != -1)
		close(fast_lane->set);
	if (fast_lane->timer != -1)
		close(fast_lane->timer);
	free(fast_lane);
}
