/* DNS messages from lines as zone files have them. */
#ifndef MESSAGE_FIXTURE_H
#define MESSAGE_FIXTURE_H

#include <check.h>
#include <ldns/ldns.h>
#include <stdint.h>
#include <stdlib.h>

struct message {
	uint8_t *wire;
	size_t len;
};

#define LINES_MAX 16

static inline ldns_rr *
message_record(const char *line)
{
	ldns_rr *rr = NULL;

	ck_assert_msg(
	    ldns_rr_new_frm_str(&rr, line, 300, NULL, NULL) == LDNS_STATUS_OK,
	    "%s", line);
	return rr;
}

static inline void
message_push(ldns_pkt *packet, ldns_pkt_section section, const char *line)
{
	ldns_pkt_push_rr(packet, section, message_record(line));
}

/* An answer to (@name, @type); lists end with NULL, and may be NULL. */
static inline ldns_pkt *
message_packet(const char *name, unsigned type, int rcode,
    const char *const *answer, const char *const *authority)
{
	ldns_pkt *packet = ldns_pkt_query_new(ldns_dname_new_frm_str(name),
	    (ldns_rr_type)type, LDNS_RR_CLASS_IN, LDNS_QR);

	ck_assert_ptr_nonnull(packet);
	ldns_pkt_set_rcode(packet, (uint8_t)rcode);
	for (; answer != NULL && *answer != NULL; answer++)
		message_push(packet, LDNS_SECTION_ANSWER, *answer);
	for (; authority != NULL && *authority != NULL; authority++)
		message_push(packet, LDNS_SECTION_AUTHORITY, *authority);
	return packet;
}

static inline struct message
message_make(const char *name, unsigned type, int rcode,
    const char *const *answer, const char *const *authority)
{
	ldns_pkt *packet = message_packet(name, type, rcode, answer, authority);
	struct message message;

	ck_assert_int_eq(
	    ldns_pkt2wire(&message.wire, packet, &message.len), LDNS_STATUS_OK);
	ldns_pkt_free(packet);
	return message;
}

#endif /* MESSAGE_FIXTURE_H */
