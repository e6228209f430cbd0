/* doctor.c - postdane doctor: whether Postfix will honour the verdicts. */

#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/prefix.h"
#include "command/client.h"
#include "command/command.h"
#include "command/dns/name_compare.h"
#include "command/doctor/doctor_judge.h"
#include "command/doctor/doctor_rules.h"
#include "command/fields.h"
#include "command/postfix/postfix_hosts.h"
#include "command/postfix/postfix_view.h"
#include "command/progress.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536 /* octets */
#define DEFAULT_PLACE "inet:127.0.0.1:8642"
/* Postdane answers NOTFOUND to this at once, without a lookup. */
#define KEY ".postdane.invalid"
#define MAPS_MAX 32      /* per service */
#define START_SECONDS 60 /* for the daemon to get the root's keys */
#define NAMES_MS 20000U  /* for comparing all names */

/* The facts, and the objects that they point into. */
struct patient {
	struct doctor_facts facts;
	const char *directory; /* of Postfix's configuration, or NULL */
	struct postfix_config *config;
	struct doctor_service *service;
	json_t *status;
	struct postfix_view view;
	char table[ENDPOINT_TEXT_MAX + 32];
	char inside_path[POSTFIX_VIEW_PATH_MAX];
	struct postfix_hosts hosts;
	struct doctor_name *name;
	struct progress progress;
	uint64_t maps_deadline; /* clock_ms(), for all tables */
	char postfix_why[POSTFIX_CONFIG_WHY_MAX];
};

/* Returns NULL for what is not known. */
static const char *
get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* ---- the daemon ---- */

/* The daemon's reply is not trusted to be well formed. */
static bool
speaks(const json_t *place, const char *protocol)
{
	const char *said = get_text(place, "protocol");

	return said != NULL && strcmp(said, protocol) == 0 &&
	       get_text(place, "endpoint") != NULL;
}

/* The table for main.cf: a socketmap that postdaned listens on, preferably by
 * TCP, which a chroot does not affect. */
static void
choose_table(struct patient *patient)
{
	const json_t *place;
	const char *chosen = NULL;
	size_t i;

	json_array_foreach (
	    json_object_get(patient->status, "listening"), i, place) {
		const char *endpoint = get_text(place, "endpoint");

		if (speaks(place, "socketmap") &&
		    (chosen == NULL || (strncmp(chosen, "inet:", 5) != 0 &&
					   strncmp(endpoint, "inet:", 5) == 0)))
			chosen = endpoint;
	}
	snprintf(patient->table, sizeof(patient->table), "socketmap:%s:query",
	    chosen != NULL ? chosen : DEFAULT_PLACE);
	patient->facts.table = patient->table;
}

static void
ask_daemon(struct patient *patient, const struct control_access *control)
{
	struct doctor_facts *facts = &patient->facts;

	patient->status = client_call(control, "status", NULL, NULL);
	facts->trust = get_text(patient->status, "trust");
	facts->trust_why = get_text(patient->status, "trust_why");
	facts->has_just_started =
	    json_integer_value(json_object_get(patient->status, "uptime")) <
	    START_SECONDS;
	if (facts->trust == NULL || facts->trust_why == NULL)
		facts->daemon_why = "its control socket does not answer";
	if (patient->status == NULL && !client_may_ask(control)) {
		facts->daemon_why = CLIENT_MAY_NOT_ASK;
		facts->may_not_ask = true;
	}
	facts->dns_listen = json_string_value(json_array_get(
	    json_object_get(patient->status, "dns_listening"), 0));
	choose_table(patient);
}

/* ---- tables ---- */

static bool
is_wildcard(const struct endpoint *endpoint)
{
	const struct sockaddr_in *in =
	    (const struct sockaddr_in *)&endpoint->address;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&endpoint->address;

	return endpoint->address.ss_family == AF_INET
		   ? in->sin_addr.s_addr == htonl(INADDR_ANY)
		   : endpoint->address.ss_family == AF_INET6 &&
			 IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

static bool
same_inet(const char *place, const char *listening)
{
	struct endpoint ours;
	const char *one = strrchr(place, ':'), *other = strrchr(listening, ':');

	if (strcmp(place, listening) == 0)
		return true;
	return strncmp(listening, "inet:", 5) == 0 &&
	       endpoint_parse(listening, &ours) == NULL && is_wildcard(&ours) &&
	       strcmp(one, other) == 0;
}

/* The socket's path from outside of the chroot. */
static void
our_path(const struct postfix_service *service, const struct policy_map *map,
    char path[POSTFIX_VIEW_PATH_MAX])
{
	const char *queue = service->value[POSTFIX_QUEUE_DIRECTORY];
	const bool below =
	    map->place[0] != '/' || (service->chroot && !map->is_proxied);

	snprintf(path, POSTFIX_VIEW_PATH_MAX, "%s%s%s", below ? queue : "",
	    map->place[0] != '/' ? "/" : "", map->place);
}

static bool
same_unix(const struct postfix_service *service, const struct policy_map *map,
    const char *listening)
{
	char path[POSTFIX_VIEW_PATH_MAX];
	struct stat one, other;

	our_path(service, map, path);
	return strncmp(listening, "unix:", 5) == 0 && stat(path, &one) == 0 &&
	       stat(listening + 5, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static bool
is_listened_on(const struct patient *patient,
    const struct postfix_service *service, const struct policy_map *map)
{
	const char *protocol =
	    map->kind == POLICY_MAP_TCP ? "tcp_table" : "socketmap";
	const json_t *place;
	size_t i;

	json_array_foreach (
	    json_object_get(patient->status, "listening"), i, place) {
		const char *listening = get_text(place, "endpoint");

		if (speaks(place, protocol) &&
		    (map->is_unix ? same_unix(service, map, listening)
				  : same_inet(map->place, listening)))
			return true;
	}
	return false;
}

/* Makes Postfix's mail_owner the user of @viewer. */
static void
be_owner(
    const struct postfix_service *service, struct policy_map_viewer *viewer)
{
	const struct passwd *owner =
	    getpwnam(service->value[POSTFIX_MAIL_OWNER]);

	if (owner != NULL) {
		viewer->uid = owner->pw_uid;
		viewer->gid = owner->pw_gid;
	}
}

/* Asks as Postfix's user if we can: the socket's directory may be closed to
 * it. */
static void
ask_map(const struct postfix_service *service, struct doctor_map *map,
    uint64_t deadline)
{
	const char *queue = service->value[POSTFIX_QUEUE_DIRECTORY];
	struct policy_map_viewer viewer = { .directory = queue,
		.uid = (uid_t)-1 };
	char path[POSTFIX_VIEW_PATH_MAX];
	struct policy_map reached = map->map;

	if (geteuid() == 0) {
		if (service->chroot && !map->map.is_proxied)
			viewer.root = queue;
		be_owner(service, &viewer);
	} else if (map->map.is_unix) {
		our_path(service, &map->map, path);
		if (snprintf(reached.place, sizeof(reached.place), "%s",
			path) >= (int)sizeof(reached.place)) {
			map->answer.error = ENAMETOOLONG;
			return;
		}
		viewer.directory = "/";
	}
	policy_map_ask(&reached, &viewer, KEY, deadline, &map->answer);
}

/*
 * smtp(8) opens its tables as root, before it enters the chroot.  proxymap(8),
 * which may not be running now, opens them as Postfix's user.
 */
static void
try_map(const struct postfix_service *service, const char *directory,
    struct doctor_map *map, uint64_t deadline)
{
	char command[POSTFIX_VIEW_PATH_MAX];
	const struct postmap postmap = { command, directory };
	const char *table = map->map.text;
	struct policy_map_viewer viewer = {
		.directory = service->value[POSTFIX_QUEUE_DIRECTORY],
		.uid = (uid_t)-1
	};

	if (map->map.is_cut) {
		snprintf(map->tried.why, sizeof(map->tried.why),
		    "so long a name is not tried");
		return;
	}
	snprintf(command, sizeof(command), "%s/postmap",
	    service->value[POSTFIX_COMMAND_DIRECTORY]);
	if (map->map.is_proxied) {
		table += strlen(POLICY_MAP_PROXY);
		if (geteuid() == 0)
			be_owner(service, &viewer);
	}
	postmap_try(&postmap, table, &viewer, KEY, deadline, &map->tried);
}

/* The profile that the map name in the request selects. */
static void
set_profile(const struct patient *patient, struct doctor_map *map)
{
	const char *name = map->map.kind == POLICY_MAP_TCP
			       ? get_text(patient->status, "tcp_table_map")
			       : map->map.name;
	const json_t *maps = json_object_get(patient->status, "maps");
	const json_t *profile =
	    name != NULL ? json_object_get(maps, name) : NULL;

	map->block = profile != NULL ? name : NULL;
	if (profile == NULL)
		profile = json_object_get(patient->status, "policy");
	map->no_dane = get_text(profile, "no_dane");
	map->no_dane_explicit = get_text(profile, "no_dane_explicit");
	map->insecure_mx = get_text(profile, "insecure_mx");
	map->dane_only = get_text(profile, "dane_only");
	map->carry = get_text(profile, "carry");
}

static uint64_t
least(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

static bool
is_out_of_time(const struct doctor_map *map)
{
	return map->map.kind == POLICY_MAP_OTHER
		   ? map->tried.result == POSTMAP_LATE
		   : map->answer.error == ETIMEDOUT;
}

/* A table that does not answer counts as ours: its owner can't be known. */
static void
examine_map(const struct patient *patient,
    const struct postfix_service *service, struct doctor_map *map)
{
	const bool is_other = map->map.kind == POLICY_MAP_OTHER;
	const bool can_ask = !is_other && map->map.error == NULL &&
			     (map->map.is_unix || map->map.is_numeric);
	const uint64_t deadline =
	    least(clock_ms() + DOCTOR_MAP_MS, patient->maps_deadline);

	if (can_ask)
		ask_map(service, map, deadline);
	if (is_other)
		try_map(service, patient->directory, map, deadline);
	map->not_asked =
	    is_out_of_time(map) && deadline == patient->maps_deadline;
	map->is_ours =
	    !is_other && (!can_ask || map->answer.error != 0 ||
			     patient->facts.daemon_why != NULL ||
			     is_listened_on(patient, service, &map->map));
	if (map->is_ours)
		set_profile(patient, map);
}

static int
examine_maps(const struct patient *patient, struct doctor_service *service)
{
	const char *list = service->config->value[POSTFIX_POLICY_MAPS];

	service->map = calloc(MAPS_MAX, sizeof(*service->map));
	if (service->map == NULL)
		return -1;
	while (service->map_count < MAPS_MAX &&
	       policy_map_next(&list, &service->map[service->map_count].map))
		examine_map(patient, service->config,
		    &service->map[service->map_count++]);
	return 0;
}

/* ---- resolvers ---- */

/* "dns_listening": addresses in the form of resolv.conf, those on port 53. */
static bool
is_our_resolver(const struct patient *patient, const struct endpoint *server)
{
	struct endpoint ours;
	const json_t *place;
	size_t i;

	json_array_foreach (
	    json_object_get(patient->status, "dns_listening"), i, place) {
		const char *text = json_string_value(place);

		if (text != NULL &&
		    endpoint_parse_address(text, 53, &ours) == NULL &&
		    endpoint_equal(server, &ours))
			return true;
	}
	return false;
}

static void
examine_server(
    const struct patient *patient, const char *text, struct doctor_server *to)
{
	struct endpoint server;

	if (endpoint_parse_address(text, 53, &server) != NULL)
		return;
	to->understood = true;
	to->is_loopback = prefix_is_loopback(&server.address);
	to->is_ours = is_our_resolver(patient, &server);
	resolver_probe(&server, &to->probe);
}

/* @path: for the administrator; @chroot: Postfix's, or NULL. */
static void
examine_view(const struct patient *patient, struct doctor_view *view,
    const char *path, const char *chroot)
{
	char *text = NULL;

	errno = EACCES;
	if (!patient->view.is_hidden)
		text = postfix_view_read(&patient->view, chroot, RESOLV_CONF,
		    RESOLV_CONF_MAX, &view->stale);
	view->path = path;
	view->exists = text != NULL;
	if (text == NULL && errno != ENOENT)
		view->unreadable = strerrordesc_np(errno);
	resolv_conf_parse(text != NULL ? text : "", &view->conf);
	free(text);
	if (view->conf.server_count == 0 && view->unreadable == NULL) {
		view->is_default = true;
		snprintf(view->conf.server[view->conf.server_count++],
		    sizeof(view->conf.server[0]), "127.0.0.1");
	}
	for (size_t i = 0; i < view->conf.server_count; i++)
		examine_server(patient, view->conf.server[i], &view->server[i]);
}

static void
examine_views(struct patient *patient)
{
	const struct postfix_service *service = patient->config->service;
	const char *queue = service->value[POSTFIX_QUEUE_DIRECTORY];
	bool chroot = false;

	postfix_view_open(
	    &patient->view, queue, service->value[POSTFIX_DAEMON_DIRECTORY]);
	for (size_t i = 0; i < patient->config->service_count; i++)
		chroot |= service[i].chroot;
	examine_view(patient, &patient->facts.outside, RESOLV_CONF, NULL);
	if (chroot) {
		snprintf(patient->inside_path, sizeof(patient->inside_path),
		    "%s%s", queue, RESOLV_CONF);
		examine_view(patient, &patient->facts.inside,
		    patient->inside_path, queue);
	}
	postfix_view_close(&patient->view);
}

/* ---- names ---- */

static void
compare_names(struct patient *patient, struct name_resolvers *resolvers)
{
	const uint64_t deadline = clock_ms() + NAMES_MS;
	struct doctor_facts *facts = &patient->facts;
	const struct postfix_hosts *hosts = &patient->hosts;

	patient->name = calloc(hosts->count + 1, sizeof(*patient->name));
	for (size_t i = 0; patient->name != NULL && i < hosts->count; i++) {
		struct doctor_name *name = &patient->name[i];

		progress_show(&patient->progress, hosts->item[i].name);
		name->from = hosts->item[i].from;
		name_compare(resolvers, hosts->item[i].name, deadline,
		    &name->difference);
		if (clock_ms() >= deadline)
			break;
		facts->name_count++;
	}
	facts->name = patient->name;
	facts->names_left = hosts->count - facts->name_count;
}

/* A listener without trust answers SERVFAIL to everything. */
static void
examine_names(struct patient *patient, const struct command_line *line)
{
	struct doctor_facts *facts = &patient->facts;
	struct name_resolvers *resolvers;
	const char *why;

	/* Read errors are reported on stderr; the other names are used. */
	postfix_hosts_read(&patient->hosts, line->postconf, line->config);
	for (size_t i = 0; i < patient->hosts.count; i++) {
		const struct postfix_host *host = &patient->hosts.item[i];

		if (host->explicit_hop[0] == '\0')
			continue;
		facts->explicit_hop = host->explicit_hop;
		facts->explicit_from = host->explicit_from;
		break;
	}
	if (facts->dns_listen == NULL || facts->daemon_why != NULL ||
	    strcmp(facts->trust, "alive") != 0 ||
	    (resolvers = name_compare_new(
		 RESOLV_CONF, facts->dns_listen, &why)) == NULL)
		return;
	compare_names(patient, resolvers);
	name_compare_free(resolvers);
}

/* ---- collecting the facts ---- */

static int
examine(struct patient *patient, const struct command_line *line)
{
	const struct postfix_config *config;

	patient->facts.is_root = geteuid() == 0;
	patient->directory = line->config;
	progress_show_now(
	    &patient->progress, "reading Postfix's configuration");
	patient->config = postfix_config_read(line->postconf, line->config,
	    clock_ms() + POSTFIX_CONFIG_MS, patient->postfix_why);
	progress_end(&patient->progress);
	if ((config = patient->config) == NULL) {
		patient->facts.postfix_why = patient->postfix_why;
		return 0;
	}
	ask_daemon(patient, line->control);
	progress_show_now(&patient->progress, "asking Postfix's tables");
	patient->maps_deadline = clock_ms() + DOCTOR_MAPS_MS;
	patient->service =
	    calloc(config->service_count + 1, sizeof(*patient->service));
	if (patient->service == NULL)
		return -1;
	for (size_t i = 0; i < config->service_count; i++) {
		patient->service[i].config = &config->service[i];
		if (examine_maps(patient, &patient->service[i]) == -1)
			return -1;
	}
	progress_show_now(&patient->progress, "asking Postfix's resolvers");
	if (config->service_count > 0)
		examine_views(patient);
	progress_show_now(&patient->progress, "comparing names");
	examine_names(patient, line);
	progress_end(&patient->progress);
	patient->facts.service = patient->service;
	patient->facts.service_count = config->service_count;
	return 0;
}

static void
patient_clear(struct patient *patient)
{
	for (size_t i = 0;
	     patient->service != NULL && i < patient->config->service_count;
	     i++)
		free(patient->service[i].map);
	free(patient->service);
	postfix_config_free(patient->config);
	postfix_hosts_clear(&patient->hosts);
	free(patient->name);
	json_decref(patient->status);
}

/* ---- output ---- */

static void
put_finding(const json_t *finding, FILE *out)
{
	const json_t *item;
	size_t i;

	fprintf(out, "%s: %s: %s", fields_text(finding, "severity"),
	    fields_text(finding, "id"), fields_text(finding, "text"));
	json_array_foreach (json_object_get(finding, "services"), i, item)
		fprintf(
		    out, "%s%s", i == 0 ? " [" : ", ", json_string_value(item));
	fputs(i > 0 ? "]\n" : "\n", out);
	json_array_foreach (json_object_get(finding, "changes"), i, item)
		fprintf(out, "    %s: %s\n", fields_text(item, "file"),
		    fields_text(item, "line"));
}

static void
put_findings(const json_t *report, FILE *out)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (json_object_get(report, "findings"), i, finding)
		put_finding(finding, out);
}

int
command_doctor(const struct command_line *line)
{
	struct patient patient = { 0 };
	json_t *report = NULL;
	int code;

	signal(SIGPIPE, SIG_IGN);
	if (examine(&patient, line) == 0)
		report = doctor_report(&patient.facts);
	progress_end(&patient.progress);
	code = report_print(report, line->json, put_findings);
	patient_clear(&patient);
	return code;
}
