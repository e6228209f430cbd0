/* diagnose_question.c - judges a server's answers to one question. */

#include "command/diagnose/diagnose_judge.h"

#include <stdio.h>

#include "dns/answer.h"

static const char remedy_type[] =
    "update the name server or load balancer: it must answer NODATA with SOA "
    "to types that it has not (RFC 2308, RFC 4074)";
static const char remedy_size[] =
    "let the firewall pass fragments, or limit the server's UDP answers "
    "(max-udp-size 1232, RFC 9715)";
static const char remedy_negative[] =
    "update the name server: a denial has the zone's own SOA record and AA "
    "(RFC 2308 section 2)";
static const char remedy_aa[] =
    "the server must serve the zone as primary or secondary, not from a "
    "recursor's cache";
static const char remedy_signed[] =
    "let all servers of the zone serve DNSSEC, or withdraw the DS record at "
    "the parent; until then validators, DANE too, fail";

static bool
is_denial(const struct dns_probe_job *job)
{
	return diagnose_is_fine(job) && job->result.answers == 0 &&
	       job->result.aliases == 0 && !job->result.tc;
}

static void
judge_aa(const struct diagnose_answers *trial, const struct dns_probe_job *job)
{
	if (!diagnose_is_fine(job) || job->result.tc || job->result.aa ||
	    (job->result.answers == 0 && job->result.ns && !job->result.soa))
		return;
	diagnose_put(trial, REPORT_WARNING, false,
	    job->result.ra ? "no-aa-recursor" : "no-aa", job, remedy_aa,
	    job->result.ra
		? "answers as a recursor does: RA is set and AA is missing"
		: "answers without AA: not as a server that has the zone");
}

/* One question in all manners. */
struct asked {
	const char *name;
	uint16_t type;
	const char *label; /* type and name, for texts */
	enum diagnose_manner most;
	const struct dns_probe_job *by[DIAGNOSE_MANNERS];
};

/* The best answer to judge: with DNSSEC if there is one. */
static const struct dns_probe_job *
best_of(const struct asked *asked)
{
	static const enum diagnose_manner order[] = { DIAGNOSE_DO,
		DIAGNOSE_EDNS, DIAGNOSE_PLAIN, DIAGNOSE_TCP };

	/* Skip manners that this server is known not to support. */
	for (size_t i = DIAGNOSE_DO - asked->most;
	     i < sizeof(order) / sizeof(order[0]); i++)
		if (diagnose_is_fine(asked->by[order[i]]) &&
		    !asked->by[order[i]]->result.tc)
			return asked->by[order[i]];
	return NULL;
}

/* Reports large answers that are lost, while small ones and TCP work. */
static bool
judge_size(const struct diagnose_answers *trial, const struct asked *asked)
{
	static const enum diagnose_manner order[] = { DIAGNOSE_DO,
		DIAGNOSE_LARGE };
	const struct dns_probe_job *small = asked->by[DIAGNOSE_SMALL];
	const struct dns_probe_job *tcp = asked->by[DIAGNOSE_TCP];

	if (!diagnose_is_fine(small) && !diagnose_is_fine(tcp) &&
	    !diagnose_is_fine(asked->by[DIAGNOSE_PLAIN]))
		return false;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct dns_probe_job *job = asked->by[order[i]];

		if (job == NULL || job->result.status != DNS_PROBE_SILENT ||
		    (small != NULL && small->result.status == DNS_PROBE_SILENT))
			continue;
		diagnose_put(trial, REPORT_WARNING, order[i] == DIAGNOSE_DO,
		    order[i] == DIAGNOSE_DO ? "large-lost" : "huge-lost", job,
		    remedy_size,
		    "loses large answers: that to %s gets lost with EDNS "
		    "announcing %u octets, and arrives in small pieces or over "
		    "TCP",
		    asked->label, job->manner.size);
		return true;
	}
	return false;
}

static void
judge_truncation(
    const struct diagnose_answers *trial, const struct asked *asked)
{
	const struct dns_probe_job *plain = asked->by[DIAGNOSE_PLAIN];
	const struct dns_probe_job *edns = asked->by[DIAGNOSE_EDNS];
	const struct dns_probe_job *dnssec = asked->by[DIAGNOSE_DO];
	const struct dns_probe_job *tcp = asked->by[DIAGNOSE_TCP];

	if (diagnose_is_fine(plain) && !plain->result.tc &&
	    diagnose_is_fine(edns) && edns->result.tc)
		diagnose_put(trial, REPORT_WARNING, false, "edns-truncated",
		    edns, DIAGNOSE_REMEDY_EDNS,
		    "truncates answers that would fit as soon as there is EDNS "
		    "in the question, and forces everybody to TCP");
	else if (diagnose_is_answered(dnssec) && dnssec->result.tc &&
		 tcp != NULL && !diagnose_is_answered(tcp))
		diagnose_put(trial, REPORT_WARNING, true,
		    "truncated-without-tcp", tcp, DIAGNOSE_REMEDY_TCP,
		    "truncates the answer to %s, and does not answer over TCP",
		    asked->label);
	else if (diagnose_is_answered(plain) && plain->result.tc &&
		 tcp != NULL && !diagnose_is_answered(tcp))
		diagnose_put(trial, REPORT_WARNING, false,
		    "truncated-without-tcp", tcp, DIAGNOSE_REMEDY_TCP,
		    "truncates the answer to %s, and does not answer over TCP",
		    asked->label);
}

/* Returns whether the server failed this question in every manner. */
static bool
judge_failure(const struct diagnose_answers *trial, const struct asked *asked,
    enum diagnose_manner most)
{
	const struct dns_probe_job *plain = asked->by[DIAGNOSE_PLAIN];
	const struct dns_probe_job *tcp = asked->by[DIAGNOSE_TCP];
	const struct dns_probe_job *dnssec = asked->by[DIAGNOSE_DO];
	char prefix[24], questions[1200];

	snprintf(prefix, sizeof(prefix), "type-%s", diagnose_type(asked->type));
	for (char *c = prefix; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
	snprintf(questions, sizeof(questions),
	    "questions for %s, while it answers for other types", asked->label);
	if (diagnose_is_bad(plain) &&
	    (dnssec == NULL || diagnose_is_bad(dnssec))) {
		diagnose_put_outcome(
		    trial, true, prefix, plain, questions, remedy_type);
		return true;
	}
	if (most == DIAGNOSE_DO && diagnose_is_bad(dnssec) &&
	    diagnose_is_fine(plain) && !judge_size(trial, asked)) {
		snprintf(questions, sizeof(questions),
		    "questions for %s with EDNS and DO, while it answers plain "
		    "ones",
		    asked->label);
		diagnose_put_outcome(
		    trial, true, "do", dnssec, questions, DIAGNOSE_REMEDY_EDNS);
	}
	if (most == DIAGNOSE_DO && diagnose_is_fine(dnssec))
		judge_size(trial, asked);
	if (diagnose_is_bad(plain) && diagnose_is_fine(tcp) &&
	    diagnose_is_fine(dnssec))
		diagnose_put_outcome(trial, false, "plain", plain,
		    "plain questions over UDP", remedy_type);
	return false;
}

static void
judge_denial(const struct diagnose_answers *trial, const struct asked *asked)
{
	const struct dns_probe_job *job = best_of(asked);
	const char *zone = trial->subject->zone;
	const char *owner;

	if (job == NULL || !is_denial(job))
		return;
	owner = job->result.authority;
	if (!job->result.soa && !job->result.ns)
		diagnose_put(trial, REPORT_WARNING, false, "denial-without-soa",
		    job, remedy_negative,
		    "denies %s without an SOA record: nobody can tell how "
		    "long, or whether it means it",
		    asked->label);
	else if (!job->result.soa && domain_equal(owner, zone))
		diagnose_put(trial, REPORT_WARNING, false, "self-referral", job,
		    remedy_negative,
		    "answers to %s with a referral to the zone itself instead "
		    "of a denial with SOA",
		    asked->label);
	else if (!job->result.soa && domain_is_within(zone, owner))
		diagnose_put(trial, REPORT_WARNING, true, "upward-referral",
		    job, remedy_negative,
		    "answers to %s with a referral upwards, to %s, instead of "
		    "a denial with SOA",
		    asked->label, owner);
	else if (job->result.soa && (!domain_is_within(asked->name, owner) ||
					!domain_is_within(owner, zone)))
		diagnose_put(trial, REPORT_WARNING, false, "foreign-soa", job,
		    remedy_negative,
		    "denies %s with the SOA record of another zone, %s",
		    asked->label, owner);
}

static void
judge_signatures(
    const struct diagnose_answers *trial, const struct asked *asked)
{
	const struct dns_probe_job *job = asked->by[DIAGNOSE_DO];

	if (!trial->subject->is_signed || !diagnose_is_fine(job) ||
	    job->result.tc)
		return;
	if (job->result.expired)
		diagnose_put(trial, REPORT_WARNING, true, "signature-expired",
		    job, "sign the zone anew, and find out why that stopped",
		    "serves signatures that have expired, for %s",
		    asked->label);
	else if (job->result.bogus)
		diagnose_put(trial, REPORT_WARNING, true, "signature-bogus",
		    job,
		    "sign the zone anew; let nothing change records between "
		    "signer and server",
		    "serves a signature for %s that is not valid by the zone's "
		    "own keys",
		    asked->label);
	else if (job->result.answers > 0 && !job->result.signatures)
		diagnose_put(trial, REPORT_WARNING, true, "no-rrsig", job,
		    remedy_signed,
		    "serves %s without signatures (RRSIG), though the zone is "
		    "signed: it has a DS record above it",
		    asked->label);
	else if (is_denial(job) && job->result.soa &&
		 (!job->result.signatures || !job->result.denial))
		diagnose_put(trial, REPORT_WARNING, true, "no-denial-proof",
		    job, remedy_signed,
		    "denies %s without a signed proof (NSEC, NSEC3), though "
		    "the zone is signed",
		    asked->label);
}

/* ---- comparing questions ---- */

/* Returns whether the denial of the name is false. */
static bool
judge_nxdomain(const struct diagnose_answers *trial, const struct asked *asked)
{
	const struct dns_probe_job *job = best_of(asked);

	if (job == NULL || job->result.rcode != LDNS_RCODE_NXDOMAIN ||
	    job->result.aliases > 0)
		return false;
	for (size_t i = 0; i < trial->count; i++) {
		const struct dns_probe_job *other = trial->job[i];

		/* If "a.b" exists, so does "b": RFC 8020. */
		if (!diagnose_is_fine(other) ||
		    other->result.rcode != LDNS_RCODE_NOERROR ||
		    !domain_is_within(other->name, asked->name) ||
		    other->manner.dnssec != job->manner.dnssec)
			continue;
		if (domain_equal(other->name, asked->name))
			diagnose_put(trial, REPORT_WARNING, true,
			    "type-nxdomain", job, remedy_type,
			    "denies the whole name (NXDOMAIN) to %s, though "
			    "the name exists: it answers NOERROR to %s",
			    asked->label, diagnose_type(other->type));
		else if (other->result.answers > 0)
			diagnose_put(trial, REPORT_WARNING, false,
			    "ent-nxdomain", job, remedy_type,
			    "answers NXDOMAIN to %s, though there are names "
			    "below it (RFC 8020): %s",
			    asked->label, other->name);
		else
			continue;
		return true;
	}
	return false;
}

static void
judge_alias(const struct diagnose_answers *trial, const struct asked *asked)
{
	const struct dns_probe_job *job = best_of(asked);

	if (job == NULL || job->result.aliases == 0)
		return;
	for (size_t i = 0; i < trial->count; i++) {
		const struct dns_probe_job *other = trial->job[i];

		if (!diagnose_is_fine(other) || other->result.answers == 0 ||
		    other->result.aliases > 0 ||
		    !domain_equal(other->name, asked->name))
			continue;
		diagnose_put(trial, REPORT_WARNING, true, "false-cname", job,
		    remedy_type,
		    "answers an alias (CNAME) to %s, though the name is none: "
		    "it has %s records itself",
		    asked->label, diagnose_type(other->type));
		return;
	}
}

void
diagnose_question(const struct diagnose_answers *trial,
    const struct dns_probe_job *first, enum diagnose_manner most)
{
	char label[DOMAIN_TEXT_MAX + 16];
	struct asked asked = { .name = first->name,
		.type = first->type,
		.label = label,
		.most = most };

	snprintf(label, sizeof(label), "%s %s", diagnose_type(first->type),
	    first->name);
	for (unsigned kind = 0; kind < DIAGNOSE_MANNERS; kind++)
		asked.by[kind] =
		    diagnose_get(trial, first->name, first->type, kind);
	judge_truncation(trial, &asked);
	if (asked.type != DNS_TYPE_SOA && judge_failure(trial, &asked, most))
		return;
	if (judge_nxdomain(trial, &asked))
		return;
	judge_aa(trial, best_of(&asked));
	judge_alias(trial, &asked);
	judge_denial(trial, &asked);
	if (most == DIAGNOSE_DO)
		judge_signatures(trial, &asked);
}
