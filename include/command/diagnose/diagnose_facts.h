/*
 * diagnose_facts.h - the queries about a domain, the servers, their answers,
 * and the findings.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_FACTS_H
#define COMMAND_DIAGNOSE_DIAGNOSE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "command/diagnose/delegation.h"
#include "command/diagnose/findings.h"
#include "command/dns/dns_probe_batch.h"

#define DIAGNOSIS_HOSTS_MAX 8 /* MX hosts that are examined */
#define DIAGNOSIS_RECURSORS_MAX 6
#define DIAGNOSIS_QUESTIONS_MAX 256

/* A recursor, from a nameserver line or a zone block. */
struct diagnosis_recursor {
	struct endpoint endpoint;
	const char *path; /* of the file that names it; borrowed */
	bool of_root;     /* a forwarder of zone "." */
};

/* "MX example.org", and the zone whose servers are asked. */
struct diagnosis_question {
	size_t zone;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	bool mail; /* recursors are asked, too */
};

struct diagnosis {
	char domain[DOMAIN_TEXT_MAX];
	char host[DIAGNOSIS_HOSTS_MAX][DOMAIN_TEXT_MAX];
	size_t host_count;
	bool has_mx;
	struct delegation delegation;
	struct diagnosis_recursor recursor[DIAGNOSIS_RECURSORS_MAX];
	size_t recursor_count;
	struct diagnosis_question *question; /* room for QUESTIONS_MAX */
	size_t question_count;
	struct dns_probe_batch batch; /* all queries and their answers */
	bool is_signed[DELEGATION_ZONES_MAX];
	bool signed_known[DELEGATION_ZONES_MAX]; /* some server has answered */
	bool has_forwarders; /* or own servers, for ".": the root servers need
				not answer */
	struct findings findings;
};

/* Plans the queries: adds the hosts of @to->domain, its zones and theirs, and
 * the questions, and a finding if it does not exist.  Blocks while it follows
 * the delegations. */
void diagnose_plan(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_FACTS_H */
