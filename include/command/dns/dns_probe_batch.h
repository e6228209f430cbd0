/*
 * dns_probe_batch.h - sends many queries to many name servers in parallel.
 */
#ifndef COMMAND_DNS_DNS_PROBE_BATCH_H
#define COMMAND_DNS_DNS_PROBE_BATCH_H

#include "command/dns/dns_probe.h"

/* One query and its response. */
struct dns_probe_job {
	struct endpoint server;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	struct dns_manner manner;
	struct dns_probe_result result;
	ldns_pkt *packet; /* owned; NULL unless there is an answer */
	/* set and used by the caller alone */
	size_t zone, where; /* zone, and index in it */
	unsigned kind;      /* of manner */
};

/* A growing list.  Initialise with zeros. */
struct dns_probe_batch {
	struct dns_probe_job *job;
	size_t count, size;
};

/* Called after each response; @done counts them.  Returns true to end the batch
 * early. */
typedef bool (*dns_probe_batch_cb)(
    void *arg, const struct dns_probe_job *job, size_t done);

/* Returns the new job, valid until the next call; NULL when out of memory. */
struct dns_probe_job *dns_probe_batch_add(struct dns_probe_batch *batch,
    const struct endpoint *server, const char *name, uint16_t type,
    const struct dns_manner *manner);

/*
 * Send all queries that have not been sent, a few at a time to each server, and
 * wait.  Queries without a response at @deadline (clock_ms()) stay NOT_ASKED.
 * @cb may be NULL.  Returns 0, or -1 when out of memory.
 */
int dns_probe_batch_run(struct dns_probe_batch *batch, uint64_t deadline,
    dns_probe_batch_cb cb, void *arg);

void dns_probe_batch_clear(struct dns_probe_batch *batch);

#endif /* COMMAND_DNS_DNS_PROBE_BATCH_H */
