/*
 * oneshot.h - a server for one-shot clients: one request and one reply per
 * connection.
 *
 * A client has ONESHOT_SECONDS from connecting to send its complete request,
 * and the same again to read the complete reply.  At most ONESHOT_MAX clients
 * are connected.  For another one, or when out of descriptors, the oldest
 * client that is not waiting for a reply is closed.  If there is none, new
 * connections wait in the backlog.
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
	size_t size; /* octets of protocol data per client, initially zero */
	/*
	 * More data has arrived.  @in also has what was not consumed before.
	 * To wait for more, return.  Otherwise, and if the request is too long,
	 * call one of oneshot_work(), oneshot_done() and oneshot_leave(), once.
	 * @arg: from oneshot_new().
	 */
	void (*read)(struct oneshot_client *caller, void *own,
	    struct evbuffer *in, void *arg);
	/* The client is being closed: any work for it must be cancelled,
	 * without further calls.  May be NULL. */
	void (*gone)(void *own);
};

/* Pointers are borrowed.  NULL when out of memory. */
struct oneshot *oneshot_new(struct event_base *base,
    const struct oneshot_protocol *protocol, void *arg);
/* Closes all clients.  NULL does nothing. */
void oneshot_free(struct oneshot *oneshot);

/* Listen on one more stream socket, bound and non-blocking.  Takes over @fd,
 * also on failure, when it closes it.  Returns 0, or -1 with errno set. */
int oneshot_listen(struct oneshot *oneshot, int fd);

/* The request is complete and is being processed, without a time limit.
 * Nothing more is read, and oneshot_done() must follow. */
void oneshot_work(struct oneshot_client *caller);
/* The reply buffer, to be filled; borrowed. */
struct evbuffer *oneshot_answer(struct oneshot_client *caller);
/* The reply is complete; the client is closed when it is sent. */
void oneshot_done(struct oneshot_client *caller);
/* Close the client now; @caller and its protocol data are freed. */
void oneshot_leave(struct oneshot_client *caller);

#endif /* WIRE_ADMIN_ONESHOT_H */
