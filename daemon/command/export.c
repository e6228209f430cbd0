/* export.c - postdane export: what the daemon remembers as a table for
 * postmap(1), for a day when it can't run. */

#include <getopt.h>
#include <stdio.h>

#include "command/client.h"
#include "command/command.h"

static void
print_table(json_t *verdicts)
{
	const char *key;
	json_t *policy;

	json_object_foreach(verdicts, key, policy)
	{
		if (json_is_string(policy))
			printf("%s\t%s\n", key, json_string_value(policy));
	}
}

int
command_export(const struct command_options *options, int argc, char **argv)
{
	json_t *request, *reply, *verdicts;
	const char *map = NULL;
	int option, code = COMMAND_ERROR;

	while ((option = getopt(argc, argv, "m:")) != -1) {
		if (option != 'm')
			return COMMAND_ERROR;
		map = optarg;
	}
	if (optind != argc) {
		fprintf(stderr, "postdane: export takes no argument\n");
		return COMMAND_ERROR;
	}
	if ((request = client_request("export", NULL, map)) == NULL)
		return COMMAND_ERROR;
	reply = client_ask(options->control_socket, request);
	json_decref(request);
	verdicts = json_object_get(reply, "verdicts");
	if (verdicts != NULL) {
		print_table(verdicts);
		code = COMMAND_OK;
	}
	json_decref(reply);
	return code;
}
