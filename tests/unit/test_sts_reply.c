/* What Postfix is told where MTA-STS decides, and what it makes of it. */

#include "sts/sts_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_reader.h"
#include "test_main.h"
#include "sts/sts_policy.h"
#include "wire/table/tcp_table.h"

#define SOCKETMAP_ROOM 99997 /* of 100,000 octets, behind "OK " */
#define TCP_TABLE_ROOM 4088

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 604800\n"
#define LINES                                                                  \
	" { policy_string = version: STSv1 } { policy_string = mode: enforce " \
	"}"                                                                    \
	" { policy_string = max_age: 604800 }"
#define TYPE " policy_type=sts policy_domain=example.org"

static struct sts_policy *
policy_of(const char *file, size_t len)
{
	struct sts_policy *policy;

	ck_assert_int_eq(
	    sts_policy_parse(file, len, &policy, NULL), STS_POLICY_VALID);
	return policy;
}

/* Writes into memory of exactly the size that was promised. */
static enum sts_reply_form
write_reply(const struct sts_reply *reply, char **text)
{
	*text = malloc(reply->room + 1);
	ck_assert_ptr_nonnull(*text);
	memset(*text, 'x', reply->room + 1);
	return sts_reply_write(reply, *text);
}

/* ---- files in, answers out ---- */

static const struct {
	const char *mistake;
	const char *file;
	const char *plain; /* without attributes */
	const char *more;  /* what these add */
} rows[] = {
	{ "order, and the form of a wildcard",
	    HEAD "mx: mx1.example.org\nmx: *.example.net\nmx: a.example\n",
	    "secure match=mx1.example.org:.example.net:a.example "
	    "servername=hostname",
	    TYPE LINES " { policy_string = mx: mx1.example.org }"
		       " { policy_string = mx: *.example.net }"
		       " { policy_string = mx: a.example }"
		       " mx_host_pattern=mx1.example.org"
		       " mx_host_pattern=*.example.net"
		       " mx_host_pattern=a.example" },
	{ "a wildcard alone", HEAD "mx: *.example.net\n",
	    "secure match=.example.net servername=hostname",
	    TYPE LINES " { policy_string = mx: *.example.net }"
		       " mx_host_pattern=*.example.net" },
	{ "the same twice, in another case",
	    HEAD "mx: A.example\r\nmx: a.EXAMPLE\r\n",
	    "secure match=a.example servername=hostname",
	    TYPE LINES " { policy_string = mx: A.example }"
		       " { policy_string = mx: a.EXAMPLE }"
		       " mx_host_pattern=a.example" },
	{ "an address is told to be a name",
	    HEAD "mx: mail.x.example\nmx: *.x.example\nmx: 192.0.2.7\n",
	    "secure match=mail.x.example:.x.example servername=hostname",
	    TYPE LINES " { policy_string = mx: mail.x.example }"
		       " { policy_string = mx: *.x.example }"
		       " { policy_string = mx: 192.0.2.7 }"
		       " mx_host_pattern=mail.x.example"
		       " mx_host_pattern=*.x.example" },
	{ "U-labels reach match=", HEAD "mx: b\303\274cher.example.\n",
	    "secure match=xn--bcher-kva.example servername=hostname",
	    TYPE LINES " { policy_string = mx: b\303\274cher.example. }"
		       " mx_host_pattern=xn--bcher-kva.example" },
	{ "a byte order mark, blank lines and blanks",
	    "\357\273\277" HEAD "\n \t\nmx: a.example \t\r\n\r\n",
	    "secure match=a.example servername=hostname",
	    TYPE LINES " { policy_string = mx: a.example }"
		       " mx_host_pattern=a.example" },
	{ "a tab", HEAD "mx:\ta.example\n",
	    "secure match=a.example servername=hostname",
	    TYPE LINES " { policy_string = mx: a.example }"
		       " mx_host_pattern=a.example" },
	{ "braces end the attribute",
	    HEAD "mx: a.example\nx: } match=evil.example {\ny: {\nz: }\n"
		 "{\n}\n",
	    "secure match=a.example servername=hostname",
	    TYPE LINES " { policy_string = mx: a.example }"
		       " mx_host_pattern=a.example" },
	{ "commas, equals signs and quotes",
	    HEAD "mx: a.example\nx: a, b = \"c\" \\ match=evil.example\n",
	    "secure match=a.example servername=hostname",
	    TYPE LINES
	    " { policy_string = mx: a.example }"
	    " { policy_string = x: a, b = \"c\" \\ match=evil.example }"
	    " mx_host_pattern=a.example" },
	{ "controls, and what is no UTF-8",
	    HEAD "mx: a.example\nx: a\rb\ny: \377\nz: a\177\nx: \302\200\n",
	    "secure match=a.example servername=hostname",
	    TYPE LINES " { policy_string = mx: a.example }"
		       " mx_host_pattern=a.example" },
	{ "lines that are no fields", "hello\n" HEAD "mx: a.example\nmx=b\n",
	    "secure match=a.example servername=hostname",
	    TYPE " { policy_string = hello }" LINES
		 " { policy_string = mx: a.example }"
		 " { policy_string = mx=b }"
		 " mx_host_pattern=a.example" },
};

START_TEST(files_become_answers)
{
	struct sts_policy *policy =
	    policy_of(rows[_i].file, strlen(rows[_i].file));
	struct sts_reply reply = { .policy = policy,
		.domain = "example.org",
		.room = SOCKETMAP_ROOM };
	char expected[2048], *text;

	ck_assert_msg(write_reply(&reply, &text) == STS_REPLY_WHOLE, "%s",
	    rows[_i].mistake);
	ck_assert_str_eq(text, rows[_i].plain);
	free(text);

	reply.attributes = true;
	snprintf(
	    expected, sizeof(expected), "%s%s", rows[_i].plain, rows[_i].more);
	ck_assert_msg(write_reply(&reply, &text) == STS_REPLY_WHOLE, "%s",
	    rows[_i].mistake);
	ck_assert_str_eq(text, expected);
	free(text);
	sts_policy_free(policy);
}
END_TEST

/* Postfix reads what was meant, attribute by attribute. */
START_TEST(postfix_reads_what_was_meant)
{
	static const char file[] = HEAD "mx: a.example\nmx: *.b.example\n"
					"x: a, b = c\n";
	static const char *const expected[][2] = {
		{ "match", "a.example:.b.example" },
		{ "servername", "hostname" },
		{ "policy_type", "sts" },
		{ "policy_domain", "example.org" },
		{ "policy_string", "version: STSv1" },
		{ "policy_string", "mode: enforce" },
		{ "policy_string", "max_age: 604800" },
		{ "policy_string", "mx: a.example" },
		{ "policy_string", "mx: *.b.example" },
		{ "policy_string", "x: a, b = c" },
		{ "mx_host_pattern", "a.example" },
		{ "mx_host_pattern", "*.b.example" },
	};
	struct sts_policy *policy = policy_of(file, strlen(file));
	const struct sts_reply reply = { .policy = policy,
		.domain = "example.org",
		.attributes = true,
		.room = SOCKETMAP_ROOM };
	char *text, *at, *word;

	ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_WHOLE);
	at = text;
	ck_assert_str_eq(policy_word(&at), "secure");
	for (size_t i = 0; i < COUNT(expected); i++) {
		char *name, *value;

		ck_assert_ptr_nonnull(word = policy_word(&at));
		ck_assert_ptr_nonnull(value = policy_pair(word, &name));
		ck_assert_str_eq(name, expected[i][0]);
		ck_assert_str_eq(value, expected[i][1]);
	}
	ck_assert_ptr_null(policy_word(&at));
	free(text);
	sts_policy_free(policy);
}
END_TEST

/* Where nothing of the file can be quoted, the version is. */
START_TEST(a_line_there_always_is)
{
	static const char file[] =
	    "version:\tSTSv1\nmode: enforce\nmax_age: 1\nmx: a.example\n";
	struct sts_policy *policy = policy_of(file, strlen(file));
	const struct sts_reply reply = { .policy = policy,
		.domain = "example.org",
		.attributes = true,
		.room = SOCKETMAP_ROOM };
	char *text;

	/* No file that is valid is so: it is made so. */
	for (char *at = policy->file; *at != '\0'; at++)
		if (*at == ':')
			*at = '{';
	ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_WHOLE);
	ck_assert_str_eq(text,
	    "secure match=a.example servername=hostname" TYPE
	    " { policy_string = version: STSv1 } mx_host_pattern=a.example");
	free(text);
	sts_policy_free(policy);
}
END_TEST

/* Postfix refuses the whole policy for a domain that is no host name. */
START_TEST(attributes_only_of_a_host_name)
{
	static const struct {
		const char *domain;
		bool attributes;
	} domains[] = {
		{ "example.org", true },
		{ "xn--bcher-kva.example", true },
		{ "_a.example.org", true },
		{ "a\\032match=evil.example", false },
		{ "*.example.org", false },
		{ "-a.example.org", false },
		{ ".", false },
	};
	static const char file[] = HEAD "mx: a.example\n";
	struct sts_policy *policy = policy_of(file, strlen(file));
	char *text;

	for (size_t i = 0; i < COUNT(domains); i++) {
		const struct sts_reply reply = { .policy = policy,
			.domain = domains[i].domain,
			.attributes = true,
			.room = SOCKETMAP_ROOM };

		ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_WHOLE);
		ck_assert_msg((strstr(text, "policy_domain=") != NULL) ==
				  domains[i].attributes,
		    "%s: %s", domains[i].domain, text);
		free(text);
	}
	sts_policy_free(policy);
}
END_TEST

/* ---- what is not to be enforced ---- */

START_TEST(only_what_is_to_be_enforced)
{
	static const char *const files[] = {
		"version: STSv1\nmode: testing\nmax_age: 1\nmx: a.example\n",
		"version: STSv1\nmode: none\nmax_age: 1\nmx: a.example\n",
		"version: STSv1\nmode: none\nmax_age: 1\n",
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		struct sts_policy *policy =
		    policy_of(files[i], strlen(files[i]));
		const struct sts_reply reply = { .policy = policy,
			.domain = "example.org",
			.room = SOCKETMAP_ROOM };
		char *text;

		ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_NONE);
		ck_assert_str_eq(text, "");
		free(text);
		sts_policy_free(policy);
	}
}
END_TEST

/* No file makes such a policy; nothing makes an empty match=. */
START_TEST(there_is_always_something_to_match)
{
	struct sts_policy policy = { .mode = STS_MODE_ENFORCE };
	static const char *const hosts[] = { "a.example" };
	const struct sts_reply reply = { .policy = &policy,
		.domain = "example.org",
		.host = hosts,
		.host_count = 1,
		.room = SOCKETMAP_ROOM };
	char *text;

	ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_NONE);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

/* ---- what does not fit ---- */

static const char *const hosts[] = { "b7.example.net", "a.b.example.net",
	"evil.example", "other.example", "192.0.2.7", "bad\\.b.example.net" };

#define HOSTS_MATCH "b7.example.net:other.example"

/* @count patterns of 14 octets, two more, and a line of its own. */
static struct sts_policy *
long_policy(size_t count, size_t line)
{
	char *file = malloc(STS_POLICY_MAX + 1);
	struct sts_policy *policy;
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = (size_t)snprintf(file, STS_POLICY_MAX, "%s",
	    HEAD "mx: *.example.net\nmx: other.example\n");
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(file + len, STS_POLICY_MAX + 1 - len,
		    "mx: m%05zu.example\n", i);
	if (line > 0) {
		len += (size_t)snprintf(
		    file + len, STS_POLICY_MAX + 1 - len, "x: ");
		ck_assert_uint_le(len + line, STS_POLICY_MAX);
		memset(file + len, 'y', line);
		len += line;
	}
	ck_assert_uint_le(len, STS_POLICY_MAX);
	policy = policy_of(file, len);
	free(file);
	return policy;
}

static const struct {
	const char *mistake;
	size_t patterns, line, room;
	bool attributes, with_hosts;
	enum sts_reply_form form;
} sizes[] = {
	{ "few", 3, 0, TCP_TABLE_ROOM, true, true, STS_REPLY_WHOLE },
	{ "a long line", 3, 4000, TCP_TABLE_ROOM, true, true, STS_REPLY_BRIEF },
	{ "the same where it is not quoted", 3, 4000, TCP_TABLE_ROOM, false,
	    true, STS_REPLY_WHOLE },
	{ "the same in socketmap", 3, 4000, SOCKETMAP_ROOM, true, true,
	    STS_REPLY_WHOLE },
	{ "patterns that fit without attributes", 200, 0, TCP_TABLE_ROOM, false,
	    true, STS_REPLY_WHOLE },
	{ "and not with them", 200, 0, TCP_TABLE_ROOM, true, true,
	    STS_REPLY_HOSTS },
	{ "too many patterns", 400, 0, TCP_TABLE_ROOM, false, true,
	    STS_REPLY_HOSTS },
	{ "hosts that are not to be had", 400, 0, TCP_TABLE_ROOM, false, false,
	    STS_REPLY_NONE },
	{ "the same with attributes", 400, 0, TCP_TABLE_ROOM, true, false,
	    STS_REPLY_NONE },
	{ "thousands in socketmap", 3000, 0, SOCKETMAP_ROOM, false, true,
	    STS_REPLY_WHOLE },
	{ "with attributes", 3000, 0, SOCKETMAP_ROOM, true, true,
	    STS_REPLY_HOSTS },
	{ "no room at all", 0, 0, 0, true, true, STS_REPLY_NONE },
};

static void
check_hosts(const char *text, bool attributes)
{
	char expected[512];

	snprintf(expected, sizeof(expected), "%s%s",
	    "secure match=" HOSTS_MATCH " servername=hostname",
	    attributes ? TYPE " { policy_string = version: STSv1 }"
			      " mx_host_pattern=b7.example.net"
			      " mx_host_pattern=other.example"
		       : "");
	ck_assert_str_eq(text, expected);
}

START_TEST(what_does_not_fit_is_said_otherwise)
{
	struct sts_policy *policy =
	    long_policy(sizes[_i].patterns, sizes[_i].line);
	const struct sts_reply reply = { .policy = policy,
		.domain = "example.org",
		.attributes = sizes[_i].attributes,
		.host = hosts,
		.host_count = sizes[_i].with_hosts ? COUNT(hosts) : 0,
		.room = sizes[_i].room,
		.quoted = sizes[_i].room == TCP_TABLE_ROOM };
	enum sts_reply_form form;
	char *text;

	form = write_reply(&reply, &text);
	ck_assert_msg(form == sizes[_i].form, "%s: %d, %.200s",
	    sizes[_i].mistake, (int)form, text);
	ck_assert_uint_le(strlen(text), sizes[_i].room);
	if (form == STS_REPLY_NONE)
		ck_assert_str_eq(text, "");
	if (form == STS_REPLY_HOSTS)
		check_hosts(text, sizes[_i].attributes);
	if (form == STS_REPLY_BRIEF) {
		ck_assert_ptr_nonnull(
		    strstr(text, " { policy_string = version: STSv1 } mx_"));
		ck_assert_ptr_nonnull(
		    strstr(text, " mx_host_pattern=*.example.net"));
		ck_assert_ptr_nonnull(strstr(text, "match=.example.net:"));
	}
	free(text);
	sts_policy_free(policy);
}
END_TEST

START_TEST(none_of_the_hosts_is_allowed)
{
	static const char *const strangers[] = { "evil.example",
		"a.b.example.net", "example.net" };
	struct sts_policy *policy = long_policy(400, 0);
	const struct sts_reply reply = { .policy = policy,
		.domain = "example.org",
		.host = strangers,
		.host_count = COUNT(strangers),
		.room = TCP_TABLE_ROOM };
	char *text;

	ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_NONE);
	ck_assert_str_eq(text, "");
	free(text);
	sts_policy_free(policy);
}
END_TEST

/* To the octet: one less, and it is another form. */
START_TEST(as_long_as_the_room_and_no_longer)
{
	static const char file[] = HEAD "mx: a.example\nx: 100% b\303\274\n";
	struct sts_policy *policy = policy_of(file, strlen(file));
	struct sts_reply reply = { .policy = policy,
		.domain = "example.org",
		.attributes = true,
		.room = SOCKETMAP_ROOM };
	size_t len;
	char *text;

	ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_WHOLE);
	len = strlen(text);
	free(text);
	for (int quoted = 0; quoted < 2; quoted++) {
		/* '%', and two octets that are no ASCII */
		const size_t all = len + (quoted != 0 ? 3 * 2 : 0);

		reply.quoted = quoted != 0;
		reply.room = all;
		ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_WHOLE);
		free(text);
		reply.room = all - 1;
		ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_BRIEF);
		free(text);
	}
	sts_policy_free(policy);
}
END_TEST

/* What fits by this count fits by the protocol's, and one octet more does
 * not. */
START_TEST(the_protocols_count_the_same)
{
	char *out = malloc(200000), *text;

	ck_assert_ptr_nonnull(out);
	for (size_t line = 1; line < 4100; line++) {
		struct sts_policy *policy = long_policy(0, line);
		const struct sts_reply reply = { .policy = policy,
			.domain = "example.org",
			.attributes = true,
			.room = 200000,
			.quoted = true };
		struct sts_reply tight = reply;
		struct protocol_reply told = { .status = PROTOCOL_OK };
		bool fits;

		tight.room = TCP_TABLE_ROOM;
		ck_assert_int_eq(write_reply(&reply, &text), STS_REPLY_WHOLE);
		told.text = text;
		fits = tcp_table_format(&told, out, 200000) > 0;
		free(text);
		ck_assert_int_eq(
		    write_reply(&tight, &text) == STS_REPLY_WHOLE, fits);
		free(text);
		sts_policy_free(policy);
	}
	free(out);
}
END_TEST

TEST_MAIN("sts_reply")
{
	TCase *tc = add_case(suite, "sts_reply");

	add_rows(tc, files_become_answers, rows);
	tcase_add_test(tc, postfix_reads_what_was_meant);
	tcase_add_test(tc, a_line_there_always_is);
	tcase_add_test(tc, attributes_only_of_a_host_name);
	tcase_add_test(tc, only_what_is_to_be_enforced);
	tcase_add_test(tc, there_is_always_something_to_match);
	add_rows(tc, what_does_not_fit_is_said_otherwise, sizes);
	tcase_add_test(tc, none_of_the_hosts_is_allowed);
	tcase_add_test(tc, as_long_as_the_room_and_no_longer);
	tcase_add_test(tc, the_protocols_count_the_same);
}
