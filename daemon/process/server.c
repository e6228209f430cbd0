/* server.c - the daemon as a whole. */

#include "process/server.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/loop_time.h"
#include "base/privileges.h"
#include "base/stats.h"
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
#include "wire/fast_lane.h"
#include "wire/table/socketmap.h"
#include "wire/table/table_server.h"
#include "wire/table/tcp_table.h"

#define DRAIN_SECONDS 5  /* for requests in flight at shutdown */
#define STATUS_MAX 256   /* octets of the line for systemctl status */
#define RETIRE_MS 50     /* between two checks of replaced generations */
#define CHANGES_MAX 1024 /* octets, names of changed options */
/* Minutes; the longest delay of the event loop is reported for one to two of
 * these periods. */
#define LOOP_TIME_MINUTES 30

/* A generation that a reload has replaced, kept until nobody waits for it. */
struct retired {
	struct generation *generation;
	struct retired *next;
};

struct server {
	const char *path;
	/* Why the last reload failed, or "". */
	char mistake[STATUS_MAX];
	struct event_base *base;
	struct event *term, *interrupt, *hangup, *drain_limit, *retire;
	struct event *minute; /* flushes log limits, ages loop times */
	unsigned minutes;
	struct event *told;     /* updates the status for systemd */
	struct event *watchdog; /* NULL if systemd wants none */
	struct clock_watch *clock_watch;
	struct stats stats;
	struct unbound_facts library; /* shared by all generations */
	struct generation *generation;
	struct retired *retired;
	struct table_server *table_server;
	struct dns_server *dns;
	bool is_ending;
	unsigned draining; /* of the two servers, those still draining */
	struct daemon_status_source source;
	struct control *control;
	struct metrics *metrics;
	struct config_check *check;
	unsigned long descriptors;   /* limit of the process */
	struct privileges_user user; /* that the process runs or will run as */
	struct sandbox *sandbox;
	bool reload_again; /* SIGHUP came while a reload was under way */
};

/* ---- shutdown ---- */

static void
on_drained(void *arg)
{
	struct server *server = arg;

	if (--server->draining == 0)
		event_base_loopbreak(server->base);
}

static void
on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(server->base);
}

static void
on_end(evutil_socket_t signal, short what, void *arg)
{
	static const struct timeval limit = { DRAIN_SECONDS, 0 };
	struct server *server = arg;

	(void)what;
	if (server->is_ending)
		return;
	server->is_ending = true;
	log_info(
	    "main: %s: finishing what is in flight", strsignal((int)signal));
	sd_notify(0, "STOPPING=1");
	event_add(server->drain_limit, &limit);
	server->draining = 2;
	table_server_drain(server->table_server, on_drained, server);
	dns_server_drain(server->dns, on_drained, server);
}

/* ---- applying a configuration ---- */

static int
listen_for_policy(struct server *server, const struct conf *conf)
{
	const size_t socketmaps = conf->socketmap_listen.count;
	const size_t count = socketmaps + conf->tcp_table_listen.count;
	struct table_server_place *places =
	    calloc(count > 0 ? count : 1, sizeof(*places));
	int result;

	if (places == NULL) {
		log_error("main: out of memory");
		return -1;
	}
	for (size_t i = 0; i < socketmaps; i++)
		places[i] =
		    (struct table_server_place){ .protocol =
						     &socketmap_protocol,
			    .endpoint = &conf->socketmap_listen.item[i],
			    .rights = &conf->socket_rights,
			    .user = &server->user };
	for (size_t i = socketmaps; i < count; i++)
		places[i] =
		    (struct table_server_place){ .protocol =
						     &tcp_table_protocol,
			    .endpoint =
				&conf->tcp_table_listen.item[i - socketmaps],
			    .rights = &conf->socket_rights,
			    .user = &server->user };
	result = table_server_set(server->table_server, places, count);
	free(places);
	return result;
}

/* Returns 0, or -1 with the reason logged; then the old addresses stay. */
static int
listen_all(struct server *server, const struct conf *conf)
{
	int result;

	if (dns_server_open(server->dns, &conf->dns_listen) == -1)
		return -1;
	result = listen_for_policy(server, conf);
	dns_server_settle(server->dns, result == 0);
	return result;
}

/* Warns once: the fault is Postfix's configuration, not the domain. */
static void
on_mx_without_dnssec(void *arg, const char *name)
{
	struct server *server = arg;
	char text[256];

	if (!policy_service_expects_dane(server->generation->service, name))
		return;
	log_warning("main: MX of %s was asked without DNSSEC, while its policy "
		    "is dane: a Postfix with smtp_dns_support_level other "
		    "than dnssec reads that as may",
	    log_printable(text, sizeof(text), name, strlen(name)));
	dns_server_watch(server->dns, NULL, NULL);
}

/* A socket from systemd, whose FileDescriptorName selects the protocol. */
static int
adopt(void *arg, const char *name, int fd)
{
	struct server *server = arg;

	if (strcmp(name, "socketmap") == 0)
		return table_server_add_fd(
		    server->table_server, &socketmap_protocol, fd);
	if (strcmp(name, "tcp-table") == 0)
		return table_server_add_fd(
		    server->table_server, &tcp_table_protocol, fd);
	if (strcmp(name, "dns") == 0)
		return dns_server_add_fd(server->dns, fd);
	log_error("main: a socket from systemd is named \"%s\": its "
		  "FileDescriptorName must be socketmap, tcp-table or dns",
	    name);
	return -1;
}

/* Half of the descriptors stay free for queries to name servers. */
static unsigned
connections(const struct server *server, const struct conf *conf)
{
	const unsigned long most = server->descriptors / 2;

	if (conf->max_connections <= most)
		return conf->max_connections;
	log_warning("main: max-connections: no more than %lu, for the process "
		    "may have %lu descriptors",
	    most, server->descriptors);
	return (unsigned)most;
}

static void
use_core(struct server *server, struct generation *generation)
{
	const struct conf *conf = generation->conf;
	const char *why;

	server->source.was_healthy =
	    server->generation != generation &&
	    daemon_status_is_healthy(&server->source, &why);
	server->generation = generation;
	server->source.conf = conf;
	server->source.resolver = generation->resolver;
	server->source.service = generation->service;
	table_server_use(server->table_server, generation->service,
	    conf->tcp_table_map, connections(server, conf),
	    conf->request_timeout);
	dns_server_use(server->dns, generation->resolver, &conf->dns_allow);
}

/* The daemon can work without the control socket and the metrics. */
static void
start_control(struct server *server)
{
	const char *path = server->generation->conf->control_socket;

	control_free(server->control);
	server->control = path[0] != '\0' ? control_new(server->base, path,
						&server->user, &server->source)
					  : NULL;
}

static void
start_metrics(struct server *server)
{
	metrics_free(server->metrics);
	server->metrics =
	    metrics_new(server->base, &server->generation->conf->metrics_listen,
		&server->user, &server->source);
}

/* ---- directories that are written to ---- */

typedef void (*place_fn)(
    struct server *server, const char *directory, enum landlock_use use);

static void
directory_of_socket(struct server *server, const char *path, place_fn found)
{
	char directory[PATH_MAX];
	char *slash;

	if (snprintf(directory, sizeof(directory), "%s", path) >=
		(int)sizeof(directory) ||
	    (slash = strrchr(directory, '/')) == NULL)
		return;
	/* The directory of "/socket" is "/". */
	slash[slash == directory ? 1 : 0] = '\0';
	found(server, directory, LANDLOCK_SOCKETS);
}

static void
directories_of_sockets(
    struct server *server, const struct conf_endpoints *places, place_fn found)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct sockaddr_un *un =
		    (const struct sockaddr_un *)&places->item[i].address;

		if (un->sun_family == AF_UNIX)
			directory_of_socket(server, un->sun_path, found);
	}
}

static void
each_place(struct server *server, const struct conf *conf, place_fn found)
{
	found(server, conf->state_directory, LANDLOCK_FILES);
	directory_of_socket(server, conf->control_socket, found);
	directories_of_sockets(server, &conf->socketmap_listen, found);
	directories_of_sockets(server, &conf->tcp_table_listen, found);
	directories_of_sockets(server, &conf->metrics_listen, found);
#ifdef POSTDANE_COVERAGE
	found(server, POSTDANE_COVERAGE, LANDLOCK_FILES);
#endif
}

static void
add_place(struct server *server, const char *directory, enum landlock_use use)
{
	if (sandbox_add(server->sandbox, directory, use) == -1)
		log_error("main: sandbox: %s: %s", directory, strerror(errno));
}

/* Without this warning, later failures only say "Permission denied". */
static void
warn_of_place(
    struct server *server, const char *directory, enum landlock_use use)
{
	if (!sandbox_allows(server->sandbox, directory, use))
		log_warning("main: reload: the sandbox was not made for "
			    "writing in %s: this takes a restart",
		    directory);
}

/* Returns 0, or -1 with the reason logged. */
static int
enter_sandbox(struct server *server)
{
	if ((server->sandbox = sandbox_new()) == NULL) {
		log_error("main: out of memory");
		return -1;
	}
	if (!server->generation->conf->sandbox)
		return 0;
	each_place(server, server->generation->conf, add_place);
	return sandbox_enter(server->sandbox);
}

/* ---- the time of day ---- */

/* Cached answers would be kept for too long, or were found invalid only because
 * the clock was wrong. */
static void
on_clock_set(void *arg, int64_t ms)
{
	struct server *server = arg;

	log_warning("main: the clock was set by %+lld s: everything is asked "
		    "for anew",
	    (long long)ms / 1000);
	policy_service_flush(server->generation->service, NULL, 0);
}

/* ---- status for systemd ---- */

/* Each second until the root's keys are known, then each minute. */
static void
on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	const bool settled =
	    resolver_trust(server->generation->resolver, NULL) != TRUST_UNKNOWN;
	const struct timeval again = { settled ? 60 : 1, 0 };
	char line[STATUS_MAX];

	(void)fd;
	(void)what;
	daemon_status_line(&server->source, line, sizeof(line));
	sd_notifyf(0, "STATUS=%s",
	    server->mistake[0] != '\0' ? server->mistake : line);
	event_add(server->told, &again);
}

static void
note_mistake(struct server *server, const char *text)
{
	snprintf(server->mistake, sizeof(server->mistake),
	    "The old configuration stays: %.200s", text);
	log_error("main: reload: %s; the old configuration stays", text);
}

/* ---- reloading ---- */

/* Frees one unused generation per call, and at the end returns their memory to
 * the system: each of these takes milliseconds.  Waiting clients are answered
 * over several calls. */
static void
on_retire(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { 0, RETIRE_MS * 1000 };
	struct server *server = arg;
	struct retired *retired;

	(void)fd;
	(void)what;
	if (server->retired == NULL) {
		malloc_trim(0);
		return;
	}
	LL_FOREACH (server->retired, retired) {
		if (!policy_service_retire(retired->generation->service) ||
		    resolver_in_flight(retired->generation->resolver) > 0)
			continue;
		LL_DELETE(server->retired, retired);
		generation_free(retired->generation);
		free(retired);
		break;
	}
	event_add(server->retire, &again);
}

static void
add_change(void *arg, const char *option)
{
	char *text = arg;
	const size_t len = strlen(text);

	snprintf(
	    text + len, CHANGES_MAX - len, "%s%s", len > 0 ? ", " : "", option);
}

/* Returns whether the new generation is in use; the old one is then retired. */
static bool
replace_core(struct server *server, struct conf *conf)
{
	static const struct timeval soon = { 0, 0 };
	struct retired *retired = calloc(1, sizeof(*retired));
	struct generation *generation = generation_new(
	    server->base, conf, &server->library, &server->stats);

	if (retired == NULL || generation == NULL ||
	    listen_all(server, generation->conf) == -1) {
		generation_free(generation);
		free(retired);
		return false;
	}
	retired->generation = server->generation;
	rollover_stop(resolver_rollover(server->generation->resolver));
	rollover_start(resolver_rollover(generation->resolver));
	policy_service_follow(generation->service, server->generation->service);
	LL_APPEND(server->retired, retired);
	use_core(server, generation);
	event_add(server->retire, &soon);
	return true;
}

static void
reload(struct server *server)
{
	const struct conf *old = server->generation->conf;
	char text[CONFIG_CHECK_TEXT_MAX], changes[CHANGES_MAX] = "";
	struct conf *conf = conf_load(server->path, text, sizeof(text));

	if (conf == NULL) {
		note_mistake(server, text);
		return;
	}
	conf_changes(old, conf, add_change, changes);
	if (strcmp(old->user, conf->user) != 0)
		log_warning("main: reload: user: this takes a restart");
	each_place(server, conf, warn_of_place);
	if (!replace_core(server, conf)) {
		note_mistake(server, "the line above says what can't be had");
		return;
	}
	log_setup(conf->log_target, conf->log_level);
	if (strstr(changes, "control-socket") != NULL)
		start_control(server);
	if (strstr(changes, "metrics-listen") != NULL)
		start_metrics(server);
	server->mistake[0] = '\0';
	log_info("main: reload: done, changed: %s",
	    changes[0] != '\0' ? changes : "nothing");
}

static void start_reload(struct server *server);

static void
on_checked(void *arg, bool good, const char *text)
{
	struct server *server = arg;

	server->check = NULL;
	if (server->is_ending)
		return;
	if (!good) {
		note_mistake(server, text);
	} else {
		if (text[0] != '\0')
			log_warning("main: reload: %s", text);
		reload(server);
	}
	sd_notify(0, "READY=1");
	event_active(server->told, EV_TIMEOUT, 0);
	if (server->reload_again)
		start_reload(server);
}

static void
start_reload(struct server *server)
{
	struct timespec now;

	server->reload_again = server->check != NULL;
	if (server->reload_again)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	server->check =
	    config_check_start(server->base, server->path, on_checked, server);
	if (server->check == NULL) {
		note_mistake(server, strerror(errno));
		sd_notify(0, "READY=1");
	}
}

static void
on_hangup(evutil_socket_t signal, short what, void *arg)
{
	struct server *server = arg;

	(void)signal;
	(void)what;
	if (!server->is_ending)
		start_reload(server);
}

/* ---- construction, and destruction in the opposite order ---- */

static struct event *
watch_signal(struct server *server, int signal, event_callback_fn callback)
{
	struct event *event =
	    evsignal_new(server->base, signal, callback, server);

	if (event == NULL || event_add(event, NULL) == 0)
		return event;
	event_free(event);
	return NULL;
}

static void
on_minute(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	log_flush();
	if (++server->minutes % LOOP_TIME_MINUTES == 0)
		loop_time_rotate();
}

static int
make_events(struct server *server)
{
	static const struct timeval minute = { 60, 0 };

	signal(SIGPIPE, SIG_IGN);
	server->term = watch_signal(server, SIGTERM, on_end);
	server->interrupt = watch_signal(server, SIGINT, on_end);
	server->hangup = watch_signal(server, SIGHUP, on_hangup);
	server->drain_limit = evtimer_new(server->base, on_drain_limit, server);
	server->retire = evtimer_new(server->base, on_retire, server);
	server->told = evtimer_new(server->base, on_tell, server);
	server->minute =
	    event_new(server->base, -1, EV_PERSIST, on_minute, server);
	if (server->minute != NULL)
		event_add(server->minute, &minute);
	server->clock_watch =
	    clock_watch_new(server->base, on_clock_set, server);
	return server->term != NULL && server->interrupt != NULL &&
		       server->hangup != NULL && server->drain_limit != NULL &&
		       server->retire != NULL && server->told != NULL &&
		       server->minute != NULL && server->clock_watch != NULL
		   ? 0
		   : -1;
}

static void
look_soon(void *arg)
{
	event_base_loopcontinue(arg);
}

/* Takes ownership of @conf. */
static int
start(struct server *server, struct conf *conf)
{
	struct generation *generation;

	if ((server->base = fast_lane_base_new()) == NULL ||
	    make_events(server) == -1) {
		conf_free(conf);
		return -1;
	}
	key_limits_end_turns(look_soon, server->base);
	unbound_facts_probe(server->base, &server->library);
	generation = generation_new(
	    server->base, conf, &server->library, &server->stats);
	if (generation == NULL)
		return -1;
	server->generation = generation;
	server->table_server =
	    table_server_new(server->base, generation->service, &server->stats,
		conf->max_connections, conf->request_timeout);
	server->dns = dns_server_new(server->base, &server->stats);
	if (server->table_server == NULL || server->dns == NULL)
		return -1;
	server->source = (struct daemon_status_source){ .stats = &server->stats,
		.table_server = server->table_server,
		.dns = server->dns,
		.started = clock_ms() };
	dns_server_watch(server->dns, on_mx_without_dnssec, server);
	use_core(server, generation);
	if (privileges_prepare(conf->user, &server->user) == -1 ||
	    systemd_sockets(adopt, server) == -1 ||
	    listen_all(server, conf) == -1)
		return -1;
	start_control(server);
	start_metrics(server);
	server->watchdog = systemd_watchdog(server->base);
	if (privileges_drop(&server->user) == -1)
		return -1;
	/* What they write belongs to the user. */
	rollover_start(resolver_rollover(generation->resolver));
	policy_service_load_busiest(generation->service);
	return enter_sandbox(server);
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

/* Without their event handlers, these signals would now kill the process. */
static void
block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void
stop(struct server *server)
{
	struct retired *retired, *next;

	block_signals();
	config_check_cancel(server->check);
	metrics_free(server->metrics);
	control_free(server->control);
	dns_server_free(server->dns);
	/* Answers what is in flight with TEMP while its sessions still
	 * exist. */
	LL_FOREACH_SAFE (server->retired, retired, next) {
		generation_free(retired->generation);
		free(retired);
	}
	if (server->generation != NULL)
		policy_service_free(server->generation->service);
	table_server_free(server->table_server);
	if (server->generation != NULL)
		server->generation->service = NULL;
	generation_free(server->generation);
	sandbox_free(server->sandbox);
	clock_watch_free(server->clock_watch);
	free_event(server->watchdog);
	free_event(server->told);
	free_event(server->retire);
	free_event(server->minute);
	free_event(server->drain_limit);
	free_event(server->hangup);
	free_event(server->interrupt);
	free_event(server->term);
	key_limits_end_turns(NULL, NULL);
	if (server->base != NULL)
		event_base_free(server->base);
	libevent_global_shutdown();
}

int
server_run(const char *path, struct conf *conf)
{
	struct server server = { .path = path };
	int status = EXIT_FAILURE;

	server.descriptors = privileges_raise_descriptor_limit();
	if (start(&server, conf) == 0) {
		log_info("main: postdaned %s is ready", POSTDANE_VERSION);
		sd_notify(0, "READY=1");
		event_active(server.told, EV_TIMEOUT, 0);
		event_base_dispatch(server.base);
		policy_service_save_busiest(server.generation->service);
		status = EXIT_SUCCESS;
	}
	stop(&server);
	log_flush();
	log_info("main: stopped");
	return status;
}
