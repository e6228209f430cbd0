/* diagnose.c - postdane diagnose: what is wrong with a domain's DNS, who is
 * responsible, and how to fix it. */

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
#include "command/client.h"
#include "command/command.h"
#include "command/diagnose/diagnose_network.h"
#include "command/diagnose/diagnose_report.h"
#include "command/diagnose/diagnose_run.h"
#include "command/progress.h"
#include "command/report.h"

/* ---- the daemon ---- */

static void
add_daemon_finding(struct findings *findings, enum report_severity severity,
    const char *behaviour, const char *text, const char *key,
    const char *remedy)
{
	struct finding fill = {
		.severity = severity, .server = "postdane", .remedy = remedy
	};

	if (severity != REPORT_UNKNOWN)
		snprintf(fill.blame, sizeof(fill.blame),
		    "see above; where nothing is named, who runs this machine");
	snprintf(fill.behaviour, sizeof(fill.behaviour), "%s", behaviour);
	snprintf(fill.text, sizeof(fill.text), "%s", text);
	snprintf(fill.dig, sizeof(fill.dig), "postdane explain %s", key);
	findings_add(findings, &fill);
}

/* The daemon evaluates while the name servers are queried. */
static struct client *
start_daemon(const struct command_line *line, uint64_t deadline)
{
	json_t *request;
	struct client *client = NULL;

	if (line->no_daemon)
		return NULL;
	request = client_request("explain", line->argument[0], NULL);
	if (request != NULL)
		client = client_start(line->control, request, deadline);
	json_decref(request);
	return client;
}

static void
note_silence(
    const struct command_line *line, bool connected, struct findings *findings)
{
	if (!connected && !client_may_ask(line->control))
		add_daemon_finding(findings, REPORT_UNKNOWN,
		    "postdane-not-asked",
		    "may not be asked: " CLIENT_MAY_NOT_ASK, line->argument[0],
		    "none needed for the name servers; what postdane answers "
		    "is not known (--no-daemon leaves it out)");
	else
		add_daemon_finding(findings, REPORT_WARNING, "postdane-silent",
		    connected ? "has not answered in the given time"
			      : "does not listen on its control socket",
		    line->argument[0],
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
    const struct command_line *line, const char *why, struct findings *findings)
{
	char text[1024], printable[800];

	log_printable(
	    printable, sizeof(printable), why, why != NULL ? strlen(why) : 0);
	snprintf(text, sizeof(text),
	    "comes to no conclusion, and Postfix defers: %s", printable);
	add_daemon_finding(findings, REPORT_CRITICAL, "postdane-temp", text,
	    line->argument[0], "have the faults mended that are named here");
}

/* Returns a new reference, or NULL if the daemon does not answer. */
static json_t *
finish_daemon(const struct command_line *line, struct client *client,
    struct findings *findings)
{
	const bool connected = client != NULL;
	json_t *reply = client_finish(client);
	const char *policy, *why;

	if (reply == NULL) {
		note_silence(line, connected, findings);
		return NULL;
	}
	policy = json_string_value(json_object_get(reply, "reply"));
	why = json_string_value(json_object_get(reply, "why"));
	if ((policy == NULL || strcmp(policy, "TEMP") == 0) &&
	    !is_consequence(findings, why))
		note_temp(line, why, findings);
	return reply;
}

/* ---- the command ---- */

static int
diagnose(const struct command_line *line, const struct conf *conf)
{
	struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	struct progress progress = { 0 };
	char name[DOMAIN_TEXT_MAX], chroot_path[PATH_MAX];
	struct diagnosis_options run = { .domain = name,
		.hints = line->root_hints != NULL ? line->root_hints
						  : conf->root_hints,
		.conf = conf,
		.resolv_conf = { line->resolv_conf, chroot_path },
		.deadline = clock_ms() + (uint64_t)line->timeout * 1000,
		.progress = progress_is_seen() ? progress_show : NULL,
		.progress_arg = &progress };
	struct client *client;
	json_t *reply = NULL;
	const char *why;
	int code = COMMAND_ERROR;

	snprintf(chroot_path, sizeof(chroot_path), "%s/etc/resolv.conf",
	    line->chroot);
	if (diagnosis == NULL ||
	    domain_from_utf8(line->argument[0], name) == -1 ||
	    !domain_is_hostname(name)) {
		fprintf(stderr,
		    "postdane: diagnose: no domain: %s (it takes no user@, "
		    "address, brackets or port)\n",
		    line->argument[0]);
		free(diagnosis);
		return COMMAND_ERROR;
	}
	client = start_daemon(line, run.deadline);
	why = diagnose_run(diagnosis, &run);
	if (why == NULL && client != NULL)
		progress_show_now(&progress, "asking postdane");
	if (why != NULL)
		client_cancel(client);
	else if (!line->no_daemon)
		reply = finish_daemon(line, client, &diagnosis->findings);
	progress_end(&progress);
	if (why != NULL)
		fprintf(stderr, "postdane: diagnose: %s: %s\n", run.hints, why);
	else
		code = report_print(diagnose_report(diagnosis, reply),
		    line->json, diagnose_text);
	json_decref(reply);
	diagnose_clear(diagnosis);
	free(diagnosis);
	return code;
}

int
command_diagnose(const struct command_line *line)
{
	const char *config = line->config;
	char error[512];
	struct conf *conf;
	int code;

	if (config == NULL && access(COMMAND_CONFIG, F_OK) == 0)
		config = COMMAND_CONFIG;
	conf = conf_load(config, error, sizeof(error));
	if (conf == NULL) {
		fprintf(stderr, "postdane: %s\n", error);
		return COMMAND_ERROR;
	}
	code = control_access_leave_root(line->control) == 0
		   ? diagnose(line, conf)
		   : COMMAND_ERROR;
	conf_free(conf);
	return code;
}
