/*
 * Keys as Postfix sends them (docs/design.md, "Next hops").  What Postfix makes
 * of each was read in its host_port(), valid_hostname() and
 * smtp_parse_destination().
 */

#include "policy/nexthop.h"

#include <string.h>

#include "test_main.h"

#define DEFAULT_PORT 25

#define LABEL_63                                                               \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61

static void
parse(const char *key, struct nexthop *hop)
{
	memset(hop, 0xff, sizeof(*hop));
	nexthop_parse(key, strlen(key), DEFAULT_PORT, hop);
}

/* ---- keys to look up ---- */

static const struct {
	const char *key;
	const char *domain;
	bool use_mx;
	bool is_explicit;
	uint16_t port;
	const char *text;
} lookups[] = {
	{ "example.org", "example.org", true, false, 25, "example.org" },
	{ "example.org:587", "example.org", true, true, 587,
	    "example.org:587" },
	{ "example.org:submission", "example.org", true, true, 587,
	    "example.org:587" },
	{ "[mx.example.org]", "mx.example.org", false, true, 25,
	    "[mx.example.org]:25" },
	{ "[mx.example.org]:587", "mx.example.org", false, true, 587,
	    "[mx.example.org]:587" },
	{ "[mx.example.org]:submission", "mx.example.org", false, true, 587,
	    "[mx.example.org]:587" },

	/* The default port named is still an administrator's choice. */
	{ "example.org:25", "example.org", true, true, 25, "example.org:25" },
	{ "example.org:smtp", "example.org", true, true, 25, "example.org:25" },
	{ "[mx.example.org]:25", "mx.example.org", false, true, 25,
	    "[mx.example.org]:25" },

	/* To Postfix an empty port is the default one. */
	{ "example.org:", "example.org", true, true, 25, "example.org:25" },
	{ "[mx.example.org]:", "mx.example.org", false, true, 25,
	    "[mx.example.org]:25" },

	/* Case and dot */
	{ "Example.ORG", "example.org", true, false, 25, "example.org" },
	{ "example.org.", "example.org", true, false, 25, "example.org" },
	{ "example.org.:587", "example.org", true, true, 587,
	    "example.org:587" },
	{ "[MX.Example.Org.]", "mx.example.org", false, true, 25,
	    "[mx.example.org]:25" },

	/* Names that are odd but legal to Postfix */
	{ "_dmarc.ex_ample.org", "_dmarc.ex_ample.org", true, false, 25,
	    "_dmarc.ex_ample.org" },
	{ "localhost", "localhost", true, false, 25, "localhost" },
	{ "1.2.3.4.example", "1.2.3.4.example", true, false, 25,
	    "1.2.3.4.example" },
	{ "4.3-2", "4.3-2", true, false, 25, "4.3-2" },
	{ "unix.example", "unix.example", true, false, 25, "unix.example" },
	{ "unix.:25", "unix", true, true, 25, "unix.:25" },
	{ "INET:25", "inet", true, true, 25, "inet.:25" },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", true, false, 25,
	    "xn--bcher-kva.example" },
	{ NAME_253, NAME_253, true, false, 25, NAME_253 },

	/* U-labels: UTS 46, not transitional */
	{ "b\303\274cher.example", "xn--bcher-kva.example", true, false, 25,
	    "xn--bcher-kva.example" },
	{ "B\303\234CHER.Example", "xn--bcher-kva.example", true, false, 25,
	    "xn--bcher-kva.example" },
	{ "bu\314\210cher.example", "xn--bcher-kva.example", true, false, 25,
	    "xn--bcher-kva.example" },
	{ "stra\303\237e.example", "xn--strae-oqa.example", true, false, 25,
	    "xn--strae-oqa.example" },
	{ "[b\303\274cher.example]:587", "xn--bcher-kva.example", false, true,
	    587, "[xn--bcher-kva.example]:587" },
	{ "_a.b\303\274cher.example", "_a.xn--bcher-kva.example", true, false,
	    25, "_a.xn--bcher-kva.example" },

	/* Ports */
	{ "example.org:1", "example.org", true, true, 1, "example.org:1" },
	{ "example.org:65535", "example.org", true, true, 65535,
	    "example.org:65535" },
	{ "example.org:00587", "example.org", true, true, 587,
	    "example.org:587" },
	{ "example.org:0000000587", "example.org", true, true, 587,
	    "example.org:587" },
};

START_TEST(is_looked_up)
{
	char text[NEXTHOP_TEXT_MAX];
	const char *key = lookups[_i].key;
	struct nexthop hop;

	parse(key, &hop);
	ck_assert_msg(hop.kind == NEXTHOP_LOOKUP, "%s: kind %d, %s", key,
	    (int)hop.kind, hop.why != NULL ? hop.why : "");
	ck_assert_str_eq(hop.domain, lookups[_i].domain);
	ck_assert_msg(hop.use_mx == lookups[_i].use_mx, "%s", key);
	ck_assert_msg(hop.is_explicit == lookups[_i].is_explicit, "%s", key);
	ck_assert_msg(hop.port == lookups[_i].port, "%s: %u", key, hop.port);
	ck_assert_msg(!hop.parent_key, "%s", key);
	ck_assert_str_eq(nexthop_text(&hop, text), lookups[_i].text);
}
END_TEST

START_TEST(default_port_is_the_callers)
{
	char text[NEXTHOP_TEXT_MAX];
	struct nexthop hop;

	nexthop_parse("example.org", 11, 2525, &hop);
	ck_assert_uint_eq(hop.port, 2525);
	ck_assert_str_eq(nexthop_text(&hop, text), "example.org");
	nexthop_parse("[mx.example.org]", 16, 2525, &hop);
	ck_assert_uint_eq(hop.port, 2525);
	ck_assert_str_eq(nexthop_text(&hop, text), "[mx.example.org]:2525");
	nexthop_parse("example.org:25", 14, 2525, &hop);
	ck_assert_uint_eq(hop.port, 25);
}
END_TEST

/* The canonical form of a key means the same as the key. */
START_TEST(canonical_text_is_a_key_too)
{
	char text[NEXTHOP_TEXT_MAX], again[NEXTHOP_TEXT_MAX];
	struct nexthop hop, second;

	parse(lookups[_i].key, &hop);
	nexthop_text(&hop, text);
	parse(text, &second);
	ck_assert_int_eq(second.kind, NEXTHOP_LOOKUP);
	ck_assert_str_eq(nexthop_text(&second, again), text);
	ck_assert_int_eq(hop.is_explicit, second.is_explicit);
	ck_assert_int_eq(hop.use_mx, second.use_mx);
}
END_TEST

START_TEST(length_counts_not_the_terminator)
{
	struct nexthop hop;

	nexthop_parse("example.orgXXXX", 11, DEFAULT_PORT, &hop);
	ck_assert_int_eq(hop.kind, NEXTHOP_LOOKUP);
	ck_assert_str_eq(hop.domain, "example.org");
}
END_TEST

/* ---- keys that are not ours ---- */

static const char *const not_ours[] = {
	/* literal addresses, in any form Postfix takes */
	"[192.0.2.1]",
	"[192.0.2.1]:587",
	"192.0.2.1",
	"192.0.2.1:25",
	"[IPv6:2001:db8::1]",
	"[ipv6:2001:db8::1]:25",
	"[IPv6:::1]",
	"[2001:db8::1]",
	"2001:db8::1",
	"[::1]:25",
	"[192.0.2.1]:no-such-service",
	/* not SMTP over TCP */
	"unix:/run/lmtp",
	"unix:private/lmtp",
	"inet:mx.example.org:24",
	"/run/dovecot/lmtp",
	"private/dovecot-lmtp",
	/* nothing Postfix takes for a host name */
	"",
	".",
	"..",
	"example..org",
	"example.org..",
	"-example.org",
	"example-.org",
	"exa mple.org",
	" example.org",
	"example.org ",
	"exa\tmple.org",
	"example.org\n",
	"exam\177ple.org",
	"user@example.org",
	"*.example.org",
	"example\\.org",
	"\\101.example.org",
	"example.org,b",
	"12345",
	"1.2.3",
	"256.1.1.1",
	"<>",
	"*",
	LABEL_63 "a.example",
	"a." NAME_253,
	"[]",
	"[]:25",
	":25",
	":",
	/* brackets */
	"[",
	"]",
	"[mx.example.org",
	"mx.example.org]",
	"[mx.example.org]587",
	"[[mx.example.org]]",
	"[mx.example.org]]",
	"x[mx.example.org]",
	"[mx.example.org:587]",
	/* ports */
	"example.org:0",
	"example.org:65536",
	"example.org:99999",
	"example.org:65561",
	"example.org:4294967321",
	"example.org:18446744073709551641",
	"[mx.example.org]:0",
	"[mx.example.org]:70000",
	"example.org:587:587",
};

START_TEST(is_not_ours)
{
	struct nexthop hop;

	parse(not_ours[_i], &hop);
	ck_assert_msg(hop.kind == NEXTHOP_NOTFOUND, "%s: kind %d", not_ours[_i],
	    (int)hop.kind);
	ck_assert_ptr_nonnull(hop.why);
	ck_assert_str_ne(hop.why, "");
	ck_assert_str_eq(hop.domain, "");
}
END_TEST

START_TEST(parent_domains_are_known_as_such)
{
	static const char *const parents[] = { ".example.org", ".org",
		".EXAMPLE.Org", ".b\303\274cher.example" };
	struct nexthop hop;

	for (size_t i = 0; i < COUNT(parents); i++) {
		parse(parents[i], &hop);
		ck_assert_msg(hop.kind == NEXTHOP_NOTFOUND && hop.parent_key,
		    "%s", parents[i]);
	}
	parse("192.0.2.1", &hop);
	ck_assert(!hop.parent_key);
}
END_TEST

/* Not even strtoul(3) or getservbyname(3) may make a port of these. */
START_TEST(port_is_only_digits_or_a_service)
{
	static const char *const keys[] = { "example.org:+587",
		"example.org:-1", "example.org: 587", "example.org:587 ",
		"example.org:0x19", "example.org:587x", "example.org:5e2",
		"[mx.example.org]:+25", "[mx.example.org]: 25" };
	struct nexthop hop;

	parse(keys[_i], &hop);
	ck_assert_msg(
	    hop.kind == NEXTHOP_NOTFOUND || hop.kind == NEXTHOP_UNKNOWN,
	    "%s: kind %d", keys[_i], (int)hop.kind);
	ck_assert_str_eq(hop.domain, "");
	ck_assert_ptr_nonnull(hop.why);
}
END_TEST

/* ---- keys that Postfix may deliver to and we cannot convert ---- */

static const char *const unknowns[] = {
	/* Postfix may have a services file of its own */
	"example.org:no-such-service", "[mx.example.org]:no-such-service",
	/* refused by IDNA 2008, converted by what Postfix uses */
	"\342\230\225.example", "[\342\230\225.example]",
	/* no UTF-8: what it means is not ours to say */
	"b\374cher.example", "\377\376.example", "\303.example",
	"\355\240\200.example"
};

START_TEST(is_left_to_postfix)
{
	struct nexthop hop;

	parse(unknowns[_i], &hop);
	ck_assert_msg(
	    hop.kind == NEXTHOP_UNKNOWN, "row %d: kind %d", _i, (int)hop.kind);
	ck_assert_str_ne(hop.why, "");
	ck_assert_str_eq(hop.domain, "");
}
END_TEST

/* ---- keys that nobody could send honestly ---- */

START_TEST(nul_is_a_protocol_error)
{
	static const struct {
		const char *key;
		size_t len;
	} keys[] = { { "\0", 1 }, { "example.org\0", 12 },
		{ "example.org\0.evil.example", 25 }, { ".org\0", 5 },
		{ "[mx.example.org\0]", 17 }, { "\0example.org", 12 } };
	struct nexthop hop;

	memset(&hop, 0xff, sizeof(hop));
	nexthop_parse(keys[_i].key, keys[_i].len, DEFAULT_PORT, &hop);
	ck_assert_msg(
	    hop.kind == NEXTHOP_BAD, "row %d: kind %d", _i, (int)hop.kind);
	ck_assert_str_ne(hop.why, "");
	ck_assert_str_eq(hop.domain, "");
}
END_TEST

START_TEST(any_length_is_survived)
{
	static char key[10001];
	struct nexthop hop;

	for (size_t len = 200; len <= 10000; len += len < 1100 ? 1 : 997) {
		/* Not terminated: what follows must not be read. */
		memset(key, 'a', sizeof(key));
		nexthop_parse(key, len, DEFAULT_PORT, &hop);
		ck_assert_int_eq(hop.kind, NEXTHOP_NOTFOUND);
		key[0] = '[';
		nexthop_parse(key, len, DEFAULT_PORT, &hop);
		ck_assert_int_eq(hop.kind, NEXTHOP_NOTFOUND);
		memset(key, '.', sizeof(key));
		nexthop_parse(key, len, DEFAULT_PORT, &hop);
		ck_assert_int_eq(hop.kind, NEXTHOP_NOTFOUND);
		memset(key, 0xfc, sizeof(key));
		nexthop_parse(key, len, DEFAULT_PORT, &hop);
		ck_assert(hop.kind == NEXTHOP_NOTFOUND ||
			  hop.kind == NEXTHOP_UNKNOWN);
	}
}
END_TEST

/* Soft hyphens, which A-labels leave out, make a name as long as one likes:
 * Postfix would deliver there, so that it isn't "not ours" however long. */
START_TEST(long_names_of_letters_are_not_given_away)
{
	static const char hyphen[] = "\xc2\xad";
	char key[4000] = "exam";
	struct nexthop hop;
	size_t len = 4;

	for (int i = 0; i < 1800; i++, len += 2) {
		memcpy(key + len, hyphen, 2);
		memcpy(key + len + 2, "ple.org", 7);
		nexthop_parse(key, len + 9, DEFAULT_PORT, &hop);
		if (hop.kind == NEXTHOP_LOOKUP)
			ck_assert_str_eq(hop.domain, "example.org");
		else
			ck_assert_int_eq(hop.kind, NEXTHOP_UNKNOWN);
		ck_assert(hop.kind == NEXTHOP_LOOKUP || i > 100);
	}
}
END_TEST

/* Whatever the octet, wherever: one of the kinds, and a lookup only of a host
 * name. */
START_TEST(any_octet_is_survived)
{
	static const char *const keys[] = { "example.org", "[mx.example.org]",
		"example.org:587", "[mx.example.org]:587" };
	const char *original = keys[_i];
	const size_t len = strlen(original);
	char key[32];
	struct nexthop hop;

	for (size_t at = 0; at <= len; at++)
		for (int octet = 0; octet < 256; octet++) {
			/* inserted */
			memcpy(key, original, at);
			key[at] = (char)octet;
			memcpy(key + at + 1, original + at, len - at);
			memset(&hop, 0xff, sizeof(hop));
			nexthop_parse(key, len + 1, DEFAULT_PORT, &hop);
			if (octet == 0)
				ck_assert_int_eq(hop.kind, NEXTHOP_BAD);
			if (hop.kind == NEXTHOP_LOOKUP) {
				ck_assert(domain_is_hostname(hop.domain));
				ck_assert_uint_gt(hop.port, 0);
			} else {
				ck_assert_int_le((int)hop.kind, NEXTHOP_LOOKUP);
				ck_assert_str_ne(hop.why, "");
			}
		}
}
END_TEST

TEST_MAIN("nexthop")
{
	TCase *tc = add_case(suite, "keys");

	add_rows(tc, is_looked_up, lookups);
	tcase_add_test(tc, default_port_is_the_callers);
	add_rows(tc, canonical_text_is_a_key_too, lookups);
	tcase_add_test(tc, length_counts_not_the_terminator);
	add_rows(tc, is_not_ours, not_ours);
	tcase_add_test(tc, parent_domains_are_known_as_such);
	tcase_add_loop_test(tc, port_is_only_digits_or_a_service, 0, 9);
	add_rows(tc, is_left_to_postfix, unknowns);
	tcase_add_loop_test(tc, nul_is_a_protocol_error, 0, 6);
	tcase_add_test(tc, any_length_is_survived);
	tcase_add_test(tc, long_names_of_letters_are_not_given_away);
	tcase_add_loop_test(tc, any_octet_is_survived, 0, 4);
}
