/* resolver_probe.c - tests a resolver with Postfix's queries. */

#include "command/dns/resolver_probe.h"

#include <string.h>

#include "base/clock.h"
#include "command/dns/dns_probe_batch.h"
#include "dns/answer.h"

#define ANSWER_MS 5000
#define EDNS_SIZE 1200 /* as glibc announces for Postfix */

static void
ask(const struct endpoint *server, const struct dns_manner *manner,
    struct resolver_reply *reply)
{
	struct dns_probe_batch batch = { 0 };
	const struct dns_probe_job *job =
	    dns_probe_batch_add(&batch, server, ".", DNS_TYPE_SOA, manner);

	/* The manner has its own limit, which comes first. */
	if (job != NULL && dns_probe_batch_run(&batch,
			       clock_ms() + 2 * ANSWER_MS, NULL, NULL) == 0)
		*reply = (struct resolver_reply){
			.answered = job->result.status == DNS_PROBE_ANSWERED,
			.rcode = job->result.rcode,
			.has_data = job->result.answers > 0,
			.ad = job->result.ad,
		};
	dns_probe_batch_clear(&batch);
}

void
resolver_probe(const struct endpoint *server, struct resolver_probe *probe)
{
	const struct dns_manner plain = { .recurse = true, .ms = ANSWER_MS };
	const struct dns_manner edns = { .recurse = true,
		.authentic_data = true,
		.edns = true,
		.dnssec = true,
		.size = EDNS_SIZE,
		.ms = ANSWER_MS };
	struct dns_manner tcp = edns;

	memset(probe, 0, sizeof(*probe));
	tcp.tcp = true;
	ask(server, &plain, &probe->plain);
	if (probe->plain.has_data)
		ask(server, &edns, &probe->edns);
	if (probe->edns.has_data)
		ask(server, &tcp, &probe->tcp);
}
