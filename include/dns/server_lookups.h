/*
 * server_lookups.h - lookups for lookups: the names and addresses of name
 * servers, for plain lookups.
 *
 * A thousand lookups in one zone need the same few: what outermost lookups need
 * is looked up once for all that wait for it.  What those need in turn has a
 * bound for each of them, and is not shared: two that waited for one another
 * would wait for ever.
 *
 * Whoever starts an errand pays for it, with the budget of his evaluation, even
 * if he goes and others still wait.  Where it fails, and may have failed for
 * lack of his means, it is started once more for those that have their own.
 */
#ifndef DNS_SERVER_LOOKUPS_H
#define DNS_SERVER_LOOKUPS_H

#include <stdint.h>

#include "dns/plain.h"

struct server_lookups;

/* At a time, of the evaluations of one class; */
#define SERVER_LOOKUPS_MAX 4000
/* of one evaluation; */
#define SERVER_LOOKUPS_OWN_MAX 100
/* and of one where its class has as many as it may: the addresses of two
 * servers, or what one of these needs. */
#define SERVER_LOOKUPS_KEPT 4
#define SERVER_LOOKUPS_INNER_MAX 20 /* that one of the shared ones may need */

/* How a lookup is made, with the contract of plain_env. */
struct server_lookups_env {
	void *(*lookup)(void *env, const char *name, uint16_t type,
	    const struct plain_path *path, plain_lookup_cb cb, void *arg);
	void (*cancel)(void *handle);
	void *env;
};

/* @env is copied.  NULL when out of memory. */
struct server_lookups *server_lookups_new(const struct server_lookups_env *env);
/* Nobody may wait any more.  NULL does nothing. */
void server_lookups_free(struct server_lookups *server_lookups);

/* For plain_env, which they are the functions of; @handle is its env, the
 * errands.  The path's budget is held for as long as the errand takes. */
void *server_lookups_start(void *handle, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg);
void server_lookups_cancel(void *handle);

#endif /* DNS_SERVER_LOOKUPS_H */
