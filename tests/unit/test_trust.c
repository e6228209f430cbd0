/* What libunbound says of the root's keys, and what becomes of the trust. */

#include "dns/trust.h"

#include <event2/event.h>
#include <string.h>

#include "base/log.h"
#include "base/reason.h"
#include "dns/validator.h"

#include "../fakes/time.h"
#include "test_main.h"

/* ---- libunbound ---- */

static struct validator_query {
	validator_cb cb;
	void *arg;
	bool waits;
} query;
static unsigned asked;
static bool refuse;

struct validator_query *
validator_ask(struct validated *validator, const char *name, uint16_t type,
    const char *fresh_zone, struct budget *paying, validator_cb cb, void *arg)
{
	(void)validator;
	ck_assert_ptr_null(paying); /* nobody else's */
	ck_assert_str_eq(name, ".");
	ck_assert_uint_eq(type, DNS_TYPE_DNSKEY);
	ck_assert_ptr_null(fresh_zone);
	ck_assert(!query.waits);
	asked++;
	if (refuse)
		return NULL;
	query = (struct validator_query){ .cb = cb, .arg = arg, .waits = true };
	return &query;
}

void
validator_cancel(struct validator_query *cancelled)
{
	if (cancelled != NULL)
		cancelled->waits = false;
}

/* ---- the module ---- */

static struct event_base *base;
static struct trust *trust;

static void
set_up(void)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	asked = 0;
	refuse = false;
	query.waits = false;
	ck_assert_ptr_nonnull(base = event_base_new());
	trust = trust_new(base, NULL, REASON_NO_ROOT, REASON_UNSIGNED_ROOT);
	ck_assert_ptr_nonnull(trust);
}

static void
tear_down(void)
{
	trust_free(trust);
	ck_assert(!query.waits);
	event_base_free(base);
	trust_free(NULL);
}

/* The library Check measures how long a test takes, and does not believe an
 * hour. */
static void
go_back(uint64_t to)
{
	fake_ms = to;
}

static void
answer(bool answered, enum dns_security security, const char *why)
{
	ck_assert(query.waits);
	query.waits = false;
	query.cb(query.arg,
	    &(struct validator_result){
		.answered = answered, .security = security, .why = why });
}

static void
expect(enum trust_state state, const char *has)
{
	const char *why;

	ck_assert_int_eq(trust_state(trust, &why), state);
	ck_assert_int_eq(trust_state(trust, NULL), state);
	ck_assert((why == NULL) == (has == NULL));
	if (has != NULL)
		ck_assert_msg(strstr(why, has) != NULL, "%s", why);
}

START_TEST(secure_keys_are_alive)
{
	const uint64_t begin = fake_ms;
	expect(TRUST_UNKNOWN, "not been validated");
	fake_pass(base, 1);
	answer(true, DNS_SECURE, NULL);
	expect(TRUST_ALIVE, NULL);
	/* and are looked at every hour */
	fake_pass(base, 3599000);
	ck_assert_uint_eq(asked, 1);
	fake_pass(base, 2000);
	ck_assert_uint_eq(asked, 2);
	answer(true, DNS_SECURE, NULL);
	expect(TRUST_ALIVE, NULL);
	go_back(begin);
}
END_TEST

START_TEST(insecure_keys_withdraw_it)
{
	const uint64_t begin = fake_ms;
	fake_pass(base, 1);
	if (_i == 1) {
		answer(true, DNS_SECURE, NULL);
		fake_pass(base, 3601000);
	}
	answer(true, DNS_INSECURE, NULL);
	expect(TRUST_WITHDRAWN, "insecure");
	/* A failure does not give it back, nor does silence. */
	fake_pass(base, 3001);
	answer(false, DNS_INDETERMINATE, "timeout");
	expect(TRUST_WITHDRAWN, "insecure");
	fake_pass(base, 3001);
	fake_pass(base, 20001);
	expect(TRUST_WITHDRAWN, "insecure");
	answer(true, DNS_SECURE, NULL);
	expect(TRUST_ALIVE, NULL);
	go_back(begin);
}
END_TEST

/* Bogus is a failure, not an anchor that is dead. */
START_TEST(failure_says_nothing)
{
	const uint64_t begin = fake_ms;
	static const struct {
		bool answered;
		enum dns_security security;
		const char *why, *says;
	} failures[] = {
		{ false, DNS_INDETERMINATE, "time\nout", "time?out" },
		{ false, DNS_INDETERMINATE, NULL, REASON_NO_ROOT },
		{ false, DNS_INDETERMINATE, REASON_NO_SERVER, REASON_NO_ROOT },
		{ false, DNS_INSECURE, NULL, REASON_NO_ROOT },
		{ true, DNS_BOGUS, "signature", "signature" },
		{ true, DNS_INDETERMINATE, NULL, "no answer" },
	};

	fake_pass(base, 1);
	for (size_t i = 0; i < COUNT(failures); i++) {
		const char *why;

		answer(failures[i].answered, failures[i].security,
		    failures[i].why);
		ck_assert_int_eq(trust_state(trust, &why), TRUST_UNKNOWN);
		ck_assert(why != NULL && strchr(why, '\n') == NULL);
		ck_assert_msg(strstr(why, failures[i].says) != NULL, "%s", why);
		ck_assert_uint_eq(asked, i + 1);
		fake_pass(base, 3001);
	}
	answer(true, DNS_SECURE, NULL);
	expect(TRUST_ALIVE, NULL);
	/* Nor does it take away what is known. */
	fake_pass(base, 3601000);
	answer(false, DNS_INDETERMINATE, "timeout");
	expect(TRUST_ALIVE, NULL);
	fake_pass(base, 3001);
	ck_assert_uint_eq(asked, COUNT(failures) + 3);
	go_back(begin);
}
END_TEST

/* Keys without signatures; and with one, which is the anchor's fault. */
START_TEST(answers_without_dnssec_are_told_apart)
{
	const uint64_t begin = fake_ms;
	/* A response with one record: the root's, of the type in its midst. */
	uint8_t wire[12 + 11 + 20] = { [2] = 0x80,
		[7] = 1,
		[14] = _i == 1 ? 46 : 48,
		[16] = 1,
		[22] = 20 };
	const struct validator_result result = { .answered = true,
		.security = DNS_BOGUS,
		.packet = wire,
		.len = sizeof(wire),
		.why = "no keys have a DS" };

	fake_pass(base, 1);
	ck_assert(query.waits);
	query.waits = false;
	query.cb(query.arg, &result);
	expect(TRUST_UNKNOWN,
	    _i == 1 ? "no keys have a DS" : REASON_UNSIGNED_ROOT);
	/* Nor does it take away what is known. */
	fake_pass(base, 3001);
	answer(true, DNS_SECURE, NULL);
	fake_pass(base, 3601000);
	ck_assert(query.waits);
	query.waits = false;
	query.cb(query.arg, &result);
	expect(TRUST_ALIVE, NULL);
	go_back(begin);
}
END_TEST

START_TEST(silence_is_asked_again)
{
	const uint64_t begin = fake_ms;
	fake_pass(base, 1);
	fake_pass(base, 2900);
	expect(TRUST_UNKNOWN, "not been validated");
	/* Who asks is told what to do while the question still waits. */
	fake_pass(base, 200);
	expect(TRUST_UNKNOWN, REASON_NO_ROOT);
	ck_assert_uint_eq(asked, 1);
	fake_pass(base, 16901);
	ck_assert_uint_eq(asked, 2);
	expect(TRUST_UNKNOWN, REASON_NO_ROOT);
	refuse = true;
	fake_pass(base, 20001);
	ck_assert_uint_eq(asked, 3);
	refuse = false;
	fake_pass(base, 3001);
	ck_assert_uint_eq(asked, 4);
	answer(true, DNS_SECURE, NULL);
	expect(TRUST_ALIVE, NULL);
	go_back(begin);
}
END_TEST

TEST_MAIN("trust")
{
	TCase *tc = add_case(suite, "trust");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, secure_keys_are_alive);
	tcase_add_loop_test(tc, insecure_keys_withdraw_it, 0, 2);
	tcase_add_test(tc, failure_says_nothing);
	tcase_add_loop_test(tc, answers_without_dnssec_are_told_apart, 0, 2);
	tcase_add_test(tc, silence_is_asked_again);
}
