/* postmap.c - tests whether Postfix can open a table. */

#include "command/postfix/postmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"

#define TEXT_MAX 100000     /* octets read from it */
#define EXIT_CANNOT_RUN 127 /* as in shells */

/* ---- in the child ---- */

/* Its messages go to @out; the values that it finds are discarded. */
static void
redirect(int out)
{
	const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
}

static void
be_postmap(const struct postmap *postmap, const char *table,
    const struct policy_map_viewer *viewer, const char *key, int out)
{
	const char *argv[8] = { postmap->command };
	size_t count = 1;

	if (postmap->directory != NULL) {
		argv[count++] = "-c";
		argv[count++] = postmap->directory;
	}
	argv[count++] = "-q";
	argv[count++] = key;
	argv[count++] = table;
	argv[count] = NULL;
	redirect(out);
	if (policy_map_become(viewer) == 0)
		execv(postmap->command, (char *const *)argv);
	fprintf(stderr, "%s: %s\n", postmap->command, strerror(errno));
	_exit(EXIT_CANNOT_RUN);
}

/* ---- the result ---- */

/* Returns the text after @mark in @line, or NULL. */
static char *
behind(char *line, const char *mark)
{
	char *at = strstr(line, mark);

	return at != NULL ? at + strlen(mark) : NULL;
}

/*
 * Returns the reason in @text, which is modified; NULL if there is no fatal
 * error.  If only the lookup failed, the warning before it has the reason.
 */
static const char *
reason_in(char *text)
{
	const char *fatal = NULL, *warning = NULL, *what;
	char *save;

	for (char *line = strtok_r(text, "\n", &save);
	     line != NULL && fatal == NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if ((what = behind(line, "fatal: ")) != NULL ||
		    (what = behind(line, "panic: ")) != NULL)
			fatal = what;
		else if ((what = behind(line, "warning: ")) != NULL)
			warning = what;
	}
	if (fatal != NULL && warning != NULL &&
	    strstr(fatal, ": query error") != NULL)
		return warning;
	return fatal;
}

static void
set_why(struct postmap_answer *answer, const char *why)
{
	log_printable(answer->why, sizeof(answer->why), why, strlen(why));
}

/* Exit status 1 means both that the key is missing and that it failed. */
static void
judge_ended(char *text, int status, struct postmap_answer *answer)
{
	const char *why = status == 1 ? reason_in(text) : NULL;

	if (status > 1) {
		text[strcspn(text, "\n")] = '\0';
		set_why(answer, text);
		return;
	}
	if (why == NULL) {
		answer->result = POSTMAP_WELL;
		return;
	}
	set_why(answer, why);
	answer->result = geteuid() != 0 && strstr(why, strerror(EACCES)) != NULL
			     ? POSTMAP_FORBIDDEN
			     : POSTMAP_FAILED;
}

/* @text: NULL if the output could not be read completely. */
static void
judge(char *text, int status, uint64_t deadline, struct postmap_answer *answer)
{
	if (text != NULL && WIFEXITED(status))
		judge_ended(text, WEXITSTATUS(status), answer);
	else if (clock_ms() >= deadline)
		answer->result = POSTMAP_LATE;
	else
		set_why(
		    answer, text != NULL ? "it has crashed" : strerror(errno));
}

void
postmap_try(const struct postmap *postmap, const char *table,
    const struct policy_map_viewer *viewer, const char *key, uint64_t deadline,
    struct postmap_answer *answer)
{
	char *text;
	int end;
	pid_t pid;

	*answer = (struct postmap_answer){ .result = POSTMAP_UNKNOWN };
	if ((pid = child_fork(&end)) == -1) {
		set_why(answer, strerror(errno));
		return;
	}
	if (pid == 0)
		be_postmap(postmap, table, viewer, key, end);
	text = child_read(end, TEXT_MAX, deadline);
	judge(text, child_end(pid, text != NULL ? deadline : 0), deadline,
	    answer);
	close(end);
	free(text);
}
