/*
 * diagnose_judge.h - derives findings from all answers about a domain.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_JUDGE_H
#define COMMAND_DIAGNOSE_DIAGNOSE_JUDGE_H

#include "command/diagnose/diagnose_answers.h"
#include "command/diagnose/diagnose_facts.h"

/* Returns 0, or -1 when out of memory. */
int diagnose_judge(struct diagnosis *to);

/*
 * Judge one server.  @job: all jobs of this server, in any order.  The first
 * question about the zone is its SOA record.
 */
void diagnose_server(struct findings *findings,
    const struct diagnose_subject *subject,
    const struct dns_probe_job *const *job, size_t count);

/* Judge a server by its answers to one question, compared with its other
 * answers.  @first: any job of the question.  @most: PLAIN, EDNS or DO, the
 * most that the server supports. */
void diagnose_question(const struct diagnose_answers *trial,
    const struct dns_probe_job *first, enum diagnose_manner most);

/* The state of the domain's own servers. */
enum diagnose_domain {
	DIAGNOSE_DOMAIN_UNKNOWN,
	DIAGNOSE_DOMAIN_AT_FAULT, /* they have findings */
	DIAGNOSE_DOMAIN_WELL
};

/* Judge a recursor.  @is_signed: for each job, whether its zone is signed. */
void diagnose_recursor(struct findings *findings,
    const struct diagnose_subject *subject,
    const struct dns_probe_job *const *job, const bool *is_signed, size_t count,
    enum diagnose_domain domain);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_JUDGE_H */
