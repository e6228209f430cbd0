/*
 * wire_fixture.h - what the tests of sessions and listeners share: a policy
 * service that is not the daemon's, and clients.
 *
 * The fake service answers by the key:
 *	now, notfound, temp, bad	at once
 *	long				at once, 1,000 octets
 *	later				after LATER_MS
 *	slow				after SLOW_MS
 *	held				when release() is called
 *	never				not at all
 * It is defined here, so the linker takes none from the archive.
 *
 * Time is the tests' own (fakes/time.h): it passes in work(), and while an
 * answer or an end is awaited that takes time, and not while this process waits
 * for the processor.
 */
#ifndef TESTS_WIRE_FIXTURE_H
#define TESTS_WIRE_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "policy/policy_service.h"
#include "wire/peers.h"
#include "wire/table/protocol.h"
#include "wire/table/socketmap.h"
#include "wire/table/tcp_table.h"

#include "../fakes/time.h"
#include "patience.h"

#define LATER_MS 20
#define SLOW_MS 1500
#define ASKED_MAX 8192

/* ---- the service ---- */

struct policy_request {
	struct policy_service *service;
	struct event *timer;
	struct policy_reply reply;
	policy_reply_cb cb;
	void *arg;
	bool promised; /* it comes after some time */
};

struct policy_service {
	struct event_base *base;
	unsigned asked, cancelled, pending;
	char key[64], map[PROTOCOL_MAP_MAX]; /* of the last */
	char who[PEER_TEXT_MAX];
	bool no_map;
	struct policy_request *held;
};

static unsigned promised; /* of all that are pending */

static const char temp_text[] = "DNS of example.org: a reason";
static const char bad_text[] = "no key that Postfix could send";
static char long_text[1001];

static void
forget(struct policy_request *request)
{
	request->service->pending--;
	if (request->promised)
		promised--;
	if (request->service->held == request)
		request->service->held = NULL;
	event_free(request->timer);
	free(request);
}

static void
answer(evutil_socket_t fd, short what, void *arg)
{
	struct policy_request *request = arg;
	const policy_reply_cb cb = request->cb;
	void *cb_arg = request->arg;
	const struct policy_reply reply = request->reply;

	(void)fd;
	(void)what;
	forget(request);
	cb(cb_arg, &reply);
}

static bool
answer_now(const char *key, struct policy_reply *reply)
{
	*reply =
	    (struct policy_reply){ .policy = TLS_POLICY_DANE, .text = "dane" };
	if (strcmp(key, "notfound") == 0)
		*reply = (struct policy_reply){ .policy = TLS_POLICY_NOTFOUND,
			.text = "NOTFOUND" };
	else if (strcmp(key, "temp") == 0)
		*reply = (struct policy_reply){ .text = temp_text };
	else if (strcmp(key, "bad") == 0)
		*reply = (struct policy_reply){ .bad = true, .text = bad_text };
	else if (strcmp(key, "long") == 0) {
		memset(long_text, 'x', sizeof(long_text) - 1);
		*reply = (struct policy_reply){ .text = long_text };
	} else
		return strcmp(key, "now") == 0;
	return true;
}

struct policy_request *
policy_service_ask(struct policy_service *service, const char *key,
    size_t key_len, const char *map, const char *who,
    struct policy_reply *reply, policy_reply_cb cb, void *arg)
{
	struct policy_request *request;
	int ms = -1;

	service->asked++;
	service->no_map = map == NULL;
	snprintf(
	    service->map, sizeof(service->map), "%s", map != NULL ? map : "");
	snprintf(service->key, sizeof(service->key), "%.*s", (int)key_len, key);
	snprintf(service->who, sizeof(service->who), "%s", who);
	if (answer_now(service->key, reply))
		return NULL;

	request = calloc(1, sizeof(*request));
	ck_assert_ptr_nonnull(request);
	*request = (struct policy_request){ .service = service,
		.timer = event_new(service->base, -1, 0, answer, request),
		.reply = { .policy = TLS_POLICY_ENCRYPT, .text = "encrypt" },
		.cb = cb,
		.arg = arg };
	service->pending++;
	if (strcmp(service->key, "later") == 0)
		ms = LATER_MS;
	else if (strcmp(service->key, "slow") == 0)
		ms = SLOW_MS;
	else if (strcmp(service->key, "held") == 0)
		service->held = request;
	else
		ck_assert_str_eq(service->key, "never");
	if (ms >= 0) {
		const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };

		event_add(request->timer, &delay);
		request->promised = true;
		promised++;
	}
	return request;
}

void
policy_service_cancel(struct policy_request *request)
{
	if (request == NULL)
		return;
	request->service->cancelled++;
	forget(request);
}

static inline void
release(struct policy_service *service)
{
	ck_assert_ptr_nonnull(service->held);
	answer(-1, 0, service->held);
}

/* ---- what goes over the wire ---- */

static const struct protocol *const protocols[] = { &socketmap_protocol,
	&tcp_table_protocol };

struct text {
	char bytes[65536];
	size_t len;
};

static inline void
add_bytes(struct text *text, const char *bytes, size_t len)
{
	ck_assert_uint_le(text->len + len, sizeof(text->bytes));
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

static inline void
add_request(struct text *text, const struct protocol *protocol, const char *key)
{
	char request[128];
	int n;

	if (protocol == &socketmap_protocol)
		n = snprintf(request, sizeof(request), "%zu:query %s,",
		    strlen("query ") + strlen(key), key);
	else
		n = snprintf(request, sizeof(request), "get %s\n", key);
	add_bytes(text, request, (size_t)n);
}

static inline void
add_reply(struct text *text, const struct protocol *protocol,
    enum protocol_status status, const char *words)
{
	const struct protocol_reply reply = { status, words };
	char out[PROTOCOL_REPLY_MAX] = "";

	add_bytes(text, out, protocol->format(&reply, out, sizeof(out)));
}

/* What the fake says to @key. */
static inline void
add_answer(struct text *text, const struct protocol *protocol, const char *key)
{
	struct policy_reply reply;
	enum protocol_status status = PROTOCOL_OK;

	if (!answer_now(key, &reply)) {
		add_reply(text, protocol, PROTOCOL_OK, "encrypt");
		return;
	}
	if (reply.bad)
		status = PROTOCOL_PERM;
	else if (reply.policy == TLS_POLICY_TEMP)
		status = PROTOCOL_TEMP;
	else if (reply.policy == TLS_POLICY_NOTFOUND)
		status = PROTOCOL_NOTFOUND;
	add_reply(text, protocol, status, reply.text);
}

/* ---- time and clients ---- */

/* Let the daemon's side work, and time pass. */
static inline void
work(struct event_base *base, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		fake_ms++;
	}
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static inline void
send_bytes(int fd, const char *bytes, size_t len)
{
	ck_assert_int_eq(
	    send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT), (ssize_t)len);
}

static inline void
send_request(int fd, const struct protocol *protocol, const char *key)
{
	struct text text = { .len = 0 };

	add_request(&text, protocol, key);
	send_bytes(fd, text.bytes, text.len);
}

/* These octets arrive, and nothing in their place; time passes for those that
 * the service has promised for later. */
static inline void
expect_bytes(struct event_base *base, int fd, const char *bytes, size_t len)
{
	const long end = patience_end();
	char got[4096];
	size_t at = 0;

	while (at < len) {
		const size_t want =
		    len - at < sizeof(got) ? len - at : sizeof(got);
		const ssize_t n = recv(fd, got, want, MSG_DONTWAIT);

		if (n > 0) {
			ck_assert_msg(memcmp(got, bytes + at, (size_t)n) == 0,
			    "after %zu octets: \"%.*s\", not \"%.*s\"", at,
			    (int)n, got, (int)n, bytes + at);
			at += (size_t)n;
			continue;
		}
		ck_assert_msg(n == -1 && errno == EAGAIN,
		    "the end after %zu of %zu octets", at, len);
		ck_assert_msg(
		    patience_now() < end, "only %zu of %zu octets", at, len);
		work(base, promised > 0 ? 1 : 0);
		usleep(100);
	}
}

static inline void
expect_answer(struct event_base *base, int fd, const struct protocol *protocol,
    const char *key)
{
	struct text text = { .len = 0 };

	add_answer(&text, protocol, key);
	expect_bytes(base, fd, text.bytes, text.len);
}

static inline void
expect_silence(struct event_base *base, int fd, unsigned ms)
{
	char octet;

	work(base, ms);
	ck_assert_int_eq(recv(fd, &octet, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
}

static inline bool
has_ended(int fd)
{
	char octet;
	const ssize_t n = recv(fd, &octet, 1, MSG_DONTWAIT);

	ck_assert_msg(n <= 0, "octet %d instead of the end", octet);
	ck_assert_msg(n == 0 || errno == EAGAIN, "%s", strerror(errno));
	return n == 0;
}

/* The daemon ends the connection in order, without another word, and before
 * any time has passed. */
static inline void
expect_end(struct event_base *base, int fd)
{
	WAIT_UNTIL(has_ended(fd), work(base, 0));
}

/* After how many milliseconds it does. */
static inline unsigned
time_of_end(struct event_base *base, int fd)
{
	const uint64_t begin = fake_ms;

	WAIT_UNTIL(has_ended(fd), work(base, 1));
	return (unsigned)(fake_ms - begin);
}

#endif /* TESTS_WIRE_FIXTURE_H */
