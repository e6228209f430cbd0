/*
 * bare.c - the anchor: an epoll loop that answers a constant.  What a daemon
 * does beyond it is the daemon's own.
 *
 * usage: bare PLACE REPLY
 *
 * Whatever arrives in one read is one question, because a client has only one
 * in flight.
 */

#include <sys/epoll.h>
#include <unistd.h>

#include "connect.h"

#define EVENTS 256

static int
listen_at(const char *text)
{
	const int on = 1;
	struct place place;
	int fd;

	parse_place(text, &place);
	fd = socket(place.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd == -1)
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&place.address, place.length) == -1 ||
	    listen(fd, 1024) == -1)
		die(text);
	return fd;
}

static void
add(int loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == -1)
		die("epoll_ctl");
}

static void
take_clients(int loop, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		no_delay(fd);
		add(loop, fd);
	}
}

int
main(int argc, char **argv)
{
	const int loop = epoll_create1(0);
	struct epoll_event events[EVENTS];
	char buffer[4096];
	int listener;

	if (argc != 3) {
		fprintf(stderr, "usage: bare PLACE REPLY\n");
		return 2;
	}
	listener = listen_at(argv[1]);
	add(loop, listener);
	for (;;) {
		const int count = epoll_wait(loop, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			const int fd = events[i].data.fd;

			if (fd == listener)
				take_clients(loop, listener);
			else if (recv(fd, buffer, sizeof(buffer), 0) <= 0 ||
				 send(fd, argv[2], strlen(argv[2]),
				     MSG_NOSIGNAL) <= 0)
				close(fd);
		}
	}
}
