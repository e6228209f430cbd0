/*
 * acceptor.h - the connections that wait at a listening socket, a few at a
 * time: who opens many of them does not keep the loop from all others.
 */
#ifndef WIRE_ACCEPTOR_H
#define WIRE_ACCEPTOR_H

#include <stdbool.h>

struct acceptor;
struct event_base;
struct sockaddr_storage;

#define ACCEPTOR_BURST 16     /* connections, before others have their turn */
#define ACCEPTOR_PAUSE_MS 100 /* after the descriptors have run out */

/* @fd: a connection that does not block, taken over; @client: where it comes
 * from, borrowed. */
typedef void (*acceptor_cb)(
    void *arg, int fd, const struct sockaddr_storage *client);

/* Once: no more than @most of those that wait at @fd, which does not block.
 * False, with errno, where descriptors or memory have run out: who waits
 * outside would then wake the loop for ever, so there must be a pause. */
bool acceptor_take(int fd, int most, acceptor_cb accepted, void *arg);

struct acceptor_handler {
	acceptor_cb accepted;
	/* Descriptors or memory have run out: a pause begins.  Maybe somebody
	 * can go. */
	void (*no_room)(void *arg);
};

/* Begins at once.  Neither of @handler, which is borrowed, may free it.  Takes
 * over @fd, which listens and does not block, unless it returns NULL: out of
 * memory. */
struct acceptor *acceptor_new(struct event_base *base, int fd,
    const struct acceptor_handler *handler, void *arg);
/* Closes its socket.  NULL does nothing. */
void acceptor_free(struct acceptor *acceptor);

/* Whether it takes connections from now on, or leaves them outside. */
void acceptor_open(struct acceptor *acceptor, bool open);

#endif /* WIRE_ACCEPTOR_H */
