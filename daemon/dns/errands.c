/* errands.c - lookups for lookups. */

#include "dns/errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/domain.h"
#include "base/hash.h"
#include "dns/budget.h"

#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

/* One lookup, and those that wait for it. */
struct errand {
	struct errands *errands;
	struct budget *budget; /* that pays; held */
	char *key;             /* "type/name"; NULL unless it is shared */
	void *lookup;
	struct waiter *waiters;
	struct plain_path path; /* where it is the first */
	unsigned inner;         /* how many more there may be inside */
	UT_hash_handle hh;
};

struct waiter {
	struct errand *errand;
	struct budget *budget; /* of the evaluation that waits; borrowed */
	plain_lookup_cb cb;
	void *arg;
	struct waiter *prev, *next;
};

struct errands {
	struct errands_env env;
	struct errand *shared; /* hash by key */
	size_t count[RESOLVER_CLASSES];
};

struct errands *
errands_new(const struct errands_env *env)
{
	struct errands *errands = calloc(1, sizeof(*errands));

	if (errands != NULL)
		errands->env = *env;
	return errands;
}

void
errands_free(struct errands *errands)
{
	free(errands);
}

/* ---- one errand ---- */

/* From here on the same question is another errand. */
static void
stop_sharing(struct errand *errand)
{
	if (errand->key == NULL)
		return;
	HASH_DEL(errand->errands->shared, errand);
	free(errand->key);
	errand->key = NULL;
}

/* It has ended, or nobody waits for it. */
static void
errand_free(struct errand *errand)
{
	stop_sharing(errand);
	errand->errands->count[errand->budget->class]--;
	errand->budget->errands--;
	budget_release(errand->budget);
	free(errand);
}

/* Whether one more may run on it. */
static bool
has_room(const struct errands *errands, const struct budget *budget)
{
	return budget->errands < (errands->count[budget->class] < ERRANDS_MAX
					 ? ERRANDS_OWN_MAX
					 : ERRANDS_KEPT);
}

/* @key: NULL unless it is shared.  NULL when out of memory, or where there are
 * too many. */
static struct errand *
errand_new(struct errands *errands, struct budget *budget, const char *key)
{
	struct errand *errand;

	if (!has_room(errands, budget) ||
	    (errand = calloc(1, sizeof(*errand))) == NULL)
		return NULL;
	errand->errands = errands;
	errand->budget = budget_hold(budget);
	errands->count[budget->class]++;
	budget->errands++;
	if (key == NULL)
		return errand;
	if ((errand->key = strdup(key)) != NULL)
		HASH_ADD_KEYPTR(hh, errands->shared, errand->key,
		    strlen(errand->key), errand);
	if (errand->key != NULL && errand->hh.tbl != NULL)
		return errand;
	free(errand->key); /* out of memory */
	errand->key = NULL;
	errand_free(errand);
	return NULL;
}

static void on_answer(void *arg, struct dns_answer *answer);

/* Returns 0, or -1 where it can't be, and is gone. */
static int
start(struct errand *errand, const char *name, uint16_t type,
    const struct plain_path *path)
{
	const struct errands_env *env = &errand->errands->env;

	errand->lookup =
	    env->lookup(env->env, name, type, path, on_answer, errand);
	if (errand->lookup != NULL)
		return 0;
	errand_free(errand);
	return -1;
}

/* What an outermost lookup needs, and many may: that which runs, or a new one.
 * NULL where that can't be. */
static struct errand *
shared(struct errands *errands, const char *name, uint16_t type,
    struct budget *budget)
{
	char key[KEY_MAX];
	struct errand *errand;

	snprintf(key, sizeof(key), "%u/%s", type, name);
	HASH_FIND_STR(errands->shared, key, errand);
	if (errand != NULL)
		return errand;
	if ((errand = errand_new(errands, budget, key)) == NULL)
		return NULL;
	errand->inner = ERRANDS_INNER_MAX;
	errand->path = (struct plain_path){ .name = "",
		.depth = 1,
		.budget = budget,
		.inner = &errand->inner };
	return start(errand, name, type, &errand->path) == 0 ? errand : NULL;
}

/* What one of these needs in turn. */
static struct errand *
inside(struct errands *errands, const char *name, uint16_t type,
    const struct plain_path *path)
{
	struct errand *errand;

	if (*path->inner == 0 ||
	    (errand = errand_new(errands, path->budget, NULL)) == NULL)
		return NULL;
	--*path->inner;
	return start(errand, name, type, path) == 0 ? errand : NULL;
}

/* ---- those that wait ---- */

static void
wait_for(struct errand *errand, struct waiter *waiter)
{
	waiter->errand = errand;
	DL_APPEND(errand->waiters, waiter);
}

/* Whether it may have failed for lack of another's means.  Whoever has nothing
 * left himself would only hear so once more. */
static bool
tries_himself(const struct errand *errand, const struct waiter *waiter,
    const struct dns_answer *answer)
{
	return answer->status == DNS_FAILED &&
	       waiter->budget != errand->budget &&
	       budget_is_short(errand->budget) &&
	       budget_stops(waiter->budget) == NULL;
}

/* Returns false where it can't be. */
static bool
try_again(struct errands *errands, struct waiter *waiter,
    const struct dns_answer *answer)
{
	struct errand *errand =
	    shared(errands, answer->qname, answer->qtype, waiter->budget);

	if (errand != NULL)
		wait_for(errand, waiter);
	return errand != NULL;
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct errand *errand = arg;
	struct waiter *waiter;

	/* Callbacks may cancel those that are still waiting. */
	errand->lookup = NULL;
	stop_sharing(errand);
	while ((waiter = errand->waiters) != NULL) {
		const plain_lookup_cb cb = waiter->cb;
		void *cb_arg = waiter->arg;

		DL_DELETE(errand->waiters, waiter);
		if (tries_himself(errand, waiter, answer) &&
		    try_again(errand->errands, waiter, answer))
			continue;
		free(waiter);
		cb(cb_arg, answer);
	}
	errand_free(errand);
}

void *
errands_lookup(void *handle, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	struct errand *errand = NULL;

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
errands_cancel(void *handle)
{
	struct waiter *waiter = handle;
	struct errand *errand = waiter->errand;

	DL_DELETE(errand->waiters, waiter);
	free(waiter);
	/* Without a lookup its callbacks are being called right now. */
	if (errand->waiters != NULL || errand->lookup == NULL)
		return;
	errand->errands->env.cancel(errand->lookup);
	errand_free(errand);
}
