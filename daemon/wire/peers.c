/* peers.c - the peers of connections. */

#include "wire/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "wire/socket_owner.h"

#define WHY_MAX 128
#define NETWORK_OCTETS 8 /* of an IPv6 address: the /64 of a client */

/* Higher user IDs belong to users of this machine by tens of thousands, for
 * namespaces (subuid(5)), and their owner cannot be determined. */
#define OWN_UID_MAX 65535

/* A hash key: no padding is left uninitialised. */
struct key {
	sa_family_t family; /* AF_UNSPEC: unknown */
	uint8_t octets[sizeof(struct in6_addr)];
};

struct peer {
	struct key key;
	size_t count; /* of connections, or datagrams */
	UT_hash_handle hh;
};

struct peers {
	struct peer *table;
	int diag;          /* socket_owner_open() */
	char why[WHY_MAX]; /* why @diag is -1 */
};

/* ---- keys ---- */

static void
set_v4(struct key *key, const struct sockaddr_in *v4)
{
	const uint32_t host = ntohl(v4->sin_addr.s_addr);
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	const bool is_loopback = host >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;

	memcpy(key->octets, is_loopback ? &loopback : &v4->sin_addr,
	    sizeof(v4->sin_addr));
}

/* A dual-stack socket has IPv4-mapped addresses, too. */
static void
set_v6(struct key *key, const struct sockaddr_in6 *v6)
{
	const bool is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	struct sockaddr_in v4;

	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(&v4.sin_addr, &v6->sin6_addr.s6_addr[12],
		    sizeof(v4.sin_addr));
		key->family = AF_INET;
		set_v4(key, &v4);
		return;
	}
	memcpy(key->octets, &v6->sin6_addr,
	    is_loopback ? sizeof(v6->sin6_addr) : NETWORK_OCTETS);
}

static void
set_user(struct key *key, uid_t uid)
{
	const uid_t user = uid <= OWN_UID_MAX ? uid : (uid_t)-1;

	key->family = AF_UNIX;
	memcpy(key->octets, &user, sizeof(user));
}

static uid_t
user_at(int fd)
{
	struct ucred ucred = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(ucred);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &length);
	return ucred.uid;
}

static void
set_address(struct key *key, const struct sockaddr_storage *address)
{
	key->family = address->ss_family;
	if (address->ss_family == AF_INET)
		set_v4(key, (const struct sockaddr_in *)address);
	else if (address->ss_family == AF_INET6)
		set_v6(key, (const struct sockaddr_in6 *)address);
}

static void
set_key(struct key *key, const struct peers *peers, int fd)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(address);
	uid_t uid;

	memset(key, 0, sizeof(*key));
	getpeername(fd, (struct sockaddr *)&address, &length);
	if (address.ss_family == AF_UNIX)
		set_user(key, user_at(fd));
	else if (socket_owner_find(peers->diag, fd, &uid))
		set_user(key, uid);
	else
		set_address(key, &address);
}

const char *
peer_text(const struct peer *peer, char text[PEER_TEXT_MAX])
{
	const struct key *key = &peer->key;
	struct in6_addr v6;
	uid_t uid;

	snprintf(text, PEER_TEXT_MAX, "somebody");
	if (key->family == AF_UNIX) {
		memcpy(&uid, key->octets, sizeof(uid));
		if (uid == (uid_t)-1)
			snprintf(
			    text, PEER_TEXT_MAX, "users above %d", OWN_UID_MAX);
		else
			snprintf(
			    text, PEER_TEXT_MAX, "user %ju", (uintmax_t)uid);
	} else if (key->family == AF_INET) {
		inet_ntop(AF_INET, key->octets, text, PEER_TEXT_MAX);
	} else if (key->family == AF_INET6) {
		memcpy(&v6, key->octets, sizeof(v6));
		inet_ntop(AF_INET6, &v6, text, PEER_TEXT_MAX);
		if (!IN6_IS_ADDR_LOOPBACK(&v6))
			strncat(text, "/64", PEER_TEXT_MAX - strlen(text) - 1);
	}
	return text;
}

/* ---- the table ---- */

static struct peer *
join(struct peers *peers, const struct key *key)
{
	struct peer *peer;

	HASH_FIND(hh, peers->table, key, sizeof(*key), peer);
	if (peer == NULL) {
		if ((peer = calloc(1, sizeof(*peer))) == NULL)
			return NULL;
		memcpy(&peer->key, key, sizeof(*key));
		HASH_ADD(hh, peers->table, key, sizeof(peer->key), peer);
		if (peer->hh.tbl == NULL) {
			free(peer);
			return NULL;
		}
	}
	peer->count++;
	return peer;
}

struct peer *
peers_join(struct peers *peers, int fd)
{
	struct key key;

	set_key(&key, peers, fd);
	return join(peers, &key);
}

struct peer *
peers_join_sender(
    struct peers *peers, int fd, const struct sockaddr_storage *client)
{
	struct key key;
	uid_t uid;

	memset(&key, 0, sizeof(key));
	if (socket_owner_find_sender(peers->diag, fd, client, &uid))
		set_user(&key, uid);
	else
		set_address(&key, client);
	return join(peers, &key);
}

struct peer *
peers_join_unknown(struct peers *peers)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	return join(peers, &key);
}

struct peer *
peers_join_as(struct peers *peers, const struct peer *peer)
{
	return join(peers, &peer->key);
}

size_t
peer_count(const struct peer *peer)
{
	return peer->count;
}

void
peers_leave(struct peers *peers, struct peer *peer)
{
	if (--peer->count > 0)
		return;
	HASH_DELETE(hh, peers->table, peer);
	free(peer);
}

size_t
peers_most(const struct peers *peers)
{
	size_t most = 0;

	for (const struct peer *peer = peers->table; peer != NULL;
	     peer = peer->hh.next)
		if (peer->count > most)
			most = peer->count;
	return most;
}

bool
peer_makes_room(
    const struct peer *peer, const struct peer *newcomer, size_t most)
{
	/* With only one connection, the newcomer has nothing to give up. */
	if (newcomer != NULL && newcomer->count == most && most > 1)
		return peer == newcomer;
	return peer->count == most;
}

/* ---- create and free ---- */

struct peers *
peers_new(int type)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (peers == NULL)
		return NULL;
	if ((peers->diag = socket_owner_open(type)) != -1)
		return peers;
	if (errno == EPROTONOSUPPORT)
		snprintf(peers->why, sizeof(peers->why),
		    "the kernel has no inet_diag or %s to say whose they are",
		    type == SOCK_STREAM ? "tcp_diag" : "udp_diag");
	else
		snprintf(peers->why, sizeof(peers->why), "%s", strerror(errno));
	return peers;
}

const char *
peers_mixed(const struct peers *peers)
{
	return peers->diag == -1 ? peers->why : NULL;
}

void
peers_free(struct peers *peers)
{
	if (peers == NULL)
		return;
	if (peers->diag != -1)
		close(peers->diag);
	free(peers);
}
