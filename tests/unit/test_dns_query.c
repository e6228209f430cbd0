/*
 * The questions of DNS clients: who may ask, in which slots it is looked up,
 * and how much comes back.  The resolver is ours, and so are the addresses
 * that clients seem to have.
 */

/* clang can't stand in for what glibc 2.41 checks. */
#undef _FORTIFY_SOURCE

#include "wire/dns/dns_query.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/stats.h"
#include "dns/answer.h"
#include "dns/resolver.h"
#include "wire/dns/dns_server.h"

#include "../fakes/resolver.h"
#include "message_fixture.h"
#include "patience.h"
#include "sockets.h"
#include "test_main.h"

#define FEW 64 /* questions of one user */
#define POSTFIX 60053
#define RECORDS 40 /* of an answer: more than a small datagram holds */

/* ---- a resolver ---- */

static struct dns_part all; /* records */
static const struct line lines[] = { { .name = "a.example",
					 .type = DNS_TYPE_A,
					 .status = DNS_OK,
					 .security = DNS_INSECURE,
					 .message = &all },
	{ 0 } };
static const struct line silent[] = { NO(SILENT, "a.example", DNS_TYPE_A),
	{ 0 } };
static struct event_base *base;
static struct resolver resolver;

static void
make_message(void)
{
	ldns_pkt *packet =
	    message_packet("a.example", LDNS_RR_TYPE_A, 0, NULL, NULL);
	char line[64];

	for (int i = 0; i < RECORDS; i++) {
		snprintf(line, sizeof(line), "a.example. 300 IN A 192.0.2.%d",
		    i + 1);
		message_push(packet, LDNS_SECTION_ANSWER, line);
	}
	ck_assert_int_eq(
	    ldns_pkt2wire(&all.wire, packet, &all.len), LDNS_STATUS_OK);
	ldns_pkt_free(packet);
}

/* ---- where clients seem to be ---- */

static const char *client_address; /* NULL: where they are */
static uint16_t client_port;
static uint8_t reply[DNS_MESSAGE_MAX];
static ssize_t reply_len; /* -1: none was sent */

static void
disguise(struct sockaddr *from, socklen_t *len)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(client_port) };

	if (client_address == NULL || from == NULL)
		return;
	ck_assert_int_eq(inet_pton(AF_INET, client_address, &v4.sin_addr), 1);
	memcpy(from, &v4, sizeof(v4));
	*len = sizeof(v4);
}

ssize_t
recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from,
    socklen_t *len)
{
	const ssize_t n =
	    (ssize_t)syscall(SYS_recvfrom, fd, buffer, size, flags, from, len);

	if (n >= 0)
		disguise(from, len);
	return n;
}

int
accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	const int made = (int)syscall(SYS_accept4, fd, from, len, flags);

	if (made != -1)
		disguise(from, len);
	return made;
}

/* Whom a reply goes to is not asked: it stays here. */
ssize_t
sendto(int fd, const void *buffer, size_t len, int flags,
    const struct sockaddr *to, socklen_t to_len)
{
	(void)fd;
	(void)flags;
	(void)to;
	(void)to_len;
	ck_assert_uint_le(len, sizeof(reply));
	memcpy(reply, buffer, len);
	reply_len = (ssize_t)len;
	return (ssize_t)len;
}

/* ---- the module ---- */

static struct stats stats;
static struct prefix prefix;
static struct conf_prefixes nobody, some = { &prefix, 1 };
static struct dns_server *service;
static struct sockaddr_in udp, tcp;

static int
listener(int type, struct sockaddr_in *at)
{
	const int fd = socket(AF_INET, type, 0);

	bind_to_loopback(fd, at);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static void
set_up(void)
{
	memset(&stats, 0, sizeof(stats));
	make_message();
	client_address = NULL;
	client_port = 5000;
	reply_len = -1;
	ck_assert_ptr_null(prefix_parse("192.0.2.0/24", &prefix));
	ck_assert_ptr_nonnull(base = event_base_new());
	resolver = (struct resolver){ .base = base, .line = lines };
	service = dns_server_new(base, &stats);
	ck_assert_ptr_nonnull(service);
	dns_server_use(service, &resolver, &nobody);
	ck_assert_int_eq(
	    dns_server_add_fd(service, listener(SOCK_DGRAM, &udp)), 0);
	ck_assert_int_eq(
	    dns_server_add_fd(service, listener(SOCK_STREAM, &tcp)), 0);
}

static void
tear_down(void)
{
	dns_server_free(service);
	event_base_free(base);
	free(all.wire);
}

static void
turn(void)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static const uint8_t question[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1,
	'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1 };

/* By UDP; sendto() is ours. */
static void
ask(void)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);

	connect_socket(fd, &udp, sizeof(udp));
	ck_assert_int_eq(
	    send(fd, question, sizeof(question), 0), (int)sizeof(question));
	WAIT_UNTIL(stats.counter[STATS_DNS_UDP] == 1, turn());
	turn();
	close(fd);
}

/* ---- who may ask ---- */

static const struct {
	const char *address;
	bool listed; /* in dns-allow there is 192.0.2.0/24 */
	bool may;
} clients[] = {
	{ "127.0.0.1", false, true },
	{ "127.9.9.9", true, true },
	{ "192.0.2.7", false, false },
	{ "192.0.2.7", true, true },
	{ "192.0.3.7", true, false },
	{ "10.0.0.1", false, false },
};

START_TEST(client_may_ask_or_is_refused)
{
	dns_server_use(
	    service, &resolver, clients[_i].listed ? &some : &nobody);
	client_address = clients[_i].address;
	ask();
	ck_assert_int_gt((int)reply_len, 12);
	ck_assert_mem_eq(reply, question, 2);
	ck_assert_uint_eq(resolver.asked, clients[_i].may ? 1 : 0);
	ck_assert_int_eq((int)dns_message_rcode(reply),
	    clients[_i].may ? DNS_RCODE_NOERROR : DNS_RCODE_REFUSED);
	if (!clients[_i].may)
		ck_assert_uint_eq(reply[7], 0); /* no record */
}
END_TEST

/* One that is kept is closed, too, when it has been idle for long. */
static void
turn_without_connection(void)
{
	turn();
	ck_assert_uint_eq(dns_server_connections(service), 0);
}

START_TEST(connection_is_kept_or_closed)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	char octet;

	dns_server_use(
	    service, &resolver, clients[_i].listed ? &some : &nobody);
	client_address = clients[_i].address;
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&tcp, sizeof(tcp)), 0);
	if (clients[_i].may) {
		WAIT_UNTIL(dns_server_connections(service) == 1, turn());
	} else {
		WAIT_UNTIL(
		    recv(fd, &octet, 1, MSG_DONTWAIT) == 0 || errno != EAGAIN,
		    turn_without_connection());
	}
	close(fd);
}
END_TEST

START_TEST(forger_gets_no_answer)
{
	client_address = "127.0.0.1";
	client_port = 0;
	ask();
	ck_assert_int_eq((int)reply_len, -1);
	ck_assert_uint_eq(resolver.asked, 0);
	ck_assert_uint_eq(stats.counter[STATS_DNS_DROPPED], 1);
}
END_TEST

/* ---- how it is looked up, and what comes back ---- */

/* Policies have slots of their own, which no flood of questions takes. */
START_TEST(questions_are_in_slots_of_their_own)
{
	ask();
	ck_assert_uint_eq(resolver.asked, 1);
	ck_assert_int_eq(resolver.class, LOOKUP_CLASS_FEW);
	ck_assert_int_eq(resolver.need, LOOKUP_NEED_MESSAGE);
}
END_TEST

/* One more of them, until it is looked up. */
static void
ask_from(int fd, bool framed, uint8_t id)
{
	const unsigned before = resolver.asked;
	uint8_t message[2 + sizeof(question)] = { 0, sizeof(question) };
	const size_t skipped = framed ? 0 : 2;

	memcpy(message + 2, question, sizeof(question));
	message[2] = id;
	ck_assert_int_eq(
	    send(fd, message + skipped, sizeof(message) - skipped, 0),
	    (ssize_t)(sizeof(message) - skipped));
	WAIT_UNTIL(resolver.asked > before, turn());
}

/* Over UDP, over TCP, or over both, it is one and the same user. */
START_TEST(who_has_many_unanswered_leaves_the_slots_to_others)
{
	const struct linger reset = { 1, 0 };
	int flood[2], other[2];

	if (!is_root())
		return;
	resolver.line = silent;
	flood[0] = socket_of(OTHER, AF_INET, SOCK_DGRAM);
	flood[1] = socket_of(OTHER, AF_INET, SOCK_STREAM);
	other[0] = socket_of(POSTFIX, AF_INET, SOCK_DGRAM);
	other[1] = socket_of(POSTFIX, AF_INET, SOCK_STREAM);
	for (int i = 0; i < 2; i++) {
		connect_socket(flood[i], i == 0 ? &udp : &tcp, sizeof(udp));
		connect_socket(other[i], i == 0 ? &udp : &tcp, sizeof(udp));
	}
	/* As long as there are few, nobody is asked whose they are. */
	for (unsigned i = 0; i < FEW; i++) {
		ask_from(flood[0], false, (uint8_t)(2 * FEW + i));
		ck_assert_int_eq(resolver.class, LOOKUP_CLASS_FEW);
	}
	for (unsigned i = 0; i < FEW; i++) {
		ask_from(flood[i % 2], i % 2 == 1, (uint8_t)i);
		ck_assert_int_eq(resolver.class, LOOKUP_CLASS_FEW);
	}
	for (unsigned i = 0; i < 4; i++) {
		ask_from(flood[i % 2], i % 2 == 1, (uint8_t)(FEW + i));
		ck_assert_int_eq(resolver.class, LOOKUP_CLASS_OTHER);
		ask_from(other[i % 2], i % 2 == 1, (uint8_t)i);
		ck_assert_int_eq(resolver.class, LOOKUP_CLASS_FEW);
	}
	/* What has ended counts no more: here, a connection that is reset. */
	setsockopt(flood[1], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(flood[1]);
	WAIT_UNTIL(resolver.cancelled > 0, turn());
	ask_from(flood[0], false, 255);
	ck_assert_int_eq(resolver.class, LOOKUP_CLASS_FEW);
	for (int i = 0; i < 2; i++)
		close(other[i]);
	close(flood[0]);
}
END_TEST

static struct dns_reply last;

static void
take(void *arg, struct dns_reply came)
{
	(void)arg;
	last = came;
}

START_TEST(datagram_is_no_larger_than_the_client_takes)
{
	struct dns_queries *queries = dns_queries_new(&stats);
	const struct sockaddr_storage client = { .ss_family = AF_INET };
	struct dns_request request;
	struct dns_query query;
	char name[DOMAIN_TEXT_MAX];

	ck_assert_ptr_nonnull(queries);
	dns_queries_use(queries, &resolver, &nobody);
	ck_assert_int_eq(
	    dns_message_parse(question, sizeof(question), &request, name),
	    DNS_ACTION_LOOK_UP);
	ck_assert_int_eq(
	    dns_query_start(&query, queries, &request, name, _i == 1,
		dns_queries_sender(queries, -1, &client), take, NULL),
	    0);
	turn();
	ck_assert_ptr_nonnull(last.framed);
	if (_i == 0) {
		ck_assert_uint_le(last.len, 512);
		ck_assert(dns_message_is_truncated(last.framed + 2));
	} else {
		ck_assert_uint_gt(last.len, 512);
		ck_assert(!dns_message_is_truncated(last.framed + 2));
	}
	dns_queries_free(queries);
}
END_TEST

TEST_MAIN("dns_query")
{
	TCase *tc = add_case(suite, "dns_query");
	const int count = (int)COUNT(clients);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, client_may_ask_or_is_refused, 0, count);
	tcase_add_loop_test(tc, connection_is_kept_or_closed, 0, count);
	tcase_add_test(tc, forger_gets_no_answer);
	tcase_add_test(tc, questions_are_in_slots_of_their_own);
	tcase_add_test(tc, who_has_many_unanswered_leaves_the_slots_to_others);
	tcase_add_loop_test(
	    tc, datagram_is_no_larger_than_the_client_takes, 0, 2);
}
