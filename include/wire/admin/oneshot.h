/*
 * oneshot.h - a server for those who come, ask once, get an answer and go.
 *
 * Each has ONESHOT_SECONDS to ask, from the connection to the last octet, and
 * as long again to fetch the answer once it is there.  No more than
 * ONESHOT_MAX are inside; for one more, or where descriptors run out, the
 * oldest goes for whom nothing is being worked on.  If there is none, those
 * outside wait.
 */
#ifndef WIRE_ADMIN_ONESHOT_H
#define WIRE_ADMIN_ONESHOT_H

#include <stddef.h>

struct evbuffer;
struct event_base;
struct oneshot_client;
struct oneshot;

#define ONESHOT_SECONDS 10
#define ONESHOT_MAX 64

struct oneshot_protocol {
	size_t size; /* octets of its own for each visitor, zero first */
	/*
	 * More has come; @in holds what was not taken out of it before.  To
	 * wait for more, return; else, and when it is too long, call one of
	 * oneshot_work(), oneshot_done() and oneshot_leave(), once.  @arg: of
	 * oneshot_new().
	 */
	void (*read)(struct oneshot_client *caller, void *own,
	    struct evbuffer *in, void *arg);
	/* Goes now: what is being worked on for him must end, and tells
	 * nothing more.  May be NULL. */
	void (*gone)(void *own);
};

/* Pointers are borrowed.  NULL when out of memory. */
struct oneshot *oneshot_new(struct event_base *base,
    const struct oneshot_protocol *protocol, void *arg);
/* All go; NULL does nothing. */
void oneshot_free(struct oneshot *oneshot);

/* At one more stream socket, which is bound and does not block.  Takes over
 * @fd, and closes it where it fails.  Returns 0, or -1 with errno set. */
int oneshot_listen(struct oneshot *oneshot, int fd);

/* The request is whole and the answer will come, however long it takes: no
 * more is read, oneshot_done() will be called. */
void oneshot_work(struct oneshot_client *caller);
/* The answer, to be filled; borrowed. */
struct evbuffer *oneshot_answer(struct oneshot_client *caller);
/* The answer is whole; goes when it has left. */
void oneshot_done(struct oneshot_client *caller);
/* Goes at once, @visitor and its own are freed. */
void oneshot_leave(struct oneshot_client *caller);

#endif /* WIRE_ADMIN_ONESHOT_H */
