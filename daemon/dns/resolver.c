/* resolver.c - slots for lookups, and what they share. */

#include "dns/resolver.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/stats.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/reason.h"
#include "base/table.h"
#include "dns/errands.h"
#include "dns/ladder.h"
#include "dns/memory.h"
#include "dns/rollover.h"
#include "dns/trust.h"
#include "dns/turns.h"
#include "dns/validated.h"

#define SLOTS_MAX 1000    /* lookups of one class that run at a time */
#define ZONE_SLOTS_MAX 16 /* of those, lookups of one zone that fails */
#define WAITING_MAX 10000 /* lookups that wait for a slot */

/* Those that wait for the same slots; the first has waited longest. */
struct queue {
	struct resolver_lookup *first;
};

/* A zone whose lookups fail or hang: few of them run at a time. */
struct zone_slots {
	char *name;
	size_t users; /* lookups that run in them or wait */
	size_t running;
	struct queue queue;
	UT_hash_handle hh;
};

struct class_slots {
	size_t running;
	struct queue queue;
};

struct resolver_lookup {
	struct resolver *resolver;
	enum resolver_class class;
	resolver_cb cb;
	void *arg;
	struct ladder *ladder;   /* NULL while it waits for a slot */
	struct zone_slots *zone; /* whose slot it has or waits for, or NULL */
	struct queue *queue;     /* where it waits */
	bool inner;              /* for a lookup that has a slot: needs none
				  * of its class */
	bool parked;             /* waits for its turn at a zone's servers, and
				  * has given back the slot of its class */

	/* Only while it waits. */
	char *name;
	uint16_t type;
	enum resolver_need need;
	struct budget *budget;
	struct event *limit;
	uint64_t start, deadline; /* clock_ms() */

	struct resolver_lookup *prev, *next;
};

struct resolver {
	struct ladder_env env;
	struct trust *trust;
	struct rollover *rollover;
	struct errands *errands;
	struct class_slots class[RESOLVER_CLASSES];
	struct zone_slots *zones;        /* hash by name */
	struct resolver_lookup *lookups; /* those that run */
	size_t running, waiting;
	struct stats *stats;
};

/* ---- slots ---- */

/* The slots of the failing zone that @name lies in, for one more user; NULL
 * where there is none, or no memory. */
static struct zone_slots *
slots_for(struct resolver *resolver, const char *name)
{
	const char *zone = memory_failing_find(resolver->env.memory, name);
	struct zone_slots *slots;

	if (zone == NULL)
		return NULL;
	HASH_FIND_STR(resolver->zones, zone, slots);
	if (slots != NULL) {
		slots->users++;
		return slots;
	}
	if ((slots = calloc(1, sizeof(*slots))) == NULL)
		return NULL;
	slots->users = 1;
	if ((slots->name = strdup(zone)) == NULL) {
		free(slots);
		return NULL;
	}
	HASH_ADD_KEYPTR(
	    hh, resolver->zones, slots->name, strlen(slots->name), slots);
	if (slots->hh.tbl == NULL) { /* out of memory */
		free(slots->name);
		free(slots);
		return NULL;
	}
	return slots;
}

static void
slots_leave(struct resolver *resolver, struct zone_slots *slots)
{
	if (slots == NULL || --slots->users > 0)
		return;
	HASH_DEL(resolver->zones, slots);
	free(slots->name);
	free(slots);
}

static bool
slots_are_full(const struct zone_slots *slots)
{
	return slots != NULL && slots->running >= ZONE_SLOTS_MAX;
}

/* ---- running ---- */

static void
lookup_free(struct resolver_lookup *lookup)
{
	if (lookup->limit != NULL)
		event_free(lookup->limit);
	free(lookup->name);
	free(lookup);
}

static struct resolver_lookup *
lookup_new(struct resolver *resolver, enum resolver_class class, resolver_cb cb,
    void *arg)
{
	struct resolver_lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL)
		return NULL;
	lookup->resolver = resolver;
	lookup->start = clock_ms();
	lookup->class = class;
	lookup->cb = cb;
	lookup->arg = arg;
	return lookup;
}

static void lookup_leave(struct resolver_lookup *lookup);

static void
count(const struct resolver_lookup *lookup, const struct dns_answer *answer)
{
	static const enum stats_counter rungs[] = {
		[DNS_RUNG_NONE] = STATS_RUNG_NONE,
		[DNS_RUNG_VALIDATED] = STATS_RUNG_VALIDATED,
		[DNS_RUNG_FRESH] = STATS_RUNG_FRESH,
		[DNS_RUNG_PROOF] = STATS_RUNG_PROOF,
		[DNS_RUNG_PLAIN] = STATS_RUNG_PLAIN,
	};
	struct stats *stats = lookup->resolver->stats;

	stats_count(stats, rungs[answer->rung]);
	stats_observe(&stats->lookup, clock_ms() - lookup->start);
	if (answer->security == DNS_BOGUS)
		stats_count(stats, STATS_FAILED_BOGUS);
	else if (answer->security == DNS_INDETERMINATE)
		stats_count(stats, STATS_FAILED_UNPROVEN);
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	struct resolver_lookup *lookup = arg;
	const resolver_cb cb = lookup->cb;
	void *cb_arg = lookup->arg;

	count(lookup, answer);
	lookup_leave(lookup);
	lookup_free(lookup);
	cb(cb_arg, answer);
}

static void start_next(struct queue *queue);

/* Those that wait for silent servers keep nobody from his slot; when their turn
 * has come they may be one too many. */
static void
on_waits(void *arg, bool waits)
{
	struct resolver_lookup *lookup = arg;
	struct class_slots *class = &lookup->resolver->class[lookup->class];

	lookup->parked = waits;
	if (lookup->inner)
		return;
	if (!waits) {
		class->running++;
		return;
	}
	class->running--;
	start_next(&class->queue);
}

static int
run(struct resolver_lookup *lookup, struct ladder_question *question)
{
	struct resolver *resolver = lookup->resolver;

	question->waits = on_waits;
	lookup->ladder =
	    ladder_start(&resolver->env, question, on_answer, lookup);
	if (lookup->ladder == NULL)
		return -1;
	DL_APPEND(resolver->lookups, lookup);
	resolver->running++;
	if (!lookup->inner)
		resolver->class[lookup->class].running++;
	if (lookup->zone != NULL)
		lookup->zone->running++;
	return 0;
}

/* ---- waiting ---- */

static void
dequeue(struct resolver_lookup *lookup)
{
	DL_DELETE(lookup->queue->first, lookup);
	lookup->queue = NULL;
	lookup->resolver->waiting--;
	event_del(lookup->limit);
}

static void
enqueue(struct resolver_lookup *lookup, struct queue *queue)
{
	const uint64_t now = clock_ms();
	const uint64_t left =
	    lookup->deadline > now ? lookup->deadline - now : 0;
	const struct timeval limit = { (time_t)(left / 1000),
		(suseconds_t)(left % 1000 * 1000) };

	lookup->queue = queue;
	DL_APPEND(queue->first, lookup);
	lookup->resolver->waiting++;
	event_add(lookup->limit, &limit);
}

/* Start what has waited, or let it wait for the other kind of slot. */
static void
start_or_wait(struct resolver_lookup *lookup)
{
	struct class_slots *class = &lookup->resolver->class[lookup->class];
	const uint64_t now = clock_ms();
	struct ladder_question question = { .name = lookup->name,
		.type = lookup->type,
		.need = lookup->need,
		.class = lookup->class,
		.budget = lookup->budget,
		.deadline_ms = lookup->deadline > now
				   ? (unsigned)(lookup->deadline - now)
				   : 0 };

	if (class->running >= SLOTS_MAX) {
		enqueue(lookup, &class->queue);
	} else if (slots_are_full(lookup->zone)) {
		enqueue(lookup, &lookup->zone->queue);
	} else if (run(lookup, &question) == -1) {
		/* Out of memory: its limit ends it, soon. */
		lookup->deadline = now;
		enqueue(lookup, &class->queue);
	}
}

static void
start_next(struct queue *queue)
{
	struct resolver_lookup *lookup = queue->first;

	if (lookup == NULL)
		return;
	dequeue(lookup);
	start_or_wait(lookup);
}

/* Out of its queue, or out of its slots, which others may take. */
static void
lookup_leave(struct resolver_lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	struct zone_slots *zone = lookup->zone;

	if (lookup->ladder == NULL) {
		dequeue(lookup);
	} else {
		/* The analyzer does not know what the list's macros keep. */
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		DL_DELETE(resolver->lookups, lookup);
		resolver->running--;
		if (zone != NULL) {
			zone->running--;
			start_next(&zone->queue);
		}
		if (!lookup->inner && !lookup->parked) {
			resolver->class[lookup->class].running--;
			start_next(&resolver->class[lookup->class].queue);
		}
	}
	slots_leave(resolver, zone);
}

/* It has waited for a slot until its deadline. */
static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { 1, 0 };
	struct resolver_lookup *lookup = arg;
	struct dns_answer *answer = answer_new(lookup->name, lookup->type);
	const resolver_cb cb = lookup->cb;
	void *cb_arg = lookup->arg;

	(void)fd;
	(void)what;
	if (answer == NULL) {
		event_add(lookup->limit, &again);
		return;
	}
	stats_count(lookup->resolver->stats, STATS_FAILED_SLOTS);
	answer->why = strdup("too many lookups at once");
	lookup_leave(lookup);
	lookup_free(lookup);
	cb(cb_arg, answer);
	answer_unref(answer);
}

/* ---- lookups ---- */

static int
prepare_to_wait(struct resolver_lookup *lookup, const char *name, uint16_t type,
    enum resolver_need need, unsigned deadline_ms)
{
	if (lookup->resolver->waiting >= WAITING_MAX)
		return -1;
	lookup->name = strdup(name);
	lookup->limit =
	    event_new(lookup->resolver->env.base, -1, 0, on_limit, lookup);
	if (lookup->name == NULL || lookup->limit == NULL)
		return -1;
	lookup->type = type;
	lookup->need = need;
	lookup->deadline = clock_ms() + deadline_ms;
	return 0;
}

struct resolver_lookup *
resolver_lookup(struct resolver *resolver, const char *name, uint16_t type,
    enum resolver_need need, enum resolver_class class, struct budget *budget,
    resolver_cb cb, void *arg)
{
	const unsigned deadline_ms = resolver->env.conf->lookup_deadline * 1000;
	struct resolver_lookup *lookup = lookup_new(resolver, class, cb, arg);
	int error;

	if (lookup == NULL)
		return NULL;
	lookup->budget = budget;
	lookup->zone = slots_for(resolver, name);
	if (resolver->class[class].running >= SLOTS_MAX ||
	    slots_are_full(lookup->zone)) {
		error = prepare_to_wait(lookup, name, type, need, deadline_ms);
		if (error == 0)
			start_or_wait(lookup);
	} else {
		error = run(lookup, &(struct ladder_question){ .name = name,
					.type = type,
					.need = need,
					.class = class,
					.budget = budget,
					.deadline_ms = deadline_ms });
	}
	if (error == -1) {
		slots_leave(resolver, lookup->zone);
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
	lookup->zone = slots_for(resolver, name);
	if (slots_are_full(lookup->zone) ||
	    run(lookup, &(struct ladder_question){ .name = name,
			    .type = type,
			    .need = RESOLVER_NEED_DATA,
			    .class = RESOLVER_CLASS_OTHER,
			    .path = path,
			    .budget = path->budget,
			    .deadline_ms = resolver->env.conf->lookup_deadline *
					   1000 }) == -1) {
		slots_leave(resolver, lookup->zone);
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

static void
on_other_anchors(void *arg)
{
	struct resolver *resolver = arg;

	trust_again(resolver->trust);
}

struct rollover *
resolver_rollover(const struct resolver *resolver)
{
	return resolver->rollover;
}

int
resolver_forget(struct resolver *resolver)
{
	struct memory *memory = memory_new();

	if (memory != NULL) {
		memory_free(resolver->env.memory);
		resolver->env.memory = memory;
	}
	return validated_renew(resolver->env.validated) == 0 && memory != NULL
		   ? 0
		   : -1;
}

size_t
resolver_in_flight(const struct resolver *resolver)
{
	return resolver->running + resolver->waiting;
}

enum resolver_trust
resolver_trust(const struct resolver *resolver, const char **why)
{
	return trust_state(resolver->trust, why);
}

/* ---- life ---- */

/* What it means that nobody answers for the root. */
static const char *
silence_of(const struct conf *conf)
{
	for (size_t i = 0; i < conf->zone_count; i++)
		if (strcmp(conf->zones[i].name, ".") == 0 &&
		    conf->zones[i].server_count > 0)
			return REASON_NO_FORWARDER;
	return REASON_NO_ROOT;
}

struct resolver *
resolver_new(
    struct event_base *base, const struct conf *conf, struct stats *stats)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	const struct errands_env errands = {
		.lookup = inner_lookup, .cancel = inner_cancel, .env = resolver
	};

	if (resolver == NULL)
		return NULL;
	resolver->stats = stats;
	resolver->env = (struct ladder_env){ .base = base,
		.conf = conf,
		.plain = { .base = base,
		    .conf = conf,
		    .lookup = errands_lookup,
		    .cancel = errands_cancel },
		.distrust = distrust,
		.arg = resolver };
	if ((resolver->env.memory = memory_new()) == NULL ||
	    (resolver->env.plain.turns = turns_new()) == NULL ||
	    (resolver->errands = errands_new(&errands)) == NULL ||
	    (resolver->env.validated = validated_new(base, conf)) == NULL ||
	    (resolver->trust = trust_new(
		 base, resolver->env.validated, silence_of(conf))) == NULL ||
	    (resolver->rollover = rollover_new(base, conf,
		 resolver->env.validated, on_other_anchors, resolver)) ==
		NULL) {
		resolver_free(resolver);
		return NULL;
	}
	resolver->env.plain.env = resolver->errands;
	return resolver;
}

static void
cancel_queue(struct queue *queue)
{
	while (queue->first != NULL) {
		struct resolver_lookup *lookup = queue->first;
		const bool last = lookup->next == NULL;

		resolver_cancel(lookup);
		/* With the last one, the queue itself may have gone. */
		if (last)
			return;
	}
}

/* With them go those that they wait for. */
static void
cancel_outer(struct resolver *resolver)
{
	struct resolver_lookup *lookup;

	do {
		DL_FOREACH(resolver->lookups, lookup)
		if (!lookup->inner)
			break;
		resolver_cancel(lookup);
	} while (lookup != NULL);
}

void
resolver_free(struct resolver *resolver)
{
	struct zone_slots *zone, *next;

	if (resolver == NULL)
		return;
	/* Those that wait first, or they would move up. */
	for (int i = 0; i < RESOLVER_CLASSES; i++)
		cancel_queue(&resolver->class[i].queue);
	HASH_ITER(hh, resolver->zones, zone, next)
	cancel_queue(&zone->queue);
	cancel_outer(resolver);
	rollover_free(resolver->rollover);
	trust_free(resolver->trust);
	validated_free(resolver->env.validated);
	errands_free(resolver->errands);
	turns_free(resolver->env.plain.turns);
	memory_free(resolver->env.memory);
	free(resolver);
}
