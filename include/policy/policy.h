/*
 * policy.h - from evidence to verdict (docs/design.md, "One next hop").
 *
 * A pure function: one line of the table there is one rule here, tried in that
 * order.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/carry.h"
#include "policy/tls_policy.h"

struct conf_profile;
struct dane_evidence;

/* The line of the table that decided. */
enum policy_rule {
	POLICY_RULE_NONE = 0, /* no evidence */
	POLICY_RULE_MX_FAILED,
	POLICY_RULE_NOT_DELIVERABLE, /* null MX, NXDOMAIN, no host has an
					address */
	POLICY_RULE_INSECURE_MX_MAY,
	POLICY_RULE_INSECURE_MX_UNKNOWN,
	POLICY_RULE_INSECURE_MX_ENCRYPT,
	POLICY_RULE_COMPLETE, /* every host usable, dane-only wanted */
	POLICY_RULE_USABLE,
	POLICY_RULE_ALL_FAILED,
	POLICY_RULE_SOME_FAILED,
	POLICY_RULE_TRUNCATED, /* hosts left out, none usable */
	POLICY_RULE_ALL_UNUSABLE,
	POLICY_RULE_SOME_UNUSABLE,
	POLICY_RULE_NO_DANE,
	POLICY_RULE_NO_LOOKUP /* the key is none that DNS could be asked of */
};

#define POLICY_WHY_MAX 201 /* 200 characters: all that smtp(8) logs */

struct policy_verdict {
	enum tls_policy policy;
	enum policy_rule rule;
	uint32_t ttl;                 /* seconds this may be remembered */
	char why[POLICY_WHY_MAX];     /* for TEMP: "DNS of example.org: … run:
				       * postdane explain example.org"; otherwise
				       * one line for the log.  Printable. */
	char carried[CARRY_TEXT_MAX]; /* with FINGERPRINT: all that Postfix is
				       * told; otherwise "" */
};

#define POLICY_TTL_MAX 3600 /* seconds */
#define POLICY_TTL_TEMP 5
#define POLICY_TTL_NOT_DELIVERABLE 60

/*
 * @evidence: NULL gives TEMP.
 * @is_explicit: the next hop had brackets or a port.
 */
void policy_decide(const struct dane_evidence *evidence,
    const struct conf_profile *options, bool is_explicit,
    struct policy_verdict *verdict);

/* One line for people: the rule in words. */
const char *policy_rule_text(enum policy_rule rule);

#endif /* POLICY_POLICY_H */
