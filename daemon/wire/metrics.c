/* metrics.c - HTTP for monitoring. */

#include "wire/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <utlist.h>

#include "base/conf.h"
#include "base/log.h"
#include "wire/status.h"

#define CLIENT_SECONDS 10 /* from the connection to the end of the answer */
#define REQUEST_MAX 8192  /* octets, with all headers */
#define LINE_SIZE 256     /* of the request's first line: ours are shorter */
#define CLIENTS_MAX 64
#define ACCEPT_PAUSE_MS 100 /* after the descriptors have run out */

/* A connection; it asks once. */
struct client {
	struct metrics *metrics;
	struct bufferevent *stream;
	struct event *limit;
	char line[LINE_SIZE]; /* the request's first; "" before it is there */
	size_t octets;        /* of the request, so far */
	bool answered;
	struct client *prev, *next;
};

struct place {
	struct metrics *metrics;
	struct evconnlistener *listener;
	struct event *resume; /* accepting, after a pause */
	struct place *next;
};

struct metrics {
	struct event_base *base;
	const struct status_source *source;
	struct place *places;
	struct client *clients; /* the oldest first */
	size_t client_count;
};

/* ---- clients ---- */

static void
client_free(struct client *client)
{
	struct metrics *metrics = client->metrics;

	DL_DELETE(metrics->clients, client);
	metrics->client_count--;
	if (client->limit != NULL)
		event_free(client->limit);
	if (client->stream != NULL)
		bufferevent_free(client->stream);
	free(client);
}

/* Adds the answer's head and drains @body. */
static void
reply(struct client *client, const char *status, const char *type,
    struct evbuffer *body)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);

	client->answered = true;
	bufferevent_disable(client->stream, EV_READ);
	evbuffer_add_printf(out,
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    status, type, evbuffer_get_length(body));
	evbuffer_add_buffer(out, body);
}

static void
add_metrics(struct client *client, struct evbuffer *body)
{
	status_prometheus(client->metrics->source, body);
	reply(
	    client, "200 OK", "text/plain; version=0.0.4; charset=utf-8", body);
}

static void
add_health(struct client *client, struct evbuffer *body)
{
	const char *why;
	const bool healthy = status_is_healthy(client->metrics->source, &why);

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

/* The request is there, its headers are of no interest. */
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

/* Returns whether the request has ended. */
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
on_readable(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;
	struct evbuffer *in = bufferevent_get_input(stream), *body;
	bool ended = false;
	size_t len;
	char *line;

	while (!ended &&
	       (line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF)) != NULL) {
		ended = read_line(client, line, len);
		free(line);
	}
	if (!ended && client->octets + evbuffer_get_length(in) <= REQUEST_MAX)
		return;
	if ((body = evbuffer_new()) == NULL) {
		client_free(client);
		return;
	}
	if (ended)
		answer(client, body);
	else
		add_error(client, "431 Request Header Fields Too Large", body);
	evbuffer_free(body);
}

static void
on_written(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;

	(void)stream;
	if (client->answered)
		client_free(client);
}

static void
on_event(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	client_free(arg);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_free(arg);
}

static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *address, int length, void *arg)
{
	static const struct timeval limit = { CLIENT_SECONDS, 0 };
	const struct place *place = arg;
	struct metrics *metrics = place->metrics;
	struct client *client = calloc(1, sizeof(*client));

	(void)listener;
	(void)address;
	(void)length;
	if (client == NULL) {
		close(fd);
		return;
	}
	if (metrics->client_count >= CLIENTS_MAX)
		client_free(metrics->clients);
	client->metrics = metrics;
	DL_APPEND(metrics->clients, client);
	metrics->client_count++;
	client->limit = evtimer_new(metrics->base, on_limit, client);
	client->stream =
	    bufferevent_socket_new(metrics->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (client->stream == NULL)
		close(fd);
	if (client->stream == NULL || client->limit == NULL ||
	    event_add(client->limit, &limit) == -1) {
		client_free(client);
		return;
	}
	bufferevent_setcb(
	    client->stream, on_readable, on_written, on_event, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, REQUEST_MAX + 1);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

/* ---- places ---- */

/* Who waits would wake us for ever. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	static const struct timeval pause = { 0, ACCEPT_PAUSE_MS * 1000 };
	struct place *place = arg;

	if (place->metrics->clients != NULL)
		client_free(place->metrics->clients);
	evconnlistener_disable(listener);
	event_add(place->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	const struct place *place = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(place->listener);
}

static int
listen_at(struct metrics *metrics, const struct endpoint *endpoint)
{
	struct place *place = calloc(1, sizeof(*place));
	char text[ENDPOINT_TEXT_MAX];

	endpoint_text(endpoint, text);
	if (place == NULL) {
		log_error("metrics: out of memory");
		return -1;
	}
	place->metrics = metrics;
	LL_PREPEND(metrics->places, place);
	place->resume = evtimer_new(metrics->base, on_resume, place);
	if (place->resume != NULL)
		place->listener =
		    evconnlistener_new_bind(metrics->base, on_connection, place,
			LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE |
			    LEV_OPT_CLOSE_ON_EXEC,
			-1, (const struct sockaddr *)&endpoint->address,
			(int)endpoint->length);
	if (place->listener == NULL) {
		log_error("metrics: %s: %s", text, strerror(errno));
		return -1;
	}
	evconnlistener_set_error_cb(place->listener, on_accept_error);
	log_info("metrics: http on %s", text);
	return 0;
}

static void
place_free(struct place *place)
{
	if (place->listener != NULL)
		evconnlistener_free(place->listener);
	if (place->resume != NULL)
		event_free(place->resume);
	free(place);
}

/* ---- life ---- */

struct metrics *
metrics_new(struct event_base *base, const struct conf_endpoints *places,
    const struct status_source *source)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL) {
		log_error("metrics: out of memory");
		return NULL;
	}
	metrics->base = base;
	metrics->source = source;
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
	struct place *place, *next;

	if (metrics == NULL)
		return;
	while (metrics->clients != NULL)
		client_free(metrics->clients);
	LL_FOREACH_SAFE(metrics->places, place, next)
	place_free(place);
	free(metrics);
}
