/* client.c - ask the daemon over its control socket. */

#include "command/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

struct client {
	const char *path; /* borrowed */
	int fd;
	uint64_t deadline; /* clock_ms() */
};

/* Returns false where there is none left. */
static bool
limit(const struct client *client, int option)
{
	const uint64_t now = clock_ms();
	const uint64_t left =
	    client->deadline > now ? client->deadline - now : 0;
	const struct timeval time = { (time_t)(left / 1000),
		(suseconds_t)(left % 1000 * 1000) };

	/* Zero would be no limit at all. */
	return left > 0 && setsockopt(client->fd, SOL_SOCKET, option, &time,
			       sizeof(time)) == 0;
}

static int
connect_to(struct client *client)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(client->path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "postdane: %s: the path is too long\n",
		    client->path);
		return -1;
	}
	memcpy(address.sun_path, client->path, strlen(client->path) + 1);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd == -1 || !limit(client, SO_SNDTIMEO) ||
	    connect(client->fd, (const struct sockaddr *)&address,
		sizeof(address)) == -1) {
		fprintf(stderr, "postdane: %s: %s: is postdaned running?\n",
		    client->path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
send_line(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int result = -1;

	if (text == NULL)
		return -1;
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) ==
		(ssize_t)strlen(text) &&
	    send(fd, "\n", 1, MSG_NOSIGNAL) == 1)
		result = 0;
	free(text);
	return result;
}

static size_t
receive(void *buffer, size_t size, void *arg)
{
	const struct client *client = arg;
	const ssize_t n = recv(client->fd, buffer, size,
	    limit(client, SO_RCVTIMEO) ? 0 : MSG_DONTWAIT);

	return n < 0 ? (size_t)-1 : (size_t)n;
}

void
client_cancel(struct client *client)
{
	if (client == NULL)
		return;
	if (client->fd != -1)
		close(client->fd);
	free(client);
}

struct client *
client_start(const char *path, const json_t *request, uint64_t deadline)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		fprintf(stderr, "postdane: out of memory\n");
		return NULL;
	}
	*client = (struct client){ path, -1, deadline };
	if (connect_to(client) == -1) {
		client_cancel(client);
		return NULL;
	}
	if (send_line(client->fd, request) == -1) {
		fprintf(stderr, "postdane: %s: %s\n", path, strerror(errno));
		client_cancel(client);
		return NULL;
	}
	return client;
}

json_t *
client_finish(struct client *client)
{
	json_error_t error;
	json_t *reply;

	if (client == NULL)
		return NULL;
	reply = json_load_callback(receive, client, 0, &error);
	if (reply == NULL)
		fprintf(stderr, "postdane: %s: no answer from postdaned: %s\n",
		    client->path, error.text);
	client_cancel(client);
	if (json_is_string(json_object_get(reply, "error"))) {
		fprintf(stderr, "postdane: postdaned says: %s\n",
		    json_string_value(json_object_get(reply, "error")));
		json_decref(reply);
		return NULL;
	}
	return reply;
}

json_t *
client_ask(const char *path, const json_t *request)
{
	return client_finish(
	    client_start(path, request, clock_ms() + CLIENT_SECONDS * 1000));
}

json_t *
client_request(const char *command, const char *key, const char *map)
{
	json_t *request = json_pack(
	    "{s:s, s:s*, s:s*}", "command", command, "key", key, "map", map);

	if (request == NULL)
		fprintf(stderr, "postdane: the key is not valid UTF-8\n");
	return request;
}

json_t *
client_call(
    const char *path, const char *command, const char *key, const char *map)
{
	json_t *request = client_request(command, key, map), *reply;

	if (request == NULL)
		return NULL;
	reply = client_ask(path, request);
	json_decref(request);
	return reply;
}
