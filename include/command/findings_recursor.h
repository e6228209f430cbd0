/*
 * findings_recursor.h - judge a recursor by all its answers.  Pure.
 */
#ifndef COMMAND_FINDINGS_RECURSOR_H
#define COMMAND_FINDINGS_RECURSOR_H

#include "command/findings_trial.h"

/*
 * Judge a recursor.  @is_signed tells for a job whether its zone is.
 * @domain_at_fault: the domain's own servers have findings.
 */
void findings_of_recursor(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    const bool *is_signed, size_t count, bool domain_at_fault);

#endif /* COMMAND_FINDINGS_RECURSOR_H */
