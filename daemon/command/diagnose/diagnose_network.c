/* diagnose_network.c - faults of this machine's access to the DNS. */

#include "command/diagnose/diagnose_network.h"

#include <stdio.h>
#include <string.h>

#include "base/reason.h"
#include "command/diagnose/diagnose_answers.h"
#include "dns/answer.h"

static const char blame_network[] = "who runs this machine's network";

/* ---- the root servers ---- */

static bool
is_of_root(const struct dns_probe_job *job)
{
	return job->zone == 0 && job->kind < DIAGNOSE_MANNERS &&
	       job->result.status != DNS_PROBE_NOT_ASKED;
}

/* Whether a root server itself answered, with AA and signatures: an answer of a
 * recursor has no AA. */
static bool
is_the_roots(const struct dns_probe_job *job)
{
	return diagnose_is_answered(job) &&
	       job->result.rcode == LDNS_RCODE_NOERROR &&
	       job->result.answers > 0 && job->result.aa &&
	       job->result.signatures;
}

enum diagnosis_root
diagnosis_root(const struct diagnosis *to)
{
	bool asked = false, answered = false, asked_dnssec = false;

	for (size_t i = 0; i < to->batch.count; i++) {
		const struct dns_probe_job *job = &to->batch.job[i];

		if (!is_of_root(job))
			continue;
		if (is_the_roots(job))
			return DIAGNOSIS_ROOT_ITSELF;
		asked = true;
		answered |= diagnose_is_answered(job);
		asked_dnssec |= job->kind == DIAGNOSE_DO;
	}
	if (!answered)
		return asked ? DIAGNOSIS_ROOT_SILENT : DIAGNOSIS_ROOT_UNKNOWN;
	return asked_dnssec ? DIAGNOSIS_ROOT_FOREIGN : DIAGNOSIS_ROOT_UNKNOWN;
}

/* Configured servers have no name: zones below them do not depend on the
 * root. */
bool
diagnose_depends_on_root(const struct diagnosis *to, size_t zone)
{
	const struct delegation_zone *zones = to->delegation.zone;

	for (; zone != 0; zone = zones[zone].parent)
		if (zones[zone].server_count > 0 &&
		    zones[zone].server[0].name[0] == '\0')
			return false;
	return true;
}

/* If postdane.conf has servers for ".", the root servers need not be
 * reachable. */
static void
note_unneeded(struct diagnosis *to, struct finding *fill)
{
	fill->severity = REPORT_NOTE;
	fill->leads = false;
	fill->blame[0] = '\0';
	fill->remedy = "none needed: postdane asks the servers that "
		       "postdane.conf names for \".\"; but no others could be "
		       "diagnosed";
	findings_add(&to->findings, fill);
}

static void
note_silence(struct diagnosis *to)
{
	static const char machine[] = "this machine ";
	struct finding fill = { .severity = REPORT_UNKNOWN,
		.leads = true,
		.behaviour = DIAGNOSIS_NO_INTERNET,
		.server = "this machine",
		.dig = "dig +norec @198.41.0.4 NS .",
		.remedy = "let it ask all of the internet at port 53, over UDP "
			  "and TCP; or name a recursor that passes signatures "
			  "on, as a forwarder for \".\" in postdane.conf" };

	snprintf(fill.blame, sizeof(fill.blame), "%s", blame_network);
	snprintf(fill.text, sizeof(fill.text), "%s",
	    &REASON_NO_ROOT[sizeof(machine) - 1]);
	if (!to->has_forwarders) {
		findings_add(&to->findings, &fill);
		return;
	}
	snprintf(fill.text, sizeof(fill.text),
	    "reaches no root server: name servers were not asked");
	note_unneeded(to, &fill);
}

static void
note_foreigner(struct diagnosis *to)
{
	struct finding fill = { .severity = REPORT_UNKNOWN,
		.leads = true,
		.behaviour = DIAGNOSIS_INTERCEPTED,
		.server = "something between this machine and the root servers",
		.text = "answers in their place, or takes DNSSEC out of their "
			"answers: nothing can be learned of anybody's name "
			"servers",
		.remedy = "let it ask all of the internet at port 53, over UDP "
			  "and TCP, with nothing that answers by itself; or "
			  "name a recursor that passes signatures on, as a "
			  "forwarder for \".\" in postdane.conf" };
	char address[64] = "198.41.0.4";

	if (to->delegation.zone[0].server_count > 0)
		diagnose_address(
		    &to->delegation.zone[0].server[0].endpoint, address);
	snprintf(fill.blame, sizeof(fill.blame), "%s", blame_network);
	snprintf(fill.dig, sizeof(fill.dig),
	    "dig +norec +dnssec @%s SOA . (lacks the flag aa, or RRSIG)",
	    address);
	if (to->has_forwarders)
		note_unneeded(to, &fill);
	else
		findings_add(&to->findings, &fill);
}

void
diagnose_note_root(struct diagnosis *to, enum diagnosis_root root)
{
	if (root == DIAGNOSIS_ROOT_SILENT)
		note_silence(to);
	else if (root == DIAGNOSIS_ROOT_FOREIGN)
		note_foreigner(to);
}

/* ---- forwarders ---- */

/* The root zone is signed, so answers and denials must have signatures. */
static bool
lacks_signatures(const struct dns_probe_job *job)
{
	return (job->kind == DIAGNOSE_RECURSE_DO ||
		   job->kind == DIAGNOSE_RECURSE_CD) &&
	       strcmp(job->name, ".") == 0 && diagnose_is_fine(job) &&
	       !job->result.tc && !job->result.signatures;
}

bool
diagnose_note_forwarder(struct diagnosis *to, size_t recursor)
{
	const struct diagnosis_recursor *forwarder = &to->recursor[recursor];
	struct finding fill = { .severity = REPORT_CRITICAL,
		.leads = true,
		.behaviour = DIAGNOSIS_FORWARDER_UNSIGNED,
		.text = "is a forwarder of zone \".\" and does no DNSSEC, "
			"which it must: pass on DO, and signatures (RRSIG)",
		.blame = "who runs the forwarder, or chose it",
		.remedy = "switch DNSSEC on there (it need not validate), or "
			  "name another; without any, postdane asks the name "
			  "servers of the internet by itself" };
	bool lacks = false;

	for (size_t i = 0; forwarder->of_root && i < to->batch.count; i++)
		lacks |= to->batch.job[i].where == recursor &&
			 lacks_signatures(&to->batch.job[i]);
	if (!lacks)
		return false;
	snprintf(fill.server, sizeof(fill.server), "%s", forwarder->path);
	diagnose_address(&forwarder->endpoint, fill.address);
	snprintf(
	    fill.dig, sizeof(fill.dig), "dig +dnssec @%s NS .", fill.address);
	findings_add(&to->findings, &fill);
	return true;
}

/* ---- IPv6 ---- */

void
diagnose_fold_ipv6(struct diagnosis *to)
{
	struct finding fill = { .severity = REPORT_NOTE,
		.behaviour = "no-ipv6",
		.server = "this machine",
		.remedy = "none needed unless this machine should have IPv6" };
	const size_t count = findings_remove(&to->findings, fill.behaviour);

	if (count == 0)
		return;
	snprintf(fill.text, sizeof(fill.text),
	    "has no route by IPv6: %zu address%s of name servers %s not asked",
	    count, count == 1 ? "" : "es", count == 1 ? "was" : "were");
	findings_add(&to->findings, &fill);
}
