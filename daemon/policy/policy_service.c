/* policy_service.c - from a key to Postfix's TLS policy. */

#include "policy/policy_service.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/stats.h"
#include "dane/dane.h"
#include "dane/evidence.h"
#include "dane/tlsa.h"
#include "dns/resolver.h"
#include "policy/askers.h"
#include "policy/nexthop.h"
#include "policy/policy_log.h"
#include "policy/verdict_store.h"
#include "policy/warm_up.h"

/* Concurrent evaluations for clients that have no reserved room left
 * (policy/askers.h); each is a few lookups. */
#define EVALUATIONS_MAX 2000
/* Concurrent evaluations without a client: refreshes and the warm-up. */
#define REFRESHES_MAX 32
/* Cache entries freed at a time: well below a millisecond. */
#define SWEEP_MAX 1000
#define BUSY_FILE "busy-next-hops"

struct evaluation;

/* One request of one client, waiting for an evaluation. */
struct policy_request {
	struct evaluation *evaluation;
	policy_reply_cb cb;
	void *arg;
	const struct conf_profile *policy;
	struct policy_request *prev, *next;
};

/* One next hop being evaluated, for all clients that request it. */
struct evaluation {
	struct policy_service *service;
	struct dane *dane;
	struct policy_request *requests;
	struct asker *asker;        /* whose reserved room it uses, or NULL */
	char key[NEXTHOP_TEXT_MAX]; /* nexthop_text() */
	char map[POLICY_MAP_MAX];   /* of the first request, for the log */
	const struct conf_profile *policy; /* likewise */
	enum policy_log_cause cause;
	bool is_explicit;
	bool forgotten; /* the result is not cached */
	UT_hash_handle hh;
};

/* An evaluation for postdane explain. */
struct policy_explanation {
	struct policy_service *service;
	struct dane *dane;
	struct event *at_once; /* if there is nothing to look up */
	policy_explain_cb cb;
	void *arg;
	const struct conf_profile *policy;
	struct verdict verdict; /* with at_once */
	bool is_explicit;
	struct policy_explanation *prev, *next;
};

struct policy_service {
	struct event_base *base;
	const struct conf *conf;
	struct resolver *resolver;
	struct stats *stats;
	struct tlsa_checker *checker;
	struct verdict_store *verdicts;
	struct evaluation *evaluations; /* hash by key */
	size_t refreshes; /* evaluations that no client requested */
	struct askers *askers;
	struct warm_up warm; /* evaluated when there is capacity */
	struct event *tick;
	struct policy_explanation *explanations;
	size_t explanation_count;
	bool ending; /* no new evaluations */
};

/* ---- replies ---- */

static void
count_reply(struct stats *stats, const struct policy_reply *reply)
{
	static const enum stats_counter counters[] = {
		[TLS_POLICY_TEMP] = STATS_REPLY_TEMP,
		[TLS_POLICY_NOTFOUND] = STATS_REPLY_NOTFOUND,
		[TLS_POLICY_MAY] = STATS_REPLY_MAY,
		[TLS_POLICY_ENCRYPT] = STATS_REPLY_ENCRYPT,
		[TLS_POLICY_DANE] = STATS_REPLY_DANE,
		[TLS_POLICY_DANE_ONLY] = STATS_REPLY_DANE_ONLY,
		[TLS_POLICY_FINGERPRINT] = STATS_REPLY_FINGERPRINT,
	};

	stats_count(
	    stats, reply->bad ? STATS_REPLY_BAD : counters[reply->policy]);
}

static void
reply_from(const struct verdict *verdict, struct policy_reply *reply)
{
	*reply = (struct policy_reply){ .policy = verdict->policy,
		.text = tls_policy_text(verdict->policy) };
	if (verdict->policy == TLS_POLICY_TEMP)
		reply->text = verdict->why;
	else if (verdict->policy == TLS_POLICY_FINGERPRINT)
		reply->text = verdict->carried;
}

/* ---- evaluations ---- */

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

static struct dane *
evaluate(struct policy_service *service, const struct nexthop *hop,
    enum lookup_class class, dane_cb cb, void *arg)
{
	const struct dane_question question = { .domain = hop->domain,
		.use_mx = hop->use_mx,
		.port = hop->port,
		.insecure_mx_hosts =
		    any_profile_looks_behind_insecure_mx(service->conf),
		.deadline = service->conf->evaluation_deadline,
		.class = class };

	return dane_evaluate(service->base, service->resolver, service->checker,
	    &question, cb, arg);
}

static void
answer_all(struct evaluation *evaluation, const struct dane_evidence *evidence)
{
	struct policy_request *request;
	struct verdict verdict;
	struct policy_reply reply;

	/* One at a time: a callback may cancel other requests. */
	while ((request = evaluation->requests) != NULL) {
		DL_DELETE(evaluation->requests, request);
		verdict_decide(evidence, request->policy,
		    evaluation->is_explicit, &verdict);
		reply_from(&verdict, &reply);
		count_reply(evaluation->service->stats, &reply);
		request->cb(request->arg, &reply);
		free(request);
	}
}

static void
evaluation_free(struct evaluation *evaluation)
{
	struct policy_service *service = evaluation->service;

	HASH_DEL(service->evaluations, evaluation);
	if (evaluation->cause != POLICY_LOG_CAUSE_QUESTION)
		service->refreshes--;
	if (evaluation->asker != NULL)
		askers_give_back(service->askers, evaluation->asker);
	dane_cancel(evaluation->dane);
	free(evaluation);
}

static void
on_evidence(void *arg, struct dane_evidence *evidence)
{
	struct evaluation *evaluation = arg;
	struct verdict verdict;

	evaluation->dane = NULL;
	verdict_decide(
	    evidence, evaluation->policy, evaluation->is_explicit, &verdict);
	policy_log_verdict(evaluation->key, evaluation->map, evaluation->cause,
	    &verdict, evidence);
	if (evidence != NULL && !evaluation->forgotten)
		verdict_store_put(evaluation->service->verdicts,
		    evaluation->key, evaluation->is_explicit, evidence);
	answer_all(evaluation, evidence);
	evaluation_free(evaluation);
	dane_evidence_free(evidence);
}

static enum lookup_class
class_of(const struct evaluation *evaluation)
{
	if (evaluation->cause != POLICY_LOG_CAUSE_QUESTION)
		return LOOKUP_CLASS_REFRESH;
	return evaluation->asker != NULL ? LOOKUP_CLASS_POLICY
					 : LOOKUP_CLASS_POLICY_MANY;
}

/* Without reserved room, initially. */
static struct evaluation *
evaluation_new(struct policy_service *service, const struct nexthop *hop,
    const char *key, const char *map, enum policy_log_cause cause)
{
	struct evaluation *evaluation = calloc(1, sizeof(*evaluation));

	if (evaluation == NULL)
		return NULL;
	evaluation->service = service;
	evaluation->is_explicit = hop->is_explicit;
	evaluation->policy = conf_profile_for(service->conf, map);
	evaluation->cause = cause;
	snprintf(evaluation->key, sizeof(evaluation->key), "%s", key);
	snprintf(evaluation->map, sizeof(evaluation->map), "%s", map);
	HASH_ADD_STR(service->evaluations, key, evaluation);
	if (evaluation->hh.tbl == NULL) { /* out of memory */
		free(evaluation);
		return NULL;
	}
	service->refreshes += cause != POLICY_LOG_CAUSE_QUESTION;
	return evaluation;
}

/* @evaluation: NULL, or taken over.  Returns NULL if it cannot start. */
static struct evaluation *
evaluation_start(struct evaluation *evaluation, const struct nexthop *hop)
{
	if (evaluation == NULL)
		return NULL;
	evaluation->dane = evaluate(evaluation->service, hop,
	    class_of(evaluation), on_evidence, evaluation);
	if (evaluation->dane == NULL) {
		evaluation_free(evaluation);
		return NULL;
	}
	stats_count(evaluation->service->stats, STATS_EVALUATION);
	return evaluation;
}

static struct policy_request *
join(struct evaluation *evaluation, const struct conf_profile *policy,
    policy_reply_cb cb, void *arg)
{
	struct policy_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	*request = (struct policy_request){
		.evaluation = evaluation, .cb = cb, .arg = arg, .policy = policy
	};
	DL_APPEND(evaluation->requests, request);
	return request;
}

/* ---- requests ---- */

/* Answer from the cache.  @key: @len octets; found only in the form of
 * nexthop_text(). */
static bool
answer_from_cache(struct policy_service *service, const char *key, size_t len,
    const char *map, struct policy_reply *reply)
{
	struct verdict_cache_item verdict;

	if (!verdict_store_find(service->verdicts, key, len, map, &verdict))
		return false;
	*reply = (struct policy_reply){ .policy = verdict.policy,
		.text = verdict.text != NULL
			    ? verdict.text
			    : tls_policy_text(verdict.policy) };
	stats_count(service->stats, STATS_CACHE_HIT);
	if (log_wants(LOG_LEVEL_DEBUG))
		policy_log_hit(key, len, map, tls_policy_text(verdict.policy),
		    (unsigned)(verdict.ttl_ms / 1000));
	return true;
}

/* NULL if there are too many. */
static struct evaluation *
evaluation_begin(struct policy_service *service, const struct nexthop *hop,
    const char *key, const char *map, const char *who)
{
	const size_t others = HASH_COUNT(service->evaluations) -
			      service->refreshes -
			      askers_taken(service->askers);
	struct asker *asker = askers_take(service->askers, who);
	struct evaluation *evaluation;

	if (asker == NULL && others >= EVALUATIONS_MAX)
		return NULL;
	evaluation =
	    evaluation_new(service, hop, key, map, POLICY_LOG_CAUSE_QUESTION);
	if (evaluation != NULL)
		evaluation->asker = asker;
	else if (asker != NULL)
		askers_give_back(service->askers, asker);
	return evaluation_start(evaluation, hop);
}

/*
 * An evaluation without reserved room restarts in that of @who, if there is
 * any.  Otherwise its lookups may be starved for as long as it exists, and the
 * client that started it would affect all clients that need the same next hop.
 */
static void
evaluation_move(
    struct evaluation *evaluation, const struct nexthop *hop, const char *who)
{
	struct askers *askers = evaluation->service->askers;
	struct dane *dane;

	if (class_of(evaluation) != LOOKUP_CLASS_POLICY_MANY ||
	    (evaluation->asker = askers_take(askers, who)) == NULL)
		return;
	dane = evaluate(evaluation->service, hop, class_of(evaluation),
	    on_evidence, evaluation);
	if (dane == NULL) {
		askers_give_back(askers, evaluation->asker);
		evaluation->asker = NULL;
		return;
	}
	dane_cancel(evaluation->dane);
	evaluation->dane = dane;
}

/* The evaluation of a next hop that is not in the cache; NULL if there are too
 * many. */
static struct evaluation *
evaluation_for(struct policy_service *service, const struct nexthop *hop,
    const char *key, const char *map, const char *who)
{
	struct evaluation *evaluation;

	HASH_FIND_STR(service->evaluations, key, evaluation);
	stats_count(service->stats,
	    evaluation != NULL ? STATS_CACHE_JOINED : STATS_CACHE_MISS);
	if (evaluation == NULL)
		return evaluation_begin(service, hop, key, map, who);
	evaluation_move(evaluation, hop, who);
	return evaluation;
}

static struct policy_request *
ask_hop(struct policy_service *service, const struct nexthop *hop,
    const char *map, const char *who, struct policy_reply *reply,
    policy_reply_cb cb, void *arg)
{
	static const char busy[] = "postdane: too many evaluations at once";
	static const char ending[] = "postdane: the daemon is ending";
	char key[NEXTHOP_TEXT_MAX];
	struct evaluation *evaluation;
	struct policy_request *request;

	nexthop_text(hop, key);
	if (answer_from_cache(service, key, strlen(key), map, reply))
		return NULL;
	if (service->ending) {
		*reply = (struct policy_reply){ .text = ending };
		return NULL;
	}
	evaluation = evaluation_for(service, hop, key, map, who);
	if (evaluation != NULL) {
		request = join(
		    evaluation, conf_profile_for(service->conf, map), cb, arg);
		if (request != NULL)
			return request;
	}
	*reply = (struct policy_reply){ .text = busy };
	return NULL;
}

/* The reply to a key that needs no lookup. */
static void
ask_without_lookup(struct policy_service *service, const struct nexthop *hop,
    const char *key, size_t key_len, const char *map,
    struct policy_reply *reply)
{
	struct verdict verdict;

	verdict_without_lookup(
	    hop, conf_profile_for(service->conf, map), &verdict);
	policy_log_key(key, key_len, map, hop,
	    hop->kind == NEXTHOP_BAD ? "error"
				     : tls_policy_text(verdict.policy));
	reply_from(&verdict, reply);
	if (hop->kind == NEXTHOP_BAD || verdict.policy == TLS_POLICY_TEMP)
		reply->text = hop->why;
	reply->bad = hop->kind == NEXTHOP_BAD;
}

struct policy_request *
policy_service_ask(struct policy_service *service, const char *key,
    size_t key_len, const char *map, const char *who,
    struct policy_reply *reply, policy_reply_cb cb, void *arg)
{
	struct policy_request *request = NULL;
	struct nexthop hop;

	if (map == NULL)
		map = "";
	/* Most keys are in canonical form already. */
	if (answer_from_cache(service, key, key_len, map, reply)) {
		count_reply(service->stats, reply);
		return NULL;
	}
	nexthop_parse(key, key_len, service->conf->default_port, &hop);
	if (hop.kind == NEXTHOP_LOOKUP)
		request = ask_hop(service, &hop, map, who, reply, cb, arg);
	else
		ask_without_lookup(service, &hop, key, key_len, map, reply);
	if (request == NULL)
		count_reply(service->stats, reply);
	return request;
}

void
policy_service_cancel(struct policy_request *request)
{
	if (request == NULL)
		return;
	DL_DELETE(request->evaluation->requests, request);
	free(request);
}

/* ---- explaining ---- */

static void
explanation_free(struct policy_explanation *explanation)
{
	DL_DELETE(explanation->service->explanations, explanation);
	explanation->service->explanation_count--;
	dane_cancel(explanation->dane);
	if (explanation->at_once != NULL)
		event_free(explanation->at_once);
	free(explanation);
}

static void
explain_evidence(void *arg, struct dane_evidence *evidence)
{
	struct policy_explanation *explanation = arg;
	struct verdict verdict;
	const policy_explain_cb cb = explanation->cb;
	void *cb_arg = explanation->arg;

	verdict_decide(
	    evidence, explanation->policy, explanation->is_explicit, &verdict);
	explanation->dane = NULL;
	explanation_free(explanation);
	cb(cb_arg, &verdict, evidence);
	dane_evidence_free(evidence);
}

static void
explain_at_once(evutil_socket_t fd, short what, void *arg)
{
	struct policy_explanation *explanation = arg;
	const struct verdict verdict = explanation->verdict;
	const policy_explain_cb cb = explanation->cb;
	void *cb_arg = explanation->arg;

	(void)fd;
	(void)what;
	explanation_free(explanation);
	cb(cb_arg, &verdict, NULL);
}

static int
explanation_start(
    struct policy_explanation *explanation, const struct nexthop *hop)
{
	struct policy_service *service = explanation->service;

	if (hop->kind == NEXTHOP_LOOKUP) {
		explanation->dane = evaluate(service, hop, LOOKUP_CLASS_POLICY,
		    explain_evidence, explanation);
		return explanation->dane != NULL ? 0 : -1;
	}
	verdict_without_lookup(hop, explanation->policy, &explanation->verdict);
	explanation->at_once =
	    event_new(service->base, -1, 0, explain_at_once, explanation);
	if (explanation->at_once == NULL)
		return -1;
	event_active(explanation->at_once, EV_TIMEOUT, 0);
	return 0;
}

struct policy_explanation *
policy_service_explain(struct policy_service *service, const char *key,
    size_t key_len, const char *map, policy_explain_cb cb, void *arg)
{
	struct policy_explanation *explanation =
	    calloc(1, sizeof(*explanation));
	struct nexthop hop;

	if (explanation == NULL)
		return NULL;
	nexthop_parse(key, key_len, service->conf->default_port, &hop);
	explanation->service = service;
	explanation->cb = cb;
	explanation->arg = arg;
	explanation->is_explicit = hop.is_explicit;
	explanation->policy =
	    conf_profile_for(service->conf, map != NULL ? map : "");
	DL_APPEND(service->explanations, explanation);
	service->explanation_count++;
	if (explanation_start(explanation, &hop) == -1) {
		explanation_free(explanation);
		return NULL;
	}
	return explanation;
}

void
policy_service_explain_cancel(struct policy_explanation *explanation)
{
	if (explanation != NULL)
		explanation_free(explanation);
}

/* ---- refreshes and warm-up ---- */

static void
evaluate_unasked(struct policy_service *service, const char *key,
    enum policy_log_cause cause)
{
	char text[NEXTHOP_TEXT_MAX];
	struct verdict_cache_item verdict;
	struct evaluation *evaluation;
	struct nexthop hop;

	/* A list read from a file may contain anything. */
	nexthop_parse(key, strlen(key), service->conf->default_port, &hop);
	if (hop.kind != NEXTHOP_LOOKUP)
		return;
	nexthop_text(&hop, text);
	/* A client may have requested it meanwhile. */
	if (cause == POLICY_LOG_CAUSE_WARM_UP &&
	    verdict_store_peek(
		service->verdicts, text, strlen(text), "", &verdict))
		return;
	HASH_FIND_STR(service->evaluations, text, evaluation);
	if (evaluation == NULL &&
	    evaluation_start(
		evaluation_new(service, &hop, text, "", cause), &hop) != NULL &&
	    cause == POLICY_LOG_CAUSE_REFRESH)
		stats_count(service->stats, STATS_REFRESH);
}

/* Returns false if there is nothing to do. */
static bool
evaluate_next(struct policy_service *service, uint64_t now)
{
	struct verdict_cache *cache = verdict_store_cache(service->verdicts);
	char key[NEXTHOP_TEXT_MAX];
	const char *due;
	size_t len;

	if ((due = verdict_cache_due(cache, now, &len)) != NULL) {
		if (len < sizeof(key)) {
			memcpy(key, due, len);
			key[len] = '\0';
			evaluate_unasked(
			    service, key, POLICY_LOG_CAUSE_REFRESH);
		}
		return true;
	}
	if ((due = warm_up_take(&service->warm)) != NULL)
		evaluate_unasked(service, due, POLICY_LOG_CAUSE_WARM_UP);
	return due != NULL;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct policy_service *service = arg;
	const uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	verdict_cache_sweep(
	    verdict_store_cache(service->verdicts), now, SWEEP_MAX);
	while (!service->ending && service->refreshes < REFRESHES_MAX &&
	       evaluate_next(service, now))
		;
}

/* Returns false if the path is too long or no state directory is configured. */
static bool
busy_path(const struct policy_service *service, char *path, size_t size)
{
	const char *directory = service->conf->state_directory;

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
list_busiest(struct policy_service *service, struct warm_up *list)
{
	const struct warm_up *warm = &service->warm;

	verdict_cache_busiest(verdict_store_cache(service->verdicts),
	    WARM_UP_MAX, add_busy, list);
	for (size_t i = warm->next; i < warm->count; i++)
		warm_up_add(list, warm->key[i], strlen(warm->key[i]));
}

void
policy_service_save_busiest(struct policy_service *service)
{
	struct warm_up list = { 0 };
	char path[PATH_MAX];

	if (!busy_path(service, path, sizeof(path)))
		return;
	list_busiest(service, &list);
	if (list.count > 0)
		warm_up_save(&list, path);
	warm_up_clear(&list);
}

bool
policy_service_expects_dane(struct policy_service *service, const char *key)
{
	struct verdict_cache_item verdict;

	return verdict_store_peek(
		   service->verdicts, key, strlen(key), "", &verdict) &&
	       (verdict.policy == TLS_POLICY_DANE ||
		   verdict.policy == TLS_POLICY_DANE_ONLY);
}

struct export_job {
	struct policy_service *service;
	const char *map;
	policy_export_cb cb;
	void *arg;
};

static void
export_one(void *arg, const char *key, size_t len)
{
	const struct export_job *job = arg;
	struct verdict_cache_item verdict;

	if (!verdict_store_peek(
		job->service->verdicts, key, len, job->map, &verdict) ||
	    verdict.policy == TLS_POLICY_TEMP ||
	    verdict.policy == TLS_POLICY_NOTFOUND)
		return;
	job->cb(job->arg, key, len,
	    verdict.text != NULL ? verdict.text
				 : tls_policy_text(verdict.policy));
}

void
policy_service_export(struct policy_service *service, const char *map,
    policy_export_cb cb, void *arg)
{
	struct export_job job = {
		.service = service, .map = map, .cb = cb, .arg = arg
	};

	verdict_cache_busiest(
	    verdict_store_cache(service->verdicts), SIZE_MAX, export_one, &job);
}

void
policy_service_load_busiest(struct policy_service *service)
{
	char path[PATH_MAX];

	if (busy_path(service, path, sizeof(path)))
		warm_up_load(&service->warm, path);
}

void
policy_service_follow(
    struct policy_service *service, struct policy_service *former)
{
	list_busiest(former, &service->warm);
}

bool
policy_service_retire(struct policy_service *service)
{
	struct verdict_cache *cache = verdict_store_cache(service->verdicts);
	struct evaluation *evaluation, *next;

	service->ending = true;
	HASH_ITER (hh, service->evaluations, evaluation, next)
		if (evaluation->requests == NULL)
			evaluation_free(evaluation);
	verdict_cache_clear(cache);
	verdict_cache_sweep(cache, clock_ms(), SWEEP_MAX);
	return policy_service_in_flight(service) == 0 &&
	       verdict_cache_count(cache) == 0;
}

enum policy_flush
policy_service_flush(
    struct policy_service *service, const char *key, size_t len)
{
	struct verdict_cache *cache = verdict_store_cache(service->verdicts);
	struct evaluation *evaluation, *next;
	char text[NEXTHOP_TEXT_MAX];
	struct nexthop hop;
	bool found = false;

	if (key != NULL) {
		nexthop_parse(key, len, service->conf->default_port, &hop);
		if (hop.kind != NEXTHOP_LOOKUP)
			return POLICY_FLUSH_NOTHING;
		nexthop_text(&hop, text);
		found = verdict_cache_remove(cache, text, strlen(text));
	} else {
		found = verdict_cache_count(cache) > 0;
		verdict_cache_clear(cache);
	}
	/* Evaluations in progress are based on the data to be dropped. */
	HASH_ITER (hh, service->evaluations, evaluation, next)
		if (key == NULL || strcmp(evaluation->key, text) == 0) {
			evaluation->forgotten = true;
			found = true;
		}
	if (resolver_forget(service->resolver) == -1)
		return POLICY_FLUSH_FAILED;
	return found ? POLICY_FLUSH_DONE : POLICY_FLUSH_NOTHING;
}

size_t
policy_service_cache_entries(const struct policy_service *service)
{
	return verdict_cache_count(verdict_store_cache(service->verdicts));
}

size_t
policy_service_cache_bytes(const struct policy_service *service)
{
	return verdict_cache_bytes(verdict_store_cache(service->verdicts));
}

/* ---- create and free ---- */

struct policy_service *
policy_service_new(struct event_base *base, const struct conf *conf,
    struct resolver *resolver, struct stats *stats)
{
	static const struct timeval tick = { 0, VERDICT_CACHE_TICK_MS * 1000 };
	struct policy_service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->base = base;
	service->conf = conf;
	service->resolver = resolver;
	service->stats = stats;
	service->checker = tlsa_checker_new();
	service->askers = askers_new();
	service->verdicts = verdict_store_new(conf, stats);
	service->tick = event_new(base, -1, EV_PERSIST, on_tick, service);
	if (service->checker == NULL || service->askers == NULL ||
	    service->verdicts == NULL || service->tick == NULL ||
	    event_add(service->tick, &tick) == -1) {
		log_error("policy: %s", service->checker == NULL
					    ? "OpenSSL has no DANE"
					    : "out of memory");
		policy_service_free(service);
		return NULL;
	}
	return service;
}

size_t
policy_service_in_flight(const struct policy_service *service)
{
	return HASH_COUNT(service->evaluations) + service->explanation_count;
}

void
policy_service_free(struct policy_service *service)
{
	struct evaluation *evaluation, *next;

	if (service == NULL)
		return;
	service->ending = true;
	HASH_ITER (hh, service->evaluations, evaluation, next) {
		answer_all(evaluation, NULL);
		evaluation_free(evaluation);
	}
	while (service->explanations != NULL)
		explanation_free(service->explanations);
	askers_free(service->askers);
	tlsa_checker_free(service->checker);
	if (service->tick != NULL)
		event_free(service->tick);
	verdict_store_free(service->verdicts);
	warm_up_clear(&service->warm);
	free(service);
}
