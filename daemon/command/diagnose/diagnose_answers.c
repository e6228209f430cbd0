/* diagnose_answers.c - the answers of one server, and texts about them. */

#include "command/diagnose/diagnose_answers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dns/answer.h"
#include "dns/wire.h"

#define PLAIN_SIZE_MAX 512 /* RFC 1035 section 4.2.1 */

/* ---- queries ---- */

const struct dns_manner *
diagnose_manner(enum diagnose_manner kind)
{
	static const struct dns_manner manners[DIAGNOSE_KINDS] = {
		[DIAGNOSE_PLAIN] = { 0 },
		[DIAGNOSE_EDNS] = { .edns = true, .size = 1232 },
		[DIAGNOSE_DO] = { .edns = true, .dnssec = true, .size = 1232 },
		[DIAGNOSE_SMALL] = { .edns = true,
		    .dnssec = true,
		    .size = PLAIN_SIZE_MAX },
		[DIAGNOSE_LARGE] = { .edns = true,
		    .dnssec = true,
		    .size = 4096 },
		[DIAGNOSE_COOKIE] = { .edns = true,
		    .cookie = true,
		    .size = 1232 },
		[DIAGNOSE_TCP] = { .tcp = true },
		[DIAGNOSE_RECURSE] = { .recurse = true,
		    .ms = DIAGNOSE_RECURSOR_MS },
		[DIAGNOSE_RECURSE_DO] = { .recurse = true,
		    .edns = true,
		    .dnssec = true,
		    .size = 1232,
		    .ms = DIAGNOSE_RECURSOR_MS },
		[DIAGNOSE_RECURSE_CD] = { .recurse = true,
		    .edns = true,
		    .dnssec = true,
		    .checking_disabled = true,
		    .size = 1232,
		    .ms = DIAGNOSE_RECURSOR_MS },
	};

	return &manners[kind];
}

const char *
diagnose_type(uint16_t type)
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
diagnose_address(const struct endpoint *endpoint, char text[64])
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&endpoint->address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const bool is_v4 = address->sa_family == AF_INET;
	const unsigned port = endpoint_port(&endpoint->address);
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

/* The command line of dig that sends this query. */
static void
dig_line(const struct dns_probe_job *job, char *text, size_t size)
{
	const struct dns_manner *manner = &job->manner;
	char address[64], edns[40] = " +noedns";

	diagnose_address(&job->server, address);
	if (manner->edns)
		snprintf(edns, sizeof(edns), " %s+bufsize=%u%s",
		    manner->cookie ? "" : "+nocookie ", manner->size,
		    manner->dnssec ? " +dnssec" : "");
	snprintf(text, size, "dig%s%s%s%s @%s %s %s",
	    manner->recurse ? "" : " +norec",
	    manner->tcp ? " +tcp" : " +ignore", edns,
	    manner->checking_disabled ? " +cd" : "", address,
	    diagnose_type(job->type), job->name);
}

void
diagnose_put(const struct diagnose_answers *trial,
    enum report_severity severity, bool fatal, const char *behaviour,
    const struct dns_probe_job *job, const char *remedy, const char *format,
    ...)
{
	const struct diagnose_subject *subject = trial->subject;
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

const struct dns_probe_job *
diagnose_get(const struct diagnose_answers *trial, const char *name,
    uint16_t type, enum diagnose_manner kind)
{
	for (size_t i = 0; i < trial->count; i++) {
		const struct dns_probe_job *job = trial->job[i];

		if (job->kind == kind && job->type == type &&
		    job->result.status != DNS_PROBE_NOT_ASKED &&
		    domain_equal(job->name, name))
			return job;
	}
	return NULL;
}

bool
diagnose_is_answered(const struct dns_probe_job *job)
{
	return job != NULL && job->result.status == DNS_PROBE_ANSWERED;
}

bool
diagnose_is_fine(const struct dns_probe_job *job)
{
	return diagnose_is_answered(job) &&
	       (job->result.rcode == LDNS_RCODE_NOERROR ||
		   job->result.rcode == LDNS_RCODE_NXDOMAIN);
}

bool
diagnose_is_bad(const struct dns_probe_job *job)
{
	return job != NULL && !diagnose_is_fine(job) &&
	       job->result.status != DNS_PROBE_NO_ROUTE;
}

const char *
diagnose_outcome_key(const struct dns_probe_job *job, char text[16])
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

const char *
diagnose_outcome_verb(const struct dns_probe_job *job, char text[48])
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

void
diagnose_put_outcome(const struct diagnose_answers *trial, bool fatal,
    const char *prefix, const struct dns_probe_job *job, const char *questions,
    const char *remedy)
{
	char behaviour[48], key[16], verb[48];

	snprintf(behaviour, sizeof(behaviour), "%s-%s", prefix,
	    diagnose_outcome_key(job, key));
	diagnose_put(trial, REPORT_WARNING, fatal, behaviour, job, remedy,
	    "%s %s", diagnose_outcome_verb(job, verb), questions);
}
