/*
 * extended_error.h - the reason that a server gives for a failure (RFC 8914).
 * Pure.
 */
#ifndef COMMAND_DNS_EXTENDED_ERROR_H
#define COMMAND_DNS_EXTENDED_ERROR_H

#include <stdbool.h> /* otherwise ldns.h defines a bool of its own */
#include <stddef.h>

#include <ldns/ldns.h>

/* Returns the first extended error's code, with its printable text in @text; or
 * -1 and an empty @text if there is none. */
int extended_error(const ldns_pkt *packet, char *text, size_t size);

#endif /* COMMAND_DNS_EXTENDED_ERROR_H */
