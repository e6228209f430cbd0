/*
 * control.h - the control socket, for postdane(1).
 *
 * A request is one line of JSON of at most 16 KiB, {"command": "explain",
 * "key": "example.org", "map": "query"}.  The reply is one JSON object and a
 * newline; then the daemon closes the connection.  Errors: {"error": "reason"}.
 *
 * Commands:
 *   query (key, map), explain (key, map), status
 *   flush (optional key): {"flushed": true or false}, whether anything was
 *     cached for the key
 *   export (map): {"verdicts": {key: policy}}, from the cache
 */
#ifndef WIRE_ADMIN_CONTROL_H
#define WIRE_ADMIN_CONTROL_H

struct control;
struct event_base;
struct privileges_user;
struct daemon_status_source;

/*
 * Listen on the unix socket @path, mode 0660, owned by @user
 * (unix_socket_bind()).  Pointers except @path and @user are borrowed and must
 * outlive it; what @source points to may be replaced at any time.  Returns NULL
 * with the reason logged.
 */
struct control *control_new(struct event_base *base, const char *path,
    const struct privileges_user *user,
    const struct daemon_status_source *source);

/* Closes all connections, removes the socket.  NULL does nothing. */
void control_free(struct control *control);

#endif /* WIRE_ADMIN_CONTROL_H */
