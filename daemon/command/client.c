/* client.c - asks the daemon over its control socket. */

#include "command/client.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "command/progress.h"

#define SILENT_MS 2000 /* before anything is shown */
#define POLL_MS 500
#define MAY_ASK_MS 1000

struct client {
	const char *path; /* borrowed */
	int fd;
	uint64_t deadline; /* clock_ms() */
	size_t octets;     /* of the answer, so far */
};

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

/* Data that has already arrived is read even after the deadline. */
static size_t
receive(void *buffer, size_t size, void *arg)
{
	struct client *client = arg;
	const bool late = control_access_limit(
			      client->fd, SO_RCVTIMEO, client->deadline) == -1;
	ssize_t n;

	if (client->octets > CLIENT_ANSWER_MAX)
		return (size_t)-1;
	n = recv(client->fd, buffer, size, late ? MSG_DONTWAIT : 0);
	if (n < 0)
		return (size_t)-1;
	client->octets += (size_t)n;
	return (size_t)n;
}

/* ---- cleaning the reply ---- */

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

/* To be freed by the caller; NULL when out of memory. */
static char *
printable_copy(const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
	return copy;
}

static int
clean_string(json_t *string)
{
	char *copy;
	int result;

	if (is_printable(json_string_value(string)))
		return 0;
	if ((copy = printable_copy(json_string_value(string))) == NULL)
		return -1;
	result = json_string_set_nocheck(string, copy);
	free(copy);
	return result;
}

/* Add @value to @to under a printable form of @key. */
static int
copy_member(json_t *to, const char *key, json_t *value)
{
	char *copy = printable_copy(key);
	const int result =
	    copy != NULL ? json_object_set_nocheck(to, copy, value) : -1;

	free(copy);
	return result;
}

static int
clean_keys(json_t *object)
{
	json_t *fresh = json_object(), *value;
	const char *key;
	int result = fresh != NULL ? 0 : -1;

	json_object_foreach (object, key, value) {
		if (result == 0)
			result = copy_member(fresh, key, value);
	}
	if (result == 0)
		result = json_object_clear(object);
	if (result == 0)
		result = json_object_update(object, fresh);
	json_decref(fresh);
	return result;
}

static int clean(json_t *value);

static int
clean_object(json_t *object)
{
	bool all_printable = true;
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		all_printable = all_printable && is_printable(key);
		if (clean(value) == -1)
			return -1;
	}
	return all_printable ? 0 : clean_keys(object);
}

/* Make every string and key printable.  Returns 0, or -1 when out of memory.
 * The parser limits the depth of the recursion. */
static int
clean(json_t *value)
{
	size_t i;
	json_t *item;

	if (json_is_string(value))
		return clean_string(value);
	if (json_is_object(value))
		return clean_object(value);
	json_array_foreach (value, i, item) {
		if (clean(item) == -1)
			return -1;
	}
	return 0;
}

/* ---- one request ---- */

/* Shows progress on a terminal, unless the answer comes soon. */
static void
wait_visibly(const struct client *client)
{
	const uint64_t begun = clock_ms();
	struct pollfd readable = { .fd = client->fd, .events = POLLIN };
	struct progress progress = { 0 };
	uint64_t now = begun;
	char text[64];

	while (progress_is_seen() && now < client->deadline &&
	       poll(&readable, 1, POLL_MS) == 0) {
		now = clock_ms();
		if (now - begun < SILENT_MS)
			continue;
		snprintf(text, sizeof(text),
		    "waiting for postdaned: %" PRIu64 " s",
		    (now - begun) / 1000);
		progress_show(&progress, text);
	}
	progress_end(&progress);
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

const char *
client_hint(int error)
{
	if (error == EACCES || error == EPERM)
		return CLIENT_MAY_NOT_ASK;
	if (error == ENAMETOOLONG)
		return "a socket's path has at most 107 octets";
	return error == ENOENT
		   ? "is postdaned running, and is this its control-socket?"
		   : "is postdaned running?";
}

bool
client_may_ask(const struct control_access *control)
{
	const int fd = control_access_connect(control, clock_ms() + MAY_ASK_MS);
	const int error = errno;

	if (fd != -1)
		close(fd);
	return fd != -1 || (error != EACCES && error != EPERM);
}

struct client *
client_start(const struct control_access *control, const json_t *request,
    uint64_t deadline)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		fprintf(stderr, "postdane: out of memory\n");
		return NULL;
	}
	client->path = control->path;
	client->deadline = deadline;
	client->fd = control_access_connect(control, deadline);
	if (client->fd == -1) {
		fprintf(stderr, "postdane: %s: %s: %s\n", control->path,
		    strerror(errno), client_hint(errno));
		client_cancel(client);
		return NULL;
	}
	if (send_line(client->fd, request) == -1) {
		fprintf(stderr, "postdane: %s: %s\n", control->path,
		    strerror(errno));
		client_cancel(client);
		return NULL;
	}
	return client;
}

/* The parser's message quotes the text that it could not parse. */
static void
tell_no_answer(const struct client *client, const json_error_t *error)
{
	char text[JSON_ERROR_TEXT_LENGTH];

	if (client->octets > CLIENT_ANSWER_MAX)
		fprintf(stderr,
		    "postdane: %s: the answer has more than %d MiB\n",
		    client->path, CLIENT_ANSWER_MAX >> 20);
	else if (client->octets == 0)
		fprintf(stderr, "postdane: %s: no answer from postdaned: %s\n",
		    client->path,
		    clock_ms() >= client->deadline
			? "it takes too long"
			: "it has closed the connection: was it stopped?");
	else
		fprintf(stderr, "postdane: %s: no answer from postdaned: %s\n",
		    client->path,
		    log_printable(
			text, sizeof(text), error->text, strlen(error->text)));
}

json_t *
client_finish(struct client *client)
{
	json_error_t error;
	json_t *reply;

	if (client == NULL)
		return NULL;
	wait_visibly(client);
	reply = json_load_callback(receive, client, 0, &error);
	if (reply == NULL) {
		tell_no_answer(client, &error);
	} else if (clean(reply) == -1) {
		fprintf(stderr, "postdane: out of memory\n");
		json_decref(reply);
		reply = NULL;
	}
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
client_ask(const struct control_access *control, const json_t *request)
{
	return client_finish(
	    client_start(control, request, clock_ms() + CLIENT_SECONDS * 1000));
}

/* Not with "s*" of json_pack(), which leaves out what it has no memory for:
 * what is asked would be something else. */
static bool
set_text(json_t *request, const char *name, const char *text)
{
	return text == NULL ||
	       json_object_set_new(request, name, json_string(text)) == 0;
}

json_t *
client_request(const char *command, const char *key, const char *map)
{
	json_t *request = json_pack("{s:s}", "command", command);

	if (set_text(request, "key", key) && set_text(request, "map", map) &&
	    request != NULL)
		return request;
	json_decref(request);
	fprintf(stderr, "postdane: the key is not valid UTF-8\n");
	return NULL;
}

json_t *
client_call(const struct control_access *control, const char *command,
    const char *key, const char *map)
{
	json_t *request = client_request(command, key, map), *reply;

	if (request == NULL)
		return NULL;
	reply = client_ask(control, request);
	json_decref(request);
	return reply;
}
