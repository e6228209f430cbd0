/* diagnose_run.c - queries all servers on the way to a domain's mail
 * servers. */

#include "command/diagnose/diagnose_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "command/diagnose/diagnose_answers.h"
#include "command/diagnose/diagnose_judge.h"
#include "command/dns/resolv_conf.h"
#include "dns/answer.h"
#include "dns/wire.h"

#define RESOLV_CONF_MAX 65536

static const char no_memory[] = "out of memory";

/* The state of a run. */
struct work {
	struct diagnosis *to;
	const struct diagnosis_options *options;
};

static void
say(const struct work *work, const char *text)
{
	if (work->options->progress != NULL)
		work->options->progress(work->options->progress_arg, text);
}

/* ---- recursors ---- */

/* Returns the recursor with this address, new or existing; or NULL. */
static struct diagnosis_recursor *
add_recursor(
    struct diagnosis *to, const char *path, const struct endpoint *endpoint)
{
	struct diagnosis_recursor *recursor;

	for (size_t i = 0; i < to->recursor_count; i++)
		if (endpoint_equal(&to->recursor[i].endpoint, endpoint))
			return &to->recursor[i];
	if (to->recursor_count == DIAGNOSIS_RECURSORS_MAX)
		return NULL;
	recursor = &to->recursor[to->recursor_count++];
	*recursor =
	    (struct diagnosis_recursor){ .endpoint = *endpoint, .path = path };
	return recursor;
}

/* Adds the recursors of zone block @block. */
static void
add_forwarders(struct diagnosis *to, const struct conf_zone *block)
{
	const bool of_root = strcmp(block->name, ".") == 0;

	to->has_forwarders |= of_root;
	for (size_t i = 0; i < block->server_count; i++) {
		struct diagnosis_recursor *recursor =
		    add_recursor(to, "postdane.conf", &block->servers[i]);

		if (recursor != NULL)
			recursor->of_root |= of_root;
	}
}

static void
note_file(struct diagnosis *to, const char *path, enum report_severity severity,
    const char *behaviour, const char *text, const char *remedy)
{
	struct finding fill = { .severity = severity, .remedy = remedy };

	snprintf(fill.behaviour, sizeof(fill.behaviour), "%s", behaviour);
	snprintf(fill.server, sizeof(fill.server), "%s", path);
	snprintf(fill.text, sizeof(fill.text), "%s", text);
	snprintf(fill.blame, sizeof(fill.blame), "who runs this machine");
	findings_add(&to->findings, &fill);
}

static void
read_resolv_conf(struct diagnosis *to, const char *path, bool needed)
{
	const size_t before = to->recursor_count;
	const char *why = NULL;
	char *text, *rest, problem[256];
	struct endpoint endpoint;
	const char *server;
	size_t len;

	if (path == NULL)
		return;
	errno = 0;
	text = file_read(path, RESOLV_CONF_MAX, &len, &why);
	if (text == NULL) {
		/* Without permission to read it, we can't call it wrong. */
		const bool forbidden = errno == EACCES || errno == EPERM;

		snprintf(problem, sizeof(problem), "can't be read: %s", why);
		if (forbidden)
			note_file(to, path,
			    needed ? REPORT_UNKNOWN : REPORT_NOTE,
			    "resolv-conf-unreadable", problem,
			    "let everybody read it, who has to look up names "
			    "by it");
		else if (needed)
			note_file(to, path, REPORT_WARNING,
			    "resolv-conf-unreadable", problem,
			    "give this machine a resolver");
		return;
	}
	rest = text;
	while ((server = resolv_conf_next_server(&rest)) != NULL)
		if (endpoint_parse_address(server, DNS_PORT, &endpoint) == NULL)
			add_recursor(to, path, &endpoint);
	free(text);
	if (!needed && before > 0 && to->recursor_count > before)
		note_file(to, path, REPORT_WARNING, "chroot-differs",
		    "names nameservers that /etc/resolv.conf does not: Postfix "
		    "in its chroot asks others than this machine does",
		    "copy /etc/resolv.conf there and reload Postfix, unless "
		    "this is meant");
}

/* ---- querying ---- */

static int
add_job(struct diagnosis *to, const struct endpoint *endpoint, size_t zone,
    size_t where, const char *name, uint16_t type, enum diagnose_manner kind)
{
	struct dns_probe_job *job = dns_probe_batch_add(
	    &to->batch, endpoint, name, type, diagnose_manner(kind));

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
on_answer(void *arg, const struct dns_probe_job *job, size_t done)
{
	const struct meter *meter = arg;
	char text[128], address[64];

	diagnose_address(&job->server, address);
	snprintf(text, sizeof(text), "%zu of %zu questions done, last at %s",
	    done, meter->all, address);
	say(meter->work, text);
	return false;
}

static int
ask(struct work *work)
{
	struct dns_probe_batch *batch = &work->to->batch;
	struct meter meter = { .work = work };

	for (size_t i = 0; i < batch->count; i++)
		meter.all += batch->job[i].result.status == DNS_PROBE_NOT_ASKED;
	return dns_probe_batch_run(
	    batch, work->options->deadline, on_answer, &meter);
}

/* Silence may be a lost packet.  Repeats queries to servers that have answered
 * others. */
static int
ask_again(struct work *work, size_t from)
{
	struct dns_probe_batch *batch = &work->to->batch;

	for (size_t i = from; i < batch->count; i++) {
		struct dns_probe_job *job = &batch->job[i];
		bool lives = false;

		if (job->result.status != DNS_PROBE_SILENT ||
		    job->kind >= DIAGNOSE_MANNERS)
			continue;
		for (size_t j = 0; j < batch->count && !lives; j++)
			lives =
			    batch->job[j].zone == job->zone &&
			    batch->job[j].where == job->where &&
			    batch->job[j].kind < DIAGNOSE_MANNERS &&
			    batch->job[j].result.status == DNS_PROBE_ANSWERED;
		if (lives &&
		    clock_ms() + DNS_PROBE_MS < work->options->deadline)
			job->result = (struct dns_probe_result){ .ede = -1 };
	}
	return ask(work);
}

/* First queries every server for its zone's SOA record, in every manner. */
static int
ask_apexes(struct work *work)
{
	struct diagnosis *to = work->to;

	for (size_t z = 0; z < to->delegation.count; z++) {
		const struct delegation_zone *zone = &to->delegation.zone[z];

		for (size_t s = 0; s < zone->server_count; s++)
			for (unsigned kind = 0; kind < DIAGNOSE_MANNERS; kind++)
				if (add_job(to, &zone->server[s].endpoint, z, s,
					zone->name, DNS_TYPE_SOA, kind) == -1)
					return -1;
	}
	return ask(work) == 0 ? ask_again(work, 0) : -1;
}

/* Whether the server has answered a query in this manner. */
static bool
can(const struct diagnosis *to, size_t zone, size_t server,
    enum diagnose_manner kind)
{
	for (size_t i = 0; i < to->batch.count; i++) {
		const struct dns_probe_job *job = &to->batch.job[i];

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
	static const enum diagnose_manner dnssec[] = { DIAGNOSE_PLAIN,
		DIAGNOSE_DO, DIAGNOSE_SMALL, DIAGNOSE_LARGE, DIAGNOSE_TCP },
					  edns[] = { DIAGNOSE_PLAIN,
						  DIAGNOSE_EDNS, DIAGNOSE_TCP },
					  plain[] = { DIAGNOSE_PLAIN,
						  DIAGNOSE_TCP };
	const struct endpoint *endpoint =
	    &to->delegation.zone[zone].server[server].endpoint;
	const enum diagnose_manner *kinds = plain;
	size_t count = sizeof(plain) / sizeof(plain[0]);

	if (can(to, zone, server, DIAGNOSE_DO)) {
		kinds = dnssec;
		count = sizeof(dnssec) / sizeof(dnssec[0]);
	} else if (can(to, zone, server, DIAGNOSE_EDNS)) {
		kinds = edns;
		count = sizeof(edns) / sizeof(edns[0]);
	} else if (!can(to, zone, server, DIAGNOSE_PLAIN) &&
		   !can(to, zone, server, DIAGNOSE_TCP)) {
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
			for (unsigned kind = DIAGNOSE_MANNERS;
			     to->question[q].mail && kind < DIAGNOSE_KINDS;
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

/* ---- the run ---- */

static void
on_walk(void *arg, const char *name)
{
	char text[DOMAIN_TEXT_MAX + 32];

	snprintf(text, sizeof(text), "looking for %s", name);
	say(arg, text);
}

/* Adds the servers and recursors of zone blocks. */
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
			add_forwarders(to, block);
			continue;
		}
		to->has_forwarders |= strcmp(block->name, ".") == 0;
		zone = delegation_add(&to->delegation, block->name, 0);
		for (size_t s = 0; zone != NULL && s < block->server_count; s++)
			delegation_add_server(zone, "", &block->servers[s]);
	}
}

const char *
diagnose_run(
    struct diagnosis *diagnosis, const struct diagnosis_options *options)
{
	struct work work = { .to = diagnosis, .options = options };
	const char *why;

	memset(diagnosis, 0, sizeof(*diagnosis));
	snprintf(diagnosis->domain, sizeof(diagnosis->domain), "%s",
	    options->domain);
	diagnosis->question =
	    calloc(DIAGNOSIS_QUESTIONS_MAX, sizeof(*diagnosis->question));
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
	diagnose_plan(diagnosis);
	if (ask_apexes(&work) == -1 || ask_questions(&work) == -1 ||
	    diagnose_judge(diagnosis) == -1)
		return no_memory;
	return NULL;
}

void
diagnose_clear(struct diagnosis *diagnosis)
{
	delegation_clear(&diagnosis->delegation);
	dns_probe_batch_clear(&diagnosis->batch);
	findings_clear(&diagnosis->findings);
	free(diagnosis->question);
	diagnosis->question = NULL;
}
