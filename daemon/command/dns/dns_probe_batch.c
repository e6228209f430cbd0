/* dns_probe_batch.c - sends many queries to many name servers in parallel. */

#include "command/dns/dns_probe_batch.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"

#define PER_SERVER_MAX 12 /* pending queries per server */
#define OPEN_MAX 400      /* sockets */

struct run;

struct slot {
	struct run *run;
	struct dns_probe_job *job;
	struct dns_probe *probe; /* NULL unless running */
	size_t *waiting;         /* pending queries to that server */
	bool done;
};

struct run {
	struct event_base *base;
	struct slot *slot;
	size_t *waiting; /* per server, at the index of its first slot */
	size_t count, open, done;
	dns_probe_batch_cb cb;
	void *arg;
	bool enough;
};

struct dns_probe_job *
dns_probe_batch_add(struct dns_probe_batch *batch,
    const struct endpoint *server, const char *name, uint16_t type,
    const struct dns_manner *manner)
{
	struct dns_probe_job *job;

	if (strlen(name) >= sizeof(job->name))
		return NULL;
	if (batch->count == batch->size) {
		const size_t size = batch->size > 0 ? 2 * batch->size : 32;

		job = realloc(batch->job, size * sizeof(*job));
		if (job == NULL)
			return NULL;
		batch->job = job;
		batch->size = size;
	}
	job = &batch->job[batch->count++];
	memset(job, 0, sizeof(*job));
	job->server = *server;
	job->type = type;
	job->manner = *manner;
	job->result.ede = -1;
	memcpy(job->name, name, strlen(name) + 1);
	return job;
}

static void start_more(struct run *run);

static void
on_result(
    void *arg, const struct dns_probe_result *result, const ldns_pkt *packet)
{
	struct slot *slot = arg;
	struct run *run = slot->run;

	slot->probe = NULL;
	slot->done = true;
	slot->job->result = *result;
	if (packet != NULL)
		slot->job->packet = ldns_pkt_clone(packet);
	(*slot->waiting)--;
	run->open--;
	run->done++;
	if (run->cb != NULL && run->cb(run->arg, slot->job, run->done))
		run->enough = true;
	if (run->enough || run->done == run->count)
		event_base_loopbreak(run->base);
	else
		start_more(run);
}

static void
start_more(struct run *run)
{
	for (size_t i = 0; i < run->count && run->open < OPEN_MAX; i++) {
		struct slot *slot = &run->slot[i];
		const struct dns_probe_job *job = slot->job;

		if (slot->done || slot->probe != NULL ||
		    *slot->waiting >= PER_SERVER_MAX)
			continue;
		slot->probe = dns_probe_start(run->base, &job->server,
		    job->name, job->type, &job->manner, on_result, slot);
		if (slot->probe != NULL) {
			(*slot->waiting)++;
			run->open++;
		} else {
			slot->done = true;
			run->done++;
		}
	}
	if (run->done == run->count)
		event_base_loopbreak(run->base);
}

static void
add_slot(struct run *run, struct dns_probe_job *job)
{
	struct slot *slot = &run->slot[run->count];
	size_t first = 0;

	while (first < run->count &&
	       !endpoint_equal(&run->slot[first].job->server, &job->server))
		first++;
	*slot = (struct slot){
		.run = run, .job = job, .waiting = &run->waiting[first]
	};
	run->count++;
}

static void
wait_for_all(struct run *run, uint64_t deadline)
{
	const uint64_t now = clock_ms();
	const uint64_t left = deadline > now ? deadline - now : 0;
	const struct timeval limit = { (time_t)(left / 1000),
		(suseconds_t)(left % 1000 * 1000) };

	start_more(run);
	if (run->done < run->count) {
		event_base_loopexit(run->base, &limit);
		event_base_dispatch(run->base);
	}
	for (size_t i = 0; i < run->count; i++)
		dns_probe_cancel(run->slot[i].probe);
}

int
dns_probe_batch_run(struct dns_probe_batch *batch, uint64_t deadline,
    dns_probe_batch_cb cb, void *arg)
{
	struct run run = { .cb = cb, .arg = arg };
	int result = -1;

	if (batch->count == 0)
		return 0;
	run.base = event_base_new();
	run.slot = calloc(batch->count, sizeof(*run.slot));
	run.waiting = calloc(batch->count, sizeof(*run.waiting));
	if (run.base != NULL && run.slot != NULL && run.waiting != NULL) {
		for (size_t i = 0; i < batch->count; i++)
			if (batch->job[i].result.status == DNS_PROBE_NOT_ASKED)
				add_slot(&run, &batch->job[i]);
		wait_for_all(&run, deadline);
		result = 0;
	}
	if (run.base != NULL)
		event_base_free(run.base);
	free(run.waiting);
	free(run.slot);
	return result;
}

void
dns_probe_batch_clear(struct dns_probe_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		ldns_pkt_free(batch->job[i].packet);
	free(batch->job);
	memset(batch, 0, sizeof(*batch));
}
