/*
 * busy_list.h - the busiest next hops, in a file, from one run of the daemon
 * to the next: names only, which are evaluated anew.
 */
#ifndef POLICY_BUSY_LIST_H
#define POLICY_BUSY_LIST_H

#include <stddef.h>

#define BUSY_LIST_MAX 1000 /* keys */

/* Keys to come, busiest first.  Starts as zeroes. */
struct busy_list {
	char *key[BUSY_LIST_MAX];
	size_t count, next; /* those before @next have been taken */
};

/* Copies @key; what is too much, or no key of ours, is left out. */
void busy_list_add(struct busy_list *list, const char *key, size_t len);

/* The next one, or NULL; valid until the list is cleared. */
const char *busy_list_take(struct busy_list *list);

void busy_list_clear(struct busy_list *list);

/* Add what the file @path holds.  That there is none is nothing to mention;
 * other trouble is logged. */
void busy_list_load(struct busy_list *list, const char *path);

/* Replace the file.  Trouble is logged; a directory that is not there is
 * none. */
void busy_list_save(const struct busy_list *list, const char *path);

#endif /* POLICY_BUSY_LIST_H */
