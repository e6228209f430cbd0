/*
 * The root's keys as they change: what counts as a look at them, what is done
 * when other keys are trusted, and what is written of it.  libunbound is ours:
 * it writes its state as a test says, or does not.
 *
 * Time passes only where the loop would sleep; the time of day, which files
 * have, is the real one.
 */

#include "dns/rollover.h"

#include <event2/event.h>
#include <fcntl.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/anchors.h"
#include "dns/validator.h"

#include "../fakes/time.h"
#include "files.h"
#include "root_keys.h"
#include "test_main.h"

#define HOUR 3600

/* ---- libunbound ---- */

static struct validator_query {
	validator_cb cb;
	void *arg;
	bool waits;
} query;
static unsigned looks, cancelled;
static bool refuse;
static char watched[128]; /* the path of the state */
static struct anchors *used;
static unsigned uses;

struct validator_query *
validator_watch_root(
    struct validated *validator, const char *state, validator_cb cb, void *arg)
{
	(void)validator;
	ck_assert(!query.waits);
	looks++;
	snprintf(watched, sizeof(watched), "%s", state);
	if (refuse)
		return NULL;
	query = (struct validator_query){ .cb = cb, .arg = arg, .waits = true };
	return &query;
}

void
validator_cancel(struct validator_query *which)
{
	if (which == NULL)
		return;
	ck_assert(which->waits);
	which->waits = false;
	cancelled++;
}

void
validator_use_anchors(struct validated *validator, struct anchors *anchors)
{
	(void)validator;
	anchors_free(used);
	used = anchors;
	uses++;
}

/* ---- files ---- */

static char folder[] = "/tmp/test_rollover.XXXXXX";
static char anchor_file[64], state_file[64], start_file[64];

/* ---- the module ---- */

static struct event_base *base;
static struct conf conf;
static struct rollover *rollover;
static unsigned changes;

static void
on_change(void *arg)
{
	ck_assert_ptr_eq(arg, &changes);
	changes++;
}

static void
set_up(void)
{
	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	strcpy(folder, "/tmp/test_rollover.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(anchor_file, sizeof(anchor_file), "%s/anchor", folder);
	snprintf(state_file, sizeof(state_file), "%s/root.key", folder);
	snprintf(start_file, sizeof(start_file), "%s/root.key.start", folder);
	write_file(anchor_file, key('A', 257, ""));
	conf = (struct conf){ .trust_anchor = anchor_file,
		.state_directory = folder };
	looks = cancelled = uses = changes = 0;
	refuse = query.waits = false;
	used = NULL;
	ck_assert_ptr_nonnull(base = event_base_new());
	rollover = rollover_new(base, &conf, NULL, on_change, &changes);
	ck_assert_ptr_nonnull(rollover);
}

static void
tear_down(void)
{
	rollover_free(rollover);
	rollover_free(NULL);
	ck_assert(!query.waits);
	anchors_free(used);
	event_base_free(base);
	unlink(anchor_file);
	unlink(state_file);
	unlink(start_file);
	rmdir(folder);
}

static void
pass(unsigned seconds)
{
	fake_pass(base, seconds * UINT64_C(1000));
}

/* The library Check measures how long a test takes, and does not believe an
 * hour. */
static uint64_t begin_ms;

static void
start(void)
{
	begin_ms = fake_ms;
	rollover_start(rollover);
	pass(0);
	ck_assert_uint_eq(looks, 1);
	ck_assert_str_eq(watched, state_file);
}

static void
go_back(void)
{
	fake_ms = begin_ms;
}

/* libunbound has seen these keys, and has written that down. */
static void
sees(const char *one, const char *two)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "; autotrust trust anchor file\n;;id: . 1\n%s%s", one, two);
	write_file(state_file, text);
}

static void
answer(bool answered, enum dns_security security)
{
	ck_assert(query.waits);
	query.waits = false;
	query.cb(query.arg, &(struct validator_result){
				.answered = answered, .security = security });
	pass(0);
}

static bool
trusts(const struct anchors *anchors, char which)
{
	struct anchor found;

	return anchors_find(anchors, tag(which), &found) &&
	       anchor_is_trusted(&found);
}

/* ---- looks ---- */

START_TEST(keys_are_looked_at_every_hour)
{
	start();
	ck_assert_ptr_nonnull(rollover_trouble(rollover));
	sees(key('A', 257, VALID), "");
	answer(true, DNS_SECURE);
	ck_assert_ptr_null(rollover_trouble(rollover));
	pass(HOUR - 1);
	ck_assert_uint_eq(looks, 1);
	pass(2);
	ck_assert_uint_eq(looks, 2);
	sees(key('A', 257, VALID), "");
	answer(true, DNS_SECURE);
	ck_assert_ptr_null(rollover_trouble(rollover));
	/* Nothing has changed: nothing is told. */
	ck_assert_uint_eq(uses, 0);
	ck_assert_uint_eq(changes, 0);
	go_back();
}
END_TEST

static const struct {
	bool answered;
	enum dns_security security;
} no_looks[] = {
	{ false, DNS_INDETERMINATE },
	{ false, DNS_SECURE },
	{ true, DNS_INDETERMINATE },
	{ true, DNS_BOGUS },
	{ true, DNS_INSECURE },
};

/* What is not secure says nothing of the keys, whatever stands in the file:
 * it is looked again, and trouble stays trouble. */
START_TEST(only_a_secure_answer_is_a_look)
{
	start();
	sees(key('A', 257, VALID), key('B', 257, VALID));
	answer(no_looks[_i].answered, no_looks[_i].security);
	ck_assert_ptr_nonnull(rollover_trouble(rollover));
	ck_assert_uint_eq(uses, 0);
	ck_assert_uint_eq(changes, 0);
	ck_assert(!trusts(rollover_anchors(rollover), 'B'));
	/* long before an hour is over */
	pass(601);
	ck_assert_uint_eq(looks, 2);
	go_back();
}
END_TEST

START_TEST(look_that_hangs_is_given_up)
{
	start();
	pass(61);
	ck_assert_uint_eq(cancelled, 1);
	ck_assert(!query.waits);
	pass(601);
	ck_assert_uint_eq(looks, 2);
	/* And one that can't begin is tried again. */
	pass(61);
	refuse = true;
	pass(601);
	ck_assert_uint_eq(looks, 3);
	pass(601);
	ck_assert_uint_eq(looks, 4);
	go_back();
}
END_TEST

/* The thirty days would never pass, and a revocation would not be seen. */
START_TEST(state_that_is_not_written_is_trouble)
{
	static const struct timespec long_ago[2] = { { 1000000000, 0 },
		{ 1000000000, 0 } };

	start();
	sees(key('A', 257, VALID), "");
	if (_i == 0)
		ck_assert_int_eq(
		    utimensat(AT_FDCWD, state_file, long_ago, 0), 0);
	else
		write_file(state_file, "what is this\n");
	answer(true, DNS_SECURE);
	ck_assert_ptr_nonnull(rollover_trouble(rollover));
	ck_assert_uint_eq(uses, 0);
	go_back();
}
END_TEST

START_TEST(without_a_directory_nothing_is_followed)
{
	rollover_free(rollover);
	conf.state_directory = (char *)"";
	rollover = rollover_new(base, &conf, NULL, on_change, &changes);
	ck_assert_ptr_nonnull(rollover);
	rollover_start(rollover);
	pass(0);
	ck_assert_uint_eq(looks, 0);
	ck_assert_ptr_nonnull(
	    strstr(rollover_trouble(rollover), "no state-directory"));
	ck_assert(trusts(rollover_anchors(rollover), 'A'));
}
END_TEST

START_TEST(stopped_one_looks_no_more)
{
	start();
	rollover_stop(rollover);
	ck_assert_uint_eq(cancelled, 1);
	pass(HOUR + 1);
	ck_assert_uint_eq(looks, 1);
	go_back();
}
END_TEST

/* ---- what changes ---- */

static const struct {
	const char *what, *first, *then; /* comments of key B, whose flags … */
	unsigned flags;                  /* … are these the second time */
	bool before, after;              /* whether it is trusted */
} turns[] = {
	{ "a new key", NULL, PENDING, 257, false, false },
	{ "its thirty days have passed", PENDING, VALID, 257, false, true },
	{ "it is revoked", VALID, REVOKED, 257 | 128, true, false },
	{ "it is gone before it was trusted", PENDING, NULL, 257, false,
	    false },
};

START_TEST(other_keys_are_used_at_once)
{
	const bool changes_trust = turns[_i].before != turns[_i].after;

	if (turns[_i].first != NULL) {
		sees(key('A', 257, VALID), key('B', 257, turns[_i].first));
		write_file(start_file, key('A', 257, ""));
	}
	start();
	ck_assert(trusts(rollover_anchors(rollover), 'B') == turns[_i].before);
	sees(key('A', 257, VALID),
	    turns[_i].then != NULL ? key('B', turns[_i].flags, turns[_i].then)
				   : "");
	answer(true, DNS_SECURE);
	ck_assert_msg(
	    trusts(rollover_anchors(rollover), 'B') == turns[_i].after, "%s",
	    turns[_i].what);
	ck_assert_uint_eq(uses, changes_trust ? 1 : 0);
	ck_assert_uint_eq(changes, changes_trust ? 1 : 0);
	if (uses > 0) {
		ck_assert(trusts(used, 'B') == turns[_i].after);
		ck_assert(trusts(used, 'A'));
	}
	go_back();
}
END_TEST

/* ---- what is written ---- */

START_TEST(trust_anchor_is_where_it_begins)
{
	start();
	ck_assert_ptr_nonnull(strstr(read_file(state_file), "state=2"));
	ck_assert_str_eq(read_file(start_file), key('A', 257, ""));
}
END_TEST

/* libunbound's own words, which say more than we read. */
START_TEST(state_of_libunbound_is_left_alone)
{
	char before[4096];

	sees(key('A', 257, VALID), key('B', 257, PENDING));
	write_file(start_file, key('A', 257, ""));
	snprintf(before, sizeof(before), "%s", read_file(state_file));
	start();
	ck_assert_str_eq(read_file(state_file), before);
}
END_TEST

/* The administrator's file gains a key, or loses one. */
START_TEST(changes_of_trust_anchor_reach_the_state)
{
	const bool gains = _i == 0;
	char text[1024];

	sees(key('A', 257, VALID), gains ? "" : key('B', 257, VALID));
	snprintf(
	    text, sizeof(text), "%s%s", key('A', 257, ""), key('B', 257, ""));
	write_file(gains ? anchor_file : start_file, text);
	write_file(gains ? start_file : anchor_file, key('A', 257, ""));
	start();
	ck_assert(trusts(rollover_anchors(rollover), 'B') == gains);
	ck_assert((strstr(read_file(state_file), "BBBB") != NULL) == gains);
	ck_assert((strstr(read_file(start_file), "BBBB") != NULL) == gains);
}
END_TEST

/* Nothing is asked of a state that could not be brought up to date. */
START_TEST(state_that_cannot_be_written_is_not_used)
{
	begin_ms = fake_ms;
	ck_assert_int_eq(mkdir(state_file, 0700), 0);
	rollover_start(rollover);
	pass(0);
	ck_assert_uint_eq(looks, 0);
	ck_assert_ptr_nonnull(rollover_trouble(rollover));
	ck_assert_int_eq(rmdir(state_file), 0);
	pass(601);
	ck_assert_uint_eq(looks, 1);
	go_back();
}
END_TEST

TEST_MAIN("rollover")
{
	TCase *tc = add_case(suite, "rollover");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, keys_are_looked_at_every_hour);
	add_rows(tc, only_a_secure_answer_is_a_look, no_looks);
	tcase_add_test(tc, look_that_hangs_is_given_up);
	tcase_add_loop_test(tc, state_that_is_not_written_is_trouble, 0, 2);
	tcase_add_test(tc, without_a_directory_nothing_is_followed);
	tcase_add_test(tc, stopped_one_looks_no_more);
	add_rows(tc, other_keys_are_used_at_once, turns);
	tcase_add_test(tc, trust_anchor_is_where_it_begins);
	tcase_add_test(tc, state_of_libunbound_is_left_alone);
	tcase_add_loop_test(tc, changes_of_trust_anchor_reach_the_state, 0, 2);
	tcase_add_test(tc, state_that_cannot_be_written_is_not_used);
}
