/*
 * Sessions over real sockets on a real loop, in front of a policy service that
 * answers at once, later or never (wire_fixture.h).
 */

#include "wire/table/session.h"

#include <arpa/inet.h>

#include "base/stats.h"
#include "wire/fast_lane.h"
#include "sockets.h"
#include "test_main.h"
#include "wire_fixture.h"

#define TIMEOUT 1 /* seconds for a half-received request */

struct rig {
	struct policy_service service;
	struct stats stats;
	struct session_options options;
	struct event_base *base;
	struct fast_lane *fast_lane;
	struct session *session; /* NULL once it has ended */
	unsigned closed, used;
	char who[PEER_TEXT_MAX];
	int fd; /* the client's side */
};

static void
on_close(void *arg, void *cookie)
{
	struct rig *rig = arg;

	ck_assert_ptr_eq(cookie, &rig->fd);
	rig->closed++;
	rig->session = NULL;
}

static void
on_use(void *arg, void *cookie)
{
	struct rig *rig = arg;

	ck_assert_ptr_eq(cookie, &rig->fd);
	rig->used++;
}

static void
start(struct rig *rig, const struct protocol *protocol, int fd, int client)
{
	struct peers *peers = peers_new(SOCK_STREAM);
	struct peer *peer;

	ck_assert_ptr_nonnull(peers);
	ck_assert_ptr_nonnull(peer = peers_join(peers, fd));
	memset(rig, 0, sizeof(*rig));
	rig->base = fast_lane_base_new();
	ck_assert_ptr_nonnull(rig->base);
	rig->fast_lane = fast_lane_new(rig->base);
	ck_assert_ptr_nonnull(rig->fast_lane);
	rig->service.base = rig->base;
	rig->options = (struct session_options){ .base = rig->base,
		.fast_lane = rig->fast_lane,
		.service = &rig->service,
		.stats = &rig->stats,
		.protocol = protocol,
		.map = "ours",
		.request_timeout = TIMEOUT,
		.on_close = on_close,
		.on_use = on_use,
		.arg = rig };
	rig->fd = client;
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	rig->session = session_new(&rig->options, fd, peer, &rig->fd);
	ck_assert_ptr_nonnull(rig->session);
	peer_text(peer, rig->who);
	peers_leave(peers, peer);
	peers_free(peers);
}

static void
setup(struct rig *rig, const struct protocol *protocol)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	start(rig, protocol, fds[0], fds[1]);
}

/* Over TCP, with little room, so that a write can be taken in part. */
static void
setup_tcp(struct rig *rig, const struct protocol *protocol)
{
	struct sockaddr_in address;
	const int listener = listen_on_loopback(&address, 1);
	const int client = socket(AF_INET, SOCK_STREAM, 0);
	const int room = 2048;
	int fd;

	setsockopt(client, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	connect_socket(client, &address, sizeof(address));
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ne(fd, -1);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	close(listener);
	start(rig, protocol, fd, client);
}

static void
teardown(struct rig *rig)
{
	/* Called once at most, and whatever was asked is forgotten. */
	ck_assert_uint_le(rig->closed, 1);
	session_free(rig->session);
	ck_assert_uint_eq(rig->service.pending, 0);
	if (rig->fd != -1)
		close(rig->fd);
	fast_lane_free(rig->fast_lane);
	event_base_free(rig->base);
}

/* ---- requests and replies ---- */

static const char *const mixture[] = { "now", "later", "temp", "now", "held",
	"notfound", "later", "later", "now" };

static void
mixed(struct text *requests, struct text *answers,
    const struct protocol *protocol)
{
	requests->len = answers->len = 0;
	for (size_t i = 0; i < COUNT(mixture); i++) {
		add_request(requests, protocol, mixture[i]);
		add_answer(answers, protocol, mixture[i]);
	}
}

/* The fake holds "held" until then: nothing may overtake it. */
static void
expect_mixed(struct rig *rig, const struct text *answers)
{
	struct text before = { .len = 0 };

	for (size_t i = 0; i < 4; i++)
		add_answer(&before, rig->options.protocol, mixture[i]);
	expect_bytes(rig->base, rig->fd, before.bytes, before.len);
	WAIT_UNTIL(rig->service.held != NULL, work(rig->base, 0));
	expect_silence(rig->base, rig->fd, 3);
	ck_assert_uint_eq(rig->service.asked, 5);
	release(&rig->service);
	expect_bytes(rig->base, rig->fd, answers->bytes + before.len,
	    answers->len - before.len);
	ck_assert_uint_eq(rig->service.asked, COUNT(mixture));
}

START_TEST(pipelined_requests_are_answered_in_order)
{
	static struct text requests, answers;
	struct rig rig;

	setup(&rig, protocols[_i]);
	mixed(&requests, &answers, protocols[_i]);
	send_bytes(rig.fd, requests.bytes, requests.len);
	expect_mixed(&rig, &answers);
	expect_silence(rig.base, rig.fd, 5);
	ck_assert(session_is_idle(rig.session));
	teardown(&rig);
}
END_TEST

START_TEST(split_anywhere_makes_no_difference)
{
	static struct text requests, answers;
	struct rig rig;

	mixed(&requests, &answers, protocols[_i]);
	for (size_t cut = 1; cut < requests.len; cut += 3) {
		setup(&rig, protocols[_i]);
		send_bytes(rig.fd, requests.bytes, cut);
		work(rig.base, 2);
		send_bytes(rig.fd, requests.bytes + cut, requests.len - cut);
		expect_mixed(&rig, &answers);
		teardown(&rig);
	}
}
END_TEST

START_TEST(octet_by_octet_makes_no_difference)
{
	static struct text requests, answers;
	struct rig rig;

	setup(&rig, protocols[_i]);
	mixed(&requests, &answers, protocols[_i]);
	for (size_t at = 0; at < requests.len; at++) {
		send_bytes(rig.fd, requests.bytes + at, 1);
		work(rig.base, 0);
	}
	expect_mixed(&rig, &answers);
	teardown(&rig);
}
END_TEST

/* More than one burst, more than one buffer. */
START_TEST(thousand_requests_at_once_are_answered)
{
	static struct text requests, answers;
	static const char *const keys[] = { "now", "temp", "notfound" };
	struct rig rig;

	setup(&rig, protocols[_i]);
	requests.len = answers.len = 0;
	for (size_t i = 0; i < 1000; i++) {
		add_request(&requests, protocols[_i], keys[i % 3]);
		add_answer(&answers, protocols[_i], keys[i % 3]);
	}
	send_bytes(rig.fd, requests.bytes, requests.len);
	expect_bytes(rig.base, rig.fd, answers.bytes, answers.len);
	ck_assert_uint_eq(rig.service.asked, 1000);
	teardown(&rig);
}
END_TEST

START_TEST(longest_request_is_answered)
{
	static char bytes[PROTOCOL_REQUEST_MAX + 64];
	const bool named = protocols[_i] == &socketmap_protocol;
	const char *head = named ? "10000:query never " : "get never";
	struct rig rig;
	size_t len = strlen(head);

	/* The fake sees the beginning of the key only; its length counts. */
	setup(&rig, protocols[_i]);
	memset(bytes, '\0', sizeof(bytes));
	memcpy(bytes, head, len);
	bytes[named ? strlen("10000:query never") : len] = '\0';
	len = named ? strlen("10000:") + PROTOCOL_REQUEST_MAX
		    : PROTOCOL_REQUEST_MAX;
	bytes[len] = named ? ',' : '\n';
	send_bytes(rig.fd, bytes, len + 1);
	WAIT_UNTIL(rig.service.asked == 1, work(rig.base, 0));
	ck_assert_str_eq(rig.service.key, "never");
	ck_assert_uint_eq(rig.closed, 0);
	teardown(&rig);
}
END_TEST

START_TEST(map_is_the_clients_or_the_listeners)
{
	struct rig rig;

	setup(&rig, &socketmap_protocol);
	send_bytes(rig.fd, "10:Postfix now,", 15);
	work(rig.base, 5);
	ck_assert_str_eq(rig.service.key, "");
	teardown(&rig);

	setup(&rig, &socketmap_protocol);
	send_bytes(rig.fd, "11:Postfix now,", 15);
	expect_answer(rig.base, rig.fd, &socketmap_protocol, "now");
	ck_assert_str_eq(rig.service.map, "Postfix");
	ck_assert_str_eq(rig.service.who, rig.who);
	teardown(&rig);

	setup(&rig, &tcp_table_protocol);
	send_request(rig.fd, &tcp_table_protocol, "now");
	expect_answer(rig.base, rig.fd, &tcp_table_protocol, "now");
	ck_assert_str_eq(rig.service.map, "ours");
	rig.options.map = NULL;
	send_request(rig.fd, &tcp_table_protocol, "now");
	expect_answer(rig.base, rig.fd, &tcp_table_protocol, "now");
	ck_assert(rig.service.no_map);
	teardown(&rig);
}
END_TEST

/* ---- clients that end ---- */

START_TEST(half_close_is_still_answered)
{
	static struct text requests, answers;
	struct rig rig;

	setup(&rig, protocols[_i]);
	mixed(&requests, &answers, protocols[_i]);
	send_bytes(rig.fd, requests.bytes, requests.len);
	shutdown(rig.fd, SHUT_WR);
	expect_mixed(&rig, &answers);
	expect_end(rig.base, rig.fd);
	ck_assert_uint_eq(rig.closed, 1);
	teardown(&rig);
}
END_TEST

START_TEST(end_inside_a_request_is_the_end)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	send_bytes(
	    rig.fd, protocols[_i] == &socketmap_protocol ? "9:q" : "get", 3);
	shutdown(rig.fd, SHUT_WR);
	expect_end(rig.base, rig.fd);
	ck_assert_uint_eq(rig.service.asked, 0);
	ck_assert_uint_eq(rig.closed, 1);
	teardown(&rig);
}
END_TEST

START_TEST(reset_cancels_the_request)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct rig rig;

	setup_tcp(&rig, protocols[_i]);
	send_request(rig.fd, protocols[_i], "never");
	WAIT_UNTIL(rig.service.pending == 1, work(rig.base, 0));
	ck_assert(!session_is_idle(rig.session));

	setsockopt(rig.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(rig.fd);
	rig.fd = -1;
	WAIT_UNTIL(rig.closed == 1, work(rig.base, 0));
	ck_assert_uint_eq(rig.service.cancelled, 1);
	teardown(&rig);
}
END_TEST

START_TEST(freed_session_calls_nobody)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	send_request(rig.fd, protocols[_i], "later");
	work(rig.base, 1);
	session_free(rig.session);
	rig.session = NULL;
	expect_end(rig.base, rig.fd);
	work(rig.base, 2 * LATER_MS);
	ck_assert_uint_eq(rig.service.cancelled, 1);
	ck_assert_uint_eq(rig.closed, 0);
	teardown(&rig);
}
END_TEST

/* ---- time ---- */

START_TEST(half_received_request_times_out)
{
	struct rig rig;
	unsigned ms;

	setup(&rig, protocols[_i]);
	send_bytes(
	    rig.fd, protocols[_i] == &socketmap_protocol ? "9:q" : "get", 3);
	ms = time_of_end(rig.base, rig.fd);
	ck_assert_uint_ge(ms, TIMEOUT * 1000 - 100);
	ck_assert_uint_le(ms, TIMEOUT * 1000 + 100);
	ck_assert_uint_eq(rig.closed, 1);
	ck_assert_uint_eq(rig.stats.counter[STATS_CONNECTION_TIMEOUT], 1);
	teardown(&rig);
}
END_TEST

/* The limit is for the whole request, not for the next octet of it. */
START_TEST(slow_octets_do_not_extend_the_time)
{
	struct text request = { .len = 0 };
	const uint64_t begin = fake_ms;
	struct rig rig;
	size_t sent = 0;

	setup(&rig, protocols[_i]);
	add_request(&request, protocols[_i], "never-never-never-never");
	while (rig.closed == 0 && sent < request.len - 1) {
		send_bytes(rig.fd, request.bytes + sent++, 1);
		work(rig.base, 100);
	}
	ck_assert_uint_eq(rig.closed, 1);
	ck_assert_uint_ge(fake_ms - begin, TIMEOUT * 1000 - 100);
	ck_assert_uint_le(fake_ms - begin, TIMEOUT * 1000 + 200);
	ck_assert_uint_eq(rig.service.asked, 0);
	teardown(&rig);
}
END_TEST

/* Neither waiting for a request nor waiting for an answer has a limit, and
 * the limit of a request that was received in two parts ends with it. */
START_TEST(idle_session_is_left_alone)
{
	struct text request = { .len = 0 };
	struct rig rig;

	setup(&rig, protocols[_i]);
	expect_silence(rig.base, rig.fd, TIMEOUT * 1000 + 300);

	add_request(&request, protocols[_i], "now");
	send_bytes(rig.fd, request.bytes, 5);
	work(rig.base, 50);
	send_bytes(rig.fd, request.bytes + 5, request.len - 5);
	expect_answer(rig.base, rig.fd, protocols[_i], "now");
	expect_silence(rig.base, rig.fd, TIMEOUT * 1000 + 300);

	send_request(rig.fd, protocols[_i], "slow");
	expect_answer(rig.base, rig.fd, protocols[_i], "slow");
	expect_silence(rig.base, rig.fd, TIMEOUT * 1000 + 300);
	ck_assert_uint_eq(rig.closed, 0);
	teardown(&rig);
}
END_TEST

/* ---- clients that do not read ---- */

/* Sends requests as long as the socket takes them. */
static size_t
flood(struct rig *rig, const struct text *request, size_t most)
{
	size_t sent = 0;
	bool stuck = false;

	while (!stuck && sent < most) {
		for (int i = 0; i < 16 && !stuck && sent < most; i++) {
			const ssize_t n = send(rig->fd, request->bytes,
			    request->len, MSG_NOSIGNAL | MSG_DONTWAIT);

			stuck = n != (ssize_t)request->len;
			sent += !stuck;
		}
		work(rig->base, 0);
	}
	return sent;
}

START_TEST(client_that_never_reads_is_bounded_and_ends)
{
	const uint64_t begin = fake_ms;
	struct text request = { .len = 0 };
	struct rig rig;

	setup_tcp(&rig, protocols[_i]);
	add_request(&request, protocols[_i], "long");
	/* Some answers are in the socket, one waits; nothing more is asked
	 * until it has left. */
	flood(&rig, &request, 100000);
	ck_assert_ptr_nonnull(rig.session);
	ck_assert(!session_is_idle(rig.session));

	WAIT_UNTIL(rig.closed == 1, work(rig.base, 10));
	ck_assert_uint_ge(fake_ms - begin, TIMEOUT * 1000 - 100);
	ck_assert_uint_gt(rig.service.asked, 0);
	ck_assert_uint_lt(rig.service.asked, 1000);
	teardown(&rig);
}
END_TEST

/* Nothing is lost where the socket takes a reply only in part. */
START_TEST(client_that_reads_late_gets_everything)
{
	static struct text requests, answers;
	struct rig rig;

	setup_tcp(&rig, protocols[_i]);
	requests.len = answers.len = 0;
	for (size_t i = 0; i < 30; i++) {
		add_request(&requests, protocols[_i], "long");
		add_answer(&answers, protocols[_i], "long");
	}
	send_bytes(rig.fd, requests.bytes, requests.len);
	WAIT_UNTIL(rig.service.asked > 0, work(rig.base, 0));
	ck_assert_uint_lt(rig.service.asked, 30);
	expect_bytes(rig.base, rig.fd, answers.bytes, answers.len);
	expect_silence(rig.base, rig.fd, 5);
	send_request(rig.fd, protocols[_i], "now");
	expect_answer(rig.base, rig.fd, protocols[_i], "now");
	teardown(&rig);
}
END_TEST

/* ---- protocol errors ---- */

static const struct {
	const struct protocol *protocol;
	const char *bytes;
	const char *answer;
} errors[] = {
	{ &socketmap_protocol, "GET / HTTP/1.0\r\n\r\n",
	    "20:PERM not a netstring," },
	{ &socketmap_protocol, "017:query example.org,",
	    "32:PERM a length with leading zeros," },
	{ &socketmap_protocol, "17:query example.org;",
	    "34:PERM a netstring without its comma," },
	{ &socketmap_protocol, "10001:", "28:PERM the request is too long," },
	{ &socketmap_protocol, "5:query,",
	    "32:PERM a request is NAME SPACE KEY," },
	{ &tcp_table_protocol, "17:query example.org,",
	    "400 a request is get SPACE KEY NEWLINE\n" },
	{ &tcp_table_protocol, "get %\n", "400 a malformed %25XX escape\n" },
};

START_TEST(error_gets_one_answer_and_the_end)
{
	struct rig rig;

	setup(&rig, errors[_i].protocol);
	send_bytes(rig.fd, errors[_i].bytes, strlen(errors[_i].bytes));
	/* It goes on, and even makes sense: no longer listened to. */
	send_request(rig.fd, errors[_i].protocol, "now");
	send_bytes(rig.fd, errors[_i].bytes, strlen(errors[_i].bytes));
	expect_bytes(
	    rig.base, rig.fd, errors[_i].answer, strlen(errors[_i].answer));
	expect_end(rig.base, rig.fd);
	send_request(rig.fd, errors[_i].protocol, "now");
	work(rig.base, 20);
	ck_assert_uint_eq(rig.service.asked, 0);
	close(rig.fd);
	rig.fd = -1;
	work(rig.base, 20);
	ck_assert_uint_eq(rig.closed, 1);
	ck_assert_uint_eq(
	    rig.stats.counter[STATS_CONNECTION_PROTOCOL_ERROR], 1);
	teardown(&rig);
}
END_TEST

/* A key that Postfix could not send is one too. */
START_TEST(bad_key_is_an_error_of_the_protocol)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	send_request(rig.fd, protocols[_i], "now");
	send_request(rig.fd, protocols[_i], "bad");
	send_request(rig.fd, protocols[_i], "now");
	expect_answer(rig.base, rig.fd, protocols[_i], "now");
	expect_answer(rig.base, rig.fd, protocols[_i], "bad");
	expect_end(rig.base, rig.fd);
	ck_assert_uint_eq(rig.service.asked, 2);
	teardown(&rig);
}
END_TEST

START_TEST(error_waits_for_the_answers_before_it)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	send_request(rig.fd, protocols[_i], "later");
	send_request(rig.fd, protocols[_i], "now");
	send_bytes(rig.fd, "x\n", 2);
	expect_answer(rig.base, rig.fd, protocols[_i], "later");
	expect_answer(rig.base, rig.fd, protocols[_i], "now");
	if (protocols[_i] == &socketmap_protocol)
		expect_bytes(rig.base, rig.fd, "20:PERM not a netstring,", 24);
	else
		expect_bytes(rig.base, rig.fd,
		    "400 a request is get SPACE KEY NEWLINE\n", 39);
	expect_end(rig.base, rig.fd);
	teardown(&rig);
}
END_TEST

/* Closed with unread octets a TCP connection is reset, and the reset throws
 * away the answer that says why. */
START_TEST(reason_is_read_by_a_client_still_sending)
{
	static char garbage[32768];
	struct rig rig;

	memset(garbage, 'x', sizeof(garbage));
	setup_tcp(&rig, &socketmap_protocol);
	send_bytes(rig.fd, garbage, 1000);
	WAIT_UNTIL(rig.stats.counter[STATS_CONNECTION_PROTOCOL_ERROR] == 1,
	    work(rig.base, 0));
	for (size_t at = 0; at < sizeof(garbage); at += 1024) {
		send_bytes(rig.fd, garbage + at, 1024);
		work(rig.base, 2);
	}
	expect_bytes(rig.base, rig.fd, "20:PERM not a netstring,", 24);
	expect_end(rig.base, rig.fd);
	teardown(&rig);
}
END_TEST

static void
expect_closed_within(struct rig *rig, unsigned ms)
{
	const uint64_t begin = fake_ms;

	while (rig->closed == 0 && fake_ms < begin + ms)
		work(rig->base, 5);
	ck_assert_uint_eq(rig->closed, 1);
}

START_TEST(refused_client_does_not_stay)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	send_bytes(rig.fd, "x\n", 2);
	work(rig.base, 20);
	ck_assert_uint_eq(rig.closed, 0);
	ck_assert(session_is_idle(rig.session));
	expect_closed_within(&rig, 3500);
	teardown(&rig);
}
END_TEST

START_TEST(refused_client_that_goes_on_and_on_ends)
{
	static char garbage[4096];
	struct rig rig;

	setup(&rig, &socketmap_protocol);
	memset(garbage, 'x', sizeof(garbage));
	/* By the octets: no time passes. */
	WAIT_UNTIL(rig.closed == 1, {
		(void)!send(rig.fd, garbage, sizeof(garbage),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		work(rig.base, 0);
	});
	teardown(&rig);
}
END_TEST

/* An error found while the rest of a burst is put off. */
START_TEST(refused_client_does_not_come_back_after_a_burst)
{
	static struct text requests;
	struct rig rig;

	setup(&rig, protocols[_i]);
	requests.len = 0;
	add_request(&requests, protocols[_i], "held");
	for (int i = 0; i < 140; i++)
		add_request(&requests, protocols[_i], "now");
	add_bytes(&requests, "x\n", 2);
	send_bytes(rig.fd, requests.bytes, requests.len);
	work(rig.base, 5);
	release(&rig.service);
	send_bytes(rig.fd, "x", 1); /* readable, and a burst is left */
	work(rig.base, 20);
	ck_assert_uint_eq(rig.service.asked, 141);
	expect_closed_within(&rig, 3500);
	teardown(&rig);
}
END_TEST

/* ---- draining ---- */

START_TEST(drained_idle_session_ends)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	work(rig.base, 5);
	session_drain(rig.session);
	expect_end(rig.base, rig.fd);
	ck_assert_uint_eq(rig.closed, 1);
	teardown(&rig);
}
END_TEST

START_TEST(drained_session_answers_first)
{
	static struct text requests, answers;
	struct rig rig;

	setup(&rig, protocols[_i]);
	mixed(&requests, &answers, protocols[_i]);
	send_bytes(rig.fd, requests.bytes, requests.len);
	work(rig.base, 5);
	ck_assert_uint_eq(rig.closed, 0);
	ck_assert(!session_is_idle(rig.session));
	session_drain(rig.session);
	expect_mixed(&rig, &answers);
	expect_end(rig.base, rig.fd);
	ck_assert_uint_eq(rig.closed, 1);
	teardown(&rig);
}
END_TEST

START_TEST(what_arrived_before_draining_is_answered)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	work(rig.base, 5);
	send_request(rig.fd, protocols[_i], "later");
	session_drain(rig.session); /* it is not read yet */
	expect_answer(rig.base, rig.fd, protocols[_i], "later");
	expect_end(rig.base, rig.fd);
	teardown(&rig);
}
END_TEST

START_TEST(draining_inside_a_burst_answers_all)
{
	static struct text requests, answers;
	struct rig rig;

	setup(&rig, protocols[_i]);
	requests.len = answers.len = 0;
	add_request(&requests, protocols[_i], "held");
	add_answer(&answers, protocols[_i], "held");
	for (int i = 0; i < 300; i++) {
		add_request(&requests, protocols[_i], "now");
		add_answer(&answers, protocols[_i], "now");
	}
	send_bytes(rig.fd, requests.bytes, requests.len);
	work(rig.base, 5);
	release(&rig.service); /* 64 are answered, the rest is put off */
	session_drain(rig.session);
	expect_bytes(rig.base, rig.fd, answers.bytes, answers.len);
	expect_end(rig.base, rig.fd);
	teardown(&rig);
}
END_TEST

START_TEST(drained_session_drops_half_a_request)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	send_bytes(
	    rig.fd, protocols[_i] == &socketmap_protocol ? "9:q" : "get", 3);
	work(rig.base, 5);
	ck_assert_uint_eq(rig.closed, 0);
	session_drain(rig.session);
	expect_end(rig.base, rig.fd);
	teardown(&rig);
}
END_TEST

/* ---- for the listener ---- */

START_TEST(idle_is_whoever_waits_for_no_answer)
{
	struct rig rig;

	setup(&rig, protocols[_i]);
	ck_assert(session_is_idle(rig.session));
	send_bytes(rig.fd, protocols[_i] == &socketmap_protocol ? "1" : "g", 1);
	work(rig.base, 5);
	ck_assert_uint_eq(rig.closed, 0);
	ck_assert(session_is_idle(rig.session));
	ck_assert_uint_eq(rig.used, 0);
	if (protocols[_i] == &socketmap_protocol)
		send_bytes(rig.fd, "0:query held,", 13);
	else
		send_bytes(rig.fd, "et held\n", 8);
	work(rig.base, 5);
	ck_assert(!session_is_idle(rig.session));
	ck_assert_uint_eq(rig.used, 1);
	release(&rig.service);
	work(rig.base, 5);
	ck_assert(session_is_idle(rig.session));
	ck_assert_uint_eq(rig.used, 2);
	teardown(&rig);
}
END_TEST

static void
add_tests(TCase *tc)
{
	const int both = (int)COUNT(protocols);

#define BOTH(test) tcase_add_loop_test(tc, test, 0, both)
	BOTH(pipelined_requests_are_answered_in_order);
	BOTH(split_anywhere_makes_no_difference);
	BOTH(octet_by_octet_makes_no_difference);
	BOTH(thousand_requests_at_once_are_answered);
	BOTH(longest_request_is_answered);
	tcase_add_test(tc, map_is_the_clients_or_the_listeners);
	BOTH(half_close_is_still_answered);
	BOTH(end_inside_a_request_is_the_end);
	BOTH(reset_cancels_the_request);
	BOTH(freed_session_calls_nobody);
	BOTH(half_received_request_times_out);
	BOTH(slow_octets_do_not_extend_the_time);
	BOTH(idle_session_is_left_alone);
	BOTH(client_that_never_reads_is_bounded_and_ends);
	BOTH(client_that_reads_late_gets_everything);
	add_rows(tc, error_gets_one_answer_and_the_end, errors);
	BOTH(bad_key_is_an_error_of_the_protocol);
	BOTH(error_waits_for_the_answers_before_it);
	tcase_add_test(tc, reason_is_read_by_a_client_still_sending);
	BOTH(refused_client_does_not_stay);
	tcase_add_test(tc, refused_client_that_goes_on_and_on_ends);
	BOTH(refused_client_does_not_come_back_after_a_burst);
	BOTH(drained_idle_session_ends);
	BOTH(drained_session_answers_first);
	BOTH(what_arrived_before_draining_is_answered);
	BOTH(draining_inside_a_burst_answers_all);
	BOTH(drained_session_drops_half_a_request);
	BOTH(idle_is_whoever_waits_for_no_answer);
#undef BOTH
}

TEST_MAIN("session")
{
	TCase *tc = add_case(suite, "session");

	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	add_tests(tc);
}
