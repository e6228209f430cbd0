/* prompt.c - sockets that are served before all other work on the loop.
 *
 * They are in an epoll set of their own, whose descriptor is one event of the
 * first priority.  While it is ready libevent runs nothing else, and so what
 * else waits is owed time; when that is too much, the set is held back: until
 * a timer ends it, or there is nothing else to do.
 */

#include "wire/prompt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

/* First the set, then whatever has no priority of its own, then what is to be
 * done when nothing else is. */
#define PRIORITIES 3

/* Callbacks of others without a look at the set, unless one says that it took
 * long, or their time together is over.  At each look libevent walks over all
 * that is ready. */
#define AT_ONCE 8
#define AT_ONCE_US 1000

#define BATCH 128
#define SLICE_NS 200000 /* without a look at what else is ready */
/* The others get one unit for so many of ours. */
#define SHARE 3
/* Below it holding back costs more than it brings. */
#define OWED_MIN_NS 50000
/* The longest turn; more is not owed. */
#define OWED_MAX_NS 400000
/* And what they had too much is forgotten beyond this. */
#define AHEAD_MAX_NS 2000000

struct prompt {
	struct event_base *base;
	int set;   /* epoll */
	int timer; /* timerfd; libevent's own are too coarse */
	struct event *ready, *turn_over, *idle;
	/* Keeps @set known to libevent while it is held back, for adding one
	 * set to another walks over all that is in it. */
	struct event *anchor;
	bool held;
	/* Other work was waiting when ours ended, at @ended. */
	bool waiting;
	uint64_t ended;
	int64_t owed; /* nanoseconds, to the others */
	/* The only one that was ready, the last time; and the time before. */
	struct prompt_socket *lone;
	bool lone_again;
	/* What is being served. */
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

/* What the batch says of it is void. */
static void
forget(struct prompt *prompt, const struct prompt_socket *socket)
{
	if (prompt->lone == socket)
		prompt->lone = NULL;
	for (int i = 0; i < prompt->count; i++)
		if (prompt->batch[i].data.ptr == socket)
			prompt->batch[i].data.ptr = NULL;
}

int
prompt_watch(struct prompt *prompt, struct prompt_socket *socket, short what)
{
	struct epoll_event event = { .events = epoll_mask(what),
		.data.ptr = socket };
	int operation = EPOLL_CTL_MOD;

	if (what == socket->watched)
		return 0;
	if (what == 0) {
		operation = EPOLL_CTL_DEL;
		forget(prompt, socket);
	} else if (socket->watched == 0) {
		operation = EPOLL_CTL_ADD;
	}
	if (epoll_ctl(prompt->set, operation, socket->fd, &event) == -1 &&
	    what != 0)
		return -1;
	socket->watched = what;
	return 0;
}

static void
serve(const struct epoll_event *event)
{
	struct prompt_socket *socket = event->data.ptr;
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

/* A client that is alone most likely speaks again: no system call is needed to
 * find out who it is. */
static void
serve_lone(struct prompt *prompt)
{
	struct prompt_socket *socket = prompt->lone;

	if (socket != NULL && prompt->lone_again && socket->watched == EV_READ)
		socket->ready(socket->arg, EV_READ);
}

static void
note_lone(struct prompt *prompt)
{
	struct prompt_socket *socket = prompt->batch[0].data.ptr;

	if (prompt->count == 0)
		return;
	if (prompt->count > 1)
		socket = NULL;
	prompt->lone_again = socket == prompt->lone;
	prompt->lone = socket;
}

/* Returns whether there is likely to be more at once. */
static bool
serve_batch(struct prompt *prompt)
{
	/* Not epoll_wait(): that is a look at all sockets, loop_time.h. */
	const int count =
	    epoll_pwait(prompt->set, prompt->batch, BATCH, 0, NULL);

	if (count == -1)
		return false;
	prompt->count = count;
	note_lone(prompt);
	for (int i = 0; i < count; i++)
		if (prompt->batch[i].data.ptr != NULL)
			serve(&prompt->batch[i]);
	prompt->count = 0;
	return count > 1;
}

/* ---- the others' turn ---- */

static int64_t
within_bounds(int64_t owed)
{
	if (owed > OWED_MAX_NS)
		return OWED_MAX_NS;
	return owed < -AHEAD_MAX_NS ? -AHEAD_MAX_NS : owed;
}

static void
hold_back(struct prompt *prompt)
{
	const struct itimerspec turn = { .it_value.tv_nsec =
					     (long)prompt->owed };

	if (timerfd_settime(prompt->timer, 0, &turn, NULL) == -1)
		return;
	event_del(prompt->ready);
	event_active(prompt->idle, EV_TIMEOUT, 0);
	prompt->held = true;
}

static void
go_on(struct prompt *prompt)
{
	static const struct itimerspec never = { 0 };

	/* Its end would look like other work. */
	(void)timerfd_settime(prompt->timer, 0, &never, NULL);
	event_del(prompt->idle);
	event_add(prompt->ready, NULL);
	prompt->held = false;
}

/* Its time is over, or there is nothing else to do. */
static void
on_turn_over(evutil_socket_t fd, short what, void *arg)
{
	struct prompt *prompt = arg;

	(void)fd;
	(void)what;
	if (prompt->held)
		go_on(prompt);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct prompt *prompt = arg;
	const uint64_t start = now_ns();
	uint64_t now;
	bool more;

	(void)fd;
	(void)what;
	if (prompt->waiting)
		prompt->owed -= (int64_t)(start - prompt->ended);
	serve_lone(prompt);
	do {
		more = serve_batch(prompt);
		now = now_ns();
	} while (more && now - start < SLICE_NS);
	prompt->ended = now;
	prompt->waiting = event_base_get_num_events(
			      prompt->base, EVENT_BASE_COUNT_ACTIVE) > 0;
	prompt->owed =
	    prompt->waiting
		? within_bounds(prompt->owed + (int64_t)(now - start) / SHARE)
		: 0;
	if (prompt->owed >= OWED_MIN_NS)
		hold_back(prompt);
}

/* The set cannot be closed before us. */
static void
on_anchor(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* ---- life ---- */

struct event_base *
prompt_base_new(void)
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
make_events(struct prompt *prompt)
{
	struct event_base *base = prompt->base;
	const int last = event_base_get_npriorities(base) - 1;

	prompt->ready = event_new(
	    base, prompt->set, EV_READ | EV_PERSIST, on_ready, prompt);
	prompt->anchor = event_new(
	    base, prompt->set, EV_CLOSED | EV_PERSIST, on_anchor, prompt);
	prompt->turn_over = event_new(
	    base, prompt->timer, EV_READ | EV_PERSIST, on_turn_over, prompt);
	prompt->idle = event_new(base, -1, 0, on_turn_over, prompt);
	if (prompt->ready == NULL || prompt->anchor == NULL ||
	    prompt->turn_over == NULL || prompt->idle == NULL)
		return -1;
	event_priority_set(prompt->ready, 0);
	event_priority_set(prompt->turn_over, 0);
	event_priority_set(prompt->idle, last);
	return event_add(prompt->ready, NULL) == 0 &&
		       event_add(prompt->anchor, NULL) == 0 &&
		       event_add(prompt->turn_over, NULL) == 0
		   ? 0
		   : -1;
}

struct prompt *
prompt_new(struct event_base *base)
{
	struct prompt *prompt = calloc(1, sizeof(*prompt));

	if (prompt == NULL)
		return NULL;
	prompt->base = base;
	prompt->set = epoll_create1(EPOLL_CLOEXEC);
	prompt->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (prompt->set == -1 || prompt->timer == -1 ||
	    make_events(prompt) == -1) {
		prompt_free(prompt);
		return NULL;
	}
	return prompt;
}

static void
drop_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
prompt_free(struct prompt *prompt)
{
	if (prompt == NULL)
		return;
	drop_event(prompt->ready);
	drop_event(prompt->anchor);
	drop_event(prompt->turn_over);
	drop_event(prompt->idle);
	if (prompt->set != -1)
		close(prompt->set);
	if (prompt->timer != -1)
		close(prompt->timer);
	free(prompt);
}
