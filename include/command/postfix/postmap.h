/*
 * postmap.h - whether Postfix can open a table and look something up in it, as
 * its own postmap(1) tells.
 */
#ifndef COMMAND_POSTFIX_POSTMAP_H
#define COMMAND_POSTFIX_POSTMAP_H

#include <stdint.h>

#include "command/postfix/policy_map.h"

struct postmap {
	const char *command;   /* a path */
	const char *directory; /* of main.cf; NULL: the usual one */
};

enum postmap_result {
	POSTMAP_UNKNOWN,   /* postmap could not be run, or has crashed */
	POSTMAP_LATE,      /* it has not ended before the deadline */
	POSTMAP_FAILED,    /* as it will for Postfix */
	POSTMAP_FORBIDDEN, /* to this user, who is not root */
	POSTMAP_WELL       /* whether or not the key is there */
};

#define POSTMAP_WHY_MAX 256

struct postmap_answer {
	enum postmap_result result;
	char why[POSTMAP_WHY_MAX]; /* printable; "" where it is well or late */
};

/*
 * Look for @key in @table, as smtp(8) writes it, with the eyes of @viewer.
 * @deadline: clock_ms(); postmap is killed then.
 */
void postmap_try(const struct postmap *postmap, const char *table,
    const struct policy_map_viewer *viewer, const char *key, uint64_t deadline,
    struct postmap_answer *answer);

#endif /* COMMAND_POSTFIX_POSTMAP_H */
