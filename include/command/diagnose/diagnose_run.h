/*
 * diagnose_run.h - queries all servers from the root to a domain's mail
 * servers, and collects the faults.  Blocking.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_RUN_H
#define COMMAND_DIAGNOSE_DIAGNOSE_RUN_H

#include <stdint.h>

#include "command/diagnose/diagnose_facts.h"

struct conf;

/* The input of a run. */
struct diagnosis_options {
	const char *domain;         /* text form of base/domain.h */
	const char *hints;          /* path of the root hints */
	const struct conf *conf;    /* its zone blocks; may be NULL */
	const char *resolv_conf[2]; /* paths; NULL: none.  The second need not
				     * exist: that of Postfix's chroot */
	uint64_t deadline;          /* clock_ms() */
	/* Called with what is being done; may be NULL. */
	void (*progress)(void *arg, const char *text);
	void *progress_arg;
};

/*
 * Returns NULL, or text that says why no diagnosis was possible, valid until
 * the next call of strerror(3).  Clear in any case.
 */
const char *diagnose_run(
    struct diagnosis *diagnosis, const struct diagnosis_options *options);
void diagnose_clear(struct diagnosis *diagnosis);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_RUN_H */
