/* sts_reply.c - the reply to Postfix if MTA-STS decides. */

#include "sts/sts_reply.h"

#include <stdint.h>
#include <string.h>

#include "base/domain.h"
#include "base/utf8.h"
#include "sts/sts_policy.h"

#define VERSION "version: STSv1"
#define QUOTED_LEN 3 /* %XX */

struct packet_writer {
	const struct sts_reply *reply;
	char *text;
	size_t len;
	size_t cost; /* length as encoded by the protocol, octets */
	bool full;
};

static size_t
cost_of(const struct packet_writer *writer, char octet)
{
	const unsigned char c = (unsigned char)octet;

	return writer->reply->quoted && (c == '%' || c < 0x20 || c > 0x7e)
		   ? QUOTED_LEN
		   : 1;
}

static void
put_octet(struct packet_writer *writer, char octet)
{
	writer->cost += cost_of(writer, octet);
	if (writer->cost > writer->reply->room)
		writer->full = true;
	if (!writer->full)
		writer->text[writer->len++] = octet;
}

static void
put(struct packet_writer *writer, const char *text)
{
	for (; *text != '\0' && !writer->full; text++)
		put_octet(writer, *text);
}

/* ---- the names in match= and mx_host_pattern= ---- */

typedef void (*name_cb)(
    struct packet_writer *writer, const char *name, size_t index);

/* Postfix writes ".example.net" for "*.example.net". */
static void
put_match(struct packet_writer *writer, const char *name, size_t index)
{
	if (index > 0)
		put(writer, ":");
	put(writer, name[0] == '*' ? name + 1 : name);
}

static void
put_pattern(struct packet_writer *writer, const char *name, size_t index)
{
	(void)index;
	put(writer, " mx_host_pattern=");
	put(writer, name);
}

/* Returns the number of names. */
static size_t
each_name(struct packet_writer *writer, enum sts_reply_form form, name_cb cb)
{
	const struct sts_reply *reply = writer->reply;
	size_t count = 0;

	if (form != STS_REPLY_HOSTS) {
		for (; count < reply->policy->mx_count; count++)
			cb(writer, reply->policy->mx[count], count);
		return count;
	}
	for (size_t i = 0; i < reply->host_count; i++)
		if (domain_is_hostname(reply->host[i]) &&
		    sts_policy_allows(reply->policy, reply->host[i]))
			cb(writer, reply->host[i], count++);
	return count;
}

/* ---- the policy's lines ---- */

/* Postfix takes the line verbatim, in braces.  So the line must not contain
 * braces, nor anything that is not text for Postfix.  A tab is sent as a
 * space. */
static bool
is_quotable(const char *line, size_t len)
{
	size_t begin = 0;

	if (len == 0 || memchr(line, '{', len) != NULL ||
	    memchr(line, '}', len) != NULL)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && line[i] != '\t')
			continue;
		if (!utf8_is_text(line + begin, i - begin))
			return false;
		begin = i + 1;
	}
	return true;
}

static void
put_line(struct packet_writer *writer, const char *line, size_t len)
{
	put(writer, " { policy_string = ");
	for (size_t i = 0; i < len && !writer->full; i++) {
		if (line[i] == '\t')
			put(writer, " ");
		else
			put_octet(writer, line[i]);
	}
	put(writer, " }");
}

/* At least one line: Postfix 3.10.0 to 3.10.5 crash without any. */
static void
put_lines(struct packet_writer *writer, enum sts_reply_form form)
{
	const struct sts_policy *policy = writer->reply->policy;
	struct sts_lines lines;
	const char *line;
	size_t len, count = 0;

	sts_lines_begin(&lines, policy->file, policy->len);
	while (form == STS_REPLY_WHOLE && !writer->full &&
	       sts_lines_next(&lines, &line, &len)) {
		if (!is_quotable(line, len))
			continue;
		put_line(writer, line, len);
		count++;
	}
	if (count == 0)
		put_line(writer, VERSION, strlen(VERSION));
}

/* ---- the whole reply ---- */

/* Returns whether the reply fits and has something to match. */
static bool
write_form(const struct sts_reply *reply, enum sts_reply_form form, char *text)
{
	struct packet_writer writer = { .reply = reply, .text = text };
	size_t names;

	put(&writer, "secure match=");
	names = each_name(&writer, form, put_match);
	/* This also prevents sessions of level "may" from being resumed. */
	put(&writer, " servername=hostname");
	/* Postfix would reject the whole reply for another domain. */
	if (reply->attributes && domain_is_hostname(reply->domain)) {
		put(&writer, " policy_type=sts policy_domain=");
		put(&writer, reply->domain);
		put_lines(&writer, form);
		(void)each_name(&writer, form, put_pattern);
	}
	text[writer.len] = '\0';
	return names > 0 && !writer.full;
}

enum sts_reply_form
sts_reply_write(const struct sts_reply *reply, char *text)
{
	static const enum sts_reply_form forms[] = { STS_REPLY_WHOLE,
		STS_REPLY_BRIEF, STS_REPLY_HOSTS };

	if (reply->policy->mode == STS_MODE_ENFORCE)
		for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
			if (write_form(reply, forms[i], text))
				return forms[i];
	text[0] = '\0';
	return STS_REPLY_NONE;
}
