/* names.c - postdane names: whether the system's resolver and postdane's
 * listener resolve names alike. */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/domain.h"
#include "base/log.h"
#include "base/reason.h"
#include "command/command.h"
#include "command/dns/name_compare.h"
#include "command/postfix/postfix_hosts.h"
#include "command/progress.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define LINE_MAX_LEN 2048

/* The comparison so far. */
struct work {
	struct name_resolvers *resolvers;
	size_t names, answered; /* by at least one resolver */
};

static const char *
advice(const struct name_difference *difference)
{
	if (difference->verdict == NAME_SYSTEM_FAILS)
		return "the system's resolver fails: nothing to mend here";
	if (difference->verdict == NAME_VARIES)
		return "(large services answer like this; then there is "
		       "nothing to mend)";
	if (difference->remedy[0] == '\0' && difference->ours_signed)
		return "postdane's answer is proven by DNSSEC, and the "
		       "system's contradicts it; where that is a view of your "
		       "own: zone blocks in postdane.conf(5)";
	if (strstr(difference->remedy, "insecure") != NULL)
		return "there is no such name in the public tree, as DNSSEC "
		       "proves; if the zone is your own:";
	return difference->remedy[0] != '\0' ? "if the zone is your own:" : "";
}

static void
put_difference(const struct name_difference *difference, const char *from)
{
	const char *text = advice(difference);

	printf("%s %s:\n    system    %s\n    postdane  %s\n", difference->name,
	    difference->type, difference->system, difference->ours);
	if (difference->why[0] != '\0')
		printf("              (%s)\n", difference->why);
	if (from != NULL)
		printf("    named in  %s\n", from);
	if (difference->verdict == NAME_UNKNOWN)
		printf("    what it is, is not known; see: postdane explain "
		       "%s\n",
		    difference->name);
	if (text[0] != '\0')
		printf("    %s\n", text);
	if (difference->remedy[0] != '\0')
		printf("    %s\n", difference->remedy);
}

/* Returns an exit code of the command. */
static int
compare(struct work *work, const char *name, const char *from)
{
	struct name_difference difference;
	struct progress progress = { 0 };

	progress_show_now(&progress, name);
	name_compare(work->resolvers, name, UINT64_MAX, &difference);
	progress_end(&progress);
	work->names++;
	work->answered += difference.any_answer;
	if (difference.verdict == NAME_ALIKE)
		return COMMAND_OK;
	put_difference(&difference, from);
	if (difference.verdict == NAME_UNKNOWN)
		return COMMAND_ERROR;
	return difference.verdict == NAME_SYSTEM_FAILS ? COMMAND_OK
						       : COMMAND_NOTFOUND;
}

/* Returns an exit code of the command. */
static int
compare_text(struct work *work, const char *text)
{
	char name[DOMAIN_TEXT_MAX], printable[DOMAIN_TEXT_MAX];

	if (domain_from_utf8(text, name) == 0 && domain_is_hostname(name))
		return compare(work, name, NULL);
	fprintf(stderr, "postdane: names: \"%s\" is no host name\n",
	    log_printable(printable, sizeof(printable), text, strlen(text)));
	return COMMAND_ERROR;
}

static int
worse(int one, int other)
{
	return one > other ? one : other;
}

/* Compares names from standard input, one per line. */
static int
compare_lines(struct work *work)
{
	char line[LINE_MAX_LEN];
	int worst = COMMAND_OK;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0')
			worst = worse(worst, compare_text(work, line));
	}
	return worst;
}

/* Compares all names in Postfix's configuration. */
static int
compare_postfix(struct work *work, const struct command_line *line)
{
	struct postfix_hosts hosts = { 0 };
	int worst = COMMAND_OK;
	const int result =
	    postfix_hosts_read(&hosts, line->postconf, line->config);

	for (size_t i = 0; i < hosts.count; i++)
		worst = worse(worst,
		    compare(work, hosts.item[i].name, hosts.item[i].from));
	if (hosts.lost)
		fprintf(stderr,
		    "postdane: there are more names than are compared\n");
	postfix_hosts_clear(&hosts);
	return result == -1 ? COMMAND_ERROR : worst;
}

/* It is an error if no name could be compared. */
static int
compare_all(struct name_resolvers *resolvers, const struct command_line *line)
{
	struct work work = { .resolvers = resolvers };
	int worst = COMMAND_OK;

	if (line->postfix)
		worst = compare_postfix(&work, line);
	else if (line->count == 0)
		worst = compare_lines(&work);
	for (size_t i = 0; i < line->count; i++)
		worst = worse(worst, compare_text(&work, line->argument[i]));
	if (work.names == 0 || work.answered > 0)
		return worst;
	fprintf(stderr,
	    "postdane: names: both resolvers fail for %s: nothing "
	    "was compared\n",
	    work.names > 1 ? "all of these names" : "this name");
	return COMMAND_ERROR;
}

/* Without an answer from a resolver, all names or none would seem to differ.
 * Without validation, a missing answer of ours says nothing about a name. */
static int
compare_if_present(
    struct name_resolvers *resolvers, const struct command_line *line)
{
	static const char absent[] =
	    "the system's resolver (" RESOLV_CONF ") does not answer";
	struct progress progress = { 0 };
	struct name_presence present;
	const char *network;

	progress_show_now(&progress, "asking both resolvers");
	present = name_compare_presence(resolvers);
	progress_end(&progress);
	network = reason_of_network(present.why);
	if (!present.ours)
		fprintf(stderr,
		    "postdane: names: nobody answers at %s: is dns-listen set, "
		    "and was postdane restarted?\n",
		    line->listener);
	if (!present.system)
		fprintf(stderr, "postdane: names: %s%s\n", absent,
		    present.ours ? ": there is nothing to compare with"
				 : ", either");
	if (!present.ours || !present.system)
		return COMMAND_ERROR;
	if (!present.ours_fails)
		return compare_all(resolvers, line);
	fprintf(stderr,
	    "postdane: names: %s\npostdane: names: until then postdane "
	    "resolves "
	    "nothing, and no name was compared\n",
	    network != NULL          ? network
	    : present.why[0] != '\0' ? present.why
				     : "not even the root is resolved by "
				       "postdane: see postdane status");
	return COMMAND_ERROR;
}

/* An address without a port: resolvers are asked at port 53. */
static bool
is_listener(const char *text)
{
	struct in6_addr address;
	char printable[DOMAIN_TEXT_MAX];

	if (inet_pton(AF_INET, text, &address) == 1 ||
	    inet_pton(AF_INET6, text, &address) == 1)
		return true;
	fprintf(stderr,
	    "postdane: names: -r \"%s\" is no IP address: it takes one of "
	    "dns-listen, without the port, such as " COMMAND_LISTENER "\n",
	    log_printable(printable, sizeof(printable), text, strlen(text)));
	return false;
}

int
command_names(const struct command_line *line)
{
	struct name_resolvers *resolvers;
	const char *why;
	int code;

	if (!is_listener(line->listener))
		return COMMAND_ERROR;
	resolvers = name_compare_new(RESOLV_CONF, line->listener, &why);
	if (resolvers == NULL) {
		fprintf(stderr, "postdane: names: %s\n", why);
		return COMMAND_ERROR;
	}
	code = compare_if_present(resolvers, line);
	name_compare_free(resolvers);
	return code;
}
