/*
 * sts_reply.h - the reply to Postfix if MTA-STS decides:
 *
 *   secure match=mx.example.org:.example.net servername=hostname
 *
 * For Postfix 3.10 and later there are also policy_type=sts and related
 * attributes, see TLSRPT_README: Postfix uses them for TLS reports (RFC 8460)
 * and to check the names of the MX hosts.  Earlier versions defer mail if they
 * are present.
 *
 * Nothing in a policy file can end a word or a brace early, or become an
 * attribute.  A reply is never truncated: match= contains all patterns, or
 * instead the names of all MX hosts that they allow.  Pure: no I/O.
 */
#ifndef STS_STS_REPLY_H
#define STS_STS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct sts_policy;

struct sts_reply {
	const struct sts_policy *policy; /* to enforce */
	const char *domain; /* the policy's, text form of base/domain.h */
	bool attributes;    /* tlsrpt-attributes = yes */
	/* The names of the MX hosts in the same form; none if they are not
	 * available. */
	const char *const *host;
	size_t host_count;
	/* Octets available in the protocol.  @quoted: the protocol writes %XX
	 * for '%' and for anything but printable ASCII (tcp_table). */
	size_t room;
	bool quoted;
};

enum sts_reply_form {
	STS_REPLY_NONE = 0, /* the policy does not fit in any form: TEMP, since
			     * what its owner asks for cannot be expressed */
	STS_REPLY_WHOLE,
	STS_REPLY_BRIEF, /* of the policy's lines, only the version is quoted */
	STS_REPLY_HOSTS  /* likewise, with host names instead of patterns */
};

/*
 * Write the first form that fits into @text, which has room for @reply->room +
 * 1 octets.  With STS_REPLY_NONE, @text is "".
 */
enum sts_reply_form sts_reply_write(const struct sts_reply *reply, char *text);

#endif /* STS_STS_REPLY_H */
