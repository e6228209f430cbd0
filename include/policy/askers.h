/*
 * askers.h - running evaluations per client ("asker").  A client's first
 * evaluations have reserved room, so that clients with many evaluations do not
 * block clients with few.
 */
#ifndef POLICY_ASKERS_H
#define POLICY_ASKERS_H

#include <stddef.h>

/* Evaluations with reserved room, per asker and in total. */
#define ASKERS_FEW 64
#define ASKERS_MAX 2000

struct asker;
struct askers;

/* NULL when out of memory. */
struct askers *askers_new(void);
/* No asker may be left.  NULL does nothing. */
void askers_free(struct askers *askers);

/* Reserve room for one more evaluation of the asker @name (copied).  Returns
 * NULL if it has ASKERS_FEW already, all together have ASKERS_MAX, or memory is
 * short. */
struct asker *askers_take(struct askers *askers, const char *name);
/* The evaluation has ended.  After its last one the asker is freed. */
void askers_give_back(struct askers *askers, struct asker *asker);

/* How many evaluations have reserved room. */
size_t askers_taken(const struct askers *askers);

#endif /* POLICY_ASKERS_H */
