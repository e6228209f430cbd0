/*
 * packet_writer.h - DNS records in wire format, with names compressed (RFC 1035
 * section 4.1.4, RFC 3597 section 4).
 *
 * In linear time and without memory of its own: libldns takes a second for a
 * message of names with 127 labels, and where memory is short leaves out names
 * in silence.
 */
#ifndef DNS_PACKET_WRITER_H
#define DNS_PACKET_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

/* That others can point at: more have no room where a pointer can lead. */
#define PACKET_WRITER_NAMES_MAX 8192
#define PACKET_WRITER_BUCKETS 1024

/* Where a name, or the end of one, stands in the message. */
struct packet_writer_name {
	uint32_t hash;
	uint16_t at;
	uint16_t next; /* in its bucket: index + 1, 0 for the last */
};

/* Only for writer_…(); for the stack. */
struct packet_writer {
	uint8_t *out;
	size_t len, size;
	bool full;
	uint16_t
	    bucket[PACKET_WRITER_BUCKETS]; /* index + 1 of the first, or 0 */
	size_t name_count;
	struct packet_writer_name name[PACKET_WRITER_NAMES_MAX];
};

/* @out has room for @size octets, and holds a header of 12, and behind it up to
 * @len nothing, or one question. */
void packet_writer_start(
    struct packet_writer *writer, uint8_t *out, size_t len, size_t size);

/* Appends a record; what counts records is the caller's. */
void packet_writer_add(struct packet_writer *writer, const ldns_rr *rr);

/* How long the message is; 0 where not everything had room. */
size_t packet_writer_len(const struct packet_writer *writer);

/*
 * A whole message: header, question, answer and authority section.
 * Returns 0 with memory to free() in @wire, or -1 when out of memory or where
 * it would be longer than a message can be.
 */
int packet_writer_packet(const ldns_pkt *packet, uint8_t **wire, size_t *len);

#endif /* DNS_PACKET_WRITER_H */
