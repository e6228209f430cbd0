/* control.c - the control socket. */

#include "wire/admin/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <jansson.h>

#include "base/log.h"
#include "base/stats.h"
#include "policy/evidence_json.h"
#include "policy/nexthop.h"
#include "policy/policy_service.h"
#include "wire/admin/daemon_status.h"
#include "wire/admin/oneshot.h"
#include "wire/unix_socket.h"

#define REQUEST_MAX 16384
#define KEY_TEXT_MAX 1100
#define WHO "control" /* of all clients; no peer_text() is like it */

struct client {
	const struct daemon_status_source *source;
	struct oneshot_client *oneshot;
	/* one of these while a request is being processed */
	struct policy_request *request;
	struct policy_explanation *explanation;
	char key[KEY_TEXT_MAX]; /* printable, for the reply */
	char map[POLICY_MAP_MAX];
};

struct control {
	const struct daemon_status_source *source;
	struct oneshot *oneshot;
	struct privileges_user user;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ---- replies ---- */

/* Takes over @object. */
static void
reply(struct client *client, json_t *object)
{
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	evbuffer_add_printf(oneshot_answer(client->oneshot), "%s\n",
	    text != NULL ? text : "{\"error\":\"out of memory\"}");
	free(text);
	oneshot_done(client->oneshot);
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
on_explanation(void *arg, const struct verdict *verdict,
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

	stats_count(client->source->stats, STATS_QUERY_CONTROL);
	client->request = policy_service_ask(client->source->service, key, len,
	    client->map, WHO, &policy, on_policy, client);
	if (client->request == NULL)
		reply_policy(client, &policy);
}

static void
run_explain(struct client *client, const char *key, size_t len)
{
	client->explanation = policy_service_explain(client->source->service,
	    key, len, client->map, on_explanation, client);
	if (client->explanation == NULL)
		reply_error(client, "out of memory");
}

static void
run_status(struct client *client, const char *key, size_t len)
{
	(void)key;
	(void)len;
	reply(client, daemon_status_json(client->source));
}

static void
run_flush(struct client *client, const char *key, size_t len)
{
	struct policy_service *service = client->source->service;

	const enum policy_flush flush = policy_service_flush(service, key, len);

	if (flush == POLICY_FLUSH_FAILED)
		reply_error(client, "out of memory for new caches: not all is "
				    "forgotten yet");
	else
		reply(client,
		    json_pack("{s:b}", "flushed", flush == POLICY_FLUSH_DONE));
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
	policy_service_export(
	    client->source->service, client->map, add_verdict, verdicts);
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

/* ---- one-shot clients ---- */

static void
read_line(
    struct oneshot_client *oneshot, void *own, struct evbuffer *in, void *arg)
{
	const struct control *control = arg;
	struct client *client = own;
	json_t *request;
	size_t len;
	char *line;

	client->oneshot = oneshot;
	client->source = control->source;
	line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (line == NULL) {
		if (evbuffer_get_length(in) > REQUEST_MAX)
			reply_error(client, "the request is too long");
		return;
	}
	oneshot_work(oneshot);
	request = json_loadb(line, len, 0, NULL);
	free(line);
	if (json_is_object(request))
		run_command(client, request);
	else
		reply_error(client, "the request is no JSON object");
	json_decref(request);
}

static void
on_gone(void *own)
{
	struct client *client = own;

	policy_service_cancel(client->request);
	policy_service_explain_cancel(client->explanation);
}

static const struct oneshot_protocol protocol = {
	.size = sizeof(struct client),
	.read = read_line,
	.gone = on_gone,
};

/* ---- create and free ---- */

/* Returns 0, or -1 with errno set. */
static int
listen_at(struct control *control, const char *path)
{
	static const struct endpoint_rights rights = { (uid_t)-1, (gid_t)-1,
		0660 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (unix_socket_bind(fd, &address, &rights, &control->user) == -1) {
		const int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	snprintf(control->path, sizeof(control->path), "%s", path);
	return oneshot_listen(control->oneshot, fd);
}

struct control *
control_new(struct event_base *base, const char *path,
    const struct privileges_user *user,
    const struct daemon_status_source *source)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return NULL;
	control->source = source;
	control->user = *user;
	control->oneshot = oneshot_new(base, &protocol, control);
	if (control->oneshot == NULL)
		errno = ENOMEM;
	if (control->oneshot == NULL || listen_at(control, path) == -1) {
		log_warning("control: %s: %s: the command postdane can't ask "
			    "this daemon",
		    path,
		    errno == ENOENT ? "the directory does not exist"
				    : strerror(errno));
		control_free(control);
		return NULL;
	}
	return control;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	oneshot_free(control->oneshot);
	if (control->path[0] != '\0')
		unix_socket_remove(control->path, &control->user);
	free(control);
}
