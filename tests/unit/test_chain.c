/*
 * What the answer at the end of a chain of aliases is worth, how long it lives,
 * and which messages it has.
 */

#include "dns/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message_fixture.h"
#include "test_main.h"

#define NAME "mx.example"
#define TARGET "target.test"
#define LAST "last.test"

static struct chain chain;
static struct packet_facts facts;
static struct dns_answer *answer;

static void
start(enum lookup_need need)
{
	ck_assert_int_eq(chain_init(&chain, NAME, DNS_TYPE_A, need), 0);
}

static void
set_up(void)
{
	facts = (struct packet_facts){
		.status = DNS_NODATA, .soa = true, .rname = NAME, .ttl = 300
	};
	answer = NULL;
}

static void
tear_down(void)
{
	answer_unref(answer);
	packet_facts_clear(&facts);
	chain_clear(&chain);
}

static bool
follow(const char *target, enum dns_security security, uint32_t ttl)
{
	return chain_follow(&chain, target, security, DNS_RUNG_VALIDATED, ttl);
}

static void
end(enum dns_security security)
{
	answer = chain_answer(&chain, &facts,
	    &(struct chain_end){ .security = security,
		.alias = security,
		.rung = DNS_RUNG_VALIDATED,
		.ttl_max = UINT32_MAX });
	ck_assert_ptr_nonnull(answer);
}

/* ---- what it is worth ---- */

/* INDETERMINATE stands for "no such link". */
static const struct {
	enum dns_security first, second, end, answer;
} weakest[] = {
	{ DNS_INDETERMINATE, DNS_INDETERMINATE, DNS_SECURE, DNS_SECURE },
	{ DNS_INDETERMINATE, DNS_INDETERMINATE, DNS_INSECURE, DNS_INSECURE },
	{ DNS_SECURE, DNS_SECURE, DNS_SECURE, DNS_SECURE },
	{ DNS_SECURE, DNS_SECURE, DNS_INSECURE, DNS_INSECURE },
	{ DNS_SECURE, DNS_INSECURE, DNS_SECURE, DNS_INSECURE },
	{ DNS_INSECURE, DNS_SECURE, DNS_SECURE, DNS_INSECURE },
};

START_TEST(chain_is_as_secure_as_its_weakest_link)
{
	start(LOOKUP_NEED_DATA);
	if (weakest[_i].first != DNS_INDETERMINATE)
		ck_assert(follow(TARGET, weakest[_i].first, 300));
	if (weakest[_i].second != DNS_INDETERMINATE)
		ck_assert(follow(LAST, weakest[_i].second, 300));
	end(weakest[_i].end);
	ck_assert_int_eq(answer->status, DNS_NODATA);
	ck_assert_int_eq(answer->security, weakest[_i].answer);
	ck_assert_int_eq(answer->first_link, weakest[_i].first);
}
END_TEST

/* The facts have an alias, too: it is the first one only without links. */
START_TEST(alias_in_the_facts_may_be_the_first_link)
{
	static const enum dns_security first[] = { DNS_INDETERMINATE,
		DNS_SECURE, DNS_INSECURE };
	const struct chain_end last = { .security = DNS_INSECURE,
		.alias = _i < 2 ? DNS_INDETERMINATE : DNS_INSECURE,
		.rung = DNS_RUNG_VALIDATED,
		.ttl_max = UINT32_MAX };

	start(LOOKUP_NEED_DATA);
	if (_i == 1)
		ck_assert(follow(TARGET, DNS_SECURE, 300));
	facts.aliases = 1;
	snprintf(facts.rname, sizeof(facts.rname), "%s", LAST);
	answer = chain_answer(&chain, &facts, &last);
	ck_assert_int_eq(answer->first_link, first[_i]);
	ck_assert_str_eq(answer->qname, NAME);
	ck_assert_str_eq(answer->rname, LAST);
}
END_TEST

START_TEST(rung_is_the_highest_of_all)
{
	start(LOOKUP_NEED_DATA);
	ck_assert(chain_follow(&chain, TARGET, DNS_INSECURE,
	    _i == 0 ? DNS_RUNG_PLAIN : DNS_RUNG_VALIDATED, 300));
	answer = chain_answer_without_data(&chain, 300, NULL);
	ck_assert_int_eq(
	    answer->rung, _i == 0 ? DNS_RUNG_PLAIN : DNS_RUNG_PROOF);
	ck_assert_int_eq(answer->status, DNS_FAILED);
	ck_assert_int_eq(answer->security, DNS_INSECURE);
	ck_assert_str_eq(answer->rname, TARGET);
	ck_assert_ptr_null(answer->why);
}
END_TEST

/* What has failed is no more secure than before, and no less unless an alias
 * was insecure. */
static const struct {
	enum dns_security link, said, answer;
} failures[] = {
	{ DNS_INDETERMINATE, DNS_INDETERMINATE, DNS_INDETERMINATE },
	{ DNS_SECURE, DNS_INDETERMINATE, DNS_INDETERMINATE },
	{ DNS_SECURE, DNS_BOGUS, DNS_BOGUS },
	{ DNS_INSECURE, DNS_INDETERMINATE, DNS_INSECURE },
	{ DNS_INSECURE, DNS_BOGUS, DNS_INSECURE },
};

START_TEST(failure_is_insecure_only_after_an_insecure_link)
{
	start(LOOKUP_NEED_DATA);
	if (failures[_i].link != DNS_INDETERMINATE)
		ck_assert(follow(TARGET, failures[_i].link, 300));
	answer = chain_answer_failed(&chain, failures[_i].said, "no answer");
	ck_assert_int_eq(answer->status, DNS_FAILED);
	ck_assert_int_eq(answer->security, failures[_i].answer);
	ck_assert_int_eq(answer->first_link, failures[_i].link);
	ck_assert_str_eq(answer->why, "no answer");
}
END_TEST

START_TEST(proof_is_that_of_the_first_insecure_link)
{
	start(LOOKUP_NEED_DATA);
	chain_note_proof(&chain, PROOF_JUDGE_REASON_NSEC, "example");
	ck_assert(follow(TARGET, DNS_INSECURE, 300));
	chain_note_proof(&chain, PROOF_JUDGE_REASON_NSEC3, "test");
	answer = chain_answer_without_data(&chain, 300, "no server answers");
	ck_assert_str_eq(answer->proof,
	    "DS of example denied by NSEC: delegation without DS");
	ck_assert_str_eq(answer->why, "no server answers");
}
END_TEST

/* ---- how long it lives ---- */

static const struct {
	uint32_t link, facts, most;
	enum dns_status status;
	bool soa;
	enum dns_security security;
	uint32_t answer;
} ttls[] = {
	{ 300, 200, UINT32_MAX, DNS_NODATA, true, DNS_INSECURE, 200 },
	{ 100, 200, UINT32_MAX, DNS_NODATA, true, DNS_INSECURE, 100 },
	{ 300, 200, 50, DNS_NODATA, true, DNS_INSECURE, 50 },
	{ 300, 0, 50, DNS_NODATA, true, DNS_INSECURE, 0 },
	{ UINT32_MAX, 200000, UINT32_MAX, DNS_NODATA, true, DNS_SECURE, 86400 },
	/* RFC 2308 section 5: a denial without SOA. */
	{ 300, 200, UINT32_MAX, DNS_NODATA, false, DNS_INSECURE, 5 },
	{ 300, 0, UINT32_MAX, DNS_NXDOMAIN, false, DNS_INSECURE, 5 },
	{ 300, 3, UINT32_MAX, DNS_NXDOMAIN, false, DNS_INSECURE, 3 },
	{ 300, 200, UINT32_MAX, DNS_NXDOMAIN, false, DNS_SECURE, 200 },
};

START_TEST(answer_lives_no_longer_than_any_part_of_it)
{
	start(LOOKUP_NEED_DATA);
	ck_assert(follow(TARGET, DNS_SECURE, ttls[_i].link));
	facts.status = ttls[_i].status;
	facts.soa = ttls[_i].soa;
	facts.ttl = ttls[_i].facts;
	answer = chain_answer(&chain, &facts,
	    &(struct chain_end){ .security = ttls[_i].security,
		.rung = DNS_RUNG_VALIDATED,
		.ttl_max = ttls[_i].most });
	ck_assert_uint_eq(answer->ttl, ttls[_i].answer);
}
END_TEST

START_TEST(answer_without_data_lives_as_long_as_proof_and_links)
{
	static const uint32_t expected[] = { 40, 100, 86400 };

	start(LOOKUP_NEED_DATA);
	if (_i < 2)
		ck_assert(follow(TARGET, DNS_SECURE, 100));
	answer =
	    chain_answer_without_data(&chain, _i == 0 ? 40 : UINT32_MAX, NULL);
	ck_assert_uint_eq(answer->ttl, expected[_i]);
}
END_TEST

/* ---- how long the chain is ---- */

START_TEST(chain_has_ten_links_at_most)
{
	char target[32];

	start(LOOKUP_NEED_DATA);
	for (unsigned i = 0; i < CHAIN_LINKS_MAX; i++) {
		snprintf(target, sizeof(target), "t%u.test", i % 2);
		ck_assert(follow(target, DNS_SECURE, 300));
		ck_assert_str_eq(chain.name, target);
	}
	ck_assert(!follow(LAST, DNS_INSECURE, 300));
	/* The link counts all the same. */
	answer = chain_answer_failed(&chain, DNS_INDETERMINATE, "too long");
	ck_assert_int_eq(answer->security, DNS_INSECURE);
}
END_TEST

START_TEST(alias_of_itself_is_a_loop)
{
	start(LOOKUP_NEED_DATA);
	ck_assert(!follow(NAME, DNS_SECURE, 300));
}
END_TEST

/* ---- messages ---- */

static const char *const record[] = { NAME ". 300 IN A 192.0.2.1", NULL };

static void
hold(size_t len)
{
	static uint8_t octets[CHAIN_OCTETS_MAX + 1];

	chain_hold(&chain, octets, len, 300);
}

static void
expect_too_large(void)
{
	ck_assert_int_eq(answer->status, DNS_FAILED);
	ck_assert_int_eq(answer->security, DNS_INDETERMINATE);
	ck_assert_str_eq(answer->why, DNS_WHY_TOO_LARGE);
	ck_assert_uint_eq(answer->part_count, 0);
}

START_TEST(each_link_leaves_its_message)
{
	struct message message =
	    message_make(NAME, DNS_TYPE_A, 0, record, NULL);

	start(_i == 0 ? LOOKUP_NEED_DATA : LOOKUP_NEED_MESSAGE);
	hold(20); /* replaced by the next one */
	chain_hold(&chain, message.wire, message.len, 40);
	ck_assert(follow(TARGET, DNS_SECURE, 300));
	ck_assert_ptr_null(chain.held.wire);
	hold(30);
	end(DNS_SECURE);
	ck_assert_uint_eq(answer->part_count, _i == 0 ? 0 : 2);
	if (_i == 1) {
		ck_assert_uint_eq(answer->parts[0].len, message.len);
		ck_assert_uint_eq(answer->parts[1].len, 30);
		/* The TTL of the only record. */
		ck_assert_mem_eq(
		    answer->parts[0].wire + message.len - 10, "\0\0\0\50", 4);
	}
	free(message.wire);
}
END_TEST

/* Without a message for the end of the chain the answer would be a lie. */
START_TEST(answer_without_a_message_has_failed)
{
	start(LOOKUP_NEED_MESSAGE);
	end(DNS_SECURE);
	ck_assert_int_eq(answer->status, DNS_FAILED);
	ck_assert_int_eq(answer->security, DNS_INDETERMINATE);
	ck_assert_ptr_null(answer->why);
}
END_TEST

START_TEST(dname_leaves_two_messages)
{
	start(LOOKUP_NEED_MESSAGE);
	hold(20);
	chain_hold_synthesized(&chain, TARGET, 300);
	ck_assert(follow(TARGET, DNS_SECURE, 300));
	hold(30);
	end(DNS_SECURE);
	ck_assert_uint_eq(answer->part_count, 3);
	ck_assert_uint_eq(answer->parts[0].len, 20);
	ck_assert_uint_eq(answer->parts[2].len, 30);
}
END_TEST

START_TEST(name_that_becomes_too_long_is_yxdomain)
{
	const uint8_t header[12] = { [3] = 0xa0 };

	start(LOOKUP_NEED_MESSAGE);
	chain_hold_too_long(&chain, header, sizeof(header), 300);
	end(DNS_SECURE);
	ck_assert_uint_eq(answer->part_count, 1);
	ck_assert_uint_eq(answer->parts[0].wire[3], 0xa6);
}
END_TEST

/* By one octet in the last of them, or in the first. */
START_TEST(messages_have_a_bound_together)
{
	start(LOOKUP_NEED_MESSAGE);
	hold(_i == 2 ? CHAIN_OCTETS_MAX + 1 : 1000);
	ck_assert(follow(TARGET, DNS_SECURE, 300));
	hold(_i == 0 ? CHAIN_OCTETS_MAX - 1000 : CHAIN_OCTETS_MAX - 999);
	end(DNS_SECURE);
	if (_i == 0)
		ck_assert_uint_eq(answer->part_count, 2);
	else
		expect_too_large();
}
END_TEST

/* That a message was lost, besides, does not hide it. */
START_TEST(too_large_is_said_whatever_else_was_lost)
{
	start(LOOKUP_NEED_MESSAGE);
	hold(CHAIN_OCTETS_MAX + 1);
	ck_assert(follow(TARGET, DNS_SECURE, 300));
	chain_hold_synthesized(&chain, "", 300); /* is no name */
	ck_assert_int_eq(chain.parts, CHAIN_PARTS_TOO_LARGE);
	end(DNS_SECURE);
	expect_too_large();
}
END_TEST

START_TEST(only_bogus_messages_are_handed_over_with_a_failure)
{
	start(LOOKUP_NEED_MESSAGE);
	hold(20);
	answer = chain_answer_failed(
	    &chain, _i == 0 ? DNS_INDETERMINATE : DNS_BOGUS, "no answer");
	ck_assert_uint_eq(answer->part_count, (size_t)_i);
	ck_assert_str_eq(answer->why, "no answer");
}
END_TEST

/* ---- life ---- */

START_TEST(records_are_moved)
{
	ldns_pkt *packet = message_packet(NAME, DNS_TYPE_A, 0, record, NULL);

	ck_assert_int_eq(packet_facts(packet, NAME, DNS_TYPE_A, &facts), 0);
	ldns_pkt_free(packet);
	start(LOOKUP_NEED_DATA);
	end(DNS_SECURE);
	ck_assert_int_eq(answer->status, DNS_OK);
	ck_assert_uint_eq(answer->rdata_count, 1);
	ck_assert_uint_eq(facts.rdata_count, 0);
}
END_TEST

/* Nor does it end in an answer: everything is freed. */
START_TEST(chain_may_be_cleared_at_any_time)
{
	if (_i > 0)
		start(LOOKUP_NEED_MESSAGE);
	else
		chain = (struct chain){ 0 };
	if (_i > 1) {
		hold(20);
		ck_assert(follow(TARGET, DNS_SECURE, 300));
		hold(20);
	}
	chain_clear(&chain);
	ck_assert_ptr_null(chain.qname);
}
END_TEST

TEST_MAIN("chain")
{
	TCase *tc = add_case(suite, "chain");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_rows(tc, chain_is_as_secure_as_its_weakest_link, weakest);
	tcase_add_loop_test(tc, alias_in_the_facts_may_be_the_first_link, 0, 3);
	tcase_add_loop_test(tc, rung_is_the_highest_of_all, 0, 2);
	add_rows(tc, failure_is_insecure_only_after_an_insecure_link, failures);
	tcase_add_test(tc, proof_is_that_of_the_first_insecure_link);
	add_rows(tc, answer_lives_no_longer_than_any_part_of_it, ttls);
	tcase_add_loop_test(
	    tc, answer_without_data_lives_as_long_as_proof_and_links, 0, 3);
	tcase_add_test(tc, chain_has_ten_links_at_most);
	tcase_add_test(tc, alias_of_itself_is_a_loop);
	tcase_add_loop_test(tc, each_link_leaves_its_message, 0, 2);
	tcase_add_test(tc, answer_without_a_message_has_failed);
	tcase_add_test(tc, dname_leaves_two_messages);
	tcase_add_test(tc, name_that_becomes_too_long_is_yxdomain);
	tcase_add_loop_test(tc, messages_have_a_bound_together, 0, 3);
	tcase_add_test(tc, too_large_is_said_whatever_else_was_lost);
	tcase_add_loop_test(
	    tc, only_bogus_messages_are_handed_over_with_a_failure, 0, 2);
	tcase_add_test(tc, records_are_moved);
	tcase_add_loop_test(tc, chain_may_be_cleared_at_any_time, 0, 3);
}
