/*
 * findings_server.h - judge a name server by all its answers.  Pure.
 */
#ifndef COMMAND_FINDINGS_SERVER_H
#define COMMAND_FINDINGS_SERVER_H

#include "command/findings_trial.h"

/*
 * Judge one server by all its answers.  @job: of this server, any order; the
 * first question of the zone's is its SOA record.
 */
void findings_of_server(struct findings *findings,
    const struct findings_subject *subject, const struct probe_job *const *job,
    size_t count);

#endif /* COMMAND_FINDINGS_SERVER_H */
