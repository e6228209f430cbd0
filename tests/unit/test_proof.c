/*
 * The proof of insecurity, driven: which questions are asked, in which order,
 * and what becomes of the answers.  libunbound is ours, and so is time: it
 * passes only where the loop would sleep.
 */

#include "dns/proof.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/domain.h"
#include "dns/budget.h"
#include "dns/unbound_facts.h"
#include "dns/validator.h"

#include "../fakes/questions.h"
#include "../fakes/time.h"
#include "message_fixture.h"
#include "test_main.h"

static enum proof_caches caches; /* that are to be asked */

const struct unbound_facts *
validator_library(const struct validated *validator)
{
	static struct unbound_facts facts;

	(void)validator;
	facts.no_algorithm[200] = true;
	return &facts;
}

static struct event_base *base;
static struct conf conf;
static struct budget budget;
static struct proof *proof;
static bool came;
static enum proof_outcome outcome;
static enum proof_judge_reason reason;
static char cut[DOMAIN_TEXT_MAX], zone[DOMAIN_TEXT_MAX],
    target[DOMAIN_TEXT_MAX], why[512];
static uint32_t ttl;

static void
on_walk(void *arg, const struct proof_result *result)
{
	(void)arg;
	ck_assert(!came);
	came = true;
	proof = NULL;
	outcome = result->outcome;
	reason = result->reason;
	ttl = result->ttl;
	snprintf(cut, sizeof(cut), "%s", result->cut);
	snprintf(zone, sizeof(zone), "%s", result->zone);
	snprintf(target, sizeof(target), "%s",
	    result->target != NULL ? result->target : "");
	snprintf(why, sizeof(why), "%s", result->why);
}

static void
set_up(void)
{
	ck_assert_ptr_nonnull(base = event_base_new());
	memset(&conf, 0, sizeof(conf));
	budget_init(&budget);
	came = false;
	/* Those of the name that wants the proof, whatever is asked for. */
	fresh_for = "mx.dn.example";
	forget_questions();
	caches = PROOF_CACHES_OF_ALL;
}

static void
tear_down(void)
{
	proof_cancel(proof);
	proof = NULL;
	expect_no_questions();
	event_base_free(base);
}

static void
start(const char *name)
{
	proof = proof_start(
	    base, NULL, &conf, &budget, caches, name, on_walk, NULL);
	ck_assert_ptr_nonnull(proof);
	ck_assert_uint_eq(query_count, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	/* The question for the alias comes a little later. */
	if (query_count == 1 && queries[0].type == DNS_TYPE_DS)
		event_base_loop(base, EVLOOP_ONCE);
}

/* The question that waits for (@name, @type). */
static struct validator_query *
pending(const char *name, uint16_t type)
{
	for (size_t i = 0; i < query_count; i++)
		if (queries[i].type == type &&
		    strcmp(queries[i].name, name) == 0 &&
		    !queries[i].answered && !queries[i].cancelled) {
			queries[i].answered = true;
			return &queries[i];
		}
	ck_abort_msg("%s type %u is not asked", name, type);
	return NULL;
}

static void
answer(const char *name, uint16_t type, enum dns_security security, int rcode,
    const char *const *records, const char *const *authority)
{
	answer_query(pending(name, type), security, rcode, records, authority);
}

static void
no_answer(const char *name, uint16_t type)
{
	struct validator_query *query = pending(name, type);

	query->cb(query->arg, &(struct validator_result){ .why = "timeout" });
}

static void
signed_at(const char *name, uint32_t seconds)
{
	char line[256];
	const char *const records[] = { line, NULL };

	snprintf(line, sizeof(line), "%s. %u IN DS 1 13 2 00", name, seconds);
	answer(name, DNS_TYPE_DS, DNS_SECURE, 0, records, NULL);
}

/* The bit map that @by has at @name. */
static void
nsec_at(const char *name, const char *by, const char *bits,
    enum dns_security security)
{
	char nsec[256], signature[256];
	const char *const authority[] = { nsec, signature, NULL };

	snprintf(
	    nsec, sizeof(nsec), "%s. 100 IN NSEC z.%s. %s", name, by, bits);
	snprintf(signature, sizeof(signature),
	    "%s. 100 IN RRSIG NSEC 13 %u 300 20300101000000 20200101000000 1 "
	    "%s. AAAA",
	    name, domain_labels(name), by);
	answer(name, DNS_TYPE_DS, security, 0, NULL, authority);
}

static void
no_alias(const char *name)
{
	answer(name, DNS_TYPE_CNAME, DNS_SECURE, 0, NULL, NULL);
}

static void
no_dname(const char *name)
{
	answer(name, DNS_TYPE_DNAME, DNS_SECURE, 0, NULL, NULL);
}

static void
expect(enum proof_outcome expected, const char *at, const char *signed_zone)
{
	ck_assert(came);
	ck_assert_int_eq(outcome, expected);
	ck_assert_str_eq(cut, at);
	ck_assert_str_eq(zone, signed_zone);
}

/* ---- down from the root ---- */

START_TEST(cut_is_found)
{
	start("mx.a.example");
	ck_assert_uint_eq(query_count, 2); /* CNAME and the first DS */
	signed_at("example", 250);
	nsec_at("a.example", "example", "NS RRSIG NSEC", DNS_SECURE);
	expect(PROOF_PROVEN, "a.example", "example");
	ck_assert_int_eq(reason, PROOF_JUDGE_REASON_NSEC);
	ck_assert_uint_eq(ttl, 100);
}
END_TEST

START_TEST(signed_all_the_way)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	signed_at("example", 250);
	signed_at("a.example", 250);
	ck_assert(!came);
	nsec_at("mx.a.example", "a.example", "A RRSIG NSEC", DNS_SECURE);
	expect(PROOF_SIGNED, "mx.a.example", "a.example");
}
END_TEST

/* Each step is part of the proof: the shortest counts, wherever it is. */
START_TEST(proof_lasts_as_long_as_each_step)
{
	start("mx.a.example");
	signed_at("example", 30);
	nsec_at("a.example", "example", "NS RRSIG NSEC", DNS_SECURE);
	expect(PROOF_PROVEN, "a.example", "example");
	ck_assert_uint_eq(ttl, 30);
}
END_TEST

static void
ds_of(const char *name, const char *algorithm)
{
	char line[256];
	const char *const records[] = { line, NULL };

	snprintf(
	    line, sizeof(line), "%s. 250 IN DS 1 %s 2 00", name, algorithm);
	answer(name, DNS_TYPE_DS, DNS_SECURE, 0, records, NULL);
}

/* What the library lacks decides, and what it does not say is not lacking. */
START_TEST(library_is_asked_what_it_validates)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	ds_of("example", "201");
	ck_assert(!came);
	ds_of("a.example", "200");
	expect(PROOF_PROVEN, "a.example", "example");
	ck_assert_int_eq(reason, PROOF_JUDGE_REASON_UNSUPPORTED);
}
END_TEST

/* @count records of NSEC3 of names that do not matter, with as many sets of
 * parameters. */
static void
nsec3_at(const char *name, const char *by, unsigned count)
{
	char lines[4][256];
	const char *authority[5] = { NULL };

	for (unsigned i = 0; i < count; i++) {
		snprintf(lines[i], sizeof(lines[i]),
		    "%032u.%s. 100 IN NSEC3 1 0 %u - %032u A", i, by, 10 + i,
		    i + 1);
		authority[i] = lines[i];
	}
	answer(name, DNS_TYPE_DS, DNS_SECURE, 0, NULL, authority);
}

START_TEST(hashing_comes_out_of_the_budget)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	signed_at("example", 250);
	nsec3_at("a.example", "example", 1);
	ck_assert(!came);
	ck_assert_uint_eq(budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 11);
	budget.left[BUDGET_HASHING] = 10;
	nsec3_at("mx.a.example", "example", 1);
	expect(PROOF_FAILED, "mx.a.example", "example");
	ck_assert_str_eq(why, "DS of mx.a.example: NSEC3 hashing of one "
			      "evaluation is used up");
}
END_TEST

START_TEST(hashing_of_libunbound_comes_out_of_the_budget)
{
	start("mx.a.example");
	hashing = 1000;
	no_alias("mx.a.example");
	ck_assert_uint_eq(
	    budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 1000);
	hashing = 100;
	signed_at("example", 250);
	ck_assert_uint_eq(
	    budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 1100);
	hashing = BUDGET_HASHING_MAX;
	nsec_at("a.example", "example", "NS RRSIG NSEC", DNS_SECURE);
	expect(PROOF_FAILED, "a.example", "example");
	ck_assert_str_eq(
	    why, "DS of a.example: NSEC3 hashing of one evaluation is used up");
}
END_TEST

START_TEST(validation_comes_out_of_the_budget)
{
	start("mx.a.example");
	spent = 1000;
	no_alias("mx.a.example");
	spent = 100;
	signed_at("example", 250);
	ck_assert_uint_eq(
	    budget.left[BUDGET_VALIDATION], BUDGET_VALIDATION_MAX - 1100);
	spent = BUDGET_VALIDATION_MAX;
	nsec_at("a.example", "example", "NS RRSIG NSEC", DNS_SECURE);
	expect(PROOF_FAILED, "a.example", "example");
	ck_assert_str_eq(
	    why, "DS of a.example: validation of one evaluation is used up");
}
END_TEST

START_TEST(nothing_is_asked_when_validation_is_used_up)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	budget.left[BUDGET_VALIDATION] = 0;
	signed_at("example", 250);
	ck_assert_uint_eq(query_count, 2);
	expect(PROOF_FAILED, "a.example", "example");
}
END_TEST

/* Whoever used it up. */
START_TEST(nothing_is_asked_when_hashing_is_used_up)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	budget.left[BUDGET_HASHING] = 0;
	signed_at("example", 250);
	ck_assert_uint_eq(query_count, 2);
	expect(PROOF_FAILED, "a.example", "example");
	ck_assert_str_eq(
	    why, "DS of a.example: NSEC3 hashing of one evaluation is used up");
}
END_TEST

START_TEST(mixed_parameters_end_the_walk)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	signed_at("example", 250);
	nsec3_at("a.example", "example", 2);
	expect(PROOF_UNEXPLAINED, "a.example", "example");
	ck_assert_str_eq(why,
	    "DS of a.example is insecure without a reason: its NSEC3 records "
	    "have different parameters");
	ck_assert_uint_eq(budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX);
}
END_TEST

/* The zone above the last signed cut has nothing to say below it. */
START_TEST(denial_from_above_the_last_cut_is_none)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	signed_at("example", 250);
	signed_at("a.example", 250);
	nsec_at("mx.a.example", "example", "NS RRSIG NSEC", DNS_SECURE);
	expect(PROOF_SIGNED, "mx.a.example", "a.example");
}
END_TEST

START_TEST(answer_without_use_ends_the_walk)
{
	static const enum proof_outcome outcomes[] = { PROOF_FAILED,
		PROOF_FAILED, PROOF_UNEXPLAINED, PROOF_NO_NAME };

	start("mx.a.example");
	no_alias("mx.a.example");
	signed_at("example", 250);
	if (_i == 0)
		no_answer("a.example", DNS_TYPE_DS);
	else if (_i == 1)
		nsec_at("a.example", "example", "NS", DNS_BOGUS);
	else if (_i == 2)
		nsec_at("a.example", "example", "NS", DNS_INSECURE);
	else
		answer("a.example", DNS_TYPE_DS, DNS_SECURE, 3, NULL, NULL);
	/* Perhaps the DS was sought where a DNAME leads to. */
	if (outcomes[_i] == PROOF_FAILED)
		no_dname("example");
	expect(outcomes[_i], "a.example", "example");
	if (_i < 3)
		ck_assert_ptr_nonnull(strstr(why, "DS of a.example"));
	if (_i == 1)
		ck_assert_ptr_nonnull(strstr(why, "signature"));
}
END_TEST

START_TEST(root_needs_no_question)
{
	start(".");
	ck_assert_uint_eq(query_count, 0);
	expect(PROOF_SIGNED, ".", ".");
}
END_TEST

START_TEST(questions_are_bounded)
{
	const char *name =
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z";

	start(name);
	no_alias(name);
	for (unsigned labels = 1; !came && labels <= 26; labels++)
		answer(domain_ancestor(name, labels), DNS_TYPE_DS, DNS_SECURE,
		    0, NULL, NULL);
	ck_assert(came);
	ck_assert_int_eq(outcome, PROOF_FAILED);
	ck_assert_uint_le(query_count, PROOF_QUESTIONS_MAX + 1);
}
END_TEST

START_TEST(time_is_bounded)
{
	start("mx.example");
	if (_i == 1) {
		signed_at("example", 250);
		answer("mx.example", DNS_TYPE_DS, DNS_SECURE, 0, NULL, NULL);
	}
	ck_assert(!came);
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert(came);
	/* What was known by then stands; it is never a proof. */
	ck_assert_int_eq(outcome, _i == 1 ? PROOF_SIGNED : PROOF_FAILED);
}
END_TEST

START_TEST(question_that_cannot_be_asked_fails)
{
	refuse = true;
	start("mx.example");
	expect(PROOF_FAILED, "example", ".");
}
END_TEST

START_TEST(configured_zone_is_proven)
{
	struct conf_zone block = { .name = (char *)"corp.internal",
		.insecure = true };

	conf.zones = &block;
	conf.zone_count = 1;
	start("mx.corp.internal");
	ck_assert_uint_eq(query_count, 0);
	expect(PROOF_PROVEN, "corp.internal", ".");
	ck_assert_int_eq(reason, PROOF_JUDGE_REASON_CONFIGURED);
}
END_TEST

/* ---- aliases ---- */

/* The DS of an alias follows it, to wherever: it proves nothing. */
START_TEST(ds_through_an_alias_proves_nothing)
{
	static const char *const records[] = {
		"mx.example. 300 IN CNAME mx.unsigned.", NULL
	};

	start("mx.example");
	signed_at("example", 250);
	answer("mx.example", DNS_TYPE_DS, _i == 0 ? DNS_INSECURE : DNS_SECURE,
	    _i == 2 ? 3 : 0, records, NULL);
	ck_assert(!came);
	no_answer("mx.example", DNS_TYPE_CNAME);
	expect(PROOF_SIGNED, "mx.example", "example");
}
END_TEST

static const char *const alias[] = { "mx.example. 60 IN CNAME mx.unsigned.",
	NULL };

START_TEST(secure_alias_is_followed)
{
	start("mx.example");
	signed_at("example", 250);
	if (_i == 1) {
		answer("mx.example", DNS_TYPE_DS, DNS_INSECURE, 0, alias, NULL);
		ck_assert(!came);
	}
	answer("mx.example", DNS_TYPE_CNAME, DNS_SECURE, 0, alias, NULL);
	ck_assert(came);
	ck_assert_int_eq(outcome, PROOF_ALIAS);
	ck_assert_str_eq(target, "mx.unsigned");
	ck_assert_uint_eq(ttl, 60);
}
END_TEST

START_TEST(alias_that_is_not_secure_is_ignored)
{
	static const enum dns_security security[] = { DNS_INDETERMINATE,
		DNS_BOGUS, DNS_INSECURE };

	start("mx.example");
	answer("mx.example", DNS_TYPE_CNAME, security[_i], 0, alias, NULL);
	ck_assert(!came);
	signed_at("example", 250);
	answer("mx.example", DNS_TYPE_DS, DNS_INSECURE, 0, alias, NULL);
	expect(PROOF_SIGNED, "mx.example", "example");
}
END_TEST

START_TEST(alias_of_another_name_is_ignored)
{
	static const char *const other[] = {
		"www.example. 60 IN CNAME mx.unsigned.", NULL
	};

	start("mx.example");
	answer("mx.example", DNS_TYPE_CNAME, DNS_SECURE, 0, other, NULL);
	ck_assert(!came);
}
END_TEST

START_TEST(failure_waits_for_the_alias)
{
	start("mx.example");
	no_answer("example", DNS_TYPE_DS);
	ck_assert(!came);
	if (_i == 0)
		answer(
		    "mx.example", DNS_TYPE_CNAME, DNS_SECURE, 0, alias, NULL);
	else
		no_answer("mx.example", DNS_TYPE_CNAME);
	ck_assert(came);
	ck_assert_int_eq(outcome, _i == 0 ? PROOF_ALIAS : PROOF_FAILED);
}
END_TEST

/* Where servers are silent it would only be one more question that hangs. */
START_TEST(alias_is_asked_for_when_it_is_needed)
{
	proof = proof_start(
	    base, NULL, &conf, &budget, caches, "mx.example", on_walk, NULL);
	ck_assert_ptr_nonnull(proof);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(query_count, 1);
	signed_at("example", 250);
	if (_i == 0) {
		nsec_at("mx.example", "example", "NS RRSIG NSEC", DNS_SECURE);
		expect(PROOF_PROVEN, "mx.example", "example");
		ck_assert_uint_eq(query_count, 2);
		return;
	}
	if (_i == 1)
		nsec_at("mx.example", "example", "A RRSIG NSEC", DNS_SECURE);
	else
		no_answer("mx.example", DNS_TYPE_DS);
	/* It has ended without a proof: at once. */
	ck_assert(!came);
	ck_assert_uint_eq(query_count, _i == 1 ? 3 : 4);
	if (_i == 2)
		no_dname("example");
	no_alias("mx.example");
	expect(_i == 1 ? PROOF_SIGNED : PROOF_FAILED, "mx.example", "example");
}
END_TEST

/* All of it comes from there, or the worst of them is what counts. */
START_TEST(one_kind_of_caches_is_asked)
{
	caches = (enum proof_caches)_i;
	start("mx.dn.example");
	no_answer("mx.dn.example", DNS_TYPE_CNAME);
	signed_at("example", 250);
	nsec_at("dn.example", "example", "DNAME RRSIG NSEC", DNS_SECURE);
	ck_assert_uint_eq(query_count, 4);
	for (size_t i = 0; i < query_count; i++) {
		ck_assert(queries[i].fresh == (_i != PROOF_CACHES_OF_ALL));
		ck_assert(queries[i].doubted == (_i == PROOF_CACHES_DOUBTED));
	}
}
END_TEST

/* ---- DNAME ---- */

static const char *const dname[] = { "dn.example. 70 IN DNAME new.test.",
	NULL };

START_TEST(dname_above_is_substituted)
{
	start("mx.dn.example");
	no_answer("mx.dn.example", DNS_TYPE_CNAME);
	signed_at("example", 250);
	nsec_at("dn.example", "example", "DNAME RRSIG NSEC", DNS_SECURE);
	ck_assert(!came);
	if (_i == 0) {
		hashing = 7;
		answer(
		    "dn.example", DNS_TYPE_DNAME, DNS_SECURE, 0, dname, NULL);
		ck_assert(came);
		ck_assert_int_eq(outcome, PROOF_ALIAS);
		ck_assert_str_eq(target, "mx.new.test");
		ck_assert_uint_eq(ttl, 70);
		ck_assert_uint_eq(
		    budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 7);
		return;
	}
	/* Not secure, or not there: on with the walk. */
	if (_i == 1)
		answer(
		    "dn.example", DNS_TYPE_DNAME, DNS_INSECURE, 0, dname, NULL);
	else
		no_answer("dn.example", DNS_TYPE_DNAME);
	ck_assert(!came);
	nsec_at("mx.dn.example", "example", "A RRSIG NSEC", DNS_SECURE);
	expect(PROOF_SIGNED, "mx.dn.example", "example");
}
END_TEST

#define LABEL "x123456789x123456789x123456789x123456789x123456789x123456789"
#define LONG_NAME LABEL "." LABEL "." LABEL ".dn.example"

static const char *const long_dname[] = {
	"dn.example. 70 IN DNAME " LABEL "." LABEL ".", NULL
};

/* Longer than names can be: the DNAME denies it, securely. */
START_TEST(dname_can_make_a_name_too_long)
{
	start(LONG_NAME);
	no_answer(LONG_NAME, DNS_TYPE_CNAME);
	signed_at("example", 250);
	nsec_at("dn.example", "example", "DNAME RRSIG NSEC", DNS_SECURE);
	if (_i == 1)
		lifetime = 20;
	answer("dn.example", DNS_TYPE_DNAME,
	    _i == 2 ? DNS_INSECURE : DNS_SECURE, 0, long_dname, NULL);
	lifetime = UINT32_MAX;
	if (_i == 2) {
		ck_assert(!came);
		return;
	}
	ck_assert(came);
	ck_assert_int_eq(outcome, PROOF_TOO_LONG);
	/* And no longer than its signature. */
	ck_assert_uint_eq(ttl, _i == 0 ? 70 : 20);
}
END_TEST

/* ---- DNAME at the apex of a signed zone ---- */

static const char *const apex[] = { "dn.example. 70 IN DNAME new.test.", NULL };
static const char *const through_apex[] = { "dn.example. 70 IN DNAME new.test.",
	"mx.dn.example. 70 IN CNAME mx.new.test.", NULL };

/* As far as the DS below the zone, which follows the DNAME. */
static void
start_below_apex(void)
{
	start("mx.dn.example");
	no_answer("mx.dn.example", DNS_TYPE_CNAME);
	signed_at("example", 250);
	signed_at("dn.example", 250);
	ck_assert_uint_eq(query_count, 4);
}

static void
expect_alias_of_apex(void)
{
	expect(PROOF_ALIAS, "dn.example", "dn.example");
	ck_assert_str_eq(target, "mx.new.test");
	ck_assert_uint_eq(ttl, 70);
}

/* However the DS was judged: what follows the DNAME may be bogus. */
START_TEST(dname_at_the_apex_is_asked_for_where_it_shows)
{
	static const enum dns_security security[] = { DNS_INSECURE, DNS_SECURE,
		DNS_BOGUS };

	start_below_apex();
	answer(
	    "mx.dn.example", DNS_TYPE_DS, security[_i], 0, through_apex, NULL);
	ck_assert(!came);
	hashing = 7;
	answer("dn.example", DNS_TYPE_DNAME, DNS_SECURE, 0, apex, NULL);
	expect_alias_of_apex();
	ck_assert_uint_eq(budget.left[BUDGET_HASHING], BUDGET_HASHING_MAX - 7);
}
END_TEST

/* Anyone on the path can show one. */
START_TEST(dname_at_the_apex_must_be_secure)
{
	static const enum dns_security security[] = { DNS_INDETERMINATE,
		DNS_INSECURE, DNS_BOGUS };

	start_below_apex();
	answer(
	    "mx.dn.example", DNS_TYPE_DS, DNS_INSECURE, 0, through_apex, NULL);
	if (_i < 3)
		answer(
		    "dn.example", DNS_TYPE_DNAME, security[_i], 0, apex, NULL);
	else
		no_answer("dn.example", DNS_TYPE_DNAME);
	expect(PROOF_SIGNED, "mx.dn.example", "dn.example");
}
END_TEST

/* The name's whole way is walked once the DNAME is none. */
START_TEST(walk_goes_on_without_a_dname_at_the_apex)
{
	start("mx.a.dn.example");
	no_alias("mx.a.dn.example");
	signed_at("example", 250);
	signed_at("dn.example", 250);
	answer(
	    "a.dn.example", DNS_TYPE_DS, DNS_INSECURE, 0, through_apex, NULL);
	ck_assert_uint_eq(query_count, 5); /* it waits for the DNAME */
	no_dname("dn.example");
	ck_assert_uint_eq(query_count, 6);
	/* It is asked for once. */
	answer("mx.a.dn.example", DNS_TYPE_DS, DNS_INSECURE, 0, through_apex,
	    NULL);
	ck_assert_uint_eq(query_count, 6);
	expect(PROOF_SIGNED, "mx.a.dn.example", "dn.example");
}
END_TEST

START_TEST(failed_ds_may_have_followed_a_dname)
{
	start_below_apex();
	if (_i == 0)
		no_answer("mx.dn.example", DNS_TYPE_DS);
	else
		nsec_at("mx.dn.example", "dn.example", "NS", DNS_BOGUS);
	ck_assert(!came);
	if (_i < 2) {
		answer("dn.example", DNS_TYPE_DNAME, DNS_SECURE, 0, apex, NULL);
		expect_alias_of_apex();
		return;
	}
	no_answer("dn.example", DNS_TYPE_DNAME);
	expect(PROOF_FAILED, "mx.dn.example", "dn.example");
}
END_TEST

static void
pass_a_second(void)
{
	event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Beside a DS that hangs; what it says after all counts just as well. */
START_TEST(slow_ds_may_be_following_a_dname)
{
	start_below_apex();
	pass_a_second();
	ck_assert_uint_eq(query_count, 5);
	if (_i == 0) {
		answer("dn.example", DNS_TYPE_DNAME, DNS_SECURE, 0, apex, NULL);
		expect_alias_of_apex();
		ck_assert(queries[3].cancelled);
		return;
	}
	if (_i == 1) {
		no_dname("dn.example");
		nsec_at(
		    "mx.dn.example", "dn.example", "NS RRSIG NSEC", DNS_SECURE);
		expect(PROOF_PROVEN, "mx.dn.example", "dn.example");
		return;
	}
	if (_i == 2) {
		nsec_at(
		    "mx.dn.example", "dn.example", "NS RRSIG NSEC", DNS_SECURE);
		expect(PROOF_PROVEN, "mx.dn.example", "dn.example");
		ck_assert(queries[4].cancelled);
		return;
	}
	/* The proof ends without success, and waits. */
	if (_i == 3)
		nsec_at(
		    "mx.dn.example", "dn.example", "A RRSIG NSEC", DNS_SECURE);
	else
		no_answer("mx.dn.example", DNS_TYPE_DS);
	ck_assert(!came);
	ck_assert_uint_eq(query_count, 5);
	no_dname("dn.example");
	expect(_i == 3 ? PROOF_SIGNED : PROOF_FAILED, "mx.dn.example",
	    "dn.example");
}
END_TEST

/* A zone below has an apex of its own. */
START_TEST(apex_is_that_of_the_last_signed_zone)
{
	start("mx.dn.example");
	no_alias("mx.dn.example");
	signed_at("example", 250);
	pass_a_second();
	ck_assert_uint_eq(query_count, 4);
	ck_assert_str_eq(queries[3].name, "example");
	signed_at("dn.example", 250);
	ck_assert(queries[3].cancelled);
	no_answer("mx.dn.example", DNS_TYPE_DS);
	ck_assert(!came);
	answer("dn.example", DNS_TYPE_DNAME, DNS_SECURE, 0, apex, NULL);
	expect_alias_of_apex();
}
END_TEST

/* Not where nothing fails, nor for the root. */
START_TEST(apex_is_asked_for_where_it_is_needed)
{
	start("mx.dn.example");
	no_alias("mx.dn.example");
	if (_i == 0) {
		pass_a_second(); /* until the end, as the clock goes here */
		ck_assert_uint_eq(query_count, 2);
		expect(PROOF_FAILED, "example", ".");
		return;
	}
	signed_at("example", 250);
	signed_at("dn.example", 250);
	if (_i == 1)
		nsec_at(
		    "mx.dn.example", "dn.example", "A RRSIG NSEC", DNS_SECURE);
	else if (_i == 2)
		answer("mx.dn.example", DNS_TYPE_DS, DNS_SECURE, 3, NULL, NULL);
	else
		answer(
		    "mx.dn.example", DNS_TYPE_DS, DNS_INSECURE, 0, NULL, NULL);
	ck_assert_uint_eq(query_count, 4);
	expect(_i == 1   ? PROOF_SIGNED
	       : _i == 2 ? PROOF_NO_NAME
			 : PROOF_UNEXPLAINED,
	    "mx.dn.example", "dn.example");
}
END_TEST

START_TEST(apex_is_not_asked_for_on_credit)
{
	start_below_apex();
	if (_i == 0) {
		budget.left[BUDGET_HASHING] = 0;
		no_answer("mx.dn.example", DNS_TYPE_DS);
	} else {
		budget.left[BUDGET_VALIDATION] = 0;
		answer("mx.dn.example", DNS_TYPE_DS, DNS_INSECURE, 0,
		    through_apex, NULL);
	}
	ck_assert_uint_eq(query_count, 4);
	expect(_i == 0 ? PROOF_FAILED : PROOF_SIGNED, "mx.dn.example",
	    "dn.example");
}
END_TEST

/* The last one was for the DS. */
START_TEST(apex_counts_as_a_question)
{
	static const char name[] = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p";

	start(name);
	no_alias(name);
	signed_at("p", 250);
	for (unsigned labels = 2; labels < 16; labels++)
		answer(domain_ancestor(name, labels), DNS_TYPE_DS, DNS_SECURE,
		    0, NULL, NULL);
	ck_assert_uint_eq(query_count, 17);
	no_answer(name, DNS_TYPE_DS);
	ck_assert_uint_eq(query_count, 17);
	expect(PROOF_FAILED, name, "p");
}
END_TEST

START_TEST(dname_at_the_apex_can_make_a_name_too_long)
{
	start(LONG_NAME);
	no_answer(LONG_NAME, DNS_TYPE_CNAME);
	signed_at("example", 250);
	signed_at("dn.example", 250);
	answer(LABEL ".dn.example", DNS_TYPE_DS, DNS_INSECURE, 6, long_dname,
	    NULL);
	answer("dn.example", DNS_TYPE_DNAME, DNS_SECURE, 0, long_dname, NULL);
	expect(PROOF_TOO_LONG, "dn.example", "dn.example");
}
END_TEST

/* A proof ends with the signatures that it rests on. */
START_TEST(proof_ends_with_its_signatures)
{
	start("mx.a.example");
	no_alias("mx.a.example");
	lifetime = 33;
	signed_at("example", 250);
	lifetime = UINT32_MAX;
	nsec_at("a.example", "example", "NS RRSIG NSEC", DNS_SECURE);
	expect(PROOF_PROVEN, "a.example", "example");
	ck_assert_uint_eq(ttl, 33);
}
END_TEST

START_TEST(dname_at_the_name_redirects_nothing)
{
	start("dn.example");
	no_alias("dn.example");
	signed_at("example", 250);
	nsec_at("dn.example", "example", "DNAME RRSIG NSEC", DNS_SECURE);
	expect(PROOF_SIGNED, "dn.example", "example");
}
END_TEST

START_TEST(cancelled_walk_is_silent)
{
	start("mx.example");
	proof_cancel(proof);
	proof = NULL;
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(!came);
	ck_assert(queries[0].cancelled && queries[1].cancelled);
	proof_cancel(NULL);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, cut_is_found);
	tcase_add_test(tc, signed_all_the_way);
	tcase_add_test(tc, proof_lasts_as_long_as_each_step);
	tcase_add_test(tc, library_is_asked_what_it_validates);
	tcase_add_test(tc, hashing_comes_out_of_the_budget);
	tcase_add_test(tc, hashing_of_libunbound_comes_out_of_the_budget);
	tcase_add_test(tc, nothing_is_asked_when_hashing_is_used_up);
	tcase_add_test(tc, validation_comes_out_of_the_budget);
	tcase_add_test(tc, nothing_is_asked_when_validation_is_used_up);
	tcase_add_test(tc, mixed_parameters_end_the_walk);
	tcase_add_test(tc, denial_from_above_the_last_cut_is_none);
	tcase_add_loop_test(tc, answer_without_use_ends_the_walk, 0, 4);
	tcase_add_test(tc, root_needs_no_question);
	tcase_add_test(tc, questions_are_bounded);
	tcase_add_loop_test(tc, time_is_bounded, 0, 2);
	tcase_add_test(tc, question_that_cannot_be_asked_fails);
	tcase_add_test(tc, configured_zone_is_proven);
	tcase_add_loop_test(tc, ds_through_an_alias_proves_nothing, 0, 3);
	tcase_add_loop_test(tc, secure_alias_is_followed, 0, 2);
	tcase_add_loop_test(tc, alias_that_is_not_secure_is_ignored, 0, 3);
	tcase_add_test(tc, alias_of_another_name_is_ignored);
	tcase_add_loop_test(tc, failure_waits_for_the_alias, 0, 2);
	tcase_add_loop_test(tc, dname_above_is_substituted, 0, 3);
	tcase_add_loop_test(tc, dname_can_make_a_name_too_long, 0, 3);
	tcase_add_test(tc, proof_ends_with_its_signatures);
	tcase_add_loop_test(tc, alias_is_asked_for_when_it_is_needed, 0, 3);
	tcase_add_loop_test(tc, one_kind_of_caches_is_asked, 0, 3);
	tcase_add_test(tc, dname_at_the_name_redirects_nothing);
	tcase_add_loop_test(
	    tc, dname_at_the_apex_is_asked_for_where_it_shows, 0, 3);
	tcase_add_loop_test(tc, dname_at_the_apex_must_be_secure, 0, 4);
	tcase_add_test(tc, walk_goes_on_without_a_dname_at_the_apex);
	tcase_add_loop_test(tc, failed_ds_may_have_followed_a_dname, 0, 3);
	tcase_add_loop_test(tc, slow_ds_may_be_following_a_dname, 0, 5);
	tcase_add_test(tc, apex_is_that_of_the_last_signed_zone);
	tcase_add_loop_test(tc, apex_is_asked_for_where_it_is_needed, 0, 4);
	tcase_add_loop_test(tc, apex_is_not_asked_for_on_credit, 0, 2);
	tcase_add_test(tc, apex_counts_as_a_question);
	tcase_add_test(tc, dname_at_the_apex_can_make_a_name_too_long);
	tcase_add_test(tc, cancelled_walk_is_silent);
}

TEST_MAIN("walk")
{
	TCase *tc = add_case(suite, "walk");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_tests(tc);
}
