/*
 * plain.h - plain DNS, without EDNS, for names that are proven insecure: the
 * last rung of the ladder.
 *
 * Asks the servers themselves, from the last signed zone downwards, following
 * referrals; or the configured forwarder.  Whatever comes back is insecure by
 * construction: only a caller that holds a proof may use it.
 */
#ifndef DNS_PLAIN_H
#define DNS_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "dns/answer.h"

struct budget;
struct conf;
struct event_base;
struct plain;
struct zone_limit;

typedef void (*plain_lookup_cb)(void *arg, struct dns_answer *answer);

/*
 * The plain lookups that wait for one another, innermost first: the address of
 * a server's name may itself have to be asked plainly.  Lives as long as the
 * innermost.
 */
struct plain_path {
	const struct plain_path *above; /* NULL for the outermost */
	const char *name;
	uint16_t type;
	unsigned depth;        /* 1 for the outermost */
	struct budget *budget; /* that pays for what is inside */
	unsigned *inner;       /* how many more there may be inside of what an
				* outermost lookup needs; NULL for that one
				* itself */
};

/*
 * What plain lookups need from above: names of servers, and addresses of
 * those names, go through the whole ladder.  lookup() has the contract of
 * resolver_lookup(), with LOOKUP_NEED_DATA; @path outlives the lookup, unless
 * it is the outermost.
 */
struct plain_env {
	struct event_base *base;
	const struct conf *conf;
	struct zone_limit *zone_limit; /* of the outermost lookups; the inner
					* ones are bounded by these */
	void *(*lookup)(void *env, const char *name, uint16_t type,
	    const struct plain_path *path, plain_lookup_cb cb, void *arg);
	void (*cancel)(void *handle);
	void *env;
};

#define PLAIN_DEPTH_MAX 4 /* ladders inside ladders */
#define PLAIN_REFERRALS_MAX 8
#define PLAIN_QUESTIONS_MAX 40 /* sent for one lookup, all servers */

/* Borrowed for the time of the callback. */
struct plain_result {
	/* An answer: data, an alias, or a denial with AA; a denial without AA
	 * only where no server says anything better.  NULL where all servers
	 * are exhausted. */
	const ldns_pkt *packet;
	const char *zone;   /* whose servers answered, or were asked last */
	const char *why;    /* without packet: one line */
	unsigned questions; /* sent */
	bool is_partial;    /* not all that it needed could be looked up */
};

typedef void (*plain_cb)(void *arg, const struct plain_result *result);

/* Called when it begins to wait for a turn at the servers of a zone, and when
 * the turn has come; with the arg of the callback. */
typedef void (*plain_waits_cb)(void *arg, bool waits);

/*
 * Ask for (@name, @type), beginning at the servers of @zone, the last signed
 * zone above @name.  @env: borrowed, must outlive it.  It has no deadline of
 * its own, but ends: servers, referrals and questions are bounded.
 * @above: the lookups that wait for this one, NULL for none; outlives it.
 * @budget: pays for what it needs; outlives it.
 * The callback comes once, never from inside this call, nor does @waits.  NULL
 * when out of memory.
 */
struct plain *plain_start(const struct plain_env *env, const char *name,
    uint16_t type, const char *zone, const struct plain_path *above,
    struct budget *budget, plain_waits_cb waits, plain_cb cb, void *arg);

/* The zone whose servers are being asked; valid as long as @plain. */
const char *plain_zone(const struct plain *plain);

/* The callback will not come.  NULL does nothing. */
void plain_cancel(struct plain *plain);

#endif /* DNS_PLAIN_H */
