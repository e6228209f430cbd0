/*
 * session.h - one client connection of one protocol: requests are answered in
 * order, one at a time.
 *
 * Between requests a session may be idle for ever.  The time limit applies only
 * to a request that has begun to arrive.
 */
#ifndef WIRE_TABLE_SESSION_H
#define WIRE_TABLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/table/protocol.h"

struct event_base;
struct peer;
struct policy_service;
struct fast_lane;
struct session;
struct stats;

/* Common to all sessions of a listener; borrowed, must outlive them. */
struct session_options {
	struct event_base *base;
	struct fast_lane *fast_lane;
	struct policy_service *service;
	struct stats *stats;
	const struct protocol *protocol;
	const char *map;          /* if the protocol has no names; or NULL */
	unsigned request_timeout; /* seconds */
	/* The session ends and frees itself; @cookie is from session_new(). */
	void (*on_close)(void *arg, void *cookie);
	/* A request has begun or was answered: the session becomes the last one
	 * to be closed to make room. */
	void (*on_use)(void *arg, void *cookie);
	void *arg;
};

/* Takes over @fd, a connected non-blocking socket, and closes it at the end and
 * on failure.  @peer: the client; not kept.  Returns NULL when out of
 * memory. */
struct session *session_new(const struct session_options *options, int fd,
    const struct peer *peer, void *cookie);

/* True while no request is being answered: the session may be closed to make
 * room.  A session with an incomplete request counts as idle; otherwise clients
 * that never complete theirs could keep others out. */
bool session_is_idle(const struct session *session);

/* Accept no new requests: the session closes as soon as it is idle, maybe
 * before this returns. */
void session_drain(struct session *session);

/* Reply TEMP and @why to the request being answered, if the socket accepts it.
 * Only session_free() may follow. */
void session_tell_temp(struct session *session, const char *why);

/* Close now, without calling on_close.  NULL does nothing. */
void session_free(struct session *session);

#endif /* WIRE_TABLE_SESSION_H */
