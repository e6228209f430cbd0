/* resolver.c - slots for lookups, and what they share. */

#include "dns/resolver.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "dns/ladder.h"
#include "dns/memory.h"
#include "dns/trust.h"
#include "dns/validated.h"

#define SLOTS_MAX 1000    /* lookups of one class that run at a time */
#define WAITING_MAX 10000 /* lookups of one class that wait for a slot */

struct resolver_lookup {
	struct resolver *resolver;
	enum resolver_class class;
	resolver_cb cb;
	void *arg;
	struct ladder *ladder; /* NULL while it waits for a slot */
	bool inner;            /* for a lookup that has a slot: needs none */

	/* Only while it waits. */
	char *name;
	uint16_t type;
	enum resolver_need need;
	struct event *limit;
	uint64_t deadline; /* clock_ms() */

	struct resolver_lookup *prev, *next;
};

struct class
{
	size_t running, waiting_count;
	struct resolver_lookup *waiting; /* the first has waited longest */
};

struct resolver {
	struct ladder_env env;
	struct trust *trust;
	struct class class[RESOLVER_CLASSES];
	struct resolver_lookup *lookups; /* those that run */
};

/* ---- lookups ---- */

static void
lookup_free(struct resolver_lookup *lookup)
{
	if (lookup->limit != NULL)
		event_free(lookup->limit);
	free(lookup->name);
	free(lookup);
}

static void start_waiting(struct resolver *resolver, struct class *class);

/* Leaves its list; what waits may move up. */
static void
lookup_leave(struct resolver_lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	struct class *class = &resolver->class[lookup->class];

	if (lookup->ladder == NULL) {
		DL_DELETE(class->waiting, lookup);
		class->waiting_count--;
		return;
	}
	DL_DELETE(resolver->lookups, lookup);
	if (lookup->inner)
		return;
	class->running--;
	start_waiting(resolver, class);
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct resolver_lookup *lookup = arg;
	const resolver_cb cb = lookup->cb;
	void *cb_arg = lookup->arg;

	lookup_leave(lookup);
	lookup_free(lookup);
	cb(cb_arg, answer);
}

static int
run(struct resolver_lookup *lookup, const struct ladder_question *question)
{
	struct resolver *resolver = lookup->resolver;

	lookup->ladder =
	    ladder_start(&resolver->env, question, on_answer, lookup);
	if (lookup->ladder == NULL)
		return -1;
	DL_APPEND(resolver->lookups, lookup);
	if (!lookup->inner)
		resolver->class[lookup->class].running++;
	return 0;
}

static struct resolver_lookup *
lookup_new(struct resolver *resolver, enum resolver_class class, resolver_cb cb,
    void *arg)
{
	struct resolver_lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL)
		return NULL;
	lookup->resolver = resolver;
	lookup->class = class;
	lookup->cb = cb;
	lookup->arg = arg;
	return lookup;
}

/* ---- waiting for a slot ---- */

/* It has waited for a slot until its deadline. */
static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct resolver_lookup *lookup = arg;
	struct dns_answer *answer = answer_new(lookup->name, lookup->type);
	const resolver_cb cb = lookup->cb;
	void *cb_arg = lookup->arg;

	(void)fd;
	(void)what;
	if (answer == NULL) {
		const struct timeval again = { 1, 0 };

		event_add(lookup->limit, &again);
		return;
	}
	answer->why = strdup("too many lookups at once");
	lookup_leave(lookup);
	lookup_free(lookup);
	cb(cb_arg, answer);
	answer_unref(answer);
}

static void
start_waiting(struct resolver *resolver, struct class *class)
{
	const uint64_t now = clock_ms();

	while (class->waiting != NULL && class->running < SLOTS_MAX) {
		struct resolver_lookup *lookup = class->waiting;
		const struct ladder_question question = { .name = lookup->name,
			.type = lookup->type,
			.need = lookup->need,
			.class = lookup->class,
			.deadline_ms = lookup->deadline > now
					   ? (unsigned)(lookup->deadline - now)
					   : 0 };

		DL_DELETE(class->waiting, lookup);
		class->waiting_count--;
		event_del(lookup->limit);
		if (run(lookup, &question) == -1) {
			/* Out of memory: it may wait on, for its limit. */
			const struct timeval soon = { 0, 0 };

			DL_PREPEND(class->waiting, lookup);
			class->waiting_count++;
			event_add(lookup->limit, &soon);
			return;
		}
	}
	(void)resolver;
}

static int
wait_for_slot(struct resolver_lookup *lookup, const char *name, uint16_t type,
    enum resolver_need need, unsigned deadline_ms)
{
	struct class *class = &lookup->resolver->class[lookup->class];
	const struct timeval limit = { deadline_ms / 1000,
		deadline_ms % 1000 * 1000 };

	if (class->waiting_count >= WAITING_MAX)
		return -1;
	lookup->name = strdup(name);
	lookup->limit =
	    event_new(lookup->resolver->env.base, -1, 0, on_limit, lookup);
	if (lookup->name == NULL || lookup->limit == NULL)
		return -1;
	lookup->type = type;
	lookup->need = need;
	lookup->deadline = clock_ms() + deadline_ms;
	event_add(lookup->limit, &limit);
	DL_APPEND(class->waiting, lookup);
	class->waiting_count++;
	return 0;
}

struct resolver_lookup *
resolver_lookup(struct resolver *resolver, const char *name, uint16_t type,
    enum resolver_need need, enum resolver_class class, resolver_cb cb,
    void *arg)
{
	const unsigned deadline_ms = resolver->env.conf->lookup_deadline * 1000;
	struct resolver_lookup *lookup = lookup_new(resolver, class, cb, arg);
	int error;

	if (lookup == NULL)
		return NULL;
	if (resolver->class[class].running >= SLOTS_MAX)
		error = wait_for_slot(lookup, name, type, need, deadline_ms);
	else
		error = run(lookup, &(struct ladder_question){ .name = name,
					.type = type,
					.need = need,
					.class = class,
					.deadline_ms = deadline_ms });
	if (error == -1) {
		lookup_free(lookup);
		return NULL;
	}
	return lookup;
}

void
resolver_cancel(struct resolver_lookup *lookup)
{
	if (lookup == NULL)
		return;
	lookup_leave(lookup);
	ladder_cancel(lookup->ladder);
	lookup_free(lookup);
}

/* ---- what plain lookups need from above ---- */

static void *
inner_lookup(void *env, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	struct resolver *resolver = env;
	struct resolver_lookup *lookup =
	    lookup_new(resolver, RESOLVER_CLASS_OTHER, cb, arg);

	if (lookup == NULL)
		return NULL;
	lookup->inner = true;
	if (run(lookup, &(struct ladder_question){ .name = name,
			    .type = type,
			    .need = RESOLVER_NEED_DATA,
			    .class = RESOLVER_CLASS_OTHER,
			    .path = path,
			    .deadline_ms = resolver->env.conf->lookup_deadline *
					   1000 }) == -1) {
		lookup_free(lookup);
		return NULL;
	}
	return lookup;
}

static void
inner_cancel(void *handle)
{
	resolver_cancel(handle);
}

/* ---- trust ---- */

static const char *
distrust(void *arg)
{
	const struct resolver *resolver = arg;
	const char *why;

	trust_state(resolver->trust, &why);
	return why;
}

enum resolver_trust
resolver_trust(const struct resolver *resolver, const char **why)
{
	return trust_state(resolver->trust, why);
}

/* ---- life ---- */

struct resolver *
resolver_new(struct event_base *base, const struct conf *conf)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (resolver == NULL)
		return NULL;
	resolver->env = (struct ladder_env){ .base = base,
		.conf = conf,
		.plain = { .base = base,
		    .conf = conf,
		    .lookup = inner_lookup,
		    .cancel = inner_cancel,
		    .env = resolver },
		.distrust = distrust,
		.arg = resolver };
	if ((resolver->env.memory = memory_new()) == NULL ||
	    (resolver->env.validated = validated_new(base, conf)) == NULL ||
	    (resolver->trust = trust_new(base, resolver->env.validated)) ==
		NULL) {
		resolver_free(resolver);
		return NULL;
	}
	return resolver;
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	/* Those that wait first, or they would move up. */
	for (int i = 0; i < RESOLVER_CLASSES; i++)
		while (resolver->class[i].waiting != NULL)
			resolver_cancel(resolver->class[i].waiting);
	while (resolver->lookups != NULL)
		resolver_cancel(resolver->lookups);
	trust_free(resolver->trust);
	validated_free(resolver->env.validated);
	memory_free(resolver->env.memory);
	free(resolver);
}
