/* flush.c - postdane flush: make the daemon forget verdicts. */

#include <stdio.h>

#include "command/client.h"
#include "command/command.h"

int
command_flush(const struct command_options *options, int argc, char **argv)
{
	const char *key = argc > 1 ? argv[1] : NULL;
	json_t *reply;
	const json_t *flushed;
	int code = COMMAND_ERROR;

	if (argc > 2) {
		fprintf(stderr, "postdane: flush takes one key, or none\n");
		return COMMAND_ERROR;
	}
	reply = client_call(options->door, "flush", key, NULL);
	flushed = json_object_get(reply, "flushed");
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
