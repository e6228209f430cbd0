/*
 * client.h - asks the daemon over its control socket (wire/admin/control.h).
 */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "command/control_access.h"

#define CLIENT_SECONDS 60             /* for one answer of client_ask() */
#define CLIENT_ANSWER_MAX (128 << 20) /* octets */

struct client;

/* Advice to the user for an errno of connecting. */
#define CLIENT_MAY_NOT_ASK "only root or the daemon's user may ask: use sudo"
const char *client_hint(int error);

/* Tries to connect.  Returns false if we lack the right to. */
bool client_may_ask(const struct control_access *control);

/*
 * Send @request, which remains the caller's, without waiting for the reply.
 * @deadline: clock_ms().  Returns NULL with a line on stderr.
 */
struct client *client_start(const struct control_access *control,
    const json_t *request, uint64_t deadline);

/*
 * Wait for the reply, and free @client.  A reply that has already arrived is
 * accepted even after the deadline.  All its strings and keys are printable
 * ASCII: other octets are replaced by '?'.
 * Returns a new reference; or NULL with a line on stderr, also if the daemon
 * replied {"error": …}.  For NULL returns NULL.
 */
json_t *client_finish(struct client *client);

/* Free @client without waiting for the reply.  NULL does nothing. */
void client_cancel(struct client *client);

/* client_start() and client_finish(). */
json_t *client_ask(const struct control_access *control, const json_t *request);

/* client_ask() with client_request(): enough for most commands. */
json_t *client_call(const struct control_access *control, const char *command,
    const char *key, const char *map);

/* {"command": @command, "key": @key, "map": @map}; NULL omits a field.  Returns
 * NULL when out of memory or if @key is not UTF-8, with a line on stderr. */
json_t *client_request(const char *command, const char *key, const char *map);

#endif /* COMMAND_CLIENT_H */
