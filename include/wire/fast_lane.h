/*
 * fast_lane.h - sockets that are served before all other work on the loop.
 *
 * One thread does two kinds of work: replies that are known already take a few
 * microseconds each, and what lookups need takes up to half a millisecond each
 * time.  In one line with the others, a known reply would wait for all lookups
 * that happen to be ready.  So the sockets in here come first, and are looked
 * at again in the midst of other work, at the latest when a piece of it that
 * has taken long calls event_base_loopcontinue(); but as long as such work
 * waits, it gets at least a quarter of the time.
 */
#ifndef WIRE_FAST_LANE_H
#define WIRE_FAST_LANE_H

struct event_base;
struct fast_lane;

/* Embedded in its owner, who sets the first three. */
struct fast_lane_socket {
	int fd;
	/* @what: EV_READ, EV_WRITE or both, of what is watched; after an error
	 * all of it.  There may be nothing to read after all.  May watch and
	 * unwatch any socket. */
	void (*ready)(void *arg, short what);
	void *arg;
	short watched; /* 0 at first; fast_lane_watch()'s */
};

/* A loop that looks at its sockets after some callbacks.  On another one a
 * prompt works too, but nobody is held to their share.  NULL on failure. */
struct event_base *fast_lane_base_new(void);

/* Borrows @base.  NULL on failure. */
struct fast_lane *fast_lane_new(struct event_base *base);

/* Nothing may be watched any more.  NULL does nothing. */
void fast_lane_free(struct fast_lane *fast_lane);

/* From now on, and until it is called again, tell of this (EV_READ, EV_WRITE);
 * 0 ends it, which must be before the file is closed or @socket is freed.
 * Returns 0, or -1 with errno, and then nothing has changed; 0 for @what always
 * works. */
int fast_lane_watch(
    struct fast_lane *fast_lane, struct fast_lane_socket *socket, short what);

#endif /* WIRE_FAST_LANE_H */
