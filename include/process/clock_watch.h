/*
 * clock_watch.h - tells when somebody has set the clock.
 *
 * libunbound counts TTLs by the time of day.  When that is set back, it keeps
 * what it has for longer by as much.  The kernel slews both clocks alike, so
 * that only a step shows; see clock_gettime(2) on CLOCK_BOOTTIME.
 */
#ifndef PROCESS_CLOCK_WATCH_H
#define PROCESS_CLOCK_WATCH_H

#include <stdint.h>

struct clock_watch;
struct event_base;

/* Milliseconds between two looks, and what is too little for a step: leap
 * seconds are. */
#define CLOCK_WATCH_EACH_MS 2000
#define CLOCK_WATCH_STEP_MS 2000

/* @ms: by so much the clock was set forward, or back where negative. */
typedef void (*clock_watch_cb)(void *arg, int64_t ms);

/* NULL when out of memory.  @arg is borrowed until clock_watch_free(). */
struct clock_watch *clock_watch_new(
    struct event_base *base, clock_watch_cb cb, void *arg);
/* NULL does nothing.  Not inside the callback. */
void clock_watch_free(struct clock_watch *watch);

#endif /* PROCESS_CLOCK_WATCH_H */
