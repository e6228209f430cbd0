/*
 * What the ladder remembers: for how long, how much of it, and what falls out
 * first.  The clock is ours.
 */

#include "dns/memory.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dns/answer.h"
#include "dns/packet.h"

#include "test_main.h"

static uint64_t now;

uint64_t
clock_ms(void)
{
	return now;
}

static ldns_pkt *
packet(void)
{
	ldns_pkt *made =
	    ldns_pkt_query_new(ldns_dname_new_frm_str("a.example."),
		LDNS_RR_TYPE_A, LDNS_RR_CLASS_IN, LDNS_QR | LDNS_AA);

	ck_assert_ptr_nonnull(made);
	return made;
}

typedef void (*add_zone)(struct memory *, const char *);
typedef const char *(*find_zone)(struct memory *, const char *);

static const struct {
	add_zone add, add_other;
	find_zone find;
	uint64_t seconds;
} kinds[] = {
	{ memory_zone_add, memory_failing_add, memory_zone_find,
	    MEMORY_ZONE_SECONDS },
	{ memory_failing_add, memory_zone_add, memory_failing_find,
	    MEMORY_FAILING_SECONDS },
};

START_TEST(zone_counts_for_all_below_it)
{
	struct memory *memory = memory_new();

	kinds[_i].add(memory, "b.example");
	kinds[_i].add(memory, "a.b.example");
	ck_assert_str_eq(kinds[_i].find(memory, "b.example"), "b.example");
	ck_assert_str_eq(kinds[_i].find(memory, "x.y.b.example"), "b.example");
	ck_assert_str_eq(
	    kinds[_i].find(memory, "x.a.b.example"), "a.b.example");
	ck_assert_ptr_null(kinds[_i].find(memory, "example"));
	ck_assert_ptr_null(kinds[_i].find(memory, "xb.example"));
	ck_assert_ptr_null(kinds[_i].find(memory, "."));
	kinds[_i].add_other(memory, "other.example");
	ck_assert_ptr_null(kinds[_i].find(memory, "other.example"));
	memory_free(memory);
}
END_TEST

START_TEST(zone_is_forgotten)
{
	struct memory *memory = memory_new();

	now = 1000;
	kinds[_i].add(memory, "b.example");
	kinds[_i].add(memory, "a.b.example");
	now += kinds[_i].seconds * 1000 - 1;
	kinds[_i].add(memory, "b.example"); /* anew */
	ck_assert_str_eq(kinds[_i].find(memory, "a.b.example"), "a.b.example");
	now += 1;
	ck_assert_str_eq(kinds[_i].find(memory, "a.b.example"), "b.example");
	now += kinds[_i].seconds * 1000;
	ck_assert_ptr_null(kinds[_i].find(memory, "a.b.example"));
	memory_free(memory);
}
END_TEST

START_TEST(zones_are_bounded)
{
	struct memory *memory = memory_new();
	char name[64];

	for (int i = 0; i <= MEMORY_ZONES_MAX; i++) {
		snprintf(name, sizeof(name), "z%d.example", i);
		kinds[_i].add(memory, name);
		if (i == 0)
			kinds[_i].add(memory, "z0.example");
	}
	ck_assert_ptr_null(kinds[_i].find(memory, "z0.example"));
	ck_assert_ptr_nonnull(kinds[_i].find(memory, "z1.example"));
	ck_assert_ptr_nonnull(kinds[_i].find(memory, name));
	memory_free(memory);
}
END_TEST

static uint32_t
kept(struct memory *memory, uint32_t ttl)
{
	const struct memory_answer *found;
	ldns_pkt *made = packet();

	memory_answer_add(
	    memory, "a.example", DNS_TYPE_A, made, "example", ttl);
	ldns_pkt_free(made);
	found = memory_answer_find(memory, "a.example", DNS_TYPE_A);
	return found != NULL ? found->ttl : 0;
}

START_TEST(answer_is_kept_for_its_ttl)
{
	struct memory *memory = memory_new();

	now = 5000;
	ck_assert_uint_eq(kept(memory, 300), 300);
	now += 1; /* never more than what is left */
	ck_assert_uint_eq(
	    memory_answer_find(memory, "a.example", DNS_TYPE_A)->ttl, 299);
	now += 298999;
	ck_assert_uint_eq(
	    memory_answer_find(memory, "a.example", DNS_TYPE_A)->ttl, 1);
	now += 1000;
	ck_assert_ptr_null(memory_answer_find(memory, "a.example", DNS_TYPE_A));
	ck_assert_uint_eq(kept(memory, 0), 0);
	ck_assert_uint_eq(kept(memory, 1), 1);
	ck_assert_uint_eq(kept(memory, UINT32_MAX), MEMORY_ANSWER_SECONDS);
	memory_free(memory);
}
END_TEST

static void
push(ldns_pkt *made, ldns_pkt_section section, const char *text)
{
	ldns_rr *rr = NULL;

	ck_assert_int_eq(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), 0);
	ck_assert(ldns_pkt_push_rr(made, section, rr));
}

/* And not what else its sender put there. */
START_TEST(answer_is_what_was_asked)
{
	struct memory *memory = memory_new();
	const struct memory_answer *found;
	ldns_pkt *made = packet(), *again;

	push(made, LDNS_SECTION_ANSWER, "a.example. 9 IN A 192.0.2.1");
	push(made, LDNS_SECTION_ANSWER, "a.example. 9 IN TXT x");
	push(made, LDNS_SECTION_ANSWER, "b.example. 9 IN A 192.0.2.2");
	push(made, LDNS_SECTION_AUTHORITY, "example. 9 IN NS a.example.");
	push(made, LDNS_SECTION_AUTHORITY, "example. 9 IN SOA . . 1 1 1 1 7");
	memory_answer_add(memory, "a.example", DNS_TYPE_A, made, "example", 9);
	ldns_pkt_free(made);
	found = memory_answer_find(memory, "a.example", DNS_TYPE_A);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->zone, "example");
	again = packet_parse(found->packet, found->len);
	ck_assert_ptr_nonnull(again);
	ck_assert_uint_eq(ldns_pkt_ancount(again), 1);
	ck_assert_int_eq(
	    ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_answer(again), 0)),
	    LDNS_RR_TYPE_A);
	ck_assert_uint_eq(ldns_pkt_nscount(again), 1);
	ck_assert_int_eq(
	    ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_authority(again), 0)),
	    LDNS_RR_TYPE_SOA);
	ldns_pkt_free(again);
	ck_assert_ptr_null(
	    memory_answer_find(memory, "a.example", DNS_TYPE_AAAA));
	ck_assert_ptr_null(
	    memory_answer_find(memory, "b.a.example", DNS_TYPE_A));
	ck_assert_ptr_null(memory_answer_find(memory, "example", DNS_TYPE_A));
	memory_free(memory);
}
END_TEST

/* A failure is never remembered beyond a few seconds, whatever the TTL. */
START_TEST(failure_is_short)
{
	struct memory *memory = memory_new();
	const struct memory_answer *found;

	now = 5000;
	memory_answer_add(
	    memory, "a.example", DNS_TYPE_A, NULL, NULL, UINT32_MAX);
	found = memory_answer_find(memory, "a.example", DNS_TYPE_A);
	ck_assert_ptr_nonnull(found);
	ck_assert_ptr_null(found->packet);
	ck_assert_ptr_null(found->zone);
	now += MEMORY_FAILURE_SECONDS * 1000 - 1;
	ck_assert_ptr_nonnull(
	    memory_answer_find(memory, "a.example", DNS_TYPE_A));
	now += 1;
	ck_assert_ptr_null(memory_answer_find(memory, "a.example", DNS_TYPE_A));
	/* What comes later takes its place. */
	memory_answer_add(memory, "a.example", DNS_TYPE_A, NULL, NULL, 0);
	ck_assert_uint_eq(kept(memory, 300), 300);
	ck_assert_ptr_nonnull(
	    memory_answer_find(memory, "a.example", DNS_TYPE_A)->packet);
	memory_free(memory);
}
END_TEST

START_TEST(answers_are_bounded)
{
	struct memory *memory = memory_new();
	char name[64];

	for (int i = 0; i <= MEMORY_ANSWERS_MAX; i++) {
		snprintf(name, sizeof(name), "a%d.example", i);
		memory_answer_add(memory, name, DNS_TYPE_A, NULL, NULL, 0);
	}
	ck_assert_ptr_null(
	    memory_answer_find(memory, "a0.example", DNS_TYPE_A));
	ck_assert_ptr_nonnull(
	    memory_answer_find(memory, "a1.example", DNS_TYPE_A));
	ck_assert_ptr_nonnull(memory_answer_find(memory, name, DNS_TYPE_A));
	memory_free(memory);
	memory_free(NULL);
}
END_TEST

#define LARGE 50000 /* octets, and a little more */

static void
add_large(struct memory *memory, const char *name)
{
	ldns_pkt *made = packet();
	char text[400];

	for (int i = 0; i < LARGE / 250; i++) {
		snprintf(text, sizeof(text), "%s. 9 IN TXT %0240d", name, i);
		push(made, LDNS_SECTION_ANSWER, text);
	}
	memory_answer_add(memory, name, DNS_TYPE_TXT, made, "example", 9);
	ldns_pkt_free(made);
}

/* Strangers choose how large an answer is. */
START_TEST(octets_are_bounded)
{
	const int count = (int)(MEMORY_OCTETS_MAX / LARGE);
	struct memory *memory = memory_new();
	char name[64];

	/* What comes later takes the room of what it replaces. */
	for (int i = 0; i < 2 * count; i++)
		add_large(memory, i % 2 == 0 ? "first.example" : "x.example");
	ck_assert_ptr_nonnull(
	    memory_answer_find(memory, "first.example", DNS_TYPE_TXT));
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "a%d.example", i);
		add_large(memory, name);
		if (i < count / 2)
			ck_assert_ptr_nonnull(memory_answer_find(
			    memory, "first.example", DNS_TYPE_TXT));
	}
	ck_assert_ptr_null(
	    memory_answer_find(memory, "first.example", DNS_TYPE_TXT));
	ck_assert_ptr_nonnull(
	    memory_answer_find(memory, "a10.example", DNS_TYPE_TXT));
	ck_assert_ptr_nonnull(memory_answer_find(memory, name, DNS_TYPE_TXT));
	memory_free(memory);
}
END_TEST

TEST_MAIN("memory")
{
	TCase *tc = add_case(suite, "memory");

	tcase_add_loop_test(tc, zone_counts_for_all_below_it, 0, 2);
	tcase_add_loop_test(tc, zone_is_forgotten, 0, 2);
	tcase_add_loop_test(tc, zones_are_bounded, 0, 2);
	tcase_add_test(tc, answer_is_kept_for_its_ttl);
	tcase_add_test(tc, answer_is_what_was_asked);
	tcase_add_test(tc, failure_is_short);
	tcase_add_test(tc, answers_are_bounded);
	tcase_add_test(tc, octets_are_bounded);
}
