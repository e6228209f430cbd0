/*
 * timer.h - a timer of the event loop, which runs once each time it is set.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct timer;

/* @run is called from the event loop, and may free the timer.  Not set at
 * first.  NULL when out of memory. */
struct timer *timer_new(
    struct event_base *base, void (*run)(void *arg), void *arg);

/* Set the timer, in place of an earlier setting.  With 0 the loop looks at its
 * sockets first.  Out of memory: as timer_now(), too early rather than never.
 */
void timer_in_ms(struct timer *timer, uint64_t ms);

/* Run as soon as the callback that calls this has returned to the loop, in
 * place of an earlier setting. */
void timer_now(struct timer *timer);

bool timer_is_set(const struct timer *timer);

void timer_stop(struct timer *timer);

/* NULL does nothing. */
void timer_free(struct timer *timer);

#endif /* BASE_TIMER_H */
