/*
 * socketmap.h - the socketmap protocol, server side (socketmap_table(5)).
 *
 * A request is the netstring "NAME SPACE KEY", a reply the netstring
 * "STATUS SPACE TEXT".  Codec only: bytes in, bytes out, no sockets.
 */
#ifndef WIRE_TABLE_SOCKETMAP_H
#define WIRE_TABLE_SOCKETMAP_H

#include "wire/table/protocol.h"

/* @max: maximum octets of a request's payload. */
enum protocol_state socketmap_parse(
    char *buffer, size_t len, size_t max, struct protocol_request *request);

/* Returns the octets written to @out, or 0 if @size is too small. */
size_t socketmap_format(
    const struct protocol_reply *reply, char *out, size_t size);

extern const struct protocol socketmap_protocol;

#endif /* WIRE_TABLE_SOCKETMAP_H */
