/* Listening sockets: which session makes room where there is none, that nobody
 * who holds most takes those of others, and that places change all or not at
 * all. */

#include "wire/table/table_server.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/privileges.h"
#include "base/stats.h"
#include "sockets.h"
#include "test_main.h"
#include "wire_fixture.h"

#define MOST 6      /* connections */
#define TIMEOUT 100 /* seconds for a half-received request */
#define FLOOD 50
#define OTHER 65534 /* somebody who is not root */

struct rig {
	struct policy_service service;
	struct stats stats;
	struct event_base *base;
	struct table_server *table_server;
	struct privileges_user user;
	struct endpoint_rights rights;
	struct endpoint tcp;
	int fd; /* what listens there */
};

static const struct protocol *const protocol = &socketmap_protocol;

static int
listening_socket(struct endpoint *endpoint)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&endpoint->address;

	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->length = sizeof(*in);
	return listen_on_loopback(in, 2 * FLOOD);
}

static void
setup(struct rig *rig)
{
	*rig = (struct rig){ .base = event_base_new(),
		.user = { geteuid(), getegid() },
		.rights = { (uid_t)-1, (gid_t)-1, 0600 } };
	rig->service.base = rig->base;
	rig->table_server = table_server_new(
	    rig->base, &rig->service, &rig->stats, MOST, TIMEOUT);
	ck_assert_ptr_nonnull(rig->table_server);
	rig->fd = listening_socket(&rig->tcp);
	ck_assert_int_eq(
	    table_server_add_fd(rig->table_server, protocol, rig->fd), 0);
}

static void
teardown(struct rig *rig)
{
	table_server_free(rig->table_server);
	ck_assert_uint_eq(rig->service.pending, 0);
	event_base_free(rig->base);
	libevent_global_shutdown();
}

static size_t
count(const struct rig *rig)
{
	return table_server_connections(rig->table_server);
}

static size_t
made_room(const struct rig *rig)
{
	return (size_t)rig->stats.counter[STATS_CONNECTION_MADE_ROOM];
}

/* ---- clients ---- */

static int
connect_to(const struct endpoint *endpoint)
{
	const int fd = socket(endpoint->address.ss_family, SOCK_STREAM, 0);

	ck_assert_int_ne(fd, -1);
	connect_socket(fd, &endpoint->address, endpoint->length);
	return fd;
}

/* And until it has been let in. */
static int
arrive(struct rig *rig)
{
	const uint64_t before = rig->stats.counter[STATS_CONNECTION];
	const int fd = connect_to(&rig->tcp);

	WAIT_UNTIL(
	    rig->stats.counter[STATS_CONNECTION] != before, work(rig->base, 0));
	return fd;
}

/* Until the question, which has no answer, is known. */
static void
ask(struct rig *rig, int fd)
{
	const unsigned before = rig->service.asked;

	send_request(fd, protocol, "never");
	WAIT_UNTIL(rig->service.asked != before, work(rig->base, 0));
}

static int
arrive_and_ask(struct rig *rig)
{
	const int fd = arrive(rig);

	ask(rig, fd);
	return fd;
}

/* Somebody else, without root: of a socket that is closed when it is looked at
 * the kernel does not know whose it was, and what it asked is answered. */
static void
other_asks(struct rig *rig)
{
	const unsigned before = rig->service.asked;
	const int fd = connect_to(&rig->tcp);

	send_request(fd, protocol, "never");
	close(fd);
	WAIT_UNTIL(rig->service.asked != before, work(rig->base, 0));
}

static void
expect_temp(struct rig *rig, int fd)
{
	struct text text = { .len = 0 };

	add_reply(&text, protocol, PROTOCOL_TEMP,
	    "postdane: all connections are busy");
	expect_bytes(rig->base, fd, text.bytes, text.len);
	expect_end(rig->base, fd);
}

static bool
is_open(struct rig *rig, int fd)
{
	work(rig->base, 0);
	return !has_ended(fd);
}

static void
close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* ---- who makes room ---- */

START_TEST(the_one_that_is_idle_longest_goes_first)
{
	int held[MOST], last;
	struct rig rig;

	setup(&rig);
	held[0] = arrive_and_ask(&rig);
	for (int i = 1; i < MOST; i++)
		held[i] = arrive(&rig);
	/* It is the youngest then. */
	send_request(held[1], protocol, "now");
	expect_answer(rig.base, held[1], protocol, "now");
	ck_assert_uint_eq(made_room(&rig), 0);
	last = arrive(&rig);
	expect_end(rig.base, held[2]);
	ck_assert(is_open(&rig, held[0]));
	ck_assert(is_open(&rig, held[1]));
	ck_assert(is_open(&rig, held[3]));
	ck_assert_uint_eq(count(&rig), MOST);
	ck_assert_uint_eq(made_room(&rig), 1);
	close(last);
	close_all(held, MOST);
	teardown(&rig);
}
END_TEST

START_TEST(where_all_wait_the_first_is_told_temp)
{
	int held[MOST], last;
	struct rig rig;

	setup(&rig);
	for (int i = 0; i < MOST; i++)
		held[i] = arrive_and_ask(&rig);
	last = arrive(&rig);
	expect_temp(&rig, held[0]);
	ck_assert_uint_eq(rig.service.cancelled, 1);
	for (int i = 1; i < MOST; i++)
		ck_assert(is_open(&rig, held[i]));
	send_request(last, protocol, "now");
	expect_answer(rig.base, last, protocol, "now");
	ck_assert_uint_eq(count(&rig), MOST);
	close(last);
	close_all(held, MOST);
	teardown(&rig);
}
END_TEST

/* Neither one that waits nor one that has not asked yet. */
START_TEST(who_holds_most_takes_no_connection_of_others)
{
	int waiting, early;
	struct rig rig;

	setup(&rig);
	waiting = arrive_and_ask(&rig);
	early = arrive(&rig);
	for (int i = 0; i < FLOOD; i++)
		other_asks(&rig);
	ck_assert_uint_eq(count(&rig), MOST);
	ck_assert_uint_eq(made_room(&rig), FLOOD - (MOST - 2));
	ck_assert(is_open(&rig, waiting));
	ck_assert(is_open(&rig, early));
	send_request(early, protocol, "now");
	expect_answer(rig.base, early, protocol, "now");
	close(waiting);
	close(early);
	teardown(&rig);
}
END_TEST

/* One more, of who has fewer, takes one of those, though its own are idle. */
START_TEST(who_has_fewer_is_let_in)
{
	int idle[2];
	struct rig rig;

	setup(&rig);
	idle[0] = arrive(&rig);
	for (int i = 1; i < MOST; i++)
		other_asks(&rig);
	idle[1] = arrive(&rig);
	ck_assert(is_open(&rig, idle[0]));
	ck_assert(is_open(&rig, idle[1]));
	ck_assert_uint_eq(count(&rig), MOST);
	ck_assert_uint_eq(rig.service.cancelled, 1);
	close_all(idle, 2);
	teardown(&rig);
}
END_TEST

/* Descriptors are the machine's lack and not a newcomer's claim. */
START_TEST(without_descriptors_only_who_is_idle_goes)
{
	rlim_t before;
	struct rig rig;
	int waiting[2], outside, next;

	setup(&rig);
	waiting[0] = arrive_and_ask(&rig);
	waiting[1] = arrive_and_ask(&rig);
	outside = connect_to(&rig.tcp);
	next = dup(outside);
	close(next);
	before = allow_descriptors((rlim_t)next);
	work(rig.base, 20);
	ck_assert_uint_eq(made_room(&rig), 0);
	ck_assert(is_open(&rig, waiting[0]));
	ck_assert(is_open(&rig, waiting[1]));
	allow_descriptors(before);
	WAIT_UNTIL(count(&rig) == 3, work(rig.base, 1));
	/* The third is idle. */
	next = connect_to(&rig.tcp);
	allow_descriptors((rlim_t)next + 1);
	expect_end(rig.base, outside);
	ck_assert(is_open(&rig, waiting[0]));
	ck_assert(is_open(&rig, waiting[1]));
	allow_descriptors(before);
	close(next);
	close_all(waiting, 2);
	close(outside);
	teardown(&rig);
}
END_TEST

static bool has_no_netlink;

int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	if (addr->sa_family != AF_NETLINK || !has_no_netlink)
		return (int)syscall(SYS_connect, fd, addr, len);
	errno = ECONNREFUSED;
	return -1;
}

/* Whether users can't be told apart is said, and only then. */
START_TEST(that_users_are_one_is_said)
{
	const int log = memfd_create("log", 0), before = dup(STDERR_FILENO);
	char text[512] = "";
	struct rig rig;

	has_no_netlink = _i == 1;
	ck_assert_int_eq(dup2(log, STDERR_FILENO), STDERR_FILENO);
	setup(&rig);
	ck_assert_int_eq(dup2(before, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_gt((int)pread(log, text, sizeof(text) - 1, 0), 0);
	ck_assert_int_eq(
	    strstr(text, "can't be told apart: ") != NULL, has_no_netlink);
	close(before);
	close(log);
	teardown(&rig);
}
END_TEST

/* ---- places ---- */

static char directory[] = "/tmp/test_table_server.XXXXXX";

static struct endpoint
unix_endpoint(const char *name)
{
	struct endpoint endpoint = { .length = sizeof(struct sockaddr_un) };
	struct sockaddr_un *un = (struct sockaddr_un *)&endpoint.address;

	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s/%s", directory, name);
	return endpoint;
}

static const char *
path_of(const struct endpoint *endpoint)
{
	return ((const struct sockaddr_un *)&endpoint->address)->sun_path;
}

static unsigned
mode_of(const struct endpoint *endpoint)
{
	struct stat st;

	ck_assert_int_eq(stat(path_of(endpoint), &st), 0);
	return st.st_mode & ACCESSPERMS;
}

static bool
exists(const struct endpoint *endpoint)
{
	return access(path_of(endpoint), F_OK) == 0;
}

static int
set_places(struct rig *rig, const struct endpoint *endpoint, size_t n,
    const struct endpoint_rights *rights)
{
	struct table_server_place places[4];

	ck_assert_uint_le(n, COUNT(places));
	for (size_t i = 0; i < n; i++)
		places[i] = (struct table_server_place){ .protocol = protocol,
			.endpoint = &endpoint[i],
			.rights = rights,
			.user = &rig->user };
	return table_server_set(rig->table_server, places, n);
}

static const struct endpoint_rights open_to_all = { (uid_t)-1, (gid_t)-1,
	0666 };

START_TEST(what_fails_changes_nothing)
{
	struct rig rig;
	struct endpoint old[2], new[4];
	int session;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	setup(&rig);
	old[0] = unix_endpoint("first");
	old[1] = unix_endpoint("second");
	ck_assert_int_eq(set_places(&rig, old, 2, &rig.rights), 0);
	session = connect_to(&old[1]);
	/* The first with other rights, one that is new, one that can't be, and
	 * the second is named no more. */
	new[0] = old[0];
	new[1] = unix_endpoint("new");
	new[2] = unix_endpoint("nowhere/socket");
	ck_assert_int_eq(set_places(&rig, new, 3, &open_to_all), -1);
	ck_assert_uint_eq(mode_of(&old[0]), 0600);
	ck_assert(exists(&old[1]));
	ck_assert(!exists(&new[1]));
	send_request(session, protocol, "now");
	expect_answer(rig.base, session, protocol, "now");
	/* And what can be is done, rights included. */
	ck_assert_int_eq(set_places(&rig, new, 2, &open_to_all), 0);
	ck_assert_uint_eq(mode_of(&old[0]), 0666);
	ck_assert(exists(&new[1]));
	ck_assert(!exists(&old[1]));
	/* Whoever is inside stays. */
	send_request(session, protocol, "now");
	expect_answer(rig.base, session, protocol, "now");
	close(session);
	teardown(&rig);
	ck_assert(!exists(&old[0]));
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

static void
expect_owner(const struct endpoint *endpoint, uid_t owner, gid_t group)
{
	struct stat st;

	ck_assert_int_eq(stat(path_of(endpoint), &st), 0);
	ck_assert_uint_eq(st.st_uid, owner);
	ck_assert_uint_eq(st.st_gid, group);
}

/* Who may give sockets away is root alone. */
START_TEST(who_is_named_no_more_loses_it)
{
	const struct endpoint_rights theirs = { OTHER, OTHER, 0660 },
				     groups = { (uid_t)-1, OTHER, 0660 };
	struct endpoint place;
	struct rig rig;

	if (geteuid() != 0)
		return;
	ck_assert_ptr_nonnull(mkdtemp(directory));
	setup(&rig);
	place = unix_endpoint("first");
	ck_assert_int_eq(set_places(&rig, &place, 1, &theirs), 0);
	expect_owner(&place, OTHER, OTHER);
	ck_assert_int_eq(set_places(&rig, &place, 1, &groups), 0);
	expect_owner(&place, rig.user.uid, OTHER);
	ck_assert_int_eq(set_places(&rig, &place, 1, &open_to_all), 0);
	expect_owner(&place, rig.user.uid, rig.user.gid);
	ck_assert_uint_eq(mode_of(&place), 0666);
	/* One that has neither keeps those that somebody has given it. */
	ck_assert_int_eq(chown(path_of(&place), OTHER, OTHER), 0);
	ck_assert_int_eq(set_places(&rig, &place, 1, &rig.rights), 0);
	expect_owner(&place, OTHER, OTHER);
	ck_assert_uint_eq(mode_of(&place), 0600);
	teardown(&rig);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* Somebody has put another file in the second one's place. */
START_TEST(rights_that_can_not_be_given_are_given_to_none)
{
	/* All are named: only so can they be told from those it lacks. */
	const struct endpoint_rights wanted = { geteuid(), getegid(), 0666 };
	struct rig rig;
	struct endpoint place[2];

	ck_assert_ptr_nonnull(mkdtemp(directory));
	setup(&rig);
	place[0] = unix_endpoint("first");
	place[1] = unix_endpoint("second");
	ck_assert_int_eq(set_places(&rig, place, 2, &rig.rights), 0);
	ck_assert_int_eq(unlink(path_of(&place[1])), 0);
	ck_assert_int_eq(mkdir(path_of(&place[1]), 0700), 0);
	ck_assert_int_eq(set_places(&rig, place, 2, &wanted), -1);
	ck_assert_uint_eq(mode_of(&place[0]), 0600);
	/* It is known to have them, and to lack the others. */
	ck_assert_int_eq(rmdir(path_of(&place[1])), 0);
	ck_assert_int_eq(set_places(&rig, place, 1, &wanted), 0);
	ck_assert_uint_eq(mode_of(&place[0]), 0666);
	teardown(&rig);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* Who waits at a place that is closed would be reset. */
START_TEST(who_waits_outside_is_taken_along)
{
	struct rig rig;
	struct endpoint place;
	int outside;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	setup(&rig);
	place = unix_endpoint("first");
	ck_assert_int_eq(set_places(&rig, &place, 1, &rig.rights), 0);
	outside = connect_to(&place);
	ck_assert_int_eq(set_places(&rig, &place, 0, &rig.rights), 0);
	ck_assert(!exists(&place));
	send_request(outside, protocol, "now");
	expect_answer(rig.base, outside, protocol, "now");
	close(outside);
	teardown(&rig);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

TEST_MAIN("listener")
{
	TCase *room = add_case(suite, "who makes room");
	TCase *places = add_case(suite, "places");

	tcase_add_test(room, the_one_that_is_idle_longest_goes_first);
	tcase_add_test(room, where_all_wait_the_first_is_told_temp);
	tcase_add_test(room, who_holds_most_takes_no_connection_of_others);
	tcase_add_test(room, who_has_fewer_is_let_in);
	tcase_add_test(room, without_descriptors_only_who_is_idle_goes);
	tcase_add_loop_test(room, that_users_are_one_is_said, 0, 2);
	tcase_add_test(places, what_fails_changes_nothing);
	tcase_add_test(places, who_is_named_no_more_loses_it);
	tcase_add_test(places, rights_that_can_not_be_given_are_given_to_none);
	tcase_add_test(places, who_waits_outside_is_taken_along);
}
