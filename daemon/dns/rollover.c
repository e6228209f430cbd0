/* rollover.c - follows key rollovers of the root. */

#include "dns/rollover.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/timer.h"
#include "dns/anchors.h"
#include "dns/validator.h"

/* RFC 5011 section 2.3 allows at most one query an hour.  A failed one, which
 * gives no information, is repeated much sooner. */
#define LOOK_SECONDS 3600
#define RETRY_SECONDS 600
#define WAIT_SECONDS 60 /* for one answer */
#define FILE_MAX (1024 * 1024)
#define TROUBLE_MAX (ANCHORS_WHY_MAX + 64)

struct rollover {
	const struct conf *conf;
	struct validated *validator;
	struct validator_query *query;
	struct timer *timer;
	struct anchors *anchors;
	time_t asked;
	char trouble[TROUBLE_MAX]; /* "" while the keys are followed */
	void (*changed)(void *arg);
	void *arg;
};

static void
arm(struct rollover *rollover, unsigned seconds)
{
	timer_in_ms(rollover->timer, seconds * UINT64_C(1000));
}

static void set_trouble(struct rollover *rollover, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Logged when it has changed. */
static void
set_trouble(struct rollover *rollover, const char *format, ...)
{
	char why[TROUBLE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (strcmp(why, rollover->trouble) == 0)
		return;
	snprintf(rollover->trouble, sizeof(rollover->trouble), "%s", why);
	if (why[0] != '\0')
		log_warning("trust: the root's keys are not followed: %s", why);
	else
		log_info("trust: the root's keys are followed in %s",
		    rollover->conf->state_directory);
}

/* ---- what has changed ---- */

static void
log_change(const struct anchor *key, bool is_new)
{
	switch (key->state) {
	case ANCHOR_PENDING:
		log_info("trust: the root has a new key, %u; it is trusted "
			 "after thirty days",
		    key->tag);
		break;
	case ANCHOR_VALID:
		log_info("trust: key %u of the root is trusted%s", key->tag,
		    is_new ? "" : " now");
		break;
	case ANCHOR_MISSING:
		log_info("trust: key %u of the root is not published; it stays "
			 "trusted",
		    key->tag);
		break;
	case ANCHOR_REVOKED:
		log_info(
		    "trust: key %u of the root has been revoked", key->tag);
		break;
	}
}

static void
log_changes(const struct anchors *before, const struct anchors *now)
{
	struct anchor key, other;

	for (size_t i = 0; i < anchors_count(now); i++) {
		bool was_there;

		key = anchors_get(now, i);
		was_there = anchors_find(before, key.tag, &other);
		if (!was_there || other.state != key.state)
			log_change(&key, !was_there);
	}
	for (size_t i = 0; i < anchors_count(before); i++) {
		key = anchors_get(before, i);
		if (!anchors_find(now, key.tag, &other))
			log_info("trust: key %u of the root is %s", key.tag,
			    key.state == ANCHOR_PENDING
				? "gone before it was trusted"
				: "forgotten");
	}
}

/* Takes over @anchors. */
static void
use(struct rollover *rollover, struct anchors *anchors)
{
	const bool same = anchors_trust_the_same(rollover->anchors, anchors);
	const struct conf *conf = rollover->conf;
	char why[ANCHORS_WHY_MAX];
	struct anchors *copy;

	log_changes(rollover->anchors, anchors);
	anchors_free(rollover->anchors);
	rollover->anchors = anchors;
	if (same)
		return;
	copy = anchors_load(conf->trust_anchor, conf->state_directory, why);
	if (copy == NULL)
		return;
	validator_use_anchors(rollover->validator, copy);
	rollover->changed(rollover->arg);
}

/* ---- the files ---- */

/* Returns 0; or -1, with errno, where the file is not as it should be and can't
 * be written. */
static int
write_if_new(const char *path, const char *text)
{
	const char *why;
	size_t len;
	char *old = file_read(path, FILE_MAX, &len, &why);
	const bool same = old != NULL && strcmp(old, text) == 0;

	free(old);
	return same ? 0 : file_write(path, text, strlen(text));
}

/* The copy of trust-anchor, to detect which keys have been removed from it. */
static int
write_start(const struct conf *conf)
{
	char path[PATH_MAX];
	const char *why;
	size_t len;
	char *text = file_read(conf->trust_anchor, FILE_MAX, &len, &why);
	int result = -1;

	if (text != NULL &&
	    anchors_start_path(conf->state_directory, path, sizeof(path)) == 0)
		result = write_if_new(path, text);
	free(text);
	return result;
}

/* The file that libunbound has written is kept unchanged, as long as no key has
 * to be added or removed. */
static bool
is_in_state(const char *path, const struct anchors *anchors)
{
	char why[ANCHORS_WHY_MAX];
	const char *trouble;
	size_t len;
	char *text = file_read(path, FILE_MAX, &len, &trouble);
	struct anchors *kept =
	    text != NULL ? anchors_parse(text, true, why) : NULL;
	char *is = kept != NULL ? anchors_state_text(kept) : NULL;
	char *should = anchors_state_text(anchors);
	const bool same =
	    is != NULL && should != NULL && strcmp(is, should) == 0;

	free(should);
	free(is);
	anchors_free(kept);
	free(text);
	return same;
}

/* Bring the state file up to date with trust-anchor, which may have changed.
 * Returns 0 with its path, or -1 with the trouble set. */
static int
prepare(struct rollover *rollover, char *path, size_t size)
{
	const struct conf *conf = rollover->conf;
	char why[ANCHORS_WHY_MAX], *text;
	struct anchors *anchors =
	    anchors_load(conf->trust_anchor, conf->state_directory, why);
	int result = -1;

	if (anchors == NULL) {
		set_trouble(rollover, "%s", why);
		return -1;
	}
	if (why[0] != '\0')
		log_warning("trust: %s; it is begun anew", why);
	if ((text = anchors_state_text(anchors)) == NULL ||
	    anchors_state_path(conf->state_directory, path, size) == -1)
		errno = ENOMEM;
	else if (is_in_state(path, anchors) ||
		 file_write(path, text, strlen(text)) == 0)
		result = write_start(conf);
	if (result == -1)
		set_trouble(
		    rollover, "%s: %s", conf->state_directory, strerror(errno));
	free(text);
	use(rollover, anchors);
	return result;
}

/* ---- queries ---- */

static bool
was_written(const struct rollover *rollover)
{
	char path[PATH_MAX];
	struct stat st;

	return anchors_state_path(
		   rollover->conf->state_directory, path, sizeof(path)) == 0 &&
	       stat(path, &st) == 0 && st.st_mtime >= rollover->asked;
}

static void
on_dnskey(void *arg, const struct validator_result *result)
{
	struct rollover *rollover = arg;
	const struct conf *conf = rollover->conf;
	char why[ANCHORS_WHY_MAX];
	struct anchors *anchors;

	rollover->query = NULL;
	if (!result->answered || result->security != DNS_SECURE) {
		/* trust.h has the reason for that. */
		arm(rollover, RETRY_SECONDS);
		return;
	}
	arm(rollover, LOOK_SECONDS);
	anchors = anchors_load(conf->trust_anchor, conf->state_directory, why);
	if (anchors == NULL || why[0] != '\0' || !was_written(rollover)) {
		set_trouble(rollover, "%s",
		    why[0] != '\0' ? why : "the state can't be written");
		anchors_free(anchors);
		return;
	}
	set_trouble(rollover, "%s", "");
	use(rollover, anchors);
}

static void
look(void *arg)
{
	struct rollover *rollover = arg;
	char path[PATH_MAX];

	if (rollover->query != NULL) { /* it has taken too long */
		validator_cancel(rollover->query);
		rollover->query = NULL;
		arm(rollover, RETRY_SECONDS);
		return;
	}
	if (prepare(rollover, path, sizeof(path)) == 0) {
		rollover->asked = time(NULL);
		rollover->query = validator_watch_root(
		    rollover->validator, path, on_dnskey, rollover);
	}
	arm(rollover, rollover->query != NULL ? WAIT_SECONDS : RETRY_SECONDS);
}

/* ---- life ---- */

void
rollover_start(struct rollover *rollover)
{
	const struct conf *conf = rollover->conf;
	char why[ANCHORS_WHY_MAX];

	rollover->anchors =
	    anchors_load(conf->trust_anchor, conf->state_directory, why);
	if (rollover->anchors == NULL)
		set_trouble(rollover, "%s", why);
	else if (conf->state_directory[0] != '\0')
		arm(rollover, 0);
}

void
rollover_stop(struct rollover *rollover)
{
	validator_cancel(rollover->query);
	rollover->query = NULL;
	timer_stop(rollover->timer);
}

struct rollover *
rollover_new(struct event_base *base, const struct conf *conf,
    struct validated *validator, void (*changed)(void *arg), void *arg)
{
	struct rollover *rollover = calloc(1, sizeof(*rollover));

	if (rollover == NULL)
		return NULL;
	rollover->conf = conf;
	rollover->validator = validator;
	rollover->changed = changed;
	rollover->arg = arg;
	snprintf(rollover->trouble, sizeof(rollover->trouble), "%s",
	    conf->state_directory[0] == '\0' ? "there is no state-directory"
					     : "none has been received yet");
	rollover->timer = timer_new(base, look, rollover);
	if (rollover->timer == NULL) {
		rollover_free(rollover);
		return NULL;
	}
	return rollover;
}

void
rollover_free(struct rollover *rollover)
{
	if (rollover == NULL)
		return;
	validator_cancel(rollover->query);
	timer_free(rollover->timer);
	anchors_free(rollover->anchors);
	free(rollover);
}

const struct anchors *
rollover_anchors(const struct rollover *rollover)
{
	return rollover->anchors;
}

const char *
rollover_trouble(const struct rollover *rollover)
{
	return rollover->trouble[0] != '\0' ? rollover->trouble : NULL;
}
