/*
 * policy_map.h - the tables of smtp_tls_policy_maps, and whether a table
 * answers in the environment of Postfix's client.
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

#define POLICY_MAP_PROXY "proxy:" /* prefix of a table behind proxymap(8) */
#define POLICY_MAP_TEXT_MAX 512

struct policy_map {
	char text[POLICY_MAP_TEXT_MAX]; /* as written, cut to fit */
	bool is_cut;
	enum policy_map_kind kind;
	bool is_proxied;   /* by proxymap(8), which is not chrooted */
	const char *error; /* constant text: Postfix refuses to start with this;
			      NULL if well formed */
	/* the rest only if error is NULL, and not for OTHER */
	bool is_unix, is_numeric; /* numeric: an address, not a host name */
	char place[POLICY_MAP_TEXT_MAX]; /* a path, or "inet:127.0.0.1:8642" */
	char name[POLICY_MAP_TEXT_MAX];  /* of a socketmap */
};

/*
 * Remove the next table from *@list, the value of smtp_tls_policy_maps.  Pure.
 * Returns false at the end.
 */
bool policy_map_next(const char **list, struct policy_map *map);

/* The environment and user of a process that opens a table. */
struct policy_map_viewer {
	const char *root;      /* directory to chroot to; NULL: none */
	const char *directory; /* base of relative paths */
	uid_t uid;             /* to switch to; (uid_t)-1: don't switch */
	gid_t gid;
};

/* Switch this process to @viewer; it can't switch back.  Returns 0, or -1 with
 * errno. */
int policy_map_become(const struct policy_map_viewer *viewer);

struct policy_map_answer {
	int error; /* errno value; 0: it has answered; ETIMEDOUT: no complete
		      answer before the deadline */
	char text[256]; /* the reply, printable; "" if none */
};

/*
 * Look up @key in a well-formed socketmap or tcp table, from a child process
 * that has switched to @viewer.  @deadline: clock_ms(), for the whole lookup,
 * however slowly the reply arrives.
 */
void policy_map_ask(const struct policy_map *map,
    const struct policy_map_viewer *viewer, const char *key, uint64_t deadline,
    struct policy_map_answer *answer);

#endif /* COMMAND_POSTFIX_POLICY_MAP_H */
