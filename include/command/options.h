/*
 * options.h - the options of subcommands: tables that the parser fills a
 * structure by, and that --help prints.
 */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

/* How the argument is read, and the type of the field. */
enum option_kind {
	OPTION_TEXT,    /* const char *, borrowed from argv */
	OPTION_FLAG,    /* bool; there is no argument */
	OPTION_SECONDS, /* unsigned, 1 to OPTION_SECONDS_MAX */
	OPTION_TIME     /* time_t: "2026-12-24"; or "+30d", "+12h", "+2w" after
			 * the time that the field has before */
};

#define OPTION_SECONDS_MAX 3600

/* The end of a table has neither name nor letter. */
struct option_row {
	const char *name; /* "map" of --map; NULL: there is only the letter */
	int letter;       /* 'm' of -m; 0: there is only the name */
	enum option_kind kind;
	const char *argument; /* "MAP"; NULL for a flag */
	size_t offset;        /* of the field */
	const char *help;     /* lines end with '\n', but for the last one */
};

#define OPTIONS_END .letter = 0

/*
 * Parse @argv with getopt_long(3), whose optind is then that of the first
 * argument that is no option.  argv[0] is the prefix of error messages.
 * @values: what the arguments look like, for the message if one is wrong.
 * Returns 0, or -1 with a line on stderr.
 */
int options_parse(const struct option_row *rows, int argc, char **argv,
    const char *values, void *into);

/* One or more lines for each option. */
void options_help(const struct option_row *rows, FILE *out);

#endif /* COMMAND_OPTIONS_H */
