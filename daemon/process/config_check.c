/* config_check.c - tries a configuration in a child process. */

#include "process/config_check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/child.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/reason.h"
#include "base/stats.h"
#include "dns/resolver.h"
#include "dns/unbound_facts.h"

/* Enough for the root servers; without a network there is no answer at all. */
#define LOOKUP_SECONDS 5
#define POLL_MS 20
#define CHILD_SECONDS 30 /* then it is killed */

struct config_check {
	struct event *readable;
	config_check_cb cb;
	void *arg;
	pid_t child;
	int pipe;
	size_t len;
	char text[CONFIG_CHECK_TEXT_MAX];
};

/* ---- in the child ---- */

struct trial {
	struct event_base *base;
	struct resolver *resolver;
	unsigned polls;
};

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct trial *trial = arg;

	(void)fd;
	(void)what;
	if (resolver_trust(trial->resolver, NULL) != TRUST_UNKNOWN ||
	    ++trial->polls == LOOKUP_SECONDS * 1000 / POLL_MS)
		event_base_loopbreak(trial->base);
}

/* Waits for the lookup.  Returns whether the configuration is good, and writes
 * the reason or a warning to @out. */
static bool
try_lookup(const struct conf *conf, FILE *out)
{
	static const struct timeval poll = { 0, POLL_MS * 1000 };
	/* All unknown: validating the root's keys does not depend on them. */
	static const struct unbound_facts unknown;
	struct stats stats = { 0 };
	struct trial trial = { .base = event_base_new() };
	struct event *timer;
	const char *why;

	if (trial.base == NULL ||
	    (trial.resolver =
		    resolver_new(trial.base, conf, &unknown, &stats)) == NULL ||
	    (timer = event_new(trial.base, -1, EV_PERSIST, on_poll, &trial)) ==
		NULL) {
		fprintf(out, "the resolver does not start");
		return false;
	}
	event_add(timer, &poll);
	event_base_dispatch(trial.base);
	switch (resolver_trust(trial.resolver, &why)) {
	case TRUST_ALIVE:
		return true;
	case TRUST_WITHDRAWN:
		fprintf(out, "trust-anchor: %s", why);
		return false;
	case TRUST_UNKNOWN:
		break;
	}
	if (reason_of_network(why) != NULL)
		fprintf(out, "%s; ", why);
	fprintf(out,
	    "the root's keys can't be had now: whether the trust anchor is "
	    "the right one is not known");
	return true;
}

static void
be_child(const char *path, int pipe)
{
	char error[CONFIG_CHECK_TEXT_MAX];
	FILE *out = fdopen(pipe, "w");
	struct conf *conf;
	bool good = false;

	/* The parent's signal handlers would notify the parent.  SIGHUP is
	 * ignored because "pkill -HUP postdaned" matches this process, too. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	alarm(CHILD_SECONDS);
	/* The result goes through the pipe, so only errors are logged. */
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	if (out == NULL)
		_exit(EXIT_FAILURE);
	if ((conf = conf_load(path, error, sizeof(error))) == NULL)
		fputs(error, out);
	else
		good = try_lookup(conf, out);
	fflush(out);
	_exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- in the parent ---- */

/* Returns the read end of the pipe, or -1 with errno. */
static int
fork_child(const char *path, pid_t *child)
{
	int end;

	if ((*child = child_fork(&end)) == 0)
		be_child(path, end);
	return *child != -1 ? end : -1;
}

/* Returns whether there may be more to read. */
static bool
take(struct config_check *check)
{
	const ssize_t n = read(check->pipe, check->text + check->len,
	    sizeof(check->text) - 1 - check->len);

	if (n > 0)
		check->len += (size_t)n;
	check->text[check->len] = '\0';
	return n > 0 || (n == -1 && (errno == EINTR || errno == EAGAIN));
}

/* Waits for the child, after the end of its output.  Returns whether the
 * configuration was good. */
static bool
reap(struct config_check *check)
{
	int status;

	while (waitpid(check->child, &status, 0) == -1)
		if (errno != EINTR)
			return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return true;
	check->text[strcspn(check->text, "\n")] = '\0';
	if (check->text[0] == '\0')
		snprintf(check->text, sizeof(check->text),
		    "the trial of the configuration ended with %s %d",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
	return false;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct config_check *check = arg;
	bool good;

	(void)fd;
	(void)what;
	if (take(check))
		return;
	good = reap(check);
	check->cb(check->arg, good, check->text);
	event_free(check->readable);
	close(check->pipe);
	free(check);
}

struct config_check *
config_check_start(
    struct event_base *base, const char *path, config_check_cb cb, void *arg)
{
	struct config_check *check = calloc(1, sizeof(*check));

	if (check == NULL)
		return NULL;
	check->cb = cb;
	check->arg = arg;
	if ((check->pipe = fork_child(path, &check->child)) == -1) {
		free(check);
		return NULL;
	}
	evutil_make_socket_nonblocking(check->pipe);
	check->readable = event_new(
	    base, check->pipe, EV_READ | EV_PERSIST, on_readable, check);
	if (check->readable == NULL || event_add(check->readable, NULL) == -1) {
		config_check_cancel(check);
		errno = ENOMEM;
		return NULL;
	}
	return check;
}

void
config_check_cancel(struct config_check *check)
{
	if (check == NULL)
		return;
	if (check->readable != NULL)
		event_free(check->readable);
	kill(check->child, SIGKILL);
	waitpid(check->child, NULL, 0);
	close(check->pipe);
	free(check);
}

bool
config_check_wait(const char *path, char text[CONFIG_CHECK_TEXT_MAX])
{
	struct config_check check = { 0 };
	bool good;

	if ((check.pipe = fork_child(path, &check.child)) == -1) {
		snprintf(text, CONFIG_CHECK_TEXT_MAX, "no process: %s",
		    strerror(errno));
		return false;
	}
	while (take(&check))
		;
	good = reap(&check);
	close(check.pipe);
	memcpy(text, check.text, sizeof(check.text));
	return good;
}
