/* diagnose_server.c - judges a name server by all its answers. */

#include "command/diagnose/diagnose_judge.h"

#include <netinet/in.h>
#include <stdio.h>

#include "dns/answer.h"

#define SLOW_MS 1000

static const char remedy_dead[] =
    "start the server or take it out of the NS records";
static const char remedy_address[] =
    "correct the server's A or AAAA record, and the glue at the parent";
static const char remedy_lame[] =
    "configure the zone on this server, or take it out of the NS records at "
    "the zone and its parent";

/* ---- the server as a whole ---- */

/* Whether an answer has the zone's SOA record.  It exists, so without it the
 * answer is false. */
static bool
has_soa(const struct dns_probe_job *job)
{
	return diagnose_is_answered(job) &&
	       job->result.rcode == LDNS_RCODE_NOERROR &&
	       (job->result.answers > 0 || job->result.tc);
}

static bool
lacks_soa(const struct dns_probe_job *job)
{
	return job != NULL && !has_soa(job) &&
	       job->result.status != DNS_PROBE_NO_ROUTE;
}

/* Addresses that can't be a public server's: "this" network, loopback,
 * multicast. */
static bool
is_special(const struct endpoint *endpoint)
{
	const struct sockaddr_storage *address = &endpoint->address;
	const struct in6_addr *v6 =
	    &((const struct sockaddr_in6 *)address)->sin6_addr;
	uint32_t v4;

	if (address->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(v6) ||
		       IN6_IS_ADDR_UNSPECIFIED(v6) ||
		       IN6_IS_ADDR_MULTICAST(v6) || IN6_IS_ADDR_LINKLOCAL(v6);
	v4 = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
	return v4 >> 24 == 0 || v4 >> 24 == IN_LOOPBACKNET ||
	       v4 >> 16 == 0xa9fe || v4 >> 28 >= 0xe;
}

/* Returns whether there is anything to judge. */
static bool
judge_life(const struct diagnose_answers *trial)
{
	const struct dns_probe_job *first = NULL;
	bool routed = false;

	if (is_special(&trial->subject->endpoint)) {
		diagnose_put(trial, REPORT_WARNING, true, "false-address", NULL,
		    remedy_address,
		    "has an address that is nobody's: whoever asks there asks "
		    "himself, or no one");
		return false;
	}
	for (size_t i = 0; i < trial->count; i++) {
		const struct dns_probe_job *job = trial->job[i];

		if (diagnose_is_answered(job))
			return true;
		if (job->result.status == DNS_PROBE_NOT_ASKED)
			continue;
		routed |= job->result.status != DNS_PROBE_NO_ROUTE;
		if (first == NULL)
			first = job;
	}
	if (first == NULL)
		return false; /* out of time: not the server's fault */
	if (routed)
		diagnose_put(trial, REPORT_WARNING, true, "dead", first,
		    remedy_dead,
		    "does not answer at all, neither over UDP nor over TCP");
	else if (trial->subject->endpoint.address.ss_family == AF_INET6)
		diagnose_put(trial, REPORT_NOTE, false, "no-ipv6", NULL,
		    "none needed unless this machine should have IPv6",
		    "was not asked: this machine has no route to it (IPv6)");
	else
		diagnose_put(trial, REPORT_WARNING, true, "no-route", first,
		    remedy_address,
		    "has an address to which this machine has no route");
	return false;
}

static bool
is_upward(const struct diagnose_answers *trial, const struct dns_probe_job *job)
{
	return job->result.ns && !job->result.soa &&
	       domain_is_within(trial->subject->zone, job->result.authority) &&
	       !domain_equal(trial->subject->zone, job->result.authority);
}

/* Returns whether the server has the zone at all. */
static bool
judge_lame(const struct diagnose_answers *trial)
{
	const char *zone = trial->subject->zone;
	const struct dns_probe_job *fault = NULL;
	char text[16], verb[48], behaviour[48];

	for (unsigned kind = 0; kind < DIAGNOSE_MANNERS; kind++) {
		const struct dns_probe_job *job =
		    diagnose_get(trial, zone, DNS_TYPE_SOA, kind);

		if (has_soa(job))
			return true;
		if (fault == NULL && diagnose_is_answered(job))
			fault = job;
	}
	if (fault == NULL)
		return false;
	if (is_upward(trial, fault)) {
		diagnose_put(trial, REPORT_WARNING, true, "lame-upward", fault,
		    remedy_lame,
		    "does not serve the zone: a lame delegation, it refers "
		    "upwards to %s",
		    fault->result.authority);
		return false;
	}
	snprintf(behaviour, sizeof(behaviour), "lame-%s",
	    diagnose_outcome_key(fault, text));
	diagnose_put(trial, REPORT_WARNING, true, behaviour, fault, remedy_lame,
	    "does not serve the zone: a lame delegation, it %s whatever it is "
	    "asked of it",
	    diagnose_outcome_verb(fault, verb));
	return false;
}

/* ---- manners ---- */

/* Returns the most that the server supports: PLAIN, EDNS or DO. */
static enum diagnose_manner
judge_edns(const struct diagnose_answers *trial)
{
	const char *zone = trial->subject->zone;
	const struct dns_probe_job *plain =
	    diagnose_get(trial, zone, DNS_TYPE_SOA, DIAGNOSE_PLAIN);
	const struct dns_probe_job *edns =
	    diagnose_get(trial, zone, DNS_TYPE_SOA, DIAGNOSE_EDNS);
	const struct dns_probe_job *dnssec =
	    diagnose_get(trial, zone, DNS_TYPE_SOA, DIAGNOSE_DO);
	const struct dns_probe_job *cookie =
	    diagnose_get(trial, zone, DNS_TYPE_SOA, DIAGNOSE_COOKIE);

	if (lacks_soa(plain) && has_soa(edns))
		diagnose_put_outcome(trial, false, "plain", plain,
		    "questions without EDNS",
		    "update the name server or the firewall before it");
	if (lacks_soa(edns) && lacks_soa(dnssec)) {
		diagnose_put_outcome(trial, true, "edns", edns,
		    "all questions with EDNS, while it answers plain ones",
		    DIAGNOSE_REMEDY_EDNS);
		return DIAGNOSE_PLAIN;
	}
	if (lacks_soa(dnssec)) {
		diagnose_put_outcome(trial, true, "do", dnssec,
		    "questions with EDNS and DO (DNSSEC), while it answers "
		    "those without DO",
		    DIAGNOSE_REMEDY_EDNS);
		return DIAGNOSE_EDNS;
	}
	if (lacks_soa(cookie) && has_soa(edns))
		diagnose_put_outcome(trial, false, "option", cookie,
		    "questions with an EDNS option (COOKIE), which it may "
		    "ignore but not refuse (RFC 6891 section 6.1.2)",
		    DIAGNOSE_REMEDY_EDNS);
	return DIAGNOSE_DO;
}

static void
judge_opt(const struct diagnose_answers *trial)
{
	const struct dns_probe_job *job = diagnose_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, DIAGNOSE_DO);

	if (!has_soa(job) || job->result.opt || job->result.tc)
		return;
	diagnose_put(trial, REPORT_WARNING,
	    trial->subject->is_signed && !job->result.signatures,
	    "edns-ignored", job, DIAGNOSE_REMEDY_EDNS,
	    job->result.signatures
		? "answers with DNSSEC signatures but without OPT, against RFC "
		  "6891: something strips it"
		: "ignores EDNS: it answers as if it had not been there");
}

static void
judge_tcp(const struct diagnose_answers *trial)
{
	const struct dns_probe_job *udp = diagnose_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, DIAGNOSE_PLAIN);
	const struct dns_probe_job *tcp = diagnose_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, DIAGNOSE_TCP);

	if (!has_soa(udp) || tcp == NULL || has_soa(tcp))
		return;
	if (tcp->result.status == DNS_PROBE_CLOSED)
		diagnose_put(trial, REPORT_WARNING, false, "tcp-refused", tcp,
		    DIAGNOSE_REMEDY_TCP, "refuses or closes TCP connections");
	else if (tcp->result.status == DNS_PROBE_SILENT)
		diagnose_put(trial, REPORT_WARNING, false, "tcp-silent", tcp,
		    DIAGNOSE_REMEDY_TCP, "does not answer over TCP");
	else
		diagnose_put_outcome(trial, false, "tcp", tcp,
		    "questions over TCP", DIAGNOSE_REMEDY_TCP);
}

static void
judge_speed(const struct diagnose_answers *trial)
{
	const struct dns_probe_job *tcp = diagnose_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, DIAGNOSE_TCP);
	const struct dns_probe_job *udp = diagnose_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, DIAGNOSE_PLAIN);
	size_t answered = 0, repeated = 0;

	for (size_t i = 0; i < trial->count; i++) {
		const struct dns_probe_job *job = trial->job[i];

		if (!diagnose_is_answered(job) || job->manner.tcp)
			continue;
		answered++;
		repeated += job->result.sent > 1;
	}
	if (answered < 3 || repeated * 4 < answered)
		return;
	if (diagnose_is_answered(tcp) && tcp->result.ms > SLOW_MS)
		diagnose_put(trial, REPORT_WARNING, false, "slow",
		    udp != NULL ? udp : tcp,
		    "find out what delays the server's answers",
		    "is slow: an answer takes it %u ms", tcp->result.ms);
	else
		diagnose_put(trial, REPORT_WARNING, false, "lossy", udp,
		    "find out where between here and the server packets are "
		    "lost; rate limits for answers are a common reason",
		    "loses packets: %zu of %zu questions over UDP had to be "
		    "repeated",
		    repeated, answered);
}

void
diagnose_server(struct findings *findings,
    const struct diagnose_subject *subject,
    const struct dns_probe_job *const *job, size_t count)
{
	struct diagnose_answers trial = { .findings = findings,
		.subject = subject,
		.job = job,
		.count = count };
	enum diagnose_manner most;

	diagnose_address(&subject->endpoint, trial.address);
	if (!judge_life(&trial) || !judge_lame(&trial))
		return;
	most = judge_edns(&trial);
	if (most == DIAGNOSE_DO)
		judge_opt(&trial);
	judge_tcp(&trial);
	judge_speed(&trial);
	/* Once per question: at its first job. */
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (job[first]->type != job[i]->type ||
		       !domain_equal(job[first]->name, job[i]->name))
			first++;
		if (first == i)
			diagnose_question(&trial, job[i], most);
	}
}
