/*
 * visitors.h - a server for those who come, ask once, get an answer and go.
 *
 * Each has VISITOR_SECONDS to ask, from the connection to the last octet, and
 * as long again to fetch the answer once it is there.  No more than
 * VISITORS_MAX are inside; for one more, or where descriptors run out, the
 * oldest goes for whom nothing is being worked on.  If there is none, those
 * outside wait.
 */
#ifndef WIRE_VISITORS_H
#define WIRE_VISITORS_H

#include <stddef.h>

struct evbuffer;
struct event_base;
struct visitor;
struct visitors;

#define VISITOR_SECONDS 10
#define VISITORS_MAX 64

struct visitor_protocol {
	size_t size; /* octets of its own for each visitor, zero first */
	/*
	 * More has come; @in holds what was not taken out of it before.  To
	 * wait for more, return; else, and when it is too long, call one of
	 * visitor_work(), visitor_done() and visitor_leave(), once.  @arg: of
	 * visitors_new().
	 */
	void (*read)(
	    struct visitor *visitor, void *own, struct evbuffer *in, void *arg);
	/* Goes now: what is being worked on for him must end, and tells
	 * nothing more.  May be NULL. */
	void (*gone)(void *own);
};

/* Pointers are borrowed.  NULL when out of memory. */
struct visitors *visitors_new(struct event_base *base,
    const struct visitor_protocol *protocol, void *arg);
/* All go; NULL does nothing. */
void visitors_free(struct visitors *visitors);

/* At one more stream socket, which is bound and does not block.  Takes over
 * @fd, and closes it where it fails.  Returns 0, or -1 with errno set. */
int visitors_listen(struct visitors *visitors, int fd);

/* The request is whole and the answer will come, however long it takes: no
 * more is read, visitor_done() will be called. */
void visitor_work(struct visitor *visitor);
/* The answer, to be filled; borrowed. */
struct evbuffer *visitor_answer(struct visitor *visitor);
/* The answer is whole; goes when it has left. */
void visitor_done(struct visitor *visitor);
/* Goes at once, @visitor and its own are freed. */
void visitor_leave(struct visitor *visitor);

#endif /* WIRE_VISITORS_H */
