/*
 * sts_reply.h - what Postfix is told where MTA-STS decides:
 *
 *   secure match=mx.example.org:.example.net servername=hostname
 *
 * and, for Postfix 3.10 and later, what it reports of (RFC 8460) and holds the
 * names of the MX hosts against: policy_type=sts and its companions, see
 * TLSRPT_README.  Earlier ones defer mail over these.
 *
 * Nothing that a policy's owner writes ends a word or a brace too early, or
 * becomes an attribute.  An answer is never cut: match= lacks no pattern,
 * unless the names of all hosts that the patterns allow stand in their place.
 * Pure: no I/O.
 */
#ifndef STS_STS_REPLY_H
#define STS_STS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct sts_policy;

struct sts_reply {
	const struct sts_policy *policy; /* to enforce */
	const char *domain; /* that it is of: text form of base/domain.h */
	bool attributes;    /* tlsrpt-attributes = yes */
	/* The names of the MX hosts in the same form; none where they are not
	 * to be had. */
	const char *const *host;
	size_t host_count;
	/* Octets that the protocol has for it.  @quoted: it writes %XX for '%'
	 * and for what is not printable ASCII (tcp_table). */
	size_t room;
	bool quoted;
};

enum sts_reply_form {
	STS_REPLY_NONE = 0, /* the policy does not fit in any form: TEMP, for
			     * its owner has asked for what cannot be said */
	STS_REPLY_WHOLE,
	STS_REPLY_BRIEF, /* of the policy's lines only the version is quoted */
	STS_REPLY_HOSTS  /* and names of hosts stand in place of patterns */
};

/*
 * Write the first form that fits into @text, which has room for
 * @reply->room + 1 octets.  With STS_REPLY_NONE that is "".
 */
enum sts_reply_form sts_reply_write(const struct sts_reply *reply, char *text);

#endif /* STS_STS_REPLY_H */
