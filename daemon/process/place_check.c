/* place_check.c - checks whether the configured sockets can be created. */

#include "process/place_check.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/privileges.h"
#include "wire/unix_socket.h"

#define UNITS_DIRECTORY "/run/postdane" /* its RuntimeDirectory= */
#define FALLBACK_USER "nobody"          /* as privileges_prepare() has it */

struct check {
	const struct conf *conf;
	const char *path; /* of the configuration, or NULL */
	const char *name; /* user that postdaned will run as */
	struct privileges_user user;
	bool is_sure; /* that it will run as this user */
	bool systemd;
	FILE *out;
	bool good;
};

enum gravity { WRONG, WARNING, NOTE };

/* ---- the user of postdaned ---- */

static void
choose_user(struct check *check)
{
	const char *name = check->conf->user;
	const struct passwd *pw = name[0] != '\0' ? getpwnam(name) : NULL;

	check->user = (struct privileges_user){ geteuid(), getegid() };
	check->name = name[0] != '\0' ? name : "root";
	check->is_sure =
	    geteuid() == 0 || (pw != NULL && pw->pw_uid == geteuid());
	if (geteuid() != 0 || name[0] == '\0')
		return;
	if (pw == NULL) {
		check->name = FALLBACK_USER;
		pw = getpwnam(FALLBACK_USER);
	}
	if (pw != NULL)
		check->user =
		    (struct privileges_user){ pw->pw_uid, pw->pw_gid };
}

/* ---- messages ---- */

static void
put_place(struct check *check, enum gravity gravity, const char *option)
{
	static const char *const words[] = { "", "warning: ", "note: " };
	const unsigned line =
	    check->path != NULL ? conf_line(check->path, option) : 0;

	if (gravity == WRONG)
		check->good = false;
	fprintf(check->out, "postdaned: %s%s", words[gravity],
	    check->path != NULL ? check->path : "built-in defaults");
	if (line > 0)
		fprintf(check->out, ":%u", line);
	fprintf(check->out, ": %s: ", option);
}

/* Length of the directory part of a socket's path. */
static int
directory_length(const char *socket)
{
	const char *slash = strrchr(socket, '/');

	return slash == socket ? 1 : (int)(slash - socket);
}

/* Below /run: created at each start, gone after a reboot. */
static bool
is_made_at_start(const char *socket)
{
	return strncmp(socket, "/run/", 5) == 0 ||
	       strncmp(socket, "/var/run/", 9) == 0;
}

static void
put_missing(struct check *check, const char *option, const char *socket)
{
	const int len = directory_length(socket);
	const bool is_units = strncmp(socket, UNITS_DIRECTORY "/",
				  strlen(UNITS_DIRECTORY "/")) == 0 &&
			      len == (int)strlen(UNITS_DIRECTORY);

	put_place(check, is_made_at_start(socket) ? NOTE : WRONG, option);
	fprintf(check->out, "the directory %.*s does not exist%s\n", len,
	    socket,
	    is_units ? " yet: our systemd unit makes it; without systemd, make "
		       "it before each start"
	    : is_made_at_start(socket)
		? " now: it must be made before postdaned starts, after each "
		  "boot"
		: "");
}

static void
put_denied(struct check *check, const char *option, const char *socket)
{
	const int len = directory_length(socket);

	put_place(check, check->is_sure ? WRONG : WARNING, option);
	if (check->is_sure)
		fprintf(check->out,
		    "user \"%s\" may not create a socket in %.*s\n",
		    check->name, len, socket);
	else
		fprintf(check->out,
		    "you may not create a socket in %.*s; whether postdaned "
		    "may, root can tell\n",
		    len, socket);
}

static void
put_error(
    struct check *check, const char *option, const char *socket, int error)
{
	if (error == ENOENT) {
		put_missing(check, option, socket);
		return;
	}
	if (error == EACCES || error == EPERM) {
		put_denied(check, option, socket);
		return;
	}
	put_place(check, WRONG, option);
	if (error == EADDRINUSE)
		fprintf(check->out, "%s is there already, and is no socket\n",
		    socket);
	else
		fprintf(check->out, "no socket can be created in %.*s: %s\n",
		    directory_length(socket), socket, strerror(error));
}

/* ---- each socket ---- */

static void
check_socket(struct check *check, const char *option, const char *socket)
{
	const int error = unix_socket_check(socket, &check->user, false);

	if (error != 0) {
		put_error(check, option, socket, error);
	} else if (check->systemd && geteuid() == 0 &&
		   unix_socket_check(socket, &check->user, true) != 0) {
		put_place(check, WARNING, option);
		fprintf(check->out,
		    "only root may create a socket in %.*s, and systemd "
		    "starts postdaned as user \"%s\"\n",
		    directory_length(socket), socket, check->name);
	}
}

static void
check_list(struct check *check, const char *option,
    const struct conf_endpoints *places)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct sockaddr_un *un =
		    (const struct sockaddr_un *)&places->item[i].address;

		if (un->sun_family == AF_UNIX)
			check_socket(check, option, un->sun_path);
	}
}

bool
place_check(const struct conf *conf, const char *path, bool systemd, FILE *out)
{
	struct check check = { .conf = conf,
		.path = path,
		.systemd = systemd,
		.out = out,
		.good = true };

	/* The daemon does not have the rights of root's supplementary
	 * groups. */
	if (geteuid() == 0)
		setgroups(0, NULL);
	choose_user(&check);
	check_list(&check, "socketmap-listen", &conf->socketmap_listen);
	check_list(&check, "tcp-table-listen", &conf->tcp_table_listen);
	check_list(&check, "metrics-listen", &conf->metrics_listen);
	if (conf->control_socket[0] != '\0')
		check_socket(&check, "control-socket", conf->control_socket);
	return check.good;
}
