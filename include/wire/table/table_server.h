/*
 * table_server.h - listening sockets and their sessions.
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
 * @max_connections: in total over all listeners.  Beyond it, the peer with most
 * sessions loses one: the longest idle; if none of them is idle, the one that
 * has waited longest for its reply, which gets TEMP.
 * Pointers are borrowed and must outlive the server.  NULL on failure.
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
 * Bind and listen at these places and no others.  Existing places do not
 * change.  Places that are no longer listed stop accepting, but their sessions
 * go on.  A stale unix socket (without a listener) is replaced.
 * Returns 0; or -1 with the reason logged, and then nothing has changed.
 */
int table_server_set(struct table_server *table_server,
    const struct table_server_place *places, size_t count);

/* From now on requests are answered by @service, also in sessions that are
 * open, even if their listener is closed.  @map (see session_options.map;
 * borrowed until the next call) and the limits apply likewise. */
void table_server_use(struct table_server *table_server,
    struct policy_service *service, const char *map, unsigned max_connections,
    unsigned request_timeout);

/* Take over a listening socket (socket activation). */
int table_server_add_fd(
    struct table_server *table_server, const struct protocol *protocol, int fd);

/* Stop accepting; sessions finish the requests they are answering.  @done is
 * called once, maybe before this returns, when the last session has closed. */
void table_server_drain(
    struct table_server *table_server, void (*done)(void *arg), void *arg);

size_t table_server_connections(const struct table_server *table_server);

/* Calls @found for every place where we listen, including inherited sockets. */
void table_server_each(const struct table_server *table_server,
    void (*found)(void *arg, const struct protocol *protocol,
	const struct endpoint *endpoint),
    void *arg);

/* Closes everything, removes our unix sockets.  NULL does nothing. */
void table_server_free(struct table_server *table_server);

#endif /* WIRE_TABLE_TABLE_SERVER_H */
