/*
 * Zone blocks: which one a name lies in, and what libunbound is told of them;
 * libunbound itself must accept it.
 */

#include "dns/zones.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>

#include "base/conf.h"

#include "test_main.h"

static struct endpoint
server(const char *address, unsigned port)
{
	struct endpoint endpoint;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint.address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&endpoint.address;

	memset(&endpoint, 0, sizeof(endpoint));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		endpoint.length = sizeof(*v4);
	} else {
		ck_assert_int_eq(
		    inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		endpoint.length = sizeof(*v6);
	}
	return endpoint;
}

static struct conf_zone blocks[] = {
	{ .name = (char *)"internal", .insecure = true },
	{ .name = (char *)"a.corp.internal" },
	{ .name = (char *)"corp.internal", .insecure = true },
	{ .name = (char *)"signed.corp.internal" },
};

static const struct conf some = { .zones = blocks,
	.zone_count = COUNT(blocks) };

static const struct {
	const char *name, *insecure; /* NULL: none */
} rows[] = {
	{ "internal", "internal" },
	{ "x.internal", "internal" },
	{ "corp.internal", "corp.internal" },
	{ "b.corp.internal", "corp.internal" },
	/* it holds for blocks below, as in libunbound: a stub there would
	 * otherwise be insecure without a reason, for ever */
	{ "a.corp.internal", "corp.internal" },
	{ "b.a.corp.internal", "corp.internal" },
	{ "x.signed.corp.internal", "corp.internal" },
	{ "xcorp.internal", "internal" },
	{ "xinternal", NULL },
	{ "internal.example", NULL },
	{ ".", NULL },
};

START_TEST(insecure_holds_for_all_below)
{
	const struct conf_zone *zone = zones_insecure(&some, rows[_i].name);

	if (rows[_i].insecure == NULL)
		ck_assert_ptr_null(zone);
	else
		ck_assert_str_eq(zone->name, rows[_i].insecure);
}
END_TEST

START_TEST(root_block_is_for_all)
{
	struct endpoint own = server("192.0.2.53", 53);
	struct conf_zone root = {
		.name = (char *)".", .servers = &own, .server_count = 1
	};
	const struct conf conf = { .zones = &root, .zone_count = 1 };

	ck_assert_ptr_eq(zones_servers(&conf, "."), &root);
	ck_assert_ptr_eq(zones_servers(&conf, "a.example"), &root);
	ck_assert_ptr_null(zones_insecure(&conf, "a.example"));
	root.insecure = true;
	ck_assert_ptr_eq(zones_insecure(&conf, "a.example"), &root);
}
END_TEST

/* Below a forwarder the internet is never asked, a block without servers
 * being in between or not. */
START_TEST(forwarder_above_is_found)
{
	struct endpoint own = server("192.0.2.53", 53);
	struct conf_zone zones[] = {
		{ .name = (char *)".", .servers = &own, .server_count = 1 },
		{ .name = (char *)"corp.internal", .insecure = true },
		{ .name = (char *)"b.corp.internal",
		    .servers = &own,
		    .server_count = 1 },
	};
	const struct conf conf = { .zones = zones, .zone_count = 3 };

	ck_assert_ptr_eq(zones_servers(&conf, "a.corp.internal"), &zones[0]);
	ck_assert_ptr_eq(zones_servers(&conf, "example"), &zones[0]);
	ck_assert_ptr_eq(zones_servers(&conf, "a.b.corp.internal"), &zones[2]);
	ck_assert_ptr_null(zones_servers(&some, "a.corp.internal"));
}
END_TEST

/* In whatever order the configuration has them. */
START_TEST(deepest_block_counts)
{
	struct endpoint own = server("192.0.2.53", 53);
	struct conf_zone zones[] = {
		{ .name = (char *)"b.corp.internal",
		    .servers = &own,
		    .server_count = 1,
		    .insecure = true },
		{ .name = (char *)"corp.internal",
		    .servers = &own,
		    .server_count = 1,
		    .insecure = true },
	};
	const struct conf conf = { .zones = zones, .zone_count = 2 };

	ck_assert_ptr_eq(zones_servers(&conf, "a.b.corp.internal"), &zones[0]);
	ck_assert_ptr_eq(zones_insecure(&conf, "a.b.corp.internal"), &zones[0]);
	ck_assert_ptr_eq(zones_servers(&conf, "a.corp.internal"), &zones[1]);
}
END_TEST

START_TEST(no_blocks_no_zone)
{
	const struct conf none = { .zone_count = 0 };

	ck_assert_ptr_null(zones_servers(&none, "a.example"));
	ck_assert_ptr_null(zones_insecure(&none, "a.example"));
}
END_TEST

static char *
written(const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(zones_write(conf, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return text;
}

static void
accepted_by_libunbound(const char *text)
{
	char path[] = "/tmp/test_zones.XXXXXX";
	const int fd = mkstemp(path);
	struct ub_ctx *ub = ub_ctx_create();
	struct ub_result *result = NULL;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ub_ctx_debugout(ub, NULL);
	ck_assert_int_eq(ub_ctx_config(ub, path), 0);
	/* Only now does it read what it was given. */
	ck_assert_int_eq(ub_resolve(ub, "localhost.", 1, 1, &result), 0);
	ub_resolve_free(result);
	ub_ctx_delete(ub);
	unlink(path);
}

START_TEST(blocks_are_written)
{
	struct endpoint servers[] = { server("192.0.2.53", 53),
		server("2001:db8::53", 5353) };
	struct conf_zone zones[] = {
		{ .name = (char *)"corp.internal",
		    .servers = servers,
		    .server_count = 2,
		    .insecure = true },
		{ .name = (char *)"stub.example",
		    .servers = servers,
		    .server_count = 1,
		    .is_stub = true },
		{ .name = (char *)"bare.example", .insecure = true },
	};
	const struct conf conf = { .zones = zones, .zone_count = 3 };
	char *text = written(&conf);

	ck_assert_str_eq(text, "server:\n"
			       "domain-insecure: \"corp.internal\"\n"
			       "domain-insecure: \"bare.example\"\n"
			       "forward-zone:\nname: \"corp.internal\"\n"
			       "forward-addr: 192.0.2.53@53\n"
			       "forward-addr: 2001:db8::53@5353\n"
			       "stub-zone:\nname: \"stub.example\"\n"
			       "stub-addr: 192.0.2.53@53\n");
	accepted_by_libunbound(text);
	free(text);
}
END_TEST

static const struct {
	const char *zone, *line; /* NULL: no built-in zone is touched */
} built_in[] = {
	{ "home.arpa", "local-zone: \"home.arpa.\" nodefault\n" },
	{ "corp.home.arpa", "local-zone: \"home.arpa.\" nodefault\n" },
	{ "arpa", "local-zone: \"home.arpa.\" nodefault\n" },
	{ "5.10.in-addr.arpa", "local-zone: \"10.in-addr.arpa.\" nodefault\n" },
	{ "x.test", "local-zone: \"test.\" nodefault\n" },
	{ "d.f.ip6.arpa", "local-zone: \"d.f.ip6.arpa.\" nodefault\n" },
	{ "xhome.arpa", NULL },
	{ "corp.example", NULL },
};

START_TEST(built_in_zone_gives_way)
{
	struct endpoint forwarder = server("192.0.2.53", 53);
	struct conf_zone zone = { .name = (char *)(uintptr_t)built_in[_i].zone,
		.servers = &forwarder,
		.server_count = 1 };
	const struct conf conf = { .zones = &zone, .zone_count = 1 };
	char *text = written(&conf);

	if (built_in[_i].line == NULL)
		ck_assert_ptr_null(strstr(text, "nodefault"));
	else
		ck_assert_msg(
		    strstr(text, built_in[_i].line) != NULL, "%s", text);
	ck_assert_ptr_null(strstr(text, "domain-insecure"));
	accepted_by_libunbound(text);
	free(text);
}
END_TEST

static const struct {
	const char *name, *zone; /* NULL: it is a name like any other */
} local[] = {
	{ "5.10.in-addr.arpa", "10.in-addr.arpa" },
	{ "10.in-addr.arpa", "10.in-addr.arpa" },
	{ "x.test", "test" },
	{ "in-addr.arpa", NULL },
	{ "arpa", NULL },
	{ ".", NULL },
	{ "xtest", NULL },
	{ "test.example", NULL },
};

/* What is above a name that nobody signs may be signed. */
START_TEST(only_built_in_zones_need_no_proof)
{
	struct endpoint forwarder = server("192.0.2.53", 53);
	struct conf_zone block = { .name = (char *)(uintptr_t)local[_i].name,
		.servers = &forwarder,
		.server_count = 1 };
	const struct conf none = { .zone_count = 0 };
	const struct conf conf = { .zones = &block, .zone_count = 1 };
	const char *found = zones_built_in(&none, local[_i].name);

	ck_assert_msg(
	    (found == NULL) == (local[_i].zone == NULL), "%s", local[_i].name);
	if (found != NULL)
		ck_assert_str_eq(found, local[_i].zone);
	/* A block for it: its servers are asked, and its proof. */
	ck_assert_ptr_null(zones_built_in(&conf, local[_i].name));
}
END_TEST

START_TEST(root_block_switches_off_all)
{
	struct endpoint forwarder = server("192.0.2.53", 53);
	struct conf_zone zone = {
		.name = (char *)".", .servers = &forwarder, .server_count = 1
	};
	const struct conf conf = { .zones = &zone, .zone_count = 1 };
	char *text = written(&conf);
	size_t lines = 0;

	for (const char *at = text; (at = strstr(at, "nodefault")) != NULL;
	     at++)
		lines++;
	ck_assert_uint_ge(lines, 30);
	free(text);
}
END_TEST

static const struct {
	const char *address;
	bool loopback;
} hosts[] = {
	{ "127.0.0.1", true },
	{ "127.9.9.9", true },
	{ "::1", true },
	{ "128.0.0.1", false },
	{ "192.0.2.1", false },
	{ "2001:db8::1", false },
};

START_TEST(server_on_loopback_may_be_asked)
{
	struct endpoint own = server(hosts[_i].address, 53);
	struct conf_zone zone = { .name = (char *)"corp.internal",
		.servers = &own,
		.server_count = 1 };
	const struct conf conf = { .zones = &zone, .zone_count = 1 };
	char *text = written(&conf);

	ck_assert_msg((strstr(text, "do-not-query-localhost: no\n") != NULL) ==
			  hosts[_i].loopback,
	    "%s", text);
	free(text);
}
END_TEST

START_TEST(write_error_is_told)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	setvbuf(full, NULL, _IONBF, 0);
	ck_assert_int_eq(zones_write(&some, full), -1);
	fclose(full);
}
END_TEST

TEST_MAIN("zones")
{
	TCase *tc = add_case(suite, "zones");

	add_rows(tc, insecure_holds_for_all_below, rows);
	tcase_add_test(tc, root_block_is_for_all);
	tcase_add_test(tc, forwarder_above_is_found);
	tcase_add_test(tc, deepest_block_counts);
	tcase_add_test(tc, no_blocks_no_zone);
	tcase_add_test(tc, blocks_are_written);
	add_rows(tc, built_in_zone_gives_way, built_in);
	add_rows(tc, only_built_in_zones_need_no_proof, local);
	tcase_add_test(tc, root_block_switches_off_all);
	add_rows(tc, server_on_loopback_may_be_asked, hosts);
	tcase_add_test(tc, write_error_is_told);
}
