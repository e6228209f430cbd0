/* One question to one name server, which is in this process, on loopback, and
 * has its habits.  Time passes only where everybody waits. */

#include "dns/upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "dns/packet.h"

#include "../fakes/time.h"
#include "test_main.h"

#define HEADER_LEN 12
#define QUESTION_MAX 512

/* ---- the name server ---- */

enum habit {
	ANSWERS,
	SHOUTS, /* the question in capitals */
	FORGES, /* four wrong answers before the right one */
	KNOWS_NOTHING,
	SAYS_NOTHING_WELL, /* no question, and no error */
	ANSWERS_ANOTHER_TYPE,
	BREAKS_OFF, /* an answer record that ends too soon */
	SILENT,
	MISSES_THE_FIRST,
	TRUNCATES
};

enum tcp_habit {
	TCP_ANSWERS,
	TCP_DRIPS,
	TCP_CLOSES,
	TCP_CLOSES_HALFWAY,
	TCP_ANSWERS_ANOTHER,
	TCP_TRUNCATES,
	TCP_SILENT,
	TCP_REFUSES
};

static struct event_base *base;
static struct event *udp_event, *tcp_event, *peer_event;
static struct endpoint server;
static int udp_fd = -1, tcp_fd = -1, peer_fd = -1;
static enum habit habit;
static enum tcp_habit tcp_habit;
static unsigned questions, tcp_questions;
static uint8_t question[QUESTION_MAX];
static size_t question_len;
static uint8_t drip[2 + QUESTION_MAX];
static size_t drip_len, dripped;

/* An A record after the question.  Returns the length. */
static size_t
compose(uint8_t out[QUESTION_MAX])
{
	static const uint8_t record[] = { 0xc0, HEADER_LEN, 0, 1, 0, 1, 0, 0, 1,
		44, 0, 4, 192, 0, 2, 1 };

	memcpy(out, question, question_len);
	out[2] |= 0x84;
	out[7] = 1;
	memcpy(out + question_len, record, sizeof(record));
	return question_len + sizeof(record);
}

static void
reply(int fd, const uint8_t *wire, size_t len, const struct sockaddr_in *to)
{
	ck_assert_int_eq(
	    sendto(fd, wire, len, 0, (const struct sockaddr *)to, sizeof(*to)),
	    (int)len);
}

static void
reply_forged(const uint8_t *honest, size_t len, const struct sockaddr_in *to)
{
	static const struct {
		size_t at;
		uint8_t bits;
	} forgeries[] = { { 0, 1 }, { 2, 0x80 }, { 2, 0x08 },
		{ HEADER_LEN + 1, 1 }, { 5, 2 } };
	const int other = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t wire[QUESTION_MAX];

	for (size_t i = 0; i < COUNT(forgeries); i++) {
		memcpy(wire, honest, len);
		wire[forgeries[i].at] ^= forgeries[i].bits;
		wire[len - 1] = 66; /* on_answer() knows the honest one */
		reply(udp_fd, wire, len, to);
	}
	reply(udp_fd, honest, HEADER_LEN - 1, to);
	reply(udp_fd, honest, HEADER_LEN + 1, to);
	/* Right in everything, but from another port. */
	memcpy(wire, honest, len);
	wire[len - 1] = 66;
	reply(other, wire, len, to);
	close(other);
}

static uint16_t from_port; /* of the last question */

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	uint8_t wire[QUESTION_MAX];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	const ssize_t n = recvfrom(fd, question, sizeof(question), 0,
	    (struct sockaddr *)&from, &from_len);
	size_t len;

	(void)what;
	(void)arg;
	ck_assert_int_gt((int)n, HEADER_LEN);
	question_len = (size_t)n;
	from_port = from.sin_port;
	questions++;
	len = compose(wire);
	switch (habit) {
	case SHOUTS:
		for (size_t i = HEADER_LEN + 1; i < question_len - 4; i++)
			if (wire[i] >= 'a' && wire[i] <= 'z')
				wire[i] ^= 0x20;
		break;
	case FORGES:
		reply_forged(wire, len, &from);
		break;
	case KNOWS_NOTHING:
		memset(wire + 4, 0, HEADER_LEN - 4);
		wire[3] |= 1;
		len = HEADER_LEN;
		break;
	case SAYS_NOTHING_WELL:
		memset(wire + 4, 0, HEADER_LEN - 4);
		len = HEADER_LEN;
		break;
	case ANSWERS_ANOTHER_TYPE:
		wire[question_len - 3] ^= 0x20;
		break;
	case BREAKS_OFF:
		len -= 2;
		break;
	case SILENT:
		return;
	case MISSES_THE_FIRST:
		if (questions == 1)
			return;
		break;
	case TRUNCATES:
		wire[2] |= 2;
		wire[7] = 0;
		len = question_len;
		break;
	case ANSWERS:
		break;
	}
	reply(fd, wire, len, &from);
}

static void
send_tcp(void)
{
	size_t len = compose(drip + 2);

	if (tcp_habit == TCP_ANSWERS_ANOTHER)
		drip[2] ^= 1;
	if (tcp_habit == TCP_TRUNCATES)
		drip[4] |= 2;
	drip[0] = (uint8_t)(len >> 8);
	drip[1] = (uint8_t)len;
	len += 2;
	drip_len = tcp_habit == TCP_CLOSES_HALFWAY ? len / 2 : len;
	dripped = tcp_habit == TCP_DRIPS ? 0 : drip_len;
	if (dripped > 0)
		ck_assert_int_eq(
		    send(peer_fd, drip, drip_len, 0), (int)drip_len);
}

static void
close_peer(void)
{
	if (peer_event != NULL)
		event_free(peer_event);
	peer_event = NULL;
	if (peer_fd != -1)
		close(peer_fd);
	peer_fd = -1;
}

static void
on_peer(evutil_socket_t fd, short what, void *arg)
{
	uint8_t wire[QUESTION_MAX];

	(void)arg;
	if ((what & EV_WRITE) != 0) { /* one octet at a time */
		if (dripped < drip_len)
			ck_assert_int_eq(send(fd, drip + dripped++, 1, 0), 1);
		return;
	}
	question_len = (size_t)recv(fd, wire, sizeof(wire), 0);
	ck_assert_uint_gt(question_len, 2 + HEADER_LEN);
	question_len -= 2;
	ck_assert_uint_eq((size_t)wire[0] << 8 | wire[1], question_len);
	memcpy(question, wire + 2, question_len);
	tcp_questions++;
	if (tcp_habit == TCP_SILENT) {
		event_del(peer_event);
		return;
	}
	if (tcp_habit != TCP_CLOSES)
		send_tcp();
	event_free(peer_event);
	peer_event = NULL;
	if (tcp_habit == TCP_DRIPS) {
		peer_event =
		    event_new(base, fd, EV_WRITE | EV_PERSIST, on_peer, NULL);
		event_add(peer_event, NULL);
	} else {
		close_peer();
	}
}

static void
on_tcp(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	close_peer();
	peer_fd = accept(fd, NULL, NULL);
	ck_assert_int_ne(peer_fd, -1);
	peer_event =
	    event_new(base, peer_fd, EV_READ | EV_PERSIST, on_peer, NULL);
	event_add(peer_event, NULL);
}

/* The same port for both.  Other programs take ports too. */
static bool
bind_both(void)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&server.address;

	memset(&server, 0, sizeof(server));
	v4->sin_family = AF_INET;
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.length = sizeof(*v4);
	udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(udp_fd, (struct sockaddr *)v4, sizeof(*v4)) == 0 &&
	    getsockname(udp_fd, (struct sockaddr *)v4, &server.length) == 0 &&
	    bind(tcp_fd, (struct sockaddr *)v4, sizeof(*v4)) == 0)
		return true;
	close(udp_fd);
	close(tcp_fd);
	return false;
}

static void
set_up(void)
{
	int tries = 0;

	ck_assert_ptr_nonnull(base = event_base_new());
	while (!bind_both())
		ck_assert_int_lt(++tries, 20);
	ck_assert_int_eq(listen(tcp_fd, 5), 0);
	udp_event = event_new(base, udp_fd, EV_READ | EV_PERSIST, on_udp, NULL);
	event_add(udp_event, NULL);
	tcp_event = event_new(base, tcp_fd, EV_READ | EV_PERSIST, on_tcp, NULL);
	event_add(tcp_event, NULL);
	questions = tcp_questions = 0;
	habit = ANSWERS;
	tcp_habit = TCP_ANSWERS;
}

static void
tear_down(void)
{
	close_peer();
	event_free(udp_event);
	event_free(tcp_event);
	close(udp_fd);
	if (tcp_fd != -1)
		close(tcp_fd);
	event_base_free(base);
}

/* ---- asking ---- */

static bool came, inside;
static char why[128];
static int rcode; /* -1 without packet */
static size_t records;

static void
on_answer(void *arg, const ldns_pkt *packet, const char *reason)
{
	(void)arg;
	ck_assert(!came && !inside);
	ck_assert((packet == NULL) == (reason != NULL));
	came = true;
	rcode = packet != NULL ? (int)ldns_pkt_get_rcode(packet) : -1;
	records =
	    packet != NULL ? ldns_rr_list_rr_count(ldns_pkt_answer(packet)) : 0;
	snprintf(why, sizeof(why), "%s", reason != NULL ? reason : "");
	if (records > 0)
		ck_assert_uint_eq(
		    ldns_rdf_data(ldns_rr_rdf(
			ldns_rr_list_rr(ldns_pkt_answer(packet), 0), 0))[3],
		    1);
}

static struct exchange *
start(const char *name, bool recurse)
{
	struct exchange *upstream;

	came = false;
	inside = true;
	upstream = upstream_start(
	    base, &server, name, DNS_TYPE_A, recurse, on_answer, NULL);
	inside = false;
	return upstream;
}

/* Until it has ended; returns how long that took. */
static unsigned
finish(void)
{
	const uint64_t begin = fake_ms;

	while (!came) {
		event_base_loop(base, EVLOOP_ONCE);
		PROMISE(fake_ms < begin + 2 * UPSTREAM_MS + 1000);
	}
	return (unsigned)(fake_ms - begin);
}

static void
ask(void)
{
	ck_assert_ptr_nonnull(start("a.example", false));
	finish();
}

static const struct {
	enum habit habit;
	int rcode;
	size_t records;
	unsigned questions;
	const char *why;
} habits[] = {
	{ ANSWERS, 0, 1, 1, "" },
	{ SHOUTS, 0, 1, 1, "" },
	{ FORGES, 0, 1, 1, "" },
	{ KNOWS_NOTHING, 1, 0, 1, "" },
	{ SAYS_NOTHING_WELL, -1, 0, 2, "no answer" },
	{ ANSWERS_ANOTHER_TYPE, -1, 0, 2, "no answer" },
	{ BREAKS_OFF, -1, 0, 1, "an answer that can't be read" },
	{ SILENT, -1, 0, 2, "no answer" },
	{ MISSES_THE_FIRST, 0, 1, 2, "" },
};

START_TEST(udp_answer_is_one_or_is_not)
{
	habit = habits[_i].habit;
	ask();
	ck_assert_int_eq(rcode, habits[_i].rcode);
	ck_assert_uint_eq(records, habits[_i].records);
	ck_assert_uint_eq(questions, habits[_i].questions);
	ck_assert_uint_eq(tcp_questions, 0);
	ck_assert_str_eq(why, habits[_i].why);
}
END_TEST

static const struct {
	enum tcp_habit habit;
	size_t records;
	const char *why;
} tcp_habits[] = {
	{ TCP_ANSWERS, 1, "" },
	{ TCP_DRIPS, 1, "" },
	{ TCP_CLOSES, 0, "TCP connection closed" },
	{ TCP_CLOSES_HALFWAY, 0, "TCP connection closed" },
	{ TCP_ANSWERS_ANOTHER, 0, "an answer to another question" },
	/* what is missing there is missing for good */
	{ TCP_TRUNCATES, 0, "an answer that is cut off, over TCP" },
	{ TCP_SILENT, 0, "no answer" },
	{ TCP_REFUSES, 0, "TCP" },
};

START_TEST(truncated_answer_is_asked_by_tcp)
{
	habit = TRUNCATES;
	tcp_habit = tcp_habits[_i].habit;
	if (tcp_habit == TCP_REFUSES) {
		event_free(tcp_event);
		close(tcp_fd);
		tcp_fd = -1;
		tcp_event = event_new(base, -1, 0, on_tcp, NULL);
	}
	ask();
	ck_assert_uint_eq(questions, 1);
	ck_assert_uint_eq(tcp_questions, tcp_habit != TCP_REFUSES);
	ck_assert_uint_eq(records, tcp_habits[_i].records);
	ck_assert_msg(
	    strncmp(why, tcp_habits[_i].why, strlen(tcp_habits[_i].why)) == 0 &&
		(why[0] != '\0') == (records == 0),
	    "%s", why);
}
END_TEST

START_TEST(question_is_what_was_asked)
{
	static const uint8_t rest[] = { 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 7, 'e',
		'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1 };
	uint8_t first[2];
	uint16_t first_port;
	bool other_id = false, other_port = false;

	ck_assert_ptr_nonnull(start("a.example", _i == 1));
	finish();
	ck_assert_uint_eq(question_len, 4 + sizeof(rest));
	ck_assert_uint_eq(question[2], _i == 1 ? 1 : 0);
	ck_assert_uint_eq(question[3], 0);
	ck_assert_mem_eq(question + 4, rest, sizeof(rest));
	/* and the id another each time, and the port: four times the same has
	 * odds of one to 2^48 */
	memcpy(first, question, 2);
	first_port = from_port;
	for (int i = 0; i < 3; i++) {
		ask();
		other_id |= memcmp(first, question, 2) != 0;
		other_port |= from_port != first_port;
	}
	ck_assert(other_id);
	ck_assert(other_port);
}
END_TEST

START_TEST(closed_port_fails_at_once)
{
	ck_assert_ptr_nonnull(start("a.example", false));
	/* The question is answered by ICMP, the next send or recv says so. */
	event_free(udp_event);
	udp_event = event_new(base, -1, 0, on_udp, NULL);
	close(udp_fd);
	udp_fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (finish() >= UPSTREAM_MS)
		ck_abort_msg("it waited");
	ck_assert_int_eq(rcode, -1);
	/* Now at once. */
	if (start("a.example", false) != NULL) {
		ck_assert_uint_eq(finish(), 0);
		ck_assert_str_eq(why, "port unreachable");
	}
}
END_TEST

START_TEST(no_route_is_no_exchange)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&server.address;

	v4->sin_addr.s_addr = htonl(0xffffffff); /* needs a privilege */
	ck_assert_ptr_null(start("a.example", false));
	v4->sin_family = AF_UNSPEC;
	ck_assert_ptr_null(start("a.example", false));
	ck_assert(!came);
}
END_TEST

START_TEST(cancelled_one_never_calls)
{
	struct exchange *upstream = start("a.example", false);

	ck_assert_ptr_nonnull(upstream);
	upstream_cancel(upstream);
	habit = TRUNCATES;
	tcp_habit = TCP_SILENT;
	upstream = start("a.example", false);
	ck_assert_ptr_nonnull(upstream);
	for (int i = 0; i < 100 && tcp_questions == 0; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(tcp_questions, 1);
	ck_assert(!came);
	upstream_cancel(upstream);
	upstream_cancel(NULL);
	ck_assert(!came);
}
END_TEST

TEST_MAIN("exchange")
{
	TCase *tc = add_case(suite, "exchange");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_rows(tc, udp_answer_is_one_or_is_not, habits);
	add_rows(tc, truncated_answer_is_asked_by_tcp, tcp_habits);
	tcase_add_loop_test(tc, question_is_what_was_asked, 0, 2);
	tcase_add_test(tc, closed_port_fails_at_once);
	tcase_add_test(tc, no_route_is_no_exchange);
	tcase_add_test(tc, cancelled_one_never_calls);
}
