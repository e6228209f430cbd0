/* The unix sockets of monitoring: whose they are, and what they do not touch.
 * What is answered there the lab's tests ask. */

#include "wire/admin/metrics.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/privileges.h"
#include "wire/admin/daemon_status.h"

#include "sockets.h"
#include "test_main.h"

struct rig {
	struct event_base *base;
	char folder[64], path[96];
	struct endpoint place;
	struct conf_endpoints places;
	struct privileges_user user;
	struct daemon_status_source source;
};

static void
setup(struct rig *rig)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&rig->place.address;

	*rig = (struct rig){ .base = event_base_new(),
		.folder = "/tmp/postdane-metrics.XXXXXX",
		.places = { .item = &rig->place, .count = 1 },
		.user = { geteuid(), getegid() } };
	ck_assert_ptr_nonnull(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/socket", rig->folder);
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", rig->path);
	rig->place.length = sizeof(*un);
	if (is_root()) {
		ck_assert_int_eq(chmod(rig->folder, 0755), 0);
		rig->user = (struct privileges_user){ OTHER, OTHER };
	}
}

static void
teardown(struct rig *rig)
{
	unlink(rig->path);
	ck_assert_int_eq(rmdir(rig->folder), 0);
	event_base_free(rig->base);
	libevent_global_shutdown();
}

static struct metrics *
listen_there(struct rig *rig)
{
	return metrics_new(rig->base, &rig->places, &rig->user, &rig->source);
}

static bool
can_connect(const struct rig *rig)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const bool can =
	    connect(fd, (const struct sockaddr *)&rig->place.address,
		rig->place.length) == 0;

	close(fd);
	return can;
}

START_TEST(the_socket_is_the_users_and_open_to_all)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct rig rig;
	struct metrics *metrics;
	struct stat st;

	setup(&rig);
	for (size_t i = 0; i < COUNT(masks); i++) {
		umask(masks[i]);
		metrics = listen_there(&rig);
		ck_assert_ptr_nonnull(metrics);
		ck_assert_uint_eq(umask(022), masks[i]);
		ck_assert_int_eq(lstat(rig.path, &st), 0);
		ck_assert_uint_eq(st.st_mode & ALLPERMS, 0666);
		ck_assert_uint_eq(st.st_uid, rig.user.uid);
		ck_assert_uint_eq(st.st_gid, rig.user.gid);
		ck_assert(can_connect(&rig));
		metrics_free(metrics);
		ck_assert_int_eq(access(rig.path, F_OK), -1);
	}
	teardown(&rig);
}
END_TEST

START_TEST(only_a_stale_socket_makes_room)
{
	const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	struct metrics *metrics;
	struct rig rig;

	setup(&rig);
	ck_assert_int_eq(bind(stale, (struct sockaddr *)&rig.place.address,
			     rig.place.length),
	    0);
	close(stale);
	metrics = listen_there(&rig);
	ck_assert_ptr_nonnull(metrics);
	/* And one that is in use stays, with who listens there. */
	ck_assert_ptr_null(listen_there(&rig));
	ck_assert(can_connect(&rig));
	metrics_free(metrics);
	teardown(&rig);
}
END_TEST

/* Root has no rights in a directory of somebody else. */
START_TEST(nothing_is_made_where_the_user_may_not)
{
	struct rig rig;

	setup(&rig);
	if (is_root()) {
		ck_assert_int_eq(chown(rig.folder, 12345, 12345), 0);
		ck_assert_ptr_null(listen_there(&rig));
		ck_assert_int_eq(access(rig.path, F_OK), -1);
	}
	teardown(&rig);
}
END_TEST

TEST_MAIN("metrics")
{
	TCase *tc = add_case(suite, "unix sockets");

	tcase_add_test(tc, the_socket_is_the_users_and_open_to_all);
	tcase_add_test(tc, only_a_stale_socket_makes_room);
	tcase_add_test(tc, nothing_is_made_where_the_user_may_not);
}
