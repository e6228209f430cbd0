/*
 * dns_probe.h - sends one query to one name server in one manner, and reports
 * the response.  For diagnosis: nothing is retried in another manner, and
 * truncation is reported, not followed.
 */
#ifndef COMMAND_DNS_DNS_PROBE_H
#define COMMAND_DNS_DNS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "base/domain.h"
#include "base/endpoint.h"

struct event_base;
struct dns_probe;

/* How the query is sent. */
struct dns_manner {
	bool tcp, recurse;      /* RD */
	bool edns, dnssec;      /* DO; only with EDNS */
	bool checking_disabled; /* CD */
	bool authentic_data;    /* AD: ask for that bit in the response */
	bool cookie;            /* an EDNS option */
	uint16_t size;          /* EDNS UDP payload size */
	unsigned ms;            /* timeout; 0: DNS_PROBE_MS */
};

enum dns_probe_status {
	DNS_PROBE_NOT_ASKED, /* out of time, or of local resources */
	DNS_PROBE_ANSWERED,
	DNS_PROBE_SILENT,
	DNS_PROBE_CLOSED,   /* port unreachable, connection refused, closed */
	DNS_PROBE_NO_ROUTE, /* this machine can't reach the address */
	DNS_PROBE_GARBLED   /* malformed response */
};

#define DNS_PROBE_EDE_MAX 120

/* The facts of a response.  No pointers, so that it can be copied. */
struct dns_probe_result {
	enum dns_probe_status status;
	unsigned ms;   /* since the first transmission */
	unsigned sent; /* transmissions: UDP is repeated */
	/* the rest only if ANSWERED */
	unsigned rcode; /* with the upper bits from EDNS */
	bool aa, tc, ra, ad, opt;
	size_t length;    /* octets of the message */
	size_t answers;   /* records of the type, after aliases */
	unsigned aliases; /* CNAMEs followed from the queried name */
	bool signatures;  /* an RRSIG in answer or authority section */
	bool denial;      /* NSEC or NSEC3 in the authority section */
	bool expired;     /* some such RRSIG has expired */
	bool bogus;       /* not set here: see signatures.h */
	bool soa, ns;     /* in the authority section */
	char authority[DOMAIN_TEXT_MAX]; /* owner of the first of them */
	uint64_t digest; /* of the RDATA, independent of order */
	int ede;         /* RFC 8914, -1 for none */
	char ede_text[DNS_PROBE_EDE_MAX]; /* printable */
};

#define DNS_PROBE_MS 3000

/* @result and @packet (NULL if there is nothing readable) are borrowed for the
 * callback. */
typedef void (*dns_probe_cb)(
    void *arg, const struct dns_probe_result *result, const ldns_pkt *packet);

/*
 * The callback comes once, never from inside this call.  Returns NULL when out
 * of memory or if @name is not a valid name.
 */
struct dns_probe *dns_probe_start(struct event_base *base,
    const struct endpoint *server, const char *name, uint16_t type,
    const struct dns_manner *manner, dns_probe_cb cb, void *arg);

/* Stops the probe without a callback.  NULL does nothing. */
void dns_probe_cancel(struct dns_probe *probe);

#endif /* COMMAND_DNS_DNS_PROBE_H */
