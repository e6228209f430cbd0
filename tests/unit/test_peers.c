/* Who is at the other end: which connections count as one peer's. */

/* clang can't stand in for what glibc 2.41 checks. */
#undef _FORTIFY_SOURCE

#include "wire/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "sockets.h"
#include "test_main.h"

/* ---- a kernel that lacks something ---- */

static int netlink_error;   /* of socket(), for netlink */
static bool nobody_answers; /* what is sent by netlink gets no answer */
static unsigned netlink_questions;

int
socket(int domain, int type, int protocol)
{
	if (domain != AF_NETLINK || netlink_error == 0)
		return (int)syscall(SYS_socket, domain, type, protocol);
	errno = netlink_error;
	return -1;
}

ssize_t
send(int fd, const void *buf, size_t n, int flags)
{
	netlink_questions++;
	return nobody_answers
		   ? (ssize_t)n
		   : (ssize_t)syscall(SYS_sendto, fd, buf, n, flags, NULL, 0);
}

/* ---- addresses ---- */

/* A datagram socket has a peer without anybody there. */
static struct peers *
new_peers(int type)
{
	struct peers *peers = peers_new(type);

	ck_assert_ptr_nonnull(peers);
	return peers;
}

static struct peer *
join(struct peers *peers, const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = 9 };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = 9 };
	const bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	struct peer *peer;

	ck_assert(is_v4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
	if (is_v4)
		connect_socket(fd, &v4, sizeof(v4));
	else
		connect_socket(fd, &v6, sizeof(v6));
	peer = peers_join(peers, fd);
	ck_assert_ptr_nonnull(peer);
	close(fd);
	return peer;
}

START_TEST(loopback_is_one_peer)
{
	struct peers *peers = new_peers(SOCK_STREAM);
	struct peer *one = join(peers, "127.0.0.1");
	struct peer *two = join(peers, "127.8.9.10");
	char text[PEER_TEXT_MAX];

	ck_assert_ptr_eq(one, two);
	ck_assert_str_eq(peer_text(one, text), "127.0.0.1");
	ck_assert_uint_eq(peers_most(peers), 2);
	peers_leave(peers, one);
	ck_assert_uint_eq(peers_most(peers), 1);
	peers_leave(peers, two);
	ck_assert_uint_eq(peers_most(peers), 0);
	peers_free(peers);
}
END_TEST

START_TEST(users_are_told_apart)
{
	struct peers *peers = new_peers(SOCK_STREAM);
	struct peer *user, *other = join(peers, "127.0.0.1");
	char text[PEER_TEXT_MAX], expected[PEER_TEXT_MAX];
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	user = peers_join(peers, pair[0]);
	ck_assert_ptr_ne(user, other);
	ck_assert_ptr_eq(peers_join(peers, pair[1]), user);
	ck_assert_uint_eq(peers_most(peers), 2);
	ck_assert(peer_makes_room(user, NULL, 2));
	ck_assert(peer_makes_room(user, other, 2));
	ck_assert(!peer_makes_room(other, user, 2));
	ck_assert(!peer_makes_room(other, NULL, 2));
	/* As many as who has most: its own. */
	ck_assert_ptr_eq(join(peers, "127.0.0.1"), other);
	ck_assert(!peer_makes_room(user, other, 2));
	ck_assert(peer_makes_room(other, other, 2));
	ck_assert(peer_makes_room(user, user, 2));
	peers_leave(peers, other);
	snprintf(expected, sizeof(expected), "user %u", geteuid());
	ck_assert_str_eq(peer_text(user, text), expected);
	peers_leave(peers, user);
	ck_assert_uint_eq(peers_most(peers), 1);
	/* All have one, and the newcomer has no other. */
	ck_assert(peer_makes_room(user, other, 1));
	peers_leave(peers, user);
	peers_leave(peers, other);
	close(pair[0]);
	close(pair[1]);
	peers_free(peers);
}
END_TEST

/* ---- TCP, over loopback ---- */

#define POSTFIX 60053

struct line {
	int client, server; /* its two ends */
};

/* @family: of the listener, which takes IPv4 in any case. */
static struct line
connect_as(uid_t uid, int family)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4
						     : (struct sockaddr *)&any;
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(any);
	const int listener = socket(family, SOCK_STREAM, 0);
	struct line line = { .client = socket_of(uid, AF_INET, SOCK_STREAM) };

	ck_assert_int_eq(bind(listener, address, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, address, &len), 0);
	if (family == AF_INET6)
		v4.sin_port = any.sin6_port;
	connect_socket(line.client, &v4, sizeof(v4));
	line.server = accept(listener, NULL, NULL);
	ck_assert_int_ne(line.server, -1);
	close(listener);
	return line;
}

static void
hang_up(struct line line)
{
	close(line.client);
	close(line.server);
}

static struct peer *
join_as(struct peers *peers, uid_t uid, int family)
{
	const struct line line = connect_as(uid, family);
	struct peer *peer = peers_join(peers, line.server);

	ck_assert_ptr_nonnull(peer);
	hang_up(line);
	return peer;
}

START_TEST(users_are_told_apart_over_loopback)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct peers *peers = new_peers(SOCK_STREAM);
	char text[PEER_TEXT_MAX], expected[PEER_TEXT_MAX];

	snprintf(expected, sizeof(expected), "user %u",
	    is_root() ? POSTFIX : geteuid());
	for (size_t i = 0; i < 2; i++) {
		struct peer *user = join_as(peers, POSTFIX, families[i]);
		struct peer *other = join_as(peers, OTHER, families[i]);

		ck_assert_str_eq(peer_text(user, text), expected);
		ck_assert_int_eq(user != other, is_root());
		ck_assert_ptr_eq(join_as(peers, POSTFIX, AF_INET), user);
		for (int j = 0; j < 2; j++)
			peers_leave(peers, user);
		peers_leave(peers, other);
	}
	peers_free(peers);
}
END_TEST

/* Who has closed the socket is not root, as the kernel says then. */
START_TEST(a_socket_that_is_nobodys_counts_by_its_address)
{
	struct peers *peers = new_peers(SOCK_STREAM);
	const struct line line = connect_as(POSTFIX, AF_INET6);
	char text[PEER_TEXT_MAX];
	struct peer *peer;

	close(line.client);
	peer = peers_join(peers, line.server);
	ck_assert_ptr_nonnull(peer);
	ck_assert_str_eq(peer_text(peer, text), "127.0.0.1");
	peers_leave(peers, peer);
	close(line.server);
	peers_free(peers);
}
END_TEST

/* Where it finds no socket with both ends, the kernel takes one that listens at
 * the port, for all addresses: its user is not who has come from there, from
 * another machine. */
START_TEST(who_listens_at_a_port_is_not_who_comes_from_it)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t len = sizeof(any);
	const int listener = socket_of(POSTFIX, AF_INET, SOCK_STREAM);
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct peers *peers = new_peers(SOCK_STREAM);
	char text[PEER_TEXT_MAX];
	struct peer *peer;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&any, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(
	    getsockname(listener, (struct sockaddr *)&any, &len), 0);
	/* Of a TCP connection, the other end would be on this machine. */
	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect_socket(fd, &any, len);
	peer = peers_join(peers, fd);
	ck_assert_ptr_nonnull(peer);
	ck_assert_str_eq(peer_text(peer, text), "127.0.0.1");
	peers_leave(peers, peer);
	close(fd);
	close(listener);
	peers_free(peers);
}
END_TEST

/* ---- UDP ---- */

static int
datagram_socket(uid_t uid, struct sockaddr_storage *address, in_addr_t host)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	socklen_t length = sizeof(*in);
	const int fd = socket_of(uid, AF_INET, SOCK_DGRAM);

	memset(address, 0, sizeof(*address));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(host);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)in, length), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)in, &length), 0);
	return fd;
}

static void
expect_sender(struct peers *peers, int fd,
    const struct sockaddr_storage *client, const char *expected)
{
	struct peer *peer = peers_join_sender(peers, fd, client);
	char text[PEER_TEXT_MAX];

	ck_assert_ptr_nonnull(peer);
	ck_assert_str_eq(peer_text(peer, text), expected);
	peers_leave(peers, peer);
}

/* Whether its socket is connected, as a resolver's, or not. */
START_TEST(who_has_sent_a_datagram_is_known)
{
	struct peers *peers = new_peers(SOCK_DGRAM);
	struct sockaddr_storage ours, theirs;
	const int fd = datagram_socket(geteuid(), &ours, INADDR_LOOPBACK);
	const int client = datagram_socket(
	    POSTFIX, &theirs, _i == 0 ? INADDR_LOOPBACK : INADDR_ANY);
	struct sockaddr_in *in = (struct sockaddr_in *)&theirs;
	char expected[PEER_TEXT_MAX];

	ck_assert_ptr_nonnull(peers);
	snprintf(expected, sizeof(expected), "user %u",
	    geteuid() == 0 ? POSTFIX : geteuid());
	if (_i == 0)
		ck_assert_int_eq(connect(client, (struct sockaddr *)&ours,
				     sizeof(struct sockaddr_in)),
		    0);
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	expect_sender(peers, fd, &theirs, expected);
	/* Gone, it is nobody's. */
	close(client);
	expect_sender(peers, fd, &theirs, "127.0.0.1");
	close(fd);
	peers_free(peers);
}
END_TEST

/* The kernel would name who has a socket at that port, for all addresses. */
START_TEST(who_has_the_port_here_has_not_sent_from_elsewhere)
{
	struct peers *peers = new_peers(SOCK_DGRAM);
	struct sockaddr_storage ours, theirs;
	const int fd = datagram_socket(geteuid(), &ours, INADDR_LOOPBACK);
	const int client = datagram_socket(POSTFIX, &theirs, INADDR_ANY);
	struct sockaddr_in *in = (struct sockaddr_in *)&theirs;

	ck_assert_ptr_nonnull(peers);
	ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.7", &in->sin_addr), 1);
	expect_sender(peers, fd, &theirs, "192.0.2.7");
	close(client);
	close(fd);
	peers_free(peers);
}
END_TEST

START_TEST(a_peer_is_the_same_in_another_table)
{
	struct peers *streams = new_peers(SOCK_STREAM);
	struct peers *questions = new_peers(SOCK_DGRAM);
	struct peer *one = join(streams, "127.0.0.1");
	struct peer *two = peers_join_as(questions, one);
	char text[PEER_TEXT_MAX];

	ck_assert_ptr_nonnull(two);
	ck_assert_ptr_eq(join(questions, "127.9.9.9"), two);
	ck_assert_str_eq(peer_text(two, text), "127.0.0.1");
	ck_assert_uint_eq(peer_count(two), 2);
	ck_assert_uint_eq(peer_count(one), 1);
	peers_leave(streams, one);
	peers_leave(questions, two);
	peers_leave(questions, two);
	peers_free(streams);
	peers_free(questions);
}
END_TEST

/* And it is not asked any more: it would look for a module each time. */
START_TEST(where_the_kernel_can_not_say_all_users_are_one)
{
	char text[PEER_TEXT_MAX];
	struct peers *peers;
	struct peer *peer;
	unsigned asked;

	const int type = _i == 2 ? SOCK_DGRAM : SOCK_STREAM;

	netlink_error = _i == 0 ? EAFNOSUPPORT : 0;
	nobody_answers = _i > 0;
	peers = new_peers(type);
	ck_assert_ptr_nonnull(peers_mixed(peers));
	ck_assert_ptr_nonnull(
	    strstr(peers_mixed(peers), _i == 0   ? strerror(EAFNOSUPPORT)
				       : _i == 1 ? "tcp_diag"
						 : "udp_diag"));
	asked = netlink_questions;
	peer = join_as(peers, POSTFIX, AF_INET);
	ck_assert_str_eq(peer_text(peer, text), "127.0.0.1");
	ck_assert_uint_eq(netlink_questions, asked);
	peers_leave(peers, peer);
	peers_free(peers);
}
END_TEST

START_TEST(where_it_can_nothing_is_said)
{
	struct peers *peers = new_peers(_i == 0 ? SOCK_STREAM : SOCK_DGRAM);

	ck_assert_ptr_nonnull(peers);
	ck_assert_ptr_null(peers_mixed(peers));
	peers_free(peers);
}
END_TEST

/* One user of the machine may have 65,536 of them. */
START_TEST(users_of_namespaces_are_one_peer)
{
	struct peers *peers = new_peers(SOCK_STREAM);
	struct peer *one, *two;
	char text[PEER_TEXT_MAX];

	if (is_root()) {
		one = join_as(peers, 65536, AF_INET);
		two = join_as(peers, 165535, AF_INET);
		ck_assert_ptr_eq(one, two);
		ck_assert_str_eq(peer_text(one, text), "users above 65535");
		peers_leave(peers, one);
		peers_leave(peers, two);
		one = join_as(peers, 65535, AF_INET);
		ck_assert_str_eq(peer_text(one, text), "user 65535");
		peers_leave(peers, one);
	}
	peers_free(peers);
}
END_TEST

/* Nobody knows who they are: the most cautious is that they are one. */
START_TEST(what_has_no_peer_is_one_peer)
{
	struct peers *peers = new_peers(SOCK_STREAM);
	struct peer *one = peers_join(peers, -1), *two = peers_join(peers, -1);
	char text[PEER_TEXT_MAX];

	ck_assert_ptr_nonnull(one);
	ck_assert_ptr_eq(one, two);
	ck_assert_str_eq(peer_text(one, text), "somebody");
	peers_leave(peers, one);
	peers_leave(peers, two);
	peers_free(peers);
}
END_TEST

TEST_MAIN("peers")
{
	TCase *tc = add_case(suite, "peers");

	tcase_add_test(tc, loopback_is_one_peer);
	tcase_add_test(tc, users_are_told_apart);
	tcase_add_test(tc, users_are_told_apart_over_loopback);
	tcase_add_test(tc, a_socket_that_is_nobodys_counts_by_its_address);
	tcase_add_test(tc, who_listens_at_a_port_is_not_who_comes_from_it);
	tcase_add_loop_test(
	    tc, where_the_kernel_can_not_say_all_users_are_one, 0, 3);
	tcase_add_loop_test(tc, where_it_can_nothing_is_said, 0, 2);
	tcase_add_loop_test(tc, who_has_sent_a_datagram_is_known, 0, 2);
	tcase_add_test(tc, who_has_the_port_here_has_not_sent_from_elsewhere);
	tcase_add_test(tc, a_peer_is_the_same_in_another_table);
	tcase_add_test(tc, users_of_namespaces_are_one_peer);
	tcase_add_test(tc, what_has_no_peer_is_one_peer);
}
