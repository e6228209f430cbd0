/* findings_server.c - a name server, by all its answers. */

#include "command/findings_server.h"

#include <netinet/in.h>
#include <stdio.h>

#include "command/findings_question.h"
#include "dns/answer.h"

#define SLOW_MS 1000

static const char remedy_dead[] =
    "start the server or take it out of the NS records";
static const char remedy_address[] =
    "correct the server's A or AAAA record, and the glue at the parent";
static const char remedy_lame[] =
    "configure the zone on this server, or take it out of the NS records at "
    "the zone and its parent";

/* ---- as a whole ---- */

/* The zone's SOA record: it is there, or the answer is false. */
static bool
has_soa(const struct probe_job *job)
{
	return findings_is_answered(job) &&
	       job->result.rcode == LDNS_RCODE_NOERROR &&
	       (job->result.answers > 0 || job->result.tc);
}

static bool
lacks_soa(const struct probe_job *job)
{
	return job != NULL && !has_soa(job) &&
	       job->result.status != DNS_PROBE_NO_ROUTE;
}

/* Not the server's, whoever asks: "this" network, loopback, multicast. */
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
judge_life(const struct findings_trial *trial)
{
	const struct probe_job *first = NULL;
	bool routed = false;

	if (is_special(&trial->subject->endpoint)) {
		findings_put(trial, FINDINGS_WARNING, true, "false-address",
		    NULL, remedy_address,
		    "has an address that is nobody's: whoever asks there asks "
		    "himself, or no one");
		return false;
	}
	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *job = trial->job[i];

		if (findings_is_answered(job))
			return true;
		if (job->result.status == DNS_PROBE_NOT_ASKED)
			continue;
		routed |= job->result.status != DNS_PROBE_NO_ROUTE;
		if (first == NULL)
			first = job;
	}
	if (first == NULL)
		return false; /* the time was up: nobody's fault */
	if (routed)
		findings_put(trial, FINDINGS_WARNING, true, "dead", first,
		    remedy_dead,
		    "does not answer at all, neither over UDP nor over TCP");
	else if (trial->subject->endpoint.address.ss_family == AF_INET6)
		findings_put(trial, FINDINGS_NOTE, false, "no-ipv6", NULL,
		    "none needed unless this machine should have IPv6",
		    "was not asked: this machine has no route to it (IPv6)");
	else
		findings_put(trial, FINDINGS_WARNING, true, "no-route", first,
		    remedy_address,
		    "has an address to which this machine has no route");
	return false;
}

static bool
is_upward(const struct findings_trial *trial, const struct probe_job *job)
{
	return job->result.ns && !job->result.soa &&
	       domain_is_within(trial->subject->zone, job->result.authority) &&
	       !domain_equal(trial->subject->zone, job->result.authority);
}

/* Returns whether the server has the zone at all. */
static bool
judge_lame(const struct findings_trial *trial)
{
	const char *zone = trial->subject->zone;
	const struct probe_job *fault = NULL;
	char text[16], verb[48], behaviour[48];

	for (unsigned kind = 0; kind < FINDINGS_MANNERS; kind++) {
		const struct probe_job *job =
		    findings_get(trial, zone, DNS_TYPE_SOA, kind);

		if (has_soa(job))
			return true;
		if (fault == NULL && findings_is_answered(job))
			fault = job;
	}
	if (fault == NULL)
		return false;
	if (is_upward(trial, fault)) {
		findings_put(trial, FINDINGS_WARNING, true, "lame-upward",
		    fault, remedy_lame,
		    "does not serve the zone: a lame delegation, it refers "
		    "upwards to %s",
		    fault->result.authority);
		return false;
	}
	snprintf(behaviour, sizeof(behaviour), "lame-%s",
	    findings_outcome_key(fault, text));
	findings_put(trial, FINDINGS_WARNING, true, behaviour, fault,
	    remedy_lame,
	    "does not serve the zone: a lame delegation, it %s whatever it is "
	    "asked of it",
	    findings_outcome_verb(fault, verb));
	return false;
}

/* ---- manners ---- */

/* Returns the most that it can be asked with: PLAIN, EDNS or DO. */
static enum findings_manner
judge_edns(const struct findings_trial *trial)
{
	const char *zone = trial->subject->zone;
	const struct probe_job *plain =
	    findings_get(trial, zone, DNS_TYPE_SOA, FINDINGS_PLAIN);
	const struct probe_job *edns =
	    findings_get(trial, zone, DNS_TYPE_SOA, FINDINGS_EDNS);
	const struct probe_job *dnssec =
	    findings_get(trial, zone, DNS_TYPE_SOA, FINDINGS_DO);
	const struct probe_job *cookie =
	    findings_get(trial, zone, DNS_TYPE_SOA, FINDINGS_COOKIE);

	if (lacks_soa(plain) && has_soa(edns))
		findings_put_outcome(trial, false, "plain", plain,
		    "questions without EDNS",
		    "update the name server or the firewall before it");
	if (lacks_soa(edns) && lacks_soa(dnssec)) {
		findings_put_outcome(trial, true, "edns", edns,
		    "all questions with EDNS, while it answers plain ones",
		    FINDINGS_REMEDY_EDNS);
		return FINDINGS_PLAIN;
	}
	if (lacks_soa(dnssec)) {
		findings_put_outcome(trial, true, "do", dnssec,
		    "questions with EDNS and DO (DNSSEC), while it answers "
		    "those without DO",
		    FINDINGS_REMEDY_EDNS);
		return FINDINGS_EDNS;
	}
	if (lacks_soa(cookie) && has_soa(edns))
		findings_put_outcome(trial, false, "option", cookie,
		    "questions with an EDNS option (COOKIE), which it may "
		    "ignore but not refuse (RFC 6891 section 6.1.2)",
		    FINDINGS_REMEDY_EDNS);
	return FINDINGS_DO;
}

static void
judge_opt(const struct findings_trial *trial)
{
	const struct probe_job *job = findings_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_DO);

	if (!has_soa(job) || job->result.opt || job->result.tc)
		return;
	findings_put(trial, FINDINGS_WARNING,
	    trial->subject->is_signed && !job->result.signatures,
	    "edns-ignored", job, FINDINGS_REMEDY_EDNS,
	    job->result.signatures
		? "answers with DNSSEC signatures but without OPT, against RFC "
		  "6891: something strips it"
		: "ignores EDNS: it answers as if it had not been there");
}

static void
judge_tcp(const struct findings_trial *trial)
{
	const struct probe_job *udp = findings_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_PLAIN);
	const struct probe_job *tcp = findings_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_TCP);

	if (!has_soa(udp) || tcp == NULL || has_soa(tcp))
		return;
	if (tcp->result.status == DNS_PROBE_CLOSED)
		findings_put(trial, FINDINGS_WARNING, false, "tcp-refused", tcp,
		    FINDINGS_REMEDY_TCP, "refuses or closes TCP connections");
	else if (tcp->result.status == DNS_PROBE_SILENT)
		findings_put(trial, FINDINGS_WARNING, false, "tcp-silent", tcp,
		    FINDINGS_REMEDY_TCP, "does not answer over TCP");
	else
		findings_put_outcome(trial, false, "tcp", tcp,
		    "questions over TCP", FINDINGS_REMEDY_TCP);
}

static void
judge_speed(const struct findings_trial *trial)
{
	const struct probe_job *tcp = findings_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_TCP);
	const struct probe_job *udp = findings_get(
	    trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_PLAIN);
	size_t answered = 0, repeated = 0;

	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *job = trial->job[i];

		if (!findings_is_answered(job) || job->manner.tcp)
			continue;
		answered++;
		repeated += job->result.sent > 1;
	}
	if (answered < 3 || repeated * 4 < answered)
		return;
	if (findings_is_answered(tcp) && tcp->result.ms > SLOW_MS)
		findings_put(trial, FINDINGS_WARNING, false, "slow",
		    udp != NULL ? udp : tcp,
		    "find out what delays the server's answers",
		    "is slow: an answer takes it %u ms", tcp->result.ms);
	else
		findings_put(trial, FINDINGS_WARNING, false, "lossy", udp,
		    "find out where between here and the server packets are "
		    "lost; rate limits for answers are a common reason",
		    "loses packets: %zu of %zu questions over UDP had to be "
		    "repeated",
		    repeated, answered);
}

void
findings_of_server(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    size_t count)
{
	struct findings_trial trial = { .findings = findings,
		.subject = subject,
		.job = job,
		.count = count };
	enum findings_manner most;

	findings_address(&subject->endpoint, trial.address);
	if (!judge_life(&trial) || !judge_lame(&trial))
		return;
	most = judge_edns(&trial);
	if (most == FINDINGS_DO)
		judge_opt(&trial);
	judge_tcp(&trial);
	judge_speed(&trial);
	/* Once for each question: at its first manner. */
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (job[first]->type != job[i]->type ||
		       !domain_equal(job[first]->name, job[i]->name))
			first++;
		if (first == i)
			findings_of_question(&trial, job[i], most);
	}
}
