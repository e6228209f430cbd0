/* packet.c - what a DNS message says about one question. */

#include "dns/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/packet_writer.h"
#include "dns/wire.h"

/* ---- reading ---- */

/* Whether @rr has all fields that an RDATA of @rdlength octets must have: a
 * name takes at least one octet, and no type has octets after its last
 * field. */
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
	if (names) /* possibly compressed: all names, and the other fields */
		return count >= ldns_rr_descriptor_minimum(type);
	return count >= ldns_rr_descriptor_maximum(type) || octets >= rdlength;
}

static bool
section_is_whole(const ldns_rr_list *list, size_t count, const uint8_t *wire,
    size_t len, size_t *at)
{
	size_t rdlength;

	for (size_t i = 0; i < count; i++) {
		*at = wire_skip_name(wire, len, *at);
		if (*at == 0 || len - *at < WIRE_RECORD_FIXED)
			return false;
		rdlength = wire_get16(wire + *at + 8);
		*at += WIRE_RECORD_FIXED;
		if (rdlength > len - *at || i >= ldns_rr_list_rr_count(list) ||
		    !is_whole(ldns_rr_list_rr(list, i), rdlength))
			return false;
		*at += rdlength;
	}
	return true;
}

/*
 * When memory is short, libldns silently leaves out fields.  An MX without its
 * preference would have no host, and a TLSA without its usage would be another
 * policy.  So its result is compared with the message, as far as we use it.
 */
static bool
packet_is_whole(const ldns_pkt *packet, const uint8_t *wire, size_t len)
{
	size_t at = WIRE_HEADER_LEN;
	const size_t questions = wire_get16(wire + 4);

	for (size_t i = 0; i < questions; i++) {
		at = wire_skip_name(wire, len, at);
		if (at == 0 || len - at < WIRE_QUESTION_FIXED)
			return false;
		at += WIRE_QUESTION_FIXED;
	}
	return section_is_whole(ldns_pkt_answer(packet), wire_get16(wire + 6),
		   wire, len, &at) &&
	       section_is_whole(ldns_pkt_authority(packet),
		   wire_get16(wire + 8), wire, len, &at);
}

/* ---- compression pointers ---- */

#define POINTERS_REACH (WIRE_POINTER_TARGET + 1U)
#define HOPS_UNKNOWN 0xffU
#define HOPS_ON_THE_WAY 0xfeU

/* Where a name continues after the part at @at; @len where it ends there. */
static size_t
next_part(const uint8_t *wire, size_t len, size_t at)
{
	const uint8_t label = wire[at];
	size_t next = len;

	if (wire_is_pointer(label) && at + 1 < len)
		next = wire_get16(wire + at) & WIRE_POINTER_TARGET;
	else if (label > 0 && label <= WIRE_LABEL_MAX)
		next = at + 1U + label;
	return next < len ? next : len;
}

/*
 * Whether a name at @at would follow more than PACKET_POINTERS_MAX pointers.
 * @hops holds the number of pointers from each offset, as far as it is known;
 * the offsets on the way are added.  In a loop each pointer counts once: a name
 * with a loop is the last that is read.
 */
static bool
has_long_way(const uint8_t *wire, size_t len, size_t at, uint8_t *hops)
{
	unsigned count = 0;
	size_t i;

	for (i = at; i < len && hops[i] == HOPS_UNKNOWN;
	     i = next_part(wire, len, i)) {
		hops[i] = HOPS_ON_THE_WAY;
		count += wire_is_pointer(wire[i]);
	}
	if (i < len && hops[i] != HOPS_ON_THE_WAY)
		count += hops[i];
	if (count > PACKET_POINTERS_MAX)
		return true;
	for (i = at; i < len && hops[i] == HOPS_ON_THE_WAY;
	     i = next_part(wire, len, i)) {
		hops[i] = (uint8_t)count;
		count -= wire_is_pointer(wire[i]);
	}
	return false;
}

bool
packet_has_few_pointers(const uint8_t *wire, size_t len)
{
	/* A name that a pointer leads to can't extend beyond this. */
	uint8_t hops[POINTERS_REACH + DOMAIN_WIRE_MAX];

	if (len > sizeof(hops))
		len = sizeof(hops);
	memset(hops, HOPS_UNKNOWN, sizeof(hops));
	for (size_t at = 0; at < len && at < POINTERS_REACH; at++)
		if (hops[at] == HOPS_UNKNOWN &&
		    has_long_way(wire, len, at, hops))
			return false;
	return true;
}

ldns_pkt *
packet_parse(const uint8_t *wire, size_t len)
{
	ldns_pkt *packet = NULL;

	if (!packet_has_few_pointers(wire, len) ||
	    ldns_wire2pkt(&packet, wire, len) != LDNS_STATUS_OK)
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

/* For comparisons, without converting each record's owner to text. */
struct wire_name {
	uint8_t octet[DOMAIN_WIRE_MAX];
	size_t len; /* 0: equal to none */
};

static struct wire_name
wire_name(const char *name)
{
	struct wire_name wire;

	wire.len = domain_to_wire(name, wire.octet);
	return wire;
}

static bool
is_named(const ldns_rdf *rdf, const uint8_t *name, size_t len)
{
	return rdf != NULL && ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME &&
	       len != 0 && ldns_rdf_size(rdf) == len &&
	       domain_wire_equal(ldns_rdf_data(rdf), name, len);
}

static bool
is_at(const ldns_rr *rr, ldns_rr_type type, const struct wire_name *name)
{
	return ldns_rr_get_type(rr) == type &&
	       ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	       is_named(ldns_rr_owner(rr), name->octet, name->len);
}

static const ldns_rr *
find_alias(const ldns_rr_list *list, const char *text)
{
	const struct wire_name name = wire_name(text);

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (is_at(rr, LDNS_RR_TYPE_CNAME, &name))
			return rr;
	}
	return NULL;
}

/* Each link of the chain is searched among all of them. */
static bool
has_many_aliases(const ldns_rr_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) ==
		    LDNS_RR_TYPE_CNAME)
			count++;
	return count > PACKET_CNAMES_MAX;
}

/* Follows the aliases from the question; facts->rname is set to the last
 * name. */
static int
follow_aliases(
    const ldns_rr_list *answer, uint16_t qtype, struct packet_facts *facts)
{
	const ldns_rr *alias;

	if (qtype == DNS_TYPE_CNAME)
		return 0;
	if (has_many_aliases(answer))
		return -1;
	while ((alias = find_alias(answer, facts->rname)) != NULL) {
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

/* The RDATA in wire format, newly allocated. */
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

/* A DNAME may have made one of the aliases. */
static bool
is_stray(const ldns_rr *rr, uint16_t qtype, const struct packet_facts *facts)
{
	return (uint16_t)ldns_rr_get_type(rr) == qtype &&
	       (qtype != DNS_TYPE_DNAME || facts->aliases == 0);
}

static int
collect_records(
    const ldns_rr_list *answer, uint16_t qtype, struct packet_facts *facts)
{
	const struct wire_name rname = wire_name(facts->rname);
	size_t most = ldns_rr_list_rr_count(answer);

	if (most == 0)
		return 0;
	if ((facts->rdata = calloc(most, sizeof(*facts->rdata))) == NULL)
		return -1;
	for (size_t i = 0; i < most; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (!is_at(rr, (ldns_rr_type)qtype, &rname)) {
			facts->has_stray |= is_stray(rr, qtype, facts);
			continue;
		}
		if (copy_rdata(rr, &facts->rdata[facts->rdata_count]) == -1)
			return -1;
		facts->rdata_count++;
		lower_ttl(&facts->ttl, ldns_rr_ttl(rr));
	}
	return 0;
}

/* How long a denial may be kept: RFC 2308 section 5, and RFC 9077 for its NSEC
 * records. */
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

	/* A DNAME makes the name too long: it can't exist (RFC 6672). */
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
keep_record(
    ldns_pkt *packet, ldns_pkt_section section, const ldns_rr *rr, uint32_t ttl)
{
	ldns_rr *copy = ldns_rr_clone(rr);

	if (copy == NULL)
		return -1;
	if (ldns_rr_ttl(copy) > ttl)
		ldns_rr_set_ttl(copy, ttl);
	if (ldns_pkt_push_rr(packet, section, copy))
		return 0;
	ldns_rr_free(copy);
	return -1;
}

/* The DNAME that makes @name too long (RFC 6672 section 2.2). */
static bool
denies_by_dname(
    const ldns_pkt *packet, const ldns_rr *rr, const struct wire_name *name)
{
	if (ldns_pkt_get_rcode(packet) != LDNS_RCODE_YXDOMAIN ||
	    ldns_rr_get_type(rr) != LDNS_RR_TYPE_DNAME)
		return false;
	for (size_t at = 0; at < name->len; at += 1U + name->octet[at])
		if (is_named(
			ldns_rr_owner(rr), name->octet + at, name->len - at))
			return true;
	return false;
}

static int
keep_answer(const ldns_pkt *packet, const char *text, uint16_t type,
    uint32_t ttl, ldns_pkt *extract)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);
	const struct wire_name name = wire_name(text);
	int result = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (is_at(rr, (ldns_rr_type)type, &name) ||
		    is_at(rr, LDNS_RR_TYPE_CNAME, &name) ||
		    denies_by_dname(packet, rr, &name))
			result |=
			    keep_record(extract, LDNS_SECTION_ANSWER, rr, ttl);
	}
	return result;
}

static int
keep_soa(const ldns_pkt *packet, ldns_pkt *extract)
{
	const ldns_rr_list *authority = ldns_pkt_authority(packet);

	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA)
			return keep_record(
			    extract, LDNS_SECTION_AUTHORITY, rr, UINT32_MAX);
	}
	return 0;
}

static int
extract(const ldns_pkt *packet, const char *name, uint16_t type, uint32_t ttl,
    bool with_soa, uint8_t **wire, size_t *len)
{
	ldns_pkt *kept = ldns_pkt_new();
	int result = -1;

	if (kept == NULL)
		return -1;
	ldns_pkt_set_qr(kept, true);
	ldns_pkt_set_rcode(kept, (uint8_t)ldns_pkt_get_rcode(packet));
	if (keep_answer(packet, name, type, ttl, kept) == 0 &&
	    (!with_soa || keep_soa(packet, kept) == 0))
		result = packet_writer_packet(kept, wire, len);
	ldns_pkt_free(kept);
	return result;
}

int
packet_extract(const ldns_pkt *packet, const char *name, uint16_t type,
    uint32_t ttl, uint8_t **wire, size_t *len)
{
	return extract(packet, name, type, ttl, false, wire, len);
}

int
packet_extract_with_soa(const ldns_pkt *packet, const char *name, uint16_t type,
    uint8_t **wire, size_t *len)
{
	return extract(packet, name, type, UINT32_MAX, true, wire, len);
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
