/*
 * systemd.h - what systemd hands us: listening sockets (sd_listen_fds(3)) and
 * a watchdog to be fed (sd_watchdog_enabled(3)).  Without systemd all of this
 * does nothing.
 */
#ifndef PROCESS_SYSTEMD_H
#define PROCESS_SYSTEMD_H

struct event;
struct event_base;

/* @name: the socket unit's FileDescriptorName; borrowed.  The callee takes
 * over @fd and returns 0, or -1 to stop. */
typedef int (*systemd_socket_cb)(void *arg, const char *name, int fd);

/*
 * Hand out every socket that was passed to this process.  Once only: the
 * environment forgets them.  Returns 0, or -1 where a callback did or they
 * can't be had, which is logged.
 */
int systemd_sockets(systemd_socket_cb cb, void *arg);

/*
 * Feed the watchdog as long as the loop turns.  Returns an event to be freed
 * with event_free(), or NULL where no watchdog is wanted.
 */
struct event *systemd_watchdog(struct event_base *base);

#endif /* PROCESS_SYSTEMD_H */
