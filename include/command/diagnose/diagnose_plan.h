/*
 * diagnose_plan.h - plans the queries about a domain: its zones, its mail
 * servers, and the zones of these.  Blocks while it follows the delegations.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_PLAN_H
#define COMMAND_DIAGNOSE_DIAGNOSE_PLAN_H

#include "command/diagnose/diagnose_facts.h"

/* @to: contains the domain and an initialised delegation.  Adds hosts, zones
 * and queries, and a finding if the domain does not exist. */
void diagnose_plan(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_PLAN_H */
