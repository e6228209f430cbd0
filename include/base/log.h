/*
 * log.h - one line per event, to stderr or to syslog (facility mail).
 *
 * This is the only global state of the program.  A line starts with its module
 * ("policy: key=example.org …"); callers pass no newline.
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
	LOG_TARGET_STDERR, /* with the journal's "<6>" prefixes if stderr goes
			    * to the journal */
	LOG_TARGET_SYSLOG
};

/* May be called again, for example after a reload.  Before the first call:
 * stderr, info. */
void log_setup(enum log_target target, enum log_level level);

/* Whether a line of that level would be written: lets a caller avoid composing
 * it. */
bool log_wants(enum log_level level);

/*
 * printf-like. errno is preserved.
 * Unless the level is debug, the number of lines with the same format is
 * limited, and the others are counted (log_limit.h).
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line for each evaluation: info, with a much higher limit. */
void log_decision(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Report now how many lines were left out.  Called every minute, when nothing
 * else is logged, and at the end. */
void log_flush(void);

/*
 * Copy remote text so that it is safe in a log line, a reply or a terminal:
 * every octet outside 0x20..0x7e and every '"' and '\' becomes '?'.  The copy
 * is cut to fit.  @size: octets at @to, at least 1.  NULL text gives "".
 * Returns @to.
 */
const char *log_printable(char *to, size_t size, const char *text, size_t len);

/*
 * The same for the value of a field, "key=…": quoted unless it is one word of
 * letters, digits and -_.:[]* or /, so that no text can look like two fields.
 * @size: at least 3.
 */
const char *log_value(char *to, size_t size, const char *text, size_t len);

#endif /* BASE_LOG_H */
