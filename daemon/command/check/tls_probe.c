/* tls_probe.c - verifies the certificates at one address. */

#include "command/check/tls_probe.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "command/check/smtp_client.h"
#include "dane/tlsa.h"

/*
 * What makes a server select one certificate or the other: the cipher list up
 * to TLS 1.2, the signature algorithms in TLS 1.3.
 */
static const struct {
	const char *ciphers, *algorithms; /* NULL: OpenSSL's default */
} restrictions[] = {
	[TLS_PROBE_KEY_RSA] = { "aRSA:!eNULL",
	    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
	    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
	    "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512" },
	[TLS_PROBE_KEY_ECDSA] = { "aECDSA:!eNULL",
	    "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:"
	    "ecdsa_secp521r1_sha512" },
	[TLS_PROBE_KEY_ANY] = { "ALL:!aNULL:!eNULL", NULL },
};

static void
set_why(struct tls_probe_result *result, enum tls_probe_status status,
    const char *why)
{
	result->status = status;
	log_printable(result->why, sizeof(result->why), why, strlen(why));
}

/* ---- set up ---- */

/*
 * Old protocols and weak keys are accepted, as in Postfix when it
 * authenticates: DANE does not judge them.  Certificates are trusted only
 * through TLSA records.
 */
static SSL_CTX *
new_context(enum tls_probe_key key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	const char *algorithms = restrictions[key].algorithms;

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_security_level(ctx, 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_dane_enable(ctx) <= 0 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, restrictions[key].ciphers) != 1 ||
	    (algorithms != NULL &&
		SSL_CTX_set1_sigalgs_list(ctx, algorithms) != 1)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static int
add_names(SSL *ssl, const struct tls_probe_target *target)
{
	if (SSL_dane_enable(ssl, target->base) <= 0)
		return -1;
	/* RFC 7672 section 3.1.1: no name checks for usage 3. */
	SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (size_t i = 0; i < target->name_count; i++)
		if (SSL_add1_host(ssl, target->name[i]) != 1)
			return -1;
	return 0;
}

/* A client with names and time, but without TLSA records yet. */
static SSL *
new_client(SSL_CTX *ctx, const struct tls_probe_target *target)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL)
		return NULL;
	X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), target->at);
	if (target->base != NULL && add_names(ssl, target) == -1) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

/* Adds the record if SMTP can use it (dane/tlsa.h).  Returns whether it did. */
static bool
add_record(SSL *ssl, const struct dns_rdata *rdata)
{
	struct tlsa_rr rr;
	bool added;

	if (tlsa_parse(rdata->data, rdata->len, &rr) == -1 ||
	    (rr.usage != TLSA_DANE_TA && rr.usage != TLSA_DANE_EE) ||
	    rr.mtype > 2)
		return false;
	added = SSL_dane_tlsa_add(ssl, rr.usage, rr.selector, rr.mtype, rr.data,
		    rr.data_len) > 0;
	ERR_clear_error();
	return added;
}

/* ---- the handshake ---- */

/* Whether the server may only lack a key of this kind: it sends this alert or,
 * as some servers do, closes the connection. */
static bool
means_no_key(unsigned long error)
{
	switch (ERR_GET_REASON(error)) {
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		return true;
	default:
		return false;
	}
}

static void
handshake_failed(
    enum tls_probe_key key, int kind, struct tls_probe_result *result)
{
	const int saved = errno;
	const unsigned long error = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(error);

	if (key != TLS_PROBE_KEY_ANY &&
	    (means_no_key(error) ||
		(kind == SSL_ERROR_SYSCALL && saved == ECONNRESET)))
		set_why(result, TLS_PROBE_NO_KEY,
		    "the server has no certificate with such a key");
	else if (kind == SSL_ERROR_SYSCALL && saved != 0)
		set_why(result, TLS_PROBE_NO_TLS, strerror(saved));
	else
		set_why(result, TLS_PROBE_NO_TLS,
		    why != NULL ? why : "the TLS handshake failed");
	ERR_clear_error();
}

/* Returns 0, or -1 with the reason set. */
static int
handshake(SSL *ssl, enum tls_probe_key key, uint64_t deadline,
    struct tls_probe_result *result)
{
	for (;;) {
		short events = POLLIN;
		int done, kind;

		ERR_clear_error();
		errno = 0;
		if ((done = SSL_connect(ssl)) == 1)
			return 0;
		kind = SSL_get_error(ssl, done);
		if (kind == SSL_ERROR_WANT_WRITE) {
			events = POLLOUT;
		} else if (kind != SSL_ERROR_WANT_READ) {
			handshake_failed(key, kind, result);
			return -1;
		}
		if (smtp_client_wait(SSL_get_fd(ssl), events, deadline) == -1) {
			set_why(result, TLS_PROBE_NO_TLS,
			    "the TLS handshake did not end in time");
			return -1;
		}
	}
}

/* ---- verification ---- */

static time_t
end_of(const X509 *certificate)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return 0;
	return timegm(&tm);
}

static void
describe(SSL *ssl, struct tls_probe_result *result)
{
	const X509 *leaf = SSL_get0_peer_certificate(ssl);
	const EVP_PKEY *key = X509_get0_pubkey(leaf);
	const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	const char *name = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;

	snprintf(result->protocol, sizeof(result->protocol), "%s",
	    SSL_get_version(ssl));
	if (name == NULL)
		snprintf(result->key, sizeof(result->key), "unknown");
	else
		snprintf(result->key, sizeof(result->key), "%s %d",
		    strcmp(name, "EC") == 0 ? "ECDSA" : name,
		    EVP_PKEY_get_bits(key));
	result->expires = result->chain_expires = end_of(leaf);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		const time_t end = end_of(sk_X509_value(chain, i));

		if (end < result->chain_expires)
			result->chain_expires = end;
	}
}

/* Verifies the certificates of @session again with the settings of @judge. */
static int
verify_as(SSL *judge, SSL *session, int *error)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	int valid = -1;

	if (store == NULL)
		return -1;
	if (X509_STORE_CTX_init(store,
		SSL_CTX_get_cert_store(SSL_get_SSL_CTX(session)),
		SSL_get0_peer_certificate(session),
		SSL_get_peer_cert_chain(session)) == 1 &&
	    X509_STORE_CTX_set_default(store, "ssl_server") == 1 &&
	    X509_VERIFY_PARAM_set1(
		X509_STORE_CTX_get0_param(store), SSL_get0_param(judge)) == 1) {
		X509_STORE_CTX_set0_dane(store, SSL_get0_dane(judge));
		valid = X509_verify_cert(store);
		*error = X509_STORE_CTX_get_error(store);
	}
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return valid;
}

/*
 * OpenSSL's text for an error.  Its versions differ in the case of the first
 * letter ("No matching DANE TLSA records").  Here it is lower case, because it
 * follows a colon.
 */
static void
verify_error_text(long error, char *text, size_t size)
{
	snprintf(text, size, "%s", X509_verify_cert_error_string(error));
	if (text[0] != '\0' && !isupper((unsigned char)text[1]))
		text[0] = (char)tolower((unsigned char)text[0]);
}

static void
judge_record(SSL *session, const struct tls_probe_target *target, size_t i,
    struct tls_probe_record *record)
{
	SSL *judge = new_client(SSL_get_SSL_CTX(session), target);
	int error = X509_V_ERR_UNSPECIFIED;

	record->depth = -1;
	if (judge == NULL)
		return;
	record->usable = add_record(judge, &target->tlsa[i]);
	if (!record->usable) {
		snprintf(record->why, sizeof(record->why),
		    "SMTP cannot use such a record");
	} else {
		const int valid = verify_as(judge, session, &error);

		record->depth = SSL_get0_dane_authority(judge, NULL, NULL);
		record->valid = valid == 1 && record->depth >= 0;
		if (!record->valid)
			verify_error_text(
			    error, record->why, sizeof(record->why));
	}
	SSL_free(judge);
}

static void
judge(SSL *session, const struct tls_probe_target *target,
    struct tls_probe_result *result)
{
	const long verdict = SSL_get_verify_result(session);

	if (SSL_get0_peer_certificate(session) == NULL) {
		set_why(
		    result, TLS_PROBE_NO_TLS, "the server has no certificate");
		return;
	}
	result->record =
	    calloc(target->tlsa_count + 1, sizeof(*result->record));
	if (result->record == NULL) {
		set_why(result, TLS_PROBE_ERROR, "out of memory");
		return;
	}
	describe(session, result);
	result->authenticated =
	    verdict == X509_V_OK &&
	    SSL_get0_dane_authority(session, NULL, NULL) >= 0;
	if (!result->authenticated)
		verify_error_text(
		    verdict, result->verdict, sizeof(result->verdict));
	for (size_t i = 0; i < target->tlsa_count; i++)
		judge_record(session, target, i, &result->record[i]);
	result->status = TLS_PROBE_DONE;
}

/* ---- the probe ---- */

/* Runs the handshake and verifies, on a socket after STARTTLS. */
static void
probe_tls(SSL *ssl, const struct tls_probe_target *target,
    enum tls_probe_key key, uint64_t deadline, struct tls_probe_result *result)
{
	for (size_t i = 0; i < target->tlsa_count; i++)
		add_record(ssl, &target->tlsa[i]);
	if (handshake(ssl, key, deadline, result) == -1)
		return;
	judge(ssl, target, result);
	/* It does not matter whether it arrives. */
	SSL_write(ssl, "QUIT\r\n", 6);
	SSL_shutdown(ssl);
	ERR_clear_error();
}

static int
start_session(const struct tls_probe_target *target, uint64_t deadline,
    struct tls_probe_result *result)
{
	static const enum tls_probe_status statuses[] = {
		[SMTP_UNREACHABLE] = TLS_PROBE_UNREACHABLE,
		[SMTP_NO_SESSION] = TLS_PROBE_NO_SESSION,
		[SMTP_NO_STARTTLS] = TLS_PROBE_NO_STARTTLS,
		[SMTP_READY] = TLS_PROBE_ERROR,
	};
	struct smtp_result smtp;
	const int fd = smtp_client_starttls(&target->address, deadline, &smtp);

	if (fd == -1)
		set_why(result, statuses[smtp.status], smtp.why);
	return fd;
}

void
tls_probe_run(const struct tls_probe_target *target, enum tls_probe_key key,
    uint64_t deadline, struct tls_probe_result *result)
{
	SSL_CTX *ctx = new_context(key);
	SSL *ssl = ctx != NULL ? new_client(ctx, target) : NULL;
	int fd;

	memset(result, 0, sizeof(*result));
	set_why(result, TLS_PROBE_ERROR, "OpenSSL cannot be set up");
	if (ssl != NULL &&
	    (fd = start_session(target, deadline, result)) != -1) {
		if (SSL_set_fd(ssl, fd) == 1)
			probe_tls(ssl, target, key, deadline, result);
		close(fd);
	}
	if (result->status == TLS_PROBE_DONE)
		result->why[0] = '\0';
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
}

void
tls_probe_result_clear(struct tls_probe_result *result)
{
	free(result->record);
	memset(result, 0, sizeof(*result));
}
