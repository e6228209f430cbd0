/* packet.c - what a DNS message says about one question. */

#include "dns/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/writer.h"

/* ---- reading ---- */

#define HEADER_LEN 12
#define QUESTION_FIXED 4 /* type, class */
#define RECORD_FIXED 10  /* type, class, TTL, length of RDATA */

/* The offset behind the name at @at; 0 where it is cut off. */
static size_t
skip_name(const uint8_t *wire, size_t len, size_t at)
{
	while (at < len) {
		const uint8_t label = wire[at];

		if ((label & 0xc0U) == 0xc0U)
			return at + 2 <= len ? at + 2 : 0;
		if (label == 0)
			return at + 1;
		at += 1U + label;
	}
	return 0;
}

/* Whether @rr has all fields that an RDATA of @rdlength octets has room for: a
 * name takes at least one octet, and what is behind the last field of its type
 * is none. */
static bool
is_whole(const ldns_rr *rr, size_t rdlength)
{
	const ldns_rr_descriptor *type =
	    ldns_rr_descript((uint16_t)ldns_rr_get_type(rr));
	const size_t count = ldns_rr_rd_count(rr);
	bool names = false;
	size_t octets = 0;

	for (size_t i = 0; i < count; i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		if (rdf == NULL)
			return false;
		octets += ldns_rdf_size(rdf);
		names |= ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME;
	}
	if (names) /* compressed or not: all of them, and what is beside */
		return count >= ldns_rr_descriptor_minimum(type);
	return count >= ldns_rr_descriptor_maximum(type) || octets >= rdlength;
}

static bool
section_is_whole(const ldns_rr_list *list, size_t count, const uint8_t *wire,
    size_t len, size_t *at)
{
	size_t rdlength;

	for (size_t i = 0; i < count; i++) {
		*at = skip_name(wire, len, *at);
		if (*at == 0 || len - *at < RECORD_FIXED)
			return false;
		rdlength = (size_t)wire[*at + 8] << 8 | wire[*at + 9];
		*at += RECORD_FIXED;
		if (rdlength > len - *at || i >= ldns_rr_list_rr_count(list) ||
		    !is_whole(ldns_rr_list_rr(list, i), rdlength))
			return false;
		*at += rdlength;
	}
	return true;
}

/*
 * Where memory is short, libldns leaves a field out in silence: MX without its
 * preference is no host, TLSA without its usage another policy.  So what it
 * has read is held against the message, as far as we use it.
 */
static bool
packet_is_whole(const ldns_pkt *packet, const uint8_t *wire, size_t len)
{
	size_t at = HEADER_LEN;
	const size_t questions = (size_t)wire[4] << 8 | wire[5];

	for (size_t i = 0; i < questions; i++) {
		at = skip_name(wire, len, at);
		if (at == 0 || len - at < QUESTION_FIXED)
			return false;
		at += QUESTION_FIXED;
	}
	return section_is_whole(ldns_pkt_answer(packet),
		   (size_t)wire[6] << 8 | wire[7], wire, len, &at) &&
	       section_is_whole(ldns_pkt_authority(packet),
		   (size_t)wire[8] << 8 | wire[9], wire, len, &at);
}

ldns_pkt *
packet_parse(const uint8_t *wire, size_t len)
{
	ldns_pkt *packet = NULL;

	if (ldns_wire2pkt(&packet, wire, len) != LDNS_STATUS_OK)
		return NULL;
	if (packet_is_whole(packet, wire, len))
		return packet;
	ldns_pkt_free(packet);
	return NULL;
}

/* ---- names ---- */

int
packet_name(const ldns_rdf *rdf, char text[DOMAIN_TEXT_MAX])
{
	if (rdf == NULL || ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME ||
	    domain_from_wire(ldns_rdf_data(rdf), ldns_rdf_size(rdf), text) == 0)
		return -1;
	return 0;
}

int
packet_owner(const ldns_rr *rr, char text[DOMAIN_TEXT_MAX])
{
	return packet_name(ldns_rr_owner(rr), text);
}

int
packet_substitute(const char *name, const char *owner, const char *target,
    char out[DOMAIN_TEXT_MAX])
{
	char joined[2 * DOMAIN_TEXT_MAX];
	size_t prefix;

	if (!domain_is_within(name, owner) || domain_equal(name, owner))
		return -1;
	/* "a.b.owner" without "owner": "a.b." */
	prefix = strlen(name) - (strcmp(owner, ".") == 0 ? 0 : strlen(owner));
	snprintf(joined, sizeof(joined), "%.*s%s%s", (int)prefix, name,
	    strcmp(owner, ".") == 0 ? "." : "",
	    strcmp(target, ".") == 0 ? "" : target);
	return domain_normalize(joined, out);
}

static void
lower_ttl(uint32_t *ttl, uint32_t other)
{
	if (other < *ttl)
		*ttl = other;
}

static bool
is_at(const ldns_rr *rr, ldns_rr_type type, const char *name)
{
	char owner[DOMAIN_TEXT_MAX];

	return ldns_rr_get_type(rr) == type &&
	       ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	       packet_owner(rr, owner) == 0 && domain_equal(owner, name);
}

static const ldns_rr *
find_at(const ldns_rr_list *list, ldns_rr_type type, const char *name)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (is_at(rr, type, name))
			return rr;
	}
	return NULL;
}

/* Follow the aliases from the question; facts->rname is where they end. */
static int
follow_aliases(
    const ldns_rr_list *answer, uint16_t qtype, struct packet_facts *facts)
{
	const ldns_rr *alias;

	if (qtype == DNS_TYPE_CNAME)
		return 0;
	while ((alias = find_at(answer, LDNS_RR_TYPE_CNAME, facts->rname)) !=
	       NULL) {
		if (++facts->aliases > PACKET_ALIASES_MAX ||
		    packet_name(ldns_rr_rdf(alias, 0), facts->rname) == -1)
			return -1;
		if (facts->aliases == 1)
			memcpy(facts->first_target, facts->rname,
			    sizeof(facts->rname));
		lower_ttl(&facts->ttl, ldns_rr_ttl(alias));
	}
	return 0;
}

/* The RDATA in wire format, in memory of its own. */
static int
copy_rdata(const ldns_rr *rr, struct dns_rdata *to)
{
	size_t len = 0, at = 0;
	uint8_t *data;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		len += ldns_rdf_size(ldns_rr_rdf(rr, i));
	if ((data = malloc(len > 0 ? len : 1)) == NULL)
		return -1;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *rdf = ldns_rr_rdf(rr, i);

		if (ldns_rdf_size(rdf) > 0)
			memcpy(
			    data + at, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
		at += ldns_rdf_size(rdf);
	}
	to->data = data;
	to->len = len;
	return 0;
}

static int
collect_records(
    const ldns_rr_list *answer, uint16_t qtype, struct packet_facts *facts)
{
	size_t most = ldns_rr_list_rr_count(answer);

	if (most == 0)
		return 0;
	if ((facts->rdata = calloc(most, sizeof(*facts->rdata))) == NULL)
		return -1;
	for (size_t i = 0; i < most; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (!is_at(rr, (ldns_rr_type)qtype, facts->rname)) {
			facts->has_stray |=
			    (uint16_t)ldns_rr_get_type(rr) == qtype;
			continue;
		}
		if (copy_rdata(rr, &facts->rdata[facts->rdata_count]) == -1)
			return -1;
		facts->rdata_count++;
		lower_ttl(&facts->ttl, ldns_rr_ttl(rr));
	}
	return 0;
}

/* How long a denial may be kept: RFC 2308 section 5, and RFC 9077 for the
 * NSEC records. */
static void
read_denial(const ldns_rr_list *authority, struct packet_facts *facts)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);
		const ldns_rdf *minimum;

		switch (ldns_rr_get_type(rr)) {
		case LDNS_RR_TYPE_SOA:
			facts->soa = true;
			minimum = ldns_rr_rdf(rr, 6);
			if (minimum != NULL && ldns_rdf_size(minimum) == 4)
				lower_ttl(&facts->ttl,
				    ldns_rdf2native_int32(minimum));
			lower_ttl(&facts->ttl, ldns_rr_ttl(rr));
			break;
		case LDNS_RR_TYPE_NSEC:
		case LDNS_RR_TYPE_NSEC3:
			lower_ttl(&facts->ttl, ldns_rr_ttl(rr));
			break;
		default:
			break;
		}
	}
}

int
packet_facts(const ldns_pkt *packet, const char *qname, uint16_t qtype,
    struct packet_facts *facts)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);
	const ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);

	memset(facts, 0, sizeof(*facts));
	facts->ttl = UINT32_MAX;
	snprintf(facts->rname, sizeof(facts->rname), "%s", qname);
	if (follow_aliases(answer, qtype, facts) == -1 ||
	    collect_records(answer, qtype, facts) == -1) {
		packet_facts_clear(facts);
		return -1;
	}

	/* A DNAME makes the name too long: there can be none (RFC 6672). */
	if (rcode == LDNS_RCODE_NXDOMAIN || rcode == LDNS_RCODE_YXDOMAIN)
		facts->status = DNS_NXDOMAIN;
	else if (rcode == LDNS_RCODE_NOERROR)
		facts->status = facts->rdata_count > 0 ? DNS_OK : DNS_NODATA;
	if (facts->status == DNS_NXDOMAIN || facts->status == DNS_NODATA)
		read_denial(ldns_pkt_authority(packet), facts);
	if (facts->ttl == UINT32_MAX)
		facts->ttl = 0;
	return 0;
}

void
packet_facts_clear(struct packet_facts *facts)
{
	for (size_t i = 0; i < facts->rdata_count; i++)
		free((void *)(uintptr_t)facts->rdata[i].data);
	free(facts->rdata);
	memset(facts, 0, sizeof(*facts));
}

static int
keep_record(ldns_pkt *packet, const ldns_rr *rr, uint32_t ttl)
{
	ldns_rr *copy = ldns_rr_clone(rr);

	if (copy == NULL)
		return -1;
	if (ldns_rr_ttl(copy) > ttl)
		ldns_rr_set_ttl(copy, ttl);
	if (ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, copy))
		return 0;
	ldns_rr_free(copy);
	return -1;
}

/* The DNAME that makes @name too long (RFC 6672 section 2.2). */
static bool
denies_by_dname(const ldns_pkt *packet, const ldns_rr *rr, const char *name)
{
	char owner[DOMAIN_TEXT_MAX];

	return ldns_pkt_get_rcode(packet) == LDNS_RCODE_YXDOMAIN &&
	       ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME &&
	       packet_owner(rr, owner) == 0 && domain_is_within(name, owner);
}

int
packet_extract(const ldns_pkt *packet, const char *name, uint16_t type,
    uint32_t ttl, uint8_t **wire, size_t *len)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);
	ldns_pkt *extract = ldns_pkt_new();
	int result = 0;

	if (extract == NULL)
		return -1;
	ldns_pkt_set_qr(extract, true);
	ldns_pkt_set_rcode(extract, (uint8_t)ldns_pkt_get_rcode(packet));
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (is_at(rr, (ldns_rr_type)type, name) ||
		    is_at(rr, LDNS_RR_TYPE_CNAME, name) ||
		    denies_by_dname(packet, rr, name))
			result |= keep_record(extract, rr, ttl);
	}
	if (result == 0)
		result = writer_packet(extract, wire, len);
	ldns_pkt_free(extract);
	return result;
}

int
packet_alias(const char *name, const char *target, uint32_t ttl, uint8_t **wire,
    size_t *len)
{
	static const uint8_t header[] = { 0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0,
		0 };
	uint8_t owner[DOMAIN_WIRE_MAX], rdata[DOMAIN_WIRE_MAX];
	const size_t owner_len = domain_to_wire(name, owner);
	const size_t rdata_len = domain_to_wire(target, rdata);
	const uint8_t fixed[] = { 0, DNS_TYPE_CNAME, 0, LDNS_RR_CLASS_IN,
		(uint8_t)(ttl >> 24), (uint8_t)(ttl >> 16), (uint8_t)(ttl >> 8),
		(uint8_t)ttl, 0, (uint8_t)rdata_len };
	uint8_t *at;

	if (owner_len == 0 || rdata_len == 0)
		return -1;
	*len = sizeof(header) + owner_len + sizeof(fixed) + rdata_len;
	if ((at = *wire = malloc(*len)) == NULL)
		return -1;
	memcpy(at, header, sizeof(header));
	memcpy(at += sizeof(header), owner, owner_len);
	memcpy(at += owner_len, fixed, sizeof(fixed));
	memcpy(at + sizeof(fixed), rdata, rdata_len);
	return 0;
}
