/*
 * address_filter.h - which addresses name servers may have.  Pure.
 *
 * The glue of a zone is its owner's to choose, and may point anywhere: at a
 * service on this machine, at our own listener.  This is the one place that
 * says which addresses no rung asks, whatever the defaults of libunbound are.
 */
#ifndef DNS_ADDRESS_FILTER_H
#define DNS_ADDRESS_FILTER_H

#include <stdbool.h>

struct conf;
struct endpoint;

/*
 * Whether a name server may be asked there.  Never at our own listeners; at
 * loopback, link-local, unspecified, multicast, mapped and reserved addresses
 * only where a zone block names that very address; loopback also with
 * "do-not-query-localhost: no".
 */
bool address_filter_may_ask(
    const struct conf *conf, const struct endpoint *server);

/*
 * The same for libunbound: calls @each with the text of every block of
 * addresses that is never asked ("169.254.0.0/16").  A block in which a zone
 * block has a server is split around it.
 * Returns 0, or -1 where a listener's address can't be written, logged.
 */
int address_filter_never_asked(const struct conf *conf,
    void (*each)(void *arg, const char *block), void *arg);

#endif /* DNS_ADDRESS_FILTER_H */
