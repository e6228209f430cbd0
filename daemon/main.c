/* main.c - the daemon postdaned. */

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "policy/policy_service.h"
#include "wire/control.h"
#include "wire/listener.h"
#include "wire/socketmap.h"
#include "wire/tcp_table.h"

#define DRAIN_SECONDS 5 /* for requests in flight when we are told to end */
#define EXIT_USAGE 2

struct daemon {
	const struct conf *conf;
	struct event_base *base;
	struct event *term, *interrupt, *hangup, *drain_limit;
	struct resolver *resolver;
	struct policy_service *service;
	struct listeners *listeners;
	struct control *control;
};

/* ---- signals ---- */

static void
on_drained(void *arg)
{
	struct daemon *daemon = arg;

	event_base_loopbreak(daemon->base);
}

static void
on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_drained(arg);
}

static void
on_end(evutil_socket_t signal, short what, void *arg)
{
	static const struct timeval limit = { DRAIN_SECONDS, 0 };
	struct daemon *daemon = arg;

	(void)what;
	log_info(
	    "main: %s: finishing what is in flight", strsignal((int)signal));
	sd_notify(0, "STOPPING=1");
	event_add(daemon->drain_limit, &limit);
	listeners_drain(daemon->listeners, on_drained, daemon);
}

static void
on_hangup(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	(void)arg;
	log_warning("main: SIGHUP is ignored: restart to read the "
		    "configuration again");
}

static struct event *
watch_signal(struct daemon *daemon, int signal, event_callback_fn callback)
{
	struct event *event =
	    evsignal_new(daemon->base, signal, callback, daemon);

	if (event != NULL)
		event_add(event, NULL);
	return event;
}

static int
watch_signals(struct daemon *daemon)
{
	signal(SIGPIPE, SIG_IGN);
	daemon->term = watch_signal(daemon, SIGTERM, on_end);
	daemon->interrupt = watch_signal(daemon, SIGINT, on_end);
	daemon->hangup = watch_signal(daemon, SIGHUP, on_hangup);
	daemon->drain_limit = evtimer_new(daemon->base, on_drain_limit, daemon);
	return daemon->term != NULL && daemon->interrupt != NULL &&
		       daemon->hangup != NULL && daemon->drain_limit != NULL
		   ? 0
		   : -1;
}

/* ---- privileges and limits ---- */

/* Every connection and every question to a name server is a descriptor. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
drop_privileges(const char *user)
{
	const struct passwd *pw;

	if (geteuid() != 0 || user[0] == '\0')
		return 0;
	if ((pw = getpwnam(user)) == NULL) {
		/* Not installed as a package: anybody but root. */
		log_warning("main: no user \"%s\", running as nobody", user);
		pw = getpwnam("nobody");
	}
	if (pw == NULL || setgroups(0, NULL) == -1 ||
	    setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1) {
		log_error("main: can't become user \"%s\": %s", user,
		    strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- construction, in order, and destruction in the opposite one ---- */

static int
listen_all(struct daemon *daemon)
{
	const struct conf *conf = daemon->conf;

	for (size_t i = 0; i < conf->socketmap_listen.count; i++)
		if (listeners_add(daemon->listeners, &socketmap_protocol,
			&conf->socketmap_listen.item[i], NULL) == -1)
			return -1;
	for (size_t i = 0; i < conf->tcp_table_listen.count; i++)
		if (listeners_add(daemon->listeners, &tcp_table_protocol,
			&conf->tcp_table_listen.item[i],
			conf->tcp_table_map) == -1)
			return -1;
	return 0;
}

static int
start(struct daemon *daemon)
{
	const struct conf *conf = daemon->conf;

	if ((daemon->base = event_base_new()) == NULL ||
	    watch_signals(daemon) == -1)
		return -1;
	daemon->resolver = resolver_new(daemon->base, conf);
	if (daemon->resolver == NULL)
		return -1;
	daemon->service =
	    policy_service_new(daemon->base, conf, daemon->resolver);
	if (daemon->service == NULL)
		return -1;
	daemon->listeners = listeners_new(daemon->base, daemon->service,
	    conf->max_connections, conf->request_timeout);
	if (daemon->listeners == NULL || listen_all(daemon) == -1)
		return -1;
	/* Without it the daemon does its work all the same. */
	if (conf->control_socket[0] != '\0')
		daemon->control = control_new(daemon->base,
		    conf->control_socket, daemon->service, daemon->resolver);
	return drop_privileges(conf->user);
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
stop(struct daemon *daemon)
{
	/* What is left in flight is told TEMP while its sessions live. */
	control_free(daemon->control);
	policy_service_free(daemon->service);
	listeners_free(daemon->listeners);
	resolver_free(daemon->resolver);
	free_event(daemon->drain_limit);
	free_event(daemon->hangup);
	free_event(daemon->interrupt);
	free_event(daemon->term);
	if (daemon->base != NULL)
		event_base_free(daemon->base);
	libevent_global_shutdown();
}

static int
run(const struct conf *conf)
{
	struct daemon daemon = { .conf = conf };
	int status = EXIT_FAILURE;

	raise_descriptor_limit();
	if (start(&daemon) == 0) {
		log_info("main: postdaned %s is ready", POSTDANE_VERSION);
		sd_notify(0, "READY=1");
		event_base_dispatch(daemon.base);
		status = EXIT_SUCCESS;
	}
	stop(&daemon);
	log_info("main: the end");
	return status;
}

/* ---- the command line ---- */

static void
usage(FILE *file)
{
	fputs("usage: postdaned [-c FILE] [-t]\n"
	      "\n"
	      "TLS policy service for Postfix: DANE that survives broken name "
	      "servers.\n"
	      "Runs in the foreground, without -c with its built-in "
	      "configuration.\n"
	      "\n"
	      "  -c, --config FILE  read postdane.conf(5)\n"
	      "  -t, --test         check the configuration and exit\n"
	      "  -h, --help         show this text and exit\n"
	      "  -V, --version      show the version and exit\n"
	      "\n"
	      "In Postfix's main.cf:\n"
	      "  smtp_dns_support_level = dnssec\n"
	      "  smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:query\n",
	    file);
}

struct arguments {
	const char *config;
	bool test;
};

/* Returns -1 to go on, or the status to exit with. */
static int
parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "test", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while (
	    (option = getopt_long(argc, argv, "c:thV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->config = optarg;
			break;
		case 't':
			arguments->test = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("postdaned " POSTDANE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(
	    stderr, "postdaned: unexpected argument \"%s\"\n", argv[optind]);
	usage(stderr);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	char error[1024];
	struct conf *conf;
	int status = parse_arguments(argc, argv, &arguments);

	if (status != -1)
		return status;
	if ((conf = conf_load(arguments.config, error, sizeof(error))) ==
	    NULL) {
		fprintf(stderr, "postdaned: %s\n", error);
		return EXIT_FAILURE;
	}
	if (arguments.test) {
		printf("%s: the configuration is valid\n",
		    arguments.config != NULL ? arguments.config
					     : "built-in defaults");
		status = EXIT_SUCCESS;
	} else {
		log_setup(conf->log_target, conf->log_level);
		status = run(conf);
	}
	conf_free(conf);
	return status;
}
