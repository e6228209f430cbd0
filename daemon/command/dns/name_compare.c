/* name_compare.c - compares how two resolvers resolve a name. */

#include "command/dns/name_compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/endpoint.h"
#include "base/prefix.h"
#include "command/dns/extended_error.h"

#define SECONDS 5 /* per try; postdane may take longer than most resolvers */
#define TRIES 3
#define EDNS_SIZE 1232
#define PRESENCE_SECONDS 2 /* per try to see whether a resolver answers */
#define PRESENCE_TRIES 2
#define MAIL_SERVERS_MAX 5 /* per name that are compared */

struct name_resolvers {
	ldns_resolver *system, *ours;
};

/* ---- resolvers ---- */

static void
set_up(ldns_resolver *resolver)
{
	ldns_resolver_set_retry(resolver, TRIES);
	ldns_resolver_set_defnames(resolver, false);
	ldns_resolver_set_dnsrch(resolver, false);
}

static int
open_ours(struct name_resolvers *resolvers, const char *listener)
{
	ldns_rdf *address = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, listener);
	int result = -1;

	if (address == NULL)
		address = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_AAAA, listener);
	if (address == NULL)
		return -1;
	resolvers->ours = ldns_resolver_new();
	if (resolvers->ours != NULL &&
	    ldns_resolver_push_nameserver(resolvers->ours, address) ==
		LDNS_STATUS_OK)
		result = 0;
	ldns_rdf_deep_free(address);
	return result;
}

struct name_resolvers *
name_compare_new(
    const char *resolv_conf, const char *listener, const char **why)
{
	struct name_resolvers *resolvers = calloc(1, sizeof(*resolvers));

	*why = "out of memory";
	if (resolvers == NULL)
		return NULL;
	*why = "the listener's address is none";
	if (open_ours(resolvers, listener) == 0) {
		*why = "resolv.conf can't be read";
		if (ldns_resolver_new_frm_file(
			&resolvers->system, resolv_conf) == LDNS_STATUS_OK) {
			set_up(resolvers->system);
			set_up(resolvers->ours);
			/* Extended errors need EDNS. */
			ldns_resolver_set_edns_udp_size(
			    resolvers->ours, EDNS_SIZE);
			return resolvers;
		}
	}
	name_compare_free(resolvers);
	return NULL;
}

void
name_compare_free(struct name_resolvers *resolvers)
{
	if (resolvers == NULL)
		return;
	ldns_resolver_deep_free(resolvers->system);
	ldns_resolver_deep_free(resolvers->ours);
	free(resolvers);
}

static bool
is_present(ldns_resolver *resolver, uint16_t flags)
{
	ldns_rdf *root = ldns_dname_new_frm_str(".");
	ldns_pkt *packet = NULL;
	bool present;

	ldns_resolver_set_retry(resolver, PRESENCE_TRIES);
	ldns_resolver_set_timeout(
	    resolver, (struct timeval){ PRESENCE_SECONDS, 0 });
	present =
	    root != NULL &&
	    ldns_resolver_query_status(&packet, resolver, root, LDNS_RR_TYPE_NS,
		LDNS_RR_CLASS_IN, flags) == LDNS_STATUS_OK &&
	    packet != NULL;
	ldns_resolver_set_retry(resolver, TRIES);
	ldns_pkt_free(packet);
	ldns_rdf_deep_free(root);
	return present;
}

/* ---- one answer ---- */

struct reply {
	ldns_rr_list *records; /* sorted; NULL for none */
	bool failed;           /* neither records nor a denial */
	bool silent;           /* no response at all */
	bool absent;           /* NXDOMAIN */
	bool authentic;        /* validated; only for ours */
	char text[256];        /* the first record, or what came instead */
	char why[256];         /* of a failure; "" if no reason is given */
};

/* "MX 10 mail.example.org.": without owner, TTL and class. */
static void
put_record(const ldns_rr_list *records, char text[256])
{
	char *first = ldns_rr2str(ldns_rr_list_rr(records, 0));
	const char *start = first != NULL ? strstr(first, "\tIN\t") : NULL;

	start = start != NULL ? start + strlen("\tIN\t") : "?";
	snprintf(text, 256, "%.*s", (int)strcspn(start, "\n"), start);
	for (char *tab = text; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	LDNS_FREE(first);
}

static void
read_packet(ldns_pkt *packet, ldns_rr_type type, struct reply *reply)
{
	const ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);
	char *name = ldns_pkt_rcode2str(rcode);

	reply->silent = false;
	reply->failed =
	    rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN;
	reply->absent = rcode == LDNS_RCODE_NXDOMAIN;
	reply->authentic = !reply->failed && ldns_pkt_ad(packet);
	if (reply->failed)
		extended_error(packet, reply->why, sizeof(reply->why));
	snprintf(reply->text, sizeof(reply->text), "%s",
	    rcode == LDNS_RCODE_NOERROR ? "no record"
	    : name != NULL              ? name
					: "?");
	LDNS_FREE(name);
	if (rcode != LDNS_RCODE_NOERROR)
		return;
	reply->records =
	    ldns_pkt_rr_list_by_type(packet, type, LDNS_SECTION_ANSWER);
	if (reply->records == NULL)
		return;
	ldns_rr_list_sort(reply->records);
	/* TTLs in caches count down, so they are not compared. */
	for (size_t i = 0; i < ldns_rr_list_rr_count(reply->records); i++)
		ldns_rr_set_ttl(ldns_rr_list_rr(reply->records, i), 0);
	put_record(reply->records, reply->text);
}

static void
resolve(ldns_resolver *resolver, const char *name, ldns_rr_type type,
    uint64_t deadline, struct reply *reply)
{
	const uint64_t now = clock_ms();
	struct timeval timeout = { SECONDS, 0 };
	ldns_rdf *qname = ldns_dname_new_frm_str(name);
	ldns_pkt *packet = NULL;

	*reply = (struct reply){
		.failed = true, .silent = true, .text = "no answer"
	};
	if (deadline < now + (uint64_t)SECONDS * TRIES * 1000) {
		const uint64_t left = deadline > now ? deadline - now : 0;

		timeout.tv_sec = (time_t)(left / TRIES / 1000);
		timeout.tv_usec = (suseconds_t)(left / TRIES % 1000 * 1000);
	}
	ldns_resolver_set_timeout(resolver, timeout);
	if (qname != NULL && now < deadline &&
	    ldns_resolver_query_status(&packet, resolver, qname, type,
		LDNS_RR_CLASS_IN, LDNS_RD | LDNS_AD) == LDNS_STATUS_OK &&
	    packet != NULL)
		read_packet(packet, type, reply);
	ldns_pkt_free(packet);
	ldns_rdf_deep_free(qname);
}

/* To a query without RD postdane answers REFUSED at once, with or without a
 * trust path.  With RD it has to resolve first. */
struct name_presence
name_compare_presence(struct name_resolvers *resolvers)
{
	struct name_presence presence = { .ours =
					      is_present(resolvers->ours, 0),
		.system = is_present(resolvers->system, LDNS_RD) };
	struct reply root;

	if (!presence.ours || !presence.system)
		return presence;
	resolve(resolvers->ours, ".", LDNS_RR_TYPE_NS, UINT64_MAX, &root);
	presence.ours_fails = root.failed;
	memcpy(presence.why, root.why, sizeof(presence.why));
	ldns_rr_list_deep_free(root.records);
	return presence;
}

static bool
same_records(const struct reply *one, const struct reply *other)
{
	const size_t count = ldns_rr_list_rr_count(one->records);

	if (ldns_rr_list_rr_count(other->records) != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (ldns_rr_compare(ldns_rr_list_rr(one->records, i),
			ldns_rr_list_rr(other->records, i)) != 0)
			return false;
	return true;
}

/* Whether an address belongs to a private or local network. */
static bool
is_private(const struct sockaddr_storage *address)
{
	static const char *const texts[] = { "0.0.0.0/8", "10.0.0.0/8",
		"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "::/8", "fc00::/7",
		"fe80::/10" };
	struct prefix prefix;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (prefix_parse(texts[i], &prefix) == NULL &&
		    prefix_contains(&prefix, address))
			return true;
	return false;
}

/* Whether all records are addresses reachable from other networks. */
static bool
are_public(const struct reply *reply)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(reply->records); i++) {
		char *text = ldns_rdf2str(
		    ldns_rr_rdf(ldns_rr_list_rr(reply->records, i), 0));
		struct endpoint endpoint;
		const bool is_public =
		    text != NULL &&
		    endpoint_parse_address(text, 53, &endpoint) == NULL &&
		    !is_private(&endpoint.address);

		LDNS_FREE(text);
		if (!is_public)
			return false;
	}
	return true;
}

static enum name_verdict
judge(const struct reply *system, const struct reply *ours)
{
	if (system->silent && ours->failed)
		return NAME_UNKNOWN;
	if (system->records == NULL && ours->records == NULL &&
	    strcmp(system->text, ours->text) == 0)
		return NAME_ALIKE;
	if (system->failed)
		return NAME_SYSTEM_FAILS;
	if (ours->failed)
		return NAME_UNKNOWN;
	if (system->records == NULL)
		return NAME_DIFFERS;
	if (ours->records == NULL)
		return NAME_LOST;
	if (same_records(system, ours))
		return NAME_ALIKE;
	return are_public(system) && are_public(ours) ? NAME_VARIES
						      : NAME_DIFFERS;
}

/* ---- the difference ---- */

/* Whether the name is proven, with a working trust path, not to exist in the
 * public tree. */
static bool
is_proven_absent(
    const struct name_resolvers *resolvers, const char *name, uint64_t deadline)
{
	struct reply reply;

	resolve(resolvers->ours, name, LDNS_RR_TYPE_SOA, deadline, &reply);
	ldns_rr_list_deep_free(reply.records);
	return reply.authentic && reply.absent;
}

/* A zone block for the zone that the name is probably in.  The system's name
 * servers are its forwarders. */
static void
put_block(const struct name_resolvers *resolvers, const char *zone,
    bool insecure, char *text, size_t size)
{
	ldns_rdf **servers = ldns_resolver_nameservers(resolvers->system);
	const size_t count = ldns_resolver_nameserver_count(resolvers->system);
	size_t len =
	    (size_t)snprintf(text, size, "zone \"%s\" { forward = { ", zone);

	for (size_t i = 0; i < count && len < size; i++) {
		char *server = ldns_rdf2str(servers[i]);

		len += (size_t)snprintf(text + len, size - len, "%s\"%s\"",
		    i > 0 ? ", " : "", server != NULL ? server : "?");
		LDNS_FREE(server);
	}
	if (len < size)
		len += (size_t)snprintf(text + len, size - len, " }%s }",
		    insecure ? " insecure = yes" : "");
	if (len >= size)
		text[0] = '\0';
}

/*
 * A forwarder's answers are accepted unsigned where the public tree is
 * unsigned; where that is not known, the forwarder has to sign.  Below a signed
 * zone of the public tree it needs "insecure = yes".  That is safe for names
 * proven not to exist there.  If other names of a signed zone would lose their
 * protection, there is no remedy.
 */
static void
put_remedy(const struct name_resolvers *resolvers, const char *name,
    const struct reply *system, const struct reply *ours, uint64_t deadline,
    struct name_difference *difference)
{
	const char *zone = domain_labels(name) > 2 ? domain_parent(name) : name;

	difference->remedy[0] = '\0';
	if (ours->authentic && !is_proven_absent(resolvers, zone, deadline)) {
		zone = name;
		if (!is_proven_absent(resolvers, name, deadline))
			return;
	}
	if (!ours->authentic || system->records != NULL)
		put_block(resolvers, zone, ours->authentic, difference->remedy,
		    sizeof(difference->remedy));
}

static void
note(const struct name_resolvers *resolvers, const char *name,
    ldns_rr_type type, const struct reply *system, const struct reply *ours,
    uint64_t deadline, struct name_difference *difference)
{
	const enum name_verdict verdict = judge(system, ours);
	char *type_text;

	difference->any_answer |= !system->failed || !ours->failed;
	if (verdict <= difference->verdict)
		return;
	type_text = ldns_rr_type2str(type);
	difference->verdict = verdict;
	snprintf(difference->type, sizeof(difference->type), "%s",
	    type_text != NULL ? type_text : "?");
	LDNS_FREE(type_text);
	snprintf(difference->name, sizeof(difference->name), "%s", name);
	memcpy(difference->system, system->text, sizeof(difference->system));
	memcpy(difference->ours, ours->text, sizeof(difference->ours));
	memcpy(difference->why, ours->why, sizeof(difference->why));
	difference->ours_signed = ours->authentic;
	if (verdict > NAME_SYSTEM_FAILS && !system->failed)
		put_remedy(resolvers, name, system, ours, deadline, difference);
}

static void
compare_type(const struct name_resolvers *resolvers, const char *name,
    ldns_rr_type type, uint64_t deadline, struct name_difference *difference,
    ldns_rr_list **records)
{
	struct reply system, ours;

	resolve(resolvers->system, name, type, deadline, &system);
	resolve(resolvers->ours, name, type, deadline, &ours);
	note(resolvers, name, type, &system, &ours, deadline, difference);
	if (records != NULL)
		*records = system.records;
	else
		ldns_rr_list_deep_free(system.records);
	ldns_rr_list_deep_free(ours.records);
}

static void
compare_addresses(const struct name_resolvers *resolvers, const char *name,
    uint64_t deadline, struct name_difference *difference)
{
	compare_type(
	    resolvers, name, LDNS_RR_TYPE_A, deadline, difference, NULL);
	compare_type(
	    resolvers, name, LDNS_RR_TYPE_AAAA, deadline, difference, NULL);
}

static void
compare_mail_servers(const struct name_resolvers *resolvers,
    const ldns_rr_list *records, uint64_t deadline,
    struct name_difference *difference)
{
	char name[DOMAIN_TEXT_MAX];

	for (size_t i = 0;
	     i < ldns_rr_list_rr_count(records) && i < MAIL_SERVERS_MAX; i++) {
		const ldns_rdf *host =
		    ldns_rr_rdf(ldns_rr_list_rr(records, i), 1);

		if (host != NULL && domain_from_wire(ldns_rdf_data(host),
					ldns_rdf_size(host), name) > 1)
			compare_addresses(
			    resolvers, name, deadline, difference);
	}
}

void
name_compare(struct name_resolvers *resolvers, const char *name,
    uint64_t deadline, struct name_difference *difference)
{
	ldns_rr_list *mx = NULL;

	memset(difference, 0, sizeof(*difference));
	compare_type(
	    resolvers, name, LDNS_RR_TYPE_MX, deadline, difference, &mx);
	compare_addresses(resolvers, name, deadline, difference);
	if (difference->verdict <= NAME_SYSTEM_FAILS)
		compare_mail_servers(resolvers, mx, deadline, difference);
	ldns_rr_list_deep_free(mx);
}
