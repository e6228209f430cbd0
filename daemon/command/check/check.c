/* check.c - postdane check: compares the certificates of a domain's servers
 * with its TLSA records. */

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/domain.h"
#include "command/check/check_report.h"
#include "command/check/check_text.h"
#include "command/client.h"
#include "command/command.h"
#include "command/progress.h"

#define TIMEOUT_SECONDS 60 /* for all addresses */
#define PROBE_SECONDS 15   /* for one connection */

struct options {
	struct control_access *control;
	const char *key;
	time_t now, at;
	uint64_t deadline; /* clock_ms() */
	bool as_json;
	struct progress *progress;
};

/* ---- options ---- */

static time_t
unit_seconds(char unit)
{
	switch (unit) {
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/* "+30d", "+12h", "+2w" or "2026-12-24".  Returns 0, or -1. */
static int
parse_at(const char *text, time_t now, time_t *at)
{
	struct tm tm = { 0 };
	const char *rest;
	char *end;
	long count;

	if (text[0] != '+') {
		rest = strptime(text, "%Y-%m-%d", &tm);
		if (rest == NULL || *rest != '\0')
			return -1;
		*at = timegm(&tm);
		return 0;
	}
	count = strtol(text + 1, &end, 10);
	if (end == text + 1 || count < 0 || count > 100000 ||
	    unit_seconds(*end) == 0 || end[1] != '\0')
		return -1;
	*at = now + count * unit_seconds(*end);
	return 0;
}

/* Returns 0, or -1. */
static int
parse_timeout(const char *text, uint64_t *deadline)
{
	char *end;
	const unsigned long seconds = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || seconds == 0 ||
	    seconds > 3600)
		return -1;
	*deadline = clock_ms() + seconds * 1000;
	return 0;
}

static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "at", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int option, bad = 0;

	while (bad == 0 && (option = getopt_long(argc, argv,
				"a:jt:", long_options, NULL)) != -1) {
		if (option == 'j')
			options->as_json = true;
		else if (option == 'a')
			bad = parse_at(optarg, options->now, &options->at);
		else if (option == 't')
			bad = parse_timeout(optarg, &options->deadline);
		else
			return -1;
	}
	if (bad != 0) {
		fprintf(stderr,
		    "postdane: check: not understood: %s (--at has the form "
		    "+30d, +12h, +2w or 2026-12-24, --timeout seconds)\n",
		    optarg);
		return -1;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "postdane: check takes one key\n");
		return -1;
	}
	options->key = argv[optind];
	return 0;
}

/* ---- probing ---- */

static bool
out_of_time(const struct options *options)
{
	return clock_ms() >= options->deadline;
}

/* "mx.example.org, [192.0.2.25]:25, RSA" */
static void
show_probe(const struct options *options, const struct tls_probe_target *target,
    const struct check_address *address, enum tls_probe_key key)
{
	static const char *const kinds[] = { [TLS_PROBE_KEY_ANY] = "any key",
		[TLS_PROBE_KEY_RSA] = "RSA",
		[TLS_PROBE_KEY_ECDSA] = "ECDSA" };
	char text[DOMAIN_TEXT_MAX + ENDPOINT_TEXT_MAX + 16];
	char endpoint[ENDPOINT_TEXT_MAX];

	snprintf(text, sizeof(text), "%s, %s, %s",
	    target->base != NULL ? target->base : "no TLSA",
	    endpoint_text(address->endpoint, endpoint) + strlen("inet:"),
	    kinds[key]);
	progress_show_now(options->progress, text);
}

/* Returns the status of the result. */
static enum tls_probe_status
probe_once(const struct options *options, const struct tls_probe_target *target,
    enum tls_probe_key key, struct check_address *address)
{
	struct check_probe *probe = &address->probe[address->probe_count++];
	uint64_t deadline = clock_ms() + PROBE_SECONDS * 1000;

	if (deadline > options->deadline)
		deadline = options->deadline;
	probe->asked = key;
	show_probe(options, target, address, key);
	tls_probe_run(target, key, deadline, &probe->result);
	return probe->result.status;
}

/* Tests RSA and ECDSA separately: one certificate may match while the other
 * does not. */
static void
probe_address(const struct options *options,
    const struct tls_probe_target *target, struct check_address *address)
{
	enum tls_probe_status rsa, ecdsa;

	if (out_of_time(options))
		return;
	if (target->base == NULL) {
		probe_once(options, target, TLS_PROBE_KEY_ANY, address);
		return;
	}
	rsa = probe_once(options, target, TLS_PROBE_KEY_RSA, address);
	if (rsa < TLS_PROBE_NO_KEY || out_of_time(options))
		return;
	ecdsa = probe_once(options, target, TLS_PROBE_KEY_ECDSA, address);
	if (rsa == TLS_PROBE_NO_KEY && ecdsa == TLS_PROBE_NO_KEY)
		probe_once(options, target, TLS_PROBE_KEY_ANY, address);
}

static int
probe_host(const struct options *options, const struct destination *destination,
    const struct destination_host *host, struct check_host *to)
{
	struct tls_probe_target target = { .base = host->base,
		.name = destination->name,
		.name_count = destination->name_count,
		.tlsa = host->tlsa,
		.tlsa_count = host->tlsa_count,
		.at = options->at };

	to->host = host;
	to->address = calloc(host->address_count + 1, sizeof(*to->address));
	if (to->address == NULL)
		return -1;
	for (size_t i = 0; i < host->address_count; i++) {
		to->address[i].endpoint = &host->address[i];
		target.address = host->address[i];
		probe_address(options, &target, &to->address[i]);
	}
	return 0;
}

static void
check_clear(struct check *check)
{
	for (size_t i = 0;
	     check->host != NULL && i < check->destination->host_count; i++) {
		struct check_host *host = &check->host[i];

		for (size_t a = 0;
		     host->address != NULL && a < host->host->address_count;
		     a++)
			for (size_t p = 0; p < host->address[a].probe_count;
			     p++)
				tls_probe_result_clear(
				    &host->address[a].probe[p].result);
		free(host->address);
	}
	free(check->host);
}

/* Returns a report, or NULL when out of memory. */
static json_t *
check_destination(
    const struct options *options, const struct destination *destination)
{
	struct check check = { .key = options->key,
		.destination = destination,
		.now = options->now,
		.at = options->at };
	json_t *report = NULL;
	size_t i = 0;

	check.host = calloc(destination->host_count + 1, sizeof(*check.host));
	if (check.host == NULL)
		return NULL;
	while (i < destination->host_count &&
	       probe_host(options, destination, &destination->host[i],
		   &check.host[i]) == 0)
		i++;
	if (i == destination->host_count)
		report = check_report(&check);
	check_clear(&check);
	return report;
}

/* ---- the daemon ---- */

static json_t *
explain(const struct options *options)
{
	json_t *request = client_request("explain", options->key, NULL);
	json_t *reply = NULL;

	if (request != NULL)
		reply = client_ask(options->control, request);
	json_decref(request);
	return reply;
}

static bool
knows_addresses(const struct destination *destination)
{
	for (size_t i = 0; i < destination->host_count; i++)
		if (!destination->host[i].a_known ||
		    !destination->host[i].aaaa_known)
			return false;
	return true;
}

/*
 * Resolves through the daemon.  The daemon does not wait for the second address
 * family if the first is enough for its verdict.  So it may have to be asked a
 * second time.
 * Returns NULL with a line on stderr.
 */
static struct destination *
resolve(const struct options *options, json_t **explanation)
{
	struct destination *destination = NULL;

	for (int tries = 0; tries < 2; tries++) {
		destination_free(destination);
		json_decref(*explanation);
		if ((*explanation = explain(options)) == NULL)
			return NULL;
		if ((destination = destination_new(*explanation)) == NULL) {
			fprintf(stderr, "postdane: out of memory\n");
			return NULL;
		}
		if (knows_addresses(destination))
			break;
	}
	return destination;
}

static int
run(const struct options *options)
{
	json_t *explanation = NULL, *report = NULL;
	struct destination *destination;
	int code = CHECK_UNKNOWN;

	progress_show_now(options->progress, "asking postdane");
	destination = resolve(options, &explanation);
	if (destination != NULL &&
	    (report = check_destination(options, destination)) == NULL)
		fprintf(stderr, "postdane: out of memory\n");
	progress_end(options->progress);
	if (report != NULL) {
		code = (int)json_integer_value(json_object_get(report, "code"));
		if (options->as_json) {
			json_dumpf(report, stdout, JSON_INDENT(2));
			putchar('\n');
		} else {
			check_text(report, stdout);
		}
	}
	json_decref(report);
	destination_free(destination);
	json_decref(explanation);
	return code;
}

int
command_check(const struct command_options *command, int argc, char **argv)
{
	const time_t now = time(NULL);
	struct progress progress = { 0 };
	struct options options = { .control = command->control,
		.progress = &progress,
		.now = now,
		.at = now,
		.deadline = clock_ms() + TIMEOUT_SECONDS * 1000 };

	if (parse_options(argc, argv, &options) == -1)
		return COMMAND_USAGE;
	signal(SIGPIPE, SIG_IGN);
	return run(&options);
}
