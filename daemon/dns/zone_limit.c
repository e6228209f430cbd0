/* zone_limit.c - how many plain lookups query the servers of one zone. */

#include "dns/zone_limit.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/hash.h"

struct zone_limit_zone {
	char *name;
	size_t taken;
	struct zone_limit_turn *waiting; /* longest waiting first */
	UT_hash_handle hh;
};

struct zone_limit {
	struct zone_limit_zone *zones; /* hash by name; only zones with a turn
					* taken */
};

struct zone_limit *
zone_limit_new(void)
{
	return calloc(1, sizeof(struct zone_limit));
}

void
zone_limit_free(struct zone_limit *zone_limit)
{
	free(zone_limit);
}

/* NULL when out of memory. */
static struct zone_limit_zone *
zone_of(struct zone_limit *zone_limit, const char *name)
{
	struct zone_limit_zone *zone;

	HASH_FIND_STR(zone_limit->zones, name, zone);
	if (zone != NULL)
		return zone;
	if ((zone = calloc(1, sizeof(*zone))) == NULL)
		return NULL;
	if ((zone->name = strdup(name)) == NULL) {
		free(zone);
		return NULL;
	}
	HASH_ADD_KEYPTR(
	    hh, zone_limit->zones, zone->name, strlen(zone->name), zone);
	if (zone->hh.tbl != NULL)
		return zone;
	free(zone->name); /* out of memory */
	free(zone);
	return NULL;
}

bool
zone_limit_take(struct zone_limit *zone_limit, const char *zone,
    struct zone_limit_turn *turn, void (*come)(void *arg), void *arg)
{
	turn->waits = false;
	turn->come = come;
	turn->arg = arg;
	if ((turn->zone = zone_of(zone_limit, zone)) == NULL)
		return true;
	if (turn->zone->taken < ZONE_LIMIT_MAX) {
		turn->zone->taken++;
		return true;
	}
	turn->waits = true;
	DL_APPEND(turn->zone->waiting, turn);
	return false;
}

static void
pass_on(struct zone_limit_zone *zone)
{
	struct zone_limit_turn *next = zone->waiting;

	if (next == NULL) {
		zone->taken--;
		return;
	}
	DL_DELETE(zone->waiting, next);
	next->waits = false;
	next->come(next->arg);
}

void
zone_limit_leave(struct zone_limit *zone_limit, struct zone_limit_turn *turn)
{
	struct zone_limit_zone *zone = turn->zone;

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
	HASH_DEL(zone_limit->zones, zone);
	free(zone->name);
	free(zone);
}
