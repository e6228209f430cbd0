/*
 * doctor_rules.h - whether Postfix will honour the verdicts, judged by what
 * was found out about both.  Pure: no I/O.
 *
 * The report, which is also what "postdane doctor --json" prints:
 * {
 *   "status": "OK" | "WARNING" | "CRITICAL", "code": 0 to 2,
 *   "summary": one line,
 *   "findings": [{"id": constant, "severity": "critical" | "warning" | "note",
 *                 "text": what happens, "services": ["smtp/unix" …],
 *                 "changes": [{"file", "line"} …]} …]
 * }
 */
#ifndef COMMAND_DOCTOR_RULES_H
#define COMMAND_DOCTOR_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "command/policy_map.h"
#include "command/postfix_config.h"
#include "command/resolver_probe.h"

/* The exit codes of monitoring plugins. */
enum doctor_code { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_CRITICAL, DOCTOR_UNKNOWN };

/* Texts are borrowed. */
struct doctor_map {
	struct policy_map map;
	bool is_ours; /* as far as we can tell */
	struct policy_map_answer answer;
	/* the options of its profile; NULL where unknown */
	const char *no_dane, *insecure_mx, *dane_only, *carry;
};

struct doctor_server {
	bool understood;  /* an address that we can ask */
	bool is_loopback; /* nobody between us and it */
	bool is_ours;     /* postdane's own listener */
	struct resolver_probe probe;
};

/* A resolv.conf of Postfix's processes. */
struct doctor_view {
	const char *path; /* as the administrator knows it; NULL: unused */
	bool exists;
	struct resolv_conf conf; /* 127.0.0.1 where it names none */
	bool is_default;         /* it named none */
	struct doctor_server server[RESOLV_CONF_SERVERS_MAX];
	size_t stale; /* processes that have read an older one */
};

struct doctor_service {
	const struct postfix_service *config;
	struct doctor_map *map;
	size_t map_count;
};

struct doctor_facts {
	const struct doctor_service *service;
	size_t service_count;
	struct doctor_view outside, inside; /* the chroot */
	const char *daemon_why; /* why postdaned can't be asked; NULL: it can */
	const char *trust, *trust_why; /* as wire/status.h has them */
	const char *table;             /* what main.cf should name */
	const char *dns_listen;        /* postdane's own resolver; NULL: none */
};

/* A new reference, or NULL when out of memory. */
json_t *doctor_report(const struct doctor_facts *facts);

#endif /* COMMAND_DOCTOR_RULES_H */
