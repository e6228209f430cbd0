/* Reasons: the cause, and whole words. */

#include "base/reason.h"

#include <stdio.h>
#include <string.h>

#include "test_main.h"

static const struct {
	const char *why, *cause;
} causes[] = {
	{ "signature expired", "signature expired" },
	{ "", "" },
	{ "validation failure <mx.example. A IN>: signature expired from "
	  "192.0.2.1",
	    "signature expired from 192.0.2.1" },
	{ "validation failure <mx.example. A IN>: key for validation example. "
	  "is marked as invalid because of a previous validation failure "
	  "<example. DNSKEY IN>: no keys have a DS with algorithm RSASHA256",
	    "no keys have a DS with algorithm RSASHA256" },
	/* what is no such text stays as it is */
	{ "validation failure <mx.example. A IN>: ",
	    "validation failure <mx.example. A IN>: " },
	{ "validation failure <mx.example", "validation failure <mx.example" },
	{ "validation failure <a>: b validation failure <c",
	    "b validation failure <c" },
};

START_TEST(cause_comes_first)
{
	ck_assert_str_eq(reason_innermost(causes[_i].why), causes[_i].cause);
	ck_assert_ptr_null(reason_innermost(NULL));
}
END_TEST

START_TEST(the_network_is_told_from_a_domain)
{
	const char *why =
	    "DNS of example.org: MX: no trust path: " REASON_NO_ROOT;

	ck_assert_str_eq(reason_of_network(why), REASON_NO_ROOT);
	ck_assert_str_eq(
	    reason_of_network(REASON_NO_FORWARDER), REASON_NO_FORWARDER);
	ck_assert_str_eq(
	    reason_of_network("no trust path: " REASON_UNSIGNED_ROOT),
	    REASON_UNSIGNED_ROOT);
	ck_assert_str_eq(reason_of_network(REASON_UNSIGNED_FORWARDER "::1"),
	    REASON_UNSIGNED_FORWARDER "::1");
	ck_assert_ptr_null(reason_of_network(REASON_NO_SERVER));
	ck_assert_ptr_null(reason_of_network(NULL));
	/* Goes whole through what makes texts printable. */
	ck_assert_ptr_null(
	    strpbrk(REASON_NO_ROOT REASON_NO_FORWARDER REASON_UNSIGNED_ROOT
			REASON_UNSIGNED_FORWARDER,
		"\"\\"));
}
END_TEST

static const struct {
	const char *text;
	size_t room;
	const char *fits;
} fits[] = {
	{ "signature expired", 17, "signature expired" },
	{ "signature expired", 16, "signature" },
	{ "signature expired", 9, "signature" },
	{ "signature expired", 8, "signatur" },
	{ "no keys: found", 9, "no keys" },
	{ "no keys (found)", 10, "no keys" },
	{ "abcdefghij", 4, "abcd" },
	{ "a bcdefghijk", 8, "a bcdefg" },
	{ "abc", 0, "" },
	{ "", 0, "" },
};

START_TEST(words_stay_whole)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", fits[_i].text);
	reason_fit(text, fits[_i].room);
	ck_assert_str_eq(text, fits[_i].fits);
}
END_TEST

TEST_MAIN("reason")
{
	TCase *tc = add_case(suite, "reason");

	tcase_add_test(tc, the_network_is_told_from_a_domain);
	add_rows(tc, cause_comes_first, causes);
	add_rows(tc, words_stay_whole, fits);
}
