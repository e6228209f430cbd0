/* DNS over TCP: which connection makes room where there is none, and that
 * nobody's is taken by who holds most of them. */

#include "wire/dns/dns_tcp.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>

#include "base/stats.h"
#include "wire/dns/dns_query.h"

#include "patience.h"
#include "sockets.h"
#include "test_main.h"

#define POSTFIX 60053
#define FLOOD (2 * DNS_TCP_MAX)
#define DESCRIPTORS 2048

/* ---- questions, which are answered when the test says so ---- */

struct dns_queries {
	struct stats stats;
	struct dns_query *last; /* that was asked */
	unsigned asked;
};

struct peer *
dns_queries_peer(struct dns_queries *queries, const struct peer *peer)
{
	(void)queries;
	return (struct peer *)peer;
}

struct stats *
dns_queries_stats(const struct dns_queries *queries)
{
	return (struct stats *)&queries->stats;
}

int
dns_query_start(struct dns_query *query, struct dns_queries *queries,
    const struct dns_request *request, const char *name, bool tcp,
    struct peer *peer, dns_query_cb cb, void *arg)
{
	ck_assert_ptr_nonnull(peer);
	(void)request;
	(void)name;
	ck_assert(tcp);
	query->queries = queries;
	query->cb = cb;
	query->arg = arg;
	queries->last = query;
	queries->asked++;
	return 0;
}

void
dns_query_cancel(struct dns_query *query)
{
	if (query->queries->last == query)
		query->queries->last = NULL;
}

static struct dns_reply
reply(void)
{
	static const uint8_t framed[] = { 0, 1, 'x' };

	return (struct dns_reply){ framed, 1 };
}

struct dns_reply
dns_query_reply_busy(
    struct dns_queries *queries, const struct dns_request *request)
{
	(void)queries;
	(void)request;
	return reply();
}

struct dns_reply
dns_query_reply_at_once(struct dns_queries *queries, enum dns_action action,
    const struct dns_request *request)
{
	(void)action;
	return dns_query_reply_busy(queries, request);
}

/* ---- the rig ---- */

struct rig {
	struct event_base *base;
	struct dns_queries queries;
	struct dns_tcp *streams;
	struct sockaddr_in address;
	int listener;
};

static void
on_gone(void *arg)
{
	(void)arg;
}

static void
setup(struct rig *rig)
{
	allow_descriptors(DESCRIPTORS);
	*rig = (struct rig){ .base = event_base_new() };
	rig->listener = listen_on_loopback(&rig->address, 1);
	rig->streams = dns_tcp_new(rig->base, &rig->queries, on_gone, NULL);
	ck_assert_ptr_nonnull(rig->streams);
}

static void
teardown(struct rig *rig)
{
	dns_tcp_free(rig->streams);
	close(rig->listener);
	event_base_free(rig->base);
	libevent_global_shutdown();
}

static void
run(struct rig *rig)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(rig->base, EVLOOP_NONBLOCK);
}

/* The client's end. */
static int
arrive(struct rig *rig, uid_t uid)
{
	const int client = socket_of(uid, AF_INET, SOCK_STREAM);
	int server;

	connect_socket(client, &rig->address, sizeof(rig->address));
	server = accept4(rig->listener, NULL, NULL, SOCK_NONBLOCK);
	ck_assert_int_ne(server, -1);
	ck_assert_int_eq(fcntl(client, F_SETFL, O_NONBLOCK), 0);
	dns_tcp_add(rig->streams, server);
	return client;
}

/* "a. A", and until it has been read. */
static void
ask(struct rig *rig, int client)
{
	static const uint8_t question[] = { 0, 19, 0, 7, 1, 0, 0, 1, 0, 0, 0, 0,
		0, 0, 1, 'a', 0, 0, 1, 0, 1 };
	const unsigned before = rig->queries.asked;

	ck_assert_int_eq(
	    send(client, question, sizeof(question), 0), sizeof(question));
	WAIT_UNTIL(rig->queries.asked != before,
	    event_base_loop(rig->base, EVLOOP_NONBLOCK));
}

static bool
is_closed(struct rig *rig, int client)
{
	char octet;
	ssize_t n;

	run(rig);
	n = recv(client, &octet, 1, MSG_PEEK);
	return n == 0 || (n == -1 && errno != EAGAIN);
}

static void
fill(struct rig *rig, int held[DNS_TCP_MAX], bool asks)
{
	for (int i = 0; i < DNS_TCP_MAX; i++) {
		held[i] = arrive(rig, OTHER);
		if (asks)
			ask(rig, held[i]);
	}
}

static void
close_all(const int held[DNS_TCP_MAX])
{
	for (int i = 0; i < DNS_TCP_MAX; i++)
		close(held[i]);
}

/* ---- tests ---- */

START_TEST(unanswered_questions_keep_nobody_out)
{
	int held[DNS_TCP_MAX], postfix;
	struct dns_query *query;
	struct rig rig;
	char octets[3];

	setup(&rig);
	fill(&rig, held, true);
	ck_assert_uint_eq(dns_tcp_count(rig.streams), DNS_TCP_MAX);
	postfix = arrive(&rig, POSTFIX);
	ck_assert_uint_eq(dns_tcp_count(rig.streams), DNS_TCP_MAX);
	ck_assert(is_closed(&rig, held[0]));
	ck_assert(!is_closed(&rig, held[1]));
	ask(&rig, postfix);
	query = rig.queries.last;
	ck_assert_ptr_nonnull(query);
	query->cb(query->arg, reply());
	run(&rig);
	ck_assert_int_eq(recv(postfix, octets, 3, 0), 3);
	close(postfix);
	close_all(held);
	teardown(&rig);
}
END_TEST

/* Before it has asked, and while it waits. */
START_TEST(who_holds_most_takes_no_connection_of_others)
{
	int held[DNS_TCP_MAX], early, waiting, last = -1;
	struct rig rig;

	setup(&rig);
	fill(&rig, held, true);
	waiting = arrive(&rig, POSTFIX);
	ask(&rig, waiting);
	early = arrive(&rig, POSTFIX);
	for (int i = 0; is_root() && i < FLOOD; i++) {
		close(last);
		last = arrive(&rig, OTHER);
		if (i % 2 == 0)
			ask(&rig, last);
	}
	ck_assert(!is_closed(&rig, waiting));
	ck_assert(!is_closed(&rig, early));
	ask(&rig, early);
	close(last);
	close(waiting);
	close(early);
	close_all(held);
	teardown(&rig);
}
END_TEST

START_TEST(an_idle_one_goes_first)
{
	int held[DNS_TCP_MAX], other;
	struct rig rig;

	setup(&rig);
	fill(&rig, held, false);
	for (int i = 0; i < DNS_TCP_MAX; i++)
		if (i != 7)
			ask(&rig, held[i]);
	other = arrive(&rig, OTHER);
	ck_assert(is_closed(&rig, held[7]));
	ck_assert(!is_closed(&rig, held[0]));
	/* Descriptors that run out are no reason to leave a question. */
	ask(&rig, other);
	dns_tcp_make_room(rig.streams);
	ck_assert_uint_eq(dns_tcp_count(rig.streams), DNS_TCP_MAX);
	close(other);
	close_all(held);
	teardown(&rig);
}
END_TEST

TEST_MAIN("dns_streams")
{
	TCase *tc = add_case(suite, "who makes room");

	tcase_add_test(tc, unanswered_questions_keep_nobody_out);
	tcase_add_test(tc, who_holds_most_takes_no_connection_of_others);
	tcase_add_test(tc, an_idle_one_goes_first);
}
