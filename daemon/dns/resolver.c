/* resolver.c - slots for lookups, and what the lookups share. */

#include "dns/resolver.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/stats.h"
#include "base/timer.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/reason.h"
#include "base/hash.h"
#include "dns/server_lookups.h"
#include "dns/infra_cache.h"
#include "dns/ladder.h"
#include "dns/plain_cache.h"
#include "dns/rollover.h"
#include "dns/trust.h"
#include "dns/zone_limit.h"
#include "dns/validator.h"

#define SLOTS_MAX 1000    /* lookups of one class that run at a time */
#define ZONE_SLOTS_MAX 16 /* of those, lookups in one failing zone */
#define WORTH_MS 50       /* minimum time that a lookup needs */
#define WAITING_MAX 10000 /* lookups of one class that wait for a slot */

/* Lookups that wait for the same kind of slot, longest waiting first. */
struct queue {
	struct resolver_lookup *first;
};

/* Lookups wait only while no slot is free. */
struct slots {
	size_t taken;
	struct queue queue;
};

/* A zone whose lookups fail or hang: few of them run at a time.  Each class has
 * its own slots. */
struct failing_zone {
	char *name;
	size_t users; /* lookups in it, running or waiting */
	struct slots class[LOOKUP_CLASSES];
	UT_hash_handle hh;
};

struct resolver_lookup {
	struct resolver *resolver;
	enum lookup_class class;
	resolver_cb cb;
	void *arg;
	struct ladder *ladder;     /* NULL while the lookup waits for a slot */
	struct failing_zone *zone; /* the failing zone whose slot it needs, or
				    * NULL */
	struct queue *queue;       /* the queue in which it waits */
	bool has_zone_slot, has_class_slot;
	bool inner; /* a nested lookup: needs no class slot */

	/* Only while the lookup waits. */
	char *name;
	uint16_t type;
	enum lookup_need need;
	struct budget *budget;
	struct timer *limit;
	uint64_t start, deadline; /* clock_ms() */

	struct resolver_lookup *prev, *next;
};

struct resolver {
	struct ladder_env env;
	struct trust *trust;
	struct rollover *rollover;
	struct server_lookups *server_lookups;
	struct slots class[LOOKUP_CLASSES];
	struct failing_zone *zones;      /* hash by name */
	struct resolver_lookup *lookups; /* running lookups */
	struct queue unstarted; /* not started for lack of memory: their
				 * deadline ends them */
	size_t running;
	size_t waiting[LOOKUP_CLASSES];
	struct stats *stats;
};

/* ---- failing zones ---- */

/* The failing zone that contains @name, with one more user; NULL where there is
 * none, or when out of memory. */
static struct failing_zone *
zone_enter(struct resolver *resolver, const char *name)
{
	const char *failing =
	    infra_cache_find_failing(resolver->env.infra_cache, name);
	struct failing_zone *zone;

	if (failing == NULL)
		return NULL;
	HASH_FIND_STR(resolver->zones, failing, zone);
	if (zone != NULL) {
		zone->users++;
		return zone;
	}
	if ((zone = calloc(1, sizeof(*zone))) == NULL)
		return NULL;
	zone->users = 1;
	if ((zone->name = strdup(failing)) == NULL) {
		free(zone);
		return NULL;
	}
	HASH_ADD_KEYPTR(
	    hh, resolver->zones, zone->name, strlen(zone->name), zone);
	if (zone->hh.tbl == NULL) { /* out of memory */
		free(zone->name);
		free(zone);
		return NULL;
	}
	return zone;
}

static void
zone_leave(struct resolver *resolver, struct failing_zone *zone)
{
	if (zone == NULL || --zone->users > 0)
		return;
	HASH_DEL(resolver->zones, zone);
	free(zone->name);
	free(zone);
}

/* ---- slots ---- */

static struct slots *
class_slots(const struct resolver_lookup *lookup)
{
	return &lookup->resolver->class[lookup->class];
}

static struct slots *
zone_slots(const struct resolver_lookup *lookup)
{
	return &lookup->zone->class[lookup->class];
}

static bool
take(struct slots *slots, size_t max)
{
	if (slots->taken >= max)
		return false;
	slots->taken++;
	return true;
}

/*
 * Take the slots that the lookup still lacks.  Returns the slots it has to wait
 * for, or NULL where it has all.  A lookup that waits for a class slot already
 * has its zone slot, so a freed slot is always of use to the first that waits
 * for it.
 */
static struct slots *
take_slots(struct resolver_lookup *lookup)
{
	if (lookup->zone != NULL && !lookup->has_zone_slot) {
		if (!take(zone_slots(lookup), ZONE_SLOTS_MAX))
			return zone_slots(lookup);
		lookup->has_zone_slot = true;
	}
	if (!lookup->inner && !lookup->has_class_slot) {
		if (!take(class_slots(lookup), SLOTS_MAX))
			return class_slots(lookup);
		lookup->has_class_slot = true;
	}
	return NULL;
}

static void start_next(struct slots *slots, size_t max);

static void
give_back_class_slot(struct resolver_lookup *lookup)
{
	if (!lookup->has_class_slot)
		return;
	lookup->has_class_slot = false;
	class_slots(lookup)->taken--;
	start_next(class_slots(lookup), SLOTS_MAX);
}

/* May free the zone. */
static void
give_back_slots(struct resolver_lookup *lookup)
{
	if (lookup->has_zone_slot) {
		lookup->has_zone_slot = false;
		zone_slots(lookup)->taken--;
		start_next(zone_slots(lookup), ZONE_SLOTS_MAX);
	}
	give_back_class_slot(lookup);
	zone_leave(lookup->resolver, lookup->zone);
	lookup->zone = NULL;
}

/* ---- running ---- */

static void
lookup_free(struct resolver_lookup *lookup)
{
	timer_free(lookup->limit);
	free(lookup->name);
	free(lookup);
}

static struct resolver_lookup *
lookup_new(struct resolver *resolver, enum lookup_class class, resolver_cb cb,
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

/* A lookup that waits for its turn at silent servers releases its class slot.
 * When its turn comes, it may exceed the limit by one. */
static void
on_waits(void *arg, bool waits)
{
	struct resolver_lookup *lookup = arg;

	if (lookup->inner)
		return;
	if (waits) {
		give_back_class_slot(lookup);
		return;
	}
	class_slots(lookup)->taken++;
	lookup->has_class_slot = true;
}

/* The lookup has its slots. */
static int
run(struct resolver_lookup *lookup, struct ladder_question *question)
{
	struct resolver *resolver = lookup->resolver;

	question->waits = on_waits;
	lookup->ladder =
	    ladder_start(&resolver->env, question, on_answer, lookup);
	if (lookup->ladder == NULL)
		return -1;
	/* The analyzer can't see the invariants of the list macros. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	DL_APPEND(resolver->lookups, lookup);
	resolver->running++;
	return 0;
}

/* ---- waiting ---- */

static void
dequeue(struct resolver_lookup *lookup)
{
	DL_DELETE(lookup->queue->first, lookup);
	lookup->queue = NULL;
	lookup->resolver->waiting[lookup->class]--;
	timer_stop(lookup->limit);
}

static void
enqueue(struct resolver_lookup *lookup, struct queue *queue)
{
	const uint64_t now = clock_ms();

	lookup->queue = queue;
	/* The analyzer can't see that every queue exists. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	DL_APPEND(queue->first, lookup);
	lookup->resolver->waiting[lookup->class]++;
	timer_in_ms(
	    lookup->limit, lookup->deadline > now ? lookup->deadline - now : 0);
}

/* Start a waiting lookup, or let it wait for the other kind of slot. */
static void
start_or_wait(struct resolver_lookup *lookup)
{
	struct slots *full = take_slots(lookup);
	const uint64_t now = clock_ms();
	struct ladder_question question = { .name = lookup->name,
		.type = lookup->type,
		.need = lookup->need,
		.class = lookup->class,
		.budget = lookup->budget,
		.deadline_ms = lookup->deadline > now
				   ? (unsigned)(lookup->deadline - now)
				   : 0 };

	/* With no time left a lookup finds nothing, and "no answer" would blame
	 * servers that were never queried. */
	if (full != NULL) {
		enqueue(lookup, &full->queue);
	} else if (question.deadline_ms < WORTH_MS ||
		   run(lookup, &question) == -1) {
		lookup->deadline = now;
		enqueue(lookup, &lookup->resolver->unstarted);
	}
}

/* A slot has been released. */
static void
start_next(struct slots *slots, size_t max)
{
	struct resolver_lookup *lookup = slots->queue.first;

	if (lookup == NULL || slots->taken >= max)
		return;
	dequeue(lookup);
	start_or_wait(lookup);
}

/* Removes the lookup from its queue, or from the running ones.  Others may take
 * its slots. */
static void
lookup_leave(struct resolver_lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;

	if (lookup->ladder == NULL) {
		dequeue(lookup);
	} else {
		/* The analyzer can't see the invariants of the list macros. */
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
		DL_DELETE(resolver->lookups, lookup);
		resolver->running--;
	}
	give_back_slots(lookup);
}

/* The lookup has waited for a slot until its deadline. */
static void
on_limit(void *arg)
{
	struct resolver_lookup *lookup = arg;
	struct dns_answer *answer = answer_new(lookup->name, lookup->type);
	const resolver_cb cb = lookup->cb;
	void *cb_arg = lookup->arg;

	if (answer == NULL) {
		timer_in_ms(lookup->limit, 1000);
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
    enum lookup_need need, unsigned deadline_ms)
{
	if (lookup->resolver->waiting[lookup->class] >= WAITING_MAX)
		return -1;
	lookup->name = strdup(name);
	lookup->limit = timer_new(lookup->resolver->env.base, on_limit, lookup);
	if (lookup->name == NULL || lookup->limit == NULL)
		return -1;
	lookup->type = type;
	lookup->need = need;
	lookup->deadline = clock_ms() + deadline_ms;
	return 0;
}

struct resolver_lookup *
resolver_lookup(struct resolver *resolver, const char *name, uint16_t type,
    enum lookup_need need, enum lookup_class class, struct budget *budget,
    resolver_cb cb, void *arg)
{
	const unsigned deadline_ms = resolver->env.conf->lookup_deadline * 1000;
	struct resolver_lookup *lookup = lookup_new(resolver, class, cb, arg);
	struct slots *full;
	int error;

	if (lookup == NULL)
		return NULL;
	lookup->budget = budget;
	lookup->zone = zone_enter(resolver, name);
	if ((full = take_slots(lookup)) != NULL) {
		error = prepare_to_wait(lookup, name, type, need, deadline_ms);
		if (error == 0)
			enqueue(lookup, &full->queue);
	} else {
		error = run(lookup, &(struct ladder_question){ .name = name,
					.type = type,
					.need = need,
					.class = class,
					.budget = budget,
					.deadline_ms = deadline_ms });
	}
	if (error == -1) {
		give_back_slots(lookup);
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

/* ---- functions for plain lookups ---- */

static void *
inner_lookup(void *env, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	struct resolver *resolver = env;
	struct resolver_lookup *lookup =
	    lookup_new(resolver, LOOKUP_CLASS_OTHER, cb, arg);

	if (lookup == NULL)
		return NULL;
	lookup->inner = true;
	lookup->zone = zone_enter(resolver, name);
	if (take_slots(lookup) != NULL ||
	    run(lookup, &(struct ladder_question){ .name = name,
			    .type = type,
			    .need = LOOKUP_NEED_DATA,
			    .class = LOOKUP_CLASS_OTHER,
			    .path = path,
			    .budget = path->budget,
			    .deadline_ms = resolver->env.conf->lookup_deadline *
					   1000 }) == -1) {
		give_back_slots(lookup);
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
	infra_cache_clear(resolver->env.infra_cache);
	plain_cache_clear(resolver->env.plain_cache);
	return validator_renew(resolver->env.validator);
}

size_t
resolver_in_flight(const struct resolver *resolver)
{
	size_t count = resolver->running;

	for (int i = 0; i < LOOKUP_CLASSES; i++)
		count += resolver->waiting[i];
	return count;
}

enum trust_state
resolver_trust(const struct resolver *resolver, const char **why)
{
	return trust_state(resolver->trust, why);
}

/* ---- life ---- */

/* NULL where the root servers themselves are queried. */
static const struct conf_zone *
forwarders_of_root(const struct conf *conf)
{
	for (size_t i = 0; i < conf->zone_count; i++)
		if (strcmp(conf->zones[i].name, ".") == 0 &&
		    conf->zones[i].server_count > 0)
			return &conf->zones[i];
	return NULL;
}

static void
put_forwarders(const struct conf_zone *zone, char *text, size_t size)
{
	size_t len = (size_t)snprintf(text, size, REASON_UNSIGNED_FORWARDER);

	for (size_t i = 0; i < zone->server_count && len < size; i++) {
		const struct endpoint *server = &zone->servers[i];
		char host[NI_MAXHOST];

		if (getnameinfo((const struct sockaddr *)&server->address,
			server->length, host, sizeof(host), NULL, 0,
			NI_NUMERICHOST) == 0)
			len += (size_t)snprintf(text + len, size - len,
			    i > 0 ? ", %s" : "%s", host);
	}
}

/* Trust, with the texts for this configuration. */
static struct trust *
start_trust(struct event_base *base, const struct conf *conf,
    struct validated *validator)
{
	const struct conf_zone *forwarders = forwarders_of_root(conf);
	char text[256];

	if (forwarders == NULL)
		return trust_new(
		    base, validator, REASON_NO_ROOT, REASON_UNSIGNED_ROOT);
	put_forwarders(forwarders, text, sizeof(text));
	return trust_new(base, validator, REASON_NO_FORWARDER, text);
}

struct resolver *
resolver_new(struct event_base *base, const struct conf *conf,
    const struct unbound_facts *library, struct stats *stats)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	const struct server_lookups_env server_lookups = {
		.lookup = inner_lookup, .cancel = inner_cancel, .env = resolver
	};

	if (resolver == NULL)
		return NULL;
	resolver->stats = stats;
	resolver->env = (struct ladder_env){ .base = base,
		.conf = conf,
		.plain = { .base = base,
		    .conf = conf,
		    .lookup = server_lookups_start,
		    .cancel = server_lookups_cancel },
		.distrust = distrust,
		.arg = resolver };
	if ((resolver->env.infra_cache = infra_cache_new()) == NULL ||
	    (resolver->env.plain_cache = plain_cache_new()) == NULL ||
	    (resolver->env.plain.zone_limit = zone_limit_new()) == NULL ||
	    (resolver->server_lookups = server_lookups_new(&server_lookups)) ==
		NULL ||
	    (resolver->env.validator = validator_new(base, conf, library)) ==
		NULL ||
	    (resolver->trust =
		    start_trust(base, conf, resolver->env.validator)) == NULL ||
	    (resolver->rollover = rollover_new(base, conf,
		 resolver->env.validator, on_other_anchors, resolver)) ==
		NULL) {
		resolver_free(resolver);
		return NULL;
	}
	resolver->env.plain.env = resolver->server_lookups;
	return resolver;
}

static void
cancel_queue(struct queue *queue)
{
	while (queue->first != NULL)
		resolver_cancel(queue->first);
}

/* Cancelling must not give a slot to another waiting lookup: those that wait
 * for a zone slot go before those that have one. */
static void
cancel_waiting(struct resolver *resolver)
{
	struct failing_zone *zone, *next;

	HASH_ITER (hh, resolver->zones, zone, next) {
		zone->users++; /* keeps the zone until its last lookup is
				* gone */
		for (int i = 0; i < LOOKUP_CLASSES; i++)
			cancel_queue(&zone->class[i].queue);
		zone_leave(resolver, zone);
	}
	for (int i = 0; i < LOOKUP_CLASSES; i++)
		cancel_queue(&resolver->class[i].queue);
	cancel_queue(&resolver->unstarted);
}

/* Their nested lookups are cancelled with them. */
static void
cancel_outer(struct resolver *resolver)
{
	struct resolver_lookup *lookup;

	do {
		DL_FOREACH (resolver->lookups, lookup)
			if (!lookup->inner)
				break;
		resolver_cancel(lookup);
	} while (lookup != NULL);
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	cancel_waiting(resolver); /* first, or they would take the freed
				   * slots */
	cancel_outer(resolver);
	rollover_free(resolver->rollover);
	trust_free(resolver->trust);
	validator_free(resolver->env.validator);
	server_lookups_free(resolver->server_lookups);
	zone_limit_free(resolver->env.plain.zone_limit);
	plain_cache_free(resolver->env.plain_cache);
	infra_cache_free(resolver->env.infra_cache);
	free(resolver);
}
