/* Who is at the other end: which connections count as one peer's. */

#include "wire/peers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "sockets.h"
#include "test_main.h"

/* A datagram socket has a peer without anybody there. */
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
	ck_assert_ptr_nonnull(peers);
	peer = peers_join(peers, fd);
	ck_assert_ptr_nonnull(peer);
	close(fd);
	return peer;
}

START_TEST(loopback_is_one_peer)
{
	struct peers *peers = peers_new();
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
	struct peers *peers = peers_new();
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
	struct line line = { .client = socket_of(uid, AF_INET) };

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
	struct peers *peers = peers_new();
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
	struct peers *peers = peers_new();
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
	const int listener = socket_of(POSTFIX, AF_INET);
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct peers *peers = peers_new();
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

/* One user of the machine may have 65,536 of them. */
START_TEST(users_of_namespaces_are_one_peer)
{
	struct peers *peers = peers_new();
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
	struct peers *peers = peers_new();
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
	tcase_add_test(tc, users_of_namespaces_are_one_peer);
	tcase_add_test(tc, what_has_no_peer_is_one_peer);
}
