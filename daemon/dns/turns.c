/* turns.c - how many plain lookups ask the servers of one zone at a time. */

#include "dns/turns.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/hash.h"

struct turns_zone {
	char *name;
	size_t taken;
	struct turn *waiting; /* the first has waited longest */
	UT_hash_handle hh;
};

struct turns {
	struct turns_zone *zones; /* hash by name; each has a turn taken */
};

struct turns *
turns_new(void)
{
	return calloc(1, sizeof(struct turns));
}

void
turns_free(struct turns *turns)
{
	free(turns);
}

/* NULL when out of memory. */
static struct turns_zone *
zone_of(struct turns *turns, const char *name)
{
	struct turns_zone *zone;

	HASH_FIND_STR(turns->zones, name, zone);
	if (zone != NULL)
		return zone;
	if ((zone = calloc(1, sizeof(*zone))) == NULL)
		return NULL;
	if ((zone->name = strdup(name)) == NULL) {
		free(zone);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, turns->zones, zone->name, strlen(zone->name), zone);
	if (zone->hh.tbl != NULL)
		return zone;
	free(zone->name); /* out of memory */
	free(zone);
	return NULL;
}

bool
turn_take(struct turns *turns, const char *zone, struct turn *turn,
    void (*come)(void *arg), void *arg)
{
	turn->waits = false;
	turn->come = come;
	turn->arg = arg;
	if ((turn->zone = zone_of(turns, zone)) == NULL)
		return true;
	if (turn->zone->taken < TURNS_MAX) {
		turn->zone->taken++;
		return true;
	}
	turn->waits = true;
	DL_APPEND(turn->zone->waiting, turn);
	return false;
}

static void
pass_on(struct turns_zone *zone)
{
	struct turn *next = zone->waiting;

	if (next == NULL) {
		zone->taken--;
		return;
	}
	DL_DELETE(zone->waiting, next);
	next->waits = false;
	next->come(next->arg);
}

void
turn_leave(struct turns *turns, struct turn *turn)
{
	struct turns_zone *zone = turn->zone;

	if (zone == NULL)
		return;
	turn->zone = NULL;
	if (turn->waits)
		DL_DELETE(zone->waiting, turn);
	else
		pass_on(zone);
	turn->waits = false;
	if (zone->taken > 0)
		return;
	HASH_DEL(turns->zones, zone);
	free(zone->name);
	free(zone);
}
