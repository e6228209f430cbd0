/* progress.c - shows what a command is doing. */

#include "command/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define PROGRESS_MS 100

bool
progress_is_seen(void)
{
	const char *terminal = getenv("TERM");

	/* A dumb terminal can't erase a line. */
	return isatty(STDERR_FILENO) &&
	       (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

void
progress_show_now(struct progress *progress, const char *text)
{
	if (!progress_is_seen())
		return;
	progress->last = clock_ms();
	progress->shown = true;
	fprintf(stderr, "\r\033[K%.78s", text);
}

void
progress_show(void *arg, const char *text)
{
	struct progress *progress = arg;

	if (clock_ms() - progress->last >= PROGRESS_MS)
		progress_show_now(progress, text);
}

void
progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
