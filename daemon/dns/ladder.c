/* ladder.c - one lookup: the rungs run in parallel. */

#include "dns/ladder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/budget.h"
#include "dns/infra_cache.h"
#include "dns/packet.h"
#include "dns/plain_cache.h"
#include "dns/proof.h"
#include "dns/proof_judge.h"
#include "dns/unbound_answer.h"
#include "dns/validator.h"

#define LINKS_MAX 10 /* aliases at which the lookup starts again */
/* libunbound caches a failure for 5 s; a retry makes sense only after that. */
#define RETRY_MS 5300
#define TTL_MAX 86400 /* seconds */
/* A first query without an answer after this time may have gone to the wrong
 * servers. */
#define DOUBT_MS 4000
/* With so many abandoned queries in libunbound, it is queried for zones that
 * are known to need plain lookups only where these bring nothing. */
#define CROWD 64
/* A name that had less time than this does not mark its zone as failing. */
#define FAIR_MS 4000
#define REASON_MAX 256
/* Two messages for each alias, where it comes from a DNAME. */
#define PARTS_MAX (2 * (LINKS_MAX + 1) + 1)
/* Limit of their total size: one message is made from them. */
#define PARTS_OCTETS_MAX ((size_t)3 * 65536)

/* The state of the first rung. */
enum asked {
	ASKED_NOT = 0, /* waiting, or not queried */
	ASKED_FAILED,  /* no usable answer */
	ASKED_BOGUS,   /* bogus, and the second query is in progress */
	ASKED_INSECURE /* an insecure answer whose reason is still to be
			* found */
};

struct ladder {
	const struct ladder_env *env;
	ladder_cb cb;
	void (*waits)(void *arg, bool waits);
	void *arg;
	struct dns_answer *failure; /* allocated at the start, so that every
				     * lookup can end with an answer */
	char *qname;
	enum lookup_need need;
	enum lookup_class class;
	const struct plain_path *path;
	uint64_t deadline; /* clock_ms() */
	struct event *kick, *limit, *proof_timer, *doubt_timer, *retry_timer;
	struct budget *budget;
	uint16_t type;

	/* The alias chain so far, up to the name that is looked up now. */
	char name[DOMAIN_TEXT_MAX];
	uint64_t begun; /* when this name was started; clock_ms() */
	unsigned links;
	enum dns_security chain; /* of the links; SECURE without links */
	enum dns_security first_link;
	enum dns_rung rung; /* the highest that a link needed */
	uint32_t ttl;
	char proof[REASON_MAX]; /* for the first insecure link, or for the last
				 * name */
	/* Only with NEED_MESSAGE: the messages of the links. */
	struct dns_part parts[PARTS_MAX];
	size_t part_count, part_octets;

	/* The rungs of the current name. */
	struct validator_query *query, *fresh;
	struct dns_part held; /* the message with ASKED_INSECURE, or BOGUS */
	enum asked asked;
	enum dns_rung asked_rung;  /* VALIDATED or FRESH */
	struct packet_facts facts; /* with ASKED_INSECURE */
	bool is_asked;             /* libunbound was queried for the current
				    * name */
	bool doubted;              /* and with empty caches, after it failed */
	bool is_bogus;             /* the first result was bogus */
	bool unconfirmed;          /* the facts are a denial that may be
				    * false */
	struct proof *walk;
	enum proof_caches walk_caches;
	enum proof_outcome outcome;
	enum proof_judge_reason reason; /* with PROVEN */
	bool walked;
	char cut[DOMAIN_TEXT_MAX];
	char zone[DOMAIN_TEXT_MAX]; /* the last signed zone */
	uint32_t walk_ttl;
	struct plain *plain;
	bool plain_done; /* plain DNS has no answer */
	bool is_waiting; /* for its turn at a zone's servers */
	char plain_why[REASON_MAX];
	char plain_zone[DOMAIN_TEXT_MAX]; /* the last zone that it reached, or
					   * "" */
	bool retried;
	bool part_lost;       /* out of memory; for the whole lookup */
	bool parts_too_large; /* likewise; some parts were left out */
	char why[REASON_MAX]; /* from the first rung */
	char walk_why[REASON_MAX];
};

static void settle(struct ladder *ladder);
static void ask_first(struct ladder *ladder);
static bool doubt(struct ladder *ladder);
static void drop_fresh(struct ladder *ladder);
static void look_again(struct ladder *ladder);
static void keep_reason(struct ladder *ladder, const char *why);

/* ---- messages, for LOOKUP_NEED_MESSAGE ---- */

static bool
wants_messages(const struct ladder *ladder)
{
	return ladder->need == LOOKUP_NEED_MESSAGE;
}

static void
drop_held(struct ladder *ladder)
{
	free(ladder->held.wire);
	ladder->held = (struct dns_part){ 0 };
}

/* Keep the message about the current name, with no TTL above @ttl. */
static void
hold_message(
    struct ladder *ladder, const uint8_t *wire, size_t len, uint32_t ttl)
{
	if (!wants_messages(ladder))
		return;
	drop_held(ladder);
	if ((ladder->held.wire = malloc(len)) == NULL) {
		ladder->part_lost = true;
		return;
	}
	memcpy(ladder->held.wire, wire, len);
	ladder->held.len = len;
	unbound_answer_cut_ttls(ladder->held.wire, len, ttl);
}

/* From a plain answer, keep only the records that were queried. */
static void
hold_plain(struct ladder *ladder, const ldns_pkt *packet, uint32_t ttl)
{
	if (!wants_messages(ladder))
		return;
	drop_held(ladder);
	if (packet_extract(packet, ladder->name, ladder->type, ttl,
		&ladder->held.wire, &ladder->held.len) == -1)
		ladder->part_lost = true;
}

/* The message that is kept becomes part of the answer. */
static void
keep_held(struct ladder *ladder)
{
	if (ladder->held.wire == NULL)
		return;
	if (ladder->part_count == PARTS_MAX ||
	    ladder->held.len > PARTS_OCTETS_MAX - ladder->part_octets) {
		ladder->part_lost = ladder->parts_too_large = true;
		drop_held(ladder);
		return;
	}
	ladder->part_octets += ladder->held.len;
	ladder->parts[ladder->part_count++] = ladder->held;
	ladder->held = (struct dns_part){ 0 };
}

/* Returns 0, or -1 when the parts are incomplete. */
static int
hand_over_parts(struct ladder *ladder, struct dns_answer *answer)
{
	if (!wants_messages(ladder))
		return 0;
	keep_held(ladder);
	if (ladder->part_lost || ladder->part_count == 0)
		return -1;
	answer->parts = calloc(ladder->part_count, sizeof(*answer->parts));
	if (answer->parts == NULL)
		return -1;
	memcpy(answer->parts, ladder->parts,
	    ladder->part_count * sizeof(*answer->parts));
	answer->part_count = ladder->part_count;
	ladder->part_count = 0;
	return 0;
}

/* ---- the end ---- */

/* Drop all state of the current name. */
static void
leave_name(struct ladder *ladder)
{
	validator_cancel(ladder->query);
	validator_cancel(ladder->fresh);
	proof_cancel(ladder->walk);
	plain_cancel(ladder->plain);
	ladder->query = ladder->fresh = NULL;
	ladder->walk = NULL;
	ladder->plain = NULL;
	packet_facts_clear(&ladder->facts);
	drop_held(ladder);
	ladder->asked = ASKED_NOT;
	ladder->walked = ladder->plain_done = ladder->unconfirmed = false;
	ladder->is_asked = ladder->is_bogus = false;
	ladder->walk_caches = PROOF_CACHES_OF_ALL;
	ladder->plain_why[0] = ladder->plain_zone[0] = '\0';
	event_del(ladder->proof_timer);
	event_del(ladder->doubt_timer);
	event_del(ladder->retry_timer);
}

static void
event_drop(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
ladder_cancel(struct ladder *ladder)
{
	if (ladder == NULL)
		return;
	if (ladder->proof_timer != NULL && ladder->doubt_timer != NULL &&
	    ladder->retry_timer != NULL)
		leave_name(ladder);
	event_drop(ladder->kick);
	event_drop(ladder->limit);
	event_drop(ladder->proof_timer);
	event_drop(ladder->doubt_timer);
	event_drop(ladder->retry_timer);
	for (size_t i = 0; i < ladder->part_count; i++)
		free(ladder->parts[i].wire);
	answer_unref(ladder->failure);
	free(ladder->qname);
	free(ladder);
}

static void
hand_over(struct ladder *ladder, struct dns_answer *answer)
{
	const ladder_cb cb = ladder->cb;
	void *arg = ladder->arg;

	ladder_cancel(ladder);
	cb(arg, answer);
	answer_unref(answer);
}

static uint32_t
shortest(const struct ladder *ladder, uint32_t ttl, bool with_walk)
{
	if (ladder->ttl < ttl)
		ttl = ladder->ttl;
	if (with_walk && ladder->walk_ttl < ttl)
		ttl = ladder->walk_ttl;
	return ttl < TTL_MAX ? ttl : TTL_MAX;
}

static enum dns_rung
highest(enum dns_rung a, enum dns_rung b)
{
	return a > b ? a : b;
}

static enum dns_security
lowest(enum dns_security a, enum dns_security b)
{
	return a < b ? a : b;
}

/* Keep the reason for the first insecure link of the chain. */
static void
note_proof(struct ladder *ladder, enum proof_judge_reason reason)
{
	if (ladder->proof[0] == '\0')
		proof_judge_text(
		    reason, ladder->cut, ladder->proof, sizeof(ladder->proof));
}

static struct dns_answer *
answer_start(struct ladder *ladder, const char *rname)
{
	struct dns_answer *answer = answer_new(ladder->qname, ladder->type);

	if (answer == NULL)
		return NULL;
	answer->first_link = ladder->first_link;
	if (strcmp(rname, ladder->qname) != 0) {
		free(answer->rname);
		answer->rname = strdup(rname);
	}
	if (ladder->proof[0] != '\0')
		answer->proof = strdup(ladder->proof);
	if (answer->rname == NULL ||
	    (ladder->proof[0] != '\0' && answer->proof == NULL)) {
		answer_unref(answer);
		return NULL;
	}
	return answer;
}

/* The answer that was allocated at the start: FAILED, without a reason unless
 * the parts were too large. */
static void
hand_over_failure(struct ladder *ladder)
{
	struct dns_answer *answer = ladder->failure;

	ladder->failure = NULL;
	if (ladder->parts_too_large && answer->why == NULL)
		answer->why = strdup(DNS_WHY_TOO_LARGE);
	hand_over(ladder, answer);
}

/*
 * The zone that gets few slots when the current name fails.  It must be the
 * name's own zone and not one shared with others; otherwise the owner of a
 * broken domain below "co.uk" could block lookups in all of "co.uk".  So it is
 * the zone that the proof has shown to be signed down to the name, or the zone
 * in which plain DNS found no answer; otherwise the name itself.  A TLD is
 * always shared: where the TLD itself was looked up, this returns NULL.
 */
static const char *
failing_zone(const struct ladder *ladder)
{
	if (domain_labels(ladder->plain_zone) > 1 &&
	    !domain_equal(ladder->plain_zone, ladder->zone))
		return ladder->plain_zone;
	if (ladder->walked && ladder->outcome == PROOF_SIGNED &&
	    domain_labels(ladder->zone) > 1)
		return ladder->zone;
	return domain_labels(ladder->name) > 1 ? ladder->name : NULL;
}

/*
 * Marks the zone as failing, if its servers had enough time and gave no answer,
 * and the reason is not our own budget.  Where an alias leads to this name
 * late, that is the fault of another zone: otherwise an attacker whose alias
 * ends in "com" just before the deadline could limit the slots of all of "com".
 */
static void
note_failing(struct ladder *ladder)
{
	const char *zone;

	if (ladder->plain != NULL)
		snprintf(ladder->plain_zone, sizeof(ladder->plain_zone), "%s",
		    plain_zone(ladder->plain));
	if ((zone = failing_zone(ladder)) != NULL &&
	    ladder->deadline - ladder->begun >= FAIR_MS &&
	    budget_text(ladder->budget) == NULL)
		infra_cache_add_failing(ladder->env->infra_cache, zone);
}

static void
conclude_failed(
    struct ladder *ladder, enum dns_security security, const char *why)
{
	const char *distrust = ladder->env->distrust(ladder->env->arg);
	struct dns_answer *answer = ladder->failure;
	char text[REASON_MAX], printable[REASON_MAX];

	snprintf(text, sizeof(text), "%s%.200s",
	    distrust != NULL ? "no trust path: " : "",
	    distrust != NULL ? distrust : why);
	log_printable(printable, sizeof(printable), text, strlen(text));
	answer->why = strdup(printable);
	/* After an insecure alias there is nothing left to protect. */
	answer->security =
	    ladder->chain == DNS_INSECURE ? DNS_INSECURE : security;
	answer->first_link = ladder->first_link;
	if (security == DNS_BOGUS)
		hand_over_parts(ladder, answer);
	hand_over_failure(ladder);
}

/* Proven insecure, without data: either the proof was all that was needed, or
 * there are no data to be obtained. */
static void
conclude_without_data(struct ladder *ladder, const char *why)
{
	struct dns_answer *answer = answer_start(ladder, ladder->name);

	if (answer == NULL) {
		hand_over_failure(ladder);
		return;
	}
	answer->security = DNS_INSECURE;
	answer->rung = highest(ladder->rung, DNS_RUNG_PROOF);
	answer->ttl = shortest(ladder, TTL_MAX, true);
	if (why != NULL)
		answer->why = strdup(why);
	hand_over(ladder, answer);
}

/* No answer, or no usable one: the zone is at fault. */
static void
conclude_unanswered(struct ladder *ladder, const char *why)
{
	if (ladder->asked != ASKED_INSECURE)
		note_failing(ladder);
	conclude_failed(ladder, DNS_INDETERMINATE, why);
}

static bool
is_proven(const struct ladder *ladder)
{
	return ladder->walked && ladder->outcome == PROOF_PROVEN;
}

/* Whether the proof applies to the query.  The DS of a name belongs to the
 * parent zone.  Where that is signed, there is nothing to fall back to; where
 * it denies the DS by NSEC or NSEC3, the denial is a secure one. */
static bool
proof_holds(const struct ladder *ladder)
{
	if (ladder->outcome == PROOF_PROVEN_NXDOMAIN)
		return ladder->asked == ASKED_INSECURE &&
		       ladder->facts.status == DNS_NXDOMAIN;
	return ladder->outcome == PROOF_PROVEN &&
	       (ladder->type != DNS_TYPE_DS ||
		   strcmp(ladder->cut, ladder->name) != 0 ||
		   (ladder->asked == ASKED_INSECURE && !ladder->unconfirmed &&
		       ladder->reason != PROOF_JUDGE_REASON_NSEC &&
		       ladder->reason != PROOF_JUDGE_REASON_NSEC3));
}

/* Moves the records out of @facts. */
static void
conclude(struct ladder *ladder, struct packet_facts *facts,
    enum dns_security security, enum dns_rung rung)
{
	const bool with_walk = security == DNS_INSECURE && ladder->walked;
	uint32_t ttl = facts->ttl;
	struct dns_answer *answer;

	/* Without a proof, "insecure" says nothing about the first link:
	 * perhaps only the target is insecure, and with a secure link TLSA may
	 * apply. */
	if (ladder->links == 0 && facts->aliases > 0)
		ladder->first_link =
		    security == DNS_INSECURE && !is_proven(ladder)
			? DNS_INDETERMINATE
			: security;
	if ((answer = answer_start(ladder, facts->rname)) == NULL) {
		hand_over_failure(ladder);
		return;
	}
	if (facts->status != DNS_OK && !facts->soa && security != DNS_SECURE &&
	    (ttl == 0 || ttl > PLAIN_CACHE_DENIAL_SECONDS))
		ttl = PLAIN_CACHE_DENIAL_SECONDS;
	answer->status = facts->status;
	answer->security = lowest(ladder->chain, security);
	answer->rung = highest(ladder->rung, rung);
	answer->ttl = shortest(ladder, ttl, with_walk);
	if (hand_over_parts(ladder, answer) == -1) {
		answer_unref(answer);
		hand_over_failure(ladder);
		return;
	}
	if (facts->status == DNS_OK) {
		answer->rdata = facts->rdata;
		answer->rdata_count = facts->rdata_count;
		facts->rdata = NULL;
		facts->rdata_count = 0;
	}
	hand_over(ladder, answer);
}

/* ---- aliases ---- */

static void start_name(struct ladder *ladder);

/* Start again at the target of an alias; the kept message shows the alias. */
static void
follow(struct ladder *ladder, const char *target, enum dns_security link,
    enum dns_rung rung, uint32_t ttl)
{
	char next[DOMAIN_TEXT_MAX];

	snprintf(next, sizeof(next), "%s", target);
	keep_held(ladder);
	leave_name(ladder);
	if (ladder->links == 0)
		ladder->first_link = link;
	ladder->chain = lowest(ladder->chain, link);
	ladder->rung = highest(ladder->rung, rung);
	if (ttl < ladder->ttl)
		ladder->ttl = ttl;
	if (++ladder->links > LINKS_MAX || strcmp(next, ladder->name) == 0) {
		conclude_failed(ladder, DNS_INDETERMINATE,
		    "the chain of aliases is too long or a loop");
		return;
	}
	memcpy(ladder->name, next, sizeof(ladder->name));
	ladder->doubted = false;
	ladder->begun = clock_ms();
	start_name(ladder);
}

/* ---- rung 3: plain ---- */

static void
use_plain(struct ladder *ladder, const ldns_pkt *packet, const char *zone)
{
	struct packet_facts facts;

	if (packet_facts(packet, ladder->name, ladder->type, &facts) == -1) {
		ladder->plain_done = true;
		settle(ladder);
		return;
	}
	/* A zone above the name may be shared with others. */
	if (zone != NULL)
		infra_cache_add_racing(ladder->env->infra_cache,
		    domain_equal(zone, ladder->zone) ? ladder->name : zone);
	if (facts.aliases > 0) {
		/* The records at the target belong to another zone: only the
		 * alias counts. */
		char target[DOMAIN_TEXT_MAX];
		const uint32_t ttl =
		    facts.ttl < ladder->walk_ttl ? facts.ttl : ladder->walk_ttl;

		memcpy(target, facts.first_target, sizeof(target));
		packet_facts_clear(&facts);
		hold_plain(ladder, packet, ttl);
		follow(ladder, target, DNS_INSECURE, DNS_RUNG_PLAIN, ttl);
		return;
	}
	hold_plain(ladder, packet, shortest(ladder, TTL_MAX, true));
	conclude(ladder, &facts, DNS_INSECURE, DNS_RUNG_PLAIN);
	packet_facts_clear(&facts);
}

/* Whether the result may be remembered for other evaluations.  A failure may
 * not where this one could not do all lookups, or lacked the budget: others may
 * succeed. */
static bool
may_remember(const struct ladder *ladder, const struct plain_result *result)
{
	return result->packet != NULL ||
	       (!result->is_partial && !budget_is_short(ladder->budget));
}

static void
on_plain(void *arg, const struct plain_result *result)
{
	struct ladder *ladder = arg;
	struct packet_facts facts;
	uint32_t ttl = PLAIN_CACHE_DENIAL_SECONDS;

	ladder->plain = NULL;
	if (result->packet != NULL && packet_facts(result->packet, ladder->name,
					  ladder->type, &facts) == 0) {
		if (facts.status == DNS_OK || facts.soa)
			ttl = facts.ttl;
		packet_facts_clear(&facts);
	}
	if (may_remember(ladder, result))
		plain_cache_add(ladder->env->plain_cache, ladder->name,
		    ladder->type, result->packet, result->zone, ttl);
	if (result->packet != NULL) {
		use_plain(ladder, result->packet, result->zone);
		return;
	}
	ladder->plain_done = true;
	snprintf(
	    ladder->plain_why, sizeof(ladder->plain_why), "%s", result->why);
	snprintf(
	    ladder->plain_zone, sizeof(ladder->plain_zone), "%s", result->zone);
	settle(ladder);
}

/* Returns true when the ladder has ended or continued with another name. */
static bool
recall_plain(struct ladder *ladder)
{
	const struct plain_cache_answer *known = plain_cache_find(
	    ladder->env->plain_cache, ladder->name, ladder->type);
	ldns_pkt *packet;

	if (known == NULL)
		return false;
	if (known->packet == NULL) {
		ladder->plain_done = true;
		return false;
	}
	if ((packet = packet_parse(known->packet, known->len)) == NULL)
		return false;
	if (known->ttl < ladder->walk_ttl)
		ladder->walk_ttl = known->ttl;
	use_plain(ladder, packet, known->zone);
	ldns_pkt_free(packet);
	return true;
}

static void
on_plain_waits(void *arg, bool waits)
{
	struct ladder *ladder = arg;

	ladder->is_waiting = waits;
	ladder->waits(ladder->arg, waits);
}

/* Returns true when the ladder has ended or continued with another name. */
static bool
start_plain(struct ladder *ladder)
{
	if (ladder->plain != NULL || ladder->plain_done)
		return false;
	if (recall_plain(ladder))
		return true;
	if (ladder->plain_done)
		return false;
	ladder->plain = plain_start(&ladder->env->plain, ladder->name,
	    ladder->type, ladder->zone, ladder->path, ladder->budget,
	    on_plain_waits, on_plain, ladder);
	if (ladder->plain == NULL)
		ladder->plain_done = true;
	return false;
}

/* ---- the rules ---- */

static void
retry(evutil_socket_t fd, short what, void *arg)
{
	struct ladder *ladder = arg;

	(void)fd;
	(void)what;
	leave_name(ladder);
	ladder->retried = true;
	start_name(ladder);
}

/*
 * Whether a retry would have the same result.  The evaluation knows that the
 * shared caches are bad, and has no fresh contexts left.  It can take half a
 * minute until the caches are renewed, and its other hosts would wait in vain.
 */
static bool
is_in_vain(const struct ladder *ladder)
{
	return ladder->asked == ASKED_FAILED && !ladder->doubted &&
	       ladder->budget->has_bad_caches;
}

/* The first rung failed quickly, or the proof did, and there is nothing to fall
 * back to: query with empty caches, and then retry once, if that can complete
 * before the deadline. */
static void
fail_or_retry(struct ladder *ladder)
{
	const struct timeval delay = { RETRY_MS / 1000,
		RETRY_MS % 1000 * 1000 };

	if (ladder->fresh != NULL ||
	    (ladder->asked == ASKED_FAILED && doubt(ladder)))
		return;
	if (!ladder->retried && !is_in_vain(ladder) &&
	    clock_ms() + RETRY_MS < ladder->deadline) {
		event_add(ladder->retry_timer, &delay);
		return;
	}
	conclude_unanswered(ladder, ladder->why);
}

static void
conclude_insecure(struct ladder *ladder)
{
	conclude(ladder, &ladder->facts, DNS_INSECURE, ladder->asked_rung);
}

/* Neither libunbound nor plain DNS has the data. */
static void
conclude_exhausted(struct ladder *ladder)
{
	const char *stops = budget_stops(ladder->budget);

	note_failing(ladder);
	conclude_without_data(
	    ladder, stops != NULL                  ? stops
		    : ladder->plain_why[0] != '\0' ? ladder->plain_why
		    : ladder->why[0] != '\0'       ? ladder->why
						   : "no server answers");
}

/* Plain DNS has no answer: query libunbound, if that was not done yet. */
static void
ask_last(struct ladder *ladder)
{
	if (ladder->is_asked)
		conclude_exhausted(ladder);
	else
		ask_first(ladder);
}

/* The name is proven insecure. */
static void
settle_proven(struct ladder *ladder)
{
	switch (ladder->asked) {
	case ASKED_INSECURE:
		if (!ladder->unconfirmed) {
			conclude_insecure(ladder);
			return;
		}
		break;
	case ASKED_BOGUS:
		/* No fallback from bogus: the second look decides. */
		return;
	case ASKED_FAILED:
	case ASKED_NOT:
		break;
	}
	event_del(ladder->proof_timer);
	drop_fresh(ladder);
	infra_cache_add_racing(ladder->env->infra_cache, ladder->name);
	if (ladder->need == LOOKUP_NEED_SECURITY)
		conclude_without_data(ladder, NULL);
	else if (!start_plain(ladder) && ladder->plain_done)
		ask_last(ladder);
}

/*
 * Whether "insecure" from libunbound, with a living trust anchor, may stand
 * although the proof failed.  Not where the answer decides about mail:
 * otherwise an attacker who drops the proof's queries could get everything that
 * libunbound calls insecure accepted unchecked (proof_judge.h).  The reverse
 * name of a client decides nothing, and in ip6.arpa it has more labels than a
 * proof covers.
 */
static bool
stands_without_walk(const struct ladder *ladder)
{
	return ladder->outcome == PROOF_FAILED &&
	       ladder->type == DNS_TYPE_PTR &&
	       ladder->env->distrust(ladder->env->arg) == NULL;
}

/* Insecure, and the proof has found no reason for it. */
static void
settle_unexplained(struct ladder *ladder)
{
	char text[REASON_MAX];

	if (stands_without_walk(ladder)) {
		conclude_insecure(ladder);
		return;
	}
	/* libunbound caches even answers that it has not validated. */
	if (ladder->asked_rung != DNS_RUNG_FRESH &&
	    ladder->outcome != PROOF_FAILED) {
		keep_reason(ladder, "insecure without a reason");
		ladder->walked = false;
		look_again(ladder);
		return;
	}
	snprintf(text, sizeof(text), "insecure without a reason: %.200s",
	    ladder->walk_why[0] != '\0' ? ladder->walk_why
					: "its zone is signed");
	if (ladder->outcome == PROOF_FAILED) {
		keep_reason(ladder, text);
		fail_or_retry(ladder);
		return;
	}
	conclude_failed(ladder, DNS_INDETERMINATE, text);
}

/* The proof has ended without proving insecurity. */
static void
settle_unproven(struct ladder *ladder)
{
	switch (ladder->asked) {
	case ASKED_INSECURE:
		settle_unexplained(ladder);
		return;
	case ASKED_FAILED:
		fail_or_retry(ladder);
		return;
	case ASKED_NOT:
		ask_first(ladder);
		return;
	case ASKED_BOGUS:
		return;
	}
}

/* Called after every change of state: concludes if possible. */
static void
settle(struct ladder *ladder)
{
	if (!ladder->walked)
		return;
	if (proof_holds(ladder))
		settle_proven(ladder);
	else
		settle_unproven(ladder);
}

/* ---- rung 2: the proof ---- */

/* Keep the messages of a secure alias; a DNAME is followed by the CNAME that it
 * synthesizes. */
static void
hold_alias(struct ladder *ladder, const struct proof_result *result)
{
	if (!wants_messages(ladder))
		return;
	hold_message(ladder, result->packet, result->len, result->ttl);
	if (!result->dname)
		return;
	keep_held(ladder);
	if (packet_alias(ladder->name, result->target, result->ttl,
		&ladder->held.wire, &ladder->held.len) == -1)
		ladder->part_lost = true;
}

/* The DNAME denies the name: libunbound does not validate that answer. */
static void
conclude_too_long(struct ladder *ladder, const struct proof_result *result)
{
	struct packet_facts facts = { .status = DNS_NXDOMAIN,
		.ttl = result->ttl };

	snprintf(facts.rname, sizeof(facts.rname), "%s", ladder->name);
	hold_message(ladder, result->packet, result->len, result->ttl);
	if (ladder->held.wire != NULL)
		ladder->held.wire[3] =
		    (uint8_t)((ladder->held.wire[3] & 0xf0U) |
			      LDNS_RCODE_YXDOMAIN);
	conclude(ladder, &facts, DNS_SECURE, DNS_RUNG_VALIDATED);
}

static void
on_walk(void *arg, const struct proof_result *result)
{
	struct ladder *ladder = arg;

	ladder->walk = NULL;
	if (result->outcome == PROOF_TOO_LONG) {
		conclude_too_long(ladder, result);
		return;
	}
	if (result->outcome == PROOF_ALIAS) {
		/* The next lookup of this alias need not wait for libunbound to
		 * fail at its target. */
		if (ladder->asked != ASKED_INSECURE)
			infra_cache_add_racing(
			    ladder->env->infra_cache, ladder->name);
		hold_alias(ladder, result);
		follow(ladder, result->target, DNS_SECURE, DNS_RUNG_VALIDATED,
		    result->ttl);
		return;
	}
	ladder->walked = true;
	ladder->outcome = result->outcome;
	ladder->reason = result->reason;
	ladder->walk_ttl = result->ttl;
	snprintf(ladder->cut, sizeof(ladder->cut), "%s", result->cut);
	snprintf(ladder->zone, sizeof(ladder->zone), "%s", result->zone);
	snprintf(ladder->walk_why, sizeof(ladder->walk_why), "%s",
	    result->outcome == PROOF_FAILED ||
		    result->outcome == PROOF_UNEXPLAINED
		? result->why
		: "");
	if (result->outcome == PROOF_PROVEN ||
	    result->outcome == PROOF_PROVEN_NXDOMAIN)
		note_proof(ladder, result->reason);
	settle(ladder);
}

/* The caller calls settle(). */
static void
start_walk(struct ladder *ladder)
{
	event_del(ladder->proof_timer);
	if (ladder->walk != NULL || ladder->walked)
		return;
	ladder->walk = proof_start(ladder->env->base, ladder->env->validator,
	    ladder->env->conf, ladder->budget, ladder->walk_caches,
	    ladder->name, on_walk, ladder);
	if (ladder->walk == NULL) {
		ladder->walked = true;
		ladder->outcome = PROOF_FAILED;
		snprintf(ladder->walk_why, sizeof(ladder->walk_why),
		    "out of memory");
	}
}

static void
on_proof_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ladder *ladder = arg;

	(void)fd;
	(void)what;
	if (!ladder->is_asked) { /* the proof was started first */
		ask_first(ladder);
		return;
	}
	start_walk(ladder);
	settle(ladder);
}

/* ---- rung 1: validated ---- */

static void
keep_reason(struct ladder *ladder, const char *why)
{
	if (why == NULL)
		why = "no usable answer";
	log_printable(ladder->why, sizeof(ladder->why), why, strlen(why));
}

/*
 * Whether a denial must be confirmed, because a server that mishandles EDNS
 * gives it as well (libunbound takes BADVERS for "no data").  Only where it
 * matters to mail.  NXDOMAIN without SOA is what block lists answer all day: it
 * is confirmed only for the MX of mail itself, and for addresses in a zone that
 * is known to need plain lookups.
 */
static bool
is_unconfirmed(const struct ladder *ladder)
{
	const struct packet_facts *facts = &ladder->facts;
	const bool address =
	    ladder->type == DNS_TYPE_A || ladder->type == DNS_TYPE_AAAA;

	if (facts->soa)
		return false;
	if (facts->status == DNS_NODATA)
		return ladder->type == DNS_TYPE_MX || address;
	if (facts->status != DNS_NXDOMAIN)
		return false;
	if (ladder->type == DNS_TYPE_MX)
		return ladder->class != LOOKUP_CLASS_OTHER ||
		       wants_messages(ladder);
	return address && infra_cache_find_racing(
			      ladder->env->infra_cache, ladder->name) != NULL;
}

/* A denial together with records of the queried type. */
static bool
is_contradictory(const struct packet_facts *facts)
{
	return facts->status != DNS_OK && facts->has_stray;
}

/* libunbound has cached this answer as it is: if there is a secure answer, then
 * only with empty caches. */
static void
use_unreadable(struct ladder *ladder, const struct validator_result *result)
{
	keep_reason(ladder, "an answer that can't be read");
	if (result->security == DNS_SECURE && !result->fresh) {
		look_again(ladder);
		return;
	}
	ladder->asked = ASKED_FAILED;
	start_walk(ladder);
	settle(ladder);
}

/* An answer with rcode 0 or 3 that is not bogus. */
static void
use_validated(struct ladder *ladder, const struct validator_result *result)
{
	const enum dns_rung rung =
	    result->fresh ? DNS_RUNG_FRESH : DNS_RUNG_VALIDATED;
	ldns_pkt *packet = packet_parse(result->packet, result->len);
	const int error = packet == NULL ||
			  packet_facts(packet, ladder->name, ladder->type,
			      &ladder->facts) == -1 ||
			  (result->security == DNS_SECURE &&
			      is_contradictory(&ladder->facts));

	ldns_pkt_free(packet);
	if (error) {
		use_unreadable(ladder, result);
		return;
	}
	hold_message(ladder, result->packet, result->len, result->lifetime);
	if (ladder->facts.ttl > result->lifetime)
		ladder->facts.ttl = result->lifetime;
	ladder->asked_rung = rung;
	if (result->security == DNS_SECURE) {
		conclude(ladder, &ladder->facts, DNS_SECURE, rung);
		return;
	}
	ladder->asked = ASKED_INSECURE;
	ladder->unconfirmed = is_unconfirmed(ladder);
	start_walk(ladder);
	settle(ladder);
}

/* An answer without a security status does not count. */
static bool
is_judged(const struct validator_result *result)
{
	return result->answered && result->security != DNS_INDETERMINATE;
}

/* Returns false where the budget is exceeded, and the lookup has ended. */
static bool
pay(struct ladder *ladder, const struct validator_result *result)
{
	if (budget_pay(ladder->budget, result->hashing, result->spent))
		return true;
	conclude_failed(ladder, DNS_INDETERMINATE, budget_text(ladder->budget));
	return false;
}

/*
 * A query with empty caches had an answer that the shared caches did not have:
 * results from those are void, except a proof.  Until they are renewed, a proof
 * can't come from them either: it uses the caches of the name instead.
 */
static void
distrust_caches(struct ladder *ladder)
{
	if (!validator_doubt(ladder->env->validator)) {
		ladder->budget->has_bad_caches = true;
		ladder->walk_caches = ladder->is_bogus ? PROOF_CACHES_FRESH
						       : PROOF_CACHES_DOUBTED;
	}
	validator_cancel(ladder->query);
	ladder->query = NULL;
	event_del(ladder->retry_timer);
	if (ladder->walked && proof_holds(ladder))
		return;
	proof_cancel(ladder->walk);
	ladder->walk = NULL;
	ladder->walked = false;
}

/*
 * Whether the first result, which the second one contradicts, was a failure or
 * bogus.  libunbound remembers for a minute that it could not get a key, and
 * everything below is bogus for that time, including the queries of a proof.
 */
static bool
has_bad_caches(const struct ladder *ladder)
{
	return ladder->asked != ASKED_BOGUS || ladder->is_bogus;
}

static void
on_fresh(void *arg, const struct validator_result *result)
{
	struct ladder *ladder = arg;

	ladder->fresh = NULL;
	if (!pay(ladder, result))
		return;
	if (is_judged(result) && result->security != DNS_BOGUS) {
		if (has_bad_caches(ladder))
			distrust_caches(ladder);
		use_validated(ladder, result);
		return;
	}
	if (ladder->asked != ASKED_BOGUS && result->security != DNS_BOGUS) {
		settle(ladder);
		return;
	}
	if (result->answered) {
		keep_reason(ladder, result->why);
		hold_message(
		    ladder, result->packet, result->len, result->lifetime);
	}
	conclude_failed(ladder, DNS_BOGUS, ladder->why);
}

/* A bogus result may be due to bad keys in libunbound's cache: query once more
 * with empty caches, which serve only this name. */
static void
look_again(struct ladder *ladder)
{
	ladder->asked = ASKED_BOGUS;
	packet_facts_clear(&ladder->facts);
	if (ladder->fresh != NULL) /* in progress already */
		return;
	if (!budget_spend_context(
		ladder->budget, ladder->name, false, clock_ms())) {
		conclude_failed(ladder, DNS_BOGUS, ladder->why);
		return;
	}
	ladder->fresh = validator_ask(ladder->env->validator, ladder->name,
	    ladder->type, ladder->name, NULL, on_fresh, ladder);
	if (ladder->fresh == NULL)
		conclude_failed(ladder, DNS_BOGUS, ladder->why);
}

static void
drop_fresh(struct ladder *ladder)
{
	event_del(ladder->doubt_timer);
	validator_cancel(ladder->fresh);
	ladder->fresh = NULL;
}

/*
 * The query failed, and the result was not bogus.  Perhaps the zone is dead;
 * perhaps a single forged packet has directed libunbound to the wrong servers,
 * for a day.  Only a query with empty caches can tell.  Returns false where
 * there is none.
 */
static bool
doubt(struct ladder *ladder)
{
	struct budget *budget = ladder->budget;

	if (ladder->doubted || budget_text(budget) != NULL ||
	    !budget_spend_context(budget, ladder->name, true, clock_ms()))
		return false;
	ladder->doubted = true;
	ladder->fresh = validator_ask_doubted(ladder->env->validator,
	    ladder->name, ladder->type, ladder->name, on_fresh, ladder);
	return ladder->fresh != NULL;
}

static void
on_doubt_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ladder *ladder = arg;

	(void)fd;
	(void)what;
	if (ladder->asked == ASKED_NOT && ladder->fresh == NULL &&
	    !(ladder->walked && proof_holds(ladder)))
		doubt(ladder);
}

static void
on_validated(void *arg, const struct validator_result *result)
{
	struct ladder *ladder = arg;

	ladder->query = NULL;
	if (!pay(ladder, result))
		return;
	if (!is_judged(result)) {
		ladder->asked = ASKED_FAILED;
		keep_reason(ladder, result->why);
		start_walk(ladder);
		settle(ladder);
	} else if (result->security == DNS_BOGUS) {
		keep_reason(ladder, result->why);
		hold_message(
		    ladder, result->packet, result->len, result->lifetime);
		ladder->is_bogus = true;
		look_again(ladder);
	} else {
		drop_fresh(ladder);
		use_validated(ladder, result);
	}
}

/*
 * Whether, in a zone that needs plain lookups, libunbound is queried only after
 * the proof has proven nothing.  A query in libunbound goes on and occupies a
 * socket long after a proof has made it unnecessary: a domain whose servers do
 * not answer libunbound would cause many of them.
 */
static bool
walk_comes_first(const struct ladder *ladder)
{
	return ladder->need == LOOKUP_NEED_SECURITY ||
	       validator_counts(ladder->env->validator).abandoned >= CROWD;
}

/* Once for each name. */
static void
ask_first(struct ladder *ladder)
{
	static const struct timeval patience = { DOUBT_MS / 1000,
		DOUBT_MS % 1000 * 1000 };

	if (ladder->is_asked)
		return;
	ladder->is_asked = true;
	if (!ladder->doubted)
		event_add(ladder->doubt_timer, &patience);
	ladder->query = validator_ask(ladder->env->validator, ladder->name,
	    ladder->type, NULL, ladder->budget, on_validated, ladder);
	if (ladder->query != NULL)
		return;
	ladder->asked = ASKED_FAILED;
	keep_reason(ladder, "libunbound can't be asked");
	start_walk(ladder);
	settle(ladder);
}

/* The limit for names that are looked up.  An evaluation or a plain lookup
 * needs hosts and domains.  Messages are for clients of the DNS listener, in
 * any class. */
static unsigned
most_labels(const struct ladder *ladder)
{
	return wants_messages(ladder) ? LADDER_LABELS_MAX
				      : LADDER_HOST_LABELS_MAX;
}

static void
start_name(struct ladder *ladder)
{
	static const struct timeval at_once = { 0, 0 },
				    delay = { LADDER_PROOF_MS / 1000,
					    LADDER_PROOF_MS % 1000 * 1000 };
	bool is_racing;

	if (ladder->is_waiting) /* at the servers of the previous name */
		on_plain_waits(ladder, false);
	if (domain_labels(ladder->name) > most_labels(ladder)) {
		conclude_failed(ladder, DNS_INDETERMINATE,
		    "the name has more labels than are looked up");
		return;
	}
	if (!budget_may_ask(ladder->budget)) {
		conclude_failed(
		    ladder, DNS_INDETERMINATE, budget_text(ladder->budget));
		return;
	}
	ladder->why[0] = ladder->walk_why[0] = '\0';
	ladder->walk_ttl = UINT32_MAX;
	is_racing = infra_cache_find_racing(
			ladder->env->infra_cache, ladder->name) != NULL;
	if (is_racing && walk_comes_first(ladder)) {
		start_walk(ladder);
		event_add(ladder->proof_timer, &delay);
		settle(ladder);
		return;
	}
	event_add(ladder->proof_timer, is_racing ? &at_once : &delay);
	ask_first(ladder);
}

/* ---- life ---- */

static void
begin(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start_name(arg);
}

/* The deadline: a completed proof still counts; anything else has failed. */
static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct ladder *ladder = arg;

	(void)fd;
	(void)what;
	if (ladder->asked == ASKED_BOGUS)
		conclude_failed(ladder, DNS_BOGUS, ladder->why);
	else if (ladder->walked && proof_holds(ladder))
		conclude_exhausted(ladder);
	else
		conclude_unanswered(ladder,
		    ladder->why[0] != '\0' ? ladder->why : "no answer in time");
}

struct ladder *
ladder_start(const struct ladder_env *env,
    const struct ladder_question *question, ladder_cb cb, void *arg)
{
	const struct timeval limit = { question->deadline_ms / 1000,
		question->deadline_ms % 1000 * 1000 };
	struct ladder *ladder = calloc(1, sizeof(*ladder));

	if (ladder == NULL)
		return NULL;
	ladder->env = env;
	ladder->cb = cb;
	ladder->waits = question->waits;
	ladder->arg = arg;
	ladder->type = question->type;
	ladder->need = question->need;
	ladder->class = question->class;
	ladder->path = question->path;
	ladder->begun = clock_ms();
	ladder->deadline = ladder->begun + question->deadline_ms;
	ladder->chain = DNS_SECURE;
	ladder->ttl = UINT32_MAX;
	ladder->budget = question->budget;
	snprintf(ladder->name, sizeof(ladder->name), "%s", question->name);
	ladder->qname = strdup(question->name);
	ladder->failure = answer_new(question->name, question->type);
	ladder->kick = event_new(env->base, -1, 0, begin, ladder);
	ladder->limit = event_new(env->base, -1, 0, on_limit, ladder);
	ladder->proof_timer =
	    event_new(env->base, -1, 0, on_proof_timer, ladder);
	ladder->doubt_timer =
	    event_new(env->base, -1, 0, on_doubt_timer, ladder);
	ladder->retry_timer = event_new(env->base, -1, 0, retry, ladder);
	if (ladder->qname == NULL || ladder->failure == NULL ||
	    ladder->kick == NULL || ladder->limit == NULL ||
	    ladder->proof_timer == NULL || ladder->doubt_timer == NULL ||
	    ladder->retry_timer == NULL) {
		ladder_cancel(ladder);
		return NULL;
	}
	event_add(ladder->limit, &limit);
	event_active(ladder->kick, EV_TIMEOUT, 0);
	return ladder;
}
