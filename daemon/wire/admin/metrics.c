/* metrics.c - HTTP for monitoring. */

#include "wire/admin/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <utlist.h>

#include "base/conf.h"
#include "base/log.h"
#include "wire/admin/daemon_status.h"
#include "wire/admin/oneshot.h"
#include "wire/inet_socket.h"
#include "wire/unix_socket.h"

#define REQUEST_MAX 8192 /* octets, with all headers */
#define LINE_SIZE 256    /* of the request line; the valid ones are shorter */

struct client {
	struct oneshot_client *oneshot;
	const struct daemon_status_source *source;
	char line[LINE_SIZE]; /* the request line; "" until it is complete */
	size_t octets;        /* of the request so far */
};

/* A unix socket of ours. */
struct named {
	struct sockaddr_un address;
	struct named *next;
};

struct metrics {
	const struct daemon_status_source *source;
	struct oneshot *oneshot;
	struct privileges_user user;
	struct named *named;
};

/* ---- replies ---- */

/* Writes the response header and moves @body after it. */
static void
reply(struct client *client, const char *status, const char *type,
    struct evbuffer *body)
{
	struct evbuffer *out = oneshot_answer(client->oneshot);

	evbuffer_add_printf(out,
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    status, type, evbuffer_get_length(body));
	evbuffer_add_buffer(out, body);
	oneshot_done(client->oneshot);
}

static void
add_metrics(struct client *client, struct evbuffer *body)
{
	daemon_status_prometheus(client->source, body);
	reply(
	    client, "200 OK", "text/plain; version=0.0.4; charset=utf-8", body);
}

static void
add_health(struct client *client, struct evbuffer *body)
{
	const char *why;
	const bool healthy = daemon_status_is_healthy(client->source, &why);

	evbuffer_add_printf(body, "%s\n",
	    healthy       ? "ok"
	    : why != NULL ? why
			  : "starting");
	reply(client, healthy ? "200 OK" : "503 Service Unavailable",
	    "text/plain", body);
}

static void
add_error(struct client *client, const char *status, struct evbuffer *body)
{
	evbuffer_add_printf(body, "%s\n", status + strlen("400 "));
	reply(client, status, "text/plain", body);
}

/* The request is complete; its headers are ignored. */
static void
answer(struct client *client, struct evbuffer *body)
{
	char method[8], path[LINE_SIZE], version[16];

	if (sscanf(client->line, "%7s %255s %15s", method, path, version) !=
		3 ||
	    strncmp(version, "HTTP/1.", strlen("HTTP/1.")) != 0) {
		add_error(client, "400 Bad Request", body);
		return;
	}
	path[strcspn(path, "?")] = '\0';
	if (strcmp(method, "GET") != 0)
		add_error(client, "405 Method Not Allowed", body);
	else if (strcmp(path, "/metrics") == 0)
		add_metrics(client, body);
	else if (strcmp(path, "/healthz") == 0)
		add_health(client, body);
	else
		add_error(client, "404 Not Found", body);
}

/* Returns whether the request is complete. */
static bool
read_line(struct client *client, const char *line, size_t len)
{
	client->octets += len + 2;
	if (client->line[0] == '\0')
		snprintf(client->line, sizeof(client->line), "%s", line);
	else if (len == 0)
		return true;
	return false;
}

static void
read_lines(
    struct oneshot_client *oneshot, void *own, struct evbuffer *in, void *arg)
{
	const struct metrics *metrics = arg;
	struct client *client = own;
	struct evbuffer *body;
	bool ended = false, too_long;
	size_t len;
	char *line;

	client->oneshot = oneshot;
	client->source = metrics->source;
	while (!ended && client->octets <= REQUEST_MAX &&
	       (line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF)) != NULL) {
		ended = read_line(client, line, len);
		free(line);
	}
	too_long =
	    client->octets > REQUEST_MAX ||
	    (!ended && client->octets + evbuffer_get_length(in) > REQUEST_MAX);
	if (!ended && !too_long)
		return;
	if ((body = evbuffer_new()) == NULL) {
		oneshot_leave(oneshot);
		return;
	}
	if (!too_long)
		answer(client, body);
	else
		add_error(client, "431 Request Header Fields Too Large", body);
	evbuffer_free(body);
}

static const struct oneshot_protocol protocol = {
	.size = sizeof(struct client),
	.read = read_lines,
};

/* ---- create and free ---- */

/* Returns the socket, or -1 with errno. */
static int
bind_named(struct metrics *metrics, const struct sockaddr_un *address)
{
	static const struct endpoint_rights rights = { (uid_t)-1, (gid_t)-1,
		0666 };
	struct named *named = calloc(1, sizeof(*named));
	const int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (named != NULL && fd != -1 &&
	    unix_socket_bind(fd, address, &rights, &metrics->user) == 0) {
		named->address = *address;
		LL_PREPEND(metrics->named, named);
		return fd;
	}
	error = named == NULL ? ENOMEM : errno;
	if (fd != -1)
		close(fd);
	free(named);
	errno = error;
	return -1;
}

/* Returns 0, or -1 with errno. */
static int
open_place(struct metrics *metrics, const struct endpoint *endpoint)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&endpoint->address;
	const int fd =
	    address->sa_family == AF_UNIX
		? bind_named(metrics, (const struct sockaddr_un *)address)
		: inet_socket_bind(endpoint, SOCK_STREAM);

	return fd != -1 ? oneshot_listen(metrics->oneshot, fd) : -1;
}

static int
listen_at(struct metrics *metrics, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_MAX];

	endpoint_text(endpoint, text);
	if (open_place(metrics, endpoint) == -1) {
		log_error("metrics: %s: %s", text,
		    endpoint_bind_error(endpoint, errno));
		return -1;
	}
	log_info("metrics: http on %s", text);
	return 0;
}

struct metrics *
metrics_new(struct event_base *base, const struct conf_endpoints *places,
    const struct privileges_user *user,
    const struct daemon_status_source *source)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics != NULL) {
		metrics->source = source;
		metrics->user = *user;
		metrics->oneshot = oneshot_new(base, &protocol, metrics);
	}
	if (metrics == NULL || metrics->oneshot == NULL) {
		log_error("metrics: out of memory");
		metrics_free(metrics);
		return NULL;
	}
	for (size_t i = 0; i < places->count; i++)
		if (listen_at(metrics, &places->item[i]) == -1) {
			metrics_free(metrics);
			return NULL;
		}
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	struct named *named, *next;

	if (metrics == NULL)
		return;
	oneshot_free(metrics->oneshot);
	LL_FOREACH_SAFE (metrics->named, named, next) {
		unix_socket_remove(named->address.sun_path, &metrics->user);
		free(named);
	}
	free(metrics);
}
