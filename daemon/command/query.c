/* query.c - postdane query: the answer that Postfix would get. */

#include <stdio.h>
#include <string.h>

#include "command/client.h"
#include "command/command.h"

static int
query_one(const struct command_line *line, const char *key)
{
	json_t *reply = client_call(line->control, "query", key, line->map);
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
command_query(const struct command_line *line)
{
	int worst = COMMAND_OK;

	for (size_t i = 0; i < line->count; i++) {
		const int code = query_one(line, line->argument[i]);

		if (code > worst)
			worst = code;
	}
	return worst;
}
