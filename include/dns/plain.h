/*
 * plain.h - plain DNS, without EDNS, for names that are proven insecure: the
 * last rung of the ladder.
 *
 * Queries the authoritative servers, starting at the last signed zone and
 * following referrals; or the configured forwarder.  Every answer is insecure
 * by construction: only a caller that holds a proof may use it.
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
 * a name server may itself need a plain lookup.  Lives as long as the innermost
 * lookup.
 */
struct plain_path {
	const struct plain_path *above; /* NULL for the outermost */
	const char *name;
	uint16_t type;
	unsigned depth;        /* 1 for the outermost */
	struct budget *budget; /* pays for the nested lookups */
	unsigned *inner;       /* how many more nested lookups an outermost
				* lookup may start; NULL for that one itself */
};

/*
 * What plain lookups need from the resolver: names of name servers, and the
 * addresses of those names, take the complete ladder.  lookup() has the
 * contract of resolver_lookup(), with LOOKUP_NEED_DATA.  @path outlives the
 * lookup, unless it is the outermost.
 */
struct plain_env {
	struct event_base *base;
	const struct conf *conf;
	struct zone_limit *zone_limit; /* for the outermost lookups; nested ones
					* are bounded by these */
	void *(*lookup)(void *env, const char *name, uint16_t type,
	    const struct plain_path *path, plain_lookup_cb cb, void *arg);
	void (*cancel)(void *handle);
	void *env;
};

#define PLAIN_DEPTH_MAX 4 /* nested ladders */
#define PLAIN_REFERRALS_MAX 8
#define PLAIN_QUESTIONS_MAX 40 /* for one lookup, to all servers */

/* Borrowed for the time of the callback. */
struct plain_result {
	/* An answer: data, an alias, or a denial with AA; a denial without AA
	 * only where no server gives a better answer.  What has other records
	 * in it, but for a DNAME, whose alias it is then, is no answer.  NULL
	 * where all servers have been tried. */
	const ldns_pkt *packet;
	const char *zone;   /* whose servers answered, or were queried last */
	const char *why;    /* without packet: one line */
	unsigned questions; /* queries sent */
	bool is_partial;    /* some of the lookups that it needed were not
			     * possible */
};

typedef void (*plain_cb)(void *arg, const struct plain_result *result);

/* Called, with the arg of the callback, when the lookup begins to wait for its
 * turn at the servers of a zone (zone_limit.h), and when the wait is over. */
typedef void (*plain_waits_cb)(void *arg, bool waits);

/*
 * Query (@name, @type), beginning at the servers of @zone, the last signed zone
 * above @name.  @env: borrowed, must outlive the lookup.  There is no deadline,
 * but the numbers of servers, referrals and queries are bounded.
 * @above: the lookups that wait for this one, NULL for none; must outlive it.
 * @budget: pays for the nested lookups; must outlive this one.
 * The callback comes once.  Neither it nor @waits is called from inside this
 * function.  NULL when out of memory.
 */
struct plain *plain_start(const struct plain_env *env, const char *name,
    uint16_t type, const char *zone, const struct plain_path *above,
    struct budget *budget, plain_waits_cb waits, plain_cb cb, void *arg);

/* The zone whose servers are being queried; valid as long as @plain. */
const char *plain_zone(const struct plain *plain);

/* The callback will not come.  NULL does nothing. */
void plain_cancel(struct plain *plain);

#endif /* DNS_PLAIN_H */
