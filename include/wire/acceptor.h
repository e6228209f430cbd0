/*
 * acceptor.h - accepts connections from a listening socket, a few at a time, so
 * that a client that opens many does not block the event loop.
 */
#ifndef WIRE_ACCEPTOR_H
#define WIRE_ACCEPTOR_H

#include <stdbool.h>

struct acceptor;
struct event_base;
struct sockaddr_storage;

#define ACCEPTOR_BURST 16     /* connections, before other events are served */
#define ACCEPTOR_PAUSE_MS 100 /* pause after running out of descriptors */

/* @fd: a non-blocking connection; the callee owns it.  @client: its address,
 * borrowed. */
typedef void (*acceptor_cb)(
    void *arg, int fd, const struct sockaddr_storage *client);

/* Accept at most @most waiting connections from @fd, which is non-blocking.
 * Returns false, with errno, when out of descriptors or memory.  Then the
 * caller must pause, because the waiting connections would wake the loop again
 * and again. */
bool acceptor_take(int fd, int most, acceptor_cb accepted, void *arg);

struct acceptor_handler {
	acceptor_cb accepted;
	/* Out of descriptors or memory: a pause begins.  The callee may close a
	 * connection to make room. */
	void (*no_room)(void *arg);
};

/* Starts accepting.  @handler is borrowed; its callbacks must not free the
 * acceptor.  Takes over @fd, a non-blocking listening socket, unless it returns
 * NULL: out of memory. */
struct acceptor *acceptor_new(struct event_base *base, int fd,
    const struct acceptor_handler *handler, void *arg);
/* Closes the listening socket.  NULL does nothing. */
void acceptor_free(struct acceptor *acceptor);

/* Whether to accept connections from now on, or leave them in the backlog. */
void acceptor_open(struct acceptor *acceptor, bool open);

#endif /* WIRE_ACCEPTOR_H */
