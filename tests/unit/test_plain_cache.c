/*
 * Plain answers: for how long they are kept, how many of them, and what falls
 * out first.  The clock is ours.
 */

#include "dns/plain_cache.h"

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

static uint32_t
kept(struct plain_cache *cache, uint32_t ttl)
{
	const struct plain_cache_answer *found;
	ldns_pkt *made = packet();

	plain_cache_add(cache, "a.example", DNS_TYPE_A, made, "example", ttl);
	ldns_pkt_free(made);
	found = plain_cache_find(cache, "a.example", DNS_TYPE_A);
	return found != NULL ? found->ttl : 0;
}

START_TEST(answer_is_kept_for_its_ttl)
{
	struct plain_cache *cache = plain_cache_new();

	now = 5000;
	ck_assert_uint_eq(kept(cache, 300), 300);
	now += 1; /* never more than what is left */
	ck_assert_uint_eq(
	    plain_cache_find(cache, "a.example", DNS_TYPE_A)->ttl, 299);
	now += 298999;
	ck_assert_uint_eq(
	    plain_cache_find(cache, "a.example", DNS_TYPE_A)->ttl, 1);
	now += 1000;
	ck_assert_ptr_null(plain_cache_find(cache, "a.example", DNS_TYPE_A));
	ck_assert_uint_eq(kept(cache, 0), 0);
	ck_assert_uint_eq(kept(cache, 1), 1);
	ck_assert_uint_eq(kept(cache, UINT32_MAX), PLAIN_CACHE_SECONDS);
	plain_cache_free(cache);
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
	struct plain_cache *cache = plain_cache_new();
	const struct plain_cache_answer *found;
	ldns_pkt *made = packet(), *again;

	push(made, LDNS_SECTION_ANSWER, "a.example. 9 IN A 192.0.2.1");
	push(made, LDNS_SECTION_ANSWER, "a.example. 9 IN TXT x");
	push(made, LDNS_SECTION_ANSWER, "b.example. 9 IN A 192.0.2.2");
	push(made, LDNS_SECTION_AUTHORITY, "example. 9 IN NS a.example.");
	push(made, LDNS_SECTION_AUTHORITY, "example. 9 IN SOA . . 1 1 1 1 7");
	plain_cache_add(cache, "a.example", DNS_TYPE_A, made, "example", 9);
	ldns_pkt_free(made);
	found = plain_cache_find(cache, "a.example", DNS_TYPE_A);
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
	ck_assert_ptr_null(plain_cache_find(cache, "a.example", DNS_TYPE_AAAA));
	ck_assert_ptr_null(plain_cache_find(cache, "b.a.example", DNS_TYPE_A));
	ck_assert_ptr_null(plain_cache_find(cache, "example", DNS_TYPE_A));
	plain_cache_free(cache);
}
END_TEST

/* A failure is never remembered beyond a few seconds, whatever the TTL. */
START_TEST(failure_is_short)
{
	struct plain_cache *cache = plain_cache_new();
	const struct plain_cache_answer *found;

	now = 5000;
	plain_cache_add(cache, "a.example", DNS_TYPE_A, NULL, NULL, UINT32_MAX);
	found = plain_cache_find(cache, "a.example", DNS_TYPE_A);
	ck_assert_ptr_nonnull(found);
	ck_assert_ptr_null(found->packet);
	ck_assert_ptr_null(found->zone);
	now += PLAIN_CACHE_FAILURE_SECONDS * 1000 - 1;
	ck_assert_ptr_nonnull(plain_cache_find(cache, "a.example", DNS_TYPE_A));
	now += 1;
	ck_assert_ptr_null(plain_cache_find(cache, "a.example", DNS_TYPE_A));
	/* What comes later takes its place. */
	plain_cache_add(cache, "a.example", DNS_TYPE_A, NULL, NULL, 0);
	ck_assert_uint_eq(kept(cache, 300), 300);
	ck_assert_ptr_nonnull(
	    plain_cache_find(cache, "a.example", DNS_TYPE_A)->packet);
	plain_cache_free(cache);
}
END_TEST

START_TEST(answers_are_bounded)
{
	struct plain_cache *cache = plain_cache_new();
	char name[64];

	for (int i = 0; i <= PLAIN_CACHE_ANSWERS_MAX; i++) {
		snprintf(name, sizeof(name), "a%d.example", i);
		plain_cache_add(cache, name, DNS_TYPE_A, NULL, NULL, 0);
	}
	ck_assert_ptr_null(plain_cache_find(cache, "a0.example", DNS_TYPE_A));
	ck_assert_ptr_nonnull(
	    plain_cache_find(cache, "a1.example", DNS_TYPE_A));
	ck_assert_ptr_nonnull(plain_cache_find(cache, name, DNS_TYPE_A));
	plain_cache_free(cache);
	plain_cache_free(NULL);
}
END_TEST

#define LARGE 50000 /* octets, and a little more */

/* One record, which is made fast. */
static void
add_large(struct plain_cache *cache, const char *name)
{
	static const uint8_t data[LARGE];
	ldns_pkt *made = packet();
	ldns_rr *rr = ldns_rr_new();

	ldns_rr_set_owner(rr, ldns_dname_new_frm_str(name));
	ldns_rr_set_type(rr, LDNS_RR_TYPE_TXT);
	ck_assert(ldns_rr_push_rdf(rr,
	    ldns_rdf_new_frm_data(LDNS_RDF_TYPE_UNKNOWN, sizeof(data), data)));
	ck_assert(ldns_pkt_push_rr(made, LDNS_SECTION_ANSWER, rr));
	plain_cache_add(cache, name, DNS_TYPE_TXT, made, "example", 9);
	ldns_pkt_free(made);
}

/* Strangers choose how large an answer is. */
START_TEST(octets_are_bounded)
{
	const int count = (int)(PLAIN_CACHE_OCTETS_MAX / LARGE);
	struct plain_cache *cache = plain_cache_new();
	char name[64];

	/* What comes later takes the room of what it replaces. */
	for (int i = 0; i < 2 * count; i++)
		add_large(cache, i % 2 == 0 ? "first.example" : "x.example");
	ck_assert_ptr_nonnull(
	    plain_cache_find(cache, "first.example", DNS_TYPE_TXT));
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "a%d.example", i);
		add_large(cache, name);
		if (i < count / 2)
			ck_assert_ptr_nonnull(plain_cache_find(
			    cache, "first.example", DNS_TYPE_TXT));
	}
	ck_assert_ptr_null(
	    plain_cache_find(cache, "first.example", DNS_TYPE_TXT));
	ck_assert_ptr_nonnull(
	    plain_cache_find(cache, "a10.example", DNS_TYPE_TXT));
	ck_assert_ptr_nonnull(plain_cache_find(cache, name, DNS_TYPE_TXT));
	plain_cache_free(cache);
}
END_TEST

/* Their octets, too. */
START_TEST(all_answers_are_forgotten)
{
	const int count = (int)(PLAIN_CACHE_OCTETS_MAX / LARGE);
	struct plain_cache *cache = plain_cache_new();
	char name[64];

	for (int round = 0; round < 2; round++) {
		plain_cache_clear(cache);
		ck_assert_ptr_null(
		    plain_cache_find(cache, "a0.example", DNS_TYPE_TXT));
		for (int i = 0; i < count / 2; i++) {
			snprintf(name, sizeof(name), "a%d.example", i);
			add_large(cache, name);
		}
		ck_assert_ptr_nonnull(
		    plain_cache_find(cache, "a0.example", DNS_TYPE_TXT));
	}
	plain_cache_free(cache);
}
END_TEST

TEST_MAIN("plain_cache")
{
	TCase *tc = add_case(suite, "answers");

	tcase_add_test(tc, answer_is_kept_for_its_ttl);
	tcase_add_test(tc, answer_is_what_was_asked);
	tcase_add_test(tc, failure_is_short);
	tcase_add_test(tc, answers_are_bounded);
	tcase_add_test(tc, octets_are_bounded);
	tcase_add_test(tc, all_answers_are_forgotten);
}
