/* postdane.c - the program postdane: runs its subcommands. */

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"
#include "command/command.h"
#include "command/control_access.h"
#include "command/options.h"

#define HELP "help"
#define CHROOT "/var/spool/postfix"
#define RESOLV_CONF "/etc/resolv.conf"

#define FIELD(name) offsetof(struct command_line, name)

/* Rows that several tables have. */
#define JSON "json", 'j', OPTION_FLAG, NULL, FIELD(json), "print JSON"
#define MAP                                                                    \
	"map", 'm', OPTION_TEXT, "MAP", FIELD(map),                            \
	    "asked as table MAP: a map block may change the answer"
#define CONFIG                                                                 \
	"config", 'c', OPTION_TEXT, "DIR", FIELD(config),                      \
	    "Postfix's configuration directory"
#define POSTCONF                                                               \
	"postconf", 'p', OPTION_TEXT, "COMMAND", FIELD(postconf),              \
	    "the postconf to run"

static const struct option_row no_options[] = { { OPTIONS_END } };
static const struct option_row query_options[] = { { MAP }, { OPTIONS_END } };
static const struct option_row explain_options[] = { { JSON }, { MAP },
	{ OPTIONS_END } };
static const struct option_row check_options[] = {
	{ "at", 'a', OPTION_TIME, "TIME", FIELD(at),
	    "judge as of another day: +30d, +12h, 2026-12-24" },
	{ JSON },
	{ "timeout", 't', OPTION_SECONDS, "SECONDS", FIELD(timeout),
	    "for all connections together (60)" },
	{ OPTIONS_END },
};
static const struct option_row diagnose_options[] = {
	{ "config", 'c', OPTION_TEXT, "FILE", FIELD(config),
	    "the daemon's configuration\n(" COMMAND_CONFIG ", if there)" },
	{ "chroot", 0, OPTION_TEXT, "DIRECTORY", FIELD(chroot),
	    "Postfix's chroot (" CHROOT ")" },
	{ JSON },
	{ "no-daemon", 0, OPTION_FLAG, NULL, FIELD(no_daemon),
	    "do not ask the daemon" },
	{ "resolv-conf", 0, OPTION_TEXT, "FILE", FIELD(resolv_conf),
	    "in place of " RESOLV_CONF },
	{ "root-hints", 0, OPTION_TEXT, "FILE", FIELD(root_hints),
	    "in place of those of the configuration" },
	{ "timeout", 't', OPTION_SECONDS, "SECONDS", FIELD(timeout),
	    "for everything together (30)" },
	{ OPTIONS_END },
};
static const struct option_row doctor_options[] = { { CONFIG }, { JSON },
	{ POSTCONF }, { OPTIONS_END } };
static const struct option_row names_options[] = {
	{ CONFIG },
	{ POSTCONF },
	{ "postfix", 0, OPTION_FLAG, NULL, FIELD(postfix),
	    "the names in Postfix's configuration" },
	{ NULL, 'r', OPTION_TEXT, "ADDRESS", FIELD(listener),
	    "where dns-listen is (" COMMAND_LISTENER ")" },
	{ OPTIONS_END },
};
static const struct option_row status_options[] = { { JSON }, { OPTIONS_END } };

/* The subcommands.  Some need root for more than the control socket and drop it
 * themselves: doctor and names query Postfix's tables as Postfix's users
 * would. */
static const struct {
	const char *name;
	command_fn run;
	bool leaves_root; /* at the start */
	unsigned timeout; /* seconds, if none is given */
	const char *arguments, *purpose;
	const struct option_row *options;
	size_t least, most; /* arguments that are no options */
	const char *takes;  /* which ones */
	const char *values; /* the form of what options take */
} commands[] = {
	{ "query", command_query, true, 0, "[-m MAP] KEY...",
	    "what Postfix would get for each key", query_options, 1, SIZE_MAX,
	    "at least one key", NULL },
	{ "explain", command_explain, true, 0, "[--json] [-m MAP] KEY",
	    "evaluate anew and show the evidence", explain_options, 1, 1,
	    "one key", NULL },
	{ "check", command_check, true, 60, "[--at +30d] [--json] KEY",
	    "connect to the mail servers and judge their certificates",
	    check_options, 1, 1, "one key",
	    "--at has the form +30d, +12h, +2w or 2026-12-24, --timeout "
	    "seconds" },
	{ "diagnose", command_diagnose, false, 30, "[--json] DOMAIN",
	    "ask every name server on the way: what fails, who is to blame",
	    diagnose_options, 1, 1, "one domain",
	    "--timeout takes seconds, 1 to 3600" },
	{ "flush", command_flush, true, 0, "[KEY]",
	    "forget the verdict of a key, or all", no_options, 0, 1,
	    "one key, or none", NULL },
	{ "export", command_export, true, 0, "[-m MAP]",
	    "what is remembered, as a table for a day without the daemon",
	    query_options, 0, 0, "no argument", NULL },
	{ "doctor", command_doctor, false, 0, "[-c DIR] [--json]",
	    "whether Postfix will honour the verdicts", doctor_options, 0, 0,
	    "no argument", NULL },
	{ "names", command_names, false, 0,
	    "[--postfix] [-r ADDRESS] [NAME...]",
	    "are names resolved alike by the system and by dns-listen?",
	    names_options, 0, SIZE_MAX, NULL, NULL },
	{ "status", command_status, true, 0, "[--json]",
	    "is the daemon well, and what has it done?", status_options, 0, 0,
	    "no argument", NULL },
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
	printf("\n%s\n\n", commands[command].purpose);
	options_help(commands[command].options, stdout);
	printf("  -s SOCKET              the daemon's control-socket\n"
	       "                         (" COMMAND_CONTROL_SOCKET ")\n"
	       "  -h, --help             show this text and exit\n"
	       "\n"
	       "postdane(1) says more.\n");
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

/* Reads options and arguments into @line.  Returns 0, or -1 with a line on
 * stderr. */
static int
parse(size_t command, int argc, char **argv, struct command_line *line)
{
	char label[32];

	if ((argc = take_socket(argc, argv, line->control)) == -1)
		return -1;
	snprintf(label, sizeof(label), "postdane: %s", commands[command].name);
	argv[0] = label;
	if (options_parse(commands[command].options, argc, argv,
		commands[command].values, line) == -1)
		return -1;
	line->argument = argv + optind;
	line->count = (size_t)(argc - optind);
	if (line->count >= commands[command].least &&
	    line->count <= commands[command].most)
		return 0;
	fprintf(stderr, "postdane: %s takes %s\n", commands[command].name,
	    commands[command].takes);
	return -1;
}

static int
run_command(
    struct control_access *control, size_t command, int argc, char **argv)
{
	const time_t now = time(NULL);
	struct command_line line = {
		.control = control,
		.chroot = CHROOT,
		.listener = COMMAND_LISTENER,
		.postconf = "postconf",
		.resolv_conf = RESOLV_CONF,
		.timeout = commands[command].timeout,
		.now = now,
		.at = now,
	};

	if (has_option(argc, argv, "-h", "--help")) {
		command_help(command);
		return COMMAND_OK;
	}
	if (has_option(argc, argv, "-V", "--version")) {
		put_version();
		return COMMAND_OK;
	}
	if (parse(command, argc, argv, &line) == -1) {
		command_usage(command, stderr);
		return COMMAND_ERROR;
	}
	if (commands[command].leaves_root &&
	    control_access_leave_root(control) == -1)
		return COMMAND_ERROR;
	return commands[command].run(&line);
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
run(struct control_access *control, int argc, char **argv)
{
	size_t command;

	if (strcmp(argv[0], HELP) == 0)
		return help(argc > 1 ? argv[1] : NULL);
	command = find_command(argv[0]);
	return command != COMMANDS ? run_command(control, command, argc, argv)
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
	return run(&control, argc - optind, argv + optind);
}
