/* diagnose_recursor.c - judges a recursor by all its answers. */

#include "command/diagnose/diagnose_judge.h"

#include <stdio.h>

static const char remedy_recursor[] =
    "give Postfix postdane as its resolver (dns-listen), or another recursor; "
    "update this one";

static const char *
ede_text(const struct dns_probe_job *job, char text[200])
{
	text[0] = '\0';
	if (diagnose_is_answered(job) && job->result.ede != -1)
		snprintf(text, 200, " (it says: EDE %d %s)", job->result.ede,
		    job->result.ede_text);
	return text;
}

/* A silent recursor is probably still waiting for other servers. */
static const char *
recursion_verb(const struct dns_probe_job *job, char text[48])
{
	if (job->result.status != DNS_PROBE_SILENT)
		return diagnose_outcome_verb(job, text);
	snprintf(text, 48, "gives no answer within %d s to",
	    DIAGNOSE_RECURSOR_MS / 1000);
	return text;
}

static const char *
cause_of(enum diagnose_domain domain)
{
	switch (domain) {
	case DIAGNOSE_DOMAIN_AT_FAULT:
		return "; the cause lies with the name servers named here, "
		       "which it cannot cope with";
	case DIAGNOSE_DOMAIN_WELL:
		return "; the domain's own name servers answer it";
	case DIAGNOSE_DOMAIN_UNKNOWN:
		break;
	}
	return "";
}

static void
judge_recursion(const struct diagnose_answers *trial,
    const struct dns_probe_job *plain, bool is_signed,
    enum diagnose_domain domain)
{
	const struct dns_probe_job *dnssec =
	    diagnose_get(trial, plain->name, plain->type, DIAGNOSE_RECURSE_DO);
	const struct dns_probe_job *unchecked =
	    diagnose_get(trial, plain->name, plain->type, DIAGNOSE_RECURSE_CD);
	char key[16], verb[48], behaviour[48], ede[200];
	const char *whose = cause_of(domain);

	if (domain_equal(plain->name, "."))
		return; /* queried only to see whether it is alive */
	if (diagnose_is_bad(dnssec) && diagnose_is_fine(plain)) {
		snprintf(behaviour, sizeof(behaviour), "recursor-do-%s",
		    diagnose_outcome_key(dnssec, key));
		diagnose_put(trial, REPORT_CRITICAL, true, behaviour, dnssec,
		    remedy_recursor,
		    "%s %s %s with DO, as Postfix asks with "
		    "smtp_dns_support_level = dnssec, while it answers without "
		    "DO%s%s",
		    recursion_verb(dnssec, verb), diagnose_type(plain->type),
		    plain->name, ede_text(dnssec, ede), whose);
	} else if (diagnose_is_bad(dnssec) && diagnose_is_bad(plain) &&
		   diagnose_is_fine(unchecked)) {
		diagnose_put(trial, REPORT_CRITICAL, true, "recursor-bogus",
		    dnssec,
		    "mend the zone's DNSSEC; if it is sound, the recursor's "
		    "trust anchor and clock",
		    "%s %s %s, but answers with CD: its DNSSEC validation "
		    "fails%s",
		    recursion_verb(dnssec, verb), diagnose_type(plain->type),
		    plain->name, ede_text(dnssec, ede));
	} else if (diagnose_is_bad(plain)) {
		snprintf(behaviour, sizeof(behaviour), "recursor-%s",
		    diagnose_outcome_key(plain, key));
		diagnose_put(trial, REPORT_CRITICAL, true, behaviour, plain,
		    remedy_recursor, "%s %s %s%s%s",
		    recursion_verb(plain, verb), diagnose_type(plain->type),
		    plain->name, ede_text(dnssec, ede), whose);
	} else if (is_signed && diagnose_is_fine(dnssec) &&
		   !dnssec->result.tc) {
		if (!dnssec->result.signatures)
			diagnose_put(trial, REPORT_CRITICAL, true,
			    "recursor-strips", dnssec, remedy_recursor,
			    "passes no signatures on for the signed %s %s: no "
			    "DANE through it",
			    diagnose_type(plain->type), plain->name);
		else if (!dnssec->result.ad)
			diagnose_put(trial, REPORT_WARNING, false,
			    "recursor-no-ad", dnssec,
			    "let the recursor validate",
			    "does not say (AD) that the signed %s %s is "
			    "authentic: it does not validate, and Postfix's "
			    "DANE needs that",
			    diagnose_type(plain->type), plain->name);
	}
}

void
diagnose_recursor(struct findings *findings,
    const struct diagnose_subject *subject,
    const struct dns_probe_job *const *job, const bool *is_signed, size_t count,
    enum diagnose_domain domain)
{
	struct diagnose_answers trial = { .findings = findings,
		.subject = subject,
		.job = job,
		.count = count };
	const struct dns_probe_job *first = NULL;
	bool answered = false;

	diagnose_address(&subject->endpoint, trial.address);
	for (size_t i = 0; i < count; i++) {
		if (diagnose_is_answered(job[i]))
			answered = true;
		if (first == NULL &&
		    job[i]->result.status != DNS_PROBE_NOT_ASKED)
			first = job[i];
	}
	if (first == NULL)
		return;
	if (!answered) {
		diagnose_put(&trial, REPORT_CRITICAL, true, "recursor-dead",
		    first, "start the recursor, or correct the nameserver line",
		    "does not answer at all");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (job[i]->kind == DIAGNOSE_RECURSE)
			judge_recursion(&trial, job[i], is_signed[i], domain);
}
