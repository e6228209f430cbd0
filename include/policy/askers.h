/*
 * askers.h - who has evaluations running: the first of each have room of their
 * own, so that nobody who asks for many keeps out those who ask for few.
 */
#ifndef POLICY_ASKERS_H
#define POLICY_ASKERS_H

#include <stddef.h>

/* Evaluations of one asker with room of their own, and of all together. */
#define ASKERS_FEW 64
#define ASKERS_MAX 2000

struct asker;
struct askers;

/* NULL when out of memory. */
struct askers *askers_new(void);
/* Nobody may have room any more.  NULL does nothing. */
void askers_free(struct askers *askers);

/* Room for one evaluation more of who is called @name (copied).  Returns NULL
 * where it has ASKERS_FEW, all have ASKERS_MAX, or memory is short. */
struct asker *askers_take(struct askers *askers, const char *name);
/* It has ended; with its last one the asker is forgotten. */
void askers_give_back(struct askers *askers, struct asker *asker);

/* How many evaluations have such room. */
size_t askers_taken(const struct askers *askers);

#endif /* POLICY_ASKERS_H */
