/* report.c - the reports of check, diagnose and doctor. */

#include "command/report.h"

#include <string.h>

#include "command/fields.h"

const struct report_level *
report_level(enum report_severity severity)
{
	static const struct report_level levels[] = {
		[REPORT_NOTE] = { "note", "OK", 0 },
		[REPORT_WARNING] = { "warning", "WARNING", 1 },
		[REPORT_UNKNOWN] = { "unknown", "UNKNOWN", 3 },
		[REPORT_CRITICAL] = { "critical", "CRITICAL", 2 },
	};

	return &levels[severity];
}

static json_t *
same_finding(const struct report *report, const char *id, const char *text)
{
	json_t *finding;
	size_t i;

	json_array_foreach (report->findings, i, finding)
		if (strcmp(fields_text(finding, "id"), id) == 0 &&
		    strcmp(fields_text(finding, "text"), text) == 0)
			return finding;
	return NULL;
}

/* Not with "s*", which leaves the id out where there is no memory for it. */
static json_t *
new_finding(const char *id, const char *severity, const char *text)
{
	if (id == NULL)
		return json_pack(
		    "{s:s, s:s}", "severity", severity, "text", text);
	return json_pack(
	    "{s:s, s:s, s:s}", "id", id, "severity", severity, "text", text);
}

json_t *
report_find(struct report *report, enum report_severity severity,
    const char *id, const char *format, va_list ap)
{
	char text[REPORT_TEXT_MAX];
	json_t *finding;

	vsnprintf(text, sizeof(text), format, ap);
	finding = id != NULL ? same_finding(report, id, text) : NULL;
	if (finding != NULL)
		return finding;
	finding = new_finding(id, report_level(severity)->severity, text);
	report->count[severity]++;
	return json_array_append_new(report->findings, finding) == 0 ? finding
								     : NULL;
}

enum report_severity
report_worst(const struct report *report)
{
	enum report_severity worst = REPORT_CRITICAL;

	while (worst > REPORT_NOTE && report->count[worst] == 0)
		worst--;
	return worst;
}

/* Monitoring needs a status even without a report. */
static int
print_nothing(bool as_json)
{
	static const char why[] = "out of memory";
	const struct report_level *level = report_level(REPORT_UNKNOWN);

	if (as_json)
		printf("{\"status\": \"%s\", \"code\": %d, "
		       "\"summary\": \"%s\", \"findings\": []}\n",
		    level->status, level->code, why);
	else
		printf("POSTDANE %s - %s\n", level->status, why);
	return level->code;
}

int
report_print(
    json_t *report, bool as_json, void (*put)(const json_t *report, FILE *out))
{
	const int code = (int)fields_number(report, "code");

	if (report == NULL)
		return print_nothing(as_json);
	if (as_json) {
		fields_print(report);
	} else {
		printf("POSTDANE %s - %s\n", fields_text(report, "status"),
		    fields_text(report, "summary"));
		put(report, stdout);
	}
	json_decref(report);
	return code;
}
