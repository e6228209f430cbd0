/* conf_options.c - the options of postdane.conf(5) and their valid values. */

#include "base/conf_options.h"

#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/conf_values.h"
#include "base/domain.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/prefix.h"
#include "base/root_file.h"
#include "base/unbound_option.h"

#define WHY_MAX 512      /* octets of the text that describes an error */
#define MAP_NAME_MAX 255 /* octets; limited by the room in a request */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- values, checked while their line is known ---- */

static const struct {
	const char *option;
	long least, most;
} numbers[] = {
	{ "max-connections", 1, 100000 },
	{ "request-timeout", 1, 3600 },
	{ "lookup-deadline", 1, 60 },
	/* Postfix waits 100 seconds for a reply. */
	{ "evaluation-deadline", 1, 90 },
	{ "default-port", 1, 65535 },
	{ "cache-entries", 0, 10000000 },
	{ "cache-memory", 1, 65536 },
};

/* The index of a word is the value of its enum. */
#define WORDS_MAX 4
static const struct {
	const char *option;
	const char *words[WORDS_MAX + 1];
} choices[] = {
	{ "no-dane-policy", { "may", "encrypt", "notfound" } },
	{ "no-dane-policy-explicit", { "may", "encrypt", "notfound" } },
	{ "insecure-mx", { "dane", "encrypt", "may" } },
	{ "dane-only", { "never", "when-complete" } },
	{ "carry", { "no", "fingerprint" } },
	{ "carry-else", { "dane-only", "encrypt" } },
	{ "log-target", { "stderr", "syslog" } },
	{ "log-level", { "error", "warning", "info", "debug" } },
};

/* Decimal only: libconfuse would read 010 as eight. */
static int
read_number(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *option = cfg_opt_name(opt);
	const bool is_number = value[0] != '\0' && strlen(value) <= 9 &&
			       value[strspn(value, "0123456789")] == '\0';
	const long number = is_number ? strtol(value, NULL, 10) : -1;
	size_t i = 0;

	while (strcmp(numbers[i].option, option) != 0)
		i++;
	if (number < numbers[i].least || number > numbers[i].most) {
		cfg_error(cfg, "%s: \"%s\" is no number from %ld to %ld",
		    option, value, numbers[i].least, numbers[i].most);
		return -1;
	}
	*(long *)result = number;
	return 0;
}

static int
read_choice(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *option = cfg_opt_name(opt);
	const char *const *words;
	char list[128] = "";
	size_t i = 0, at = 0;

	while (strcmp(choices[i].option, option) != 0)
		i++;
	words = choices[i].words;
	for (long k = 0; words[k] != NULL; k++) {
		if (strcmp(words[k], value) == 0) {
			*(long *)result = k;
			return 0;
		}
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
		    k > 0 ? ", " : "", words[k]);
	}
	cfg_error(cfg, "%s: \"%s\" is none of %s", option, value, list);
	return -1;
}

/* The same words that libconfuse accepts. */
static int
read_bool(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false",
		"true" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(words[i], value) == 0) {
			*(cfg_bool_t *)result =
			    i % 2 == 0 ? cfg_false : cfg_true;
			return 0;
		}
	cfg_error(
	    cfg, "%s: \"%s\" is none of yes, no", cfg_opt_name(opt), value);
	return -1;
}

/* A string is stored unchanged, unless @why is not NULL: it says what the value
 * is, or should be. */
static int
accept_string(cfg_t *cfg, cfg_opt_t *opt, const char *value, const char *why,
    void *result)
{
	*(const char **)result = value;
	if (why == NULL)
		return 0;
	cfg_error(cfg, "%s: \"%s\" %s", cfg_opt_name(opt), value, why);
	return -1;
}

/* The same, but @why is a complete message. */
static int
accept_unless(cfg_t *cfg, cfg_opt_t *opt, const char *value, const char *why,
    void *result)
{
	if (why == NULL)
		return accept_string(cfg, opt, value, NULL, result);
	cfg_error(cfg, "%s: \"%s\": %s", cfg_opt_name(opt), value, why);
	return -1;
}

static int
read_endpoint(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct endpoint endpoint;

	return accept_string(
	    cfg, opt, value, endpoint_parse(value, &endpoint), result);
}

static int
read_server(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct endpoint endpoint;

	return accept_string(cfg, opt, value,
	    endpoint_parse_address(value, CONF_DNS_PORT, &endpoint), result);
}

const char *
conf_dns_listener(const char *text, struct endpoint *endpoint)
{
	static const char inet[] = "inet:";
	const struct sockaddr_storage *address = &endpoint->address;
	const char *why;

	if (strncmp(text, inet, sizeof(inet) - 1) == 0)
		text += sizeof(inet) - 1;
	if ((why = endpoint_parse_address(text, CONF_DNS_PORT, endpoint)) !=
	    NULL)
		return why;
	/* A socket bound to such an address may answer from an address other
	 * than the one that was queried. */
	if (address->ss_family == AF_INET
		? ((const struct sockaddr_in *)address)->sin_addr.s_addr ==
		      INADDR_ANY
		: IN6_IS_ADDR_UNSPECIFIED(
		      &((const struct sockaddr_in6 *)address)->sin6_addr))
		return "is all addresses: name the one to listen at";
	return NULL;
}

static int
read_dns_listener(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct endpoint endpoint;

	return accept_string(
	    cfg, opt, value, conf_dns_listener(value, &endpoint), result);
}

static int
read_prefix(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct prefix prefix;

	return accept_string(
	    cfg, opt, value, prefix_parse(value, &prefix), result);
}

static int
read_socket_path(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct endpoint endpoint;
	char text[WHY_MAX];
	const char *why = NULL;

	snprintf(text, sizeof(text), "unix:%s", value);
	if (value[0] != '\0')
		why = endpoint_parse(text, &endpoint);
	return accept_string(cfg, opt, value, why, result);
}

/* "" leaves the owner as it is. */
static int
read_owner(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const bool known = value[0] == '\0' || getpwnam(value) != NULL;

	return accept_string(cfg, opt, value,
	    known ? NULL : "is no user of this machine", result);
}

/* The default user need not exist: only a package creates it. */
static int
read_user(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	if (strcmp(value, CONF_USER) == 0)
		return accept_string(cfg, opt, value, NULL, result);
	return read_owner(cfg, opt, value, result);
}

static int
read_group(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const bool known = value[0] == '\0' || getgrnam(value) != NULL;

	return accept_string(cfg, opt, value,
	    known ? NULL : "is no group of this machine", result);
}

/* As in chmod(1): octal, with or without a leading zero. */
static int
read_mode(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const size_t len = strlen(value);
	const bool is_octal = value[strspn(value, "01234567")] == '\0' &&
			      (len == 3 || (len == 4 && value[0] == '0'));

	return accept_string(
	    cfg, opt, value, is_octal ? NULL : "is no mode like 0660", result);
}

static int
read_hints(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_unless(
	    cfg, opt, value, root_file_check(value, ROOT_FILE_HINTS), result);
}

static int
read_anchor(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return accept_unless(
	    cfg, opt, value, root_file_check(value, ROOT_FILE_ANCHOR), result);
}

static int
read_unbound_option(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	char text[UNBOUND_OPTION_MAX];
	const char *why = unbound_option_read(value, text) == 0 ? NULL : text;

	return accept_unless(cfg, opt, value, why, result);
}

/* ---- blocks, checked when they are closed ---- */

static int
complain_of_block(cfg_t *cfg, cfg_t *block, const char *why)
{
	cfg_error(cfg, "%s \"%s\": %s", cfg_name(block), cfg_title(block), why);
	return -1;
}

/* The block just closed is the last one. */
static cfg_t *
last_block(cfg_opt_t *opt)
{
	return cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
}

static int
check_map(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *block = last_block(opt);
	const char *name = cfg_title(block);

	if (name[0] == '\0' || strchr(name, ' ') != NULL)
		return complain_of_block(
		    cfg, block, "no request can have this name of a map");
	if (strlen(name) > MAP_NAME_MAX)
		return complain_of_block(cfg, block, "the name is too long");
	return 0;
}

static bool
is_second_of_its_name(cfg_opt_t *opt, const char *name)
{
	char other[DOMAIN_TEXT_MAX];

	for (unsigned i = 0; i + 1 < cfg_opt_size(opt); i++)
		if (domain_from_utf8(
			cfg_title(cfg_opt_getnsec(opt, i)), other) == 0 &&
		    domain_equal(other, name))
			return true;
	return false;
}

static int
check_zone(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *block = last_block(opt);
	const bool forward = cfg_size(block, "forward") > 0;
	const bool stub = cfg_size(block, "stub") > 0;
	const bool insecure = cfg_getbool(block, "insecure") == cfg_true;
	char name[DOMAIN_TEXT_MAX];

	if (domain_from_utf8(cfg_title(block), name) == -1)
		return complain_of_block(cfg, block, "this is no domain name");
	if (strncmp(name, "*.", 2) == 0)
		return complain_of_block(cfg, block,
		    "a zone holds for all names below it by itself: without "
		    "*.");
	if (is_second_of_its_name(opt, name))
		return complain_of_block(
		    cfg, block, "there is a block for this zone already");
	if (forward && stub)
		return complain_of_block(
		    cfg, block, "forward and stub exclude each other");
	if (!forward && !stub && !insecure)
		return complain_of_block(cfg, block,
		    "nothing is said: forward, stub or insecure = yes");
	if (stub && domain_equal(name, "."))
		return complain_of_block(cfg, block,
		    "stub: the root's servers are named by root-hints");
	if (insecure && domain_equal(name, "."))
		return complain_of_block(cfg, block,
		    "insecure: this would end validation for all the world");
	return 0;
}

/* ---- the table of options ---- */

static cfg_opt_t map_options[] = {
	CFG_INT_CB("no-dane-policy", 0, CFGF_NODEFAULT, read_choice),
	CFG_INT_CB("no-dane-policy-explicit", 0, CFGF_NODEFAULT, read_choice),
	CFG_INT_CB("insecure-mx", 0, CFGF_NODEFAULT, read_choice),
	CFG_INT_CB("dane-only", 0, CFGF_NODEFAULT, read_choice),
	CFG_INT_CB("carry", 0, CFGF_NODEFAULT, read_choice),
	CFG_INT_CB("carry-else", 0, CFGF_NODEFAULT, read_choice),
	CFG_END(),
};

static cfg_opt_t zone_options[] = {
	CFG_STR_LIST_CB("forward", NULL, CFGF_NODEFAULT, read_server),
	CFG_STR_LIST_CB("stub", NULL, CFGF_NODEFAULT, read_server),
	CFG_BOOL_CB("insecure", cfg_false, CFGF_NONE, read_bool),
	CFG_END(),
};

#define BLOCKS (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

static cfg_opt_t options[] = {
	CFG_STR_LIST_CB(CONF_SOCKETMAP_LISTEN, "{\"inet:127.0.0.1:8642\"}",
	    CFGF_NONE, read_endpoint),
	CFG_STR_LIST_CB(CONF_TCP_TABLE_LISTEN, "{\"inet:127.0.0.1:8643\"}",
	    CFGF_NONE, read_endpoint),
	CFG_STR_LIST_CB("metrics-listen", NULL, CFGF_NODEFAULT, read_endpoint),
	CFG_STR_LIST_CB(
	    CONF_DNS_LISTEN, NULL, CFGF_NODEFAULT, read_dns_listener),
	CFG_STR_LIST_CB(CONF_DNS_ALLOW, NULL, CFGF_NODEFAULT, read_prefix),
	CFG_STR_CB(
	    "control-socket", CONF_CONTROL_SOCKET, CFGF_NONE, read_socket_path),
	CFG_STR_CB("socket-owner", "", CFGF_NONE, read_owner),
	CFG_STR_CB("socket-group", "", CFGF_NONE, read_group),
	CFG_STR_CB("socket-mode", "0666", CFGF_NONE, read_mode),
	CFG_INT_CB("max-connections", 4096, CFGF_NONE, read_number),
	CFG_INT_CB("request-timeout", 120, CFGF_NONE, read_number),
	CFG_STR_CB("user", CONF_USER, CFGF_NONE, read_user),
	CFG_BOOL_CB("sandbox", cfg_true, CFGF_NONE, read_bool),

	CFG_STR_CB(
	    "root-hints", "/usr/share/dns/root.hints", CFGF_NONE, read_hints),
	CFG_STR_CB(
	    "trust-anchor", "/usr/share/dns/root.key", CFGF_NONE, read_anchor),
	CFG_STR_LIST_CB(
	    "resolver-options", NULL, CFGF_NODEFAULT, read_unbound_option),
	CFG_INT_CB("lookup-deadline", 15, CFGF_NONE, read_number),
	CFG_INT_CB("evaluation-deadline", 30, CFGF_NONE, read_number),
	CFG_SEC("zone", zone_options, BLOCKS),

	CFG_INT_CB("no-dane-policy", CONF_NO_DANE_MAY, CFGF_NONE, read_choice),
	CFG_INT_CB("no-dane-policy-explicit", CONF_NO_DANE_NOTFOUND, CFGF_NONE,
	    read_choice),
	CFG_INT_CB(
	    "insecure-mx", CONF_INSECURE_MX_DANE, CFGF_NONE, read_choice),
	CFG_INT_CB("dane-only", CONF_DANE_ONLY_NEVER, CFGF_NONE, read_choice),
	CFG_INT_CB("carry", CONF_CARRY_NO, CFGF_NONE, read_choice),
	CFG_INT_CB(
	    "carry-else", CONF_CARRY_ELSE_DANE_ONLY, CFGF_NONE, read_choice),
	CFG_SEC("map", map_options, BLOCKS),
	CFG_STR("tcp-table-map", "", CFGF_NONE),
	CFG_INT_CB("default-port", 25, CFGF_NONE, read_number),

	CFG_INT_CB("cache-entries", 100000, CFGF_NONE, read_number),
	CFG_INT_CB("cache-memory", 64, CFGF_NONE, read_number),
	CFG_STR("state-directory", CONF_STATE_DIRECTORY, CFGF_NONE),

	CFG_INT_CB("log-target", LOG_TARGET_STDERR, CFGF_NONE, read_choice),
	CFG_INT_CB("log-level", LOG_LEVEL_INFO, CFGF_NONE, read_choice),
	CFG_END(),
};

cfg_t *
conf_options_new(cfg_errfunc_t on_error)
{
	cfg_t *cfg = cfg_init(options, CFGF_NONE);

	if (cfg == NULL)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	cfg_set_validate_func(cfg, "map", check_map);
	cfg_set_validate_func(cfg, "zone", check_zone);
	return cfg;
}

const char *
conf_option_name(size_t i)
{
	return i < COUNT(options) - 1 ? options[i].name : NULL;
}
