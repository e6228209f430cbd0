/*
 * control.h - the control socket: what postdane(1) asks the daemon.
 *
 * A request is one line of JSON of at most 16 KiB, {"command": "explain",
 * "key": "example.org", "map": "query"}; the reply is one JSON object and a
 * newline, then the daemon closes.  Errors: {"error": "reason"}.
 * Commands: query (key, map), explain (key, map), status, flush (key or none:
 * {"flushed": true or false}, whether there was anything of that key), export
 * (map: {"verdicts": {key: policy}}, what is remembered).
 */
#ifndef WIRE_ADMIN_CONTROL_H
#define WIRE_ADMIN_CONTROL_H

struct control;
struct event_base;
struct privileges_user;
struct daemon_status_source;

/*
 * Listen on the unix socket @path, mode 0660, @user's (unix_socket_bind()).
 * Pointers are borrowed and must outlive it, but @path and @user; what @source
 * holds may be replaced at any time.  Returns NULL with the reason logged.
 */
struct control *control_new(struct event_base *base, const char *path,
    const struct privileges_user *user,
    const struct daemon_status_source *source);

/* Closes all connections, removes the socket.  NULL does nothing. */
void control_free(struct control *control);

#endif /* WIRE_ADMIN_CONTROL_H */
