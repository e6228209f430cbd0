/* dns_message.c - DNS messages as a recursive server reads and writes them. */

#include "wire/dns_message.h"

#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "dns/answer.h"
#include "dns/packet.h"

#define HEADER_LEN 12
#define CLASS_IN 1

/* Of the third octet and the fourth. */
#define FLAG_QR 0x80U
#define OPCODE 0x78U
#define FLAG_TC 0x02U
#define FLAG_RD 0x01U
#define FLAG_RA 0x80U
#define FLAG_AD 0x20U
#define FLAG_CD 0x10U

#define TYPE_OPT 41
#define TYPE_RRSIG 46
#define TYPE_IXFR 251
#define TYPE_AXFR 252
#define TYPE_ANY 255
/* Above these and below ANY lie types that no record has: RFC 6895. */
#define TYPE_META_FIRST 128

#define OPT_LEN 11      /* octets of an OPT record without options */
#define OPT_DO 0x80U    /* of the third octet of its TTL */
#define OPTION_ERROR 15 /* RFC 8914 */
#define ERROR_TEXT_MAX 100
#define UDP_LEAST 512
#define ANY_TTL 3600

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint8_t *
put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

/* ---- questions ---- */

/* What is being read.  @at never passes @len. */
struct reader {
	const uint8_t *wire;
	size_t len, at;
};

static bool
has(const struct reader *reader, size_t octets)
{
	return reader->len - reader->at >= octets;
}

/* A name, compressed or not; where a pointer leads is not followed. */
static bool
skip_name(struct reader *reader)
{
	while (has(reader, 1)) {
		const uint8_t label = reader->wire[reader->at++];

		if (label == 0)
			return true;
		if (label >= 0xc0) {
			if (!has(reader, 1))
				return false;
			reader->at++;
			return true;
		}
		if (label > 63 || !has(reader, label))
			return false;
		reader->at += label;
	}
	return false;
}

static bool
read_question(struct reader *reader, struct dns_request *request, char *name)
{
	const uint8_t *start = reader->wire + reader->at;
	const size_t len =
	    domain_from_wire(start, reader->len - reader->at, name);

	reader->at += len;
	if (len == 0 || !has(reader, 4))
		return false;
	request->type = get16(reader->wire + reader->at);
	reader->at += 4;
	request->question_len = len + 4;
	memcpy(request->question, start, request->question_len);
	return true;
}

/* Options are not looked at, but they must be some. */
static bool
are_options(const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t option;

		if (len < 4 || (option = get16(data + 2)) > len - 4)
			return false;
		data += 4 + option;
		len -= 4 + option;
	}
	return true;
}

static bool
read_opt(const uint8_t *fixed, struct dns_request *request, uint8_t *version)
{
	const size_t len = get16(fixed + 8);

	if (request->edns || !are_options(fixed + 10, len))
		return false;
	request->edns = true;
	request->udp_size = get16(fixed + 2);
	*version = fixed[5];
	request->dnssec_ok = (fixed[6] & OPT_DO) != 0;
	return true;
}

/* One record; those that say nothing to us are passed over. */
static bool
read_record(struct reader *reader, bool additional, struct dns_request *request,
    uint8_t *version)
{
	const bool is_root = has(reader, 1) && reader->wire[reader->at] == 0;
	const uint8_t *fixed;

	if (!skip_name(reader) || !has(reader, 10))
		return false;
	fixed = reader->wire + reader->at;
	reader->at += 10;
	if (!has(reader, get16(fixed + 8)))
		return false;
	reader->at += get16(fixed + 8);
	if (get16(fixed) != TYPE_OPT)
		return true;
	return additional && is_root && read_opt(fixed, request, version);
}

static bool
read_records(
    struct reader *reader, struct dns_request *request, uint8_t *version)
{
	const unsigned authority = get16(reader->wire + 8);
	const unsigned additional = get16(reader->wire + 10);

	/* IXFR has an SOA there, every other question has nothing. */
	if (get16(reader->wire + 6) != 0 ||
	    (authority != 0 && request->type != TYPE_IXFR))
		return false;
	for (unsigned i = 0; i < authority + additional; i++)
		if (!read_record(reader, i >= authority, request, version))
			return false;
	return reader->at == reader->len;
}

/* Types without records of their own; and RRSIG, the signatures of all types
 * that some server happens to give: nothing could validate such an answer. */
static bool
is_meta(uint16_t type)
{
	return type == 0 || type == TYPE_OPT || type == TYPE_RRSIG ||
	       (type >= TYPE_META_FIRST && type < TYPE_ANY);
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
	if ((request->flags[0] & FLAG_RD) == 0 || get16(class) != CLASS_IN ||
	    is_meta(request->type))
		return refuse(request, DNS_RCODE_REFUSED);
	return request->type == TYPE_ANY ? DNS_ACTION_ANY : DNS_ACTION_LOOK_UP;
}

enum dns_action
dns_message_parse(const uint8_t *wire, size_t len, struct dns_request *request,
    char name[DOMAIN_TEXT_MAX])
{
	struct reader reader = { wire, len, HEADER_LEN };
	uint8_t version = 0;

	memset(request, 0, sizeof(*request));
	request->udp_size = UDP_LEAST;
	name[0] = '\0';
	if (len < HEADER_LEN || (wire[2] & FLAG_QR) != 0)
		return DNS_ACTION_DROP;
	memcpy(request->id, wire, 2);
	memcpy(request->flags, wire + 2, 2);
	/* What follows may be anything. */
	if ((wire[2] & OPCODE) != 0)
		return refuse(request, DNS_RCODE_NOTIMP);
	if (get16(wire + 4) != 1 || !read_question(&reader, request, name))
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

/* Header and question.  @flags: of the third octet. */
static size_t
put_head(const struct dns_request *request, unsigned flags,
    enum dns_rcode rcode, bool authentic, uint8_t *out)
{
	memset(out, 0, HEADER_LEN);
	memcpy(out, request->id, 2);
	out[2] = (uint8_t)(FLAG_QR | flags |
			   (request->flags[0] & (OPCODE | FLAG_RD)));
	out[3] = (uint8_t)(FLAG_RA | (authentic ? FLAG_AD : 0) |
			   (request->flags[1] & FLAG_CD) |
			   ((unsigned)rcode & 0x0fU));
	if (request->question_len > 0)
		out[5] = 1;
	memcpy(out + HEADER_LEN, request->question, request->question_len);
	return HEADER_LEN + request->question_len;
}

/* Octets of our OPT with this error. */
static size_t
opt_len(
    const struct dns_request *request, enum dns_error error, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (!request->edns)
		return 0;
	if (error == DNS_ERROR_NONE)
		return OPT_LEN;
	if (len > ERROR_TEXT_MAX)
		len = ERROR_TEXT_MAX;
	return OPT_LEN + 6 + len;
}

/* Appends it, the only record of the additional section. */
static size_t
put_opt(const struct dns_request *request, enum dns_rcode rcode,
    enum dns_error error, const char *text, uint8_t *out, size_t len)
{
	const size_t opt = opt_len(request, error, text);
	uint8_t *at = out + len;

	if (opt == 0)
		return len;
	out[11] = 1;
	*at++ = 0;
	at = put16(at, TYPE_OPT);
	at = put16(at, DNS_MESSAGE_UDP_MAX);
	*at++ = (uint8_t)((unsigned)rcode >> 4);
	*at++ = 0; /* version */
	at = put16(at, request->dnssec_ok ? OPT_DO << 8 : 0);
	at = put16(at, (unsigned)(opt - OPT_LEN));
	if (error != DNS_ERROR_NONE) {
		at = put16(at, OPTION_ERROR);
		at = put16(at, (unsigned)(opt - OPT_LEN - 4));
		at = put16(at, (unsigned)error);
		if (text != NULL)
			memcpy(at, text, opt - OPT_LEN - 6);
	}
	return len + opt;
}

/* Header, question, OPT: at most 12 + 259 + 11 + 106 octets. */
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
	static const uint8_t record[] = { 0xc0, HEADER_LEN, 0, 13, 0, CLASS_IN,
		0, 0, ANY_TTL >> 8, ANY_TTL & 0xff, 0, 9, 7, 'R', 'F', 'C', '8',
		'4', '8', '2', 0 };
	size_t len = put_head(request, 0, DNS_RCODE_NOERROR, false, out);

	(void)size;
	memcpy(out + len, record, sizeof(record));
	out[7] = 1;
	return put_opt(request, DNS_RCODE_NOERROR, DNS_ERROR_NONE, NULL, out,
	    len + sizeof(record));
}

/* RFC 4035 section 3.2.1: what only those shall see who asked for it. */
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

/* Moves what this client shall see.  Returns 0, or -1 when out of memory. */
static int
move_section(const struct dns_request *request, ldns_rr_list *from,
    ldns_pkt_section section, ldns_pkt *to)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(from); i++) {
		ldns_rr *rr = ldns_rr_list_rr(from, i);
		const ldns_rr_type type = ldns_rr_get_type(rr);

		if (!request->dnssec_ok && is_dnssec(type) &&
		    (section != LDNS_SECTION_ANSWER ||
			(uint16_t)type != request->type))
			continue;
		if (!ldns_pkt_push_rr(to, section, rr))
			return -1;
		ldns_rr_list_set_rr(from, NULL, i);
	}
	return 0;
}

/* The records of all parts and their question.  NULL when out of memory or
 * where a part can't be read. */
static ldns_pkt *
collect(const struct dns_request *request, const struct dns_answer *answer)
{
	ldns_pkt *packet = ldns_pkt_new();
	ldns_rr *question = NULL;
	size_t at = 0;
	int error = 0;

	if (packet == NULL)
		return NULL;
	if (ldns_wire2rr(&question, request->question, request->question_len,
		&at, LDNS_SECTION_QUESTION) != LDNS_STATUS_OK ||
	    !ldns_pkt_push_rr(packet, LDNS_SECTION_QUESTION, question)) {
		ldns_rr_free(question);
		error = -1;
	}
	for (size_t i = 0; error == 0 && i < answer->part_count; i++) {
		ldns_pkt *part =
		    packet_parse(answer->parts[i].wire, answer->parts[i].len);

		error = part == NULL ||
			move_section(request, ldns_pkt_answer(part),
			    LDNS_SECTION_ANSWER, packet) == -1 ||
			move_section(request, ldns_pkt_authority(part),
			    LDNS_SECTION_AUTHORITY, packet) == -1;
		ldns_pkt_free(part);
	}
	if (error == 0)
		return packet;
	ldns_pkt_free(packet);
	return NULL;
}

/* AD: the client wants to know, and each link of the chain was validated. */
static bool
is_authentic(const struct dns_request *request, const struct dns_answer *answer)
{
	return (request->dnssec_ok || (request->flags[1] & FLAG_AD) != 0) &&
	       answer->security == DNS_SECURE && answer->status != DNS_FAILED &&
	       (answer->rung == DNS_RUNG_VALIDATED ||
		   answer->rung == DNS_RUNG_FRESH);
}

static size_t
put_records(const struct dns_request *request, const struct dns_answer *answer,
    uint8_t *out, size_t size)
{
	const struct dns_part *last = &answer->parts[answer->part_count - 1];
	const enum dns_rcode rcode = (enum dns_rcode)(last->wire[3] & 0x0fU);
	const size_t opt = opt_len(request, DNS_ERROR_NONE, NULL);
	const bool authentic = is_authentic(request, answer);
	ldns_pkt *packet = collect(request, answer);
	uint8_t *wire = NULL, counts[4];
	size_t len;

	if (packet == NULL ||
	    ldns_pkt2wire(&wire, packet, &len) != LDNS_STATUS_OK ||
	    len + opt > size) {
		/* TC, and over TCP again; there all of it has room. */
		const bool failed = wire == NULL;

		ldns_pkt_free(packet);
		free(wire);
		if (failed)
			return dns_message_error(request, DNS_RCODE_SERVFAIL,
			    DNS_ERROR_OTHER, "the answer can't be written", out,
			    size);
		len = put_head(request, FLAG_TC, rcode, false, out);
		return put_opt(request, rcode, DNS_ERROR_NONE, NULL, out, len);
	}
	ldns_pkt_free(packet);
	memcpy(out, wire, len);
	free(wire);
	/* libldns has written the records; what stands before them is ours. */
	memcpy(counts, out + 6, sizeof(counts));
	put_head(request, 0, rcode, authentic, out);
	memcpy(out + 6, counts, sizeof(counts));
	return put_opt(request, rcode, DNS_ERROR_NONE, NULL, out, len);
}

static enum dns_error
error_of(const struct dns_answer *answer)
{
	static const char no_trust[] = "no trust path";

	if (answer->security == DNS_BOGUS)
		return DNS_ERROR_BOGUS;
	if (answer->why == NULL ||
	    strncmp(answer->why, no_trust, sizeof(no_trust) - 1) == 0)
		return DNS_ERROR_OTHER;
	/* Proven insecure: all servers were asked, none had the data. */
	return answer->security == DNS_INSECURE ? DNS_ERROR_UNREACHABLE
						: DNS_ERROR_NETWORK;
}

size_t
dns_message_answer(const struct dns_request *request,
    const struct dns_answer *answer, uint8_t *out, size_t size)
{
	const bool unchecked = (request->flags[1] & FLAG_CD) != 0;

	if (answer->part_count > 0 &&
	    (answer->status != DNS_FAILED || unchecked))
		return put_records(request, answer, out, size);
	return dns_message_error(request, DNS_RCODE_SERVFAIL, error_of(answer),
	    answer->why, out, size);
}

enum dns_rcode
dns_message_rcode(const uint8_t *wire)
{
	return (enum dns_rcode)(wire[3] & 0x0fU);
}

bool
dns_message_is_truncated(const uint8_t *wire)
{
	return (wire[2] & FLAG_TC) != 0;
}

bool
dns_message_is_authentic(const uint8_t *wire)
{
	return (wire[3] & FLAG_AD) != 0;
}
