/*
 * policy_map.h - the tables that smtp_tls_policy_maps names, and whether one
 * answers as Postfix reaches it.
 */
#ifndef COMMAND_POSTFIX_POLICY_MAP_H
#define COMMAND_POSTFIX_POLICY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/endpoint.h"

enum policy_map_kind {
	POLICY_MAP_OTHER, /* a file, a database */
	POLICY_MAP_SOCKETMAP,
	POLICY_MAP_TCP
};

#define POLICY_MAP_PROXY "proxy:" /* before the name of one that is proxied */
#define POLICY_MAP_TEXT_MAX 512

struct policy_map {
	char text[POLICY_MAP_TEXT_MAX]; /* as written, or as much as fits */
	bool is_cut;
	enum policy_map_kind kind;
	bool is_proxied;   /* by proxymap(8), which is not chrooted */
	const char *error; /* constant text: Postfix refuses to start with it;
			    * NULL where it is well formed */
	/* the rest only without error, and not of OTHER */
	bool is_unix, is_numeric; /* numeric: an address, not a host name */
	char place[POLICY_MAP_TEXT_MAX]; /* a path, or "inet:127.0.0.1:8642" */
	char name[POLICY_MAP_TEXT_MAX];  /* of a socketmap */
};

/*
 * Take the next table off *@list, the value of smtp_tls_policy_maps.  Pure.
 * Returns false at the end.
 */
bool policy_map_next(const char **list, struct policy_map *map);

/* Whose eyes to look through. */
struct policy_map_viewer {
	const char *root;      /* chroot there first; NULL: no chroot */
	const char *directory; /* where relative paths begin */
	uid_t uid;             /* become; (uid_t)-1 where we can't */
	gid_t gid;
};

/* For a process that ends soon.  Returns 0, or -1 with errno. */
int policy_map_become(const struct policy_map_viewer *viewer);

struct policy_map_answer {
	int error;      /* errno value; 0: it has answered; ETIMEDOUT: not
			 * wholly before the deadline */
	char text[256]; /* printable: the reply, "" if none */
};

/*
 * Ask a socketmap or tcp table that is well formed for @key, in a process that
 * has become what Postfix's client is.  @deadline: clock_ms(), for all of it,
 * however little at a time comes.
 */
void policy_map_ask(const struct policy_map *map,
    const struct policy_map_viewer *viewer, const char *key, uint64_t deadline,
    struct policy_map_answer *answer);

#endif /* COMMAND_POSTFIX_POLICY_MAP_H */
