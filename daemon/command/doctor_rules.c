/* doctor_rules.c - what keeps Postfix from honouring the verdicts. */

#include "command/doctor_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/reason.h"
#include "command/doctor_judge.h"
#include "command/doctor_resolver.h"
#include "policy/nexthop.h"

/* ---- lines to write ---- */

/* Other tables stay as they are: @map, one of the service's, becomes @table,
 * or that is added where @map is NULL. */
static void
change_maps(const struct doctor_judge *judge, json_t *finding,
    const struct doctor_map *map, const char *table)
{
	const struct doctor_service *service = judge->service;
	char list[DOCTOR_TEXT_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i <= service->map_count; i++) {
		const char *text = table;

		if (i == service->map_count && map != NULL)
			break;
		if (i < service->map_count && &service->map[i] != map)
			text = service->map[i].map.text;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", i > 0 ? ", " : "", text);
	}
	doctor_change_parameter(judge, finding, POSTFIX_POLICY_MAPS, list);
}

/* A profile of its own for @map. */
static void
change_profile(const struct doctor_judge *judge, json_t *finding,
    const struct doctor_map *map, bool dane_only)
{
	const char *colon = strrchr(judge->facts->table, ':');
	char table[DOCTOR_TEXT_MAX];

	doctor_change(finding, "postdane.conf",
	    "map \"strict\" { no-dane-policy = notfound%s }",
	    dane_only ? " dane-only = when-complete" : "");
	snprintf(table, sizeof(table), "%.*s:strict",
	    (int)(colon - judge->facts->table), judge->facts->table);
	change_maps(judge, finding, map, table);
}

/* ---- the daemon ---- */

static void
judge_daemon(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;

	if (facts->may_not_ask)
		doctor_change(
		    doctor_find(judge, DOCTOR_OK, "may-not-ask",
			"nothing is known of postdaned: %s", facts->daemon_why),
		    "shell", "sudo postdane doctor");
	else if (facts->daemon_why != NULL)
		doctor_change(
		    doctor_find(judge, DOCTOR_CRITICAL, "daemon-down",
			"postdaned cannot be asked: %s; while it does not "
			"run, Postfix defers all mail",
			facts->daemon_why),
		    "shell", "systemctl start postdane");
	else if (strcmp(facts->trust, "withdrawn") == 0)
		doctor_find(judge, DOCTOR_CRITICAL, "no-trust",
		    "postdaned has no trust path to the root (%s), so that it "
		    "answers TEMP and Postfix defers all mail",
		    facts->trust_why);
	else if (reason_of_network(facts->trust_why) != NULL)
		doctor_find(judge, DOCTOR_WARNING, "trust-unknown", "%s",
		    facts->trust_why);
	else if (strcmp(facts->trust, "alive") != 0)
		doctor_find(judge, DOCTOR_WARNING, "trust-unknown",
		    "postdaned has not been able to validate the root's keys "
		    "yet: %s",
		    facts->trust_why);
}

/* ---- smtp_tls_policy_maps ---- */

static const struct doctor_map *
our_map(const struct doctor_service *service)
{
	for (size_t i = 0; i < service->map_count; i++)
		if (service->map[i].is_ours)
			return &service->map[i];
	return NULL;
}

static void
judge_unreachable(struct doctor_judge *judge, const struct doctor_map *map)
{
	const struct postfix_service *service = judge->service->config;
	const char *place = map->map.place;
	const bool chrooted = map->map.is_unix && service->chroot &&
			      !map->map.is_proxied && place[0] == '/';
	json_t *finding;

	finding = doctor_find(judge, DOCTOR_CRITICAL, "map-unreachable",
	    "%s does not answer Postfix (%s%s%s): it defers all mail with "
	    "\"client TLS configuration problem\"",
	    map->map.text, strerror(map->answer.error),
	    chrooted ? "; the service is chrooted, so that the path begins in "
		     : "",
	    chrooted ? service->value[POSTFIX_QUEUE_DIRECTORY] : "");
	if (map->map.is_unix && map->answer.error == EACCES)
		doctor_change(finding, "shell",
		    "give the user %s search permission for the directories "
		    "above %s",
		    service->value[POSTFIX_MAIL_OWNER], place);
	else
		change_maps(judge, finding, map, judge->facts->table);
}

/* What a daemon that does not run brings about is no finding of its own; nor is
 * a socket that another user than Postfix's may not open. */
static bool
is_consequence(const struct doctor_facts *facts, int error)
{
	if (error == EACCES)
		return !facts->is_root;
	return facts->daemon_why != NULL && !facts->may_not_ask;
}

static void
judge_map(struct doctor_judge *judge, const struct doctor_map *map)
{
	const char *table = judge->facts->table;
	json_t *finding = NULL;

	if (map->map.kind == POLICY_MAP_OTHER)
		return;
	if (map->map.error != NULL) {
		finding = doctor_find(judge, DOCTOR_CRITICAL, "map-syntax",
		    "%s: %s; with this, smtp(8) does not even start",
		    map->map.text, map->map.error);
	} else if (!map->map.is_unix && !map->map.is_numeric) {
		finding = doctor_find(judge, DOCTOR_WARNING, "map-host-name",
		    "%s: Postfix must look the host's name up before each "
		    "connection, by the DNS that it has in its chroot",
		    map->map.text);
	} else if (map->answer.error != 0) {
		if (!is_consequence(judge->facts, map->answer.error))
			judge_unreachable(judge, map);
	} else if (map->is_ours && map->map.kind == POLICY_MAP_TCP) {
		finding = doctor_find(judge, DOCTOR_OK, "map-tcp",
		    "%s: when this connection breaks, Postfix waits a second "
		    "or more, and names no reason; socketmap does better",
		    map->map.text);
	}
	if (finding != NULL)
		change_maps(judge, finding, map, table);
}

/* None of the services asks, or only some do. */
static void
judge_missing(struct doctor_judge *judge, bool any)
{
	json_t *finding;

	if (!any) {
		finding = doctor_find(judge, DOCTOR_CRITICAL, "no-map",
		    "smtp_tls_policy_maps names no table of postdaned's: "
		    "Postfix never asks for a verdict");
		change_maps(judge, finding, NULL, judge->facts->table);
		return;
	}
	doctor_find(judge, DOCTOR_OK, "service-without-map",
	    "this service of master.cf asks for no verdict");
}

/* ---- levels ---- */

enum level {
	LEVEL_NONE,
	LEVEL_MAY,
	LEVEL_ENCRYPT,
	LEVEL_DANE,
	LEVEL_DANE_ONLY,
	LEVEL_FINGERPRINT,
	LEVEL_VERIFY,
	LEVEL_SECURE
};

static enum level
parse_level(const char *text)
{
	static const char *const levels[] = { "none", "may", "encrypt", "dane",
		"dane-only", "fingerprint", "verify", "secure" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcasecmp(text, levels[i]) == 0)
			return (enum level)i;
	return LEVEL_NONE;
}

static bool
is(const char *option, const char *value)
{
	return option != NULL && strcmp(option, value) == 0;
}

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

/* Whether an answer takes something away from what main.cf asks for. */
static bool
is_weaker(const char *answer, enum level level)
{
	if (level <= LEVEL_MAY || level == LEVEL_DANE)
		return false;
	return is(answer, "may") ||
	       (is(answer, "encrypt") && level > LEVEL_ENCRYPT);
}

/* What the answers do to a level that is stricter than they are. */
static void
judge_level(struct doctor_judge *judge, const struct doctor_map *map)
{
	const char *text =
	    judge->service->config->value[POSTFIX_SECURITY_LEVEL];
	const enum level level = parse_level(text);

	if (level <= LEVEL_MAY || level == LEVEL_DANE || map->no_dane == NULL)
		return;
	if (is_weaker(map->no_dane, level))
		change_profile(judge,
		    doctor_find(judge, DOCTOR_CRITICAL, "level-weakened",
			"smtp_tls_security_level = %s is overridden by "
			"postdane's answer \"%s\" wherever there is no DANE",
			text, map->no_dane),
		    map, true);
	else if (is(map->dane_only, "never"))
		change_profile(judge,
		    doctor_find(judge, DOCTOR_WARNING, "dane-weakens",
			"smtp_tls_security_level = %s is overridden by "
			"postdane's answer \"dane\", which lets those hosts of "
			"a domain that have no TLSA records go without TLS",
			text),
		    map, true);
}

/* In the block that the map has, or among the global options. */
static void
change_explicit(
    json_t *finding, const struct doctor_map *map, const char *value)
{
	if (map->block != NULL)
		doctor_change(finding, "postdane.conf",
		    "map \"%s\" { no-dane-policy-explicit = %s }", map->block,
		    value);
	else
		doctor_change(finding, "postdane.conf",
		    "no-dane-policy-explicit = %s", value);
}

/* The next hops that somebody has chosen: main.cf's level was meant for
 * them. */
static void
judge_explicit(struct doctor_judge *judge, const struct doctor_map *map)
{
	const struct doctor_facts *facts = judge->facts;
	const char *text =
	    judge->service->config->value[POSTFIX_SECURITY_LEVEL];

	if (facts->explicit_hop == NULL ||
	    !is_weaker(map->no_dane_explicit, parse_level(text)))
		return;
	change_explicit(
	    doctor_find(judge, DOCTOR_CRITICAL, "explicit-weakened",
		"smtp_tls_security_level = %s is overridden by postdane's "
		"answer \"%s\" (no-dane-policy-explicit) for next hops with "
		"brackets or a port that have no DANE, such as %s of %s",
		text, map->no_dane_explicit, facts->explicit_hop,
		facts->explicit_from),
	    map, "notfound");
}

/* Whether Postfix sends a password, and would do so in the clear. */
static bool
has_open_password(const struct postfix_service *service)
{
	return is_yes(service->value[POSTFIX_SASL_AUTH]) &&
	       is_set(service->value[POSTFIX_SASL_PASSWORDS]) &&
	       strcasestr(
		   service->value[POSTFIX_SASL_OPTIONS], "noplaintext") == NULL;
}

/* A password for a relay host that no level protects where there is no DANE;
 * where other tables may say more, we don't know. */
static void
judge_relayhost(struct doctor_judge *judge, const struct doctor_map *map)
{
	const struct postfix_service *service = judge->service->config;
	const char *relayhost = service->value[POSTFIX_RELAYHOST];
	const char *level = service->value[POSTFIX_SECURITY_LEVEL], *answer;
	json_t *finding;
	struct nexthop hop;

	nexthop_parse(relayhost, strlen(relayhost), 25, &hop);
	answer = hop.is_explicit ? map->no_dane_explicit : map->no_dane;
	if (hop.kind != NEXTHOP_LOOKUP || answer == NULL ||
	    judge->service->map_count > 1 || !has_open_password(service) ||
	    is(answer, "encrypt"))
		return;
	if (is(answer, "notfound") && parse_level(level) > LEVEL_MAY &&
	    parse_level(level) != LEVEL_DANE)
		return;
	finding = doctor_find(judge, DOCTOR_WARNING, "relay-password",
	    "relayhost = %s gets a password (%s), and where it has no DANE "
	    "nothing insists on TLS: postdane's answer is \"%s\" (%s), and "
	    "smtp_tls_security_level = %s",
	    relayhost, service->value[POSTFIX_SASL_PASSWORDS], answer,
	    hop.is_explicit ? "no-dane-policy-explicit" : "no-dane-policy",
	    level);
	if (hop.is_explicit) {
		change_explicit(finding, map, "encrypt");
		return;
	}
	doctor_change_parameter(
	    judge, finding, POSTFIX_SASL_OPTIONS, "noanonymous, noplaintext");
	doctor_change(
	    finding, "main.cf", "smtp_sasl_tls_security_options = noanonymous");
}

/* Tables that Postfix never comes to. */
static void
judge_order(struct doctor_judge *judge, const struct doctor_map *ours)
{
	const struct doctor_service *service = judge->service;
	const size_t next = (size_t)(ours - service->map) + 1;

	if (next >= service->map_count || ours->no_dane == NULL ||
	    is(ours->no_dane, "notfound"))
		return;
	change_profile(judge,
	    doctor_find(judge, DOCTOR_WARNING, "map-shadowed",
		"%s is never asked: postdane, which stands before it, answers "
		"\"%s\" where there is no DANE",
		service->map[next].map.text, ours->no_dane),
	    ours, false);
}

static void
judge_sharing(struct doctor_judge *judge, const struct doctor_map *map)
{
	const char *level =
	    judge->service->config->value[POSTFIX_SECURITY_LEVEL];
	const char *listen = judge->facts->dns_listen;
	const struct doctor_view *view = doctor_view_of(judge);
	json_t *finding = NULL;

	if (view->path == NULL || view->unreadable != NULL ||
	    doctor_view_is_shared(view))
		return;
	if (parse_level(level) == LEVEL_DANE_ONLY)
		finding = doctor_find(judge, DOCTOR_WARNING,
		    "dane-only-resolver",
		    "smtp_tls_security_level = dane-only, but Postfix looks up "
		    "with a resolver of its own (%s): whatever that one cannot "
		    "resolve or validate, is deferred",
		    view->conf.server[0]);
	else if (is(map->dane_only, "when-complete"))
		finding = doctor_find(judge, DOCTOR_WARNING,
		    "dane-only-resolver",
		    "postdane answers \"dane-only\" (dane-only = "
		    "when-complete), but Postfix looks up with a resolver of "
		    "its own (%s): whatever that one cannot resolve or "
		    "validate, is deferred",
		    view->conf.server[0]);
	else if (listen != NULL)
		finding = doctor_find(judge, DOCTOR_WARNING,
		    "resolver-not-shared",
		    "postdane offers a resolver at %s, but Postfix's processes "
		    "ask %s",
		    listen, view->conf.server[0]);
	if (finding == NULL)
		return;
	if (listen == NULL)
		doctor_change(finding, "postdane.conf",
		    "dns-listen = { \"127.0.0.25:53\" }");
	doctor_change(finding, view->path, "nameserver %s",
	    listen != NULL ? listen : "127.0.0.25");
}

/* ---- parameters ---- */

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
	enum doctor_code code;
} settings[] = {
	{ "dns-support-level", not_dnssec,
	    "Postfix asks for no DNSSEC: " DOCTOR_MEANS_MAY, "dnssec",
	    POSTFIX_DNS_SUPPORT_LEVEL, DOCTOR_CRITICAL },
	{ "host-lookup", without_dns,
	    "Postfix does not look hosts up in the DNS: " DOCTOR_MEANS_MAY,
	    "dns", POSTFIX_HOST_LOOKUP, DOCTOR_CRITICAL },
	{ "ignore-mx-lookup-error", is_yes,
	    "Postfix goes round MX records that it cannot look "
	    "up: " DOCTOR_MEANS_MAY,
	    "no", POSTFIX_IGNORE_MX_ERROR, DOCTOR_CRITICAL },
	{ "resolver-options", is_set,
	    "Postfix does not trust names that it may have "
	    "completed: " DOCTOR_MEANS_MAY,
	    "", POSTFIX_RESOLVER_OPTIONS, DOCTOR_CRITICAL },
	{ "insecure-mx", is_may,
	    "for a domain without DNSSEC whose mail hosts have TLSA "
	    "records, " DOCTOR_MEANS_MAY
	    " (the default of many versions, Debian 12's among them, "
	    "unless smtp_tls_security_level is dane)",
	    "dane", POSTFIX_INSECURE_MX, DOCTOR_WARNING },
};

static void
judge_settings(struct doctor_judge *judge, const struct doctor_map *map)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const enum postfix_parameter parameter = settings[i].parameter;
		const char *value = judge->service->config->value[parameter];

		if (!settings[i].is_wrong(value))
			continue;
		/* Agreed upon: postdane does the same. */
		if (parameter == POSTFIX_INSECURE_MX && map != NULL &&
		    is(map->insecure_mx, "may"))
			continue;
		doctor_change_parameter(judge,
		    doctor_find(judge, settings[i].code, settings[i].id,
			"%s%s%s: %s", postfix_parameter_name(parameter),
			is_set(value) ? " = " : " is empty", value,
			settings[i].text),
		    parameter, settings[i].wanted);
	}
}

/* With carry, "dane" is never answered: what Postfix would make of it does not
 * matter, but what it makes of digests does. */
static bool
is_carried(const struct doctor_map *map)
{
	return map != NULL && is(map->carry, "fingerprint");
}

static void
judge_carry(struct doctor_judge *judge)
{
	const char *digest =
	    judge->service->config->value[POSTFIX_FINGERPRINT_DIGEST];

	if (strcasecmp(digest, "sha256") != 0)
		doctor_change_parameter(judge,
		    doctor_find(judge, DOCTOR_CRITICAL, "fingerprint-digest",
			"smtp_tls_fingerprint_digest = %s: postdane's answers "
			"carry SHA2-256 digests (carry = fingerprint), and no "
			"server would match",
			digest),
		    POSTFIX_FINGERPRINT_DIGEST, "sha256");
}

/* ---- the version ---- */

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

/* Postfix asks glibc 2.31 and later by itself to pass the AD bit on. */
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
		doctor_find(judge, DOCTOR_CRITICAL, "version",
		    "Postfix %s knows no DANE; 2.11 was the first that did",
		    text);
	else if (!sets_trust_ad(&version) && view->path != NULL &&
		 !view->conf.trust_ad)
		doctor_change(
		    doctor_find(judge, DOCTOR_CRITICAL, "trust-ad",
			"Postfix %s does not ask the C library to pass on "
			"that an answer was validated: " DOCTOR_MEANS_MAY,
			text),
		    view->path, "options trust-ad");
}

/* ---- all ---- */

static void
judge_service(struct doctor_judge *judge, const struct doctor_service *service)
{
	const struct doctor_map *ours = our_map(service);

	judge->service = service;
	for (size_t i = 0; i < service->map_count; i++)
		judge_map(judge, &service->map[i]);
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
	judge_level(judge, ours);
	judge_explicit(judge, ours);
	judge_relayhost(judge, ours);
	judge_order(judge, ours);
	judge_sharing(judge, ours);
}

static void
judge_services(struct doctor_judge *judge)
{
	const struct doctor_facts *facts = judge->facts;
	bool any = false;

	for (size_t i = 0; i < facts->service_count; i++)
		any |= our_map(&facts->service[i]) != NULL;
	for (size_t i = 0; i < facts->service_count; i++) {
		judge->service = &facts->service[i];
		if (our_map(judge->service) == NULL)
			judge_missing(judge, any);
		/* What never asks is judged only where nothing asks. */
		if (!any || our_map(judge->service) != NULL)
			judge_service(judge, judge->service);
	}
	judge->service = NULL;
	if (facts->service_count == 0)
		doctor_find(judge, DOCTOR_CRITICAL, "no-service",
		    "master.cf has no service that runs smtp(8)");
}

json_t *
doctor_report(const struct doctor_facts *facts)
{
	static const char *const texts[] = { "OK", "WARNING", "CRITICAL",
		"UNKNOWN" };
	struct doctor_judge judge = { .facts = facts,
		.findings = json_array() };
	enum doctor_code code = DOCTOR_OK;
	char summary[200];

	if (judge.findings == NULL)
		return NULL;
	judge_daemon(&judge);
	judge_services(&judge);
	doctor_judge_names(&judge);
	if (judge.count[DOCTOR_CRITICAL] > 0)
		code = DOCTOR_CRITICAL;
	else if (facts->may_not_ask)
		code = DOCTOR_UNKNOWN;
	else if (judge.count[DOCTOR_WARNING] > 0)
		code = DOCTOR_WARNING;
	if (code == DOCTOR_OK)
		snprintf(summary, sizeof(summary),
		    "Postfix will honour the verdicts");
	else if (code == DOCTOR_UNKNOWN)
		snprintf(summary, sizeof(summary), "%s", facts->daemon_why);
	else
		snprintf(summary, sizeof(summary),
		    "%zu critical, %zu warnings, %zu notes",
		    judge.count[DOCTOR_CRITICAL], judge.count[DOCTOR_WARNING],
		    judge.count[DOCTOR_OK]);
	return json_pack("{s:s, s:i, s:s, s:o}", "status", texts[code], "code",
	    (int)code, "summary", summary, "findings", judge.findings);
}
