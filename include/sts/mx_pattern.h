/*
 * mx_pattern.h - which MX host names an MTA-STS policy allows (RFC 8461
 * sections 3.2 and 4.1).  Pure: no I/O.
 *
 * A pattern is either a host name, which matches that name only, or "*." and a
 * name, which matches every name with exactly one more label in front.
 */
#ifndef STS_MX_PATTERN_H
#define STS_MX_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define MX_PATTERN_MAX 256 /* "*.", a host name, and the NUL */

enum mx_pattern_status {
	MX_PATTERN_NO_MEMORY = 0, /* says nothing about the pattern */
	MX_PATTERN_READ,
	MX_PATTERN_ADDRESS, /* numeric: Postfix matches no certificate against
			     * an address */
	MX_PATTERN_UNUSABLE /* no host name after an optional "*.", or a word
			     * with a special meaning in Postfix's match=:
			     * hostname, nexthop, dot-nexthop */
};

/* Deviations from the RFC that were accepted in a pattern.  A stricter parser
 * may reject them. */
struct mx_pattern_leniency {
	bool dot;        /* a trailing dot was removed */
	bool unicode;    /* U-labels were converted to A-labels */
	bool underscore; /* used in MX host names; the RFC's grammar lacks it */
};

/*
 * Parse the value of an "mx" line, without leading and trailing whitespace:
 * @len arbitrary octets.
 * @pattern: with MX_PATTERN_READ in lower case, A-labels, no trailing dot;
 * otherwise "".  @leniency: filled in as far as the value was parsed.
 */
enum mx_pattern_status mx_pattern_read(const char *value, size_t len,
    char pattern[MX_PATTERN_MAX], struct mx_pattern_leniency *leniency);

/* @pattern: from mx_pattern_read().  @host: text form of base/domain.h. */
bool mx_pattern_allows(const char *pattern, const char *host);

#endif /* STS_MX_PATTERN_H */
