/* evidence.c - what was found out about one next hop. */

#include "dane/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "dane/mx.h"

/* ---- create and free ---- */

struct dane_evidence *
dane_evidence_new(const char *domain, uint16_t port)
{
	struct dane_evidence *evidence = calloc(1, sizeof(*evidence));

	if (evidence == NULL)
		return NULL;
	evidence->domain = strdup(domain);
	evidence->mx_lookup = calloc(1, sizeof(*evidence->mx_lookup));
	evidence->port = port;
	evidence->expires = UINT64_MAX;
	if (evidence->domain == NULL || evidence->mx_lookup == NULL) {
		dane_evidence_free(evidence);
		return NULL;
	}
	return evidence;
}

static void
lookups_free(struct dane_lookup *lookup, size_t count)
{
	for (size_t i = 0; i < count; i++)
		answer_unref(lookup[i].answer);
	free(lookup);
}

static void
hosts_free(struct dane_evidence *evidence)
{
	for (size_t i = 0; i < evidence->host_count; i++) {
		struct dane_host *host = &evidence->host[i];

		lookups_free(host->lookup, host->lookup_count);
		free(host->name);
		free(host->tlsa_base);
		free(host->why);
	}
	free(evidence->host);
	evidence->host = NULL;
	evidence->host_count = 0;
}

void
dane_evidence_free(struct dane_evidence *evidence)
{
	if (evidence == NULL)
		return;
	hosts_free(evidence);
	lookups_free(evidence->mx_lookup, evidence->mx_lookup_count);
	free(evidence->domain);
	free(evidence->mx_why);
	free(evidence);
}

/* Returns 0, or -1 when out of memory. */
static int
host_init(struct dane_host *host, const struct mx_host *mx)
{
	host->preference = mx->preference;
	host->name = strdup(mx->name);
	host->why = strdup("not looked at");
	host->lookup = calloc(DANE_HOST_LOOKUPS_MAX, sizeof(*host->lookup));
	return host->name != NULL && host->why != NULL && host->lookup != NULL
		   ? 0
		   : -1;
}

int
dane_evidence_set_hosts(
    struct dane_evidence *evidence, const struct mx_host *mx, size_t count)
{
	evidence->host = calloc(count, sizeof(*evidence->host));
	if (evidence->host == NULL)
		return -1;
	evidence->host_count = count;
	for (size_t i = 0; i < count; i++)
		if (host_init(&evidence->host[i], &mx[i]) == -1) {
			hosts_free(evidence);
			return -1;
		}
	return 0;
}

/* ---- reading ---- */

static enum dns_rung
highest_rung(
    const struct dane_lookup *lookup, size_t count, enum dns_rung highest)
{
	for (size_t i = 0; i < count; i++)
		if (lookup[i].answer->rung > highest)
			highest = lookup[i].answer->rung;
	return highest;
}

enum dns_rung
dane_evidence_rung(const struct dane_evidence *evidence)
{
	enum dns_rung highest = highest_rung(
	    evidence->mx_lookup, evidence->mx_lookup_count, DNS_RUNG_NONE);

	for (size_t i = 0; i < evidence->host_count; i++)
		highest = highest_rung(evidence->host[i].lookup,
		    evidence->host[i].lookup_count, highest);
	return highest;
}

/* ---- texts ---- */

const char *
dane_host_status_text(enum dane_host_status status)
{
	static const char *const texts[] = {
		[DANE_HOST_FAILED] = "failed",
		[DANE_HOST_USABLE] = "usable",
		[DANE_HOST_UNUSABLE] = "unusable",
		[DANE_HOST_ABSENT] = "absent",
		[DANE_HOST_INSECURE] = "insecure",
		[DANE_HOST_NO_ADDRESS] = "no-address",
	};

	return texts[status];
}

const char *
dane_mx_status_text(enum dane_mx_status status)
{
	static const char *const texts[] = {
		[DANE_MX_FAILED] = "failed",
		[DANE_MX_HOSTS] = "hosts",
		[DANE_MX_NO_DATA] = "no-data",
		[DANE_MX_NULL] = "null-mx",
		[DANE_MX_NXDOMAIN] = "nxdomain",
	};

	return texts[status];
}

char *
dane_evidence_fault(const struct dns_answer *answer)
{
	char text[2 * DANE_WHY_MAX], type[16];

	snprintf(text, sizeof(text), "DNS of %.80s: %s: %s", answer->qname,
	    answer_type_text(answer->qtype, type),
	    answer->why != NULL ? answer->why
				: answer_security_text(answer->security));
	reason_fit(text, DANE_WHY_MAX - 1);
	return strdup(text);
}
