/* proof.c - the proof of insecurity: sends the queries. */

#include "dns/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/timer.h"
#include "dns/budget.h"
#include "dns/packet.h"
#include "dns/validator.h"
#include "dns/zones.h"

/* When the CNAME of the name is queried, in milliseconds; at once, where the
 * proof has ended without success by then. */
#define ALIAS_MS 50
/* When the DNAME at the apex of the last signed zone is queried beside a DS
 * query without an answer, which may be following it to silent servers.  A
 * healthy zone answers before. */
#define APEX_MS 1000

/* The DS queries, from the root down: only change_way() changes it. */
enum way {
	WAY_STARTING = 0, /* no query has been sent */
	WAY_DS,           /* the DS of an ancestor, or of the name */
	WAY_DNAME,        /* the DNAME of an ancestor, whose bit map has one */
	WAY_APEX,         /* the DNAME at the apex, which a DS answer showed */
	WAY_ENDED
};

/* The CNAME of the name: only change_alias() changes it. */
enum alias { ALIAS_LATER = 0, ALIAS_ASKED, ALIAS_KNOWN };

/* The DNAME at the apex of the last signed zone, which no bit map shows on the
 * way: only change_apex() changes it. */
enum apex { APEX_LATER = 0, APEX_ASKED, APEX_KNOWN };

/*
 *  STARTING  until the loop runs      -> DS of the TLD; ENDED for the root;
 *                                        a configured zone: over, proven
 *  DS        one label deeper         -> DS: a signed cut, or none; DNAME;
 *                                        APEX; ENDED: proven or not, no such
 *                                        name, signed, failed, out of queries
 *                                        or of budget
 *  DNAME                              -> over: an alias, or too long; else DS
 *  APEX      until it is KNOWN        -> DS
 *  ENDED     with proven: over; every other end waits for the alias, and for
 *            the apex while that is ASKED
 *
 *  alias:
 *  LATER     for ALIAS_MS             -> ASKED, by ENDED at once
 *  ASKED     the CNAME query is out   -> over: a secure alias; else KNOWN
 *  KNOWN     it is none, or the root, or the query was not possible
 *
 *  apex:
 *  LATER     a DS query has taken APEX_MS, or has failed, or its answer shows
 *            a DNAME at the apex      -> ASKED; KNOWN: not possible
 *  ASKED     the DNAME query is out   -> over: an alias, or too long; else
 *                                        KNOWN
 *  KNOWN     a deeper signed cut      -> LATER
 *
 * It is over where ENDED meets a KNOWN alias and no query for the apex, and
 * after PROOF_SECONDS_MAX.
 */
struct proof {
	struct validated *validator;
	struct budget *budget;
	enum proof_caches caches;
	proof_cb cb;
	void *arg;
	enum way way;
	enum alias alias;
	enum apex apex;
	struct timer *timer; /* STARTING: begin; then the time limit */
	struct timer *alias_timer;
	struct timer *apex_timer; /* with DS, and LATER */

	char name[DOMAIN_TEXT_MAX];
	unsigned labels; /* of the ancestor whose DS is being queried */
	unsigned asked;
	char zone[DOMAIN_TEXT_MAX];    /* the last signed zone */
	struct validator_query *step;  /* with DS and DNAME */
	struct validator_query *cname; /* with ALIAS_ASKED */
	struct validator_query *dname; /* with APEX_ASKED */
	uint32_t ttl;
	enum proof_outcome outcome; /* with ENDED */
	enum proof_judge_reason reason;
	char why[256];
};

static const char *
current(const struct proof *proof)
{
	return domain_ancestor(proof->name, proof->labels);
}

static void
proof_free(struct proof *proof)
{
	validator_cancel(proof->step);
	validator_cancel(proof->cname);
	validator_cancel(proof->dname);
	timer_free(proof->timer);
	timer_free(proof->alias_timer);
	timer_free(proof->apex_timer);
	free(proof);
}

/* The time limit begins with the first query. */
static void
change_way(struct proof *proof, enum way way)
{
	if (proof->way == WAY_STARTING)
		timer_in_ms(proof->timer, PROOF_SECONDS_MAX * 1000);
	proof->way = way;
	if (way == WAY_DS && proof->apex == APEX_LATER &&
	    strcmp(proof->zone, ".") != 0)
		timer_in_ms(proof->apex_timer, APEX_MS);
	else
		timer_stop(proof->apex_timer);
}

static void
change_alias(struct proof *proof, enum alias alias)
{
	proof->alias = alias;
	if (alias == ALIAS_LATER)
		timer_in_ms(proof->alias_timer, ALIAS_MS);
	else
		timer_stop(proof->alias_timer);
}

static void
change_apex(struct proof *proof, enum apex apex)
{
	proof->apex = apex;
	if (apex != APEX_ASKED) {
		validator_cancel(proof->dname);
		proof->dname = NULL;
	}
	timer_stop(proof->apex_timer);
}

static void
finish(struct proof *proof, enum proof_outcome outcome, const char *cut)
{
	const struct proof_result result = { .outcome = outcome,
		.reason = proof->reason,
		.cut = cut,
		.zone = proof->zone,
		.ttl = proof->ttl,
		.why = proof->why };

	proof->cb(proof->arg, &result);
	proof_free(proof);
}

/* @from: the result that shows it. */
static void
finish_alias(struct proof *proof, enum proof_outcome outcome, const char *cut,
    const char *target, const struct validator_result *from, bool dname)
{
	const struct proof_result result = { .outcome = outcome,
		.reason = proof->reason,
		.cut = cut,
		.zone = proof->zone,
		.target = target,
		.packet = from->packet,
		.len = from->len,
		.dname = dname,
		.ttl = proof->ttl,
		.why = proof->why };

	proof->cb(proof->arg, &result);
	proof_free(proof);
}

static struct validator_query *
ask(struct proof *proof, const char *name, uint16_t type, validator_cb cb)
{
	switch (proof->caches) {
	case PROOF_CACHES_OF_ALL:
		break;
	case PROOF_CACHES_FRESH:
		return validator_ask(
		    proof->validator, name, type, proof->name, NULL, cb, proof);
	case PROOF_CACHES_DOUBTED:
		return validator_ask_doubted(
		    proof->validator, name, type, proof->name, cb, proof);
	}
	return validator_ask(
	    proof->validator, name, type, NULL, proof->budget, cb, proof);
}

static void ask_alias(void *arg);

static void
finish_if_known(struct proof *proof)
{
	if (proof->way == WAY_ENDED && proof->alias == ALIAS_KNOWN &&
	    proof->apex != APEX_ASKED)
		finish(proof, proof->outcome, current(proof));
}

/* PROVEN stands by itself; every other outcome waits for the CNAME, which may
 * still show that the name is an alias. */
static void
end(struct proof *proof, enum proof_outcome outcome)
{
	change_way(proof, WAY_ENDED);
	proof->outcome = outcome;
	if (outcome == PROOF_PROVEN) {
		finish(proof, outcome, current(proof));
		return;
	}
	ask_alias(proof);
	finish_if_known(proof);
}

static void ask_next(struct proof *proof);

static void
fail(struct proof *proof, const char *type, const char *reason)
{
	char text[160];

	snprintf(proof->why, sizeof(proof->why), "%s of %.80s: %s", type,
	    current(proof),
	    log_printable(text, sizeof(text), reason, strlen(reason)));
	end(proof, PROOF_FAILED);
}

static void
keep_ttl(
    struct proof *proof, uint32_t ttl, const struct validator_result *result)
{
	if (ttl < proof->ttl)
		proof->ttl = ttl;
	if (result->security == DNS_SECURE && result->lifetime < proof->ttl)
		proof->ttl = result->lifetime;
}

/* A secure DNAME at the ancestor @at: continue with the synthesized name.
 * Returns true where that ends the proof. */
static bool
use_dname(
    struct proof *proof, const char *at, const struct validator_result *result)
{
	char target[DOMAIN_TEXT_MAX] = "", becomes[DOMAIN_TEXT_MAX];
	struct packet_facts facts;
	ldns_pkt *packet = NULL;
	bool found = false, is_too_long = false;

	budget_pay(proof->budget, result->hashing, result->spent);
	if (result->answered && result->security == DNS_SECURE &&
	    (packet = packet_parse(result->packet, result->len)) != NULL &&
	    packet_facts(packet, at, DNS_TYPE_DNAME, &facts) == 0) {
		/* An ancestor that is an alias has the DNAME of another
		 * zone. */
		found =
		    facts.aliases == 0 && facts.rdata_count == 1 &&
		    domain_from_wire(
			facts.rdata[0].data, facts.rdata[0].len, target) != 0 &&
		    packet_substitute(proof->name, at, target, becomes) == 0;
		is_too_long =
		    facts.rdata_count == 1 && !found && target[0] != '\0';
		keep_ttl(proof, facts.ttl, result);
		packet_facts_clear(&facts);
	}
	ldns_pkt_free(packet);
	if (found)
		finish_alias(proof, PROOF_ALIAS, at, becomes, result, true);
	else if (is_too_long)
		finish_alias(proof, PROOF_TOO_LONG, at, NULL, result, true);
	return found || is_too_long;
}

static void
on_dname(void *arg, const struct validator_result *result)
{
	struct proof *proof = arg;

	proof->step = NULL;
	if (!use_dname(proof, current(proof), result))
		ask_next(proof);
}

/* An ancestor's type bit map has DNAME.  A DNAME at the name itself does not
 * redirect it. */
static bool
ask_dname(struct proof *proof)
{
	if (proof->labels >= domain_labels(proof->name) ||
	    ++proof->asked > PROOF_QUESTIONS_MAX)
		return false;
	proof->step = ask(proof, current(proof), DNS_TYPE_DNAME, on_dname);
	if (proof->step != NULL)
		change_way(proof, WAY_DNAME);
	return proof->step != NULL;
}

static void
on_apex(void *arg, const struct validator_result *result)
{
	struct proof *proof = arg;

	proof->dname = NULL;
	change_apex(proof, APEX_KNOWN);
	if (use_dname(proof, proof->zone, result))
		return;
	if (proof->way == WAY_APEX)
		ask_next(proof);
	else
		finish_if_known(proof);
}

/* The apex of a signed zone has a DS, so that no bit map on the way shows a
 * DNAME there; the DS of what is below follows it. */
static void
ask_apex(void *arg)
{
	struct proof *proof = arg;

	if (proof->apex != APEX_LATER || strcmp(proof->zone, ".") == 0)
		return;
	if (budget_may_ask(proof->budget) &&
	    ++proof->asked <= PROOF_QUESTIONS_MAX)
		proof->dname = ask(proof, proof->zone, DNS_TYPE_DNAME, on_apex);
	change_apex(proof, proof->dname != NULL ? APEX_ASKED : APEX_KNOWN);
}

/* Returns true where the DNAME is waited for. */
static bool
await_apex(struct proof *proof)
{
	ask_apex(proof);
	if (proof->apex != APEX_ASKED)
		return false;
	change_way(proof, WAY_APEX);
	return true;
}

static void
act(struct proof *proof, const struct proof_judge_finding *finding,
    const struct validator_result *result)
{
	keep_ttl(proof, finding->ttl, result);
	proof->reason = finding->reason;
	switch (finding->verdict) {
	case PROOF_JUDGE_FAILED:
		if (finding->why == NULL) /* not for our own budget's sake */
			ask_apex(proof);
		fail(proof, "DS",
		    finding->why != NULL  ? finding->why
		    : result->why != NULL ? result->why
					  : "not to be read");
		break;
	case PROOF_JUDGE_SIGNED:
		snprintf(
		    proof->zone, sizeof(proof->zone), "%s", current(proof));
		change_apex(proof, APEX_LATER);
		ask_next(proof);
		break;
	case PROOF_JUDGE_NO_CUT:
		if (!(finding->dname && ask_dname(proof)) &&
		    !(finding->dname_at_apex && await_apex(proof)))
			ask_next(proof);
		break;
	case PROOF_JUDGE_NO_NAME:
		end(proof, PROOF_NO_NAME);
		break;
	case PROOF_JUDGE_PROVEN:
		end(proof, PROOF_PROVEN);
		break;
	case PROOF_JUDGE_PROVEN_NXDOMAIN:
		end(proof, PROOF_PROVEN_NXDOMAIN);
		break;
	case PROOF_JUDGE_UNEXPLAINED:
		snprintf(proof->why, sizeof(proof->why),
		    "DS of %.80s is insecure without a reason%s%s",
		    current(proof), finding->why != NULL ? ": " : "",
		    finding->why != NULL ? finding->why : "");
		end(proof, PROOF_UNEXPLAINED);
		break;
	}
}

static void
on_ds(void *arg, const struct validator_result *result)
{
	struct proof *proof = arg;
	struct proof_judge_finding finding;
	ldns_pkt *packet = NULL;

	proof->step = NULL;
	if (!budget_pay(proof->budget, result->hashing, result->spent)) {
		fail(proof, "DS", budget_text(proof->budget));
		return;
	}
	if (result->answered)
		packet = packet_parse(result->packet, result->len);
	proof_judge(&(struct proof_judge_question){ .name = current(proof),
			.signed_zone = proof->zone,
			.packet = packet,
			.security = result->security,
			.budget = proof->budget,
			.library = validator_library(proof->validator) },
	    &finding);
	ldns_pkt_free(packet);
	act(proof, &finding, result);
}

static void
ask_next(struct proof *proof)
{
	if (proof->labels == domain_labels(proof->name)) {
		end(proof, PROOF_SIGNED);
		return;
	}
	proof->labels++;
	if (!budget_may_ask(proof->budget)) {
		fail(proof, "DS", budget_text(proof->budget));
		return;
	}
	if (++proof->asked > PROOF_QUESTIONS_MAX) {
		fail(proof, "DS", "too many questions on the way to the name");
		return;
	}
	change_way(proof, WAY_DS);
	proof->step = ask(proof, current(proof), DNS_TYPE_DS, on_ds);
	if (proof->step == NULL)
		fail(proof, "DS", "can't be asked");
}

/* Only a secure CNAME counts: below a DNAME it is even bogus. */
static void
on_cname(void *arg, const struct validator_result *result)
{
	struct proof *proof = arg;
	char target[DOMAIN_TEXT_MAX];
	struct packet_facts facts;
	ldns_pkt *packet = NULL;
	bool found = false;

	proof->cname = NULL;
	change_alias(proof, ALIAS_KNOWN);
	budget_pay(proof->budget, result->hashing, result->spent);
	if (result->answered && result->security == DNS_SECURE &&
	    (packet = packet_parse(result->packet, result->len)) != NULL &&
	    packet_facts(packet, proof->name, DNS_TYPE_CNAME, &facts) == 0) {
		found = facts.status == DNS_OK && facts.rdata_count == 1 &&
			domain_from_wire(facts.rdata[0].data,
			    facts.rdata[0].len, target) != 0;
		if (found)
			keep_ttl(proof, facts.ttl, result);
		packet_facts_clear(&facts);
	}
	ldns_pkt_free(packet);
	if (found)
		finish_alias(
		    proof, PROOF_ALIAS, proof->name, target, result, false);
	else
		finish_if_known(proof);
}

/* Not before it is needed: with silent servers it would hang like the lookup
 * itself, and a proof from the cache does not need it. */
static void
ask_alias(void *arg)
{
	struct proof *proof = arg;

	if (proof->alias != ALIAS_LATER)
		return;
	proof->cname = ask(proof, proof->name, DNS_TYPE_CNAME, on_cname);
	change_alias(proof, proof->cname != NULL ? ALIAS_ASKED : ALIAS_KNOWN);
}

/* Below an insecure zone block, and in libunbound's local zones, no query is
 * needed. */
static void
begin(struct proof *proof)
{
	if (proof->reason != PROOF_JUDGE_REASON_NONE) {
		finish(proof, PROOF_PROVEN, current(proof));
		return;
	}
	change_alias(
	    proof, strcmp(proof->name, ".") == 0 ? ALIAS_KNOWN : ALIAS_LATER);
	ask_next(proof);
}

static void
time_is_up(struct proof *proof)
{
	if (proof->way != WAY_ENDED)
		snprintf(proof->why, sizeof(proof->why),
		    "DS of %.80s: no answer in time", current(proof));
	finish(proof, proof->way == WAY_ENDED ? proof->outcome : PROOF_FAILED,
	    current(proof));
}

static void
on_timer(void *arg)
{
	struct proof *proof = arg;

	if (proof->way == WAY_STARTING)
		begin(proof);
	else
		time_is_up(proof);
}

struct proof *
proof_start(struct event_base *base, struct validated *validator,
    const struct conf *conf, struct budget *budget, enum proof_caches caches,
    const char *name, proof_cb cb, void *arg)
{
	const struct conf_zone *zone = zones_insecure(conf, name);
	const char *local = zones_built_in(conf, name);
	struct proof *proof = calloc(1, sizeof(*proof));

	if (proof == NULL)
		return NULL;
	proof->validator = validator;
	proof->budget = budget;
	proof->caches = caches;
	proof->cb = cb;
	proof->arg = arg;
	proof->ttl = UINT32_MAX;
	snprintf(proof->name, sizeof(proof->name), "%s", name);
	snprintf(proof->zone, sizeof(proof->zone), ".");
	if (zone != NULL) {
		proof->labels = domain_labels(zone->name);
		proof->reason = PROOF_JUDGE_REASON_CONFIGURED;
	} else if (local != NULL) {
		proof->labels = domain_labels(local);
		proof->reason = PROOF_JUDGE_REASON_LOCAL;
	}
	proof->timer = timer_new(base, on_timer, proof);
	proof->alias_timer = timer_new(base, ask_alias, proof);
	proof->apex_timer = timer_new(base, ask_apex, proof);
	if (proof->timer == NULL || proof->alias_timer == NULL ||
	    proof->apex_timer == NULL) {
		proof_free(proof);
		return NULL;
	}
	timer_now(proof->timer);
	return proof;
}

void
proof_cancel(struct proof *proof)
{
	if (proof != NULL)
		proof_free(proof);
}
