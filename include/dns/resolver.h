/*
 * resolver.h - asynchronous DNS lookups that survive broken name servers and
 * cannot be downgraded, on one event base.
 *
 * The ladder: libunbound's validated lookup, the proof of insecurity, and plain
 * DNS under that proof.  Callers get one answer and how it was obtained.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/answer.h"
#include "dns/lookup.h"
#include "dns/trust.h"

struct budget;
struct conf;
struct event_base;
struct unbound_facts;
struct resolver;
struct resolver_lookup;
struct rollover;
struct stats;

/*
 * Called once for each lookup that was started and not cancelled, and never
 * before resolver_lookup() has returned.
 * @answer: never NULL; borrowed: call answer_ref() to keep it.
 * The callback may start and cancel lookups; it must not call resolver_free().
 */
typedef void (*resolver_cb)(void *arg, struct dns_answer *answer);

/* All pointers are borrowed and must outlive the resolver.  Returns NULL on
 * failure, with the reason logged. */
struct resolver *resolver_new(struct event_base *base, const struct conf *conf,
    const struct unbound_facts *library, struct stats *stats);

/* Drops all lookups in flight without calling back.  NULL does nothing. */
void resolver_free(struct resolver *resolver);

/*
 * Start one lookup; it ends within the configured lookup-deadline.
 * @name: text form of base/domain.h, copied.  @type: enum dns_type.
 * @budget: shared by all lookups of one evaluation; borrowed, must outlive the
 * lookup.
 * Returns a handle that is valid until the callback begins or resolver_cancel()
 * is called; or NULL when out of memory, and then no callback comes.
 */
struct resolver_lookup *resolver_lookup(struct resolver *resolver,
    const char *name, uint16_t type, enum lookup_need need,
    enum lookup_class class, struct budget *budget, resolver_cb cb, void *arg);

/* Cancel a lookup: its callback will not come.  NULL does nothing. */
void resolver_cancel(struct resolver_lookup *lookup);

/* Drop all cached answers: the next lookups query the name servers.  Lookups in
 * flight go on.  Returns 0; or -1 when out of memory: then it is retried
 * automatically. */
int resolver_forget(struct resolver *resolver);

/* Lookups that are running or waiting. */
size_t resolver_in_flight(const struct resolver *resolver);

/* @why: set to one line of text, valid until the loop runs again; may be
 * NULL. */
enum trust_state resolver_trust(
    const struct resolver *resolver, const char **why);

/* The module that follows the root's keys, once it has been started.  Only one
 * resolver at a time may start it. */
struct rollover *resolver_rollover(const struct resolver *resolver);

#endif /* DNS_RESOLVER_H */
