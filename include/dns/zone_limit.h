/*
 * zone_limit.h - how many plain lookups ask the servers of one zone at a time.
 *
 * A zone whose servers are silent holds each lookup for seconds, with several
 * sockets.  Whoever makes Postfix send mail to a thousand names of such a zone
 * shall not get a thousand times that: those beyond the bound wait for their
 * turn, by their own deadline.  The zone is the one whose servers are asked,
 * so nobody waits for another's.
 */
#ifndef DNS_ZONE_LIMIT_H
#define DNS_ZONE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#define ZONE_LIMIT_MAX 32 /* of one zone */

struct zone_limit;
struct zone_limit_zone;

/* Embedded where it is waited; zero it before its first use. */
struct zone_limit_turn {
	struct zone_limit_zone
	    *zone; /* NULL: it neither has a turn nor waits */
	bool waits;
	void (*come)(void *arg);
	void *arg;
	struct zone_limit_turn *prev, *next;
};

/* NULL when out of memory. */
struct zone_limit *zone_limit_new(void);
/* Nobody may have a turn or wait any more.  NULL does nothing. */
void zone_limit_free(struct zone_limit *zone_limit);

/*
 * Ask for a turn in @zone.  Returns true where @turn has it at once (also when
 * memory is short); false where it waits: @come is called when its turn has
 * come, from another's zone_limit_leave(), and must do no more than arm an
 * event.
 */
bool zone_limit_take(struct zone_limit *zone_limit, const char *zone,
    struct zone_limit_turn *turn, void (*come)(void *arg), void *arg);

/* Give up the turn, or the wait.  Does nothing where there is neither. */
void zone_limit_leave(
    struct zone_limit *zone_limit, struct zone_limit_turn *turn);

#endif /* DNS_ZONE_LIMIT_H */
