/* packet_writer.c - DNS records in wire format. */

#include "dns/packet_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/hash.h"
#include "dns/wire.h"

static void
put(struct packet_writer *writer, const void *octets, size_t len)
{
	if (writer->full || len > writer->size - writer->len) {
		writer->full = true;
		return;
	}
	if (len > 0)
		memcpy(writer->out + writer->len, octets, len);
	writer->len += len;
}

/* ---- names ---- */

/* A name that is to be written: in lower case, with the offsets of its
 * labels. */
struct name {
	const uint8_t *wire;
	uint8_t lower[DOMAIN_WIRE_MAX];
	size_t len;
	uint8_t label[WIRE_LABELS_MAX];
	uint32_t hash[WIRE_LABELS_MAX]; /* of the suffix from that label on */
	size_t labels;
};

/* @wire: uncompressed.  Returns 0, or -1 where it is not a valid name. */
static int
read_name(struct name *name, const uint8_t *wire, size_t len)
{
	size_t at = 0;

	if (len == 0 || len > sizeof(name->lower))
		return -1;
	name->wire = wire;
	name->len = len;
	name->labels = 0;
	memset(name->lower, 0, sizeof(name->lower));
	for (size_t i = 0; i < len; i++)
		name->lower[i] = domain_lower(wire[i]);
	for (; at < len && wire[at] != 0; at += 1U + wire[at]) {
		if (wire[at] > WIRE_LABEL_MAX ||
		    name->labels == WIRE_LABELS_MAX)
			return -1;
		name->label[name->labels++] = (uint8_t)at;
	}
	if (at + 1 != len)
		return -1;
	for (size_t i = 0; i < name->labels; i++)
		name->hash[i] =
		    (uint32_t)XXH3_64bits_withSeed(name->lower + name->label[i],
			len - name->label[i], hash_seed());
	return 0;
}

/* Whether the name at @at equals @lower, of @len octets.  All pointers were
 * written by us and lead backwards. */
static bool
stands_at(const struct packet_writer *writer, size_t at, const uint8_t *lower,
    size_t len)
{
	const uint8_t *out = writer->out;

	while (len > 0) {
		const size_t label = out[at];

		if (wire_is_pointer(out[at])) {
			at = wire_get16(out + at) & WIRE_POINTER_TARGET;
			continue;
		}
		if (label != *lower || label >= len)
			return false;
		if (label == 0)
			return true;
		if (!domain_wire_equal(&out[at + 1], &lower[1], label))
			return false;
		at += 1 + label;
		lower += 1 + label;
		len -= 1 + label;
	}
	return false;
}

/* Where the name's suffix from label @i was written; 0 where it was not. */
static size_t
find_name(const struct packet_writer *writer, const struct name *name, size_t i)
{
	const uint32_t hash = name->hash[i];
	const struct packet_writer_name *known;

	for (size_t k = writer->bucket[hash % PACKET_WRITER_BUCKETS]; k != 0;
	     k = known->next) {
		known = &writer->name[k - 1];
		if (known->hash == hash &&
		    stands_at(writer, known->at, name->lower + name->label[i],
			name->len - name->label[i]))
			return known->at;
	}
	return 0;
}

/* Record that the name's suffix from label @i is at @at. */
static void
note_name(
    struct packet_writer *writer, const struct name *name, size_t i, size_t at)
{
	uint16_t *bucket =
	    &writer->bucket[name->hash[i] % PACKET_WRITER_BUCKETS];

	if (at > WIRE_POINTER_TARGET ||
	    writer->name_count == PACKET_WRITER_NAMES_MAX)
		return;
	writer->name[writer->name_count] = (struct packet_writer_name){
		.hash = name->hash[i], .at = (uint16_t)at, .next = *bucket
	};
	*bucket = (uint16_t)++writer->name_count;
}

static void
put_name(struct packet_writer *writer, const uint8_t *wire, size_t len)
{
	const size_t start = writer->len;
	struct name name;
	size_t target = 0, own = 0; /* labels that are written in full */
	uint8_t pointer[2];

	if (read_name(&name, wire, len) == -1) {
		writer->full = true;
		return;
	}
	while (
	    own < name.labels && (target = find_name(writer, &name, own)) == 0)
		own++;
	if (target == 0) {
		put(writer, wire, len);
	} else {
		put(writer, wire, name.label[own]);
		wire_put16(pointer, WIRE_POINTER | (unsigned)target);
		put(writer, pointer, sizeof(pointer));
	}
	for (size_t i = 0; !writer->full && i < own; i++)
		note_name(writer, &name, i, start + name.label[i]);
}

/* ---- records ---- */

/* Only the types of RFC 1035, whose names every reader can expand. */
static bool
may_be_compressed(ldns_rr_type type)
{
	return type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_CNAME ||
	       type == LDNS_RR_TYPE_SOA || type == LDNS_RR_TYPE_PTR ||
	       type == LDNS_RR_TYPE_MX;
}

static void
put_rdata(struct packet_writer *writer, const ldns_rr *rr)
{
	const bool compress = may_be_compressed(ldns_rr_get_type(rr));

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		if (compress && ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME)
			put_name(
			    writer, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
		else
			put(writer, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	}
}

void
packet_writer_add(struct packet_writer *writer, const ldns_rr *rr)
{
	const ldns_rdf *owner = ldns_rr_owner(rr);
	uint8_t fixed[WIRE_RECORD_FIXED], *at = fixed;
	size_t begin;

	at = wire_put16(at, (unsigned)ldns_rr_get_type(rr));
	at = wire_put16(at, (unsigned)ldns_rr_get_class(rr));
	at = wire_put32(at, ldns_rr_ttl(rr));
	wire_put16(at, 0);
	put_name(writer, ldns_rdf_data(owner), ldns_rdf_size(owner));
	put(writer, fixed, sizeof(fixed));
	begin = writer->len;
	put_rdata(writer, rr);
	if (!writer->full)
		wire_put16(
		    writer->out + begin - 2, (unsigned)(writer->len - begin));
}

void
packet_writer_start(
    struct packet_writer *writer, uint8_t *out, size_t len, size_t size)
{
	struct name name;

	writer->out = out;
	writer->len = len;
	writer->size = size;
	writer->full = len > size;
	writer->name_count = 0;
	memset(writer->bucket, 0, sizeof(writer->bucket));
	if (len <= WIRE_HEADER_LEN + WIRE_QUESTION_FIXED ||
	    read_name(&name, out + WIRE_HEADER_LEN,
		len - WIRE_HEADER_LEN - WIRE_QUESTION_FIXED) == -1)
		return;
	for (size_t i = 0; i < name.labels; i++)
		note_name(writer, &name, i, WIRE_HEADER_LEN + name.label[i]);
}

size_t
packet_writer_len(const struct packet_writer *writer)
{
	return writer->full ? 0 : writer->len;
}

/* ---- messages ---- */

static void
put_question(struct packet_writer *writer, const ldns_rr *question)
{
	const ldns_rdf *name = ldns_rr_owner(question);
	uint8_t fixed[WIRE_QUESTION_FIXED];

	wire_put16(wire_put16(fixed, (unsigned)ldns_rr_get_type(question)),
	    (unsigned)ldns_rr_get_class(question));
	put_name(writer, ldns_rdf_data(name), ldns_rdf_size(name));
	put(writer, fixed, sizeof(fixed));
}

static void
put_section(
    struct packet_writer *writer, const ldns_rr_list *list, size_t count_at)
{
	const size_t count = ldns_rr_list_rr_count(list);

	if (count > WIRE_COUNT_MAX)
		writer->full = true;
	for (size_t i = 0; !writer->full && i < count; i++)
		if (count_at == 4)
			put_question(writer, ldns_rr_list_rr(list, i));
		else
			packet_writer_add(writer, ldns_rr_list_rr(list, i));
	wire_put16(writer->out + count_at, (unsigned)count);
}

static void
put_header(const ldns_pkt *packet, uint8_t *out)
{
	memset(out, 0, WIRE_HEADER_LEN);
	wire_put16(out, ldns_pkt_id(packet));
	out[2] = (uint8_t)((ldns_pkt_qr(packet) ? WIRE_QR : 0U) |
			   (ldns_pkt_aa(packet) ? WIRE_AA : 0U) |
			   (ldns_pkt_tc(packet) ? WIRE_TC : 0U));
	out[3] = (uint8_t)((unsigned)ldns_pkt_get_rcode(packet) & WIRE_RCODE);
}

int
packet_writer_packet(const ldns_pkt *packet, uint8_t **wire, size_t *len)
{
	struct packet_writer writer;
	uint8_t *out = malloc(WIRE_MESSAGE_MAX);

	*wire = NULL;
	if (out == NULL)
		return -1;
	put_header(packet, out);
	packet_writer_start(&writer, out, WIRE_HEADER_LEN, WIRE_MESSAGE_MAX);
	put_section(&writer, ldns_pkt_question(packet), 4);
	put_section(&writer, ldns_pkt_answer(packet), 6);
	put_section(&writer, ldns_pkt_authority(packet), 8);
	*len = packet_writer_len(&writer);
	if (*len > 0 && (*wire = malloc(*len)) != NULL)
		memcpy(*wire, out, *len);
	free(out);
	return *wire != NULL ? 0 : -1;
}
