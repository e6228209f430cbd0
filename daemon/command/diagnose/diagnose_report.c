/* diagnose_report.c - reports a diagnosis as JSON and as text. */

#include "command/diagnose/diagnose_report.h"

#include "command/diagnose/diagnose_answers.h"
#include "command/diagnose/diagnose_run.h"
#include "command/fields.h"

/* ---- JSON ---- */

static json_t *
report_finding(const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	    "severity", report_level(finding->severity)->severity, "behaviour",
	    finding->behaviour, "zone", finding->zone, "server",
	    finding->server, "address", finding->address, "text", finding->text,
	    "blame", finding->blame, "reproduce", finding->dig, "remedy",
	    finding->remedy);
}

/* Counts one server's queries and answers. */
static json_t *
report_server(const struct diagnosis *diagnosis, bool recursor, size_t zone,
    size_t where, const char *name, const struct endpoint *endpoint)
{
	json_int_t asked = 0, answered = 0, ms = 0;
	char address[64];

	diagnose_address(endpoint, address);
	for (size_t i = 0; i < diagnosis->batch.count; i++) {
		const struct dns_probe_job *job = &diagnosis->batch.job[i];

		if ((job->kind >= DIAGNOSE_MANNERS) != recursor ||
		    job->where != where || (!recursor && job->zone != zone) ||
		    job->result.status == DNS_PROBE_NOT_ASKED)
			continue;
		asked++;
		if (job->result.status != DNS_PROBE_ANSWERED)
			continue;
		answered++;
		ms += job->result.ms;
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:I}",
	    recursor ? "path" : "name", name, "address", address, "asked",
	    asked, "answered", answered, "ms",
	    answered > 0 ? ms / answered : (json_int_t)-1);
}

static json_t *
report_zone(const struct diagnosis *diagnosis, size_t index)
{
	const struct delegation_zone *zone = &diagnosis->delegation.zone[index];
	json_t *servers = json_array();

	for (size_t s = 0; s < zone->server_count; s++)
		json_array_append_new(servers,
		    report_server(diagnosis, false, index, s,
			zone->server[s].name, &zone->server[s].endpoint));
	return json_pack("{s:s, s:o, s:o}", "name", zone->name, "signed",
	    diagnosis->signed_known[index]
		? json_boolean(diagnosis->is_signed[index])
		: json_null(),
	    "servers", servers);
}

static json_t *
summary(const struct diagnosis *diagnosis)
{
	size_t count = 0, servers = 0;

	for (size_t i = 0; i < diagnosis->findings.count; i++)
		count += diagnosis->findings.item[i].severity > REPORT_NOTE;
	for (size_t i = 0; i < diagnosis->delegation.count; i++)
		servers += diagnosis->delegation.zone[i].server_count;
	if (count == 0)
		return json_sprintf("%s: nothing wrong at %zu name server "
				    "addresses of %zu zones",
		    diagnosis->domain, servers, diagnosis->delegation.count);
	return json_sprintf("%s: %zu finding%s", diagnosis->domain, count,
	    count > 1 ? "s" : "");
}

/* Adds findings, the gravest first. */
static void
add_findings(const struct diagnosis *diagnosis, bool leads, json_t *to)
{
	const struct findings *findings = &diagnosis->findings;

	for (int level = REPORT_CRITICAL; level >= REPORT_NOTE; level--)
		for (size_t i = 0; i < findings->count; i++)
			if ((int)findings->item[i].severity == level &&
			    findings->item[i].leads == leads)
				json_array_append_new(
				    to, report_finding(&findings->item[i]));
}

json_t *
diagnose_report(const struct diagnosis *diagnosis, const json_t *postdane)
{
	const struct report_level *level =
	    report_level(findings_worst(&diagnosis->findings));
	json_t *zones = json_array(), *recursors = json_array();
	json_t *findings = json_array(), *mx = json_array();

	for (size_t i = 0; i < diagnosis->delegation.count; i++)
		json_array_append_new(zones, report_zone(diagnosis, i));
	for (size_t i = 0; i < diagnosis->recursor_count; i++)
		json_array_append_new(
		    recursors, report_server(diagnosis, true, 0, i,
				   diagnosis->recursor[i].path,
				   &diagnosis->recursor[i].endpoint));
	for (size_t i = 0; i < diagnosis->host_count; i++)
		json_array_append_new(mx, json_string(diagnosis->host[i]));
	add_findings(diagnosis, true, findings);
	add_findings(diagnosis, false, findings);
	return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:O?, s:o}",
	    "domain", diagnosis->domain, "status", level->status, "code",
	    level->code, "summary", summary(diagnosis), "mx", mx, "zones",
	    zones, "recursors", recursors, "postdane", postdane, "findings",
	    findings);
}

/* ---- text ---- */

static void
put_finding(const json_t *finding, FILE *out)
{
	const char *zone = fields_text(finding, "zone");
	const char *server = fields_text(finding, "server");
	const char *address = fields_text(finding, "address");

	fprintf(out, "\n%s: ", fields_text(finding, "severity"));
	if (zone[0] != '\0' && address[0] != '\0')
		fprintf(out, "name server %s%s%s of zone %s ", server,
		    server[0] != '\0' ? " " : "", address, zone);
	else if (zone[0] != '\0' && server[0] == '\0')
		fprintf(out, "zone %s ", zone);
	else if (zone[0] != '\0')
		fprintf(out, "name server %s of zone %s ", server, zone);
	else if (address[0] != '\0')
		fprintf(out, "recursor %s (%s) ", address, server);
	else
		fprintf(out, "%s ", server);
	fprintf(out, "%s\n", fields_text(finding, "text"));
	if (fields_text(finding, "blame")[0] != '\0')
		fprintf(
		    out, "  to blame:  %s\n", fields_text(finding, "blame"));
	if (fields_text(finding, "reproduce")[0] != '\0')
		fprintf(out, "  reproduce: %s\n",
		    fields_text(finding, "reproduce"));
	fprintf(out, "  remedy:    %s\n", fields_text(finding, "remedy"));
}

static void
put_server(const char *name, const json_t *server, FILE *out)
{
	const json_int_t ms = json_integer_value(json_object_get(server, "ms"));

	fprintf(out, "  %-40s %-24s %lld of %lld answered", name,
	    fields_text(server, "address"),
	    (long long)json_integer_value(json_object_get(server, "answered")),
	    (long long)json_integer_value(json_object_get(server, "asked")));
	if (ms >= 0)
		fprintf(out, ", %lld ms", (long long)ms);
	fputc('\n', out);
}

static const char *
signed_text(const json_t *is_signed)
{
	if (json_is_null(is_signed))
		return "whether it is signed is not known";
	return json_is_true(is_signed) ? "signed" : "not signed";
}

void
diagnose_text(const json_t *report, FILE *out)
{
	const json_t *postdane = json_object_get(report, "postdane");
	const json_t *item, *server;
	size_t i, j;

	json_array_foreach (json_object_get(report, "findings"), i, item)
		put_finding(item, out);
	fputc('\n', out);
	json_array_foreach (json_object_get(report, "zones"), i, item) {
		fprintf(out, "zone %s (%s)\n", fields_text(item, "name"),
		    signed_text(json_object_get(item, "signed")));
		json_array_foreach (json_object_get(item, "servers"), j, server)
			put_server(fields_text(server, "name"), server, out);
	}
	if (json_array_size(json_object_get(report, "recursors")) > 0)
		fprintf(out, "recursors\n");
	json_array_foreach (json_object_get(report, "recursors"), i, server)
		put_server(fields_text(server, "path"), server, out);
	if (json_is_object(postdane))
		fprintf(out, "postdane answers: %s\n",
		    fields_text(postdane, "reply"));
}
