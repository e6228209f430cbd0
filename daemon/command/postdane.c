/* postdane.c - the program postdane: runs its subcommands. */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"
#include "command/command.h"
#include "command/control_access.h"

#define HELP "help"
#define OPTION_JSON "  -j, --json             print JSON\n"
#define OPTION_MAP                                                             \
	"  -m, --map MAP          asked as table MAP: a map block may change " \
	"the answer\n"
#define OPTION_CONFIG                                                          \
	"  -c, --config DIR       Postfix's configuration directory\n"
#define OPTION_POSTCONF "  -p, --postconf COMMAND the postconf to run\n"

/* The subcommands.  Some need root for more than the control socket and drop it
 * themselves: doctor and names query Postfix's tables as Postfix's users
 * would. */
static const struct {
	const char *name;
	command_fn run;
	bool leaves_root; /* at the start */
	const char *arguments, *purpose;
	const char *options; /* one line per option */
} commands[] = {
	{ "query", command_query, true, "[-m MAP] KEY...",
	    "what Postfix would get for each key", OPTION_MAP },
	{ "explain", command_explain, true, "[--json] [-m MAP] KEY",
	    "evaluate anew and show the evidence", OPTION_JSON OPTION_MAP },
	{ "check", command_check, true, "[--at +30d] [--json] KEY",
	    "connect to the mail servers and judge their certificates",
	    "  -a, --at TIME          judge as of another day: +30d, +12h, "
	    "2026-12-24\n" OPTION_JSON
	    "  -t, --timeout SECONDS  for all connections together (60)\n" },
	{ "diagnose", command_diagnose, false, "[--json] DOMAIN",
	    "ask every name server on the way: what fails, who is to blame",
	    "  -c, --config FILE      the daemon's configuration\n"
	    "                         (" COMMAND_CONFIG ", if there)\n"
	    "  --chroot DIRECTORY     Postfix's chroot "
	    "(/var/spool/postfix)\n" OPTION_JSON
	    "  --no-daemon            do not ask the daemon\n"
	    "  --resolv-conf FILE     in place of /etc/resolv.conf\n"
	    "  --root-hints FILE      in place of those of the configuration\n"
	    "  -t, --timeout SECONDS  for everything together (30)\n" },
	{ "flush", command_flush, true, "[KEY]",
	    "forget the verdict of a key, or all", "" },
	{ "export", command_export, true, "[-m MAP]",
	    "what is remembered, as a table for a day without the daemon",
	    OPTION_MAP },
	{ "doctor", command_doctor, false, "[-c DIR] [--json]",
	    "whether Postfix will honour the verdicts",
	    OPTION_CONFIG OPTION_JSON OPTION_POSTCONF },
	{ "names", command_names, false, "[--postfix] [-r ADDRESS] [NAME...]",
	    "are names resolved alike by the system and by dns-listen?",
	    OPTION_CONFIG OPTION_POSTCONF
	    "  --postfix              the names in Postfix's configuration\n"
	    "  -r ADDRESS             where dns-listen is "
	    "(127.0.0.25)\n" },
	{ "status", command_status, true, "[--json]",
	    "is the daemon well, and what has it done?", OPTION_JSON },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

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
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(file, "  %-8s %-25s %s\n", commands[i].name,
		    commands[i].arguments, commands[i].purpose);
	fputs("\n"
	      "postdane COMMAND --help, or postdane help COMMAND, shows all "
	      "options of one.\n"
	      "\n"
	      "Before or behind the command:\n"
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

static void
command_usage(size_t command, FILE *file)
{
	fprintf(file, "usage: postdane [-s SOCKET] %s %s\n",
	    commands[command].name, commands[command].arguments);
}

static void
command_help(size_t command)
{
	command_usage(command, stdout);
	printf("\n%s\n\n%s"
	       "  -s SOCKET              the daemon's control-socket\n"
	       "                         (" COMMAND_CONTROL_SOCKET ")\n"
	       "  -h, --help             show this text and exit\n"
	       "\n"
	       "postdane(1) says more.\n",
	    commands[command].purpose, commands[command].options);
}

/* These options work in any position, and nothing else is done. */
static bool
has_option(int argc, char **argv, const char *brief, const char *full)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], brief) == 0 || strcmp(argv[i], full) == 0)
			return true;
	return false;
}

/*
 * Handles -s after the subcommand, which does not know it.  Removes it from
 * @argv.  Returns the number of arguments left, or -1 with a line on stderr.
 */
static int
take_socket(int argc, char **argv, struct control_access *control)
{
	int i = 1, kept = 1;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "-s", 2) != 0) {
			argv[kept++] = argv[i];
		} else if (argv[i][2] != '\0') {
			control->path = argv[i] + 2;
		} else if (++i < argc) {
			control->path = argv[i];
		} else {
			fprintf(stderr,
			    "postdane: %s: behind -s the path of a socket is "
			    "missing\n",
			    argv[0]);
			return -1;
		}
	}
	while (i < argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	return kept;
}

static void
put_version(void)
{
	puts("postdane " POSTDANE_VERSION);
}

static int
run_command(const struct command_options *options, size_t command, int argc,
    char **argv)
{
	char label[32];
	int code;

	if (has_option(argc, argv, "-h", "--help")) {
		command_help(command);
		return COMMAND_OK;
	}
	if (has_option(argc, argv, "-V", "--version")) {
		put_version();
		return COMMAND_OK;
	}
	if ((argc = take_socket(argc, argv, options->control)) == -1) {
		command_usage(command, stderr);
		return COMMAND_ERROR;
	}
	if (commands[command].leaves_root &&
	    control_access_leave_root(options->control) == -1)
		return COMMAND_ERROR;
	snprintf(label, sizeof(label), "postdane: %s", commands[command].name);
	argv[0] = label;
	optind = 0; /* glibc: restart the scan */
	code = commands[command].run(options, argc, argv);
	if (code != COMMAND_USAGE)
		return code;
	command_usage(command, stderr);
	return COMMAND_ERROR;
}

/* Returns COMMANDS with a line on stderr if there is none of this name. */
static size_t
find_command(const char *name)
{
	struct suggestion suggestion = { .typed = name };
	char text[SUGGESTION_TEXT_MAX];

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return i;
		suggestion_offer(&suggestion, commands[i].name);
	}
	suggestion_offer(&suggestion, HELP);
	fprintf(stderr,
	    "postdane: no command \"%s\"%s\n"
	    "postdane --help lists them\n",
	    name, suggestion_text(&suggestion, text));
	return COMMANDS;
}

/* The same as --help before or after the subcommand. */
static int
help(const char *name)
{
	size_t command;

	if (name == NULL || strcmp(name, HELP) == 0 || name[0] == '-') {
		usage(stdout);
		return COMMAND_OK;
	}
	if ((command = find_command(name)) == COMMANDS)
		return COMMAND_ERROR;
	command_help(command);
	return COMMAND_OK;
}

static int
run(const struct command_options *options, int argc, char **argv)
{
	size_t command;

	if (strcmp(argv[0], HELP) == 0)
		return help(argc > 1 ? argv[1] : NULL);
	command = find_command(argv[0]);
	return command != COMMANDS ? run_command(options, command, argc, argv)
				   : COMMAND_ERROR;
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct control_access control = { COMMAND_CONTROL_SOCKET, -1 };
	const struct command_options options = { &control };
	int option;

	/* "+": the subcommand parses what follows it. */
	while ((option = getopt_long(
		    argc, argv, "+s:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			control.path = optarg;
			break;
		case 'h':
			usage(stdout);
			return COMMAND_OK;
		case 'V':
			put_version();
			return COMMAND_OK;
		default:
			fputs("postdane --help shows the options\n", stderr);
			return COMMAND_ERROR;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return COMMAND_ERROR;
	}
	return run(&options, argc - optind, argv + optind);
}
