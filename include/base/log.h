/*
 * log.h - one line per event, to stderr or to syslog (facility mail).
 *
 * The only global state of the program.  A line starts with the module that
 * speaks ("policy: key=example.org …") and never ends in a newline here.
 *   error    the daemon cannot do its work
 *   warning  an administrator should look
 *   info     one line per decision and per change of state
 *   debug    one line per lookup and per cached reply
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_target {
	LOG_TARGET_STDERR, /* journald's "<6>" prefixes if stderr is its stream
			    */
	LOG_TARGET_SYSLOG
};

/* May be called again, for example after a reload.  Before the first call:
 * stderr, info. */
void log_setup(enum log_target target, enum log_level level);

/* Whether a line of that level would be written: lets a caller skip the work
 * of composing it. */
bool log_wants(enum log_level level);

/*
 * printf-like.  errno is preserved.
 * Of the lines with one format only so many are written at a time, and the
 * rest is counted (log_limit.h), unless the level is debug.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line for a piece of work that we have done: info, and there may be many
 * more of them. */
void log_decision(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tell now what was counted: every minute, when nothing else is logged, and at
 * the end. */
void log_flush(void);

/*
 * Copy remote text so that it is safe in a log line, a reply or a terminal:
 * every octet outside 0x20..0x7e and every '"' and '\' becomes '?'.  The copy
 * is cut to fit.  @size: octets at @to, at least 1.  NULL text gives "".
 * Returns @to.
 */
const char *log_printable(char *to, size_t size, const char *text, size_t len);

/*
 * The same for a field, "key=…": in quotes unless it is one word of letters,
 * digits and -_.:[]* or /, so that no text can look like two fields.  @size: at
 * least 3.
 */
const char *log_value(char *to, size_t size, const char *text, size_t len);

#endif /* BASE_LOG_H */
