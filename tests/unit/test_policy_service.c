/*
 * Who waits for an evaluation: they share it, may go before it ends, are told
 * TEMP when it can't be made, and when the service ends.
 */

#include "policy/policy_service.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/stats.h"
#include "policy/askers.h"
#include "policy/verdict.h"
#include "../fakes/resolver.h"
#include "test_main.h"

#define EVALUATIONS 2000 /* at once, of those without room of their own */
#define FLOOD (ASKERS_FEW + EVALUATIONS)

static struct conf *conf;
static struct stats stats;
static struct resolver resolver;
static struct policy_service *service;

static const struct line usable[] = { MX(DNS_SECURE), A(DNS_SECURE),
	AAAA(DNS_SECURE), TLSA(DNS_SECURE), { 0 } };
static const struct line silent[] = { NO(SILENT, "example.org", DNS_TYPE_MX),
	NO(SILENT, "example.com", DNS_TYPE_MX), { 0 } };
static const struct line refuses[] = { NO(REFUSES, "example.org", DNS_TYPE_MX),
	{ 0 } };

static void
set_up(void)
{
	char error[256];

	ck_assert_ptr_nonnull(conf = conf_load(NULL, error, sizeof(error)));
	memset(&stats, 0, sizeof(stats));
	resolver =
	    (struct resolver){ .base = event_base_new(), .line = silent };
	service = policy_service_new(resolver.base, conf, &resolver, &stats);
	ck_assert_ptr_nonnull(service);
}

static void
tear_down(void)
{
	policy_service_free(service);
	event_base_free(resolver.base);
	conf_free(conf);
}

struct told {
	unsigned times;
	enum tls_policy policy;
	char text[256];
};

static void
tell(void *arg, const struct policy_reply *reply)
{
	struct told *told = arg;

	told->times++;
	told->policy = reply->policy;
	snprintf(told->text, sizeof(told->text), "%s", reply->text);
}

/* NULL where @told has been told at once. */
static struct policy_request *
ask_as(const char *who, const char *key, const char *map, struct told *told)
{
	struct policy_reply reply;
	struct policy_request *request = policy_service_ask(
	    service, key, strlen(key), map, who, &reply, tell, told);

	if (request == NULL)
		tell(told, &reply);
	return request;
}

static struct policy_request *
ask(const char *key, const char *map, struct told *told)
{
	return ask_as("user 1000", key, map, told);
}

static void
run(void)
{
	event_base_loop(resolver.base, EVLOOP_NONBLOCK);
	for (int i = 0; i < 20; i++)
		event_base_loop(resolver.base, EVLOOP_NONBLOCK);
}

START_TEST(all_share_one_evaluation)
{
	struct told told[3] = { 0 };

	resolver.line = usable;
	ck_assert_ptr_nonnull(ask("example.org", "query", &told[0]));
	ck_assert_ptr_nonnull(ask("EXAMPLE.org.", NULL, &told[1]));
	run();
	ck_assert_ptr_null(ask("example.org", "other", &told[2]));
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(told[i].times, 1);
		ck_assert_int_eq(told[i].policy, TLS_POLICY_DANE);
	}
	ck_assert_uint_eq(resolver.asked, 4);
	ck_assert_uint_eq(policy_service_in_flight(service), 0);
	ck_assert_uint_eq(policy_service_cache_entries(service), 1);
}
END_TEST

START_TEST(who_goes_is_not_told)
{
	struct told told[3] = { 0 };
	struct policy_request *first, *second;

	resolver.line = usable;
	first = ask("example.org", "query", &told[0]);
	second = ask("example.org", "query", &told[1]);
	ask("example.org", "query", &told[2]);
	policy_service_cancel(second);
	policy_service_cancel(first);
	policy_service_cancel(NULL);
	run();
	ck_assert_uint_eq(told[0].times + told[1].times, 0);
	ck_assert_uint_eq(told[2].times, 1);
}
END_TEST

/* Nobody waits any more; what was found is remembered all the same. */
START_TEST(evaluation_outlives_who_asked)
{
	struct told told = { 0 };

	resolver.line = usable;
	policy_service_cancel(ask("example.org", "query", &told));
	run();
	ck_assert_uint_eq(policy_service_cache_entries(service), 1);
}
END_TEST

START_TEST(end_tells_temp)
{
	struct told told[2] = { 0 };

	ask("example.org", "query", &told[0]);
	ask("example.com", "query", &told[1]);
	run();
	ck_assert_uint_eq(policy_service_in_flight(service), 2);
	policy_service_free(service);
	service = NULL;
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(told[i].times, 1);
		ck_assert_int_eq(told[i].policy, TLS_POLICY_TEMP);
	}
	ck_assert_uint_eq(resolver.cancelled, 2);
}
END_TEST

/* That no question can be asked is no answer. */
START_TEST(what_can_not_be_asked_is_temp)
{
	struct told told = { 0 };

	resolver.line = refuses;
	ask("example.org", "query", &told);
	run();
	ck_assert_uint_eq(told.times, 1);
	ck_assert_int_eq(told.policy, TLS_POLICY_TEMP);
}
END_TEST

/* ---- who asks for many ---- */

static struct told flood_told[FLOOD + 1];
static char flood_name[FLOOD + 1][32];

/* Next hops from @first up to @end that nobody answers for, all asked for; but
 * example.org is answered. */
static void
flood(const char *who, int first, int end)
{
	static struct line line[FLOOD + 8];
	struct line *name = line;

	for (const struct line *from = usable; from->name != NULL; from++)
		*name++ = *from;
	resolver.line = line;
	for (int i = first; i < end; i++) {
		flood_told[i] = (struct told){ 0 };
		snprintf(
		    flood_name[i], sizeof(flood_name[i]), "n%d.example", i);
		name[i] = (struct line){ .name = flood_name[i],
			.type = DNS_TYPE_MX,
			.way = SILENT };
		ask_as(who, flood_name[i], "query", &flood_told[i]);
	}
	run();
}

static unsigned of_class(enum lookup_class class)
{
	return resolver.of_class[class];
}

START_TEST(evaluations_are_bounded)
{
	static struct told joins; /* told at the end */

	flood("user 1", 0, FLOOD + 1);
	ck_assert_uint_eq(policy_service_in_flight(service), FLOOD);
	ck_assert_uint_eq(flood_told[FLOOD - 1].times, 0);
	ck_assert_uint_eq(flood_told[FLOOD].times, 1);
	ck_assert_int_eq(flood_told[FLOOD].policy, TLS_POLICY_TEMP);
	ck_assert_ptr_nonnull(strstr(flood_told[FLOOD].text, "too many"));
	ck_assert_ptr_nonnull(ask_as("user 1", flood_name[0], "query", &joins));
}
END_TEST

START_TEST(who_asks_for_many_leaves_room_to_others)
{
	struct told told = { 0 };

	flood("user 1", 0, FLOOD);
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY), ASKERS_FEW);
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY_MANY), EVALUATIONS);
	ck_assert_ptr_nonnull(ask_as("user 2", "example.org", "query", &told));
	run();
	ck_assert_int_eq(told.policy, TLS_POLICY_DANE);
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY), ASKERS_FEW + 4);
}
END_TEST

/* What somebody else needs, too, is not kept waiting among all these. */
START_TEST(who_has_room_waits_for_nobody_who_has_none)
{
	struct told told[4] = { 0 };

	flood("user 1", 0, ASKERS_FEW);
	resolver.line = silent;
	ask_as("user 1", "example.org", "query", &told[0]);
	ask_as("user 1", "example.org", "query", &told[1]);
	run();
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY_MANY), 1);
	ask_as("user 2", "example.org", "query", &told[2]);
	run();
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY), ASKERS_FEW + 1);
	ck_assert_uint_eq(resolver.cancelled, 1);
	/* It is begun no third time, and is one of those without room no more.
	 */
	ask_as("user 3", "example.org", "query", &told[3]);
	run();
	ck_assert_uint_eq(resolver.cancelled, 1);
	flood("user 1", ASKERS_FEW, FLOOD + 1);
	ck_assert_uint_eq(policy_service_in_flight(service), FLOOD + 1);
	ck_assert_uint_eq(flood_told[FLOOD - 1].times, 0);
	ck_assert_uint_eq(flood_told[FLOOD].times, 1);
	policy_service_free(service);
	service = NULL;
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(told[i].times, 1);
}
END_TEST

/* Nor does anybody get more room by going. */
START_TEST(evaluation_counts_until_it_has_ended)
{
	struct told told = { 0 };

	flood("user 1", 0, ASKERS_FEW - 1);
	policy_service_cancel(ask_as("user 1", "example.org", "query", &told));
	flood("user 1", ASKERS_FEW - 1, ASKERS_FEW);
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY_MANY), 1);
	ck_assert_uint_eq(policy_service_cache_entries(service), 1);
	flood("user 1", ASKERS_FEW, ASKERS_FEW + 1);
	ck_assert_uint_eq(of_class(LOOKUP_CLASS_POLICY_MANY), 1);
}
END_TEST

/* A flush while the answer is on its way: it is given, and not remembered. */
START_TEST(flushed_on_its_way_is_not_remembered)
{
	struct told told = { 0 };

	resolver.line = usable;
	ask("example.org", "query", &told);
	ck_assert_int_eq(policy_service_flush(service, "example.org", 11),
	    POLICY_FLUSH_DONE);
	run();
	ck_assert_uint_eq(told.times, 1);
	ck_assert_int_eq(told.policy, TLS_POLICY_DANE);
	ck_assert_uint_eq(policy_service_cache_entries(service), 0);
	ck_assert_int_eq(policy_service_flush(service, "example.org", 11),
	    POLICY_FLUSH_NOTHING);
	forget_result = -1;
	ck_assert_int_eq(policy_service_flush(service, "example.org", 11),
	    POLICY_FLUSH_FAILED);
	forget_result = 0;
}
END_TEST

START_TEST(keys_without_lookup_are_told_at_once)
{
	struct told told = { 0 };

	ck_assert_ptr_null(ask("[192.0.2.1]", "query", &told));
	ck_assert_uint_eq(told.times, 1);
	ck_assert_ptr_null(ask("", "query", &told));
	ck_assert_uint_eq(told.times, 2);
	ck_assert_ptr_null(ask("a..b", "query", &told));
	ck_assert_uint_eq(told.times, 3);
	ck_assert_uint_eq(resolver.asked, 0);
}
END_TEST

/* ---- options of a map ---- */

/* The service again, with one map that has options of its own. */
static struct conf_profile *
with_map(const char *name)
{
	policy_service_free(service);
	service = NULL;
	free(conf->maps); /* there was none in it */
	conf->maps = calloc(1, sizeof(*conf->maps));
	ck_assert_ptr_nonnull(conf->maps);
	conf->maps[0].name = strdup(name);
	conf->maps[0].policy = conf->policy;
	conf->map_count = 1;
	return &conf->maps[0].policy;
}

static void
begin_again(void)
{
	service = policy_service_new(resolver.base, conf, &resolver, &stats);
	ck_assert_ptr_nonnull(service);
}

/* Evidence is for all who ask: one map may need what the others do not. */
START_TEST(evidence_is_gathered_for_the_strictest_map)
{
	static const struct line insecure_mx[] = { MX(DNS_INSECURE),
		A(DNS_SECURE), AAAA(DNS_SECURE), TLSA(DNS_SECURE), { 0 } };
	struct conf_profile *map = with_map("strict");
	struct told told = { 0 };

	conf->policy.insecure_mx = CONF_INSECURE_MX_MAY;
	map->insecure_mx = CONF_INSECURE_MX_ENCRYPT;
	begin_again();
	resolver.line = insecure_mx;
	ask("example.org", "query", &told);
	run();
	ck_assert_int_eq(told.policy, TLS_POLICY_MAY);
	ask("example.org", "strict", &told);
	run();
	ck_assert_uint_eq(told.times, 2);
	ck_assert_int_eq(told.policy, TLS_POLICY_ENCRYPT);
	ck_assert_uint_eq(resolver.asked, 4);
}
END_TEST

/* Two who ask with different maps share the evaluation, not the verdict. */
START_TEST(each_map_gets_its_own_verdict)
{
	static const struct line absent[] = { MX(DNS_SECURE), A(DNS_SECURE),
		AAAA(DNS_SECURE),
		DENIED(OWNER, DNS_TYPE_TLSA, DNS_NXDOMAIN, DNS_SECURE), { 0 } };
	struct conf_profile *map = with_map("strict");
	struct told one = { 0 }, other = { 0 };

	map->no_dane = CONF_NO_DANE_ENCRYPT;
	begin_again();
	resolver.line = absent;
	ask("example.org", "query", &one);
	ask("example.org", "strict", &other);
	run();
	ck_assert_int_eq(one.policy, TLS_POLICY_MAY);
	ck_assert_int_eq(other.policy, TLS_POLICY_ENCRYPT);
	ck_assert_uint_eq(resolver.asked, 4);
}
END_TEST

static const struct {
	const char *key; /* with a service that only Postfix may know */
	enum conf_no_dane no_dane, no_dane_explicit;
	enum conf_carry carry;
	enum tls_policy policy;
} unknown[] = {
	{ "example.org:no-such-service", CONF_NO_DANE_MAY, CONF_NO_DANE_MAY,
	    CONF_CARRY_NO, TLS_POLICY_DANE },
	{ "example.org:no-such-service", CONF_NO_DANE_MAY,
	    CONF_NO_DANE_NOTFOUND, CONF_CARRY_NO, TLS_POLICY_TEMP },
	{ "example.org:no-such-service", CONF_NO_DANE_ENCRYPT, CONF_NO_DANE_MAY,
	    CONF_CARRY_NO, TLS_POLICY_DANE },
	{ "example.org:no-such-service", CONF_NO_DANE_MAY, CONF_NO_DANE_ENCRYPT,
	    CONF_CARRY_NO, TLS_POLICY_TEMP },
	{ "example.org:no-such-service", CONF_NO_DANE_MAY, CONF_NO_DANE_MAY,
	    CONF_CARRY_FINGERPRINT, TLS_POLICY_TEMP },
};

/* "dane" leaves hosts without TLSA at "may": only where that is what they
 * would get from us. */
START_TEST(what_only_postfix_knows_is_left_to_it_or_deferred)
{
	struct told told = { 0 };

	conf->policy.no_dane = unknown[_i].no_dane;
	conf->policy.no_dane_explicit = unknown[_i].no_dane_explicit;
	conf->policy.carry = unknown[_i].carry;
	ck_assert_ptr_null(ask(unknown[_i].key, "query", &told));
	ck_assert_int_eq(told.policy, unknown[_i].policy);
	ck_assert_uint_eq(resolver.asked, 0);
}
END_TEST

START_TEST(evaluation_ends_at_its_deadline)
{
	struct told told = { 0 };

	conf->evaluation_deadline = 1;
	ck_assert_ptr_nonnull(ask("example.org", "query", &told));
	/* Nothing else is in the loop but the tick. */
	for (int i = 0; i < 100 && told.times == 0; i++)
		event_base_loop(resolver.base, EVLOOP_ONCE);
	ck_assert_uint_eq(told.times, 1);
	ck_assert_int_eq(told.policy, TLS_POLICY_TEMP);
	ck_assert_ptr_nonnull(strstr(told.text, "within 1 seconds"));
}
END_TEST

static void
keep_policy(void *arg, const struct verdict *verdict,
    const struct dane_evidence *evidence)
{
	enum tls_policy *policy = arg;

	ck_assert_ptr_nonnull(evidence);
	*policy = verdict->policy;
}

/* What is shown is what Postfix would get. */
START_TEST(explanation_is_of_the_key_that_was_asked)
{
	static const struct line absent[] = { A(DNS_SECURE), AAAA(DNS_SECURE),
		DENIED(OWNER, DNS_TYPE_TLSA, DNS_NXDOMAIN, DNS_SECURE), { 0 } };
	enum tls_policy policy = TLS_POLICY_TEMP;

	resolver.line = absent;
	ck_assert_ptr_nonnull(policy_service_explain(service, "[" HOST "]:25",
	    strlen("[" HOST "]:25"), "query", keep_policy, &policy));
	run();
	ck_assert_int_eq(policy, TLS_POLICY_NOTFOUND);
}
END_TEST

static void
explained(void *arg, const struct verdict *verdict,
    const struct dane_evidence *evidence)
{
	unsigned *times = arg;

	ck_assert_ptr_nonnull(verdict);
	ck_assert_ptr_nonnull(evidence);
	++*times;
}

START_TEST(explanation_is_anew_and_can_be_left)
{
	struct told told = { 0 };
	unsigned times = 0;

	resolver.line = usable;
	ask("example.org", "query", &told);
	run();
	ck_assert_ptr_nonnull(policy_service_explain(
	    service, "example.org", 11, "query", explained, &times));
	run();
	ck_assert_uint_eq(times, 1);
	ck_assert_uint_eq(resolver.asked, 8);
	policy_service_explain_cancel(policy_service_explain(
	    service, "example.org", 11, "query", explained, &times));
	ck_assert_ptr_nonnull(policy_service_explain(
	    service, "example.org", 11, "query", explained, &times));
	policy_service_free(service); /* one is in flight */
	service = NULL;
	ck_assert_uint_eq(times, 1);
}
END_TEST

TEST_MAIN("policy_service")
{
	TCase *tc = add_case(suite, "policy_service");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, all_share_one_evaluation);
	tcase_add_test(tc, who_goes_is_not_told);
	tcase_add_test(tc, evaluation_outlives_who_asked);
	tcase_add_test(tc, end_tells_temp);
	tcase_add_test(tc, what_can_not_be_asked_is_temp);
	tcase_add_test(tc, evaluations_are_bounded);
	tcase_add_test(tc, who_asks_for_many_leaves_room_to_others);
	tcase_add_test(tc, who_has_room_waits_for_nobody_who_has_none);
	tcase_add_test(tc, evaluation_counts_until_it_has_ended);
	tcase_add_test(tc, flushed_on_its_way_is_not_remembered);
	tcase_add_test(tc, keys_without_lookup_are_told_at_once);
	tcase_add_test(tc, evidence_is_gathered_for_the_strictest_map);
	tcase_add_test(tc, each_map_gets_its_own_verdict);
	add_rows(
	    tc, what_only_postfix_knows_is_left_to_it_or_deferred, unknown);
	tcase_add_test(tc, evaluation_ends_at_its_deadline);
	tcase_add_test(tc, explanation_is_of_the_key_that_was_asked);
	tcase_add_test(tc, explanation_is_anew_and_can_be_left);
}
