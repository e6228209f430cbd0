/* dns_message.c - DNS messages as a recursive server reads and writes them. */

#include "wire/dns/dns_message.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <ldns/ldns.h>

#include "dns/answer.h"
#include "dns/packet.h"
#include "dns/packet_writer.h"
#include "dns/wire.h"

#define TYPE_IXFR 251
#define TYPE_AXFR 252
/* From here to ANY are the QTYPEs and meta-TYPEs of RFC 6895. */
#define TYPE_META_FIRST 128

#define OPT_LEN 11   /* octets of an OPT record without options */
#define OPT_DO 0x80U /* in the third octet of its TTL */
#define ELLIPSIS " ..."
#define ERROR_TEXT_MAX 200
#define UDP_LEAST 512
#define ANY_TTL 3600
/* Signatures per RRset that are sent in an answer that is too long. */
#define SIGNATURES_KEPT 4

/* ---- queries ---- */

/* The message being parsed.  @at never exceeds @len. */
struct reader {
	const uint8_t *wire;
	size_t len, at;
};

static bool
has(const struct reader *reader, size_t octets)
{
	return reader->len - reader->at >= octets;
}

static bool
skip_name(struct reader *reader)
{
	reader->at = wire_skip_name(reader->wire, reader->len, reader->at);
	return reader->at != 0;
}

static bool
read_question(struct reader *reader, struct dns_request *request, char *name)
{
	const uint8_t *start = reader->wire + reader->at;
	const size_t len =
	    domain_from_wire(start, reader->len - reader->at, name);

	reader->at += len;
	if (len == 0 || !has(reader, WIRE_QUESTION_FIXED))
		return false;
	request->type = wire_get16(reader->wire + reader->at);
	reader->at += WIRE_QUESTION_FIXED;
	request->question_len = len + WIRE_QUESTION_FIXED;
	memcpy(request->question, start, request->question_len);
	return true;
}

/* Options are ignored, but must be well-formed. */
static bool
are_options(const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t option;

		if (len < 4 || (option = wire_get16(data + 2)) > len - 4)
			return false;
		data += 4 + option;
		len -= 4 + option;
	}
	return true;
}

static bool
read_opt(const uint8_t *fixed, struct dns_request *request, uint8_t *version)
{
	const size_t len = wire_get16(fixed + 8);

	if (request->edns || !are_options(fixed + 10, len))
		return false;
	request->edns = true;
	request->udp_size = wire_get16(fixed + 2);
	*version = fixed[5];
	request->dnssec_ok = (fixed[6] & OPT_DO) != 0;
	return true;
}

/* One record; all but OPT are ignored. */
static bool
read_record(struct reader *reader, bool additional, struct dns_request *request,
    uint8_t *version)
{
	const bool is_root = has(reader, 1) && reader->wire[reader->at] == 0;
	const uint8_t *fixed;

	if (!skip_name(reader) || !has(reader, WIRE_RECORD_FIXED))
		return false;
	fixed = reader->wire + reader->at;
	reader->at += WIRE_RECORD_FIXED;
	if (!has(reader, wire_get16(fixed + 8)))
		return false;
	reader->at += wire_get16(fixed + 8);
	if (wire_get16(fixed) != WIRE_TYPE_OPT)
		return true;
	return additional && is_root && read_opt(fixed, request, version);
}

static bool
read_records(
    struct reader *reader, struct dns_request *request, uint8_t *version)
{
	const unsigned authority = wire_get16(reader->wire + 8);
	const unsigned additional = wire_get16(reader->wire + 10);

	/* IXFR has an SOA in the authority section, other queries nothing. */
	if (wire_get16(reader->wire + 6) != 0 ||
	    (authority != 0 && request->type != TYPE_IXFR))
		return false;
	for (unsigned i = 0; i < authority + additional; i++)
		if (!read_record(reader, i >= authority, request, version))
			return false;
	/* Trailing data is ignored: it does not affect the query, and other
	 * resolvers answer, too. */
	return true;
}

/* Types without records of their own; and RRSIG: the answer would be whichever
 * signatures a server happens to return, which cannot be validated. */
static bool
is_meta(uint16_t type)
{
	return type == 0 || type == WIRE_TYPE_OPT || type == WIRE_TYPE_RRSIG ||
	       (type >= TYPE_META_FIRST && type < WIRE_TYPE_ANY);
}

static enum dns_action
refuse(struct dns_request *request, enum dns_rcode rcode)
{
	request->rcode = rcode;
	return DNS_ACTION_REFUSE;
}

static enum dns_action
judge(struct dns_request *request, uint8_t version)
{
	const uint8_t *class = request->question + request->question_len - 2;

	if (version > 0)
		return refuse(request, DNS_RCODE_BADVERS);
	if ((request->flags[0] & WIRE_RD) == 0 ||
	    wire_get16(class) != WIRE_CLASS_IN || is_meta(request->type))
		return refuse(request, DNS_RCODE_REFUSED);
	return request->type == WIRE_TYPE_ANY ? DNS_ACTION_ANY
					      : DNS_ACTION_LOOK_UP;
}

enum dns_action
dns_message_parse(const uint8_t *wire, size_t len, struct dns_request *request,
    char name[DOMAIN_TEXT_MAX])
{
	struct reader reader = { wire, len, WIRE_HEADER_LEN };
	uint8_t version = 0;

	memset(request, 0, sizeof(*request));
	request->udp_size = UDP_LEAST;
	name[0] = '\0';
	if (len < WIRE_HEADER_LEN || (wire[2] & WIRE_QR) != 0)
		return DNS_ACTION_DROP;
	memcpy(request->id, wire, 2);
	memcpy(request->flags, wire + 2, 2);
	/* Other opcodes may have any format. */
	if ((wire[2] & WIRE_OPCODE) != 0)
		return refuse(request, DNS_RCODE_NOTIMP);
	if (wire_get16(wire + 4) != 1 || !read_question(&reader, request, name))
		return refuse(request, DNS_RCODE_FORMERR);
	if (!read_records(&reader, request, &version)) {
		request->edns = false;
		return refuse(request, DNS_RCODE_FORMERR);
	}
	return judge(request, version);
}

size_t
dns_message_limit(const struct dns_request *request, bool tcp)
{
	if (tcp)
		return DNS_MESSAGE_MAX;
	if (request->udp_size > DNS_MESSAGE_UDP_MAX)
		return DNS_MESSAGE_UDP_MAX;
	return request->udp_size > UDP_LEAST ? request->udp_size : UDP_LEAST;
}

/* ---- answers ---- */

/* Header and question.  @flags: in the third octet.  For other opcodes the
 * meaning of the flags is unknown, so none is copied. */
static size_t
put_head(const struct dns_request *request, unsigned flags,
    enum dns_rcode rcode, bool authentic, uint8_t *out)
{
	memset(out, 0, WIRE_HEADER_LEN);
	memcpy(out, request->id, 2);
	if ((request->flags[0] & WIRE_OPCODE) != 0) {
		out[2] = (uint8_t)(WIRE_QR | (request->flags[0] & WIRE_OPCODE));
		out[3] = (uint8_t)((unsigned)rcode & WIRE_RCODE);
		return WIRE_HEADER_LEN;
	}
	out[2] = (uint8_t)(WIRE_QR | flags | (request->flags[0] & WIRE_RD));
	out[3] = (uint8_t)(WIRE_RA | (authentic ? WIRE_AD : 0) |
			   (request->flags[1] & WIRE_CD) |
			   ((unsigned)rcode & WIRE_RCODE));
	if (request->question_len > 0)
		out[5] = 1;
	memcpy(out + WIRE_HEADER_LEN, request->question, request->question_len);
	return WIRE_HEADER_LEN + request->question_len;
}

/* libunbound puts the question before the cause, which the client knows.
 * Returns the text after it. */
static const char *
skip_question(const char *text)
{
	static const char head[] = "validation failure <", tail[] = ">: ";
	const char *end;

	if (strncmp(text, head, sizeof(head) - 1) != 0 ||
	    (end = strstr(text, tail)) == NULL)
		return text;
	return end + sizeof(tail) - 1;
}

/* Writes @text, shortened to whole words and an ellipsis if it is too long. */
static size_t
put_text(uint8_t *at, const char *text)
{
	const size_t room = ERROR_TEXT_MAX - strlen(ELLIPSIS);
	char sent[ERROR_TEXT_MAX + 1];
	const char *end = "";
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len > ERROR_TEXT_MAX) {
		end = ELLIPSIS;
		for (len = room; len > 0 && text[len] != ' '; len--)
			;
		while (len > 0 && strchr(" ,;:", text[len - 1]) != NULL)
			len--;
		if (len == 0)
			len = room;
	}
	len =
	    (size_t)snprintf(sent, sizeof(sent), "%.*s%s", (int)len, text, end);
	memcpy(at, sent, len);
	return len;
}

/* Appends our OPT, the only record in the additional section. */
static size_t
put_opt(const struct dns_request *request, enum dns_rcode rcode,
    enum dns_error error, const char *text, uint8_t *out, size_t len)
{
	uint8_t *at = out + len;
	size_t text_octets;

	if (!request->edns)
		return len;
	out[11] = 1;
	*at++ = 0;
	at = wire_put16(at, WIRE_TYPE_OPT);
	at = wire_put16(at, DNS_MESSAGE_UDP_MAX);
	*at++ = (uint8_t)((unsigned)rcode >> 4);
	*at++ = 0; /* version */
	at = wire_put16(at, request->dnssec_ok ? OPT_DO << 8 : 0);
	if (error == DNS_ERROR_NONE) {
		at = wire_put16(at, 0);
		return (size_t)(at - out);
	}
	text_octets = put_text(at + 8, text != NULL ? skip_question(text) : "");
	at = wire_put16(at, (unsigned)(6 + text_octets));
	at = wire_put16(at, WIRE_OPTION_EDE);
	at = wire_put16(at, (unsigned)(2 + text_octets));
	at = wire_put16(at, (unsigned)error);
	return (size_t)(at - out) + text_octets;
}

/* Header, question, OPT: at most 12 + 259 + 11 + 206 octets. */
size_t
dns_message_error(const struct dns_request *request, enum dns_rcode rcode,
    enum dns_error error, const char *text, uint8_t *out, size_t size)
{
	const size_t len = put_head(request, 0, rcode, false, out);

	(void)size;
	return put_opt(request, rcode, error, text, out, len);
}

size_t
dns_message_any(const struct dns_request *request, uint8_t *out, size_t size)
{
	static const uint8_t record[] = { 0xc0, WIRE_HEADER_LEN, 0, 13, 0,
		WIRE_CLASS_IN, 0, 0, ANY_TTL >> 8, ANY_TTL & 0xff, 0, 9, 7, 'R',
		'F', 'C', '8', '4', '8', '2', 0 };
	size_t len = put_head(request, 0, DNS_RCODE_NOERROR, false, out);

	(void)size;
	memcpy(out + len, record, sizeof(record));
	out[7] = 1;
	return put_opt(request, DNS_RCODE_NOERROR, DNS_ERROR_NONE, NULL, out,
	    len + sizeof(record));
}

/* RFC 4035 section 3.2.1: types that are sent only on request. */
static bool
is_dnssec(ldns_rr_type type)
{
	switch (type) {
	case LDNS_RR_TYPE_RRSIG:
	case LDNS_RR_TYPE_NSEC:
	case LDNS_RR_TYPE_NSEC3:
	case LDNS_RR_TYPE_DNSKEY:
	case LDNS_RR_TYPE_DS:
		return true;
	default:
		return false;
	}
}

/* Moves the records that this client gets.  Returns 0, or -1 when out of memory
 * or if there are more records than a message can have. */
static int
move_section(const struct dns_request *request, ldns_rr_list *from,
    ldns_pkt_section section, ldns_pkt *to)
{
	const ldns_rr_list *list = section == LDNS_SECTION_ANSWER
				       ? ldns_pkt_answer(to)
				       : ldns_pkt_authority(to);

	for (size_t i = 0; i < ldns_rr_list_rr_count(from); i++) {
		ldns_rr *rr = ldns_rr_list_rr(from, i);
		const ldns_rr_type type = ldns_rr_get_type(rr);

		if (!request->dnssec_ok && is_dnssec(type) &&
		    (section != LDNS_SECTION_ANSWER ||
			(uint16_t)type != request->type))
			continue;
		if (ldns_rr_list_rr_count(list) == WIRE_COUNT_MAX ||
		    !ldns_pkt_push_rr(to, section, rr))
			return -1;
		ldns_rr_list_set_rr(from, NULL, i);
	}
	return 0;
}

/* Adds the records of a part.  Returns 0, or -1 when out of memory, or if the
 * part can't be parsed or is marked as truncated. */
static int
add_part(const struct dns_request *request, const struct dns_part *from,
    ldns_pkt *to)
{
	ldns_pkt *part = packet_parse(from->wire, from->len);
	int error;

	if (part == NULL)
		return -1;
	error = ldns_pkt_tc(part) ||
		move_section(request, ldns_pkt_answer(part),
		    LDNS_SECTION_ANSWER, to) == -1 ||
		move_section(request, ldns_pkt_authority(part),
		    LDNS_SECTION_AUTHORITY, to) == -1;
	ldns_pkt_free(part);
	return error ? -1 : 0;
}

/* Whether each record of the answer is in the message: the two were read at
 * different times. */
static bool
has_all(const struct dns_request *request, const struct dns_answer *answer,
    const ldns_pkt *packet)
{
	const ldns_rr_list *list = ldns_pkt_answer(packet);
	size_t count = 0;

	if (answer->status != DNS_OK)
		return true;
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if ((uint16_t)ldns_rr_get_type(ldns_rr_list_rr(list, i)) ==
		    request->type)
			count++;
	return count > 0 && count >= answer->rdata_count;
}

/* The records of all parts.  NULL when out of memory or if any is missing. */
static ldns_pkt *
collect(const struct dns_request *request, const struct dns_answer *answer)
{
	ldns_pkt *packet = ldns_pkt_new();
	int error = 0;

	if (packet == NULL)
		return NULL;
	for (size_t i = 0; error == 0 && i < answer->part_count; i++)
		error = add_part(request, &answer->parts[i], packet);
	if (error == 0 && has_all(request, answer, packet))
		return packet;
	ldns_pkt_free(packet);
	return NULL;
}

/* Whether to set AD: the client asks for it, and each link of the chain was
 * validated. */
static bool
is_authentic(const struct dns_request *request, const struct dns_answer *answer)
{
	return (request->dnssec_ok || (request->flags[1] & WIRE_AD) != 0) &&
	       answer->security == DNS_SECURE && answer->status != DNS_FAILED &&
	       (answer->rung == DNS_RUNG_VALIDATED ||
		   answer->rung == DNS_RUNG_FRESH);
}

/* Whether both are signatures of the same RRset. */
static bool
signs_the_same(const ldns_rr *rr, const ldns_rr *before)
{
	return before != NULL && ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
	       ldns_rr_get_type(before) == LDNS_RR_TYPE_RRSIG &&
	       ldns_rdf_compare(ldns_rr_rrsig_typecovered(rr),
		   ldns_rr_rrsig_typecovered(before)) == 0 &&
	       ldns_rdf_compare(ldns_rr_owner(rr), ldns_rr_owner(before)) == 0;
}

/* Keeps the first few of consecutive signatures of one RRset: libunbound writes
 * the signatures of an RRset consecutively. */
static void
thin_out(ldns_rr_list *list)
{
	ldns_rr *before = NULL;
	size_t kept = 0, run = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);

		run = signs_the_same(rr, before) ? run + 1 : 0;
		if (run >= SIGNATURES_KEPT) {
			ldns_rr_free(rr);
			continue;
		}
		before = rr;
		ldns_rr_list_set_rr(list, rr, kept++);
	}
	ldns_rr_list_set_rr_count(list, kept);
}

/*
 * Zones sign an RRset once or twice.  An attacker on the path can append
 * thousands of junk signatures, which does not keep us from finding the valid
 * one.  We do not know which signature was used.  A client that validates by
 * itself and does not get the valid one finds the answer bogus, which is no
 * worse than SERVFAIL.  A client that relies on AD gets a correct answer.
 */
static void
drop_signatures(ldns_pkt *packet)
{
	thin_out(ldns_pkt_answer(packet));
	thin_out(ldns_pkt_authority(packet));
}

/* Returns the length of the complete message without OPT, or 0 if it would be
 * longer than @room. */
static size_t
write_records(const struct dns_request *request, const ldns_pkt *packet,
    enum dns_rcode rcode, bool authentic, uint8_t *out, size_t room)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);
	const ldns_rr_list *authority = ldns_pkt_authority(packet);
	struct packet_writer writer;

	packet_writer_start(
	    &writer, out, put_head(request, 0, rcode, authentic, out), room);
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++)
		packet_writer_add(&writer, ldns_rr_list_rr(answer, i));
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++)
		packet_writer_add(&writer, ldns_rr_list_rr(authority, i));
	wire_put16(out + 6, (unsigned)ldns_rr_list_rr_count(answer));
	wire_put16(out + 8, (unsigned)ldns_rr_list_rr_count(authority));
	return packet_writer_len(&writer);
}

static size_t
put_failure(const struct dns_request *request, const char *why, uint8_t *out,
    size_t size)
{
	return dns_message_error(
	    request, DNS_RCODE_SERVFAIL, DNS_ERROR_OTHER, why, out, size);
}

/* All records, or TC, so that the client repeats the query over TCP.  Over TCP,
 * TC would be taken for "no such record", so it is SERVFAIL. */
static size_t
put_packet(const struct dns_request *request, ldns_pkt *packet,
    enum dns_rcode rcode, bool authentic, bool tcp, uint8_t *out, size_t size)
{
	const size_t room = size - (request->edns ? OPT_LEN : 0);
	size_t len =
	    write_records(request, packet, rcode, authentic, out, room);

	if (len == 0 && !tcp) {
		len = put_head(request, WIRE_TC, rcode, false, out);
		return put_opt(request, rcode, DNS_ERROR_NONE, NULL, out, len);
	}
	if (len == 0) {
		drop_signatures(packet);
		len =
		    write_records(request, packet, rcode, authentic, out, room);
	}
	if (len == 0)
		return put_failure(request, DNS_WHY_TOO_LARGE, out, size);
	return put_opt(request, rcode, DNS_ERROR_NONE, NULL, out, len);
}

static size_t
put_records(const struct dns_request *request, const struct dns_answer *answer,
    bool tcp, uint8_t *out, size_t size)
{
	const struct dns_part *last = &answer->parts[answer->part_count - 1];
	const enum dns_rcode rcode =
	    (enum dns_rcode)(last->wire[3] & WIRE_RCODE);
	ldns_pkt *packet = collect(request, answer);
	size_t len;

	if (packet == NULL)
		return put_failure(
		    request, "the answer can't be read in full", out, size);
	len = put_packet(request, packet, rcode, is_authentic(request, answer),
	    tcp, out, size);
	ldns_pkt_free(packet);
	return len;
}

static enum dns_error
error_of(const struct dns_answer *answer)
{
	static const char no_trust[] = "no trust path";

	if (answer->security == DNS_BOGUS)
		return DNS_ERROR_BOGUS;
	if (answer->why == NULL ||
	    strcmp(answer->why, DNS_WHY_TOO_LARGE) == 0 ||
	    strncmp(answer->why, no_trust, sizeof(no_trust) - 1) == 0)
		return DNS_ERROR_OTHER;
	/* Proven insecure: all servers were queried, none had the data. */
	return answer->security == DNS_INSECURE ? DNS_ERROR_UNREACHABLE
						: DNS_ERROR_NETWORK;
}

size_t
dns_message_answer(const struct dns_request *request,
    const struct dns_answer *answer, bool tcp, uint8_t *out, size_t size)
{
	const bool unchecked = (request->flags[1] & WIRE_CD) != 0;

	if (answer->part_count > 0 &&
	    (answer->status != DNS_FAILED || unchecked))
		return put_records(request, answer, tcp, out, size);
	return dns_message_error(request, DNS_RCODE_SERVFAIL, error_of(answer),
	    answer->why, out, size);
}

enum dns_rcode
dns_message_rcode(const uint8_t *wire)
{
	return (enum dns_rcode)(wire[3] & WIRE_RCODE);
}

bool
dns_message_is_truncated(const uint8_t *wire)
{
	return (wire[2] & WIRE_TC) != 0;
}

bool
dns_message_is_authentic(const uint8_t *wire)
{
	return (wire[3] & WIRE_AD) != 0;
}
