/*
 * dns_message.h - DNS messages as a recursive server reads and writes them
 * (RFC 1035, 6891, 8914).
 *
 * Codec only: bytes in, bytes out, no sockets.
 */
#ifndef WIRE_DNS_DNS_MESSAGE_H
#define WIRE_DNS_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"

struct dns_answer;

#define DNS_MESSAGE_MAX 65535 /* octets, over TCP */
/* Maximum octets of a datagram, even if the client accepts more: avoids
 * fragmentation on any path. */
#define DNS_MESSAGE_UDP_MAX 1232
#define DNS_QUESTION_MAX (DOMAIN_WIRE_MAX + 4)

/* Extended rcodes, IANA numbers. */
enum dns_rcode {
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_FORMERR = 1,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_NOTIMP = 4,
	DNS_RCODE_REFUSED = 5,
	DNS_RCODE_BADVERS = 16
};

/* Extended DNS errors (RFC 8914), IANA numbers. */
enum dns_error {
	DNS_ERROR_NONE = -1,
	DNS_ERROR_OTHER = 0,
	DNS_ERROR_BOGUS = 6,
	DNS_ERROR_PROHIBITED = 18,
	DNS_ERROR_UNREACHABLE = 22, /* no reachable authority */
	DNS_ERROR_NETWORK = 23
};

/* How to handle a message. */
enum dns_action {
	DNS_ACTION_DROP = 0, /* no reply: not a query, or not a DNS message */
	DNS_ACTION_REFUSE,   /* reply with request->rcode */
	DNS_ACTION_ANY,      /* dns_message_any() */
	DNS_ACTION_LOOK_UP   /* request->name and type */
};

/* What is needed of the query to write the answer. */
struct dns_request {
	uint8_t id[2], flags[2];            /* as received */
	uint8_t question[DNS_QUESTION_MAX]; /* as received: name, type, class */
	size_t question_len;                /* 0 if there is none to echo */
	uint16_t type;                      /* host order */
	enum dns_rcode rcode;               /* with DNS_ACTION_REFUSE */
	bool edns, dnssec_ok;               /* the client's OPT, and its DO */
	uint16_t udp_size; /* what the client accepts; 512 without OPT */
};

/* @name: with DNS_ACTION_LOOK_UP and ANY, the query name in the text form of
 * base/domain.h. */
enum dns_action dns_message_parse(const uint8_t *wire, size_t len,
    struct dns_request *request, char name[DOMAIN_TEXT_MAX]);

/* The maximum octets of an answer. */
size_t dns_message_limit(const struct dns_request *request, bool tcp);

/* The functions that write return the octets written to @out.  @size is its
 * size, at least 512. */

/* An answer without records.  @text: EXTRA-TEXT, NULL for none.  Only clients
 * that use EDNS get @text and @error. */
size_t dns_message_error(const struct dns_request *request,
    enum dns_rcode rcode, enum dns_error error, const char *text, uint8_t *out,
    size_t size);

/* The answer to ANY: RFC 8482 section 4.2. */
size_t dns_message_any(
    const struct dns_request *request, uint8_t *out, size_t size);

/*
 * @answer: from a lookup with LOOKUP_NEED_MESSAGE.
 * Writes all records or none.  Over UDP, an answer that is too long is sent
 * empty with TC, so that the client repeats the query over TCP.  Over TCP
 * (@tcp), TC would end the query; so only the first few signatures of each
 * RRset are sent, and if that is still too long, SERVFAIL.  What cannot be
 * parsed or written completely is SERVFAIL, too.
 */
size_t dns_message_answer(const struct dns_request *request,
    const struct dns_answer *answer, bool tcp, uint8_t *out, size_t size);

/* Properties of a written answer, for statistics. */
enum dns_rcode dns_message_rcode(const uint8_t *wire);
bool dns_message_is_truncated(const uint8_t *wire);
bool dns_message_is_authentic(const uint8_t *wire);

#endif /* WIRE_DNS_DNS_MESSAGE_H */
