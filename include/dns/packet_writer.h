/*
 * packet_writer.h - DNS records in wire format, with name compression (RFC 1035
 * section 4.1.4, RFC 3597 section 4).
 *
 * Takes linear time and allocates nothing.  libldns takes a second for a
 * message of names with 127 labels, and silently leaves out names where memory
 * is short.
 */
#ifndef DNS_PACKET_WRITER_H
#define DNS_PACKET_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

/* Compression targets: a pointer can't reach more names. */
#define PACKET_WRITER_NAMES_MAX 8192
#define PACKET_WRITER_BUCKETS 1024

/* Where a name or a suffix of one is in the message. */
struct packet_writer_name {
	uint32_t hash;
	uint16_t at;
	uint16_t next; /* in its bucket: index + 1, 0 for the last */
};

/* Private to packet_writer_…(); for the stack. */
struct packet_writer {
	uint8_t *out;
	size_t len, size;
	bool full;
	uint16_t
	    bucket[PACKET_WRITER_BUCKETS]; /* index + 1 of the first, or 0 */
	size_t name_count;
	struct packet_writer_name name[PACKET_WRITER_NAMES_MAX];
};

/* @out has room for @size octets.  Its first @len octets are a header of 12
 * octets and at most one question. */
void packet_writer_start(
    struct packet_writer *writer, uint8_t *out, size_t len, size_t size);

/* Appends a record; the caller updates the header's record counts. */
void packet_writer_add(struct packet_writer *writer, const ldns_rr *rr);

/* The length of the message; 0 where not everything fitted. */
size_t packet_writer_len(const struct packet_writer *writer);

/*
 * A complete message: header, question, answer and authority section.
 * Returns 0 with memory to free() in @wire; or -1 when out of memory, or where
 * the message would be too long.
 */
int packet_writer_packet(const ldns_pkt *packet, uint8_t **wire, size_t *len);

#endif /* DNS_PACKET_WRITER_H */
