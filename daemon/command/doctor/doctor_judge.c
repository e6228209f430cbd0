/* doctor_judge.c - collects the findings of the doctor's rules. */

#include "command/doctor/doctor_judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

json_t *
doctor_find(struct doctor_judge *judge, enum report_severity severity,
    const char *id, const char *format, ...)
{
	json_t *finding;
	va_list ap;

	va_start(ap, format);
	finding = report_find(&judge->report, severity, id, format, ap);
	va_end(ap);
	if (json_object_get(finding, "services") == NULL) {
		json_object_set_new(finding, "services", json_array());
		json_object_set_new(finding, "changes", json_array());
	}
	if (judge->service != NULL)
		json_array_append_new(json_object_get(finding, "services"),
		    json_string(judge->service->config->name));
	return finding;
}

void
doctor_change(json_t *finding, const char *file, const char *format, ...)
{
	json_t *changes = json_object_get(finding, "changes"), *other, *this;
	char line[REPORT_TEXT_MAX];
	va_list ap;
	size_t i;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	this = json_pack("{s:s, s:s}", "file", file, "line", line);
	json_array_foreach (changes, i, other)
		if (json_equal(this, other)) {
			json_decref(this);
			return;
		}
	json_array_append_new(changes, this);
}

void
doctor_change_parameter(const struct doctor_judge *judge, json_t *finding,
    enum postfix_parameter parameter, const char *value)
{
	const struct postfix_service *service = judge->service->config;
	const char *name = postfix_config_parameter_name(parameter);

	if (service->overridden[parameter])
		doctor_change(finding, "master.cf", "%s: -o %s=%s",
		    service->name, name, value);
	else
		doctor_change(finding, "main.cf", "%s =%s%s", name,
		    value[0] != '\0' ? " " : "", value);
}

bool
doctor_is(const char *option, const char *value)
{
	return option != NULL && strcmp(option, value) == 0;
}

const struct doctor_view *
doctor_view_of(const struct doctor_judge *judge)
{
	return judge->service->config->chroot ? &judge->facts->inside
					      : &judge->facts->outside;
}

bool
doctor_view_is_shared(const struct doctor_view *view)
{
	for (size_t i = 0; i < view->conf.server_count; i++)
		if (!view->server[i].is_ours)
			return false;
	return view->unreadable == NULL;
}
