/* metrics.c - HTTP for monitoring. */

#include "wire/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/conf.h"
#include "base/log.h"
#include "wire/status.h"

#define TIMEOUT_SECONDS 10
#define BODY_MAX 1024 /* of a request; nobody needs one */
#define HEADERS_MAX 8192

struct metrics {
	struct evhttp *http;
	const struct status_source *source;
};

static void
reply(struct evhttp_request *request, int code, const char *reason,
    const char *type, struct evbuffer *body)
{
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "Content-Type", type);
	evhttp_send_reply(request, code, reason, body);
}

static void
on_metrics(struct evhttp_request *request, void *arg)
{
	const struct metrics *metrics = arg;
	struct evbuffer *body = evbuffer_new();

	if (body == NULL) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
		return;
	}
	status_prometheus(metrics->source, body);
	reply(request, HTTP_OK, "OK",
	    "text/plain; version=0.0.4; charset=utf-8", body);
	evbuffer_free(body);
}

static void
on_health(struct evhttp_request *request, void *arg)
{
	const struct metrics *metrics = arg;
	struct evbuffer *body = evbuffer_new();
	const char *why;
	const bool healthy = status_is_healthy(metrics->source, &why);

	if (body == NULL) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
		return;
	}
	evbuffer_add_printf(body, "%s\n",
	    healthy       ? "ok"
	    : why != NULL ? why
			  : "starting");
	reply(request, healthy ? HTTP_OK : HTTP_SERVUNAVAIL,
	    healthy ? "OK" : "Service Unavailable", "text/plain", body);
	evbuffer_free(body);
}

static int
listen_at(struct metrics *metrics, struct event_base *base,
    const struct endpoint *endpoint)
{
	struct evconnlistener *listener = evconnlistener_new_bind(base, NULL,
	    NULL,
	    LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
	    -1, (const struct sockaddr *)&endpoint->address,
	    (int)endpoint->length);
	char text[ENDPOINT_TEXT_MAX];

	endpoint_text(endpoint, text);
	if (listener == NULL ||
	    evhttp_bind_listener(metrics->http, listener) == NULL) {
		log_error("metrics: %s: %s", text, strerror(errno));
		if (listener != NULL)
			evconnlistener_free(listener);
		return -1;
	}
	log_info("metrics: http on %s", text);
	return 0;
}

struct metrics *
metrics_new(struct event_base *base, const struct conf_endpoints *places,
    const struct status_source *source)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL || (metrics->http = evhttp_new(base)) == NULL) {
		log_error("metrics: out of memory");
		free(metrics);
		return NULL;
	}
	metrics->source = source;
	evhttp_set_timeout(metrics->http, TIMEOUT_SECONDS);
	evhttp_set_max_body_size(metrics->http, BODY_MAX);
	evhttp_set_max_headers_size(metrics->http, HEADERS_MAX);
	evhttp_set_allowed_methods(metrics->http, EVHTTP_REQ_GET);
	evhttp_set_cb(metrics->http, "/metrics", on_metrics, metrics);
	evhttp_set_cb(metrics->http, "/healthz", on_health, metrics);
	for (size_t i = 0; i < places->count; i++)
		if (listen_at(metrics, base, &places->item[i]) == -1) {
			metrics_free(metrics);
			return NULL;
		}
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	evhttp_free(metrics->http);
	free(metrics);
}
