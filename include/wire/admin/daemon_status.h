/*
 * daemon_status.h - how the daemon fares, for postdane status and for
 * Prometheus.
 */
#ifndef WIRE_ADMIN_DAEMON_STATUS_H
#define WIRE_ADMIN_DAEMON_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct conf;
struct dns_server;
struct evbuffer;
struct table_server;
struct policy_service;
struct resolver;
struct stats;

/* Where the numbers come from.  A reload replaces what the pointers point to,
 * so that whoever shows them borrows the structure, not its content. */
struct daemon_status_source {
	const struct conf *conf;
	struct stats *stats; /* which questions of the control socket add to */
	const struct table_server *table_server;
	const struct dns_server *dns;
	struct resolver *resolver;
	struct policy_service *service;
	uint64_t started; /* clock_ms() */
	bool was_healthy; /* before the last reload; false before the first */
};

/* A new reference; NULL when out of memory. */
json_t *daemon_status_json(const struct daemon_status_source *source);

/* Prometheus' text format, version 0.0.4, appended to @out. */
void daemon_status_prometheus(
    const struct daemon_status_source *source, struct evbuffer *out);

/* Whether verdicts can be had at all: not without a trust path.  A reload,
 * after which it has yet to be proven anew, is no reason for alarm.  @why: set
 * to one line where it is not so; valid until the loop runs again. */
bool daemon_status_is_healthy(
    const struct daemon_status_source *source, const char **why);

/* The same in one line, for systemctl status. */
void daemon_status_line(
    const struct daemon_status_source *source, char *line, size_t size);

#endif /* WIRE_ADMIN_DAEMON_STATUS_H */
