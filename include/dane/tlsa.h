/*
 * tlsa.h - TLSA resource records (RFC 6698) as SMTP uses them (RFC 7672).
 *
 * Pure: no I/O, no event loop, no DNS lookup.  OpenSSL judges.
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

/* One record.  @data borrows from the RDATA handed to tlsa_parse(). */
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
	TLSA_ERROR = 0, /* OpenSSL failed; says nothing of the record */
	TLSA_USABLE,
	TLSA_UNUSABLE /* of no use to SMTP, malformed included */
};

/*
 * Split wire-format RDATA into its fields.
 * @rr: filled in on success, untouched on failure; valid while rdata lives.
 * Returns 0, or -1 when the RDATA has no association data at all.
 */
int tlsa_parse(const uint8_t *rdata, size_t rdata_len, struct tlsa_rr *rr);

/* Holds the OpenSSL state; create one per process, at start. */
struct tlsa_checker;

/* Returns NULL when memory is short or OpenSSL lacks DANE. */
struct tlsa_checker *tlsa_checker_new(void);

/* NULL is allowed and does nothing. */
void tlsa_checker_free(struct tlsa_checker *checker);

/*
 * Judge one record.  The judge is OpenSSL's SSL_dane_tlsa_add(3), the one
 * Postfix asks at delivery time, after usages 0 and 1 are ruled out
 * (RFC 7672 section 3.1.3) and matching types but 0, 1 and 2 (Postfix's
 * tls_dane_digests).
 */
enum tlsa_verdict tlsa_check(
    struct tlsa_checker *checker, const struct tlsa_rr *rr);

struct tlsa_summary {
	size_t total, usable;
	size_t left_out; /* candidates that OpenSSL was not asked about:
			  * @usable may be too low, and where it is 0, no
			  * conclusion can be drawn */
	bool error;      /* OpenSSL failed on a record, and none was usable:
			  * likewise */
};

/*
 * Judge a whole TLSA RRset; records without association data count as
 * unusable.  Whoever owns the domain chooses the records, and whole keys and
 * certificates can be made dear: digests come first, and of the others a few
 * are looked at, for which @budget pays, where no record is usable so far; none
 * that describes a curve of its own.
 */
struct tlsa_summary tlsa_judge(struct tlsa_checker *checker,
    const struct dns_rdata *rdata, size_t count, struct budget *budget);

/* What a record is worth to carry.h. */
enum tlsa_pin {
	TLSA_PIN_IMPOSSIBLE = 0, /* usable perhaps, but not as a SHA2-256
				  * digest: usage 2, or SHA2-512 */
	TLSA_PIN_USELESS,        /* Postfix would pass it over */
	TLSA_PIN_MADE
};

/* The SHA2-256 digest that a record of usage 3 asks for, as hex.  @pin is
 * filled in with TLSA_PIN_MADE only. */
#define TLSA_PIN_MAX 65
enum tlsa_pin tlsa_pin(
    const uint8_t *rdata, size_t rdata_len, char pin[TLSA_PIN_MAX]);

/* "3 1 1 e3b0c442…" (the first 8 octets in hex), for people.  Returns @text. */
#define TLSA_TEXT_MAX 40
const char *tlsa_text(
    const uint8_t *rdata, size_t rdata_len, char text[TLSA_TEXT_MAX]);

#endif /* DANE_TLSA_H */
