/*
 * client.h - ask the daemon over its control socket (wire/control.h).
 */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

#include <jansson.h>

#define CLIENT_SECONDS 60 /* for one answer */

/*
 * Send @request, which stays the caller's, and wait for the reply.
 * Returns a new reference; or NULL with a line on stderr, also where the
 * daemon replied {"error": …}.
 */
json_t *client_ask(const char *path, const json_t *request);

/* {"command": @command, "key": @key, "map": @map}; NULL leaves a field out.
 * NULL when out of memory or @key is no UTF-8, with a line on stderr. */
json_t *client_request(const char *command, const char *key, const char *map);

#endif /* COMMAND_CLIENT_H */
