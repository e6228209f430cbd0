/*
 * policy_log.h - log lines about evaluations and verdicts.
 */
#ifndef POLICY_POLICY_LOG_H
#define POLICY_POLICY_LOG_H

#include <stddef.h>

#include "policy/tls_policy.h"

struct dane_evidence;
struct nexthop;
struct verdict;

/* Why a next hop is evaluated. */
enum policy_log_cause {
	POLICY_LOG_CAUSE_QUESTION,
	POLICY_LOG_CAUSE_REFRESH, /* frequently used, and its verdict has
				   * expired */
	POLICY_LOG_CAUSE_WARM_UP  /* among the busiest of the previous run */
};

/* One line per evaluation.  @evidence may be NULL. */
void policy_log_verdict(const char *key, const char *map,
    enum policy_log_cause cause, const struct verdict *verdict,
    const struct dane_evidence *evidence);

/* A key that needs no lookup.  @key: @len octets. */
void policy_log_key(const char *key, size_t len, const char *map,
    const struct nexthop *hop, const char *reply);

/* A reply from the cache, at debug.  @key: @len octets. */
void policy_log_hit(const char *key, size_t len, const char *map,
    const char *reply, unsigned ttl);

/* What a verdict is based on, as one printable line: the MX lookup and the
 * hosts.  Returns @text. */
#define POLICY_LOG_PROOF_MAX 320
const char *policy_log_proof(
    const struct dane_evidence *evidence, char text[POLICY_LOG_PROOF_MAX]);

/* Logs that the new verdict of a next hop is weaker than the one before. */
void policy_log_weakened(const char *key, enum tls_policy before,
    const char *proof_before, enum tls_policy after, const char *proof);

#endif /* POLICY_POLICY_LOG_H */
