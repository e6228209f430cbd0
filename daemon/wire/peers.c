/* peers.c - who is at the other end of connections. */

#include "wire/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/table.h"

#define NETWORK_OCTETS 8 /* of an IPv6 address, for who has a whole network */

/* As octets, for the table: nothing between the fields is left unset. */
struct key {
	sa_family_t family; /* AF_UNSPEC: it can't be known */
	uint8_t octets[sizeof(struct in6_addr)];
};

struct peer {
	struct key key;
	size_t connections;
	UT_hash_handle hh;
};

struct peers {
	struct peer *table;
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

static void
set_v6(struct key *key, const struct sockaddr_in6 *v6)
{
	const bool is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);

	memcpy(key->octets, &v6->sin6_addr,
	    is_loopback ? sizeof(v6->sin6_addr) : NETWORK_OCTETS);
}

static void
set_user(struct key *key, int fd)
{
	struct ucred ucred = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(ucred);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &length);
	memcpy(key->octets, &ucred.uid, sizeof(ucred.uid));
}

static void
set_key(struct key *key, int fd)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(address);

	memset(key, 0, sizeof(*key));
	getpeername(fd, (struct sockaddr *)&address, &length);
	key->family = address.ss_family;
	if (address.ss_family == AF_UNIX)
		set_user(key, fd);
	else if (address.ss_family == AF_INET)
		set_v4(key, (const struct sockaddr_in *)&address);
	else if (address.ss_family == AF_INET6)
		set_v6(key, (const struct sockaddr_in6 *)&address);
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
		snprintf(text, PEER_TEXT_MAX, "user %ju", (uintmax_t)uid);
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

struct peer *
peers_join(struct peers *peers, int fd)
{
	struct peer *peer;
	struct key key;

	set_key(&key, fd);
	HASH_FIND(hh, peers->table, &key, sizeof(key), peer);
	if (peer == NULL) {
		if ((peer = calloc(1, sizeof(*peer))) == NULL)
			return NULL;
		memcpy(&peer->key, &key, sizeof(key));
		HASH_ADD(hh, peers->table, key, sizeof(key), peer);
		if (peer->hh.tbl == NULL) {
			free(peer);
			return NULL;
		}
	}
	peer->connections++;
	return peer;
}

void
peers_leave(struct peers *peers, struct peer *peer)
{
	if (--peer->connections > 0)
		return;
	HASH_DELETE(hh, peers->table, peer);
	free(peer);
}

const struct peer *
peers_busiest(const struct peers *peers)
{
	const struct peer *busiest = NULL;

	for (const struct peer *peer = peers->table; peer != NULL;
	     peer = peer->hh.next)
		if (busiest == NULL || peer->connections > busiest->connections)
			busiest = peer;
	return busiest;
}

/* ---- life ---- */

struct peers *
peers_new(void)
{
	return calloc(1, sizeof(struct peers));
}

void
peers_free(struct peers *peers)
{
	free(peers);
}
