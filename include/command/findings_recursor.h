/*
 * findings_recursor.h - judge a recursor by all its answers.  Pure.
 */
#ifndef COMMAND_FINDINGS_RECURSOR_H
#define COMMAND_FINDINGS_RECURSOR_H

#include "command/findings_trial.h"

/* What is known of the domain's own servers. */
enum findings_domain {
	FINDINGS_DOMAIN_UNKNOWN,
	FINDINGS_DOMAIN_AT_FAULT, /* they have findings */
	FINDINGS_DOMAIN_WELL
};

/*
 * Judge a recursor.  @is_signed tells for a job whether its zone is.
 */
void findings_of_recursor(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    const bool *is_signed, size_t count, enum findings_domain domain);

#endif /* COMMAND_FINDINGS_RECURSOR_H */
