/* answer.c - the result of one DNS lookup. */

#include "dns/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dns_answer *
answer_new(const char *qname, uint16_t qtype)
{
	struct dns_answer *answer = calloc(1, sizeof(*answer));

	if (answer == NULL)
		return NULL;
	answer->references = 1;
	answer->qtype = qtype;
	answer->qname = strdup(qname);
	answer->rname = strdup(qname);
	if (answer->qname == NULL || answer->rname == NULL) {
		answer_unref(answer);
		return NULL;
	}
	return answer;
}

struct dns_answer *
answer_ref(struct dns_answer *answer)
{
	answer->references++;
	return answer;
}

void
answer_unref(struct dns_answer *answer)
{
	if (answer == NULL || --answer->references > 0)
		return;
	for (size_t i = 0; i < answer->rdata_count; i++)
		free((void *)(uintptr_t)answer->rdata[i].data);
	free(answer->rdata);
	for (size_t i = 0; i < answer->part_count; i++)
		free(answer->parts[i].wire);
	free(answer->parts);
	free(answer->qname);
	free(answer->rname);
	free(answer->proof);
	free(answer->why);
	free(answer);
}

const char *
answer_status_text(enum dns_status status)
{
	static const char *const texts[] = {
		[DNS_FAILED] = "failed",
		[DNS_OK] = "ok",
		[DNS_NODATA] = "nodata",
		[DNS_NXDOMAIN] = "nxdomain",
	};

	return texts[status];
}

const char *
answer_security_text(enum dns_security security)
{
	static const char *const texts[] = {
		[DNS_INDETERMINATE] = "indeterminate",
		[DNS_BOGUS] = "bogus",
		[DNS_INSECURE] = "insecure",
		[DNS_SECURE] = "secure",
	};

	return texts[security];
}

const char *
answer_rung_text(enum dns_rung rung)
{
	static const char *const texts[] = {
		[DNS_RUNG_NONE] = "none",
		[DNS_RUNG_VALIDATED] = "validated",
		[DNS_RUNG_FRESH] = "fresh",
		[DNS_RUNG_PROOF] = "proof",
		[DNS_RUNG_PLAIN] = "plain",
	};

	return texts[rung];
}

const char *
answer_type_text(uint16_t type, char text[16])
{
	static const struct {
		uint16_t type;
		const char *text;
	} types[] = {
		{ DNS_TYPE_A, "A" },
		{ DNS_TYPE_NS, "NS" },
		{ DNS_TYPE_CNAME, "CNAME" },
		{ DNS_TYPE_SOA, "SOA" },
		{ DNS_TYPE_PTR, "PTR" },
		{ DNS_TYPE_MX, "MX" },
		{ DNS_TYPE_TXT, "TXT" },
		{ DNS_TYPE_AAAA, "AAAA" },
		{ DNS_TYPE_DNAME, "DNAME" },
		{ DNS_TYPE_DS, "DS" },
		{ DNS_TYPE_DNSKEY, "DNSKEY" },
		{ DNS_TYPE_TLSA, "TLSA" },
	};

	snprintf(text, 16, "TYPE%u", type);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			snprintf(text, 16, "%s", types[i].text);
	return text;
}
