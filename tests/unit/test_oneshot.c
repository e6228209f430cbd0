/* Those who ask once: how long they may take, and who goes for whom. */

#include "wire/admin/oneshot.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "wire/acceptor.h"

#include "../fakes/time.h"
#include "sockets.h"
#include "test_main.h"

#define ANSWER_MAX 64
#define LIMIT_MS (ONESHOT_SECONDS * 1000)

/* "now" is answered at once, "work" when the test says so, "go" not at all. */
struct client {
	struct oneshot_client *caller;
	struct client **at; /* where the rig knows it from */
};

struct rig {
	struct event_base *base;
	struct oneshot *oneshot;
	struct sockaddr_in address;
	struct client *working[ONESHOT_MAX];
	size_t count; /* that ever worked */
	unsigned gone;
};

static void
answer(struct client *client)
{
	evbuffer_add_printf(oneshot_answer(client->caller), "answer\n");
	oneshot_done(client->caller);
}

static void
on_read(
    struct oneshot_client *caller, void *own, struct evbuffer *in, void *arg)
{
	struct rig *rig = arg;
	struct client *client = own;
	char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);

	client->caller = caller;
	if (line == NULL)
		return;
	if (strcmp(line, "work") == 0) {
		ck_assert_uint_lt(rig->count, ONESHOT_MAX);
		client->at = &rig->working[rig->count++];
		*client->at = client;
		oneshot_work(caller);
	} else if (strcmp(line, "now") == 0) {
		answer(client);
	} else {
		oneshot_leave(caller);
	}
	free(line);
}

static void
on_gone(void *own)
{
	const struct client *client = own;

	if (client->at != NULL)
		*client->at = NULL;
}

static const struct oneshot_protocol protocol = {
	.size = sizeof(struct client),
	.read = on_read,
	.gone = on_gone,
};

/* ---- the rig ---- */

static void
setup(struct rig *rig)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*rig = (struct rig){ .base = event_base_new() };
	bind_to_loopback(fd, &rig->address);
	ck_assert_ptr_nonnull(rig->base);
	rig->oneshot = oneshot_new(rig->base, &protocol, rig);
	ck_assert_ptr_nonnull(rig->oneshot);
	ck_assert_int_eq(oneshot_listen(rig->oneshot, fd), 0);
}

static void
teardown(struct rig *rig)
{
	oneshot_free(rig->oneshot);
	event_base_free(rig->base);
	libevent_global_shutdown();
}

/* All that is to be done now; no time passes. */
static void
run(struct rig *rig)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(rig->base, EVLOOP_NONBLOCK);
}

static void
pass(struct rig *rig, unsigned ms)
{
	fake_ms += ms;
	run(rig);
}

static int
visit(const struct rig *rig, const char *text)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	connect_socket(fd, &rig->address, sizeof(rig->address));
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(
	    send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	return fd;
}

/* What has come: "" for nothing, "closed" for an end without an answer. */
static const char *
got(int fd)
{
	static char text[ANSWER_MAX];
	const ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (n == -1)
		return errno == EAGAIN ? "" : "closed";
	text[n] = '\0';
	return n > 0 ? text : "closed";
}

static void
close_all(const int *fd, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fd[i]);
}

/* ---- tests ---- */

START_TEST(each_is_answered_and_goes)
{
	struct rig rig;
	int fd;

	setup(&rig);
	for (int i = 0; i < 3 * ONESHOT_MAX; i++) {
		fd = visit(&rig, "now\n");
		run(&rig);
		ck_assert_str_eq(got(fd), "answer\n");
		ck_assert_str_eq(got(fd), "closed");
		close(fd);
		fd = visit(&rig, "go\n");
		run(&rig);
		ck_assert_str_eq(got(fd), "closed");
		close(fd);
	}
	teardown(&rig);
}
END_TEST

START_TEST(who_does_not_ask_in_time_goes)
{
	struct rig rig;
	int fd;

	setup(&rig);
	fd = visit(&rig, "no");
	run(&rig);
	pass(&rig, LIMIT_MS - 1);
	ck_assert_str_eq(got(fd), "");
	/* Another octet is no reason to stay. */
	ck_assert_int_eq(send(fd, "w", 1, 0), 1);
	run(&rig);
	pass(&rig, 2);
	ck_assert_str_eq(got(fd), "closed");
	close(fd);
	teardown(&rig);
}
END_TEST

START_TEST(who_is_worked_for_may_wait)
{
	struct rig rig;
	int fd;

	setup(&rig);
	fd = visit(&rig, "work\n");
	run(&rig);
	pass(&rig, 10 * LIMIT_MS);
	ck_assert_str_eq(got(fd), "");
	ck_assert_ptr_nonnull(rig.working[0]);
	answer(rig.working[0]);
	run(&rig);
	ck_assert_str_eq(got(fd), "answer\n");
	ck_assert_str_eq(got(fd), "closed");
	ck_assert_ptr_null(rig.working[0]);
	close(fd);
	teardown(&rig);
}
END_TEST

START_TEST(who_hangs_up_is_told_nothing)
{
	struct rig rig;

	setup(&rig);
	close(visit(&rig, "work\n"));
	run(&rig);
	/* Nothing is read from him any more, so his end is not seen until the
	 * answer is there; the end of the server comes before that. */
	ck_assert_uint_eq(rig.count, 1);
	teardown(&rig);
	ck_assert_ptr_null(rig.working[0]);
}
END_TEST

START_TEST(the_oldest_that_only_sits_there_goes)
{
	struct rig rig;
	int fd[ONESHOT_MAX + 1];

	setup(&rig);
	fd[0] = visit(&rig, "work\n");
	run(&rig);
	for (int i = 1; i < ONESHOT_MAX; i++) {
		fd[i] = visit(&rig, "");
		run(&rig);
	}
	fd[ONESHOT_MAX] = visit(&rig, "now\n");
	run(&rig);
	ck_assert_str_eq(got(fd[0]), "");
	ck_assert_ptr_nonnull(rig.working[0]);
	ck_assert_str_eq(got(fd[1]), "closed");
	ck_assert_str_eq(got(fd[2]), "");
	ck_assert_str_eq(got(fd[ONESHOT_MAX]), "answer\n");
	close_all(fd, ONESHOT_MAX + 1);
	teardown(&rig);
}
END_TEST

START_TEST(while_all_are_worked_for_others_wait_outside)
{
	struct rig rig;
	int fd[ONESHOT_MAX + 1];

	setup(&rig);
	for (int i = 0; i < ONESHOT_MAX; i++) {
		fd[i] = visit(&rig, "work\n");
		run(&rig);
	}
	ck_assert_uint_eq(rig.count, ONESHOT_MAX);
	fd[ONESHOT_MAX] = visit(&rig, "now\n");
	run(&rig);
	pass(&rig, 2 * LIMIT_MS);
	ck_assert_str_eq(got(fd[ONESHOT_MAX]), "");
	for (int i = 0; i < ONESHOT_MAX; i++)
		ck_assert_ptr_nonnull(rig.working[i]);
	answer(rig.working[7]);
	run(&rig);
	ck_assert_str_eq(got(fd[7]), "answer\n");
	ck_assert_str_eq(got(fd[ONESHOT_MAX]), "answer\n");
	close_all(fd, ONESHOT_MAX + 1);
	teardown(&rig);
}
END_TEST

/* And it is closed. */
START_TEST(a_socket_that_can_not_listen_is_an_error)
{
	struct rig rig;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	setup(&rig);
	errno = 0;
	ck_assert_int_eq(oneshot_listen(rig.oneshot, fd), -1);
	ck_assert_int_eq(errno, EOPNOTSUPP);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	oneshot_free(NULL);
	teardown(&rig);
}
END_TEST

/* They come in by and by, and between them others have their turn. */
START_TEST(many_at_once_do_not_hold_the_loop)
{
	int fd[ONESHOT_MAX];
	struct rig rig;
	int turns = 0;

	setup(&rig);
	for (int i = 0; i < ONESHOT_MAX; i++)
		fd[i] = visit(&rig, "work\n");
	while (rig.count < ONESHOT_MAX) {
		const size_t before = rig.count;

		event_base_loop(rig.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		ck_assert_uint_le(rig.count, before + ACCEPTOR_BURST);
		ck_assert_int_lt(++turns, ONESHOT_MAX);
	}
	close_all(fd, ONESHOT_MAX);
	teardown(&rig);
}
END_TEST

TEST_MAIN("visitors")
{
	TCase *cases = add_case(suite, "visitors");

	tcase_add_test(cases, each_is_answered_and_goes);
	tcase_add_test(cases, who_does_not_ask_in_time_goes);
	tcase_add_test(cases, who_is_worked_for_may_wait);
	tcase_add_test(cases, who_hangs_up_is_told_nothing);
	tcase_add_test(cases, the_oldest_that_only_sits_there_goes);
	tcase_add_test(cases, while_all_are_worked_for_others_wait_outside);
	tcase_add_test(cases, a_socket_that_can_not_listen_is_an_error);
	tcase_add_test(cases, many_at_once_do_not_hold_the_loop);
}
