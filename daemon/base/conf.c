/* conf.c - postdane.conf(5). */

#include "base/conf.h"

#include <confuse.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_options.h"
#include "base/conf_text.h"
#include "base/domain.h"
#include "base/root_file.h"
#include "base/suggestion.h"
#include "base/unbound_option.h"

#define ERROR_MAX 1024 /* octets of an error message */
#define WHY_MAX 512    /* of it, without file, line and block */

/* ---- errors ---- */

/*
 * libconfuse reports errors through a function without a user argument and is
 * not reentrant itself: so the first error of the current conf_load() goes
 * here.
 */
static struct {
	const char *path;
	char *text; /* ERROR_MAX octets; NULL outside conf_load() */
} report;

static void
name_unknown(cfg_t *cfg, const char *name, char *to, size_t size)
{
	struct suggestion suggestion = { .typed = name };
	char text[SUGGESTION_TEXT_MAX];
	const size_t len = strlen(name);

	/* The syntax of other configuration files. */
	if (len > 1 && name[len - 1] == ':') {
		snprintf(to, size, "%s must be %.*s = VALUE", name,
		    (int)len - 1, name);
		return;
	}
	for (unsigned i = 0; i < cfg_num(cfg); i++)
		suggestion_offer(
		    &suggestion, cfg_opt_name(cfg_getnopt(cfg, i)));
	snprintf(to, size, "%s: no such option%s", name,
	    suggestion_text(&suggestion, text));
}

static void take_error(cfg_t *cfg, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
take_error(cfg_t *cfg, const char *format, va_list ap)
{
	char what[WHY_MAX];
	const char *block = cfg_title(cfg);

	if (report.text == NULL || report.text[0] != '\0')
		return;
	/* Some of libconfuse's messages can be improved. */
	if (strcmp(format, "no such option '%s'") == 0)
		name_unknown(cfg, va_arg(ap, char *), what, sizeof(what));
	else if (strcmp(format, "premature end of file") == 0)
		snprintf(what, sizeof(what),
		    "the file ends before the option does: a value is missing");
	else if (strcmp(format, "found duplicate title '%s'") == 0)
		snprintf(what, sizeof(what),
		    "there are two blocks of the name \"%s\"",
		    va_arg(ap, char *));
	else
		vsnprintf(what, sizeof(what), format, ap);
	if (block != NULL)
		snprintf(report.text, ERROR_MAX, "%s:%d: %s \"%s\": %s",
		    report.path, cfg->line, cfg_name(cfg), block, what);
	else
		snprintf(report.text, ERROR_MAX, "%s:%d: %s", report.path,
		    cfg->line, what);
}

/* ---- from libconfuse's tree to plain data ---- */

static int
get_string(cfg_t *cfg, const char *option, char **to)
{
	return (*to = strdup(cfg_getstr(cfg, option))) != NULL ? 0 : -1;
}

/* Returns 0, or -1: owner or group may have been deleted since the option was
 * read. */
static int
get_rights(cfg_t *cfg, struct endpoint_rights *to)
{
	const char *owner = cfg_getstr(cfg, "socket-owner");
	const char *group = cfg_getstr(cfg, "socket-group");
	const struct passwd *pw = owner[0] != '\0' ? getpwnam(owner) : NULL;
	const struct group *gr = group[0] != '\0' ? getgrnam(group) : NULL;

	to->owner = pw != NULL ? pw->pw_uid : (uid_t)-1;
	to->group = gr != NULL ? gr->gr_gid : (gid_t)-1;
	to->mode = (mode_t)strtoul(cfg_getstr(cfg, "socket-mode"), NULL, 8);
	return (owner[0] == '\0' || pw != NULL) &&
		       (group[0] == '\0' || gr != NULL)
		   ? 0
		   : -1;
}

static unsigned
get_number(cfg_t *cfg, const char *option)
{
	return (unsigned)cfg_getint(cfg, option);
}

static int
get_endpoints(cfg_t *cfg, const char *option, struct conf_endpoints *to)
{
	const unsigned count = cfg_size(cfg, option);

	if ((to->item = calloc(count + 1, sizeof(*to->item))) == NULL)
		return -1;
	for (; to->count < count; to->count++)
		endpoint_parse(cfg_getnstr(cfg, option, (unsigned)to->count),
		    &to->item[to->count]);
	return 0;
}

static int
get_dns_listeners(cfg_t *cfg, struct conf_endpoints *to)
{
	const unsigned count = cfg_size(cfg, CONF_DNS_LISTEN);

	if ((to->item = calloc(count + 1, sizeof(*to->item))) == NULL)
		return -1;
	for (; to->count < count; to->count++)
		conf_dns_listener(
		    cfg_getnstr(cfg, CONF_DNS_LISTEN, (unsigned)to->count),
		    &to->item[to->count]);
	return 0;
}

static int
get_prefixes(cfg_t *cfg, struct conf_prefixes *to)
{
	const unsigned count = cfg_size(cfg, CONF_DNS_ALLOW);

	if ((to->item = calloc(count + 1, sizeof(*to->item))) == NULL)
		return -1;
	for (; to->count < count; to->count++)
		prefix_parse(
		    cfg_getnstr(cfg, CONF_DNS_ALLOW, (unsigned)to->count),
		    &to->item[to->count]);
	return 0;
}

static int
get_unbound_options(cfg_t *cfg, struct conf_strings *to)
{
	static const char option[] = "resolver-options";
	const unsigned count = cfg_size(cfg, option);
	char text[UNBOUND_OPTION_MAX];

	if ((to->item = calloc(count + 1, sizeof(*to->item))) == NULL)
		return -1;
	for (; to->count < count; to->count++) {
		unbound_option_read(
		    cfg_getnstr(cfg, option, (unsigned)to->count), text);
		if ((to->item[to->count] = strdup(text)) == NULL)
			return -1;
	}
	return 0;
}

/* A block without the option uses the global option. */
static int
get_choice(cfg_t *cfg, const char *option, int otherwise)
{
	return cfg_size(cfg, option) > 0 ? (int)cfg_getint(cfg, option)
					 : otherwise;
}

static struct conf_profile
get_policy(cfg_t *cfg, struct conf_profile otherwise)
{
	return (struct conf_profile){
		.no_dane = (enum conf_no_dane)get_choice(
		    cfg, "no-dane-policy", (int)otherwise.no_dane),
		.no_dane_explicit = (enum conf_no_dane)get_choice(cfg,
		    "no-dane-policy-explicit", (int)otherwise.no_dane_explicit),
		.insecure_mx = (enum conf_insecure_mx)get_choice(
		    cfg, "insecure-mx", (int)otherwise.insecure_mx),
		.dane_only = (enum conf_dane_only)get_choice(
		    cfg, "dane-only", (int)otherwise.dane_only),
		.carry = (enum conf_carry)get_choice(
		    cfg, "carry", (int)otherwise.carry),
		.carry_else = (enum conf_carry_else)get_choice(
		    cfg, "carry-else", (int)otherwise.carry_else),
	};
}

static int
get_maps(cfg_t *cfg, struct conf *conf)
{
	const unsigned count = cfg_size(cfg, "map");

	if ((conf->maps = calloc(count + 1, sizeof(*conf->maps))) == NULL)
		return -1;
	for (; conf->map_count < count; conf->map_count++) {
		struct conf_map *map = &conf->maps[conf->map_count];
		cfg_t *block =
		    cfg_getnsec(cfg, "map", (unsigned)conf->map_count);

		map->policy = get_policy(block, conf->policy);
		if ((map->name = strdup(cfg_title(block))) == NULL)
			return -1;
	}
	return 0;
}

static int
get_zone(cfg_t *block, struct conf_zone *zone)
{
	const char *option = cfg_size(block, "stub") > 0 ? "stub" : "forward";
	const unsigned count = cfg_size(block, option);
	char name[DOMAIN_TEXT_MAX];

	zone->is_stub = strcmp(option, "stub") == 0;
	zone->insecure = cfg_getbool(block, "insecure") == cfg_true;
	if (domain_from_utf8(cfg_title(block), name) == -1 ||
	    (zone->name = strdup(name)) == NULL ||
	    (zone->servers = calloc(count + 1, sizeof(*zone->servers))) == NULL)
		return -1;
	for (; zone->server_count < count; zone->server_count++)
		endpoint_parse_address(
		    cfg_getnstr(block, option, (unsigned)zone->server_count),
		    CONF_DNS_PORT, &zone->servers[zone->server_count]);
	return 0;
}

static int
get_zones(cfg_t *cfg, struct conf *conf)
{
	const unsigned count = cfg_size(cfg, "zone");

	if ((conf->zones = calloc(count + 1, sizeof(*conf->zones))) == NULL)
		return -1;
	conf->zone_count = count;
	for (unsigned i = 0; i < count; i++)
		if (get_zone(cfg_getnsec(cfg, "zone", i), &conf->zones[i]) ==
		    -1)
			return -1;
	return 0;
}

static char *
print_option(cfg_opt_t *opt)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		return NULL;
	cfg_opt_print(opt, file);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

static int
print_all(cfg_t *cfg, struct conf *conf)
{
	conf->printed = calloc(cfg_num(cfg), sizeof(*conf->printed));
	if (conf->printed == NULL)
		return -1;
	for (unsigned i = 0; i < cfg_num(cfg); i++)
		if ((conf->printed[i] = print_option(cfg_getnopt(cfg, i))) ==
		    NULL)
			return -1;
	return 0;
}

static int
get_all(cfg_t *cfg, struct conf *conf)
{
	const struct conf_profile none = { 0 };

	conf->max_connections = get_number(cfg, "max-connections");
	conf->request_timeout = get_number(cfg, "request-timeout");
	conf->sandbox = cfg_getbool(cfg, "sandbox");
	conf->lookup_deadline = get_number(cfg, "lookup-deadline");
	conf->evaluation_deadline = get_number(cfg, "evaluation-deadline");
	conf->default_port = (uint16_t)get_number(cfg, "default-port");
	conf->cache_entries = get_number(cfg, "cache-entries");
	conf->cache_memory = get_number(cfg, "cache-memory");
	conf->log_target = (enum log_target)get_number(cfg, "log-target");
	conf->log_level = (enum log_level)get_number(cfg, "log-level");
	conf->policy = get_policy(cfg, none);
	if (get_endpoints(
		cfg, CONF_SOCKETMAP_LISTEN, &conf->socketmap_listen) == -1 ||
	    get_endpoints(
		cfg, CONF_TCP_TABLE_LISTEN, &conf->tcp_table_listen) == -1 ||
	    get_endpoints(cfg, "metrics-listen", &conf->metrics_listen) == -1 ||
	    get_dns_listeners(cfg, &conf->dns_listen) == -1 ||
	    get_prefixes(cfg, &conf->dns_allow) == -1 ||
	    get_rights(cfg, &conf->socket_rights) == -1 ||
	    get_string(cfg, "control-socket", &conf->control_socket) == -1 ||
	    get_string(cfg, "user", &conf->user) == -1 ||
	    get_string(cfg, "root-hints", &conf->root_hints) == -1 ||
	    get_string(cfg, "trust-anchor", &conf->trust_anchor) == -1 ||
	    get_string(cfg, "tcp-table-map", &conf->tcp_table_map) == -1 ||
	    get_string(cfg, "state-directory", &conf->state_directory) == -1 ||
	    get_unbound_options(cfg, &conf->resolver_options) == -1 ||
	    get_maps(cfg, conf) == -1 || get_zones(cfg, conf) == -1 ||
	    print_all(cfg, conf) == -1)
		return -1;
	return 0;
}

/* ---- checks that involve more than one value: 0, or -1 with the mistake
 * ---- */

struct mistake {
	const char *option[3]; /* the options involved; the rest is NULL */
	char why[WHY_MAX];
};

/* Default values have not been checked before. */
static int
check_file(const char *option, const char *path, enum root_file kind,
    struct mistake *mistake)
{
	const char *trouble = root_file_check(path, kind);

	if (trouble == NULL)
		return 0;
	mistake->option[0] = option;
	snprintf(
	    mistake->why, WHY_MAX, "%s: \"%s\": %s", option, path, trouble);
	return -1;
}

static int
check_files(const struct conf *conf, struct mistake *mistake)
{
	if (check_file(
		"root-hints", conf->root_hints, ROOT_FILE_HINTS, mistake) == -1)
		return -1;
	return check_file(
	    "trust-anchor", conf->trust_anchor, ROOT_FILE_ANCHOR, mistake);
}

static const char *
listener_option(const struct conf *conf, size_t i)
{
	return i < conf->socketmap_listen.count ? CONF_SOCKETMAP_LISTEN
						: CONF_TCP_TABLE_LISTEN;
}

static const struct endpoint *
listener_at(const struct conf *conf, size_t i)
{
	return i < conf->socketmap_listen.count
		   ? &conf->socketmap_listen.item[i]
		   : &conf->tcp_table_listen
			  .item[i - conf->socketmap_listen.count];
}

static int
check_listeners(const struct conf *conf, struct mistake *mistake)
{
	const size_t count =
	    conf->socketmap_listen.count + conf->tcp_table_listen.count;
	char one[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	if (count == 0 && conf->dns_listen.count == 0) {
		*mistake = (struct mistake){ { CONF_SOCKETMAP_LISTEN,
						 CONF_TCP_TABLE_LISTEN,
						 CONF_DNS_LISTEN },
			CONF_SOCKETMAP_LISTEN ", " CONF_TCP_TABLE_LISTEN
					      ", " CONF_DNS_LISTEN
					      ": all are empty: nobody could "
					      "ask" };
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			endpoint_text(listener_at(conf, i), one);
			endpoint_text(listener_at(conf, k), other);
			if (strcmp(one, other) != 0)
				continue;
			mistake->option[0] = listener_option(conf, i);
			mistake->option[1] = listener_option(conf, k);
			snprintf(mistake->why, WHY_MAX,
			    CONF_SOCKETMAP_LISTEN ", " CONF_TCP_TABLE_LISTEN
						  ": \"%s\" is listed twice",
			    one);
			return -1;
		}
	return 0;
}

/* The syntax of dns-listen and zone blocks: address and port only. */
static const char *
without_protocol(const char *endpoint)
{
	return endpoint + strlen("inet:");
}

/* A forwarder that is our own listener would be a query loop. */
static int
check_zone_servers(
    const struct conf *conf, const struct endpoint *ours, char *why)
{
	char one[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	endpoint_text(ours, one);
	for (size_t i = 0; i < conf->zone_count; i++)
		for (size_t k = 0; k < conf->zones[i].server_count; k++) {
			endpoint_text(&conf->zones[i].servers[k], other);
			if (strcmp(one, other) != 0)
				continue;
			snprintf(why, WHY_MAX,
			    CONF_DNS_LISTEN
			    ": \"%s\" is a server of zone \"%s\" as well: we "
			    "would ask ourselves",
			    without_protocol(one), conf->zones[i].name);
			return -1;
		}
	return 0;
}

/* An open resolver must not be set up by accident. */
static int
check_dns_listeners(const struct conf *conf, struct mistake *mistake)
{
	char one[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	mistake->option[0] = CONF_DNS_LISTEN;
	for (size_t i = 0; i < conf->dns_listen.count; i++) {
		const struct endpoint *endpoint = &conf->dns_listen.item[i];

		endpoint_text(endpoint, one);
		if (conf->dns_allow.count == 0 &&
		    !prefix_is_loopback(&endpoint->address)) {
			snprintf(mistake->why, WHY_MAX,
			    CONF_DNS_LISTEN
			    ": \"%s\" is no loopback address: " CONF_DNS_ALLOW
			    " must say who may ask there",
			    without_protocol(one));
			return -1;
		}
		if (check_zone_servers(conf, endpoint, mistake->why) == -1)
			return -1;
		for (size_t k = 0; k < i; k++) {
			endpoint_text(&conf->dns_listen.item[k], other);
			if (strcmp(one, other) != 0)
				continue;
			snprintf(mistake->why, WHY_MAX,
			    CONF_DNS_LISTEN ": \"%s\" is listed twice",
			    without_protocol(one));
			return -1;
		}
	}
	return 0;
}

static int
check_tcp_table_map(const struct conf *conf, struct mistake *mistake)
{
	static const char option[] = "tcp-table-map";
	struct suggestion suggestion = { .typed = conf->tcp_table_map };
	char text[SUGGESTION_TEXT_MAX];

	if (conf->tcp_table_map[0] == '\0')
		return 0;
	for (size_t i = 0; i < conf->map_count; i++) {
		if (strcmp(conf->maps[i].name, conf->tcp_table_map) == 0)
			return 0;
		suggestion_offer(&suggestion, conf->maps[i].name);
	}
	mistake->option[0] = option;
	snprintf(mistake->why, WHY_MAX, "%s: there is no block map \"%s\"%s",
	    option, conf->tcp_table_map, suggestion_text(&suggestion, text));
	return -1;
}

static int
check_all(const struct conf *conf, struct mistake *mistake)
{
	static int (*const checks[])(
	    const struct conf *, struct mistake *) = { check_files,
		check_listeners, check_dns_listeners, check_tcp_table_map };

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		*mistake = (struct mistake){ 0 };
		if (checks[i](conf, mistake) == -1)
			return -1;
	}
	return 0;
}

/* The line in @text of the last of the options involved. */
static unsigned
line_of(const struct mistake *mistake, const char *text)
{
	const size_t count = sizeof(mistake->option) / sizeof(char *);
	unsigned last = 0;

	for (size_t i = 0; i < count && mistake->option[i] != NULL; i++) {
		const unsigned line = conf_text_line(text, mistake->option[i]);

		if (line > last)
			last = line;
	}
	return last;
}

/* ---- reading and freeing ---- */

/* @text: the text that @cfg was read from. */
static struct conf *
conf_from(cfg_t *cfg, const char *text)
{
	struct mistake mistake = { .why = "out of memory" };
	struct conf *conf = calloc(1, sizeof(*conf));
	unsigned line;

	if (conf != NULL && get_all(cfg, conf) == 0 &&
	    check_all(conf, &mistake) == 0)
		return conf;
	if ((line = line_of(&mistake, text)) > 0)
		snprintf(report.text, ERROR_MAX, "%s:%u: %s", report.path, line,
		    mistake.why);
	else
		snprintf(
		    report.text, ERROR_MAX, "%s: %s", report.path, mistake.why);
	conf_free(conf);
	return NULL;
}

/* Returns 0, or -1 with the reason reported. */
static int
parse(cfg_t *cfg, const char *path, char *text)
{
	FILE *file = NULL;
	int result = CFG_PARSE_ERROR;

	/* fmemopen() fails for an empty file. */
	if (text[0] == '\0')
		return 0;
	if ((file = fmemopen(text, strlen(text), "r")) != NULL) {
		result = cfg_parse_fp(cfg, file);
		fclose(file);
	}
	if (result == CFG_SUCCESS && report.text[0] == '\0')
		return 0;
	if (report.text[0] == '\0')
		snprintf(report.text, ERROR_MAX, "%s: out of memory", path);
	return -1;
}

static struct conf *
conf_from_file(cfg_t *cfg, const char *path)
{
	char *text = conf_text_read(path, report.text, ERROR_MAX);
	struct conf *conf = NULL;

	if (text != NULL && parse(cfg, path, text) == 0)
		conf = conf_from(cfg, text);
	free(text);
	return conf;
}

struct conf *
conf_load(const char *path, char *error, size_t size)
{
	char text[ERROR_MAX] = "";
	struct conf *conf = NULL;
	cfg_t *cfg = conf_options_new(take_error);

	if (cfg == NULL) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	report.path = path != NULL ? path : "built-in defaults";
	report.text = text;
	conf = path != NULL ? conf_from_file(cfg, path) : conf_from(cfg, "");
	report.text = NULL;
	cfg_free(cfg);
	if (conf == NULL)
		snprintf(error, size, "%s", text);
	return conf;
}

unsigned
conf_line(const char *path, const char *option)
{
	char error[ERROR_MAX];
	char *text = conf_text_read(path, error, sizeof(error));
	const unsigned line = text != NULL ? conf_text_line(text, option) : 0;

	free(text);
	return line;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->zone_count; i++) {
		free(conf->zones[i].name);
		free(conf->zones[i].servers);
	}
	for (size_t i = 0; i < conf->map_count; i++)
		free(conf->maps[i].name);
	for (size_t i = 0; i < conf->resolver_options.count; i++)
		free(conf->resolver_options.item[i]);
	free(conf->zones);
	free(conf->maps);
	free(conf->resolver_options.item);
	free(conf->socketmap_listen.item);
	free(conf->tcp_table_listen.item);
	free(conf->metrics_listen.item);
	free(conf->dns_listen.item);
	free(conf->dns_allow.item);
	free(conf->control_socket);
	free(conf->user);
	free(conf->root_hints);
	free(conf->trust_anchor);
	free(conf->tcp_table_map);
	free(conf->state_directory);
	for (size_t i = 0; conf->printed != NULL && conf_option_name(i) != NULL;
	     i++)
		free(conf->printed[i]);
	free(conf->printed);
	free(conf);
}

void
conf_changes(const struct conf *one, const struct conf *other,
    void (*changed)(void *arg, const char *option), void *arg)
{
	for (size_t i = 0; conf_option_name(i) != NULL; i++)
		if (strcmp(one->printed[i], other->printed[i]) != 0)
			changed(arg, conf_option_name(i));
}

const struct conf_profile *
conf_profile_for(const struct conf *conf, const char *map)
{
	for (size_t i = 0; map != NULL && i < conf->map_count; i++)
		if (strcmp(conf->maps[i].name, map) == 0)
			return &conf->maps[i].policy;
	return &conf->policy;
}
