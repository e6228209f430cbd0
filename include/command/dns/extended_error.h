/*
 * extended_error.h - why a server has failed, in its own words (RFC 8914).
 * Pure.
 */
#ifndef COMMAND_DNS_EXTENDED_ERROR_H
#define COMMAND_DNS_EXTENDED_ERROR_H

#include <stddef.h>

#include <ldns/ldns.h>

/* The first extended error's code, with its text, made printable, in @text; or
 * -1 where there is none, and @text is empty. */
int extended_error(const ldns_pkt *packet, char *text, size_t size);

#endif /* COMMAND_DNS_EXTENDED_ERROR_H */
