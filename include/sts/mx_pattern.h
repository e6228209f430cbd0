/*
 * mx_pattern.h - which names of MX hosts an MTA-STS policy allows (RFC 8461
 * sections 3.2 and 4.1).  Pure: no I/O.
 *
 * A pattern is the name of a host, which allows that name; or "*." and a name,
 * which allows every name that has exactly one label more in front.
 */
#ifndef STS_MX_PATTERN_H
#define STS_MX_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define MX_PATTERN_MAX 256 /* "*.", a host name, and the NUL */

enum mx_pattern_status {
	MX_PATTERN_NO_MEMORY = 0, /* says nothing of the pattern */
	MX_PATTERN_READ,
	MX_PATTERN_ADDRESS, /* it is numeric: no certificate that Postfix looks
			     * at is for one */
	MX_PATTERN_UNUSABLE /* no host name behind an optional "*.", or one of
			     * the words that mean something else to Postfix
			     * in match=: hostname, nexthop, dot-nexthop */
};

/* How a pattern was read that is not written as the RFC has it; a stricter
 * reader may refuse it. */
struct mx_pattern_leniency {
	bool dot;     /* one dot at the end was left out */
	bool unicode; /* U-labels became A-labels */
	bool
	    underscore; /* which MX hosts have, and the RFC's grammar has not */
};

/*
 * The value of an "mx" line, blanks at its ends already gone; @len octets that
 * may be anything.
 * @pattern, with MX_PATTERN_READ: lower case, A-labels, no dot at the end;
 * otherwise "".  @leniency is filled in as far as the value was read.
 */
enum mx_pattern_status mx_pattern_read(const char *value, size_t len,
    char pattern[MX_PATTERN_MAX], struct mx_pattern_leniency *leniency);

/* @pattern: from mx_pattern_read().  @host: text form of base/domain.h. */
bool mx_pattern_allows(const char *pattern, const char *host);

#endif /* STS_MX_PATTERN_H */
