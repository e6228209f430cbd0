/* diagnose.c - postdane diagnose: what is wrong with a domain's DNS, who is
 * responsible, and how to fix it. */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/reason.h"
#include "command/check/check_report.h"
#include "command/client.h"
#include "command/command.h"
#include "command/diagnose/diagnose_network.h"
#include "command/diagnose/diagnose_report.h"
#include "command/diagnose/diagnose_run.h"
#include "command/progress.h"

#define TIMEOUT_SECONDS 30 /* for everything */
#define TIMEOUT_SECONDS_MAX 3600
#define RESOLV_CONF "/etc/resolv.conf"
#define CHROOT "/var/spool/postfix"

struct options {
	struct control_access *control;
	const char *domain;
	const char *config, *hints, *resolv_conf, *chroot;
	unsigned timeout; /* seconds */
	bool as_json, no_daemon;
};

/* ---- the daemon ---- */

static void
add_daemon_finding(struct findings *findings, enum findings_severity severity,
    const char *behaviour, const char *text, const char *key,
    const char *remedy)
{
	struct finding fill = {
		.severity = severity, .server = "postdane", .remedy = remedy
	};

	if (severity != FINDINGS_UNKNOWN)
		snprintf(fill.blame, sizeof(fill.blame),
		    "see above; where nothing is named, who runs this machine");
	snprintf(fill.behaviour, sizeof(fill.behaviour), "%s", behaviour);
	snprintf(fill.text, sizeof(fill.text), "%s", text);
	snprintf(fill.dig, sizeof(fill.dig), "postdane explain %s", key);
	findings_add(findings, &fill);
}

/* The daemon evaluates while the name servers are queried. */
static struct client *
start_daemon(const struct options *options, uint64_t deadline)
{
	json_t *request;
	struct client *client = NULL;

	if (options->no_daemon)
		return NULL;
	request = client_request("explain", options->domain, NULL);
	if (request != NULL)
		client = client_start(options->control, request, deadline);
	json_decref(request);
	return client;
}

static bool
may_ask(const struct options *options)
{
	const int fd =
	    control_access_connect(options->control, clock_ms() + 1000);
	const int error = errno;

	if (fd != -1)
		close(fd);
	return fd != -1 || (error != EACCES && error != EPERM);
}

static void
note_silence(
    const struct options *options, bool connected, struct findings *findings)
{
	if (!connected && !may_ask(options))
		add_daemon_finding(findings, FINDINGS_UNKNOWN,
		    "postdane-not-asked",
		    "may not be asked: " CLIENT_MAY_NOT_ASK, options->domain,
		    "none needed for the name servers; what postdane answers "
		    "is not known (--no-daemon leaves it out)");
	else
		add_daemon_finding(findings, FINDINGS_WARNING,
		    "postdane-silent",
		    connected ? "has not answered in the given time"
			      : "does not listen on its control socket",
		    options->domain,
		    "start postdaned, name its socket (-s), or give it more "
		    "time (--timeout)");
}

/* Whether another finding explains that the daemon has no verdict. */
static bool
is_consequence(const struct findings *findings, const char *why)
{
	return findings_have_leader(findings) ||
	       (reason_of_network(why) != NULL &&
		   findings_has(findings, DIAGNOSIS_NO_INTERNET));
}

static void
note_temp(
    const struct options *options, const char *why, struct findings *findings)
{
	char text[1024], printable[800];

	log_printable(
	    printable, sizeof(printable), why, why != NULL ? strlen(why) : 0);
	snprintf(text, sizeof(text),
	    "comes to no conclusion, and Postfix defers: %s", printable);
	add_daemon_finding(findings, FINDINGS_CRITICAL, "postdane-temp", text,
	    options->domain, "have the faults mended that are named here");
}

/* Returns a new reference, or NULL if the daemon does not answer. */
static json_t *
finish_daemon(const struct options *options, struct client *client,
    struct findings *findings)
{
	const bool connected = client != NULL;
	json_t *reply = client_finish(client);
	const char *policy, *why;

	if (reply == NULL) {
		note_silence(options, connected, findings);
		return NULL;
	}
	policy = json_string_value(json_object_get(reply, "reply"));
	why = json_string_value(json_object_get(reply, "why"));
	if ((policy == NULL || strcmp(policy, "TEMP") == 0) &&
	    !is_consequence(findings, why))
		note_temp(options, why, findings);
	return reply;
}

/* ---- the command ---- */

static int
print(const struct options *options, const struct diagnosis *diagnosis,
    const json_t *reply)
{
	json_t *report = diagnose_report(diagnosis, reply);
	int code;

	if (report == NULL) {
		fprintf(stderr, "postdane: out of memory\n");
		return CHECK_UNKNOWN;
	}
	code = (int)json_integer_value(json_object_get(report, "code"));
	if (options->as_json) {
		json_dumpf(report, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		diagnose_text(report, stdout);
	}
	json_decref(report);
	return code;
}

static int
diagnose(const struct options *options, const struct conf *conf)
{
	struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	struct progress progress = { 0 };
	char name[DOMAIN_TEXT_MAX], chroot_path[PATH_MAX];
	struct diagnosis_options run = { .domain = name,
		.hints =
		    options->hints != NULL ? options->hints : conf->root_hints,
		.conf = conf,
		.resolv_conf = { options->resolv_conf, chroot_path },
		.deadline = clock_ms() + (uint64_t)options->timeout * 1000,
		.progress = progress_is_seen() ? progress_show : NULL,
		.progress_arg = &progress };
	struct client *client;
	json_t *reply = NULL;
	const char *why;
	int code = CHECK_UNKNOWN;

	snprintf(chroot_path, sizeof(chroot_path), "%s/etc/resolv.conf",
	    options->chroot);
	if (diagnosis == NULL ||
	    domain_from_utf8(options->domain, name) == -1 ||
	    !domain_is_hostname(name)) {
		fprintf(stderr,
		    "postdane: diagnose: no domain: %s (it takes no user@, "
		    "address, brackets or port)\n",
		    options->domain);
		free(diagnosis);
		return CHECK_UNKNOWN;
	}
	client = start_daemon(options, run.deadline);
	why = diagnose_run(diagnosis, &run);
	if (why == NULL && client != NULL)
		progress_show_now(&progress, "asking postdane");
	if (why != NULL)
		client_cancel(client);
	else if (!options->no_daemon)
		reply = finish_daemon(options, client, &diagnosis->findings);
	progress_end(&progress);
	if (why != NULL)
		fprintf(stderr, "postdane: diagnose: %s: %s\n", run.hints, why);
	else
		code = print(options, diagnosis, reply);
	json_decref(reply);
	diagnose_clear(diagnosis);
	free(diagnosis);
	return code;
}

/* Returns 0, or -1. */
static int
parse_timeout(const char *text, unsigned *timeout)
{
	char *end;
	const unsigned long seconds = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || seconds == 0 ||
	    seconds > TIMEOUT_SECONDS_MAX)
		return -1;
	*timeout = (unsigned)seconds;
	return 0;
}

static int
parse_option(int option, struct options *options)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		return 0;
	case 'j':
		options->as_json = true;
		return 0;
	case 'h':
		options->hints = optarg;
		return 0;
	case 'r':
		options->resolv_conf = optarg;
		return 0;
	case 'C':
		options->chroot = optarg;
		return 0;
	case 'n':
		options->no_daemon = true;
		return 0;
	case 't':
		if (parse_timeout(optarg, &options->timeout) == 0)
			return 0;
		fprintf(stderr,
		    "postdane: diagnose: not understood: %s (--timeout takes "
		    "seconds, 1 to %d)\n",
		    optarg, TIMEOUT_SECONDS_MAX);
		return -1;
	default:
		return -1;
	}
}

static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "root-hints", required_argument, NULL, 'h' },
		{ "resolv-conf", required_argument, NULL, 'r' },
		{ "chroot", required_argument, NULL, 'C' },
		{ "no-daemon", no_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(
		    argc, argv, "c:jt:", long_options, NULL)) != -1)
		if (parse_option(option, options) == -1)
			return -1;
	if (optind + 1 != argc) {
		fprintf(stderr, "postdane: diagnose takes one domain\n");
		return -1;
	}
	options->domain = argv[optind];
	return 0;
}

int
command_diagnose(const struct command_options *command, int argc, char **argv)
{
	struct options options = { .control = command->control,
		.resolv_conf = RESOLV_CONF,
		.chroot = CHROOT,
		.timeout = TIMEOUT_SECONDS };
	char error[512];
	struct conf *conf;
	int code;

	if (parse_options(argc, argv, &options) == -1)
		return COMMAND_USAGE;
	if (options.config == NULL && access(COMMAND_CONFIG, F_OK) == 0)
		options.config = COMMAND_CONFIG;
	conf = conf_load(options.config, error, sizeof(error));
	if (conf == NULL) {
		fprintf(stderr, "postdane: %s\n", error);
		return CHECK_UNKNOWN;
	}
	code = control_access_leave_root(options.control) == 0
		   ? diagnose(&options, conf)
		   : CHECK_UNKNOWN;
	conf_free(conf);
	return code;
}
