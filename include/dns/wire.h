/*
 * wire.h - the parts of a DNS message in wire format (RFC 1035 section 4).
 *
 * Reads and writes octets that the caller knows to be there.
 */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_PORT 53

#define WIRE_HEADER_LEN 12
#define WIRE_QUESTION_FIXED 4 /* type, class */
#define WIRE_RECORD_FIXED 10  /* type, class, TTL, length of RDATA */
#define WIRE_MESSAGE_MAX 65535
#define WIRE_COUNT_MAX 65535 /* records of a section */

#define WIRE_LABEL_MAX 63
#define WIRE_LABELS_MAX 127         /* in a name */
#define WIRE_POINTER 0xc000U        /* the two bits that make it one */
#define WIRE_POINTER_TARGET 0x3fffU /* the offset that it leads to */

/* Of the header's third octet. */
#define WIRE_QR 0x80U
#define WIRE_OPCODE 0x78U
#define WIRE_AA 0x04U
#define WIRE_TC 0x02U
#define WIRE_RD 0x01U
/* Of the fourth. */
#define WIRE_RA 0x80U
#define WIRE_AD 0x20U
#define WIRE_CD 0x10U
#define WIRE_RCODE 0x0fU

#define WIRE_CLASS_IN 1

/* Types that are read or written, but never looked up. */
#define WIRE_TYPE_OPT 41 /* RFC 6891 */
#define WIRE_TYPE_RRSIG 46
#define WIRE_TYPE_ANY 255

#define WIRE_OPTION_EDE 15 /* of OPT; RFC 8914: a code and UTF-8 text */

static inline uint16_t
wire_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
wire_get32(const uint8_t *at)
{
	return (uint32_t)wire_get16(at) << 16 | wire_get16(at + 2);
}

/* Return the octet after the number. */
static inline uint8_t *
wire_put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *
wire_put32(uint8_t *at, uint32_t value)
{
	return wire_put16(wire_put16(at, value >> 16), value & 0xffffU);
}

/* Whether this octet of a name begins a compression pointer, not a label. */
static inline bool
wire_is_pointer(uint8_t octet)
{
	return octet >= WIRE_POINTER >> 8;
}

/*
 * The offset after the name at @at, compressed or not; pointers are not
 * followed.  0 where the name is cut off, or has a label that begins with the
 * bits 01 or 10, which mean nothing.  Names longer than 255 octets are skipped,
 * too.
 */
static inline size_t
wire_skip_name(const uint8_t *wire, size_t len, size_t at)
{
	while (at < len) {
		const uint8_t label = wire[at];

		if (wire_is_pointer(label))
			return len - at >= 2 ? at + 2 : 0;
		if (label == 0)
			return at + 1;
		if (label > WIRE_LABEL_MAX)
			return 0;
		at += 1U + label;
	}
	return 0;
}

#endif /* DNS_WIRE_H */
