/* client.c - ask the daemon over its control socket. */

#include "command/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int
connect_to(const char *path)
{
	static const struct timeval limit = { CLIENT_SECONDS, 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "postdane: %s: the path is too long\n", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (const struct sockaddr *)&address,
			    sizeof(address)) == -1) {
		fprintf(stderr, "postdane: %s: %s: is postdaned running?\n",
		    path, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
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
	const ssize_t n = recv(*(const int *)arg, buffer, size, 0);

	return n < 0 ? (size_t)-1 : (size_t)n;
}

json_t *
client_ask(const char *path, const json_t *request)
{
	int fd = connect_to(path);
	json_t *reply = NULL;
	json_error_t error;

	if (fd == -1)
		return NULL;
	if (send_line(fd, request) == -1)
		fprintf(stderr, "postdane: %s: %s\n", path, strerror(errno));
	else if ((reply = json_load_callback(receive, &fd, 0, &error)) == NULL)
		fprintf(stderr, "postdane: %s: no answer from postdaned: %s\n",
		    path, error.text);
	close(fd);
	if (json_is_string(json_object_get(reply, "error"))) {
		fprintf(stderr, "postdane: postdaned says: %s\n",
		    json_string_value(json_object_get(reply, "error")));
		json_decref(reply);
		return NULL;
	}
	return reply;
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
