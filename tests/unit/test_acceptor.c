/* Connections a few at a time, and the pause where there is no room. */

#include "wire/acceptor.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fakes/time.h"
#include "sockets.h"
#include "test_main.h"

#define CLIENTS (2 * ACCEPTOR_BURST + 3)

struct rig {
	struct event_base *base;
	struct acceptor *acceptor;
	struct sockaddr_in address;
	int inside[CLIENTS], outside[CLIENTS];
	size_t accepted, connected, no_room;
	bool from_loopback;
};

static void
on_accepted(void *arg, int fd, const struct sockaddr_storage *client)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)client;
	struct rig *rig = arg;

	ck_assert_uint_lt(rig->accepted, CLIENTS);
	rig->inside[rig->accepted++] = fd;
	rig->from_loopback = in->sin_family == AF_INET &&
			     in->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static void
on_no_room(void *arg)
{
	struct rig *rig = arg;

	rig->no_room++;
}

static const struct acceptor_handler handler = { .accepted = on_accepted,
	.no_room = on_no_room };

static void
setup(struct rig *rig)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*rig = (struct rig){ .base = event_base_new() };
	bind_to_loopback(fd, &rig->address);
	ck_assert_int_eq(listen(fd, 2 * CLIENTS), 0);
	rig->acceptor = acceptor_new(rig->base, fd, &handler, rig);
	ck_assert_ptr_nonnull(rig->acceptor);
}

static void
teardown(struct rig *rig)
{
	for (size_t i = 0; i < rig->accepted; i++)
		close(rig->inside[i]);
	for (size_t i = 0; i < rig->connected; i++)
		close(rig->outside[i]);
	acceptor_free(rig->acceptor);
	event_base_free(rig->base);
	libevent_global_shutdown();
}

static void
come(struct rig *rig, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int fd = socket(AF_INET, SOCK_STREAM, 0);

		ck_assert_uint_lt(rig->connected, CLIENTS);
		ck_assert_int_eq(
		    connect(fd, (const struct sockaddr *)&rig->address,
			sizeof(rig->address)),
		    0);
		rig->outside[rig->connected++] = fd;
	}
}

/* Everybody has one turn. */
static void
turn(struct rig *rig)
{
	event_base_loop(rig->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

START_TEST(few_are_taken_at_a_time)
{
	size_t before = 0;
	struct rig rig;

	setup(&rig);
	come(&rig, CLIENTS);
	for (int i = 0; i < 3; i++) {
		turn(&rig);
		ck_assert_uint_gt(rig.accepted, before);
		ck_assert_uint_le(rig.accepted, before + ACCEPTOR_BURST);
		before = rig.accepted;
	}
	ck_assert_uint_eq(rig.accepted, CLIENTS);
	ck_assert(rig.from_loopback);
	ck_assert_uint_eq(rig.no_room, 0);
	teardown(&rig);
}
END_TEST

START_TEST(closed_it_leaves_them_outside)
{
	struct rig rig;

	setup(&rig);
	acceptor_open(rig.acceptor, false);
	come(&rig, 1);
	turn(&rig);
	ck_assert_uint_eq(rig.accepted, 0);
	acceptor_open(rig.acceptor, true);
	turn(&rig);
	ck_assert_uint_eq(rig.accepted, 1);
	teardown(&rig);
}
END_TEST

static rlim_t
leave_no_descriptor(void)
{
	const int next = dup(0);

	ck_assert_int_ne(next, -1);
	close(next);
	return allow_descriptors((rlim_t)next);
}

/* @changes: whether it is closed, and opened again, meanwhile. */
static void
expect_pause(bool changes)
{
	struct rig rig;
	rlim_t most;

	setup(&rig);
	come(&rig, 1);
	most = leave_no_descriptor();
	turn(&rig);
	if (changes) {
		acceptor_open(rig.acceptor, false);
		acceptor_open(rig.acceptor, true);
	}
	turn(&rig);
	allow_descriptors(most);
	ck_assert_uint_eq(rig.no_room, 1);
	fake_ms += ACCEPTOR_PAUSE_MS - 1;
	turn(&rig);
	ck_assert_uint_eq(rig.accepted, 0);
	fake_ms += 1;
	turn(&rig);
	turn(&rig);
	ck_assert_uint_eq(rig.accepted, 1);
	teardown(&rig);
}

START_TEST(without_descriptors_there_is_a_pause)
{
	expect_pause(false);
}
END_TEST

START_TEST(who_opens_it_does_not_end_the_pause)
{
	expect_pause(true);
}
END_TEST

START_TEST(closed_in_the_pause_it_stays_closed)
{
	struct rig rig;
	rlim_t most;

	setup(&rig);
	come(&rig, 1);
	most = leave_no_descriptor();
	turn(&rig);
	acceptor_open(rig.acceptor, false);
	allow_descriptors(most);
	fake_ms += 2 * ACCEPTOR_PAUSE_MS;
	turn(&rig);
	turn(&rig);
	ck_assert_uint_eq(rig.accepted, 0);
	acceptor_free(NULL);
	teardown(&rig);
}
END_TEST

TEST_MAIN("acceptor")
{
	TCase *cases = add_case(suite, "acceptor");

	tcase_add_test(cases, few_are_taken_at_a_time);
	tcase_add_test(cases, closed_it_leaves_them_outside);
	tcase_add_test(cases, without_descriptors_there_is_a_pause);
	tcase_add_test(cases, who_opens_it_does_not_end_the_pause);
	tcase_add_test(cases, closed_in_the_pause_it_stays_closed);
}
