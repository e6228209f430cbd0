/* acceptor.c - accepts connections from a listening socket. */

#include "wire/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

struct acceptor {
	int fd;
	bool is_open;
	struct event *connection;
	struct event *resume; /* after a pause */
	const struct acceptor_handler *handler;
	void *arg;
};

static bool
lacks_room(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

bool
acceptor_take(int fd, int most, acceptor_cb accepted, void *arg)
{
	for (int i = 0; i < most; i++) {
		struct sockaddr_storage client = { .ss_family = AF_UNSPEC };
		socklen_t length = sizeof(client);
		const int connection = accept4(fd, (struct sockaddr *)&client,
		    &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (connection != -1)
			accepted(arg, connection, &client);
		else if (errno == EAGAIN)
			return true;
		else if (lacks_room(errno))
			return false;
		/* Any other error: the client has closed the connection. */
	}
	return true;
}

static void
watch(const struct acceptor *acceptor)
{
	if (acceptor->is_open &&
	    !event_pending(acceptor->resume, EV_TIMEOUT, NULL))
		event_add(acceptor->connection, NULL);
	else
		event_del(acceptor->connection);
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval pause = { 0, ACCEPTOR_PAUSE_MS * 1000 };
	struct acceptor *acceptor = arg;

	(void)what;
	if (acceptor_take(
		fd, ACCEPTOR_BURST, acceptor->handler->accepted, acceptor->arg))
		return;
	event_add(acceptor->resume, &pause);
	watch(acceptor);
	acceptor->handler->no_room(acceptor->arg);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	watch(arg);
}

void
acceptor_open(struct acceptor *acceptor, bool open)
{
	acceptor->is_open = open;
	watch(acceptor);
}

static void
free_events(struct acceptor *acceptor)
{
	if (acceptor->connection != NULL)
		event_free(acceptor->connection);
	if (acceptor->resume != NULL)
		event_free(acceptor->resume);
}

struct acceptor *
acceptor_new(struct event_base *base, int fd,
    const struct acceptor_handler *handler, void *arg)
{
	struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (acceptor == NULL)
		return NULL;
	*acceptor = (struct acceptor){ .fd = fd,
		.is_open = true,
		.handler = handler,
		.arg = arg,
		.resume = evtimer_new(base, on_resume, acceptor),
		.connection = event_new(
		    base, fd, EV_READ | EV_PERSIST, on_connection, acceptor) };
	if (acceptor->resume != NULL && acceptor->connection != NULL &&
	    event_add(acceptor->connection, NULL) == 0)
		return acceptor;
	free_events(acceptor);
	free(acceptor);
	return NULL;
}

void
acceptor_free(struct acceptor *acceptor)
{
	if (acceptor == NULL)
		return;
	free_events(acceptor);
	close(acceptor->fd);
	free(acceptor);
}
