/* verdict.c - from evidence to verdict. */

#include "policy/verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/reason.h"
#include "dane/evidence.h"
#include "policy/nexthop.h"

const char *
verdict_rule_text(enum verdict_rule rule)
{
	static const char *const texts[] = {
		[VERDICT_RULE_NONE] = "no evidence",
		[VERDICT_RULE_MX_FAILED] = "MX lookup failed",
		[VERDICT_RULE_NOT_DELIVERABLE] = "no host to deliver to",
		[VERDICT_RULE_INSECURE_MX_MAY] = "MX insecure",
		[VERDICT_RULE_INSECURE_MX_UNKNOWN] =
		    "MX insecure, hosts unknown",
		[VERDICT_RULE_INSECURE_MX_ENCRYPT] =
		    "MX insecure, all hosts have TLSA",
		[VERDICT_RULE_COMPLETE] = "every host has usable TLSA",
		[VERDICT_RULE_USABLE] = "a host has usable TLSA",
		[VERDICT_RULE_ALL_FAILED] = "all hosts failed",
		[VERDICT_RULE_SOME_FAILED] = "some hosts failed",
		[VERDICT_RULE_TRUNCATED] = "more MX hosts than are looked at",
		[VERDICT_RULE_ALL_UNUSABLE] = "all hosts have unusable TLSA",
		[VERDICT_RULE_SOME_UNUSABLE] = "some hosts have unusable TLSA",
		[VERDICT_RULE_NO_DANE] = "no host has TLSA",
		[VERDICT_RULE_NO_LOOKUP] = "nothing to look up",
	};

	return texts[rule];
}

/* Counts of hosts by status.  Hosts without an address do not count: Postfix
 * can't deliver to them. */
struct tally {
	size_t deliverable, usable, unusable, failed;
};

static struct tally
count_hosts(const struct dane_evidence *evidence)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < evidence->host_count; i++) {
		switch (evidence->host[i].status) {
		case DANE_HOST_USABLE:
			tally.usable++;
			break;
		case DANE_HOST_UNUSABLE:
			tally.unusable++;
			break;
		case DANE_HOST_FAILED:
			tally.failed++;
			break;
		case DANE_HOST_ABSENT:
		case DANE_HOST_INSECURE:
			break;
		case DANE_HOST_NO_ADDRESS:
			continue;
		}
		tally.deliverable++;
	}
	return tally;
}

static enum tls_policy
no_dane_answer(const struct conf_profile *options, bool is_explicit)
{
	switch (is_explicit ? options->no_dane_explicit : options->no_dane) {
	case CONF_NO_DANE_MAY:
		return TLS_POLICY_MAY;
	case CONF_NO_DANE_ENCRYPT:
		return TLS_POLICY_ENCRYPT;
	case CONF_NO_DANE_NOTFOUND:
		return TLS_POLICY_NOTFOUND;
	}
	return TLS_POLICY_TEMP;
}

/*
 * With "dane", Postfix decides per host and delivers to hosts without TLSA at
 * level "may".  That is correct only if we would answer "may" for these hosts:
 * a dropped packet must not weaken a stricter level to "may".
 */
static enum tls_policy
dane_if_may(enum tls_policy no_dane, enum dns_security mx)
{
	if (no_dane == TLS_POLICY_MAY)
		return TLS_POLICY_DANE;
	return mx == DNS_SECURE ? TLS_POLICY_TEMP : no_dane;
}

static enum verdict_rule
rule_for_insecure_mx(const struct dane_evidence *evidence,
    const struct conf_profile *options, const struct tally *tally)
{
	if (options->insecure_mx == CONF_INSECURE_MX_MAY)
		return VERDICT_RULE_INSECURE_MX_MAY;
	if (evidence->mx == DANE_MX_NO_DATA ||
	    tally->failed == tally->deliverable)
		return VERDICT_RULE_INSECURE_MX_UNKNOWN;
	if (options->insecure_mx == CONF_INSECURE_MX_ENCRYPT &&
	    !evidence->truncated &&
	    tally->usable + tally->unusable == tally->deliverable)
		return VERDICT_RULE_INSECURE_MX_ENCRYPT;
	return VERDICT_RULE_NONE;
}

static enum verdict_rule
rule_for_hosts(const struct dane_evidence *evidence,
    const struct conf_profile *options, const struct tally *tally)
{
	if (tally->usable > 0) {
		const bool complete = tally->usable == tally->deliverable &&
				      !evidence->truncated &&
				      evidence->mx_security == DNS_SECURE;

		return complete && options->dane_only ==
				       CONF_DANE_ONLY_WHEN_COMPLETE
			   ? VERDICT_RULE_COMPLETE
			   : VERDICT_RULE_USABLE;
	}
	if (evidence->truncated)
		return VERDICT_RULE_TRUNCATED;
	if (tally->failed == tally->deliverable)
		return VERDICT_RULE_ALL_FAILED;
	if (tally->failed > 0)
		return VERDICT_RULE_SOME_FAILED;
	if (tally->unusable == tally->deliverable)
		return VERDICT_RULE_ALL_UNUSABLE;
	if (tally->unusable > 0)
		return VERDICT_RULE_SOME_UNUSABLE;
	return VERDICT_RULE_NO_DANE;
}

/* The first line of the table that matches. */
static enum verdict_rule
find_rule(const struct dane_evidence *evidence,
    const struct conf_profile *options, const struct tally *tally)
{
	enum verdict_rule rule;

	/* Data count only if their security status is known. */
	if (evidence->mx_security != DNS_SECURE &&
	    evidence->mx_security != DNS_INSECURE)
		return VERDICT_RULE_MX_FAILED;
	switch (evidence->mx) {
	case DANE_MX_FAILED:
		return VERDICT_RULE_MX_FAILED;
	case DANE_MX_NULL:
	case DANE_MX_NXDOMAIN:
		return VERDICT_RULE_NOT_DELIVERABLE;
	case DANE_MX_HOSTS:
		if (tally->deliverable == 0 && !evidence->truncated)
			return VERDICT_RULE_NOT_DELIVERABLE;
		break;
	case DANE_MX_NO_DATA:
		break;
	}
	if (evidence->mx_security == DNS_INSECURE) {
		rule = rule_for_insecure_mx(evidence, options, tally);
		if (rule != VERDICT_RULE_NONE)
			return rule;
	}
	return rule_for_hosts(evidence, options, tally);
}

static enum tls_policy
policy_for(enum verdict_rule rule, const struct dane_evidence *evidence,
    const struct tally *tally, enum tls_policy no_dane)
{
	switch (rule) {
	case VERDICT_RULE_NONE:
	case VERDICT_RULE_NO_LOOKUP:
	case VERDICT_RULE_MX_FAILED:
	case VERDICT_RULE_ALL_FAILED:
		return TLS_POLICY_TEMP;
	case VERDICT_RULE_NOT_DELIVERABLE:
	case VERDICT_RULE_INSECURE_MX_MAY:
	case VERDICT_RULE_NO_DANE:
		return no_dane;
	case VERDICT_RULE_INSECURE_MX_UNKNOWN:
		return dane_if_may(no_dane, evidence->mx_security);
	case VERDICT_RULE_SOME_FAILED:
	case VERDICT_RULE_TRUNCATED:
		/* The table says "dane" for an unusable set already. */
		if (tally->unusable > 0)
			return TLS_POLICY_DANE;
		return dane_if_may(no_dane, evidence->mx_security);
	case VERDICT_RULE_INSECURE_MX_ENCRYPT:
	case VERDICT_RULE_ALL_UNUSABLE:
		return TLS_POLICY_ENCRYPT;
	case VERDICT_RULE_COMPLETE:
		return TLS_POLICY_DANE_ONLY;
	case VERDICT_RULE_USABLE:
	case VERDICT_RULE_SOME_UNUSABLE:
		return TLS_POLICY_DANE;
	}
	return TLS_POLICY_TEMP;
}

/*
 * With carry, the reply is never "dane": a Postfix without DNSSEC treats it as
 * "may".  Either all that DANE requires is carried, or the reply is TEMP if
 * something is unknown, or carry-else applies.
 */
static void
carry(const struct dane_evidence *evidence, const struct conf_profile *options,
    const struct tally *tally, struct verdict *verdict)
{
	if (verdict->policy != TLS_POLICY_DANE &&
	    verdict->policy != TLS_POLICY_DANE_ONLY)
		return;
	if (carry_text(evidence, verdict->carried)) {
		verdict->policy = TLS_POLICY_FINGERPRINT;
		return;
	}
	verdict->carried[0] = '\0';
	if (tally->failed > 0 || evidence->truncated ||
	    verdict->rule == VERDICT_RULE_INSECURE_MX_UNKNOWN)
		verdict->policy = TLS_POLICY_TEMP;
	else if (options->carry_else == CONF_CARRY_ELSE_ENCRYPT)
		verdict->policy = TLS_POLICY_ENCRYPT;
	else
		verdict->policy = TLS_POLICY_DANE_ONLY;
}

/* Whether all hosts may have usable TLSA, but some have failed. */
static bool
is_short_of_complete(const struct dane_evidence *evidence,
    const struct conf_profile *options, const struct tally *tally)
{
	return options->dane_only == CONF_DANE_ONLY_WHEN_COMPLETE &&
	       evidence->mx_security == DNS_SECURE && !evidence->truncated &&
	       tally->failed > 0 &&
	       tally->usable + tally->failed == tally->deliverable;
}

/* How long the verdict may be cached, in seconds. */
static uint32_t
ttl_for(const struct verdict *verdict, const struct dane_evidence *evidence,
    const struct conf_profile *options, const struct tally *tally)
{
	uint32_t most = VERDICT_TTL_MAX;

	if (verdict->policy == TLS_POLICY_TEMP)
		return VERDICT_TTL_TEMP;
	if (verdict->rule == VERDICT_RULE_NOT_DELIVERABLE)
		most = VERDICT_TTL_NOT_DELIVERABLE;
	/* A verdict that depends on a failure expires as soon as the
	 * failure. */
	if (verdict->rule == VERDICT_RULE_INSECURE_MX_UNKNOWN ||
	    verdict->rule == VERDICT_RULE_SOME_FAILED ||
	    (verdict->rule == VERDICT_RULE_TRUNCATED && tally->failed > 0) ||
	    is_short_of_complete(evidence, options, tally))
		most = VERDICT_TTL_TEMP;
	return evidence->ttl < most ? evidence->ttl : most;
}

/* The text of the first failure, or NULL if there is none. */
static const char *
first_failure(const struct dane_evidence *evidence)
{
	if (evidence->mx_why != NULL)
		return evidence->mx_why;
	for (size_t i = 0; i < evidence->host_count; i++)
		if (evidence->host[i].status == DANE_HOST_FAILED)
			return evidence->host[i].why;
	return NULL;
}

/* The requested key, in the form that postdane explain accepts. */
static void
key_of(const struct dane_evidence *evidence, bool is_explicit, char *key,
    size_t size)
{
	char domain[VERDICT_WHY_MAX];

	log_printable(
	    domain, sizeof(domain), evidence->domain, strlen(evidence->domain));
	if (!is_explicit)
		snprintf(key, size, "%s", domain);
	else if (evidence->mx_lookup_count == 0)
		snprintf(key, size, "[%s]:%u", domain, evidence->port);
	else
		snprintf(key, size, "%s:%u", domain, evidence->port);
}

/* "DNS of …: what failed; run: postdane explain KEY".  The reason is shortened
 * to fit into what Postfix logs. */
static void
explain_temp(const struct dane_evidence *evidence, bool is_explicit,
    struct verdict *verdict)
{
	char reason[VERDICT_WHY_MAX], key[VERDICT_WHY_MAX + 8];
	char tail[VERDICT_WHY_MAX];
	const char *why = first_failure(evidence);
	const char *network = reason_of_network(why);
	size_t room; /* for the reason */

	/* A failure on our side: it says nothing about the domain. */
	if (network != NULL) {
		snprintf(verdict->why, sizeof(verdict->why),
		    "%.150s; run: postdane status", network);
		return;
	}
	key_of(evidence, is_explicit, key, sizeof(key));
	if (why != NULL)
		log_printable(reason, sizeof(reason), why, strlen(why));
	else
		snprintf(reason, sizeof(reason), "DNS of %.80s: %s", key,
		    verdict_rule_text(verdict->rule));
	snprintf(tail, sizeof(tail), "; run: postdane explain %.150s", key);
	room = sizeof(verdict->why) - 1 - strlen(tail);
	reason_fit(reason, room);
	memcpy(verdict->why, reason, strlen(reason));
	memcpy(verdict->why + strlen(reason), tail, strlen(tail) + 1);
}

void
verdict_decide(const struct dane_evidence *evidence,
    const struct conf_profile *options, bool is_explicit,
    struct verdict *verdict)
{
	struct tally tally;

	memset(verdict, 0, sizeof(*verdict));
	if (evidence == NULL) {
		verdict->ttl = VERDICT_TTL_TEMP;
		snprintf(verdict->why, sizeof(verdict->why),
		    "postdane: the evaluation was cut short");
		return;
	}
	tally = count_hosts(evidence);
	verdict->rule = find_rule(evidence, options, &tally);
	verdict->policy = policy_for(verdict->rule, evidence, &tally,
	    no_dane_answer(options, is_explicit));
	if (options->carry == CONF_CARRY_FINGERPRINT)
		carry(evidence, options, &tally, verdict);
	verdict->ttl = ttl_for(verdict, evidence, options, &tally);
	if (verdict->policy == TLS_POLICY_TEMP)
		explain_temp(evidence, is_explicit, verdict);
	else
		snprintf(verdict->why, sizeof(verdict->why), "%s",
		    verdict_rule_text(verdict->rule));
}

void
verdict_without_lookup(const struct nexthop *hop,
    const struct conf_profile *options, struct verdict *verdict)
{
	const enum conf_no_dane no_dane =
	    hop->is_explicit ? options->no_dane_explicit : options->no_dane;

	memset(verdict, 0, sizeof(*verdict));
	verdict->rule = VERDICT_RULE_NO_LOOKUP;
	snprintf(verdict->why, sizeof(verdict->why), "%s", hop->why);
	if (hop->kind != NEXTHOP_UNKNOWN)
		verdict->policy = TLS_POLICY_NOTFOUND;
	else if (no_dane == CONF_NO_DANE_MAY && options->carry == CONF_CARRY_NO)
		verdict->policy = TLS_POLICY_DANE;
}
