/* zones.c - the zone blocks of the configuration. */

#include "dns/zones.h"

#include <netdb.h>
#include <netinet/in.h>

#include "base/conf.h"
#include "base/domain.h"

/*
 * The zones that libunbound answers locally (unbound.conf(5), local-zone): a
 * forwarder for one of them would never be queried.
 */
static const char *const built_in[] = { "localhost", "127.in-addr.arpa",
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	".ip6.arpa",
	"home.arpa", "onion", "test", "invalid", "10.in-addr.arpa",
	"16.172.in-addr.arpa", "17.172.in-addr.arpa", "18.172.in-addr.arpa",
	"19.172.in-addr.arpa", "20.172.in-addr.arpa", "21.172.in-addr.arpa",
	"22.172.in-addr.arpa", "23.172.in-addr.arpa", "24.172.in-addr.arpa",
	"25.172.in-addr.arpa", "26.172.in-addr.arpa", "27.172.in-addr.arpa",
	"28.172.in-addr.arpa", "29.172.in-addr.arpa", "30.172.in-addr.arpa",
	"31.172.in-addr.arpa", "64.100.in-addr.arpa", "65.100.in-addr.arpa",
	"66.100.in-addr.arpa", "67.100.in-addr.arpa", "68.100.in-addr.arpa",
	"69.100.in-addr.arpa", "70.100.in-addr.arpa", "71.100.in-addr.arpa",
	"72.100.in-addr.arpa", "73.100.in-addr.arpa", "74.100.in-addr.arpa",
	"75.100.in-addr.arpa", "76.100.in-addr.arpa", "77.100.in-addr.arpa",
	"78.100.in-addr.arpa", "79.100.in-addr.arpa", "80.100.in-addr.arpa",
	"81.100.in-addr.arpa", "82.100.in-addr.arpa", "83.100.in-addr.arpa",
	"84.100.in-addr.arpa", "85.100.in-addr.arpa", "86.100.in-addr.arpa",
	"87.100.in-addr.arpa", "88.100.in-addr.arpa", "89.100.in-addr.arpa",
	"90.100.in-addr.arpa", "91.100.in-addr.arpa", "92.100.in-addr.arpa",
	"93.100.in-addr.arpa", "94.100.in-addr.arpa", "95.100.in-addr.arpa",
	"96.100.in-addr.arpa", "97.100.in-addr.arpa", "98.100.in-addr.arpa",
	"99.100.in-addr.arpa", "100.100.in-addr.arpa", "101.100.in-addr.arpa",
	"102.100.in-addr.arpa", "103.100.in-addr.arpa", "104.100.in-addr.arpa",
	"105.100.in-addr.arpa", "106.100.in-addr.arpa", "107.100.in-addr.arpa",
	"108.100.in-addr.arpa", "109.100.in-addr.arpa", "110.100.in-addr.arpa",
	"111.100.in-addr.arpa", "112.100.in-addr.arpa", "113.100.in-addr.arpa",
	"114.100.in-addr.arpa", "115.100.in-addr.arpa", "116.100.in-addr.arpa",
	"117.100.in-addr.arpa", "118.100.in-addr.arpa", "119.100.in-addr.arpa",
	"120.100.in-addr.arpa", "121.100.in-addr.arpa", "122.100.in-addr.arpa",
	"123.100.in-addr.arpa", "124.100.in-addr.arpa", "125.100.in-addr.arpa",
	"126.100.in-addr.arpa", "127.100.in-addr.arpa", "168.192.in-addr.arpa",
	"0.in-addr.arpa", "254.169.in-addr.arpa", "2.0.192.in-addr.arpa",
	"100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
	"255.255.255.255.in-addr.arpa",
	"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"
	".ip6.arpa",
	"d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa",
	"b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa" };

typedef bool (*zone_kind)(const struct conf_zone *zone);

/* The deepest block of that kind at or above @name. */
static const struct conf_zone *
find(const struct conf *conf, const char *name, zone_kind is_kind)
{
	const struct conf_zone *deepest = NULL;

	for (size_t i = 0; i < conf->zone_count; i++) {
		const struct conf_zone *zone = &conf->zones[i];

		if (is_kind(zone) && domain_is_within(name, zone->name) &&
		    (deepest == NULL ||
			domain_is_within(zone->name, deepest->name)))
			deepest = zone;
	}
	return deepest;
}

static bool
has_servers(const struct conf_zone *zone)
{
	return zone->server_count > 0;
}

static bool
is_insecure(const struct conf_zone *zone)
{
	return zone->insecure;
}

const struct conf_zone *
zones_servers(const struct conf *conf, const char *name)
{
	return find(conf, name, has_servers);
}

const struct conf_zone *
zones_insecure(const struct conf *conf, const char *name)
{
	return find(conf, name, is_insecure);
}

/* Whether a zone block for @local, or for a name in it or above it, disables
 * the local zone, so that the block's servers are queried. */
static bool
is_switched_off(const struct conf *conf, const char *local)
{
	for (size_t i = 0; i < conf->zone_count; i++)
		if (domain_is_within(conf->zones[i].name, local) ||
		    domain_is_within(local, conf->zones[i].name))
			return true;
	return false;
}

const char *
zones_built_in(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		if (domain_is_within(name, built_in[i]))
			return is_switched_off(conf, built_in[i]) ? NULL
								  : built_in[i];
	return NULL;
}

static void
write_server_section(const struct conf *conf, FILE *file)
{
	fputs("server:\n", file);
	for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		if (is_switched_off(conf, built_in[i]))
			fprintf(file, "local-zone: \"%s.\" nodefault\n",
			    built_in[i]);
	for (size_t i = 0; i < conf->zone_count; i++) {
		const struct conf_zone *zone = &conf->zones[i];

		if (zone->insecure)
			fprintf(file, "domain-insecure: \"%s\"\n", zone->name);
		/* All other loopback addresses are excluded explicitly. */
		for (size_t k = 0; k < zone->server_count; k++)
			if (prefix_is_loopback(&zone->servers[k].address))
				fputs("do-not-query-localhost: no\n", file);
	}
}

static int
write_servers(const struct conf_zone *zone, const char *keyword, FILE *file)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	for (size_t i = 0; i < zone->server_count; i++) {
		const struct endpoint *server = &zone->servers[i];

		if (getnameinfo((const struct sockaddr *)&server->address,
			server->length, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
			return -1;
		fprintf(file, "%s: %s@%s\n", keyword, host, port);
	}
	return 0;
}

int
zones_write(const struct conf *conf, FILE *file)
{
	write_server_section(conf, file);
	for (size_t i = 0; i < conf->zone_count; i++) {
		const struct conf_zone *zone = &conf->zones[i];

		if (zone->server_count == 0)
			continue;
		fprintf(file, "%s:\nname: \"%s\"\n",
		    zone->is_stub ? "stub-zone" : "forward-zone", zone->name);
		if (write_servers(zone,
			zone->is_stub ? "stub-addr" : "forward-addr",
			file) == -1)
			return -1;
	}
	return ferror(file) ? -1 : 0;
}
