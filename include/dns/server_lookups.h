/*
 * server_lookups.h - the names and addresses of name servers, for plain
 * lookups.
 *
 * A thousand lookups in one zone need the same few name servers: what outermost
 * lookups need is looked up once for all of them.  Their nested lookups are
 * bounded for each outermost lookup and are not shared, as two that waited for
 * each other would never end.
 *
 * The evaluation that starts a server lookup pays for it with its budget, even
 * if it ends while others still wait.  Where the lookup fails, perhaps because
 * that budget was used up, it is started once more for the waiters that have
 * another budget.
 */
#ifndef DNS_SERVER_LOOKUPS_H
#define DNS_SERVER_LOOKUPS_H

#include <stdint.h>

#include "dns/plain.h"

struct server_lookups;

/* At a time: for all evaluations of one class, */
#define SERVER_LOOKUPS_MAX 4000
/* for one evaluation, */
#define SERVER_LOOKUPS_OWN_MAX 100
/* and for one evaluation while its class is at the limit: the addresses of two
 * servers, or the nested lookups for one. */
#define SERVER_LOOKUPS_KEPT 4
#define SERVER_LOOKUPS_INNER_MAX 20 /* nested in one shared lookup */

/* How a lookup is started, with the contract of plain_env. */
struct server_lookups_env {
	void *(*lookup)(void *env, const char *name, uint16_t type,
	    const struct plain_path *path, plain_lookup_cb cb, void *arg);
	void (*cancel)(void *handle);
	void *env;
};

/* @env is copied.  NULL when out of memory. */
struct server_lookups *server_lookups_new(const struct server_lookups_env *env);
/* Nothing may be waiting any more.  NULL does nothing. */
void server_lookups_free(struct server_lookups *server_lookups);

/* The functions for plain_env; @handle is its env, the server_lookups.  The
 * budget of the path is held as long as the lookup runs. */
void *server_lookups_start(void *handle, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg);
void server_lookups_cancel(void *handle);

#endif /* DNS_SERVER_LOOKUPS_H */
