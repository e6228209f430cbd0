/*
 * metrics.h - HTTP for monitoring: GET /metrics in Prometheus' format, GET
 * /healthz for load balancers and health checks (200 "ok", or 503 with the
 * reason).
 */
#ifndef WIRE_ADMIN_METRICS_H
#define WIRE_ADMIN_METRICS_H

struct conf_endpoints;
struct event_base;
struct metrics;
struct privileges_user;
struct daemon_status_source;

/*
 * Listen at @places; with none it does nothing, which is not an error.  A unix
 * socket is owned by @user (unix_socket_bind()), with access for all.  Pointers
 * except @places and @user are borrowed and must outlive it; what @source
 * points to may be replaced at any time.  NULL with the reason logged.
 */
struct metrics *metrics_new(struct event_base *base,
    const struct conf_endpoints *places, const struct privileges_user *user,
    const struct daemon_status_source *source);

/* Removes the unix sockets.  NULL does nothing. */
void metrics_free(struct metrics *metrics);

#endif /* WIRE_ADMIN_METRICS_H */
