/* write_places.c - the directories in which the daemon writes. */

#include "process/write_places.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/conf.h"

static void
directory_of_socket(const char *path, write_places_fn found, void *arg)
{
	char directory[PATH_MAX];
	char *slash;

	if (snprintf(directory, sizeof(directory), "%s", path) >=
		(int)sizeof(directory) ||
	    (slash = strrchr(directory, '/')) == NULL)
		return;
	/* The directory of "/socket" is "/". */
	slash[slash == directory ? 1 : 0] = '\0';
	found(arg, directory, LANDLOCK_SOCKETS);
}

static void
directories_of_sockets(
    const struct conf_endpoints *places, write_places_fn found, void *arg)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct sockaddr_un *un =
		    (const struct sockaddr_un *)&places->item[i].address;

		if (un->sun_family == AF_UNIX)
			directory_of_socket(un->sun_path, found, arg);
	}
}

void
write_places_each(const struct conf *conf, write_places_fn found, void *arg)
{
	found(arg, conf->state_directory, LANDLOCK_FILES);
	directory_of_socket(conf->control_socket, found, arg);
	directories_of_sockets(&conf->socketmap_listen, found, arg);
	directories_of_sockets(&conf->tcp_table_listen, found, arg);
	directories_of_sockets(&conf->metrics_listen, found, arg);
#ifdef POSTDANE_COVERAGE
	found(arg, POSTDANE_COVERAGE, LANDLOCK_FILES);
#endif
}
