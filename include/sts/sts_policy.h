/*
 * sts_policy.h - the file at
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461 section 3.2).
 *
 * What is of no use in it is passed over line by line: a policy that is thrown
 * away whole protects nobody, and one pattern less is only stricter.  All of
 * that has a name, for a stricter reader may throw it away.  Pure: no I/O.
 */
#ifndef STS_STS_POLICY_H
#define STS_STS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_POLICY_MAX 65536         /* octets of the file: 64 KiB */
#define STS_POLICY_MAX_AGE 31557600U /* seconds: a year */
#define STS_UNICODE_MAX 256          /* "mx" lines that are not ASCII */

/* Zero is the mode of nothing that was read. */
enum sts_mode {
	STS_MODE_UNKNOWN = 0,
	STS_MODE_NONE,
	STS_MODE_TESTING,
	STS_MODE_ENFORCE
};

struct sts_policy {
	enum sts_mode mode;
	uint32_t
	    max_age; /* seconds from the fetch, STS_POLICY_MAX_AGE at most */
	char **mx;   /* patterns of mx_pattern.h in the file's order, none
		      * twice; one at least but with STS_MODE_NONE */
	size_t mx_count;
	char *names; /* where the patterns are; for sts_policy.c */
	char *file;  /* as it came, with a NUL behind it */
	size_t len;
};

enum sts_policy_status {
	STS_POLICY_NO_MEMORY = 0, /* says nothing of the file */
	STS_POLICY_VALID,
	STS_POLICY_TOO_LONG, /* more than STS_POLICY_MAX octets */
	STS_POLICY_NO_VERSION,
	STS_POLICY_BAD_VERSION, /* not STSv1 */
	STS_POLICY_NO_MODE,
	STS_POLICY_BAD_MODE, /* not enforce, testing or none */
	STS_POLICY_NO_MAX_AGE,
	STS_POLICY_BAD_MAX_AGE, /* not a number */
	STS_POLICY_NO_MX        /* none of use, where the mode wants one */
};

/* What a stricter reader may mind. */
enum sts_note {
	STS_NOTE_BYTE_ORDER_MARK,
	STS_NOTE_BLANK_LINE,
	STS_NOTE_BAD_LINE,     /* not KEY: VALUE; passed over */
	STS_NOTE_UNKNOWN_KEY,  /* allowed; or a typing error */
	STS_NOTE_DOUBLED_KEY,  /* the first counts */
	STS_NOTE_LONG_MAX_AGE, /* cut to STS_POLICY_MAX_AGE */
	STS_NOTE_MX_DOT,       /* see mx_pattern.h */
	STS_NOTE_MX_UNICODE,
	STS_NOTE_MX_UNDERSCORE,
	STS_NOTE_MX_ADDRESS,      /* passed over */
	STS_NOTE_MX_UNUSABLE,     /* passed over */
	STS_NOTE_MX_MANY_UNICODE, /* behind STS_UNICODE_MAX such lines: passed
				   * over, for each takes some microseconds */
	STS_NOTES
};

struct sts_notes {
	struct {
		unsigned times, first; /* the first line, counted from 1 */
	} of[STS_NOTES];
};

/*
 * Read @len octets that may be anything.
 * @policy: the caller's to free, with STS_POLICY_VALID; otherwise NULL.
 * @notes: filled in whatever the file is worth, but for STS_POLICY_TOO_LONG,
 * which is not read; NULL where nobody wants to know.
 */
enum sts_policy_status sts_policy_parse(const char *file, size_t len,
    struct sts_policy **policy, struct sts_notes *notes);

/* NULL does nothing. */
void sts_policy_free(struct sts_policy *policy);

/* Whether one of the patterns allows @host, a name in the text form of
 * base/domain.h. */
bool sts_policy_allows(const struct sts_policy *policy, const char *host);

/* The lines of a file one by one: without a byte order mark, what ends a line,
 * and blanks at its end. */
struct sts_lines {
	const char *at, *end;
	unsigned number; /* of the line that was read last, from 1 */
};

void sts_lines_begin(struct sts_lines *lines, const char *file, size_t len);
/* Returns false at the end.  @line is not terminated. */
bool sts_lines_next(struct sts_lines *lines, const char **line, size_t *len);

/* For people. */
const char *sts_mode_text(enum sts_mode mode); /* "enforce" */
const char *sts_policy_status_text(enum sts_policy_status status);
const char *sts_note_text(enum sts_note note);

#endif /* STS_STS_POLICY_H */
