/* options.c - the options of subcommands. */

#include "command/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OPTIONS_MAX 16 /* of one subcommand */
#define NAMED 256      /* what getopt_long(3) returns for the first name */
#define HELP_COLUMN 25

static bool
is_end(const struct option_row *row)
{
	return row->name == NULL && row->letter == 0;
}

/* ---- values ---- */

static time_t
unit_seconds(char unit)
{
	switch (unit) {
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

static bool
set_time(time_t *time, const char *text)
{
	struct tm tm = { 0 };
	const char *rest;
	char *end;
	long count;

	if (text[0] != '+') {
		rest = strptime(text, "%Y-%m-%d", &tm);
		if (rest == NULL || *rest != '\0')
			return false;
		*time = timegm(&tm);
		return true;
	}
	count = strtol(text + 1, &end, 10);
	if (end == text + 1 || count < 0 || count > 100000 ||
	    unit_seconds(*end) == 0 || end[1] != '\0')
		return false;
	*time += count * unit_seconds(*end);
	return true;
}

static bool
set_seconds(unsigned *seconds, const char *text)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value == 0 ||
	    value > OPTION_SECONDS_MAX)
		return false;
	*seconds = (unsigned)value;
	return true;
}

/* Returns false if @text is no such value. */
static bool
set_value(const struct option_row *row, const char *text, void *into)
{
	void *field = (uint8_t *)into + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return true;
	case OPTION_SECONDS:
		return set_seconds(field, text);
	case OPTION_TIME:
		return set_time(field, text);
	default:
		*(const char **)field = text;
		return true;
	}
}

/* ---- the parser ---- */

/* Translates @rows for getopt_long(3). */
static void
prepare(const struct option_row *rows, struct option names[OPTIONS_MAX + 1],
    char letters[2 * OPTIONS_MAX + 1])
{
	for (int i = 0; i < OPTIONS_MAX && !is_end(&rows[i]); i++) {
		if (rows[i].name != NULL)
			*names++ = (struct option){ rows[i].name,
				rows[i].argument != NULL, NULL, NAMED + i };
		if (rows[i].letter != 0)
			*letters++ = (char)rows[i].letter;
		if (rows[i].letter != 0 && rows[i].argument != NULL)
			*letters++ = ':';
	}
	*names = (struct option){ NULL, 0, NULL, 0 };
	*letters = '\0';
}

/* Returns NULL for what getopt_long(3) returns after a mistake. */
static const struct option_row *
row_of(const struct option_row *rows, int option)
{
	if (option >= NAMED)
		return &rows[option - NAMED];
	for (; !is_end(rows); rows++)
		if (rows->letter == option)
			return rows;
	return NULL;
}

int
options_parse(const struct option_row *rows, int argc, char **argv,
    const char *values, void *into)
{
	struct option names[OPTIONS_MAX + 1];
	char letters[2 * OPTIONS_MAX + 1];
	int option;

	prepare(rows, names, letters);
	optind = 0; /* glibc: restart the scan */
	while ((option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct option_row *row = row_of(rows, option);

		if (row == NULL)
			return -1;
		if (set_value(row, optarg, into))
			continue;
		fprintf(stderr, "%s: not understood: %s (%s)\n", argv[0],
		    optarg, values);
		return -1;
	}
	return 0;
}

/* ---- help ---- */

void
options_help(const struct option_row *rows, FILE *out)
{
	for (; !is_end(rows); rows++) {
		char left[HELP_COLUMN], letter[] = "-?, ";
		const char *help = rows->help;

		letter[1] = (char)rows->letter;
		letter[rows->name != NULL ? 4 : 2] = '\0';
		snprintf(left, sizeof(left), "%s%s%s%s%s",
		    rows->letter != 0 ? letter : "",
		    rows->name != NULL ? "--" : "",
		    rows->name != NULL ? rows->name : "",
		    rows->argument != NULL ? " " : "",
		    rows->argument != NULL ? rows->argument : "");
		fprintf(out, "  %-*s", HELP_COLUMN - 2, left);
		for (; *help != '\0'; help++) {
			fputc(*help, out);
			if (*help == '\n')
				fprintf(out, "%*s", HELP_COLUMN, "");
		}
		fputc('\n', out);
	}
}
