/*
 * systemd.h - what systemd passes to the daemon: listening sockets
 * (sd_listen_fds(3)) and a watchdog that expects notifications
 * (sd_watchdog_enabled(3)).  Without systemd, all functions do nothing.
 */
#ifndef PROCESS_SYSTEMD_H
#define PROCESS_SYSTEMD_H

struct event;
struct event_base;

/* @name: the socket unit's FileDescriptorName; borrowed.  The callee takes
 * ownership of @fd.  Returns 0, or -1 to stop. */
typedef int (*systemd_socket_cb)(void *arg, const char *name, int fd);

/*
 * Call @cb for every socket that was passed to this process.  Works only once,
 * because it removes them from the environment.  Returns 0, or -1 if a callback
 * did or the sockets can't be retrieved, which is logged.
 */
int systemd_sockets(systemd_socket_cb cb, void *arg);

/*
 * Notify the watchdog as long as the event loop runs.  Returns an event, to be
 * freed with event_free(), or NULL if no watchdog is configured.
 */
struct event *systemd_watchdog(struct event_base *base);

#endif /* PROCESS_SYSTEMD_H */
