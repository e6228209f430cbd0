/* ladder.c - one lookup: the rungs run in parallel. */

#include "dns/ladder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "dns/budget.h"
#include "dns/chain.h"
#include "dns/infra_cache.h"
#include "dns/packet.h"
#include "dns/plain_cache.h"
#include "dns/proof.h"
#include "dns/proof_judge.h"
#include "dns/validator.h"

/* libunbound caches a failure for 5 s; a retry makes sense only after that. */
#define RETRY_MS 5300
/* A first query without an answer after this time may have gone to the wrong
 * servers. */
#define DOUBT_MS 4000
/* With so many abandoned queries in libunbound, it is queried for zones that
 * are known to need plain lookups only where these bring nothing. */
#define CROWD 64
/* A name that had less time than this does not mark its zone as failing. */
#define FAIR_MS 4000
#define REASON_MAX 256

/*
 * The map: what is concluded of the current name, and when.  Line 1 is
 * use_validated(), the others are settle(), which is called whenever a rung has
 * something to say.
 *
 *    the proof      the first rung has     what follows
 *  1 any            a secure answer        that answer, at once
 *  2 is not DONE    anything else          wait; that result starts the proof,
 *                                          and so does time
 *  3 holds          INSECURE               insecure, with its data
 *  4 holds          BOGUS, DISPUTED        wait: nothing is a way round the
 *                                          second look
 *  5 holds          anything else          insecure, if no data are needed
 *  6 holds          anything else          plain; where that is DONE, ask the
 *                                          first rung if it is NOT_ASKED, or
 *                                          insecure without data
 *  7 has failed     INSECURE, UNCONFIRMED  insecure for PTR, if the trust
 *                                          anchor is alive; or one retry
 *  8 does not hold  INSECURE, UNCONFIRMED  DISPUTED, a second look; failed, if
 *                                          it came with empty caches
 *  9 does not hold  FAILED                 a look with empty caches, and then
 *                                          one retry
 * 10 does not hold  NOT_ASKED              ask it
 * 11 does not hold  ASKED, BOGUS, DISPUTED wait
 *
 * Without a retry (it is the second time, or too late, or in vain) the lookup
 * has failed.  A secure alias that the proof finds continues the chain, and a
 * name that becomes too long is denied, whatever the first rung has.  At the
 * deadline, BOGUS and DISPUTED are bogus; a proof that holds is insecure
 * without data; and anything else has failed.
 */

/* The first rung, for the current name. */
enum first {
	FIRST_NOT_ASKED = 0, /* a new name, or the proof comes first */
	FIRST_ASKED,         /* libunbound works on it */
	FIRST_FAILED,        /* no usable answer */
	FIRST_INSECURE,      /* an answer whose reason is still to be found */
	FIRST_UNCONFIRMED,   /* the same, of a denial that may be false */
	FIRST_BOGUS,         /* the second look at it is in progress */
	FIRST_DISPUTED       /* the same, of what was secure and unreadable, or
			      * insecure without a reason */
};

/* The other two, for the current name. */
enum rung {
	RUNG_IDLE = 0,
	RUNG_WAITING, /* plain only: for its turn at a zone's servers */
	RUNG_RUNNING,
	RUNG_DONE /* the proof has its outcome; plain DNS has no answer */
};

struct ladder {
	const struct ladder_env *env;
	ladder_cb cb;
	void (*waits)(void *arg, bool waits);
	void *arg;
	enum lookup_need need;
	enum lookup_class class;
	const struct plain_path *path;
	uint64_t deadline; /* clock_ms() */
	struct timer *kick, *limit, *proof_timer, *doubt_timer, *retry_timer;
	struct budget *budget;

	struct chain chain;
	uint64_t begun; /* when its name was started; clock_ms() */

	/* No states, but what is done only once: the look of line 9 for each
	 * name, and that a retry does not change; the retry for all names. */
	struct {
		bool has_doubted, has_retried;
	} once;

	/* Each state is changed by change_first(), change_proof() or
	 * change_plain(), and by nothing else. */
	enum first first;
	struct validator_query *query, *fresh; /* NULL unless in progress */
	/* With INSECURE and UNCONFIRMED. */
	enum dns_rung first_rung; /* VALIDATED or FRESH */
	struct packet_facts facts;
	char why[REASON_MAX];

	enum rung proof;
	struct proof *walk; /* NULL unless RUNNING */
	enum proof_caches walk_caches;
	enum proof_caches own_caches; /* the name's own, for the time in which
				       * those of all are bad: FRESH once the
				       * first rung was BOGUS */
	/* With DONE. */
	enum proof_outcome outcome;
	enum proof_judge_reason reason; /* with PROVEN */
	char cut[DOMAIN_TEXT_MAX];
	char zone[DOMAIN_TEXT_MAX]; /* the last signed zone */
	uint32_t walk_ttl;
	char walk_why[REASON_MAX];

	enum rung plain;
	struct plain *search; /* NULL unless WAITING or RUNNING */
	char plain_why[REASON_MAX];
	char plain_zone[DOMAIN_TEXT_MAX]; /* the last zone that it reached, or
					   * "" */
};

static void settle(struct ladder *ladder);
static void ask_first(struct ladder *ladder);
static bool doubt(struct ladder *ladder);
static void drop_fresh(struct ladder *ladder);
static void look_again(struct ladder *ladder, enum first state);
static void keep_reason(struct ladder *ladder, const char *why);

static bool
wants_messages(const struct ladder *ladder)
{
	return ladder->need == LOOKUP_NEED_MESSAGE;
}

/* ---- changes of state ---- */

static bool
is_insecure(const struct ladder *ladder)
{
	return ladder->first == FIRST_INSECURE ||
	       ladder->first == FIRST_UNCONFIRMED;
}

/* Nothing but the second look can change that. */
static bool
is_looked_at_again(const struct ladder *ladder)
{
	return ladder->first == FIRST_BOGUS || ladder->first == FIRST_DISPUTED;
}

static void
change_first(struct ladder *ladder, enum first state)
{
	ladder->first = state;
	if (!is_insecure(ladder))
		packet_facts_clear(&ladder->facts);
	if (state == FIRST_BOGUS)
		ladder->own_caches = PROOF_CACHES_FRESH;
	else if (state == FIRST_NOT_ASKED)
		ladder->own_caches = PROOF_CACHES_DOUBTED;
}

static void
change_proof(struct ladder *ladder, enum rung state)
{
	if (state == RUNG_IDLE) {
		proof_cancel(ladder->walk);
		ladder->walk = NULL;
	}
	ladder->proof = state;
}

static void
change_plain(struct ladder *ladder, enum rung state)
{
	const bool waited = ladder->plain == RUNG_WAITING;
	const bool waits = state == RUNG_WAITING;

	if (state == RUNG_IDLE) {
		plain_cancel(ladder->search);
		ladder->search = NULL;
	}
	ladder->plain = state;
	if (waits != waited)
		ladder->waits(ladder->arg, waits);
}

/* ---- the end ---- */

/* Drop all state of the current name. */
static void
leave_name(struct ladder *ladder)
{
	validator_cancel(ladder->query);
	ladder->query = NULL;
	drop_fresh(ladder);
	change_first(ladder, FIRST_NOT_ASKED);
	change_proof(ladder, RUNG_IDLE);
	change_plain(ladder, RUNG_IDLE);
	chain_drop_held(&ladder->chain);
	ladder->walk_caches = PROOF_CACHES_OF_ALL;
	ladder->plain_why[0] = ladder->plain_zone[0] = '\0';
	timer_stop(ladder->proof_timer);
	timer_stop(ladder->retry_timer);
}

void
ladder_cancel(struct ladder *ladder)
{
	if (ladder == NULL)
		return;
	validator_cancel(ladder->query);
	validator_cancel(ladder->fresh);
	proof_cancel(ladder->walk);
	plain_cancel(ladder->search);
	packet_facts_clear(&ladder->facts);
	timer_free(ladder->kick);
	timer_free(ladder->limit);
	timer_free(ladder->proof_timer);
	timer_free(ladder->doubt_timer);
	timer_free(ladder->retry_timer);
	chain_clear(&ladder->chain);
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
	if (ladder->proof == RUNG_DONE && ladder->outcome == PROOF_SIGNED &&
	    domain_labels(ladder->zone) > 1)
		return ladder->zone;
	return domain_labels(ladder->chain.name) > 1 ? ladder->chain.name
						     : NULL;
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

	if (ladder->search != NULL)
		snprintf(ladder->plain_zone, sizeof(ladder->plain_zone), "%s",
		    plain_zone(ladder->search));
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
	char text[REASON_MAX], printable[REASON_MAX];

	snprintf(text, sizeof(text), "%s%.200s",
	    distrust != NULL ? "no trust path: " : "",
	    distrust != NULL ? distrust : why);
	log_printable(printable, sizeof(printable), text, strlen(text));
	hand_over(
	    ladder, chain_answer_failed(&ladder->chain, security, printable));
}

/* Proven insecure, without data: either the proof was all that was needed, or
 * there are no data to be obtained. */
static void
conclude_without_data(struct ladder *ladder, const char *why)
{
	hand_over(ladder,
	    chain_answer_without_data(&ladder->chain, ladder->walk_ttl, why));
}

/* No answer, or no usable one: the zone is at fault. */
static void
conclude_unanswered(struct ladder *ladder, const char *why)
{
	if (!is_insecure(ladder))
		note_failing(ladder);
	conclude_failed(ladder, DNS_INDETERMINATE, why);
}

static bool
is_proven(const struct ladder *ladder)
{
	return ladder->proof == RUNG_DONE && ladder->outcome == PROOF_PROVEN;
}

/* Whether the proof applies to the query.  The DS of a name belongs to the
 * parent zone.  Where that is signed, there is nothing to fall back to; where
 * it denies the DS by NSEC or NSEC3, the denial is a secure one. */
static bool
proof_holds(const struct ladder *ladder)
{
	if (ladder->outcome == PROOF_PROVEN_NXDOMAIN)
		return is_insecure(ladder) &&
		       ladder->facts.status == DNS_NXDOMAIN;
	return ladder->outcome == PROOF_PROVEN &&
	       (ladder->chain.type != DNS_TYPE_DS ||
		   strcmp(ladder->cut, ladder->chain.name) != 0 ||
		   (ladder->first == FIRST_INSECURE &&
		       ladder->reason != PROOF_JUDGE_REASON_NSEC &&
		       ladder->reason != PROOF_JUDGE_REASON_NSEC3));
}

/* Moves the records out of @facts. */
static void
conclude(struct ladder *ladder, struct packet_facts *facts,
    enum dns_security security, enum dns_rung rung)
{
	/* Without a proof, "insecure" says nothing about the first link:
	 * perhaps only the target is insecure, and with a secure link TLSA may
	 * apply. */
	const struct chain_end end = { .security = security,
		.alias = security == DNS_INSECURE && !is_proven(ladder)
			     ? DNS_INDETERMINATE
			     : security,
		.rung = rung,
		.ttl_max =
		    security == DNS_INSECURE && ladder->proof == RUNG_DONE
			? ladder->walk_ttl
			: UINT32_MAX };

	hand_over(ladder, chain_answer(&ladder->chain, facts, &end));
}

/* ---- aliases ---- */

static void start_name(struct ladder *ladder);

/* Start again at the target of an alias; the kept message shows the alias. */
static void
follow(struct ladder *ladder, const char *target, enum dns_security link,
    enum dns_rung rung, uint32_t ttl)
{
	const bool goes_on =
	    chain_follow(&ladder->chain, target, link, rung, ttl);

	leave_name(ladder);
	if (!goes_on) {
		conclude_failed(ladder, DNS_INDETERMINATE,
		    "the chain of aliases is too long or a loop");
		return;
	}
	ladder->once.has_doubted = false;
	ladder->begun = clock_ms();
	start_name(ladder);
}

/* ---- rung 3: plain ---- */

static void
use_plain(struct ladder *ladder, const ldns_pkt *packet, const char *zone)
{
	struct packet_facts facts;

	if (packet_facts(
		packet, ladder->chain.name, ladder->chain.type, &facts) == -1) {
		change_plain(ladder, RUNG_DONE);
		settle(ladder);
		return;
	}
	/* A zone above the name may be shared with others. */
	if (zone != NULL)
		infra_cache_add_racing(ladder->env->infra_cache,
		    domain_equal(zone, ladder->zone) ? ladder->chain.name
						     : zone);
	if (facts.aliases > 0) {
		/* The records at the target belong to another zone: only the
		 * alias counts. */
		char target[DOMAIN_TEXT_MAX];
		const uint32_t ttl =
		    facts.ttl < ladder->walk_ttl ? facts.ttl : ladder->walk_ttl;

		memcpy(target, facts.first_target, sizeof(target));
		packet_facts_clear(&facts);
		chain_hold_plain(&ladder->chain, packet, ttl);
		follow(ladder, target, DNS_INSECURE, DNS_RUNG_PLAIN, ttl);
		return;
	}
	chain_hold_plain(&ladder->chain, packet,
	    chain_ttl(&ladder->chain, ladder->walk_ttl));
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

	ladder->search = NULL;
	if (result->packet != NULL &&
	    packet_facts(result->packet, ladder->chain.name, ladder->chain.type,
		&facts) == 0) {
		if (facts.status == DNS_OK || facts.soa)
			ttl = facts.ttl;
		packet_facts_clear(&facts);
	}
	if (may_remember(ladder, result))
		plain_cache_add(ladder->env->plain_cache, ladder->chain.name,
		    ladder->chain.type, result->packet, result->zone, ttl);
	if (result->packet != NULL) {
		use_plain(ladder, result->packet, result->zone);
		return;
	}
	change_plain(ladder, RUNG_DONE);
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
	    ladder->env->plain_cache, ladder->chain.name, ladder->chain.type);
	ldns_pkt *packet;

	if (known == NULL)
		return false;
	if (known->packet == NULL) {
		change_plain(ladder, RUNG_DONE);
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

	change_plain(ladder, waits ? RUNG_WAITING : RUNG_RUNNING);
}

/* Returns true when the ladder has ended or continued with another name. */
static bool
start_plain(struct ladder *ladder)
{
	if (ladder->plain != RUNG_IDLE)
		return false;
	if (recall_plain(ladder))
		return true;
	if (ladder->plain == RUNG_DONE)
		return false;
	ladder->search = plain_start(&ladder->env->plain, ladder->chain.name,
	    ladder->chain.type, ladder->zone, ladder->path, ladder->budget,
	    on_plain_waits, on_plain, ladder);
	change_plain(ladder, ladder->search != NULL ? RUNG_RUNNING : RUNG_DONE);
	return false;
}

/* ---- the rules ---- */

static void
retry(void *arg)
{
	struct ladder *ladder = arg;

	leave_name(ladder);
	ladder->once.has_retried = true;
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
	return ladder->first == FIRST_FAILED && !ladder->once.has_doubted &&
	       ladder->budget->has_bad_caches;
}

/* The first rung failed quickly, or the proof did, and there is nothing to fall
 * back to: query with empty caches, and then retry once, if that can complete
 * before the deadline. */
static void
fail_or_retry(struct ladder *ladder)
{
	if (ladder->fresh != NULL ||
	    (ladder->first == FIRST_FAILED && doubt(ladder)))
		return;
	if (!ladder->once.has_retried && !is_in_vain(ladder) &&
	    clock_ms() + RETRY_MS < ladder->deadline) {
		timer_in_ms(ladder->retry_timer, RETRY_MS);
		return;
	}
	conclude_unanswered(ladder, ladder->why);
}

static void
conclude_insecure(struct ladder *ladder)
{
	conclude(ladder, &ladder->facts, DNS_INSECURE, ladder->first_rung);
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
	if (ladder->first == FIRST_NOT_ASKED)
		ask_first(ladder);
	else
		conclude_exhausted(ladder);
}

/* The name is proven insecure. */
static void
settle_proven(struct ladder *ladder)
{
	switch (ladder->first) {
	case FIRST_INSECURE:
		conclude_insecure(ladder);
		return;
	case FIRST_BOGUS:
	case FIRST_DISPUTED:
		/* No fallback from bogus: the second look decides. */
		return;
	case FIRST_NOT_ASKED:
	case FIRST_ASKED:
	case FIRST_FAILED:
	case FIRST_UNCONFIRMED:
		break;
	}
	timer_stop(ladder->proof_timer);
	drop_fresh(ladder);
	infra_cache_add_racing(ladder->env->infra_cache, ladder->chain.name);
	if (ladder->need == LOOKUP_NEED_SECURITY)
		conclude_without_data(ladder, NULL);
	else if (!start_plain(ladder) && ladder->plain == RUNG_DONE)
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
	       ladder->chain.type == DNS_TYPE_PTR &&
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
	if (ladder->first_rung != DNS_RUNG_FRESH &&
	    ladder->outcome != PROOF_FAILED) {
		keep_reason(ladder, "insecure without a reason");
		change_proof(ladder, RUNG_IDLE);
		look_again(ladder, FIRST_DISPUTED);
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
	switch (ladder->first) {
	case FIRST_INSECURE:
	case FIRST_UNCONFIRMED:
		settle_unexplained(ladder);
		return;
	case FIRST_FAILED:
		fail_or_retry(ladder);
		return;
	case FIRST_NOT_ASKED:
		ask_first(ladder);
		return;
	case FIRST_ASKED:
	case FIRST_BOGUS:
	case FIRST_DISPUTED:
		return;
	}
}

/* Called after every change of state: concludes if possible.  The map is at the
 * top. */
static void
settle(struct ladder *ladder)
{
	if (ladder->proof != RUNG_DONE)
		return;
	if (proof_holds(ladder))
		settle_proven(ladder);
	else
		settle_unproven(ladder);
}

/* ---- rung 2: the proof ---- */

/* The messages of a secure alias; a DNAME is followed by the CNAME that it
 * synthesizes. */
static void
hold_alias(struct ladder *ladder, const struct proof_result *result)
{
	chain_hold(&ladder->chain, result->packet, result->len, result->ttl);
	if (result->dname)
		chain_hold_synthesized(
		    &ladder->chain, result->target, result->ttl);
}

/* The DNAME denies the name: libunbound does not validate that answer. */
static void
conclude_too_long(struct ladder *ladder, const struct proof_result *result)
{
	struct packet_facts facts = { .status = DNS_NXDOMAIN,
		.ttl = result->ttl };

	snprintf(facts.rname, sizeof(facts.rname), "%s", ladder->chain.name);
	chain_hold_too_long(
	    &ladder->chain, result->packet, result->len, result->ttl);
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
		if (!is_insecure(ladder))
			infra_cache_add_racing(
			    ladder->env->infra_cache, ladder->chain.name);
		hold_alias(ladder, result);
		follow(ladder, result->target, DNS_SECURE, DNS_RUNG_VALIDATED,
		    result->ttl);
		return;
	}
	change_proof(ladder, RUNG_DONE);
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
		chain_note_proof(&ladder->chain, result->reason, ladder->cut);
	settle(ladder);
}

/* The caller calls settle(). */
static void
start_walk(struct ladder *ladder)
{
	timer_stop(ladder->proof_timer);
	if (ladder->proof != RUNG_IDLE)
		return;
	ladder->walk = proof_start(ladder->env->base, ladder->env->validator,
	    ladder->env->conf, ladder->budget, ladder->walk_caches,
	    ladder->chain.name, on_walk, ladder);
	change_proof(ladder, ladder->walk != NULL ? RUNG_RUNNING : RUNG_DONE);
	if (ladder->walk == NULL) {
		ladder->outcome = PROOF_FAILED;
		snprintf(ladder->walk_why, sizeof(ladder->walk_why),
		    "out of memory");
	}
}

static void
on_proof_timer(void *arg)
{
	struct ladder *ladder = arg;

	if (ladder->first == FIRST_NOT_ASKED) { /* the proof came first */
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

/* It has a result that is not secure: the proof has to tell what that is worth.
 */
static void
first_ended(struct ladder *ladder, enum first result)
{
	change_first(ladder, result);
	start_walk(ladder);
	settle(ladder);
}

static void
hold_result(struct ladder *ladder, const struct validator_result *result)
{
	chain_hold(
	    &ladder->chain, result->packet, result->len, result->lifetime);
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
	const bool address = ladder->chain.type == DNS_TYPE_A ||
			     ladder->chain.type == DNS_TYPE_AAAA;

	if (facts->soa)
		return false;
	if (facts->status == DNS_NODATA)
		return ladder->chain.type == DNS_TYPE_MX || address;
	if (facts->status != DNS_NXDOMAIN)
		return false;
	if (ladder->chain.type == DNS_TYPE_MX)
		return ladder->class != LOOKUP_CLASS_OTHER ||
		       wants_messages(ladder);
	return address && infra_cache_find_racing(ladder->env->infra_cache,
			      ladder->chain.name) != NULL;
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
	if (result->security == DNS_SECURE && !result->fresh)
		look_again(ladder, FIRST_DISPUTED);
	else
		first_ended(ladder, FIRST_FAILED);
}

/* An answer with rcode 0 or 3 that is not bogus. */
static void
use_validated(struct ladder *ladder, const struct validator_result *result)
{
	const enum dns_rung rung =
	    result->fresh ? DNS_RUNG_FRESH : DNS_RUNG_VALIDATED;
	ldns_pkt *packet = packet_parse(result->packet, result->len);
	const int error = packet == NULL ||
			  packet_facts(packet, ladder->chain.name,
			      ladder->chain.type, &ladder->facts) == -1 ||
			  (result->security == DNS_SECURE &&
			      is_contradictory(&ladder->facts));

	ldns_pkt_free(packet);
	if (error) {
		use_unreadable(ladder, result);
		return;
	}
	hold_result(ladder, result);
	if (ladder->facts.ttl > result->lifetime)
		ladder->facts.ttl = result->lifetime;
	ladder->first_rung = rung;
	if (result->security == DNS_SECURE) {
		conclude(ladder, &ladder->facts, DNS_SECURE, rung);
		return;
	}
	first_ended(ladder,
	    is_unconfirmed(ladder) ? FIRST_UNCONFIRMED : FIRST_INSECURE);
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
 * A query with empty caches had an answer where the shared ones had a failure,
 * or a bogus one: libunbound remembers for a minute that it could not get a
 * key, and everything below is bogus for that time, including the queries of a
 * proof.  So results from the shared caches are void, except a proof.  Until
 * they are renewed, a proof can't come from them either: it uses the caches of
 * the name instead.
 */
static void
distrust_caches(struct ladder *ladder)
{
	if (!validator_doubt(ladder->env->validator)) {
		ladder->budget->has_bad_caches = true;
		ladder->walk_caches = ladder->own_caches;
	}
	validator_cancel(ladder->query);
	ladder->query = NULL;
	timer_stop(ladder->retry_timer);
	if (ladder->proof != RUNG_DONE || !proof_holds(ladder))
		change_proof(ladder, RUNG_IDLE);
}

static void
on_fresh(void *arg, const struct validator_result *result)
{
	struct ladder *ladder = arg;

	ladder->fresh = NULL;
	if (!pay(ladder, result))
		return;
	if (is_judged(result) && result->security != DNS_BOGUS) {
		/* What was disputed may be the same again. */
		if (ladder->first != FIRST_DISPUTED)
			distrust_caches(ladder);
		use_validated(ladder, result);
		return;
	}
	if (!is_looked_at_again(ladder) && result->security != DNS_BOGUS) {
		settle(ladder);
		return;
	}
	if (result->answered) {
		keep_reason(ladder, result->why);
		hold_result(ladder, result);
	}
	conclude_failed(ladder, DNS_BOGUS, ladder->why);
}

/* A bogus result may be due to bad keys in libunbound's cache: query once more
 * with empty caches, which serve only this name. */
static void
look_again(struct ladder *ladder, enum first state)
{
	change_first(ladder, state);
	if (ladder->fresh != NULL) /* in progress already */
		return;
	if (!budget_spend_context(
		ladder->budget, ladder->chain.name, false, clock_ms())) {
		conclude_failed(ladder, DNS_BOGUS, ladder->why);
		return;
	}
	ladder->fresh =
	    validator_ask(ladder->env->validator, ladder->chain.name,
		ladder->chain.type, ladder->chain.name, NULL, on_fresh, ladder);
	if (ladder->fresh == NULL)
		conclude_failed(ladder, DNS_BOGUS, ladder->why);
}

static void
drop_fresh(struct ladder *ladder)
{
	timer_stop(ladder->doubt_timer);
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

	if (ladder->once.has_doubted || budget_text(budget) != NULL ||
	    !budget_spend_context(budget, ladder->chain.name, true, clock_ms()))
		return false;
	ladder->once.has_doubted = true;
	ladder->fresh =
	    validator_ask_doubted(ladder->env->validator, ladder->chain.name,
		ladder->chain.type, ladder->chain.name, on_fresh, ladder);
	return ladder->fresh != NULL;
}

static void
on_doubt_timer(void *arg)
{
	struct ladder *ladder = arg;

	if (ladder->first == FIRST_ASKED && ladder->fresh == NULL &&
	    (ladder->proof != RUNG_DONE || !proof_holds(ladder)))
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
		keep_reason(ladder, result->why);
		first_ended(ladder, FIRST_FAILED);
	} else if (result->security == DNS_BOGUS) {
		keep_reason(ladder, result->why);
		hold_result(ladder, result);
		look_again(ladder, FIRST_BOGUS);
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
	if (ladder->first != FIRST_NOT_ASKED)
		return;
	change_first(ladder, FIRST_ASKED);
	if (!ladder->once.has_doubted)
		timer_in_ms(ladder->doubt_timer, DOUBT_MS);
	ladder->query =
	    validator_ask(ladder->env->validator, ladder->chain.name,
		ladder->chain.type, NULL, ladder->budget, on_validated, ladder);
	if (ladder->query != NULL)
		return;
	keep_reason(ladder, "libunbound can't be asked");
	first_ended(ladder, FIRST_FAILED);
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
	bool is_racing;

	if (domain_labels(ladder->chain.name) > most_labels(ladder)) {
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
			ladder->env->infra_cache, ladder->chain.name) != NULL;
	if (is_racing && walk_comes_first(ladder)) {
		start_walk(ladder);
		timer_in_ms(ladder->proof_timer, LADDER_PROOF_MS);
		settle(ladder);
		return;
	}
	timer_in_ms(ladder->proof_timer, is_racing ? 0 : LADDER_PROOF_MS);
	ask_first(ladder);
}

/* ---- life ---- */

static void
begin(void *arg)
{
	start_name(arg);
}

/* The deadline: a completed proof still counts; anything else has failed. */
static void
on_limit(void *arg)
{
	struct ladder *ladder = arg;

	if (is_looked_at_again(ladder))
		conclude_failed(ladder, DNS_BOGUS, ladder->why);
	else if (ladder->proof == RUNG_DONE && proof_holds(ladder))
		conclude_exhausted(ladder);
	else
		conclude_unanswered(ladder,
		    ladder->why[0] != '\0' ? ladder->why : "no answer in time");
}

struct ladder *
ladder_start(const struct ladder_env *env,
    const struct ladder_question *question, ladder_cb cb, void *arg)
{
	struct ladder *ladder = calloc(1, sizeof(*ladder));

	if (ladder == NULL)
		return NULL;
	ladder->env = env;
	ladder->cb = cb;
	ladder->waits = question->waits;
	ladder->arg = arg;
	ladder->need = question->need;
	ladder->class = question->class;
	ladder->path = question->path;
	ladder->begun = clock_ms();
	ladder->deadline = ladder->begun + question->deadline_ms;
	ladder->budget = question->budget;
	change_first(ladder, FIRST_NOT_ASKED);
	ladder->kick = timer_new(env->base, begin, ladder);
	ladder->limit = timer_new(env->base, on_limit, ladder);
	ladder->proof_timer = timer_new(env->base, on_proof_timer, ladder);
	ladder->doubt_timer = timer_new(env->base, on_doubt_timer, ladder);
	ladder->retry_timer = timer_new(env->base, retry, ladder);
	if (chain_init(&ladder->chain, question->name, question->type,
		question->need) == -1 ||
	    ladder->kick == NULL || ladder->limit == NULL ||
	    ladder->proof_timer == NULL || ladder->doubt_timer == NULL ||
	    ladder->retry_timer == NULL) {
		ladder_cancel(ladder);
		return NULL;
	}
	timer_in_ms(ladder->limit, question->deadline_ms);
	timer_now(ladder->kick);
	return ladder;
}
