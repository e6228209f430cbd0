/*
 * postmap.h - tests with postmap(1) whether Postfix can open a table and look
 * something up in it.
 */
#ifndef COMMAND_POSTFIX_POSTMAP_H
#define COMMAND_POSTFIX_POSTMAP_H

#include <stdint.h>

#include "command/postfix/policy_map.h"

struct postmap {
	const char *command;   /* a path */
	const char *directory; /* of main.cf; NULL: the default */
};

enum postmap_result {
	POSTMAP_UNKNOWN,   /* postmap could not run, or crashed */
	POSTMAP_LATE,      /* it did not end before the deadline */
	POSTMAP_FAILED,    /* it fails, and will for Postfix */
	POSTMAP_FORBIDDEN, /* denied to this user, who is not root */
	POSTMAP_WELL       /* it works, with or without the key */
};

#define POSTMAP_WHY_MAX 256

struct postmap_answer {
	enum postmap_result result;
	char why[POSTMAP_WHY_MAX]; /* printable; "" if WELL or LATE */
};

/*
 * Look up @key in @table, written as for smtp(8), in the environment of
 * @viewer.  @deadline: clock_ms(); postmap is killed then.
 */
void postmap_try(const struct postmap *postmap, const char *table,
    const struct policy_map_viewer *viewer, const char *key, uint64_t deadline,
    struct postmap_answer *answer);

#endif /* COMMAND_POSTFIX_POSTMAP_H */
