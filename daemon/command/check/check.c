/* check.c - postdane check: compares the certificates of a domain's servers
 * with its TLSA records. */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/domain.h"
#include "command/check/check_report.h"
#include "command/client.h"
#include "command/command.h"
#include "command/progress.h"
#include "command/report.h"

#define PROBE_SECONDS 15 /* for one connection */

struct work {
	const struct command_line *line;
	const char *key;
	uint64_t deadline; /* clock_ms() */
	struct progress progress;
};

/* ---- probing ---- */

static bool
out_of_time(const struct work *work)
{
	return clock_ms() >= work->deadline;
}

/* "mx.example.org, [192.0.2.25]:25, RSA" */
static void
show_probe(struct work *work, const struct tls_probe_target *target,
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
	progress_show_now(&work->progress, text);
}

/* Returns the status of the result. */
static enum tls_probe_status
probe_once(struct work *work, const struct tls_probe_target *target,
    enum tls_probe_key key, struct check_address *address)
{
	struct check_probe *probe = &address->probe[address->probe_count++];
	uint64_t deadline = clock_ms() + PROBE_SECONDS * 1000;

	if (deadline > work->deadline)
		deadline = work->deadline;
	probe->asked = key;
	show_probe(work, target, address, key);
	tls_probe_run(target, key, deadline, &probe->result);
	return probe->result.status;
}

/* Tests RSA and ECDSA separately: one certificate may match while the other
 * does not. */
static void
probe_address(struct work *work, const struct tls_probe_target *target,
    struct check_address *address)
{
	enum tls_probe_status rsa, ecdsa;

	if (out_of_time(work))
		return;
	if (target->base == NULL) {
		probe_once(work, target, TLS_PROBE_KEY_ANY, address);
		return;
	}
	rsa = probe_once(work, target, TLS_PROBE_KEY_RSA, address);
	if (rsa < TLS_PROBE_NO_KEY || out_of_time(work))
		return;
	ecdsa = probe_once(work, target, TLS_PROBE_KEY_ECDSA, address);
	if (rsa == TLS_PROBE_NO_KEY && ecdsa == TLS_PROBE_NO_KEY)
		probe_once(work, target, TLS_PROBE_KEY_ANY, address);
}

static int
probe_host(struct work *work, const struct destination *destination,
    const struct destination_host *host, struct check_host *to)
{
	struct tls_probe_target target = { .base = host->base,
		.name = destination->name,
		.name_count = destination->name_count,
		.tlsa = host->tlsa,
		.tlsa_count = host->tlsa_count,
		.at = work->line->at };

	to->host = host;
	to->address = calloc(host->address_count + 1, sizeof(*to->address));
	if (to->address == NULL)
		return -1;
	for (size_t i = 0; i < host->address_count; i++) {
		to->address[i].endpoint = &host->address[i];
		target.address = host->address[i];
		probe_address(work, &target, &to->address[i]);
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
check_destination(struct work *work, const struct destination *destination)
{
	struct check check = { .key = work->key,
		.destination = destination,
		.now = work->line->now,
		.at = work->line->at };
	json_t *report = NULL;
	size_t i = 0;

	check.host = calloc(destination->host_count + 1, sizeof(*check.host));
	if (check.host == NULL)
		return NULL;
	while (i < destination->host_count &&
	       probe_host(work, destination, &destination->host[i],
		   &check.host[i]) == 0)
		i++;
	if (i == destination->host_count)
		report = check_report(&check);
	check_clear(&check);
	return report;
}

/* ---- the daemon ---- */

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
resolve(struct work *work, json_t **explanation)
{
	struct destination *destination = NULL;

	for (int tries = 0; tries < 2; tries++) {
		destination_free(destination);
		json_decref(*explanation);
		*explanation = client_call(
		    work->line->control, "explain", work->key, NULL);
		if (*explanation == NULL)
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
run(struct work *work)
{
	json_t *explanation = NULL, *report = NULL;
	struct destination *destination;
	int code = report_level(REPORT_UNKNOWN)->code;

	progress_show_now(&work->progress, "asking postdane");
	destination = resolve(work, &explanation);
	if (destination != NULL)
		report = check_destination(work, destination);
	progress_end(&work->progress);
	if (destination != NULL)
		code = report_print(report, work->line->json, check_text);
	destination_free(destination);
	json_decref(explanation);
	return code;
}

int
command_check(const struct command_line *line)
{
	struct work work = { .line = line,
		.key = line->argument[0],
		.deadline = clock_ms() + line->timeout * 1000U };

	signal(SIGPIPE, SIG_IGN);
	return run(&work);
}
