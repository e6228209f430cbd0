/* Where to listen and connect: what administrators write. */

#include "base/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "test_main.h"

/* The longest path of a unix socket, terminator not counted. */
#define PATH_LONGEST (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

static const struct sockaddr_in *
inet4(const struct endpoint *endpoint)
{
	return (const struct sockaddr_in *)&endpoint->address;
}

static const struct sockaddr_in6 *
inet6(const struct endpoint *endpoint)
{
	return (const struct sockaddr_in6 *)&endpoint->address;
}

static void
assert_is(const struct endpoint *endpoint, int family, const char *address,
    unsigned port)
{
	char text[INET6_ADDRSTRLEN];

	ck_assert_int_eq(endpoint->address.ss_family, family);
	if (family == AF_INET) {
		ck_assert_uint_eq(endpoint->length, sizeof(struct sockaddr_in));
		ck_assert_uint_eq(ntohs(inet4(endpoint)->sin_port), port);
		inet_ntop(
		    family, &inet4(endpoint)->sin_addr, text, sizeof(text));
	} else {
		ck_assert_uint_eq(
		    endpoint->length, sizeof(struct sockaddr_in6));
		ck_assert_uint_eq(ntohs(inet6(endpoint)->sin6_port), port);
		inet_ntop(
		    family, &inet6(endpoint)->sin6_addr, text, sizeof(text));
	}
	ck_assert_str_eq(text, address);
}

/* ---- listeners ---- */

static const struct {
	const char *text;
	int family;
	const char *address;
	unsigned port;
	const char *canonical;
} listeners[] = {
	{ "inet:127.0.0.1:8642", AF_INET, "127.0.0.1", 8642,
	    "inet:127.0.0.1:8642" },
	{ "inet:0.0.0.0:1", AF_INET, "0.0.0.0", 1, "inet:0.0.0.0:1" },
	{ "inet:192.0.2.1:65535", AF_INET, "192.0.2.1", 65535,
	    "inet:192.0.2.1:65535" },
	{ "inet:[::1]:8642", AF_INET6, "::1", 8642, "inet:[::1]:8642" },
	{ "inet:[::]:53", AF_INET6, "::", 53, "inet:[::]:53" },
	{ "inet:[2001:DB8:0::25]:00053", AF_INET6, "2001:db8::25", 53,
	    "inet:[2001:db8::25]:53" },
};

START_TEST(listener_is_read_and_written)
{
	struct endpoint endpoint;
	char text[ENDPOINT_TEXT_MAX];

	memset(&endpoint, 0xff, sizeof(endpoint));
	ck_assert_ptr_null(endpoint_parse(listeners[_i].text, &endpoint));
	assert_is(&endpoint, listeners[_i].family, listeners[_i].address,
	    listeners[_i].port);
	ck_assert_str_eq(
	    endpoint_text(&endpoint, text), listeners[_i].canonical);
	ck_assert_ptr_null(endpoint_parse(text, &endpoint));
}
END_TEST

START_TEST(unix_socket_is_read_and_written)
{
	struct endpoint endpoint;
	char text[ENDPOINT_TEXT_MAX];

	memset(&endpoint, 0xff, sizeof(endpoint));
	ck_assert_ptr_null(
	    endpoint_parse("unix:/run/postdane/with:colon", &endpoint));
	ck_assert_int_eq(endpoint.address.ss_family, AF_UNIX);
	ck_assert_str_eq(
	    ((const struct sockaddr_un *)&endpoint.address)->sun_path,
	    "/run/postdane/with:colon");
	ck_assert_str_eq(
	    endpoint_text(&endpoint, text), "unix:/run/postdane/with:colon");
}
END_TEST

START_TEST(longest_path_passes_and_one_more_octet_does_not)
{
	char text[ENDPOINT_TEXT_MAX + 8], written[ENDPOINT_TEXT_MAX];
	struct endpoint endpoint;
	const char *why;

	memset(text, 'a', sizeof(text));
	memcpy(text, "unix:/", 6);
	text[5 + PATH_LONGEST] = '\0';
	ck_assert_ptr_null(endpoint_parse(text, &endpoint));
	ck_assert_str_eq(endpoint_text(&endpoint, written), text);

	text[5 + PATH_LONGEST] = 'a';
	text[5 + PATH_LONGEST + 1] = '\0';
	why = endpoint_parse(text, &endpoint);
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_nonnull(strstr(why, "107"));
}
END_TEST

static const struct {
	const char *text;
	const char *why;
} no_listeners[] = {
	{ "", "inet: or unix:" },
	{ "127.0.0.1:8642", "inet: or unix:" },
	{ "INET:127.0.0.1:8642", "inet: or unix:" },
	{ " inet:127.0.0.1:8642", "inet: or unix:" },
	{ "tcp:127.0.0.1:8642", "inet: or unix:" },
	{ "/run/postdane/socket", "inet: or unix:" },
	{ "unix:", "begins with /" },
	{ "unix:run/postdane", "begins with /" },
	{ "unix:@abstract", "begins with /" },
	{ "inet:", "inet:ADDRESS:PORT" },
	{ "inet:127.0.0.1", "inet:ADDRESS:PORT" },
	{ "inet:8642", "inet:ADDRESS:PORT" },
	{ "inet:::1:8642", "inet:ADDRESS:PORT" },
	{ "inet:[::1]", "inet:ADDRESS:PORT" },
	{ "inet:[::1", "inet:ADDRESS:PORT" },
	{ "inet:[::1]x:25", "inet:ADDRESS:PORT" },
	{ "inet:[::1]x]:25", "bracket" },
	{ "inet:127.0.0.1:", "port" },
	{ "inet:127.0.0.1:0", "port" },
	{ "inet:127.0.0.1:65536", "port" },
	{ "inet:127.0.0.1:99999999999999999999", "port" },
	{ "inet:127.0.0.1:-1", "port" },
	{ "inet:127.0.0.1:+25", "port" },
	{ "inet:127.0.0.1: 25", "port" },
	{ "inet:127.0.0.1:25x", "port" },
	{ "inet:127.0.0.1:smtp", "port" },
	{ "inet:[::1]:", "port" },
	{ "inet::25", "numeric" },
	{ "inet:[]:25", "numeric" },
	{ "inet:localhost:8642", "numeric" },
	{ "inet:mx.example.org:25", "numeric" },
	{ "inet:256.0.0.1:25", "numeric" },
	{ "inet:[1::2::3]:25", "numeric" },
	{ "inet:127.0.0.1%lo:25", "numeric" },
	/* What getaddrinfo() would take, and not for what was meant. */
	{ "inet:*:8642", "numeric" },
	{ "inet:127.1:8642", "numeric" },
	{ "inet:010.0.0.1:8642", "numeric" },
	{ "inet:0x7f000001:8642", "numeric" },
};

START_TEST(is_no_listener)
{
	struct endpoint endpoint;
	const char *why = endpoint_parse(no_listeners[_i].text, &endpoint);

	ck_assert_msg(why != NULL, "%s", no_listeners[_i].text);
	ck_assert_msg(strstr(why, no_listeners[_i].why) != NULL, "%s: %s",
	    no_listeners[_i].text, why);
}
END_TEST

/* ---- name servers ---- */

static const struct {
	const char *text;
	int family;
	const char *address;
	unsigned port;
} servers[] = {
	{ "192.0.2.53", AF_INET, "192.0.2.53", 53 },
	{ "192.0.2.53:5353", AF_INET, "192.0.2.53", 5353 },
	{ "2001:db8::53", AF_INET6, "2001:db8::53", 53 },
	{ "[2001:db8::53]", AF_INET6, "2001:db8::53", 53 },
	{ "[2001:db8::53]:5353", AF_INET6, "2001:db8::53", 5353 },
	{ "::1", AF_INET6, "::1", 53 },
	{ "::ffff:192.0.2.53", AF_INET6, "::ffff:192.0.2.53", 53 },
};

START_TEST(server_is_read)
{
	struct endpoint endpoint;

	ck_assert_ptr_null(
	    endpoint_parse_address(servers[_i].text, 53, &endpoint));
	assert_is(&endpoint, servers[_i].family, servers[_i].address,
	    servers[_i].port);
}
END_TEST

static const char *const no_servers[] = {
	"",
	"ns.example.org",
	"192.0.2.53:",
	"192.0.2.53:0",
	"192.0.2.53:65536",
	"192.0.2.53:domain",
	"192.0.2.53 ",
	"192.0.2.53#5353",
	"192.0.2.53@5353",
	"192.0.2.256",
	"*",
	"192.0.513",
	"192.0.2.053",
	"[2001:db8::53",
	"[2001:db8::53]5353",
	"[2001:db8::53]:",
	"2001:db8::53]",
	"2001:db8:::53",
	":53",
	"[]",
	"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee",
};

START_TEST(is_no_server)
{
	struct endpoint endpoint;
	const char *why = endpoint_parse_address(no_servers[_i], 53, &endpoint);

	ck_assert_msg(why != NULL, "%s", no_servers[_i]);
	ck_assert_str_ne(why, "");
}
END_TEST

/* ---- what keeps us from listening ---- */

START_TEST(bind_error_says_what_to_do)
{
	struct endpoint inet, local;

	ck_assert_ptr_null(endpoint_parse("inet:[::1]:53", &inet));
	ck_assert_ptr_null(endpoint_parse("unix:/run/x", &local));
	ck_assert_ptr_nonnull(
	    strstr(endpoint_bind_error(&inet, EACCES), "privilege"));
	ck_assert_ptr_nonnull(
	    strstr(endpoint_bind_error(&inet, EADDRINUSE), "ss -lntup"));
	ck_assert_str_eq(
	    endpoint_bind_error(&inet, EADDRNOTAVAIL), strerror(EADDRNOTAVAIL));
	/* Of a socket's directory, and not shown by ss -lntup. */
	ck_assert_str_eq(endpoint_bind_error(&local, EACCES), strerror(EACCES));
	ck_assert_str_eq(
	    endpoint_bind_error(&local, EADDRINUSE), strerror(EADDRINUSE));
}
END_TEST

TEST_MAIN("endpoint")
{
	TCase *tc = add_case(suite, "endpoint");

	add_rows(tc, listener_is_read_and_written, listeners);
	tcase_add_test(tc, unix_socket_is_read_and_written);
	tcase_add_test(tc, longest_path_passes_and_one_more_octet_does_not);
	add_rows(tc, is_no_listener, no_listeners);
	add_rows(tc, server_is_read, servers);
	add_rows(tc, is_no_server, no_servers);
	tcase_add_test(tc, bind_error_says_what_to_do);
}
