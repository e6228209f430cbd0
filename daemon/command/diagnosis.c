/* diagnosis.c - ask everybody on the way to a domain's mail servers. */

#include "command/diagnosis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "command/signatures.h"
#include "command/findings_recursor.h"
#include "command/findings_server.h"
#include "dns/answer.h"

#define DNS_PORT 53
#define RESOLV_CONF_MAX 65536
#define QUESTIONS_MAX 256

static const char no_memory[] = "out of memory";

/* A run under way. */
struct work {
	struct diagnosis *to;
	const struct diagnosis_options *options;
	bool leaf[DELEGATION_ZONES_MAX]; /* the domain or a host is in it */
};

static void
say(const struct work *work, const char *text)
{
	if (work->options->progress != NULL)
		work->options->progress(work->options->progress_arg, text);
}

/* ---- recursors ---- */

static void
add_recursor(
    struct diagnosis *to, const char *path, const struct endpoint *endpoint)
{
	if (to->recursor_count == DIAGNOSIS_RECURSORS_MAX)
		return;
	for (size_t i = 0; i < to->recursor_count; i++)
		if (endpoint_equal(&to->recursor[i].endpoint, endpoint))
			return;
	to->recursor[to->recursor_count++] =
	    (struct diagnosis_recursor){ .endpoint = *endpoint, .path = path };
}

static void
note_file(struct diagnosis *to, const char *path, const char *behaviour,
    const char *text, const char *remedy)
{
	struct finding fill = { .severity = FINDINGS_WARNING,
		.remedy = remedy };

	snprintf(fill.behaviour, sizeof(fill.behaviour), "%s", behaviour);
	snprintf(fill.server, sizeof(fill.server), "%s", path);
	snprintf(fill.text, sizeof(fill.text), "%s", text);
	snprintf(fill.blame, sizeof(fill.blame), "who runs this machine");
	findings_add(&to->findings, &fill);
}

/* resolv.conf(5): a keyword at the line's start, white space, an address. */
static void
read_nameservers(struct diagnosis *to, const char *path, char *text)
{
	static const char keyword[] = "nameserver";
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		struct endpoint endpoint;
		char *value = line + sizeof(keyword) - 1;

		if (strncmp(line, keyword, sizeof(keyword) - 1) != 0 ||
		    (*value != ' ' && *value != '\t'))
			continue;
		value += strspn(value, " \t");
		value[strcspn(value, " \t\r#;")] = '\0';
		if (endpoint_parse_address(value, DNS_PORT, &endpoint) == NULL)
			add_recursor(to, path, &endpoint);
	}
}

static void
read_resolv_conf(struct diagnosis *to, const char *path, bool needed)
{
	const size_t before = to->recursor_count;
	const char *why = NULL;
	char *text, problem[256];
	size_t len;

	if (path == NULL)
		return;
	text = file_read(path, RESOLV_CONF_MAX, &len, &why);
	if (text == NULL) {
		snprintf(problem, sizeof(problem), "can't be read: %s", why);
		if (needed)
			note_file(to, path, "resolv-conf-unreadable", problem,
			    "give this machine a resolver");
		return;
	}
	read_nameservers(to, path, text);
	free(text);
	if (!needed && before > 0 && to->recursor_count > before)
		note_file(to, path, "chroot-differs",
		    "names nameservers that /etc/resolv.conf does not: Postfix "
		    "in its chroot asks others than this machine does",
		    "copy /etc/resolv.conf there and reload Postfix, unless "
		    "this is meant");
}

/* ---- questions ---- */

static void
add_question(struct diagnosis *to, size_t zone, const char *name, uint16_t type,
    bool mail)
{
	struct diagnosis_question *question;

	for (size_t i = 0; i < to->question_count; i++)
		if (to->question[i].zone == zone &&
		    to->question[i].type == type &&
		    domain_equal(to->question[i].name, name))
			return;
	if (to->question_count == QUESTIONS_MAX)
		return;
	question = &to->question[to->question_count++];
	question->zone = zone;
	question->type = type;
	question->mail = mail;
	snprintf(question->name, sizeof(question->name), "%s", name);
}

/* "_25._tcp" before a name.  Returns 0, or -1 when that is too long. */
static int
prefixed(const char *prefix, const char *name, char out[DOMAIN_TEXT_MAX])
{
	char joined[DOMAIN_TEXT_MAX + 32];

	snprintf(joined, sizeof(joined), "%s.%s", prefix,
	    strcmp(name, ".") == 0 ? "" : name);
	return domain_normalize(joined, out);
}

static size_t
walk(struct work *work, const char *name)
{
	const size_t zone = delegation_walk(&work->to->delegation, name);

	work->leaf[zone] = true;
	return zone;
}

static void
plan_host(struct work *work, const char *host)
{
	struct diagnosis *to = work->to;
	size_t zone = walk(work, host);
	char name[DOMAIN_TEXT_MAX];

	add_question(to, zone, host, DNS_TYPE_A, true);
	add_question(to, zone, host, DNS_TYPE_AAAA, true);
	if (prefixed("_25._tcp", host, name) == -1)
		return;
	zone = walk(work, name);
	add_question(to, zone, name, DNS_TYPE_TLSA, true);
	/* A type that is not there, at a name that may be. */
	add_question(to, zone, name, LDNS_RR_TYPE_TXT, false);
	/* The name between, which has no records of its own. */
	if (prefixed("_tcp", host, name) == 0)
		add_question(to, zone, name, DNS_TYPE_A, false);
}

/* Every zone answers for itself, its parent for its DS. */
static void
plan_zones(struct work *work)
{
	struct diagnosis *to = work->to;
	char name[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < to->delegation.count; i++) {
		const struct delegation_zone *zone = &to->delegation.zone[i];

		if (zone->parent != i)
			add_question(
			    to, zone->parent, zone->name, DNS_TYPE_DS, false);
		if (!work->leaf[i])
			continue;
		add_question(to, i, zone->name, DNS_TYPE_DNSKEY, false);
		/* Neither has most likely records: denials. */
		add_question(to, i, zone->name, DNS_TYPE_TLSA, false);
		if (prefixed("_postdane", zone->name, name) == 0)
			add_question(to, i, name, DNS_TYPE_TLSA, false);
	}
}

static void
note_absence(struct diagnosis *to)
{
	struct finding fill = { .severity = FINDINGS_CRITICAL,
		.behaviour = "no-such-domain",
		.text = "does not exist: its zone or the one above answers "
			"NXDOMAIN",
		.blame = "who owns the domain, or mistyped it",
		.remedy = "check the name; register or delegate it" };

	snprintf(fill.server, sizeof(fill.server), "%s", to->domain);
	snprintf(fill.dig, sizeof(fill.dig), "dig +trace MX %s", to->domain);
	findings_add(&to->findings, &fill);
}

static void
find_hosts(struct work *work)
{
	struct diagnosis *to = work->to;
	struct packet_facts facts;

	if (delegation_lookup(
		&to->delegation, to->domain, DNS_TYPE_MX, &facts) == -1)
		return;
	to->has_mx = facts.rdata_count > 0;
	if (facts.status == DNS_NXDOMAIN)
		note_absence(to);
	for (size_t i = 0; i < facts.rdata_count; i++) {
		char name[DOMAIN_TEXT_MAX];

		if (to->host_count == DIAGNOSIS_HOSTS_MAX ||
		    facts.rdata[i].len < 3 ||
		    domain_from_wire(facts.rdata[i].data + 2,
			facts.rdata[i].len - 2, name) == 0 ||
		    strcmp(name, ".") == 0)
			continue;
		memcpy(to->host[to->host_count++], name, sizeof(name));
	}
	if (facts.rdata_count == 0)
		memcpy(
		    to->host[to->host_count++], to->domain, sizeof(to->domain));
	packet_facts_clear(&facts);
}

static void
plan(struct work *work)
{
	struct diagnosis *to = work->to;
	const size_t zone = walk(work, to->domain);

	add_question(to, zone, to->domain, DNS_TYPE_MX, true);
	/* Whether a recursor lives that has no answer to the others. */
	add_question(to, 0, ".", DNS_TYPE_NS, true);
	find_hosts(work);
	for (size_t i = 0; i < to->host_count; i++)
		plan_host(work, to->host[i]);
	plan_zones(work);
}

/* ---- asking ---- */

static int
add_job(struct diagnosis *to, const struct endpoint *endpoint, size_t zone,
    size_t where, const char *name, uint16_t type, enum findings_manner kind)
{
	struct probe_job *job = probe_batch_add(
	    &to->batch, endpoint, name, type, findings_manner(kind));

	if (job == NULL)
		return -1;
	job->zone = zone;
	job->where = where;
	job->kind = kind;
	return 0;
}

struct meter {
	const struct work *work;
	size_t all;
};

static bool
on_answer(void *arg, const struct probe_job *job, size_t done)
{
	const struct meter *meter = arg;
	char text[128], address[64];

	findings_address(&job->server, address);
	snprintf(text, sizeof(text), "%zu of %zu questions done, last at %s",
	    done, meter->all, address);
	say(meter->work, text);
	return false;
}

static int
ask(struct work *work)
{
	struct probe_batch *batch = &work->to->batch;
	struct meter meter = { .work = work };

	for (size_t i = 0; i < batch->count; i++)
		meter.all += batch->job[i].result.status == DNS_PROBE_NOT_ASKED;
	return probe_batch_run(
	    batch, work->options->deadline, on_answer, &meter);
}

/* Silence may be chance: ask those that answer others once more. */
static int
ask_again(struct work *work, size_t from)
{
	struct probe_batch *batch = &work->to->batch;

	for (size_t i = from; i < batch->count; i++) {
		struct probe_job *job = &batch->job[i];
		bool lives = false;

		if (job->result.status != DNS_PROBE_SILENT ||
		    job->kind >= FINDINGS_MANNERS)
			continue;
		for (size_t j = 0; j < batch->count && !lives; j++)
			lives =
			    batch->job[j].zone == job->zone &&
			    batch->job[j].where == job->where &&
			    batch->job[j].kind < FINDINGS_MANNERS &&
			    batch->job[j].result.status == DNS_PROBE_ANSWERED;
		if (lives &&
		    clock_ms() + DNS_PROBE_MS < work->options->deadline)
			job->result = (struct dns_probe_result){ .ede = -1 };
	}
	return ask(work);
}

/* First, every server for its zone's SOA record, in every manner. */
static int
ask_apexes(struct work *work)
{
	struct diagnosis *to = work->to;

	for (size_t z = 0; z < to->delegation.count; z++) {
		const struct delegation_zone *zone = &to->delegation.zone[z];

		for (size_t s = 0; s < zone->server_count; s++)
			for (unsigned kind = 0; kind < FINDINGS_MANNERS; kind++)
				if (add_job(to, &zone->server[s].endpoint, z, s,
					zone->name, DNS_TYPE_SOA, kind) == -1)
					return -1;
	}
	return ask(work) == 0 ? ask_again(work, 0) : -1;
}

/* Whether that server has answered such a question already. */
static bool
can(const struct diagnosis *to, size_t zone, size_t server,
    enum findings_manner kind)
{
	for (size_t i = 0; i < to->batch.count; i++) {
		const struct probe_job *job = &to->batch.job[i];

		if (job->zone == zone && job->where == server &&
		    job->kind == kind && job->type == DNS_TYPE_SOA)
			return job->result.status == DNS_PROBE_ANSWERED &&
			       job->result.rcode == LDNS_RCODE_NOERROR &&
			       (job->result.answers > 0 || job->result.tc);
	}
	return false;
}

static int
add_questions_to(struct diagnosis *to, size_t zone, size_t server)
{
	static const enum findings_manner dnssec[] = { FINDINGS_PLAIN,
		FINDINGS_DO, FINDINGS_SMALL, FINDINGS_LARGE, FINDINGS_TCP },
					  edns[] = { FINDINGS_PLAIN,
						  FINDINGS_EDNS, FINDINGS_TCP },
					  plain[] = { FINDINGS_PLAIN,
						  FINDINGS_TCP };
	const struct endpoint *endpoint =
	    &to->delegation.zone[zone].server[server].endpoint;
	const enum findings_manner *kinds = plain;
	size_t count = sizeof(plain) / sizeof(plain[0]);

	if (can(to, zone, server, FINDINGS_DO)) {
		kinds = dnssec;
		count = sizeof(dnssec) / sizeof(dnssec[0]);
	} else if (can(to, zone, server, FINDINGS_EDNS)) {
		kinds = edns;
		count = sizeof(edns) / sizeof(edns[0]);
	} else if (!can(to, zone, server, FINDINGS_PLAIN) &&
		   !can(to, zone, server, FINDINGS_TCP)) {
		return 0;
	}
	for (size_t q = 0; q < to->question_count; q++)
		for (size_t k = 0; to->question[q].zone == zone && k < count;
		     k++)
			if (add_job(to, endpoint, zone, server,
				to->question[q].name, to->question[q].type,
				kinds[k]) == -1)
				return -1;
	return 0;
}

static int
add_questions_to_recursors(struct diagnosis *to)
{
	for (size_t r = 0; r < to->recursor_count; r++)
		for (size_t q = 0; q < to->question_count; q++)
			for (unsigned kind = FINDINGS_MANNERS;
			     to->question[q].mail && kind < FINDINGS_KINDS;
			     kind++)
				if (add_job(to, &to->recursor[r].endpoint,
					to->question[q].zone, r,
					to->question[q].name,
					to->question[q].type, kind) == -1)
					return -1;
	return 0;
}

static int
ask_questions(struct work *work)
{
	struct diagnosis *to = work->to;
	const size_t from = to->batch.count;

	for (size_t z = 0; z < to->delegation.count; z++)
		for (size_t s = 0; s < to->delegation.zone[z].server_count; s++)
			if (add_questions_to(to, z, s) == -1)
				return -1;
	if (add_questions_to_recursors(to) == -1 || ask(work) == -1)
		return -1;
	return ask_again(work, from);
}

/* ---- judging ---- */

/* A zone counts as signed where its parent does and has a DS record. */
static void
find_signed(struct diagnosis *to)
{
	for (size_t z = 0; z < to->delegation.count; z++) {
		const struct delegation_zone *zone = &to->delegation.zone[z];
		const bool root = zone->parent == z;

		for (size_t i = 0; i < to->batch.count; i++) {
			const struct probe_job *job = &to->batch.job[i];

			if (job->result.status != DNS_PROBE_ANSWERED ||
			    job->kind >= FINDINGS_MANNERS)
				continue;
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

/* An answer to a question that is whole, from whichever server; or NULL. */
static const ldns_pkt *
find_packet(
    const struct diagnosis *to, size_t zone, const char *name, uint16_t type)
{
	for (size_t i = 0; i < to->batch.count; i++) {
		const struct probe_job *job = &to->batch.job[i];

		if (job->zone == zone && job->type == type &&
		    job->kind < FINDINGS_MANNERS && job->packet != NULL &&
		    !job->result.tc && job->result.answers > 0 &&
		    domain_equal(job->name, name))
			return job->packet;
	}
	return NULL;
}

static void
note_foreign_ds(struct diagnosis *to, const struct delegation_zone *zone)
{
	struct finding fill = { .severity = FINDINGS_CRITICAL,
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

/* Signatures against the zone's keys, and those against its DS. */
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
		struct probe_job *job = &to->batch.job[i];

		if (job->zone == index && job->kind < FINDINGS_MANNERS &&
		    job->packet != NULL && job->result.signatures)
			job->result.bogus =
			    signatures_bogus(job->packet, keys, zone->name);
	}
}

/* The jobs of one server, or of one recursor.  Returns how many. */
static size_t
select_jobs(const struct diagnosis *to, bool recursor, size_t zone,
    size_t where, const struct probe_job **selected, bool *is_signed)
{
	size_t count = 0;

	for (size_t i = 0; i < to->batch.count; i++) {
		const struct probe_job *job = &to->batch.job[i];

		if ((job->kind >= FINDINGS_MANNERS) != recursor ||
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
		struct finding fill = { .severity = FINDINGS_WARNING,
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
			fill.severity = FINDINGS_CRITICAL;
		findings_add(&to->findings, &fill);
	}
}

static int
judge(struct diagnosis *to)
{
	const struct probe_job **selected =
	    calloc(to->batch.count + 1, sizeof(struct probe_job *));
	bool *is_signed = calloc(to->batch.count + 1, sizeof(*is_signed));
	size_t count;

	find_signed(to);
	for (size_t z = 0; z < to->delegation.count; z++)
		check_signatures(to, z);
	for (size_t z = 0;
	     selected != NULL && is_signed != NULL && z < to->delegation.count;
	     z++) {
		const struct delegation_zone *zone = &to->delegation.zone[z];

		for (size_t s = 0; s < zone->server_count; s++) {
			const struct findings_subject subject = { zone->name,
				zone->server[s].name, zone->server[s].endpoint,
				to->is_signed[z] };

			count =
			    select_jobs(to, false, z, s, selected, is_signed);
			findings_of_server(
			    &to->findings, &subject, selected, count);
		}
		judge_lost_names(to, zone);
		findings_weigh(&to->findings, zone->name, zone->server_count);
	}
	for (size_t r = 0;
	     selected != NULL && is_signed != NULL && r < to->recursor_count;
	     r++) {
		const struct findings_subject subject = { NULL,
			to->recursor[r].path, to->recursor[r].endpoint, false };

		count = select_jobs(to, true, 0, r, selected, is_signed);
		findings_of_recursor(&to->findings, &subject, selected,
		    is_signed, count, findings_blame_a_zone(&to->findings));
	}
	free(selected);
	free(is_signed);
	return selected != NULL && is_signed != NULL && !to->findings.lost ? 0
									   : -1;
}

/* Silence about what nobody has asked must not look like health. */
static void
note_unasked(struct diagnosis *to)
{
	struct finding fill = { .severity = FINDINGS_WARNING,
		.behaviour = "unfinished",
		.server = "this diagnosis",
		.blame = "nobody: the time was up",
		.remedy = "try again with a longer --timeout" };
	size_t unasked = 0;

	for (size_t i = 0; i < to->batch.count; i++)
		unasked +=
		    to->batch.job[i].result.status == DNS_PROBE_NOT_ASKED;
	if (unasked == 0)
		return;
	snprintf(fill.text, sizeof(fill.text),
	    "is incomplete: %zu of %zu questions were not put or not waited "
	    "for",
	    unasked, to->batch.count);
	findings_add(&to->findings, &fill);
}

/* ---- all of it ---- */

static void
on_walk(void *arg, const char *name)
{
	char text[DOMAIN_TEXT_MAX + 32];

	snprintf(text, sizeof(text), "looking for %s", name);
	say(arg, text);
}

/* zone blocks: servers of our own, and recursors for a part of the tree. */
static void
use_zone_blocks(struct diagnosis *to, const struct diagnosis_options *options)
{
	const struct conf *conf = options->conf;

	for (size_t i = 0; conf != NULL && i < conf->zone_count; i++) {
		const struct conf_zone *block = &conf->zones[i];
		struct delegation_zone *zone;

		if (!domain_is_within(to->domain, block->name) ||
		    block->server_count == 0)
			continue;
		if (!block->is_stub) {
			for (size_t s = 0; s < block->server_count; s++)
				add_recursor(
				    to, "postdane.conf", &block->servers[s]);
			continue;
		}
		zone = delegation_add(&to->delegation, block->name, 0);
		for (size_t s = 0; zone != NULL && s < block->server_count; s++)
			delegation_add_server(zone, "", &block->servers[s]);
	}
}

const char *
diagnosis_run(
    struct diagnosis *diagnosis, const struct diagnosis_options *options)
{
	struct work work = { .to = diagnosis, .options = options };
	const char *why;

	memset(diagnosis, 0, sizeof(*diagnosis));
	snprintf(diagnosis->domain, sizeof(diagnosis->domain), "%s",
	    options->domain);
	diagnosis->question =
	    calloc(QUESTIONS_MAX, sizeof(*diagnosis->question));
	if (diagnosis->question == NULL)
		return no_memory;
	why = delegation_init(
	    &diagnosis->delegation, options->hints, options->deadline);
	if (why != NULL)
		return why;
	diagnosis->delegation.progress = on_walk;
	diagnosis->delegation.progress_arg = &work;
	read_resolv_conf(diagnosis, options->resolv_conf[0], true);
	read_resolv_conf(diagnosis, options->resolv_conf[1], false);
	use_zone_blocks(diagnosis, options);
	plan(&work);
	if (ask_apexes(&work) == -1 || ask_questions(&work) == -1 ||
	    judge(diagnosis) == -1)
		return no_memory;
	note_unasked(diagnosis);
	return NULL;
}

void
diagnosis_clear(struct diagnosis *diagnosis)
{
	delegation_clear(&diagnosis->delegation);
	probe_batch_clear(&diagnosis->batch);
	findings_clear(&diagnosis->findings);
	free(diagnosis->question);
	diagnosis->question = NULL;
}
