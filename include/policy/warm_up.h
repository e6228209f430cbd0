/*
 * warm_up.h - the busiest next hops, kept in a file between two runs of the
 * daemon.  Only the names are stored; they are evaluated again.
 */
#ifndef POLICY_WARM_UP_H
#define POLICY_WARM_UP_H

#include <stddef.h>

#define WARM_UP_MAX 1000 /* keys */

/* Keys to evaluate, busiest first.  Initialise with zeroes. */
struct warm_up {
	char *key[WARM_UP_MAX];
	size_t count, next; /* keys before @next have been taken */
};

/* Copies @key.  Invalid keys, and keys beyond WARM_UP_MAX, are ignored. */
void warm_up_add(struct warm_up *list, const char *key, size_t len);

/* The next key, or NULL.  Valid until the list is cleared. */
const char *warm_up_take(struct warm_up *list);

void warm_up_clear(struct warm_up *list);

/* Add the keys in the file @path.  A missing file is not an error; other errors
 * are logged. */
void warm_up_load(struct warm_up *list, const char *path);

/* Replace the file.  Errors are logged; a missing directory is not an error. */
void warm_up_save(const struct warm_up *list, const char *path);

#endif /* POLICY_WARM_UP_H */
