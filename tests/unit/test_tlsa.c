/* Which TLSA records may count towards a DANE policy (RFC 7672 section 3.1). */

#include "dane/tlsa.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "dns/budget.h"

#include "../fakes/openssl_memory.h"
#include "test_main.h"

/* ---- a certificate and its key, to be had in full ---- */

static struct tlsa_checker *checker;
static struct budget budget;
static uint8_t *certificate, *public_key;
static size_t certificate_len, public_key_len;

static void
make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	int len;

	ck_assert_ptr_nonnull(key);
	ck_assert_ptr_nonnull(x509);
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
	    MBSTRING_ASC, (const unsigned char *)"mx.example", -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	X509_set_pubkey(x509, key);
	ck_assert_int_gt(X509_sign(x509, key, EVP_sha256()), 0);
	ck_assert_int_gt(len = i2d_X509(x509, &certificate), 0);
	certificate_len = (size_t)len;
	ck_assert_int_gt(len = i2d_PUBKEY(key, &public_key), 0);
	public_key_len = (size_t)len;
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(checker = tlsa_checker_new());
	budget_init(&budget);
	make_certificate();
}

static void
teardown(void)
{
	tlsa_checker_free(checker);
	OPENSSL_free(certificate);
	OPENSSL_free(public_key);
	certificate = public_key = NULL;
}

/* ---- one record ---- */

#define CERT 10001 /* the certificate in full */
#define KEY 10002  /* the public key in full */

static const struct {
	const char *why;
	uint8_t usage, selector, mtype;
	size_t len; /* that many octets of a digest, or CERT, or KEY */
	enum tlsa_verdict expected;
} verdicts[] = {
	{ "DANE-EE SPKI SHA2-256", 3, 1, 1, 32, TLSA_USABLE },
	{ "DANE-EE SPKI SHA2-512", 3, 1, 2, 64, TLSA_USABLE },
	{ "DANE-EE Cert SHA2-256", 3, 0, 1, 32, TLSA_USABLE },
	{ "DANE-TA SPKI SHA2-256", 2, 1, 1, 32, TLSA_USABLE },
	{ "DANE-TA Cert SHA2-512", 2, 0, 2, 64, TLSA_USABLE },
	{ "DANE-EE, certificate in full", 3, 0, 0, CERT, TLSA_USABLE },
	{ "DANE-TA, certificate in full", 2, 0, 0, CERT, TLSA_USABLE },
	{ "DANE-EE, key in full", 3, 1, 0, KEY, TLSA_USABLE },
	{ "DANE-TA, key in full", 2, 1, 0, KEY, TLSA_USABLE },

	{ "PKIX-TA is not for SMTP", 0, 0, 1, 32, TLSA_UNUSABLE },
	{ "PKIX-EE is not for SMTP", 1, 1, 1, 32, TLSA_UNUSABLE },
	{ "PKIX-TA, certificate in full", 0, 0, 0, CERT, TLSA_UNUSABLE },
	{ "unassigned usage", 4, 1, 1, 32, TLSA_UNUSABLE },
	{ "private usage", 255, 1, 1, 32, TLSA_UNUSABLE },
	{ "unassigned selector", 3, 2, 1, 32, TLSA_UNUSABLE },
	{ "private selector", 3, 255, 1, 32, TLSA_UNUSABLE },
	{ "unassigned matching type", 3, 1, 3, 32, TLSA_UNUSABLE },
	{ "private matching type", 3, 1, 255, 32, TLSA_UNUSABLE },
	{ "SHA2-256 one octet short", 3, 1, 1, 31, TLSA_UNUSABLE },
	{ "SHA2-256 one octet long", 3, 1, 1, 33, TLSA_UNUSABLE },
	{ "SHA2-512 of the other's length", 3, 1, 2, 32, TLSA_UNUSABLE },
	{ "SHA2-256 of the other's length", 3, 1, 1, 64, TLSA_UNUSABLE },
	{ "one octet", 3, 1, 1, 1, TLSA_UNUSABLE },
	{ "a digest is no certificate", 3, 0, 0, 32, TLSA_UNUSABLE },
	{ "a digest is no key", 3, 1, 0, 32, TLSA_UNUSABLE },
	{ "a key is no certificate", 3, 0, 0, KEY, TLSA_UNUSABLE },
	{ "a certificate is no key", 3, 1, 0, CERT, TLSA_UNUSABLE },
	{ "no certificate, long", 2, 0, 0, 4000, TLSA_UNUSABLE },
};

/* The first rows.  Not the keys in full: OpenSSL 3.0's decoders keep the cause
 * of their failure to themselves. */
#define MEMORY_ROWS 7

static struct tlsa_rr
record_of(size_t row, const uint8_t *digest)
{
	struct tlsa_rr rr = {
		.usage = verdicts[row].usage,
		.selector = verdicts[row].selector,
		.mtype = verdicts[row].mtype,
		.data = digest,
		.data_len = verdicts[row].len,
	};

	if (verdicts[row].len == CERT) {
		rr.data = certificate;
		rr.data_len = certificate_len;
	} else if (verdicts[row].len == KEY) {
		rr.data = public_key;
		rr.data_len = public_key_len;
	}
	return rr;
}

START_TEST(verdict_follows_rfc7672)
{
	static const uint8_t digest[4000] = { 0x5a };
	const struct tlsa_rr rr = record_of((size_t)_i, digest);

	/* Twice: a judgement leaves nothing behind. */
	for (int i = 0; i < 2; i++)
		ck_assert_msg(tlsa_check(checker, &rr) == verdicts[_i].expected,
		    "%s", verdicts[_i].why);
}
END_TEST

START_TEST(full_data_is_taken_to_the_last_octet)
{
	uint8_t longer[4096];
	struct tlsa_rr rr = { .usage = TLSA_DANE_EE, .data = longer };

	ck_assert_uint_lt(certificate_len, sizeof(longer));
	memcpy(longer, certificate, certificate_len);
	longer[certificate_len] = 0;
	rr.data_len = certificate_len + 1;
	ck_assert_int_eq(tlsa_check(checker, &rr), TLSA_UNUSABLE);
	rr.data_len = certificate_len - 1;
	ck_assert_int_eq(tlsa_check(checker, &rr), TLSA_UNUSABLE);
	rr.data_len = certificate_len;
	ck_assert_int_eq(tlsa_check(checker, &rr), TLSA_USABLE);
}
END_TEST

/* "Unusable" means `encrypt`: it must not be said for want of memory. */
START_TEST(no_memory_is_no_verdict)
{
	static const uint8_t digest[4000] = { 0x5a };
	const struct tlsa_rr rr = record_of((size_t)_i, digest);
	/* tests/allocs repeats all of them for each allocation. */
	const int step = getenv("ALLOCS") != NULL ? 13 : 1;
	enum tlsa_verdict verdict = TLSA_ERROR;
	int errors = 0;

	ck_assert_int_eq(verdicts[_i].expected, TLSA_USABLE);
	for (int n = 0; n < 2000 && verdict != TLSA_USABLE; n += step) {
		allocations_left = n;
		verdict = tlsa_check(checker, &rr);
		allocations_left = INT_MAX;
		ck_assert_msg(verdict != TLSA_UNUSABLE,
		    "%s: unusable after %d allocations", verdicts[_i].why, n);
		errors += verdict == TLSA_ERROR;
	}
	ck_assert_int_eq(verdict, TLSA_USABLE);
	ck_assert_int_gt(errors, 0);
}
END_TEST

/* ---- RDATA ---- */

START_TEST(rdata_without_association_data_is_refused)
{
	static const uint8_t rdata[] = { 3, 1, 1 };
	const struct tlsa_rr untouched = { .usage = 99 };
	struct tlsa_rr rr = untouched;

	for (size_t len = 0; len <= sizeof(rdata); len++)
		ck_assert_int_eq(tlsa_parse(rdata, len, &rr), -1);
	ck_assert_int_eq(tlsa_parse(NULL, 0, &rr), -1);
	ck_assert_mem_eq(&rr, &untouched, sizeof(rr));
}
END_TEST

START_TEST(fields_are_split_and_data_borrowed)
{
	static const uint8_t rdata[] = { 2, 1, 255, 0xaa, 0xbb };
	struct tlsa_rr rr;

	ck_assert_int_eq(tlsa_parse(rdata, sizeof(rdata), &rr), 0);
	ck_assert_uint_eq(rr.usage, TLSA_DANE_TA);
	ck_assert_uint_eq(rr.selector, 1);
	ck_assert_uint_eq(rr.mtype, 255);
	ck_assert_ptr_eq(rr.data, rdata + 3);
	ck_assert_uint_eq(rr.data_len, 2);
	ck_assert_int_eq(tlsa_parse(rdata, 4, &rr), 0);
	ck_assert_uint_eq(rr.data_len, 1);
}
END_TEST

/* ---- a whole RRset ---- */

static const uint8_t usable[35] = { 3, 1, 1, 7 };
static const uint8_t usable_ta[35] = { 2, 1, 1, 7 };
static const uint8_t pkix[35] = { 1, 1, 1, 7 };
static const uint8_t too_short[34] = { 3, 1, 1, 7 };
static const uint8_t no_data[3] = { 3, 1, 1 };

#define RR(name)                                                               \
	{                                                                      \
		name, sizeof(name)                                             \
	}

static const struct {
	const char *name;
	struct dns_rdata rdata[4];
	size_t count, usable;
} rrsets[] = {
	{ "none", { { NULL, 0 } }, 0, 0 },
	{ "one usable", { RR(usable) }, 1, 1 },
	{ "two usable", { RR(usable), RR(usable_ta) }, 2, 2 },
	{ "usable last", { RR(pkix), RR(too_short), RR(no_data), RR(usable) },
	    4, 1 },
	{ "usable first", { RR(usable), RR(no_data), RR(pkix) }, 3, 1 },
	{ "PKIX only", { RR(pkix), RR(pkix) }, 2, 0 },
	{ "no association data", { RR(no_data) }, 1, 0 },
	{ "no RDATA", { { NULL, 0 } }, 1, 0 },
};

static struct tlsa_summary
judge(const struct dns_rdata *rdata, size_t count)
{
	return tlsa_judge(checker, rdata, count, &budget);
}

START_TEST(rrset_is_counted)
{
	const struct tlsa_summary summary =
	    judge(rrsets[_i].rdata, rrsets[_i].count);

	ck_assert_msg(summary.total == rrsets[_i].count, "%s", rrsets[_i].name);
	ck_assert_msg(summary.usable == rrsets[_i].usable, "%s: %zu",
	    rrsets[_i].name, summary.usable);
	ck_assert_msg(!summary.error, "%s", rrsets[_i].name);
	ck_assert_msg(summary.left_out == 0, "%s", rrsets[_i].name);
}
END_TEST

START_TEST(rrset_of_errors_is_no_conclusion)
{
	static const struct dns_rdata rdata[] = { RR(pkix), RR(usable),
		RR(no_data) };
	static const struct dns_rdata unusable[] = { RR(pkix), RR(no_data) };
	struct tlsa_summary summary;

	allocations_left = 0;
	summary = judge(rdata, COUNT(rdata));
	allocations_left = INT_MAX;
	ck_assert(summary.error);
	ck_assert_uint_eq(summary.usable, 0);
	ck_assert_uint_eq(summary.total, COUNT(rdata));

	/* What needs no OpenSSL is certain all the same. */
	allocations_left = 0;
	summary = judge(unusable, COUNT(unusable));
	allocations_left = INT_MAX;
	ck_assert(!summary.error);
	ck_assert_uint_eq(summary.usable, 0);
}
END_TEST

START_TEST(one_usable_record_makes_errors_harmless)
{
	struct dns_rdata rdata[40];
	struct tlsa_summary summary = { .error = false };
	int mixed = 0;

	for (size_t i = 0; i < COUNT(rdata); i++)
		rdata[i] = (struct dns_rdata)RR(usable);
	/* Memory runs out somewhere among the records. */
	for (int n = 0; n < 2000 && summary.usable < COUNT(rdata); n++) {
		allocations_left = n;
		summary = judge(rdata, COUNT(rdata));
		allocations_left = INT_MAX;
		ck_assert_int_eq(summary.error, summary.usable == 0);
		mixed += summary.usable > 0 && summary.usable < COUNT(rdata);
	}
	ck_assert_int_gt(mixed, 0);
}
END_TEST

/* ---- more than is looked at ---- */

#define LOOKED_AT_DIGESTS 256
#define LOOKED_AT_KEYS 4

/* A whole key, with @head before it. */
static struct dns_rdata
whole_key(
    uint8_t buffer[4096], const char *head, const uint8_t *key, size_t len)
{
	ck_assert_uint_lt(len + 3, 4096);
	memcpy(buffer, head, 3);
	memcpy(buffer + 3, key, len);
	return (struct dns_rdata){ buffer, len + 3 };
}

START_TEST(digests_are_looked_at_first)
{
	uint8_t buffer[4096];
	const struct dns_rdata key =
	    whole_key(buffer, "\3\1\0", public_key, public_key_len);
	const struct dns_rdata rdata[] = { key, RR(usable), key };
	const struct tlsa_summary summary = judge(rdata, COUNT(rdata));

	/* There is no need to ask for the keys. */
	ck_assert_uint_eq(summary.usable, 1);
	ck_assert_uint_eq(summary.left_out, 2);
	ck_assert_uint_eq(budget.left[BUDGET_KEYS], BUDGET_KEYS_MAX);
}
END_TEST

START_TEST(keys_are_looked_at_up_to_the_first)
{
	uint8_t buffer[4096];
	const struct dns_rdata key =
	    whole_key(buffer, "\3\1\0", public_key, public_key_len);
	const struct dns_rdata rdata[] = { RR(too_short), key, key, key };
	const struct tlsa_summary summary = judge(rdata, COUNT(rdata));

	ck_assert_uint_eq(summary.usable, 1);
	ck_assert_uint_eq(summary.left_out, 2);
	ck_assert_uint_eq(budget.left[BUDGET_KEYS], BUDGET_KEYS_MAX - 1);
}
END_TEST

START_TEST(few_keys_are_looked_at)
{
	static const uint8_t no_key[] = { 3, 1, 0, 1 };
	struct dns_rdata rdata[LOOKED_AT_KEYS + 2];
	struct tlsa_summary summary;
	uint8_t buffer[4096];

	for (size_t i = 0; i < COUNT(rdata); i++)
		rdata[i] = (struct dns_rdata)RR(no_key);
	summary = judge(rdata, LOOKED_AT_KEYS);
	ck_assert_uint_eq(summary.usable, 0);
	ck_assert_uint_eq(summary.left_out, 0);
	ck_assert_uint_eq(
	    budget.left[BUDGET_KEYS], BUDGET_KEYS_MAX - LOOKED_AT_KEYS);

	/* What may be behind them nobody knows. */
	rdata[LOOKED_AT_KEYS] =
	    whole_key(buffer, "\3\1\0", public_key, public_key_len);
	summary = judge(rdata, COUNT(rdata));
	ck_assert_uint_eq(summary.usable, 0);
	ck_assert_uint_eq(summary.left_out, 2);
}
END_TEST

START_TEST(keys_of_one_evaluation_are_few)
{
	static const uint8_t no_key[] = { 3, 1, 0, 1 };
	static const struct dns_rdata rdata[] = { RR(no_key), RR(no_key) };
	struct tlsa_summary summary;

	budget.left[BUDGET_KEYS] = 3;
	summary = judge(rdata, COUNT(rdata));
	ck_assert_uint_eq(summary.left_out, 0);
	ck_assert_ptr_null(budget_text(&budget));
	summary = judge(rdata, COUNT(rdata));
	ck_assert_uint_eq(summary.left_out, 1);
	ck_assert_ptr_nonnull(budget_text(&budget));
}
END_TEST

START_TEST(few_digests_are_looked_at)
{
	struct dns_rdata rdata[LOOKED_AT_DIGESTS + 1];
	struct tlsa_summary summary;

	for (size_t i = 0; i < COUNT(rdata); i++)
		rdata[i] = (struct dns_rdata)RR(too_short);
	summary = judge(rdata, LOOKED_AT_DIGESTS);
	ck_assert_uint_eq(summary.left_out, 0);
	rdata[LOOKED_AT_DIGESTS] = (struct dns_rdata)RR(usable);
	summary = judge(rdata, COUNT(rdata));
	ck_assert_uint_eq(summary.usable, 0);
	ck_assert_uint_eq(summary.left_out, 1);
	/* Others are not asked about, and not counted. */
	for (size_t i = 0; i < LOOKED_AT_DIGESTS; i++)
		rdata[i] = (struct dns_rdata)RR(pkix);
	summary = judge(rdata, COUNT(rdata));
	ck_assert_uint_eq(summary.usable, 1);
	ck_assert_uint_eq(summary.left_out, 0);
}
END_TEST

/* The curve is P-256, but it could be any. */
START_TEST(a_curve_that_is_described_is_left_out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;
	uint8_t buffer[4096], *der = NULL;
	struct tlsa_summary summary;
	struct dns_rdata rdata;
	struct tlsa_rr rr;
	int len;

	ck_assert_int_gt(EVP_PKEY_keygen_init(ctx), 0);
	ck_assert_int_gt(
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1),
	    0);
	ck_assert_int_gt(
	    EVP_PKEY_CTX_set_ec_param_enc(ctx, OPENSSL_EC_EXPLICIT_CURVE), 0);
	ck_assert_int_gt(EVP_PKEY_keygen(ctx, &key), 0);
	ck_assert_int_gt(len = i2d_PUBKEY(key, &der), 0);
	rdata = whole_key(buffer, "\3\1\0", der, (size_t)len);
	ck_assert_int_eq(tlsa_parse(rdata.data, rdata.len, &rr), 0);
	ck_assert_int_eq(tlsa_check(checker, &rr), TLSA_USABLE);
	summary = judge(&rdata, 1);
	ck_assert_uint_eq(summary.usable, 0);
	ck_assert_uint_eq(summary.left_out, 1);
	ck_assert_uint_eq(budget.left[BUDGET_KEYS], BUDGET_KEYS_MAX);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
}
END_TEST

/* ---- text ---- */

static const struct {
	const char *rdata;
	size_t len;
	const char *text;
} texts[] = {
	{ "\3\1\1\xe3\xb0\xc4\x42", 7, "3 1 1 e3b0c442" },
	{ "\3\1\1\1\2\3\4\5\6\7\x08", 11, "3 1 1 0102030405060708" },
	{ "\3\1\1\1\2\3\4\5\6\7\x08\x09", 12, "3 1 1 0102030405060708..." },
	{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12,
	    "255 255 255 ffffffffffffffff..." },
	{ "\0\0\0\0", 4, "0 0 0 00" },
	{ "\3\1\1", 3, "malformed" },
	{ "", 0, "malformed" },
};

START_TEST(text_is_for_people)
{
	char text[TLSA_TEXT_MAX];

	ck_assert_str_eq(
	    tlsa_text((const uint8_t *)texts[_i].rdata, texts[_i].len, text),
	    texts[_i].text);
}
END_TEST

START_TEST(nothing_is_freed_quietly)
{
	tlsa_checker_free(NULL);
}
END_TEST

TEST_MAIN("tlsa")
{
	TCase *tc = add_case(suite, "records");

	limit_openssl_memory();
	tcase_add_checked_fixture(tc, setup, teardown);
	add_rows(tc, verdict_follows_rfc7672, verdicts);
	tcase_add_test(tc, full_data_is_taken_to_the_last_octet);
	tcase_add_loop_test(tc, no_memory_is_no_verdict, 0, MEMORY_ROWS);
	tcase_add_test(tc, rdata_without_association_data_is_refused);
	tcase_add_test(tc, fields_are_split_and_data_borrowed);
	add_rows(tc, rrset_is_counted, rrsets);
	tcase_add_test(tc, rrset_of_errors_is_no_conclusion);
	tcase_add_test(tc, one_usable_record_makes_errors_harmless);
	tcase_add_test(tc, digests_are_looked_at_first);
	tcase_add_test(tc, keys_are_looked_at_up_to_the_first);
	tcase_add_test(tc, few_keys_are_looked_at);
	tcase_add_test(tc, keys_of_one_evaluation_are_few);
	tcase_add_test(tc, few_digests_are_looked_at);
	tcase_add_test(tc, a_curve_that_is_described_is_left_out);
	add_rows(tc, text_is_for_people, texts);
	tcase_add_test(tc, nothing_is_freed_quietly);
}
