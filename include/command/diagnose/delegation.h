/*
 * delegation.h - the zones on the way to a name, and all their servers, found
 * from the root on without a recursor.  Blocking; plain DNS first, and any
 * other manner where that fails.
 *
 * For diagnosis: nothing is validated, the first server with a usable answer
 * is believed.
 */
#ifndef COMMAND_DIAGNOSE_DELEGATION_H
#define COMMAND_DIAGNOSE_DELEGATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/endpoint.h"
#include "dns/packet.h"

#define DELEGATION_ZONES_MAX 32
#define DELEGATION_SERVERS_MAX 26 /* addresses of one zone */
#define DELEGATION_LOST_MAX 13

struct delegation_server {
	char name[DOMAIN_TEXT_MAX]; /* "" where the configuration says none */
	struct endpoint endpoint;
};

struct delegation_zone {
	char name[DOMAIN_TEXT_MAX];
	size_t parent;                    /* itself where there is none */
	struct delegation_server *server; /* DELEGATION_SERVERS_MAX */
	size_t server_count;
	/* names of servers that have no address to be found */
	char (*lost)[DOMAIN_TEXT_MAX]; /* DELEGATION_LOST_MAX */
	size_t lost_count;
	bool silent; /* nobody answered some question in any manner */
};

struct delegation {
	struct delegation_zone zone[DELEGATION_ZONES_MAX];
	size_t count;
	uint64_t deadline; /* clock_ms() */
	unsigned depth;    /* of names of servers of zones of names … */
	/* Told what is looked for next; may be NULL. */
	void (*progress)(void *arg, const char *name);
	void *progress_arg;
};

/*
 * Start from the file of root hints.  Returns NULL, or text that says what is
 * wrong, valid until the next call of strerror(3).  Clear in any case.
 */
const char *delegation_init(
    struct delegation *delegation, const char *hints, uint64_t deadline);
void delegation_clear(struct delegation *delegation);

/* A zone whose servers are configured.  Returns it, without servers, or NULL
 * when there is no room. */
struct delegation_zone *delegation_add(
    struct delegation *delegation, const char *name, size_t parent);
void delegation_add_server(struct delegation_zone *zone, const char *name,
    const struct endpoint *endpoint);

/* The deepest zone that has @name, as far as one gets.  Its index. */
size_t delegation_walk(struct delegation *delegation, const char *name);

/*
 * Ask the servers of @name's zone, following aliases into other zones.
 * Returns 0 with the facts, to be cleared; or -1 where nobody answers.
 */
int delegation_lookup(struct delegation *delegation, const char *name,
    uint16_t type, struct packet_facts *facts);

#endif /* COMMAND_DIAGNOSE_DELEGATION_H */
