/* diagnose_judge.c - derives findings from all answers about a domain. */

#include "command/diagnose/diagnose_judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "command/diagnose/diagnose_network.h"
#include "command/diagnose/signatures.h"
#include "dns/answer.h"

/* A zone counts as signed if its parent does and has a DS record for it. */
static void
find_signed(struct diagnosis *to)
{
	for (size_t z = 0; z < to->delegation.count; z++) {
		const struct delegation_zone *zone = &to->delegation.zone[z];
		const bool root = zone->parent == z;

		for (size_t i = 0; i < to->batch.count; i++) {
			const struct dns_probe_job *job = &to->batch.job[i];

			if (job->result.status != DNS_PROBE_ANSWERED ||
			    job->kind >= DIAGNOSE_MANNERS)
				continue;
			to->signed_known[z] |=
			    root ? job->zone == z
				 : job->zone == zone->parent &&
				       job->type == DNS_TYPE_DS &&
				       domain_equal(job->name, zone->name);
			if (root ? job->zone == z && job->result.signatures
				 : job->zone == zone->parent &&
				       job->type == DNS_TYPE_DS &&
				       domain_equal(job->name, zone->name) &&
				       job->result.answers > 0 &&
				       to->is_signed[zone->parent])
				to->is_signed[z] = true;
		}
	}
}

/* Returns an answer that is not truncated, from any server; or NULL. */
static const ldns_pkt *
find_packet(
    const struct diagnosis *to, size_t zone, const char *name, uint16_t type)
{
	for (size_t i = 0; i < to->batch.count; i++) {
		const struct dns_probe_job *job = &to->batch.job[i];

		if (job->zone == zone && job->type == type &&
		    job->kind < DIAGNOSE_MANNERS && job->packet != NULL &&
		    !job->result.tc && job->result.answers > 0 &&
		    domain_equal(job->name, name))
			return job->packet;
	}
	return NULL;
}

static void
note_foreign_ds(struct diagnosis *to, const struct delegation_zone *zone)
{
	struct finding fill = { .severity = REPORT_CRITICAL,
		.behaviour = "ds-mismatch",
		.text = "has a DS record at its parent that is of none of its "
			"keys (DNSKEY): to validators all of it is bogus",
		.remedy = "have the registrar replace the DS record by that of "
			  "the zone's present key, or remove it" };

	snprintf(fill.zone, sizeof(fill.zone), "%s", zone->name);
	snprintf(fill.blame, sizeof(fill.blame),
	    "who runs %s: DS and DNSKEY must be changed together", zone->name);
	snprintf(fill.dig, sizeof(fill.dig), "delv +rtrace SOA %s", zone->name);
	findings_add(&to->findings, &fill);
}

/* Checks signatures against the zone's keys, and the keys against its DS. */
static void
check_signatures(struct diagnosis *to, size_t index)
{
	const struct delegation_zone *zone = &to->delegation.zone[index];
	const ldns_pkt *keys =
	    find_packet(to, index, zone->name, DNS_TYPE_DNSKEY);
	const ldns_pkt *ds =
	    find_packet(to, zone->parent, zone->name, DNS_TYPE_DS);

	if (!to->is_signed[index] || keys == NULL)
		return;
	if (zone->parent != index && ds != NULL && !signatures_fit(ds, keys))
		note_foreign_ds(to, zone);
	for (size_t i = 0; i < to->batch.count; i++) {
		struct dns_probe_job *job = &to->batch.job[i];

		if (job->zone == index && job->kind < DIAGNOSE_MANNERS &&
		    job->packet != NULL && job->result.signatures)
			job->result.bogus =
			    signatures_bogus(job->packet, keys, zone->name);
	}
}

/* Selects the jobs of one server or recursor.  Returns how many. */
static size_t
select_jobs(const struct diagnosis *to, bool recursor, size_t zone,
    size_t where, const struct dns_probe_job **selected, bool *is_signed)
{
	size_t count = 0;

	for (size_t i = 0; i < to->batch.count; i++) {
		const struct dns_probe_job *job = &to->batch.job[i];

		if ((job->kind >= DIAGNOSE_MANNERS) != recursor ||
		    job->where != where || (!recursor && job->zone != zone))
			continue;
		is_signed[count] = to->is_signed[job->zone];
		selected[count++] = job;
	}
	return count;
}

static void
judge_lost_names(struct diagnosis *to, const struct delegation_zone *zone)
{
	for (size_t i = 0; i < zone->lost_count; i++) {
		struct finding fill = { .severity = REPORT_WARNING,
			.behaviour = "no-address",
			.text = "has no address that can be found",
			.remedy = "give the name an address record, or take it "
				  "out of the zone's NS records" };

		snprintf(fill.zone, sizeof(fill.zone), "%s", zone->name);
		snprintf(fill.server, sizeof(fill.server), "%s", zone->lost[i]);
		snprintf(fill.blame, sizeof(fill.blame), "who runs the zone %s",
		    zone->name);
		snprintf(fill.dig, sizeof(fill.dig), "dig +trace A %s",
		    zone->lost[i]);
		if (zone->server_count == 0)
			fill.severity = REPORT_CRITICAL;
		findings_add(&to->findings, &fill);
	}
}

/* Answers that were not the root servers' prove nothing about the zones found
 * through them. */
static void
forget_what_others_said(struct diagnosis *to)
{
	for (size_t z = 0; z < to->delegation.count; z++)
		if (diagnose_depends_on_root(to, z))
			to->is_signed[z] = to->signed_known[z] = false;
	if (to->question_count > 0 &&
	    diagnose_depends_on_root(to, to->question[0].zone))
		findings_remove(&to->findings, "no-such-domain");
}

/* ---- all servers ---- */

struct selection {
	const struct dns_probe_job **job;
	bool *is_signed;
};

static void
judge_zone(struct diagnosis *to, size_t z, const struct selection *selection)
{
	const struct delegation_zone *zone = &to->delegation.zone[z];

	for (size_t s = 0; s < zone->server_count; s++) {
		const struct diagnose_subject subject = { zone->name,
			zone->server[s].name, zone->server[s].endpoint,
			to->is_signed[z] };
		const size_t count = select_jobs(
		    to, false, z, s, selection->job, selection->is_signed);

		diagnose_server(&to->findings, &subject, selection->job, count);
	}
	judge_lost_names(to, zone);
	findings_weigh(&to->findings, zone->name, zone->server_count);
}

static void
judge_recursor(struct diagnosis *to, size_t r, enum diagnose_domain domain,
    const struct selection *selection)
{
	const struct diagnose_subject subject = { NULL, to->recursor[r].path,
		to->recursor[r].endpoint, false };
	size_t count;

	if (diagnose_note_forwarder(to, r))
		return;
	count =
	    select_jobs(to, true, 0, r, selection->job, selection->is_signed);
	diagnose_recursor(&to->findings, &subject, selection->job,
	    selection->is_signed, count, domain);
}

static void
judge_each(struct diagnosis *to, const struct selection *selection)
{
	const enum diagnosis_root root = diagnosis_root(to);
	const bool lost =
	    root == DIAGNOSIS_ROOT_SILENT || root == DIAGNOSIS_ROOT_FOREIGN;
	/* Without the root servers, recursors are lost, too, or the resolvers
	 * that they use. */
	const bool judges_recursors = !lost || to->has_forwarders;
	enum diagnose_domain domain = DIAGNOSE_DOMAIN_WELL;

	find_signed(to);
	diagnose_note_root(to, root);
	if (root == DIAGNOSIS_ROOT_FOREIGN)
		forget_what_others_said(to);
	for (size_t z = 0; z < to->delegation.count; z++)
		check_signatures(to, z);
	for (size_t z = 0; z < to->delegation.count; z++)
		if (!lost || !diagnose_depends_on_root(to, z))
			judge_zone(to, z, selection);
	if (findings_blame_a_zone(&to->findings))
		domain = DIAGNOSE_DOMAIN_AT_FAULT;
	else if (lost)
		domain = DIAGNOSE_DOMAIN_UNKNOWN;
	for (size_t r = 0; judges_recursors && r < to->recursor_count; r++)
		judge_recursor(to, r, domain, selection);
	diagnose_fold_ipv6(to);
}

static int
judge_all(struct diagnosis *to)
{
	struct selection selection = { .job = calloc(to->batch.count + 1,
					   sizeof(struct dns_probe_job *)),
		.is_signed =
		    calloc(to->batch.count + 1, sizeof(*selection.is_signed)) };
	const bool has_room =
	    selection.job != NULL && selection.is_signed != NULL;

	if (has_room)
		judge_each(to, &selection);
	free(selection.job);
	free(selection.is_signed);
	return has_room && !to->findings.lost ? 0 : -1;
}

/* Queries that were never sent must not look like healthy servers. */
static void
note_unasked(struct diagnosis *to)
{
	struct finding fill = { .severity = REPORT_WARNING,
		.behaviour = "unfinished",
		.server = "this diagnosis",
		.blame = "nobody: the time was up",
		.remedy = "try again with a longer --timeout" };
	size_t unasked = 0;

	for (size_t i = 0; i < to->batch.count; i++)
		unasked +=
		    to->batch.job[i].result.status == DNS_PROBE_NOT_ASKED;
	if (unasked == 0 ||
	    findings_has(&to->findings, DIAGNOSIS_NO_INTERNET) ||
	    findings_has(&to->findings, DIAGNOSIS_INTERCEPTED))
		return;
	snprintf(fill.text, sizeof(fill.text),
	    "is incomplete: %zu of %zu questions were not put or not waited "
	    "for",
	    unasked, to->batch.count);
	findings_add(&to->findings, &fill);
}

int
diagnose_judge(struct diagnosis *to)
{
	if (judge_all(to) == -1)
		return -1;
	note_unasked(to);
	return to->findings.lost ? -1 : 0;
}
