/* validator.c - DNSSEC-validated lookups by libunbound. */

#include "dns/validator.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <unbound.h>

#include <unbound-event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/domain.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop_time.h"
#include "base/reason.h"
#include "dns/anchors.h"
#include "dns/budget.h"
#include "dns/unbound_answer.h"
#include "dns/unbound_context.h"
#include "dns/wire.h"

#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3
#define RCODE_YXDOMAIN 6 /* RFC 6672 section 2.2 */
/* Milliseconds that a fresh context serves: the budget that has paid for it has
 * it for this time. */
#define FRESH_INTERVAL BUDGET_CONTEXT_MS
/* Contexts cost 1.3 MiB and 2 ms each, and strangers can cause fresh ones.
 * Beyond this number the oldest makes room, if it had its minimum time. */
#define FRESH_MAX 56
#define FRESH_LEAST 1000 /* milliseconds */
/* Of these, for queries that failed without being bogus: dead domains are
 * frequent, and must not take the contexts that forged answers need. */
#define DOUBTED_MAX 16
#define FRESH_SPARE 4    /* contexts that make room but are not freed yet */
#define SPARE_LEAST 1000 /* milliseconds that a spare context serves */
#define TRIM_SECONDS 10  /* between two calls of malloc_trim(3) */
#define RENEW_AGAIN 1    /* seconds, when out of memory */
/* Of the time since the last poll, what may have been spent elsewhere:
 * callbacks of a millisecond in all (fast_lane.c), and the clock's
 * inaccuracy. */
#define OTHERS_US 2000
/* libunbound validates zones on the way to an answer in other loop iterations,
 * and does not say for which query: so each zone costs this much.  That is the
 * time for an honest zone with the most expensive keys and one signature too
 * many.  The first ZONES_FREE, enough for an alias and its target, are free. */
#define ZONE_US 2000
#define ZONES_FREE 6
/* Likewise for each signed RRset in the answer, nine of which libunbound
 * validates in one loop iteration: one signature by the most expensive key.  An
 * honest answer has no more of them than a chain of aliases and a denial. */
#define SET_US 600
#define SETS_FREE 16
/* Milliseconds between two renewals of the caches because of doubt: an attacker
 * whose domain fails every other time must not keep them cold.  And the minimum
 * life of a context with too many abandoned queries. */
#define RENEW_DOUBTED 30000
#define RENEW_CROWDED 2000
/* Abandoned queries, each with a socket or a TCP connection: ABANDONED_MAX are
 * too many at any time, ABANDONED_MANY are too many for ABANDONED_SECONDS. */
#define ABANDONED_MAX 384
#define ABANDONED_MANY 128
#define ABANDONED_SECONDS 60
/* A server can occupy a connection for hours: in a shared context there are
 * more of them than queries may be abandoned. */
#define TCP_SHARED 512
#define TCP_OWN 64

/* Zero: an answer may have been in the cache for long. */
enum context_kind {
	KIND_SHARED = 0, /* the main one and the spare one */
	KIND_FRESH,      /* for one name, after a bogus or incomplete answer */
	KIND_DOUBTED,    /* for one name, after a failure */
	KIND_ROOT        /* for one query, with the RFC 5011 state file */
};

/* In this order, by context_change().  Zero: it is not freed. */
enum context_state {
	CONTEXT_SERVING = 0,
	CONTEXT_RETIRED,
	CONTEXT_MAKING_ROOM
};

/* Which of its answers count: ever fewer, by distrust(). */
enum context_trust {
	TRUST_NONE = 0, /* the anchors have changed since */
	TRUST_SECURE,   /* the trust anchor is dead: its root is insecure */
	TRUST_ALL
};

/*
 * SERVING      gets queries
 *  -> RETIRED      shared: renewed; the spare one also where it is crowded, or
 *                  a twin hangs in it, too
 *                  fresh, doubted: renewed, or older than FRESH_INTERVAL
 *                  root: at once, with its query
 *  -> MAKING_ROOM  fresh, doubted: the oldest, where there are too many
 * RETIRED      gets no more; what somebody waits for goes on
 *  -> MAKING_ROOM  as above
 * MAKING_ROOM  likewise, but who waits is told by the loop that it failed
 *
 * Out of the last two it is freed when nobody waits any more, by reap().
 */
struct context {
	struct ub_ctx *ub;
	struct validated *owner;
	enum context_kind kind;
	enum context_state state;
	enum context_trust trust;
	char owner_name[DOMAIN_TEXT_MAX]; /* fresh, doubted: what it serves */
	uint64_t born;                    /* clock_ms() */
	size_t in_flight;
	size_t awaited;   /* of these, queries that somebody waits for */
	size_t abandoned; /* and queries that nobody waits for any more */
	struct validator_query *queries; /* all of them */
	struct validator_query *hung;    /* hash by key: abandoned queries that
					  * libunbound still works on */
	struct context *next;
};

struct validated {
	struct event_base *base;
	const struct conf *conf;
	struct anchors *anchors;
	struct context *contexts;
	struct context *main, *spare;
	struct event *trimmer; /* returns memory of freed contexts to the
				* system */
	struct event *reaper;  /* frees contexts from the loop: a context can't
				* be deleted inside its own callback */
	struct event *renewer; /* renews the main context when that is due */
	struct event *crowded; /* the main context has ABANDONED_MANY for too
				* long */
	size_t in_flight, abandoned;
	size_t contexts_of[KIND_ROOT + 1]; /* by kind */
	uint64_t doubt_from; /* clock_ms(): when doubt may renew again */
	bool asking;         /* ub_resolve_event() has not returned */
	const struct unbound_facts *library;
	int zones_fd; /* file with the zone blocks, or -1 */
};

/* Query key, type and name, to find twins. */
#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

/* Changed by query_change().  Zero: it is not freed, as libunbound may still
 * call back. */
enum query_state {
	QUERY_ASKED = 0,
	QUERY_ABANDONED,
	QUERY_FAILING,
	QUERY_RETURNED,
	QUERY_AGAIN
};

/*
 * ASKED      libunbound works on it; its result: called back, freed
 *  -> ABANDONED  cancelled
 *  -> FAILING    its context makes room
 *  -> RETURNED   the result came before ub_resolve_event() returned
 *  -> AGAIN      the answer is incomplete, and not the last one
 * ABANDONED  libunbound works on it, for nobody; its result: freed
 * FAILING    libunbound works on it; its result: as if ASKED
 *  -> ABANDONED  by the loop, called back; or cancelled before
 * RETURNED   libunbound is done; by the loop: called back unless cancelled,
 *            freed
 * AGAIN      libunbound is done, or has not begun: second looks start here
 *  -> ASKED      by the loop, in a fresh or doubted context; freed where there
 *                is no room (called back), or where it was cancelled
 */
struct validator_query {
	struct context *context;
	enum query_state state;
	validator_cb cb; /* NULL once cancelled, or called */
	void *arg;
	struct event *event;            /* calls on_due() */
	struct validator_result result; /* owned copies, where RETURNED */
	uint16_t type;
	/* Where AGAIN: the kind of context, and for which name; NULL means its
	 * own. */
	enum context_kind fresh_kind;
	char *fresh_for;
	/* Of the caller; NULL where it has paid already, or for our own. */
	struct budget *budget;
	uint64_t spent; /* microseconds: all queries so far */
	char *key;
	struct validator_query *prev, *next; /* in context->queries */
	UT_hash_handle hh;                   /* in context->hung */
};

/* ---- contexts ---- */

static void query_free(struct validator_query *query);

static bool
is_fresh(const struct context *context)
{
	return context->kind == KIND_FRESH || context->kind == KIND_DOUBTED;
}

static size_t
fresh_count(const struct validated *validator)
{
	return validator->contexts_of[KIND_FRESH] +
	       validator->contexts_of[KIND_DOUBTED];
}

static void
context_free(struct context *context)
{
	struct validated *validator = context->owner;
	struct validator_query *query, *next;

	for (struct context **at = &validator->contexts; *at != NULL;
	     at = &(*at)->next)
		if (*at == context) {
			*at = context->next;
			break;
		}
	validator->contexts_of[context->kind]--;
	DL_FOREACH (context->queries, query)
		query->cb = NULL;
	/* Calls back for all unfinished queries. */
	ub_ctx_delete(context->ub);
	DL_FOREACH_SAFE (context->queries, query, next)
		query_free(query);
	free(context);
}

static bool
has_anchor(const struct anchors *anchors)
{
	for (size_t i = 0; i < anchors_count(anchors); i++) {
		const struct anchor anchor = anchors_get(anchors, i);

		if (anchor_is_trusted(&anchor))
			return true;
	}
	return false;
}

/* @state: for KIND_ROOT the path of the RFC 5011 state file; otherwise NULL. */
static struct context *
context_new(
    struct validated *validator, enum context_kind kind, const char *state)
{
	const struct unbound_context_recipe recipe = { .conf = validator->conf,
		.zones_fd = validator->zones_fd,
		.anchors = validator->anchors,
		.state = state,
		.connections = kind == KIND_SHARED ? TCP_SHARED : TCP_OWN };
	struct context *context = calloc(1, sizeof(*context));

	if (context == NULL)
		return NULL;
	context->ub = unbound_context_new(validator->base, &recipe);
	if (context->ub == NULL) {
		free(context);
		return NULL;
	}
	context->owner = validator;
	context->kind = kind;
	context->trust = state != NULL || has_anchor(validator->anchors)
			     ? TRUST_ALL
			     : TRUST_SECURE;
	context->born = clock_ms();
	context->next = validator->contexts;
	validator->contexts = context;
	validator->contexts_of[kind]++;
	return context;
}

static void
distrust(struct context *context, enum context_trust trust)
{
	if (trust < context->trust)
		context->trust = trust;
}

static bool
is_done(const struct context *context)
{
	return context->state != CONTEXT_SERVING && context->awaited == 0;
}

static void
reap_if_done(struct context *context)
{
	if (is_done(context))
		event_active(context->owner->reaper, EV_TIMEOUT, 0);
}

static void
context_change(struct context *context, enum context_state state)
{
	if (state > context->state)
		context->state = state;
	reap_if_done(context);
}

static void
retire(struct context *context)
{
	if (context != NULL)
		context_change(context, CONTEXT_RETIRED);
}

/* The memory of contexts is fragmented, and malloc(3) would keep it: hundreds
 * of MiB after a time with many failures.  This can take 20 ms, so it is done
 * separately, and not often. */
static void
give_memory_back(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	malloc_trim(0);
}

/* Frees one context, which takes milliseconds.  Abandoned queries are deleted
 * with it: libunbound could work on them for minutes. */
static void
reap(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval delay = { TRIM_SECONDS, 0 };
	struct validated *validator = arg;
	struct context *context = validator->contexts;

	(void)fd;
	(void)what;
	while (context != NULL && !is_done(context))
		context = context->next;
	if (context == NULL)
		return;
	context_free(context);
	if (!event_pending(validator->trimmer, EV_TIMEOUT, NULL))
		event_add(validator->trimmer, &delay);
	event_base_loopcontinue(validator->base);
	event_active(validator->reaper, EV_TIMEOUT, 0);
}

static void check_trust(struct context *context);
static void on_root_key(void *arg, const struct validator_result *result);

/* For contexts other than the main one, which trust.h checks. */
static struct context *
context_new_checked(struct validated *validator, enum context_kind kind)
{
	struct context *context = context_new(validator, kind, NULL);

	if (context != NULL)
		check_trust(context);
	return context;
}

static bool
hangs_in(const struct context *context, const char *key)
{
	struct validator_query *twin;

	if (context == NULL)
		return false;
	HASH_FIND_STR(context->hung, key, twin);
	return twin != NULL;
}

/*
 * A query whose twin hangs in a context would only join it there, so it gets
 * another context.  In a young context it may join: its twin has not hung for
 * long.  Otherwise an attacker with silent servers and a name that is queried
 * repeatedly would cause a new context for each query.
 */
static struct context *
pick_shared(struct validated *validator, const char *key)
{
	if (!hangs_in(validator->main, key))
		return validator->main;
	if (hangs_in(validator->spare, key) &&
	    clock_ms() - validator->spare->born >= SPARE_LEAST) {
		retire(validator->spare);
		validator->spare = NULL;
	}
	if (validator->spare == NULL)
		validator->spare = context_new_checked(validator, KIND_SHARED);
	return validator->spare;
}

int
validator_renew(struct validated *validator)
{
	static const struct timeval again = { RENEW_AGAIN, 0 };
	struct context *main = context_new(validator, KIND_SHARED, NULL);

	if (main == NULL) {
		log_error("validated: no new instance of libunbound: out of "
			  "memory; what is cached stays for now");
		event_add(validator->renewer, &again);
		return -1;
	}
	event_del(validator->renewer);
	event_del(validator->crowded);
	validator->doubt_from = clock_ms() + RENEW_DOUBTED;
	retire(validator->main);
	retire(validator->spare);
	validator->main = main;
	validator->spare = NULL;
	for (struct context *context = validator->contexts; context != NULL;
	     context = context->next)
		if (is_fresh(context))
			retire(context);
	return 0;
}

/* When it is due: creating a context takes milliseconds. */
static void
on_renewer(evutil_socket_t fd, short what, void *arg)
{
	struct validated *validator = arg;

	(void)fd;
	(void)what;
	event_base_loopcontinue(validator->base);
	validator_renew(validator);
}

static bool
is_before(const struct timeval *a, const struct timeval *b)
{
	return a->tv_sec == b->tv_sec ? a->tv_usec < b->tv_usec
				      : a->tv_sec < b->tv_sec;
}

/* Replace the main context from the loop: at once, or at @from (clock_ms()). */
static void
renew_soon(struct validated *validator, uint64_t from)
{
	const uint64_t clock = clock_ms();
	const uint64_t ms = from > clock ? from - clock : 0;
	const struct timeval delay = { (time_t)(ms / 1000),
		(suseconds_t)(ms % 1000 * 1000) };
	struct timeval due, now;

	if (ms == 0) {
		event_active(validator->renewer, EV_TIMEOUT, 0);
		return;
	}
	event_base_gettimeofday_cached(validator->base, &now);
	evutil_timeradd(&now, &delay, &now);
	if (!event_pending(validator->renewer, EV_TIMEOUT, &due) ||
	    is_before(&now, &due))
		event_add(validator->renewer, &delay);
}

bool
validator_doubt(struct validated *validator)
{
	const bool at_once = clock_ms() >= validator->doubt_from;

	renew_soon(validator, validator->doubt_from);
	return at_once;
}

static void
query_change(struct validator_query *query, enum query_state state)
{
	query->state = state;
	if (state != QUERY_ASKED && state != QUERY_ABANDONED)
		event_active(query->event, EV_TIMEOUT, 0);
}

/* The oldest fresh context makes room, in the next loop iteration.  Its callers
 * get a failure. */
static bool
make_room(struct validated *validator, enum context_kind kind, uint64_t now)
{
	struct context *oldest = NULL;
	struct validator_query *query;

	for (struct context *context = validator->contexts; context != NULL;
	     context = context->next)
		if (is_fresh(context) &&
		    context->state != CONTEXT_MAKING_ROOM &&
		    (kind != KIND_DOUBTED || context->kind == KIND_DOUBTED) &&
		    now - context->born >= FRESH_LEAST &&
		    (oldest == NULL || context->born < oldest->born))
			oldest = context;
	if (oldest == NULL)
		return false;
	DL_FOREACH (oldest->queries, query)
		if (query->cb != NULL && query->state == QUERY_ASKED)
			query_change(query, QUERY_FAILING);
	context_change(oldest, CONTEXT_MAKING_ROOM);
	return true;
}

static bool
has_room(struct validated *validator, enum context_kind kind, uint64_t now)
{
	const size_t doubted = validator->contexts_of[KIND_DOUBTED];

	if (fresh_count(validator) >= FRESH_MAX + FRESH_SPARE)
		return false;
	if (kind == KIND_DOUBTED && doubted >= DOUBTED_MAX)
		return doubted < DOUBTED_MAX + FRESH_SPARE &&
		       make_room(validator, kind, now);
	return fresh_count(validator) < FRESH_MAX ||
	       make_room(validator, kind, now);
}

static struct context *
fresh_new(struct validated *validator, const char *name, enum context_kind kind,
    uint64_t now)
{
	struct context *context;

	if (!has_room(validator, kind, now) ||
	    (context = context_new_checked(validator, kind)) == NULL)
		return NULL;
	snprintf(context->owner_name, sizeof(context->owner_name), "%s", name);
	return context;
}

/* The recent context that belongs to @name, or a new one, for which @budget,
 * unless NULL, pays. */
static struct context *
pick_fresh(struct validated *validator, const char *name,
    enum context_kind kind, struct budget *budget)
{
	const uint64_t now = clock_ms();
	struct context *context, *found = NULL;

	for (context = validator->contexts; context != NULL;
	     context = context->next) {
		if (!is_fresh(context) || context->state != CONTEXT_SERVING)
			continue;
		if (now - context->born > FRESH_INTERVAL)
			retire(context);
		else if (context->kind == kind &&
			 domain_equal(context->owner_name, name))
			found = context;
	}
	if (found != NULL)
		return found;
	if (budget != NULL && !budget_spend(budget, BUDGET_REPEATS, 1))
		return NULL;
	return fresh_new(validator, name, kind, now);
}

/* ---- queries ---- */

/* Our own queries keep no context alive. */
static bool
is_awaited(const struct validator_query *query)
{
	return query->cb != NULL && query->cb != on_root_key;
}

/* Whether it has empty caches, so that libunbound validates the answer now, and
 * there is no second look. */
static bool
is_last(const struct validator_query *query)
{
	return query->context->kind != KIND_SHARED || query->cb == on_root_key;
}

static void
query_enter(struct validator_query *query, struct context *context)
{
	query->context = context;
	DL_APPEND(context->queries, query);
	context->in_flight++;
	if (is_awaited(query))
		context->awaited++;
}

static void
query_leave(struct validator_query *query)
{
	struct context *context = query->context;
	struct validator_query *twin;

	HASH_FIND_STR(context->hung, query->key, twin);
	if (twin == query)
		HASH_DEL(context->hung, query);
	DL_DELETE(context->queries, query);
	context->in_flight--;
	if (is_awaited(query))
		context->awaited--;
	reap_if_done(context);
}

/* Nobody waits for the query any more.  Returns its callback. */
static validator_cb
query_forget(struct validator_query *query)
{
	const validator_cb cb = query->cb;

	if (is_awaited(query))
		query->context->awaited--;
	query->cb = NULL;
	query->budget = NULL;
	reap_if_done(query->context);
	return cb;
}

/* libunbound is done with an abandoned query. */
static void
leave_abandoned(struct context *context)
{
	struct validated *validator = context->owner;

	validator->abandoned--;
	if (--context->abandoned < ABANDONED_MANY && context == validator->main)
		event_del(validator->crowded);
}

static void
query_free(struct validator_query *query)
{
	struct validated *validator = query->context->owner;

	if (query->state == QUERY_ABANDONED)
		leave_abandoned(query->context);
	query_leave(query);
	validator->in_flight--;
	if (query->event != NULL)
		event_free(query->event);
	free((void *)(uintptr_t)query->result.packet);
	free((void *)(uintptr_t)query->result.why);
	free(query->fresh_for);
	free(query->key);
	free(query);
}

/* libunbound can't abort a query, but a context can be replaced. */
static void
relieve(struct context *context)
{
	static const struct timeval patience = { ABANDONED_SECONDS, 0 };
	struct validated *validator = context->owner;

	if (context == validator->main) {
		if (context->abandoned >= ABANDONED_MAX)
			renew_soon(validator, context->born + RENEW_CROWDED);
		else if (context->abandoned == ABANDONED_MANY)
			event_add(validator->crowded, &patience);
	} else if (context == validator->spare &&
		   context->abandoned >= ABANDONED_MAX) {
		validator->spare = NULL;
		retire(context);
	}
}

/* libunbound goes on with it; a twin must not join it. */
static void
abandon(struct validator_query *query)
{
	struct context *context = query->context;
	struct validator_query *twin;

	query_change(query, QUERY_ABANDONED);
	context->owner->abandoned++;
	context->abandoned++;
	HASH_FIND_STR(context->hung, query->key, twin);
	if (twin == NULL)
		HASH_ADD_KEYPTR(
		    hh, context->hung, query->key, strlen(query->key), query);
	relieve(context);
}

/* The name of the query. */
static const char *
name_of(const struct validator_query *query)
{
	return strchr(query->key, '/') + 1;
}

static void
read_failure(const char *why, struct validator_result *result)
{
	*result =
	    (struct validator_result){ .why = why != NULL ? why
							  : REASON_NO_SERVER };
}

/* The packet's own rcode counts: a failure from libunbound's cache comes with
 * rcode 0 and SERVFAIL in the packet. */
static bool
is_answer(int rcode, const uint8_t *wire, int len)
{
	if (rcode != 0 || wire == NULL || len < 12)
		return false;
	switch (wire[3] & 0x0fU) {
	case RCODE_NOERROR:
	case RCODE_NXDOMAIN:
	case RCODE_YXDOMAIN:
		return true;
	default:
		return false;
	}
}

/* Returns false where the answer is incomplete. */
static bool
read_result(const struct validator_query *query, int rcode, const void *packet,
    int len, int sec, const char *why, struct validator_result *result)
{
	static const enum dns_security security[] = { DNS_INSECURE, DNS_BOGUS,
		DNS_SECURE };
	const uint32_t now = (uint32_t)time(NULL);
	const char *flaw;

	if (!is_answer(rcode, packet, len)) {
		read_failure(reason_innermost(why), result);
		return true;
	}
	*result = (struct validator_result){ .answered = true,
		.fresh = is_fresh(query->context),
		.packet = packet,
		.len = (size_t)len,
		.lifetime = UINT32_MAX,
		.security = sec >= 0 && sec <= 2 ? security[sec] : DNS_BOGUS,
		.why = reason_innermost(why) };
	flaw = unbound_answer_flaw(packet, (size_t)len, query->type,
	    result->security, is_last(query), now);
	if (flaw != NULL)
		read_failure(flaw, result);
	else if (result->security == DNS_SECURE)
		result->lifetime =
		    unbound_answer_lifetime(packet, (size_t)len, now);
	return flaw == NULL;
}

static void ask_fresh(struct validator_query *query);

/* What is due. */
static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	static const struct validator_result no_room = {
		.why = "too many second looks at once"
	};
	struct validator_query *query = arg;
	validator_cb cb;

	(void)fd;
	(void)what;
	if (query->state == QUERY_ABANDONED)
		return;
	/* Each of these takes time: let the loop poll for other events. */
	event_base_loopcontinue(query->context->owner->base);
	if (query->state == QUERY_AGAIN && query->cb != NULL) {
		ask_fresh(query);
		return;
	}
	cb = query_forget(query);
	if (query->state == QUERY_FAILING) {
		abandon(query);
		cb(query->arg, &no_room);
		return;
	}
	if (cb != NULL)
		cb(query->arg, &query->result);
	query_free(query);
}

/* A result came before ub_resolve_event() returned: for a query that the cache
 * answers, or for any other that is ready by then.  Calling back now could free
 * the caller that is just sending its query. */
static void
postpone(struct validator_query *query, const struct validator_result *result)
{
	struct validator_result *copy = &query->result;
	uint8_t *packet = NULL;

	*copy = *result;
	copy->packet = NULL;
	copy->why = result->why != NULL ? strdup(result->why) : NULL;
	if (result->answered) {
		if ((packet = malloc(result->len)) != NULL)
			memcpy(packet, result->packet, result->len);
		else
			copy->answered = false;
		copy->packet = packet;
	}
	if (!copy->answered)
		copy->security = DNS_INDETERMINATE;
	query_change(query, QUERY_RETURNED);
}

/* The time that libunbound has spent before it called back is charged to this
 * answer if it is long.  Signatures are checked once everything needed for them
 * is there, and the answer follows at once.  With malicious keys each takes 15
 * ms. */
static void
note_spent(struct validator_query *query)
{
	const uint64_t microseconds = loop_time_lap() / 1000;

	if (microseconds > OTHERS_US)
		query->spent += microseconds - OTHERS_US;
}

/* All but the first @gratis. */
static uint64_t
charge(size_t count, size_t gratis, uint64_t each_us)
{
	return count > gratis ? (count - gratis) * each_us : 0;
}

/* libunbound does not say whether zones and RRsets were validated for this
 * answer or were cached. */
static void
note_cost(const struct validator_query *query, struct validator_result *result)
{
	struct unbound_answer_cost cost;

	result->spent = query->spent;
	if (!result->answered)
		return;
	cost = unbound_answer_cost(
	    result->packet, result->len, domain_labels(name_of(query)));
	result->hashing = cost.hashing;
	result->spent += charge(cost.zones, ZONES_FREE, ZONE_US);
	result->spent += charge(cost.signed_sets, SETS_FREE, SET_US);
}

/* What the context is not trusted with is no answer. */
static void
withhold(enum context_trust trust, struct validator_result *result)
{
	if (trust == TRUST_NONE)
		read_failure("out of memory for other trust anchors", result);
	else if (trust == TRUST_SECURE && result->security == DNS_INSECURE)
		read_failure("the trust anchor is not alive", result);
}

static void
on_result(void *arg, int rcode, void *packet, int len, int sec, char *why,
    int was_ratelimited)
{
	struct validator_query *query = arg;
	struct validated *validator = query->context->owner;
	struct validator_result result;
	validator_cb cb;

	(void)was_ratelimited;
	note_spent(query);
	if (query->cb == NULL) {
		query_free(query);
		return;
	}
	if (!read_result(query, rcode, packet, len, sec, why, &result) &&
	    !is_last(query)) {
		query_change(query, QUERY_AGAIN);
		return;
	}
	withhold(query->context->trust, &result);
	note_cost(query, &result);
	if (validator->asking) {
		postpone(query, &result);
		return;
	}
	/* Signatures were checked, which takes long: let the loop poll for
	 * other events. */
	event_base_loopcontinue(validator->base);
	cb = query_forget(query);
	cb(query->arg, &result);
	query_free(query);
}

static struct validator_query *
query_new(struct context *context, const char *name, uint16_t type,
    validator_cb cb, void *arg)
{
	struct validator_query *query = calloc(1, sizeof(*query));
	char key[KEY_MAX];

	if (query == NULL)
		return NULL;
	snprintf(key, sizeof(key), "%u/%s", type, name);
	query->key = strdup(key);
	query->event = event_new(context->owner->base, -1, 0, on_due, query);
	if (query->key == NULL || query->event == NULL) {
		if (query->event != NULL)
			event_free(query->event);
		free(query->key);
		free(query);
		return NULL;
	}
	query->type = type;
	query->cb = cb;
	query->arg = arg;
	query->fresh_kind = KIND_FRESH;
	context->owner->in_flight++;
	query_enter(query, context);
	return query;
}

/* Returns 0, or -1 where the query can't be sent: it then still belongs to the
 * caller. */
static int
submit(struct validator_query *query)
{
	struct validated *validator = query->context->owner;
	int error;

	validator->asking = true;
	error = ub_resolve_event(query->context->ub, name_of(query),
	    query->type, WIRE_CLASS_IN, query, on_result, NULL);
	validator->asking = false;
	if (error != 0)
		log_error("validated: libunbound can't ask %s: %s",
		    name_of(query), ub_strerror(error));
	return error == 0 ? 0 : -1;
}

/* Returns the query, or NULL after freeing it. */
static struct validator_query *
submit_new(struct validator_query *query)
{
	if (query == NULL || submit(query) == 0)
		return query;
	query_forget(query);
	query_free(query);
	return NULL;
}

/*
 * Query with empty caches: again after a bogus answer, or after an incomplete
 * one, which libunbound has cached as it came.  "_25._tcp" shares the context
 * of its host.
 */
static void
ask_fresh(struct validator_query *query)
{
	const char *name =
	    query->fresh_for != NULL ? query->fresh_for : name_of(query);
	const char *why = NULL;
	struct context *context;
	validator_cb cb;

	query_change(query, QUERY_ASKED);
	context = pick_fresh(query->context->owner, domain_host(name),
	    query->fresh_kind, query->budget);
	if (context != NULL) {
		query_leave(query);
		query_enter(query, context);
		if (submit(query) == 0)
			return;
	}
	if (query->budget != NULL)
		why = budget_text(query->budget);
	read_failure(
	    why != NULL ? why : "no fresh caches to ask with", &query->result);
	cb = query_forget(query);
	cb(query->arg, &query->result);
	query->result.why = NULL;
	query_free(query);
}

/* Only an insecure answer withdraws trust: a failure says nothing. */
static void
on_root_key(void *arg, const struct validator_result *result)
{
	struct context *context = arg;

	if (!result->answered || result->security != DNS_INSECURE)
		return;
	distrust(context, TRUST_SECURE);
	log_error("validated: the root's DNSKEY is insecure to a new instance "
		  "of libunbound: what is insecure there is not believed");
}

/* The first query of a context, so that its result is known before others. */
static void
check_trust(struct context *context)
{
	submit_new(
	    query_new(context, ".", DNS_TYPE_DNSKEY, on_root_key, context));
}

/* Many callers may want this in one loop iteration, and creating contexts takes
 * time: each gets an iteration of its own. */
static struct validator_query *
ask_fresh_later(struct validated *validator, const char *name, uint16_t type,
    const char *fresh_for, enum context_kind kind, validator_cb cb, void *arg)
{
	struct validator_query *query =
	    query_new(validator->main, name, type, cb, arg);

	if (query == NULL)
		return NULL;
	if ((query->fresh_for = strdup(fresh_for)) == NULL) {
		query_forget(query);
		query_free(query);
		return NULL;
	}
	query->fresh_kind = kind;
	query_change(query, QUERY_AGAIN);
	return query;
}

struct validator_query *
validator_ask(struct validated *validator, const char *name, uint16_t type,
    const char *fresh_for, struct budget *budget, validator_cb cb, void *arg)
{
	struct validator_query *query;
	char key[KEY_MAX];
	struct context *context;

	if (fresh_for != NULL)
		return ask_fresh_later(
		    validator, name, type, fresh_for, KIND_FRESH, cb, arg);
	snprintf(key, sizeof(key), "%u/%s", type, name);
	context = pick_shared(validator, key);
	if (context == NULL)
		return NULL;
	query = query_new(context, name, type, cb, arg);
	if (query != NULL)
		query->budget = budget;
	return submit_new(query);
}

struct validator_query *
validator_ask_doubted(struct validated *validator, const char *name,
    uint16_t type, const char *fresh_for, validator_cb cb, void *arg)
{
	return ask_fresh_later(
	    validator, name, type, fresh_for, KIND_DOUBTED, cb, arg);
}

struct validator_query *
validator_watch_root(
    struct validated *validator, const char *state, validator_cb cb, void *arg)
{
	struct context *context = context_new(validator, KIND_ROOT, state);
	struct validator_query *query;

	if (context == NULL)
		return NULL;
	query = submit_new(query_new(context, ".", DNS_TYPE_DNSKEY, cb, arg));
	retire(context);
	return query;
}

void
validator_use_anchors(struct validated *validator, struct anchors *anchors)
{
	anchors_free(validator->anchors);
	validator->anchors = anchors;
	if (validator_renew(validator) == 0)
		return;
	/* Those contexts may still trust a key that was revoked. */
	for (struct context *context = validator->contexts; context != NULL;
	     context = context->next)
		distrust(context, TRUST_NONE);
}

void
validator_cancel(struct validator_query *query)
{
	if (query == NULL)
		return;
	query_forget(query);
	/* Where libunbound is done with it, on_due() frees it. */
	if (query->state == QUERY_ASKED || query->state == QUERY_FAILING)
		abandon(query);
}

/* ---- life ---- */

struct validated *
validator_new(struct event_base *base, const struct conf *conf,
    const struct unbound_facts *library)
{
	struct validated *validator = calloc(1, sizeof(*validator));
	char why[ANCHORS_WHY_MAX];

	if (validator == NULL)
		return NULL;
	validator->base = base;
	validator->conf = conf;
	validator->zones_fd = -1;
	validator->library = library;
	validator->anchors =
	    anchors_load(conf->trust_anchor, conf->state_directory, why);
	if (validator->anchors == NULL) {
		log_error("validated: trust anchor %s", why);
		validator_free(validator);
		return NULL;
	}
	if (unbound_context_zones(conf, &validator->zones_fd) == -1) {
		validator_free(validator);
		return NULL;
	}
	validator->reaper = event_new(base, -1, 0, reap, validator);
	validator->renewer = event_new(base, -1, 0, on_renewer, validator);
	validator->crowded = event_new(base, -1, 0, on_renewer, validator);
	validator->trimmer = event_new(base, -1, 0, give_memory_back, NULL);
	if (validator->reaper == NULL || validator->renewer == NULL ||
	    validator->crowded == NULL || validator->trimmer == NULL ||
	    (validator->main = context_new(validator, KIND_SHARED, NULL)) ==
		NULL) {
		validator_free(validator);
		return NULL;
	}
	return validator;
}

void
validator_free(struct validated *validator)
{
	if (validator == NULL)
		return;
	for (struct context *context = validator->contexts; context != NULL;) {
		struct context *next = context->next;

		context_free(context);
		context = next;
	}
	if (validator->trimmer != NULL)
		event_free(validator->trimmer);
	if (validator->reaper != NULL)
		event_free(validator->reaper);
	if (validator->renewer != NULL)
		event_free(validator->renewer);
	if (validator->crowded != NULL)
		event_free(validator->crowded);
	if (validator->zones_fd != -1)
		close(validator->zones_fd);
	anchors_free(validator->anchors);
	free(validator);
}

const struct unbound_facts *
validator_library(const struct validated *validator)
{
	return validator->library;
}

struct validator_counts
validator_counts(const struct validated *validator)
{
	return (struct validator_counts){ .in_flight = validator->in_flight,
		.abandoned = validator->abandoned,
		.contexts = validator->contexts_of[KIND_SHARED] +
			    fresh_count(validator) +
			    validator->contexts_of[KIND_ROOT] };
}
