/*
 * zone_limit.h - how many plain lookups query the servers of one zone at a
 * time.
 *
 * A zone with silent servers occupies each lookup for seconds, with several
 * sockets.  An attacker who makes Postfix send mail to a thousand names of such
 * a zone must not occupy a thousand times that: lookups beyond the limit wait
 * for their turn, until their own deadline.  The limit counts by the zone whose
 * servers are queried, so no lookup waits because of another zone.
 */
#ifndef DNS_ZONE_LIMIT_H
#define DNS_ZONE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#define ZONE_LIMIT_MAX 32 /* lookups in one zone */

struct zone_limit;
struct zone_limit_zone;

/* Embedded in the lookup that waits; zero it before its first use. */
struct zone_limit_turn {
	struct zone_limit_zone
	    *zone; /* NULL: it has no turn and does not wait */
	bool waits;
	void (*come)(void *arg);
	void *arg;
	struct zone_limit_turn *prev, *next;
};

/* NULL when out of memory. */
struct zone_limit *zone_limit_new(void);
/* No lookup may have a turn or wait any more.  NULL does nothing. */
void zone_limit_free(struct zone_limit *zone_limit);

/*
 * Request a turn in @zone.  Returns true where @turn has it at once (also when
 * memory is short); false where it must wait.  @come is called when the turn
 * has come, from another lookup's zone_limit_leave(), and must do no more than
 * arm an event.
 */
bool zone_limit_take(struct zone_limit *zone_limit, const char *zone,
    struct zone_limit_turn *turn, void (*come)(void *arg), void *arg);

/* Give up the turn, or stop waiting.  Does nothing where there is neither. */
void zone_limit_leave(
    struct zone_limit *zone_limit, struct zone_limit_turn *turn);

#endif /* DNS_ZONE_LIMIT_H */
