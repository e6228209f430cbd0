/*
 * tlsa.h - TLSA resource records (RFC 6698) as SMTP uses them (RFC 7672).
 *
 * Pure: no I/O, no event loop, no DNS lookup.  OpenSSL decides which records
 * are usable.
 */
#ifndef DANE_TLSA_H
#define DANE_TLSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"

struct budget;

/* RFC 6698 section 2.1 field values, RFC 7218 acronyms. */
enum tlsa_usage { TLSA_PKIX_TA = 0, TLSA_PKIX_EE, TLSA_DANE_TA, TLSA_DANE_EE };

/* One record.  @data points into the RDATA passed to tlsa_parse(). */
struct tlsa_rr {
	uint8_t usage;
	uint8_t selector;
	uint8_t mtype;       /* matching type */
	const uint8_t *data; /* certificate association data */
	size_t data_len;
};

/*
 * "Usable" as RFC 7672 section 3.1 and Postfix mean it: a client that
 * speaks DANE for SMTP could authenticate a server with this record.
 */
enum tlsa_verdict {
	TLSA_ERROR = 0, /* OpenSSL failed; says nothing about the record */
	TLSA_USABLE,
	TLSA_UNUSABLE /* SMTP cannot use it; includes malformed records */
};

/*
 * Split wire-format RDATA into its fields.
 * @rr: filled in on success, untouched on failure; valid as long as @rdata is.
 * Returns 0, or -1 if the RDATA has no association data at all.
 */
int tlsa_parse(const uint8_t *rdata, size_t rdata_len, struct tlsa_rr *rr);

/* Holds the OpenSSL state.  Create one per process, at start. */
struct tlsa_checker;

/* Returns NULL when out of memory or if OpenSSL lacks DANE support. */
struct tlsa_checker *tlsa_checker_new(void);

/* NULL does nothing. */
void tlsa_checker_free(struct tlsa_checker *checker);

/*
 * Check one record with OpenSSL's SSL_dane_tlsa_add(3), which Postfix uses at
 * delivery time.  Usages 0 and 1 (RFC 7672 section 3.1.3) and matching types
 * other than 0, 1 and 2 (Postfix's tls_dane_digests) are rejected first.
 */
enum tlsa_verdict tlsa_check(
    struct tlsa_checker *checker, const struct tlsa_rr *rr);

struct tlsa_summary {
	size_t total, usable;
	size_t left_out; /* candidates not checked with OpenSSL: @usable may be
			  * too low; if it is 0, there is no conclusion */
	bool error;      /* OpenSSL failed on a record, and none was usable: no
			  * conclusion */
};

/*
 * Check a TLSA RRset.  Records without association data count as unusable.
 * The domain owner chooses the records and can make full keys and certificates
 * expensive to check.  So digests are checked first.  Only if none is usable, a
 * few of the others are checked, at the expense of @budget, and none that
 * specifies its own curve parameters.
 */
struct tlsa_summary tlsa_judge(struct tlsa_checker *checker,
    const struct dns_rdata *rdata, size_t count, struct budget *budget);

/* Whether carry.h can use a record. */
enum tlsa_pin {
	TLSA_PIN_IMPOSSIBLE = 0, /* perhaps usable, but not as a SHA2-256
				  * digest: usage 2, or SHA2-512 */
	TLSA_PIN_USELESS,        /* Postfix would ignore it */
	TLSA_PIN_MADE
};

/* The SHA2-256 digest of a record with usage 3, as hex.  @pin is filled in only
 * with TLSA_PIN_MADE. */
#define TLSA_PIN_MAX 65
enum tlsa_pin tlsa_pin(
    const uint8_t *rdata, size_t rdata_len, char pin[TLSA_PIN_MAX]);

/* "3 1 1 e3b0c442…" (the first 8 octets in hex), for display.  Returns
 * @text. */
#define TLSA_TEXT_MAX 40
const char *tlsa_text(
    const uint8_t *rdata, size_t rdata_len, char text[TLSA_TEXT_MAX]);

#endif /* DANE_TLSA_H */
