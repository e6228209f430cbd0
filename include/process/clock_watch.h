/*
 * clock_watch.h - detects steps of the time of day.
 *
 * libunbound expires records by the time of day.  When that is set back,
 * records stay in its cache for longer by as much.  The kernel slews
 * CLOCK_REALTIME and CLOCK_BOOTTIME alike, so only a step shows; see
 * clock_gettime(2).
 */
#ifndef PROCESS_CLOCK_WATCH_H
#define PROCESS_CLOCK_WATCH_H

#include <stdint.h>

struct clock_watch;
struct event_base;

/* Milliseconds: the interval between two checks, and the smallest change that
 * counts as a step.  A leap second does not. */
#define CLOCK_WATCH_EACH_MS 2000
#define CLOCK_WATCH_STEP_MS 2000

/* @ms: how far the clock was set forward; negative if it was set back. */
typedef void (*clock_watch_cb)(void *arg, int64_t ms);

/* NULL when out of memory.  @arg is borrowed until clock_watch_free(). */
struct clock_watch *clock_watch_new(
    struct event_base *base, clock_watch_cb cb, void *arg);
/* NULL does nothing.  Must not be called from the callback. */
void clock_watch_free(struct clock_watch *watch);

#endif /* PROCESS_CLOCK_WATCH_H */
