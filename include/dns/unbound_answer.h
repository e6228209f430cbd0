/*
 * unbound_answer.h - whether a message from libunbound is the complete answer
 * that its security status belongs to.  Pure: bytes in, a flaw out.
 *
 * libunbound validates the answer that it received, and then encodes it again.
 * An answer that an attacker has inflated does not fit and is truncated, and
 * only the TC bit shows it: the missing records look like "there are none".  So
 * a truncated message, or a denial without its records, is not conclusive.  Nor
 * is YXDOMAIN (RFC 6672 section 2.2), which libunbound caches without
 * validating it: an attacker who changes the rcode of an answer could deny the
 * name for the full TTL.
 */
#ifndef DNS_UNBOUND_ANSWER_H
#define DNS_UNBOUND_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

/* Seconds by which our clock and the signer's may differ.  A signature that
 * expired longer ago is no longer accepted, wherever it was cached. */
#define UNBOUND_ANSWER_SKEW_SECONDS 300

/*
 * What is wrong with @wire, an answer to a query for @type that libunbound
 * calls @security: one constant line; NULL where the answer is complete.
 * @now: seconds since 1970, compared with the signatures' expiration (RFC 4034
 * section 3.1.5, serial number arithmetic).
 *
 * libunbound does not say which of several signatures is the valid one, and an
 * attacker on the path can add one with any expiration.  So where one signature
 * has expired, the others count only if libunbound has checked them now:
 * @just_validated.
 */
const char *unbound_answer_flaw(const uint8_t *wire, size_t len, uint16_t type,
    enum dns_security security, bool just_validated, uint32_t now);

/*
 * Seconds from @now for which a complete and secure message may be used: until
 * the first signature expires or, after that, for the rest of the allowed skew.
 * Signatures that expired before that can't be the reason why it is secure.
 * UINT32_MAX without signatures.  libunbound checks the expiration only once,
 * and keeps the records for their full TTL.
 */
uint32_t unbound_answer_lifetime(const uint8_t *wire, size_t len, uint32_t now);

/* Whether @wire has any signature, of whatever type and validity: if not, the
 * server that answered does not do DNSSEC.  True for a malformed message. */
bool unbound_answer_is_signed(const uint8_t *wire, size_t len);

/* What libunbound may have done for a message, now or when it was cached. */
struct unbound_answer_cost {
	/* SHA-1 blocks for its NSEC3 records: a hash for the name and each of
	 * its ancestors, with each set of parameters.  After an alias the name
	 * may have the maximum length. */
	uint64_t hashing;
	/* Zones that it may have validated: one for each label of a signer's
	 * name, over all links of an alias chain and the denial at its end;
	 * each zone once.  A signer's name counts only as far as it can be an
	 * ancestor of what it signs, so junk signatures hide nothing, and junk
	 * added to another's answer adds a label or two. */
	size_t zones;
	/* RRsets that have signatures, whether queried or not. */
	size_t signed_sets;
};

/* @wire: a complete answer to a query for a name with @labels labels. */
struct unbound_answer_cost unbound_answer_cost(
    const uint8_t *wire, size_t len, size_t labels);

/* Lower all TTLs in the answer and authority sections to at most @ttl.  @wire:
 * a complete message. */
void unbound_answer_cut_ttls(uint8_t *wire, size_t len, uint32_t ttl);

#endif /* DNS_UNBOUND_ANSWER_H */
