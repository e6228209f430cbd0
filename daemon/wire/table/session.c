/* session.c - one client connection. */

#include "wire/table/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "policy/policy_service.h"
#include "wire/fast_lane.h"
#include "wire/peers.h"

#define BUFFER_START 512 /* octets: enough for any usual request */
/* A complete request with its length and comma. */
#define BUFFER_MAX (PROTOCOL_REQUEST_MAX + 16)
/* Requests answered before other sessions are served. */
#define BURST 64
/* After a protocol error: limits in octets and seconds until the client has
 * read the reply. */
#define LINGER_OCTETS 65536
#define LINGER_SECONDS 2

/* Only change_state() changes it. */
enum session_state {
	SESSION_IDLE = 0,
	SESSION_RECEIVING,
	SESSION_ANSWERING,
	SESSION_WRITING,
	SESSION_LINGERING
};

/* Whether more requests may come: only note_read() and session_drain() change
 * it. */
enum input { INPUT_OPEN = 0, INPUT_DRAINING, INPUT_DRAINED, INPUT_ENDED };

/*
 *  IDLE       between requests, without limit
 *                                 -> RECEIVING: octets; ANSWERING, WRITING: a
 *                                    whole request; LINGERING: no request
 *  RECEIVING  part of a request   -> as from IDLE; closed after request-timeout
 *  ANSWERING  the policy service works, nothing is parsed
 *                                 -> IDLE; then as from there
 *  WRITING    the socket is full  -> IDLE when the reply is out; closed after
 *                                    request-timeout
 *  LINGERING  after a protocol error: our side is shut down, input is read into
 *             the void            -> closed, by LINGER_OCTETS and _SECONDS
 *
 *  OPEN       requests may come   -> DRAINING by session_drain()
 *  DRAINING   what has arrived is read and answered -> DRAINED
 *  DRAINED    the last read emptied the socket -> DRAINING: it didn't
 *  ENDED      by the client, from each of them; it still gets its reply
 *
 * IDLE and RECEIVING are closed with DRAINED and ENDED.
 */
struct session {
	const struct session_options *options;
	void *cookie;
	char who[PEER_TEXT_MAX];
	int fd;
	enum session_state state;
	struct fast_lane_socket socket;
	struct event *timer;
	struct event *more; /* a burst is over, but requests are left; or, with
			     * EV_READ, read the socket */
	struct policy_request *request;
	enum input input;
	size_t lingered;

	char *buffer; /* received but not answered */
	size_t len, size;
	char *out; /* not yet accepted by the socket */
	size_t out_len, out_at;
};

static void process(struct session *session);

/* ---- close ---- */

static void
drop_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

void
session_free(struct session *session)
{
	if (session == NULL)
		return;
	policy_service_cancel(session->request);
	fast_lane_watch(session->options->fast_lane, &session->socket, 0);
	drop_event(session->timer);
	drop_event(session->more);
	/* With unread input, close(2) alone would reset the connection. */
	shutdown(session->fd, SHUT_WR);
	close(session->fd);
	free(session->buffer);
	free(session->out);
	free(session);
}

static void
close_session(struct session *session)
{
	session->options->on_close(session->options->arg, session->cookie);
	session_free(session);
}

/* ---- timers ---- */

static void
arm(struct session *session, unsigned seconds)
{
	const struct timeval limit = { (time_t)seconds, 0 };

	event_add(session->timer, &limit);
}

static void
change_state(struct session *session, enum session_state state)
{
	if (session->state == state)
		return;
	session->state = state;
	switch (state) {
	case SESSION_IDLE:
	case SESSION_ANSWERING:
		event_del(session->timer);
		break;
	case SESSION_RECEIVING:
	case SESSION_WRITING:
		arm(session, session->options->request_timeout);
		break;
	case SESSION_LINGERING:
		arm(session, LINGER_SECONDS);
		break;
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;

	(void)fd;
	(void)what;
	if (session->state == SESSION_RECEIVING)
		stats_count(session->options->stats, STATS_CONNECTION_TIMEOUT);
	close_session(session);
}

/* @what: EV_READ or EV_WRITE.  Returns 0, or -1 with errno. */
static int
set_watched(struct session *session, short what, bool on)
{
	const short now = session->socket.watched;

	return fast_lane_watch(session->options->fast_lane, &session->socket,
	    (short)(on ? now | what : now & ~what));
}

/* ---- replies ---- */

/* Returns 0, or -1 when the session must end. */
static int
keep_rest(struct session *session, const char *data, size_t len)
{
	if ((session->out = malloc(len)) == NULL)
		return -1;
	memcpy(session->out, data, len);
	session->out_len = len;
	session->out_at = 0;
	change_state(session, SESSION_WRITING);
	return set_watched(session, EV_WRITE, true);
}

static int
write_out(struct session *session, const char *data, size_t len)
{
	ssize_t n = send(session->fd, data, len, MSG_NOSIGNAL);

	if (n == (ssize_t)len)
		return 0;
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (n < 0)
		n = 0;
	return keep_rest(session, data + n, len - (size_t)n);
}

static int
send_reply(
    struct session *session, enum protocol_status status, const char *text)
{
	const struct protocol_reply reply = { status, text };
	char out[PROTOCOL_REPLY_MAX];
	const size_t len =
	    session->options->protocol->format(&reply, out, sizeof(out));

	return len > 0 ? write_out(session, out, len) : -1;
}

/* A protocol error: send the reason, shut down our side, and let the client
 * read it.  Returns 0, or -1 if the session must end. */
static int
refuse(struct session *session, const char *why)
{
	log_info("session: %s: %s", session->options->protocol->name, why);
	stats_count(session->options->stats, STATS_CONNECTION_PROTOCOL_ERROR);
	if (send_reply(session, PROTOCOL_PERM, why) == -1 ||
	    session->state == SESSION_WRITING)
		return -1;
	shutdown(session->fd, SHUT_WR);
	change_state(session, SESSION_LINGERING);
	/* Reading is off after the client's EOF, or with a full buffer. */
	return set_watched(session, EV_READ, true);
}

/* Maps the policy to a protocol status.  Returns 0, or -1 if the session must
 * end. */
static int
send_policy(struct session *session, const struct policy_reply *reply)
{
	enum protocol_status status = PROTOCOL_OK;

	if (reply->bad)
		return refuse(session, reply->text);
	if (reply->policy == TLS_POLICY_TEMP)
		status = PROTOCOL_TEMP;
	else if (reply->policy == TLS_POLICY_NOTFOUND)
		status = PROTOCOL_NOTFOUND;
	session->options->on_use(session->options->arg, session->cookie);
	return send_reply(session, status, reply->text);
}

/* ---- requests ---- */

static void
on_reply(void *arg, const struct policy_reply *reply)
{
	struct session *session = arg;

	session->request = NULL;
	change_state(session, SESSION_IDLE);
	if (send_policy(session, reply) == -1)
		close_session(session);
	else
		process(session);
}

/* Returns 0, or -1 when the session must end. */
static int
ask(struct session *session, const struct protocol_request *request)
{
	const struct session_options *options = session->options;
	const char *map = options->map;
	char name[PROTOCOL_MAP_MAX];
	struct policy_reply reply;

	if (request->map != NULL) {
		memcpy(name, request->map, request->map_len);
		name[request->map_len] = '\0';
		map = name;
	}
	stats_count(options->stats, options->protocol->queries);
	session->request = policy_service_ask(options->service, request->key,
	    request->key_len, map, session->who, &reply, on_reply, session);
	if (session->request != NULL) {
		change_state(session, SESSION_ANSWERING);
		options->on_use(options->arg, session->cookie);
		return 0;
	}
	change_state(session, SESSION_IDLE);
	return send_policy(session, &reply);
}

/* Nothing to do until the socket is ready again. */
static void
rest(struct session *session)
{
	const bool busy = session->state == SESSION_ANSWERING ||
			  session->state == SESSION_WRITING;

	if (!busy && (session->input == INPUT_DRAINED ||
			 session->input == INPUT_ENDED)) {
		close_session(session);
		return;
	}
	/* Requests that have already arrived are answered: read first. */
	if (!busy && session->input == INPUT_DRAINING)
		event_active(session->more, EV_READ, 0);
	if (!busy)
		change_state(session,
		    session->len > 0 ? SESSION_RECEIVING : SESSION_IDLE);
	if (session->len == 0 && session->size > BUFFER_START) {
		free(session->buffer);
		session->buffer = NULL;
		session->size = 0;
	}
	if (set_watched(session, EV_READ,
		session->input != INPUT_ENDED && session->len < BUFFER_MAX) ==
	    -1)
		close_session(session);
}

static bool
may_ask(const struct session *session)
{
	return session->state == SESSION_IDLE ||
	       session->state == SESSION_RECEIVING;
}

/* Answer the received requests, as far as possible now. */
static void
process(struct session *session)
{
	const struct protocol *protocol = session->options->protocol;
	struct protocol_request request;
	size_t at = 0;
	unsigned burst = 0;

	while (may_ask(session) && at < session->len) {
		enum protocol_state state;
		int result;

		if (burst++ == BURST) {
			event_active(session->more, EV_TIMEOUT, 0);
			break;
		}
		state = protocol->parse(session->buffer + at, session->len - at,
		    PROTOCOL_REQUEST_MAX, &request);
		if (state == PROTOCOL_MORE)
			break;
		if (state == PROTOCOL_BAD) {
			result = refuse(session, request.why);
		} else {
			at += request.consumed;
			result = ask(session, &request);
		}
		if (result == -1) {
			close_session(session);
			return;
		}
	}
	session->len -= at;
	if (session->len > 0 && at > 0)
		memmove(session->buffer, session->buffer + at, session->len);
	if (burst <= BURST && session->state != SESSION_LINGERING)
		rest(session);
}

/* ---- the socket ---- */

static int
make_room(struct session *session)
{
	size_t size = session->size == 0 ? BUFFER_START : session->size * 2;
	char *buffer;

	if (session->len < session->size)
		return 0;
	if (size > BUFFER_MAX)
		size = BUFFER_MAX;
	if ((buffer = realloc(session->buffer, size)) == NULL)
		return -1;
	session->buffer = buffer;
	session->size = size;
	return 0;
}

static void
read_into_void(struct session *session)
{
	char scrap[4096];
	const ssize_t n = recv(session->fd, scrap, sizeof(scrap), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		session->lingered += (size_t)n;
	if (n <= 0 || session->lingered > LINGER_OCTETS)
		close_session(session);
}

/* What the result of recv(2) says about the input; @n and errno as from
 * there. */
static void
note_read(struct session *session, ssize_t n)
{
	if (n == 0)
		session->input = INPUT_ENDED;
	else if (session->input == INPUT_DRAINING ||
		 session->input == INPUT_DRAINED)
		session->input =
		    n == -1 && errno == EAGAIN ? INPUT_DRAINED : INPUT_DRAINING;
}

static void
read_more(struct session *session)
{
	ssize_t n;

	if (session->state == SESSION_LINGERING) {
		read_into_void(session);
		return;
	}
	if (session->len == BUFFER_MAX) {
		process(session);
		return;
	}
	if (make_room(session) == -1) {
		close_session(session);
		return;
	}
	n = recv(session->fd, session->buffer + session->len,
	    session->size - session->len, 0);
	note_read(session, n);
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		if (session->input != INPUT_OPEN)
			process(session);
		return;
	}
	if (n == -1) {
		close_session(session);
		return;
	}
	session->len += (size_t)n;
	process(session);
}

static void
write_more(struct session *session)
{
	const ssize_t n = send(session->fd, session->out + session->out_at,
	    session->out_len - session->out_at, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		close_session(session);
		return;
	}
	if (n > 0)
		session->out_at += (size_t)n;
	if (session->out_at < session->out_len)
		return;
	free(session->out);
	session->out = NULL;
	change_state(session, SESSION_IDLE);
	if (set_watched(session, EV_WRITE, false) == -1)
		close_session(session);
	else
		process(session);
}

/* One event at a time: each may end the session; the other is reported
 * again. */
static void
on_ready(void *arg, short what)
{
	if (what & EV_WRITE)
		write_more(arg);
	else
		read_more(arg);
}

static void
on_more(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	if (what & EV_READ)
		read_more(arg);
	else
		process(arg);
}

/* ---- create and free ---- */

struct session *
session_new(const struct session_options *options, int fd,
    const struct peer *peer, void *cookie)
{
	struct session *session = calloc(1, sizeof(*session));
	struct event_base *base = options->base;

	if (session == NULL) {
		close(fd);
		return NULL;
	}
	session->options = options;
	session->cookie = cookie;
	peer_text(peer, session->who);
	session->fd = fd;
	session->socket = (struct fast_lane_socket){
		.fd = fd, .ready = on_ready, .arg = session
	};
	session->timer = event_new(base, -1, 0, on_timer, session);
	session->more = event_new(base, -1, 0, on_more, session);
	if (session->timer == NULL || session->more == NULL ||
	    set_watched(session, EV_READ, true) == -1) {
		session_free(session);
		return NULL;
	}
	return session;
}

bool
session_is_idle(const struct session *session)
{
	return session->state == SESSION_IDLE ||
	       session->state == SESSION_RECEIVING ||
	       session->state == SESSION_LINGERING;
}

void
session_drain(struct session *session)
{
	if (session->input != INPUT_ENDED)
		session->input = INPUT_DRAINING;
	if (session_is_idle(session))
		event_active(session->more, EV_READ, 0);
}

void
session_tell_temp(struct session *session, const char *why)
{
	if (session->state != SESSION_ANSWERING)
		return;
	policy_service_cancel(session->request);
	session->request = NULL;
	send_reply(session, PROTOCOL_TEMP, why);
}
