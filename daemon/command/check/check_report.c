/* check_report.c - judges what postdane check found, and prints it. */

#include "command/check/check_report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/domain.h"
#include "base/reason.h"
#include "command/fields.h"
#include "command/report.h"
#include "dane/tlsa.h"

#define WHERE_MAX (DOMAIN_TEXT_MAX + ENDPOINT_TEXT_MAX)

struct judge {
	const struct check *check;
	struct report report;
	bool is_unknown;      /* there was nothing to check */
	size_t certificates;  /* of hosts with usable TLSA records */
	size_t authenticated; /* how many of these */
};

static void find(struct judge *judge, enum report_severity severity,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
find(
    struct judge *judge, enum report_severity severity, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	report_find(&judge->report, severity, NULL, format, ap);
	va_end(ap);
}

static bool
has_status(const struct destination_host *host, const char *status)
{
	return strcmp(host->status, status) == 0;
}

/* ---- records ---- */

static size_t
count_valid(const struct tls_probe_result *result, size_t records)
{
	size_t count = 0;

	for (size_t i = 0; i < records; i++)
		if (result->record[i].valid)
			count++;
	return count;
}

/* What an operator must not do while only this record matches. */
static const char *
rollover(const struct tlsa_rr *rr)
{
	if (rr->usage == TLSA_DANE_TA)
		return "no other record matches: a certificate from another CA "
		       "needs its record first";
	if (rr->selector == 0)
		return "no other record matches: a renewed certificate needs "
		       "its record first, even with the same key";
	return "no other record matches: a new key needs its record first";
}

static json_t *
record_json(const struct dns_rdata *rdata,
    const struct tls_probe_result *result, size_t i, size_t valid)
{
	const struct tls_probe_record *record = &result->record[i];
	char text[TLSA_TEXT_MAX];
	struct tlsa_rr rr;
	json_t *object = json_object();

	fields_set_text(
	    object, "record", tlsa_text(rdata->data, rdata->len, text));
	json_object_set_new(object, "matched", json_boolean(record->valid));
	if (record->depth >= 0)
		json_object_set_new(
		    object, "depth", json_integer(record->depth));
	if (record->valid && !result->authenticated)
		fields_set_text(object, "why",
		    "not looked at: there are records with a stronger digest");
	else
		fields_set_text(object, "why", record->why);
	if (record->valid && valid == 1 &&
	    tlsa_parse(rdata->data, rdata->len, &rr) == 0)
		fields_set_text(object, "rollover", rollover(&rr));
	return object;
}

/* Reports a record that matches nothing on any address.  That is normal while a
 * rollover is being prepared. */
static void
judge_record(struct judge *judge, const struct check_host *host, size_t i)
{
	const struct dns_rdata *rdata = &host->host->tlsa[i];
	char text[TLSA_TEXT_MAX];
	size_t seen = 0;

	for (size_t a = 0; a < host->host->address_count; a++)
		for (size_t p = 0; p < host->address[a].probe_count; p++) {
			const struct tls_probe_result *result =
			    &host->address[a].probe[p].result;

			if (result->status != TLS_PROBE_DONE)
				continue;
			seen++;
			if (!result->record[i].usable ||
			    result->record[i].depth >= 0)
				return;
		}
	if (seen > 0)
		find(judge, REPORT_NOTE,
		    "%s: the record %s matches no certificate: left behind, or "
		    "that of the next key",
		    host->host->name, tlsa_text(rdata->data, rdata->len, text));
}

/* ---- probes ---- */

static const char *
asked_text(enum tls_probe_key asked)
{
	static const char *const texts[] = { "RSA", "ECDSA", "any" };

	return texts[asked];
}

static const char *
status_text(enum tls_probe_status status)
{
	static const char *const texts[] = {
		[TLS_PROBE_ERROR] = "error",
		[TLS_PROBE_UNREACHABLE] = "unreachable",
		[TLS_PROBE_NO_SESSION] = "no-session",
		[TLS_PROBE_NO_STARTTLS] = "no-starttls",
		[TLS_PROBE_NO_KEY] = "no-certificate",
		[TLS_PROBE_NO_TLS] = "no-tls",
		[TLS_PROBE_DONE] = "done",
	};

	return texts[status];
}

/* Whether the handshake succeeded for at least one kind of key. */
static bool
any_done(const struct check_address *address)
{
	for (size_t i = 0; i < address->probe_count; i++)
		if (address->probe[i].result.status == TLS_PROBE_DONE)
			return true;
	return false;
}

/* Reports a handshake that would also fail for a sending Postfix that requires
 * TLS here. */
static void
judge_failure(struct judge *judge, const struct check_address *address,
    const struct check_probe *probe, const char *where)
{
	switch (probe->result.status) {
	case TLS_PROBE_NO_STARTTLS:
		find(
		    judge, REPORT_CRITICAL, "%s: %s", where, probe->result.why);
		break;
	case TLS_PROBE_NO_TLS:
		find(judge,
		    any_done(address) ? REPORT_WARNING : REPORT_CRITICAL,
		    "%s: %s: %s", where, asked_text(probe->asked),
		    probe->result.why);
		break;
	case TLS_PROBE_NO_KEY:
		break;
	default:
		find(judge, REPORT_WARNING, "%s: not checked: %s", where,
		    probe->result.why);
	}
}

static void
judge_probe(struct judge *judge, const struct destination_host *host,
    const struct check_address *address, const struct check_probe *probe)
{
	const struct tls_probe_result *result = &probe->result;
	char where[WHERE_MAX], endpoint[ENDPOINT_TEXT_MAX];

	snprintf(where, sizeof(where), "%s %s", host->name,
	    endpoint_text(address->endpoint, endpoint) + strlen("inet:"));
	if (result->status != TLS_PROBE_DONE) {
		if (host->base != NULL)
			judge_failure(judge, address, probe, where);
		return;
	}
	if (!has_status(host, "usable"))
		return;
	judge->certificates++;
	if (result->authenticated)
		judge->authenticated++;
	else
		find(judge, REPORT_CRITICAL, "%s: %s certificate: %s", where,
		    result->key, result->verdict);
}

static void
add_done(json_t *object, const struct destination_host *host,
    const struct tls_probe_result *result)
{
	const size_t valid = count_valid(result, host->tlsa_count);
	json_t *records = json_array();

	fields_set_text(object, "key", result->key);
	fields_set_text(object, "protocol", result->protocol);
	fields_set_time(object, "expires", result->expires);
	fields_set_time(object, "chain_expires", result->chain_expires);
	if (host->base != NULL) {
		json_object_set_new(object, "authenticated",
		    json_boolean(result->authenticated));
		fields_set_text(object, "verdict", result->verdict);
	}
	for (size_t i = 0; i < host->tlsa_count; i++)
		json_array_append_new(
		    records, record_json(&host->tlsa[i], result, i, valid));
	json_object_set_new(object, "records", records);
}

static json_t *
probe_json(const struct destination_host *host, const struct check_probe *probe)
{
	json_t *object = json_object();

	fields_set_text(object, "asked", asked_text(probe->asked));
	fields_set_text(object, "status", status_text(probe->result.status));
	fields_set_text(object, "why", probe->result.why);
	if (probe->result.status == TLS_PROBE_DONE)
		add_done(object, host, &probe->result);
	return object;
}

/* ---- hosts ---- */

static json_t *
address_json(struct judge *judge, const struct destination_host *host,
    const struct check_address *address)
{
	char text[ENDPOINT_TEXT_MAX];
	json_t *probes = json_array();

	endpoint_text(address->endpoint, text);
	if (address->probe_count == 0)
		find(judge, REPORT_WARNING,
		    "%s %s: not checked: no time left (--timeout)", host->name,
		    text + strlen("inet:"));
	for (size_t i = 0; i < address->probe_count; i++) {
		judge_probe(judge, host, address, &address->probe[i]);
		json_array_append_new(
		    probes, probe_json(host, &address->probe[i]));
	}
	return json_pack(
	    "{s:s, s:o}", "address", text + strlen("inet:"), "probes", probes);
}

static void
judge_host(
    struct judge *judge, const struct destination_host *host, bool others)
{
	if (has_status(host, "failed") && reason_of_network(host->why) != NULL)
		return; /* reported once, for all hosts */
	if (has_status(host, "failed"))
		find(judge, REPORT_CRITICAL, "%s: %s", host->name, host->why);
	else if (has_status(host, "no-address"))
		find(judge, REPORT_WARNING, "%s: %s", host->name, host->why);
	else if (has_status(host, "unusable"))
		find(judge, REPORT_WARNING,
		    "%s: no TLSA record that SMTP can use: Postfix encrypts "
		    "and authenticates nobody",
		    host->name);
	else if (!has_status(host, "usable") && others)
		find(judge, REPORT_WARNING, "%s: not protected: %s", host->name,
		    host->why);
	if (host->base != NULL && (!host->a_known || !host->aaaa_known))
		find(judge, REPORT_WARNING,
		    "%s: its %s addresses are not to be had: not checked",
		    host->name, host->a_known ? "IPv6" : "IPv4");
}

static json_t *
host_json(struct judge *judge, const struct check_host *host, bool others)
{
	json_t *addresses = json_array();
	json_t *object = json_object();

	judge_host(judge, host->host, others);
	for (size_t i = 0; i < host->host->address_count; i++)
		json_array_append_new(addresses,
		    address_json(judge, host->host, &host->address[i]));
	for (size_t i = 0; i < host->host->tlsa_count; i++)
		judge_record(judge, host, i);
	fields_set_text(object, "name", host->host->name);
	fields_set_text(object, "status", host->host->status);
	fields_set_text(object, "tlsa_base", host->host->base);
	json_object_set_new(object, "addresses", addresses);
	return object;
}

/* ---- the report ---- */

static bool
any_host(const struct destination *destination, const char *status)
{
	for (size_t i = 0; i < destination->host_count; i++)
		if (has_status(&destination->host[i], status))
			return true;
	return false;
}

/* Returns whether there are hosts to judge. */
static bool
judge_mx(struct judge *judge)
{
	const struct destination *destination = judge->check->destination;
	const char *status = destination->mx_status;

	if (reason_of_network(destination->why) != NULL)
		judge->is_unknown = true;
	else if (strcmp(destination->reply, "TEMP") == 0)
		find(judge, REPORT_CRITICAL, "Postfix would defer mail: %s",
		    destination->why);
	else if (strcmp(status, "null-mx") == 0)
		find(
		    judge, REPORT_WARNING, "the domain takes no mail: null MX");
	else if (strcmp(status, "nxdomain") == 0)
		find(judge, REPORT_CRITICAL, "the domain does not exist");
	else if (destination->host_count == 0)
		judge->is_unknown = true;
	return destination->host_count > 0;
}

static void
judge_destination(struct judge *judge)
{
	const struct destination *destination = judge->check->destination;
	const bool usable = any_host(destination, "usable");

	if (!judge_mx(judge))
		return;
	if (usable && strcmp(destination->mx_security, "secure") != 0)
		find(judge, REPORT_WARNING,
		    "the MX records are not secure: they can be forged, and "
		    "with them the hosts");
	if (!usable && !any_host(destination, "unusable") &&
	    !any_host(destination, "failed"))
		find(judge, REPORT_WARNING,
		    "no host has TLSA records: there is nothing to verify");
}

/* The summary is the first of the gravest findings. */
static const char *
first_of(const struct judge *judge, enum report_severity severity)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (judge->report.findings, i, finding)
		if (strcmp(fields_text(finding, "severity"),
			report_level(severity)->severity) == 0)
			return fields_text(finding, "text");
	return NULL;
}

static void
add_summary(const struct judge *judge, json_t *report)
{
	const char *finding = first_of(judge, REPORT_CRITICAL);
	char text[2 * REPORT_TEXT_MAX];

	if (finding == NULL)
		finding = first_of(judge, REPORT_WARNING);
	if (judge->is_unknown)
		finding = judge->check->destination->why;
	if (judge->is_unknown && judge->certificates == 0)
		snprintf(text, sizeof(text), "%s: not checked: %s",
		    judge->check->key, finding != NULL ? finding : "");
	else
		snprintf(text, sizeof(text),
		    "%s: %zu of %zu certificates authenticated%s%s",
		    judge->check->key, judge->authenticated,
		    judge->certificates, finding != NULL ? "; " : "",
		    finding != NULL ? finding : "");
	fields_set_text(report, "summary", text);
}

json_t *
check_report(const struct check *check)
{
	const struct destination *destination = check->destination;
	const bool usable = any_host(destination, "usable");
	struct judge judge = { .check = check,
		.report.findings = json_array() };
	json_t *hosts = json_array();
	json_t *report = json_object();
	const struct report_level *level;

	if (report == NULL || hosts == NULL || judge.report.findings == NULL) {
		json_decref(report);
		json_decref(hosts);
		json_decref(judge.report.findings);
		return NULL;
	}
	judge_destination(&judge);
	for (size_t i = 0; i < destination->host_count; i++)
		json_array_append_new(
		    hosts, host_json(&judge, &check->host[i], usable));
	if (usable && judge.certificates == 0)
		find(&judge, REPORT_CRITICAL,
		    "no certificate of a host with TLSA records could be seen");
	level = report_level(
	    judge.is_unknown ? REPORT_UNKNOWN : report_worst(&judge.report));
	fields_set_text(report, "key", check->key);
	fields_set_text(report, "domain", destination->domain);
	fields_set_text(report, "reply", destination->reply);
	fields_set_time(report, "at", check->at);
	fields_set_text(report, "status", level->status);
	json_object_set_new(report, "code", json_integer(level->code));
	add_summary(&judge, report);
	json_object_set_new(report, "findings", judge.report.findings);
	json_object_set_new(report, "hosts", hosts);
	return report;
}

/* ---- text ---- */

/* Of "2026-12-24T12:00:00Z", only the day is printed. */
static void
put_expiry(const json_t *report, const json_t *probe, FILE *out)
{
	const char *at = fields_text(report, "at");
	const char *expires = fields_text(probe, "expires");
	const char *chain = fields_text(probe, "chain_expires");

	fprintf(out, ", certificate until %.10s", expires);
	if (strcmp(chain, expires) < 0)
		fprintf(out, ", its chain until %.10s", chain);
	/* Times in this form can be compared as strings. */
	if (strcmp(expires, at) < 0)
		fprintf(out, " (expired%s)",
		    json_is_true(json_object_get(probe, "authenticated"))
			? ", which does not matter to DANE-EE"
			: "");
}

static void
put_record(const json_t *report, const char *where, const json_t *probe,
    const json_t *record, FILE *out)
{
	const json_t *depth = json_object_get(record, "depth");

	fprintf(out, "%s %s, %s: %s: %s", where, fields_text(probe, "key"),
	    fields_text(probe, "protocol"), fields_text(record, "record"),
	    json_is_true(json_object_get(record, "matched")) ? "matched"
							     : "not matched");
	if (depth != NULL)
		fprintf(out, ", depth %lld", json_integer_value(depth));
	put_expiry(report, probe, out);
	if (fields_text(record, "why")[0] != '\0')
		fprintf(out, "; %s", fields_text(record, "why"));
	if (fields_text(record, "rollover")[0] != '\0')
		fprintf(out, "; %s", fields_text(record, "rollover"));
	fputc('\n', out);
}

static void
put_probe(
    const json_t *report, const char *where, const json_t *probe, FILE *out)
{
	const json_t *records = json_object_get(probe, "records");
	const json_t *record;
	size_t i;

	json_array_foreach (records, i, record)
		put_record(report, where, probe, record, out);
	if (json_array_size(records) > 0)
		return;
	if (records == NULL) {
		fprintf(out, "%s %s: %s\n", where,
		    strcmp(fields_text(probe, "asked"), "any") == 0
			? "any key"
			: fields_text(probe, "asked"),
		    fields_text(probe, "why"));
		return;
	}
	fprintf(out, "%s %s, %s: no TLSA record to match", where,
	    fields_text(probe, "key"), fields_text(probe, "protocol"));
	put_expiry(report, probe, out);
	fputc('\n', out);
}

static void
put_host(const json_t *report, const json_t *host, FILE *out)
{
	const json_t *address, *probe;
	char where[1200];
	size_t i, j;

	json_array_foreach (json_object_get(host, "addresses"), i, address) {
		snprintf(where, sizeof(where), "%s %s",
		    fields_text(host, "name"), fields_text(address, "address"));
		json_array_foreach (
		    json_object_get(address, "probes"), j, probe)
			put_probe(report, where, probe, out);
	}
}

void
check_text(const json_t *report, FILE *out)
{
	const json_t *host, *finding;
	size_t i;

	json_array_foreach (json_object_get(report, "hosts"), i, host)
		put_host(report, host, out);
	json_array_foreach (json_object_get(report, "findings"), i, finding)
		fprintf(out, "%s: %s\n", fields_text(finding, "severity"),
		    fields_text(finding, "text"));
}
