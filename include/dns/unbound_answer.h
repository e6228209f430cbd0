/*
 * unbound_answer.h - whether a message that libunbound hands over is the whole
 * answer that its judgement speaks of.  Pure: bytes in, a flaw out.
 *
 * libunbound judges the answer that it received, and then encodes it again.
 * What an attacker has swollen does not fit and is cut, and only the TC bit
 * says so: the records that were there read as "there are none".  So a message
 * that is cut, or that denies without the denial, concludes nothing.  Nor does
 * YXDOMAIN (RFC 6672 section 2.2), which it keeps without validating it:
 * whoever changes the rcode of an answer could deny it for its whole TTL.
 */
#ifndef DNS_UNBOUND_ANSWER_H
#define DNS_UNBOUND_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

/* Seconds by which our clock and a signer's may differ; a signature that ended
 * longer ago is no longer believed, wherever it was cached. */
#define UNBOUND_ANSWER_SKEW_SECONDS 300

/*
 * What is wrong with @wire, an answer to a question for @type that libunbound
 * calls @security: one constant line; NULL where it is whole.
 * @now: seconds since 1970, for the ends of signatures (RFC 4034 section
 * 3.1.5, compared as serial numbers).
 *
 * Which of several signatures is the valid one nobody tells us, and who is on
 * the path can add one that ends when he likes.  So where one has ended, the
 * others count only if libunbound has looked at them now: @just_validated.
 */
const char *unbound_answer_flaw(const uint8_t *wire, size_t len, uint16_t type,
    enum dns_security security, bool just_validated, uint32_t now);

/*
 * Seconds that a message, whole and secure, may be believed from @now on: to
 * the first end of a signature, or, where that is over, for what is left of
 * the skew; those that have ended before that can't be why it is secure.
 * UINT32_MAX without signatures.  libunbound looks at the end only once, and
 * keeps the records for their whole TTL.
 */
uint32_t unbound_answer_lifetime(const uint8_t *wire, size_t len, uint32_t now);

/* Whether there is a signature in @wire, of whatever and whenever: where not,
 * whoever answered does no DNSSEC.  True of a message that can't be read. */
bool unbound_answer_is_signed(const uint8_t *wire, size_t len);

/*
 * SHA-1 blocks that libunbound may have spent on the NSEC3 records of @wire, a
 * whole answer to a question for a name with @labels labels: a hash for the
 * name and each of its ancestors, with each set of parameters.  Behind an alias
 * the name may be the longest there is.
 */
uint64_t unbound_answer_hashing(const uint8_t *wire, size_t len, size_t labels);

/*
 * How many zones libunbound may have validated on the way to @wire, a whole
 * answer: one for each label of a signer's name, of all links of a chain of
 * aliases and of what denies its end; each of them once.  A signer's name
 * counts as far as it can be an ancestor of what it signs: whoever hides behind
 * junk hides nothing, and who adds it to another's answer adds a label or two.
 */
size_t whole_zones(const uint8_t *wire, size_t len);

/* How many sets of records in @wire, a whole answer, have signatures:
 * libunbound may have validated each of them, whether or not somebody asked for
 * it. */
size_t whole_signed_sets(const uint8_t *wire, size_t len);

/* Lower all TTLs of answer and authority section to at most @ttl.  @wire: a
 * whole message. */
void unbound_answer_cut_ttls(uint8_t *wire, size_t len, uint32_t ttl);

#endif /* DNS_UNBOUND_ANSWER_H */
