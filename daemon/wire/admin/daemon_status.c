/* daemon_status.c - the state of the daemon. */

#include "wire/admin/daemon_status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/loop_time.h"
#include "base/stats.h"
#include "dns/anchors.h"
#include "dns/resolver.h"
#include "dns/rollover.h"
#include "policy/policy_service.h"
#include "wire/dns/dns_server.h"
#include "wire/table/protocol.h"
#include "wire/table/table_server.h"

static size_t
connections(const struct daemon_status_source *source)
{
	return table_server_connections(source->table_server);
}

static size_t
evaluations(const struct daemon_status_source *source)
{
	return policy_service_in_flight(source->service);
}

static size_t
lookups(const struct daemon_status_source *source)
{
	return resolver_in_flight(source->resolver);
}

static size_t
cache_entries(const struct daemon_status_source *source)
{
	return policy_service_cache_entries(source->service);
}

static size_t
cache_bytes(const struct daemon_status_source *source)
{
	return policy_service_cache_bytes(source->service);
}

static size_t
dns_queries(const struct daemon_status_source *source)
{
	return dns_server_in_flight(source->dns);
}

static size_t
dns_connections(const struct daemon_status_source *source)
{
	return dns_server_connections(source->dns);
}

static size_t
trust(const struct daemon_status_source *source)
{
	return resolver_trust(source->resolver, NULL) == TRUST_ALIVE;
}

static size_t
count_anchors(const struct daemon_status_source *source, bool trusted)
{
	const struct anchors *anchors =
	    rollover_anchors(resolver_rollover(source->resolver));
	size_t count = 0;

	for (size_t i = 0; anchors != NULL && i < anchors_count(anchors); i++) {
		const struct anchor anchor = anchors_get(anchors, i);

		count += trusted ? anchor_is_trusted(&anchor)
				 : anchor.state == ANCHOR_PENDING;
	}
	return count;
}

static size_t
anchors_trusted(const struct daemon_status_source *source)
{
	return count_anchors(source, true);
}

static size_t
anchors_pending(const struct daemon_status_source *source)
{
	return count_anchors(source, false);
}

static size_t
anchors_followed(const struct daemon_status_source *source)
{
	return rollover_trouble(resolver_rollover(source->resolver)) == NULL;
}

/* Gauges. */
static const struct {
	const char *metric, *help;
	size_t (*value)(const struct daemon_status_source *source);
} gauges[] = {
	{ "postdane_connections", "Connections of Postfix that are open.",
	    connections },
	{ "postdane_evaluations_in_flight", "Next hops being evaluated.",
	    evaluations },
	{ "postdane_lookups_in_flight", "DNS lookups that run or wait.",
	    lookups },
	{ "postdane_cache_entries",
	    "Next hops in the verdict cache, expired ones included.",
	    cache_entries },
	{ "postdane_cache_bytes", "Memory of the verdict cache.", cache_bytes },
	{ "postdane_dns_queries_in_flight",
	    "Questions to the DNS listener that are being looked up.",
	    dns_queries },
	{ "postdane_dns_connections",
	    "TCP connections to the DNS listener that are open.",
	    dns_connections },
	{ "postdane_trust_path",
	    "1 while the root's keys validate; otherwise all is deferred.",
	    trust },
	{ "postdane_trust_anchors", "Keys of the root that are trusted.",
	    anchors_trusted },
	{ "postdane_trust_anchors_pending",
	    "New keys of the root that are not trusted yet.", anchors_pending },
	{ "postdane_trust_anchors_followed",
	    "1 while changes of the root's keys are followed (RFC 5011).",
	    anchors_followed },
};

#define GAUGES (sizeof(gauges) / sizeof(gauges[0]))

bool
daemon_status_is_healthy(
    const struct daemon_status_source *source, const char **why)
{
	const enum trust_state trust = resolver_trust(source->resolver, why);

	return trust == TRUST_ALIVE ||
	       (trust == TRUST_UNKNOWN && source->was_healthy);
}

/* The sum of all counters of a metric, from @first to @last. */
static uint64_t
sum(const struct stats *stats, enum stats_counter first,
    enum stats_counter last)
{
	uint64_t all = 0;

	for (size_t i = first; i <= last; i++)
		all += stats->counter[i];
	return all;
}

void
daemon_status_line(
    const struct daemon_status_source *source, char *line, size_t size)
{
	const struct stats *stats = source->stats;
	const char *why;

	switch (resolver_trust(source->resolver, &why)) {
	case TRUST_UNKNOWN:
		snprintf(line, size, "Waiting for the root's keys: %s", why);
		return;
	case TRUST_ALIVE:
		snprintf(line, size,
		    "Answering; %" PRIu64 " policy queries and %" PRIu64
		    " DNS questions so far",
		    sum(stats, STATS_QUERY_SOCKETMAP, STATS_QUERY_CONTROL),
		    sum(stats, STATS_DNS_UDP, STATS_DNS_TCP));
		return;
	case TRUST_WITHDRAWN:
		snprintf(line, size, "No trust path, all is TEMP: %s", why);
		return;
	}
}

/* ---- JSON ---- */

/* "postdane_queries_total" and protocol="socketmap": queries, socketmap. */
static void
add_counter(json_t *counters, const struct stats_name *name, uint64_t value)
{
	const char *start = name->metric + strlen("postdane_");
	const size_t len = strlen(start) - strlen("_total");
	const char *label =
	    name->label != NULL ? strchr(name->label, '"') + 1 : NULL;
	json_t *number = json_integer((json_int_t)value), *family;
	char key[64];

	snprintf(key, sizeof(key), "%.*s", (int)len, start);
	if (label == NULL) {
		json_object_set_new(counters, key, number);
		return;
	}
	if ((family = json_object_get(counters, key)) == NULL) {
		family = json_object();
		json_object_set_new(counters, key, family);
	}
	snprintf(key, sizeof(key), "%.*s", (int)strlen(label) - 1, label);
	json_object_set_new(family, key, number);
}

static void
add_place(
    void *arg, const struct protocol *protocol, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_MAX];

	json_array_append_new(
	    arg, json_pack("{s:s, s:s}", "protocol", protocol->name, "endpoint",
		     endpoint_text(endpoint, text)));
}

static json_t *
policy_options(const struct conf_profile *policy)
{
	static const char *const no_dane[] = {
		[CONF_NO_DANE_MAY] = "may",
		[CONF_NO_DANE_ENCRYPT] = "encrypt",
		[CONF_NO_DANE_NOTFOUND] = "notfound",
	};
	static const char *const insecure_mx[] = {
		[CONF_INSECURE_MX_DANE] = "dane",
		[CONF_INSECURE_MX_ENCRYPT] = "encrypt",
		[CONF_INSECURE_MX_MAY] = "may",
	};

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "no_dane",
	    no_dane[policy->no_dane], "no_dane_explicit",
	    no_dane[policy->no_dane_explicit], "insecure_mx",
	    insecure_mx[policy->insecure_mx], "dane_only",
	    policy->dane_only == CONF_DANE_ONLY_NEVER ? "never"
						      : "when-complete",
	    "carry",
	    policy->carry == CONF_CARRY_FINGERPRINT ? "fingerprint" : "no");
}

/* Where we listen for Postfix, and the meaning of map names there: postdane
 * doctor compares these with Postfix's configuration. */
static void
add_configuration(json_t *status, const struct daemon_status_source *source)
{
	const struct conf *conf = source->conf;
	json_t *places = json_array(), *maps = json_object();

	table_server_each(source->table_server, add_place, places);
	for (size_t i = 0; i < conf->map_count; i++)
		json_object_set_new(maps, conf->maps[i].name,
		    policy_options(&conf->maps[i].policy));
	json_object_set_new(status, "listening", places);
	json_object_set_new(status, "policy", policy_options(&conf->policy));
	json_object_set_new(status, "maps", maps);
	json_object_set_new(
	    status, "tcp_table_map", json_string(conf->tcp_table_map));
}

static json_t *
root_keys(const struct anchors *anchors)
{
	static const char *const states[] = { [ANCHOR_PENDING] = "pending",
		[ANCHOR_VALID] = "valid",
		[ANCHOR_MISSING] = "missing",
		[ANCHOR_REVOKED] = "revoked" };
	json_t *list = json_array();

	for (size_t i = 0; anchors != NULL && i < anchors_count(anchors); i++) {
		const struct anchor key = anchors_get(anchors, i);

		json_array_append_new(list,
		    json_pack("{s:i, s:s, s:I, s:b}", "key_tag", (int)key.tag,
			"state", states[key.state], "since",
			(json_int_t)key.since, "configured", key.configured));
	}
	return list;
}

/* The trust anchors, and whether they are updated when the root's keys
 * change. */
static void
add_anchors(json_t *status, const struct daemon_status_source *source)
{
	const struct rollover *rollover = resolver_rollover(source->resolver);
	const char *trouble = rollover_trouble(rollover);

	json_object_set_new(
	    status, "trust_anchor", root_keys(rollover_anchors(rollover)));
	json_object_set_new(status, "trust_anchor_trouble",
	    json_string(trouble != NULL ? trouble : ""));
}

static json_t *
dns_listening(const struct dns_server *dns)
{
	json_t *list = json_array();
	char text[DNS_SERVER_ADDRESS_MAX];

	for (size_t i = 0; dns_server_address(dns, i, text) != NULL; i++)
		json_array_append_new(list, json_string(text));
	return list;
}

json_t *
daemon_status_json(const struct daemon_status_source *source)
{
	static const char *const states[] = {
		[TRUST_UNKNOWN] = "unknown",
		[TRUST_ALIVE] = "alive",
		[TRUST_WITHDRAWN] = "withdrawn",
	};
	const char *why;
	const enum trust_state state = resolver_trust(source->resolver, &why);
	json_t *counters = json_object();
	json_t *status =
	    json_pack("{s:s, s:I, s:s, s:s}", "version", POSTDANE_VERSION,
		"uptime", (json_int_t)((clock_ms() - source->started) / 1000),
		"trust", states[state], "trust_why", why != NULL ? why : "");

	for (size_t i = 0; i < GAUGES; i++)
		json_object_set_new(status,
		    gauges[i].metric + strlen("postdane_"),
		    json_integer((json_int_t)gauges[i].value(source)));
	for (unsigned i = 0; i < STATS_COUNTERS; i++)
		add_counter(counters, stats_name((enum stats_counter)i),
		    source->stats->counter[i]);
	add_anchors(status, source);
	json_object_set_new(
	    status, "dns_listening", dns_listening(source->dns));
	json_object_set_new(status, "loop_longest_seconds",
	    json_real((double)loop_time_longest() / 1e9));
	json_object_set_new(status, "counters", counters);
	add_configuration(status, source);
	return status;
}

/* ---- Prometheus ---- */

static void
put_head(struct evbuffer *out, const char *metric, const char *help,
    const char *type)
{
	evbuffer_add_printf(
	    out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void
put_counters(struct evbuffer *out, const struct stats *stats)
{
	const char *last = "";

	for (unsigned i = 0; i < STATS_COUNTERS; i++) {
		const struct stats_name *name =
		    stats_name((enum stats_counter)i);

		if (strcmp(last, name->metric) != 0)
			put_head(out, name->metric, name->help, "counter");
		last = name->metric;
		evbuffer_add_printf(out, "%s%s%s%s %" PRIu64 "\n", last,
		    name->label != NULL ? "{" : "",
		    name->label != NULL ? name->label : "",
		    name->label != NULL ? "}" : "", stats->counter[i]);
	}
}

static void
put_lookups(struct evbuffer *out, const struct stats_histogram *histogram)
{
	static const char metric[] = "postdane_lookup_duration_seconds";
	uint64_t count = 0;

	put_head(out, metric, "How long DNS lookups took, waiting included.",
	    "histogram");
	for (size_t i = 0; i < STATS_BUCKETS; i++) {
		count += histogram->bucket[i];
		evbuffer_add_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n",
		    metric, stats_bucket_ms(i) / 1000.0, count);
	}
	count += histogram->bucket[STATS_BUCKETS];
	evbuffer_add_printf(out,
	    "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %g\n%s_count %" PRIu64
	    "\n",
	    metric, count, metric, (double)histogram->sum_ms / 1000.0, metric,
	    count);
}

void
daemon_status_prometheus(
    const struct daemon_status_source *source, struct evbuffer *out)
{
	for (size_t i = 0; i < GAUGES; i++) {
		put_head(out, gauges[i].metric, gauges[i].help, "gauge");
		evbuffer_add_printf(
		    out, "%s %zu\n", gauges[i].metric, gauges[i].value(source));
	}
	put_head(out, "postdane_loop_longest_seconds",
	    "The longest processor time between two looks at the sockets.",
	    "gauge");
	evbuffer_add_printf(out, "postdane_loop_longest_seconds %.6f\n",
	    (double)loop_time_longest() / 1e9);
	put_head(out, "postdane_info", "The version that runs.", "gauge");
	evbuffer_add_printf(
	    out, "postdane_info{version=\"%s\"} 1\n", POSTDANE_VERSION);
	put_counters(out, source->stats);
	put_lookups(out, &source->stats->lookup);
}
