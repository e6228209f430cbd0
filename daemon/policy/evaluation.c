/* evaluation.c - the evaluations that run, and who waits for them. */

#include "policy/evaluation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/conf.h"
#include "base/hash.h"
#include "base/stats.h"
#include "dane/dane.h"
#include "dane/evidence.h"
#include "dns/lookup.h"
#include "policy/askers.h"
#include "policy/nexthop.h"
#include "policy/verdict.h"
#include "policy/verdict_store.h"

/* Concurrent evaluations for clients that have no reserved room left
 * (policy/askers.h); each is a few lookups. */
#define WITHOUT_ROOM_MAX 2000
#define MAP_MAX 256 /* octets of a map's name in the log, NUL included */

struct evaluation {
	struct evaluations *evaluations;
	struct dane *dane;
	struct evaluation_waiter *waiters;
	struct asker *asker; /* whose reserved room it uses, or NULL */
	enum policy_log_cause cause;
	char key[NEXTHOP_TEXT_MAX]; /* nexthop_text() */
	char map[MAP_MAX];          /* of the first waiter, for the log */
	const struct conf_profile *policy; /* likewise */
	bool is_explicit;
	bool is_alone;  /* for one waiter, and in no table */
	bool forgotten; /* the result is not cached */
	UT_hash_handle hh;
};

struct evaluations {
	struct evaluation_tools tools;
	struct askers *askers;
	struct evaluation *table; /* by key; without those that are alone */
	size_t for_cache;         /* begun for the cache */
};

/* ---- create and free ---- */

static void
evaluation_free(struct evaluation *evaluation)
{
	struct evaluations *evaluations = evaluation->evaluations;

	if (!evaluation->is_alone)
		HASH_DEL(evaluations->table, evaluation);
	if (evaluation->cause != POLICY_LOG_CAUSE_QUESTION)
		evaluations->for_cache--;
	if (evaluation->asker != NULL)
		askers_give_back(evaluations->askers, evaluation->asker);
	dane_cancel(evaluation->dane);
	free(evaluation);
}

/* Without reserved room, initially.  @key: NULL for one waiter alone. */
static struct evaluation *
evaluation_new(struct evaluations *evaluations, const struct nexthop *hop,
    const char *key, const char *map, enum policy_log_cause cause)
{
	struct evaluation *evaluation = calloc(1, sizeof(*evaluation));

	if (evaluation == NULL)
		return NULL;
	evaluation->evaluations = evaluations;
	evaluation->is_explicit = hop->is_explicit;
	evaluation->policy = conf_profile_for(evaluations->tools.conf, map);
	evaluation->cause = cause;
	evaluation->is_alone = key == NULL;
	snprintf(evaluation->map, sizeof(evaluation->map), "%s", map);
	if (key != NULL) {
		snprintf(evaluation->key, sizeof(evaluation->key), "%s", key);
		HASH_ADD_STR(evaluations->table, key, evaluation);
		if (evaluation->hh.tbl == NULL) { /* out of memory */
			free(evaluation);
			return NULL;
		}
	}
	evaluations->for_cache += cause != POLICY_LOG_CAUSE_QUESTION;
	return evaluation;
}

/* ---- the end ---- */

/* One at a time: a callback may make others leave. */
static void
tell_all(struct evaluation *evaluation, const struct dane_evidence *evidence)
{
	struct evaluation_waiter *waiter;
	struct verdict verdict;

	while ((waiter = evaluation->waiters) != NULL) {
		DL_DELETE(evaluation->waiters, waiter);
		verdict_decide(evidence, waiter->policy,
		    evaluation->is_explicit, &verdict);
		waiter->cb(waiter->arg, &verdict, evidence);
	}
}

static void
log_and_cache(
    struct evaluation *evaluation, const struct dane_evidence *evidence)
{
	struct verdict verdict;

	verdict_decide(
	    evidence, evaluation->policy, evaluation->is_explicit, &verdict);
	policy_log_verdict(evaluation->key, evaluation->map, evaluation->cause,
	    &verdict, evidence);
	if (evidence != NULL && !evaluation->forgotten)
		verdict_store_put(evaluation->evaluations->tools.verdicts,
		    evaluation->key, evaluation->is_explicit, evidence);
}

/* All that the verdict is made of is known. */
static void
conclude(struct evaluation *evaluation, const struct dane_evidence *evidence)
{
	if (!evaluation->is_alone)
		log_and_cache(evaluation, evidence);
	tell_all(evaluation, evidence);
	evaluation_free(evaluation);
}

/* ---- the beginning ---- */

static enum lookup_class
class_of(const struct evaluation *evaluation)
{
	if (evaluation->cause != POLICY_LOG_CAUSE_QUESTION)
		return LOOKUP_CLASS_REFRESH;
	return evaluation->asker != NULL || evaluation->is_alone
		   ? LOOKUP_CLASS_POLICY
		   : LOOKUP_CLASS_POLICY_MANY;
}

/* The evidence is gathered for the strictest profile. */
static bool
any_profile_looks_behind_insecure_mx(const struct conf *conf)
{
	if (conf->policy.insecure_mx != CONF_INSECURE_MX_MAY)
		return true;
	for (size_t i = 0; i < conf->map_count; i++)
		if (conf->maps[i].policy.insecure_mx != CONF_INSECURE_MX_MAY)
			return true;
	return false;
}

static void
on_evidence(void *arg, struct dane_evidence *evidence)
{
	struct evaluation *evaluation = arg;

	evaluation->dane = NULL;
	conclude(evaluation, evidence);
	dane_evidence_free(evidence);
}

static struct dane *
ask_dane(struct evaluation *evaluation, const struct nexthop *hop)
{
	const struct evaluation_tools *tools = &evaluation->evaluations->tools;
	const struct dane_question question = { .domain = hop->domain,
		.use_mx = hop->use_mx,
		.port = hop->port,
		.insecure_mx_hosts =
		    any_profile_looks_behind_insecure_mx(tools->conf),
		.deadline = tools->conf->evaluation_deadline,
		.class = class_of(evaluation) };

	return dane_evaluate(tools->base, tools->resolver, tools->checker,
	    &question, on_evidence, evaluation);
}

/* @evaluation: NULL, or taken over.  Returns NULL if it cannot start. */
static struct evaluation *
evaluation_start(struct evaluation *evaluation, const struct nexthop *hop)
{
	if (evaluation == NULL)
		return NULL;
	if ((evaluation->dane = ask_dane(evaluation, hop)) == NULL) {
		evaluation_free(evaluation);
		return NULL;
	}
	if (!evaluation->is_alone)
		stats_count(
		    evaluation->evaluations->tools.stats, STATS_EVALUATION);
	return evaluation;
}

/* NULL if there are too many. */
static struct evaluation *
begin_for(struct evaluations *evaluations, const struct nexthop *hop,
    const char *key, const char *map, const char *who)
{
	const size_t others = HASH_COUNT(evaluations->table) -
			      evaluations->for_cache -
			      askers_taken(evaluations->askers);
	struct asker *asker = askers_take(evaluations->askers, who);
	struct evaluation *evaluation;

	if (asker == NULL && others >= WITHOUT_ROOM_MAX)
		return NULL;
	evaluation = evaluation_new(
	    evaluations, hop, key, map, POLICY_LOG_CAUSE_QUESTION);
	if (evaluation != NULL)
		evaluation->asker = asker;
	else if (asker != NULL)
		askers_give_back(evaluations->askers, asker);
	return evaluation_start(evaluation, hop);
}

/*
 * An evaluation without reserved room restarts in that of @who, if there is
 * any.  Otherwise its lookups may be starved for as long as it exists, and the
 * client that started it would affect all clients that need the same next hop.
 */
static void
move_to(
    struct evaluation *evaluation, const struct nexthop *hop, const char *who)
{
	struct askers *askers = evaluation->evaluations->askers;
	struct dane *dane;

	if (class_of(evaluation) != LOOKUP_CLASS_POLICY_MANY ||
	    (evaluation->asker = askers_take(askers, who)) == NULL)
		return;
	if ((dane = ask_dane(evaluation, hop)) == NULL) {
		askers_give_back(askers, evaluation->asker);
		evaluation->asker = NULL;
		return;
	}
	dane_cancel(evaluation->dane);
	evaluation->dane = dane;
}

/* ---- who waits ---- */

static void
wait_for(struct evaluation *evaluation, const char *map,
    struct evaluation_waiter *waiter)
{
	waiter->evaluation = evaluation;
	waiter->policy =
	    conf_profile_for(evaluation->evaluations->tools.conf, map);
	DL_APPEND(evaluation->waiters, waiter);
}

bool
evaluations_join(struct evaluations *evaluations, const struct nexthop *hop,
    const char *key, const char *map, const char *who,
    struct evaluation_waiter *waiter)
{
	struct evaluation *evaluation;

	HASH_FIND_STR(evaluations->table, key, evaluation);
	stats_count(evaluations->tools.stats,
	    evaluation != NULL ? STATS_CACHE_JOINED : STATS_CACHE_MISS);
	if (evaluation != NULL)
		move_to(evaluation, hop, who);
	else
		evaluation = begin_for(evaluations, hop, key, map, who);
	if (evaluation == NULL)
		return false;
	wait_for(evaluation, map, waiter);
	return true;
}

bool
evaluations_join_alone(struct evaluations *evaluations,
    const struct nexthop *hop, const char *map,
    struct evaluation_waiter *waiter)
{
	struct evaluation *evaluation =
	    evaluation_start(evaluation_new(evaluations, hop, NULL, map,
				 POLICY_LOG_CAUSE_QUESTION),
		hop);

	if (evaluation == NULL)
		return false;
	wait_for(evaluation, map, waiter);
	return true;
}

void
evaluation_leave(struct evaluation_waiter *waiter)
{
	struct evaluation *evaluation = waiter->evaluation;

	DL_DELETE(evaluation->waiters, waiter);
	if (evaluation->is_alone)
		evaluation_free(evaluation);
}

/* ---- all ---- */

bool
evaluations_begin(struct evaluations *evaluations, const struct nexthop *hop,
    const char *key, enum policy_log_cause cause)
{
	struct evaluation *evaluation;

	HASH_FIND_STR(evaluations->table, key, evaluation);
	return evaluation == NULL &&
	       evaluation_start(
		   evaluation_new(evaluations, hop, key, "", cause), hop) !=
		   NULL;
}

size_t
evaluations_count(const struct evaluations *evaluations)
{
	return HASH_COUNT(evaluations->table);
}

size_t
evaluations_for_cache(const struct evaluations *evaluations)
{
	return evaluations->for_cache;
}

bool
evaluations_forget(struct evaluations *evaluations, const char *key)
{
	struct evaluation *evaluation, *next;
	bool found = false;

	HASH_ITER (hh, evaluations->table, evaluation, next)
		if (key == NULL || strcmp(evaluation->key, key) == 0)
			evaluation->forgotten = found = true;
	return found;
}

void
evaluations_end_unwatched(struct evaluations *evaluations)
{
	struct evaluation *evaluation, *next;

	HASH_ITER (hh, evaluations->table, evaluation, next)
		if (evaluation->waiters == NULL)
			evaluation_free(evaluation);
}

/* ---- create and free all ---- */

struct evaluations *
evaluations_new(const struct evaluation_tools *tools)
{
	struct evaluations *evaluations = calloc(1, sizeof(*evaluations));

	if (evaluations == NULL)
		return NULL;
	evaluations->tools = *tools;
	if ((evaluations->askers = askers_new()) == NULL) {
		free(evaluations);
		return NULL;
	}
	return evaluations;
}

void
evaluations_free(struct evaluations *evaluations)
{
	struct evaluation *evaluation, *next;

	if (evaluations == NULL)
		return;
	HASH_ITER (hh, evaluations->table, evaluation, next) {
		tell_all(evaluation, NULL);
		evaluation_free(evaluation);
	}
	askers_free(evaluations->askers);
	free(evaluations);
}
