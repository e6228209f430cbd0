/*
 * walk.h - the proof of insecurity, driven: DS questions from the root down to
 * a name, each answer judged by insecurity.h.
 *
 * Beside it goes the CNAME question of the name itself, because the security
 * of an alias is not that of its target; unless the proof comes first.
 */
#ifndef DNS_WALK_H
#define DNS_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "dns/insecurity.h"

struct budget;
struct conf;
struct event_base;
struct validated;
struct walk;

#define WALK_QUESTIONS_MAX 16
#define WALK_SECONDS_MAX 5

/* Whose caches are asked. */
enum walk_caches {
	WALK_CACHES_OF_ALL = 0,
	/* The name's own, which are empty at first: validated_ask() with
	 * @fresh_for, or validated_ask_doubted(). */
	WALK_CACHES_FRESH,
	WALK_CACHES_DOUBTED
};

enum walk_outcome {
	WALK_FAILED = 0,  /* bogus, no answer, or out of questions or time */
	WALK_SIGNED,      /* signed all the way, in the zone given */
	WALK_NO_NAME,     /* signed as far as names exist: this one does not */
	WALK_UNEXPLAINED, /* insecure for no reason that we accept */
	WALK_PROVEN,      /* insecure: the reason stands in the result */
	WALK_PROVEN_NXDOMAIN, /* only a denial of the name is insecure */
	WALK_ALIAS,   /* the name is a secure alias: ask for the target */
	WALK_TOO_LONG /* a secure DNAME makes it longer than names can be */
};

/* Borrowed for the time of the callback. */
struct walk_result {
	enum walk_outcome outcome;
	enum insecurity_reason reason; /* with PROVEN and PROVEN_NXDOMAIN */
	const char *cut;    /* the name whose DS decided; the configured zone */
	const char *zone;   /* the last signed zone on the way */
	const char *target; /* with ALIAS */
	/* With ALIAS and TOO_LONG: the message that says so, from libunbound,
	 * secure; where @dname, a DNAME above the name. */
	const uint8_t *packet;
	size_t len;
	bool dname;
	uint32_t ttl;    /* seconds that the outcome may be kept */
	const char *why; /* with FAILED and UNEXPLAINED: one line */
};

typedef void (*walk_cb)(void *arg, const struct walk_result *result);

/* All pointers are borrowed and must outlive the walk; @name is copied.
 * @budget: what the judgements hash is taken from it; when it is used up the
 * walk fails, and says so.
 * The callback comes once, never from inside this call.  NULL when out of
 * memory. */
struct walk *walk_start(struct event_base *base, struct validated *validated,
    const struct conf *conf, struct budget *budget, enum walk_caches caches,
    const char *name, walk_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void walk_cancel(struct walk *walk);

#endif /* DNS_WALK_H */
