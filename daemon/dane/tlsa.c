/* tlsa.c - parse TLSA records and check whether SMTP can use them. */

#include "dane/tlsa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "dns/budget.h"

#define FIXED_LEN 3 /* usage, selector, matching type */
#define SELECTOR_SPKI 1
#define MTYPE_FULL 0
#define MTYPE_SHA2_256 1
#define MTYPE_SHA2_512 2
#define SHA2_256_LEN 32
#define SHA2_512_LEN 64
#define TEXT_OCTETS 8 /* of the association data, in tlsa_text() */

/* Limits per RRset.  A digest costs OpenSSL 3 microseconds, a key one or two
 * milliseconds if it requires a square root. */
#define DIGESTS_MAX 256
#define KEYS_MAX 4

struct tlsa_checker {
	SSL_CTX *ctx;
};

int
tlsa_parse(const uint8_t *rdata, size_t rdata_len, struct tlsa_rr *rr)
{
	if (rdata_len <= FIXED_LEN)
		return -1;
	rr->usage = rdata[0];
	rr->selector = rdata[1];
	rr->mtype = rdata[2];
	rr->data = rdata + FIXED_LEN;
	rr->data_len = rdata_len - FIXED_LEN;
	return 0;
}

/* When out of memory, OpenSSL silently omits a digest and from then on treats
 * all records with it as unusable. */
static bool
knows_digests(struct tlsa_checker *checker)
{
	static const uint8_t sum[SHA2_512_LEN];
	struct tlsa_rr rr = { .usage = TLSA_DANE_EE,
		.selector = SELECTOR_SPKI,
		.mtype = MTYPE_SHA2_256,
		.data = sum,
		.data_len = SHA2_256_LEN };

	if (tlsa_check(checker, &rr) != TLSA_USABLE)
		return false;
	rr.mtype = MTYPE_SHA2_512;
	rr.data_len = SHA2_512_LEN;
	return tlsa_check(checker, &rr) == TLSA_USABLE;
}

struct tlsa_checker *
tlsa_checker_new(void)
{
	struct tlsa_checker *checker = calloc(1, sizeof(*checker));

	if (checker == NULL)
		return NULL;
	if ((checker->ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    SSL_CTX_dane_enable(checker->ctx) <= 0 || !knows_digests(checker)) {
		tlsa_checker_free(checker);
		return NULL;
	}
	return checker;
}

void
tlsa_checker_free(struct tlsa_checker *checker)
{
	if (checker == NULL)
		return;
	SSL_CTX_free(checker->ctx);
	free(checker);
}

/* OpenSSL also reports a record as unusable when it has no memory to check
 * it. */
static bool
memory_ran_out(void)
{
	unsigned long error;
	bool found = false;

	while ((error = ERR_get_error()) != 0)
		if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
			found = true;
	return found;
}

/* Check with OpenSSL.  Records accumulate inside an SSL, so each record gets a
 * new one. */
static enum tlsa_verdict
ask_openssl(struct tlsa_checker *checker, const struct tlsa_rr *rr)
{
	enum tlsa_verdict verdict = TLSA_ERROR;
	SSL *ssl = SSL_new(checker->ctx);
	int added;

	if (ssl == NULL)
		return TLSA_ERROR;
	/* Only the record is checked: any name will do. */
	if (SSL_dane_enable(ssl, "mx.example") > 0) {
		added = SSL_dane_tlsa_add(ssl, rr->usage, rr->selector,
		    rr->mtype, rr->data, rr->data_len);
		if (added > 0)
			verdict = TLSA_USABLE;
		else if (added == 0 && !memory_ran_out())
			verdict = TLSA_UNUSABLE;
	}
	ERR_clear_error();
	SSL_free(ssl);
	return verdict;
}

/* Records that OpenSSL has to check; SMTP cannot use the others. */
static bool
is_candidate(const struct tlsa_rr *rr)
{
	return (rr->usage == TLSA_DANE_TA || rr->usage == TLSA_DANE_EE) &&
	       rr->mtype <= MTYPE_SHA2_512;
}

enum tlsa_verdict
tlsa_check(struct tlsa_checker *checker, const struct tlsa_rr *rr)
{
	return is_candidate(rr) ? ask_openssl(checker, rr) : TLSA_UNUSABLE;
}

/* OpenSSL computes in whatever field a key specifies.  One whose prime was
 * chosen to be slow costs a tenth of a second.  A key cannot specify a field
 * without the OID of the field type. */
static bool
describes_curve(const struct tlsa_rr *rr)
{
	/* 1.2.840.10045.1, above prime-field and characteristic-two-field */
	static const uint8_t field_type[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x01 };

	return memmem(rr->data, rr->data_len, field_type, sizeof(field_type)) !=
	       NULL;
}

static bool
is_whole(const struct tlsa_rr *rr)
{
	return rr->mtype == MTYPE_FULL;
}

static bool
may_be_usable(const struct dns_rdata *rdata, struct tlsa_rr *rr)
{
	return tlsa_parse(rdata->data, rdata->len, rr) == 0 && is_candidate(rr);
}

static void
judge_one(struct tlsa_checker *checker, const struct tlsa_rr *rr,
    struct tlsa_summary *summary)
{
	switch (ask_openssl(checker, rr)) {
	case TLSA_USABLE:
		summary->usable++;
		break;
	case TLSA_UNUSABLE:
		break;
	case TLSA_ERROR:
		summary->error = true;
		break;
	}
}

static void
judge_digests(struct tlsa_checker *checker, const struct dns_rdata *rdata,
    size_t count, struct tlsa_summary *summary)
{
	size_t asked = 0;
	struct tlsa_rr rr;

	for (size_t i = 0; i < count; i++) {
		if (!may_be_usable(&rdata[i], &rr) || is_whole(&rr))
			continue;
		if (asked++ < DIGESTS_MAX)
			judge_one(checker, &rr, summary);
		else
			summary->left_out++;
	}
}

/* Stops at the first usable record. */
static void
judge_keys(struct tlsa_checker *checker, const struct dns_rdata *rdata,
    size_t count, struct budget *budget, struct tlsa_summary *summary)
{
	size_t asked = 0;
	struct tlsa_rr rr;

	for (size_t i = 0; i < count; i++) {
		if (!may_be_usable(&rdata[i], &rr) || !is_whole(&rr))
			continue;
		if (summary->usable > 0 || describes_curve(&rr) ||
		    asked == KEYS_MAX ||
		    !budget_spend(budget, BUDGET_KEYS, 1)) {
			summary->left_out++;
			continue;
		}
		asked++;
		judge_one(checker, &rr, summary);
	}
}

struct tlsa_summary
tlsa_judge(struct tlsa_checker *checker, const struct dns_rdata *rdata,
    size_t count, struct budget *budget)
{
	struct tlsa_summary summary = { .total = count };

	judge_digests(checker, rdata, count, &summary);
	judge_keys(checker, rdata, count, budget, &summary);
	if (summary.usable > 0)
		summary.error = false;
	return summary;
}

/* The digest of a full certificate or key (matching type 0). */
static enum tlsa_pin
digest(const struct tlsa_rr *rr, uint8_t sum[SHA2_256_LEN])
{
	unsigned len = 0;

	if (EVP_Digest(rr->data, rr->data_len, sum, &len, EVP_sha256(), NULL) !=
		1 ||
	    len != SHA2_256_LEN)
		return TLSA_PIN_IMPOSSIBLE;
	return TLSA_PIN_MADE;
}

enum tlsa_pin
tlsa_pin(const uint8_t *rdata, size_t rdata_len, char pin[TLSA_PIN_MAX])
{
	uint8_t sum[SHA2_256_LEN];
	struct tlsa_rr rr;

	if (tlsa_parse(rdata, rdata_len, &rr) == -1 ||
	    rr.usage < TLSA_DANE_TA || rr.usage > TLSA_DANE_EE)
		return TLSA_PIN_USELESS;
	if (rr.usage == TLSA_DANE_TA)
		return TLSA_PIN_IMPOSSIBLE;
	if (rr.selector > SELECTOR_SPKI || rr.mtype > MTYPE_SHA2_512)
		return TLSA_PIN_USELESS;
	switch (rr.mtype) {
	case MTYPE_FULL:
		if (digest(&rr, sum) != TLSA_PIN_MADE)
			return TLSA_PIN_IMPOSSIBLE;
		break;
	case MTYPE_SHA2_256:
		if (rr.data_len != SHA2_256_LEN)
			return TLSA_PIN_USELESS;
		memcpy(sum, rr.data, SHA2_256_LEN);
		break;
	default:
		return TLSA_PIN_IMPOSSIBLE;
	}
	for (size_t i = 0; i < SHA2_256_LEN; i++)
		snprintf(pin + 2 * i, 3, "%02x", sum[i]);
	return TLSA_PIN_MADE;
}

const char *
tlsa_text(const uint8_t *rdata, size_t rdata_len, char text[TLSA_TEXT_MAX])
{
	struct tlsa_rr rr;
	size_t at;

	if (tlsa_parse(rdata, rdata_len, &rr) == -1) {
		snprintf(text, TLSA_TEXT_MAX, "malformed");
		return text;
	}
	at = (size_t)snprintf(
	    text, TLSA_TEXT_MAX, "%u %u %u ", rr.usage, rr.selector, rr.mtype);
	for (size_t i = 0; i < rr.data_len && i < TEXT_OCTETS; i++)
		at += (size_t)snprintf(
		    text + at, TLSA_TEXT_MAX - at, "%02x", rr.data[i]);
	if (rr.data_len > TEXT_OCTETS)
		snprintf(text + at, TLSA_TEXT_MAX - at, "...");
	return text;
}
