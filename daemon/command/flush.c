/* flush.c - postdane flush: makes the daemon forget verdicts. */

#include <getopt.h>
#include <stdio.h>

#include "command/client.h"
#include "command/command.h"

int
command_flush(const struct command_options *options, int argc, char **argv)
{
	static const struct option none = { NULL, 0, NULL, 0 };
	const char *key;
	json_t *reply;
	const json_t *flushed;
	int code = COMMAND_ERROR;

	if (getopt_long(argc, argv, "", &none, NULL) != -1)
		return COMMAND_USAGE;
	if (optind + 1 < argc) {
		fprintf(stderr, "postdane: flush takes one key, or none\n");
		return COMMAND_USAGE;
	}
	key = optind < argc ? argv[optind] : NULL;
	reply = client_call(options->control, "flush", key, NULL);
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
