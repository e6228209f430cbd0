/* postdane.conf(5): what is read, and how mistakes are named. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/conf_text.h"

#include "files.h"
#include "test_main.h"

#define TEXT_MAX 8192

static char directory[64];
static char path[128]; /* of the file that is read */
static char error[1024];

/* ---- files ---- */

static void
write_there(const char *name, const char *text)
{
	char where[256];

	snprintf(where, sizeof(where), "%s/%s", directory, name);
	write_file(where, text);
}

static void
remove_file(const char *name)
{
	char where[256];

	snprintf(where, sizeof(where), "%s/%s", directory, name);
	remove(where);
}

static const char *const files[] = { "conf", "hints", "empty", "comments",
	"one", "bogus", "fifo", "dir", NULL };

static void
setup(void)
{
	char fifo[256], dir[256];

	strcpy(directory, "/tmp/test_conf.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/conf", directory);
	write_there("hints", ". 3600000 NS a.root.test.\n"
			     "a.root.test. 3600000 A 192.0.2.1\n");
	write_there("empty", "");
	write_there("comments", "; . IN DS 1 8 2 00\n\n  ; DNSKEY\n");
	write_there("one", "example.org. IN DS 1 8 2 00\n"
			   ". IN NS a.root.test.\n. IN DS\n");
	write_there("bogus", ".\tIN\tDS\t20326 8 2 00 ; fine\n");
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	snprintf(dir, sizeof(dir), "%s/dir", directory);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}

static void
teardown(void)
{
	for (size_t i = 0; files[i] != NULL; i++)
		remove_file(files[i]);
	ck_assert_int_eq(rmdir(directory), 0);
}

/* Copies text; "@" stands for the directory. */
static const char *
expand(const char *text, char to[TEXT_MAX])
{
	size_t at = 0;

	for (; *text != '\0'; text++)
		if (*text == '@')
			at += (size_t)snprintf(
			    to + at, TEXT_MAX - at, "%s", directory);
		else
			to[at++] = *text;
	to[at] = '\0';
	return to;
}

static struct conf *
load(const char *text)
{
	char expanded[TEXT_MAX];

	write_there("conf", expand(text, expanded));
	error[0] = '\0';
	return conf_load(path, error, sizeof(error));
}

/* Load what must be right. */
static struct conf *
must_load(const char *text)
{
	struct conf *conf = load(text);

	ck_assert_msg(conf != NULL, "%s", error);
	ck_assert_str_eq(error, "");
	return conf;
}

static const char *
listener(const struct conf_endpoints *endpoints, size_t i)
{
	static char text[ENDPOINT_TEXT_MAX];

	ck_assert_uint_lt(i, endpoints->count);
	return endpoint_text(&endpoints->item[i], text);
}

/* ---- defaults ---- */

static void
assert_defaults(const struct conf *conf)
{
	ck_assert_uint_eq(conf->socketmap_listen.count, 1);
	ck_assert_str_eq(
	    listener(&conf->socketmap_listen, 0), "inet:127.0.0.1:8642");
	ck_assert_uint_eq(conf->tcp_table_listen.count, 1);
	ck_assert_str_eq(
	    listener(&conf->tcp_table_listen, 0), "inet:127.0.0.1:8643");
	ck_assert_uint_eq(conf->dns_listen.count, 0);
	ck_assert_uint_eq(conf->dns_allow.count, 0);
	ck_assert_uint_eq(conf->socket_rights.owner, (uid_t)-1);
	ck_assert_uint_eq(conf->socket_rights.group, (gid_t)-1);
	ck_assert_uint_eq(conf->socket_rights.mode, 0666);
	ck_assert_str_eq(conf->control_socket, "/run/postdane/control");
	ck_assert_uint_eq(conf->max_connections, 4096);
	ck_assert_uint_eq(conf->request_timeout, 120);
	ck_assert(conf->sandbox);
	ck_assert_str_eq(conf->user, "postdane");
	ck_assert_str_eq(conf->root_hints, "/usr/share/dns/root.hints");
	ck_assert_str_eq(conf->trust_anchor, "/usr/share/dns/root.key");
	ck_assert_uint_eq(conf->resolver_options.count, 0);
	ck_assert_uint_eq(conf->lookup_deadline, 15);
	ck_assert_uint_eq(conf->evaluation_deadline, 30);
	ck_assert_uint_eq(conf->zone_count, 0);
	ck_assert_int_eq(conf->policy.no_dane, CONF_NO_DANE_MAY);
	ck_assert_int_eq(conf->policy.no_dane_explicit, CONF_NO_DANE_NOTFOUND);
	ck_assert_int_eq(conf->policy.insecure_mx, CONF_INSECURE_MX_DANE);
	ck_assert_int_eq(conf->policy.dane_only, CONF_DANE_ONLY_NEVER);
	ck_assert_uint_eq(conf->map_count, 0);
	ck_assert_str_eq(conf->tcp_table_map, "");
	ck_assert_uint_eq(conf->cache_entries, 100000);
	ck_assert_uint_eq(conf->cache_memory, 64);
	ck_assert_str_eq(conf->state_directory, "/var/lib/postdane");
	ck_assert_uint_eq(conf->default_port, 25);
	ck_assert_int_eq(conf->log_target, LOG_TARGET_STDERR);
	ck_assert_int_eq(conf->log_level, LOG_LEVEL_INFO);
}

START_TEST(without_a_file_the_defaults_hold)
{
	struct conf *conf = conf_load(NULL, error, sizeof(error));

	ck_assert_msg(conf != NULL, "%s", error);
	assert_defaults(conf);
	conf_free(conf);
}
END_TEST

static const char *const silent[] = { "", "\n", "# nothing\n", ";", "   \t\r\n",
	"/* user = \"x\" */", "// user = \"x\"", "#" };

START_TEST(a_file_that_says_nothing_changes_nothing)
{
	struct conf *conf = must_load(silent[_i]);

	assert_defaults(conf);
	conf_free(conf);
}
END_TEST

/* ---- every option ---- */

START_TEST(every_option_is_read)
{
	struct conf *conf = must_load(
	    "socketmap-listen = { \"inet:[::1]:1\", \"unix:/run/s\" }\n"
	    "tcp-table-listen = {}\n"
	    "dns-listen = { \"127.0.0.25\", \"127.0.0.26:5353\",\n"
	    " \"inet:127.0.0.27:53\", \"::1\", \"[2001:db8::1]:5353\" }\n"
	    "dns-allow = { \"2001:db8::/32\", \"192.0.2.7\" }\n"
	    "control-socket = \"\"\n"
	    "max-connections = 10\n"
	    "request-timeout = 20\n"
	    "user = \"\"\n"
	    "socket-owner = \"root\"\nsocket-group = root\n"
	    "socket-mode = 0620\n"
	    "root-hints = \"@/hints\"\n"
	    "trust-anchor = \"@/bogus\"\n"
	    "resolver-options = { \"outgoing-range: 512\","
	    " \"do-not-query-localhost   no\" }\n"
	    "lookup-deadline = 3\n"
	    "evaluation-deadline = 40\n"
	    "no-dane-policy = encrypt\n"
	    "no-dane-policy-explicit = may\n"
	    "insecure-mx = may\n"
	    "dane-only = when-complete\n"
	    "map \"chain\" { no-dane-policy = notfound }\n"
	    "tcp-table-map = \"chain\"\n"
	    "default-port = 587\n"
	    "log-target = syslog\n"
	    "log-level = debug\n");

	ck_assert_uint_eq(conf->socketmap_listen.count, 2);
	ck_assert_str_eq(listener(&conf->socketmap_listen, 0), "inet:[::1]:1");
	ck_assert_str_eq(listener(&conf->socketmap_listen, 1), "unix:/run/s");
	ck_assert_uint_eq(conf->tcp_table_listen.count, 0);
	ck_assert_uint_eq(conf->dns_listen.count, 5);
	ck_assert_str_eq(listener(&conf->dns_listen, 0), "inet:127.0.0.25:53");
	ck_assert_str_eq(
	    listener(&conf->dns_listen, 1), "inet:127.0.0.26:5353");
	ck_assert_str_eq(listener(&conf->dns_listen, 2), "inet:127.0.0.27:53");
	ck_assert_str_eq(listener(&conf->dns_listen, 3), "inet:[::1]:53");
	ck_assert_str_eq(
	    listener(&conf->dns_listen, 4), "inet:[2001:db8::1]:5353");
	ck_assert_uint_eq(conf->dns_allow.count, 2);
	ck_assert_int_eq(conf->dns_allow.item[0].family, AF_INET6);
	ck_assert_uint_eq(conf->dns_allow.item[0].bits, 32);
	ck_assert_uint_eq(conf->dns_allow.item[1].bits, 32);
	ck_assert_str_eq(conf->control_socket, "");
	ck_assert_uint_eq(conf->max_connections, 10);
	ck_assert_uint_eq(conf->request_timeout, 20);
	ck_assert_str_eq(conf->user, "");
	ck_assert_uint_eq(conf->socket_rights.owner, 0);
	ck_assert_uint_eq(conf->socket_rights.group, 0);
	ck_assert_uint_eq(conf->socket_rights.mode, 0620);
	ck_assert_str_eq(strrchr(conf->root_hints, '/'), "/hints");
	ck_assert_str_eq(strrchr(conf->trust_anchor, '/'), "/bogus");
	ck_assert_uint_eq(conf->resolver_options.count, 2);
	ck_assert_str_eq(conf->resolver_options.item[0], "outgoing-range: 512");
	ck_assert_str_eq(
	    conf->resolver_options.item[1], "do-not-query-localhost: no");
	ck_assert_uint_eq(conf->lookup_deadline, 3);
	ck_assert_uint_eq(conf->evaluation_deadline, 40);
	ck_assert_int_eq(conf->policy.no_dane, CONF_NO_DANE_ENCRYPT);
	ck_assert_int_eq(conf->policy.no_dane_explicit, CONF_NO_DANE_MAY);
	ck_assert_int_eq(conf->policy.insecure_mx, CONF_INSECURE_MX_MAY);
	ck_assert_int_eq(conf->policy.dane_only, CONF_DANE_ONLY_WHEN_COMPLETE);
	ck_assert_uint_eq(conf->map_count, 1);
	ck_assert_str_eq(conf->tcp_table_map, "chain");
	ck_assert_uint_eq(conf->default_port, 587);
	ck_assert_int_eq(conf->log_target, LOG_TARGET_SYSLOG);
	ck_assert_int_eq(conf->log_level, LOG_LEVEL_DEBUG);
	conf_free(conf);
}
END_TEST

/* Each word of each choice. */
static const struct {
	const char *text;
	struct conf_profile policy;
	enum log_level level;
} words[] = {
	{ "no-dane-policy = may", { CONF_NO_DANE_MAY, 2, 0, 0, 0, 0 }, 2 },
	{ "no-dane-policy = encrypt", { CONF_NO_DANE_ENCRYPT, 2, 0, 0, 0, 0 },
	    2 },
	{ "no-dane-policy = notfound", { CONF_NO_DANE_NOTFOUND, 2, 0, 0, 0, 0 },
	    2 },
	{ "no-dane-policy-explicit = may", { 0, CONF_NO_DANE_MAY, 0, 0, 0, 0 },
	    2 },
	{ "no-dane-policy-explicit = encrypt",
	    { 0, CONF_NO_DANE_ENCRYPT, 0, 0, 0, 0 }, 2 },
	{ "no-dane-policy-explicit = notfound",
	    { 0, CONF_NO_DANE_NOTFOUND, 0, 0, 0, 0 }, 2 },
	{ "insecure-mx = dane", { 0, 2, CONF_INSECURE_MX_DANE, 0, 0, 0 }, 2 },
	{ "insecure-mx = encrypt", { 0, 2, CONF_INSECURE_MX_ENCRYPT, 0, 0, 0 },
	    2 },
	{ "insecure-mx = may", { 0, 2, CONF_INSECURE_MX_MAY, 0, 0, 0 }, 2 },
	{ "dane-only = never", { 0, 2, 0, CONF_DANE_ONLY_NEVER, 0, 0 }, 2 },
	{ "dane-only = when-complete",
	    { 0, 2, 0, CONF_DANE_ONLY_WHEN_COMPLETE, 0, 0 }, 2 },
	{ "carry = no", { 0, 2, 0, 0, CONF_CARRY_NO, 0 }, 2 },
	{ "carry = fingerprint", { 0, 2, 0, 0, CONF_CARRY_FINGERPRINT, 0 }, 2 },
	{ "carry-else = dane-only",
	    { 0, 2, 0, 0, 0, CONF_CARRY_ELSE_DANE_ONLY }, 2 },
	{ "carry-else = encrypt", { 0, 2, 0, 0, 0, CONF_CARRY_ELSE_ENCRYPT },
	    2 },
	{ "log-level = error", { 0, 2, 0, 0, 0, 0 }, LOG_LEVEL_ERROR },
	{ "log-level = warning", { 0, 2, 0, 0, 0, 0 }, LOG_LEVEL_WARNING },
	{ "log-level = info", { 0, 2, 0, 0, 0, 0 }, LOG_LEVEL_INFO },
	{ "log-level = debug", { 0, 2, 0, 0, 0, 0 }, LOG_LEVEL_DEBUG },
};

START_TEST(a_resolver_may_be_all_there_is)
{
	struct conf *conf =
	    must_load("socketmap-listen = {}\ntcp-table-listen = {}\n"
		      "dns-listen = { \"127.0.0.25\" }\n");

	ck_assert_uint_eq(conf->socketmap_listen.count, 0);
	ck_assert_uint_eq(conf->tcp_table_listen.count, 0);
	ck_assert_uint_eq(conf->dns_listen.count, 1);
	conf_free(conf);
}
END_TEST

START_TEST(words_mean_what_they_say)
{
	struct conf *conf = must_load(words[_i].text);

	ck_assert_msg(
	    conf->policy.no_dane == words[_i].policy.no_dane &&
		conf->policy.no_dane_explicit ==
		    words[_i].policy.no_dane_explicit &&
		conf->policy.insecure_mx == words[_i].policy.insecure_mx &&
		conf->policy.dane_only == words[_i].policy.dane_only &&
		conf->policy.carry == words[_i].policy.carry &&
		conf->policy.carry_else == words[_i].policy.carry_else &&
		conf->log_level == words[_i].level,
	    "%s", words[_i].text);
	conf_free(conf);
}
END_TEST

/* ---- how it may be written ---- */

static const struct {
	const char *name, *text;
} spellings[] = {
	{ "one to a line", "lookup-deadline = 7\ndefault-port = 26\n" },
	{ "all in one line", "lookup-deadline=7 default-port=26" },
	{ "semicolons between", "lookup-deadline = 7; default-port = 26;" },
	{ "line ends of another system",
	    "lookup-deadline = 7\r\ndefault-port = 26\r\n" },
	{ "numbers in quotes", "lookup-deadline = \"7\" default-port = '26'" },
	{ "a leading zero is no octal", "lookup-deadline=07 default-port=026" },
	{ "the last one counts",
	    "lookup-deadline = 9 lookup-deadline = 7 default-port = 26" },
	{ "comments of all kinds", "lookup-deadline = 7 # 8\n"
				   "/* default-port = 25 */ // x\n"
				   "default-port = /* 25 */ 26 // 25" },
	{ "comment characters in quotes",
	    "state-directory = \"# // /* ; ' x\" lookup-deadline = 7 "
	    "default-port = 26" },
	{ "quotes in comments", "# it's \"\nlookup-deadline = 7\n"
				"// \"\n/* ' */ default-port = 26" },
};

START_TEST(it_may_be_written_in_many_ways)
{
	struct conf *conf = must_load(spellings[_i].text);

	ck_assert_msg(conf->lookup_deadline == 7 && conf->default_port == 26,
	    "%s: %u %u", spellings[_i].name, conf->lookup_deadline,
	    conf->default_port);
	conf_free(conf);
}
END_TEST

START_TEST(strings_are_taken_as_they_are)
{
	struct conf *conf =
	    must_load("state-directory = \"a \\\"b\\\\ ' # ; c\"");

	ck_assert_str_eq(conf->state_directory, "a \"b\\ ' # ; c");
	conf_free(conf);
	conf = must_load("state-directory = 'a \"b\\\\ \\' ${HOME}'");
	ck_assert_str_eq(conf->state_directory, "a \"b\\ ' ${HOME}");
	conf_free(conf);
}
END_TEST

START_TEST(a_list_can_be_added_to)
{
	struct conf *conf = must_load("socketmap-listen += { \"unix:/s\" }\n"
				      "tcp-table-listen = \"unix:/t\"\n");

	ck_assert_uint_eq(conf->socketmap_listen.count, 2);
	ck_assert_str_eq(
	    listener(&conf->socketmap_listen, 0), "inet:127.0.0.1:8642");
	ck_assert_str_eq(listener(&conf->socketmap_listen, 1), "unix:/s");
	ck_assert_uint_eq(conf->tcp_table_listen.count, 1);
	ck_assert_str_eq(listener(&conf->tcp_table_listen, 0), "unix:/t");
	conf_free(conf);
}
END_TEST

/* ---- maps ---- */

START_TEST(a_map_takes_from_the_global_options_what_it_does_not_say)
{
	/* The block stands before the options that it takes over. */
	struct conf *conf = must_load(
	    "map \"chain\" { no-dane-policy = notfound; insecure-mx = may }\n"
	    "map \"all\" { no-dane-policy = may; no-dane-policy-explicit = may;"
	    " insecure-mx = encrypt; dane-only = never }\n"
	    "map \"none\" {}\n"
	    "no-dane-policy = encrypt\n"
	    "no-dane-policy-explicit = encrypt\n"
	    "dane-only = when-complete\n");
	const struct conf_profile *chain = conf_profile_for(conf, "chain");
	const struct conf_profile *all = conf_profile_for(conf, "all");
	const struct conf_profile *none = conf_profile_for(conf, "none");

	ck_assert_uint_eq(conf->map_count, 3);
	ck_assert_int_eq(chain->no_dane, CONF_NO_DANE_NOTFOUND);
	ck_assert_int_eq(chain->no_dane_explicit, CONF_NO_DANE_ENCRYPT);
	ck_assert_int_eq(chain->insecure_mx, CONF_INSECURE_MX_MAY);
	ck_assert_int_eq(chain->dane_only, CONF_DANE_ONLY_WHEN_COMPLETE);
	ck_assert_int_eq(all->no_dane, CONF_NO_DANE_MAY);
	ck_assert_int_eq(all->no_dane_explicit, CONF_NO_DANE_MAY);
	ck_assert_int_eq(all->insecure_mx, CONF_INSECURE_MX_ENCRYPT);
	ck_assert_int_eq(all->dane_only, CONF_DANE_ONLY_NEVER);
	ck_assert_mem_eq(none, &conf->policy, sizeof(*none));
	ck_assert_ptr_eq(conf_profile_for(conf, "chai"), &conf->policy);
	ck_assert_ptr_eq(conf_profile_for(conf, "Chain"), &conf->policy);
	ck_assert_ptr_eq(conf_profile_for(conf, ""), &conf->policy);
	ck_assert_ptr_eq(conf_profile_for(conf, NULL), &conf->policy);
	conf_free(conf);
}
END_TEST

/* ---- zones ---- */

START_TEST(zones_are_read)
{
	struct conf *conf =
	    must_load("zone \"Corp.Internal.\" {"
		      " forward = { \"192.0.2.53\", \"[2001:db8::53]:5353\" };"
		      " insecure = yes }\n"
		      "zone \"b\xc3\xbc"
		      "cher.example\" { stub = { \"2001:db8::1\" } }\n"
		      "zone \".\" { forward = \"192.0.2.1:54\" }\n"
		      "zone \"lan\" { insecure = yes }\n");
	const struct conf_zone *zone = conf->zones;
	char text[ENDPOINT_TEXT_MAX];

	ck_assert_uint_eq(conf->zone_count, 4);
	ck_assert_str_eq(zone[0].name, "corp.internal");
	ck_assert(zone[0].insecure);
	ck_assert(!zone[0].is_stub);
	ck_assert_uint_eq(zone[0].server_count, 2);
	ck_assert_str_eq(
	    endpoint_text(&zone[0].servers[0], text), "inet:192.0.2.53:53");
	ck_assert_str_eq(endpoint_text(&zone[0].servers[1], text),
	    "inet:[2001:db8::53]:5353");
	ck_assert_str_eq(zone[1].name, "xn--bcher-kva.example");
	ck_assert(zone[1].is_stub);
	ck_assert(!zone[1].insecure);
	ck_assert_str_eq(
	    endpoint_text(&zone[1].servers[0], text), "inet:[2001:db8::1]:53");
	ck_assert_str_eq(zone[2].name, ".");
	ck_assert_str_eq(
	    endpoint_text(&zone[2].servers[0], text), "inet:192.0.2.1:54");
	ck_assert_str_eq(zone[3].name, "lan");
	ck_assert(zone[3].insecure);
	ck_assert_uint_eq(zone[3].server_count, 0);
	conf_free(conf);
}
END_TEST

/* ---- mistakes ---- */

#define MAPLESS "tcp-table-map"

static const struct {
	const char *name, *text;
	const char *error; /* behind the path */
} mistakes[] = {
	/* names */
	{ "an option that there is not", "\nlookup-deadlin = 3\n",
	    ":2: lookup-deadlin: no such option; did you mean "
	    "lookup-deadline?" },
	{ "no such user", "\nsocket-owner = \"nobody-at-all\"\n",
	    ":2: socket-owner: \"nobody-at-all\" is no user of this machine" },
	{ "no user to become", "\nuser = \"nobody-at-all\"\n",
	    ":2: user: \"nobody-at-all\" is no user of this machine" },
	{ "neither yes nor no", "sandbox = maybe",
	    ":1: sandbox: \"maybe\" is none of yes, no" },
	{ "the same inside a block", "zone \"a\" {\ninsecure = 1 }",
	    ":2: zone \"a\": insecure: \"1\" is none of yes, no" },
	{ "a colon for the equal sign", "\nlog-level: debug\n",
	    ":2: log-level: must be log-level = VALUE" },
	{ "no such group", "socket-group = \"nobody-at-all\"",
	    ":1: socket-group: \"nobody-at-all\" is no group of this "
	    "machine" },
	{ "a mode in decimal", "socket-mode = \"0868\"",
	    ":1: socket-mode: \"0868\" is no mode like 0660" },
	{ "a mode with more than rights", "socket-mode = \"4755\"",
	    ":1: socket-mode: \"4755\" is no mode like 0660" },
	{ "nothing like it", "colour = 3", ":1: colour: no such option" },
	{ "an underscore for a hyphen", "trust_anchor = \"x\"",
	    ":1: trust_anchor: no such option; did you mean trust-anchor?" },
	{ "an option of the wrong block", "map \"m\" {\n user = \"x\" }",
	    ":2: map \"m\": user: no such option" },
	{ "mistyped inside a block", "map \"m\" { insecure-mc = may }",
	    ":1: map \"m\": insecure-mc: no such option; did you mean "
	    "insecure-mx?" },

	/* the line, which comments and blocks must not shift */
	{ "lines are counted in comments",
	    "# 1\n# 2\n/* 3\n 4 */\n// 5\n\nuser = \"\" # 7\nlog-level = x\n",
	    ":8: log-level: \"x\" is none of error, warning, info, debug" },
	{ "lines are counted in blocks",
	    "map \"m\" {\n\n}\nzone \"z\"\n{\n insecure = yes\n}\n"
	    "log-level = x",
	    ":8: log-level: \"x\" is none of error, warning, info, debug" },
	{ "lines are counted in lists",
	    "socketmap-listen = {\n\"unix:/a\",\n\"unix:/b\",\n\"unix:c\"\n}\n",
	    ":4: socketmap-listen: \"unix:c\" must have a path that begins "
	    "with /" },

	/* the DNS listener */
	{ "a listener for DNS at a path", "dns-listen = { \"unix:/x\" }",
	    ":1: dns-listen: \"unix:/x\" has a port that is not a number" },
	{ "all addresses", "\ndns-listen = { \"0.0.0.0:53\" }",
	    ":2: dns-listen: \"0.0.0.0:53\" is all addresses: name the one to "
	    "listen at" },
	{ "all addresses of IPv6", "dns-listen = { \"inet:[::]:53\" }",
	    ":1: dns-listen: \"inet:[::]:53\" is all addresses: name the one "
	    "to "
	    "listen at" },
	{ "a listener that the world reaches",
	    "\ndns-listen = { \"192.0.2.1:53\" }",
	    ":2: dns-listen: \"192.0.2.1:53\" is no loopback address: "
	    "dns-allow must say who may ask there" },
	{ "a listener twice",
	    "dns-listen = { \"127.0.0.1\", \"inet:127.0.0.1:53\" }",
	    ":1: dns-listen: \"127.0.0.1:53\" is listed twice" },
	{ "a zone whose server is ourselves",
	    "dns-listen = { \"127.0.0.25\" }\n"
	    "zone \"lan\" { forward = { \"127.0.0.25\" } }",
	    ":1: dns-listen: \"127.0.0.25:53\" is a server of zone \"lan\" "
	    "as well: we would ask ourselves" },
	{ "no prefix", "dns-allow = { \"192.0.2.1/24\" }",
	    ":1: dns-allow: \"192.0.2.1/24\" has bits behind the "
	    "prefix" },

	/* syntax */
	{ "no value", "user =",
	    ":1: the file ends before the option does: a value is missing" },
	{ "no equal sign", "user \"x\"",
	    ":1: missing equal sign after option 'user'" },
	{ "no closing quote", "\nuser = \"x\nlog-level = info\n",
	    ":2: the string has no closing quote" },
	{ "no closing quote at the end", "user = 'x",
	    ":1: the string has no closing quote" },
	{ "backslash at the end", "user = \"x\\",
	    ":1: a backslash in a string may stand only before a quote or "
	    "another backslash" },
	{ "escapes of C", "user = \"x\\n\"",
	    ":1: a backslash in a string may stand only before a quote or "
	    "another backslash" },
	{ "a comment without an end", "\n/* x\n",
	    ":2: the comment has no end" },
	{ "a block that is not closed",
	    "user = \"x\"\nmap \"m\" {\n dane-only = never\n",
	    ":2: the block or list has no closing brace" },
	{ "a list that is not closed", "socketmap-listen = { \"unix:/a\"\n",
	    ":1: the block or list has no closing brace" },
	{ "a brace too many", "state-directory = \"x\" }",
	    ":1: unexpected closing brace" },
	{ "a block without a name", "map { }",
	    ":1: missing title for section "
	    "'map'" },
	{ "an environment variable", "user = \"${HOME}\"",
	    ":1: environment variables are not read: ${" },
	{ "an environment variable without quotes", "user = ${HOME}",
	    ":1: none of ( ) * | $ may stand outside of quotes" },
	{ "characters that the library swallows", "user = a*b",
	    ":1: none of ( ) * | $ may stand outside of quotes" },
	{ "paths of the library", "map|no-dane-policy = may",
	    ":1: none of ( ) * | $ may stand outside of quotes" },
	{ "a control character", "user = \"x\"\nuser = \"\x1b[2J\"",
	    ":2: a control character" },
	{ "a list where there is none", "user += { \"x\" }",
	    ":1: attempt to append to non-list option 'user'" },

	/* numbers */
	{ "zero", "request-timeout = 0",
	    ":1: request-timeout: \"0\" is no number from 1 to 3600" },
	{ "too much", "request-timeout = 3601",
	    ":1: request-timeout: \"3601\" is no number from 1 to 3600" },
	{ "negative", "max-connections = -1",
	    ":1: max-connections: \"-1\" is no number from 1 to 100000" },
	{ "over the range of long", "max-connections = 99999999999999999999",
	    ":1: max-connections: \"99999999999999999999\" is no number from "
	    "1 to 100000" },
	{ "a unit", "lookup-deadline = 15s",
	    ":1: lookup-deadline: \"15s\" is no number from 1 to 60" },
	{ "hexadecimal", "lookup-deadline = 0x0f",
	    ":1: lookup-deadline: \"0x0f\" is no number from 1 to 60" },
	{ "empty", "default-port = \"\"",
	    ":1: default-port: \"\" is no number from 1 to 65535" },
	{ "the name of a port", "default-port = smtp",
	    ":1: default-port: \"smtp\" is no number from 1 to 65535" },
	{ "no port", "default-port = 65536",
	    ":1: default-port: \"65536\" is no number from 1 to 65535" },
	{ "longer than Postfix waits", "evaluation-deadline = 91",
	    ":1: evaluation-deadline: \"91\" is no number from 1 to 90" },

	/* words */
	{ "a level that is no answer here", "no-dane-policy = none",
	    ":1: no-dane-policy: \"none\" is none of may, encrypt, notfound" },
	{ "upper case", "no-dane-policy-explicit = MAY",
	    ":1: no-dane-policy-explicit: \"MAY\" is none of may, encrypt, "
	    "notfound" },
	{ "the global word in a block", "map \"m\" { insecure-mx = notfound }",
	    ":1: map \"m\": insecure-mx: \"notfound\" is none of dane, "
	    "encrypt, may" },
	{ "yes", "dane-only = yes",
	    ":1: dane-only: \"yes\" is none of never, when-complete" },
	{ "a file", "log-target = \"/var/log/x\"",
	    ":1: log-target: \"/var/log/x\" is none of stderr, syslog" },

	/* where to listen */
	{ "no scheme", "socketmap-listen = { \"127.0.0.1:8642\" }",
	    ":1: socketmap-listen: \"127.0.0.1:8642\" *" },
	{ "a host name", "tcp-table-listen = { \"inet:localhost:8642\" }",
	    ":1: tcp-table-listen: \"inet:localhost:8642\" *" },
	{ "nowhere", "socketmap-listen = {} tcp-table-listen = {}",
	    ":1: socketmap-listen, tcp-table-listen, dns-listen: all are "
	    "empty: nobody could ask" },
	{ "nowhere, by what stands last",
	    "\ntcp-table-listen = {}\n\nsocketmap-listen = {}\n\n",
	    ":4: socketmap-listen, tcp-table-listen, dns-listen: all are "
	    "empty: nobody could ask" },
	{ "the same address for both",
	    "\ntcp-table-listen = { \"inet:127.0.0.1:8642\" }\nuser = \"\"",
	    ":2: socketmap-listen, tcp-table-listen: \"inet:127.0.0.1:8642\" "
	    "is listed twice" },
	{ "the same address in both",
	    "tcp-table-listen = { \"inet:127.0.0.1:1\" }\n"
	    "socketmap-listen = { \"inet:127.0.0.1:1\" }\n",
	    ":2: socketmap-listen, tcp-table-listen: \"inet:127.0.0.1:1\" "
	    "is listed twice" },
	{ "the same address again",
	    "socketmap-listen = { \"unix:/a\" }\nsocketmap-listen += {\n"
	    "\"unix:/a\" }\ntcp-table-listen = { \"unix:/b\" }\n",
	    ":2: socketmap-listen, tcp-table-listen: \"unix:/a\" is listed "
	    "twice" },
	{ "a relative control socket", "control-socket = \"run/x\"",
	    ":1: control-socket: \"run/x\" must have a path that begins "
	    "with /" },

	/* files */
	{ "an anchor that is not there", "\ntrust-anchor = \"@/none\"",
	    ":2: trust-anchor: \"@/none\": No such file or directory" },
	{ "a directory, at which libunbound exits", "trust-anchor = \"@/dir\"",
	    ":1: trust-anchor: \"@/dir\": is a directory" },
	{ "a FIFO, at which a daemon waits for ever", "root-hints = \"@/fifo\"",
	    ":1: root-hints: \"@/fifo\": is not a regular file" },
	{ "an empty anchor makes the world insecure",
	    "trust-anchor = \"@/empty\"",
	    ":1: trust-anchor: \"@/empty\": holds no DS or DNSKEY record of "
	    "the root" },
	{ "an anchor commented out", "trust-anchor = \"@/comments\"",
	    ":1: trust-anchor: \"@/comments\": holds no DS or DNSKEY record of "
	    "the root" },
	{ "an anchor of another zone", "trust-anchor = \"@/one\"",
	    ":1: trust-anchor: \"@/one\": holds no DS or DNSKEY record of the "
	    "root" },
	{ "the hints for an anchor", "trust-anchor = \"@/hints\"",
	    ":1: trust-anchor: \"@/hints\": holds no DS or DNSKEY record of "
	    "the root" },
	{ "the anchor for hints", "root-hints = \"@/bogus\"",
	    ":1: root-hints: \"@/bogus\": holds no NS record of the root" },
	{ "no file", "root-hints = \"\"",
	    ":1: root-hints: \"\": No such file or directory" },

	/* libunbound */
	{ "an option that voids validation",
	    "resolver-options = { \"outgoing-range: 512\",\n"
	    "\"val-permissive-mode: yes\" }",
	    ":2: resolver-options: \"val-permissive-mode: yes\": refused: "
	    "bogus "
	    "answers would be believed" },
	{ "an option mistyped", "resolver-options = { \"do-ipv6: no\" }",
	    ":1: resolver-options: \"do-ipv6: no\": no option of libunbound "
	    "that can be set here; did you mean do-ip6?" },

	/* zones */
	{ "no domain name", "zone \"a..b\" { insecure = yes }",
	    ":1: zone \"a..b\": this is no domain name" },
	{ "a wildcard", "zone \"*.a\" { insecure = yes }",
	    ":1: zone \"*.a\": a zone holds for all names below it by itself: "
	    "without *." },
	{ "a server's name", "zone \"a\" { forward = { \"ns.a\" } }",
	    ":1: zone \"a\": forward: \"ns.a\" *" },
	{ "both kinds",
	    "zone \"a\" { forward = \"192.0.2.1\" stub = \"192.0.2.1\" }",
	    ":1: zone \"a\": forward and stub exclude each other" },
	{ "nothing", "zone \"a\" { }",
	    ":1: zone \"a\": nothing is said: forward, stub or insecure = "
	    "yes" },
	{ "nothing but a no", "zone \"a\" { insecure = no }",
	    ":1: zone \"a\": nothing is said: forward, stub or insecure = "
	    "yes" },
	{ "an empty list", "zone \"a\" { forward = {} }",
	    ":1: zone \"a\": nothing is said: forward, stub or insecure = "
	    "yes" },
	{ "half a yes", "zone \"a\" { insecure = maybe }",
	    ":1: zone \"a\": insecure: \"maybe\" is none of yes, no" },
	{ "twice",
	    "zone \"a\" { insecure = yes }\nzone \"a\" { insecure = yes }",
	    ":2: there are two blocks of the name \"a\"" },
	{ "twice, in other letters",
	    "zone \"a.b\" { insecure = yes }\nzone \"A.B.\" { insecure = yes }",
	    ":2: zone \"A.B.\": there is a block for this zone already" },
	{ "the root as a stub", "zone \".\" { stub = { \"192.0.2.1\" } }",
	    ":1: zone \".\": stub: the root's servers are named by "
	    "root-hints" },
	{ "the whole world insecure", "zone \".\" { insecure = yes }",
	    ":1: zone \".\": insecure: this would end validation for all the "
	    "world" },

	/* maps */
	{ "two maps of a name", "map \"m\" {}\nmap \"m\" {}",
	    ":2: there are two blocks of the name \"m\"" },
	{ "a name that no request can have", "map \"a b\" {}",
	    ":1: map \"a b\": no request can have this name of a map" },
	{ "no name", "map \"\" {}",
	    ":1: map \"\": no request can have this name of a map" },
	{ "a map that there is not",
	    "map \"chain\" {} tcp-table-map = \"chian\"",
	    ":1: tcp-table-map: there is no block map \"chian\"; did you mean "
	    "chain?" },
	/* where an option stands, and where only its name does */
	{ "the line of what holds", MAPLESS "= \"a\"\n" MAPLESS "\n =\n'b'\n",
	    ":2: tcp-table-map: there is no block map \"b\"" },
	{ "the name in other words",
	    "# 1\n" MAPLESS "= b;\n# " MAPLESS "= b\n/* " MAPLESS "= b */\n"
	    "state-directory = \"" MAPLESS "= b\"\n"
	    "state-directory = '" MAPLESS "= b'\n",
	    ":2: tcp-table-map: there is no block map \"b\"" },
	{ "right behind another",
	    "map \"m\" {\ncarry = no\n}" MAPLESS "= b\nlog-level = info",
	    ":3: tcp-table-map: there is no block map \"b\"" },
};

/* A "*" at the end stands for whatever another module says. */
static bool
is_as_expected(const char *text, const char *expected)
{
	const size_t len = strlen(expected);

	if (expected[len - 1] == '*')
		return strncmp(text, expected, len - 1) == 0 &&
		       text[len - 1] != '\0';
	return strcmp(text, expected) == 0;
}

START_TEST(mistakes_are_named)
{
	char expected[TEXT_MAX];
	struct conf *conf = load(mistakes[_i].text);

	ck_assert_msg(conf == NULL, "%s: accepted", mistakes[_i].name);
	expand(mistakes[_i].error, expected);
	ck_assert_msg(strncmp(error, path, strlen(path)) == 0 &&
			  is_as_expected(error + strlen(path), expected),
	    "%s: %s", mistakes[_i].name, error);
}
END_TEST

START_TEST(an_option_is_found_where_it_holds)
{
	static const char text[] =
	    "zone \"x\" { x = 1 }\nx=2\nlist = { x = }\nax = 3\nx + 4\n";

	ck_assert_uint_eq(conf_text_line(text, "x"), 2);
	ck_assert_uint_eq(conf_text_line(text, "ax"), 4);
	ck_assert_uint_eq(conf_text_line(text, "a"), 0);
	ck_assert_uint_eq(conf_text_line("x\n+= 1", "x"), 1);
	ck_assert_uint_eq(conf_text_line("", "x"), 0);
}
END_TEST

START_TEST(after_a_mistake_the_next_file_is_read_afresh)
{
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct conf *conf = load(mistakes[i].text);

		ck_assert_ptr_null(conf);
		conf = must_load("lookup-deadline = 7");
		ck_assert_uint_eq(conf->lookup_deadline, 7);
		ck_assert_uint_eq(conf->zone_count + conf->map_count, 0);
		conf_free(conf);
	}
}
END_TEST

START_TEST(the_error_is_cut_to_fit)
{
	char small[16];

	write_there("conf", "colour = red");
	memset(small, 'Z', sizeof(small));
	ck_assert_ptr_null(conf_load(path, small, 10));
	ck_assert_uint_eq(strlen(small), 9);
	ck_assert_int_eq(small[10], 'Z');
}
END_TEST

static const struct {
	const char *name, *file, *why;
} unreadable[] = {
	{ "not there", "none", "No such file or directory" },
	{ "a directory, at which the library exits", "dir", "is a directory" },
	{ "a FIFO, at which open() waits", "fifo", "is not a regular file" },
};

START_TEST(a_file_that_is_no_file_is_refused)
{
	char where[128], expected[256];

	snprintf(where, sizeof(where), "%s/%s", directory, unreadable[_i].file);
	snprintf(
	    expected, sizeof(expected), "%s: %s", where, unreadable[_i].why);
	ck_assert_ptr_null(conf_load(where, error, sizeof(error)));
	ck_assert_str_eq(error, expected);
}
END_TEST

START_TEST(a_file_with_a_nul_is_refused_whole)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fwrite("user = \"x\"\n\0no-dane-policy = encrypt\n", 1, 36, file);
	fclose(file);
	ck_assert_ptr_null(conf_load(path, error, sizeof(error)));
	ck_assert_str_eq(error + strlen(path), ":2: a control character");
}
END_TEST

/* ---- the sample ---- */

#define SAMPLE "service/postdane.conf"

/* Which comment marks are taken away: "#option = default", "#    example". */
enum marks { MARKS_STAY, MARKS_OF_DEFAULTS, MARKS_OF_EXAMPLES };

static bool
is_marked(const char *line, enum marks marks)
{
	const char *text = line + strspn(line, "#");

	if (line[0] != '#')
		return false;
	if (strncmp(text, "    ", 4) == 0)
		return marks == MARKS_OF_EXAMPLES;
	return marks != MARKS_STAY && text[0] >= 'a' && text[0] <= 'z';
}

static struct conf *
load_sample(enum marks marks)
{
	FILE *from = fopen(SAMPLE, "r"), *to = fopen(path, "w");
	struct conf *conf;
	char line[256];

	ck_assert_msg(from != NULL, "no " SAMPLE " here");
	ck_assert_ptr_nonnull(to);
	while (fgets(line, sizeof(line), from) != NULL)
		fputs(line + is_marked(line, marks), to);
	fclose(from);
	ck_assert_int_eq(fclose(to), 0);
	conf = conf_load(path, error, sizeof(error));
	ck_assert_msg(conf != NULL, "%s", error);
	return conf;
}

static void
complain_of_change(void *arg, const char *option)
{
	ck_abort_msg("%s: the sample%s differs from the built-in default",
	    option, (const char *)arg);
}

START_TEST(the_sample_changes_nothing)
{
	struct conf *defaults = conf_load(NULL, error, sizeof(error));
	struct conf *sample = load_sample((enum marks)_i);

	ck_assert_msg(defaults != NULL, "%s", error);
	conf_changes(defaults, sample, complain_of_change,
	    _i == MARKS_STAY ? "" : ", comment marks removed,");
	conf_free(sample);
	conf_free(defaults);
}
END_TEST

START_TEST(the_examples_of_the_sample_are_valid)
{
	struct conf *conf = load_sample(MARKS_OF_EXAMPLES);

	ck_assert_uint_gt(conf->zone_count, 0);
	ck_assert_uint_gt(conf->map_count, 0);
	conf_free(conf);
}
END_TEST

TEST_MAIN("conf")
{
	TCase *right = add_case(suite, "right");
	TCase *wrong = add_case(suite, "wrong");

	tcase_add_checked_fixture(right, setup, teardown);
	tcase_add_test(right, without_a_file_the_defaults_hold);
	add_rows(right, a_file_that_says_nothing_changes_nothing, silent);
	tcase_add_test(right, every_option_is_read);
	tcase_add_test(right, a_resolver_may_be_all_there_is);
	add_rows(right, words_mean_what_they_say, words);
	add_rows(right, it_may_be_written_in_many_ways, spellings);
	tcase_add_test(right, strings_are_taken_as_they_are);
	tcase_add_test(right, a_list_can_be_added_to);
	tcase_add_test(
	    right, a_map_takes_from_the_global_options_what_it_does_not_say);
	tcase_add_test(right, zones_are_read);
	tcase_add_loop_test(right, the_sample_changes_nothing, MARKS_STAY,
	    MARKS_OF_DEFAULTS + 1);
	tcase_add_test(right, the_examples_of_the_sample_are_valid);

	tcase_add_checked_fixture(wrong, setup, teardown);
	add_rows(wrong, mistakes_are_named, mistakes);
	tcase_add_test(wrong, an_option_is_found_where_it_holds);
	tcase_add_test(wrong, after_a_mistake_the_next_file_is_read_afresh);
	tcase_add_test(wrong, the_error_is_cut_to_fit);
	add_rows(wrong, a_file_that_is_no_file_is_refused, unreadable);
	tcase_add_test(wrong, a_file_with_a_nul_is_refused_whole);
}
