/*
 * destination.h - the hosts for a next hop and their TLSA records, read from an
 * explanation (policy/evidence_json.h).
 */
#ifndef COMMAND_CHECK_DESTINATION_H
#define COMMAND_CHECK_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/endpoint.h"
#include "dns/answer.h"

/* Postfix's default limit (dns_rr_list_limit). */
#define DESTINATION_RECORDS_MAX 100
#define DESTINATION_NAMES_MAX 2

struct destination_host {
	const char *name, *status; /* dane_host_status_text(); "" if absent */
	const char *why;           /* "" if absent */
	const char *base;          /* TLSA base domain, or NULL */
	struct endpoint *address;  /* with the port */
	size_t address_count;
	struct dns_rdata *tlsa; /* secure ones only; owned */
	size_t tlsa_count;
	bool a_known, aaaa_known; /* answered, possibly by a denial */
};

/* Texts are owned by the explanation. */
struct destination {
	const char *domain, *reply, *rule, *why; /* "" if absent */
	const char *mx_status, *mx_security;     /* "" if absent */
	/* Names, besides the base domain, that a certificate below a trust
	 * anchor may have (RFC 7672 section 3.1.2). */
	const char *name[DESTINATION_NAMES_MAX];
	size_t name_count;
	struct destination_host *host;
	size_t host_count;
};

/*
 * @explanation is borrowed and must outlive the result.  Returns NULL when out
 * of memory.
 */
struct destination *destination_new(const json_t *explanation);

/* NULL does nothing. */
void destination_free(struct destination *destination);

#endif /* COMMAND_CHECK_DESTINATION_H */
