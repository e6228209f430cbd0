/* explain.c - postdane explain: why Postfix gets this answer. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/client.h"
#include "command/command.h"
#include "command/explain_text.h"
#include "command/fields.h"

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

int
command_explain(const struct command_line *line)
{
	json_t *reply =
	    client_call(line->control, "explain", line->argument[0], line->map);
	int code;

	if (reply == NULL)
		return COMMAND_ERROR;
	if (line->json)
		fields_print(reply);
	else
		explain_text(reply,
		    isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL,
		    stdout);
	code = exit_code(reply);
	json_decref(reply);
	return code;
}
