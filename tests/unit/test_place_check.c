/* Where sockets shall be: what is said of directories, and with whose rights
 * they are looked at. */

#include "process/place_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/conf.h"

#include "test_main.h"

#define OTHER 65534 /* user nobody's */
#define TEXT_MAX 4000

static char room[64], path[80];

static void
make(const char *name, mode_t mode, uid_t owner)
{
	char where[200];

	snprintf(where, sizeof(where), "%s/%s", room, name);
	ck_assert_int_eq(mkdir(where, 0700), 0);
	ck_assert_int_eq(chmod(where, mode), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(where, owner, owner), 0);
}

static int
bind_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/%s", room, name);
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	/* As the daemon leaves it. */
	if (geteuid() == 0)
		ck_assert_int_eq(chown(address.sun_path, OTHER, OTHER), 0);
	return fd;
}

static void
setup(void)
{
	strcpy(room, "/tmp/test_places.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(room));
	ck_assert_int_eq(chmod(room, 0755), 0);
	snprintf(path, sizeof(path), "%s/conf", room);
	make("open", 0755, OTHER);
	make("closed", 0500, OTHER);
	make("roots", 0755, 0);
	make("roots/below", 0755, 0);
}

static void
teardown(void)
{
	char command[200];

	snprintf(command, sizeof(command), "chmod -R u+w '%s' && rm -r '%s'",
	    room, room);
	ck_assert_int_eq(system(command), 0);
}

/* "@" stands for the room. */
static void
expand(const char *text, char to[TEXT_MAX])
{
	size_t at = 0;

	for (; *text != '\0'; text++)
		if (*text == '@')
			at += (size_t)snprintf(
			    to + at, TEXT_MAX - at, "%s", room);
		else
			to[at++] = *text;
	to[at] = '\0';
}

static bool
judge(const char *text, bool systemd, char said[TEXT_MAX])
{
	char conf_text[TEXT_MAX], error[1000];
	FILE *file = fopen(path, "w"), *out = fmemopen(said, TEXT_MAX, "w");
	struct conf *conf;
	bool good;

	expand(text, conf_text);
	ck_assert(file != NULL && out != NULL);
	ck_assert_int_ge(fputs(conf_text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	conf = conf_load(path, error, sizeof(error));
	ck_assert_msg(conf != NULL, "%s", error);
	said[0] = '\0';
	good = place_check(conf, path, systemd, out);
	fclose(out);
	conf_free(conf);
	return good;
}

static void
assert_says(const char *text, bool systemd, bool good, const char *expected)
{
	char said[TEXT_MAX], wanted[TEXT_MAX];

	expand(expected, wanted);
	ck_assert_int_eq(judge(text, systemd, said), good);
	ck_assert_str_eq(said, wanted);
}

#define AS_NOBODY "user = \"nobody\"\n"
#define QUIET AS_NOBODY "control-socket = \"\"\n"

static const struct {
	const char *text;
	bool good;
	const char *says;
} rows[] = {
	{ QUIET, true, "" },
	{ AS_NOBODY "\ncontrol-socket = \"@/open/s\"\n", true, "" },
	{ AS_NOBODY "\ncontrol-socket = \"@/none/s\"\n", false,
	    "postdaned: @/conf:3: control-socket: the directory @/none does "
	    "not exist\n" },
	{ QUIET "socketmap-listen = { \"unix:@/none/s\", \"inet:[::1]:1\" }\n"
		"metrics-listen = { \"unix:@/open/m\", \"unix:@/nome/m\" }\n"
		"tcp-table-listen = { \"unix:@/none/t\" }\n",
	    false,
	    "postdaned: @/conf:3: socketmap-listen: the directory @/none does "
	    "not exist\n"
	    "postdaned: @/conf:5: tcp-table-listen: the directory @/none does "
	    "not exist\n"
	    "postdaned: @/conf:4: metrics-listen: the directory @/nome does "
	    "not exist\n" },
	{ QUIET "socketmap-listen = { \"unix:@/open\" }\n", false,
	    "postdaned: @/conf:3: socketmap-listen: @/open is there already, "
	    "and is no socket\n" },
	{ QUIET "socketmap-listen = { \"unix:@/conf/s\" }\n", false,
	    "postdaned: @/conf:3: socketmap-listen: no socket can be created "
	    "in @/conf: Not a directory\n" },
	/* What is made when the daemon starts. */
	{ QUIET "socketmap-listen = { \"unix:/run/no-such/s\" }\n", true,
	    "postdaned: note: @/conf:3: socketmap-listen: the directory "
	    "/run/no-such does not exist now: it must be made before postdaned "
	    "starts, after each boot\n" },
	{ QUIET "metrics-listen = { \"unix:/var/run/no-such/s\" }\n", true,
	    "postdaned: note: @/conf:3: metrics-listen: the directory "
	    "/var/run/no-such does not exist now: it must be made before "
	    "postdaned starts, after each boot\n" },
	{ QUIET "socketmap-listen = { \"unix:/runs/s\" }\n", false,
	    "postdaned: @/conf:3: socketmap-listen: the directory /runs does "
	    "not exist\n" },
};

START_TEST(directories_are_looked_at)
{
	assert_says(rows[_i].text, false, rows[_i].good, rows[_i].says);
}
END_TEST

static const char units[] =
    "postdaned: note: @/conf: control-socket: the directory /run/postdane does "
    "not exist yet: our systemd unit makes it; without systemd, make it before "
    "each start\n";

START_TEST(the_default_is_no_mistake_before_the_first_start)
{
	if (access("/run/postdane", F_OK) != 0)
		assert_says("", false, true, units);
}
END_TEST

/* Somebody listens there: a daemon that runs, or systemd. */
START_TEST(what_is_listened_at_is_well_wherever_it_is)
{
	static const char text[] =
	    QUIET "socketmap-listen = { \"unix:@/open/s\" }\n";
	const int fd = bind_at("open/s");
	char open[80];

	ck_assert_int_eq(listen(fd, 1), 0);
	snprintf(open, sizeof(open), "%s/open", room);
	ck_assert_int_eq(chmod(open, 0555), 0);
	assert_says(text, false, true, "");
	/* A stale one would have to make room. */
	close(fd);
	ck_assert_int_eq(chmod(open, 0755), 0);
	assert_says(text, false, true, "");
	ck_assert_int_eq(chmod(open, 0555), 0);
	if (geteuid() == 0)
		assert_says(text, false, false,
		    "postdaned: @/conf:3: socketmap-listen: user \"nobody\" "
		    "may not create a socket in @/open\n");
}
END_TEST

#define IN(folder) "socketmap-listen = { \"unix:@/" folder "/s\" }\n"

static const struct {
	const char *text;
	bool systemd, good;
	const char *says;
} rights[] = {
	/* In a directory of another's root acts as nobody would. */
	{ QUIET IN("closed"), false, false,
	    "postdaned: @/conf:3: socketmap-listen: user \"nobody\" may not "
	    "create a socket in @/closed\n" },
	{ QUIET IN("open"), true, true, "" },
	{ "user = \"\"\ncontrol-socket = \"\"\n" IN("closed"), false, true,
	    "" },
	{ "user = \"\"\ncontrol-socket = \"\"\n" IN("roots"), true, true, "" },
	/* In its own it acts as root, which systemd does not make it. */
	{ QUIET IN("roots/below"), false, true, "" },
	{ QUIET IN("roots/below"), true, true,
	    "postdaned: warning: @/conf:3: socketmap-listen: only root may "
	    "create a socket in @/roots/below, and systemd starts postdaned as "
	    "user \"nobody\"\n" },
};

START_TEST(root_looks_with_the_users_rights)
{
	if (geteuid() == 0)
		assert_says(rights[_i].text, rights[_i].systemd,
		    rights[_i].good, rights[_i].says);
}
END_TEST

/* Who starts postdaned is not known. */
START_TEST(what_another_user_may_not_is_no_mistake)
{
	const bool is_root = geteuid() == 0;

	if (is_root) {
		/* The file of the configuration is written by nobody, too. */
		ck_assert_int_eq(chmod(room, 0777), 0);
		ck_assert_int_eq(seteuid(OTHER), 0);
	}
	assert_says("user = \"root\"\ncontrol-socket = \"\"\n" IN("closed"),
	    true, true,
	    "postdaned: warning: @/conf:3: socketmap-listen: you may not "
	    "create a socket in @/closed; whether postdaned may, root can "
	    "tell\n");
	if (is_root) {
		assert_says(QUIET IN("closed"), true, false,
		    "postdaned: @/conf:3: socketmap-listen: user \"nobody\" "
		    "may not create a socket in @/closed\n");
		ck_assert_int_eq(seteuid(0), 0);
	}
}
END_TEST

TEST_MAIN("place_check")
{
	TCase *tc = add_case(suite, "places");

	tcase_add_checked_fixture(tc, setup, teardown);
	add_rows(tc, directories_are_looked_at, rows);
	tcase_add_test(tc, the_default_is_no_mistake_before_the_first_start);
	tcase_add_test(tc, what_is_listened_at_is_well_wherever_it_is);
	add_rows(tc, root_looks_with_the_users_rights, rights);
	tcase_add_test(tc, what_another_user_may_not_is_no_mistake);
}
