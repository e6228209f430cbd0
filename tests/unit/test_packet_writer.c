/*
 * Records in wire format: what is written is what libldns reads again, names
 * are compressed where they may be, and no message takes long.
 */

#include "dns/packet_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/packet.h"
#include "message_fixture.h"
#include "processor.h"
#include "test_main.h"

#define HEADER_LEN 12
#define MESSAGE_MAX 65535

static uint8_t out[MESSAGE_MAX];
static struct packet_writer writer;

/* ---- one record after the other ---- */

/* www.example.org A, as a question. */
static const uint8_t question[] = "\x03WwW\x07"
				  "example\x03org\x00\x00\x01\x00\x01";

static size_t
write_lines(const char *const *lines, size_t size)
{
	memset(out, 0, HEADER_LEN);
	memcpy(out + HEADER_LEN, question, sizeof(question) - 1);
	packet_writer_start(
	    &writer, out, HEADER_LEN + sizeof(question) - 1, size);
	for (; *lines != NULL; lines++) {
		ldns_rr *rr = message_record(*lines);

		packet_writer_add(&writer, rr);
		ldns_rr_free(rr);
	}
	return packet_writer_len(&writer);
}

/* Pointers lead to the question whatever its case, to the ends of names, and
 * from the data of old types only. */
START_TEST(names_are_compressed)
{
	static const char *const lines[] = {
		"www.example.org. 5 IN CNAME a.EXAMPLE.org.",
		"A.example.org. 5 IN MX 10 www.a.example.org.",
		"www.a.example.org. 5 IN SRV 1 2 3 www.example.org.",
		"org. 5 IN NS .", NULL
	};
	static const char expected[] =
	    "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x05\x00\x04\x01"
	    "a\xc0\x10"
	    "\xc0\x2d\x00\x0f\x00\x01\x00\x00\x00\x05\x00\x08\x00\x0a\x03"
	    "www\xc0\x2d"
	    "\xc0\x3f\x00\x21\x00\x01\x00\x00\x00\x05\x00\x17\x00\x01\x00\x02"
	    "\x00\x03\x03"
	    "www\x07"
	    "example\x03org\x00"
	    "\xc0\x18\x00\x02\x00\x01\x00\x00\x00\x05\x00\x01\x00";
	const size_t head = HEADER_LEN + sizeof(question) - 1;

	ck_assert_uint_eq(
	    write_lines(lines, sizeof(out)), head + sizeof(expected) - 1);
	ck_assert_mem_eq(out + head, expected, sizeof(expected) - 1);
}
END_TEST

/* To the last octet, and nothing beyond it. */
START_TEST(nothing_is_written_beyond_the_end)
{
	static const char *const lines[] = { "www.example.org. 5 IN MX 1 a.b.",
		"c.example.org. 5 IN TXT \"some text\"", NULL };
	const size_t whole = write_lines(lines, sizeof(out));

	ck_assert_uint_gt(whole, 60);
	for (size_t size = 0; size <= whole; size++) {
		memset(out, 0xee, sizeof(out));
		ck_assert_uint_eq(
		    write_lines(lines, size), size < whole ? 0 : whole);
		if (size > HEADER_LEN + sizeof(question))
			ck_assert_uint_eq(out[size], 0xee);
	}
}
END_TEST

/* ---- whole messages ---- */

/* Names of @labels labels of one octet each, no two alike. */
static ldns_pkt *
packet_of(size_t names, unsigned labels, bool targets)
{
	ldns_pkt *packet = ldns_pkt_new();

	ldns_pkt_set_qr(packet, true);
	for (size_t n = 0; n < names; n++) {
		uint8_t wire[DOMAIN_WIRE_MAX];
		size_t len = 0, rest = n;
		ldns_rdf *name;
		ldns_rr *rr;

		for (unsigned i = 0; i < labels; i++, rest /= 26) {
			wire[len++] = 1;
			wire[len++] = (uint8_t)('a' + rest % 26);
		}
		wire[len++] = 0;
		name = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, len, wire);
		if (targets) {
			rr = message_record("a. 9 IN NS a.");
			ldns_rdf_deep_free(ldns_rr_set_rdf(rr, name, 0));
		} else {
			rr = message_record("a. 9 IN A 192.0.2.1");
			ldns_rdf_deep_free(ldns_rr_owner(rr));
			ldns_rr_set_owner(rr, name);
		}
		ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr);
	}
	return packet;
}

static void
assert_same(const ldns_rr_list *one, const ldns_rr_list *other)
{
	ck_assert_uint_eq(
	    ldns_rr_list_rr_count(one), ldns_rr_list_rr_count(other));
	for (size_t i = 0; i < ldns_rr_list_rr_count(one); i++) {
		const ldns_rr *a = ldns_rr_list_rr(one, i);
		const ldns_rr *b = ldns_rr_list_rr(other, i);

		ck_assert_int_eq(ldns_rr_compare(a, b), 0);
		ck_assert_uint_eq(ldns_rr_ttl(a), ldns_rr_ttl(b));
	}
}

/* Read again it is the same, also where names stand beyond what a pointer can
 * reach. */
START_TEST(libldns_reads_what_was_written)
{
	static const struct {
		size_t names;
		unsigned labels;
	} cases[] = { { 0, 0 }, { 1, 0 }, { 1, 127 }, { 20, 3 }, { 200, 127 },
		{ 2500, 4 } };

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		ldns_pkt *packet = packet_of(
		    cases[i / 2].names, cases[i / 2].labels, i % 2 == 1);
		ldns_pkt *again;
		uint8_t *wire = NULL;
		size_t len = 0;

		ldns_pkt_set_rcode(packet, LDNS_RCODE_NXDOMAIN);
		ldns_pkt_set_tc(packet, i == 3);
		ldns_pkt_push_rr(packet, LDNS_SECTION_AUTHORITY,
		    message_record("z. 9 IN SOA z. z. 1 2 3 4 5"));
		ck_assert_int_eq(packet_writer_packet(packet, &wire, &len), 0);
		again = packet_parse(wire, len);
		ck_assert_ptr_nonnull(again);
		assert_same(ldns_pkt_answer(packet), ldns_pkt_answer(again));
		assert_same(
		    ldns_pkt_authority(packet), ldns_pkt_authority(again));
		ck_assert_int_eq(
		    ldns_pkt_get_rcode(again), LDNS_RCODE_NXDOMAIN);
		ck_assert(ldns_pkt_qr(again));
		ck_assert_int_eq(ldns_pkt_tc(again), i == 3);
		ldns_pkt_free(again);
		ldns_pkt_free(packet);
		free(wire);
	}
}
END_TEST

START_TEST(what_is_too_long_is_no_message)
{
	uint8_t *wire = NULL;
	ldns_pkt *packet = packet_of(4094, 0, false); /* 15 octets each */
	size_t len = 0;

	ck_assert_int_eq(packet_writer_packet(packet, &wire, &len), 0);
	ck_assert_uint_eq(len, HEADER_LEN + (size_t)4094 * 15);
	free(wire);
	for (int i = 0; i < 300; i++)
		ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER,
		    message_record(". 9 IN A 192.0.2.1"));
	ck_assert_int_eq(packet_writer_packet(packet, &wire, &len), -1);
	ldns_pkt_free(packet);
}
END_TEST

/* As many octets of names, with as many labels as there can be, take no more
 * than a few times as long. */
START_TEST(many_labels_take_no_longer)
{
	static const struct {
		size_t names;
		unsigned labels;
	} cases[] = { { 2500, 4 }, { 240, 127 } };
	double least[] = { 1e9, 1e9 };

	for (int turn = 0; turn < 10; turn++)
		for (size_t i = 0; i < COUNT(cases); i++) {
			ldns_pkt *packet = packet_of(
			    cases[i].names, cases[i].labels, turn % 2);
			uint8_t *wire = NULL;
			size_t len = 0;
			const double start = processor_ms();

			ck_assert_int_eq(
			    packet_writer_packet(packet, &wire, &len), 0);
			if (processor_ms() - start < least[i])
				least[i] = processor_ms() - start;
			free(wire);
			ldns_pkt_free(packet);
		}
	printf("test_packet_writer: %.2f ms, of many labels %.2f ms\n",
	    least[0], least[1]);
	ck_assert(least[1] < 20 * least[0]);
}
END_TEST

TEST_MAIN("writer")
{
	TCase *tcase = add_case(suite, "writer");

	tcase_add_test(tcase, names_are_compressed);
	tcase_add_test(tcase, nothing_is_written_beyond_the_end);
	tcase_add_test(tcase, libldns_reads_what_was_written);
	tcase_add_test(tcase, what_is_too_long_is_no_message);
	tcase_add_test(tcase, many_labels_take_no_longer);
}
