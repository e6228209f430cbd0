/*
 * zones.h - the zone blocks of the configuration, for every rung of the ladder.
 * Pure.
 */
#ifndef DNS_ZONES_H
#define DNS_ZONES_H

#include <stdbool.h>
#include <stdio.h>

struct conf;
struct conf_zone;

/* The deepest zone block with servers at or above @name, as libunbound chooses
 * it; NULL where none applies and the public DNS is queried. */
const struct conf_zone *zones_servers(
    const struct conf *conf, const char *name);

/* The deepest block at or above @name that says "insecure = yes".  As in
 * libunbound it applies to everything below, including other blocks.  NULL
 * where the name is not declared insecure. */
const struct conf_zone *zones_insecure(
    const struct conf *conf, const char *name);

/* The zone at or above @name that libunbound answers locally, without sending a
 * query ("localhost", "10.in-addr.arpa"); NULL where there is none, or where a
 * zone block disables it. */
const char *zones_built_in(const struct conf *conf, const char *name);

/* Write the blocks in the syntax of unbound.conf(5).  Returns 0, or -1 on a
 * write error. */
int zones_write(const struct conf *conf, FILE *file);

#endif /* DNS_ZONES_H */
