/*
 * The state of the daemon as JSON and for Prometheus: names, order and types.
 * The numbers come from the stand-ins below.
 */

#include "wire/admin/daemon_status.h"

#include <event2/buffer.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/stats.h"
#include "dns/anchors.h"
#include "dns/resolver.h"
#include "dns/rollover.h"
#include "policy/policy_service.h"
#include "wire/dns/dns_server.h"
#include "wire/table/table_server.h"

#include "golden.h"
#include "test_main.h"

#define UP_SECONDS (26 * 3600 + 184)

/* ---- stand-ins ---- */

size_t
table_server_connections(const struct table_server *table_server)
{
	(void)table_server;
	return 11;
}

void
table_server_each(const struct table_server *table_server,
    void (*found)(void *arg, const struct protocol *protocol,
	const struct endpoint *endpoint),
    void *arg)
{
	static const struct protocol socketmap = { .name = "socketmap" };
	static const struct protocol tcp_table = { .name = "tcp_table" };
	struct endpoint endpoint;

	(void)table_server;
	ck_assert_ptr_null(endpoint_parse("inet:127.0.0.1:8642", &endpoint));
	found(arg, &socketmap, &endpoint);
	ck_assert_ptr_null(endpoint_parse("unix:/run/tcp", &endpoint));
	found(arg, &tcp_table, &endpoint);
}

size_t
policy_service_in_flight(const struct policy_service *service)
{
	(void)service;
	return 12;
}

size_t
policy_service_cache_entries(const struct policy_service *service)
{
	(void)service;
	return 13;
}

size_t
policy_service_cache_bytes(const struct policy_service *service)
{
	(void)service;
	return 14000;
}

size_t
resolver_in_flight(const struct resolver *resolver)
{
	(void)resolver;
	return 15;
}

enum trust_state
resolver_trust(const struct resolver *resolver, const char **why)
{
	(void)resolver;
	if (why != NULL)
		*why = NULL;
	return TRUST_ALIVE;
}

struct rollover *
resolver_rollover(const struct resolver *resolver)
{
	(void)resolver;
	return NULL;
}

const struct anchors *
rollover_anchors(const struct rollover *rollover)
{
	static const char known;

	(void)rollover;
	return (const struct anchors *)&known;
}

const char *
rollover_trouble(const struct rollover *rollover)
{
	(void)rollover;
	return "the state directory is full";
}

size_t
anchors_count(const struct anchors *anchors)
{
	(void)anchors;
	return 2;
}

struct anchor
anchors_get(const struct anchors *anchors, size_t i)
{
	static const struct anchor keys[] = {
		{ ". DS", 20326, ANCHOR_VALID, 1798113600, true },
		{ ". DS", 38696, ANCHOR_PENDING, 0, false },
	};

	(void)anchors;
	return keys[i];
}

const char *
dns_server_address(const struct dns_server *service, size_t index,
    char text[DNS_SERVER_ADDRESS_MAX])
{
	(void)service;
	snprintf(text, DNS_SERVER_ADDRESS_MAX, "127.0.0.25");
	return index == 0 ? text : NULL;
}

size_t
dns_server_in_flight(const struct dns_server *service)
{
	(void)service;
	return 16;
}

size_t
dns_server_connections(const struct dns_server *service)
{
	(void)service;
	return 17;
}

/* ---- the state ---- */

struct rig {
	struct conf conf;
	struct conf_map map;
	struct stats stats;
	struct daemon_status_source source;
};

/* Each counter has a number of its own. */
static void
setup(struct rig *rig)
{
	*rig = (struct rig){ .conf = { .policy = { .no_dane_explicit =
						       CONF_NO_DANE_NOTFOUND },
				 .map_count = 1,
				 .tcp_table_map = "strict" },
		.map = { .name = "strict",
		    .policy = { .no_dane = CONF_NO_DANE_ENCRYPT,
			.no_dane_explicit = CONF_NO_DANE_ENCRYPT,
			.insecure_mx = CONF_INSECURE_MX_MAY,
			.dane_only = CONF_DANE_ONLY_WHEN_COMPLETE,
			.carry = CONF_CARRY_FINGERPRINT } } };
	rig->conf.maps = &rig->map;
	for (size_t i = 0; i < STATS_COUNTERS; i++)
		rig->stats.counter[i] = 100 + i;
	for (size_t i = 0; i <= STATS_BUCKETS; i++)
		rig->stats.lookup.bucket[i] = i;
	rig->stats.lookup.sum_ms = 123456;
	rig->source = (struct daemon_status_source){ .conf = &rig->conf,
		.stats = &rig->stats,
		.started = clock_ms() - UP_SECONDS * 1000 };
}

START_TEST(the_state_for_programs)
{
	struct rig rig;
	json_t *status;

	setup(&rig);
	status = daemon_status_json(&rig.source);
	ck_assert_ptr_nonnull(status);
	/* The one number that the machine makes. */
	ck_assert_int_ge(
	    json_integer_value(json_object_get(status, "uptime")), UP_SECONDS);
	json_object_set_new(status, "uptime", json_integer(UP_SECONDS));
	golden_json(status, "status.json");
}
END_TEST

START_TEST(the_state_for_prometheus)
{
	struct evbuffer *metrics = evbuffer_new();
	struct golden golden;
	struct rig rig;

	setup(&rig);
	ck_assert_ptr_nonnull(metrics);
	daemon_status_prometheus(&rig.source, metrics);
	golden_open(&golden);
	fprintf(golden.out, "%.*s", (int)evbuffer_get_length(metrics),
	    (const char *)evbuffer_pullup(metrics, -1));
	evbuffer_free(metrics);
	golden_close(&golden, "metrics.txt");
}
END_TEST

START_TEST(the_state_in_one_line)
{
	struct golden golden;
	struct rig rig;
	char line[256];

	setup(&rig);
	daemon_status_line(&rig.source, line, sizeof(line));
	golden_open(&golden);
	fprintf(golden.out, "%s\n", line);
	golden_close(&golden, "status-line.txt");
}
END_TEST

TEST_MAIN("golden_status")
{
	TCase *tc = add_case(suite, "the daemon");

	tcase_add_test(tc, the_state_for_programs);
	tcase_add_test(tc, the_state_for_prometheus);
	tcase_add_test(tc, the_state_in_one_line);
}
