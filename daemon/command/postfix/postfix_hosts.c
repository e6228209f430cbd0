/* postfix_hosts.c - the hosts in Postfix's configuration. */

#include "command/postfix/postfix_hosts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "command/postfix/postfix_config.h"
#include "policy/nexthop.h"

#define FILE_MAX (4UL << 20) /* octets of a table */
#define DEFAULT_PORT 25      /* the port does not matter here */
/* Parameters with this prefix default to those without it. */
#define VERIFY "address_verify_"
#define BLANKS " \t\r"
#define SEPARATORS ", \t\r\n{}"

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
ends(const char *text, const char *with)
{
	const size_t len = strlen(text), end = strlen(with);

	return len >= end && strcmp(text + len - end, with) == 0;
}

/* ---- the list ---- */

static struct postfix_host *
find(const struct postfix_hosts *hosts, const char *name)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (strcmp(hosts->item[i].name, name) == 0)
			return &hosts->item[i];
	return NULL;
}

static struct postfix_host *
add(struct postfix_hosts *hosts, const char *from, const char *name)
{
	struct postfix_host *host = find(hosts, name);

	if (host != NULL)
		return host;
	if (hosts->item == NULL)
		hosts->item = calloc(POSTFIX_HOSTS_MAX, sizeof(*hosts->item));
	if (hosts->item == NULL || hosts->count == POSTFIX_HOSTS_MAX) {
		hosts->lost = true;
		return NULL;
	}
	host = &hosts->item[hosts->count++];
	memcpy(host->name, name, strlen(name) + 1);
	snprintf(host->from, sizeof(host->from), "%s", from);
	return host;
}

/* Skips literal addresses, unexpanded variables and the like. */
static void
add_name(struct postfix_hosts *hosts, const char *from, const char *text)
{
	char name[DOMAIN_TEXT_MAX];

	if (domain_from_utf8(text, name) == 0 && domain_is_hostname(name))
		add(hosts, from, name);
}

/* "example.org", "[mail.example.org]:587" */
static void
add_hop(struct postfix_hosts *hosts, const char *from, const char *text)
{
	struct postfix_host *host;
	struct nexthop hop;

	nexthop_parse(text, strlen(text), DEFAULT_PORT, &hop);
	if (hop.kind != NEXTHOP_LOOKUP)
		return;
	host = add(hosts, from, hop.domain);
	if (host == NULL || !hop.is_explicit || host->explicit_hop[0] != '\0')
		return;
	snprintf(host->explicit_hop, sizeof(host->explicit_hop), "%s", text);
	snprintf(host->explicit_from, sizeof(host->explicit_from), "%s", from);
}

static void
add_hops(struct postfix_hosts *hosts, const char *from, char *list)
{
	char *save;

	for (char *word = strtok_r(list, SEPARATORS, &save); word != NULL;
	     word = strtok_r(NULL, SEPARATORS, &save))
		add_hop(hosts, from, word);
}

/* These transports take a text instead of a next hop. */
static bool
is_no_delivery(const char *transport)
{
	return begins(transport, "error:") || begins(transport, "retry:") ||
	       begins(transport, "discard:") || begins(transport, "defer:");
}

/* "smtp:[mail.example.org]:587, [other.example.org]", "lmtp:inet:host:24".  A
 * word without a colon is only a transport. */
static void
add_transport(struct postfix_hosts *hosts, const char *from, char *text)
{
	char *hops = strchr(text, ':');

	if (hops == NULL || is_no_delivery(text))
		return;
	hops++;
	if (begins(hops, "unix:"))
		return;
	add_hops(hosts, from, begins(hops, "inet:") ? hops + 5 : hops);
}

/* ---- tables ---- */

static void
add_target(
    struct postfix_hosts *hosts, const char *from, bool are_hops, char *text)
{
	(are_hops ? add_hops : add_transport)(hosts, from, text);
}

/* Lines of key and value.  A line that begins with a blank continues the one
 * before. */
static void
add_lines(
    struct postfix_hosts *hosts, const char *from, bool are_hops, char *text)
{
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *target = line + strcspn(line, BLANKS);

		target += strspn(target, BLANKS);
		if (line[0] != '#' && target[0] != '#')
			add_target(hosts, from, are_hops, target);
	}
}

static char *
read_table(const char *path)
{
	const char *why;
	size_t len;

	return file_read(path, FILE_MAX, &len, &why);
}

/* "hash:/etc/postfix/transport", "static:smtp:[mail.example.org]", or a word of
 * an inline table, "example.org=smtp:[mail.example.org]".  For indexed
 * databases, read the source file beside it, which has no suffix. */
static void
add_table(struct postfix_hosts *hosts, const char *parameter, bool are_hops,
    char *word)
{
	char *path = strstr(word, ":/"), *equals = strrchr(word, '=');
	char from[POSTFIX_HOSTS_TEXT_MAX];
	char *text;

	if (path == NULL) {
		if (begins(word, "static:"))
			word += strlen("static:");
		add_target(hosts, parameter, are_hops,
		    equals != NULL ? equals + 1 : word);
	} else if ((text = read_table(path + 1)) != NULL) {
		snprintf(from, sizeof(from), "%s (%s)", parameter, path + 1);
		add_lines(hosts, from, are_hops, text);
		free(text);
	}
}

/* "ldaps://directory.example.org:636", "postgresql://user@host/db", "host" */
static void
add_server(struct postfix_hosts *hosts, const char *from, char *word)
{
	char *scheme = strstr(word, "://"), *at;

	if (begins(word, "unix:") || word[0] == '/')
		return;
	if (scheme != NULL)
		word = scheme + 3;
	word[strcspn(word, "/")] = '\0';
	if ((at = strrchr(word, '@')) != NULL)
		word = at + 1;
	word[strcspn(word, ":")] = '\0';
	add_name(hosts, from, word);
}

static void
add_servers(struct postfix_hosts *hosts, const char *from, char *list)
{
	char *save;

	for (char *word = strtok_r(list, SEPARATORS, &save); word != NULL;
	     word = strtok_r(NULL, SEPARATORS, &save))
		add_server(hosts, from, word);
}

/* The servers of an LDAP or SQL table: "server_host = …", "hosts = …" */
static void
add_client(struct postfix_hosts *hosts, const char *path)
{
	char *text = read_table(path), *save;

	if (text == NULL)
		return;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');

		line += strspn(line, BLANKS);
		if (value != NULL &&
		    (begins(line, "server_host") || begins(line, "hosts")))
			add_servers(hosts, path, value + 1);
	}
	free(text);
}

/* ---- parameters ---- */

/* Values in any parameter: "inet:host:port" of a milter or policy service, and
 * tables that are servers. */
static void
add_word(struct postfix_hosts *hosts, const char *parameter, char *word)
{
	static const char *const clients[] = { "ldap:/", "mysql:/", "pgsql:/" };

	if (begins(word, "proxy:"))
		word += strlen("proxy:");
	if (begins(word, "socketmap:"))
		word += strlen("socketmap:");
	if (begins(word, "inet:") || begins(word, "tcp:")) {
		word = strchr(word, ':') + 1;
		if (strchr(word, ':') != NULL)
			add_servers(hosts, parameter, word);
	}
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		if (begins(word, clients[i]))
			add_client(hosts, word + strlen(clients[i]) - 1);
}

enum kind { OTHER, NAME, HOPS, TRANSPORT, HOP_TABLES, TRANSPORT_TABLES };

static enum kind
kind_of(const char *parameter)
{
	if (strcmp(parameter, "myhostname") == 0)
		return NAME;
	if (strcmp(parameter, "relayhost") == 0 ||
	    ends(parameter, "fallback_relay"))
		return HOPS;
	if (strcmp(parameter, "content_filter") == 0 ||
	    ends(parameter, "_transport"))
		return TRANSPORT;
	if (strcmp(parameter, "sender_dependent_relayhost_maps") == 0)
		return HOP_TABLES;
	if (ends(parameter, "transport_maps"))
		return TRANSPORT_TABLES;
	return OTHER;
}

static void
add_words(struct postfix_hosts *hosts, const char *parameter, char *value,
    enum kind kind)
{
	char *save;

	for (char *word = strtok_r(value, SEPARATORS, &save); word != NULL;
	     word = strtok_r(NULL, SEPARATORS, &save)) {
		if (kind == HOP_TABLES || kind == TRANSPORT_TABLES)
			add_table(hosts, parameter, kind == HOP_TABLES, word);
		add_word(hosts, parameter, word);
	}
}

void
postfix_hosts_add(
    struct postfix_hosts *hosts, const char *name, const char *value)
{
	char *copy = strdup(value);
	enum kind kind;

	if (begins(name, VERIFY))
		name += strlen(VERIFY);
	kind = kind_of(name);
	if (copy == NULL) {
		hosts->lost = true;
		return;
	}
	if (kind == NAME)
		add_name(hosts, name, copy);
	else if (kind == HOPS)
		add_hops(hosts, name, copy);
	else if (kind == TRANSPORT)
		add_transport(hosts, name, copy);
	else
		add_words(hosts, name, copy, kind);
	free(copy);
}

/* ---- postconf ---- */

/* "name = value"; from postconf -P "service/type/name = value". */
static void
add_setting(struct postfix_hosts *hosts, char *line)
{
	char *value = strstr(line, " ="), *name;

	if (value == NULL)
		return;
	*value = '\0';
	value += 2 + strspn(value + 2, BLANKS);
	name = strrchr(line, '/');
	postfix_hosts_add(hosts, name != NULL ? name + 1 : line, value);
}

int
postfix_hosts_read(
    struct postfix_hosts *hosts, const char *postconf, const char *directory)
{
	static const char *const runs[][3] = { { "-x", NULL },
		{ "-Px", NULL } };
	const uint64_t deadline = clock_ms() + POSTFIX_CONFIG_MS;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		char why[POSTFIX_CONFIG_WHY_MAX], *save;
		char *text = postfix_config_run(
		    postconf, directory, runs[i], deadline, why);

		if (text == NULL) {
			fprintf(stderr, "postdane: %s\n", why);
			return -1;
		}
		for (char *line = strtok_r(text, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save))
			add_setting(hosts, line);
		free(text);
	}
	return 0;
}

void
postfix_hosts_clear(struct postfix_hosts *hosts)
{
	free(hosts->item);
	memset(hosts, 0, sizeof(*hosts));
}
