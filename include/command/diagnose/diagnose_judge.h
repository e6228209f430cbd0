/*
 * diagnose_judge.h - derives findings from all answers about a domain.  Pure.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_JUDGE_H
#define COMMAND_DIAGNOSE_DIAGNOSE_JUDGE_H

#include "command/diagnose/diagnose_facts.h"

/* Returns 0, or -1 when out of memory. */
int diagnose_judge(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_JUDGE_H */
