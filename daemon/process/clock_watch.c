/* clock_watch.c - detects steps of the time of day. */

#include "process/clock_watch.h"

#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#include "base/clock.h"

struct clock_watch {
	struct event *event;
	int64_t offset; /* ms: time of day minus clock_ms(), last known */
	clock_watch_cb cb;
	void *arg;
};

static int64_t
offset_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
	       (int64_t)clock_ms();
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct clock_watch *watch = arg;
	const int64_t offset = offset_now();
	const int64_t step = offset - watch->offset;

	(void)fd;
	(void)what;
	if (step < CLOCK_WATCH_STEP_MS && step > -CLOCK_WATCH_STEP_MS)
		return;
	watch->offset = offset;
	watch->cb(watch->arg, step);
}

struct clock_watch *
clock_watch_new(struct event_base *base, clock_watch_cb cb, void *arg)
{
	static const struct timeval each = { CLOCK_WATCH_EACH_MS / 1000,
		CLOCK_WATCH_EACH_MS % 1000 * 1000 };
	struct clock_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	*watch = (struct clock_watch){ .event = event_new(base, -1, EV_PERSIST,
					   on_look, watch),
		.offset = offset_now(),
		.cb = cb,
		.arg = arg };
	if (watch->event == NULL || event_add(watch->event, &each) == -1) {
		clock_watch_free(watch);
		return NULL;
	}
	return watch;
}

void
clock_watch_free(struct clock_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->event != NULL)
		event_free(watch->event);
	free(watch);
}
