/* control.c - the control socket. */

#include "wire/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <jansson.h>
#include <utlist.h>

#include "base/log.h"
#include "policy/evidence_json.h"
#include "policy/nexthop.h"
#include "policy/policy_service.h"
#include "wire/status.h"
#include "wire/unix_socket.h"

#define REQUEST_MAX 16384
#define IDLE_SECONDS                                                           \
	10 /* for the request to arrive, and the reply to leave                \
	    */
#define CLIENTS_MAX 64
#define ACCEPT_PAUSE_MS 100 /* after the descriptors have run out */
#define KEY_TEXT_MAX 1100

struct client {
	struct control *control;
	struct bufferevent *stream;
	struct event *limit; /* for the request to arrive, whole */
	bool answered;
	/* one of these while a request is worked on */
	struct policy_request *request;
	struct policy_explanation *explanation;
	char key[KEY_TEXT_MAX]; /* printable, for the reply */
	char map[POLICY_MAP_MAX];
	struct client *prev, *next;
};

struct control {
	struct event_base *base;
	const struct status_source *source;
	struct evconnlistener *listener;
	struct event *resume; /* accepting, after a pause */
	struct client *clients;
	size_t client_count;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ---- clients ---- */

static void
client_free(struct client *client)
{
	struct control *control = client->control;

	policy_service_cancel(client->request);
	policy_service_explain_cancel(client->explanation);
	bufferevent_free(client->stream);
	event_free(client->limit);
	DL_DELETE(control->clients, client);
	if (control->client_count-- == CLIENTS_MAX)
		evconnlistener_enable(control->listener);
	free(client);
}

/* Takes over @object. */
static void
reply(struct client *client, json_t *object)
{
	static const struct timeval limit = { IDLE_SECONDS, 0 };
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	struct evbuffer *out = bufferevent_get_output(client->stream);

	json_decref(object);
	client->answered = true;
	evbuffer_add_printf(
	    out, "%s\n", text != NULL ? text : "{\"error\":\"out of memory\"}");
	free(text);
	bufferevent_set_timeouts(client->stream, &limit, &limit);
}

static void
reply_error(struct client *client, const char *why)
{
	reply(client, json_pack("{s:s}", "error", why));
}

/* ---- commands ---- */

static void
reply_policy(struct client *client, const struct policy_reply *policy)
{
	if (policy->bad) {
		reply_error(client, policy->text);
		return;
	}
	reply(
	    client, json_pack("{s:s, s:s, s:s}", "key", client->key, "reply",
			tls_policy_text(policy->policy), "text", policy->text));
}

static void
on_policy(void *arg, const struct policy_reply *policy)
{
	struct client *client = arg;

	client->request = NULL;
	reply_policy(client, policy);
}

static void
on_explanation(void *arg, const struct policy_verdict *verdict,
    const struct dane_evidence *evidence)
{
	struct client *client = arg;

	client->explanation = NULL;
	reply(
	    client, evidence_json(client->key, client->map, verdict, evidence));
}

static void
run_query(struct client *client, const char *key, size_t len)
{
	struct policy_reply policy;

	client->request = policy_service_ask(client->control->source->service,
	    key, len, client->map, &policy, on_policy, client);
	if (client->request == NULL)
		reply_policy(client, &policy);
}

static void
run_explain(struct client *client, const char *key, size_t len)
{
	client->explanation =
	    policy_service_explain(client->control->source->service, key, len,
		client->map, on_explanation, client);
	if (client->explanation == NULL)
		reply_error(client, "out of memory");
}

static void
run_status(struct client *client, const char *key, size_t len)
{
	(void)key;
	(void)len;
	reply(client, status_json(client->control->source));
}

static void
run_flush(struct client *client, const char *key, size_t len)
{
	struct policy_service *service = client->control->source->service;

	reply(client, json_pack("{s:b}", "flushed",
			  policy_service_flush(service, key, len)));
}

static void
add_verdict(void *arg, const char *key, size_t len, const char *text)
{
	char name[NEXTHOP_TEXT_MAX];

	if (len >= sizeof(name))
		return;
	memcpy(name, key, len);
	name[len] = '\0';
	json_object_set_new(arg, name, json_string(text));
}

static void
run_export(struct client *client, const char *key, size_t len)
{
	json_t *verdicts = json_object();

	(void)key;
	(void)len;
	policy_service_export(client->control->source->service, client->map,
	    add_verdict, verdicts);
	reply(client, json_pack("{s:o}", "verdicts", verdicts));
}

static const struct {
	const char *name;
	bool needs_key;
	void (*run)(struct client *client, const char *key, size_t len);
} commands[] = {
	{ "query", true, run_query },
	{ "explain", true, run_explain },
	{ "status", false, run_status },
	{ "flush", false, run_flush },
	{ "export", false, run_export },
};

static void
run_command(struct client *client, const json_t *request)
{
	const char *name =
	    json_string_value(json_object_get(request, "command"));
	const json_t *key = json_object_get(request, "key");
	const char *map = json_string_value(json_object_get(request, "map"));

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (name == NULL || strcmp(commands[i].name, name) != 0)
			continue;
		if ((commands[i].needs_key || key != NULL) &&
		    !json_is_string(key)) {
			reply_error(client, "the command needs a key");
			return;
		}
		snprintf(client->map, sizeof(client->map), "%s",
		    map != NULL ? map : "");
		log_printable(client->key, sizeof(client->key),
		    json_string_value(key), json_string_length(key));
		commands[i].run(
		    client, json_string_value(key), json_string_length(key));
		return;
	}
	reply_error(client, "no such command");
}

/* ---- the socket ---- */

static void
on_line(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;
	struct evbuffer *in = bufferevent_get_input(stream);
	char *line;
	size_t len;
	json_t *request;

	line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (line == NULL) {
		if (evbuffer_get_length(in) > REQUEST_MAX) {
			bufferevent_disable(stream, EV_READ);
			reply_error(client, "the request is too long");
		}
		return;
	}
	bufferevent_disable(stream, EV_READ);
	event_del(client->limit);
	request = json_loadb(line, len, 0, NULL);
	free(line);
	if (json_is_object(request))
		run_command(client, request);
	else
		reply_error(client, "the request is no JSON object");
	json_decref(request);
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
	static const struct timeval limit = { IDLE_SECONDS, 0 };
	struct control *control = arg;
	struct client *client = calloc(1, sizeof(*client));

	(void)address;
	(void)length;
	if (client == NULL ||
	    (client->limit = evtimer_new(control->base, on_limit, client)) ==
		NULL ||
	    (client->stream = bufferevent_socket_new(
		 control->base, fd, BEV_OPT_CLOSE_ON_FREE)) == NULL) {
		if (client != NULL && client->limit != NULL)
			event_free(client->limit);
		free(client);
		close(fd);
		return;
	}
	client->control = control;
	DL_APPEND(control->clients, client);
	if (++control->client_count == CLIENTS_MAX)
		evconnlistener_disable(listener);
	bufferevent_setcb(
	    client->stream, on_line, on_written, on_event, client);
	event_add(client->limit, &limit);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

/* Who waits would wake us for ever. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	static const struct timeval pause = { 0, ACCEPT_PAUSE_MS * 1000 };
	struct control *control = arg;

	evconnlistener_disable(listener);
	event_add(control->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	const struct control *control = arg;

	(void)fd;
	(void)what;
	if (control->client_count < CLIENTS_MAX)
		evconnlistener_enable(control->listener);
}

/* ---- life ---- */

static struct evconnlistener *
listen_on(struct control *control)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct evconnlistener *listener;

	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s", control->path);
	if (unix_socket_is_stale(&address))
		unlink(control->path);
	listener = evconnlistener_new_bind(control->base, on_connection,
	    control, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
	    (const struct sockaddr *)&address, sizeof(address));
	if (listener == NULL)
		return NULL;
	evconnlistener_set_error_cb(listener, on_accept_error);
	if (chmod(control->path, 0660) == -1) {
		evconnlistener_free(listener);
		return NULL;
	}
	return listener;
}

struct control *
control_new(struct event_base *base, const char *path,
    const struct status_source *source)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return NULL;
	control->base = base;
	control->source = source;
	control->resume = evtimer_new(base, on_resume, control);
	if (strlen(path) >= sizeof(control->path)) {
		errno = ENAMETOOLONG;
	} else if (control->resume == NULL) {
		errno = ENOMEM;
	} else {
		snprintf(control->path, sizeof(control->path), "%s", path);
		control->listener = listen_on(control);
	}
	if (control->listener == NULL) {
		log_warning("control: %s: %s", path, strerror(errno));
		if (control->resume != NULL)
			event_free(control->resume);
		free(control);
		return NULL;
	}
	return control;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	while (control->clients != NULL)
		client_free(control->clients);
	evconnlistener_free(control->listener);
	event_free(control->resume);
	unlink(control->path);
	free(control);
}
