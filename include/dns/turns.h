/*
 * turns.h - how many plain lookups ask the servers of one zone at a time.
 *
 * A zone whose servers are silent holds each lookup for seconds, with several
 * sockets.  Whoever makes Postfix send mail to a thousand names of such a zone
 * shall not get a thousand times that: those beyond the bound wait for their
 * turn, by their own deadline.  The zone is the one whose servers are asked,
 * so nobody waits for another's.
 */
#ifndef DNS_TURNS_H
#define DNS_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#define TURNS_MAX 32 /* of one zone */

struct turns;
struct turns_zone;

/* Embedded where it is waited; zero it before its first use. */
struct turn {
	struct turns_zone *zone; /* NULL: it neither has a turn nor waits */
	bool waits;
	void (*come)(void *arg);
	void *arg;
	struct turn *prev, *next;
};

/* NULL when out of memory. */
struct turns *turns_new(void);
/* Nobody may have a turn or wait any more.  NULL does nothing. */
void turns_free(struct turns *turns);

/*
 * Ask for a turn in @zone.  Returns true where @turn has it at once (also when
 * memory is short); false where it waits: @come is called when its turn has
 * come, from another's turn_leave(), and must do no more than arm an event.
 */
bool turn_take(struct turns *turns, const char *zone, struct turn *turn,
    void (*come)(void *arg), void *arg);

/* Give up the turn, or the wait.  Does nothing where there is neither. */
void turn_leave(struct turns *turns, struct turn *turn);

#endif /* DNS_TURNS_H */
