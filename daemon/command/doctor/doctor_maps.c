/* doctor_maps.c - judges smtp_tls_policy_maps, and the effect of its answers on
 * the levels in main.cf. */

#include "command/doctor/doctor_maps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "command/doctor/doctor_judge.h"
#include "policy/nexthop.h"

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

static enum level
level_of(const struct doctor_service *service)
{
	return parse_level(service->config->value[POSTFIX_SECURITY_LEVEL]);
}

/* Whether the level demands something that an answer could weaken. */
static bool
is_strict(enum level level)
{
	return level > LEVEL_MAY && level != LEVEL_DANE;
}

/* Whether the answer is weaker than main.cf's level. */
static bool
is_weaker(const char *answer, enum level level)
{
	return is_strict(level) &&
	       (doctor_is(answer, "may") ||
		   (doctor_is(answer, "encrypt") && level > LEVEL_ENCRYPT));
}

/* ---- faults of a table ---- */

const struct doctor_map *
doctor_our_map(const struct doctor_service *service)
{
	for (size_t i = 0; i < service->map_count; i++)
		if (service->map[i].is_ours)
			return &service->map[i];
	return NULL;
}

enum weakening {
	WEAKENS_NOTHING,
	WEAKENS_LEVEL,   /* if there is no DANE */
	WEAKENS_BY_DANE, /* for hosts without TLSA records */
};

/* How the answers of @ours weaken a stricter level of main.cf. */
static enum weakening
weakening_of(
    const struct doctor_service *service, const struct doctor_map *ours)
{
	const enum level level = level_of(service);

	if (!is_strict(level) || ours->no_dane == NULL)
		return WEAKENS_NOTHING;
	if (is_weaker(ours->no_dane, level))
		return WEAKENS_LEVEL;
	return doctor_is(ours->dane_only, "never") ? WEAKENS_BY_DANE
						   : WEAKENS_NOTHING;
}

/* The table that Postfix never reaches because of @ours, or NULL. */
static const struct doctor_map *
shadowed_by(const struct doctor_service *service, const struct doctor_map *ours)
{
	const size_t next = (size_t)(ours - service->map) + 1;

	if (next >= service->map_count || ours->no_dane == NULL ||
	    doctor_is(ours->no_dane, "notfound"))
		return NULL;
	return &service->map[next];
}

/* A consequence of a daemon that does not run is not reported separately. */
static bool
is_consequence(const struct doctor_facts *facts)
{
	return facts->daemon_why != NULL && !facts->may_not_ask;
}

enum fault {
	FAULT_NONE,
	FAULT_SYNTAX,
	FAULT_HOST_NAME,
	FAULT_NOT_ASKED,
	FAULT_UNKNOWN, /* we, not Postfix's user, may not open it */
	FAULT_CLOSED,  /* Postfix's user may not open it */
	FAULT_UNREACHABLE,
	FAULT_TCP
};

static enum fault
fault_of(const struct doctor_facts *facts, const struct doctor_map *map)
{
	if (map->map.kind == POLICY_MAP_OTHER)
		return map->not_asked ? FAULT_NOT_ASKED : FAULT_NONE;
	if (map->map.error != NULL)
		return FAULT_SYNTAX;
	if (!map->map.is_unix && !map->map.is_numeric)
		return FAULT_HOST_NAME;
	if (map->not_asked)
		return FAULT_NOT_ASKED;
	if (map->answer.error == EACCES && !facts->is_root)
		return FAULT_UNKNOWN;
	if (map->answer.error == EACCES && map->map.is_unix)
		return FAULT_CLOSED;
	if (map->answer.error != 0)
		return is_consequence(facts) ? FAULT_NONE : FAULT_UNREACHABLE;
	return map->is_ours && map->map.kind == POLICY_MAP_TCP ? FAULT_TCP
							       : FAULT_NONE;
}

/* ---- proposed lines ---- */

/* The table to use instead of @map; @map itself if it is right. */
static void
mend(const struct doctor_judge *judge, const struct doctor_map *map,
    char table[REPORT_TEXT_MAX])
{
	const struct doctor_service *service = judge->service;
	const char *ours = judge->facts->table;
	const int place = (int)(strrchr(ours, ':') - ours);

	if (map == doctor_our_map(service) &&
	    (weakening_of(service, map) != WEAKENS_NOTHING ||
		shadowed_by(service, map) != NULL)) {
		snprintf(table, REPORT_TEXT_MAX, "%.*s:strict", place, ours);
		return;
	}
	switch (fault_of(judge->facts, map)) {
	case FAULT_SYNTAX:
	case FAULT_HOST_NAME:
	case FAULT_UNREACHABLE:
	case FAULT_TCP:
		snprintf(table, REPORT_TEXT_MAX, "%s", ours);
		break;
	default:
		snprintf(table, REPORT_TEXT_MAX, "%s", map->map.text);
	}
}

/* @list: words separated by ", ". */
static bool
has_word(const char *list, const char *word)
{
	const size_t len = strlen(word);

	while (list[0] != '\0') {
		const size_t next = strcspn(list, ",");

		if (next == len && strncmp(list, word, len) == 0)
			return true;
		list += next;
		list += strspn(list, ", ");
	}
	return false;
}

/* Proposes one line that corrects all faults of the list, the same in every
 * finding about it.  Tables of others are kept. */
static void
change_maps(const struct doctor_judge *judge, json_t *finding)
{
	const struct doctor_service *service = judge->service;
	char list[REPORT_TEXT_MAX] = "", table[REPORT_TEXT_MAX];
	const size_t count =
	    service->map_count + (doctor_our_map(service) == NULL);
	size_t len = 0;

	for (size_t i = 0; i < count && len < sizeof(list); i++) {
		if (i < service->map_count)
			mend(judge, &service->map[i], table);
		else
			snprintf(
			    table, sizeof(table), "%s", judge->facts->table);
		if (!has_word(list, table))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", len > 0 ? ", " : "", table);
	}
	doctor_change_parameter(judge, finding, POSTFIX_POLICY_MAPS, list);
}

/* Whether a service's level is weakened, so that its profile needs more than
 * "no-dane-policy = notfound". */
static bool
any_is_weakened(const struct doctor_facts *facts)
{
	for (size_t i = 0; i < facts->service_count; i++) {
		const struct doctor_service *service = &facts->service[i];
		const struct doctor_map *ours = doctor_our_map(service);

		if (ours != NULL &&
		    weakening_of(service, ours) != WEAKENS_NOTHING)
			return true;
	}
	return false;
}

/* Proposes a separate profile, the same for all services that need one. */
static void
change_profile(const struct doctor_judge *judge, json_t *finding)
{
	doctor_change(finding, "postdane.conf",
	    "map \"strict\" { no-dane-policy = notfound%s }",
	    any_is_weakened(judge->facts) ? " dane-only = when-complete" : "");
	change_maps(judge, finding);
}

/* ---- tables ---- */

/* Why Postfix can't reach the table. */
static const char *
reach_text(int error)
{
	return error == ETIMEDOUT ? "no whole answer within " DOCTOR_MAP_LIMIT
				  : strerror(error);
}

static json_t *
judge_unreachable(struct doctor_judge *judge, const struct doctor_map *map)
{
	const struct postfix_service *service = judge->service->config;
	const bool chrooted = map->map.is_unix && service->chroot &&
			      !map->map.is_proxied && map->map.place[0] == '/';

	return doctor_find(judge, REPORT_CRITICAL, "map-unreachable",
	    "%s does not answer Postfix (%s%s%s): it defers all mail with "
	    "\"client TLS configuration problem\"",
	    map->map.text, reach_text(map->answer.error),
	    chrooted ? "; the service is chrooted, so that the path begins in "
		     : "",
	    chrooted ? service->value[POSTFIX_QUEUE_DIRECTORY] : "");
}

static void
judge_map(struct doctor_judge *judge, const struct doctor_map *map)
{
	const struct postfix_service *service = judge->service->config;
	const char *text = map->map.text;
	json_t *finding = NULL;

	switch (fault_of(judge->facts, map)) {
	case FAULT_NONE:
		break;
	case FAULT_SYNTAX:
		finding = doctor_find(judge, REPORT_CRITICAL, "map-syntax",
		    "%s: %s; with this, smtp(8) does not even start", text,
		    map->map.error);
		break;
	case FAULT_HOST_NAME:
		finding = doctor_find(judge, REPORT_WARNING, "map-host-name",
		    "%s: Postfix must look the host's name up before each "
		    "connection, by the DNS that it has in its chroot",
		    text);
		break;
	case FAULT_NOT_ASKED:
		doctor_find(judge, REPORT_UNKNOWN, "map-unknown",
		    "%s was not asked, or not long enough: the tables before "
		    "it have taken the time",
		    text);
		break;
	case FAULT_UNKNOWN:
		doctor_change(
		    doctor_find(judge, REPORT_UNKNOWN, "map-unknown",
			"whether Postfix reaches %s is not known: this user "
			"may not (%s)",
			text, strerror(map->answer.error)),
		    "shell", DOCTOR_AS_ROOT);
		break;
	case FAULT_CLOSED:
		doctor_change(judge_unreachable(judge, map), "shell",
		    "give the user %s search permission for the directories "
		    "above %s",
		    service->value[POSTFIX_MAIL_OWNER], map->map.place);
		break;
	case FAULT_UNREACHABLE:
		finding = judge_unreachable(judge, map);
		break;
	case FAULT_TCP:
		finding = doctor_find(judge, REPORT_NOTE, "map-tcp",
		    "%s: when this connection breaks, Postfix waits a second "
		    "or more, and names no reason; socketmap does better",
		    text);
		break;
	}
	if (finding != NULL)
		change_maps(judge, finding);
}

/* Proposes the command that creates a file's index, if that is missing. */
static void
change_index(json_t *finding, const struct doctor_map *map)
{
	static const char *const indexed[] = {
		"hash:", "btree:", "cdb:", "lmdb:", "dbm:", "sdbm:"
	};
	const char *table = map->map.text;

	if (map->map.is_proxied)
		table += strlen(POLICY_MAP_PROXY);
	if (strstr(map->tried.why, strerror(ENOENT)) == NULL)
		return;
	for (size_t i = 0; i < sizeof(indexed) / sizeof(indexed[0]); i++)
		if (strncmp(table, indexed[i], strlen(indexed[i])) == 0)
			doctor_change(finding, "shell", "postmap %s", table);
}

static void
judge_unusable(struct doctor_judge *judge, const struct doctor_map *map)
{
	const char *why = map->tried.result == POSTMAP_LATE
			      ? reach_text(ETIMEDOUT)
			      : map->tried.why;
	const bool is_first = map == judge->service->map;

	change_index(doctor_find(judge, REPORT_CRITICAL, "map-unusable",
			 "Postfix can't use %s (%s): it defers all mail%s",
			 map->map.text, why,
			 is_first ? ""
				  : " that the tables before it say "
				    "nothing about"),
	    map);
}

/* Judges a table that is not postdane's. */
static void
judge_other(struct doctor_judge *judge, const struct doctor_map *map)
{
	json_t *finding;

	if (map->not_asked) {
		judge_map(judge, map);
		return;
	}
	switch (map->tried.result) {
	case POSTMAP_WELL:
		break;
	case POSTMAP_LATE:
	case POSTMAP_FAILED:
		judge_unusable(judge, map);
		break;
	case POSTMAP_UNKNOWN:
	case POSTMAP_FORBIDDEN:
		finding = doctor_find(judge, REPORT_UNKNOWN, "map-unknown",
		    "whether Postfix can use %s is not known: %s",
		    map->map.text, map->tried.why);
		if (map->tried.result == POSTMAP_FORBIDDEN)
			doctor_change(finding, "shell", DOCTOR_AS_ROOT);
		break;
	}
}

void
doctor_judge_maps(struct doctor_judge *judge)
{
	for (size_t i = 0; i < judge->service->map_count; i++) {
		const struct doctor_map *map = &judge->service->map[i];

		if (map->map.kind == POLICY_MAP_OTHER)
			judge_other(judge, map);
		else
			judge_map(judge, map);
	}
}

void
doctor_judge_missing(struct doctor_judge *judge, bool any)
{
	if (any)
		doctor_find(judge, REPORT_NOTE, "service-without-map",
		    "this service of master.cf asks for no verdict");
	else
		change_maps(judge,
		    doctor_find(judge, REPORT_CRITICAL, "no-map",
			"smtp_tls_policy_maps names no table of postdaned's: "
			"Postfix never asks for a verdict"));
}

/* ---- the effect of the answers ---- */

static void
judge_level(struct doctor_judge *judge, const struct doctor_map *map)
{
	const char *text =
	    judge->service->config->value[POSTFIX_SECURITY_LEVEL];

	switch (weakening_of(judge->service, map)) {
	case WEAKENS_NOTHING:
		break;
	case WEAKENS_LEVEL:
		change_profile(judge,
		    doctor_find(judge, REPORT_CRITICAL, "level-weakened",
			"smtp_tls_security_level = %s is overridden by "
			"postdane's answer \"%s\" wherever there is no DANE",
			text, map->no_dane));
		break;
	case WEAKENS_BY_DANE:
		change_profile(judge,
		    doctor_find(judge, REPORT_WARNING, "dane-weakens",
			"smtp_tls_security_level = %s is overridden by "
			"postdane's answer \"dane\", which lets those hosts of "
			"a domain that have no TLSA records go without TLS",
			text));
		break;
	}
}

/* Proposes the option in the map's block, or among the global options.  A
 * strict level in main.cf is enough by itself. */
static void
change_explicit(const struct doctor_judge *judge, json_t *finding,
    const struct doctor_map *map)
{
	const char *value =
	    is_strict(level_of(judge->service)) ? "notfound" : "encrypt";

	if (map->block != NULL)
		doctor_change(finding, "postdane.conf",
		    "map \"%s\" { no-dane-policy-explicit = %s }", map->block,
		    value);
	else
		doctor_change(finding, "postdane.conf",
		    "no-dane-policy-explicit = %s", value);
}

/* Explicit next hops, with brackets or a port: main.cf's level was meant for
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
	change_explicit(judge,
	    doctor_find(judge, REPORT_CRITICAL, "explicit-weakened",
		"smtp_tls_security_level = %s is overridden by postdane's "
		"answer \"%s\" (no-dane-policy-explicit) for next hops with "
		"brackets or a port that have no DANE, such as %s of %s",
		text, map->no_dane_explicit, facts->explicit_hop,
		facts->explicit_from),
	    map);
}

/* Whether Postfix sends a password, and would send it in the clear. */
static bool
has_open_password(const struct postfix_service *service)
{
	return strcasecmp(service->value[POSTFIX_SASL_AUTH], "yes") == 0 &&
	       service->value[POSTFIX_SASL_PASSWORDS][0] != '\0' &&
	       strcasestr(
		   service->value[POSTFIX_SASL_OPTIONS], "noplaintext") == NULL;
}

/* A password for the relay host, if without DANE no level protects it.  Other
 * tables may demand more, which we don't know. */
static void
judge_relayhost(struct doctor_judge *judge, const struct doctor_map *map)
{
	const struct postfix_service *service = judge->service->config;
	const char *relayhost = service->value[POSTFIX_RELAYHOST], *answer;
	json_t *finding;
	struct nexthop hop;

	nexthop_parse(relayhost, strlen(relayhost), 25, &hop);
	answer = hop.is_explicit ? map->no_dane_explicit : map->no_dane;
	if (hop.kind != NEXTHOP_LOOKUP || answer == NULL ||
	    judge->service->map_count > 1 || !has_open_password(service) ||
	    doctor_is(answer, "encrypt"))
		return;
	if (doctor_is(answer, "notfound") &&
	    is_strict(level_of(judge->service)))
		return;
	finding = doctor_find(judge, REPORT_WARNING, "relay-password",
	    "relayhost = %s gets a password (%s), and where it has no DANE "
	    "nothing insists on TLS: postdane's answer is \"%s\" (%s), and "
	    "smtp_tls_security_level = %s",
	    relayhost, service->value[POSTFIX_SASL_PASSWORDS], answer,
	    hop.is_explicit ? "no-dane-policy-explicit" : "no-dane-policy",
	    service->value[POSTFIX_SECURITY_LEVEL]);
	if (hop.is_explicit) {
		change_explicit(judge, finding, map);
		return;
	}
	doctor_change_parameter(
	    judge, finding, POSTFIX_SASL_OPTIONS, "noanonymous, noplaintext");
	doctor_change(
	    finding, "main.cf", "smtp_sasl_tls_security_options = noanonymous");
}

static void
judge_order(struct doctor_judge *judge, const struct doctor_map *ours)
{
	const struct doctor_map *never = shadowed_by(judge->service, ours);

	if (never == NULL)
		return;
	change_profile(judge,
	    doctor_find(judge, REPORT_WARNING, "map-shadowed",
		"%s is never asked: postdane, which stands before it, answers "
		"\"%s\" where there is no DANE",
		never->map.text, ours->no_dane));
}

bool
doctor_wants_dane_only(const struct doctor_service *service)
{
	const struct doctor_map *ours = doctor_our_map(service);

	return ours != NULL && (level_of(service) == LEVEL_DANE_ONLY ||
				   doctor_is(ours->dane_only, "when-complete"));
}

void
doctor_judge_answers(struct doctor_judge *judge, const struct doctor_map *ours)
{
	judge_level(judge, ours);
	judge_explicit(judge, ours);
	judge_relayhost(judge, ours);
	judge_order(judge, ours);
}
