/* Which addresses no rung asks: one by one, and as blocks for libunbound; both
 * must say the same. */

#include "dns/address_filter.h"

#include <string.h>

#include "base/conf.h"
#include "base/endpoint.h"
#include "base/prefix.h"

#include "test_main.h"

#define BLOCKS_MAX 400

static struct endpoint servers[3];
static struct conf_zone zone = { .name = (char *)"corp", .servers = servers };
static struct conf conf;
static struct prefix blocks[BLOCKS_MAX];
static size_t block_count;

static struct endpoint
at(const char *text)
{
	struct endpoint endpoint;

	ck_assert_ptr_null(endpoint_parse_address(text, 53, &endpoint));
	return endpoint;
}

static void
set_up(void)
{
	memset(&conf, 0, sizeof(conf));
	block_count = 0;
	servers[0] = at("127.0.0.53");
	servers[1] = at("169.254.7.7");
	servers[2] = at("::1");
}

static void
keep(void *arg, const char *block)
{
	(void)arg;
	ck_assert_uint_lt(block_count, BLOCKS_MAX);
	ck_assert_ptr_null(prefix_parse(block, &blocks[block_count++]));
}

static bool
is_in_block(const struct endpoint *server)
{
	struct prefix address;

	ck_assert(prefix_of(&server->address, &address));
	for (size_t i = 0; i < block_count; i++)
		if (prefix_is_within(&address, &blocks[i]))
			return true;
	return false;
}

static const struct {
	const char *address;
	bool may;
} rows[] = {
	{ "192.0.2.1", true },
	{ "10.0.0.1", true },
	{ "1.0.0.0", true },
	{ "0.0.0.0", false },
	{ "0.255.255.255", false },
	{ "126.255.255.255", true },
	{ "127.0.0.1", false },
	{ "127.0.0.52", false },
	{ "127.0.0.54", false },
	{ "127.255.255.255", false },
	{ "128.0.0.0", true },
	{ "169.253.255.255", true },
	{ "169.254.0.0", false },
	{ "169.254.7.6", false },
	{ "169.255.0.0", true },
	{ "223.255.255.255", true },
	{ "224.0.0.5", false },
	{ "240.0.0.1", false },
	{ "255.255.255.255", false },
	{ "2001:db8::1", true },
	{ "::", false },
	{ "::2", false },
	{ "::127.0.0.1", false },
	{ "::ffff:127.0.0.1", false },
	{ "::ffff:192.0.2.1", false },
	{ "::ffff:0:192.0.2.1", false },
	{ "64:ff9b::1.2.3.4", true },
	{ "100::1", false },
	{ "fd00::1", true },
	{ "fe80::1", false },
	{ "febf::1", false },
	{ "fec0::1", true },
	{ "ff02::1", false },
};

START_TEST(both_say_the_same)
{
	const struct endpoint server = at(rows[_i % (int)COUNT(rows)].address);
	const bool may = rows[_i % (int)COUNT(rows)].may;

	if (_i >= (int)COUNT(rows)) { /* with servers in the midst of them */
		conf.zones = &zone;
		conf.zone_count = 1;
		zone.server_count = COUNT(servers);
	}
	ck_assert_int_eq(address_filter_never_asked(&conf, keep, NULL), 0);
	ck_assert_int_eq(address_filter_may_ask(&conf, &server), may);
	ck_assert_int_eq(is_in_block(&server), !may);
}
END_TEST

START_TEST(configured_server_is_asked)
{
	conf.zones = &zone;
	conf.zone_count = 1;
	zone.server_count = COUNT(servers);
	ck_assert_int_eq(address_filter_never_asked(&conf, keep, NULL), 0);
	for (size_t i = 0; i < COUNT(servers); i++) {
		ck_assert(address_filter_may_ask(&conf, &servers[i]));
		ck_assert(!is_in_block(&servers[i]));
	}
}
END_TEST

START_TEST(loopback_where_the_option_says_so)
{
	static char *lines[][2] = {
		{ (char *)"do-not-query-localhost: no", NULL },
		{ (char *)"do-not-query-localhost:no", NULL },
		{ (char *)"do-not-query-localhost: yes", NULL },
		{ (char *)"do-not-query-localhost: no",
		    (char *)"do-not-query-localhost: yes" },
		{ (char *)"do-not-query-localhost: yes",
		    (char *)"do-not-query-localhost: no" },
		{ (char *)"outgoing-range: 64", NULL },
	};
	static const bool allowed[] = { true, true, false, false, true, false };
	static const char *const loopback[] = { "127.0.0.1", "::1" };
	const struct endpoint other = at("169.254.1.1");

	conf.resolver_options =
	    (struct conf_strings){ lines[_i], lines[_i][1] != NULL ? 2 : 1 };
	ck_assert_int_eq(address_filter_never_asked(&conf, keep, NULL), 0);
	for (size_t i = 0; i < COUNT(loopback); i++) {
		const struct endpoint server = at(loopback[i]);

		ck_assert_int_eq(
		    address_filter_may_ask(&conf, &server), allowed[_i]);
		ck_assert_int_eq(is_in_block(&server), !allowed[_i]);
	}
	/* No more than what it says. */
	ck_assert(
	    !address_filter_may_ask(&conf, &other) && is_in_block(&other));
}
END_TEST

START_TEST(our_own_listener_is_never_asked)
{
	struct endpoint own[] = { at("192.0.2.25"), at("127.0.0.25") };
	char *line = (char *)"do-not-query-localhost: no";

	conf.dns_listen = (struct conf_endpoints){ own, COUNT(own) };
	conf.resolver_options = (struct conf_strings){ &line, 1 };
	ck_assert_int_eq(address_filter_never_asked(&conf, keep, NULL), 0);
	for (size_t i = 0; i < COUNT(own); i++) {
		ck_assert(!address_filter_may_ask(&conf, &own[i]));
		ck_assert(is_in_block(&own[i]));
	}
}
END_TEST

START_TEST(listener_without_address_is_an_error)
{
	struct endpoint nowhere = { .length = 2 };

	conf.dns_listen = (struct conf_endpoints){ &nowhere, 1 };
	ck_assert_int_eq(address_filter_never_asked(&conf, keep, NULL), -1);
}
END_TEST

TEST_MAIN("addresses")
{
	TCase *tc = add_case(suite, "addresses");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_loop_test(tc, both_say_the_same, 0, 2 * (int)COUNT(rows));
	tcase_add_test(tc, configured_server_is_asked);
	tcase_add_loop_test(tc, loopback_where_the_option_says_so, 0, 6);
	tcase_add_test(tc, our_own_listener_is_never_asked);
	tcase_add_test(tc, listener_without_address_is_an_error);
}
