/*
 * diagnosis.h - ask everybody on the way to a domain's mail servers, and
 * gather what is wrong.  Blocking.
 */
#ifndef COMMAND_DIAGNOSIS_H
#define COMMAND_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "command/delegation.h"
#include "command/findings.h"
#include "command/probe_batch.h"

struct conf;

#define DIAGNOSIS_HOSTS_MAX 8 /* MX hosts that are looked at */
#define DIAGNOSIS_RECURSORS_MAX 6

/* A nameserver line. */
struct diagnosis_recursor {
	struct endpoint endpoint;
	const char *path; /* of the resolv.conf; borrowed */
};

/* "MX example.org", and where it is asked. */
struct diagnosis_question {
	size_t zone;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	bool mail; /* recursors are asked for it, too */
};

struct diagnosis {
	char domain[DOMAIN_TEXT_MAX];
	char host[DIAGNOSIS_HOSTS_MAX][DOMAIN_TEXT_MAX];
	size_t host_count;
	bool has_mx;
	struct delegation delegation;
	struct diagnosis_recursor recursor[DIAGNOSIS_RECURSORS_MAX];
	size_t recursor_count;
	struct diagnosis_question *question;
	size_t question_count;
	struct probe_batch batch; /* every question and its answer */
	bool is_signed[DELEGATION_ZONES_MAX];
	struct findings findings;
};

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
const char *diagnosis_run(
    struct diagnosis *diagnosis, const struct diagnosis_options *options);
void diagnosis_clear(struct diagnosis *diagnosis);

#endif /* COMMAND_DIAGNOSIS_H */
