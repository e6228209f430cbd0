/*
 * tls_probe.h - one look at one address of a mail server: STARTTLS, and what
 * its certificates are worth against TLSA records (RFC 7671, RFC 7672).
 *
 * OpenSSL's DANE judges, set up as Postfix does it.  Blocks until it is done
 * or its deadline has passed.
 */
#ifndef COMMAND_CHECK_TLS_PROBE_H
#define COMMAND_CHECK_TLS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/endpoint.h"
#include "dns/answer.h"

/* A server may have a certificate for each kind of key; which of them is shown
 * depends on what the client offers. */
enum tls_probe_key {
	TLS_PROBE_KEY_RSA,
	TLS_PROBE_KEY_ECDSA,
	TLS_PROBE_KEY_ANY
};

struct tls_probe_target {
	struct endpoint address;
	const char *base; /* TLSA base domain: SNI, and the first name that a
			   * certificate below a trust anchor may have; NULL:
			   * no DANE */
	const char *const *name; /* more such names */
	size_t name_count;
	const struct dns_rdata *tlsa; /* the whole RRset */
	size_t tlsa_count;
	time_t at; /* when the certificates shall be valid */
};

enum tls_probe_status {
	TLS_PROBE_ERROR = 0,   /* ours: memory, OpenSSL */
	TLS_PROBE_UNREACHABLE, /* no connection */
	TLS_PROBE_NO_SESSION,  /* connected, but it does not serve us */
	TLS_PROBE_NO_STARTTLS,
	TLS_PROBE_NO_KEY, /* no certificate with such a key, it seems */
	TLS_PROBE_NO_TLS, /* the handshake failed */
	TLS_PROBE_DONE    /* there are certificates, and they were judged */
};

#define TLS_PROBE_TEXT_MAX 200

/* One TLSA record as if it were the only one. */
struct tls_probe_record {
	bool usable;
	int depth;  /* of the certificate or key that it describes, 0 for the
		     * server's own; -1 where it describes none */
	bool valid; /* it describes one, and the rest is in order, too */
	char why[TLS_PROBE_TEXT_MAX]; /* constant text of OpenSSL's; "" if valid
				       */
};

struct tls_probe_result {
	enum tls_probe_status status;
	char why[TLS_PROBE_TEXT_MAX]; /* printable; "" if DONE */
	/* the rest only if DONE */
	char protocol[16];    /* "TLSv1.3" */
	char key[32];         /* "RSA 2048" */
	time_t expires;       /* the server's own certificate */
	time_t chain_expires; /* the first in what it sent */
	bool authenticated;   /* by the whole RRset: what Postfix would say */
	char verdict[TLS_PROBE_TEXT_MAX]; /* why not, OpenSSL's text */
	struct tls_probe_record *record;  /* as many as target->tlsa */
};

/*
 * Connect and judge.  @deadline: a clock_ms().  The process shall ignore
 * SIGPIPE.  Free what is in @result with tls_probe_result_clear().
 */
void tls_probe_run(const struct tls_probe_target *target,
    enum tls_probe_key key, uint64_t deadline, struct tls_probe_result *result);
void tls_probe_result_clear(struct tls_probe_result *result);

#endif /* COMMAND_CHECK_TLS_PROBE_H */
