/*
 * carry.h - TLSA records carried by the policy itself (carry = fingerprint):
 * Postfix's level "fingerprint" with the digests of all hosts, for a Postfix
 * that does no DNSSEC lookups (smtp_dns_support_level = enabled).  Pure.
 *
 * Postfix has to be told that these are SHA2-256 digests:
 * smtp_tls_fingerprint_digest = sha256.
 */
#ifndef POLICY_CARRY_H
#define POLICY_CARRY_H

#include <stdbool.h>
#include <stddef.h>

struct dane_evidence;

/* A tcp_table reply has 4,096 octets in all. */
#define CARRY_TEXT_MAX 4000

/*
 * Write "fingerprint match=…|… servername=hostname" into @text, if that says
 * exactly what DANE would: MX is secure, every host to which mail can be
 * delivered has usable TLSA records at its own name, and of usage 3 only, as
 * digests that Postfix can be given or data that can be digested.
 * Returns whether it could be written.
 */
bool carry_text(
    const struct dane_evidence *evidence, char text[CARRY_TEXT_MAX]);

/* Whether it is such a text, whoever wrote it. */
bool carry_is_text(const char *text);

#endif /* POLICY_CARRY_H */
