/*
 * config_check.h - try a configuration in a process of its own, one lookup
 * included: libunbound looks at anchors and hints only then, and ends the
 * process over some files.
 */
#ifndef PROCESS_CONFIG_CHECK_H
#define PROCESS_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct config_check;
struct event_base;

#define CONFIG_CHECK_TEXT_MAX 1024

/* @text: one line, the reason where it is not @good; where it is, "" or a
 * warning.  Borrowed. */
typedef void (*config_check_cb)(void *arg, bool good, const char *text);

/*
 * Check the file @path, or the built-in defaults where it is NULL.  Calls back
 * once, never from inside.  Returns NULL, with errno, where no process could
 * be made.
 */
struct config_check *config_check_start(
    struct event_base *base, const char *path, config_check_cb cb, void *arg);

/* The callback will not come.  NULL does nothing. */
void config_check_cancel(struct config_check *check);

/* The same without an event loop: waits for the result, @text as above. */
bool config_check_wait(const char *path, char text[CONFIG_CHECK_TEXT_MAX]);

#endif /* PROCESS_CONFIG_CHECK_H */
