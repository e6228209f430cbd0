/* flush.c - postdane flush: makes the daemon forget verdicts. */

#include <stdio.h>

#include "command/client.h"
#include "command/command.h"

int
command_flush(const struct command_line *line)
{
	const char *key = line->count > 0 ? line->argument[0] : NULL;
	json_t *reply = client_call(line->control, "flush", key, NULL);
	const json_t *flushed = json_object_get(reply, "flushed");
	int code = COMMAND_ERROR;

	if (json_is_boolean(flushed)) {
		code = json_is_true(flushed) ? COMMAND_OK : COMMAND_NOTFOUND;
		if (code == COMMAND_NOTFOUND)
			fprintf(stderr,
			    "postdane: nothing was remembered of %s\n",
			    key != NULL ? key : "any key");
	}
	json_decref(reply);
	return code;
}
