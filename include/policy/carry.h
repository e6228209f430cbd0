/*
 * carry.h - TLSA records carried in the policy itself (carry = fingerprint):
 * Postfix's level "fingerprint" with the digests of all hosts, for a Postfix
 * that does no DNSSEC lookups (smtp_dns_support_level = enabled).  Pure: no
 * I/O.
 *
 * Postfix must be configured for SHA2-256 digests:
 * smtp_tls_fingerprint_digest = sha256.
 */
#ifndef POLICY_CARRY_H
#define POLICY_CARRY_H

#include <stdbool.h>
#include <stddef.h>

struct dane_evidence;

/* A tcp_table reply is limited to 4,096 octets. */
#define CARRY_TEXT_MAX 4000

/*
 * Write "fingerprint match=…|… servername=hostname" into @text, if it is
 * equivalent to DANE: MX is secure, and every host to which mail can be
 * delivered has usable TLSA records at its own name, only of usage 3, each with
 * a digest that Postfix accepts or with data that can be digested.
 * Returns whether it was written.
 */
bool carry_text(
    const struct dane_evidence *evidence, char text[CARRY_TEXT_MAX]);

/* Whether @text has this form.  It may come from any source. */
bool carry_is_text(const char *text);

#endif /* POLICY_CARRY_H */
