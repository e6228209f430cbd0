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
struct privileges_user;
struct stats;

/*
 * @max_connections: over all listeners; beyond it one makes room, of the peer
 * that has most: the session that has been idle longest, and where none of
 * these is idle the one that has waited longest for its answer: it gets TEMP
 * instead.
 * Pointers are borrowed and must outlive the listeners.  NULL on failure.
 */
struct listeners *listeners_new(struct event_base *base,
    struct policy_service *service, struct stats *stats,
    unsigned max_connections, unsigned request_timeout);

struct listener_place {
	const struct protocol *protocol;
	const struct endpoint *endpoint;
	const struct endpoint_rights *rights; /* of a unix socket */
	const struct privileges_user *user;   /* see unix_socket_bind() */
};

/*
 * Bind and listen at these places and no others.  Where we listen already
 * nothing changes; at places that are no longer named only accepting ends, the
 * sessions that came from there go on.  A stale unix socket (nobody listens)
 * is replaced.
 * Returns 0; or -1 with the reason logged, and then nothing has changed.
 */
int listeners_set(struct listeners *listeners,
    const struct listener_place *places, size_t count);

/* From now on @service answers, also in sessions that are open and whatever
 * became of their listener; and @map (see session_options.map; borrowed until
 * the next call) and these limits hold. */
void listeners_use(struct listeners *listeners, struct policy_service *service,
    const char *map, unsigned max_connections, unsigned request_timeout);

/* Take over a socket that listens already (socket activation). */
int listeners_add_fd(
    struct listeners *listeners, const struct protocol *protocol, int fd);

/* Stop accepting, let sessions finish what they answer; @done comes once,
 * maybe before this returns, when the last session has gone. */
void listeners_drain(
    struct listeners *listeners, void (*done)(void *arg), void *arg);

size_t listeners_connections(const struct listeners *listeners);

/* Calls @found with every place where we listen, sockets that we were given
 * included. */
void listeners_each(const struct listeners *listeners,
    void (*found)(void *arg, const struct protocol *protocol,
	const struct endpoint *endpoint),
    void *arg);

/* Closes everything, removes our unix sockets.  NULL does nothing. */
void listeners_free(struct listeners *listeners);

#endif /* WIRE_LISTENER_H */
