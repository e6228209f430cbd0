/*
 * The rules of the race: which rung's result counts, and when.  libunbound,
 * the walk and the plain lookup are ours: each test says what they find, and
 * in which order.  Time is the tests' own, and passes in pass() only.
 *
 * The lines of the map in ladder.c, and where each is tested first:
 *
 *  1 secure_answer_stands_at_once
 *  2 insecure_answer_waits_for_its_reason, failure_starts_the_proof_at_once,
 *    slow_lookup_starts_the_proof_later
 *  3 insecure_answer_waits_for_its_reason
 *  4 proof_does_not_mend_bogus
 *  5 failure_starts_the_proof_at_once
 *  6 plain_answers_only_under_a_proof, denial_without_soa_is_confirmed,
 *    exhausted_servers_end_it_at_once,
 *    plain_comes_first_where_much_is_abandoned
 *  7 failed_walk_leaves_only_names_of_clients, failed_walk_is_tried_again
 *  8 insecure_without_a_reason_has_failed
 *  9 failure_is_looked_at_with_empty_caches, quick_failure_is_tried_once_more
 * 10 proof_comes_first_where_it_is_all_one_wants
 * 11 secure_answer_may_come_after_the_walk, bogus_is_asked_once_more,
 *    denial_with_records_is_no_denial
 *
 * Aliases: security_of_a_chain_is_that_of_all_links; names that become too
 * long: name_that_becomes_too_long_is_denied.  The deadline:
 * deadline_ends_a_lookup, bogus_at_the_deadline_is_bogus.
 */

#include "dns/ladder.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/domain.h"
#include "dns/budget.h"
#include "dns/infra_cache.h"
#include "dns/packet.h"
#include "dns/plain_cache.h"
#include "dns/proof.h"
#include "dns/validator.h"

#include "../fakes/questions.h"
#include "../fakes/time.h"
#include "message_fixture.h"
#include "test_main.h"

#define ASKED_MAX 32
#define NAME "mx.example"
#define TARGET "target.test"

/* ---- the rungs ---- */

struct proof {
	char name[DOMAIN_TEXT_MAX];
	enum proof_caches caches;
	bool cancelled, ended;
	proof_cb cb;
	void *arg;
};

struct plain {
	char name[DOMAIN_TEXT_MAX], zone[DOMAIN_TEXT_MAX];
	bool cancelled, ended;
	plain_waits_cb waits;
	plain_cb cb;
	void *arg;
};

static struct proof walks[ASKED_MAX];
static struct plain plains[ASKED_MAX];
static size_t walk_count, plain_count;
static size_t abandoned; /* in libunbound */
static unsigned doubts;  /* of what it keeps */
static bool is_put_off;  /* what they lead to */

bool
validator_doubt(struct validated *validator)
{
	(void)validator;
	doubts++;
	return !is_put_off;
}

struct validator_counts
validator_counts(const struct validated *validator)
{
	(void)validator;
	return (struct validator_counts){ .abandoned = abandoned };
}

struct proof *
proof_start(struct event_base *base, struct validated *validator,
    const struct conf *conf, struct budget *budget, enum proof_caches caches,
    const char *name, proof_cb cb, void *arg)
{
	struct proof *walk = &walks[walk_count++];

	(void)base;
	ck_assert_ptr_nonnull(budget);
	ck_assert_ptr_null(budget_text(budget));
	(void)validator;
	(void)conf;
	ck_assert_uint_lt(walk_count, ASKED_MAX);
	snprintf(walk->name, sizeof(walk->name), "%s", name);
	walk->caches = caches;
	walk->cb = cb;
	walk->arg = arg;
	return walk;
}

void
proof_cancel(struct proof *walk)
{
	if (walk == NULL)
		return;
	ck_assert(!walk->ended);
	walk->cancelled = true;
}

struct plain *
plain_start(const struct plain_env *env, const char *name, uint16_t type,
    const char *zone, const struct plain_path *above, struct budget *paying,
    plain_waits_cb waits, plain_cb cb, void *arg)
{
	struct plain *plain = &plains[plain_count++];

	(void)env;
	(void)type;
	(void)above;
	ck_assert_ptr_nonnull(paying);
	ck_assert_ptr_nonnull(waits);
	ck_assert_uint_lt(plain_count, ASKED_MAX);
	snprintf(plain->name, sizeof(plain->name), "%s", name);
	snprintf(plain->zone, sizeof(plain->zone), "%s", zone);
	plain->waits = waits;
	plain->cb = cb;
	plain->arg = arg;
	return plain;
}

const char *
plain_zone(const struct plain *plain)
{
	return plain->zone;
}

void
plain_cancel(struct plain *plain)
{
	if (plain == NULL)
		return;
	ck_assert(!plain->ended);
	plain->cancelled = true;
}

/* ---- one lookup ---- */

static struct event_base *base;
static struct infra_cache *infra_cache;
static struct plain_cache *plain_cache;
static struct ladder *ladder;
static struct dns_answer *answer; /* NULL until it comes */
static const char *no_trust;
static struct budget budget;
static enum proof_judge_reason walk_reason;

static const char *
distrust(void *arg)
{
	(void)arg;
	return no_trust;
}

static void
on_answer(void *arg, struct dns_answer *came)
{
	(void)arg;
	ck_assert_ptr_null(answer);
	answer = answer_ref(came);
	ladder = NULL;
}

static char turns[8]; /* what was said of its turn: "+" it waits, "-" no more */

static void
on_waits(void *arg, bool waits)
{
	(void)arg;
	ck_assert_uint_lt(strlen(turns), sizeof(turns) - 1);
	strcat(turns, waits ? "+" : "-");
}

static struct ladder_env env;

static void
set_up(void)
{
	ck_assert_ptr_nonnull(base = event_base_new());
	ck_assert_ptr_nonnull(infra_cache = infra_cache_new());
	ck_assert_ptr_nonnull(plain_cache = plain_cache_new());
	env = (struct ladder_env){ .base = base,
		.infra_cache = infra_cache,
		.plain_cache = plain_cache,
		.distrust = distrust };
	no_trust = NULL;
	forget_questions();
	walk_reason = PROOF_JUDGE_REASON_NSEC;
	budget_init(&budget);
	walk_count = plain_count = 0;
	abandoned = doubts = 0;
	is_put_off = false;
	turns[0] = '\0';
	memset(walks, 0, sizeof(walks));
	memset(plains, 0, sizeof(plains));
}

static void
forget(void)
{
	answer_unref(answer);
	answer = NULL;
}

static void
tear_down(void)
{
	ladder_cancel(ladder);
	ladder = NULL;
	forget();
	expect_no_questions();
	for (size_t i = 0; i < walk_count; i++)
		ck_assert(walks[i].ended || walks[i].cancelled);
	for (size_t i = 0; i < plain_count; i++)
		ck_assert(plains[i].ended || plains[i].cancelled);
	plain_cache_free(plain_cache);
	infra_cache_free(infra_cache);
	event_base_free(base);
}

/* Let @ms pass, and everything happen that is due by then. */
static void
pass(unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		fake_ms++;
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static const struct plain_path *above; /* of an inner lookup */

static void
ask_as(const char *name, uint16_t type, enum lookup_need need,
    enum lookup_class class, unsigned deadline_ms)
{
	ladder = ladder_start(&env,
	    &(struct ladder_question){ .name = name,
		.type = type,
		.need = need,
		.class = class,
		.path = above,
		.budget = &budget,
		.deadline_ms = deadline_ms,
		.waits = on_waits },
	    on_answer, NULL);
	ck_assert_ptr_nonnull(ladder);
	ck_assert_ptr_null(answer);
	pass(0);
}

/* The retry, 5.3 s later, would not be over in time. */
static void
ask(uint16_t type, enum lookup_need need)
{
	ask_as(NAME, type, need, LOOKUP_CLASS_POLICY, 5000);
	ck_assert_uint_eq(query_count, 1);
	ck_assert_str_eq(queries[0].name, NAME);
	ck_assert(!queries[0].fresh);
}

/* ---- what the rungs find ---- */

static const char *const soa[] = { "example. 300 IN SOA . . 1 1 1 1 60", NULL };

static struct validator_query *
last_query(void)
{
	struct validator_query *query = &queries[query_count - 1];

	ck_assert(!query->answered && !query->cancelled);
	query->answered = true;
	return query;
}

static void
unbound_fails(void)
{
	struct validator_query *query = last_query();

	query->cb(query->arg,
	    &(struct validator_result){ .why = "no server gave an answer" });
	pass(0);
}

/* And the look with empty caches that comes then. */
static void
second_look_fails(void)
{
	ck_assert_ptr_null(answer);
	ck_assert(queries[query_count - 1].doubted);
	unbound_fails();
	ck_assert_uint_eq(doubts, 0);
}

static void
unbound_says(enum dns_security security, int rcode, const char *const *records,
    const char *const *authority)
{
	answer_query(last_query(), security, rcode, records, authority);
	pass(0);
}

static const char *
data_of(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
		return NAME ". 300 IN A 192.0.2.1";
	case DNS_TYPE_AAAA:
		return NAME ". 300 IN AAAA 2001:db8::1";
	case DNS_TYPE_MX:
		return NAME ". 300 IN MX 10 a.example.";
	case DNS_TYPE_PTR:
		return NAME ". 300 IN PTR host.example.";
	default:
		return NAME ". 300 IN TLSA 3 1 1 00";
	}
}

static void
unbound_has_data(enum dns_security security)
{
	const char *const records[] = { data_of(queries[query_count - 1].type),
		NULL };

	unbound_says(security, 0, records, NULL);
}

static void
walk_ends_with(enum proof_outcome outcome, const char *target)
{
	struct proof *walk = &walks[walk_count - 1];

	ck_assert_uint_ge(walk_count, 1);
	ck_assert(!walk->ended && !walk->cancelled);
	walk->ended = true;
	walk->cb(walk->arg, &(struct proof_result){ .outcome = outcome,
				.reason = walk_reason,
				.cut = "zone.example",
				.zone = "example",
				.target = target,
				.ttl = 200,
				.why = "DS of example: no answer" });
	pass(0);
}

static void
walk_ends(enum proof_outcome outcome)
{
	walk_ends_with(outcome, NULL);
}

static void
plain_finds(int rcode, const char *const *records, const char *const *authority)
{
	struct plain *plain = &plains[plain_count - 1];
	ldns_pkt *packet =
	    message_packet(plain->name, DNS_TYPE_A, rcode, records, authority);

	ck_assert_uint_ge(plain_count, 1);
	ck_assert(!plain->ended && !plain->cancelled);
	plain->ended = true;
	plain->cb(plain->arg,
	    &(struct plain_result){
		.packet = packet, .zone = "zone.example", .questions = 1 });
	ldns_pkt_free(packet);
	pass(0);
}

static void
plain_is_exhausted(void)
{
	struct plain *plain = &plains[plain_count - 1];

	ck_assert_uint_ge(plain_count, 1);
	ck_assert(!plain->ended && !plain->cancelled);
	plain->ended = true;
	plain->cb(plain->arg,
	    &(struct plain_result){ .why = "no answer", .zone = plain->zone });
	pass(0);
}

/* ---- what comes out ---- */

static void
expect(enum dns_status status, enum dns_security security, enum dns_rung rung)
{
	ck_assert_ptr_nonnull(answer);
	ck_assert_str_eq(
	    answer_status_text(answer->status), answer_status_text(status));
	ck_assert_str_eq(answer_security_text(answer->security),
	    answer_security_text(security));
	ck_assert_str_eq(
	    answer_rung_text(answer->rung), answer_rung_text(rung));
	/* Never one without the other. */
	ck_assert(answer->status == DNS_OK || answer->rdata_count == 0);
	ck_assert(answer->status != DNS_OK || answer->rdata_count > 0);
}

static void
expect_failed(enum dns_security security)
{
	expect(DNS_FAILED, security, DNS_RUNG_NONE);
	ck_assert_ptr_nonnull(answer->why);
}

/* ---- rung 1 ---- */

START_TEST(secure_answer_stands_at_once)
{
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(walk_count, 0);
	ck_assert_uint_eq(answer->ttl, 300);
}
END_TEST

/* libunbound keeps it for the whole TTL. */
START_TEST(answer_ends_with_its_signatures)
{
	lifetime = 40;
	ask(DNS_TYPE_TLSA, _i == 0 ? LOOKUP_NEED_DATA : LOOKUP_NEED_MESSAGE);
	if (_i < 2)
		unbound_has_data(DNS_SECURE);
	else
		unbound_says(DNS_SECURE, 0, NULL, soa);
	ck_assert_ptr_nonnull(answer);
	ck_assert_uint_eq(answer->ttl, 40);
	if (_i == 0)
		return;
	ck_assert_uint_eq(answer->part_count, 1);
	for (size_t i = 0; i < answer->parts[0].len - 4; i++)
		ck_assert(
		    memcmp(answer->parts[0].wire + i, "\0\0\1\54", 4) != 0);
}
END_TEST

START_TEST(secure_denial_stands_at_once)
{
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_says(DNS_SECURE, _i == 0 ? 0 : 3, NULL, soa);
	expect(_i == 0 ? DNS_NODATA : DNS_NXDOMAIN, DNS_SECURE,
	    DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(walk_count, 0);
}
END_TEST

START_TEST(insecure_answer_waits_for_its_reason)
{
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_INSECURE);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(walk_count, 1);
	ck_assert_str_eq(walks[0].name, NAME);
	walk_ends(PROOF_PROVEN);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_VALIDATED);
	ck_assert_str_eq(answer->proof,
	    "DS of zone.example denied by NSEC: delegation without DS");
	/* The proof's TTL counts too. */
	ck_assert_uint_eq(answer->ttl, 200);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

static const uint16_t types[] = { DNS_TYPE_MX, DNS_TYPE_A, DNS_TYPE_AAAA,
	DNS_TYPE_TLSA };

START_TEST(insecure_without_a_reason_has_failed)
{
	static const enum proof_outcome outcomes[] = { PROOF_SIGNED,
		PROOF_UNEXPLAINED, PROOF_PROVEN_NXDOMAIN };

	ask(_i % 5 < 4 ? types[_i % 5] : DNS_TYPE_PTR, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_INSECURE);
	walk_ends(outcomes[_i / 5]);
	/* What libunbound has not judged lies in its cache as it came. */
	ck_assert_ptr_null(answer);
	ck_assert(queries[1].fresh);
	unbound_has_data(DNS_INSECURE);
	walk_ends(outcomes[_i / 5]);
	expect_failed(DNS_INDETERMINATE);
	ck_assert_ptr_nonnull(strstr(answer->why, "without a reason"));
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

/* Whoever has left leaves nothing behind. */
START_TEST(insecure_without_a_reason_is_looked_at_twice)
{
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_says(DNS_INSECURE, 3, NULL, NULL);
	walk_ends(_i == 0 ? PROOF_SIGNED : PROOF_UNEXPLAINED);
	ck_assert(queries[1].fresh);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
}
END_TEST

/* Whoever drops the questions of the walk must not have his answer stand: it
 * may be that libunbound has not looked.  Names of clients are no answer that
 * decides about mail. */
START_TEST(failed_walk_leaves_only_names_of_clients)
{
	const uint16_t type = _i % 5 < 4 ? types[_i % 5] : DNS_TYPE_PTR;

	ask(type, LOOKUP_NEED_DATA);
	if (_i < 5)
		unbound_has_data(DNS_INSECURE);
	else
		unbound_says(DNS_INSECURE, 0, NULL, soa);
	walk_ends(PROOF_FAILED);
	if (type == DNS_TYPE_PTR)
		expect(_i < 5 ? DNS_OK : DNS_NODATA, DNS_INSECURE,
		    DNS_RUNG_VALIDATED);
	else
		expect_failed(DNS_INDETERMINATE);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

/* The next walk may get its answers. */
START_TEST(failed_walk_is_tried_again)
{
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 15000);
	unbound_has_data(DNS_INSECURE);
	walk_ends(PROOF_FAILED);
	ck_assert_ptr_null(answer);
	pass(5500);
	ck_assert_uint_eq(query_count, 2);
	unbound_has_data(DNS_INSECURE);
	ck_assert_uint_eq(walk_count, 2);
	walk_ends(PROOF_PROVEN);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_VALIDATED);
}
END_TEST

/* Who asks, and how many labels are not too many. */
static const struct {
	enum lookup_class class;
	enum lookup_need need;
	bool is_inner; /* a name server, for a plain lookup */
	int labels;
} depths[] = {
	{ LOOKUP_CLASS_POLICY, LOOKUP_NEED_DATA, false,
	    LADDER_HOST_LABELS_MAX },
	{ LOOKUP_CLASS_REFRESH, LOOKUP_NEED_SECURITY, false,
	    LADDER_HOST_LABELS_MAX },
	{ LOOKUP_CLASS_OTHER, LOOKUP_NEED_DATA, true, LADDER_HOST_LABELS_MAX },
	{ LOOKUP_CLASS_FEW, LOOKUP_NEED_MESSAGE, false, LADDER_LABELS_MAX },
	{ LOOKUP_CLASS_OTHER, LOOKUP_NEED_MESSAGE, false, LADDER_LABELS_MAX },
};

START_TEST(name_with_too_many_labels_is_not_asked_for)
{
	const size_t row = (size_t)_i / 2;
	const struct plain_path path = { .budget = &budget };
	char name[256] = "";

	for (int i = 2; i < depths[row].labels + _i % 2; i++)
		strcat(name, "a.");
	strcat(name, NAME);
	above = depths[row].is_inner ? &path : NULL;
	ask_as(name, DNS_TYPE_A, depths[row].need, depths[row].class, 5000);
	above = NULL;
	if (_i % 2 == 0) {
		ck_assert_uint_eq(query_count, 1);
		return;
	}
	ck_assert_uint_eq(query_count, 0);
	expect_failed(DNS_INDETERMINATE);
	ck_assert_str_eq(
	    answer->why, "the name has more labels than are looked up");
	/* It says nothing of the zone. */
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, name));
}
END_TEST

START_TEST(nothing_insecure_stands_without_trust)
{
	no_trust = "the anchor is dead";
	ask(_i < 4 ? types[_i] : DNS_TYPE_PTR, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_INSECURE);
	walk_ends(PROOF_FAILED);
	expect_failed(DNS_INDETERMINATE);
	ck_assert_str_eq(answer->why, "no trust path: the anchor is dead");
}
END_TEST

/* That its target lies in an opt-out span does not make an alias insecure: TLSA
 * may stand at its name (RFC 7672 section 2.2.2). */
START_TEST(alias_is_not_insecure_without_a_reason)
{
	static const char *const records[] = {
		NAME ". 300 IN CNAME " TARGET ".", NULL
	};

	ask(DNS_TYPE_A, LOOKUP_NEED_SECURITY);
	unbound_says(DNS_INSECURE, 3, records, soa);
	walk_ends(_i == 0 ? PROOF_PROVEN_NXDOMAIN : PROOF_PROVEN);
	expect(DNS_NXDOMAIN, DNS_INSECURE, DNS_RUNG_VALIDATED);
	ck_assert_str_eq(answer->rname, TARGET);
	ck_assert_int_eq(
	    answer->first_link, _i == 0 ? DNS_INDETERMINATE : DNS_INSECURE);
}
END_TEST

/* An opt-out span shows that a denial may be insecure, and nothing else. */
START_TEST(opt_out_nxdomain_counts_for_nxdomain_only)
{
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	if (_i == 0)
		unbound_says(DNS_INSECURE, 3, NULL, soa);
	else if (_i == 1)
		unbound_says(DNS_INSECURE, 0, NULL, soa);
	else if (_i == 2)
		unbound_has_data(DNS_INSECURE);
	else
		unbound_fails();
	walk_ends(PROOF_PROVEN_NXDOMAIN);
	if (_i == 1 || _i == 2) { /* there is no reason, twice */
		if (_i == 1)
			unbound_says(DNS_INSECURE, 0, NULL, soa);
		else
			unbound_has_data(DNS_INSECURE);
		walk_ends(PROOF_PROVEN_NXDOMAIN);
	}
	if (_i == 3)
		second_look_fails();
	if (_i == 0)
		expect(DNS_NXDOMAIN, DNS_INSECURE, DNS_RUNG_VALIDATED);
	else
		expect_failed(DNS_INDETERMINATE);
}
END_TEST

START_TEST(answer_that_cannot_be_read_is_a_failure)
{
	static const uint8_t rubbish[] = { 0, 0, 0x80, 0, 0, 9, 0, 0, 0, 0, 0,
		0 };
	struct validator_query *query;

	ask(DNS_TYPE_A, LOOKUP_NEED_SECURITY);
	for (int look = 0; look < 2; look++) {
		query = last_query();
		query->cb(query->arg,
		    &(struct validator_result){ .answered = true,
			.fresh = query->fresh,
			.security = _i == 0 ? DNS_SECURE : DNS_INSECURE,
			.packet = rubbish,
			.len = sizeof(rubbish) });
		ck_assert_ptr_null(answer);
		/* It would be the same, out of libunbound's cache. */
		if (_i == 0 && look == 0)
			ck_assert(queries[1].fresh);
		else
			break;
	}
	walk_ends(PROOF_SIGNED);
	second_look_fails();
	expect_failed(DNS_INDETERMINATE);
}
END_TEST

/* A denial that has records of the type beside it is none. */
START_TEST(denial_with_records_is_no_denial)
{
	static const char *const records[] = { "other.example. 300 IN TLSA 3 1 "
					       "1 00",
		NULL };

	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_says(DNS_SECURE, _i == 0 ? 0 : 3, records, soa);
	ck_assert_ptr_null(answer);
	ck_assert(queries[1].fresh);
	unbound_says(DNS_SECURE, 0, NULL, soa);
	expect(DNS_NODATA, DNS_SECURE, DNS_RUNG_FRESH);
}
END_TEST

/* The second look has the same, and then what has failed is looked at once
 * more.  The records that were beside the denial are freed. */
START_TEST(denial_with_records_may_come_twice)
{
	static const char *const records[] = { "other.example. 300 IN TLSA 3 1 "
					       "1 00",
		NULL };

	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_says(DNS_SECURE, 0, records, soa);
	unbound_says(DNS_SECURE, 0, records, soa);
	ck_assert_ptr_null(answer);
	walk_ends(PROOF_SIGNED);
	ck_assert(queries[2].doubted);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
}
END_TEST

/* The message came from other caches than the first: validator.h looks twice at
 * what is not whole. */
START_TEST(rung_says_where_the_answer_came_from)
{
	struct message message = message_make(NAME, DNS_TYPE_A, 3, NULL, soa);
	struct validator_query *query;

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	query = last_query();
	query->cb(query->arg, &(struct validator_result){ .answered = true,
				  .fresh = true,
				  .security = DNS_SECURE,
				  .lifetime = UINT32_MAX,
				  .packet = message.wire,
				  .len = message.len });
	free(message.wire);
	expect(DNS_NXDOMAIN, DNS_SECURE, DNS_RUNG_FRESH);
}
END_TEST

/* ---- bogus ---- */

START_TEST(bogus_is_asked_once_more)
{
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_BOGUS);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(query_count, 2);
	ck_assert(queries[1].fresh);
	ck_assert_str_eq(queries[1].name, NAME);
	if (_i == 0) {
		unbound_has_data(DNS_SECURE);
		expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
		return;
	}
	if (_i == 1)
		unbound_has_data(DNS_BOGUS);
	else
		unbound_fails();
	expect_failed(DNS_BOGUS);
	ck_assert_str_eq(answer->why, "signature");
	ck_assert_uint_eq(query_count, 2);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

/* Fresh contexts are dear: an evaluation has so many. */
START_TEST(second_looks_come_out_of_the_budget)
{
	budget.left[BUDGET_CONTEXTS] = _i == 0 ? 0 : 1;
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_BOGUS);
	ck_assert_uint_eq(query_count, _i == 0 ? 1 : 2);
	ck_assert_uint_eq(budget.left[BUDGET_CONTEXTS], 0);
	if (_i == 1)
		unbound_has_data(DNS_BOGUS);
	expect_failed(DNS_BOGUS);
}
END_TEST

START_TEST(hashing_of_libunbound_comes_out_of_the_budget)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	hashing = 1000;
	unbound_has_data(DNS_BOGUS);
	hashing = 200;
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
	ck_assert_uint_eq(
	    budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 1200);
}
END_TEST

static void
expect_used_up(void)
{
	expect_failed(DNS_INDETERMINATE);
	ck_assert_str_eq(
	    answer->why, "NSEC3 hashing of one evaluation is used up");
	ck_assert_uint_eq(plain_count, 0);
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, NAME));
}

/* At either look, and whatever it says. */
START_TEST(too_much_hashing_ends_the_lookup)
{
	static const enum dns_security judgements[] = { DNS_SECURE,
		DNS_INSECURE, DNS_BOGUS };

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	if (_i >= 3)
		unbound_has_data(DNS_BOGUS);
	hashing = BUDGET_HASHING_MAX + 1;
	unbound_has_data(judgements[_i % 3]);
	expect_used_up();
	ck_assert_uint_eq(budget.left[BUDGET_HASHING], 0);
}
END_TEST

START_TEST(validation_comes_out_of_the_budget)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	spent = 1000;
	unbound_has_data(DNS_BOGUS);
	spent = 200;
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
	ck_assert_uint_eq(
	    budget.left[BUDGET_VALIDATION], BUDGET_VALIDATION_MAX - 1200);
}
END_TEST

/* It is an answer, but the next one would be as dear. */
START_TEST(too_much_validation_ends_the_lookup)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	spent = BUDGET_VALIDATION_MAX + 1;
	unbound_has_data(DNS_SECURE);
	expect_failed(DNS_INDETERMINATE);
	ck_assert_str_eq(
	    answer->why, "validation of one evaluation is used up");
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, NAME));
}
END_TEST

START_TEST(nothing_is_asked_when_validation_is_used_up)
{
	budget.left[BUDGET_VALIDATION] = 0;
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 5000);
	ck_assert_uint_eq(query_count, 0);
	expect_failed(DNS_INDETERMINATE);
}
END_TEST

/* Those that come after it do not even begin. */
START_TEST(nothing_is_asked_when_hashing_is_used_up)
{
	budget.left[BUDGET_HASHING] = 0;
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 5000);
	ck_assert_uint_eq(query_count, 0);
	expect_used_up();
}
END_TEST

/* It is we who look no further: that says nothing of the zone. */
START_TEST(budget_marks_no_zone)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	budget_spend(&budget, BUDGET_HASHING, UINT64_MAX);
	walk_ends(PROOF_SIGNED);
	expect_failed(DNS_INDETERMINATE);
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, NAME));
}
END_TEST

/* Neither the proof nor plain DNS is a way round a bogus answer. */
START_TEST(proof_does_not_mend_bogus)
{
	ask(DNS_TYPE_A, _i % 2 == 0 ? LOOKUP_NEED_SECURITY : LOOKUP_NEED_DATA);
	pass(LADDER_PROOF_MS + 50);
	ck_assert_uint_eq(walk_count, 1);
	unbound_has_data(DNS_BOGUS);
	walk_ends(PROOF_PROVEN);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(plain_count, 0);
	if (_i < 2)
		unbound_has_data(DNS_BOGUS);
	else
		unbound_fails();
	expect_failed(DNS_BOGUS);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

/* An answer of which nobody says what it is worth is none: neither the first,
 * for which the failed walk would let an insecure one stand, nor the second. */
START_TEST(answer_of_unknown_worth_is_none)
{
	ask(_i == 0 ? DNS_TYPE_PTR : DNS_TYPE_A, LOOKUP_NEED_DATA);
	if (_i == 0) {
		unbound_has_data(DNS_INDETERMINATE);
		walk_ends(PROOF_FAILED);
		second_look_fails();
		expect_failed(DNS_INDETERMINATE);
	} else {
		unbound_has_data(DNS_BOGUS);
		unbound_has_data(DNS_INDETERMINATE);
		expect_failed(DNS_BOGUS);
	}
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

START_TEST(second_look_that_is_insecure_wants_its_reason)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_SECURITY);
	unbound_has_data(DNS_BOGUS);
	unbound_has_data(DNS_INSECURE);
	ck_assert_ptr_null(answer);
	walk_ends(_i == 0 ? PROOF_PROVEN : PROOF_SIGNED);
	if (_i == 0)
		expect(DNS_OK, DNS_INSECURE, DNS_RUNG_FRESH);
	else
		expect_failed(DNS_INDETERMINATE);
}
END_TEST

START_TEST(bogus_at_the_deadline_is_bogus)
{
	ask_as(
	    NAME, DNS_TYPE_A, LOOKUP_NEED_SECURITY, LOOKUP_CLASS_POLICY, 600);
	pass(LADDER_PROOF_MS + 50);
	unbound_has_data(DNS_BOGUS);
	walk_ends(PROOF_PROVEN);
	pass(300);
	expect_failed(DNS_BOGUS);
}
END_TEST

/* So is what is looked at again for another reason. */
START_TEST(disputed_at_the_deadline_is_bogus)
{
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 600);
	unbound_has_data(DNS_INSECURE);
	walk_ends(PROOF_SIGNED);
	ck_assert(queries[1].fresh);
	pass(650);
	expect_failed(DNS_BOGUS);
	ck_assert_str_eq(answer->why, "insecure without a reason");
}
END_TEST

/* ---- rung 2 ---- */

START_TEST(failure_starts_the_proof_at_once)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_SECURITY);
	ck_assert_uint_eq(walk_count, 0);
	unbound_fails();
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(walk_count, 1);
	walk_ends(PROOF_PROVEN);
	expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_ptr_nonnull(answer->proof);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

START_TEST(slow_lookup_starts_the_proof_later)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_SECURITY);
	pass(LADDER_PROOF_MS - 200);
	ck_assert_uint_eq(walk_count, 0);
	pass(250);
	ck_assert_uint_eq(walk_count, 1);
	walk_ends(PROOF_PROVEN);
	expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
}
END_TEST

START_TEST(failure_is_not_insecure)
{
	static const enum proof_outcome outcomes[] = { PROOF_SIGNED,
		PROOF_UNEXPLAINED, PROOF_FAILED };

	ask(types[_i % 4],
	    _i / 4 % 2 == 0 ? LOOKUP_NEED_SECURITY : LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(outcomes[_i / 8]);
	second_look_fails();
	expect_failed(DNS_INDETERMINATE);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

START_TEST(secure_answer_may_come_after_the_walk)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	pass(LADDER_PROOF_MS + 50);
	walk_ends(PROOF_SIGNED);
	ck_assert_ptr_null(answer);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
}
END_TEST

START_TEST(deadline_ends_a_lookup)
{
	ask_as(NAME, DNS_TYPE_A,
	    _i == 1 ? LOOKUP_NEED_DATA : LOOKUP_NEED_SECURITY,
	    LOOKUP_CLASS_POLICY, 600);
	pass(LADDER_PROOF_MS + 50);
	if (_i == 1)
		walk_ends(PROOF_PROVEN);
	else if (_i == 2)
		walk_ends(PROOF_SIGNED);
	ck_assert_ptr_null(answer);
	pass(300);
	if (_i == 1)
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	else
		expect_failed(DNS_INDETERMINATE);
}
END_TEST

/* ---- rung 3 ---- */

START_TEST(plain_answers_only_under_a_proof)
{
	static const char *const records[] = { NAME ". 50 IN A 192.0.2.9",
		NULL };

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	ck_assert_uint_eq(plain_count, 0);
	walk_ends(PROOF_PROVEN);
	ck_assert_uint_eq(plain_count, 1);
	ck_assert_str_eq(plains[0].zone, "example");
	ck_assert_ptr_null(answer);
	plain_finds(0, records, NULL);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
	ck_assert_uint_eq(answer->ttl, 50);
	ck_assert_str_eq(
	    infra_cache_find_racing(infra_cache, "www.zone.example"),
	    "zone.example");
}
END_TEST

/* While it waits for its turn it needs no slot: those who give them are told.
 */
START_TEST(wait_for_a_turn_is_told)
{
	static const char *const records[] = { NAME ". 50 IN A 192.0.2.9",
		NULL };

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	pass(LADDER_PROOF_MS + 50);
	walk_ends(PROOF_PROVEN);
	ck_assert_str_eq(turns, "");
	plains[0].waits(plains[0].arg, true);
	ck_assert_str_eq(turns, "+");
	/* What libunbound says meanwhile changes nothing. */
	unbound_fails();
	ck_assert_uint_eq(plain_count, 1);
	if (_i == 0) { /* at the deadline nobody waits any more */
		pass(5100);
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
		ck_assert_str_eq(turns, "+");
		return;
	}
	plains[0].waits(plains[0].arg, false);
	ck_assert_str_eq(turns, "+-");
	plain_finds(0, records, NULL);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
	ck_assert_str_eq(turns, "+-");
}
END_TEST

/* It is the signed zone above that has it, or has not. */
START_TEST(ds_at_the_cut_is_not_asked_for_without_security)
{
	const bool at_cut = _i == 0;

	ask_as(at_cut ? "zone.example" : NAME, DNS_TYPE_DS, LOOKUP_NEED_DATA,
	    LOOKUP_CLASS_OTHER, 300);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	ck_assert_uint_eq(plain_count, at_cut ? 0 : 1);
	if (at_cut)
		second_look_fails();
	if (at_cut)
		expect_failed(DNS_INDETERMINATE);
}
END_TEST

/* Where the zone above denies it by NSEC, its denial is secure, or a forgery;
 * an opt-out span makes it an insecure one. */
START_TEST(insecure_denial_of_ds_at_the_cut)
{
	ask_as("zone.example", DNS_TYPE_DS, LOOKUP_NEED_DATA,
	    LOOKUP_CLASS_OTHER, 5000);
	unbound_says(DNS_INSECURE, 0, NULL, soa);
	walk_reason = _i == 0   ? PROOF_JUDGE_REASON_NSEC
		      : _i == 1 ? PROOF_JUDGE_REASON_NSEC3
				: PROOF_JUDGE_REASON_OPT_OUT;
	walk_ends(PROOF_PROVEN);
	if (_i < 2) {
		ck_assert_ptr_null(answer);
		ck_assert(queries[1].fresh);
		unbound_says(DNS_SECURE, 0, NULL, soa);
	}
	expect(DNS_NODATA, _i < 2 ? DNS_SECURE : DNS_INSECURE,
	    _i < 2 ? DNS_RUNG_FRESH : DNS_RUNG_VALIDATED);
}
END_TEST

START_TEST(exhausted_servers_end_it_at_once)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	pass(LADDER_PROOF_MS + 50);
	walk_ends(PROOF_PROVEN);
	plain_is_exhausted();
	expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert(queries[0].cancelled);
	/* Remembered for seconds: the next one does not wait. */
	forget();
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 5000);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_uint_eq(plain_count, 1);
}
END_TEST

/* Others, who have not, may find something. */
START_TEST(exhausted_for_lack_of_means_is_not_remembered)
{
	const struct plain_result partial = {
		.why = "no answer", .zone = NAME, .is_partial = true
	};

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	pass(LADDER_PROOF_MS + 50);
	walk_ends(PROOF_PROVEN);
	if (_i == 0) {
		plains[0].ended = true;
		plains[0].cb(plains[0].arg, &partial);
		pass(0);
	} else {
		budget_charge(&budget, BUDGET_VALIDATION, UINT64_MAX);
		plain_is_exhausted();
	}
	expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_str_eq(answer->why,
	    _i == 0 ? "no answer" : "validation of one evaluation is used up");
	forget();
	budget_init(&budget);
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 5000);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	ck_assert_uint_eq(plain_count, 2);
}
END_TEST

START_TEST(plain_alias_starts_again)
{
	static const char *const records[] = { NAME ". 50 IN CNAME " TARGET ".",
		TARGET ". 50 IN A 192.0.2.66", NULL };
	static const char *const honest[] = { TARGET ". 300 IN A 192.0.2.1",
		NULL };

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	plain_finds(0, records, NULL);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(query_count, 2);
	ck_assert_str_eq(queries[1].name, TARGET);
	unbound_says(DNS_SECURE, 0, honest, NULL);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
	ck_assert_int_eq(answer->first_link, DNS_INSECURE);
	ck_assert_str_eq(answer->rname, TARGET);
	ck_assert_uint_eq(answer->rdata[0].data[3], 1);
	ck_assert_uint_eq(answer->ttl, 50);
}
END_TEST

/* ---- false denials ---- */

static const struct {
	uint16_t type;
	int rcode;
	enum lookup_class class;
	bool soa, plain;
} denials[] = {
	{ DNS_TYPE_MX, 0, LOOKUP_CLASS_POLICY, false, true },
	{ DNS_TYPE_A, 0, LOOKUP_CLASS_POLICY, false, true },
	{ DNS_TYPE_AAAA, 0, LOOKUP_CLASS_OTHER, false, true },
	{ DNS_TYPE_TLSA, 0, LOOKUP_CLASS_POLICY, false, false },
	{ 16, 0, LOOKUP_CLASS_OTHER, false, false },
	{ DNS_TYPE_MX, 3, LOOKUP_CLASS_POLICY, false, true },
	{ DNS_TYPE_MX, 3, LOOKUP_CLASS_OTHER, false, false },
	{ DNS_TYPE_A, 3, LOOKUP_CLASS_POLICY, false, false },
	{ DNS_TYPE_MX, 0, LOOKUP_CLASS_POLICY, true, false },
	{ DNS_TYPE_MX, 3, LOOKUP_CLASS_POLICY, true, false },
};

START_TEST(denial_without_soa_is_confirmed)
{
	static const char *const record[] = { NAME ". 50 IN A 192.0.2.9",
		NULL };
	const bool plain = denials[_i].plain;

	ask_as(
	    NAME, denials[_i].type, LOOKUP_NEED_DATA, denials[_i].class, 5000);
	unbound_says(DNS_INSECURE, denials[_i].rcode, NULL,
	    denials[_i].soa ? soa : NULL);
	walk_ends(PROOF_PROVEN);
	ck_assert_uint_eq(plain_count, plain ? 1 : 0);
	if (!plain) {
		expect(denials[_i].rcode == 0 ? DNS_NODATA : DNS_NXDOMAIN,
		    DNS_INSECURE, DNS_RUNG_VALIDATED);
		ck_assert_uint_le(answer->ttl, denials[_i].soa ? 60 : 5);
	} else if (denials[_i].type == DNS_TYPE_A) {
		plain_finds(0, record, NULL);
		expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
	} else {
		plain_is_exhausted();
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	}
}
END_TEST

START_TEST(confirmed_denial_is_a_denial)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_says(DNS_INSECURE, 0, NULL, NULL);
	walk_ends(PROOF_PROVEN);
	plain_finds(0, NULL, _i == 0 ? soa : NULL);
	expect(DNS_NODATA, DNS_INSECURE, DNS_RUNG_PLAIN);
	/* RFC 2308 section 5: hardly to be cached at all. */
	ck_assert_uint_eq(answer->ttl, _i == 0 ? 60 : 5);
}
END_TEST

/* ---- aliases ---- */

START_TEST(security_of_a_chain_is_that_of_all_links)
{
	static const char *const records[] = { TARGET ". 300 IN A 192.0.2.1",
		NULL };

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends_with(PROOF_ALIAS, TARGET);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(query_count, 2);
	ck_assert_str_eq(queries[1].name, TARGET);
	unbound_says(_i == 0 ? DNS_SECURE : DNS_INSECURE, 0, records, NULL);
	if (_i == 1) {
		ck_assert_ptr_null(answer);
		ck_assert_str_eq(walks[1].name, TARGET);
		walk_ends(PROOF_PROVEN);
	}
	expect(DNS_OK, _i == 0 ? DNS_SECURE : DNS_INSECURE, DNS_RUNG_VALIDATED);
	ck_assert_int_eq(answer->first_link, DNS_SECURE);
	ck_assert_str_eq(answer->qname, NAME);
	ck_assert_str_eq(answer->rname, TARGET);
	ck_assert_uint_eq(answer->ttl, 200);
}
END_TEST

/* A secure DNAME makes more of the name than names can hold. */
START_TEST(name_that_becomes_too_long_is_denied)
{
	static const char *const records[] = { "example. 300 IN DNAME "
					       "other.test.",
		NULL };
	struct message message =
	    message_make("example", DNS_TYPE_DNAME, 0, records, NULL);

	ask(DNS_TYPE_A, _i == 0 ? LOOKUP_NEED_DATA : LOOKUP_NEED_MESSAGE);
	unbound_fails();
	walks[0].ended = true;
	walks[0].cb(
	    walks[0].arg, &(struct proof_result){ .outcome = PROOF_TOO_LONG,
			      .cut = "example",
			      .zone = "example",
			      .packet = message.wire,
			      .len = message.len,
			      .dname = true,
			      .ttl = 200,
			      .why = "" });
	free(message.wire);
	expect(DNS_NXDOMAIN, DNS_SECURE, DNS_RUNG_VALIDATED);
	ck_assert_uint_eq(answer->ttl, 200);
	ck_assert_uint_eq(answer->part_count, (size_t)_i);
	if (_i == 1)
		ck_assert_uint_eq(answer->parts[0].wire[3] & 0x0fU, 6);
}
END_TEST

/* The proof of the target is not one of the alias. */
START_TEST(target_that_fails_is_insecure_only_if_proven)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_SECURITY);
	unbound_fails();
	walk_ends_with(PROOF_ALIAS, TARGET);
	unbound_fails();
	walk_ends(_i == 0 ? PROOF_SIGNED : PROOF_PROVEN);
	if (_i == 0)
		second_look_fails();
	if (_i == 0)
		expect_failed(DNS_INDETERMINATE);
	else
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_int_eq(answer->first_link, DNS_SECURE);
}
END_TEST

START_TEST(chain_of_aliases_ends)
{
	char target[32];
	size_t i = 0;

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	for (; answer == NULL && i < 20; i++) {
		unbound_fails();
		snprintf(target, sizeof(target), "t%zu.test", i % 2);
		walk_ends_with(PROOF_ALIAS, target);
	}
	ck_assert_uint_le(i, 12);
	expect_failed(DNS_INDETERMINATE);
	ck_assert_ptr_nonnull(strstr(answer->why, "alias"));
}
END_TEST

/* Three messages of full length together, and not an octet more: then it says
 * why it has failed. */
START_TEST(messages_of_a_chain_have_a_bound)
{
	static const char *const records[] = { "t2.test. 300 IN A 192.0.2.1",
		NULL };
	static uint8_t octets[65536];
	struct message end =
	    message_make("t2.test.", DNS_TYPE_A, 0, records, NULL);
	char target[32];

	free(end.wire);
	ask(DNS_TYPE_A, LOOKUP_NEED_MESSAGE);
	for (unsigned i = 0; i < 3; i++) {
		struct proof *walk = &walks[i];

		unbound_fails();
		walk->ended = true;
		snprintf(target, sizeof(target), "t%u.test", i);
		walk->cb(walk->arg,
		    &(struct proof_result){ .outcome = PROOF_ALIAS,
			.target = target,
			.packet = octets,
			.len =
			    sizeof(octets) - (i == 2 ? end.len - (_i == 1) : 0),
			.ttl = 200 });
		pass(0);
	}
	unbound_says(DNS_SECURE, 0, records, NULL);
	if (_i == 0) {
		expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
		ck_assert_uint_eq(answer->part_count, 4);
	} else {
		expect_failed(DNS_INDETERMINATE);
		ck_assert_str_eq(answer->why, DNS_WHY_TOO_LARGE);
		ck_assert_uint_eq(answer->part_count, 0);
	}
}
END_TEST

/* ---- what is remembered ---- */

/* What is remembered is where to hurry, never that the proof may be left
 * out: a zone that has got its DS since is a signed one. */
START_TEST(memory_never_skips_the_walk)
{
	static const char *const records[] = { NAME ". 300 IN A 192.0.2.9",
		NULL };
	ldns_pkt *packet = message_packet(NAME, DNS_TYPE_A, 0, records, NULL);

	infra_cache_add_racing(infra_cache, "example");
	plain_cache_add(plain_cache, NAME, DNS_TYPE_A, packet, "example", 300);
	ldns_pkt_free(packet);
	ask_as(NAME, DNS_TYPE_A,
	    _i < 2 ? LOOKUP_NEED_DATA : LOOKUP_NEED_SECURITY,
	    LOOKUP_CLASS_POLICY, 5000);
	/* at once, and not after a while */
	pass(20);
	ck_assert_uint_eq(walk_count, 1);
	ck_assert_ptr_null(answer);
	if (_i < 2)
		unbound_fails();
	ck_assert_ptr_null(answer);
	walk_ends(_i % 2 == 0 ? PROOF_SIGNED : PROOF_PROVEN);
	if (_i == 2)
		unbound_fails();
	if (_i % 2 == 0)
		second_look_fails();
	if (_i % 2 == 0)
		expect_failed(DNS_INDETERMINATE);
	else if (_i == 1)
		expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
	else
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_uint_eq(plain_count, 0);
}
END_TEST

/* What was remembered for a while has only the rest of its time. */
START_TEST(recalled_answer_lives_no_longer_than_it_has_left)
{
	static const char *const records[] = { NAME ". 300 IN A 192.0.2.9",
		NULL };
	ldns_pkt *packet = message_packet(NAME, DNS_TYPE_A, 0, records, NULL);

	plain_cache_add(plain_cache, NAME, DNS_TYPE_A, packet, "example", 20);
	ldns_pkt_free(packet);
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
	ck_assert_uint_le(answer->ttl, 20);
}
END_TEST

START_TEST(bare_plain_denial_is_remembered_shortly)
{
	const struct plain_cache_answer *known;

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	plain_finds(0, NULL, NULL);
	known = plain_cache_find(plain_cache, NAME, DNS_TYPE_A);
	ck_assert_ptr_nonnull(known);
	ck_assert_uint_eq(known->ttl, 5);
}
END_TEST

START_TEST(secure_answer_beats_memory)
{
	infra_cache_add_racing(infra_cache, "example");
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
}
END_TEST

START_TEST(failing_zone_is_remembered_for_slots_only)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_SIGNED);
	second_look_fails();
	expect_failed(DNS_INDETERMINATE);
	ck_assert_ptr_nonnull(infra_cache_find_failing(infra_cache, NAME));
	ck_assert_ptr_null(infra_cache_find_racing(infra_cache, NAME));
	ck_assert_ptr_null(plain_cache_find(plain_cache, NAME, DNS_TYPE_A));
}
END_TEST

/*
 * Which zone gets few slots: the name's own for certain.  Everything else is a
 * means for one domain to stop those beside it.
 */
static const struct {
	enum proof_outcome outcome;
	const char *zone; /* the last signed one */
	const char *failing;
} failings[] = {
	{ PROOF_SIGNED, "evil.co.example", "evil.co.example" },
	{ PROOF_SIGNED, "example", "mx.evil.co.example" },
	{ PROOF_SIGNED, ".", "mx.evil.co.example" },
	{ PROOF_NO_NAME, "co.example", "mx.evil.co.example" },
	{ PROOF_FAILED, "co.example", "mx.evil.co.example" },
	{ PROOF_UNEXPLAINED, "co.example", "mx.evil.co.example" },
	/* plain DNS has not left it */
	{ PROOF_PROVEN, "co.example", "mx.evil.co.example" },
};

START_TEST(failing_zone_is_the_own_one)
{
	struct proof *walk;

	ask_as("mx.evil.co.example", DNS_TYPE_A, LOOKUP_NEED_DATA,
	    LOOKUP_CLASS_POLICY, 5000);
	unbound_fails();
	walk = &walks[0];
	walk->ended = true;
	walk->cb(
	    walk->arg, &(struct proof_result){ .outcome = failings[_i].outcome,
			   .cut = "evil.co.example",
			   .zone = failings[_i].zone,
			   .ttl = 200,
			   .why = "no answer" });
	if (failings[_i].outcome == PROOF_PROVEN) {
		plain_is_exhausted();
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	} else {
		second_look_fails();
		expect_failed(DNS_INDETERMINATE);
	}
	ck_assert_str_eq(
	    infra_cache_find_failing(infra_cache, "mx.evil.co.example"),
	    failings[_i].failing);
}
END_TEST

/* A zone that is proven to be unsigned, with silent servers: the one in which
 * nobody answers, as far as plain DNS has come. */
START_TEST(silent_unsigned_zone_is_failing)
{
	static const char *const came_to[] = { "zone.example", "example",
		"zone.example", "test" };

	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	snprintf(plains[0].zone, sizeof(plains[0].zone), "%s", came_to[_i]);
	if (_i != 2)
		plain_is_exhausted();
	else /* at the deadline */
		pass(5100);
	expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
	ck_assert_str_eq(infra_cache_find_failing(infra_cache,
			     _i % 2 == 1 ? NAME : "x.zone.example"),
	    _i % 2 == 1 ? NAME : "zone.example");
	ck_assert_ptr_null(
	    infra_cache_find_failing(infra_cache, "www.example"));
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, "www.test"));
}
END_TEST

/* Whoever is asked for: a TLD belongs to nobody, and where an alias led just
 * before the deadline had no time. */
START_TEST(name_of_others_is_not_failing)
{
	static const char *const records[] = { NAME ". 50 IN CNAME " TARGET ".",
		NULL };

	if (_i == 0) {
		ask_as("example", DNS_TYPE_MX, LOOKUP_NEED_DATA,
		    LOOKUP_CLASS_POLICY, 5000);
		unbound_fails();
		walk_ends(PROOF_FAILED);
	} else {
		ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY,
		    4500);
		unbound_fails();
		walk_ends(PROOF_PROVEN);
		pass(_i == 1 ? 600 : 0);
		plain_finds(0, records, NULL);
		unbound_fails();
		walk_ends(PROOF_FAILED);
	}
	second_look_fails();
	expect_failed(_i == 0 ? DNS_INDETERMINATE : DNS_INSECURE);
	ck_assert_ptr_null(
	    infra_cache_find_failing(infra_cache, "www.example"));
	/* With time enough it is. */
	ck_assert_int_eq(
	    infra_cache_find_failing(infra_cache, TARGET) != NULL, _i == 2);
}
END_TEST

/* Neither does a loop say anything of the zone that was looked at last, nor a
 * lookup that had no time. */
START_TEST(what_says_nothing_of_a_zone_marks_none)
{
	if (_i == 0) {
		ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
		unbound_fails();
		walk_ends_with(PROOF_ALIAS, NAME);
	} else {
		ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY,
		    300);
		unbound_fails();
		walk_ends(PROOF_SIGNED);
		second_look_fails();
	}
	expect_failed(DNS_INDETERMINATE);
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, NAME));
	ck_assert_ptr_null(infra_cache_find_failing(infra_cache, "example"));
}
END_TEST

/* The same for zones that need the race: where only a proof answered, the name
 * itself. */
START_TEST(race_is_remembered_for_the_own_zone)
{
	static const char *const records[] = { NAME ". 50 IN A 192.0.2.9",
		NULL };
	struct plain *plain = &plains[0];
	ldns_pkt *packet;

	ask(DNS_TYPE_A, _i == 0 ? LOOKUP_NEED_SECURITY : LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	if (_i == 1) {
		packet = message_packet(NAME, DNS_TYPE_A, 0, records, NULL);
		plain->ended = true;
		/* The servers of the zone above have it, too. */
		plain->cb(plain->arg, &(struct plain_result){ .packet = packet,
					  .zone = "example" });
		ldns_pkt_free(packet);
	}
	ck_assert_ptr_nonnull(answer);
	ck_assert_str_eq(infra_cache_find_racing(infra_cache, NAME), NAME);
	ck_assert_ptr_null(infra_cache_find_racing(infra_cache, "www.example"));
}
END_TEST

/* The innermost reason: what plain DNS has met last, not that libunbound had
 * no answer. */
START_TEST(reason_of_the_last_rung_is_kept)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	plain_is_exhausted();
	ck_assert_str_eq(answer->why, "no answer");
}
END_TEST

/* ---- the second try ---- */

START_TEST(quick_failure_is_tried_once_more)
{
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 15000);
	unbound_fails();
	walk_ends(PROOF_SIGNED);
	second_look_fails();
	ck_assert_ptr_null(answer);
	pass(5000);
	ck_assert_uint_eq(query_count, 2);
	pass(500);
	ck_assert_uint_eq(query_count, 3);
	ck_assert(!queries[2].fresh);
	if (_i == 0) {
		unbound_has_data(DNS_SECURE);
		expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
		return;
	}
	unbound_fails();
	ck_assert_uint_eq(walk_count, 2); /* proof included */
	walk_ends(PROOF_SIGNED);
	expect_failed(DNS_INDETERMINATE);
}
END_TEST

/* ---- what libunbound keeps may be the reason ---- */

/* A forged referral leads where nobody answers, and nothing is bogus. */
START_TEST(failure_is_looked_at_with_empty_caches)
{
	static const enum proof_outcome outcomes[] = { PROOF_SIGNED,
		PROOF_NO_NAME, PROOF_FAILED, PROOF_UNEXPLAINED };

	is_put_off = _i % 2 == 0;
	ask(DNS_TYPE_TLSA, LOOKUP_NEED_DATA);
	unbound_fails();
	ck_assert_uint_eq(query_count, 1);
	walk_ends(outcomes[_i]);
	ck_assert_uint_eq(query_count, 2);
	ck_assert(queries[1].doubted);
	ck_assert_uint_eq(
	    budget.left[BUDGET_CONTEXTS], BUDGET_CONTEXTS_MAX - 1);
	ck_assert_uint_eq(doubts, 0);
	ck_assert(!budget.has_bad_caches);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
	ck_assert_uint_eq(doubts, 1);
	/* Once they are renewed they are good. */
	ck_assert(budget.has_bad_caches == is_put_off);
}
END_TEST

/* What the walk found in the caches of all is worth nothing, then. */
START_TEST(insecure_second_look_has_a_walk_of_its_own)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(_i == 0 ? PROOF_FAILED : PROOF_SIGNED);
	unbound_has_data(DNS_INSECURE);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(doubts, 1);
	ck_assert_uint_eq(walk_count, 2);
	walk_ends(PROOF_PROVEN);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_FRESH);
}
END_TEST

/* libunbound keeps a key that it could not get, and all below it is bogus. */
START_TEST(bad_keys_are_not_kept)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_BOGUS);
	if (_i > 0) {
		unbound_has_data(DNS_SECURE);
		expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
		ck_assert_uint_eq(doubts, 1);
		return;
	}
	unbound_has_data(DNS_INSECURE);
	ck_assert_uint_eq(doubts, 1);
	walk_ends(PROOF_PROVEN);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_FRESH);
}
END_TEST

/*
 * Caches are renewed twice a minute at most: what was forged after the last
 * time stays in them that long, and no proof is to be had there.
 */
START_TEST(walk_is_not_done_in_caches_that_are_bad)
{
	const bool is_bogus = _i % 2 == 1;

	is_put_off = _i < 2;
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	if (is_bogus) {
		unbound_has_data(DNS_BOGUS);
	} else {
		unbound_fails();
		ck_assert_int_eq(walks[0].caches, PROOF_CACHES_OF_ALL);
		walk_ends(PROOF_FAILED);
	}
	unbound_has_data(DNS_INSECURE);
	ck_assert_int_eq(
	    walks[walk_count - 1].caches, !is_put_off ? PROOF_CACHES_OF_ALL
					  : is_bogus  ? PROOF_CACHES_FRESH
						      : PROOF_CACHES_DOUBTED);
	/* And of another name nothing is known. */
	walk_ends_with(PROOF_ALIAS, TARGET);
	unbound_fails();
	ck_assert_int_eq(walks[walk_count - 1].caches, PROOF_CACHES_OF_ALL);
}
END_TEST

/* A zone that is insecure unseen, time and again, keeps no caches cold. */
START_TEST(the_same_twice_says_nothing_of_the_caches)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_has_data(DNS_INSECURE);
	walk_ends(PROOF_SIGNED);
	ck_assert_uint_eq(query_count, 2);
	unbound_has_data(DNS_INSECURE);
	ck_assert_uint_eq(doubts, 0);
}
END_TEST

START_TEST(second_look_that_is_bogus_is_bogus)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_SIGNED);
	unbound_has_data(DNS_BOGUS);
	expect_failed(DNS_BOGUS);
	ck_assert_uint_eq(doubts, 0);
}
END_TEST

/* Not for names that are proven: there is plain DNS. */
START_TEST(hanging_lookup_is_looked_at_with_empty_caches)
{
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 15000);
	pass(LADDER_PROOF_MS + 50);
	if (_i > 0)
		walk_ends(_i == 1 ? PROOF_SIGNED : PROOF_PROVEN);
	pass(3300);
	ck_assert_uint_eq(query_count, 1);
	pass(700);
	ck_assert_uint_eq(query_count, _i == 2 ? 1 : 2);
	if (_i == 2)
		return;
	ck_assert(queries[1].doubted);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
	ck_assert(queries[0].cancelled);
	ck_assert_uint_eq(doubts, 1);
}
END_TEST

/* Either of the two may come first; bogus wants no third look. */
START_TEST(first_look_may_come_beside_the_second)
{
	struct validator_query *second;

	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 15000);
	pass(4100);
	ck_assert_uint_eq(query_count, 2);
	second = &queries[query_count];
	query_count = 1;
	if (_i == 0) {
		unbound_has_data(DNS_SECURE);
		query_count = 2;
		expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
		ck_assert(queries[1].cancelled);
		return;
	}
	if (_i == 1)
		unbound_fails();
	else
		unbound_has_data(DNS_BOGUS);
	query_count = 2;
	if (_i == 1)
		walk_ends(PROOF_SIGNED);
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(
	    budget.left[BUDGET_CONTEXTS], BUDGET_CONTEXTS_MAX - 1);
	ck_assert(!second->answered);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
}
END_TEST

/* As without it: whoever forges what comes then stops no plain lookup. */
START_TEST(proof_ends_the_second_look)
{
	static const char *const records[] = { NAME ". 50 IN A 192.0.2.9",
		NULL };

	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 15000);
	pass(4100);
	ck_assert(queries[1].doubted && !queries[1].cancelled);
	walk_ends(PROOF_PROVEN);
	ck_assert(queries[1].cancelled);
	plain_finds(0, records, NULL);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
}
END_TEST

/* It was judged, whatever caches it came from. */
START_TEST(proof_outlives_bad_caches)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	pass(LADDER_PROOF_MS + 50);
	unbound_has_data(DNS_BOGUS);
	walk_ends(PROOF_PROVEN);
	unbound_has_data(DNS_INSECURE);
	ck_assert_uint_eq(doubts, 1);
	ck_assert_uint_eq(walk_count, 1);
	expect(DNS_OK, DNS_INSECURE, DNS_RUNG_FRESH);
}
END_TEST

/* What was bogus has caches of its own, also for the look that comes when the
 * second one could not be read; and a retry begins without them. */
START_TEST(own_caches_are_of_one_try)
{
	static const char *const records[] = { "other.example. 300 IN A "
					       "192.0.2.1",
		NULL };

	is_put_off = true;
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 25000);
	if (_i == 0) {
		unbound_has_data(DNS_BOGUS);
		unbound_says(DNS_SECURE, 0, records, soa);
		walk_ends(PROOF_FAILED);
		unbound_has_data(DNS_INSECURE);
		ck_assert_int_eq(
		    walks[walk_count - 1].caches, PROOF_CACHES_FRESH);
		return;
	}
	unbound_has_data(DNS_BOGUS);
	unbound_has_data(DNS_INSECURE);
	walk_ends(PROOF_FAILED);
	pass(5500); /* tries again */
	unbound_fails();
	ck_assert_int_eq(walks[walk_count - 1].caches, PROOF_CACHES_OF_ALL);
	walk_ends(PROOF_FAILED);
	unbound_has_data(DNS_INSECURE);
	ck_assert_int_eq(walks[walk_count - 1].caches, PROOF_CACHES_DOUBTED);
}
END_TEST

/* Dead domains must not take what forged answers need. */
START_TEST(some_second_looks_are_kept_for_what_is_bogus)
{
	budget.left[BUDGET_CONTEXTS] = 2;
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	if (_i == 0) {
		unbound_fails();
		walk_ends(PROOF_SIGNED);
		expect_failed(DNS_INDETERMINATE);
		ck_assert_ptr_null(budget_text(&budget));
		return;
	}
	unbound_has_data(DNS_BOGUS);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_FRESH);
}
END_TEST

/* Nor does what is known to be bad keep other hosts waiting. */
START_TEST(bad_caches_are_not_asked_again)
{
	budget.left[BUDGET_CONTEXTS] = 2;
	budget.has_bad_caches = _i == 0;
	ask_as(NAME, DNS_TYPE_A, LOOKUP_NEED_DATA, LOOKUP_CLASS_POLICY, 15000);
	if (_i == 2) { /* an answer without its reason is no failure */
		budget.has_bad_caches = true;
		unbound_has_data(DNS_INSECURE);
		walk_ends(PROOF_FAILED);
	} else {
		unbound_fails();
		walk_ends(PROOF_SIGNED);
	}
	if (_i == 0) {
		expect_failed(DNS_INDETERMINATE);
		return;
	}
	ck_assert_ptr_null(answer);
	pass(5400);
	ck_assert_uint_eq(query_count, 2);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
}
END_TEST

/* ---- what is not asked of libunbound ---- */

static void
ask_in_known_zone(enum lookup_need need)
{
	infra_cache_add_racing(infra_cache, "example");
	ask_as(NAME, DNS_TYPE_A, need, LOOKUP_CLASS_POLICY, 5000);
	ck_assert_uint_eq(walk_count, 1);
}

/* It would go on with it when the proof is there. */
START_TEST(proof_comes_first_where_it_is_all_one_wants)
{
	ask_in_known_zone(LOOKUP_NEED_SECURITY);
	ck_assert_uint_eq(query_count, 0);
	if (_i == 0) {
		walk_ends(PROOF_PROVEN);
		expect(DNS_FAILED, DNS_INSECURE, DNS_RUNG_PROOF);
		ck_assert_uint_eq(query_count, 0);
		return;
	}
	if (_i == 1)
		walk_ends(PROOF_SIGNED);
	else
		pass(LADDER_PROOF_MS + 50);
	ck_assert_uint_eq(query_count, 1);
	unbound_has_data(DNS_SECURE);
	expect(DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED);
}
END_TEST

/* Nor is it asked for data, where much hangs in it, unless plain DNS has none.
 */
START_TEST(plain_comes_first_where_much_is_abandoned)
{
	static const char *const records[] = { NAME ". 50 IN A 192.0.2.9",
		NULL };

	abandoned = _i == 0 ? 10 : 500;
	ask_in_known_zone(LOOKUP_NEED_DATA);
	ck_assert_uint_eq(query_count, _i == 0 ? 1 : 0);
	walk_ends(PROOF_PROVEN);
	pass(LADDER_PROOF_MS + 50);
	ck_assert_uint_eq(query_count, _i == 0 ? 1 : 0);
	if (_i < 2) {
		plain_finds(0, records, NULL);
		expect(DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN);
		return;
	}
	plain_is_exhausted();
	ck_assert_ptr_null(answer);
	ck_assert_uint_eq(query_count, 1);
	if (_i == 2)
		unbound_has_data(DNS_INSECURE);
	else
		unbound_fails();
	expect(_i == 2 ? DNS_OK : DNS_FAILED, DNS_INSECURE,
	    _i == 2 ? DNS_RUNG_VALIDATED : DNS_RUNG_PROOF);
}
END_TEST

/* ---- life ---- */

START_TEST(cancelled_lookup_is_silent)
{
	ask(DNS_TYPE_A, LOOKUP_NEED_DATA);
	unbound_fails();
	walk_ends(PROOF_PROVEN);
	ladder_cancel(ladder);
	ladder = NULL;
	pass(0);
	ck_assert_ptr_null(answer);
	ck_assert(plains[0].cancelled);
	ladder_cancel(NULL);
}
END_TEST

static void
add_rung_tests(TCase *tc)
{
	tcase_add_test(tc, secure_answer_stands_at_once);
	tcase_add_loop_test(tc, answer_ends_with_its_signatures, 0, 3);
	tcase_add_loop_test(tc, name_that_becomes_too_long_is_denied, 0, 2);
	tcase_add_loop_test(tc, secure_denial_stands_at_once, 0, 2);
	tcase_add_test(tc, insecure_answer_waits_for_its_reason);
	tcase_add_loop_test(tc, insecure_without_a_reason_has_failed, 0, 15);
	tcase_add_loop_test(
	    tc, insecure_without_a_reason_is_looked_at_twice, 0, 2);
	tcase_add_loop_test(
	    tc, failed_walk_leaves_only_names_of_clients, 0, 10);
	tcase_add_test(tc, failed_walk_is_tried_again);
	tcase_add_loop_test(tc, nothing_insecure_stands_without_trust, 0, 5);
	tcase_add_loop_test(tc, name_with_too_many_labels_is_not_asked_for, 0,
	    2 * COUNT(depths));
	tcase_add_loop_test(tc, alias_is_not_insecure_without_a_reason, 0, 2);
	tcase_add_loop_test(
	    tc, opt_out_nxdomain_counts_for_nxdomain_only, 0, 4);
	tcase_add_loop_test(tc, answer_that_cannot_be_read_is_a_failure, 0, 2);
	tcase_add_loop_test(tc, denial_with_records_is_no_denial, 0, 2);
	tcase_add_test(tc, denial_with_records_may_come_twice);
	tcase_add_test(tc, rung_says_where_the_answer_came_from);
	tcase_add_loop_test(tc, bogus_is_asked_once_more, 0, 3);
	tcase_add_loop_test(tc, second_looks_come_out_of_the_budget, 0, 2);
	tcase_add_test(tc, budget_marks_no_zone);
	tcase_add_test(tc, hashing_of_libunbound_comes_out_of_the_budget);
	tcase_add_loop_test(tc, too_much_hashing_ends_the_lookup, 0, 6);
	tcase_add_test(tc, nothing_is_asked_when_hashing_is_used_up);
	tcase_add_test(tc, validation_comes_out_of_the_budget);
	tcase_add_test(tc, too_much_validation_ends_the_lookup);
	tcase_add_test(tc, nothing_is_asked_when_validation_is_used_up);
	tcase_add_loop_test(tc, proof_does_not_mend_bogus, 0, 4);
	tcase_add_loop_test(tc, answer_of_unknown_worth_is_none, 0, 2);
	tcase_add_loop_test(
	    tc, second_look_that_is_insecure_wants_its_reason, 0, 2);
	tcase_add_test(tc, bogus_at_the_deadline_is_bogus);
	tcase_add_test(tc, disputed_at_the_deadline_is_bogus);
}

static void
add_fallback_tests(TCase *tc)
{
	tcase_add_test(tc, failure_starts_the_proof_at_once);
	tcase_add_test(tc, slow_lookup_starts_the_proof_later);
	tcase_add_loop_test(tc, failure_is_not_insecure, 0, 24);
	tcase_add_test(tc, secure_answer_may_come_after_the_walk);
	tcase_add_loop_test(tc, deadline_ends_a_lookup, 0, 3);
	tcase_add_test(tc, plain_answers_only_under_a_proof);
	tcase_add_loop_test(tc, wait_for_a_turn_is_told, 0, 2);
	tcase_add_loop_test(
	    tc, ds_at_the_cut_is_not_asked_for_without_security, 0, 2);
	tcase_add_loop_test(tc, insecure_denial_of_ds_at_the_cut, 0, 3);
	tcase_add_test(tc, exhausted_servers_end_it_at_once);
	tcase_add_loop_test(
	    tc, exhausted_for_lack_of_means_is_not_remembered, 0, 2);
	tcase_add_test(tc, plain_alias_starts_again);
	add_rows(tc, denial_without_soa_is_confirmed, denials);
	tcase_add_loop_test(tc, confirmed_denial_is_a_denial, 0, 2);
	tcase_add_loop_test(tc, security_of_a_chain_is_that_of_all_links, 0, 2);
	tcase_add_loop_test(
	    tc, target_that_fails_is_insecure_only_if_proven, 0, 2);
	tcase_add_test(tc, chain_of_aliases_ends);
	tcase_add_loop_test(tc, messages_of_a_chain_have_a_bound, 0, 2);
	tcase_add_loop_test(tc, memory_never_skips_the_walk, 0, 4);
	tcase_add_test(tc, recalled_answer_lives_no_longer_than_it_has_left);
	tcase_add_test(tc, bare_plain_denial_is_remembered_shortly);
	tcase_add_test(tc, secure_answer_beats_memory);
	tcase_add_test(tc, failing_zone_is_remembered_for_slots_only);
	add_rows(tc, failing_zone_is_the_own_one, failings);
	tcase_add_loop_test(tc, name_of_others_is_not_failing, 0, 3);
	tcase_add_loop_test(tc, silent_unsigned_zone_is_failing, 0, 4);
	tcase_add_loop_test(tc, what_says_nothing_of_a_zone_marks_none, 0, 2);
	tcase_add_loop_test(tc, race_is_remembered_for_the_own_zone, 0, 2);
	tcase_add_test(tc, reason_of_the_last_rung_is_kept);
	tcase_add_loop_test(tc, quick_failure_is_tried_once_more, 0, 2);
	tcase_add_loop_test(tc, failure_is_looked_at_with_empty_caches, 0, 4);
	tcase_add_loop_test(
	    tc, insecure_second_look_has_a_walk_of_its_own, 0, 2);
	tcase_add_loop_test(tc, bad_keys_are_not_kept, 0, 2);
	tcase_add_loop_test(tc, walk_is_not_done_in_caches_that_are_bad, 0, 4);
	tcase_add_test(tc, the_same_twice_says_nothing_of_the_caches);
	tcase_add_test(tc, second_look_that_is_bogus_is_bogus);
	tcase_add_loop_test(
	    tc, hanging_lookup_is_looked_at_with_empty_caches, 0, 3);
	tcase_add_loop_test(tc, first_look_may_come_beside_the_second, 0, 3);
	tcase_add_test(tc, proof_ends_the_second_look);
	tcase_add_test(tc, proof_outlives_bad_caches);
	tcase_add_loop_test(tc, own_caches_are_of_one_try, 0, 2);
	tcase_add_loop_test(tc, bad_caches_are_not_asked_again, 0, 3);
	tcase_add_loop_test(
	    tc, some_second_looks_are_kept_for_what_is_bogus, 0, 2);
	tcase_add_loop_test(
	    tc, proof_comes_first_where_it_is_all_one_wants, 0, 3);
	tcase_add_loop_test(
	    tc, plain_comes_first_where_much_is_abandoned, 0, 4);
	tcase_add_test(tc, cancelled_lookup_is_silent);
}

TEST_MAIN("ladder")
{
	TCase *tc = add_case(suite, "ladder");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_rung_tests(tc);
	add_fallback_tests(tc);
}
