/*
 * tls_policy.h - the part of Postfix's TLS policy table vocabulary
 * (smtp_tls_policy_maps, TLS_README) that postdane uses.
 */
#ifndef POLICY_TLS_POLICY_H
#define POLICY_TLS_POLICY_H

/* Results of a policy lookup.  Zero is the cautious value. */
enum tls_policy {
	TLS_POLICY_TEMP = 0, /* no conclusion: Postfix defers */
	TLS_POLICY_NOTFOUND, /* next table, or main.cf's level */
	TLS_POLICY_MAY,
	TLS_POLICY_ENCRYPT,
	TLS_POLICY_DANE,
	TLS_POLICY_DANE_ONLY,
	TLS_POLICY_FINGERPRINT /* with digests, see carry.h */
};

/* "may", "dane-only" … as Postfix reads them.  "NOTFOUND" and "TEMP" are not
 * Postfix levels; they are for display. */
const char *tls_policy_text(enum tls_policy policy);

#endif /* POLICY_TLS_POLICY_H */
