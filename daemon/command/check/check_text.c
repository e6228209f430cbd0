/* check_text.c - prints the report of postdane check. */

#include "command/check/check_text.h"

#include <string.h>

#include "command/fields.h"

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
