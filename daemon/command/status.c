/* status.c - postdane status: how the daemon fares. */

#include <stdio.h>
#include <string.h>

#include "command/client.h"
#include "command/command.h"

int
command_status(const struct command_options *options, int argc, char **argv)
{
	json_t *request, *reply;
	const char *trust, *why;
	int code = COMMAND_ERROR;

	(void)argv;
	if (argc != 1) {
		fprintf(stderr, "postdane: status takes no argument\n");
		return COMMAND_ERROR;
	}
	if ((request = client_request("status", NULL, NULL)) == NULL)
		return COMMAND_ERROR;
	reply = client_ask(options->control_socket, request);
	json_decref(request);
	trust = json_string_value(json_object_get(reply, "trust"));
	why = json_string_value(json_object_get(reply, "trust_why"));
	if (trust != NULL && why != NULL) {
		printf(
		    "trust: %s%s%s\n", trust, why[0] != '\0' ? ": " : "", why);
		code = strcmp(trust, "alive") == 0 ? COMMAND_OK : COMMAND_TEMP;
	}
	json_decref(reply);
	return code;
}
