/*
 * log_limit.h - how many lines of one kind may be logged, so that nobody who
 * makes us log can fill the disk.  Pure, but for its own table.
 *
 * Each kind has a bucket of lines that refills slowly.  What does not fit is
 * counted, and told from time to time.
 */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LIMIT_KINDS 128
#define LOG_LIMIT_TEXT_MAX 256  /* octets of the line that is shown for all */
#define LOG_LIMIT_TELL_MS 60000 /* between two times that they are told */

struct log_limit_rate {
	unsigned burst;      /* lines at once */
	unsigned per_minute; /* and then so many */
};

struct log_limit_kind {
	const void *kind;              /* NULL: free */
	uint64_t filled;               /* when, milliseconds */
	uint64_t lines;                /* in the bucket, in 1/60000 */
	size_t left_out;               /* since they were told */
	int level;                     /* of the caller's */
	char text[LOG_LIMIT_TEXT_MAX]; /* the first of those left out */
};

struct log_limit {
	struct log_limit_kind kinds[LOG_LIMIT_KINDS];
	uint64_t told;
};

/*
 * Whether a line of that kind, an address that stands for it, may be logged.
 * If not, *@first is set to where the line, cut to LOG_LIMIT_TEXT_MAX, is to be
 * written, if it is the first that is left out, and to NULL otherwise.
 * @now: milliseconds, never less than before.
 */
bool log_limit_take(struct log_limit *limit, const void *kind, int level,
    struct log_limit_rate rate, uint64_t now, char **first);

/*
 * What has been left out, kind by kind: calls @tell for each and forgets it.
 * Does nothing if that was less than LOG_LIMIT_TELL_MS ago, unless @at_once.
 */
void log_limit_tell(struct log_limit *limit, uint64_t now, bool at_once,
    void (*tell)(int level, size_t left_out, const char *text));

#endif /* BASE_LOG_LIMIT_H */
