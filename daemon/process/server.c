/* server.c - the daemon as a whole. */

#include "process/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/loop_time.h"
#include "base/privileges.h"
#include "base/stats.h"
#include "base/timer.h"
#include "dns/key_limits.h"
#include "dns/resolver.h"
#include "dns/rollover.h"
#include "dns/unbound_facts.h"
#include "policy/policy_service.h"
#include "process/clock_watch.h"
#include "process/generation.h"
#include "process/reload.h"
#include "process/sandbox.h"
#include "process/systemd.h"
#include "process/write_places.h"
#include "wire/admin/control.h"
#include "wire/admin/daemon_status.h"
#include "wire/admin/metrics.h"
#include "wire/dns/dns_server.h"
#include "wire/fast_lane.h"
#include "wire/table/socketmap.h"
#include "wire/table/table_server.h"
#include "wire/table/tcp_table.h"

#define DRAIN_SECONDS 5 /* for requests in flight at shutdown */
#define STATUS_MAX 256  /* octets of the line for systemctl status */
/* Minutes; the longest delay of the event loop is reported for one to two of
 * these periods. */
#define LOOP_TIME_MINUTES 30

struct server {
	struct event_base *base;
	struct event *term, *interrupt, *hangup;
	struct timer *drain_limit;
	struct event *minute; /* flushes log limits, ages loop times */
	unsigned minutes;
	struct timer *told;     /* updates the status for systemd */
	struct event *watchdog; /* NULL if systemd wants none */
	struct clock_watch *clock_watch;
	struct stats stats;
	struct unbound_facts library;  /* shared by all generations */
	struct generation *generation; /* in use */
	struct reload_options reload_options;
	struct reload *reload;
	struct table_server *table_server;
	struct dns_server *dns;
	bool is_ending;
	unsigned draining; /* of the two servers, those still draining */
	struct daemon_status_source source;
	struct control *control;
	struct metrics *metrics;
	unsigned long descriptors;   /* limit of the process */
	struct privileges_user user; /* that the process runs or will run as */
	struct sandbox *sandbox;
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
on_drain_limit(void *arg)
{
	struct server *server = arg;

	event_base_loopbreak(server->base);
}

static void
on_end(evutil_socket_t signal, short what, void *arg)
{
	struct server *server = arg;

	(void)what;
	if (server->is_ending)
		return;
	server->is_ending = true;
	reload_stop(server->reload);
	log_info(
	    "main: %s: finishing what is in flight", strsignal((int)signal));
	sd_notify(0, "STOPPING=1");
	timer_in_ms(server->drain_limit, DRAIN_SECONDS * 1000);
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
listen_all(void *arg, const struct conf *conf)
{
	struct server *server = arg;
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
use_generation(void *arg, struct generation *generation)
{
	struct server *server = arg;
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

static void
add_place(void *arg, const char *directory, enum landlock_use use)
{
	struct server *server = arg;

	if (sandbox_add(server->sandbox, directory, use) == -1)
		log_error("main: sandbox: %s: %s", directory, strerror(errno));
}

/* Without this warning, later failures only say "Permission denied". */
static void
warn_of_place(void *arg, const char *directory, enum landlock_use use)
{
	struct server *server = arg;

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
	write_places_each(server->generation->conf, add_place, server);
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
on_tell(void *arg)
{
	struct server *server = arg;
	const bool settled =
	    resolver_trust(server->generation->resolver, NULL) != TRUST_UNKNOWN;
	const char *mistake = reload_mistake(server->reload);
	char line[STATUS_MAX];

	daemon_status_line(&server->source, line, sizeof(line));
	sd_notifyf(0, "STATUS=%s", mistake[0] != '\0' ? mistake : line);
	timer_in_ms(server->told, settled ? 60000 : 1000);
}

/* ---- reloading ---- */

static struct generation *
current(void *arg)
{
	const struct server *server = arg;

	return server->generation;
}

static void
warn_of_places(void *arg, const struct conf *conf)
{
	write_places_each(conf, warn_of_place, arg);
}

/* Sockets that stay where they are stay open. */
static void
apply_changes(void *arg, const char *changes)
{
	struct server *server = arg;

	if (strstr(changes, "control-socket") != NULL)
		start_control(server);
	if (strstr(changes, "metrics-listen") != NULL)
		start_metrics(server);
}

static void
tell_soon(void *arg)
{
	struct server *server = arg;

	timer_now(server->told);
}

static struct reload *
make_reload(struct server *server, const char *path)
{
	server->reload_options = (struct reload_options){ .base = server->base,
		.path = path,
		.library = &server->library,
		.stats = &server->stats,
		.current = current,
		.warn = warn_of_places,
		.listen = listen_all,
		.use = use_generation,
		.apply = apply_changes,
		.ended = tell_soon,
		.arg = server };
	return reload_new(&server->reload_options);
}

static void
on_hangup(evutil_socket_t signal, short what, void *arg)
{
	const struct server *server = arg;

	(void)signal;
	(void)what;
	reload_start(server->reload);
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
	server->drain_limit = timer_new(server->base, on_drain_limit, server);
	server->told = timer_new(server->base, on_tell, server);
	server->minute =
	    event_new(server->base, -1, EV_PERSIST, on_minute, server);
	if (server->minute != NULL)
		event_add(server->minute, &minute);
	server->clock_watch =
	    clock_watch_new(server->base, on_clock_set, server);
	return server->term != NULL && server->interrupt != NULL &&
		       server->hangup != NULL && server->drain_limit != NULL &&
		       server->told != NULL && server->minute != NULL &&
		       server->clock_watch != NULL
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
start(struct server *server, const char *path, struct conf *conf)
{
	struct generation *generation;

	if ((server->base = fast_lane_base_new()) == NULL ||
	    (server->reload = make_reload(server, path)) == NULL ||
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
	use_generation(server, generation);
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
	block_signals();
	metrics_free(server->metrics);
	control_free(server->control);
	dns_server_free(server->dns);
	/* Answers what is in flight with TEMP while its sessions still
	 * exist. */
	reload_free(server->reload);
	if (server->generation != NULL)
		policy_service_free(server->generation->service);
	table_server_free(server->table_server);
	if (server->generation != NULL)
		server->generation->service = NULL;
	generation_free(server->generation);
	sandbox_free(server->sandbox);
	clock_watch_free(server->clock_watch);
	free_event(server->watchdog);
	timer_free(server->told);
	free_event(server->minute);
	timer_free(server->drain_limit);
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
	struct server server = { 0 };
	int status = EXIT_FAILURE;

	server.descriptors = privileges_raise_descriptor_limit();
	if (start(&server, path, conf) == 0) {
		log_info("main: postdaned %s is ready", POSTDANE_VERSION);
		sd_notify(0, "READY=1");
		tell_soon(&server);
		event_base_dispatch(server.base);
		policy_service_save_busiest(server.generation->service);
		status = EXIT_SUCCESS;
	}
	stop(&server);
	log_flush();
	log_info("main: stopped");
	return status;
}
