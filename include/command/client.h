/*
 * client.h - ask the daemon over its control socket (wire/admin/control.h).
 */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

#include <stdint.h>

#include <jansson.h>

#include "command/control_access.h"

#define CLIENT_SECONDS 60             /* for one answer of client_ask() */
#define CLIENT_ANSWER_MAX (128 << 20) /* octets */

struct client;

/* What errno of connecting means to who reads it. */
#define CLIENT_MAY_NOT_ASK "only root or the daemon's user may ask: use sudo"
const char *client_hint(int error);

/*
 * Send @request, which stays the caller's, and don't wait for the reply.
 * @deadline: clock_ms().  Returns NULL with a line on stderr.
 */
struct client *client_start(const struct control_access *control,
    const json_t *request, uint64_t deadline);

/*
 * The reply; @client is gone then.  What has come already is taken even if
 * the deadline is over.  All strings and keys in it are printable ASCII: other
 * octets have become '?'.
 * Returns a new reference; or NULL with a line on stderr, also where the
 * daemon replied {"error": …}.  NULL gives NULL.
 */
json_t *client_finish(struct client *client);

/* The reply is not wanted any more.  NULL does nothing. */
void client_cancel(struct client *client);

/* Both, one after the other. */
json_t *client_ask(const struct control_access *control, const json_t *request);

/* client_ask() with client_request(): all that most commands need. */
json_t *client_call(const struct control_access *control, const char *command,
    const char *key, const char *map);

/* {"command": @command, "key": @key, "map": @map}; NULL leaves a field out.
 * NULL when out of memory or @key is no UTF-8, with a line on stderr. */
json_t *client_request(const char *command, const char *key, const char *map);

#endif /* COMMAND_CLIENT_H */
