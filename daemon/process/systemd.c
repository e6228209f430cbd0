/* systemd.c - sockets and watchdog. */

#include "process/systemd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"

#define MICROSECONDS 1000000U

static void
free_names(char **names, int count)
{
	for (int i = 0; names != NULL && i < count; i++)
		free(names[i]);
	free(names);
}

int
systemd_sockets(systemd_socket_cb cb, void *arg)
{
	char **names = NULL;
	const int count = sd_listen_fds_with_names(1, &names);
	int result = 0;

	if (count < 0) {
		log_error(
		    "main: the sockets from systemd: %s", strerror(-count));
		return -1;
	}
	for (int i = 0; i < count && result == 0; i++)
		result = cb(arg, names[i], SD_LISTEN_FDS_START + i);
	free_names(names, count);
	return result;
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	sd_notify(0, "WATCHDOG=1");
}

struct event *
systemd_watchdog(struct event_base *base)
{
	uint64_t limit;
	struct timeval half;
	struct event *event;

	if (sd_watchdog_enabled(0, &limit) <= 0)
		return NULL;
	half.tv_sec = (time_t)(limit / 2 / MICROSECONDS);
	half.tv_usec = (suseconds_t)(limit / 2 % MICROSECONDS);
	event = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	if (event == NULL || event_add(event, &half) == -1)
		log_warning("main: no memory to feed the watchdog");
	return event;
}
