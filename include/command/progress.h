/*
 * progress.h - shows what a command is doing: one line on stderr, which the
 * next one overwrites.  Only if stderr is a terminal.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Initialise with zeros. */
struct progress {
	uint64_t last; /* clock_ms() of the last line */
	bool shown;
};

/* Whether stderr is a terminal that can show it. */
bool progress_is_seen(void);

/* @arg: struct progress.  Of lines in quick succession only the first is shown.
 * @text must be printable. */
void progress_show(void *arg, const char *text);

/* The same, but always shown. */
void progress_show_now(struct progress *progress, const char *text);

/* Erase the line.  Call it before printing anything else. */
void progress_end(struct progress *progress);

#endif /* COMMAND_PROGRESS_H */
