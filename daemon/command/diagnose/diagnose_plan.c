/* diagnose_plan.c - plans the queries about a domain. */

#include "command/diagnose/diagnose_facts.h"

#include <stdio.h>
#include <string.h>

#include "dns/answer.h"

struct plan {
	struct diagnosis *to;
	bool leaf[DELEGATION_ZONES_MAX]; /* contains the domain or a host */
};

static void
add_question(struct diagnosis *to, size_t zone, const char *name, uint16_t type,
    bool mail)
{
	struct diagnosis_question *question;

	for (size_t i = 0; i < to->question_count; i++)
		if (to->question[i].zone == zone &&
		    to->question[i].type == type &&
		    domain_equal(to->question[i].name, name))
			return;
	if (to->question_count == DIAGNOSIS_QUESTIONS_MAX)
		return;
	question = &to->question[to->question_count++];
	question->zone = zone;
	question->type = type;
	question->mail = mail;
	snprintf(question->name, sizeof(question->name), "%s", name);
}

/* Puts a prefix such as "_25._tcp" before a name.  Returns 0, or -1 if that is
 * too long. */
static int
prefixed(const char *prefix, const char *name, char out[DOMAIN_TEXT_MAX])
{
	char joined[DOMAIN_TEXT_MAX + 32];

	snprintf(joined, sizeof(joined), "%s.%s", prefix,
	    strcmp(name, ".") == 0 ? "" : name);
	return domain_normalize(joined, out);
}

static size_t
walk(struct plan *plan, const char *name)
{
	const size_t zone = delegation_walk(&plan->to->delegation, name);

	plan->leaf[zone] = true;
	return zone;
}

static void
plan_host(struct plan *plan, const char *host)
{
	struct diagnosis *to = plan->to;
	size_t zone = walk(plan, host);
	char name[DOMAIN_TEXT_MAX];

	add_question(to, zone, host, DNS_TYPE_A, true);
	add_question(to, zone, host, DNS_TYPE_AAAA, true);
	if (prefixed("_25._tcp", host, name) == -1)
		return;
	zone = walk(plan, name);
	add_question(to, zone, name, DNS_TYPE_TLSA, true);
	/* A type that does not exist, at a name that may. */
	add_question(to, zone, name, LDNS_RR_TYPE_TXT, false);
	/* The empty non-terminal in between. */
	if (prefixed("_tcp", host, name) == 0)
		add_question(to, zone, name, DNS_TYPE_A, false);
}

/* Each zone is queried about itself, its parent for its DS records. */
static void
plan_zones(struct plan *plan)
{
	struct diagnosis *to = plan->to;
	char name[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < to->delegation.count; i++) {
		const struct delegation_zone *zone = &to->delegation.zone[i];

		if (zone->parent != i)
			add_question(
			    to, zone->parent, zone->name, DNS_TYPE_DS, false);
		if (!plan->leaf[i])
			continue;
		add_question(to, i, zone->name, DNS_TYPE_DNSKEY, false);
		/* Both most likely have no records: tests denials. */
		add_question(to, i, zone->name, DNS_TYPE_TLSA, false);
		if (prefixed("_postdane", zone->name, name) == 0)
			add_question(to, i, name, DNS_TYPE_TLSA, false);
	}
}

static void
note_absence(struct diagnosis *to)
{
	struct finding fill = { .severity = REPORT_CRITICAL,
		.behaviour = "no-such-domain",
		.text = "does not exist: its zone or the one above answers "
			"NXDOMAIN",
		.blame = "who owns the domain, or mistyped it",
		.remedy = "check the name; register or delegate it" };

	snprintf(fill.server, sizeof(fill.server), "%s", to->domain);
	snprintf(fill.dig, sizeof(fill.dig), "dig +trace MX %s", to->domain);
	findings_add(&to->findings, &fill);
}

static void
find_hosts(struct diagnosis *to)
{
	struct packet_facts facts;

	if (delegation_lookup(
		&to->delegation, to->domain, DNS_TYPE_MX, &facts) == -1)
		return;
	to->has_mx = facts.rdata_count > 0;
	if (facts.status == DNS_NXDOMAIN)
		note_absence(to);
	for (size_t i = 0; i < facts.rdata_count; i++) {
		char name[DOMAIN_TEXT_MAX];

		if (to->host_count == DIAGNOSIS_HOSTS_MAX ||
		    facts.rdata[i].len < 3 ||
		    domain_from_wire(facts.rdata[i].data + 2,
			facts.rdata[i].len - 2, name) == 0 ||
		    strcmp(name, ".") == 0)
			continue;
		memcpy(to->host[to->host_count++], name, sizeof(name));
	}
	if (facts.rdata_count == 0)
		memcpy(
		    to->host[to->host_count++], to->domain, sizeof(to->domain));
	packet_facts_clear(&facts);
}

void
diagnose_plan(struct diagnosis *to)
{
	struct plan plan = { .to = to };
	const size_t zone = walk(&plan, to->domain);

	add_question(to, zone, to->domain, DNS_TYPE_MX, true);
	/* Shows that a recursor is alive even if it can't answer the rest. */
	add_question(to, 0, ".", DNS_TYPE_NS, true);
	find_hosts(to);
	for (size_t i = 0; i < to->host_count; i++)
		plan_host(&plan, to->host[i]);
	plan_zones(&plan);
}
