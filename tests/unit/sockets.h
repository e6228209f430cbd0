/* sockets.h - sockets of loopback, of other users, and descriptors that end. */
#ifndef TESTS_UNIT_SOCKETS_H
#define TESTS_UNIT_SOCKETS_H

#include <check.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHER 65534 /* somebody who is not root */

static inline bool
is_root(void)
{
	return geteuid() == 0;
}

/* The kernel notes whose a socket is when it is made.  Without root all are one
 * user's. */
static inline int
socket_of(uid_t uid, int family, int type)
{
	const bool root = is_root();
	int fd;

	if (root)
		ck_assert_int_eq(seteuid(uid), 0);
	fd = socket(family, type, 0);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_ne(fd, -1);
	return fd;
}

/* A port that is free; @at: where it is then. */
static inline void
bind_to_loopback(int fd, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
}

static inline int
listen_on_loopback(struct sockaddr_in *at, int backlog)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	bind_to_loopback(fd, at);
	ck_assert_int_eq(listen(fd, backlog), 0);
	return fd;
}

static inline void
connect_socket(int fd, const void *to, socklen_t len)
{
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)to, len), 0);
}

/* Returns how many were allowed before. */
static inline rlim_t
allow_descriptors(rlim_t most)
{
	struct rlimit limit;
	rlim_t before;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

#endif /* TESTS_UNIT_SOCKETS_H */
