/*
 * diagnose_run.h - ask everybody on the way to a domain's mail servers, and
 * gather what is wrong.  Blocking.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_RUN_H
#define COMMAND_DIAGNOSE_DIAGNOSE_RUN_H

#include <stdint.h>

#include "command/diagnose/diagnose_facts.h"

struct conf;

/* What the run is told. */
struct diagnosis_options {
	const char *domain;         /* text form of base/domain.h */
	const char *hints;          /* file */
	const struct conf *conf;    /* its zone blocks; may be NULL */
	const char *resolv_conf[2]; /* paths; NULL: none.  The second need not
				     * exist: that of Postfix's chroot */
	uint64_t deadline;          /* clock_ms() */
	/* What is being done; may be NULL. */
	void (*progress)(void *arg, const char *text);
	void *progress_arg;
};

/*
 * Returns NULL, or text that says why nothing could be found out, valid until
 * the next call of strerror(3).  Clear in any case.
 */
const char *diagnose_run(
    struct diagnosis *diagnosis, const struct diagnosis_options *options);
void diagnose_clear(struct diagnosis *diagnosis);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_RUN_H */
