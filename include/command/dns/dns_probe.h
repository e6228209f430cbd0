/*
 * dns_probe.h - one question to one name server, in one manner, and what came
 * back.  For diagnosis: nothing is retried in another manner, truncation is
 * told and not followed.
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

/* How the question is put. */
struct dns_manner {
	bool tcp, recurse;      /* RD */
	bool edns, dnssec;      /* DO; only with EDNS */
	bool checking_disabled; /* CD */
	bool authentic_data;    /* AD: whether that is understood */
	bool cookie;            /* an EDNS option */
	uint16_t size;          /* that EDNS announces */
	unsigned ms;            /* to wait; 0: DNS_PROBE_MS */
};

enum dns_probe_status {
	DNS_PROBE_NOT_ASKED, /* the time was up, or we short of something */
	DNS_PROBE_ANSWERED,
	DNS_PROBE_SILENT,
	DNS_PROBE_CLOSED,   /* port unreachable, connection refused, closed */
	DNS_PROBE_NO_ROUTE, /* this machine can't send there */
	DNS_PROBE_GARBLED   /* what came can't be read */
};

#define DNS_PROBE_EDE_MAX 120

/* What an answer is worth.  Flat, for findings.h. */
struct dns_probe_result {
	enum dns_probe_status status;
	unsigned ms;   /* from the first sending on */
	unsigned sent; /* how often: UDP is repeated */
	/* all below: of an answer */
	unsigned rcode; /* with EDNS' upper bits */
	bool aa, tc, ra, ad, opt;
	size_t length;    /* octets of the message */
	size_t answers;   /* records of the type, aliases followed */
	unsigned aliases; /* from the question on */
	bool signatures;  /* an RRSIG in answer or authority section */
	bool denial;      /* NSEC or NSEC3 in the authority section */
	bool expired;     /* such an RRSIG, and it has expired */
	bool bogus;       /* not set here: see signatures.h */
	bool soa, ns;     /* in the authority section */
	char authority[DOMAIN_TEXT_MAX]; /* owner of the first of them */
	uint64_t digest; /* of the records' RDATA, in any order */
	int ede;         /* RFC 8914, -1 for none */
	char ede_text[DNS_PROBE_EDE_MAX]; /* printable */
};

#define DNS_PROBE_MS 3000

/* @result and @packet (NULL where nothing can be read): borrowed for the time
 * of the callback. */
typedef void (*dns_probe_cb)(
    void *arg, const struct dns_probe_result *result, const ldns_pkt *packet);

/*
 * The callback comes once, never from inside this call.  Returns NULL when out
 * of memory or @name is no name.
 */
struct dns_probe *dns_probe_start(struct event_base *base,
    const struct endpoint *server, const char *name, uint16_t type,
    const struct dns_manner *manner, dns_probe_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void dns_probe_cancel(struct dns_probe *probe);

#endif /* COMMAND_DNS_DNS_PROBE_H */
