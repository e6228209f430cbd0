/*
 * writer.h - DNS records in wire format, with names compressed (RFC 1035
 * section 4.1.4, RFC 3597 section 4).
 *
 * In linear time and without memory of its own: libldns takes a second for a
 * message of names with 127 labels, and where memory is short leaves out names
 * in silence.
 */
#ifndef DNS_WRITER_H
#define DNS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

/* That others can point at: more have no room where a pointer can lead. */
#define WRITER_NAMES_MAX 8192
#define WRITER_BUCKETS 1024

/* Where a name, or the end of one, stands in the message. */
struct writer_name {
	uint32_t hash;
	uint16_t at;
	uint16_t next; /* in its bucket: index + 1, 0 for the last */
};

/* Only for writer_…(); for the stack. */
struct writer {
	uint8_t *out;
	size_t len, size;
	bool full;
	uint16_t bucket[WRITER_BUCKETS]; /* index + 1 of the first, or 0 */
	size_t name_count;
	struct writer_name name[WRITER_NAMES_MAX];
};

/* @out has room for @size octets, and holds a header of 12, and behind it up to
 * @len nothing, or one question. */
void writer_start(struct writer *writer, uint8_t *out, size_t len, size_t size);

/* Appends a record; what counts records is the caller's. */
void writer_add(struct writer *writer, const ldns_rr *rr);

/* How long the message is; 0 where not everything had room. */
size_t writer_len(const struct writer *writer);

/*
 * A whole message: header, question, answer and authority section.
 * Returns 0 with memory to free() in @wire, or -1 when out of memory or where
 * it would be longer than a message can be.
 */
int writer_packet(const ldns_pkt *packet, uint8_t **wire, size_t *len);

#endif /* DNS_WRITER_H */
