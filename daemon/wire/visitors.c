/* visitors.c - a server for those who ask once. */

#include "wire/visitors.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <utlist.h>

#define ACCEPT_PAUSE_MS 100 /* after the descriptors have run out */
#define FLAGS                                                                  \
	(LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC)

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
	struct evconnlistener *listener;
	struct door *next;
};

struct visitors {
	struct event_base *base;
	const struct visitor_protocol *protocol;
	void *arg;
	struct door *doors;
	struct event *resume;     /* accepting, after a pause */
	struct visitor *visitors; /* the oldest first */
	size_t count;
	size_t worked_for; /* of them */
};

/* ---- doors ---- */

static void
open_doors(struct visitors *visitors)
{
	struct door *door;

	LL_FOREACH(visitors->doors, door)
	evconnlistener_enable(door->listener);
}

static void
close_doors(struct visitors *visitors)
{
	struct door *door;

	LL_FOREACH(visitors->doors, door)
	evconnlistener_disable(door->listener);
}

static void
make_room(struct visitors *visitors)
{
	struct visitor *visitor;

	DL_FOREACH(visitors->visitors, visitor)
	if (visitor->state != IS_WORKED_FOR) {
		visitor_leave(visitor);
		return;
	}
}

/* Who waits outside would wake us for ever. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	static const struct timeval pause = { 0, ACCEPT_PAUSE_MS * 1000 };
	struct visitors *visitors = arg;

	(void)listener;
	make_room(visitors);
	close_doors(visitors);
	event_add(visitors->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct visitors *visitors = arg;

	(void)fd;
	(void)what;
	if (visitors->worked_for < VISITORS_MAX)
		open_doors(visitors);
}

/* ---- a visitor ---- */

/* While all are worked for, there is no room to be made. */
static void
leave_work(struct visitor *visitor)
{
	struct visitors *visitors = visitor->visitors;

	if (visitor->state != IS_WORKED_FOR)
		return;
	if (visitors->worked_for-- == VISITORS_MAX &&
	    !event_pending(visitors->resume, EV_TIMEOUT, NULL))
		open_doors(visitors);
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
		close_doors(visitors);
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
on_connection(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int length, void *arg)
{
	struct visitors *visitors = arg;
	struct visitor *visitor;

	(void)listener;
	(void)address;
	(void)length;
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

/* Takes over @listener.  Returns 0, or -1 with errno. */
static int
add_door(struct visitors *visitors, struct evconnlistener *listener)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL) {
		evconnlistener_free(listener);
		errno = ENOMEM;
		return -1;
	}
	door->listener = listener;
	evconnlistener_set_error_cb(listener, on_accept_error);
	LL_PREPEND(visitors->doors, door);
	return 0;
}

int
visitors_listen(
    struct visitors *visitors, const struct sockaddr *address, int length)
{
	struct evconnlistener *listener =
	    evconnlistener_new_bind(visitors->base, on_connection, visitors,
		FLAGS, -1, address, length);

	return listener != NULL ? add_door(visitors, listener) : -1;
}

int
visitors_listen_on(struct visitors *visitors, int fd)
{
	struct evconnlistener *listener = evconnlistener_new(
	    visitors->base, on_connection, visitors, FLAGS, -1, fd);
	int error;

	if (listener != NULL)
		return add_door(visitors, listener);
	error = errno;
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
	*visitors = (struct visitors){ .base = base,
		.protocol = protocol,
		.arg = arg,
		.resume = evtimer_new(base, on_resume, visitors) };
	if (visitors->resume == NULL) {
		free(visitors);
		return NULL;
	}
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
	LL_FOREACH_SAFE(visitors->doors, door, next)
	{
		evconnlistener_free(door->listener);
		free(door);
	}
	event_free(visitors->resume);
	free(visitors);
}
