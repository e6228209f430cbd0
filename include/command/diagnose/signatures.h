/*
 * signatures.h - whether a zone's signatures and DS records match its keys.
 * For diagnosis only: no chain of trust.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_SIGNATURES_H
#define COMMAND_DIAGNOSE_SIGNATURES_H

#include <stdbool.h>

#include <ldns/ldns.h>

/*
 * Whether one of the DS records in answer @ds matches a key in answer @keys.
 * Also true if none of them is of a kind that we know.
 */
bool signatures_fit(const ldns_pkt *ds, const ldns_pkt *keys);

/*
 * Whether some RRset in @packet has signatures of @zone, but none that is valid
 * with @keys.  Inception and expiration are ignored; unknown algorithms count
 * as valid.
 */
bool signatures_bogus(
    const ldns_pkt *packet, const ldns_pkt *keys, const char *zone);

#endif /* COMMAND_DIAGNOSE_SIGNATURES_H */
