/*
 * check_report.h - judges what postdane check found, and prints it.
 *
 * The report, also printed by "postdane check --json":
 * {
 *   "key", "domain", "reply": as in policy/evidence_json.h,
 *   "at": "2026-12-24T12:00:00Z", the time to validate certificates for,
 *   "status": "OK" | "WARNING" | "CRITICAL" | "UNKNOWN", "code": 0 to 3,
 *   "summary": one line,
 *   "findings": [{"severity": "critical" | "warning" | "note", "text"} …],
 *   "hosts": [{"name", "status", "tlsa_base",
 *              "addresses": [{"address", "probes": [PROBE …]} …]} …]
 * }
 * PROBE: {"asked": "RSA" | "ECDSA" | "any", "status", "why", "key", "protocol",
 *         "expires", "chain_expires", "authenticated", "verdict",
 *         "records": [{"record", "matched", "depth", "why", "rollover"} …]}
 * Fields that do not apply are omitted.
 */
#ifndef COMMAND_CHECK_CHECK_REPORT_H
#define COMMAND_CHECK_CHECK_REPORT_H

#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "command/check/destination.h"
#include "command/check/tls_probe.h"

#define CHECK_PROBES_MAX 3

struct check_probe {
	enum tls_probe_key asked;
	struct tls_probe_result result;
};

struct check_address {
	const struct endpoint *endpoint;
	struct check_probe probe[CHECK_PROBES_MAX];
	size_t probe_count; /* 0: no time was left */
};

struct check_host {
	const struct destination_host *host;
	struct check_address *address; /* as many as host->address */
};

struct check {
	const char *key;
	const struct destination *destination;
	struct check_host *host; /* as many as destination->host */
	time_t now, at;
};

/* Returns a new reference, or NULL when out of memory. */
json_t *check_report(const struct check *check);

/* Print the report for people, but for the first line. */
void check_text(const json_t *report, FILE *out);

#endif /* COMMAND_CHECK_CHECK_REPORT_H */
