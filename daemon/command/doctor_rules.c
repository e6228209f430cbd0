/* doctor_rules.c - what keeps Postfix from honouring the verdicts. */

#include "command/doctor_rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 1500

struct judge {
	const struct doctor_facts *facts;
	json_t *findings;
	const struct doctor_service *service; /* being looked at, or NULL */
	size_t count[DOCTOR_UNKNOWN];         /* by severity */
};

/* ---- findings ---- */

static json_t *
same_finding(const struct judge *judge, const char *id, const char *text)
{
	json_t *finding;
	size_t i;

	json_array_foreach(judge->findings, i,
	    finding) if (strcmp(json_string_value(json_object_get(finding,
				    "id")),
			     id) == 0 &&
			 strcmp(json_string_value(
				    json_object_get(finding, "text")),
			     text) == 0) return finding;
	return NULL;
}

/* One finding, of however many services.  DOCTOR_OK makes it a note.  Returns
 * it, borrowed, for change(). */
static json_t *find(struct judge *judge, enum doctor_code code, const char *id,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

static json_t *
find(struct judge *judge, enum doctor_code code, const char *id,
    const char *format, ...)
{
	static const char *const severities[] = { "note", "warning",
		"critical" };
	char text[TEXT_MAX];
	json_t *finding;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if ((finding = same_finding(judge, id, text)) == NULL) {
		finding = json_pack("{s:s, s:s, s:s, s:[], s:[]}", "id", id,
		    "severity", severities[code], "text", text, "services",
		    "changes");
		json_array_append_new(judge->findings, finding);
		judge->count[code]++;
	}
	if (judge->service != NULL)
		json_array_append_new(json_object_get(finding, "services"),
		    json_string(judge->service->config->name));
	return finding;
}

/* A line to write, and into which file; once. */
static void change(json_t *finding, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
change(json_t *finding, const char *file, const char *format, ...)
{
	json_t *changes = json_object_get(finding, "changes"), *other, *this;
	char line[TEXT_MAX];
	va_list ap;
	size_t i;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	this = json_pack("{s:s, s:s}", "file", file, "line", line);
	json_array_foreach(changes, i, other) if (json_equal(this, other))
	{
		json_decref(this);
		return;
	}
	json_array_append_new(changes, this);
}

/* In main.cf, or where master.cf overrides it, there. */
static void
change_parameter(const struct judge *judge, json_t *finding,
    enum postfix_parameter parameter, const char *value)
{
	const struct postfix_service *service = judge->service->config;
	const char *name = postfix_parameter_name(parameter);

	if (service->overridden[parameter])
		change(finding, "master.cf", "%s: -o %s=%s", service->name,
		    name, value);
	else
		change(finding, "main.cf", "%s =%s%s", name,
		    value[0] != '\0' ? " " : "", value);
}

/* Other tables stay as they are: @map, one of the service's, becomes @table,
 * or that is added where @map is NULL. */
static void
change_maps(const struct judge *judge, json_t *finding,
    const struct doctor_map *map, const char *table)
{
	const struct doctor_service *service = judge->service;
	char list[TEXT_MAX] = "";
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
	change_parameter(judge, finding, POSTFIX_POLICY_MAPS, list);
}

/* A profile of its own for @map. */
static void
change_profile(const struct judge *judge, json_t *finding,
    const struct doctor_map *map, bool dane_only)
{
	const char *colon = strrchr(judge->facts->table, ':');
	char table[TEXT_MAX];

	change(finding, "postdane.conf",
	    "map \"strict\" { no-dane-policy = notfound%s }",
	    dane_only ? " dane-only = when-complete" : "");
	snprintf(table, sizeof(table), "%.*s:strict",
	    (int)(colon - judge->facts->table), judge->facts->table);
	change_maps(judge, finding, map, table);
}

/* ---- the daemon ---- */

static void
judge_daemon(struct judge *judge)
{
	const struct doctor_facts *facts = judge->facts;

	if (facts->daemon_why != NULL)
		change(find(judge, DOCTOR_CRITICAL, "daemon-down",
			   "postdaned cannot be asked: %s; while it does not "
			   "run, Postfix defers all mail",
			   facts->daemon_why),
		    "shell", "systemctl start postdane");
	else if (strcmp(facts->trust, "withdrawn") == 0)
		find(judge, DOCTOR_CRITICAL, "no-trust",
		    "postdaned has no trust path to the root (%s), so that it "
		    "answers TEMP and Postfix defers all mail",
		    facts->trust_why);
	else if (strcmp(facts->trust, "alive") != 0)
		find(judge, DOCTOR_WARNING, "trust-unknown",
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
judge_unreachable(struct judge *judge, const struct doctor_map *map)
{
	const struct postfix_service *service = judge->service->config;
	const char *place = map->map.place;
	const bool chrooted = map->map.is_unix && service->chroot &&
			      !map->map.is_proxied && place[0] == '/';
	json_t *finding;

	finding = find(judge, DOCTOR_CRITICAL, "map-unreachable",
	    "%s does not answer Postfix (%s%s%s): it defers all mail with "
	    "\"client TLS configuration problem\"",
	    map->map.text, strerror(map->answer.error),
	    chrooted ? "; the service is chrooted, so that the path begins in "
		     : "",
	    chrooted ? service->value[POSTFIX_QUEUE_DIRECTORY] : "");
	if (map->map.is_unix && map->answer.error == EACCES)
		change(finding, "shell",
		    "give the user %s search permission for the directories "
		    "above %s",
		    service->value[POSTFIX_MAIL_OWNER], place);
	else
		change_maps(judge, finding, map, judge->facts->table);
}

static void
judge_map(struct judge *judge, const struct doctor_map *map)
{
	const char *table = judge->facts->table;
	json_t *finding = NULL;

	if (map->map.kind == POLICY_MAP_OTHER)
		return;
	if (map->map.error != NULL) {
		finding = find(judge, DOCTOR_CRITICAL, "map-syntax",
		    "%s: %s; with this, smtp(8) does not even start",
		    map->map.text, map->map.error);
	} else if (!map->map.is_unix && !map->map.is_numeric) {
		finding = find(judge, DOCTOR_WARNING, "map-host-name",
		    "%s: Postfix must look the host's name up before each "
		    "connection, by the DNS that it has in its chroot",
		    map->map.text);
	} else if (map->answer.error != 0) {
		judge_unreachable(judge, map);
	} else if (map->is_ours && map->map.kind == POLICY_MAP_TCP) {
		finding = find(judge, DOCTOR_OK, "map-tcp",
		    "%s: when this connection breaks, Postfix waits a second "
		    "or more, and names no reason; socketmap does better",
		    map->map.text);
	}
	if (finding != NULL)
		change_maps(judge, finding, map, table);
}

/* None of the services asks, or only some do. */
static void
judge_missing(struct judge *judge, bool any)
{
	json_t *finding;

	if (!any) {
		finding = find(judge, DOCTOR_CRITICAL, "no-map",
		    "smtp_tls_policy_maps names no table of postdaned's: "
		    "Postfix never asks for a verdict");
		change_maps(judge, finding, NULL, judge->facts->table);
		return;
	}
	find(judge, DOCTOR_OK, "service-without-map",
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

/* What the answers do to a level that is stricter than they are. */
static void
judge_level(struct judge *judge, const struct doctor_map *map)
{
	const char *text =
	    judge->service->config->value[POSTFIX_SECURITY_LEVEL];
	const enum level level = parse_level(text);

	if (level <= LEVEL_MAY || level == LEVEL_DANE || map->no_dane == NULL)
		return;
	if (is(map->no_dane, "may") ||
	    (is(map->no_dane, "encrypt") && level > LEVEL_ENCRYPT))
		change_profile(judge,
		    find(judge, DOCTOR_CRITICAL, "level-weakened",
			"smtp_tls_security_level = %s is overridden by "
			"postdane's answer \"%s\" wherever there is no DANE",
			text, map->no_dane),
		    map, true);
	else if (is(map->dane_only, "never"))
		change_profile(judge,
		    find(judge, DOCTOR_WARNING, "dane-weakens",
			"smtp_tls_security_level = %s is overridden by "
			"postdane's answer \"dane\", which lets those hosts of "
			"a domain that have no TLSA records go without TLS",
			text),
		    map, true);
}

/* Tables that Postfix never comes to. */
static void
judge_order(struct judge *judge, const struct doctor_map *ours)
{
	const struct doctor_service *service = judge->service;
	const size_t next = (size_t)(ours - service->map) + 1;

	if (next >= service->map_count || ours->no_dane == NULL ||
	    is(ours->no_dane, "notfound"))
		return;
	change_profile(judge,
	    find(judge, DOCTOR_WARNING, "map-shadowed",
		"%s is never asked: postdane, which stands before it, answers "
		"\"%s\" where there is no DANE",
		service->map[next].map.text, ours->no_dane),
	    ours, false);
}

static bool
is_shared(const struct doctor_view *view)
{
	for (size_t i = 0; i < view->conf.server_count; i++)
		if (!view->server[i].is_ours)
			return false;
	return true;
}

static const struct doctor_view *
view_of(const struct judge *judge)
{
	return judge->service->config->chroot ? &judge->facts->inside
					      : &judge->facts->outside;
}

static void
judge_sharing(struct judge *judge, const struct doctor_map *map)
{
	const char *level =
	    judge->service->config->value[POSTFIX_SECURITY_LEVEL];
	const char *listen = judge->facts->dns_listen;
	const struct doctor_view *view = view_of(judge);
	json_t *finding = NULL;

	if (view->path == NULL || is_shared(view))
		return;
	if (parse_level(level) == LEVEL_DANE_ONLY)
		finding = find(judge, DOCTOR_WARNING, "dane-only-resolver",
		    "smtp_tls_security_level = dane-only, but Postfix looks up "
		    "with a resolver of its own (%s): whatever that one cannot "
		    "resolve or validate, is deferred",
		    view->conf.server[0]);
	else if (is(map->dane_only, "when-complete"))
		finding = find(judge, DOCTOR_WARNING, "dane-only-resolver",
		    "postdane answers \"dane-only\" (dane-only = "
		    "when-complete), but Postfix looks up with a resolver of "
		    "its own (%s): whatever that one cannot resolve or "
		    "validate, is deferred",
		    view->conf.server[0]);
	else if (listen != NULL)
		finding = find(judge, DOCTOR_WARNING, "resolver-not-shared",
		    "postdane offers a resolver at %s, but Postfix's processes "
		    "ask %s",
		    listen, view->conf.server[0]);
	if (finding == NULL)
		return;
	if (listen == NULL)
		change(finding, "postdane.conf",
		    "dns-listen = { \"127.0.0.25:53\" }");
	change(finding, view->path, "nameserver %s",
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
is_may(const char *value)
{
	return strcasecmp(value, "may") == 0;
}

#define MEANS_MAY "Postfix takes the verdict \"dane\" for \"may\""

static const struct {
	const char *id;
	bool (*is_wrong)(const char *value);
	const char *text, *wanted;
	enum postfix_parameter parameter;
	enum doctor_code code;
} settings[] = {
	{ "dns-support-level", not_dnssec,
	    "Postfix asks for no DNSSEC: " MEANS_MAY, "dnssec",
	    POSTFIX_DNS_SUPPORT_LEVEL, DOCTOR_CRITICAL },
	{ "host-lookup", without_dns,
	    "Postfix does not look hosts up in the DNS: " MEANS_MAY, "dns",
	    POSTFIX_HOST_LOOKUP, DOCTOR_CRITICAL },
	{ "ignore-mx-lookup-error", is_yes,
	    "Postfix goes round MX records that it cannot look up: " MEANS_MAY,
	    "no", POSTFIX_IGNORE_MX_ERROR, DOCTOR_CRITICAL },
	{ "resolver-options", is_set,
	    "Postfix does not trust names that it may have "
	    "completed: " MEANS_MAY,
	    "", POSTFIX_RESOLVER_OPTIONS, DOCTOR_CRITICAL },
	{ "insecure-mx", is_may,
	    "for a domain without DNSSEC whose mail hosts have TLSA "
	    "records, " MEANS_MAY
	    " (the default of many versions, Debian 12's among them, "
	    "unless smtp_tls_security_level is dane)",
	    "dane", POSTFIX_INSECURE_MX, DOCTOR_WARNING },
};

static void
judge_settings(struct judge *judge, const struct doctor_map *map)
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
		change_parameter(judge,
		    find(judge, settings[i].code, settings[i].id, "%s = %s: %s",
			postfix_parameter_name(parameter), value,
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
judge_carry(struct judge *judge)
{
	const char *digest =
	    judge->service->config->value[POSTFIX_FINGERPRINT_DIGEST];

	if (strcasecmp(digest, "sha256") != 0)
		change_parameter(judge,
		    find(judge, DOCTOR_CRITICAL, "fingerprint-digest",
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
judge_version(struct judge *judge)
{
	const char *text = judge->service->config->value[POSTFIX_MAIL_VERSION];
	const struct version version = parse_version(text);
	const struct doctor_view *view = view_of(judge);

	if (version.major < 2 || (version.major == 2 && version.minor < 11))
		find(judge, DOCTOR_CRITICAL, "version",
		    "Postfix %s knows no DANE; 2.11 was the first that did",
		    text);
	else if (!sets_trust_ad(&version) && view->path != NULL &&
		 !view->conf.trust_ad)
		change(find(judge, DOCTOR_CRITICAL, "trust-ad",
			   "Postfix %s does not ask the C library to pass on "
			   "that an answer was validated: " MEANS_MAY,
			   text),
		    view->path, "options trust-ad");
}

/* ---- the resolver ---- */

static const char *
rcode_text(const struct resolver_reply *reply)
{
	static const char *const names[] = { "no record", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED" };

	if (!reply->answered)
		return "no answer";
	return reply->rcode < sizeof(names) / sizeof(names[0])
		   ? names[reply->rcode]
		   : "an error";
}

static void
judge_server(struct judge *judge, const struct doctor_view *view, size_t i)
{
	const struct doctor_server *server = &view->server[i];
	const struct resolver_probe *probe = &server->probe;
	const char *address = view->conf.server[i];
	json_t *finding = NULL;

	if (!server->understood)
		return;
	if (!probe->plain.has_data)
		finding = find(judge, DOCTOR_CRITICAL, "resolver-down",
		    "nameserver %s of %s does not resolve (%s for the root's "
		    "SOA): Postfix defers all mail before it asks for a "
		    "verdict",
		    address, view->path, rcode_text(&probe->plain));
	else if (!probe->edns.has_data)
		finding = find(judge, DOCTOR_CRITICAL, "resolver-edns",
		    "nameserver %s of %s fails as soon as it is asked with "
		    "EDNS (%s): Postfix, which always asks so, %s",
		    address, view->path, rcode_text(&probe->edns),
		    probe->edns.answered && probe->edns.rcode == 1
			? "returns all mail to its senders"
			: "defers all mail");
	else if (!probe->edns.ad)
		finding = find(judge, DOCTOR_CRITICAL,
		    "resolver-not-validating",
		    "nameserver %s of %s does not validate (no AD bit for the "
		    "root's SOA): " MEANS_MAY ", silently",
		    address, view->path);
	else if (!probe->tcp.has_data)
		finding = find(judge, DOCTOR_WARNING, "resolver-tcp",
		    "nameserver %s of %s does not answer over TCP (%s): what "
		    "is too long for a datagram cannot be looked up",
		    address, view->path, rcode_text(&probe->tcp));
	if (finding != NULL)
		change(finding, view->path,
		    "nameserver ADDRESS of a resolver on this machine that "
		    "validates");
	if (probe->edns.ad && !server->is_loopback)
		find(judge, DOCTOR_WARNING, "resolver-remote",
		    "nameserver %s of %s is on another machine: that an answer "
		    "was validated is believed from whoever is on the way",
		    address, view->path);
}

static void
judge_view(struct judge *judge, const struct doctor_view *view)
{
	json_t *finding;

	if (view->is_default) {
		finding = find(judge, DOCTOR_WARNING, "resolver-default",
		    "%s %s: Postfix asks 127.0.0.1, whatever answers there",
		    view->path,
		    view->exists ? "names no nameserver" : "does not exist");
		change(finding, view->path, "nameserver 127.0.0.1");
	}
	if (view->conf.server_count > 1) {
		finding = find(judge, DOCTOR_WARNING, "second-nameserver",
		    "%s has %zu nameservers: where the first says SERVFAIL, "
		    "for a forged answer, say, Postfix asks the next and "
		    "believes that one",
		    view->path, view->conf.server_count);
		change(finding, view->path, "nameserver %s (and no other)",
		    view->conf.server[0]);
	}
	for (size_t i = 0; i < view->conf.server_count; i++)
		judge_server(judge, view, i);
	if (view->stale > 0) {
		finding = find(judge, DOCTOR_WARNING, "stale-resolver",
		    "%zu smtp processes run since before %s was changed, and "
		    "go on with what it said then",
		    view->stale, view->path);
		change(finding, "shell", "postfix reload");
	}
}

static bool
same_servers(const struct doctor_view *one, const struct doctor_view *other)
{
	if (one->conf.server_count != other->conf.server_count)
		return false;
	for (size_t i = 0; i < one->conf.server_count; i++)
		if (strcmp(one->conf.server[i], other->conf.server[i]) != 0)
			return false;
	return true;
}

/* A copy that was forgotten; not where Postfix was given postdane's resolver
 * on purpose. */
static void
judge_copy(struct judge *judge)
{
	const struct doctor_view *inside = &judge->facts->inside;
	const struct doctor_view *outside = &judge->facts->outside;

	if (!judge->service->config->chroot || inside->path == NULL ||
	    inside->is_default || is_shared(inside) ||
	    same_servers(inside, outside))
		return;
	change(find(judge, DOCTOR_WARNING, "chroot-differs",
		   "%s, which Postfix's chrooted processes read, names other "
		   "nameservers (%s) than %s (%s)",
		   inside->path, inside->conf.server[0], outside->path,
		   outside->conf.server[0]),
	    "shell", "cp %s %s && postfix reload", outside->path, inside->path);
}

/* ---- all ---- */

static void
judge_service(struct judge *judge, const struct doctor_service *service)
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
	if (view_of(judge)->path != NULL && !is_carried(ours))
		judge_view(judge, view_of(judge));
	judge_copy(judge);
	if (ours == NULL)
		return;
	judge_level(judge, ours);
	judge_order(judge, ours);
	judge_sharing(judge, ours);
}

static void
judge_services(struct judge *judge)
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
		find(judge, DOCTOR_CRITICAL, "no-service",
		    "master.cf has no service that runs smtp(8)");
}

json_t *
doctor_report(const struct doctor_facts *facts)
{
	static const char *const texts[] = { "OK", "WARNING", "CRITICAL" };
	struct judge judge = { .facts = facts, .findings = json_array() };
	enum doctor_code code = DOCTOR_OK;
	char summary[200];

	if (judge.findings == NULL)
		return NULL;
	judge_daemon(&judge);
	judge_services(&judge);
	if (judge.count[DOCTOR_CRITICAL] > 0)
		code = DOCTOR_CRITICAL;
	else if (judge.count[DOCTOR_WARNING] > 0)
		code = DOCTOR_WARNING;
	if (code == DOCTOR_OK)
		snprintf(summary, sizeof(summary),
		    "Postfix will honour the verdicts");
	else
		snprintf(summary, sizeof(summary),
		    "%zu critical, %zu warnings, %zu notes",
		    judge.count[DOCTOR_CRITICAL], judge.count[DOCTOR_WARNING],
		    judge.count[DOCTOR_OK]);
	return json_pack("{s:s, s:i, s:s, s:o}", "status", texts[code], "code",
	    (int)code, "summary", summary, "findings", judge.findings);
}
