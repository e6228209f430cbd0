/* errands.c - lookups for lookups. */

#include "dns/errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/domain.h"
#include "base/table.h"
#include "dns/budget.h"

#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

/* One lookup, and those that wait for it. */
struct errand {
	struct errands *errands;
	char *key; /* "type/name"; NULL unless it is shared */
	void *lookup;
	struct waiter *waiters;
	struct plain_path path; /* where it is the first */
	struct budget budget;   /* of the shared ones, for all inside */
	UT_hash_handle hh;
};

struct waiter {
	struct errand *errand;
	plain_lookup_cb cb;
	void *arg;
	struct waiter *prev, *next;
};

struct errands {
	struct errands_env env;
	struct errand *shared; /* hash by key */
	size_t count;
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

/* It has ended, or nobody waits for it. */
static void
errand_free(struct errand *errand)
{
	if (errand->key != NULL)
		HASH_DEL(errand->errands->shared, errand);
	errand->errands->count--;
	free(errand->key);
	free(errand);
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct errand *errand = arg;
	struct waiter *waiter;

	/* From here on the same question is another errand.  Callbacks may
	 * cancel those that are still waiting. */
	errand->lookup = NULL;
	if (errand->key != NULL) {
		HASH_DEL(errand->errands->shared, errand);
		free(errand->key);
		errand->key = NULL;
	}
	while ((waiter = errand->waiters) != NULL) {
		const plain_lookup_cb cb = waiter->cb;
		void *cb_arg = waiter->arg;

		DL_DELETE(errand->waiters, waiter);
		free(waiter);
		cb(cb_arg, answer);
	}
	errand_free(errand);
}

static struct waiter *
wait_for(struct errand *errand, plain_lookup_cb cb, void *arg)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (waiter == NULL)
		return NULL;
	waiter->errand = errand;
	waiter->cb = cb;
	waiter->arg = arg;
	DL_APPEND(errand->waiters, waiter);
	return waiter;
}

/* @key: NULL unless it is shared.  NULL when out of memory. */
static struct errand *
errand_new(struct errands *errands, const char *key)
{
	struct errand *errand = calloc(1, sizeof(*errand));

	if (errand == NULL)
		return NULL;
	errand->errands = errands;
	errands->count++;
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

/* Start it, with its first waiter.  Returns NULL where it can't be. */
static struct waiter *
start(struct errand *errand, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	const struct errands_env *env = &errand->errands->env;
	struct waiter *waiter = wait_for(errand, cb, arg);

	if (waiter != NULL)
		errand->lookup =
		    env->lookup(env->env, name, type, path, on_answer, errand);
	if (errand->lookup != NULL)
		return waiter;
	free(waiter);
	errand_free(errand);
	return NULL;
}

/* What an outermost lookup needs. */
static void *
share(struct errands *errands, const char *name, uint16_t type,
    plain_lookup_cb cb, void *arg)
{
	char key[KEY_MAX];
	struct errand *errand;

	snprintf(key, sizeof(key), "%u/%s", type, name);
	HASH_FIND_STR(errands->shared, key, errand);
	if (errand != NULL)
		return wait_for(errand, cb, arg);
	if (errands->count >= ERRANDS_MAX ||
	    (errand = errand_new(errands, key)) == NULL)
		return NULL;
	budget_init(&errand->budget);
	errand->budget.left[BUDGET_LOOKUPS] = ERRANDS_INNER_MAX;
	errand->path = (struct plain_path){
		.name = "", .depth = 1, .budget = &errand->budget
	};
	return start(errand, name, type, &errand->path, cb, arg);
}

void *
errands_lookup(void *handle, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	struct errands *errands = handle;
	struct errand *errand;

	if (path->depth == 1)
		return share(errands, name, type, cb, arg);
	if (errands->count >= ERRANDS_MAX ||
	    !budget_spend(path->budget, BUDGET_LOOKUPS, 1) ||
	    (errand = errand_new(errands, NULL)) == NULL)
		return NULL;
	return start(errand, name, type, path, cb, arg);
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
