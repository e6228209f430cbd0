/*
 * signatures.h - whether a zone's DNSSEC holds together, by its own keys.  For
 * diagnosis only: no chain of trust.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_SIGNATURES_H
#define COMMAND_DIAGNOSE_SIGNATURES_H

#include <stdbool.h>

#include <ldns/ldns.h>

/*
 * Whether one of the DS records in the answer @ds is of one of the keys in the
 * answer @keys; also true where none is of a kind that we know.
 */
bool signatures_fit(const ldns_pkt *ds, const ldns_pkt *keys);

/*
 * Whether some RRset in @packet has signatures of @zone, and none of them is
 * valid by @keys.  When they were made and end is not looked at; algorithms
 * that we do not know count as valid.
 */
bool signatures_bogus(
    const ldns_pkt *packet, const ldns_pkt *keys, const char *zone);

#endif /* COMMAND_DIAGNOSE_SIGNATURES_H */
