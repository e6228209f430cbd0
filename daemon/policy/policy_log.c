/* policy_log.c - log lines about evaluations and verdicts. */

#include "policy/policy_log.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "dane/evidence.h"
#include "policy/nexthop.h"
#include "policy/verdict.h"

#define KEY_MAX 288
#define MAP_MAX 288

static const char *
cause_text(enum policy_log_cause cause)
{
	static const char *const texts[] = {
		[POLICY_LOG_CAUSE_QUESTION] = "",
		[POLICY_LOG_CAUSE_REFRESH] = " cause=refresh",
		[POLICY_LOG_CAUSE_WARM_UP] = " cause=warm-up",
	};

	return texts[cause];
}

void
policy_log_verdict(const char *key, const char *map,
    enum policy_log_cause cause, const struct verdict *verdict,
    const struct dane_evidence *evidence)
{
	const bool temp = verdict->policy == TLS_POLICY_TEMP;
	char key_text[KEY_MAX], map_text[MAP_MAX];
	size_t usable = 0;

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	for (size_t i = 0; evidence != NULL && i < evidence->host_count; i++)
		usable += evidence->host[i].status == DANE_HOST_USABLE;
	log_decision(
	    "policy: key=%s map=%s reply=\"%s%s%s\" rule=\"%s\" mx=%zu "
	    "usable=%zu rung=%s ttl=%u ms=%u%s",
	    log_value(key_text, sizeof(key_text), key, strlen(key)),
	    log_value(map_text, sizeof(map_text), map, strlen(map)),
	    tls_policy_text(verdict->policy), temp ? " " : "",
	    temp ? verdict->why : "", verdict_rule_text(verdict->rule),
	    evidence != NULL ? evidence->host_count : 0, usable,
	    answer_rung_text(evidence != NULL ? dane_evidence_rung(evidence)
					      : DNS_RUNG_NONE),
	    verdict->ttl, evidence != NULL ? evidence->ms : 0,
	    cause_text(cause));
}

void
policy_log_key(const char *key, size_t len, const char *map,
    const struct nexthop *hop, const char *reply)
{
	char text[KEY_MAX], name[MAP_MAX];

	log_value(text, sizeof(text), key, len);
	log_value(name, sizeof(name), map, strlen(map));
	if (hop->kind == NEXTHOP_NOTFOUND)
		log_debug("policy: key=%s map=%s reply=\"%s\": %s", text, name,
		    reply, hop->why);
	else
		log_decision("policy: key=%s map=%s reply=\"%s\": %s", text,
		    name, reply, hop->why);
}

void
policy_log_hit(const char *key, size_t len, const char *map, const char *reply,
    unsigned ttl)
{
	char text[KEY_MAX], name[MAP_MAX];

	log_debug("policy: key=%s map=%s reply=\"%s\" cached ttl=%u",
	    log_value(text, sizeof(text), key, len),
	    log_value(name, sizeof(name), map, strlen(map)), reply, ttl);
}

/* ---- weaker verdicts ---- */

static void
add(char text[POLICY_LOG_PROOF_MAX], size_t *at, const char *words)
{
	const size_t len = strnlen(words, POLICY_LOG_PROOF_MAX - 1 - *at);

	memcpy(text + *at, words, len);
	*at += len;
}

const char *
policy_log_proof(
    const struct dane_evidence *evidence, char text[POLICY_LOG_PROOF_MAX])
{
	char raw[POLICY_LOG_PROOF_MAX];
	size_t at = 0;

	add(raw, &at, "MX ");
	add(raw, &at, dane_mx_status_text(evidence->mx));
	add(raw, &at, " ");
	add(raw, &at, answer_security_text(evidence->mx_security));
	if (evidence->mx_lookup_count > 0 &&
	    evidence->mx_lookup[0].answer->proof != NULL) {
		add(raw, &at, ": ");
		add(raw, &at, evidence->mx_lookup[0].answer->proof);
	}
	for (size_t i = 0; i < evidence->host_count; i++) {
		const struct dane_host *host = &evidence->host[i];

		add(raw, &at, "; ");
		add(raw, &at, host->name);
		add(raw, &at, " ");
		add(raw, &at, dane_host_status_text(host->status));
		add(raw, &at, ": ");
		add(raw, &at, host->why != NULL ? host->why : "");
	}
	return log_printable(text, POLICY_LOG_PROOF_MAX, raw, at);
}

void
policy_log_weakened(const char *key, enum tls_policy before,
    const char *proof_before, enum tls_policy after, const char *proof)
{
	char text[KEY_MAX];

	log_warning("policy: key=%s weaker than before: \"%s\" (%s), now "
		    "\"%s\" (%s)",
	    log_value(text, sizeof(text), key, strlen(key)),
	    tls_policy_text(before), proof_before, tls_policy_text(after),
	    proof);
}
