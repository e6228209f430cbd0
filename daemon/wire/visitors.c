/* visitors.c - a server for those who ask once. */

#include "wire/visitors.h"

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

static const struct timeval limit = { VISITOR_SECONDS, 0 };

struct visitor {
	struct visitors *visitors;
	struct bufferevent *stream;
	struct event *limit;
	enum { ASKS, IS_WORKED_FOR, FETCHES } state;
	struct visitor *prev, *next;
	max_align_t own[];
};

struct door {
	struct acceptor *acceptor;
	struct door *next;
};

struct visitors {
	struct event_base *base;
	const struct visitor_protocol *protocol;
	void *arg;
	struct door *doors;
	struct visitor *visitors; /* the oldest first */
	size_t count;
	size_t worked_for; /* of them */
};

/* ---- doors ---- */

static void
open_doors(struct visitors *visitors, bool open)
{
	struct door *door;

	LL_FOREACH (visitors->doors, door)
		acceptor_open(door->acceptor, open);
}

static void
make_room(void *arg)
{
	struct visitors *visitors = arg;
	struct visitor *visitor;

	DL_FOREACH (visitors->visitors, visitor)
		if (visitor->state != IS_WORKED_FOR) {
			visitor_leave(visitor);
			return;
		}
}

/* ---- a visitor ---- */

/* While all are worked for, there is no room to be made. */
static void
leave_work(struct visitor *visitor)
{
	struct visitors *visitors = visitor->visitors;

	if (visitor->state != IS_WORKED_FOR)
		return;
	if (visitors->worked_for-- == VISITORS_MAX)
		open_doors(visitors, true);
}

void
visitor_leave(struct visitor *visitor)
{
	struct visitors *visitors = visitor->visitors;

	if (visitors->protocol->gone != NULL)
		visitors->protocol->gone(visitor->own);
	leave_work(visitor);
	DL_DELETE(visitors->visitors, visitor);
	visitors->count--;
	if (visitor->limit != NULL)
		event_free(visitor->limit);
	if (visitor->stream != NULL)
		bufferevent_free(visitor->stream);
	free(visitor);
}

void
visitor_work(struct visitor *visitor)
{
	struct visitors *visitors = visitor->visitors;

	visitor->state = IS_WORKED_FOR;
	if (++visitors->worked_for == VISITORS_MAX)
		open_doors(visitors, false);
	bufferevent_disable(visitor->stream, EV_READ);
	event_del(visitor->limit);
}

struct evbuffer *
visitor_answer(struct visitor *visitor)
{
	return bufferevent_get_output(visitor->stream);
}

void
visitor_done(struct visitor *visitor)
{
	leave_work(visitor);
	visitor->state = FETCHES;
	bufferevent_disable(visitor->stream, EV_READ);
	event_add(visitor->limit, &limit);
}

static void
on_readable(struct bufferevent *stream, void *arg)
{
	struct visitor *visitor = arg;
	const struct visitors *visitors = visitor->visitors;

	visitors->protocol->read(visitor, visitor->own,
	    bufferevent_get_input(stream), visitors->arg);
}

static void
on_written(struct bufferevent *stream, void *arg)
{
	struct visitor *visitor = arg;

	(void)stream;
	if (visitor->state == FETCHES)
		visitor_leave(visitor);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	visitor_leave(arg);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	visitor_leave(arg);
}

/* NULL when out of memory; then @fd is still open. */
static struct visitor *
visitor_new(struct visitors *visitors, evutil_socket_t fd)
{
	struct visitor *visitor =
	    calloc(1, sizeof(*visitor) + visitors->protocol->size);

	if (visitor == NULL)
		return NULL;
	visitor->visitors = visitors;
	visitor->limit = evtimer_new(visitors->base, on_limit, visitor);
	if (visitor->limit != NULL && event_add(visitor->limit, &limit) == 0)
		visitor->stream = bufferevent_socket_new(
		    visitors->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (visitor->stream != NULL)
		return visitor;
	if (visitor->limit != NULL)
		event_free(visitor->limit);
	free(visitor);
	return NULL;
}

static void
on_connection(void *arg, int fd, const struct sockaddr_storage *client)
{
	struct visitors *visitors = arg;
	struct visitor *visitor;

	(void)client;
	if (visitors->count == VISITORS_MAX)
		make_room(visitors);
	visitor = visitor_new(visitors, fd);
	if (visitor == NULL) {
		close(fd);
		return;
	}
	DL_APPEND(visitors->visitors, visitor);
	visitors->count++;
	bufferevent_setcb(
	    visitor->stream, on_readable, on_written, on_event, visitor);
	bufferevent_enable(visitor->stream, EV_READ | EV_WRITE);
}

/* ---- life ---- */

static const struct acceptor_handler handler = { .accepted = on_connection,
	.no_room = make_room };

/* Takes over @fd, which listens, if it returns 0; or -1: out of memory. */
static int
add_door(struct visitors *visitors, int fd)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL)
		return -1;
	door->acceptor = acceptor_new(visitors->base, fd, &handler, visitors);
	if (door->acceptor == NULL) {
		free(door);
		return -1;
	}
	LL_PREPEND(visitors->doors, door);
	return 0;
}

int
visitors_listen(struct visitors *visitors, int fd)
{
	int error = ENOMEM;

	if (listen(fd, BACKLOG) == -1)
		error = errno;
	else if (add_door(visitors, fd) == 0)
		return 0;
	close(fd);
	errno = error;
	return -1;
}

struct visitors *
visitors_new(
    struct event_base *base, const struct visitor_protocol *protocol, void *arg)
{
	struct visitors *visitors = calloc(1, sizeof(*visitors));

	if (visitors == NULL)
		return NULL;
	*visitors =
	    (struct visitors){ .base = base, .protocol = protocol, .arg = arg };
	return visitors;
}

void
visitors_free(struct visitors *visitors)
{
	struct door *door, *next;

	if (visitors == NULL)
		return;
	while (visitors->visitors != NULL)
		visitor_leave(visitors->visitors);
	LL_FOREACH_SAFE (visitors->doors, door, next) {
		acceptor_free(door->acceptor);
		free(door);
	}
	free(visitors);
}
