/*
 * session.h - one client connection of one protocol: requests in, replies
 * out, in order, one at a time.
 *
 * Between requests a session waits for ever; only a request that began to
 * arrive has a time limit.
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

/* What all sessions of a listener share; borrowed by each, must outlive it. */
struct session_options {
	struct event_base *base;
	struct fast_lane *fast_lane;
	struct policy_service *service;
	struct stats *stats;
	const struct protocol *protocol;
	const char *map; /* used where the protocol has no names; NULL */
	unsigned request_timeout; /* seconds */
	/* The session ends and frees itself; @cookie is session_new()'s. */
	void (*on_close)(void *arg, void *cookie);
	/* A request began or was answered: the session goes to the end of the
	 * line of those that may be closed to make room. */
	void (*on_use)(void *arg, void *cookie);
	void *arg;
};

/* Takes over @fd, a connected non-blocking socket; closes it at the end, and
 * on failure.  @peer: who is there; not kept.  Returns NULL when out of
 * memory. */
struct session *session_new(const struct session_options *options, int fd,
    const struct peer *peer, void *cookie);

/* True while no request is being answered: the session may be closed to make
 * room.  One whose request is still arriving counts as idle, or clients that
 * never finish theirs could keep all others out. */
bool session_is_idle(const struct session *session);

/* No new requests: the session closes as soon as it is idle, which may be
 * before this returns. */
void session_drain(struct session *session);

/* Whoever waits for an answer gets TEMP and @why instead, as far as the socket
 * takes it.  Only session_free() may follow. */
void session_tell_temp(struct session *session, const char *why);

/* Close now; on_close is not called. NULL does nothing. */
void session_free(struct session *session);

#endif /* WIRE_TABLE_SESSION_H */
