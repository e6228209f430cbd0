/* resolv_conf.c - reads resolv.conf(5). */

#include "command/dns/resolv_conf.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"

/* A keyword begins at the start of a line.  Returns what follows, or NULL. */
static char *
value_of(char *line, const char *keyword)
{
	const size_t len = strlen(keyword);

	if (strncmp(line, keyword, len) != 0 || line[len] == '\0' ||
	    strchr(BLANKS, line[len]) == NULL)
		return NULL;
	return line + len + strspn(line + len, BLANKS);
}

static const char *
server_of(char *line)
{
	char *value = value_of(line, "nameserver");

	if (value == NULL || *value == '\0')
		return NULL;
	value[strcspn(value, BLANKS)] = '\0';
	return value;
}

const char *
resolv_conf_next_server(char **rest)
{
	const char *server = NULL;
	char *line;

	while (server == NULL && (line = strsep(rest, "\n")) != NULL)
		server = server_of(line);
	return server;
}

static void
parse_line(char *line, struct resolv_conf *conf)
{
	const char *server = server_of(line), *word;
	char *options = value_of(line, "options");

	if (server != NULL && conf->server_count < RESOLV_CONF_SERVERS_MAX &&
	    strlen(server) < sizeof(conf->server[0]))
		memcpy(conf->server[conf->server_count++], server,
		    strlen(server) + 1);
	while ((word = strsep(&options, BLANKS)) != NULL)
		conf->trust_ad |= strcmp(word, "trust-ad") == 0;
}

void
resolv_conf_parse(const char *text, struct resolv_conf *conf)
{
	char *copy = strdup(text), *rest = copy, *line;

	memset(conf, 0, sizeof(*conf));
	while ((line = strsep(&rest, "\n")) != NULL)
		parse_line(line, conf);
	free(copy);
}
