/* conf.c - postdane.conf(5). */

#include "base/conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/domain.h"
#include "base/unbound_option.h"

#define SECONDS_MAX 3600
#define CONNECTIONS_MAX 100000
#define ERROR_MAX 512

#define SOCKETMAP_LISTEN "socketmap-listen"
#define TCP_TABLE_LISTEN "tcp-table-listen"

/* ---- words ---- */

struct word {
	const char *text;
	int value;
};

static const struct word no_dane_words[] = {
	{ "may", CONF_NO_DANE_MAY },
	{ "encrypt", CONF_NO_DANE_ENCRYPT },
	{ "notfound", CONF_NO_DANE_NOTFOUND },
	{ NULL, 0 },
};

static const struct word insecure_mx_words[] = {
	{ "dane", CONF_INSECURE_MX_DANE },
	{ "encrypt", CONF_INSECURE_MX_ENCRYPT },
	{ "may", CONF_INSECURE_MX_MAY },
	{ NULL, 0 },
};

static const struct word dane_only_words[] = {
	{ "never", CONF_DANE_ONLY_NEVER },
	{ "when-complete", CONF_DANE_ONLY_WHEN_COMPLETE },
	{ NULL, 0 },
};

static const struct word log_target_words[] = {
	{ "stderr", LOG_TARGET_STDERR },
	{ "syslog", LOG_TARGET_SYSLOG },
	{ NULL, 0 },
};

static const struct word log_level_words[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

static const struct {
	const char *option;
	const struct word *words;
} word_options[] = {
	{ "no-dane-policy", no_dane_words },
	{ "no-dane-policy-explicit", no_dane_words },
	{ "insecure-mx", insecure_mx_words },
	{ "dane-only", dane_only_words },
	{ "log-target", log_target_words },
	{ "log-level", log_level_words },
};

static const struct word *
words_of(const char *option)
{
	for (size_t i = 0; i < sizeof(word_options) / sizeof(word_options[0]);
	     i++)
		if (strcmp(word_options[i].option, option) == 0)
			return word_options[i].words;
	return NULL;
}

static const struct word *
find_word(const struct word *words, const char *text)
{
	for (; words->text != NULL; words++)
		if (strcmp(words->text, text) == 0)
			return words;
	return NULL;
}

/* ---- the tables of options ---- */

static cfg_opt_t map_options[] = {
	CFG_STR("no-dane-policy", NULL, CFGF_NODEFAULT),
	CFG_STR("no-dane-policy-explicit", NULL, CFGF_NODEFAULT),
	CFG_STR("insecure-mx", NULL, CFGF_NODEFAULT),
	CFG_STR("dane-only", NULL, CFGF_NODEFAULT),
	CFG_END(),
};

static cfg_opt_t zone_options[] = {
	CFG_STR_LIST("forward", NULL, CFGF_NODEFAULT),
	CFG_STR_LIST("stub", NULL, CFGF_NODEFAULT),
	CFG_BOOL("insecure", cfg_false, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t options[] = {
	CFG_STR_LIST(SOCKETMAP_LISTEN, "{\"inet:127.0.0.1:8642\"}", CFGF_NONE),
	CFG_STR_LIST(TCP_TABLE_LISTEN, "{\"inet:127.0.0.1:8643\"}", CFGF_NONE),
	CFG_STR("control-socket", "/run/postdane/control", CFGF_NONE),
	CFG_INT("max-connections", 4096, CFGF_NONE),
	CFG_INT("request-timeout", 120, CFGF_NONE),
	CFG_STR("user", "postdane", CFGF_NONE),
	CFG_STR("root-hints", "/usr/share/dns/root.hints", CFGF_NONE),
	CFG_STR("trust-anchor", "/usr/share/dns/root.key", CFGF_NONE),
	CFG_STR_LIST("resolver-options", "{}", CFGF_NONE),
	CFG_INT("lookup-deadline", 15, CFGF_NONE),
	CFG_INT("evaluation-deadline", 30, CFGF_NONE),
	CFG_SEC("zone", zone_options,
	    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_STR("no-dane-policy", "may", CFGF_NONE),
	CFG_STR("no-dane-policy-explicit", "notfound", CFGF_NONE),
	CFG_STR("insecure-mx", "dane", CFGF_NONE),
	CFG_STR("dane-only", "never", CFGF_NONE),
	CFG_SEC(
	    "map", map_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_STR("tcp-table-map", "", CFGF_NONE),
	CFG_INT("default-port", 25, CFGF_NONE),
	CFG_STR("log-target", "stderr", CFGF_NONE),
	CFG_STR("log-level", "info", CFGF_NONE),
	CFG_END(),
};

/* ---- errors ---- */

/* The library reports through a function without an argument of ours: where
 * the first error of the present conf_load() goes. */
static char *first_error;

static void take_error(cfg_t *cfg, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
take_error(cfg_t *cfg, const char *format, va_list ap)
{
	size_t at;

	if (first_error == NULL || first_error[0] != '\0')
		return;
	at = (size_t)snprintf(first_error, ERROR_MAX,
	    "%s:%d: ", cfg->filename != NULL ? cfg->filename : "defaults",
	    cfg->line);
	if (at < ERROR_MAX)
		vsnprintf(first_error + at, ERROR_MAX - at, format, ap);
}

/* ---- checks, while the line is known ---- */

static int
check_words(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct word *words = words_of(cfg_opt_name(opt));
	char list[128] = "";

	if (find_word(words, cfg_opt_getnstr(opt, 0)) != NULL)
		return 0;
	for (size_t at = 0; words->text != NULL; words++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
		    at > 0 ? ", " : "", words->text);
	cfg_error(cfg, "%s: \"%s\" is none of %s", cfg_opt_name(opt),
	    cfg_opt_getnstr(opt, 0), list);
	return -1;
}

static int
check_range(cfg_t *cfg, cfg_opt_t *opt, long most)
{
	const long value = cfg_opt_getnint(opt, 0);

	if (value >= 1 && value <= most)
		return 0;
	cfg_error(cfg, "%s: %ld is not in the range from 1 to %ld",
	    cfg_opt_name(opt), value, most);
	return -1;
}

static int
check_seconds(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, SECONDS_MAX);
}

static int
check_connections(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, CONNECTIONS_MAX);
}

static int
check_port(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 65535);
}

static int
check_endpoints(cfg_t *cfg, cfg_opt_t *opt)
{
	struct endpoint endpoint;

	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const char *text = cfg_opt_getnstr(opt, i);
		const char *why = endpoint_parse(text, &endpoint);

		if (why == NULL)
			continue;
		cfg_error(cfg, "%s: \"%s\" %s", cfg_opt_name(opt), text, why);
		return -1;
	}
	return 0;
}

static int
check_servers(cfg_t *cfg, cfg_opt_t *opt)
{
	struct endpoint endpoint;

	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const char *text = cfg_opt_getnstr(opt, i);
		const char *why = endpoint_parse_address(text, 53, &endpoint);

		if (why == NULL)
			continue;
		cfg_error(
		    cfg, "zone: %s: \"%s\" %s", cfg_opt_name(opt), text, why);
		return -1;
	}
	return 0;
}

static int
check_zone(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *zone = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	char name[DOMAIN_TEXT_MAX];

	if (domain_from_utf8(cfg_title(zone), name) == -1) {
		cfg_error(
		    cfg, "zone: \"%s\" is no domain name", cfg_title(zone));
		return -1;
	}
	if (cfg_size(zone, "forward") > 0 && cfg_size(zone, "stub") > 0) {
		cfg_error(cfg,
		    "zone \"%s\": forward and stub exclude each other", name);
		return -1;
	}
	return 0;
}

static int
check_resolver_options(cfg_t *cfg, cfg_opt_t *opt)
{
	for (unsigned i = 0; i < cfg_opt_size(opt); i++) {
		const char *line = cfg_opt_getnstr(opt, i);
		const char *why = unbound_option_check(line);

		if (why == NULL)
			continue;
		cfg_error(cfg, "resolver-options: \"%s\": %s", line, why);
		return -1;
	}
	return 0;
}

static const char *
file_trouble(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1 || access(path, R_OK) == -1)
		return strerror(errno);
	/* libunbound and libconfuse end the process on a directory. */
	return S_ISREG(st.st_mode) ? NULL : "not a regular file";
}

static int
check_file(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *path = cfg_opt_getnstr(opt, 0);
	const char *why = file_trouble(path);

	if (why == NULL)
		return 0;
	cfg_error(cfg, "%s: %s: %s", cfg_opt_name(opt), path, why);
	return -1;
}

static const struct {
	const char *option;
	cfg_validate_callback_t check;
} checks[] = {
	{ SOCKETMAP_LISTEN, check_endpoints },
	{ TCP_TABLE_LISTEN, check_endpoints },
	{ "max-connections", check_connections },
	{ "request-timeout", check_seconds },
	{ "root-hints", check_file },
	{ "trust-anchor", check_file },
	{ "resolver-options", check_resolver_options },
	{ "lookup-deadline", check_seconds },
	{ "evaluation-deadline", check_seconds },
	{ "zone", check_zone },
	{ "zone|forward", check_servers },
	{ "zone|stub", check_servers },
	{ "no-dane-policy", check_words },
	{ "no-dane-policy-explicit", check_words },
	{ "insecure-mx", check_words },
	{ "dane-only", check_words },
	{ "map|no-dane-policy", check_words },
	{ "map|no-dane-policy-explicit", check_words },
	{ "map|insecure-mx", check_words },
	{ "map|dane-only", check_words },
	{ "default-port", check_port },
	{ "log-target", check_words },
	{ "log-level", check_words },
};

/* ---- from the library's tree to plain data ---- */

static int
get_string(cfg_t *cfg, const char *option, char **to)
{
	return (*to = strdup(cfg_getstr(cfg, option))) != NULL ? 0 : -1;
}

static int
get_strings(cfg_t *cfg, const char *option, struct conf_strings *to)
{
	const unsigned count = cfg_size(cfg, option);

	if (count == 0)
		return 0;
	if ((to->item = calloc(count, sizeof(*to->item))) == NULL)
		return -1;
	for (; to->count < count; to->count++) {
		const char *text =
		    cfg_getnstr(cfg, option, (unsigned)to->count);

		if ((to->item[to->count] = strdup(text)) == NULL)
			return -1;
	}
	return 0;
}

static int
get_endpoints(cfg_t *cfg, const char *option, struct conf_endpoints *to)
{
	const unsigned count = cfg_size(cfg, option);

	if (count == 0)
		return 0;
	if ((to->item = calloc(count, sizeof(*to->item))) == NULL)
		return -1;
	for (; to->count < count; to->count++)
		endpoint_parse(cfg_getnstr(cfg, option, (unsigned)to->count),
		    &to->item[to->count]);
	return 0;
}

static int
get_word(cfg_t *cfg, const char *option, int otherwise)
{
	if (cfg_size(cfg, option) == 0)
		return otherwise;
	return find_word(words_of(option), cfg_getstr(cfg, option))->value;
}

static struct conf_policy
get_policy(cfg_t *cfg, struct conf_policy otherwise)
{
	return (struct conf_policy){
		.no_dane = (enum conf_no_dane)get_word(
		    cfg, "no-dane-policy", (int)otherwise.no_dane),
		.no_dane_explicit = (enum conf_no_dane)get_word(cfg,
		    "no-dane-policy-explicit", (int)otherwise.no_dane_explicit),
		.insecure_mx = (enum conf_insecure_mx)get_word(
		    cfg, "insecure-mx", (int)otherwise.insecure_mx),
		.dane_only = (enum conf_dane_only)get_word(
		    cfg, "dane-only", (int)otherwise.dane_only),
	};
}

static int
get_maps(cfg_t *cfg, struct conf *conf)
{
	const unsigned count = cfg_size(cfg, "map");

	if (count == 0)
		return 0;
	if ((conf->maps = calloc(count, sizeof(*conf->maps))) == NULL)
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
	const unsigned stubs = cfg_size(block, "stub");
	const unsigned count = stubs > 0 ? stubs : cfg_size(block, "forward");
	char name[DOMAIN_TEXT_MAX];

	zone->is_stub = stubs > 0;
	zone->insecure = cfg_getbool(block, "insecure") == cfg_true;
	if (domain_from_utf8(cfg_title(block), name) == -1 ||
	    (zone->name = strdup(name)) == NULL ||
	    (zone->servers = calloc(count + 1, sizeof(*zone->servers))) == NULL)
		return -1;
	for (; zone->server_count < count; zone->server_count++)
		endpoint_parse_address(
		    cfg_getnstr(block, zone->is_stub ? "stub" : "forward",
			(unsigned)zone->server_count),
		    53, &zone->servers[zone->server_count]);
	return 0;
}

static int
get_zones(cfg_t *cfg, struct conf *conf)
{
	const unsigned count = cfg_size(cfg, "zone");

	if (count == 0)
		return 0;
	if ((conf->zones = calloc(count, sizeof(*conf->zones))) == NULL)
		return -1;
	conf->zone_count = count;
	for (unsigned i = 0; i < count; i++)
		if (get_zone(cfg_getnsec(cfg, "zone", i), &conf->zones[i]) ==
		    -1)
			return -1;
	return 0;
}

static int
get_all(cfg_t *cfg, struct conf *conf)
{
	const struct conf_policy none = { 0 };

	conf->max_connections = (unsigned)cfg_getint(cfg, "max-connections");
	conf->request_timeout = (unsigned)cfg_getint(cfg, "request-timeout");
	conf->lookup_deadline = (unsigned)cfg_getint(cfg, "lookup-deadline");
	conf->evaluation_deadline =
	    (unsigned)cfg_getint(cfg, "evaluation-deadline");
	conf->default_port = (uint16_t)cfg_getint(cfg, "default-port");
	conf->log_target = (enum log_target)get_word(cfg, "log-target", 0);
	conf->log_level = (enum log_level)get_word(cfg, "log-level", 0);
	conf->policy = get_policy(cfg, none);
	if (get_endpoints(cfg, SOCKETMAP_LISTEN, &conf->socketmap_listen) ==
		-1 ||
	    get_endpoints(cfg, TCP_TABLE_LISTEN, &conf->tcp_table_listen) ==
		-1 ||
	    get_string(cfg, "control-socket", &conf->control_socket) == -1 ||
	    get_string(cfg, "user", &conf->user) == -1 ||
	    get_string(cfg, "root-hints", &conf->root_hints) == -1 ||
	    get_string(cfg, "trust-anchor", &conf->trust_anchor) == -1 ||
	    get_string(cfg, "tcp-table-map", &conf->tcp_table_map) == -1 ||
	    get_strings(cfg, "resolver-options", &conf->resolver_options) ==
		-1 ||
	    get_maps(cfg, conf) == -1 || get_zones(cfg, conf) == -1)
		return -1;
	return 0;
}

/* ---- what no single option shows ---- */

/* An anchor file without an anchor makes libunbound call everything insecure
 * without a word. */
static int
check_anchor(const struct conf *conf, char *error, size_t size)
{
	FILE *file = fopen(conf->trust_anchor, "re");
	char line[4096];
	bool found = false;

	while (
	    file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, ";\n")] = '\0';
		found = strstr(line, "DNSKEY") != NULL ||
			strstr(line, "DS") != NULL;
	}
	if (file != NULL)
		fclose(file);
	if (found)
		return 0;
	snprintf(error, size, "trust-anchor: %s: holds no DS or DNSKEY record",
	    conf->trust_anchor);
	return -1;
}

static int
check_files(const struct conf *conf, char *error, size_t size)
{
	const char *why;

	/* Again, because the defaults have passed no check of a line. */
	if ((why = file_trouble(conf->root_hints)) != NULL) {
		snprintf(
		    error, size, "root-hints: %s: %s", conf->root_hints, why);
		return -1;
	}
	if ((why = file_trouble(conf->trust_anchor)) != NULL) {
		snprintf(error, size, "trust-anchor: %s: %s",
		    conf->trust_anchor, why);
		return -1;
	}
	return check_anchor(conf, error, size);
}

/* ---- life ---- */

static struct conf *
conf_from(cfg_t *cfg, char *error, size_t size)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (conf == NULL || get_all(cfg, conf) == -1) {
		snprintf(error, size, "out of memory");
		conf_free(conf);
		return NULL;
	}
	if (check_files(conf, error, size) == -1) {
		conf_free(conf);
		return NULL;
	}
	return conf;
}

static int
parse(cfg_t *cfg, const char *path, char *error, size_t size)
{
	const char *why;
	int result;

	if (path == NULL)
		return 0;
	if ((why = file_trouble(path)) != NULL) {
		snprintf(error, size, "%s: %s", path, why);
		return -1;
	}
	result = cfg_parse(cfg, path);
	if (result == CFG_SUCCESS && error[0] == '\0')
		return 0;
	if (error[0] == '\0')
		snprintf(error, size, "%s: can't be read: %s", path,
		    strerror(errno));
	return -1;
}

struct conf *
conf_load(const char *path, char *error, size_t size)
{
	char text[ERROR_MAX] = "";
	struct conf *conf = NULL;
	cfg_t *cfg = cfg_init(options, CFGF_NONE);

	if (cfg == NULL) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	first_error = text;
	cfg_set_error_function(cfg, take_error);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		cfg_set_validate_func(cfg, checks[i].option, checks[i].check);
	if (parse(cfg, path, text, sizeof(text)) == 0)
		conf = conf_from(cfg, text, sizeof(text));
	first_error = NULL;
	cfg_free(cfg);
	if (conf == NULL)
		snprintf(error, size, "%s", text);
	return conf;
}

static void
free_strings(struct conf_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->item[i]);
	free(strings->item);
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
	free(conf->zones);
	free(conf->maps);
	free_strings(&conf->resolver_options);
	free(conf->socketmap_listen.item);
	free(conf->tcp_table_listen.item);
	free(conf->control_socket);
	free(conf->user);
	free(conf->root_hints);
	free(conf->trust_anchor);
	free(conf->tcp_table_map);
	free(conf);
}

const struct conf_policy *
conf_policy_for(const struct conf *conf, const char *map)
{
	for (size_t i = 0; i < conf->map_count; i++)
		if (strcmp(conf->maps[i].name, map) == 0)
			return &conf->maps[i].policy;
	return &conf->policy;
}
