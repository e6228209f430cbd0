/* server_lookups.c - the names and addresses of name servers. */

#include "dns/server_lookups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/domain.h"
#include "base/hash.h"
#include "dns/budget.h"

#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

/* One server lookup, and those that wait for it. */
struct server_lookup {
	struct server_lookups *server_lookups;
	struct budget *budget; /* pays for it; held */
	char *key;             /* "type/name"; NULL unless shared */
	void *lookup;
	struct waiter *waiters;
	struct plain_path path; /* where this lookup is the outermost */
	unsigned inner;         /* how many more nested lookups are allowed */
	UT_hash_handle hh;
};

struct waiter {
	struct server_lookup *errand;
	struct budget *budget; /* of the evaluation that waits; borrowed */
	plain_lookup_cb cb;
	void *arg;
	struct waiter *prev, *next;
};

struct server_lookups {
	struct server_lookups_env env;
	struct server_lookup *shared; /* hash by key */
	size_t count[LOOKUP_CLASSES];
};

struct server_lookups *
server_lookups_new(const struct server_lookups_env *env)
{
	struct server_lookups *server_lookups =
	    calloc(1, sizeof(*server_lookups));

	if (server_lookups != NULL)
		server_lookups->env = *env;
	return server_lookups;
}

void
server_lookups_free(struct server_lookups *server_lookups)
{
	free(server_lookups);
}

/* ---- one server lookup ---- */

/* A later request for the same name and type starts a new server lookup. */
static void
stop_sharing(struct server_lookup *errand)
{
	if (errand->key == NULL)
		return;
	HASH_DEL(errand->server_lookups->shared, errand);
	free(errand->key);
	errand->key = NULL;
}

/* The lookup has ended, or nothing waits for it. */
static void
errand_free(struct server_lookup *errand)
{
	stop_sharing(errand);
	errand->server_lookups->count[errand->budget->class]--;
	errand->budget->server_lookups--;
	budget_release(errand->budget);
	free(errand);
}

/* Whether one more may run at the expense of @budget. */
static bool
has_room(
    const struct server_lookups *server_lookups, const struct budget *budget)
{
	return budget->server_lookups <
	       (server_lookups->count[budget->class] < SERVER_LOOKUPS_MAX
		       ? SERVER_LOOKUPS_OWN_MAX
		       : SERVER_LOOKUPS_KEPT);
}

/* @key: NULL unless it is shared.  Returns NULL when out of memory, or where
 * there are too many. */
static struct server_lookup *
errand_new(struct server_lookups *server_lookups, struct budget *budget,
    const char *key)
{
	struct server_lookup *errand;

	if (!has_room(server_lookups, budget) ||
	    (errand = calloc(1, sizeof(*errand))) == NULL)
		return NULL;
	errand->server_lookups = server_lookups;
	errand->budget = budget_hold(budget);
	server_lookups->count[budget->class]++;
	budget->server_lookups++;
	if (key == NULL)
		return errand;
	if ((errand->key = strdup(key)) != NULL)
		HASH_ADD_KEYPTR(hh, server_lookups->shared, errand->key,
		    strlen(errand->key), errand);
	if (errand->key != NULL && errand->hh.tbl != NULL)
		return errand;
	free(errand->key); /* out of memory */
	errand->key = NULL;
	errand_free(errand);
	return NULL;
}

static void on_answer(void *arg, struct dns_answer *answer);

/* Returns 0; or -1 where it can't be started, and is freed. */
static int
start(struct server_lookup *errand, const char *name, uint16_t type,
    const struct plain_path *path)
{
	const struct server_lookups_env *env = &errand->server_lookups->env;

	errand->lookup =
	    env->lookup(env->env, name, type, path, on_answer, errand);
	if (errand->lookup != NULL)
		return 0;
	errand_free(errand);
	return -1;
}

/* What outermost lookups need, and many may share: the running server lookup,
 * or a new one.  NULL where that is not possible. */
static struct server_lookup *
shared(struct server_lookups *server_lookups, const char *name, uint16_t type,
    struct budget *budget)
{
	char key[KEY_MAX];
	struct server_lookup *errand;

	snprintf(key, sizeof(key), "%u/%s", type, name);
	HASH_FIND_STR(server_lookups->shared, key, errand);
	if (errand != NULL)
		return errand;
	if ((errand = errand_new(server_lookups, budget, key)) == NULL)
		return NULL;
	errand->inner = SERVER_LOOKUPS_INNER_MAX;
	errand->path = (struct plain_path){ .name = "",
		.depth = 1,
		.budget = budget,
		.inner = &errand->inner };
	return start(errand, name, type, &errand->path) == 0 ? errand : NULL;
}

/* A nested lookup for one of these. */
static struct server_lookup *
inside(struct server_lookups *server_lookups, const char *name, uint16_t type,
    const struct plain_path *path)
{
	struct server_lookup *errand;

	if (*path->inner == 0 ||
	    (errand = errand_new(server_lookups, path->budget, NULL)) == NULL)
		return NULL;
	--*path->inner;
	return start(errand, name, type, path) == 0 ? errand : NULL;
}

/* ---- waiters ---- */

static void
wait_for(struct server_lookup *errand, struct waiter *waiter)
{
	waiter->errand = errand;
	DL_APPEND(errand->waiters, waiter);
}

/* Whether the lookup may have failed because another evaluation's budget is
 * used up.  A waiter whose own budget is used up would fail again. */
static bool
tries_himself(const struct server_lookup *errand, const struct waiter *waiter,
    const struct dns_answer *answer)
{
	return answer->status == DNS_FAILED &&
	       waiter->budget != errand->budget &&
	       budget_is_short(errand->budget) &&
	       budget_stops(waiter->budget) == NULL;
}

/* Returns false where that is not possible. */
static bool
try_again(struct server_lookups *server_lookups, struct waiter *waiter,
    const struct dns_answer *answer)
{
	struct server_lookup *errand = shared(
	    server_lookups, answer->qname, answer->qtype, waiter->budget);

	if (errand != NULL)
		wait_for(errand, waiter);
	return errand != NULL;
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct server_lookup *errand = arg;
	struct waiter *waiter;

	/* Callbacks may cancel the remaining waiters. */
	errand->lookup = NULL;
	stop_sharing(errand);
	while ((waiter = errand->waiters) != NULL) {
		const plain_lookup_cb cb = waiter->cb;
		void *cb_arg = waiter->arg;

		DL_DELETE(errand->waiters, waiter);
		if (tries_himself(errand, waiter, answer) &&
		    try_again(errand->server_lookups, waiter, answer))
			continue;
		free(waiter);
		cb(cb_arg, answer);
	}
	errand_free(errand);
}

void *
server_lookups_start(void *handle, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	struct server_lookup *errand = NULL;

	if (waiter != NULL && budget_spend(path->budget, BUDGET_LOOKUPS, 1))
		errand = path->depth == 1
			     ? shared(handle, name, type, path->budget)
			     : inside(handle, name, type, path);
	if (errand == NULL) {
		free(waiter);
		return NULL;
	}
	waiter->budget = path->budget;
	waiter->cb = cb;
	waiter->arg = arg;
	wait_for(errand, waiter);
	return waiter;
}

void
server_lookups_cancel(void *handle)
{
	struct waiter *waiter = handle;
	struct server_lookup *errand = waiter->errand;

	DL_DELETE(errand->waiters, waiter);
	free(waiter);
	/* Without a lookup, its callbacks are just being called. */
	if (errand->waiters != NULL || errand->lookup == NULL)
		return;
	errand->server_lookups->env.cancel(errand->lookup);
	errand_free(errand);
}
