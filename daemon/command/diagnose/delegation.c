/* delegation.c - finds the zones down to a name, and all their servers. */

#include "command/diagnose/delegation.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/root_file.h"
#include "command/dns/dns_probe_batch.h"
#include "dns/answer.h"
#include "dns/wire.h"

#define DEPTH_MAX 4   /* of nested lookups of server names */
#define NAMES_MAX 13  /* servers per zone */
#define ALIASES_MAX 8 /* from zone to zone */

/* ---- zones ---- */

struct delegation_zone *
delegation_add(struct delegation *delegation, const char *name, size_t parent)
{
	struct delegation_zone *zone = &delegation->zone[delegation->count];

	if (delegation->count == DELEGATION_ZONES_MAX ||
	    strlen(name) >= sizeof(zone->name))
		return NULL;
	memset(zone, 0, sizeof(*zone));
	zone->server = calloc(DELEGATION_SERVERS_MAX, sizeof(*zone->server));
	zone->lost = calloc(DELEGATION_LOST_MAX, sizeof(*zone->lost));
	if (zone->server == NULL || zone->lost == NULL) {
		free(zone->server);
		free(zone->lost);
		return NULL;
	}
	memcpy(zone->name, name, strlen(name) + 1);
	zone->parent = parent;
	delegation->count++;
	return zone;
}

void
delegation_add_server(struct delegation_zone *zone, const char *name,
    const struct endpoint *endpoint)
{
	struct delegation_server *server = &zone->server[zone->server_count];

	if (zone->server_count == DELEGATION_SERVERS_MAX ||
	    strlen(name) >= sizeof(server->name))
		return;
	for (size_t i = 0; i < zone->server_count; i++)
		if (endpoint_equal(&zone->server[i].endpoint, endpoint))
			return;
	memcpy(server->name, name, strlen(name) + 1);
	server->endpoint = *endpoint;
	zone->server_count++;
}

/* @data: RDATA of an A or AAAA record. */
static void
add_address(struct delegation_zone *zone, const char *name, const uint8_t *data,
    size_t len)
{
	struct endpoint endpoint;

	if (endpoint_from_octets(data, len, DNS_PORT, &endpoint))
		delegation_add_server(zone, name, &endpoint);
}

static size_t
find_zone(const struct delegation *delegation, const char *name)
{
	size_t best = 0;

	for (size_t i = 1; i < delegation->count; i++)
		if (domain_is_within(name, delegation->zone[i].name) &&
		    domain_labels(delegation->zone[i].name) >=
			domain_labels(delegation->zone[best].name))
			best = i;
	return best;
}

/* ---- root hints ---- */

static void
read_hints(struct delegation_zone *root, FILE *file)
{
	ldns_rdf *origin = NULL, *previous = NULL;
	uint32_t ttl = 0;
	int line = 0;

	while (!feof(file)) {
		char owner[DOMAIN_TEXT_MAX];
		ldns_rr *rr = NULL;
		const ldns_status status = ldns_rr_new_frm_fp_l(
		    &rr, file, &ttl, &origin, &previous, &line);
		const ldns_rdf *rdf;

		if (status != LDNS_STATUS_OK) {
			if (status == LDNS_STATUS_SYNTAX_TTL ||
			    status == LDNS_STATUS_SYNTAX_ORIGIN ||
			    status == LDNS_STATUS_SYNTAX_EMPTY)
				continue;
			break;
		}
		rdf = ldns_rr_rdf(rr, 0);
		if ((ldns_rr_get_type(rr) == LDNS_RR_TYPE_A ||
			ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA) &&
		    rdf != NULL && packet_owner(rr, owner) == 0)
			add_address(root, owner, ldns_rdf_data(rdf),
			    ldns_rdf_size(rdf));
		ldns_rr_free(rr);
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(previous);
}

const char *
delegation_init(
    struct delegation *delegation, const char *hints, uint64_t deadline)
{
	const char *why = root_file_check(hints, ROOT_FILE_HINTS);
	struct delegation_zone *root;
	FILE *file;

	memset(delegation, 0, sizeof(*delegation));
	delegation->deadline = deadline;
	if (why != NULL)
		return why;
	if ((root = delegation_add(delegation, ".", 0)) == NULL)
		return "out of memory";
	if ((file = fopen(hints, "re")) == NULL)
		return strerror(errno);
	read_hints(root, file);
	fclose(file);
	return root->server_count > 0 ? NULL
				      : "holds no address of a root server";
}

void
delegation_clear(struct delegation *delegation)
{
	for (size_t i = 0; i < delegation->count; i++) {
		free(delegation->zone[i].server);
		free(delegation->zone[i].lost);
	}
	delegation->count = 0;
}

/* ---- querying a zone ---- */

/* Whether an answer is usable: data, an alias, a denial or a referral. */
static bool
is_useful(void *arg, const struct dns_probe_job *job, size_t done)
{
	size_t *found = arg;
	const struct dns_probe_result *result = &job->result;

	(void)done;
	if (job->packet == NULL || result->tc ||
	    (result->rcode != LDNS_RCODE_NOERROR &&
		result->rcode != LDNS_RCODE_NXDOMAIN))
		return false;
	*found = job->where;
	return true;
}

static int
add_jobs(struct dns_probe_batch *batch, const struct delegation_zone *zone,
    const char *name, uint16_t type, const struct dns_manner *manner)
{
	for (size_t i = 0; i < zone->server_count; i++) {
		struct dns_probe_job *job = dns_probe_batch_add(
		    batch, &zone->server[i].endpoint, name, type, manner);

		if (job == NULL)
			return -1;
		job->where = batch->count - 1;
	}
	return 0;
}

static bool
any_answer(const struct dns_probe_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->job[i].result.status == DNS_PROBE_ANSWERED)
			return true;
	return false;
}

/*
 * Query all servers of a zone; the first usable answer is in @batch.
 * Returns its index, or SIZE_MAX.
 */
static size_t
ask_zone(const struct delegation *delegation, struct delegation_zone *zone,
    const char *name, uint16_t type, struct dns_probe_batch *batch)
{
	static const struct dns_manner plain = { 0 }, tcp = { .tcp = true },
				       dnssec = { .edns = true,
					       .dnssec = true,
					       .size = 1232 };
	size_t found = SIZE_MAX;

	if (zone->silent || delegation->deadline <= clock_ms())
		return SIZE_MAX;
	if (delegation->progress != NULL)
		delegation->progress(delegation->progress_arg, name);
	if (add_jobs(batch, zone, name, type, &plain) == -1 ||
	    dns_probe_batch_run(
		batch, delegation->deadline, is_useful, &found) == -1 ||
	    found != SIZE_MAX)
		return found;
	if (add_jobs(batch, zone, name, type, &tcp) == -1 ||
	    add_jobs(batch, zone, name, type, &dnssec) == -1 ||
	    dns_probe_batch_run(
		batch, delegation->deadline, is_useful, &found) == -1)
		return SIZE_MAX;
	if (found == SIZE_MAX && !any_answer(batch))
		zone->silent = true;
	return found;
}

/* ---- servers of a new zone ---- */

static bool
add_glue(struct delegation_zone *zone, const ldns_pkt *packet, const char *name)
{
	const ldns_rr_list *list = ldns_pkt_additional(packet);
	const size_t before = zone->server_count;
	char owner[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);

		if ((ldns_rr_get_type(rr) == LDNS_RR_TYPE_A ||
			ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA) &&
		    rdf != NULL && packet_owner(rr, owner) == 0 &&
		    domain_equal(owner, name))
			add_address(
			    zone, name, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	}
	return zone->server_count > before;
}

static void
resolve_server(struct delegation *delegation, struct delegation_zone *zone,
    const char *name)
{
	static const uint16_t types[] = { DNS_TYPE_A, DNS_TYPE_AAAA };
	bool found = false;

	if (delegation->depth >= DEPTH_MAX)
		return;
	delegation->depth++;
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		struct packet_facts facts;

		if (delegation_lookup(delegation, name, types[t], &facts) == -1)
			continue;
		found |= facts.rdata_count > 0;
		for (size_t i = 0; i < facts.rdata_count; i++)
			add_address(zone, name, facts.rdata[i].data,
			    facts.rdata[i].len);
		packet_facts_clear(&facts);
	}
	delegation->depth--;
	if (!found && zone->lost_count < DELEGATION_LOST_MAX)
		snprintf(zone->lost[zone->lost_count++], sizeof(zone->lost[0]),
		    "%s", name);
}

/* Adds all servers in the NS records of @zone in a message. */
static void
add_servers(struct delegation *delegation, struct delegation_zone *zone,
    const ldns_pkt *packet, const ldns_rr_list *list)
{
	const char *above = delegation->zone[zone->parent].name;
	char owner[DOMAIN_TEXT_MAX], target[DOMAIN_TEXT_MAX];
	unsigned names = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NS ||
		    packet_owner(rr, owner) == -1 ||
		    !domain_equal(owner, zone->name) ||
		    packet_name(ldns_rr_rdf(rr, 0), target) == -1 ||
		    ++names > NAMES_MAX)
			continue;
		if (!domain_is_within(target, above) ||
		    !add_glue(zone, packet, target))
			resolve_server(delegation, zone, target);
	}
}

static const ldns_rr_list *
names_servers_of(const ldns_pkt *packet, const char *name)
{
	const ldns_rr_list *lists[] = { ldns_pkt_answer(packet),
		ldns_pkt_authority(packet) };
	char owner[DOMAIN_TEXT_MAX];

	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < ldns_rr_list_rr_count(lists[l]); i++) {
			const ldns_rr *rr = ldns_rr_list_rr(lists[l], i);

			if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS &&
			    packet_owner(rr, owner) == 0 &&
			    domain_equal(owner, name))
				return lists[l];
		}
	return NULL;
}

/* ---- descending the tree ---- */

/*
 * Checks for a zone cut at @name, which otherwise belongs to @zone.
 * Returns false if there is no usable answer.
 */
static bool
step(struct delegation *delegation, size_t *zone, const char *name)
{
	struct dns_probe_batch batch = { 0 };
	const size_t found = ask_zone(
	    delegation, &delegation->zone[*zone], name, DNS_TYPE_NS, &batch);
	const ldns_pkt *packet =
	    found != SIZE_MAX ? batch.job[found].packet : NULL;
	const ldns_rr_list *list =
	    packet != NULL ? names_servers_of(packet, name) : NULL;

	if (list != NULL) {
		const size_t child = delegation->count;
		struct delegation_zone *added =
		    delegation_add(delegation, name, *zone);

		if (added != NULL) {
			/* The zone is added first: the names of its servers may
			 * be in zones that depend on it in turn. */
			add_servers(delegation, added, packet, list);
			*zone = child;
		}
	}
	dns_probe_batch_clear(&batch);
	return packet != NULL;
}

size_t
delegation_walk(struct delegation *delegation, const char *name)
{
	size_t zone = find_zone(delegation, name);
	const unsigned labels = domain_labels(name);

	for (unsigned i = domain_labels(delegation->zone[zone].name) + 1;
	     i <= labels; i++)
		if (!step(delegation, &zone, domain_ancestor(name, i)))
			break;
	return zone;
}

static int
lookup_once(struct delegation *delegation, const char *name, uint16_t type,
    struct packet_facts *facts)
{
	const size_t zone = delegation_walk(delegation, name);
	struct dns_probe_batch batch = { 0 };
	const size_t found =
	    ask_zone(delegation, &delegation->zone[zone], name, type, &batch);
	int result = -1;

	if (found != SIZE_MAX)
		result =
		    packet_facts(batch.job[found].packet, name, type, facts);
	dns_probe_batch_clear(&batch);
	return result;
}

int
delegation_lookup(struct delegation *delegation, const char *name,
    uint16_t type, struct packet_facts *facts)
{
	char at[DOMAIN_TEXT_MAX];

	snprintf(at, sizeof(at), "%s", name);
	for (unsigned i = 0; i < ALIASES_MAX; i++) {
		if (lookup_once(delegation, at, type, facts) == -1)
			return -1;
		if (facts->aliases == 0 || facts->rdata_count > 0)
			return 0;
		memcpy(at, facts->rname, sizeof(at));
		packet_facts_clear(facts);
	}
	return -1;
}
