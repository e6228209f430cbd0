/*
 * The daemon as a whole: in which order things are done when it starts and when
 * it reloads.  All that it does them with is not the daemon's: it notes that it
 * was called, as a word; a number is which core it was about.
 */

#include "process/server.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/conf.h"
#include "base/privileges.h"
#include "dns/key_limits.h"
#include "dns/resolver.h"
#include "dns/rollover.h"
#include "dns/unbound_facts.h"
#include "policy/policy_service.h"
#include "process/clock_watch.h"
#include "process/config_check.h"
#include "process/generation.h"
#include "process/sandbox.h"
#include "process/systemd.h"
#include "wire/admin/control.h"
#include "wire/admin/daemon_status.h"
#include "wire/admin/metrics.h"
#include "wire/dns/dns_server.h"
#include "wire/table/table_server.h"

#include "patience.h"
#include "test_main.h"

struct resolver {
	int number;
	size_t in_flight;
};
struct policy_service {
	int number;
};
struct rollover {
	int number;
};

/* What happens next; returns whether it has. */
typedef bool (*step_fn)(void);

static struct {
	char notes[4096];
	const char *fails;    /* this word's function does */
	const char *changed;  /* an option, when a reload compares */
	const step_fn *steps; /* the last is NULL */
	struct event *turn;
	long end; /* patience_end() */
	int cores, freed;
	struct resolver resolver[8];
	struct policy_service service[8];
	struct rollover rollover[8];
	config_check_cb checked; /* NULL where none is under way */
	void *checked_arg;
	void (*look)(void *arg); /* ends a turn of the loop */
	void *look_arg;
} rig;

/* Returns what a function that may fail does then. */
static int __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	const size_t len = strlen(rig.notes);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(rig.notes + len, sizeof(rig.notes) - len, format, arguments);
	va_end(arguments);
	return rig.fails != NULL && strcmp(rig.notes + len, rig.fails) == 0 ? -1
									    : 0;
}

/* ---- configurations and cores ---- */

static struct conf *
new_conf(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	ck_assert_ptr_nonnull(conf);
	conf->user = conf->state_directory = "";
	conf->control_socket = "/control";
	conf->log_target = LOG_TARGET_STDERR;
	conf->log_level = LOG_LEVEL_ERROR;
	conf->max_connections = 10;
	conf->sandbox = true;
	return conf;
}

struct conf *
conf_load(const char *path, char *error, size_t size)
{
	(void)path;
	snprintf(error, size, "a mistake");
	return note(" load") == 0 ? new_conf() : NULL;
}

void
conf_free(struct conf *conf)
{
	free(conf);
}

void
conf_changes(const struct conf *one, const struct conf *other,
    void (*changed)(void *arg, const char *option), void *arg)
{
	ck_assert_ptr_ne(one, other);
	if (rig.changed != NULL)
		changed(arg, rig.changed);
}

struct generation *
generation_new(struct event_base *base, struct conf *conf,
    const struct unbound_facts *library, struct stats *stats)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	const int number = ++rig.cores;

	(void)base;
	(void)library;
	(void)stats;
	ck_assert_ptr_nonnull(generation);
	ck_assert_int_lt(number, 8);
	rig.resolver[number].number = rig.service[number].number =
	    rig.rollover[number].number = number;
	*generation = (struct generation){ conf, &rig.resolver[number],
		&rig.service[number] };
	if (note(" core%d", number) == 0)
		return generation;
	generation_free(generation);
	return NULL;
}

void
generation_free(struct generation *generation)
{
	if (generation == NULL)
		return;
	note(" free%d", generation->resolver->number);
	rig.freed++;
	conf_free(generation->conf);
	free(generation);
}

struct rollover *
resolver_rollover(const struct resolver *resolver)
{
	return &rig.rollover[resolver->number];
}

size_t
resolver_in_flight(const struct resolver *resolver)
{
	return resolver->in_flight;
}

enum trust_state
resolver_trust(const struct resolver *resolver, const char **why)
{
	(void)resolver;
	(void)why;
	return TRUST_ALIVE;
}

void
rollover_start(struct rollover *rollover)
{
	note(" follows%d", rollover->number);
}

void
rollover_stop(struct rollover *rollover)
{
	note(" leaves%d", rollover->number);
}

void
policy_service_load_busiest(struct policy_service *service)
{
	note(" busiest%d", service->number);
}

void
policy_service_save_busiest(struct policy_service *service)
{
	note(" save%d", service->number);
}

void
policy_service_follow(
    struct policy_service *service, struct policy_service *former)
{
	ck_assert_ptr_ne(service, former);
}

bool
policy_service_retire(struct policy_service *service)
{
	(void)service;
	return true;
}

void
policy_service_free(struct policy_service *service)
{
	(void)service;
}

bool
policy_service_expects_dane(struct policy_service *service, const char *key)
{
	(void)service;
	(void)key;
	return false;
}

enum policy_flush
policy_service_flush(
    struct policy_service *service, const char *key, size_t len)
{
	(void)service;
	(void)key;
	(void)len;
	return POLICY_FLUSH_DONE;
}

/* ---- sockets ---- */

struct table_server *
table_server_new(struct event_base *base, struct policy_service *service,
    struct stats *stats, unsigned max_connections, unsigned request_timeout)
{
	(void)base;
	(void)service;
	(void)stats;
	(void)max_connections;
	(void)request_timeout;
	return (struct table_server *)&rig;
}

int
table_server_add_fd(
    struct table_server *table_server, const struct protocol *protocol, int fd)
{
	(void)table_server;
	(void)protocol;
	(void)fd;
	return 0;
}

int
table_server_set(struct table_server *table_server,
    const struct table_server_place *places, size_t count)
{
	(void)table_server;
	(void)places;
	(void)count;
	return note(" listen");
}

void
table_server_use(struct table_server *table_server,
    struct policy_service *service, const char *map, unsigned max_connections,
    unsigned request_timeout)
{
	(void)table_server;
	(void)map;
	(void)max_connections;
	(void)request_timeout;
	note(" use%d", service->number);
}

void
table_server_drain(
    struct table_server *table_server, void (*done)(void *arg), void *arg)
{
	(void)table_server;
	done(arg);
}

void
table_server_free(struct table_server *table_server)
{
	(void)table_server;
}

struct dns_server *
dns_server_new(struct event_base *base, struct stats *stats)
{
	(void)base;
	(void)stats;
	return (struct dns_server *)&rig;
}

int
dns_server_open(struct dns_server *service, const struct conf_endpoints *places)
{
	(void)service;
	(void)places;
	return note(" dns");
}

void
dns_server_settle(struct dns_server *service, bool keep)
{
	(void)service;
	note(keep ? " keep" : " undo");
}

void
dns_server_use(struct dns_server *service, struct resolver *resolver,
    const struct conf_prefixes *allow)
{
	(void)service;
	(void)allow;
	note(" resolve%d", resolver->number);
}

void
dns_server_watch(struct dns_server *service,
    void (*seen)(void *arg, const char *name), void *arg)
{
	(void)service;
	(void)seen;
	(void)arg;
}

int
dns_server_add_fd(struct dns_server *service, int fd)
{
	(void)service;
	(void)fd;
	return 0;
}

void
dns_server_drain(struct dns_server *service, void (*done)(void *arg), void *arg)
{
	(void)service;
	done(arg);
}

/* The loop is still there. */
void
dns_server_free(struct dns_server *service)
{
	(void)service;
	if (rig.turn != NULL)
		event_free(rig.turn);
}

struct control *
control_new(struct event_base *base, const char *path,
    const struct privileges_user *user,
    const struct daemon_status_source *source)
{
	(void)base;
	(void)path;
	(void)user;
	(void)source;
	note(" control");
	return NULL;
}

void
control_free(struct control *control)
{
	(void)control;
}

struct metrics *
metrics_new(struct event_base *base, const struct conf_endpoints *places,
    const struct privileges_user *user,
    const struct daemon_status_source *source)
{
	(void)base;
	(void)places;
	(void)user;
	(void)source;
	note(" metrics");
	return NULL;
}

void
metrics_free(struct metrics *metrics)
{
	(void)metrics;
}

void
daemon_status_line(
    const struct daemon_status_source *source, char *line, size_t size)
{
	(void)source;
	snprintf(line, size, "well");
}

bool
daemon_status_is_healthy(
    const struct daemon_status_source *source, const char **why)
{
	(void)source;
	*why = "";
	return true;
}

/* ---- the process ---- */

unsigned long
privileges_raise_descriptor_limit(void)
{
	return 1000;
}

int
privileges_prepare(const char *user, struct privileges_user *to)
{
	(void)user;
	(void)to;
	return note(" prepare");
}

int
privileges_drop(const struct privileges_user *user)
{
	(void)user;
	return note(" drop");
}

struct sandbox *
sandbox_new(void)
{
	return (struct sandbox *)&rig;
}

void
sandbox_free(struct sandbox *sandbox)
{
	(void)sandbox;
}

int
sandbox_add(
    struct sandbox *sandbox, const char *directory, enum landlock_use use)
{
	(void)sandbox;
	(void)directory;
	(void)use;
	return 0;
}

int
sandbox_enter(struct sandbox *sandbox)
{
	(void)sandbox;
	return note(" sandbox");
}

bool
sandbox_allows(
    const struct sandbox *sandbox, const char *directory, enum landlock_use use)
{
	(void)sandbox;
	(void)directory;
	(void)use;
	return true;
}

int
systemd_sockets(systemd_socket_cb cb, void *arg)
{
	(void)cb;
	(void)arg;
	return note(" given");
}

struct event *
systemd_watchdog(struct event_base *base)
{
	(void)base;
	return NULL;
}

struct clock_watch *
clock_watch_new(struct event_base *base, clock_watch_cb cb, void *arg)
{
	(void)base;
	(void)cb;
	(void)arg;
	return (struct clock_watch *)&rig;
}

void
clock_watch_free(struct clock_watch *watch)
{
	(void)watch;
}

struct config_check *
config_check_start(
    struct event_base *base, const char *path, config_check_cb cb, void *arg)
{
	(void)base;
	(void)path;
	note(" check");
	rig.checked = cb;
	rig.checked_arg = arg;
	return (struct config_check *)&rig;
}

void
config_check_cancel(struct config_check *check)
{
	(void)check;
	rig.checked = NULL;
}

/* ---- steps ---- */

void
key_limits_end_turns(void (*look)(void *arg), void *arg)
{
	rig.look = look;
	rig.look_arg = arg;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ck_assert_msg(patience_now() < rig.end, "after%s", rig.notes);
	/* As where junk has taken too long. */
	ck_assert_ptr_nonnull(rig.look);
	ck_assert_ptr_eq(rig.look_arg, event_get_base(rig.turn));
	rig.look(rig.look_arg);
	while (*rig.steps != NULL && (*rig.steps)())
		rig.steps++;
	if (*rig.steps != NULL)
		return;
	event_del(rig.turn);
	kill(getpid(), SIGTERM);
}

int
unbound_facts_probe(struct event_base *base, struct unbound_facts *facts)
{
	static const struct timeval often = { 0, 1000 };

	(void)facts;
	rig.turn = event_new(base, -1, EV_PERSIST, on_turn, NULL);
	event_add(rig.turn, &often);
	return 0;
}

/* Notes of what comes from now on. */
static bool
hang_up(void)
{
	rig.notes[0] = '\0';
	return kill(getpid(), SIGHUP) == 0;
}

static bool
hang_up_again(void)
{
	return kill(getpid(), SIGHUP) == 0;
}

static bool
is_checked(void)
{
	return rig.checked != NULL;
}

static void
tell(bool good)
{
	const config_check_cb cb = rig.checked;

	rig.checked = NULL;
	cb(rig.checked_arg, good, "");
}

static bool
is_good(void)
{
	tell(true);
	return true;
}

static bool
is_bad(void)
{
	tell(false);
	return true;
}

static bool
one_is_freed(void)
{
	return rig.freed == 1;
}

static bool
two_are_freed(void)
{
	return rig.freed == 2;
}

/* The signal has been taken, since others come after it. */
static bool
a_while_passes(void)
{
	static unsigned turns;

	return ++turns % 50 == 0;
}

static int
run(const step_fn *steps, const char *fails, const char *changed)
{
	int status;

	memset(&rig, 0, sizeof(rig));
	rig.steps = steps;
	rig.fails = fails;
	rig.changed = changed;
	rig.end = patience_end();
	status = server_run("file", new_conf());
	/* There is no loop any more. */
	ck_assert_ptr_null(rig.look);
	return status;
}

#define ENDS " save"

/* ---- tests ---- */

#define START                                                                  \
	" core1 use1 resolve1 prepare given dns listen keep control metrics"   \
	" drop follows1 busiest1 sandbox"

/* All that needs a privilege comes before it is given up, all that belongs to
 * the user and all that others may cause after. */
START_TEST(it_listens_and_then_gives_up_what_it_may)
{
	static const step_fn steps[] = { NULL };

	ck_assert_int_eq(run(steps, NULL, NULL), EXIT_SUCCESS);
	ck_assert_str_eq(rig.notes, START ENDS "1 free1");
}
END_TEST

static const struct {
	const char *fails, *last;
} starts[] = {
	{ " prepare", " prepare free1" },
	{ " given", " given free1" },
	{ " dns", " dns free1" },
	{ " listen", " listen undo free1" },
	{ " drop", " drop free1" },
	{ " sandbox", " sandbox free1" },
};

/* It ends there: nothing is done with rights that it should not have. */
START_TEST(what_fails_at_the_start_is_the_end)
{
	static const step_fn steps[] = { NULL };
	const char *last = starts[_i].last;
	size_t len;

	ck_assert_int_eq(run(steps, starts[_i].fails, NULL), EXIT_FAILURE);
	len = strlen(rig.notes);
	ck_assert_uint_ge(len, strlen(last));
	ck_assert_str_eq(rig.notes + len - strlen(last), last);
}
END_TEST

/* The new core is used after all places are open, and two never follow the
 * root's keys at once. */
START_TEST(a_reload_listens_before_it_uses)
{
	static const step_fn steps[] = { hang_up, is_checked, is_good,
		one_is_freed, NULL };

	ck_assert_int_eq(run(steps, NULL, NULL), EXIT_SUCCESS);
	ck_assert_str_eq(rig.notes,
	    " check load core2 dns listen keep leaves1 follows2 use2 resolve2"
	    " free1" ENDS "2 free2");
}
END_TEST

static const struct {
	const char *fails, *notes;
} reloads[] = {
	{ " load", " check load" ENDS "1 free1" },
	{ " core2", " check load core2 free2" ENDS "1 free1" },
	{ " listen", " check load core2 dns listen undo free2" ENDS "1 free1" },
	{ " dns", " check load core2 dns free2" ENDS "1 free1" },
};

/* It is only the second time that it fails. */
static const char *fails_later;

static bool
begins_to_fail(void)
{
	rig.fails = fails_later;
	return true;
}

START_TEST(what_fails_in_a_reload_changes_nothing)
{
	static const step_fn steps[] = { hang_up, begins_to_fail, is_checked,
		is_good, a_while_passes, NULL };

	fails_later = reloads[_i].fails;
	ck_assert_int_eq(
	    run(steps, NULL, "control-socket, metrics-listen"), EXIT_SUCCESS);
	ck_assert_str_eq(rig.notes, reloads[_i].notes);
}
END_TEST

START_TEST(what_is_found_bad_is_not_loaded)
{
	static const step_fn steps[] = { hang_up, is_checked, is_bad,
		a_while_passes, NULL };

	ck_assert_int_eq(run(steps, NULL, NULL), EXIT_SUCCESS);
	ck_assert_str_eq(rig.notes, " check" ENDS "1 free1");
}
END_TEST

static const struct {
	const char *changed, *notes;
} changes[] = {
	{ "metrics-listen", " resolve2 metrics free1" },
	{ "control-socket", " resolve2 control free1" },
	{ "control-socket, metrics-listen", " resolve2 control metrics free1" },
};

/* Sockets that could not be made again, with what is left of our rights, are
 * left alone where they have not changed. */
START_TEST(a_reload_opens_what_has_changed)
{
	static const step_fn steps[] = { hang_up, is_checked, is_good,
		one_is_freed, NULL };

	ck_assert_int_eq(run(steps, NULL, changes[_i].changed), EXIT_SUCCESS);
	ck_assert_ptr_nonnull(strstr(rig.notes, changes[_i].notes));
}
END_TEST

/* One at a time; what came meanwhile is not forgotten. */
START_TEST(a_reload_during_another_comes_after_it)
{
	static const step_fn steps[] = { hang_up, is_checked, hang_up_again,
		a_while_passes, is_good, is_checked, is_good, two_are_freed,
		NULL };

	ck_assert_int_eq(run(steps, NULL, NULL), EXIT_SUCCESS);
	ck_assert_int_eq(rig.cores, 3);
	ck_assert_ptr_nonnull(strstr(rig.notes, ENDS "3 free3"));
}
END_TEST

static bool
is_asked(void)
{
	rig.resolver[1].in_flight = 1;
	return true;
}

static bool
is_still_there(void)
{
	ck_assert_int_eq(rig.freed, 0);
	rig.resolver[1].in_flight = 0;
	return true;
}

START_TEST(a_core_stays_while_somebody_waits)
{
	static const step_fn steps[] = { is_asked, hang_up, is_checked, is_good,
		a_while_passes, a_while_passes, is_still_there, one_is_freed,
		NULL };

	ck_assert_int_eq(run(steps, NULL, NULL), EXIT_SUCCESS);
}
END_TEST

TEST_MAIN("server")
{
	TCase *tc = add_case(suite, "order");

	tcase_add_test(tc, it_listens_and_then_gives_up_what_it_may);
	add_rows(tc, what_fails_at_the_start_is_the_end, starts);
	tcase_add_test(tc, a_reload_listens_before_it_uses);
	add_rows(tc, what_fails_in_a_reload_changes_nothing, reloads);
	tcase_add_test(tc, what_is_found_bad_is_not_loaded);
	add_rows(tc, a_reload_opens_what_has_changed, changes);
	tcase_add_test(tc, a_reload_during_another_comes_after_it);
	tcase_add_test(tc, a_core_stays_while_somebody_waits);
}
