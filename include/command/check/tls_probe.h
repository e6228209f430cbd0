/*
 * tls_probe.h - connects to one address of a mail server with STARTTLS, and
 * verifies its certificates against TLSA records (RFC 7671, RFC 7672).
 *
 * OpenSSL's DANE implementation decides, set up as in Postfix.  Blocks until it
 * is done or its deadline has passed.
 */
#ifndef COMMAND_CHECK_TLS_PROBE_H
#define COMMAND_CHECK_TLS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/endpoint.h"
#include "dns/answer.h"

/* A server may have one certificate per kind of key.  The client's offer
 * selects one of them. */
enum tls_probe_key {
	TLS_PROBE_KEY_RSA,
	TLS_PROBE_KEY_ECDSA,
	TLS_PROBE_KEY_ANY
};

struct tls_probe_target {
	struct endpoint address;
	/* TLSA base domain: SNI, and the first name that a certificate below a
	 * trust anchor may have; NULL: no DANE */
	const char *base;
	const char *const *name; /* more accepted names */
	size_t name_count;
	const struct dns_rdata *tlsa; /* the complete RRset */
	size_t tlsa_count;
	time_t at; /* time to verify the certificates for */
};

enum tls_probe_status {
	TLS_PROBE_ERROR = 0,   /* local: memory, OpenSSL */
	TLS_PROBE_UNREACHABLE, /* no connection */
	TLS_PROBE_NO_SESSION,  /* connected, but no SMTP service */
	TLS_PROBE_NO_STARTTLS,
	TLS_PROBE_NO_KEY, /* apparently no certificate with such a key */
	TLS_PROBE_NO_TLS, /* the handshake failed */
	TLS_PROBE_DONE    /* the certificates were verified */
};

#define TLS_PROBE_TEXT_MAX 200

/* One TLSA record, judged as if it were the only one. */
struct tls_probe_record {
	bool usable;
	int depth;  /* of the certificate or key that it matches, 0 for the
		       server's own; -1 if it matches none */
	bool valid; /* it matches, and verification succeeds */
	char why[TLS_PROBE_TEXT_MAX]; /* OpenSSL's reason; "" if valid */
};

struct tls_probe_result {
	enum tls_probe_status status;
	char why[TLS_PROBE_TEXT_MAX]; /* printable; "" if DONE */
	/* the rest only if DONE */
	char protocol[16];    /* "TLSv1.3" */
	char key[32];         /* "RSA 2048" */
	time_t expires;       /* of the server's own certificate */
	time_t chain_expires; /* the earliest in the chain sent */
	bool authenticated;   /* by the complete RRset, as in Postfix */
	char verdict[TLS_PROBE_TEXT_MAX]; /* why not: OpenSSL's text */
	struct tls_probe_record *record;  /* as many as target->tlsa */
};

/*
 * Connect and verify.  @deadline: clock_ms().  The process must ignore SIGPIPE.
 * Free the contents of @result with tls_probe_result_clear().
 */
void tls_probe_run(const struct tls_probe_target *target,
    enum tls_probe_key key, uint64_t deadline, struct tls_probe_result *result);
void tls_probe_result_clear(struct tls_probe_result *result);

#endif /* COMMAND_CHECK_TLS_PROBE_H */
