/*
 * log_limit.h - limits the number of log lines of one kind, so that nobody who
 * can cause log lines can fill the disk.  Pure, except for its own table.
 *
 * Each kind has a token bucket that refills slowly.  Lines beyond the limit are
 * counted, and the count is reported from time to time.
 */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LIMIT_KINDS 128
#define LOG_LIMIT_TEXT_MAX 256  /* octets of the example line */
#define LOG_LIMIT_TELL_MS 60000 /* between two reports */

struct log_limit_rate {
	unsigned burst;      /* lines at once */
	unsigned per_minute; /* lines per minute after that */
};

struct log_limit_kind {
	const void *kind;              /* NULL: free */
	uint64_t filled;               /* time of the last refill,
					* milliseconds */
	uint64_t lines;                /* available, in units of 1/60000 */
	size_t left_out;               /* since the last report */
	int level;                     /* passed through for the caller */
	char text[LOG_LIMIT_TEXT_MAX]; /* the first line left out */
};

struct log_limit {
	struct log_limit_kind kinds[LOG_LIMIT_KINDS];
	uint64_t told;
};

/*
 * Whether a line of @kind, any address that identifies it, may be logged.  If
 * not, and if it is the first that is left out, *@first is set to a buffer for
 * the line, cut to LOG_LIMIT_TEXT_MAX; otherwise to NULL.
 * @now: milliseconds, never less than before.
 */
bool log_limit_take(struct log_limit *limit, const void *kind, int level,
    struct log_limit_rate rate, uint64_t now, char **first);

/*
 * Report the lines left out: calls @tell for each kind, and resets the counts.
 * Does nothing where the last report is less than LOG_LIMIT_TELL_MS ago, unless
 * @at_once.
 */
void log_limit_tell(struct log_limit *limit, uint64_t now, bool at_once,
    void (*tell)(int level, size_t left_out, const char *text));

#endif /* BASE_LOG_LIMIT_H */
