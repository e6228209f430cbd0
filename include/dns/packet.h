/*
 * packet.h - what a DNS message says about one question.  Pure: bytes in,
 * facts out; libldns takes the message apart.
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
#define PACKET_CNAMES_MAX 64  /* of an answer, whatever they lead to */
/* That one name follows.  Each leads to another label, or the root, in what
 * anybody writes, and a name has no more of them. */
#define PACKET_POINTERS_MAX 128

struct packet_facts {
	enum dns_status status; /* FAILED unless the rcode is 0, 3 or 6 */
	bool soa;               /* the authority section has an SOA */
	unsigned aliases;       /* links from the question to rname */
	char first_target[DOMAIN_TEXT_MAX]; /* of the alias at the question's
					     * name; "" where there is none */
	char rname[DOMAIN_TEXT_MAX];        /* the name after aliases */
	uint32_t ttl; /* seconds: the shortest of chain and records; of a
		       * denial, RFC 2308 section 5; 0 where nothing says */
	struct dns_rdata *rdata; /* of the type asked for, at rname */
	size_t rdata_count;
	bool has_stray; /* records of the type that the question's chain of
			 * aliases does not lead to */
};

/*
 * Whether no name in a message, wherever it may be, follows more pointers than
 * PACKET_POINTERS_MAX.  libldns follows all that there are, thousands in a row
 * and for each name anew.  In linear time.
 */
bool packet_has_few_pointers(const uint8_t *wire, size_t len);

/* NULL when the bytes are no DNS message, or one with names that have more
 * pointers.  Free with ldns_pkt_free(). */
ldns_pkt *packet_parse(const uint8_t *wire, size_t len);

/*
 * Read the answer to (@qname, @qtype) out of @packet.  @qname: text form of
 * base/domain.h.  Only records that are reached from the question by its own
 * chain of aliases count.
 * Returns 0, or -1 when out of memory, or the chain is too long or a loop, or
 * the answer has more than PACKET_CNAMES_MAX aliases.
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
 * The answer in @packet without what else its sender put there: a message with
 * its rcode and, of its answer section, @name's records of @type and its
 * alias (with YXDOMAIN, the DNAME), no TTL above @ttl.
 * Returns 0 with memory to free() in @wire, or -1.
 */
int packet_extract(const ldns_pkt *packet, const char *name, uint16_t type,
    uint32_t ttl, uint8_t **wire, size_t *len);

/* The same, with the SOA of a denial, and the TTLs as they are: all that
 * packet_facts() has to say of it, but what is behind an alias. */
int packet_extract_with_soa(const ldns_pkt *packet, const char *name,
    uint16_t type, uint8_t **wire, size_t *len);

/* A message that holds one alias, as a DNAME makes it.  Returns as above. */
int packet_alias(const char *name, const char *target, uint32_t ttl,
    uint8_t **wire, size_t *len);

#endif /* DNS_PACKET_H */
