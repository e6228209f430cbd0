/*
 * policy_service.h - from a key to Postfix's TLS policy: parse the next hop,
 * evaluate it once for everybody who asks, decide, remember, log.
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
	bool bad;         /* no key that Postfix could send: a protocol error */
	const char *text; /* the level, or the reason of TEMP or of bad; never
			   * empty, printable, valid until the callback or the
			   * event loop returns */
};

/* Called at most once, never from inside policy_service_ask(). */
typedef void (*policy_reply_cb)(void *arg, const struct policy_reply *reply);

/* All pointers are borrowed and must outlive the service.  NULL on failure. */
struct policy_service *policy_service_new(struct event_base *base,
    const struct conf *conf, struct resolver *resolver, struct stats *stats);

/* Evaluations and explanations that somebody may still be waiting for. */
size_t policy_service_in_flight(const struct policy_service *service);

/* Next hops in the cache, and the octets of memory it takes up. */
size_t policy_service_cache_entries(const struct policy_service *service);
size_t policy_service_cache_bytes(const struct policy_service *service);

/*
 * Forget the verdict of @key (@len octets), or all where it is NULL, and what
 * the resolver has in its caches: the next question asks the name servers.
 * FAILED: memory is too short for new caches; the verdicts are forgotten, and
 * the rest follows by itself as soon as there is memory.
 */
enum policy_flush {
	POLICY_FLUSH_FAILED = 0,
	POLICY_FLUSH_NOTHING, /* was remembered of @key */
	POLICY_FLUSH_DONE
};
enum policy_flush policy_service_flush(
    struct policy_service *service, const char *key, size_t len);

/* Whether what is remembered of @key (terminated, as Postfix asks) counts on
 * Postfix to look up TLSA records itself. */
bool policy_service_expects_dane(
    struct policy_service *service, const char *key);

/*
 * What is remembered for @map of the busiest next hops, but failures and what
 * is left to main.cf.  @key: @len octets; both texts are borrowed for the time
 * of the call, which must not change the service.
 */
typedef void (*policy_export_cb)(
    void *arg, const char *key, size_t len, const char *text);
void policy_service_export(struct policy_service *service, const char *map,
    policy_export_cb cb, void *arg);

/* The busiest next hops: into the state directory at exit, and from there to be
 * evaluated anew. */
void policy_service_save_busiest(struct policy_service *service);
void policy_service_load_busiest(struct policy_service *service);

/* Evaluate what was busiest in a service that this one replaces. */
void policy_service_follow(
    struct policy_service *service, struct policy_service *former);

/* For a service that has been replaced: frees some of what it remembers.
 * Returns true when nothing is left and nobody waits; else it wants to be
 * called again. */
bool policy_service_retire(struct policy_service *service);

/* Every request in flight gets its callback, with TEMP, before this returns.
 * NULL does nothing. */
void policy_service_free(struct policy_service *service);

/*
 * Ask.  @key: @key_len octets, any at all.  @map: the name that the client
 * used (terminated), or NULL where the protocol has none; copied.
 * @who: a text that names who asks, such as "user 1000"; copied.  Of each the
 * first ASKERS_FEW evaluations have room and lookups that no others' can take,
 * and stay theirs until they end, also where nobody waits any more.
 * Returns NULL when @reply was filled in at once: there will be no callback.
 * Otherwise a handle, valid until the callback begins or
 * policy_service_cancel() is called.
 */
struct policy_request *policy_service_ask(struct policy_service *service,
    const char *key, size_t key_len, const char *map, const char *who,
    struct policy_reply *reply, policy_reply_cb cb, void *arg);

/* Forget a request; the evaluation goes on for others, and for the cache. */
void policy_service_cancel(struct policy_request *request);

/*
 * Evaluate anew, whatever is remembered, and hand over everything that was
 * found.  @evidence is NULL where the key needs no lookup; both are borrowed
 * for the time of the callback.
 * Returns a handle for policy_service_explain_cancel(); NULL when out of
 * memory.  The callback comes once, never from inside this call.
 */
typedef void (*policy_explain_cb)(void *arg, const struct verdict *verdict,
    const struct dane_evidence *evidence);
struct policy_explanation *policy_service_explain(
    struct policy_service *service, const char *key, size_t key_len,
    const char *map, policy_explain_cb cb, void *arg);
void policy_service_explain_cancel(struct policy_explanation *explanation);

#endif /* POLICY_POLICY_SERVICE_H */
