/* policy_service.c - from a key to Postfix's TLS policy. */

#include "policy/policy_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/stats.h"
#include "dane/dane.h"
#include "dane/tlsa.h"
#include "dns/resolver.h"
#include "policy/nexthop.h"

/* Evaluations at a time; each is a few lookups. */
#define EVALUATIONS_MAX 2000

struct evaluation;

/* One question of one client, waiting for an evaluation. */
struct policy_request {
	struct evaluation *evaluation;
	policy_reply_cb cb;
	void *arg;
	const struct conf_policy *policy;
	struct policy_request *prev, *next;
};

/* One next hop being evaluated, for all who ask for it. */
struct evaluation {
	struct policy_service *service;
	struct dane *dane;
	struct policy_request *requests;
	char key[NEXTHOP_TEXT_MAX]; /* nexthop_text() */
	char map[POLICY_MAP_MAX];   /* of the first who asked, for the log */
	const struct conf_policy *policy; /* the same */
	bool is_explicit;
	UT_hash_handle hh;
};

/* An evaluation for one who wants to see everything. */
struct policy_explanation {
	struct policy_service *service;
	struct dane *dane;
	struct event *at_once; /* where there is nothing to look up */
	policy_explain_cb cb;
	void *arg;
	const struct conf_policy *policy;
	struct policy_verdict verdict; /* with at_once */
	bool is_explicit;
	struct policy_explanation *prev, *next;
};

struct policy_service {
	struct event_base *base;
	const struct conf *conf;
	struct resolver *resolver;
	struct stats *stats;
	struct tlsa_checker *checker;
	struct evaluation *evaluations; /* hash by key */
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
reply_from(const struct policy_verdict *verdict, struct policy_reply *reply)
{
	*reply = (struct policy_reply){ .policy = verdict->policy,
		.text = tls_policy_text(verdict->policy) };
	if (verdict->policy == TLS_POLICY_TEMP)
		reply->text = verdict->why;
	else if (verdict->policy == TLS_POLICY_FINGERPRINT)
		reply->text = verdict->carried;
}

/*
 * Keys that need no lookup.  Where Postfix may deliver and we can't look, it
 * decides by itself, with DANE; but only where "may" is what it would get from
 * us otherwise, because that is what DANE leaves hosts without TLSA at.
 */
static void
verdict_without_lookup(const struct nexthop *hop,
    const struct conf_policy *policy, struct policy_verdict *verdict)
{
	const enum conf_no_dane no_dane =
	    hop->is_explicit ? policy->no_dane_explicit : policy->no_dane;

	memset(verdict, 0, sizeof(*verdict));
	snprintf(verdict->why, sizeof(verdict->why), "%s", hop->why);
	if (hop->kind != NEXTHOP_UNKNOWN)
		verdict->policy = TLS_POLICY_NOTFOUND;
	else if (no_dane == CONF_NO_DANE_MAY && policy->carry == CONF_CARRY_NO)
		verdict->policy = TLS_POLICY_DANE;
}

static void
log_verdict(const struct evaluation *evaluation,
    const struct policy_verdict *verdict, const struct dane_evidence *evidence)
{
	char key[256], map[POLICY_MAP_MAX];
	size_t usable = 0;

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	for (size_t i = 0; evidence != NULL && i < evidence->host_count; i++)
		usable += evidence->host[i].status == DANE_HOST_USABLE;
	log_info("policy: key=%s map=%s reply=\"%s%s%s\" rule=\"%s\" mx=%zu "
		 "usable=%zu rung=%s ttl=%u ms=%u",
	    log_printable(
		key, sizeof(key), evaluation->key, strlen(evaluation->key)),
	    log_printable(
		map, sizeof(map), evaluation->map, strlen(evaluation->map)),
	    tls_policy_text(verdict->policy),
	    verdict->policy == TLS_POLICY_TEMP ? " " : "",
	    verdict->policy == TLS_POLICY_TEMP ? verdict->why : "",
	    policy_rule_text(verdict->rule),
	    evidence != NULL ? evidence->host_count : 0, usable,
	    dns_rung_text(evidence != NULL ? dane_evidence_rung(evidence)
					   : DNS_RUNG_NONE),
	    verdict->ttl, evidence != NULL ? evidence->ms : 0);
}

static void
log_key(const char *key, size_t len, const char *map, const struct nexthop *hop,
    const char *reply)
{
	char text[256], name[POLICY_MAP_MAX];

	log_printable(text, sizeof(text), key, len);
	log_printable(name, sizeof(name), map, strlen(map));
	if (hop->kind == NEXTHOP_NOTFOUND)
		log_debug("policy: key=%s map=%s reply=\"%s\": %s", text, name,
		    reply, hop->why);
	else
		log_info("policy: key=%s map=%s reply=\"%s\": %s", text, name,
		    reply, hop->why);
}

/* ---- evaluations ---- */

/* The evidence is gathered for the strictest profile there is. */
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
evaluate(struct policy_service *service, const struct nexthop *hop, dane_cb cb,
    void *arg)
{
	const struct dane_question question = { .domain = hop->domain,
		.use_mx = hop->use_mx,
		.port = hop->port,
		.insecure_mx_hosts =
		    any_profile_looks_behind_insecure_mx(service->conf),
		.deadline = service->conf->evaluation_deadline,
		.class = RESOLVER_CLASS_POLICY };

	return dane_evaluate(service->base, service->resolver, service->checker,
	    &question, cb, arg);
}

static void
answer_all(struct evaluation *evaluation, const struct dane_evidence *evidence)
{
	struct policy_request *request;
	struct policy_verdict verdict;
	struct policy_reply reply;

	/* One at a time: a callback may cancel others. */
	while ((request = evaluation->requests) != NULL) {
		DL_DELETE(evaluation->requests, request);
		policy_decide(evidence, request->policy,
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
	HASH_DEL(evaluation->service->evaluations, evaluation);
	dane_cancel(evaluation->dane);
	free(evaluation);
}

static void
on_evidence(void *arg, struct dane_evidence *evidence)
{
	struct evaluation *evaluation = arg;
	struct policy_verdict verdict;

	evaluation->dane = NULL;
	policy_decide(
	    evidence, evaluation->policy, evaluation->is_explicit, &verdict);
	log_verdict(evaluation, &verdict, evidence);
	answer_all(evaluation, evidence);
	evaluation_free(evaluation);
	dane_evidence_free(evidence);
}

static struct evaluation *
evaluation_start(struct policy_service *service, const struct nexthop *hop,
    const char *key, const char *map)
{
	struct evaluation *evaluation = calloc(1, sizeof(*evaluation));

	if (evaluation == NULL)
		return NULL;
	evaluation->service = service;
	evaluation->is_explicit = hop->is_explicit;
	evaluation->policy = conf_policy_for(service->conf, map);
	snprintf(evaluation->key, sizeof(evaluation->key), "%s", key);
	snprintf(evaluation->map, sizeof(evaluation->map), "%s", map);
	evaluation->dane = evaluate(service, hop, on_evidence, evaluation);
	if (evaluation->dane == NULL) {
		free(evaluation);
		return NULL;
	}
	stats_count(service->stats, STATS_EVALUATION);
	HASH_ADD_STR(service->evaluations, key, evaluation);
	if (evaluation->hh.tbl == NULL) { /* out of memory */
		dane_cancel(evaluation->dane);
		free(evaluation);
		return NULL;
	}
	return evaluation;
}

static struct policy_request *
join(struct evaluation *evaluation, const struct conf_policy *policy,
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

/* ---- asking ---- */

static struct policy_request *
ask_hop(struct policy_service *service, const struct nexthop *hop,
    const char *map, struct policy_reply *reply, policy_reply_cb cb, void *arg)
{
	static const char busy[] = "postdane: too many evaluations at once";
	static const char ending[] = "postdane: the daemon is ending";
	char key[NEXTHOP_TEXT_MAX];
	struct evaluation *evaluation;
	struct policy_request *request;

	if (service->ending) {
		*reply = (struct policy_reply){ .text = ending };
		return NULL;
	}
	nexthop_text(hop, key);
	HASH_FIND_STR(service->evaluations, key, evaluation);
	if (evaluation == NULL &&
	    HASH_COUNT(service->evaluations) < EVALUATIONS_MAX)
		evaluation = evaluation_start(service, hop, key, map);
	if (evaluation != NULL) {
		request = join(
		    evaluation, conf_policy_for(service->conf, map), cb, arg);
		if (request != NULL)
			return request;
	}
	*reply = (struct policy_reply){ .text = busy };
	return NULL;
}

/* What can be said of a key at once. */
static void
ask_without_lookup(struct policy_service *service, const struct nexthop *hop,
    const char *key, size_t key_len, const char *map,
    struct policy_reply *reply)
{
	struct policy_verdict verdict;

	verdict_without_lookup(
	    hop, conf_policy_for(service->conf, map), &verdict);
	log_key(key, key_len, map, hop,
	    hop->kind == NEXTHOP_BAD ? "error"
				     : tls_policy_text(verdict.policy));
	reply_from(&verdict, reply);
	if (hop->kind == NEXTHOP_BAD || verdict.policy == TLS_POLICY_TEMP)
		reply->text = hop->why;
	reply->bad = hop->kind == NEXTHOP_BAD;
}

struct policy_request *
policy_service_ask(struct policy_service *service, const char *key,
    size_t key_len, const char *map, struct policy_reply *reply,
    policy_reply_cb cb, void *arg)
{
	struct policy_request *request = NULL;
	struct nexthop hop;

	if (map == NULL)
		map = "";
	nexthop_parse(key, key_len, service->conf->default_port, &hop);
	if (hop.kind == NEXTHOP_LOOKUP)
		request = ask_hop(service, &hop, map, reply, cb, arg);
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
	struct policy_verdict verdict;
	const policy_explain_cb cb = explanation->cb;
	void *cb_arg = explanation->arg;

	policy_decide(
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
	const struct policy_verdict verdict = explanation->verdict;
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
		explanation->dane =
		    evaluate(service, hop, explain_evidence, explanation);
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
	    conf_policy_for(service->conf, map != NULL ? map : "");
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

/* ---- life ---- */

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
	if ((service->checker = tlsa_checker_new()) == NULL) {
		log_error("policy: OpenSSL has no DANE");
		free(service);
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
	HASH_ITER(hh, service->evaluations, evaluation, next)
	{
		answer_all(evaluation, NULL);
		evaluation_free(evaluation);
	}
	while (service->explanations != NULL)
		explanation_free(service->explanations);
	tlsa_checker_free(service->checker);
	free(service);
}
