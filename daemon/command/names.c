/* names.c - postdane names: whether names are resolved alike by the system's
 * resolver and by postdane's listener. */

#include <arpa/inet.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "base/domain.h"
#include "command/command.h"

#define LISTENER "127.0.0.25"
#define SECONDS 5 /* for one try; postdane itself may take longer than most */
#define TRIES 3
#define LINE_MAX_LEN 2048

/* What Postfix may ask of a host, and of a next hop. */
static const ldns_rr_type types[] = { LDNS_RR_TYPE_MX, LDNS_RR_TYPE_A,
	LDNS_RR_TYPE_AAAA };
#define TYPES (sizeof(types) / sizeof(types[0]))

struct resolvers {
	ldns_resolver *system, *ours;
};

/* ---- one answer, as text that can be compared ---- */

/* The records of @type, sorted; or the name of the failure.  Returns a string
 * to be freed, NULL when out of memory. */
static char *
answer_text(ldns_pkt *packet, ldns_rr_type type)
{
	ldns_rr_list *records;
	char *text;

	if (packet == NULL)
		return strdup("no answer");
	if (ldns_pkt_get_rcode(packet) != LDNS_RCODE_NOERROR) {
		char *rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet));

		return rcode;
	}
	records = ldns_pkt_rr_list_by_type(packet, type, LDNS_SECTION_ANSWER);
	if (records == NULL)
		return strdup("no record");
	ldns_rr_list_sort(records);
	/* TTLs run down. */
	for (size_t i = 0; i < ldns_rr_list_rr_count(records); i++)
		ldns_rr_set_ttl(ldns_rr_list_rr(records, i), 0);
	text = ldns_rr_list2str(records);
	ldns_rr_list_deep_free(records);
	return text;
}

static char *
resolve(ldns_resolver *resolver, const char *name, ldns_rr_type type)
{
	ldns_rdf *qname = ldns_dname_new_frm_str(name);
	ldns_pkt *packet = NULL;
	char *text;

	if (qname == NULL)
		return NULL;
	if (ldns_resolver_query_status(&packet, resolver, qname, type,
		LDNS_RR_CLASS_IN, LDNS_RD) != LDNS_STATUS_OK)
		packet = NULL;
	text = answer_text(packet, type);
	ldns_pkt_free(packet);
	ldns_rdf_deep_free(qname);
	return text;
}

/* ---- the difference ---- */

/* The words up to the end of the first line. */
static void
print_first_line(const char *what, const char *text)
{
	printf("    %-9s %.*s\n", what, (int)strcspn(text, "\n"), text);
}

/* The zone that the name is probably in, and who knows it: the system's
 * servers. */
static void
print_remedy(const struct resolvers *resolvers, const char *name)
{
	const char *zone = domain_labels(name) > 2 ? domain_parent(name) : name;
	ldns_rdf **servers = ldns_resolver_nameservers(resolvers->system);

	printf("    zone \"%s\" { forward = { ", zone);
	for (size_t i = 0;
	     i < ldns_resolver_nameserver_count(resolvers->system); i++) {
		char *server = ldns_rdf2str(servers[i]);

		printf("%s\"%s\"", i > 0 ? ", " : "",
		    server != NULL ? server : "?");
		free(server);
	}
	printf(" } insecure = yes }\n");
}

/* Returns 1 where the name is resolved differently, 0 otherwise. */
static int
compare(const struct resolvers *resolvers, const char *name)
{
	int differs = 0;

	for (size_t i = 0; i < TYPES; i++) {
		char *system = resolve(resolvers->system, name, types[i]);
		char *ours = resolve(resolvers->ours, name, types[i]);

		if (system != NULL && ours != NULL &&
		    strcmp(system, ours) != 0) {
			char *type = ldns_rr_type2str(types[i]);

			printf("%s %s:\n", name, type != NULL ? type : "?");
			print_first_line("system", system);
			print_first_line("postdane", ours);
			free(type);
			differs = 1;
		}
		free(system);
		free(ours);
	}
	if (differs != 0)
		print_remedy(resolvers, name);
	return differs;
}

/* ---- the command ---- */

static void
limit(ldns_resolver *resolver)
{
	const struct timeval timeout = { SECONDS, 0 };

	ldns_resolver_set_timeout(resolver, timeout);
	ldns_resolver_set_retry(resolver, TRIES);
	ldns_resolver_set_defnames(resolver, false);
	ldns_resolver_set_dnsrch(resolver, false);
}

static int
open_resolvers(struct resolvers *resolvers, const char *listener)
{
	ldns_rdf *address = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_A, listener);

	memset(resolvers, 0, sizeof(*resolvers));
	if (address == NULL)
		address = ldns_rdf_new_frm_str(LDNS_RDF_TYPE_AAAA, listener);
	if (address == NULL) {
		fprintf(stderr, "postdane: \"%s\" is no address\n", listener);
		return -1;
	}
	if (ldns_resolver_new_frm_file(&resolvers->system, NULL) !=
		LDNS_STATUS_OK ||
	    (resolvers->ours = ldns_resolver_new()) == NULL ||
	    ldns_resolver_push_nameserver(resolvers->ours, address) !=
		LDNS_STATUS_OK) {
		fprintf(stderr, "postdane: /etc/resolv.conf can't be read\n");
		ldns_rdf_deep_free(address);
		return -1;
	}
	ldns_rdf_deep_free(address);
	limit(resolvers->system);
	limit(resolvers->ours);
	return 0;
}

static void
close_resolvers(struct resolvers *resolvers)
{
	if (resolvers->system != NULL)
		ldns_resolver_deep_free(resolvers->system);
	if (resolvers->ours != NULL)
		ldns_resolver_deep_free(resolvers->ours);
}

/* Returns -1 for what is no name: a person's or a table's affair, not ours. */
static int
compare_text(const struct resolvers *resolvers, const char *text)
{
	char name[DOMAIN_TEXT_MAX];
	struct in6_addr address;

	if (inet_pton(AF_INET, text, &address) == 1 ||
	    inet_pton(AF_INET6, text, &address) == 1 ||
	    domain_from_utf8(text, name) == -1 || !domain_is_hostname(name))
		return -1;
	return compare(resolvers, name);
}

/* From standard input, one on each line. */
static unsigned
compare_lines(const struct resolvers *resolvers)
{
	char line[LINE_MAX_LEN];
	unsigned different = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] != '\0' && compare_text(resolvers, line) == 1)
			different++;
	}
	return different;
}

int
command_names(const struct command_options *options, int argc, char **argv)
{
	const char *listener = LISTENER;
	struct resolvers resolvers;
	unsigned different = 0;
	int option, code = COMMAND_ERROR;

	(void)options;
	while ((option = getopt(argc, argv, "r:")) != -1) {
		if (option != 'r')
			return COMMAND_ERROR;
		listener = optarg;
	}
	if (open_resolvers(&resolvers, listener) == 0) {
		if (optind == argc)
			different = compare_lines(&resolvers);
		for (int i = optind; i < argc; i++)
			different += compare_text(&resolvers, argv[i]) == 1;
		code = different == 0 ? COMMAND_OK : COMMAND_NOTFOUND;
	}
	close_resolvers(&resolvers);
	return code;
}
