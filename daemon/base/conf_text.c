/* conf_text.c - prepares the text of postdane.conf for the parser. */

#include "base/conf_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define SIZE_MAX_OCTETS (1024 * 1024)

struct scan {
	char *at;        /* the text ends with a NUL, where every step stops */
	unsigned line;   /* from 1 */
	unsigned opened; /* line where an unfinished element begins */
	unsigned depth;  /* of nested braces */
};

/* ---- steps: each skips one element, and returns NULL or what is wrong ---- */

static const char *
pass_string(struct scan *scan)
{
	const char quote = *scan->at++;

	while (*scan->at != quote) {
		if (*scan->at == '\n' || *scan->at == '\0')
			return "the string has no closing quote";
		if (*scan->at == '$' && scan->at[1] == '{' && quote == '"')
			return "environment variables are not read: ${";
		if (*scan->at == '\\') {
			scan->at++;
			if (*scan->at != '\\' && *scan->at != quote)
				return "a backslash in a string may stand only "
				       "before a quote or another backslash";
		}
		scan->at++;
	}
	scan->at++;
	return NULL;
}

static const char *
blank_line_comment(struct scan *scan)
{
	while (*scan->at != '\n' && *scan->at != '\0')
		*scan->at++ = ' ';
	return NULL;
}

static const char *
blank_block_comment(struct scan *scan)
{
	const char *end = strstr(scan->at + 2, "*/");

	if (end == NULL)
		return "the comment has no end";
	for (end += 2; scan->at < end; scan->at++) {
		if (*scan->at == '\n')
			scan->line++;
		else
			*scan->at = ' ';
	}
	return NULL;
}

static const char *
pass_brace(struct scan *scan)
{
	if (*scan->at == '{' && scan->depth++ == 0)
		scan->opened = scan->line;
	/* The parser reports a brace too many. */
	if (*scan->at == '}' && scan->depth > 0)
		scan->depth--;
	scan->at++;
	return NULL;
}

static const char *
step(struct scan *scan)
{
	const char c = scan->at[0], next = scan->at[1];

	if (c == '#' || (c == '/' && next == '/'))
		return blank_line_comment(scan);
	if (c == '/' && next == '*')
		return blank_block_comment(scan);
	if (c == '"' || c == '\'')
		return pass_string(scan);
	if (c == '{' || c == '}')
		return pass_brace(scan);
	if (strchr("()*|$", c) != NULL)
		return "none of ( ) * | $ may stand outside of quotes";
	if (c == '\n')
		scan->line++;
	if (c == ';')
		*scan->at = ' ';
	scan->at++;
	return NULL;
}

static const char *
scan_all(struct scan *scan)
{
	const char *why = NULL;

	while (*scan->at != '\0' && why == NULL)
		why = step(scan);
	if (why == NULL && scan->depth > 0) {
		scan->line = scan->opened;
		why = "the block or list has no closing brace";
	}
	return why;
}

/* Returns the line of the first control character, or 0 where there is none. */
static unsigned
control_character(const char *text, size_t len)
{
	unsigned line = 1;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			line++;
		else if (c == 0x7f || (c < ' ' && c != '\t' && c != '\r'))
			return line;
	}
	return 0;
}

char *
conf_text_read(const char *path, char *error, size_t size)
{
	const char *why;
	size_t len;
	char *text = file_read(path, SIZE_MAX_OCTETS, &len, &why);
	struct scan scan = { .at = text, .line = 1 };
	unsigned line;

	if (text == NULL) {
		snprintf(error, size, "%s: %s", path, why);
		return NULL;
	}
	if ((line = control_character(text, len)) > 0) {
		snprintf(error, size, "%s:%u: a control character", path, line);
		free(text);
		return NULL;
	}
	if ((why = scan_all(&scan)) != NULL) {
		snprintf(error, size, "%s:%u: %s", path, scan.line, why);
		free(text);
		return NULL;
	}
	return text;
}

/* ---- the line of an option ---- */

#define BLANKS " \t\r\n"

/* Whether "NAME = …" or "NAME += …" begins at @at. */
static bool
is_set_at(const char *at, const char *name)
{
	const size_t len = strlen(name);

	if (strncmp(at, name, len) != 0)
		return false;
	at += len;
	at += strspn(at, BLANKS);
	return at[0] == '=' || (at[0] == '+' && at[1] == '=');
}

/* The text has no comments left and is well-formed. */
unsigned
conf_text_line(const char *text, const char *option)
{
	/* The steps do not change a text that has passed all of them. */
	struct scan scan = { .at = (char *)text, .line = 1 };
	unsigned line = 0;
	bool in_word = false;

	while (*scan.at != '\0') {
		const char c = *scan.at;

		if (!in_word && scan.depth == 0 && is_set_at(scan.at, option))
			line = scan.line;
		in_word = strchr(BLANKS "={}\"'", c) == NULL;
		if (step(&scan) != NULL)
			break;
	}
	return line;
}
