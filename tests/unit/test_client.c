/*
 * What the commands ask the daemon: all that was meant, or nothing.
 */

#include "command/client.h"

#include <stdlib.h>

#include "command/fields.h"

#include "test_main.h"

static const struct {
	const char *key, *map;
} requests[] = {
	{ "example.org", "relays" },
	{ "example.org", NULL },
	{ NULL, "relays" },
	{ NULL, NULL },
};

/* Less is another question: one to flush a key would flush all. */
START_TEST(request_is_complete)
{
	const char *key = requests[_i].key, *map = requests[_i].map;
	json_t *request = client_request("flush", key, map);

	ck_assert_ptr_nonnull(request);
	if (json_object_size(request) !=
	    1U + (key != NULL ? 1 : 0) + (map != NULL ? 1 : 0))
		abort(); /* which tests/allocs does not allow */
	ck_assert_str_eq(fields_text(request, "command"), "flush");
	ck_assert_str_eq(fields_text(request, "key"), key != NULL ? key : "");
	ck_assert_str_eq(fields_text(request, "map"), map != NULL ? map : "");
	json_decref(request);
}
END_TEST

static const struct {
	const char *key, *map;
} broken[] = {
	{ "\xff", NULL },
	{ "\xff", "relays" },
	{ "example.org", "\xff" },
};

START_TEST(what_is_no_utf8_is_not_asked)
{
	ck_assert_ptr_null(
	    client_request("query", broken[_i].key, broken[_i].map));
}
END_TEST

TEST_MAIN("client")
{
	TCase *tc = add_case(suite, "client");

	add_rows(tc, request_is_complete, requests);
	add_rows(tc, what_is_no_utf8_is_not_asked, broken);
}
