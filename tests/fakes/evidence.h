/*
 * evidence.h - evidence of a next hop, its hosts written as letters: "UXF".
 */
#ifndef TESTS_FAKES_EVIDENCE_H
#define TESTS_FAKES_EVIDENCE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "dane/evidence.h"

#define FACTS_DOMAIN "example.org"
#define FACTS_HOSTS_MAX 24

/* Owns the strings that evidence points to. */
struct facts {
	struct dane_evidence evidence;
	struct dane_host host[FACTS_HOSTS_MAX];
	char name[FACTS_HOSTS_MAX][32];
	char why[FACTS_HOSTS_MAX][64];
	char domain[256];
	char mx_why[512];
	bool carriable; /* the pins of the usable hosts */
};

/* Usable, P usable with pins that can be carried, X unusable, Absent, Insecure,
 * No address, Failed. */
static enum dane_host_status
facts_status(char letter)
{
	switch (letter) {
	case 'U':
	case 'P':
		return DANE_HOST_USABLE;
	case 'X':
		return DANE_HOST_UNUSABLE;
	case 'A':
		return DANE_HOST_ABSENT;
	case 'I':
		return DANE_HOST_INSECURE;
	case 'N':
		return DANE_HOST_NO_ADDRESS;
	default:
		ck_assert_int_eq(letter, 'F');
		return DANE_HOST_FAILED;
	}
}

static void
facts_add_host(struct facts *facts, char letter)
{
	const size_t i = facts->evidence.host_count++;

	ck_assert_uint_lt(i, FACTS_HOSTS_MAX);
	snprintf(
	    facts->name[i], sizeof(facts->name[i]), "mx%zu." FACTS_DOMAIN, i);
	snprintf(facts->why[i], sizeof(facts->why[i]),
	    "DNS of mx%zu." FACTS_DOMAIN ": TLSA: no answer", i);
	facts->host[i].name = facts->name[i];
	facts->host[i].why = facts->why[i];
	facts->host[i].preference = (uint16_t)i;
	facts->host[i].status = facts_status(letter);
}

/* @hosts: one letter a host.  A plus behind them: others were left out. */
static void
facts_fill(struct facts *facts, enum dane_mx_status mx,
    enum dns_security security, const char *hosts)
{
	struct dane_evidence *evidence = &facts->evidence;
	const size_t count = strcspn(hosts, "+");

	memset(facts, 0, sizeof(*facts));
	snprintf(facts->domain, sizeof(facts->domain), "%s", FACTS_DOMAIN);
	snprintf(facts->mx_why, sizeof(facts->mx_why),
	    "DNS of " FACTS_DOMAIN ": MX: the servers do not answer");
	evidence->domain = facts->domain;
	evidence->port = 25;
	evidence->mx = mx;
	evidence->mx_security = security;
	if (mx == DANE_MX_FAILED || mx == DANE_MX_NO_DATA)
		evidence->mx_why = facts->mx_why;
	evidence->host = facts->host;
	evidence->truncated = hosts[count] == '+';
	evidence->ttl = 300;
	for (size_t i = 0; i < count; i++)
		facts_add_host(facts, hosts[i]);
	facts->carriable =
	    strchr(hosts, 'P') != NULL && strchr(hosts, 'U') == NULL;
}

#endif /* TESTS_FAKES_EVIDENCE_H */
