/* findings.c - from answers to words. */

#include "command/findings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/answer.h"

#define DNS_PORT 53
#define PLAIN_SIZE_MAX 512 /* RFC 1035 section 4.2.1 */
#define SLOW_MS 1000
#define RECURSOR_MS 10000 /* as long as the C library waits by default */

const struct dns_manner *
findings_manner(enum findings_manner kind)
{
	static const struct dns_manner manners[FINDINGS_KINDS] = {
		[FINDINGS_PLAIN] = { 0 },
		[FINDINGS_EDNS] = { .edns = true, .size = 1232 },
		[FINDINGS_DO] = { .edns = true, .dnssec = true, .size = 1232 },
		[FINDINGS_SMALL] = { .edns = true,
		    .dnssec = true,
		    .size = PLAIN_SIZE_MAX },
		[FINDINGS_LARGE] = { .edns = true,
		    .dnssec = true,
		    .size = 4096 },
		[FINDINGS_COOKIE] = { .edns = true,
		    .cookie = true,
		    .size = 1232 },
		[FINDINGS_TCP] = { .tcp = true },
		[FINDINGS_RECURSE] = { .recurse = true, .ms = RECURSOR_MS },
		[FINDINGS_RECURSE_DO] = { .recurse = true,
		    .edns = true,
		    .dnssec = true,
		    .size = 1232,
		    .ms = RECURSOR_MS },
		[FINDINGS_RECURSE_CD] = { .recurse = true,
		    .edns = true,
		    .dnssec = true,
		    .checking_disabled = true,
		    .size = 1232,
		    .ms = RECURSOR_MS },
	};

	return &manners[kind];
}

/* ---- words ---- */

const char *
findings_type(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
		return "A";
	case DNS_TYPE_NS:
		return "NS";
	case DNS_TYPE_SOA:
		return "SOA";
	case DNS_TYPE_MX:
		return "MX";
	case DNS_TYPE_AAAA:
		return "AAAA";
	case DNS_TYPE_DS:
		return "DS";
	case DNS_TYPE_DNSKEY:
		return "DNSKEY";
	case DNS_TYPE_TLSA:
		return "TLSA";
	case LDNS_RR_TYPE_TXT:
		return "TXT";
	default:
		return "ANY";
	}
}

static const char *
rcode_text(unsigned rcode)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE", "an unknown code",
		"an unknown code", "an unknown code", "an unknown code",
		"an unknown code", "BADVERS" };

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode]
							: "an unknown code";
}

void
findings_address(const struct endpoint *endpoint, char text[64])
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&endpoint->address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const bool is_v4 = address->sa_family == AF_INET;
	const unsigned port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
	size_t len;

	if (inet_ntop(address->sa_family,
		is_v4 ? (const void *)&v4->sin_addr
		      : (const void *)&v6->sin6_addr,
		text, 48) == NULL)
		snprintf(text, 64, "?");
	len = strlen(text);
	if (port != DNS_PORT)
		snprintf(text + len, 64 - len, " -p %u", port);
}

/* The line that puts this question. */
static void
dig_line(const struct probe_job *job, char *text, size_t size)
{
	const struct dns_manner *manner = &job->manner;
	char address[64], edns[40] = " +noedns";

	findings_address(&job->server, address);
	if (manner->edns)
		snprintf(edns, sizeof(edns), " %s+bufsize=%u%s",
		    manner->cookie ? "" : "+nocookie ", manner->size,
		    manner->dnssec ? " +dnssec" : "");
	snprintf(text, size, "dig%s%s%s%s @%s %s %s",
	    manner->recurse ? "" : " +norec",
	    manner->tcp ? " +tcp" : " +ignore", edns,
	    manner->checking_disabled ? " +cd" : "", address,
	    findings_type(job->type), job->name);
}

/* ---- the list ---- */

void
findings_add(struct findings *findings, const struct finding *fill)
{
	/* The first of a kind says it all. */
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *other = &findings->item[i];

		if (strcmp(other->behaviour, fill->behaviour) == 0 &&
		    strcmp(other->zone, fill->zone) == 0 &&
		    strcmp(other->server, fill->server) == 0 &&
		    strcmp(other->address, fill->address) == 0)
			return;
	}
	if (findings->count == findings->size) {
		const size_t size = findings->size > 0 ? 2 * findings->size : 8;
		struct finding *item =
		    realloc(findings->item, size * sizeof(*item));

		if (item == NULL) {
			findings->lost = true;
			return;
		}
		findings->item = item;
		findings->size = size;
	}
	findings->item[findings->count++] = *fill;
}

void
findings_weigh(struct findings *findings, const char *zone, size_t servers)
{
	size_t guilty = 0;

	for (size_t i = 0; i < findings->count; i++) {
		bool first = findings->item[i].fatal &&
			     strcmp(findings->item[i].zone, zone) == 0;

		for (size_t j = 0; first && j < i; j++)
			if (findings->item[j].fatal &&
			    strcmp(findings->item[j].zone, zone) == 0 &&
			    strcmp(findings->item[j].address,
				findings->item[i].address) == 0)
				first = false;
		guilty += first;
	}
	if (guilty == 0 || guilty < servers)
		return;
	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].fatal &&
		    strcmp(findings->item[i].zone, zone) == 0)
			findings->item[i].severity = FINDINGS_CRITICAL;
}

bool
findings_blame_a_zone(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].severity > FINDINGS_NOTE &&
		    findings->item[i].zone[0] != '\0')
			return true;
	return false;
}

enum findings_severity
findings_worst(const struct findings *findings)
{
	enum findings_severity worst = FINDINGS_NOTE;

	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].severity > worst)
			worst = findings->item[i].severity;
	return worst;
}

void
findings_clear(struct findings *findings)
{
	free(findings->item);
	memset(findings, 0, sizeof(*findings));
}

/* ---- judging ---- */

/* One server, while it is judged. */
struct trial {
	struct findings *findings;
	const struct findings_subject *subject;
	const struct probe_job *const *job;
	size_t count;
	char address[64];
};

static void find(const struct trial *trial, enum findings_severity severity,
    bool fatal, const char *behaviour, const struct probe_job *job,
    const char *remedy, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

static void
find(const struct trial *trial, enum findings_severity severity, bool fatal,
    const char *behaviour, const struct probe_job *job, const char *remedy,
    const char *format, ...)
{
	const struct findings_subject *subject = trial->subject;
	struct finding fill = {
		.severity = severity, .fatal = fatal, .remedy = remedy
	};
	char what[1200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	snprintf(fill.behaviour, sizeof(fill.behaviour), "%s", behaviour);
	snprintf(fill.zone, sizeof(fill.zone), "%s",
	    subject->zone != NULL ? subject->zone : "");
	snprintf(fill.server, sizeof(fill.server), "%s", subject->server);
	snprintf(fill.address, sizeof(fill.address), "%s", trial->address);
	if (subject->zone != NULL)
		snprintf(fill.blame, sizeof(fill.blame),
		    "who runs the name servers of %s", subject->zone);
	else
		snprintf(fill.blame, sizeof(fill.blame),
		    "who runs the recursor %s", trial->address);
	snprintf(fill.text, sizeof(fill.text), "%s", what);
	if (job != NULL)
		dig_line(job, fill.dig, sizeof(fill.dig));
	findings_add(trial->findings, &fill);
}

static const struct probe_job *
get(const struct trial *trial, const char *name, uint16_t type,
    enum findings_manner kind)
{
	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *job = trial->job[i];

		if (job->kind == kind && job->type == type &&
		    job->result.status != DNS_PROBE_NOT_ASKED &&
		    domain_equal(job->name, name))
			return job;
	}
	return NULL;
}

static bool
is_answered(const struct probe_job *job)
{
	return job != NULL && job->result.status == DNS_PROBE_ANSWERED;
}

/* An answer or a denial: something to work with. */
static bool
is_fine(const struct probe_job *job)
{
	return is_answered(job) &&
	       (job->result.rcode == LDNS_RCODE_NOERROR ||
		   job->result.rcode == LDNS_RCODE_NXDOMAIN);
}

static bool
is_bad(const struct probe_job *job)
{
	return job != NULL && !is_fine(job) &&
	       job->result.status != DNS_PROBE_NO_ROUTE;
}

/* The zone's SOA record: it is there, or the answer is false. */
static bool
has_soa(const struct probe_job *job)
{
	return is_answered(job) && job->result.rcode == LDNS_RCODE_NOERROR &&
	       (job->result.answers > 0 || job->result.tc);
}

static bool
lacks_soa(const struct probe_job *job)
{
	return job != NULL && !has_soa(job) &&
	       job->result.status != DNS_PROBE_NO_ROUTE;
}

static bool
is_denial(const struct probe_job *job)
{
	return is_fine(job) && job->result.answers == 0 &&
	       job->result.aliases == 0 && !job->result.tc;
}

/* "dropped", "refused": the second half of a behaviour's name. */
static const char *
outcome_key(const struct probe_job *job, char text[16])
{
	switch (job->result.status) {
	case DNS_PROBE_SILENT:
		return "dropped";
	case DNS_PROBE_CLOSED:
		return "closed";
	case DNS_PROBE_GARBLED:
		return "garbled";
	default:
		break;
	}
	if (job->result.rcode == LDNS_RCODE_NOERROR)
		return "nodata";
	if (job->result.rcode > 16)
		return "error";
	snprintf(text, 16, "%.15s", rcode_text(job->result.rcode));
	if (strchr(text, ' ') != NULL)
		return "error";
	for (char *c = text; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
	return text;
}

/* "drops", "answers REFUSED to": a verb for the questions that follow. */
static const char *
outcome_verb(const struct probe_job *job, char text[48])
{
	switch (job->result.status) {
	case DNS_PROBE_SILENT:
		return "drops";
	case DNS_PROBE_CLOSED:
		return "closes the port or connection on";
	case DNS_PROBE_GARBLED:
		return "answers unreadably to";
	default:
		break;
	}
	if (job->result.rcode == LDNS_RCODE_NOERROR)
		return "answers falsely, without the record, to";
	snprintf(text, 48, "answers %s to", rcode_text(job->result.rcode));
	return text;
}

static void
find_outcome(const struct trial *trial, bool fatal, const char *prefix,
    const struct probe_job *job, const char *questions, const char *remedy)
{
	char behaviour[48], key[16], verb[48];

	snprintf(behaviour, sizeof(behaviour), "%s-%s", prefix,
	    outcome_key(job, key));
	find(trial, FINDINGS_WARNING, fatal, behaviour, job, remedy, "%s %s",
	    outcome_verb(job, verb), questions);
}

/* ---- a server: as a whole ---- */

static const char remedy_dead[] =
    "start the server or take it out of the NS records";
static const char remedy_address[] =
    "correct the server's A or AAAA record, and the glue at the parent";
static const char remedy_lame[] =
    "configure the zone on this server, or take it out of the NS records at "
    "the zone and its parent";
static const char remedy_edns[] =
    "update the name server, or let the firewall before it pass EDNS (RFC "
    "6891); until then only a resolver that falls back to plain DNS gets "
    "answers: postdane";
static const char remedy_type[] =
    "update the name server or load balancer: it must answer NODATA with SOA "
    "to types that it has not (RFC 2308, RFC 4074)";
static const char remedy_tcp[] =
    "let the server listen on TCP and the firewall pass port 53/tcp (RFC 7766)";
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
judge_life(const struct trial *trial)
{
	const struct probe_job *first = NULL;
	bool routed = false;

	if (is_special(&trial->subject->endpoint)) {
		find(trial, FINDINGS_WARNING, true, "false-address", NULL,
		    remedy_address,
		    "has an address that is nobody's: whoever asks there asks "
		    "himself, or no one");
		return false;
	}
	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *job = trial->job[i];

		if (is_answered(job))
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
		find(trial, FINDINGS_WARNING, true, "dead", first, remedy_dead,
		    "does not answer at all, neither over UDP nor over TCP");
	else if (trial->subject->endpoint.address.ss_family == AF_INET6)
		find(trial, FINDINGS_NOTE, false, "no-ipv6", NULL,
		    "none needed unless this machine should have IPv6",
		    "was not asked: this machine has no route to it (IPv6)");
	else
		find(trial, FINDINGS_WARNING, true, "no-route", first,
		    remedy_address,
		    "has an address to which this machine has no route");
	return false;
}

static bool
is_upward(const struct trial *trial, const struct probe_job *job)
{
	return job->result.ns && !job->result.soa &&
	       domain_is_within(trial->subject->zone, job->result.authority) &&
	       !domain_equal(trial->subject->zone, job->result.authority);
}

/* Returns whether the server has the zone at all. */
static bool
judge_lame(const struct trial *trial)
{
	const char *zone = trial->subject->zone;
	const struct probe_job *fault = NULL;
	char text[16], verb[48], behaviour[48];

	for (unsigned kind = 0; kind < FINDINGS_MANNERS; kind++) {
		const struct probe_job *job =
		    get(trial, zone, DNS_TYPE_SOA, kind);

		if (has_soa(job))
			return true;
		if (fault == NULL && is_answered(job))
			fault = job;
	}
	if (fault == NULL)
		return false;
	if (is_upward(trial, fault)) {
		find(trial, FINDINGS_WARNING, true, "lame-upward", fault,
		    remedy_lame,
		    "does not serve the zone: a lame delegation, it refers "
		    "upwards to %s",
		    fault->result.authority);
		return false;
	}
	snprintf(
	    behaviour, sizeof(behaviour), "lame-%s", outcome_key(fault, text));
	find(trial, FINDINGS_WARNING, true, behaviour, fault, remedy_lame,
	    "does not serve the zone: a lame delegation, it %s whatever it is "
	    "asked of it",
	    outcome_verb(fault, verb));
	return false;
}

/* ---- a server: manners ---- */

/* Returns the most that it can be asked with: PLAIN, EDNS or DO. */
static enum findings_manner
judge_edns(const struct trial *trial)
{
	const char *zone = trial->subject->zone;
	const struct probe_job *plain =
	    get(trial, zone, DNS_TYPE_SOA, FINDINGS_PLAIN);
	const struct probe_job *edns =
	    get(trial, zone, DNS_TYPE_SOA, FINDINGS_EDNS);
	const struct probe_job *dnssec =
	    get(trial, zone, DNS_TYPE_SOA, FINDINGS_DO);
	const struct probe_job *cookie =
	    get(trial, zone, DNS_TYPE_SOA, FINDINGS_COOKIE);

	if (lacks_soa(plain) && has_soa(edns))
		find_outcome(trial, false, "plain", plain,
		    "questions without EDNS",
		    "update the name server or the firewall before it");
	if (lacks_soa(edns) && lacks_soa(dnssec)) {
		find_outcome(trial, true, "edns", edns,
		    "all questions with EDNS, while it answers plain ones",
		    remedy_edns);
		return FINDINGS_PLAIN;
	}
	if (lacks_soa(dnssec)) {
		find_outcome(trial, true, "do", dnssec,
		    "questions with EDNS and DO (DNSSEC), while it answers "
		    "those without DO",
		    remedy_edns);
		return FINDINGS_EDNS;
	}
	if (lacks_soa(cookie) && has_soa(edns))
		find_outcome(trial, false, "option", cookie,
		    "questions with an EDNS option (COOKIE), which it may "
		    "ignore but not refuse (RFC 6891 section 6.1.2)",
		    remedy_edns);
	return FINDINGS_DO;
}

static void
judge_opt(const struct trial *trial)
{
	const struct probe_job *job =
	    get(trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_DO);

	if (!has_soa(job) || job->result.opt || job->result.tc)
		return;
	find(trial, FINDINGS_WARNING,
	    trial->subject->is_signed && !job->result.signatures,
	    "edns-ignored", job, remedy_edns,
	    job->result.signatures
		? "answers with DNSSEC signatures but without OPT, against RFC "
		  "6891: something strips it"
		: "ignores EDNS: it answers as if it had not been there");
}

static void
judge_tcp(const struct trial *trial)
{
	const struct probe_job *udp =
	    get(trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_PLAIN);
	const struct probe_job *tcp =
	    get(trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_TCP);

	if (!has_soa(udp) || tcp == NULL || has_soa(tcp))
		return;
	if (tcp->result.status == DNS_PROBE_CLOSED)
		find(trial, FINDINGS_WARNING, false, "tcp-refused", tcp,
		    remedy_tcp, "refuses or closes TCP connections");
	else if (tcp->result.status == DNS_PROBE_SILENT)
		find(trial, FINDINGS_WARNING, false, "tcp-silent", tcp,
		    remedy_tcp, "does not answer over TCP");
	else
		find_outcome(
		    trial, false, "tcp", tcp, "questions over TCP", remedy_tcp);
}

static void
judge_speed(const struct trial *trial)
{
	const struct probe_job *tcp =
	    get(trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_TCP);
	const struct probe_job *udp =
	    get(trial, trial->subject->zone, DNS_TYPE_SOA, FINDINGS_PLAIN);
	size_t answered = 0, repeated = 0;

	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *job = trial->job[i];

		if (!is_answered(job) || job->manner.tcp)
			continue;
		answered++;
		repeated += job->result.sent > 1;
	}
	if (answered < 3 || repeated * 4 < answered)
		return;
	if (is_answered(tcp) && tcp->result.ms > SLOW_MS)
		find(trial, FINDINGS_WARNING, false, "slow",
		    udp != NULL ? udp : tcp,
		    "find out what delays the server's answers",
		    "is slow: an answer takes it %u ms", tcp->result.ms);
	else
		find(trial, FINDINGS_WARNING, false, "lossy", udp,
		    "find out where between here and the server packets are "
		    "lost; rate limits for answers are a common reason",
		    "loses packets: %zu of %zu questions over UDP had to be "
		    "repeated",
		    repeated, answered);
}

static void
judge_aa(const struct trial *trial, const struct probe_job *job)
{
	if (!is_fine(job) || job->result.tc || job->result.aa ||
	    (job->result.answers == 0 && job->result.ns && !job->result.soa))
		return;
	find(trial, FINDINGS_WARNING, false,
	    job->result.ra ? "no-aa-recursor" : "no-aa", job, remedy_aa,
	    job->result.ra
		? "answers as a recursor does: RA is set and AA is missing"
		: "answers without AA: not as a server that has the zone");
}

/* ---- a server: each question ---- */

/* One question in all manners. */
struct asked {
	const char *name;
	uint16_t type;
	const char *label; /* type and name, for a sentence */
	enum findings_manner most;
	const struct probe_job *by[FINDINGS_MANNERS];
};

/* The best answer to look at: with DNSSEC if there is one. */
static const struct probe_job *
best_of(const struct asked *asked)
{
	static const enum findings_manner order[] = { FINDINGS_DO,
		FINDINGS_EDNS, FINDINGS_PLAIN, FINDINGS_TCP };

	/* What is known to come out false with EDNS says nothing more. */
	for (size_t i = FINDINGS_DO - asked->most;
	     i < sizeof(order) / sizeof(order[0]); i++)
		if (is_fine(asked->by[order[i]]) &&
		    !asked->by[order[i]]->result.tc)
			return asked->by[order[i]];
	return NULL;
}

/* Large answers that do not get through, while small ones and TCP do. */
static bool
judge_size(const struct trial *trial, const struct asked *asked)
{
	static const enum findings_manner order[] = { FINDINGS_DO,
		FINDINGS_LARGE };
	const struct probe_job *small = asked->by[FINDINGS_SMALL];
	const struct probe_job *tcp = asked->by[FINDINGS_TCP];

	if (!is_fine(small) && !is_fine(tcp) &&
	    !is_fine(asked->by[FINDINGS_PLAIN]))
		return false;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct probe_job *job = asked->by[order[i]];

		if (job == NULL || job->result.status != DNS_PROBE_SILENT ||
		    (small != NULL && small->result.status == DNS_PROBE_SILENT))
			continue;
		find(trial, FINDINGS_WARNING, order[i] == FINDINGS_DO,
		    order[i] == FINDINGS_DO ? "large-lost" : "huge-lost", job,
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
judge_truncation(const struct trial *trial, const struct asked *asked)
{
	const struct probe_job *plain = asked->by[FINDINGS_PLAIN];
	const struct probe_job *edns = asked->by[FINDINGS_EDNS];
	const struct probe_job *dnssec = asked->by[FINDINGS_DO];
	const struct probe_job *tcp = asked->by[FINDINGS_TCP];

	if (is_fine(plain) && !plain->result.tc && is_fine(edns) &&
	    edns->result.tc)
		find(trial, FINDINGS_WARNING, false, "edns-truncated", edns,
		    remedy_edns,
		    "truncates answers that would fit as soon as there is EDNS "
		    "in the question, and forces everybody to TCP");
	else if (is_answered(dnssec) && dnssec->result.tc && tcp != NULL &&
		 !is_answered(tcp))
		find(trial, FINDINGS_WARNING, true, "truncated-without-tcp",
		    tcp, remedy_tcp,
		    "truncates the answer to %s, and does not answer over TCP",
		    asked->label);
	else if (is_answered(plain) && plain->result.tc && tcp != NULL &&
		 !is_answered(tcp))
		find(trial, FINDINGS_WARNING, false, "truncated-without-tcp",
		    tcp, remedy_tcp,
		    "truncates the answer to %s, and does not answer over TCP",
		    asked->label);
}

/* Returns whether the server failed this question in every way. */
static bool
judge_failure(const struct trial *trial, const struct asked *asked,
    enum findings_manner most)
{
	const struct probe_job *plain = asked->by[FINDINGS_PLAIN];
	const struct probe_job *tcp = asked->by[FINDINGS_TCP];
	const struct probe_job *dnssec = asked->by[FINDINGS_DO];
	char prefix[24], questions[1200];

	snprintf(prefix, sizeof(prefix), "type-%s", findings_type(asked->type));
	for (char *c = prefix; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 'a' - 'A');
	snprintf(questions, sizeof(questions),
	    "questions for %s, while it answers for other types", asked->label);
	if (is_bad(plain) && (dnssec == NULL || is_bad(dnssec))) {
		find_outcome(
		    trial, true, prefix, plain, questions, remedy_type);
		return true;
	}
	if (most == FINDINGS_DO && is_bad(dnssec) && is_fine(plain) &&
	    !judge_size(trial, asked)) {
		snprintf(questions, sizeof(questions),
		    "questions for %s with EDNS and DO, while it answers plain "
		    "ones",
		    asked->label);
		find_outcome(trial, true, "do", dnssec, questions, remedy_edns);
	}
	if (most == FINDINGS_DO && is_fine(dnssec))
		judge_size(trial, asked);
	if (is_bad(plain) && is_fine(tcp) && is_fine(dnssec))
		find_outcome(trial, false, "plain", plain,
		    "plain questions over UDP", remedy_type);
	return false;
}

static void
judge_denial(const struct trial *trial, const struct asked *asked)
{
	const struct probe_job *job = best_of(asked);
	const char *zone = trial->subject->zone;
	const char *owner;

	if (job == NULL || !is_denial(job))
		return;
	owner = job->result.authority;
	if (!job->result.soa && !job->result.ns)
		find(trial, FINDINGS_WARNING, false, "denial-without-soa", job,
		    remedy_negative,
		    "denies %s without an SOA record: nobody can tell how "
		    "long, or whether it means it",
		    asked->label);
	else if (!job->result.soa && domain_equal(owner, zone))
		find(trial, FINDINGS_WARNING, false, "self-referral", job,
		    remedy_negative,
		    "answers to %s with a referral to the zone itself instead "
		    "of a denial with SOA",
		    asked->label);
	else if (!job->result.soa && domain_is_within(zone, owner))
		find(trial, FINDINGS_WARNING, true, "upward-referral", job,
		    remedy_negative,
		    "answers to %s with a referral upwards, to %s, instead of "
		    "a denial with SOA",
		    asked->label, owner);
	else if (job->result.soa && (!domain_is_within(asked->name, owner) ||
					!domain_is_within(owner, zone)))
		find(trial, FINDINGS_WARNING, false, "foreign-soa", job,
		    remedy_negative,
		    "denies %s with the SOA record of another zone, %s",
		    asked->label, owner);
}

static void
judge_signatures(const struct trial *trial, const struct asked *asked)
{
	const struct probe_job *job = asked->by[FINDINGS_DO];

	if (!trial->subject->is_signed || !is_fine(job) || job->result.tc)
		return;
	if (job->result.expired)
		find(trial, FINDINGS_WARNING, true, "signature-expired", job,
		    "sign the zone anew, and find out why that stopped",
		    "serves signatures that have expired, for %s",
		    asked->label);
	else if (job->result.bogus)
		find(trial, FINDINGS_WARNING, true, "signature-bogus", job,
		    "sign the zone anew; let nothing change records between "
		    "signer and server",
		    "serves a signature for %s that is not valid by the zone's "
		    "own keys",
		    asked->label);
	else if (job->result.answers > 0 && !job->result.signatures)
		find(trial, FINDINGS_WARNING, true, "no-rrsig", job,
		    remedy_signed,
		    "serves %s without signatures (RRSIG), though the zone is "
		    "signed: it has a DS record above it",
		    asked->label);
	else if (is_denial(job) && job->result.soa &&
		 (!job->result.signatures || !job->result.denial))
		find(trial, FINDINGS_WARNING, true, "no-denial-proof", job,
		    remedy_signed,
		    "denies %s without a signed proof (NSEC, NSEC3), though "
		    "the zone is signed",
		    asked->label);
}

/* ---- a server: questions side by side ---- */

/* Returns whether the name is denied falsely. */
static bool
judge_nxdomain(const struct trial *trial, const struct asked *asked)
{
	const struct probe_job *job = best_of(asked);

	if (job == NULL || job->result.rcode != LDNS_RCODE_NXDOMAIN ||
	    job->result.aliases > 0)
		return false;
	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *other = trial->job[i];

		/* "a.b" exists, and so does "b": RFC 8020. */
		if (!is_fine(other) ||
		    other->result.rcode != LDNS_RCODE_NOERROR ||
		    !domain_is_within(other->name, asked->name) ||
		    other->manner.dnssec != job->manner.dnssec)
			continue;
		if (domain_equal(other->name, asked->name))
			find(trial, FINDINGS_WARNING, true, "type-nxdomain",
			    job, remedy_type,
			    "denies the whole name (NXDOMAIN) to %s, though "
			    "the name exists: it answers NOERROR to %s",
			    asked->label, findings_type(other->type));
		else if (other->result.answers > 0)
			find(trial, FINDINGS_WARNING, false, "ent-nxdomain",
			    job, remedy_type,
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
judge_alias(const struct trial *trial, const struct asked *asked)
{
	const struct probe_job *job = best_of(asked);

	if (job == NULL || job->result.aliases == 0)
		return;
	for (size_t i = 0; i < trial->count; i++) {
		const struct probe_job *other = trial->job[i];

		if (!is_fine(other) || other->result.answers == 0 ||
		    other->result.aliases > 0 ||
		    !domain_equal(other->name, asked->name))
			continue;
		find(trial, FINDINGS_WARNING, true, "false-cname", job,
		    remedy_type,
		    "answers an alias (CNAME) to %s, though the name is none: "
		    "it has %s records itself",
		    asked->label, findings_type(other->type));
		return;
	}
}

static void
judge_question(const struct trial *trial, const struct probe_job *first,
    enum findings_manner most)
{
	char label[DOMAIN_TEXT_MAX + 16];
	struct asked asked = { .name = first->name,
		.type = first->type,
		.label = label,
		.most = most };

	snprintf(label, sizeof(label), "%s %s", findings_type(first->type),
	    first->name);
	for (unsigned kind = 0; kind < FINDINGS_MANNERS; kind++)
		asked.by[kind] = get(trial, first->name, first->type, kind);
	judge_truncation(trial, &asked);
	if (asked.type != DNS_TYPE_SOA && judge_failure(trial, &asked, most))
		return;
	if (judge_nxdomain(trial, &asked))
		return;
	judge_aa(trial, best_of(&asked));
	judge_alias(trial, &asked);
	judge_denial(trial, &asked);
	if (most == FINDINGS_DO)
		judge_signatures(trial, &asked);
}

void
findings_of_server(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    size_t count)
{
	struct trial trial = { .findings = findings,
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
			judge_question(&trial, job[i], most);
	}
}

/* ---- a recursor ---- */

static const char remedy_recursor[] =
    "give Postfix postdane as its resolver (dns-listen), or another recursor; "
    "update this one";

static const char *
ede_text(const struct probe_job *job, char text[200])
{
	text[0] = '\0';
	if (is_answered(job) && job->result.ede != -1)
		snprintf(text, 200, " (it says: EDE %d %s)", job->result.ede,
		    job->result.ede_text);
	return text;
}

/* A recursor is silent because it still waits for others. */
static const char *
recursion_verb(const struct probe_job *job, char text[48])
{
	if (job->result.status != DNS_PROBE_SILENT)
		return outcome_verb(job, text);
	snprintf(
	    text, 48, "gives no answer within %d s to", RECURSOR_MS / 1000);
	return text;
}

static void
judge_recursion(const struct trial *trial, const struct probe_job *plain,
    bool is_signed, bool domain_at_fault)
{
	const struct probe_job *dnssec =
	    get(trial, plain->name, plain->type, FINDINGS_RECURSE_DO);
	const struct probe_job *unchecked =
	    get(trial, plain->name, plain->type, FINDINGS_RECURSE_CD);
	char key[16], verb[48], behaviour[48], ede[200];
	const char *whose = domain_at_fault
				? "; the cause lies with the name servers "
				  "named here, which it cannot cope with"
				: "; the domain's own name servers answer it";

	if (domain_equal(plain->name, "."))
		return; /* asked only to see whether it lives */
	if (is_bad(dnssec) && is_fine(plain)) {
		snprintf(behaviour, sizeof(behaviour), "recursor-do-%s",
		    outcome_key(dnssec, key));
		find(trial, FINDINGS_CRITICAL, true, behaviour, dnssec,
		    remedy_recursor,
		    "%s %s %s with DO, as Postfix asks with "
		    "smtp_dns_support_level = dnssec, while it answers without "
		    "DO%s%s",
		    recursion_verb(dnssec, verb), findings_type(plain->type),
		    plain->name, ede_text(dnssec, ede), whose);
	} else if (is_bad(dnssec) && is_bad(plain) && is_fine(unchecked)) {
		find(trial, FINDINGS_CRITICAL, true, "recursor-bogus", dnssec,
		    "mend the zone's DNSSEC; if it is sound, the recursor's "
		    "trust anchor and clock",
		    "%s %s %s, but answers with CD: its DNSSEC validation "
		    "fails%s",
		    recursion_verb(dnssec, verb), findings_type(plain->type),
		    plain->name, ede_text(dnssec, ede));
	} else if (is_bad(plain)) {
		snprintf(behaviour, sizeof(behaviour), "recursor-%s",
		    outcome_key(plain, key));
		find(trial, FINDINGS_CRITICAL, true, behaviour, plain,
		    remedy_recursor, "%s %s %s%s%s",
		    recursion_verb(plain, verb), findings_type(plain->type),
		    plain->name, ede_text(dnssec, ede), whose);
	} else if (is_signed && is_fine(dnssec) && !dnssec->result.tc) {
		if (!dnssec->result.signatures)
			find(trial, FINDINGS_CRITICAL, true, "recursor-strips",
			    dnssec, remedy_recursor,
			    "passes no signatures on for the signed %s %s: no "
			    "DANE through it",
			    findings_type(plain->type), plain->name);
		else if (!dnssec->result.ad)
			find(trial, FINDINGS_WARNING, false, "recursor-no-ad",
			    dnssec, "let the recursor validate",
			    "does not say (AD) that the signed %s %s is "
			    "authentic: it does not validate, and Postfix's "
			    "DANE needs that",
			    findings_type(plain->type), plain->name);
	}
}

void
findings_of_recursor(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    const bool *is_signed, size_t count, bool domain_at_fault)
{
	struct trial trial = { .findings = findings,
		.subject = subject,
		.job = job,
		.count = count };
	const struct probe_job *first = NULL;
	bool answered = false;

	findings_address(&subject->endpoint, trial.address);
	for (size_t i = 0; i < count; i++) {
		if (is_answered(job[i]))
			answered = true;
		if (first == NULL &&
		    job[i]->result.status != DNS_PROBE_NOT_ASKED)
			first = job[i];
	}
	if (first == NULL)
		return;
	if (!answered) {
		find(&trial, FINDINGS_CRITICAL, true, "recursor-dead", first,
		    "start the recursor, or correct the nameserver line",
		    "does not answer at all");
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (job[i]->kind == FINDINGS_RECURSE)
			judge_recursion(
			    &trial, job[i], is_signed[i], domain_at_fault);
}
