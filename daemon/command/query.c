/* query.c - postdane query: the answer that Postfix would get. */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command/client.h"
#include "command/command.h"

static int
query_one(
    const struct command_options *options, const char *key, const char *map)
{
	json_t *reply = client_call(options->control, "query", key, map);
	const char *policy, *text;
	int code = COMMAND_OK;

	if (reply == NULL)
		return COMMAND_ERROR;
	policy = json_string_value(json_object_get(reply, "reply"));
	text = json_string_value(json_object_get(reply, "text"));
	if (policy == NULL || text == NULL) {
		code = COMMAND_ERROR;
	} else if (strcmp(policy, "TEMP") == 0) {
		printf("%s\tTEMP %s\n", key, text);
		code = COMMAND_TEMP;
	} else {
		printf("%s\t%s\n", key, policy);
		if (strcmp(policy, "NOTFOUND") == 0)
			code = COMMAND_NOTFOUND;
	}
	json_decref(reply);
	return code;
}

int
command_query(const struct command_options *options, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "map", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	const char *map = NULL;
	int option, worst = COMMAND_OK;

	while ((option = getopt_long(argc, argv, "m:", long_options, NULL)) !=
	       -1) {
		if (option != 'm')
			return COMMAND_USAGE;
		map = optarg;
	}
	if (optind == argc) {
		fprintf(stderr, "postdane: query takes at least one key\n");
		return COMMAND_USAGE;
	}
	for (; optind < argc; optind++) {
		const int code = query_one(options, argv[optind], map);

		if (code > worst)
			worst = code;
	}
	return worst;
}
