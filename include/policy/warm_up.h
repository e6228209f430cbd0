/*
 * warm_up.h - the busiest next hops, in a file, from one run of the daemon
 * to the next: names only, which are evaluated anew.
 */
#ifndef POLICY_WARM_UP_H
#define POLICY_WARM_UP_H

#include <stddef.h>

#define WARM_UP_MAX 1000 /* keys */

/* Keys to come, busiest first.  Starts as zeroes. */
struct warm_up {
	char *key[WARM_UP_MAX];
	size_t count, next; /* those before @next have been taken */
};

/* Copies @key; what is too much, or no key of ours, is left out. */
void warm_up_add(struct warm_up *list, const char *key, size_t len);

/* The next one, or NULL; valid until the list is cleared. */
const char *warm_up_take(struct warm_up *list);

void warm_up_clear(struct warm_up *list);

/* Add what the file @path holds.  That there is none is nothing to mention;
 * other trouble is logged. */
void warm_up_load(struct warm_up *list, const char *path);

/* Replace the file.  Trouble is logged; a directory that is not there is
 * none. */
void warm_up_save(const struct warm_up *list, const char *path);

#endif /* POLICY_WARM_UP_H */
