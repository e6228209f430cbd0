/*
 * policy_service.h - from a key to Postfix's TLS policy: parse the next hop,
 * evaluate it once for all clients, decide, cache, log.
 */
#ifndef POLICY_POLICY_SERVICE_H
#define POLICY_POLICY_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/tls_policy.h"
#include "policy/verdict.h"

struct conf;
struct dane_evidence;
struct event_base;
struct policy_request;
struct policy_service;
struct resolver;
struct stats;

#define POLICY_MAP_MAX 256 /* octets of a map name, NUL included */

struct policy_reply {
	enum tls_policy policy;
	bool bad;         /* a key that Postfix cannot send: a protocol error */
	const char *text; /* the level, or the reason for TEMP or @bad; never
			   * empty, printable, valid until the callback or the
			   * event loop returns */
};

/* Called at most once, never from inside policy_service_ask(). */
typedef void (*policy_reply_cb)(void *arg, const struct policy_reply *reply);

/* All pointers are borrowed and must outlive the service.  NULL on failure. */
struct policy_service *policy_service_new(struct event_base *base,
    const struct conf *conf, struct resolver *resolver, struct stats *stats);

/* Evaluations and explanations in progress. */
size_t policy_service_in_flight(const struct policy_service *service);

/* Next hops in the cache, and the memory it uses in octets. */
size_t policy_service_cache_entries(const struct policy_service *service);
size_t policy_service_cache_bytes(const struct policy_service *service);

/*
 * Drop the verdict of @key (@len octets), or all verdicts if it is NULL, and
 * the resolver's caches: the next request queries the name servers.
 * FAILED: not enough memory for new caches.  The verdicts are dropped, and the
 * resolver's caches follow as soon as there is memory.
 */
enum policy_flush {
	POLICY_FLUSH_FAILED = 0,
	POLICY_FLUSH_NOTHING, /* nothing was cached for @key */
	POLICY_FLUSH_DONE
};
enum policy_flush policy_service_flush(
    struct policy_service *service, const char *key, size_t len);

/* Whether a cached verdict of @key (terminated, as Postfix asks) relies on
 * Postfix to look up TLSA records itself. */
bool policy_service_expects_dane(
    struct policy_service *service, const char *key);

/*
 * Calls @cb with the cached replies for @map to the busiest next hops, except
 * failures and what is left to main.cf.  @key: @len octets.  Both texts are
 * borrowed for the duration of the call, which must not change the service.
 */
typedef void (*policy_export_cb)(
    void *arg, const char *key, size_t len, const char *text);
void policy_service_export(struct policy_service *service, const char *map,
    policy_export_cb cb, void *arg);

/* The busiest next hops: saved to the state directory at exit, loaded from
 * there at start to be evaluated again. */
void policy_service_save_busiest(struct policy_service *service);
void policy_service_load_busiest(struct policy_service *service);

/* Evaluate the busiest next hops of the service that this one replaces. */
void policy_service_follow(
    struct policy_service *service, struct policy_service *former);

/* For a replaced service: frees part of its cache.  Returns true when nothing
 * is left and no request waits; otherwise it must be called again. */
bool policy_service_retire(struct policy_service *service);

/* Every request in flight gets its callback with TEMP before this returns.
 * NULL does nothing. */
void policy_service_free(struct policy_service *service);

/*
 * Request a policy.  @key: @key_len arbitrary octets.  @map: the map name that
 * the client used (terminated), or NULL if the protocol has none; copied.
 * @who: identifies the client, such as "user 1000"; copied.  For each client,
 * the first ASKERS_FEW evaluations have reserved room and lookups, which
 * evaluations of others cannot take.  They count until they end, even if no
 * request waits for them any more.
 * Returns NULL if @reply was filled in immediately: there will be no callback.
 * Otherwise a handle, valid until the callback begins or
 * policy_service_cancel() is called.
 */
struct policy_request *policy_service_ask(struct policy_service *service,
    const char *key, size_t key_len, const char *map, const char *who,
    struct policy_reply *reply, policy_reply_cb cb, void *arg);

/* Cancel a request.  The evaluation goes on for others and for the cache. */
void policy_service_cancel(struct policy_request *request);

/*
 * Evaluate again, regardless of the cache, and hand over all results.
 * @evidence is NULL if the key needs no lookup; both are borrowed for the
 * duration of the callback.
 * Returns a handle for policy_service_explain_cancel(); NULL when out of
 * memory.  The callback is called once, never from inside this call.
 */
typedef void (*policy_explain_cb)(void *arg, const struct verdict *verdict,
    const struct dane_evidence *evidence);
struct policy_explanation *policy_service_explain(
    struct policy_service *service, const char *key, size_t key_len,
    const char *map, policy_explain_cb cb, void *arg);
void policy_service_explain_cancel(struct policy_explanation *explanation);

#endif /* POLICY_POLICY_SERVICE_H */
