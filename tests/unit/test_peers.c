/* Who is at the other end: which connections count as one peer's. */

#include "wire/peers.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A datagram socket has a peer without anybody there. */
static struct peer *
join(struct peers *peers, const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = 9 };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = 9 };
	const bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	struct peer *peer;
	int result;

	ck_assert(is_v4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
	result = is_v4 ? connect(fd, (const struct sockaddr *)&v4, sizeof(v4))
		       : connect(fd, (const struct sockaddr *)&v6, sizeof(v6));
	ck_assert_int_eq(result, 0);
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
	peers_leave(peers, one);
	ck_assert_ptr_eq(peers_busiest(peers), two);
	peers_leave(peers, two);
	ck_assert_ptr_null(peers_busiest(peers));
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
	ck_assert_ptr_eq(peers_busiest(peers), user);
	snprintf(expected, sizeof(expected), "user %u", geteuid());
	ck_assert_str_eq(peer_text(user, text), expected);
	peers_leave(peers, user);
	peers_leave(peers, user);
	ck_assert_ptr_eq(peers_busiest(peers), other);
	peers_leave(peers, other);
	close(pair[0]);
	close(pair[1]);
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

int
main(void)
{
	Suite *suite = suite_create("peers");
	TCase *tc = tcase_create("peers");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, loopback_is_one_peer);
	tcase_add_test(tc, users_are_told_apart);
	tcase_add_test(tc, what_has_no_peer_is_one_peer);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
