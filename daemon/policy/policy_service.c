/* policy_service.c - from a key to Postfix's TLS policy. */

#include "policy/policy_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/stats.h"
#include "dane/tlsa.h"
#include "dns/resolver.h"
#include "policy/evaluation.h"
#include "policy/nexthop.h"
#include "policy/policy_log.h"
#include "policy/refresh.h"
#include "policy/verdict_store.h"

/* Cache entries freed at a time: well below a millisecond. */
#define SWEEP_MAX 1000
/* One request of one client, waiting for an evaluation. */
struct policy_request {
	struct evaluation_waiter waiter;
	struct stats *stats;
	policy_reply_cb cb;
	void *arg;
};

/* One request of postdane explain. */
struct policy_explanation {
	struct policy_service *service;
	struct evaluation_waiter waiter;
	struct event *at_once;  /* instead, if there is nothing to look up */
	struct verdict verdict; /* with at_once */
	policy_explain_cb cb;
	void *arg;
	struct policy_explanation *prev, *next;
};

struct policy_service {
	struct event_base *base;
	const struct conf *conf;
	struct resolver *resolver;
	struct stats *stats;
	struct tlsa_checker *checker;
	struct verdict_store *verdicts;
	struct evaluations *evaluations;
	struct refresh *refresh;
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

static void
on_verdict(void *arg, const struct verdict *verdict,
    const struct dane_evidence *evidence)
{
	struct policy_request *request = arg;
	struct policy_reply reply;

	(void)evidence;
	reply_from(verdict, &reply);
	count_reply(request->stats, &reply);
	request->cb(request->arg, &reply);
	free(request);
}

/* NULL if there are too many. */
static struct policy_request *
request_new(struct policy_service *service, const struct nexthop *hop,
    const char *key, const char *map, const char *who, policy_reply_cb cb,
    void *arg)
{
	struct policy_request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return NULL;
	*request = (struct policy_request){ .waiter = { .cb = on_verdict,
						.arg = request },
		.stats = service->stats,
		.cb = cb,
		.arg = arg };
	if (evaluations_join(
		service->evaluations, hop, key, map, who, &request->waiter))
		return request;
	free(request);
	return NULL;
}

static struct policy_request *
ask_hop(struct policy_service *service, const struct nexthop *hop,
    const char *map, const char *who, struct policy_reply *reply,
    policy_reply_cb cb, void *arg)
{
	static const char busy[] = "postdane: too many evaluations at once";
	static const char ending[] = "postdane: the daemon is ending";
	char key[NEXTHOP_TEXT_MAX];
	struct policy_request *request;

	nexthop_text(hop, key);
	if (answer_from_cache(service, key, strlen(key), map, reply))
		return NULL;
	if (service->ending) {
		*reply = (struct policy_reply){ .text = ending };
		return NULL;
	}
	request = request_new(service, hop, key, map, who, cb, arg);
	if (request == NULL)
		*reply = (struct policy_reply){ .text = busy };
	return request;
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
	evaluation_leave(&request->waiter);
	free(request);
}

/* ---- explaining ---- */

/* It waits no more. */
static void
explanation_free(struct policy_explanation *explanation)
{
	DL_DELETE(explanation->service->explanations, explanation);
	explanation->service->explanation_count--;
	if (explanation->at_once != NULL)
		event_free(explanation->at_once);
	free(explanation);
}

static void
explanation_cancel(struct policy_explanation *explanation)
{
	if (explanation->at_once == NULL)
		evaluation_leave(&explanation->waiter);
	explanation_free(explanation);
}

static void
explain_verdict(void *arg, const struct verdict *verdict,
    const struct dane_evidence *evidence)
{
	struct policy_explanation *explanation = arg;
	const policy_explain_cb cb = explanation->cb;
	void *cb_arg = explanation->arg;

	explanation_free(explanation);
	cb(cb_arg, verdict, evidence);
}

static void
explain_at_once(evutil_socket_t fd, short what, void *arg)
{
	const struct policy_explanation *explanation = arg;
	const struct verdict verdict = explanation->verdict;

	(void)fd;
	(void)what;
	explain_verdict(arg, &verdict, NULL);
}

static int
explanation_start(struct policy_explanation *explanation,
    const struct nexthop *hop, const char *map)
{
	struct policy_service *service = explanation->service;

	if (hop->kind == NEXTHOP_LOOKUP)
		return evaluations_join_alone(
			   service->evaluations, hop, map, &explanation->waiter)
			   ? 0
			   : -1;
	verdict_without_lookup(
	    hop, conf_profile_for(service->conf, map), &explanation->verdict);
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
	explanation->waiter = (struct evaluation_waiter){ .cb = explain_verdict,
		.arg = explanation };
	explanation->cb = cb;
	explanation->arg = arg;
	DL_APPEND(service->explanations, explanation);
	service->explanation_count++;
	if (explanation_start(explanation, &hop, map != NULL ? map : "") ==
	    -1) {
		explanation_free(explanation);
		return NULL;
	}
	return explanation;
}

void
policy_service_explain_cancel(struct policy_explanation *explanation)
{
	if (explanation != NULL)
		explanation_cancel(explanation);
}

/* ---- what is cached ---- */

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
policy_service_save_busiest(struct policy_service *service)
{
	refresh_save(service->refresh);
}

void
policy_service_load_busiest(struct policy_service *service)
{
	refresh_load(service->refresh);
}

void
policy_service_follow(
    struct policy_service *service, struct policy_service *former)
{
	refresh_follow(service->refresh, former->refresh);
}

bool
policy_service_retire(struct policy_service *service)
{
	struct verdict_cache *cache = verdict_store_cache(service->verdicts);

	service->ending = true;
	refresh_stop(service->refresh);
	evaluations_end_unwatched(service->evaluations);
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
	char text[NEXTHOP_TEXT_MAX];
	struct nexthop hop;
	bool found;

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
	found |=
	    evaluations_forget(service->evaluations, key != NULL ? text : NULL);
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

/* The parts in their order.  Returns -1 if one is missing. */
static int
make_parts(struct policy_service *service)
{
	service->checker = tlsa_checker_new();
	service->verdicts = verdict_store_new(service->conf, service->stats);
	if (service->checker == NULL || service->verdicts == NULL)
		return -1;
	service->evaluations =
	    evaluations_new(&(struct evaluation_tools){ .base = service->base,
		.conf = service->conf,
		.resolver = service->resolver,
		.checker = service->checker,
		.stats = service->stats,
		.verdicts = service->verdicts });
	if (service->evaluations == NULL)
		return -1;
	service->refresh = refresh_new(service->base, service->conf,
	    service->stats, service->evaluations, service->verdicts);
	return service->refresh != NULL ? 0 : -1;
}

struct policy_service *
policy_service_new(struct event_base *base, const struct conf *conf,
    struct resolver *resolver, struct stats *stats)
{
	struct policy_service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->base = base;
	service->conf = conf;
	service->resolver = resolver;
	service->stats = stats;
	if (make_parts(service) == -1) {
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
	return evaluations_count(service->evaluations) +
	       service->explanation_count;
}

void
policy_service_free(struct policy_service *service)
{
	if (service == NULL)
		return;
	service->ending = true;
	while (service->explanations != NULL)
		explanation_cancel(service->explanations);
	refresh_free(service->refresh);
	evaluations_free(service->evaluations);
	tlsa_checker_free(service->checker);
	verdict_store_free(service->verdicts);
	free(service);
}
