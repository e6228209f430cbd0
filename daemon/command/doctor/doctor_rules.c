/* doctor_rules.c - finds what keeps Postfix from honouring the verdicts. */

#include "command/doctor/doctor_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/reason.h"
#include "command/doctor/doctor_judge.h"
#include "command/doctor/doctor_maps.h"
#include "command/doctor/doctor_resolver.h"

/* ---- the daemon ---- */

/* Without the root's keys there are no verdicts.  A daemon that has just
 * started may get them in a moment. */
static void
judge_unknown_trust(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;
	const bool is_network = reason_of_network(facts->trust_why) != NULL;

	doctor_find(judge,
	    facts->has_just_started ? REPORT_WARNING : REPORT_CRITICAL,
	    "trust-unknown",
	    "%s%s; until then postdaned answers TEMP, and Postfix defers all "
	    "mail",
	    is_network ? ""
		       : "postdaned has not been able to validate the root's "
			 "keys yet: ",
	    facts->trust_why);
}

static void
judge_daemon(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;

	if (facts->may_not_ask)
		doctor_change(
		    doctor_find(judge, REPORT_UNKNOWN, "may-not-ask",
			"nothing is known of postdaned: %s", facts->daemon_why),
		    "shell", DOCTOR_AS_ROOT);
	else if (facts->daemon_why != NULL)
		doctor_change(
		    doctor_find(judge, REPORT_CRITICAL, "daemon-down",
			"postdaned cannot be asked: %s; while it does not "
			"run, Postfix defers all mail",
			facts->daemon_why),
		    "shell", "systemctl start postdane");
	else if (strcmp(facts->trust, "withdrawn") == 0)
		doctor_find(judge, REPORT_CRITICAL, "no-trust",
		    "postdaned has no trust path to the root (%s), so that it "
		    "answers TEMP and Postfix defers all mail",
		    facts->trust_why);
	else if (strcmp(facts->trust, "alive") != 0)
		judge_unknown_trust(judge);
}

/* ---- parameters ---- */

static bool
is_yes(const char *value)
{
	return strcasecmp(value, "yes") == 0;
}

static bool
is_set(const char *value)
{
	return value[0] != '\0';
}

static bool
not_dnssec(const char *value)
{
	return strcasecmp(value, "dnssec") != 0;
}

static bool
without_dns(const char *value)
{
	const size_t len = strlen("dns");

	for (value += strspn(value, ", \t"); *value != '\0';
	     value += strspn(value, ", \t")) {
		const size_t word = strcspn(value, ", \t");

		if (word == len && strncasecmp(value, "dns", len) == 0)
			return false;
		value += word;
	}
	return true;
}

static bool
is_may(const char *value)
{
	return strcasecmp(value, "may") == 0;
}

static const struct {
	const char *id;
	bool (*is_wrong)(const char *value);
	const char *text, *wanted;
	enum postfix_parameter parameter;
	enum report_severity code;
} settings[] = {
	{ "dns-support-level", not_dnssec,
	    "Postfix asks for no DNSSEC: " DOCTOR_MEANS_MAY, "dnssec",
	    POSTFIX_DNS_SUPPORT_LEVEL, REPORT_CRITICAL },
	{ "host-lookup", without_dns,
	    "Postfix does not look hosts up in the DNS: " DOCTOR_MEANS_MAY,
	    "dns", POSTFIX_HOST_LOOKUP, REPORT_CRITICAL },
	{ "ignore-mx-lookup-error", is_yes,
	    "Postfix goes round MX records that it cannot look "
	    "up: " DOCTOR_MEANS_MAY,
	    "no", POSTFIX_IGNORE_MX_ERROR, REPORT_CRITICAL },
	{ "resolver-options", is_set,
	    "Postfix does not trust names that it may have "
	    "completed: " DOCTOR_MEANS_MAY,
	    "", POSTFIX_RESOLVER_OPTIONS, REPORT_CRITICAL },
	{ "insecure-mx", is_may,
	    "for a domain without DNSSEC whose mail hosts have TLSA "
	    "records, " DOCTOR_MEANS_MAY
	    " (the default of many versions, Debian 12's among them, "
	    "unless smtp_tls_security_level is dane)",
	    "dane", POSTFIX_INSECURE_MX, REPORT_WARNING },
};

static void
judge_settings(struct doctor_judge *judge, const struct doctor_map *map)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const enum postfix_parameter parameter = settings[i].parameter;
		const char *value = judge->service->config->value[parameter];

		if (!settings[i].is_wrong(value))
			continue;
		/* No conflict: postdane is configured alike. */
		if (parameter == POSTFIX_INSECURE_MX && map != NULL &&
		    doctor_is(map->insecure_mx, "may"))
			continue;
		doctor_change_parameter(judge,
		    doctor_find(judge, settings[i].code, settings[i].id,
			"%s%s%s: %s", postfix_config_parameter_name(parameter),
			is_set(value) ? " = " : " is empty", value,
			settings[i].text),
		    parameter, settings[i].wanted);
	}
}

/* With carry, postdane never answers "dane".  So Postfix's DANE settings do not
 * matter, but its digest does. */
static bool
is_carried(const struct doctor_map *map)
{
	return map != NULL && doctor_is(map->carry, "fingerprint");
}

static void
judge_carry(struct doctor_judge *judge)
{
	const char *digest =
	    judge->service->config->value[POSTFIX_FINGERPRINT_DIGEST];

	if (strcasecmp(digest, "sha256") != 0)
		doctor_change_parameter(judge,
		    doctor_find(judge, REPORT_CRITICAL, "fingerprint-digest",
			"smtp_tls_fingerprint_digest = %s: postdane's answers "
			"carry SHA2-256 digests (carry = fingerprint), and no "
			"server would match",
			digest),
		    POSTFIX_FINGERPRINT_DIGEST, "sha256");
}

/* ---- Postfix's version ---- */

struct version {
	int major, minor, patch;
};

static struct version
parse_version(const char *text)
{
	struct version version = { 0 };
	char *end;

	version.major = (int)strtol(text, &end, 10);
	if (*end == '.')
		version.minor = (int)strtol(end + 1, &end, 10);
	if (*end == '.')
		version.patch = (int)strtol(end + 1, &end, 10);
	return version;
}

/* With glibc 2.31 and later, Postfix itself requests trust-ad, which passes on
 * the AD bit. */
static bool
sets_trust_ad(const struct version *version)
{
	static const int since[] = { [2] = 14, [3] = 9, [4] = 11, [5] = 1 };

	if (version->major != 3)
		return version->major > 3;
	return version->minor >= 6 ||
	       (version->minor >= 2 && version->patch >= since[version->minor]);
}

static void
judge_version(struct doctor_judge *judge)
{
	const char *text = judge->service->config->value[POSTFIX_MAIL_VERSION];
	const struct version version = parse_version(text);
	const struct doctor_view *view = doctor_view_of(judge);

	if (version.major < 2 || (version.major == 2 && version.minor < 11))
		doctor_find(judge, REPORT_CRITICAL, "version",
		    "Postfix %s knows no DANE; 2.11 was the first that did",
		    text);
	else if (!sets_trust_ad(&version) && view->path != NULL &&
		 !view->conf.trust_ad)
		doctor_change(
		    doctor_find(judge, REPORT_CRITICAL, "trust-ad",
			"Postfix %s does not ask the C library to pass on "
			"that an answer was validated: " DOCTOR_MEANS_MAY,
			text),
		    view->path, "options trust-ad");
}

/* ---- all rules ---- */

static void
judge_service(struct doctor_judge *judge, const struct doctor_service *service)
{
	const struct doctor_map *ours = doctor_our_map(service);

	judge->service = service;
	doctor_judge_maps(judge);
	if (is_carried(ours))
		judge_carry(judge);
	else
		judge_settings(judge, ours);
	judge_version(judge);
	if (doctor_view_of(judge)->path != NULL && !is_carried(ours))
		doctor_judge_view(judge);
	doctor_judge_copy(judge);
	if (ours == NULL)
		return;
	doctor_judge_answers(judge, ours);
	doctor_judge_sharing(judge);
}

static void
judge_services(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;
	bool any = false;

	for (size_t i = 0; i < facts->service_count; i++)
		any |= doctor_our_map(&facts->service[i]) != NULL;
	for (size_t i = 0; i < facts->service_count; i++) {
		judge->service = &facts->service[i];
		if (doctor_our_map(judge->service) == NULL)
			doctor_judge_missing(judge, any);
		/* Services without our table are judged only if no service has
		 * one. */
		if (!any || doctor_our_map(judge->service) != NULL)
			judge_service(judge, judge->service);
	}
	judge->service = NULL;
	if (facts->service_count == 0)
		doctor_find(judge, REPORT_CRITICAL, "no-service",
		    "master.cf has no service that runs smtp(8)");
}

/* If we are not root, the socket was tested as our user, not Postfix's. */
static void
judge_user(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;
	bool any = false;

	for (size_t i = 0; i < facts->service_count; i++)
		for (size_t k = 0; k < facts->service[i].map_count; k++)
			any |= facts->service[i].map[k].map.is_unix &&
			       facts->service[i].map[k].answer.error == 0;
	if (any && !facts->is_root)
		doctor_change(
		    doctor_find(judge, REPORT_NOTE, "not-root",
			"whether Postfix's user may reach the socket was not "
			"tried, for want of root's rights"),
		    "shell", DOCTOR_AS_ROOT);
}

static void
judge_all(struct doctor_judge *judge)
{
	const char *why = judge->facts->postfix_why;

	if (why != NULL) {
		doctor_find(judge, REPORT_UNKNOWN, "postfix-unknown",
		    "Postfix's configuration can't be read: %s", why);
		return;
	}
	judge_daemon(judge);
	judge_services(judge);
	judge_user(judge);
	doctor_judge_names(judge);
}

static const char *
plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Why nothing is known, if that is the only thing to report. */
static const char *
cause_of(const struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;

	if (facts->postfix_why != NULL)
		return facts->postfix_why;
	return facts->may_not_ask ? facts->daemon_why : NULL;
}

static void
summarize(const struct doctor_judge *judge, enum report_severity worst,
    char summary[REPORT_TEXT_MAX])
{
	const size_t *count = judge->report.count;
	const char *cause = worst == REPORT_UNKNOWN ? cause_of(judge) : NULL;

	if (worst == REPORT_NOTE)
		snprintf(summary, REPORT_TEXT_MAX,
		    "Postfix will honour the verdicts");
	else if (cause != NULL)
		snprintf(summary, REPORT_TEXT_MAX, "%s", cause);
	else if (count[REPORT_UNKNOWN] > 0)
		snprintf(summary, REPORT_TEXT_MAX,
		    "%zu critical, %zu unknown, %zu warning%s, %zu note%s",
		    count[REPORT_CRITICAL], count[REPORT_UNKNOWN],
		    count[REPORT_WARNING], plural(count[REPORT_WARNING]),
		    count[REPORT_NOTE], plural(count[REPORT_NOTE]));
	else
		snprintf(summary, REPORT_TEXT_MAX,
		    "%zu critical, %zu warning%s, %zu note%s",
		    count[REPORT_CRITICAL], count[REPORT_WARNING],
		    plural(count[REPORT_WARNING]), count[REPORT_NOTE],
		    plural(count[REPORT_NOTE]));
}

json_t *
doctor_report(const struct doctor_facts *facts)
{
	struct doctor_judge judge = { .facts = facts,
		.report.findings = json_array() };
	char summary[REPORT_TEXT_MAX];
	enum report_severity worst;

	if (judge.report.findings == NULL)
		return NULL;
	judge_all(&judge);
	worst = report_worst(&judge.report);
	summarize(&judge, worst, summary);
	return json_pack("{s:s, s:i, s:s, s:o}", "status",
	    report_level(worst)->status, "code", report_level(worst)->code,
	    "summary", summary, "findings", judge.report.findings);
}
