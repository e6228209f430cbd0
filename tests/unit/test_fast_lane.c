/*
 * Sockets before all other work, on a real loop: neither may starve.
 * Time is the processor's, so that a busy machine does not matter.
 */

#include "wire/fast_lane.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "patience.h"
#include "processor.h"
#include "test_main.h"

#define SOCKETS 8
#define SHORT_US 5  /* what a socket takes */
#define LONG_US 200 /* what other work takes */
#define MIDDLE_US 50

struct rig;

/* Ready for ever, unless it is read. */
struct peer {
	struct rig *rig;
	struct fast_lane_socket socket;
	int fd; /* the other side */
	unsigned served;
	short what; /* last time */
};

struct rig {
	struct event_base *base;
	struct fast_lane *fast_lane;
	struct peer peer[SOCKETS];
	struct event *other, *end;
	unsigned others, other_us;
	unsigned burst; /* "other" waits in the loop so many times at once */
	struct event *twin[SOCKETS];
	unsigned served_at, late, prompt_served;
	unsigned at_once; /* pieces of other work between two looks */
	unsigned stop_at; /* others */
	uint64_t until;   /* of processor_ns() */
};

static void
on_socket(void *arg, short what)
{
	struct peer *peer = arg;

	peer->served++;
	peer->what = what;
	burn_ns(SHORT_US * 1000U);
	if (peer->rig->until != 0 && processor_ns() > peer->rig->until)
		event_base_loopbreak(peer->rig->base);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct rig *rig = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(rig->base);
}

/* Comes again at once, for ever. */
static void
on_other(evutil_socket_t fd, short what, void *arg)
{
	struct rig *rig = arg;

	(void)fd;
	(void)what;
	if (++rig->others == rig->stop_at)
		event_base_loopbreak(rig->base);
	burn_ns(rig->other_us * 1000U);
	if (rig->other_us == LONG_US)
		event_base_loopcontinue(rig->base);
	event_active(rig->other, EV_TIMEOUT, 0);
}

static void
setup(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->base = fast_lane_base_new();
	ck_assert_ptr_nonnull(rig->base);
	rig->fast_lane = fast_lane_new(rig->base);
	ck_assert_ptr_nonnull(rig->fast_lane);
	rig->other = event_new(rig->base, -1, 0, on_other, rig);
	rig->end = event_new(rig->base, -1, 0, on_end, rig);
	for (unsigned i = 0; i < SOCKETS; i++) {
		struct peer *peer = &rig->peer[i];
		int fds[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		peer->rig = rig;
		peer->fd = fds[1];
		peer->socket = (struct fast_lane_socket){
			.fd = fds[0], .ready = on_socket, .arg = peer
		};
	}
}

static void
teardown(struct rig *rig)
{
	for (unsigned i = 0; i < SOCKETS; i++) {
		struct peer *peer = &rig->peer[i];

		fast_lane_watch(rig->fast_lane, &peer->socket, 0);
		close(peer->socket.fd);
		close(peer->fd);
	}
	event_free(rig->other);
	event_free(rig->end);
	fast_lane_free(rig->fast_lane);
	event_base_free(rig->base);
}

static void
watch(struct peer *peer, short what)
{
	ck_assert_int_eq(
	    fast_lane_watch(peer->rig->fast_lane, &peer->socket, what), 0);
	ck_assert_int_eq(peer->socket.watched, what);
}

static void
make_ready(struct peer *peer)
{
	/* It is ready already where there is no room. */
	(void)!send(peer->fd, "x", 1, MSG_DONTWAIT);
}

static void
run_ms(struct rig *rig, unsigned ms)
{
	const struct timeval limit = { 0, (suseconds_t)ms * 1000 };

	event_add(rig->end, &limit);
	event_base_dispatch(rig->base);
	event_del(rig->end);
}

static unsigned
served(const struct rig *rig)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < SOCKETS; i++)
		sum += rig->peer[i].served;
	return sum;
}

/* ---- what is told ---- */

START_TEST(only_what_is_watched_is_told)
{
	struct rig rig;
	struct peer *one = &rig.peer[0], *other = &rig.peer[1];

	setup(&rig);
	watch(one, EV_READ);
	watch(other, EV_READ);
	make_ready(one);
	run_ms(&rig, 20);
	ck_assert_uint_gt(one->served, 0);
	ck_assert_int_eq(one->what, EV_READ);
	ck_assert_uint_eq(other->served, 0);

	watch(one, EV_READ | EV_WRITE);
	run_ms(&rig, 20);
	ck_assert_int_eq(one->what, EV_READ | EV_WRITE);
	watch(one, EV_WRITE);
	run_ms(&rig, 20);
	ck_assert_int_eq(one->what, EV_WRITE);

	watch(one, 0);
	one->served = 0;
	run_ms(&rig, 20);
	ck_assert_uint_eq(one->served, 0);
	watch(one, EV_READ);
	run_ms(&rig, 20);
	ck_assert_uint_gt(one->served, 0);
	teardown(&rig);
}
END_TEST

/* Somebody has to read the end, or the error. */
START_TEST(hangup_is_told_as_what_is_watched)
{
	struct rig rig;
	struct peer *peer = &rig.peer[0];

	setup(&rig);
	shutdown(peer->socket.fd, SHUT_RDWR);
	run_ms(&rig, 20);
	ck_assert_uint_eq(peer->served, 0);
	watch(peer, EV_READ);
	run_ms(&rig, 20);
	ck_assert_uint_gt(peer->served, 0);
	ck_assert_int_eq(peer->what, EV_READ);
	teardown(&rig);
}
END_TEST

static void
remove_all_others(void *arg, short what)
{
	struct peer *peer = arg;

	peer->served++;
	peer->what = what;
	for (unsigned i = 0; i < SOCKETS; i++)
		if (&peer->rig->peer[i] != peer)
			watch(&peer->rig->peer[i], 0);
}

/* Whoever is first removes the others, which were ready in the same batch. */
START_TEST(removed_socket_is_not_served_any_more)
{
	struct rig rig;

	setup(&rig);
	for (unsigned i = 0; i < SOCKETS; i++) {
		rig.peer[i].socket.ready = remove_all_others;
		watch(&rig.peer[i], EV_READ);
		make_ready(&rig.peer[i]);
	}
	event_base_loop(rig.base, EVLOOP_ONCE);
	for (unsigned i = 0; i < SOCKETS; i++)
		if (rig.peer[i].socket.watched == 0)
			ck_assert_uint_eq(rig.peer[i].served, 0);
	ck_assert_uint_gt(served(&rig), 0);
	teardown(&rig);
}
END_TEST

START_TEST(closed_file_is_an_error)
{
	struct rig rig;
	struct fast_lane_socket nobody = { .fd = -1, .ready = on_socket };

	setup(&rig);
	ck_assert_int_eq(fast_lane_watch(rig.fast_lane, &nobody, EV_READ), -1);
	ck_assert_int_eq(nobody.watched, 0);
	ck_assert_int_eq(fast_lane_watch(rig.fast_lane, &nobody, 0), 0);
	teardown(&rig);
}
END_TEST

/* ---- shares ---- */

static double
share_of_others(struct rig *rig)
{
	const unsigned before = rig->others;
	const uint64_t start = processor_ns();

	rig->until = start + 300000000;
	event_base_dispatch(rig->base);
	return (double)(rig->others - before) * rig->other_us * 1e3 /
	       (double)(processor_ns() - start);
}

/* Turns end by the clock on the wall, also those during which another process
 * had the processor: measured until it was not disturbed.  Who starves never
 * has a share. */
static void
expect_share(struct rig *rig, double least)
{
	double share = 0;

	WAIT_UNTIL((share = share_of_others(rig)) > least, (void)0);
	ck_assert_double_lt(share, 0.8);
}

/* Sockets that are always ready leave a quarter, and take what is left. */
START_TEST(others_get_their_share)
{
	struct rig rig;

	setup(&rig);
	for (unsigned i = 0; i < SOCKETS; i++) {
		watch(&rig.peer[i], EV_READ);
		make_ready(&rig.peer[i]);
	}
	rig.other_us = _i == 0 ? LONG_US : SHORT_US;
	event_active(rig.other, EV_TIMEOUT, 0);
	expect_share(&rig, _i == 0 ? 0.1 : 0.05);
	ck_assert_uint_gt(served(&rig), 1000);
	teardown(&rig);
}
END_TEST

/* One socket that is ready anew each time we look, as a single busy client. */
START_TEST(one_busy_client_leaves_a_share)
{
	struct rig rig;

	setup(&rig);
	watch(&rig.peer[0], EV_READ);
	make_ready(&rig.peer[0]);
	rig.other_us = LONG_US;
	event_active(rig.other, EV_TIMEOUT, 0);
	expect_share(&rig, 0.1);
	ck_assert_uint_gt(rig.peer[0].served, 1000);
	teardown(&rig);
}
END_TEST

/* Their turn ends when they have nothing to do. */
START_TEST(turn_is_not_longer_than_there_is_work)
{
	struct rig rig;
	const struct timeval often = { 0, 4000 };
	struct event *tick;
	uint64_t start;

	setup(&rig);
	tick = event_new(rig.base, -1, EV_PERSIST, on_end, &rig);
	event_add(tick, &often);
	for (unsigned i = 0; i < SOCKETS; i++) {
		watch(&rig.peer[i], EV_READ);
		make_ready(&rig.peer[i]);
	}
	start = processor_ns();
	while (processor_ns() - start < 40000000)
		event_base_dispatch(rig.base);
	ck_assert_uint_gt(
	    served(&rig) * SHORT_US, (processor_ns() - start) / 2000);
	event_free(tick);
	teardown(&rig);
}
END_TEST

/* ---- promptness ---- */

static void
on_awaited(void *arg, short what)
{
	struct peer *peer = arg;
	struct rig *rig = peer->rig;
	char scrap[16];

	(void)what;
	ck_assert_int_gt(read(peer->socket.fd, scrap, sizeof(scrap)), 0);
	rig->prompt_served++;
	if (rig->others > rig->served_at + rig->at_once)
		rig->late++;
	rig->served_at = rig->others;
}

/* Many of them are active at any time, and each makes our socket ready. */
static void
on_twin(evutil_socket_t fd, short what, void *arg)
{
	struct rig *rig = arg;

	(void)fd;
	(void)what;
	rig->others++;
	if (rig->others == rig->stop_at)
		event_base_loopbreak(rig->base);
	burn_ns(MIDDLE_US * 1000U);
	if (rig->at_once == 1)
		event_base_loopcontinue(rig->base);
	make_ready(&rig->peer[0]);
	for (unsigned i = 0; i < SOCKETS; i++)
		event_active(rig->twin[i], EV_TIMEOUT, 0);
}

/* What becomes ready waits for one piece of other work that calls itself long,
 * or 8 others; but for a few, where the machine took the processor away for
 * the length of a turn. */
START_TEST(flood_of_others_keeps_nobody_waiting)
{
	struct rig rig;

	setup(&rig);
	rig.stop_at = 1000;
	rig.at_once = _i == 0 ? 1 : 8;
	rig.peer[0].socket.ready = on_awaited;
	watch(&rig.peer[0], EV_READ);
	for (unsigned i = 0; i < SOCKETS; i++) {
		rig.twin[i] = event_new(rig.base, -1, 0, on_twin, &rig);
		event_active(rig.twin[i], EV_TIMEOUT, 0);
	}
	event_base_dispatch(rig.base);
	ck_assert_uint_ge(rig.prompt_served, 800 / rig.at_once);
	ck_assert_uint_le(rig.late, 50);
	for (unsigned i = 0; i < SOCKETS; i++)
		event_free(rig.twin[i]);
	teardown(&rig);
}
END_TEST

TEST_MAIN("prompt")
{
	TCase *tc = add_case(suite, "prompt");

	tcase_add_test(tc, only_what_is_watched_is_told);
	tcase_add_test(tc, hangup_is_told_as_what_is_watched);
	tcase_add_test(tc, removed_socket_is_not_served_any_more);
	tcase_add_test(tc, closed_file_is_an_error);
	tcase_add_loop_test(tc, others_get_their_share, 0, 2);
	tcase_add_test(tc, one_busy_client_leaves_a_share);
	tcase_add_test(tc, turn_is_not_longer_than_there_is_work);
	tcase_add_loop_test(tc, flood_of_others_keeps_nobody_waiting, 0, 2);
}
