/* Who may ask: address prefixes. */

#include "base/prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "test_main.h"

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage storage;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

	memset(&storage, 0, sizeof(storage));
	if (strchr(text, ':') == NULL) {
		v4->sin_family = AF_INET;
		ck_assert_int_eq(inet_pton(AF_INET, text, &v4->sin_addr), 1);
	} else {
		v6->sin6_family = AF_INET6;
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	}
	return storage;
}

static const struct {
	const char *prefix, *address;
	bool contains;
} cases[] = {
	{ "192.0.2.0/24", "192.0.2.0", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/24", "192.0.1.255", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.4/30", "192.0.2.7", true },
	{ "192.0.2.4/30", "192.0.2.8", false },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.0", false },
	{ "192.0.2.1/32", "192.0.2.2", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "2001:db8::1", "2001:db8::1", true },
	{ "2001:db8::1/128", "2001:db8::2", false },
	/* an IPv4 client of an IPv6 socket */
	{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
	{ "192.0.2.0/24", "::ffff:192.0.3.7", false },
	{ "::/0", "::ffff:192.0.2.7", false },
};

START_TEST(prefix_contains_what_begins_with_it)
{
	const struct sockaddr_storage storage = address(cases[_i].address);
	struct prefix prefix;

	ck_assert_ptr_null(prefix_parse(cases[_i].prefix, &prefix));
	ck_assert_msg(prefix_contains(&prefix, &storage) == cases[_i].contains,
	    "%s %s", cases[_i].prefix, cases[_i].address);
}
END_TEST

static const char *const bad[] = { "", "/", "/8", "192.0.2", "192.0.2.0/",
	"192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/ 8", "192.0.2.0/8x",
	"192.0.2.0/99999999999", "192.0.2.1/24", "0.0.0.1/0", "2001:db8::/129",
	"2001:db8::1/64", "[::1]", "host", "192.0.2.0/255.255.255.0",
	"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };

START_TEST(nothing_else_is_a_prefix)
{
	struct prefix prefix;

	ck_assert_msg(prefix_parse(bad[_i], &prefix) != NULL, "%s", bad[_i]);
}
END_TEST

START_TEST(loopback_is_known)
{
	static const struct {
		const char *address;
		bool is;
	} addresses[] = {
		{ "127.0.0.1", true },
		{ "127.255.255.255", true },
		{ "126.255.255.255", false },
		{ "128.0.0.0", false },
		{ "::1", true },
		{ "::2", false },
		{ "::", false },
		{ "::ffff:127.0.0.1", true },
		{ "0.0.0.0", false },
	};

	for (size_t i = 0; i < COUNT(addresses); i++) {
		const struct sockaddr_storage storage =
		    address(addresses[i].address);

		ck_assert_msg(prefix_is_loopback(&storage) == addresses[i].is,
		    "%s", addresses[i].address);
	}
}
END_TEST

START_TEST(other_families_lie_in_no_prefix)
{
	struct sockaddr_storage storage = { .ss_family = AF_UNIX };
	struct prefix prefix;

	ck_assert_ptr_null(prefix_parse("0.0.0.0/0", &prefix));
	ck_assert(!prefix_contains(&prefix, &storage));
	ck_assert(!prefix_is_loopback(&storage));
}
END_TEST

TEST_MAIN("prefix")
{
	TCase *tc = add_case(suite, "prefix");

	add_rows(tc, prefix_contains_what_begins_with_it, cases);
	add_rows(tc, nothing_else_is_a_prefix, bad);
	tcase_add_test(tc, loopback_is_known);
	tcase_add_test(tc, other_families_lie_in_no_prefix);
}
