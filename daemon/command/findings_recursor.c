/* findings_recursor.c - a recursor, by all its answers. */

#include "command/findings_recursor.h"

#include <stdio.h>

static const char remedy_recursor[] =
    "give Postfix postdane as its resolver (dns-listen), or another recursor; "
    "update this one";

static const char *
ede_text(const struct probe_job *job, char text[200])
{
	text[0] = '\0';
	if (findings_is_answered(job) && job->result.ede != -1)
		snprintf(text, 200, " (it says: EDE %d %s)", job->result.ede,
		    job->result.ede_text);
	return text;
}

/* A recursor is silent because it still waits for others. */
static const char *
recursion_verb(const struct probe_job *job, char text[48])
{
	if (job->result.status != DNS_PROBE_SILENT)
		return findings_outcome_verb(job, text);
	snprintf(text, 48, "gives no answer within %d s to",
	    FINDINGS_RECURSOR_MS / 1000);
	return text;
}

static const char *
cause_of(enum findings_domain domain)
{
	switch (domain) {
	case FINDINGS_DOMAIN_AT_FAULT:
		return "; the cause lies with the name servers named here, "
		       "which it cannot cope with";
	case FINDINGS_DOMAIN_WELL:
		return "; the domain's own name servers answer it";
	case FINDINGS_DOMAIN_UNKNOWN:
		break;
	}
	return "";
}

static void
judge_recursion(const struct findings_trial *trial,
    const struct probe_job *plain, bool is_signed, enum findings_domain domain)
{
	const struct probe_job *dnssec =
	    findings_get(trial, plain->name, plain->type, FINDINGS_RECURSE_DO);
	const struct probe_job *unchecked =
	    findings_get(trial, plain->name, plain->type, FINDINGS_RECURSE_CD);
	char key[16], verb[48], behaviour[48], ede[200];
	const char *whose = cause_of(domain);

	if (domain_equal(plain->name, "."))
		return; /* asked only to see whether it lives */
	if (findings_is_bad(dnssec) && findings_is_fine(plain)) {
		snprintf(behaviour, sizeof(behaviour), "recursor-do-%s",
		    findings_outcome_key(dnssec, key));
		findings_put(trial, FINDINGS_CRITICAL, true, behaviour, dnssec,
		    remedy_recursor,
		    "%s %s %s with DO, as Postfix asks with "
		    "smtp_dns_support_level = dnssec, while it answers without "
		    "DO%s%s",
		    recursion_verb(dnssec, verb), findings_type(plain->type),
		    plain->name, ede_text(dnssec, ede), whose);
	} else if (findings_is_bad(dnssec) && findings_is_bad(plain) &&
		   findings_is_fine(unchecked)) {
		findings_put(trial, FINDINGS_CRITICAL, true, "recursor-bogus",
		    dnssec,
		    "mend the zone's DNSSEC; if it is sound, the recursor's "
		    "trust anchor and clock",
		    "%s %s %s, but answers with CD: its DNSSEC validation "
		    "fails%s",
		    recursion_verb(dnssec, verb), findings_type(plain->type),
		    plain->name, ede_text(dnssec, ede));
	} else if (findings_is_bad(plain)) {
		snprintf(behaviour, sizeof(behaviour), "recursor-%s",
		    findings_outcome_key(plain, key));
		findings_put(trial, FINDINGS_CRITICAL, true, behaviour, plain,
		    remedy_recursor, "%s %s %s%s%s",
		    recursion_verb(plain, verb), findings_type(plain->type),
		    plain->name, ede_text(dnssec, ede), whose);
	} else if (is_signed && findings_is_fine(dnssec) &&
		   !dnssec->result.tc) {
		if (!dnssec->result.signatures)
			findings_put(trial, FINDINGS_CRITICAL, true,
			    "recursor-strips", dnssec, remedy_recursor,
			    "passes no signatures on for the signed %s %s: no "
			    "DANE through it",
			    findings_type(plain->type), plain->name);
		else if (!dnssec->result.ad)
			findings_put(trial, FINDINGS_WARNING, false,
			    "recursor-no-ad", dnssec,
			    "let the recursor validate",
			    "does not say (AD) that the signed %s %s is "
			    "authentic: it does not validate, and Postfix's "
			    "DANE needs that",
			    findings_type(plain->type), plain->name);
	}
}

void
findings_of_recursor(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    const bool *is_signed, size_t count, enum findings_domain domain)
{
	struct findings_trial trial = { .findings = findings,
		.subject = subject,
		.job = job,
		.count = count };
	const struct probe_job *first = NULL;
	bool answered = false;

	findings_address(&subject->endpoint, trial.address);
	for (size_t i = 0; i < count; i++) {
		if (findings_is_answered(job[i]))
			answered = true;
		if (first == NULL &&
		    job[i]->result.status != DNS_PROBE_NOT_ASKED)
			first = job[i];
	}
	if (first == NULL)
		return;
	if (!answered) {
		findings_put(&trial, FINDINGS_CRITICAL, true, "recursor-dead",
		    first, "start the recursor, or correct the nameserver line",
		    "does not answer at all");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (job[i]->kind == FINDINGS_RECURSE)
			judge_recursion(&trial, job[i], is_signed[i], domain);
}
