/*
 * verdict.h - from evidence to verdict (docs/design.md, "One next hop").
 *
 * Pure functions.  Each line of the table there is one rule here, tried in the
 * same order.
 */
#ifndef POLICY_VERDICT_H
#define POLICY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/carry.h"
#include "policy/tls_policy.h"

struct conf_profile;
struct dane_evidence;
struct nexthop;

/* The line of the table that decided. */
enum verdict_rule {
	VERDICT_RULE_NONE = 0, /* no evidence */
	VERDICT_RULE_MX_FAILED,
	VERDICT_RULE_NOT_DELIVERABLE, /* null MX, NXDOMAIN, no host has an
				       * address */
	VERDICT_RULE_INSECURE_MX_MAY,
	VERDICT_RULE_INSECURE_MX_UNKNOWN,
	VERDICT_RULE_INSECURE_MX_ENCRYPT,
	VERDICT_RULE_COMPLETE, /* every host usable, dane-only configured */
	VERDICT_RULE_USABLE,
	VERDICT_RULE_ALL_FAILED,
	VERDICT_RULE_SOME_FAILED,
	VERDICT_RULE_TRUNCATED, /* hosts were left out, none of the others
				 * usable */
	VERDICT_RULE_ALL_UNUSABLE,
	VERDICT_RULE_SOME_UNUSABLE,
	VERDICT_RULE_NO_DANE,
	VERDICT_RULE_NO_LOOKUP /* the key cannot be looked up in DNS */
};

#define VERDICT_WHY_MAX 201 /* smtp(8) logs 200 characters */

struct verdict {
	enum tls_policy policy;
	enum verdict_rule rule;
	uint32_t ttl;              /* how long it may be cached, in seconds */
	char why[VERDICT_WHY_MAX]; /* for TEMP: "DNS of example.org: … run:
				    * postdane explain example.org"; otherwise
				    * one line for the log.  Printable. */
	char carried[CARRY_TEXT_MAX]; /* with FINGERPRINT: the complete reply to
				       * Postfix; otherwise "" */
};

#define VERDICT_TTL_MAX 3600 /* seconds */
#define VERDICT_TTL_TEMP 5
#define VERDICT_TTL_NOT_DELIVERABLE 60

/*
 * @evidence: NULL gives TEMP.
 * @is_explicit: the next hop had brackets or a port.
 */
void verdict_decide(const struct dane_evidence *evidence,
    const struct conf_profile *options, bool is_explicit,
    struct verdict *verdict);

/*
 * For a next hop that needs no lookup.  If Postfix may deliver but we can't
 * look up the name, Postfix decides by itself, with DANE.  This is allowed only
 * if we would otherwise answer "may", because "may" is what DANE applies to
 * hosts without TLSA.
 */
void verdict_without_lookup(const struct nexthop *hop,
    const struct conf_profile *options, struct verdict *verdict);

/* One line for display: the rule in words. */
const char *verdict_rule_text(enum verdict_rule rule);

#endif /* POLICY_VERDICT_H */
