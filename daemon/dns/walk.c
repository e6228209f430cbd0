/* walk.c - the proof of insecurity, driven. */

#include "dns/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/budget.h"
#include "dns/packet.h"
#include "dns/validated.h"
#include "dns/zones.h"

/* When the CNAME of the name is asked for, milliseconds: at once, where the
 * walk has ended without a proof by then. */
#define ALIAS_MS 50

struct walk {
	struct event_base *base;
	struct validated *validated;
	struct budget *budget;
	enum walk_caches caches;
	walk_cb cb;
	void *arg;
	struct event *timer; /* the limit; at first, to begin from the loop */
	struct event *alias_timer;

	char name[DOMAIN_TEXT_MAX];
	unsigned labels; /* of the ancestor that is asked for now */
	unsigned asked;
	char zone[DOMAIN_TEXT_MAX]; /* the last signed one */
	struct validated_query *ds, *dname, *cname;
	bool alias_known; /* asked for, and answered or not to be had */
	uint32_t ttl;

	/* Where the DS questions ended, while the CNAME question goes on. */
	bool ended;
	enum walk_outcome outcome;
	enum insecurity_reason reason;
	char why[256];
};

static const char *
current(const struct walk *walk)
{
	return domain_ancestor(walk->name, walk->labels);
}

static void
walk_free(struct walk *walk)
{
	validated_cancel(walk->ds);
	validated_cancel(walk->dname);
	validated_cancel(walk->cname);
	if (walk->timer != NULL)
		event_free(walk->timer);
	if (walk->alias_timer != NULL)
		event_free(walk->alias_timer);
	free(walk);
}

static void
finish(struct walk *walk, enum walk_outcome outcome, const char *cut)
{
	const struct walk_result result = { .outcome = outcome,
		.reason = walk->reason,
		.cut = cut,
		.zone = walk->zone,
		.ttl = walk->ttl,
		.why = walk->why };

	walk->cb(walk->arg, &result);
	walk_free(walk);
}

/* @from: what says so. */
static void
finish_alias(struct walk *walk, enum walk_outcome outcome, const char *cut,
    const char *target, const struct validated_result *from, bool dname)
{
	const struct walk_result result = { .outcome = outcome,
		.reason = walk->reason,
		.cut = cut,
		.zone = walk->zone,
		.target = target,
		.packet = from->packet,
		.len = from->len,
		.dname = dname,
		.ttl = walk->ttl,
		.why = walk->why };

	walk->cb(walk->arg, &result);
	walk_free(walk);
}

static struct validated_query *
ask(struct walk *walk, const char *name, uint16_t type, validated_cb cb)
{
	switch (walk->caches) {
	case WALK_CACHES_OF_ALL:
		break;
	case WALK_CACHES_FRESH:
		return validated_ask(
		    walk->validated, name, type, walk->name, NULL, cb, walk);
	case WALK_CACHES_DOUBTED:
		return validated_ask_doubted(
		    walk->validated, name, type, walk->name, cb, walk);
	}
	return validated_ask(
	    walk->validated, name, type, NULL, walk->budget, cb, walk);
}

static void ask_alias(struct walk *walk);

/* A proof stands by itself; every other end waits for the CNAME, which may
 * still show the name to be an alias. */
static void
end(struct walk *walk, enum walk_outcome outcome)
{
	walk->ended = true;
	walk->outcome = outcome;
	if (outcome != WALK_PROVEN && !walk->alias_known)
		ask_alias(walk);
	if (outcome == WALK_PROVEN || walk->alias_known)
		finish(walk, outcome, current(walk));
}

static void ask_next(struct walk *walk);

static void
fail(struct walk *walk, const char *type, const char *reason)
{
	char text[160];

	snprintf(walk->why, sizeof(walk->why), "%s of %.80s: %s", type,
	    current(walk),
	    log_printable(text, sizeof(text), reason, strlen(reason)));
	end(walk, WALK_FAILED);
}

static void
keep_ttl(struct walk *walk, uint32_t ttl, const struct validated_result *result)
{
	if (ttl < walk->ttl)
		walk->ttl = ttl;
	if (result->security == DNS_SECURE && result->lifetime < walk->ttl)
		walk->ttl = result->lifetime;
}

/* The DNAME at an ancestor is secure: continue at what it makes of us. */
static void
on_dname(void *arg, const struct validated_result *result)
{
	struct walk *walk = arg;
	char target[DOMAIN_TEXT_MAX] = "", becomes[DOMAIN_TEXT_MAX];
	struct packet_facts facts;
	ldns_pkt *packet = NULL;
	bool found = false, is_too_long = false;

	walk->dname = NULL;
	budget_pay(walk->budget, result->hashing, result->spent);
	if (result->answered && result->security == DNS_SECURE &&
	    (packet = packet_parse(result->packet, result->len)) != NULL &&
	    packet_facts(packet, current(walk), DNS_TYPE_DNAME, &facts) == 0) {
		/* An ancestor that is an alias has another zone's. */
		found = facts.aliases == 0 && facts.rdata_count == 1 &&
			domain_from_wire(facts.rdata[0].data,
			    facts.rdata[0].len, target) != 0 &&
			packet_substitute(
			    walk->name, current(walk), target, becomes) == 0;
		is_too_long =
		    facts.rdata_count == 1 && !found && target[0] != '\0';
		keep_ttl(walk, facts.ttl, result);
		packet_facts_clear(&facts);
	}
	ldns_pkt_free(packet);
	if (found)
		finish_alias(
		    walk, WALK_ALIAS, current(walk), becomes, result, true);
	else if (is_too_long)
		finish_alias(
		    walk, WALK_TOO_LONG, current(walk), NULL, result, true);
	else
		ask_next(walk);
}

/* An ancestor's bit map has DNAME; at the name itself it redirects nothing. */
static bool
ask_dname(struct walk *walk)
{
	if (walk->labels >= domain_labels(walk->name) ||
	    ++walk->asked > WALK_QUESTIONS_MAX)
		return false;
	walk->dname = ask(walk, current(walk), DNS_TYPE_DNAME, on_dname);
	return walk->dname != NULL;
}

static void
act(struct walk *walk, const struct insecurity_finding *finding,
    const struct validated_result *result)
{
	keep_ttl(walk, finding->ttl, result);
	walk->reason = finding->reason;
	switch (finding->verdict) {
	case INSECURITY_FAILED:
		fail(walk, "DS",
		    finding->why != NULL  ? finding->why
		    : result->why != NULL ? result->why
					  : "not to be read");
		break;
	case INSECURITY_SIGNED:
		snprintf(walk->zone, sizeof(walk->zone), "%s", current(walk));
		ask_next(walk);
		break;
	case INSECURITY_NO_CUT:
		if (!finding->dname || !ask_dname(walk))
			ask_next(walk);
		break;
	case INSECURITY_NO_NAME:
		end(walk, WALK_NO_NAME);
		break;
	case INSECURITY_PROVEN:
		end(walk, WALK_PROVEN);
		break;
	case INSECURITY_PROVEN_NXDOMAIN:
		end(walk, WALK_PROVEN_NXDOMAIN);
		break;
	case INSECURITY_UNEXPLAINED:
		snprintf(walk->why, sizeof(walk->why),
		    "DS of %.80s is insecure without a reason%s%s",
		    current(walk), finding->why != NULL ? ": " : "",
		    finding->why != NULL ? finding->why : "");
		end(walk, WALK_UNEXPLAINED);
		break;
	}
}

static void
on_ds(void *arg, const struct validated_result *result)
{
	struct walk *walk = arg;
	struct insecurity_finding finding;
	ldns_pkt *packet = NULL;

	walk->ds = NULL;
	if (!budget_pay(walk->budget, result->hashing, result->spent)) {
		fail(walk, "DS", budget_text(walk->budget));
		return;
	}
	if (result->answered)
		packet = packet_parse(result->packet, result->len);
	insecurity_judge(&(struct insecurity_question){ .name = current(walk),
			     .signed_zone = walk->zone,
			     .packet = packet,
			     .security = result->security,
			     .budget = walk->budget,
			     .library = validated_library(walk->validated) },
	    &finding);
	ldns_pkt_free(packet);
	act(walk, &finding, result);
}

static void
ask_next(struct walk *walk)
{
	if (walk->labels == domain_labels(walk->name)) {
		end(walk, WALK_SIGNED);
		return;
	}
	walk->labels++;
	if (!budget_may_ask(walk->budget)) {
		fail(walk, "DS", budget_text(walk->budget));
		return;
	}
	if (++walk->asked > WALK_QUESTIONS_MAX) {
		fail(walk, "DS", "too many questions on the way to the name");
		return;
	}
	walk->ds = ask(walk, current(walk), DNS_TYPE_DS, on_ds);
	if (walk->ds == NULL)
		fail(walk, "DS", "can't be asked");
}

/* Only a secure CNAME means anything: below a DNAME it is even bogus. */
static void
on_cname(void *arg, const struct validated_result *result)
{
	struct walk *walk = arg;
	char target[DOMAIN_TEXT_MAX];
	struct packet_facts facts;
	ldns_pkt *packet = NULL;
	bool found = false;

	walk->cname = NULL;
	walk->alias_known = true;
	budget_pay(walk->budget, result->hashing, result->spent);
	if (result->answered && result->security == DNS_SECURE &&
	    (packet = packet_parse(result->packet, result->len)) != NULL &&
	    packet_facts(packet, walk->name, DNS_TYPE_CNAME, &facts) == 0) {
		found = facts.status == DNS_OK && facts.rdata_count == 1 &&
			domain_from_wire(facts.rdata[0].data,
			    facts.rdata[0].len, target) != 0;
		if (found)
			keep_ttl(walk, facts.ttl, result);
		packet_facts_clear(&facts);
	}
	ldns_pkt_free(packet);
	if (found)
		finish_alias(
		    walk, WALK_ALIAS, walk->name, target, result, false);
	else if (walk->ended)
		finish(walk, walk->outcome, current(walk));
}

/* Not before it is needed: where servers are silent it would hang as the
 * lookup does, and a proof that comes out of the cache needs none. */
static void
ask_alias(struct walk *walk)
{
	event_del(walk->alias_timer);
	if (walk->cname != NULL)
		return;
	walk->cname = ask(walk, walk->name, DNS_TYPE_CNAME, on_cname);
	walk->alias_known = walk->cname == NULL;
}

static void
on_alias_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask_alias(arg);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct walk *walk = arg;

	(void)fd;
	(void)what;
	if (!walk->ended)
		snprintf(walk->why, sizeof(walk->why),
		    "DS of %.80s: no answer in time", current(walk));
	finish(walk, walk->ended ? walk->outcome : WALK_FAILED, current(walk));
}

static void
begin(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval limit = { WALK_SECONDS_MAX, 0 };
	static const struct timeval alias = { 0, ALIAS_MS * 1000 };
	struct walk *walk = arg;

	(void)fd;
	(void)what;
	event_assign(walk->timer, walk->base, -1, 0, on_timer, walk);
	event_add(walk->timer, &limit);
	walk->alias_known = strcmp(walk->name, ".") == 0;
	if (!walk->alias_known)
		event_add(walk->alias_timer, &alias);
	ask_next(walk);
}

/* Below an insecure zone block, and where libunbound answers by itself, there
 * is nothing to ask. */
static void
begin_configured(evutil_socket_t fd, short what, void *arg)
{
	struct walk *walk = arg;

	(void)fd;
	(void)what;
	finish(walk, WALK_PROVEN, current(walk));
}

struct walk *
walk_start(struct event_base *base, struct validated *validated,
    const struct conf *conf, struct budget *budget, enum walk_caches caches,
    const char *name, walk_cb cb, void *arg)
{
	const struct conf_zone *zone = zones_insecure(conf, name);
	const char *local = zones_built_in(conf, name);
	struct walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL)
		return NULL;
	walk->base = base;
	walk->validated = validated;
	walk->budget = budget;
	walk->caches = caches;
	walk->cb = cb;
	walk->arg = arg;
	walk->ttl = UINT32_MAX;
	snprintf(walk->name, sizeof(walk->name), "%s", name);
	snprintf(walk->zone, sizeof(walk->zone), ".");
	if (zone != NULL) {
		walk->labels = domain_labels(zone->name);
		walk->reason = INSECURITY_REASON_CONFIGURED;
	} else if (local != NULL) {
		walk->labels = domain_labels(local);
		walk->reason = INSECURITY_REASON_LOCAL;
	}
	walk->timer = event_new(base, -1, 0,
	    zone != NULL || local != NULL ? begin_configured : begin, walk);
	walk->alias_timer = event_new(base, -1, 0, on_alias_timer, walk);
	if (walk->timer == NULL || walk->alias_timer == NULL) {
		walk_free(walk);
		return NULL;
	}
	event_active(walk->timer, EV_TIMEOUT, 0);
	return walk;
}

void
walk_cancel(struct walk *walk)
{
	if (walk != NULL)
		walk_free(walk);
}
