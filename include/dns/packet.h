/*
 * packet.h - what a DNS message says about one question.  Pure: bytes in, facts
 * out.  libldns parses the message.
 */
#ifndef DNS_PACKET_H
#define DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "base/domain.h"
#include "dns/answer.h"

#define PACKET_ALIASES_MAX 12 /* links of a chain that are followed */
#define PACKET_CNAMES_MAX 64  /* in an answer, in the chain or not */
/* Compression pointers that one name may follow.  Ordinary messages have at
 * most one pointer per label, plus one to the root. */
#define PACKET_POINTERS_MAX 128

struct packet_facts {
	enum dns_status status; /* FAILED unless the rcode is 0, 3 or 6 */
	bool soa;               /* the authority section has an SOA */
	unsigned aliases;       /* links from the question to rname */
	char first_target[DOMAIN_TEXT_MAX]; /* of the alias at the question's
					     * name; "" where there is none */
	char rname[DOMAIN_TEXT_MAX];        /* the name after aliases */
	uint32_t ttl; /* seconds: the minimum over the chain and the records;
		       * for a denial, RFC 2308 section 5; 0 if unknown */
	struct dns_rdata *rdata; /* of the queried type, at rname */
	size_t rdata_count;
	bool has_stray; /* the answer has records of the type that the alias
			 * chain of the question does not lead to; a DNAME
			 * beside an alias may be what has made it */
};

/*
 * Whether no name in a message, wherever it begins, follows more than
 * PACKET_POINTERS_MAX pointers.  libldns follows any number, thousands in a
 * row, again for each name.  Takes linear time.
 */
bool packet_has_few_pointers(const uint8_t *wire, size_t len);

/* NULL when the bytes are not a DNS message, or a name follows too many
 * pointers.  Free with ldns_pkt_free(). */
ldns_pkt *packet_parse(const uint8_t *wire, size_t len);

/*
 * Read the answer to (@qname, @qtype) from @packet.  @qname: text form of
 * base/domain.h.  Only records that the alias chain of the question leads to
 * count.
 * Returns 0; or -1 when out of memory, when the chain is too long or a loop, or
 * when the answer has more than PACKET_CNAMES_MAX aliases.
 * Free with packet_facts_clear().
 */
int packet_facts(const ldns_pkt *packet, const char *qname, uint16_t qtype,
    struct packet_facts *facts);
void packet_facts_clear(struct packet_facts *facts);

/* A domain name inside a record, in our text form.  Returns 0, or -1. */
int packet_name(const ldns_rdf *rdf, char text[DOMAIN_TEXT_MAX]);
/* The owner of a record.  Returns 0, or -1. */
int packet_owner(const ldns_rr *rr, char text[DOMAIN_TEXT_MAX]);

/*
 * Substitute a DNAME: @owner above @name becomes @target (RFC 6672).
 * Returns 0, or -1 when the result is too long or @owner is not above @name.
 */
int packet_substitute(const char *name, const char *owner, const char *target,
    char out[DOMAIN_TEXT_MAX]);

/*
 * The answer in @packet without any unrelated records: a message with its rcode
 * and, from the answer section, @name's records of @type and its alias (with
 * YXDOMAIN, the DNAME), with no TTL above @ttl.
 * Returns 0 with memory to free() in @wire, or -1.
 */
int packet_extract(const ldns_pkt *packet, const char *name, uint16_t type,
    uint32_t ttl, uint8_t **wire, size_t *len);

/* The same, with the SOA of a denial, and the TTLs unchanged: everything that
 * packet_facts() needs, except what follows an alias. */
int packet_extract_with_soa(const ldns_pkt *packet, const char *name,
    uint16_t type, uint8_t **wire, size_t *len);

/* A message with one CNAME, as synthesized from a DNAME.  Returns as above. */
int packet_alias(const char *name, const char *target, uint32_t ttl,
    uint8_t **wire, size_t *len);

#endif /* DNS_PACKET_H */
