/*
 * diagnose_server.h - judges a name server by all its answers.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_SERVER_H
#define COMMAND_DIAGNOSE_DIAGNOSE_SERVER_H

#include "command/diagnose/diagnose_answers.h"

/*
 * Judge one server.  @job: all jobs of this server, in any order.  The first
 * question about the zone is its SOA record.
 */
void diagnose_server(struct findings *findings,
    const struct diagnose_subject *subject,
    const struct dns_probe_job *const *job, size_t count);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_SERVER_H */
