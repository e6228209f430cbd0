/*
 * Asking a table: what answers, what does not, and what never comes to an end.
 */

#include "command/postfix/policy_map.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#include "sockets.h"
#include "test_main.h"

#define LONG_MS 100000U /* nothing here takes so long */
#define SHORT_MS 300U   /* what never comes is not waited for longer */

/* A server that says @text, and then an octet more again and again where it
 * @drips; else it waits.  Returns its port. */
static unsigned
serve(const char *text, bool drips, pid_t *pid)
{
	struct sockaddr_in address;
	const int fd = listen_on_loopback(&address, 1);
	char request[1000];

	if ((*pid = fork()) == 0) {
		const int peer = accept(fd, NULL, NULL);

		if (recv(peer, request, sizeof(request), 0) > 0)
			send(peer, text, strlen(text), MSG_NOSIGNAL);
		while (drips && send(peer, "x", 1, MSG_NOSIGNAL) == 1)
			usleep(10000);
		pause();
	}
	close(fd);
	return ntohs(address.sin_port);
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *before, *after, *says;
	bool drips;
	unsigned ms;
	int error;
	const char *text;
} rows[] = {
	{ "socketmap:inet:127.0.0.1:", ":query", "6:OK may,", false, LONG_MS, 0,
	    "OK may" },
	{ "tcp:127.0.0.1:", "", "200 may\n", false, LONG_MS, 0, "200 may" },
	{ "tcp:127.0.0.1:", "", "", false, SHORT_MS, ETIMEDOUT, "" },
	{ "socketmap:inet:127.0.0.1:", ":query", "900:OK ", true, SHORT_MS,
	    ETIMEDOUT, "" },
	{ "tcp:127.0.0.1:", "", "200 ", true, SHORT_MS, ETIMEDOUT, "" },
};

START_TEST(what_a_server_says_has_an_end)
{
	const struct policy_map_viewer viewer = { .directory = "/",
		.uid = (uid_t)-1 };
	struct policy_map_answer answer;
	struct policy_map map;
	char text[100];
	const char *list = text;
	pid_t pid;

	snprintf(text, sizeof(text), "%s%u%s", rows[_i].before,
	    serve(rows[_i].says, rows[_i].drips, &pid), rows[_i].after);
	ck_assert(policy_map_next(&list, &map));
	policy_map_ask(
	    &map, &viewer, "example.org", clock_ms() + rows[_i].ms, &answer);
	end(pid);
	ck_assert_int_eq(answer.error, rows[_i].error);
	ck_assert_str_eq(answer.text, rows[_i].text);
}
END_TEST

/* As user postfix can do to what has become user postfix. */
static void
stop_who_asks(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;
	int client;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	if (fork() > 0) {
		close(fd);
		return;
	}
	client = accept(fd, NULL, NULL);
	getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	_exit(kill(peer.pid, SIGSTOP) == 0 ? 0 : 1);
}

START_TEST(who_is_stopped_is_not_waited_for)
{
	char directory[] = "/tmp/test_policy_map.XXXXXX", path[64], text[128];
	const struct policy_map_viewer viewer = { .directory = "/",
		.uid = (uid_t)-1 };
	struct policy_map_answer answer;
	struct policy_map map;
	const char *list = text;
	int status;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	snprintf(text, sizeof(text), "socketmap:unix:%s:query", path);
	stop_who_asks(path);
	ck_assert(policy_map_next(&list, &map));
	policy_map_ask(
	    &map, &viewer, "example.org", clock_ms() + SHORT_MS, &answer);
	ck_assert_int_eq(answer.error, ETIMEDOUT);
	ck_assert_str_eq(answer.text, "");
	/* And nothing of it is left but who has stopped it. */
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(wait(&status), -1);
	unlink(path);
	rmdir(directory);
}
END_TEST

TEST_MAIN("policy_map")
{
	TCase *tc = add_case(suite, "ask");

	add_rows(tc, what_a_server_says_has_an_end, rows);
	tcase_add_test(tc, who_is_stopped_is_not_waited_for);
}
