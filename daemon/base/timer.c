/* timer.c - a timer of the event loop. */

#include "base/timer.h"

#include <stdlib.h>

#include <event2/event.h>

struct timer {
	struct event *event;
	void (*run)(void *arg);
	void *arg;
};

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	const struct timer *timer = arg;

	(void)fd;
	(void)what;
	timer->run(timer->arg);
}

struct timer *
timer_new(struct event_base *base, void (*run)(void *arg), void *arg)
{
	struct timer *timer = malloc(sizeof(*timer));

	if (timer == NULL)
		return NULL;
	timer->run = run;
	timer->arg = arg;
	timer->event = evtimer_new(base, on_event, timer);
	if (timer->event != NULL)
		return timer;
	free(timer);
	return NULL;
}

void
timer_in_ms(struct timer *timer, uint64_t ms)
{
	const struct timeval delay = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000 * 1000) };

	/* libevent keeps what is set in an array, which may have to grow.  A
	 * timer that is lost is a wait without end. */
	if (event_add(timer->event, &delay) == -1)
		timer_now(timer);
}

void
timer_now(struct timer *timer)
{
	event_active(timer->event, EV_TIMEOUT, 0);
}

bool
timer_is_set(const struct timer *timer)
{
	return event_pending(timer->event, EV_TIMEOUT, NULL) != 0;
}

void
timer_stop(struct timer *timer)
{
	event_del(timer->event);
}

void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->event);
	free(timer);
}
