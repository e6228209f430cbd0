/*
 * diagnose_recursor.h - judges a recursor by all its answers.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_RECURSOR_H
#define COMMAND_DIAGNOSE_DIAGNOSE_RECURSOR_H

#include "command/diagnose/diagnose_answers.h"

/* The state of the domain's own servers. */
enum diagnose_domain {
	DIAGNOSE_DOMAIN_UNKNOWN,
	DIAGNOSE_DOMAIN_AT_FAULT, /* they have findings */
	DIAGNOSE_DOMAIN_WELL
};

/*
 * Judge a recursor.  @is_signed: for each job, whether its zone is signed.
 */
void diagnose_recursor(struct findings *findings,
    const struct diagnose_subject *subject,
    const struct dns_probe_job *const *job, const bool *is_signed, size_t count,
    enum diagnose_domain domain);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_RECURSOR_H */
