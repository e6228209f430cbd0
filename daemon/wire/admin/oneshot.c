/* oneshot.c - a server for one-shot clients. */

#include "wire/admin/oneshot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <utlist.h>

#include "wire/acceptor.h"

#define BACKLOG 128

static const struct timeval limit = { ONESHOT_SECONDS, 0 };

struct oneshot_client {
	struct oneshot *oneshot;
	struct bufferevent *stream;
	struct event *limit;
	enum { ASKS, IS_WORKED_FOR, FETCHES } state;
	struct oneshot_client *prev, *next;
	max_align_t own[];
};

struct door {
	struct acceptor *acceptor;
	struct door *next;
};

struct oneshot {
	struct event_base *base;
	const struct oneshot_protocol *protocol;
	void *arg;
	struct door *doors;
	struct oneshot_client *oneshot; /* the oldest first */
	size_t count;
	size_t worked_for; /* clients for which work is in progress */
};

/* ---- listening sockets ---- */

static void
open_doors(struct oneshot *oneshot, bool open)
{
	struct door *door;

	LL_FOREACH (oneshot->doors, door)
		acceptor_open(door->acceptor, open);
}

static void
make_room(void *arg)
{
	struct oneshot *oneshot = arg;
	struct oneshot_client *caller;

	DL_FOREACH (oneshot->oneshot, caller)
		if (caller->state != IS_WORKED_FOR) {
			oneshot_leave(caller);
			return;
		}
}

/* ---- clients ---- */

/* While work is in progress for all clients, none can make room. */
static void
leave_work(struct oneshot_client *caller)
{
	struct oneshot *oneshot = caller->oneshot;

	if (caller->state != IS_WORKED_FOR)
		return;
	if (oneshot->worked_for-- == ONESHOT_MAX)
		open_doors(oneshot, true);
}

void
oneshot_leave(struct oneshot_client *caller)
{
	struct oneshot *oneshot = caller->oneshot;

	if (oneshot->protocol->gone != NULL)
		oneshot->protocol->gone(caller->own);
	leave_work(caller);
	DL_DELETE(oneshot->oneshot, caller);
	oneshot->count--;
	if (caller->limit != NULL)
		event_free(caller->limit);
	if (caller->stream != NULL)
		bufferevent_free(caller->stream);
	free(caller);
}

void
oneshot_work(struct oneshot_client *caller)
{
	struct oneshot *oneshot = caller->oneshot;

	caller->state = IS_WORKED_FOR;
	if (++oneshot->worked_for == ONESHOT_MAX)
		open_doors(oneshot, false);
	bufferevent_disable(caller->stream, EV_READ);
	event_del(caller->limit);
}

struct evbuffer *
oneshot_answer(struct oneshot_client *caller)
{
	return bufferevent_get_output(caller->stream);
}

void
oneshot_done(struct oneshot_client *caller)
{
	leave_work(caller);
	caller->state = FETCHES;
	bufferevent_disable(caller->stream, EV_READ);
	event_add(caller->limit, &limit);
}

static void
on_readable(struct bufferevent *stream, void *arg)
{
	struct oneshot_client *caller = arg;
	const struct oneshot *oneshot = caller->oneshot;

	oneshot->protocol->read(
	    caller, caller->own, bufferevent_get_input(stream), oneshot->arg);
}

static void
on_written(struct bufferevent *stream, void *arg)
{
	struct oneshot_client *caller = arg;

	(void)stream;
	if (caller->state == FETCHES)
		oneshot_leave(caller);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	oneshot_leave(arg);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	oneshot_leave(arg);
}

/* NULL when out of memory; then @fd is still open. */
static struct oneshot_client *
caller_new(struct oneshot *oneshot, evutil_socket_t fd)
{
	struct oneshot_client *caller =
	    calloc(1, sizeof(*caller) + oneshot->protocol->size);

	if (caller == NULL)
		return NULL;
	caller->oneshot = oneshot;
	caller->limit = evtimer_new(oneshot->base, on_limit, caller);
	if (caller->limit != NULL && event_add(caller->limit, &limit) == 0)
		caller->stream = bufferevent_socket_new(
		    oneshot->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (caller->stream != NULL)
		return caller;
	if (caller->limit != NULL)
		event_free(caller->limit);
	free(caller);
	return NULL;
}

static void
on_connection(void *arg, int fd, const struct sockaddr_storage *client)
{
	struct oneshot *oneshot = arg;
	struct oneshot_client *caller;

	(void)client;
	if (oneshot->count == ONESHOT_MAX)
		make_room(oneshot);
	caller = caller_new(oneshot, fd);
	if (caller == NULL) {
		close(fd);
		return;
	}
	DL_APPEND(oneshot->oneshot, caller);
	oneshot->count++;
	bufferevent_setcb(
	    caller->stream, on_readable, on_written, on_event, caller);
	bufferevent_enable(caller->stream, EV_READ | EV_WRITE);
}

/* ---- create and free ---- */

static const struct acceptor_handler handler = { .accepted = on_connection,
	.no_room = make_room };

/* Takes over @fd, a listening socket, if it returns 0; -1 when out of
 * memory. */
static int
add_door(struct oneshot *oneshot, int fd)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL)
		return -1;
	door->acceptor = acceptor_new(oneshot->base, fd, &handler, oneshot);
	if (door->acceptor == NULL) {
		free(door);
		return -1;
	}
	LL_PREPEND(oneshot->doors, door);
	return 0;
}

int
oneshot_listen(struct oneshot *oneshot, int fd)
{
	int error = ENOMEM;

	if (listen(fd, BACKLOG) == -1)
		error = errno;
	else if (add_door(oneshot, fd) == 0)
		return 0;
	close(fd);
	errno = error;
	return -1;
}

struct oneshot *
oneshot_new(
    struct event_base *base, const struct oneshot_protocol *protocol, void *arg)
{
	struct oneshot *oneshot = calloc(1, sizeof(*oneshot));

	if (oneshot == NULL)
		return NULL;
	*oneshot =
	    (struct oneshot){ .base = base, .protocol = protocol, .arg = arg };
	return oneshot;
}

void
oneshot_free(struct oneshot *oneshot)
{
	struct door *door, *next;

	if (oneshot == NULL)
		return;
	while (oneshot->oneshot != NULL)
		oneshot_leave(oneshot->oneshot);
	LL_FOREACH_SAFE (oneshot->doors, door, next) {
		acceptor_free(door->acceptor);
		free(door);
	}
	free(oneshot);
}
