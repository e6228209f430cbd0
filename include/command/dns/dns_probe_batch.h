/*
 * dns_probe_batch.h - many questions to many name servers at once.
 */
#ifndef COMMAND_DNS_DNS_PROBE_BATCH_H
#define COMMAND_DNS_DNS_PROBE_BATCH_H

#include "command/dns/dns_probe.h"

/* One of them, and its answer. */
struct dns_probe_job {
	struct endpoint server;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	struct dns_manner manner;
	struct dns_probe_result result;
	ldns_pkt *packet; /* owned; NULL unless there is an answer */
	/* the caller's own */
	size_t zone, where; /* and where in it */
	unsigned kind;      /* of manner */
};

/* Grows; starts zeroed. */
struct dns_probe_batch {
	struct dns_probe_job *job;
	size_t count, size;
};

/* What is called after each answer: @done of all.  Returns true to end the
 * batch with what there is. */
typedef bool (*dns_probe_batch_cb)(
    void *arg, const struct dns_probe_job *job, size_t done);

/* Returns the job that was added, valid until the next is; NULL when out of
 * memory. */
struct dns_probe_job *dns_probe_batch_add(struct dns_probe_batch *batch,
    const struct endpoint *server, const char *name, uint16_t type,
    const struct dns_manner *manner);

/*
 * Ask all that have not been asked, and wait; few at a time to each server.
 * What is not answered until @deadline (clock_ms()) stays NOT_ASKED.  @cb may
 * be NULL.  Returns 0, or -1 when out of memory.
 */
int dns_probe_batch_run(struct dns_probe_batch *batch, uint64_t deadline,
    dns_probe_batch_cb cb, void *arg);

void dns_probe_batch_clear(struct dns_probe_batch *batch);

#endif /* COMMAND_DNS_DNS_PROBE_BATCH_H */
