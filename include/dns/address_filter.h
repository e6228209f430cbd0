/*
 * address_filter.h - which addresses a name server may have.  Pure.
 *
 * The owner of a zone chooses its glue, which may point anywhere: at a service
 * on this machine, or at our own listener.  Only this module decides which
 * addresses are never queried, on any rung and whatever libunbound's defaults
 * are.
 */
#ifndef DNS_ADDRESS_FILTER_H
#define DNS_ADDRESS_FILTER_H

#include <stdbool.h>

struct conf;
struct endpoint;

/*
 * Whether a name server at this address may be queried.  Our own listeners
 * never are.  Loopback, link-local, unspecified, multicast, mapped and reserved
 * addresses are queried only where a zone block names that very address;
 * loopback also with "do-not-query-localhost: no".
 */
bool address_filter_may_ask(
    const struct conf *conf, const struct endpoint *server);

/*
 * The same rules for libunbound: calls @each with the text of every block of
 * addresses that is never queried ("169.254.0.0/16").  A block that contains a
 * server from a zone block is split around it.
 * Returns 0, or -1 where a listener's address can't be written, logged.
 */
int address_filter_never_asked(const struct conf *conf,
    void (*each)(void *arg, const char *block), void *arg);

#endif /* DNS_ADDRESS_FILTER_H */
