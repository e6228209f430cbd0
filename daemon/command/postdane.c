/* postdane.c - the program postdane: shows, explains and checks. */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/door.h"

/* Those that need root for more than the control socket see to it themselves:
 * doctor and names ask Postfix's tables as Postfix's users would. */
static const struct {
	const char *name;
	command_fn run;
	bool leaves_root; /* at once */
	const char *arguments, *purpose;
} commands[] = {
	{ "query", command_query, true, "[-m MAP] KEY...",
	    "what Postfix would get for each key" },
	{ "explain", command_explain, true, "[--json] [-m MAP] KEY",
	    "evaluate anew and show the evidence" },
	{ "check", command_check, true, "[--at +30d] [--json] KEY",
	    "connect to the mail servers and judge their certificates" },
	{ "diagnose", command_diagnose, false, "[--json] DOMAIN",
	    "ask every name server on the way: what fails, who is to blame" },
	{ "flush", command_flush, true, "[KEY]",
	    "forget the verdict of a key, or all" },
	{ "export", command_export, true, "[-m MAP]",
	    "what is remembered, as a table for emergencies" },
	{ "doctor", command_doctor, false, "[-c DIR] [--json]",
	    "whether Postfix will honour the verdicts" },
	{ "names", command_names, false, "[--postfix] [-r ADDRESS] [NAME...]",
	    "are names resolved alike by the system and by dns-listen?" },
	{ "status", command_status, true, "[--json]", "how the daemon fares" },
};

static void
usage(FILE *file)
{
	fputs("usage: postdane [-s SOCKET] COMMAND ...\n"
	      "\n"
	      "Asks the running postdaned.  A key is what Postfix asks its TLS "
	      "policy map for:\n"
	      "example.org, example.org:587, [mail.example.org].\n"
	      "\n",
	    file);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(file, "  %-8s %-25s %s\n", commands[i].name,
		    commands[i].arguments, commands[i].purpose);
	fputs("\n"
	      "  -s SOCKET      the daemon's control-socket\n"
	      "                 (" COMMAND_CONTROL_SOCKET ")\n"
	      "  -h, --help     show this text and exit\n"
	      "  -V, --version  show the version and exit\n"
	      "\n"
	      "exit status: 0 found, 1 not found, 2 no conclusion (Postfix "
	      "would defer), 3 error;\n"
	      "of check, diagnose and doctor: 0 well, 1 warnings, "
	      "2 critical, 3 unknown\n",
	    file);
}

static int
run(const struct command_options *options, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, argv[0]) == 0) {
			if (commands[i].leaves_root &&
			    door_leave_root(options->door) == -1)
				return COMMAND_ERROR;
			optind = 0; /* glibc: begin anew */
			return commands[i].run(options, argc, argv);
		}
	fprintf(stderr, "postdane: no command \"%s\"\n", argv[0]);
	usage(stderr);
	return COMMAND_ERROR;
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct door door = { COMMAND_CONTROL_SOCKET, -1 };
	const struct command_options options = { &door };
	int option;

	/* "+": what follows the command is the command's. */
	while ((option = getopt_long(
		    argc, argv, "+s:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			door.path = optarg;
			break;
		case 'h':
			usage(stdout);
			return COMMAND_OK;
		case 'V':
			puts("postdane " POSTDANE_VERSION);
			return COMMAND_OK;
		default:
			usage(stderr);
			return COMMAND_ERROR;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return COMMAND_ERROR;
	}
	return run(&options, argc - optind, argv + optind);
}
