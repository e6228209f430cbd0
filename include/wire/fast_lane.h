/*
 * fast_lane.h - sockets that are served before all other work on the event
 * loop.
 *
 * One thread does two kinds of work: cached replies take a few microseconds
 * each, work on lookups up to half a millisecond at a time.  In a common queue,
 * a cached reply would wait for all lookups that are ready.  So the fast lane's
 * sockets are served first, and checked again between other callbacks, at the
 * latest when a callback that took long calls event_base_loopcontinue().  While
 * other work waits, it still gets at least a quarter of the time.
 */
#ifndef WIRE_FAST_LANE_H
#define WIRE_FAST_LANE_H

struct event_base;
struct fast_lane;

/* Embedded in its owner, which sets the first three members. */
struct fast_lane_socket {
	int fd;
	/* @what: EV_READ, EV_WRITE or both, limited to what is watched; after
	 * an error, everything that is watched.  There may be nothing to read
	 * after all.  The callback may watch and unwatch any socket. */
	void (*ready)(void *arg, short what);
	void *arg;
	short watched; /* initially 0; private to fast_lane_watch() */
};

/* An event base that checks its sockets after a number of callbacks.  The fast
 * lane also works on other event bases, but without enforcing the time shares.
 * NULL on failure. */
struct event_base *fast_lane_base_new(void);

/* Borrows @base.  NULL on failure. */
struct fast_lane *fast_lane_new(struct event_base *base);

/* No socket may be watched any more.  NULL does nothing. */
void fast_lane_free(struct fast_lane *fast_lane);

/* Report these events (EV_READ, EV_WRITE) until the next call.  0 ends it; this
 * is required before the file is closed or @socket is freed.
 * Returns 0, or -1 with errno; then nothing has changed.  With 0 for @what it
 * always succeeds. */
int fast_lane_watch(
    struct fast_lane *fast_lane, struct fast_lane_socket *socket, short what);

#endif /* WIRE_FAST_LANE_H */
