/* Slots for lookups: who runs, who waits, and who is told.  The ladder, and
 * libunbound below it, are ours. */

#include "dns/resolver.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/domain.h"
#include "base/stats.h"
#include "dns/budget.h"
#include "dns/infra_cache.h"
#include "dns/ladder.h"
#include "dns/plain_cache.h"
#include "dns/validator.h"

#include "../fakes/time.h"
#include "../fakes/validator.h"
#include "test_main.h"

#define SLOTS_MAX 1000
#define ZONE_SLOTS_MAX 16
#define WAITING_MAX 10000
#define MANY (SLOTS_MAX + WAITING_MAX + 10)

/* ---- the ladder ---- */

struct ladder {
	char name[DOMAIN_TEXT_MAX];
	struct ladder_question question;
	ladder_cb cb;
	void *arg;
	bool over;
};

static struct ladder *ladders[MANY];
static size_t started;
static const struct ladder_env *ladder_env;
static bool refuse;

struct ladder *
ladder_start(const struct ladder_env *env,
    const struct ladder_question *question, ladder_cb cb, void *arg)
{
	struct ladder *ladder;

	ladder_env = env;
	if (refuse)
		return NULL;
	ck_assert_uint_lt(started, MANY);
	ck_assert_ptr_nonnull(ladder = calloc(1, sizeof(*ladder)));
	snprintf(ladder->name, sizeof(ladder->name), "%s", question->name);
	ladder->question = *question;
	ladder->cb = cb;
	ladder->arg = arg;
	return ladders[started++] = ladder;
}

void
ladder_cancel(struct ladder *ladder)
{
	if (ladder == NULL)
		return;
	ck_assert(!ladder->over);
	ladder->over = true;
}

/* ---- libunbound ---- */

static bool insecure_root;

static unsigned
fake_answer(struct validator_query *query)
{
	ck_assert_str_eq(query->name, ".");
	ck_assert_uint_eq(query->type, DNS_TYPE_DNSKEY);
	query->result = (struct validator_result){ .answered = true,
		.security = insecure_root ? DNS_INSECURE : DNS_SECURE };
	return 0;
}

/* ---- the module ---- */

static struct event_base *base;
static struct conf conf;
static struct stats stats;
static struct resolver *resolver;
static unsigned came;
static char last_why[64];
static enum dns_status last_status;
static enum dns_security last_security;
static bool inside;
static struct budget budget;

static void
set_up(void)
{
	conf = (struct conf){ .lookup_deadline = 15,
		.state_directory = (char *)"" };
	memset(&stats, 0, sizeof(stats));
	started = came = renewed = 0;
	refuse = insecure_root = false;
	budget_init(&budget);
	ck_assert_ptr_nonnull(base = event_base_new());
	resolver = resolver_new(base, &conf, NULL, &stats);
	ck_assert_ptr_nonnull(resolver);
}

static void
tear_down(void)
{
	resolver_free(resolver);
	for (size_t i = 0; i < started; i++) {
		ck_assert(ladders[i]->over);
		free(ladders[i]);
	}
	event_base_free(base);
}

static void
on_answer(void *arg, struct dns_answer *answer)
{
	ck_assert(!inside);
	if (arg != NULL)
		*(struct resolver_lookup **)arg = NULL;
	came++;
	last_status = answer->status;
	last_security = answer->security;
	snprintf(last_why, sizeof(last_why), "%s",
	    answer->why != NULL ? answer->why : "");
}

static struct resolver_lookup *
look_up(const char *name, enum lookup_class class)
{
	struct resolver_lookup *lookup;

	inside = true;
	lookup = resolver_lookup(resolver, name, DNS_TYPE_A, LOOKUP_NEED_DATA,
	    class, &budget, on_answer, NULL);
	inside = false;
	return lookup;
}

static struct resolver_lookup *
must_look_up(const char *name, enum lookup_class class)
{
	struct resolver_lookup *lookup = look_up(name, class);

	ck_assert_ptr_nonnull(lookup);
	return lookup;
}

/* The ladder that was started as number @i ends. */
static void
ends(size_t i, enum dns_security security, enum dns_rung rung)
{
	struct dns_answer *answer = answer_new(ladders[i]->name, DNS_TYPE_A);

	ck_assert_ptr_nonnull(answer);
	answer->security = security;
	answer->rung = rung;
	ck_assert(!ladders[i]->over);
	ladders[i]->over = true;
	ladders[i]->cb(ladders[i]->arg, answer);
	answer_unref(answer);
}

START_TEST(answer_is_handed_on_and_counted)
{
	static const struct {
		enum dns_security security;
		enum dns_rung rung;
		enum stats_counter counter;
	} rows[] = {
		{ DNS_SECURE, DNS_RUNG_VALIDATED, STATS_RUNG_VALIDATED },
		{ DNS_SECURE, DNS_RUNG_FRESH, STATS_RUNG_FRESH },
		{ DNS_INSECURE, DNS_RUNG_PROOF, STATS_RUNG_PROOF },
		{ DNS_INSECURE, DNS_RUNG_PLAIN, STATS_RUNG_PLAIN },
		{ DNS_BOGUS, DNS_RUNG_NONE, STATS_FAILED_BOGUS },
		{ DNS_INDETERMINATE, DNS_RUNG_NONE, STATS_FAILED_UNPROVEN },
	};

	must_look_up("a.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(resolver_in_flight(resolver), 1);
	ck_assert_str_eq(ladders[0]->name, "a.example");
	ck_assert_uint_eq(ladders[0]->question.type, DNS_TYPE_A);
	ck_assert_uint_eq(ladders[0]->question.deadline_ms, 15000);
	ck_assert_ptr_null(ladders[0]->question.path);
	ends(0, rows[_i].security, rows[_i].rung);
	ck_assert_uint_eq(came, 1);
	ck_assert_uint_eq(stats.counter[rows[_i].counter], 1);
	ck_assert_uint_eq(resolver_in_flight(resolver), 0);
}
END_TEST

START_TEST(cancelled_one_never_calls)
{
	resolver_cancel(must_look_up("a.example", LOOKUP_CLASS_OTHER));
	ck_assert(ladders[0]->over);
	ck_assert_uint_eq(resolver_in_flight(resolver), 0);
	resolver_cancel(NULL);
	refuse = true;
	ck_assert_ptr_null(look_up("b.example", LOOKUP_CLASS_OTHER));
	ck_assert_uint_eq(resolver_in_flight(resolver), 0);
	ck_assert_uint_eq(came, 0);
	resolver_free(NULL);
}
END_TEST

/* One class does not wait for another. */
START_TEST(class_waits_for_its_own_slots)
{
	struct resolver_lookup *waiting;

	for (int i = 0; i < SLOTS_MAX; i++)
		must_look_up("a.example", LOOKUP_CLASS_OTHER);
	must_look_up("first.example", LOOKUP_CLASS_OTHER);
	waiting = must_look_up("second.example", LOOKUP_CLASS_OTHER);
	must_look_up("third.example", LOOKUP_CLASS_OTHER);
	ck_assert_uint_eq(started, SLOTS_MAX);
	must_look_up("policy.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	ck_assert_uint_eq(resolver_in_flight(resolver), SLOTS_MAX + 4);
	/* In the order in which they came. */
	ends(5, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_str_eq(ladders[started - 1]->name, "first.example");
	resolver_cancel(waiting);
	ends(6, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_str_eq(ladders[started - 1]->name, "third.example");
	ends(7, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(started, SLOTS_MAX + 3);
	ck_assert_uint_eq(came, 3);
}
END_TEST

/* What has waited has that much less time, and then none. */
START_TEST(waiting_ends_with_the_deadline)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		must_look_up("a.example", LOOKUP_CLASS_POLICY);
	must_look_up("b.example", LOOKUP_CLASS_POLICY);
	fake_pass(base, 10000);
	must_look_up("c.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(came, 0);
	fake_pass(base, 6000);
	ck_assert_uint_eq(came, 1);
	ck_assert_str_eq(last_why, "too many lookups at once");
	/* Nothing is known, which is not to be taken for anything. */
	ck_assert_int_eq(last_status, DNS_FAILED);
	ck_assert_int_eq(last_security, DNS_INDETERMINATE);
	ck_assert_uint_eq(stats.counter[STATS_FAILED_SLOTS], 1);
	ends(0, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_str_eq(ladders[started - 1]->name, "c.example");
	ck_assert_uint_le(ladders[started - 1]->question.deadline_ms, 9000);
	ck_assert_uint_ge(ladders[started - 1]->question.deadline_ms, 8000);
	/* And where the ladder can't be started, then at once. */
	must_look_up("d.example", LOOKUP_CLASS_POLICY);
	must_look_up("e.example", LOOKUP_CLASS_POLICY);
	refuse = true;
	ends(1, DNS_SECURE, DNS_RUNG_VALIDATED);
	fake_pass(base, 1000);
	ck_assert_str_eq(last_why, "too many lookups at once");
}
END_TEST

START_TEST(queue_is_bounded)
{
	for (int i = 0; i < SLOTS_MAX + WAITING_MAX; i++)
		must_look_up("a.example", LOOKUP_CLASS_OTHER);
	ck_assert_ptr_null(look_up("b.example", LOOKUP_CLASS_OTHER));
	ck_assert_uint_eq(
	    resolver_in_flight(resolver), SLOTS_MAX + WAITING_MAX);
	ck_assert_uint_eq(started, SLOTS_MAX);
	/* And each class has its own. */
	for (int i = 0; i < SLOTS_MAX; i++)
		must_look_up("a.example", LOOKUP_CLASS_FEW);
	ck_assert_uint_eq(started, 2 * SLOTS_MAX);
	must_look_up("c.example", LOOKUP_CLASS_FEW);
	ck_assert_uint_eq(started, 2 * SLOTS_MAX);
}
END_TEST

/* A zone that hangs takes few slots; others are not kept waiting. */
START_TEST(failing_zone_has_few_slots)
{
	char name[32];

	must_look_up("probe.example", LOOKUP_CLASS_OTHER);
	infra_cache_add_failing(ladder_env->infra_cache, "dead.example");
	for (int i = 0; i < ZONE_SLOTS_MAX + 3; i++) {
		snprintf(name, sizeof(name), "h%d.dead.example", i);
		must_look_up(name, LOOKUP_CLASS_OTHER);
	}
	ck_assert_uint_eq(started, 1 + ZONE_SLOTS_MAX);
	must_look_up("b.example", LOOKUP_CLASS_OTHER);
	ck_assert_uint_eq(started, 2 + ZONE_SLOTS_MAX);
	ends(1, DNS_INDETERMINATE, DNS_RUNG_NONE);
	ck_assert_str_eq(ladders[started - 1]->name, "h16.dead.example");
	resolver_cancel(must_look_up("x.dead.example", LOOKUP_CLASS_OTHER));
	if (_i == 0)
		return; /* resolver_free() finds them waiting */
	for (size_t i = 2; i < started; i++)
		if (!ladders[i]->over)
			ends(i, DNS_INDETERMINATE, DNS_RUNG_NONE);
	ck_assert_uint_eq(came, ZONE_SLOTS_MAX + 4);
	ck_assert_uint_eq(resolver_in_flight(resolver), 1);
}
END_TEST

/* Nobody can keep policies from the slots of a zone by asking for its names in
 * another way. */
START_TEST(failing_zone_has_slots_for_each_class)
{
	must_look_up("probe.example", LOOKUP_CLASS_OTHER);
	infra_cache_add_failing(ladder_env->infra_cache, "dead.example");
	for (int i = 0; i < ZONE_SLOTS_MAX + 3; i++)
		must_look_up("a.dead.example", LOOKUP_CLASS_OTHER);
	ck_assert_uint_eq(started, 1 + ZONE_SLOTS_MAX);
	must_look_up("b.dead.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(started, 2 + ZONE_SLOTS_MAX);
	ends(1 + ZONE_SLOTS_MAX, DNS_INDETERMINATE, DNS_RUNG_NONE);
	ck_assert_uint_eq(started, 2 + ZONE_SLOTS_MAX);
}
END_TEST

/* All slots of the class are taken, sixteen of them by the failing zone. */
static void
fill_both(void)
{
	must_look_up("probe.example", LOOKUP_CLASS_OTHER);
	infra_cache_add_failing(ladder_env->infra_cache, "dead.example");
	for (int i = 0; i < ZONE_SLOTS_MAX; i++)
		must_look_up("a.dead.example", LOOKUP_CLASS_POLICY);
	for (int i = ZONE_SLOTS_MAX; i < SLOTS_MAX; i++)
		must_look_up("a.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(started, 1 + SLOTS_MAX);
}

/* Broken: who came for the class's slot first, and could not use it, kept it
 * from those behind. */
START_TEST(slot_of_the_class_goes_to_who_can_use_it)
{
	fill_both();
	must_look_up("b.dead.example", LOOKUP_CLASS_POLICY);
	must_look_up("c.example", LOOKUP_CLASS_POLICY);
	ends(started - 1, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(started, 2 + SLOTS_MAX);
	ck_assert_str_eq(ladders[started - 1]->name, "c.example");
	ends(1, DNS_INDETERMINATE, DNS_RUNG_NONE);
	ck_assert_uint_eq(started, 3 + SLOTS_MAX);
	ck_assert_str_eq(ladders[started - 1]->name, "b.dead.example");
}
END_TEST

/* Broken: who waited for both, one after the other, and went, left the zone's
 * slot to nobody. */
START_TEST(slot_of_the_zone_is_not_lost_with_who_waits)
{
	struct resolver_lookup *first;

	fill_both();
	for (int i = 0; i < 2; i++) /* room in the class */
		ends(SLOTS_MAX - (size_t)i, DNS_SECURE, DNS_RUNG_VALIDATED);
	first = must_look_up("first.dead.example", LOOKUP_CLASS_POLICY);
	fake_pass(base, 8000);
	must_look_up("second.dead.example", LOOKUP_CLASS_POLICY);
	for (int i = 0; i < 3; i++) /* the last one waits */
		must_look_up("c.example", LOOKUP_CLASS_POLICY);
	ends(1, DNS_INDETERMINATE, DNS_RUNG_NONE);
	ck_assert_str_eq(ladders[started - 1]->name, "c.example");
	if (_i == 0)
		resolver_cancel(first);
	else
		fake_pass(base, 8000); /* its deadline */
	ck_assert_str_eq(ladders[started - 1]->name, "c.example");
	ends(SLOTS_MAX / 2, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_str_eq(ladders[started - 1]->name, "second.dead.example");
	if (_i == 2)
		must_look_up("third.dead.example", LOOKUP_CLASS_POLICY);
}
END_TEST

/* Broken: what could not be started went behind the others, and the slot that
 * it had been given to nobody. */
START_TEST(slot_is_not_lost_with_what_cannot_be_started)
{
	for (int i = 0; i < SLOTS_MAX; i++)
		must_look_up("a.example", LOOKUP_CLASS_POLICY);
	must_look_up("first.example", LOOKUP_CLASS_POLICY);
	must_look_up("second.example", LOOKUP_CLASS_POLICY);
	refuse = true;
	ends(0, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(started, SLOTS_MAX);
	refuse = false;
	if (_i == 1)
		return; /* resolver_free() finds it */
	fake_pass(base, 1000);
	ck_assert_str_eq(last_why, "too many lookups at once");
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	ck_assert_str_eq(ladders[started - 1]->name, "second.example");
}
END_TEST

/* They count in a zone that fails, and do not wait there: who waits for them
 * has a slot as well. */
START_TEST(inner_lookup_counts_in_a_failing_zone)
{
	const struct plain_path path = {
		.name = "a.example", .depth = 1, .budget = &budget
	};
	void *inner[ZONE_SLOTS_MAX + 1];
	char name[32];

	must_look_up("probe.example", LOOKUP_CLASS_OTHER);
	infra_cache_add_failing(ladder_env->infra_cache, "dead.example");
	for (int i = 0; i <= ZONE_SLOTS_MAX; i++) {
		snprintf(name, sizeof(name), "ns%d.dead.example", i);
		inner[i] = ladder_env->plain.lookup(ladder_env->plain.env, name,
		    DNS_TYPE_A, &path, on_answer, NULL);
	}
	ck_assert_uint_eq(started, 1 + ZONE_SLOTS_MAX);
	ck_assert_ptr_null(inner[ZONE_SLOTS_MAX]);
	must_look_up("h.dead.example", LOOKUP_CLASS_OTHER);
	ck_assert_uint_eq(started, 1 + ZONE_SLOTS_MAX);
	ladder_env->plain.cancel(inner[0]);
	ck_assert_uint_eq(started, 2 + ZONE_SLOTS_MAX);
	for (int i = 1; i < ZONE_SLOTS_MAX; i++)
		ladder_env->plain.cancel(inner[i]);
}
END_TEST

/* Lookups for lookups that have a slot need none, or nobody would move. */
START_TEST(inner_lookup_needs_no_slot)
{
	const struct plain_path path = {
		.name = "a.example", .depth = 1, .budget = &budget
	};
	void *inner;

	for (int i = 0; i < SLOTS_MAX + 1; i++)
		must_look_up("a.example", LOOKUP_CLASS_OTHER);
	inner = ladder_env->plain.lookup(ladder_env->plain.env, "ns.example",
	    DNS_TYPE_AAAA, &path, on_answer, NULL);
	ck_assert_ptr_nonnull(inner);
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	ck_assert_uint_eq(ladders[SLOTS_MAX]->question.path->depth, 1);
	ck_assert_uint_eq(ladders[SLOTS_MAX]->question.need, LOOKUP_NEED_DATA);
	ladder_env->plain.cancel(inner);
	ck_assert(ladders[SLOTS_MAX]->over);
	/* Nor does it leave one. */
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	inner = ladder_env->plain.lookup(ladder_env->plain.env, "ns.example",
	    DNS_TYPE_A, &path, on_answer, NULL);
	ck_assert_ptr_nonnull(inner);
	ends(SLOTS_MAX + 1, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(came, 1);
	ck_assert_uint_eq(started, SLOTS_MAX + 2);
	refuse = true;
	ck_assert_ptr_null(ladder_env->plain.lookup(ladder_env->plain.env,
	    "ns.example", DNS_TYPE_A, &path, on_answer, NULL));
}
END_TEST

/* Who waits for silent servers keeps nobody else from a slot. */
START_TEST(waiting_for_a_turn_takes_no_slot)
{
	struct ladder *ladder;

	for (int i = 0; i < SLOTS_MAX; i++)
		must_look_up("dead.example", LOOKUP_CLASS_POLICY);
	must_look_up("a.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(started, SLOTS_MAX);
	ladder = ladders[0];
	ladder->question.waits(ladder->arg, true);
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	ck_assert_str_eq(ladders[SLOTS_MAX]->name, "a.example");
	must_look_up("b.example", LOOKUP_CLASS_POLICY);
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	if (_i == 0) { /* it ends as it waits: it has no slot to leave */
		ends(0, DNS_INSECURE, DNS_RUNG_PROOF);
		ck_assert_uint_eq(started, SLOTS_MAX + 1);
		ends(1, DNS_INSECURE, DNS_RUNG_PROOF);
		ck_assert_uint_eq(started, SLOTS_MAX + 2);
		return;
	}
	/* Its turn has come: one more than there are slots. */
	must_look_up("c.example", LOOKUP_CLASS_POLICY);
	ladder->question.waits(ladder->arg, false);
	ends(1, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_uint_eq(started, SLOTS_MAX + 1);
	ends(0, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_uint_eq(started, SLOTS_MAX + 2);
	ck_assert_str_eq(ladders[started - 1]->name, "b.example");
}
END_TEST

START_TEST(trust_is_told)
{
	const char *why;

	insecure_root = _i == 1;
	must_look_up("a.example", LOOKUP_CLASS_OTHER);
	ck_assert_int_eq(resolver_trust(resolver, &why), TRUST_UNKNOWN);
	ck_assert_ptr_nonnull(ladder_env->distrust(ladder_env->arg));
	for (int i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(resolver_trust(resolver, &why),
	    insecure_root ? TRUST_WITHDRAWN : TRUST_ALIVE);
	ck_assert((why != NULL) == insecure_root);
	ck_assert_ptr_eq(ladder_env->distrust(ladder_env->arg), why);
}
END_TEST

START_TEST(forgetting_leaves_lookups_alone)
{
	must_look_up("a.example", LOOKUP_CLASS_OTHER);
	infra_cache_add_racing(ladder_env->infra_cache, "b.example");
	plain_cache_add(
	    ladder_env->plain_cache, "b.example", DNS_TYPE_A, NULL, NULL, 0);
	ck_assert_ptr_nonnull(
	    plain_cache_find(ladder_env->plain_cache, "b.example", DNS_TYPE_A));
	ck_assert_ptr_nonnull(
	    infra_cache_find_racing(ladder_env->infra_cache, "a.b.example"));
	renew_result = _i == 0 ? 0 : -1;
	ck_assert_int_eq(resolver_forget(resolver), renew_result);
	renew_result = 0;
	ck_assert_ptr_null(
	    infra_cache_find_racing(ladder_env->infra_cache, "a.b.example"));
	ck_assert_ptr_null(
	    plain_cache_find(ladder_env->plain_cache, "b.example", DNS_TYPE_A));
	ck_assert_uint_eq(renewed, 1);
	ends(0, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(came, 1);
}
END_TEST

TEST_MAIN("resolver")
{
	TCase *tc = add_case(suite, "resolver");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, answer_is_handed_on_and_counted, 0, 6);
	tcase_add_test(tc, cancelled_one_never_calls);
	tcase_add_test(tc, class_waits_for_its_own_slots);
	tcase_add_test(tc, waiting_ends_with_the_deadline);
	tcase_add_test(tc, queue_is_bounded);
	tcase_add_loop_test(tc, failing_zone_has_few_slots, 0, 2);
	tcase_add_test(tc, failing_zone_has_slots_for_each_class);
	tcase_add_test(tc, slot_of_the_class_goes_to_who_can_use_it);
	tcase_add_loop_test(
	    tc, slot_of_the_zone_is_not_lost_with_who_waits, 0, 3);
	tcase_add_loop_test(
	    tc, slot_is_not_lost_with_what_cannot_be_started, 0, 2);
	tcase_add_test(tc, inner_lookup_needs_no_slot);
	tcase_add_test(tc, inner_lookup_counts_in_a_failing_zone);
	tcase_add_loop_test(tc, waiting_for_a_turn_takes_no_slot, 0, 2);
	tcase_add_loop_test(tc, trust_is_told, 0, 2);
	tcase_add_loop_test(tc, forgetting_leaves_lookups_alone, 0, 2);
}
