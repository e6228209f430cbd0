/*
 * table_server.h - listening sockets, and the sessions that come from them.
 */
#ifndef WIRE_TABLE_TABLE_SERVER_H
#define WIRE_TABLE_TABLE_SERVER_H

#include <stddef.h>

#include "base/endpoint.h"
#include "wire/table/protocol.h"

struct event_base;
struct table_server;
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
struct table_server *table_server_new(struct event_base *base,
    struct policy_service *service, struct stats *stats,
    unsigned max_connections, unsigned request_timeout);

struct table_server_place {
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
int table_server_set(struct table_server *table_server,
    const struct table_server_place *places, size_t count);

/* From now on @service answers, also in sessions that are open and whatever
 * became of their listener; and @map (see session_options.map; borrowed until
 * the next call) and these limits hold. */
void table_server_use(struct table_server *table_server,
    struct policy_service *service, const char *map, unsigned max_connections,
    unsigned request_timeout);

/* Take over a socket that listens already (socket activation). */
int table_server_add_fd(
    struct table_server *table_server, const struct protocol *protocol, int fd);

/* Stop accepting, let sessions finish what they answer; @done comes once,
 * maybe before this returns, when the last session has gone. */
void table_server_drain(
    struct table_server *table_server, void (*done)(void *arg), void *arg);

size_t table_server_connections(const struct table_server *table_server);

/* Calls @found with every place where we listen, sockets that we were given
 * included. */
void table_server_each(const struct table_server *table_server,
    void (*found)(void *arg, const struct protocol *protocol,
	const struct endpoint *endpoint),
    void *arg);

/* Closes everything, removes our unix sockets.  NULL does nothing. */
void table_server_free(struct table_server *table_server);

#endif /* WIRE_TABLE_TABLE_SERVER_H */
