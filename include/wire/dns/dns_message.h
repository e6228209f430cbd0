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
/* Octets that a datagram may have, whatever the client would take: no
 * fragments on any path. */
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

/* Why it failed: RFC 8914, IANA numbers. */
enum dns_error {
	DNS_ERROR_NONE = -1,
	DNS_ERROR_OTHER = 0,
	DNS_ERROR_BOGUS = 6,
	DNS_ERROR_PROHIBITED = 18,
	DNS_ERROR_UNREACHABLE = 22, /* no reachable authority */
	DNS_ERROR_NETWORK = 23
};

/* What is to be done about a message. */
enum dns_action {
	DNS_ACTION_DROP = 0, /* no word: it is no question, or no message */
	DNS_ACTION_REFUSE,   /* answer request->rcode */
	DNS_ACTION_ANY,      /* dns_message_any() */
	DNS_ACTION_LOOK_UP   /* request->name and type */
};

/* What an answer has to know of its question. */
struct dns_request {
	uint8_t id[2], flags[2];            /* as they came */
	uint8_t question[DNS_QUESTION_MAX]; /* likewise: name, type, class */
	size_t question_len;  /* 0 where there is none to be echoed */
	uint16_t type;        /* host order */
	enum dns_rcode rcode; /* with DNS_ACTION_REFUSE */
	bool edns, dnssec_ok; /* the client's OPT, and its DO */
	uint16_t udp_size;    /* what the client takes; 512 without OPT */
};

/* @name: with DNS_ACTION_LOOK_UP and ANY the name asked for, in the text form
 * of base/domain.h. */
enum dns_action dns_message_parse(const uint8_t *wire, size_t len,
    struct dns_request *request, char name[DOMAIN_TEXT_MAX]);

/* The octets that an answer may have. */
size_t dns_message_limit(const struct dns_request *request, bool tcp);

/* All that write return the octets written to @out, which has room for
 * @size, at least 512. */

/* An answer without records.  @text: EXTRA-TEXT, NULL for none; it and @error
 * reach only clients that speak EDNS. */
size_t dns_message_error(const struct dns_request *request,
    enum dns_rcode rcode, enum dns_error error, const char *text, uint8_t *out,
    size_t size);

/* The answer to ANY: RFC 8482 section 4.2. */
size_t dns_message_any(
    const struct dns_request *request, uint8_t *out, size_t size);

/*
 * @answer: of a lookup with LOOKUP_NEED_MESSAGE.
 * All of it or no record at all.  What does not fit is truncated, with TC, so
 * that the client asks again over TCP; @tcp: this is TCP.  There TC would end
 * the question, so that an answer which is too long goes with the first few
 * signatures of each RRset, and if that does not help it is SERVFAIL; as is
 * whatever can't be read or written in full.
 */
size_t dns_message_answer(const struct dns_request *request,
    const struct dns_answer *answer, bool tcp, uint8_t *out, size_t size);

/* What such an answer says, for counting: of a message that was written. */
enum dns_rcode dns_message_rcode(const uint8_t *wire);
bool dns_message_is_truncated(const uint8_t *wire);
bool dns_message_is_authentic(const uint8_t *wire);

#endif /* WIRE_DNS_DNS_MESSAGE_H */
