/*
 * answer.h - the result of one DNS lookup, and how far it can be trusted.
 *
 * The zero value of every enum is the cautious one, so zeroed memory can never
 * pass for an authenticated answer.  An answer does not change once it has been
 * handed out; it is shared by reference counting.  Pure: packets in, facts out.
 */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The RR types that we query: IANA numbers, host order. */
enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_DNAME = 39,
	DNS_TYPE_DS = 43,
	DNS_TYPE_DNSKEY = 48,
	DNS_TYPE_TLSA = 52
};

enum dns_status {
	DNS_FAILED = 0, /* no data and no denial; may be temporary */
	DNS_OK,         /* records present */
	DNS_NODATA,     /* the name exists, the type does not */
	DNS_NXDOMAIN
};

/*
 * RFC 4033 section 5.  INSECURE is only used where a reason was found
 * (docs/design.md, "2. The proof").  Together with DNS_FAILED it means: proven
 * insecure, but the data could not be obtained.
 */
enum dns_security {
	DNS_INDETERMINATE = 0,
	DNS_BOGUS,
	DNS_INSECURE,
	DNS_SECURE
};

/* How the answer was obtained. */
enum dns_rung {
	DNS_RUNG_NONE = 0,  /* not obtained */
	DNS_RUNG_VALIDATED, /* libunbound */
	DNS_RUNG_FRESH,     /* libunbound, repeated with empty caches */
	DNS_RUNG_PROOF,     /* proven insecure, and only that was needed */
	DNS_RUNG_PLAIN      /* proven insecure, data by plain DNS */
};

/* One RDATA: wire format, uncompressed.  Owned by the answer. */
struct dns_rdata {
	const uint8_t *data;
	size_t len;
};

/*
 * A DNS message in wire format whose answer and authority sections are part of
 * the complete answer.  Owned.
 */
struct dns_part {
	uint8_t *wire;
	size_t len;
};

/* A value of @why below: the size limit of one message, or of all messages of a
 * lookup, was exceeded. */
#define DNS_WHY_TOO_LARGE "the answer is too large to be passed on"

struct dns_answer {
	enum dns_status status;
	enum dns_security security; /* of the whole chain of aliases */
	enum dns_rung rung;
	char *qname; /* queried name, text form of base/domain.h */
	uint16_t qtype;
	char *rname; /* the name after CNAMEs; qname if there are none */
	/* Of the CNAME at qname.  INDETERMINATE where there is none, or where
	 * only the chain as a whole is known to be insecure. */
	enum dns_security first_link;
	uint32_t ttl;            /* seconds: minimum of records, aliases,
				  * denial, proof */
	struct dns_rdata *rdata; /* of qtype at rname; NULL unless DNS_OK */
	size_t rdata_count;
	char *proof; /* why it is insecure, one line, or NULL */
	char *why; /* why it failed or is bogus, one line of printable text, or
		    * NULL */
	/* Only with LOOKUP_NEED_MESSAGE: one part for each alias at which the
	 * lookup had to start again, and the final one, whose rcode counts.
	 * With DNS_BOGUS: the bogus data, for callers that want them anyway. */
	struct dns_part *parts;
	size_t part_count;
	unsigned references; /* answer_ref(), answer_unref() */
};

/* A new answer with status FAILED, rname equal to qname, and one reference.
 * Its creator fills it in before sharing it.  NULL when out of memory. */
struct dns_answer *answer_new(const char *qname, uint16_t qtype);

/* Another reference to the same answer; returns it. */
struct dns_answer *answer_ref(struct dns_answer *answer);
/* NULL does nothing. */
void answer_unref(struct dns_answer *answer);

const char *answer_status_text(enum dns_status status);       /* "nodata" */
const char *answer_security_text(enum dns_security security); /* "secure" */
const char *answer_rung_text(enum dns_rung rung);             /* "validated" */
/* "MX", or "TYPE65280"; at most 15 octets and the NUL. */
const char *answer_type_text(uint16_t type, char text[16]);

#endif /* DNS_ANSWER_H */
