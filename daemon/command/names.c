/* names.c - postdane names: whether names are resolved alike by the system's
 * resolver and by postdane's listener. */

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/domain.h"
#include "command/command.h"
#include "command/name_compare.h"
#include "command/postfix_hosts.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define LISTENER "127.0.0.25"
#define LINE_MAX_LEN 2048

struct options {
	const char *listener, *postconf, *directory;
	bool of_postfix;
};

/* Returns 1 where the name is resolved differently, 0 otherwise. */
static unsigned
compare(struct name_resolvers *resolvers, const char *name, const char *from)
{
	struct name_difference difference;

	name_compare(resolvers, name, UINT64_MAX, &difference);
	if (difference.verdict == NAME_ALIKE)
		return 0;
	printf("%s %s:\n    system    %s\n    postdane  %s\n", difference.name,
	    difference.type, difference.system, difference.ours);
	if (from != NULL)
		printf("    named in  %s\n", from);
	if (difference.verdict == NAME_SYSTEM_FAILS) {
		printf("    the system's resolver fails: nothing to mend "
		       "here\n");
		return 0;
	}
	if (difference.verdict == NAME_VARIES)
		printf("    (large services answer like this; then there is "
		       "nothing to mend)\n");
	printf("    %s\n", difference.remedy);
	return 1;
}

/* What is no name is a person's or a table's affair, not ours. */
static unsigned
compare_text(struct name_resolvers *resolvers, const char *text)
{
	char name[DOMAIN_TEXT_MAX];

	return domain_from_utf8(text, name) == 0 && domain_is_hostname(name)
		   ? compare(resolvers, name, NULL)
		   : 0;
}

/* From standard input, one on each line. */
static unsigned
compare_lines(struct name_resolvers *resolvers)
{
	char line[LINE_MAX_LEN];
	unsigned different = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0')
			different += compare_text(resolvers, line);
	}
	return different;
}

/* All that Postfix's configuration names.  Returns -1 if it can't be read. */
static int
compare_postfix(struct name_resolvers *resolvers, const struct options *options,
    unsigned *different)
{
	struct postfix_hosts hosts = { 0 };
	const int result =
	    postfix_hosts_read(&hosts, options->postconf, options->directory);

	for (size_t i = 0; i < hosts.count; i++)
		*different +=
		    compare(resolvers, hosts.item[i].name, hosts.item[i].from);
	if (hosts.lost)
		fprintf(stderr,
		    "postdane: there are more names than are compared\n");
	postfix_hosts_clear(&hosts);
	return result;
}

static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "postconf", required_argument, NULL, 'p' },
		{ "postfix", no_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(
		    argc, argv, "c:p:r:", long_options, NULL)) != -1)
		switch (option) {
		case 'c':
			options->directory = optarg;
			break;
		case 'p':
			options->postconf = optarg;
			break;
		case 'P':
			options->of_postfix = true;
			break;
		case 'r':
			options->listener = optarg;
			break;
		default:
			return -1;
		}
	return 0;
}

int
command_names(const struct command_options *command, int argc, char **argv)
{
	struct options options = { .listener = LISTENER,
		.postconf = "postconf" };
	struct name_resolvers *resolvers;
	unsigned different = 0;
	const char *why;
	int result = 0;

	(void)command;
	if (parse_options(argc, argv, &options) == -1)
		return COMMAND_ERROR;
	resolvers = name_resolvers_new(RESOLV_CONF, options.listener, &why);
	if (resolvers == NULL) {
		fprintf(stderr, "postdane: names: %s\n", why);
		return COMMAND_ERROR;
	}
	if (options.of_postfix)
		result = compare_postfix(resolvers, &options, &different);
	else if (optind == argc)
		different = compare_lines(resolvers);
	for (int i = optind; i < argc; i++)
		different += compare_text(resolvers, argv[i]);
	name_resolvers_free(resolvers);
	if (result == -1)
		return COMMAND_ERROR;
	return different == 0 ? COMMAND_OK : COMMAND_NOTFOUND;
}
