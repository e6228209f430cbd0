/*
 * sts_policy.h - the policy file at
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461 section 3.2).
 *
 * Invalid lines are skipped one by one: rejecting the whole policy would
 * protect nobody, and one pattern fewer only makes it stricter.  Each such
 * defect is reported as a note, because a stricter parser may reject the
 * policy.  Pure: no I/O.
 */
#ifndef STS_STS_POLICY_H
#define STS_STS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_POLICY_MAX 65536         /* octets of the file: 64 KiB */
#define STS_POLICY_MAX_AGE 31557600U /* seconds: a year */
#define STS_UNICODE_MAX 256          /* "mx" lines that are not ASCII */

/* Zero means that no mode was read. */
enum sts_mode {
	STS_MODE_UNKNOWN = 0,
	STS_MODE_NONE,
	STS_MODE_TESTING,
	STS_MODE_ENFORCE
};

struct sts_policy {
	enum sts_mode mode;
	uint32_t
	    max_age; /* seconds from the fetch, at most STS_POLICY_MAX_AGE */
	char **mx;   /* patterns of mx_pattern.h in file order, without
		      * duplicates; at least one unless STS_MODE_NONE */
	size_t mx_count;
	char *names; /* storage of the patterns; private to sts_policy.c */
	char *file;  /* the file as received, NUL-terminated */
	size_t len;
};

enum sts_policy_status {
	STS_POLICY_NO_MEMORY = 0, /* says nothing about the file */
	STS_POLICY_VALID,
	STS_POLICY_TOO_LONG, /* more than STS_POLICY_MAX octets */
	STS_POLICY_NO_VERSION,
	STS_POLICY_BAD_VERSION, /* not STSv1 */
	STS_POLICY_NO_MODE,
	STS_POLICY_BAD_MODE, /* not enforce, testing or none */
	STS_POLICY_NO_MAX_AGE,
	STS_POLICY_BAD_MAX_AGE, /* not a number */
	STS_POLICY_NO_MX /* no usable "mx" line, but the mode requires one */
};

/* What a stricter parser may reject. */
enum sts_note {
	STS_NOTE_BYTE_ORDER_MARK,
	STS_NOTE_BLANK_LINE,
	STS_NOTE_BAD_LINE,     /* not KEY: VALUE; skipped */
	STS_NOTE_UNKNOWN_KEY,  /* allowed, but may be a typing error */
	STS_NOTE_DOUBLED_KEY,  /* the first counts */
	STS_NOTE_LONG_MAX_AGE, /* cut to STS_POLICY_MAX_AGE */
	STS_NOTE_MX_DOT,       /* see mx_pattern.h */
	STS_NOTE_MX_UNICODE,
	STS_NOTE_MX_UNDERSCORE,
	STS_NOTE_MX_ADDRESS,      /* skipped */
	STS_NOTE_MX_UNUSABLE,     /* skipped */
	STS_NOTE_MX_MANY_UNICODE, /* after STS_UNICODE_MAX such lines: skipped,
				   * as each takes some microseconds */
	STS_NOTES
};

struct sts_notes {
	struct {
		unsigned times, first; /* the first line, counted from 1 */
	} of[STS_NOTES];
};

/*
 * Parse @len arbitrary octets.
 * @policy: with STS_POLICY_VALID the caller's to free; otherwise NULL.
 * @notes: filled in for valid and invalid files alike, except with
 * STS_POLICY_TOO_LONG, where nothing is parsed.  May be NULL.
 */
enum sts_policy_status sts_policy_parse(const char *file, size_t len,
    struct sts_policy **policy, struct sts_notes *notes);

/* NULL does nothing. */
void sts_policy_free(struct sts_policy *policy);

/* Whether a pattern allows @host, a name in the text form of base/domain.h. */
bool sts_policy_allows(const struct sts_policy *policy, const char *host);

/* Iterates over the lines of a file, without byte order mark, line ends and
 * trailing whitespace. */
struct sts_lines {
	const char *at, *end;
	unsigned number; /* of the line read last, from 1 */
};

void sts_lines_begin(struct sts_lines *lines, const char *file, size_t len);
/* Returns false at the end.  @line is not terminated. */
bool sts_lines_next(struct sts_lines *lines, const char **line, size_t *len);

/* For display. */
const char *sts_mode_text(enum sts_mode mode); /* "enforce" */
const char *sts_policy_status_text(enum sts_policy_status status);
const char *sts_note_text(enum sts_note note);

#endif /* STS_STS_POLICY_H */
