/*
 * delegation.h - finds the zones from the root down to a name, and all their
 * servers, without a recursor.  Blocking.  Tries plain DNS first, other manners
 * if that fails.
 *
 * For diagnosis: nothing is validated, and the first usable answer is accepted.
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
#define DELEGATION_SERVERS_MAX 26 /* addresses per zone */
#define DELEGATION_LOST_MAX 13

struct delegation_server {
	char name[DOMAIN_TEXT_MAX]; /* "" for a configured server without a name
				     */
	struct endpoint endpoint;
};

struct delegation_zone {
	char name[DOMAIN_TEXT_MAX];
	size_t parent;                    /* index; its own for the root */
	struct delegation_server *server; /* DELEGATION_SERVERS_MAX */
	size_t server_count;
	/* server names without a known address */
	char (*lost)[DOMAIN_TEXT_MAX]; /* DELEGATION_LOST_MAX */
	size_t lost_count;
	bool silent; /* a query got no answer in any manner */
};

struct delegation {
	struct delegation_zone zone[DELEGATION_ZONES_MAX];
	size_t count;
	uint64_t deadline; /* clock_ms() */
	unsigned depth;    /* of nested lookups of server names */
	/* Called with the next name to look up; may be NULL. */
	void (*progress)(void *arg, const char *name);
	void *progress_arg;
};

/*
 * Start with the root hints in file @hints.  Returns NULL, or an error text,
 * valid until the next call of strerror(3).  Clear in any case.
 */
const char *delegation_init(
    struct delegation *delegation, const char *hints, uint64_t deadline);
void delegation_clear(struct delegation *delegation);

/* Add a zone whose servers are configured.  Returns it, without servers, or
 * NULL if there is no room. */
struct delegation_zone *delegation_add(
    struct delegation *delegation, const char *name, size_t parent);
void delegation_add_server(struct delegation_zone *zone, const char *name,
    const struct endpoint *endpoint);

/* Find the zones down to @name.  Returns the index of the deepest zone that
 * contains @name, as far as it could be found. */
size_t delegation_walk(struct delegation *delegation, const char *name);

/*
 * Query the servers of @name's zone, following aliases into other zones.
 * Returns 0 with the facts, to be cleared by the caller; or -1 without an
 * answer.
 */
int delegation_lookup(struct delegation *delegation, const char *name,
    uint16_t type, struct packet_facts *facts);

#endif /* COMMAND_DIAGNOSE_DELEGATION_H */
