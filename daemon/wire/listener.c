/* listener.c - listening sockets, and the sessions that come from them. */

#include "wire/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/log.h"
#include "wire/acceptor.h"
#include "wire/inet_socket.h"
#include "wire/peers.h"
#include "wire/prompt.h"
#include "wire/session.h"
#include "wire/unix_socket.h"

#define BACKLOG 1024
#define QUIET_MS 10000 /* between two warnings of what clients can cause */

struct listener {
	struct listeners *listeners;
	struct session_options options;
	int fd; /* -1 where it does not listen, or no longer */
	struct prompt_socket socket;
	struct endpoint endpoint;
	struct endpoint_rights rights;        /* of a unix socket that is not */
	struct endpoint_rights rights_before; /* listeners_set() */
	struct privileges_user user;          /* and who makes and removes it */
	bool is_inherited; /* given to us: not ours to close, or to unlink */
	/* for listeners_set(), while it runs */
	bool is_named, is_fresh, has_changed;
	struct listener *next;
};

/* A session in the line of those that may make room, the longest unused
 * first. */
struct member {
	struct session *session;
	struct peer *peer;
	struct member *prev, *next;
};

struct listeners {
	struct event_base *base;
	struct prompt *prompt;
	struct policy_service *service;
	const char *map;
	struct stats *stats;
	unsigned max_connections, request_timeout;
	struct listener *first;
	struct member *members;
	struct peers *peers;
	size_t count;
	struct event *resume; /* accepting, after a pause */
	uint64_t quiet_until; /* clock_ms(): no warning before */
	bool drained_told;
	void (*done)(void *arg);
	void *done_arg;
};

/* ---- sessions ---- */

static void
tell_if_drained(struct listeners *listeners)
{
	if (listeners->done == NULL || listeners->count > 0 ||
	    listeners->drained_told)
		return;
	listeners->drained_told = true;
	listeners->done(listeners->done_arg);
}

static void
on_close(void *arg, void *cookie)
{
	struct listeners *listeners = arg;
	struct member *member = cookie;

	DL_DELETE(listeners->members, member);
	peers_leave(listeners->peers, member->peer);
	free(member);
	listeners->count--;
	tell_if_drained(listeners);
}

static void
on_use(void *arg, void *cookie)
{
	struct listeners *listeners = arg;
	struct member *member = cookie;

	DL_DELETE(listeners->members, member);
	DL_APPEND(listeners->members, member);
}

static void
close_member(struct listeners *listeners, struct member *member)
{
	struct session *session = member->session;

	on_close(listeners, member);
	session_free(session);
	stats_count(listeners->stats, STATS_CONNECTION_MADE_ROOM);
}

/* Of those that may make room for one of @newcomer's, the one that has been
 * idle longest.  Where none is idle, it is the one that has waited longest for
 * its answer; with @newcomer NULL, none. */
static struct member *
find_leaver(const struct listeners *listeners, const struct peer *newcomer)
{
	const size_t most = peers_most(listeners->peers);
	struct member *member, *waits = NULL;

	DL_FOREACH (listeners->members, member) {
		if (!peer_makes_room(member->peer, newcomer, most))
			continue;
		if (session_is_idle(member->session))
			return member;
		if (newcomer != NULL && waits == NULL)
			waits = member;
	}
	return waits;
}

static bool
may_warn(struct listeners *listeners)
{
	const uint64_t now = clock_ms();

	if (now < listeners->quiet_until)
		return false;
	listeners->quiet_until = now + QUIET_MS;
	return true;
}

static void
tell_temp(struct listeners *listeners, const struct member *member)
{
	char text[PEER_TEXT_MAX];

	if (may_warn(listeners))
		log_warning("listener: all %u connections are busy, "
			    "%s has most of them and is told TEMP",
		    listeners->max_connections, peer_text(member->peer, text));
	session_tell_temp(
	    member->session, "postdane: all connections are busy");
}

/* As find_leaver() says; who waits is told TEMP. */
static bool
make_room(struct listeners *listeners, const struct peer *newcomer)
{
	struct member *member = find_leaver(listeners, newcomer);

	if (member == NULL)
		return false;
	if (!session_is_idle(member->session))
		tell_temp(listeners, member);
	close_member(listeners, member);
	return true;
}

/* Takes over @fd, and @peer, if it returns true. */
static bool
add_member(struct listener *listener, int fd, struct peer *peer)
{
	struct listeners *listeners = listener->listeners;
	struct member *member = calloc(1, sizeof(*member));

	if (member == NULL)
		return false;
	member->peer = peer;
	member->session = session_new(&listener->options, fd, peer, member);
	if (member->session == NULL) {
		peers_leave(listeners->peers, peer);
		free(member);
		return true;
	}
	DL_APPEND(listeners->members, member);
	listeners->count++;
	stats_count(listeners->stats, STATS_CONNECTION);
	return true;
}

static void
add_session(void *arg, int fd, const struct sockaddr_storage *client)
{
	struct listener *listener = arg;
	struct listeners *listeners = listener->listeners;
	struct peer *peer = peers_join(listeners->peers, fd);

	(void)client;
	if (peer != NULL &&
	    (listeners->count < listeners->max_connections ||
		make_room(listeners, peer)) &&
	    add_member(listener, fd, peer))
		return;
	if (peer != NULL)
		peers_leave(listeners->peers, peer);
	close(fd);
}

/* ---- accepting ---- */

static bool
is_open(const struct listener *listener)
{
	return listener->fd != -1;
}

static void
pause_accepting(struct listeners *listeners)
{
	static const struct timeval pause = { 0, ACCEPTOR_PAUSE_MS * 1000 };

	for (struct listener *l = listeners->first; l != NULL; l = l->next)
		if (is_open(l))
			prompt_watch(listeners->prompt, &l->socket, 0);
	event_add(listeners->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct listeners *listeners = arg;

	(void)fd;
	(void)what;
	for (struct listener *l = listeners->first; l != NULL; l = l->next)
		if (is_open(l))
			prompt_watch(listeners->prompt, &l->socket, EV_READ);
}

static void
accept_some(struct listener *listener, int most)
{
	if (acceptor_take(listener->fd, most, add_session, listener))
		return;
	if (may_warn(listener->listeners))
		log_warning("listener: accept: %s", strerror(errno));
	if (!make_room(listener->listeners, NULL))
		pause_accepting(listener->listeners);
}

static void
on_connection(void *arg, short what)
{
	struct listener *listener = arg;

	(void)what;
	accept_some(listener, ACCEPTOR_BURST);
}

/* ---- listening ---- */

/* Not listening yet.  NULL when out of memory. */
static struct listener *
listener_new(struct listeners *listeners, const struct protocol *protocol,
    const struct endpoint *endpoint)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return NULL;
	listener->listeners = listeners;
	listener->fd = -1;
	listener->endpoint = *endpoint;
	listener->options = (struct session_options){ .base = listeners->base,
		.prompt = listeners->prompt,
		.service = listeners->service,
		.map = listeners->map,
		.stats = listeners->stats,
		.protocol = protocol,
		.request_timeout = listeners->request_timeout,
		.on_close = on_close,
		.on_use = on_use,
		.arg = listeners };
	listener->next = listeners->first;
	listeners->first = listener;
	return listener;
}

/* Takes over @fd if it returns 0; otherwise -1 with errno. */
static int
accept_from(struct listener *listener, int fd)
{
	const int on = 1;

	/* Inherited by each connection: who sends two requests at once shall
	 * not wait for the second reply until the first is acknowledged.  On a
	 * unix socket it fails, and is not needed. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listener->socket = (struct prompt_socket){
		.fd = fd, .ready = on_connection, .arg = listener
	};
	if (prompt_watch(
		listener->listeners->prompt, &listener->socket, EV_READ) == -1)
		return -1;
	listener->fd = fd;
	return 0;
}

int
listeners_add_fd(
    struct listeners *listeners, const struct protocol *protocol, int fd)
{
	struct endpoint endpoint = { .length = sizeof(endpoint.address) };
	struct listener *listener = NULL;
	char text[ENDPOINT_TEXT_MAX];

	if (getsockname(fd, (struct sockaddr *)&endpoint.address,
		&endpoint.length) == 0 &&
	    evutil_make_socket_nonblocking(fd) == 0)
		listener = listener_new(listeners, protocol, &endpoint);
	if (listener == NULL || accept_from(listener, fd) == -1) {
		log_error("listener: %s: %s", protocol->name, strerror(errno));
		return -1;
	}
	listener->is_inherited = true;
	log_info("listener: %s on %s", protocol->name,
	    endpoint_text(&endpoint, text));
	return 0;
}

/* Nobody gets in before: it does not listen yet. */
static int
bound_socket(const struct listener *listener)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&listener->endpoint.address;
	int fd, error;

	if (address->sa_family != AF_UNIX)
		return inet_socket_bind(&listener->endpoint, SOCK_STREAM);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    unix_socket_bind(fd, (const struct sockaddr_un *)address,
		&listener->rights, &listener->user) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Returns 0, or -1 with the reason logged. */
static int
open_listener(struct listener *listener)
{
	const struct endpoint *endpoint = &listener->endpoint;
	const char *name = listener->options.protocol->name;
	const int fd = bound_socket(listener);
	char text[ENDPOINT_TEXT_MAX];

	endpoint_text(endpoint, text);
	if (fd == -1 || listen(fd, BACKLOG) == -1 ||
	    accept_from(listener, fd) == -1) {
		log_error("listener: %s on %s: %s", name, text,
		    endpoint_bind_error(endpoint, errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	log_info("listener: %s on %s", name, text);
	return 0;
}

static void
close_listener(struct listener *listener)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&listener->endpoint.address;

	prompt_watch(listener->listeners->prompt, &listener->socket, 0);
	close(listener->fd);
	listener->fd = -1;
	if (!listener->is_inherited && address->sa_family == AF_UNIX)
		unix_socket_remove(
		    ((const struct sockaddr_un *)address)->sun_path,
		    &listener->user);
}

/* Clients that wait in the backlog would be reset: they are taken first. */
static void
stop_listening(struct listener *listener)
{
	accept_some(listener, BACKLOG);
	close_listener(listener);
}

static bool
is_at(const struct listener *listener, const struct listener_place *place)
{
	char one[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	endpoint_text(&listener->endpoint, one);
	endpoint_text(place->endpoint, other);
	return listener->options.protocol == place->protocol &&
	       strcmp(one, other) == 0;
}

/* One that was closed by a reload serves again: its sessions may live. */
static struct listener *
find_or_make(struct listeners *listeners, const struct listener_place *place)
{
	for (struct listener *l = listeners->first; l != NULL; l = l->next)
		if (is_at(l, place))
			return l;
	return listener_new(listeners, place->protocol, place->endpoint);
}

/* What has an owner, or a group, of its own no more, and would otherwise keep
 * it. */
static struct endpoint_rights
whole_rights(
    const struct listener *listener, const struct endpoint_rights *rights)
{
	const struct sockaddr_un *un =
	    (const struct sockaddr_un *)&listener->endpoint.address;
	const struct privileges_user whose =
	    unix_socket_user(un->sun_path, &listener->user);
	struct endpoint_rights whole = *rights;

	if (whole.owner == (uid_t)-1 && listener->rights.owner != (uid_t)-1)
		whole.owner = whose.uid;
	if (whole.group == (gid_t)-1 && listener->rights.group != (gid_t)-1)
		whole.group = whose.gid;
	return whole;
}

/* Returns 0, or -1 with the reason logged. */
static int
change_rights(struct listener *listener, const struct endpoint_rights *rights)
{
	const struct sockaddr_un *un =
	    (const struct sockaddr_un *)&listener->endpoint.address;
	const struct endpoint_rights *old = &listener->rights;
	struct endpoint_rights whole;
	char text[ENDPOINT_TEXT_MAX];

	if (listener->is_inherited || un->sun_family != AF_UNIX ||
	    (old->owner == rights->owner && old->group == rights->group &&
		old->mode == rights->mode))
		return 0;
	whole = whole_rights(listener, rights);
	if (unix_socket_set_rights(
		un->sun_path, &whole, &listener->rights_before) == 0) {
		listener->rights = *rights;
		listener->has_changed = true;
		return 0;
	}
	log_error("listener: %s on %s: %s%s", listener->options.protocol->name,
	    endpoint_text(&listener->endpoint, text), strerror(errno),
	    errno == EPERM ? ": other rights for it take a restart" : "");
	return -1;
}

/* What it was given back differs from what was asked for where that left
 * something as it was. */
static void
undo_rights(struct listener *listener)
{
	const struct endpoint_rights before = listener->rights_before;

	if (listener->has_changed)
		change_rights(listener, &before);
}

/* Those not named close; with @undo, those that were opened for this, and the
 * others have the rights again that they had. */
static void
close_some(struct listeners *listeners, bool undo)
{
	for (struct listener *l = listeners->first; l != NULL; l = l->next) {
		if (is_open(l) && !l->is_inherited &&
		    (undo ? l->is_fresh : !l->is_named))
			stop_listening(l);
		if (undo)
			undo_rights(l);
		l->is_named = l->is_fresh = l->has_changed = false;
	}
}

/* Returns 0, or -1 with the reason logged. */
static int
open_place(struct listeners *listeners, const struct listener_place *place)
{
	struct listener *listener = find_or_make(listeners, place);

	if (listener == NULL)
		return -1;
	listener->is_named = true;
	if (is_open(listener))
		return 0;
	listener->rights = *place->rights;
	listener->user = *place->user;
	listener->is_fresh = true;
	return open_listener(listener);
}

/* Rights last: until all places are open, nobody shall get in, or be kept out,
 * by those of a configuration that is not taken. */
static int
try_places(struct listeners *listeners, const struct listener_place *places,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (open_place(listeners, &places[i]) == -1)
			return -1;
	for (size_t i = 0; i < count; i++) {
		struct listener *l = find_or_make(listeners, &places[i]);

		if (l == NULL || change_rights(l, places[i].rights) == -1)
			return -1;
	}
	return 0;
}

int
listeners_set(struct listeners *listeners, const struct listener_place *places,
    size_t count)
{
	const int result = try_places(listeners, places, count);

	close_some(listeners, result == -1);
	return result;
}

void
listeners_use(struct listeners *listeners, struct policy_service *service,
    const char *map, unsigned max_connections, unsigned request_timeout)
{
	listeners->service = service;
	listeners->map = map;
	listeners->max_connections = max_connections;
	listeners->request_timeout = request_timeout;
	for (struct listener *l = listeners->first; l != NULL; l = l->next) {
		l->options.service = service;
		l->options.map = map;
		l->options.request_timeout = request_timeout;
	}
}

void
listeners_each(const struct listeners *listeners,
    void (*found)(void *arg, const struct protocol *protocol,
	const struct endpoint *endpoint),
    void *arg)
{
	for (struct listener *l = listeners->first; l != NULL; l = l->next)
		if (is_open(l))
			found(arg, l->options.protocol, &l->endpoint);
}

/* ---- life ---- */

struct listeners *
listeners_new(struct event_base *base, struct policy_service *service,
    struct stats *stats, unsigned max_connections, unsigned request_timeout)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));
	const char *why;

	if (listeners == NULL)
		return NULL;
	listeners->base = base;
	listeners->service = service;
	listeners->stats = stats;
	listeners->max_connections = max_connections;
	listeners->request_timeout = request_timeout;
	listeners->resume = event_new(base, -1, 0, on_resume, listeners);
	listeners->prompt = prompt_new(base);
	listeners->peers = peers_new(SOCK_STREAM);
	if (listeners->resume == NULL || listeners->prompt == NULL ||
	    listeners->peers == NULL) {
		listeners_free(listeners);
		return NULL;
	}
	/* So it is with the DNS listener's. */
	if ((why = peers_mixed(listeners->peers)) != NULL)
		log_info("listener: over loopback the users of this machine "
			 "can't be told apart: %s",
		    why);
	return listeners;
}

void
listeners_drain(struct listeners *listeners, void (*done)(void *arg), void *arg)
{
	struct member *member;

	event_del(listeners->resume);
	for (struct listener *l = listeners->first; l != NULL; l = l->next) {
		if (!is_open(l))
			continue;
		if (l->is_inherited)
			prompt_watch(listeners->prompt, &l->socket, 0);
		else
			stop_listening(l);
	}
	listeners->done = done;
	listeners->done_arg = arg;
	DL_FOREACH (listeners->members, member)
		session_drain(member->session);
	tell_if_drained(listeners);
}

size_t
listeners_connections(const struct listeners *listeners)
{
	return listeners->count;
}

void
listeners_free(struct listeners *listeners)
{
	struct listener *next;

	if (listeners == NULL)
		return;
	listeners->done = NULL;
	while (listeners->members != NULL) {
		struct member *member = listeners->members;

		session_free(member->session);
		on_close(listeners, member);
	}
	for (struct listener *l = listeners->first; l != NULL; l = next) {
		next = l->next;
		if (is_open(l))
			close_listener(l);
		free(l);
	}
	prompt_free(listeners->prompt);
	peers_free(listeners->peers);
	if (listeners->resume != NULL)
		event_free(listeners->resume);
	free(listeners);
}
