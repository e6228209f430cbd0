/*
 * connect.h - "inet:HOST:PORT" and "unix:PATH" for the programs of the
 * benchmark.
 */
#ifndef TESTS_BENCH_CONNECT_H
#define TESTS_BENCH_CONNECT_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct place {
	struct sockaddr_storage address;
	socklen_t length;
};

static inline void
die(const char *what)
{
	perror(what);
	exit(2);
}

static inline void
parse_inet(const char *text, struct place *place)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char host[256];
	const char *port = strrchr(text, ':');

	if (port == NULL || (size_t)(port - text) >= sizeof(host)) {
		fprintf(stderr, "no HOST:PORT: %s\n", text);
		exit(2);
	}
	snprintf(host, sizeof(host), "%.*s", (int)(port - text), text);
	if (getaddrinfo(host, port + 1, &hints, &found) != 0) {
		fprintf(stderr, "no such address: %s\n", text);
		exit(2);
	}
	memcpy(&place->address, found->ai_addr, found->ai_addrlen);
	place->length = found->ai_addrlen;
	freeaddrinfo(found);
}

static inline void
parse_place(const char *text, struct place *place)
{
	struct sockaddr_un *local = (struct sockaddr_un *)&place->address;

	memset(place, 0, sizeof(*place));
	if (strncmp(text, "unix:", 5) == 0) {
		local->sun_family = AF_UNIX;
		snprintf(
		    local->sun_path, sizeof(local->sun_path), "%s", text + 5);
		place->length = sizeof(*local);
	} else if (strncmp(text, "inet:", 5) == 0) {
		parse_inet(text + 5, place);
	} else {
		fprintf(stderr, "neither inet: nor unix: %s\n", text);
		exit(2);
	}
}

static inline void
no_delay(int fd)
{
	const int on = 1;

	/* Fails on a unix socket, which has no delay. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

#endif /* TESTS_BENCH_CONNECT_H */
