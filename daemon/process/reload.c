/* reload.c - replaces a configuration as a whole or not at all. */

#include "process/reload.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>
#include <utlist.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/timer.h"
#include "dns/resolver.h"
#include "dns/rollover.h"
#include "policy/policy_service.h"
#include "process/config_check.h"
#include "process/generation.h"

#define MISTAKE_MAX 256  /* octets of the line for systemctl status */
#define RETIRE_MS 50     /* between two checks of replaced generations */
#define CHANGES_MAX 1024 /* octets, names of changed options */

/* A generation that was replaced, kept until nobody waits for it. */
struct retired {
	struct generation *generation;
	struct retired *next;
};

struct reload {
	const struct reload_options *options;
	struct config_check *check; /* NULL unless a reload is in progress */
	bool again;                 /* asked for meanwhile */
	bool stopped;
	struct retired *retired;
	struct timer *retire;
	char mistake[MISTAKE_MAX];
};

static void
note_mistake(struct reload *reload, const char *text)
{
	snprintf(reload->mistake, sizeof(reload->mistake),
	    "The old configuration stays: %.200s", text);
	log_error("main: reload: %s; the old configuration stays", text);
}

/* ---- replaced generations ---- */

/* Frees one unused generation per call, and at the end returns their memory to
 * the system: each of these takes milliseconds.  Waiting clients are answered
 * over several calls. */
static void
on_retire(void *arg)
{
	struct reload *reload = arg;
	struct retired *retired;

	if (reload->retired == NULL) {
		malloc_trim(0);
		return;
	}
	LL_FOREACH (reload->retired, retired) {
		if (!policy_service_retire(retired->generation->service) ||
		    resolver_in_flight(retired->generation->resolver) > 0)
			continue;
		LL_DELETE(reload->retired, retired);
		generation_free(retired->generation);
		free(retired);
		break;
	}
	timer_in_ms(reload->retire, RETIRE_MS);
}

/* ---- replacing one ---- */

/* Returns whether the new generation is in use; the old one is then retired. */
static bool
replace(struct reload *reload, struct conf *conf)
{
	const struct reload_options *options = reload->options;
	struct retired *retired = calloc(1, sizeof(*retired));
	struct generation *old = options->current(options->arg);
	struct generation *generation = generation_new(
	    options->base, conf, options->library, options->stats);

	if (retired == NULL || generation == NULL ||
	    options->listen(options->arg, generation->conf) == -1) {
		generation_free(generation);
		free(retired);
		return false;
	}
	retired->generation = old;
	rollover_stop(resolver_rollover(old->resolver));
	rollover_start(resolver_rollover(generation->resolver));
	policy_service_follow(generation->service, old->service);
	LL_APPEND(reload->retired, retired);
	options->use(options->arg, generation);
	timer_in_ms(reload->retire, 0);
	return true;
}

static void
add_change(void *arg, const char *option)
{
	char *text = arg;
	const size_t len = strlen(text);

	snprintf(
	    text + len, CHANGES_MAX - len, "%s%s", len > 0 ? ", " : "", option);
}

static void
load(struct reload *reload)
{
	const struct reload_options *options = reload->options;
	const struct conf *old = options->current(options->arg)->conf;
	char text[CONFIG_CHECK_TEXT_MAX], changes[CHANGES_MAX] = "";
	struct conf *conf = conf_load(options->path, text, sizeof(text));

	if (conf == NULL) {
		note_mistake(reload, text);
		return;
	}
	conf_changes(old, conf, add_change, changes);
	if (strcmp(old->user, conf->user) != 0)
		log_warning("main: reload: user: this takes a restart");
	options->warn(options->arg, conf);
	if (!replace(reload, conf)) {
		note_mistake(reload, "the line above says what can't be had");
		return;
	}
	log_setup(conf->log_target, conf->log_level);
	options->apply(options->arg, changes);
	reload->mistake[0] = '\0';
	log_info("main: reload: done, changed: %s",
	    changes[0] != '\0' ? changes : "nothing");
}

/* ---- the check of a configuration ---- */

static void
on_checked(void *arg, bool good, const char *text)
{
	struct reload *reload = arg;

	reload->check = NULL;
	if (reload->stopped)
		return;
	if (!good) {
		note_mistake(reload, text);
	} else {
		if (text[0] != '\0')
			log_warning("main: reload: %s", text);
		load(reload);
	}
	sd_notify(0, "READY=1");
	reload->options->ended(reload->options->arg);
	if (reload->again)
		reload_start(reload);
}

void
reload_start(struct reload *reload)
{
	struct timespec now;

	if (reload->stopped)
		return;
	reload->again = reload->check != NULL;
	if (reload->again)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	reload->check = config_check_start(
	    reload->options->base, reload->options->path, on_checked, reload);
	if (reload->check == NULL) {
		note_mistake(reload, strerror(errno));
		sd_notify(0, "READY=1");
	}
}

void
reload_stop(struct reload *reload)
{
	reload->stopped = true;
}

const char *
reload_mistake(const struct reload *reload)
{
	return reload->mistake;
}

/* ---- life ---- */

struct reload *
reload_new(const struct reload_options *options)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (reload == NULL)
		return NULL;
	reload->options = options;
	reload->retire = timer_new(options->base, on_retire, reload);
	if (reload->retire != NULL)
		return reload;
	free(reload);
	return NULL;
}

void
reload_free(struct reload *reload)
{
	struct retired *retired, *next;

	if (reload == NULL)
		return;
	config_check_cancel(reload->check);
	LL_FOREACH_SAFE (reload->retired, retired, next) {
		generation_free(retired->generation);
		free(retired);
	}
	timer_free(reload->retire);
	free(reload);
}
