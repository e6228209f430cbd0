/*
 * config_check.h - tries a configuration in a child process, including one DNS
 * lookup.  libunbound reads trust anchors and root hints only at the first
 * lookup, and some files make it end the process.
 */
#ifndef PROCESS_CONFIG_CHECK_H
#define PROCESS_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct config_check;
struct event_base;

#define CONFIG_CHECK_TEXT_MAX 1024

/* @text: one line.  If the configuration is not @good: the reason; otherwise ""
 * or a warning.  Borrowed. */
typedef void (*config_check_cb)(void *arg, bool good, const char *text);

/*
 * Check the file @path, or the built-in defaults if it is NULL.  The callback
 * comes once, never from inside this call.  Returns NULL with errno if no
 * process could be created.
 */
struct config_check *config_check_start(
    struct event_base *base, const char *path, config_check_cb cb, void *arg);

/* Stops the check without a callback.  NULL does nothing. */
void config_check_cancel(struct config_check *check);

/* The same without an event loop: waits for the result.  @text as above. */
bool config_check_wait(const char *path, char text[CONFIG_CHECK_TEXT_MAX]);

#endif /* PROCESS_CONFIG_CHECK_H */
