/*
 * tcp_table.h - the tcp_table protocol, server side (tcp_table(5)).
 *
 * A request is "get SPACE KEY NEWLINE", a reply "NNN SPACE TEXT NEWLINE" of at
 * most 4,096 octets; text is %XX-encoded.  Codec only: no sockets.
 */
#ifndef WIRE_TABLE_TCP_TABLE_H
#define WIRE_TABLE_TCP_TABLE_H

#include "wire/table/protocol.h"

/* @max: maximum octets of a request line, without the newline. */
enum protocol_state tcp_table_parse(
    char *buffer, size_t len, size_t max, struct protocol_request *request);

/* Returns the octets written to @out, or 0 if @size is too small. */
size_t tcp_table_format(
    const struct protocol_reply *reply, char *out, size_t size);

extern const struct protocol tcp_table_protocol;

#endif /* WIRE_TABLE_TCP_TABLE_H */
