/*
 * progress.h - what a command is doing, for who waits for it: one line on
 * stderr that the next one overwrites, if that is a terminal.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts as zeros. */
struct progress {
	uint64_t last; /* clock_ms() of the last line */
	bool shown;
};

/* Whether anybody could see it. */
bool progress_is_seen(void);

/* @arg: struct progress.  Of lines in quick succession only the first is
 * shown.  @text is printable. */
void progress_show(void *arg, const char *text);

/* The same, however soon after the last. */
void progress_show_now(struct progress *progress, const char *text);

/* The line goes; before anything else is printed. */
void progress_end(struct progress *progress);

#endif /* COMMAND_PROGRESS_H */
