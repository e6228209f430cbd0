/* explain.c - postdane explain: why Postfix gets this answer. */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/client.h"
#include "command/command.h"
#include "command/explain_text.h"

static int
exit_code(const json_t *reply)
{
	const char *policy = json_string_value(json_object_get(reply, "reply"));

	if (policy == NULL)
		return COMMAND_ERROR;
	if (strcmp(policy, "TEMP") == 0)
		return COMMAND_TEMP;
	return strcmp(policy, "NOTFOUND") == 0 ? COMMAND_NOTFOUND : COMMAND_OK;
}

static int
explain_one(const struct command_options *options, const char *key,
    const char *map, bool as_json)
{
	json_t *reply = client_call(options->control, "explain", key, map);
	int code;

	if (reply == NULL)
		return COMMAND_ERROR;
	if (as_json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		explain_text(reply,
		    isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL,
		    stdout);
	}
	code = exit_code(reply);
	json_decref(reply);
	return code;
}

int
command_explain(const struct command_options *options, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "map", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	const char *map = NULL;
	bool as_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "jm:", long_options, NULL)) !=
	       -1) {
		if (option == 'j')
			as_json = true;
		else if (option == 'm')
			map = optarg;
		else
			return COMMAND_USAGE;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "postdane: explain takes one key\n");
		return COMMAND_USAGE;
	}
	return explain_one(options, argv[optind], map, as_json);
}
