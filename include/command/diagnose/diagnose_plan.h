/*
 * diagnose_plan.h - what is asked about a domain: the questions of its zones,
 * its mail servers and theirs.  Blocks while the delegations are walked.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_PLAN_H
#define COMMAND_DIAGNOSE_DIAGNOSE_PLAN_H

#include "command/diagnose/diagnose_facts.h"

/* @to: with the domain and the delegation's beginning; gets hosts, zones and
 * questions, and a finding where the domain does not exist. */
void diagnose_plan(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_PLAN_H */
