/* askers.c - running evaluations per client. */

#include "policy/askers.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct asker {
	char *name;
	size_t count;
	UT_hash_handle hh;
};

struct askers {
	struct asker *table;
	size_t taken;
};

static void
asker_free(struct asker *asker)
{
	free(asker->name);
	free(asker);
}

static struct asker *
asker_add(struct askers *askers, const char *name)
{
	struct asker *asker = calloc(1, sizeof(*asker));

	if (asker == NULL)
		return NULL;
	if ((asker->name = strdup(name)) == NULL) {
		free(asker);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, askers->table, asker->name, strlen(name), asker);
	if (asker->hh.tbl == NULL) { /* out of memory */
		asker_free(asker);
		return NULL;
	}
	return asker;
}

struct asker *
askers_take(struct askers *askers, const char *name)
{
	struct asker *asker;

	if (askers->taken == ASKERS_MAX)
		return NULL;
	HASH_FIND_STR(askers->table, name, asker);
	if (asker == NULL)
		asker = asker_add(askers, name);
	if (asker == NULL || asker->count == ASKERS_FEW)
		return NULL;
	asker->count++;
	askers->taken++;
	return asker;
}

void
askers_give_back(struct askers *askers, struct asker *asker)
{
	askers->taken--;
	if (--asker->count > 0)
		return;
	HASH_DEL(askers->table, asker);
	asker_free(asker);
}

size_t
askers_taken(const struct askers *askers)
{
	return askers->taken;
}

struct askers *
askers_new(void)
{
	return calloc(1, sizeof(struct askers));
}

void
askers_free(struct askers *askers)
{
	free(askers);
}
