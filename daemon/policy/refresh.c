/* refresh.c - evaluates what nobody waits for. */

#include "policy/refresh.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/stats.h"
#include "policy/evaluation.h"
#include "policy/nexthop.h"
#include "policy/verdict_store.h"
#include "policy/warm_up.h"

/* Evaluations at a time. */
#define REFRESHES_MAX 32
/* Cache entries freed at a time: well below a millisecond. */
#define SWEEP_MAX 1000
#define BUSY_FILE "busy-next-hops"

struct refresh {
	const struct conf *conf;
	struct stats *stats;
	struct evaluations *evaluations;
	struct verdict_store *verdicts;
	struct warm_up warm; /* evaluated when there is capacity */
	struct event *tick;
	bool is_stopped;
};

/* ---- evaluating ---- */

static void
evaluate_unasked(
    struct refresh *refresh, const char *key, enum policy_log_cause cause)
{
	char text[NEXTHOP_TEXT_MAX];
	struct verdict_cache_item verdict;
	struct nexthop hop;

	/* A list read from a file may contain anything. */
	nexthop_parse(key, strlen(key), refresh->conf->default_port, &hop);
	if (hop.kind != NEXTHOP_LOOKUP)
		return;
	nexthop_text(&hop, text);
	/* A client may have requested it meanwhile. */
	if (cause == POLICY_LOG_CAUSE_WARM_UP &&
	    verdict_store_peek(
		refresh->verdicts, text, strlen(text), "", &verdict))
		return;
	if (evaluations_begin(refresh->evaluations, &hop, text, cause) &&
	    cause == POLICY_LOG_CAUSE_REFRESH)
		stats_count(refresh->stats, STATS_REFRESH);
}

/* Returns false if there is nothing to do. */
static bool
evaluate_next(struct refresh *refresh, uint64_t now)
{
	struct verdict_cache *cache = verdict_store_cache(refresh->verdicts);
	char key[NEXTHOP_TEXT_MAX];
	const char *due;
	size_t len;

	if ((due = verdict_cache_due(cache, now, &len)) != NULL) {
		if (len < sizeof(key)) {
			memcpy(key, due, len);
			key[len] = '\0';
			evaluate_unasked(
			    refresh, key, POLICY_LOG_CAUSE_REFRESH);
		}
		return true;
	}
	if ((due = warm_up_take(&refresh->warm)) != NULL)
		evaluate_unasked(refresh, due, POLICY_LOG_CAUSE_WARM_UP);
	return due != NULL;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct refresh *refresh = arg;
	const uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	verdict_cache_sweep(
	    verdict_store_cache(refresh->verdicts), now, SWEEP_MAX);
	while (!refresh->is_stopped &&
	       evaluations_for_cache(refresh->evaluations) < REFRESHES_MAX &&
	       evaluate_next(refresh, now))
		;
}

void
refresh_stop(struct refresh *refresh)
{
	refresh->is_stopped = true;
}

/* ---- the busiest ---- */

/* Returns false if the path is too long or no state directory is configured. */
static bool
busy_path(const struct refresh *refresh, char *path, size_t size)
{
	const char *directory = refresh->conf->state_directory;

	return directory[0] != '\0' && (size_t)snprintf(path, size, "%s/%s",
					   directory, BUSY_FILE) < size;
}

static void
add_busy(void *arg, const char *key, size_t len)
{
	warm_up_add(arg, key, len);
}

/* Keys that are not evaluated yet remain in the list. */
static void
list_busiest(const struct refresh *refresh, struct warm_up *list)
{
	const struct warm_up *warm = &refresh->warm;

	verdict_cache_busiest(verdict_store_cache(refresh->verdicts),
	    WARM_UP_MAX, add_busy, list);
	for (size_t i = warm->next; i < warm->count; i++)
		warm_up_add(list, warm->key[i], strlen(warm->key[i]));
}

void
refresh_save(const struct refresh *refresh)
{
	struct warm_up list = { 0 };
	char path[PATH_MAX];

	if (!busy_path(refresh, path, sizeof(path)))
		return;
	list_busiest(refresh, &list);
	if (list.count > 0)
		warm_up_save(&list, path);
	warm_up_clear(&list);
}

void
refresh_load(struct refresh *refresh)
{
	char path[PATH_MAX];

	if (busy_path(refresh, path, sizeof(path)))
		warm_up_load(&refresh->warm, path);
}

void
refresh_follow(struct refresh *refresh, const struct refresh *former)
{
	list_busiest(former, &refresh->warm);
}

/* ---- create and free ---- */

struct refresh *
refresh_new(struct event_base *base, const struct conf *conf,
    struct stats *stats, struct evaluations *evaluations,
    struct verdict_store *verdicts)
{
	static const struct timeval tick = { 0, VERDICT_CACHE_TICK_MS * 1000 };
	struct refresh *refresh = calloc(1, sizeof(*refresh));

	if (refresh == NULL)
		return NULL;
	refresh->conf = conf;
	refresh->stats = stats;
	refresh->evaluations = evaluations;
	refresh->verdicts = verdicts;
	refresh->tick = event_new(base, -1, EV_PERSIST, on_tick, refresh);
	if (refresh->tick == NULL || event_add(refresh->tick, &tick) == -1) {
		refresh_free(refresh);
		return NULL;
	}
	return refresh;
}

void
refresh_free(struct refresh *refresh)
{
	if (refresh == NULL)
		return;
	if (refresh->tick != NULL)
		event_free(refresh->tick);
	warm_up_clear(&refresh->warm);
	free(refresh);
}
