/*
 * The DNS codec of the listener, byte by byte.  Every input lies in memory of
 * exactly its size, so that a sanitizer or valgrind sees a read beyond it.
 */

#include "wire/dns/dns_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dns/answer.h"

#include "test_main.h"

/* An array of octets and how many there are, NUL octets counted. */
#define OCTETS(text) text, sizeof(text) - 1

/* Id, flags, counts of a usual question. */
#define ID "\x12\x34"
#define HEAD(an, ns, ar) ID "\x01\x00\x00\x01\x00" an "\x00" ns "\x00" ar
#define NAME                                                                   \
	"\x02mX\x07"                                                           \
	"ExAmPle\x03org\x00"
#define QUESTION NAME "\x00\x01\x00\x01"
#define PLAIN HEAD("\x00", "\x00", "\x00") QUESTION
/* Root, type 41, size, rcode, version, flags, length. */
#define OPT(size, version, flags) "\x00\x00\x29" size "\x00" version flags
#define EDNS HEAD("\x00", "\x00", "\x01") QUESTION

static enum dns_action
parse(const char *bytes, size_t len, struct dns_request *request,
    char name[DOMAIN_TEXT_MAX])
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum dns_action action;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	action = dns_message_parse(copy, len, request, name);
	free(copy);
	return action;
}

/* ---- questions ---- */

static const struct {
	const char *what, *bytes;
	size_t len;
	enum dns_action action;
	int rcode; /* with REFUSE */
	bool echoed, edns;
} questions[] = {
	{ "plain", OCTETS(PLAIN), DNS_ACTION_LOOK_UP, 0, true, false },
	{ "EDNS", OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x00\x00") "\x00\x00"),
	    DNS_ACTION_LOOK_UP, 0, true, true },
	{ "EDNS with options",
	    OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x80\x00") "\x00\x0c"
							    "\x00\x0a\x00\x08"
							    "12345678"),
	    DNS_ACTION_LOOK_UP, 0, true, true },
	{ "flags that mean nothing to us: AA, TC, RA, Z",
	    OCTETS(ID "\x07\xc0\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION),
	    DNS_ACTION_LOOK_UP, 0, true, false },
	{ "the root",
	    OCTETS(HEAD("\x00", "\x00", "\x00") "\x00\x00\x02\x00"
						"\x01"),
	    DNS_ACTION_LOOK_UP, 0, true, false },
	{ "an additional record that is no OPT",
	    OCTETS(EDNS "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04"
			"abcd"),
	    DNS_ACTION_LOOK_UP, 0, true, false },
	{ "ANY", OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\xff\x00\x01"),
	    DNS_ACTION_ANY, 0, true, false },

	{ "an octet too many", OCTETS(PLAIN "x"), DNS_ACTION_LOOK_UP, 0, true,
	    false },
	{ "octets behind OPT",
	    OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x80\x00") "\x00\x00"
							    "\xff\xff\xff"),
	    DNS_ACTION_LOOK_UP, 0, true, true },

	{ "nothing", OCTETS(""), DNS_ACTION_DROP, 0, false, false },
	{ "eleven octets", PLAIN, 11, DNS_ACTION_DROP, 0, false, false },
	{ "an answer",
	    OCTETS(ID "\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION),
	    DNS_ACTION_DROP, 0, false, false },

	{ "a bare header", OCTETS(HEAD("\x00", "\x00", "\x00")),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, false, false },
	{ "no question", OCTETS(ID "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, false, false },
	{ "two questions",
	    OCTETS(ID
		"\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" QUESTION QUESTION),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, false, false },
	{ "a question cut short", PLAIN, sizeof(PLAIN) - 2, DNS_ACTION_REFUSE,
	    DNS_RCODE_FORMERR, false, false },
	{ "a name that is a pointer",
	    OCTETS(HEAD("\x00", "\x00", "\x00") "\xc0\x0c\x00\x01\x00\x01"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, false, false },
	{ "a label of 64 octets",
	    OCTETS(HEAD("\x00", "\x00", "\x00") "\x40"
						"0123456789abcdef0123456789abc"
						"def0123456789abcdef0123456789"
						"abcdef\x00\x00\x01\x00\x01"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, false, false },
	{ "a record that is not there",
	    OCTETS(HEAD("\x00", "\x00", "\x01") QUESTION), DNS_ACTION_REFUSE,
	    DNS_RCODE_FORMERR, true, false },
	{ "OPT cut short",
	    OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x00\x00") "\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },
	{ "OPT not at the root",
	    OCTETS(EDNS "\x01x" OPT("\x04\xd0", "\x00", "\x00\x00") "\x00"
								    "\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },
	{ "two OPTs",
	    OCTETS(HEAD("\x00", "\x00", "\x02")
		    QUESTION OPT("\x04\xd0", "\x00", "\x00\x00") "\x00\x00" OPT(
			"\x04\xd0", "\x00", "\x00\x00") "\x00\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },
	{ "OPT in the authority section",
	    OCTETS(HEAD("\x00", "\x01", "\x00")
		    QUESTION OPT("\x04\xd0", "\x00", "\x00\x00") "\x00\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },
	{ "an option longer than OPT",
	    OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x00\x00") "\x00\x04\x00\x0a"
							    "\x00\x01"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },
	{ "half an option",
	    OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x00\x00") "\x00\x03\x00\x0a"
							    "\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },
	{ "answers in a question",
	    OCTETS(HEAD("\x01", "\x00", "\x00") QUESTION
		"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_FORMERR, true, false },

	{ "EDNS version 1",
	    OCTETS(EDNS OPT("\x04\xd0", "\x01", "\x80\x00") "\x00\x00"),
	    DNS_ACTION_REFUSE, DNS_RCODE_BADVERS, true, true },
	{ "RD=0",
	    OCTETS(ID "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "class CH",
	    OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\x10\x00\x03"),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "class ANY",
	    OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\x01\x00\xff"),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "AXFR", OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\xfc\x00\x01"),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "IXFR with its SOA",
	    OCTETS(HEAD("\x00", "\x01", "\x00") NAME
		"\x00\xfb\x00\x01\xc0\x0c\x00\x06\x00\x01\x00\x00\x00\x00\x00"
		"\x16\x00\x00"
		"01234567890123456789"),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "type OPT",
	    OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\x29\x00\x01"),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "RRSIG", OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\x2e\x00\x01"),
	    DNS_ACTION_REFUSE, DNS_RCODE_REFUSED, true, false },
	{ "NOTIFY",
	    OCTETS(ID "\x21\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION),
	    DNS_ACTION_REFUSE, DNS_RCODE_NOTIMP, false, false },
	{ "UPDATE, and it is no question at all",
	    OCTETS(ID "\x28\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
	    DNS_ACTION_REFUSE, DNS_RCODE_NOTIMP, false, false },
};

START_TEST(question_is_judged)
{
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];
	const enum dns_action action =
	    parse(questions[_i].bytes, questions[_i].len, &request, name);

	ck_assert_msg(action == questions[_i].action, "%s: action %d",
	    questions[_i].what, (int)action);
	if (action == DNS_ACTION_REFUSE)
		ck_assert_msg((int)request.rcode == questions[_i].rcode,
		    "%s: rcode %d", questions[_i].what, (int)request.rcode);
	ck_assert_msg((request.question_len > 0) == questions[_i].echoed,
	    "%s: question", questions[_i].what);
	ck_assert_msg(
	    request.edns == questions[_i].edns, "%s: EDNS", questions[_i].what);
}
END_TEST

START_TEST(question_is_read)
{
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];

	ck_assert_int_eq(
	    parse(OCTETS(EDNS OPT("\x04\xd0", "\x00", "\x80\x00") "\x00\x00"),
		&request, name),
	    DNS_ACTION_LOOK_UP);
	ck_assert_str_eq(name, "mx.example.org");
	ck_assert_uint_eq(request.type, DNS_TYPE_A);
	ck_assert_mem_eq(request.question, QUESTION, sizeof(QUESTION) - 1);
	ck_assert_uint_eq(request.question_len, sizeof(QUESTION) - 1);
	ck_assert(request.dnssec_ok);
	ck_assert_uint_eq(request.udp_size, 1232);
}
END_TEST

/* What follows the question may be any number of octets: every cut of a good
 * message is answered with FORMERR, or not at all. */
START_TEST(every_cut_is_malformed)
{
	static const char whole[] =
	    EDNS OPT("\x04\xd0", "\x00", "\x80\x00") "\x00\x0c\x00\x0a\x00\x08"
						     "12345678";
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		const enum dns_action action =
		    parse(whole, len, &request, name);

		if (len < 12) {
			ck_assert_int_eq(action, DNS_ACTION_DROP);
			continue;
		}
		ck_assert_int_eq(action, DNS_ACTION_REFUSE);
		ck_assert_int_eq(request.rcode, DNS_RCODE_FORMERR);
	}
}
END_TEST

START_TEST(size_has_bounds)
{
	static const struct {
		bool tcp;
		uint16_t size;
		size_t limit;
	} cases[] = {
		{ false, 0, 512 },
		{ false, 511, 512 },
		{ false, 600, 600 },
		{ false, 1232, 1232 },
		{ false, 1233, 1232 },
		{ false, 65535, 1232 },
		{ true, 512, 65535 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct dns_request request = { .udp_size =
							 cases[i].size };

		ck_assert_uint_eq(
		    dns_message_limit(&request, cases[i].tcp), cases[i].limit);
	}
}
END_TEST

/* ---- answers ---- */

static uint8_t out[DNS_MESSAGE_MAX];

static struct dns_request
request_of(const char *bytes, size_t len)
{
	struct dns_request request;
	char name[DOMAIN_TEXT_MAX];

	parse(bytes, len, &request, name);
	return request;
}

/* RD, CD, AD asked for; plain. */
#define FLAGS(second)                                                          \
	ID "\x01" second "\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION
#define DO EDNS OPT("\x04\xd0", "\x00", "\x80\x00") "\x00\x00"
#define NO_DO EDNS OPT("\x04\xd0", "\x00", "\x00\x00") "\x00\x00"

START_TEST(errors_are_written)
{
	static const struct {
		const char *question;
		size_t question_len;
		int rcode, error;
		const char *text;
		const char *bytes;
		size_t len;
	} cases[] = {
		{ OCTETS(PLAIN), DNS_RCODE_SERVFAIL, DNS_ERROR_BOGUS, "why",
		    OCTETS(ID
			"\x81\x82\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION) },
		{ OCTETS(FLAGS("\x30")), DNS_RCODE_SERVFAIL, DNS_ERROR_NONE,
		    NULL,
		    OCTETS(ID
			"\x81\x92\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION) },
		{ OCTETS(DO), DNS_RCODE_SERVFAIL, DNS_ERROR_BOGUS, "why",
		    OCTETS(
			ID "\x81\x82\x00\x01\x00\x00\x00\x00\x00\x01" QUESTION
			   "\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00"
			   "\x09\x00\x0f\x00\x05\x00\x06why") },
		{ OCTETS(NO_DO), DNS_RCODE_REFUSED, DNS_ERROR_NONE, NULL,
		    OCTETS(
			ID "\x81\x85\x00\x01\x00\x00\x00\x00\x00\x01" QUESTION
			   "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00"
			   "\x00") },
		{ OCTETS(DO), DNS_RCODE_BADVERS, DNS_ERROR_NONE, NULL,
		    OCTETS(
			ID "\x81\x80\x00\x01\x00\x00\x00\x00\x00\x01" QUESTION
			   "\x00\x00\x29\x04\xd0\x01\x00\x80\x00\x00"
			   "\x00") },
		/* RD, CD and AD of UPDATE and of an opcode that nobody has */
		{ OCTETS(ID "\x29\x30\x00\x01\x00\x00\x00\x00\x00\x00"),
		    DNS_RCODE_NOTIMP, DNS_ERROR_NONE, NULL,
		    OCTETS(ID "\xa8\x04\x00\x00\x00\x00\x00\x00\x00\x00") },
		{ OCTETS(ID "\x79\xf0\x00\x01\x00\x00\x00\x00\x00\x00"),
		    DNS_RCODE_NOTIMP, DNS_ERROR_NONE, NULL,
		    OCTETS(ID "\xf8\x04\x00\x00\x00\x00\x00\x00\x00\x00") },
		{ OCTETS(HEAD("\x00", "\x00", "\x00")), DNS_RCODE_FORMERR,
		    DNS_ERROR_NONE, NULL,
		    OCTETS(ID "\x81\x81\x00\x00\x00\x00\x00\x00\x00\x00") },
	};
	const struct dns_request request =
	    request_of(cases[_i].question, cases[_i].question_len);
	const size_t len =
	    dns_message_error(&request, (enum dns_rcode)cases[_i].rcode,
		(enum dns_error)cases[_i].error, cases[_i].text, out, 512);

	ck_assert_uint_eq(len, cases[_i].len);
	ck_assert_mem_eq(out, cases[_i].bytes, len);
}
END_TEST

/* With the longest name and any text it still fits. */
START_TEST(errors_are_small)
{
	char question[12 + 255 + 4 + 11] =
	    ID "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01";
	char text[1000];
	struct dns_request request;
	size_t at = 12;

	for (int i = 0; i < 127; i++) {
		question[at++] = 1;
		question[at++] = 'X';
	}
	at++;
	memcpy(question + at, "\x00\x01\x00\x01\x00\x00\x29\xff\xff", 9);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	request = request_of(question, sizeof(question));
	ck_assert_uint_eq(request.question_len, 259);
	ck_assert(request.edns);
	ck_assert_uint_le(dns_message_error(&request, DNS_RCODE_SERVFAIL,
			      DNS_ERROR_NETWORK, text, out, 512),
	    512);
}
END_TEST

/* What the client has asked it knows; of the rest, whole words. */
START_TEST(reasons_are_cut_at_words)
{
#define TEN "nine-long "
#define MANY                                                                   \
	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN    \
	    TEN TEN
	static const struct {
		const char *text, *sent;
	} cases[] = {
		{ "", "" },
		{ "validation failure <mx.example.org. A IN>: signature "
		  "expired",
		    "signature expired" },
		{ "validation failure <mx.example.org. A IN>",
		    "validation failure <mx.example.org. A IN>" },
		{ MANY "123456789x", MANY "123456789x" },
		{ MANY "123456789x ", MANY "123456789x" },
		{ MANY "123456789xy", NULL },
		{ MANY "12345, 12345", NULL },
	};
	static const size_t opt = 12 + sizeof(QUESTION) - 1;
	const struct dns_request request = request_of(OCTETS(DO));

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *sent = cases[i].sent;
		size_t len = sent != NULL ? strlen(sent) : sizeof(MANY) - 2;
		size_t cut;

		if (i == COUNT(cases) - 1)
			len = sizeof(MANY) - 1 + 5; /* without the comma */
		cut = sent == NULL ? strlen(" ...") : 0;
		ck_assert_uint_eq(
		    dns_message_error(&request, DNS_RCODE_SERVFAIL,
			DNS_ERROR_BOGUS, cases[i].text, out, 512),
		    opt + 11 + 6 + len + cut);
		ck_assert_mem_eq(out + opt + 17 + len, " ...", cut);
		ck_assert_mem_eq(
		    out + opt + 17, sent != NULL ? sent : cases[i].text, len);
		ck_assert_uint_eq(out[opt + 10], 6 + len + cut);
		ck_assert_uint_eq(out[opt + 14], 2 + len + cut);
	}
}
END_TEST

START_TEST(any_is_minimal)
{
	const struct dns_request request = request_of(
	    OCTETS(HEAD("\x00", "\x00", "\x00") NAME "\x00\xff\x00\x01"));
	const size_t len = dns_message_any(&request, out, 512);
	static const char expected[] = ID
	    "\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" NAME "\x00\xff\x00\x01"
	    "\xc0\x0c\x00\x0d\x00\x01\x00\x00\x0e\x10\x00\x09\x07"
	    "RFC8482\x00";

	ck_assert_uint_eq(len, sizeof(expected) - 1);
	ck_assert_mem_eq(out, expected, len);
}
END_TEST

/* ---- answers made of parts ---- */

/* mx.example.org CNAME a.example.org, and a signature of it (of 3 octets). */
#define LINK_OWNER                                                             \
	"\x02mx\x07"                                                           \
	"example\x03org\x00"
#define LINK                                                                   \
	"\x00\x00\x80\x00\x00\x00\x00\x02\x00\x00\x00\x00" LINK_OWNER          \
	"\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x0f\x01"                         \
	"a\x07"                                                                \
	"example\x03org\x00" LINK_OWNER                                        \
	"\x00\x2e\x00\x01\x00\x00\x01\x2c\x00\x22\x00\x05\x0d\x03\x00\x00\x01" \
	"\x2c\x70\x00\x00\x00\x60\x00\x00\x00\x12\x34\x07"                     \
	"example\x03org\x00"                                                   \
	"sig"
/* a.example.org A 192.0.2.1, and an NSEC in the authority section. */
#define END                                                                    \
	"\x00\x00\x80\x00\x00\x00\x00\x01\x00\x01\x00\x00\x01"                 \
	"a\x07"                                                                \
	"example\x03org\x00\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00"   \
	"\x02\x01\x01"                                                         \
	"a\x07"                                                                \
	"example\x03org\x00\x00\x2f\x00\x01\x00\x00\x01\x2c\x00\x12\x01"       \
	"b\x07"                                                                \
	"example\x03org\x00\x00\x01\x40"

static struct dns_answer *
answer_of(const char *const *parts, const size_t *lens, size_t count)
{
	struct dns_answer *answer = answer_new("mx.example.org", DNS_TYPE_A);

	ck_assert_ptr_nonnull(answer);
	answer->status = DNS_OK;
	answer->security = DNS_SECURE;
	answer->rung = DNS_RUNG_VALIDATED;
	answer->part_count = count;
	answer->parts = calloc(count, sizeof(*answer->parts));
	for (size_t i = 0; i < count; i++) {
		answer->parts[i].wire = malloc(lens[i]);
		answer->parts[i].len = lens[i];
		memcpy(answer->parts[i].wire, parts[i], lens[i]);
	}
	return answer;
}

static struct dns_answer *
chain(void)
{
	static const char *const parts[] = { LINK, END };
	static const size_t lens[] = { sizeof(LINK) - 1, sizeof(END) - 1 };

	return answer_of(parts, lens, COUNT(parts));
}

static unsigned
count_at(size_t at)
{
	return (unsigned)out[at] << 8 | out[at + 1];
}

/* The parts stand one after the other, in the client's own case; signatures
 * and denials are for those who ask with DO. */
START_TEST(parts_are_put_together)
{
	static const char expected[] = ID
	    "\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00" QUESTION
	    "\xc0\x0c\x00\x05\x00\x01\x00\x00\x01\x2c\x00\x04\x01"
	    "a\xc0\x0f"
	    "\xc0\x2c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01";
	struct dns_answer *answer = chain();
	struct dns_request request = request_of(OCTETS(PLAIN));
	size_t len = dns_message_answer(&request, answer, false, out, 512);

	ck_assert_uint_eq(len, sizeof(expected) - 1);
	ck_assert_mem_eq(out, expected, len);

	request = request_of(OCTETS(DO));
	len = dns_message_answer(&request, answer, false, out, 512);
	ck_assert_mem_eq(out + 12, QUESTION, sizeof(QUESTION) - 1);
	ck_assert_uint_eq(count_at(6), 3);
	ck_assert_uint_eq(count_at(8), 1);
	ck_assert_uint_eq(count_at(10), 1);
	ck_assert_mem_eq(
	    out + len - 11, "\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00", 11);
	answer_unref(answer);
}
END_TEST

static const struct {
	const char *question;
	size_t len;
	enum dns_status status;
	enum dns_security security;
	enum dns_rung rung;
	bool authentic;
	int rcode;
} trusts[] = {
	{ OCTETS(DO), DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED, true, 0 },
	{ OCTETS(DO), DNS_OK, DNS_SECURE, DNS_RUNG_FRESH, true, 0 },
	{ OCTETS(FLAGS("\x20")), DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED, true,
	    0 },
	/* not asked for */
	{ OCTETS(PLAIN), DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED, false, 0 },
	{ OCTETS(NO_DO), DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED, false, 0 },
	/* not so */
	{ OCTETS(DO), DNS_OK, DNS_INSECURE, DNS_RUNG_VALIDATED, false, 0 },
	{ OCTETS(DO), DNS_OK, DNS_INSECURE, DNS_RUNG_PLAIN, false, 0 },
	{ OCTETS(DO), DNS_OK, DNS_INDETERMINATE, DNS_RUNG_NONE, false, 0 },
	{ OCTETS(DO), DNS_OK, DNS_SECURE, DNS_RUNG_PLAIN, false, 0 },
	{ OCTETS(DO), DNS_FAILED, DNS_SECURE, DNS_RUNG_VALIDATED, false,
	    DNS_RCODE_SERVFAIL },
	{ OCTETS(DO), DNS_FAILED, DNS_BOGUS, DNS_RUNG_NONE, false,
	    DNS_RCODE_SERVFAIL },
	/* CD: what is bogus, for those who want it */
	{ OCTETS(FLAGS("\x10")), DNS_FAILED, DNS_BOGUS, DNS_RUNG_NONE, false,
	    0 },
	{ OCTETS(FLAGS("\x30")), DNS_FAILED, DNS_BOGUS, DNS_RUNG_NONE, false,
	    0 },
	{ OCTETS(FLAGS("\x30")), DNS_FAILED, DNS_SECURE, DNS_RUNG_VALIDATED,
	    false, 0 },
	{ OCTETS(FLAGS("\x30")), DNS_OK, DNS_SECURE, DNS_RUNG_VALIDATED, true,
	    0 },
};

START_TEST(trust_is_told)
{
	struct dns_answer *answer = chain();
	const struct dns_request request =
	    request_of(trusts[_i].question, trusts[_i].len);

	answer->status = trusts[_i].status;
	answer->security = trusts[_i].security;
	answer->rung = trusts[_i].rung;
	dns_message_answer(&request, answer, false, out, 512);
	ck_assert_int_eq(dns_message_is_authentic(out), trusts[_i].authentic);
	ck_assert_int_eq((int)dns_message_rcode(out), trusts[_i].rcode);
	if (trusts[_i].rcode != 0)
		ck_assert_uint_eq(count_at(6), 0);
	answer_unref(answer);
}
END_TEST

START_TEST(reasons_are_told)
{
	static const struct {
		enum dns_security security;
		const char *why;
		uint8_t error;
	} cases[] = {
		{ DNS_BOGUS, "signature expired", 6 },
		{ DNS_INSECURE, "no server answers", 22 },
		{ DNS_INDETERMINATE, "no answer in time", 23 },
		{ DNS_INDETERMINATE, "no trust path: the root is unsigned", 0 },
		{ DNS_INDETERMINATE, DNS_WHY_TOO_LARGE, 0 },
		{ DNS_INDETERMINATE, NULL, 0 },
	};
	const struct dns_request request = request_of(OCTETS(DO));

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dns_answer *answer =
		    answer_new("mx.example.org", DNS_TYPE_A);
		const size_t opt = 12 + sizeof(QUESTION) - 1;

		ck_assert_ptr_nonnull(answer);
		answer->security = cases[i].security;
		if (cases[i].why != NULL)
			answer->why = strdup(cases[i].why);
		dns_message_answer(&request, answer, false, out, 512);
		ck_assert_int_eq(dns_message_rcode(out), DNS_RCODE_SERVFAIL);
		ck_assert_mem_eq(out + opt + 11, "\x00\x0f", 2);
		ck_assert_uint_eq(count_at(opt + 15), cases[i].error);
		answer_unref(answer);
	}
}
END_TEST

/* The rcode of the last part counts. */
START_TEST(denial_keeps_its_rcode)
{
	static const char *const parts[] = { LINK,
		"\x00\x00\x80\x03\x00\x00\x00\x00\x00\x00\x00\x00" };
	static const size_t lens[] = { sizeof(LINK) - 1, 12 };
	struct dns_answer *answer = answer_of(parts, lens, 2);
	const struct dns_request request = request_of(OCTETS(PLAIN));

	answer->status = DNS_NXDOMAIN;
	dns_message_answer(&request, answer, false, out, 512);
	ck_assert_int_eq(dns_message_rcode(out), DNS_RCODE_NXDOMAIN);
	ck_assert_uint_eq(count_at(6), 1);
	answer_unref(answer);
}
END_TEST

/* A message with @count addresses, 16 octets each. */
static struct dns_answer *
addresses(unsigned count)
{
	const size_t len = 12 + (size_t)count * 30;
	char *wire = calloc(1, len), *at = wire + 12;
	const char *parts[] = { wire };
	struct dns_answer *answer;

	wire[2] = (char)0x80;
	wire[6] = (char)(count >> 8);
	wire[7] = (char)count;
	for (unsigned i = 0; i < count; i++, at += 30) {
		memcpy(at,
		    LINK_OWNER "\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04", 27);
		at[26] = 10;
		at[28] = (char)(i >> 8);
		at[29] = (char)i;
	}
	answer = answer_of(parts, &len, 1);
	free(wire);
	return answer;
}

/* Up to the last octet of the client's size, and not one beyond. */
START_TEST(what_does_not_fit_is_truncated)
{
	/* header, question, OPT; 16 octets for each address */
	const size_t fixed = 12 + sizeof(QUESTION) - 1 + 11;
	struct dns_answer *answer = addresses(20);
	const size_t whole = fixed + (size_t)20 * 16;
	const struct dns_request request = request_of(OCTETS(DO));

	ck_assert_uint_eq(
	    dns_message_answer(&request, answer, false, out, whole), whole);
	ck_assert(!dns_message_is_truncated(out));
	ck_assert_uint_eq(count_at(6), 20);
	ck_assert(dns_message_is_authentic(out));

	ck_assert_uint_eq(
	    dns_message_answer(&request, answer, false, out, whole - 1), fixed);
	ck_assert(dns_message_is_truncated(out));
	ck_assert_uint_eq(count_at(6), 0);
	ck_assert_uint_eq(count_at(10), 1);
	ck_assert(!dns_message_is_authentic(out));
	answer_unref(answer);

	answer = addresses(4000);
	ck_assert_uint_eq(
	    dns_message_answer(&request, answer, false, out, sizeof(out)),
	    fixed + (size_t)4000 * 16);
	ck_assert_uint_eq(count_at(6), 4000);
	answer_unref(answer);
}
END_TEST

/* SERVFAIL, and nothing in it. */
static void
assert_failure(
    const struct dns_request *request, struct dns_answer *answer, bool tcp)
{
	const size_t len = dns_message_answer(request, answer, tcp, out,
	    tcp ? DNS_MESSAGE_MAX : DNS_MESSAGE_UDP_MAX);

	ck_assert_int_eq(dns_message_rcode(out), DNS_RCODE_SERVFAIL);
	ck_assert(!dns_message_is_authentic(out));
	ck_assert(!dns_message_is_truncated(out));
	ck_assert_uint_eq(count_at(6), 0);
	ck_assert_uint_eq(count_at(8), 0);
	ck_assert_uint_le(len, 512);
}

/* Over TCP a client takes TC and nothing for "there is none". */
START_TEST(what_does_not_fit_over_tcp_is_a_failure)
{
	const size_t fixed = 12 + sizeof(QUESTION) - 1 + 11;
	const struct dns_request request = request_of(OCTETS(DO));
	struct dns_answer *answer = addresses(4093);

	ck_assert_uint_eq(
	    dns_message_answer(&request, answer, true, out, DNS_MESSAGE_MAX),
	    fixed + (size_t)4093 * 16);
	ck_assert_uint_eq(count_at(6), 4093);
	ck_assert(!dns_message_is_truncated(out));
	answer_unref(answer);

	answer = addresses(4094);
	assert_failure(&request, answer, true);
	ck_assert_uint_eq(count_at(10), 1);
	ck_assert_ptr_nonnull(
	    memmem(out, 512, OCTETS("\x00\x00" DNS_WHY_TOO_LARGE)));
	answer_unref(answer);

	answer = addresses(5000);
	assert_failure(&request, answer, true);
	answer_unref(answer);
}
END_TEST

enum signed_rrsets { ONE_RRSET, TWO_TYPES, TWO_OWNERS };

/* mx.example.org A 192.0.2.1 and @count signatures of 3 octets each, which are
 * their numbers; written by libldns each takes 50.  Those of two RRsets stand
 * in turn. */
static struct dns_answer *
signatures(unsigned count, enum signed_rrsets rrsets)
{
	static const char head[] = "\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00"
				   "\x00\x00" LINK_OWNER "\x00\x01\x00\x01"
				   "\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01";
	static const char one[] =
	    "\xc0\x0c\x00\x2e\x00\x01\x00\x00\x01\x2c\x00\x22\x00\x01\x0d"
	    "\x03\x00\x00\x01\x2c\x70\x00\x00\x00\x60\x00\x00\x00\x12\x34\x07"
	    "example\x03org\x00"
	    "\x00\x00\x00";
	const size_t each = sizeof(one) - 1;
	const size_t len = sizeof(head) - 1 + count * each;
	char *wire = malloc(len), *at = wire + sizeof(head) - 1;
	const char *parts[] = { wire };
	struct dns_answer *answer;

	memcpy(wire, head, sizeof(head) - 1);
	wire[6] = (char)((count + 1) >> 8);
	wire[7] = (char)(count + 1);
	for (unsigned i = 0; i < count; i++, at += each) {
		memcpy(at, one, each);
		if (rrsets == TWO_TYPES)
			at[13] =
			    (char)(i % 2 == 0 ? 1 : 28); /* covers A, AAAA */
		if (rrsets == TWO_OWNERS && i % 2 == 1)
			at[1] = 15; /* example.org */
		at[each - 2] = (char)(i >> 8);
		at[each - 1] = (char)i;
	}
	answer = answer_of(parts, &len, 1);
	free(wire);
	return answer;
}

/* As long as there is room all of them stay; then the first few of an RRset,
 * and the truth with them. */
START_TEST(needless_signatures_give_way)
{
	const struct dns_request request = request_of(OCTETS(DO));
	struct dns_answer *answer = signatures(1400, ONE_RRSET);
	const size_t fixed = 12 + sizeof(QUESTION) - 1;
	size_t len;

	len = dns_message_answer(&request, answer, true, out, sizeof(out));
	ck_assert_uint_eq(count_at(6), 1401);
	ck_assert(!dns_message_is_truncated(out));
	answer_unref(answer);

	answer = signatures(1500, ONE_RRSET);
	len = dns_message_answer(&request, answer, true, out, sizeof(out));
	ck_assert_uint_eq(count_at(6), 5);
	ck_assert_int_eq(dns_message_rcode(out), DNS_RCODE_NOERROR);
	ck_assert(dns_message_is_authentic(out));
	ck_assert(!dns_message_is_truncated(out));
	ck_assert_uint_eq(len, fixed + 16 + 4 * 46 + 11);
	for (uint8_t i = 0; i < 4; i++)
		ck_assert_uint_eq(out[fixed + 16 + (i + 1U) * 46 - 1], i);
	/* A datagram has TC, as ever. */
	dns_message_answer(&request, answer, false, out, 1232);
	ck_assert(dns_message_is_truncated(out));
	ck_assert_uint_eq(count_at(6), 0);
	answer_unref(answer);

	/* Those of different RRsets are not counted together. */
	answer = signatures(1500, TWO_TYPES);
	assert_failure(&request, answer, true);
	answer_unref(answer);
	answer = signatures(1500, TWO_OWNERS);
	assert_failure(&request, answer, true);
	answer_unref(answer);
}
END_TEST

/* Whatever the status of an answer that lacks a whole @part. */
static void
assert_failure_of(size_t part, bool unreadable)
{
	const struct dns_request request = request_of(OCTETS(DO));
	static const enum dns_status statuses[] = { DNS_OK, DNS_NODATA,
		DNS_NXDOMAIN };

	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct dns_answer *answer = chain();

		answer->status = statuses[i];
		if (unreadable)
			answer->parts[part].len = 13;
		else
			answer->parts[part].wire[2] |= 0x02;
		assert_failure(&request, answer, false);
		assert_failure(&request, answer, true);
		answer_unref(answer);
	}
}

/* Also where what is left would be an answer, or a denial. */
START_TEST(unreadable_part_is_a_failure)
{
	assert_failure_of(0, true);
	assert_failure_of(1, true);
}
END_TEST

/* A part that says itself that it is not whole, also where what is there would
 * be an answer. */
START_TEST(truncated_part_is_a_failure)
{
	assert_failure_of(0, false);
	assert_failure_of(1, false);
}
END_TEST

/* Fewer records than were found. */
START_TEST(missing_records_are_a_failure)
{
	const struct dns_request request = request_of(OCTETS(DO));
	static const char *const parts[] = { LINK };
	static const size_t lens[] = { sizeof(LINK) - 1 };
	struct dns_answer *answer = answer_of(parts, lens, 1);

	assert_failure(&request, answer, true);
	answer->status = DNS_NODATA;
	dns_message_answer(&request, answer, true, out, sizeof(out));
	ck_assert_int_eq(dns_message_rcode(out), DNS_RCODE_NOERROR);
	answer_unref(answer);

	answer = addresses(3);
	answer->rdata = calloc(4, sizeof(*answer->rdata));
	answer->rdata_count = 3;
	dns_message_answer(&request, answer, true, out, sizeof(out));
	ck_assert_uint_eq(count_at(6), 3);
	answer->rdata_count = 4;
	assert_failure(&request, answer, true);
	answer_unref(answer);
}
END_TEST

/* More than a section can count: not as many as are left modulo 65536. */
START_TEST(uncountable_records_are_a_failure)
{
	static char part[12 + 21900 * 3 * 4];
	const size_t each = 11, count = 16384;
	const size_t len = 12 + count * each;
	const char *const parts[] = { part, part, part, part };
	const size_t lens[] = { len, len, len, len };
	struct dns_request request = request_of(OCTETS(DO));
	struct dns_answer *answer;
	char *at = part + 12;

	memcpy(part, "\x00\x00\x80\x00\x00\x00\x40\x00\x00\x00\x00\x00", 12);
	/* The root, TXT without a string, of no octets. */
	for (size_t i = 0; i < count; i++, at += each)
		memcpy(
		    at, "\x00\x00\x0a\x00\x01\x00\x00\x00\x00\x00\x00", each);
	answer = answer_of(parts, lens, 4);
	answer->status = DNS_NODATA;
	assert_failure(&request, answer, true);
	request = request_of(OCTETS(PLAIN));
	assert_failure(&request, answer, true);
	dns_message_answer(&request, answer, false, out, 512);
	ck_assert_int_eq(dns_message_rcode(out), DNS_RCODE_SERVFAIL);
	answer_unref(answer);
}
END_TEST

/* ---- anything ---- */

/* Good messages with some octets changed: read without harm, and whatever is
 * answered is an answer to them. */
START_TEST(anything_may_come)
{
	static const struct {
		const char *bytes;
		size_t len;
	} seeds[] = { { OCTETS(DO) }, { OCTETS(PLAIN) },
		{ OCTETS(EDNS OPT(
		    "\x04\xd0", "\x00", "\x80\x00") "\x00\x0c\x00\x0a\x00\x08"
						    "12345678") } };
	const char *given = getenv("SEED");
	const unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
					    : (unsigned)time(NULL);
	/* tests/allocs repeats all of them for each allocation. */
	const int rounds = getenv("ALLOCS") != NULL ? 2000 : 200000;
	struct dns_answer *answer = chain();

	printf("test_dns_message: SEED=%u\n", seed);
	srand(seed);
	for (int i = 0; i < rounds; i++) {
		char bytes[128];
		const size_t which = (size_t)rand() % COUNT(seeds);
		const size_t len = (size_t)rand() % (seeds[which].len + 1);
		struct dns_request request;
		char name[DOMAIN_TEXT_MAX];
		enum dns_action action;
		size_t got;

		memcpy(bytes, seeds[which].bytes, seeds[which].len);
		for (int k = rand() % 4; k > 0; k--)
			bytes[(size_t)rand() % seeds[which].len] = (char)rand();
		action = parse(bytes, rand() % 2 == 0 ? len : seeds[which].len,
		    &request, name);
		if (action == DNS_ACTION_DROP)
			continue;
		got =
		    action == DNS_ACTION_LOOK_UP
			? dns_message_answer(&request, answer, false, out, 512)
			: dns_message_error(&request, request.rcode,
			      DNS_ERROR_NONE, NULL, out, 512);
		ck_assert_uint_le(got, 512);
		ck_assert_mem_eq(out, bytes, 2);
		ck_assert_int_eq(out[2] & 0x80, 0x80);
		ck_assert_mem_eq(
		    out + 12, request.question, request.question_len);
	}
	answer_unref(answer);
}
END_TEST

TEST_MAIN("dns_message")
{
	TCase *tcase = add_case(suite, "dns_message");

	add_rows(tcase, question_is_judged, questions);
	tcase_add_test(tcase, question_is_read);
	tcase_add_test(tcase, every_cut_is_malformed);
	tcase_add_test(tcase, size_has_bounds);
	tcase_add_loop_test(tcase, errors_are_written, 0, 8);
	tcase_add_test(tcase, reasons_are_cut_at_words);
	tcase_add_test(tcase, errors_are_small);
	tcase_add_test(tcase, any_is_minimal);
	tcase_add_test(tcase, parts_are_put_together);
	add_rows(tcase, trust_is_told, trusts);
	tcase_add_test(tcase, reasons_are_told);
	tcase_add_test(tcase, denial_keeps_its_rcode);
	tcase_add_test(tcase, what_does_not_fit_is_truncated);
	tcase_add_test(tcase, what_does_not_fit_over_tcp_is_a_failure);
	tcase_add_test(tcase, needless_signatures_give_way);
	tcase_add_test(tcase, unreadable_part_is_a_failure);
	tcase_add_test(tcase, truncated_part_is_a_failure);
	tcase_add_test(tcase, missing_records_are_a_failure);
	tcase_add_test(tcase, uncountable_records_are_a_failure);
	tcase_add_test(tcase, anything_may_come);
}
