/*
 * daemon_status.h - the state of the daemon, for postdane status and for
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

/* The sources of the numbers.  A reload replaces what the pointers point to, so
 * users borrow the structure, not its members. */
struct daemon_status_source {
	const struct conf *conf;
	struct stats *stats; /* also counts requests of the control socket */
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

/* Whether verdicts are possible at all: not without a trust path.  A reload,
 * after which the trust path must be proven again, does not count as unhealthy.
 * @why: set to one line if not healthy; valid until the loop runs again. */
bool daemon_status_is_healthy(
    const struct daemon_status_source *source, const char **why);

/* The health in one line, for systemctl status. */
void daemon_status_line(
    const struct daemon_status_source *source, char *line, size_t size);

#endif /* WIRE_ADMIN_DAEMON_STATUS_H */
