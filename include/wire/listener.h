/*
 * listener.h - listening sockets, and the sessions that come from them.
 */
#ifndef WIRE_LISTENER_H
#define WIRE_LISTENER_H

#include <stddef.h>

#include "base/endpoint.h"
#include "wire/protocol.h"

struct event_base;
struct listeners;
struct policy_service;

/*
 * @max_connections: over all listeners; beyond it the session that has been
 * idle longest makes room, and where none is idle the newcomer is refused.
 * Pointers are borrowed and must outlive the listeners.  NULL on failure.
 */
struct listeners *listeners_new(struct event_base *base,
    struct policy_service *service, unsigned max_connections,
    unsigned request_timeout);

/*
 * Bind and listen.  A stale unix socket (nobody listens) is replaced; its mode
 * is 0666, because who may ask is the directory's business.
 * @map: see session_options.map; borrowed.
 * Returns 0, or -1 with the reason logged.
 */
int listeners_add(struct listeners *listeners, const struct protocol *protocol,
    const struct endpoint *endpoint, const char *map);

/* Take over a socket that listens already (socket activation). */
int listeners_add_fd(struct listeners *listeners,
    const struct protocol *protocol, int fd, const char *map);

/* Stop accepting, let sessions finish what they answer; @done comes once,
 * maybe before this returns, when the last session has gone. */
void listeners_drain(
    struct listeners *listeners, void (*done)(void *arg), void *arg);

size_t listeners_connections(const struct listeners *listeners);

/* Closes everything, removes our unix sockets.  NULL does nothing. */
void listeners_free(struct listeners *listeners);

#endif /* WIRE_LISTENER_H */
