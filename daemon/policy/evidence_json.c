/* evidence_json.c - an evaluation as JSON. */

#include "policy/evidence_json.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "dane/evidence.h"
#include "dane/tlsa.h"
#include "dns/wire.h"
#include "policy/verdict.h"

#define RECORD_MAX (DOMAIN_TEXT_MAX + 16)

/* One RDATA as text; types without a text form here, as their length. */
static const char *
record_text(uint16_t type, const struct dns_rdata *rdata, char text[RECORD_MAX])
{
	char name[DOMAIN_TEXT_MAX];

	snprintf(text, RECORD_MAX, "%zu octets", rdata->len);
	if (type == DNS_TYPE_A && rdata->len == 4)
		inet_ntop(AF_INET, rdata->data, text, RECORD_MAX);
	else if (type == DNS_TYPE_AAAA && rdata->len == 16)
		inet_ntop(AF_INET6, rdata->data, text, RECORD_MAX);
	else if (type == DNS_TYPE_TLSA)
		tlsa_text(rdata->data, rdata->len, text);
	else if (type == DNS_TYPE_MX && rdata->len > 2 &&
		 domain_from_wire(rdata->data + 2, rdata->len - 2, name) != 0)
		snprintf(text, RECORD_MAX, "%u %s",
		    (unsigned)wire_get16(rdata->data), name);
	return text;
}

static json_t *
records_json(const struct dns_answer *answer)
{
	json_t *records = json_array();
	char text[RECORD_MAX];

	for (size_t i = 0; i < answer->rdata_count; i++)
		json_array_append_new(records,
		    json_string(
			record_text(answer->qtype, &answer->rdata[i], text)));
	return records;
}

/* The complete RDATA in hex. */
static json_t *
rdata_json(const struct dns_answer *answer)
{
	static const char digits[] = "0123456789abcdef";
	json_t *array = json_array();

	for (size_t i = 0; i < answer->rdata_count; i++) {
		const struct dns_rdata *rdata = &answer->rdata[i];
		char *hex = malloc(2 * rdata->len + 1);

		if (hex == NULL)
			continue;
		for (size_t at = 0; at < rdata->len; at++) {
			hex[2 * at] = digits[rdata->data[at] >> 4];
			hex[2 * at + 1] = digits[rdata->data[at] & 15];
		}
		json_array_append_new(array, json_stringn(hex, 2 * rdata->len));
		free(hex);
	}
	return array;
}

static void
set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(object, key, json_string(text));
}

static void
set_number(json_t *object, const char *key, json_int_t number)
{
	json_object_set_new(object, key, json_integer(number));
}

static json_t *
lookup_json(const struct dane_lookup *lookup)
{
	const struct dns_answer *answer = lookup->answer;
	json_t *object = json_object();
	char type[16];

	set_text(object, "name", answer->qname);
	set_text(object, "type", answer_type_text(answer->qtype, type));
	set_text(object, "status", answer_status_text(answer->status));
	set_text(object, "security", answer_security_text(answer->security));
	set_text(object, "rung", answer_rung_text(answer->rung));
	if (strcmp(answer->rname, answer->qname) != 0)
		set_text(object, "rname", answer->rname);
	set_number(object, "ttl", answer->ttl);
	if (answer->rdata_count > 0) {
		json_object_set_new(object, "records", records_json(answer));
		json_object_set_new(object, "rdata", rdata_json(answer));
	}
	set_text(object, "proof", answer->proof);
	set_text(object, "why", answer->why);
	set_number(object, "step", lookup->step);
	set_number(object, "ms", lookup->ms);
	return object;
}

static json_t *
lookups_json(const struct dane_lookup *lookup, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, lookup_json(&lookup[i]));
	return array;
}

static json_t *
mx_json(const struct dane_evidence *evidence)
{
	json_t *object = json_object();

	set_text(object, "status", dane_mx_status_text(evidence->mx));
	set_text(
	    object, "security", answer_security_text(evidence->mx_security));
	json_object_set_new(
	    object, "implicit", json_boolean(evidence->implicit_mx));
	json_object_set_new(
	    object, "truncated", json_boolean(evidence->truncated));
	set_text(object, "why", evidence->mx_why);
	json_object_set_new(object, "lookups",
	    lookups_json(evidence->mx_lookup, evidence->mx_lookup_count));
	return object;
}

static json_t *
host_json(const struct dane_host *host)
{
	json_t *object = json_object();

	set_text(object, "name", host->name);
	set_number(object, "preference", host->preference);
	set_text(object, "status", dane_host_status_text(host->status));
	set_text(object, "tlsa_base", host->tlsa_base);
	set_text(object, "why", host->why);
	json_object_set_new(
	    object, "lookups", lookups_json(host->lookup, host->lookup_count));
	return object;
}

static void
add_evidence(json_t *object, const struct dane_evidence *evidence)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < evidence->host_count; i++)
		json_array_append_new(hosts, host_json(&evidence->host[i]));
	set_text(object, "domain", evidence->domain);
	set_number(object, "port", evidence->port);
	json_object_set_new(object, "mx", mx_json(evidence));
	json_object_set_new(object, "hosts", hosts);
	set_text(
	    object, "rung", answer_rung_text(dane_evidence_rung(evidence)));
	set_number(object, "questions", evidence->questions);
	set_number(object, "steps", evidence->steps);
	set_number(object, "ms", evidence->ms);
}

json_t *
evidence_json(const char *key, const char *map, const struct verdict *verdict,
    const struct dane_evidence *evidence)
{
	json_t *object = json_object();

	if (object == NULL)
		return NULL;
	set_text(object, "key", key);
	set_text(object, "map", map);
	set_text(object, "reply", tls_policy_text(verdict->policy));
	if (verdict->policy == TLS_POLICY_FINGERPRINT)
		set_text(object, "carried", verdict->carried);
	set_text(object, "rule", verdict_rule_text(verdict->rule));
	set_text(object, "why", verdict->why);
	set_number(object, "ttl", verdict->ttl);
	if (evidence != NULL)
		add_evidence(object, evidence);
	return object;
}
