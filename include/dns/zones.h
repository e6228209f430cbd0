/*
 * zones.h - the zone blocks of the configuration, as every rung of the
 * ladder needs them.  Pure.
 */
#ifndef DNS_ZONES_H
#define DNS_ZONES_H

#include <stdbool.h>
#include <stdio.h>

struct conf;
struct conf_zone;

/* The deepest zone block with servers at or above @name: whom to ask, as
 * libunbound chooses; NULL where the internet is asked. */
const struct conf_zone *zones_servers(
    const struct conf *conf, const char *name);

/* The deepest block at or above @name that says "insecure = yes": it holds for
 * everything below, other blocks too, as libunbound has it.  NULL where the
 * name is not declared insecure. */
const struct conf_zone *zones_insecure(
    const struct conf *conf, const char *name);

/* The zone at or above @name that libunbound answers by itself, without asking
 * anyone ("localhost", "10.in-addr.arpa"); NULL where there is none, or a block
 * switches it off. */
const char *zones_built_in(const struct conf *conf, const char *name);

/* Write the blocks as unbound.conf(5) has them.  Returns 0, or -1 on a write
 * error. */
int zones_write(const struct conf *conf, FILE *file);

#endif /* DNS_ZONES_H */
