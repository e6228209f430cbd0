/* table_server.c - listening sockets and their sessions. */

#include "wire/table/table_server.h"

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
#include "wire/fast_lane.h"
#include "wire/inet_socket.h"
#include "wire/peers.h"
#include "wire/table/session.h"
#include "wire/unix_socket.h"

#define BACKLOG 1024
#define QUIET_MS 10000 /* between two warnings that clients can trigger */

struct listener {
	struct table_server *table_server;
	struct session_options options;
	int fd; /* -1 if not listening */
	struct fast_lane_socket socket;
	struct endpoint endpoint;
	struct endpoint_rights rights; /* of a unix socket, unless inherited */
	struct endpoint_rights rights_before; /* before table_server_set() */
	struct privileges_user user;          /* creates and removes it */
	bool is_inherited; /* socket activation: not ours to close or unlink */
	/* used only during table_server_set() */
	bool is_named, is_fresh, has_changed;
	struct listener *next;
};

/* A session in the list of candidates for closing, least recently used
 * first. */
struct member {
	struct session *session;
	struct peer *peer;
	struct member *prev, *next;
};

struct table_server {
	struct event_base *base;
	struct fast_lane *fast_lane;
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
tell_if_drained(struct table_server *table_server)
{
	if (table_server->done == NULL || table_server->count > 0 ||
	    table_server->drained_told)
		return;
	table_server->drained_told = true;
	table_server->done(table_server->done_arg);
}

static void
on_close(void *arg, void *cookie)
{
	struct table_server *table_server = arg;
	struct member *member = cookie;

	DL_DELETE(table_server->members, member);
	peers_leave(table_server->peers, member->peer);
	free(member);
	table_server->count--;
	tell_if_drained(table_server);
}

static void
on_use(void *arg, void *cookie)
{
	struct table_server *table_server = arg;
	struct member *member = cookie;

	DL_DELETE(table_server->members, member);
	DL_APPEND(table_server->members, member);
}

static void
close_member(struct table_server *table_server, struct member *member)
{
	struct session *session = member->session;

	on_close(table_server, member);
	session_free(session);
	stats_count(table_server->stats, STATS_CONNECTION_MADE_ROOM);
}

/* The session to close for one of @newcomer's: the longest idle of those that
 * may make room (peers.h).  If none is idle, the one that has waited longest
 * for its reply; with @newcomer NULL, none. */
static struct member *
find_leaver(
    const struct table_server *table_server, const struct peer *newcomer)
{
	const size_t most = peers_most(table_server->peers);
	struct member *member, *waits = NULL;

	DL_FOREACH (table_server->members, member) {
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
may_warn(struct table_server *table_server)
{
	const uint64_t now = clock_ms();

	if (now < table_server->quiet_until)
		return false;
	table_server->quiet_until = now + QUIET_MS;
	return true;
}

static void
tell_temp(struct table_server *table_server, const struct member *member)
{
	char text[PEER_TEXT_MAX];

	if (may_warn(table_server))
		log_warning("listener: all %u connections are busy, "
			    "%s has most of them and is told TEMP",
		    table_server->max_connections,
		    peer_text(member->peer, text));
	session_tell_temp(
	    member->session, "postdane: all connections are busy");
}

/* Closes the session of find_leaver().  If it waits for a reply, it gets
 * TEMP. */
static bool
make_room(struct table_server *table_server, const struct peer *newcomer)
{
	struct member *member = find_leaver(table_server, newcomer);

	if (member == NULL)
		return false;
	if (!session_is_idle(member->session))
		tell_temp(table_server, member);
	close_member(table_server, member);
	return true;
}

/* Takes over @fd and @peer if it returns true. */
static bool
add_member(struct listener *listener, int fd, struct peer *peer)
{
	struct table_server *table_server = listener->table_server;
	struct member *member = calloc(1, sizeof(*member));

	if (member == NULL)
		return false;
	member->peer = peer;
	member->session = session_new(&listener->options, fd, peer, member);
	if (member->session == NULL) {
		peers_leave(table_server->peers, peer);
		free(member);
		return true;
	}
	DL_APPEND(table_server->members, member);
	table_server->count++;
	stats_count(table_server->stats, STATS_CONNECTION);
	return true;
}

static void
add_session(void *arg, int fd, const struct sockaddr_storage *client)
{
	struct listener *listener = arg;
	struct table_server *table_server = listener->table_server;
	struct peer *peer = peers_join(table_server->peers, fd);

	(void)client;
	if (peer != NULL &&
	    (table_server->count < table_server->max_connections ||
		make_room(table_server, peer)) &&
	    add_member(listener, fd, peer))
		return;
	if (peer != NULL)
		peers_leave(table_server->peers, peer);
	close(fd);
}

/* ---- accepting ---- */

static bool
is_open(const struct listener *listener)
{
	return listener->fd != -1;
}

static void
pause_accepting(struct table_server *table_server)
{
	static const struct timeval pause = { 0, ACCEPTOR_PAUSE_MS * 1000 };

	for (struct listener *l = table_server->first; l != NULL; l = l->next)
		if (is_open(l))
			fast_lane_watch(table_server->fast_lane, &l->socket, 0);
	event_add(table_server->resume, &pause);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct table_server *table_server = arg;

	(void)fd;
	(void)what;
	for (struct listener *l = table_server->first; l != NULL; l = l->next)
		if (is_open(l))
			fast_lane_watch(
			    table_server->fast_lane, &l->socket, EV_READ);
}

static void
accept_some(struct listener *listener, int most)
{
	if (acceptor_take(listener->fd, most, add_session, listener))
		return;
	if (may_warn(listener->table_server))
		log_warning("listener: accept: %s", strerror(errno));
	if (!make_room(listener->table_server, NULL))
		pause_accepting(listener->table_server);
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
listener_new(struct table_server *table_server, const struct protocol *protocol,
    const struct endpoint *endpoint)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return NULL;
	listener->table_server = table_server;
	listener->fd = -1;
	listener->endpoint = *endpoint;
	listener->options =
	    (struct session_options){ .base = table_server->base,
		    .fast_lane = table_server->fast_lane,
		    .service = table_server->service,
		    .map = table_server->map,
		    .stats = table_server->stats,
		    .protocol = protocol,
		    .request_timeout = table_server->request_timeout,
		    .on_close = on_close,
		    .on_use = on_use,
		    .arg = table_server };
	listener->next = table_server->first;
	table_server->first = listener;
	return listener;
}

/* Takes over @fd if it returns 0; otherwise -1 with errno. */
static int
accept_from(struct listener *listener, int fd)
{
	const int on = 1;

	/* Inherited by each connection: a client that sends two requests at
	 * once must not wait for the second reply until the first is
	 * acknowledged.  On a unix socket it fails, and is not needed. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listener->socket = (struct fast_lane_socket){
		.fd = fd, .ready = on_connection, .arg = listener
	};
	if (fast_lane_watch(listener->table_server->fast_lane,
		&listener->socket, EV_READ) == -1)
		return -1;
	listener->fd = fd;
	return 0;
}

int
table_server_add_fd(
    struct table_server *table_server, const struct protocol *protocol, int fd)
{
	struct endpoint endpoint = { .length = sizeof(endpoint.address) };
	struct listener *listener = NULL;
	char text[ENDPOINT_TEXT_MAX];

	if (getsockname(fd, (struct sockaddr *)&endpoint.address,
		&endpoint.length) == 0 &&
	    evutil_make_socket_nonblocking(fd) == 0)
		listener = listener_new(table_server, protocol, &endpoint);
	if (listener == NULL || accept_from(listener, fd) == -1) {
		log_error("listener: %s: %s", protocol->name, strerror(errno));
		return -1;
	}
	listener->is_inherited = true;
	log_info("listener: %s on %s", protocol->name,
	    endpoint_text(&endpoint, text));
	return 0;
}

/* No client can connect yet: it does not listen. */
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

	fast_lane_watch(
	    listener->table_server->fast_lane, &listener->socket, 0);
	close(listener->fd);
	listener->fd = -1;
	if (!listener->is_inherited && address->sa_family == AF_UNIX)
		unix_socket_remove(
		    ((const struct sockaddr_un *)address)->sun_path,
		    &listener->user);
}

/* Clients in the backlog would be reset, so they are accepted first. */
static void
stop_listening(struct listener *listener)
{
	accept_some(listener, BACKLOG);
	close_listener(listener);
}

static bool
is_at(const struct listener *listener, const struct table_server_place *place)
{
	char one[ENDPOINT_TEXT_MAX], other[ENDPOINT_TEXT_MAX];

	endpoint_text(&listener->endpoint, one);
	endpoint_text(place->endpoint, other);
	return listener->options.protocol == place->protocol &&
	       strcmp(one, other) == 0;
}

/* A listener that a reload has closed is reused: it may still have sessions. */
static struct listener *
find_or_make(
    struct table_server *table_server, const struct table_server_place *place)
{
	for (struct listener *l = table_server->first; l != NULL; l = l->next)
		if (is_at(l, place))
			return l;
	return listener_new(table_server, place->protocol, place->endpoint);
}

/* The default owner or group, where the configuration no longer sets one.
 * Otherwise the old one would be kept. */
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

/* Restores the rights that the socket had.  They differ from the configured
 * ones if these leave the owner or group unchanged (-1). */
static void
undo_rights(struct listener *listener)
{
	const struct endpoint_rights before = listener->rights_before;

	if (listener->has_changed)
		change_rights(listener, &before);
}

/* Close the listeners that are not listed.  With @undo, close those that were
 * opened by this call, and restore the rights of the others. */
static void
close_some(struct table_server *table_server, bool undo)
{
	for (struct listener *l = table_server->first; l != NULL; l = l->next) {
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
open_place(
    struct table_server *table_server, const struct table_server_place *place)
{
	struct listener *listener = find_or_make(table_server, place);

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

/* Rights last: the rights of a configuration that is rejected must not let
 * clients in or keep them out. */
static int
try_places(struct table_server *table_server,
    const struct table_server_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (open_place(table_server, &places[i]) == -1)
			return -1;
	for (size_t i = 0; i < count; i++) {
		struct listener *l = find_or_make(table_server, &places[i]);

		if (l == NULL || change_rights(l, places[i].rights) == -1)
			return -1;
	}
	return 0;
}

int
table_server_set(struct table_server *table_server,
    const struct table_server_place *places, size_t count)
{
	const int result = try_places(table_server, places, count);

	close_some(table_server, result == -1);
	return result;
}

void
table_server_use(struct table_server *table_server,
    struct policy_service *service, const char *map, unsigned max_connections,
    unsigned request_timeout)
{
	table_server->service = service;
	table_server->map = map;
	table_server->max_connections = max_connections;
	table_server->request_timeout = request_timeout;
	for (struct listener *l = table_server->first; l != NULL; l = l->next) {
		l->options.service = service;
		l->options.map = map;
		l->options.request_timeout = request_timeout;
	}
}

void
table_server_each(const struct table_server *table_server,
    void (*found)(void *arg, const struct protocol *protocol,
	const struct endpoint *endpoint),
    void *arg)
{
	for (struct listener *l = table_server->first; l != NULL; l = l->next)
		if (is_open(l))
			found(arg, l->options.protocol, &l->endpoint);
}

/* ---- create and free ---- */

struct table_server *
table_server_new(struct event_base *base, struct policy_service *service,
    struct stats *stats, unsigned max_connections, unsigned request_timeout)
{
	struct table_server *table_server = calloc(1, sizeof(*table_server));
	const char *why;

	if (table_server == NULL)
		return NULL;
	table_server->base = base;
	table_server->service = service;
	table_server->stats = stats;
	table_server->max_connections = max_connections;
	table_server->request_timeout = request_timeout;
	table_server->resume = event_new(base, -1, 0, on_resume, table_server);
	table_server->fast_lane = fast_lane_new(base);
	table_server->peers = peers_new(SOCK_STREAM);
	if (table_server->resume == NULL || table_server->fast_lane == NULL ||
	    table_server->peers == NULL) {
		table_server_free(table_server);
		return NULL;
	}
	/* The same applies to the DNS listener. */
	if ((why = peers_mixed(table_server->peers)) != NULL)
		log_info("listener: over loopback the users of this machine "
			 "can't be told apart: %s",
		    why);
	return table_server;
}

void
table_server_drain(
    struct table_server *table_server, void (*done)(void *arg), void *arg)
{
	struct member *member;

	event_del(table_server->resume);
	for (struct listener *l = table_server->first; l != NULL; l = l->next) {
		if (!is_open(l))
			continue;
		if (l->is_inherited)
			fast_lane_watch(table_server->fast_lane, &l->socket, 0);
		else
			stop_listening(l);
	}
	table_server->done = done;
	table_server->done_arg = arg;
	DL_FOREACH (table_server->members, member)
		session_drain(member->session);
	tell_if_drained(table_server);
}

size_t
table_server_connections(const struct table_server *table_server)
{
	return table_server->count;
}

void
table_server_free(struct table_server *table_server)
{
	struct listener *next;

	if (table_server == NULL)
		return;
	table_server->done = NULL;
	while (table_server->members != NULL) {
		struct member *member = table_server->members;

		session_free(member->session);
		on_close(table_server, member);
	}
	for (struct listener *l = table_server->first; l != NULL; l = next) {
		next = l->next;
		if (is_open(l))
			close_listener(l);
		free(l);
	}
	fast_lane_free(table_server->fast_lane);
	peers_free(table_server->peers);
	if (table_server->resume != NULL)
		event_free(table_server->resume);
	free(table_server);
}
