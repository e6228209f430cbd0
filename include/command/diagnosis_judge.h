/*
 * diagnosis_judge.h - from all answers about a domain to findings.  Pure.
 */
#ifndef COMMAND_DIAGNOSIS_JUDGE_H
#define COMMAND_DIAGNOSIS_JUDGE_H

#include "command/diagnosis_facts.h"

/* Returns 0, or -1 when out of memory. */
int diagnosis_judge(struct diagnosis *to);

#endif /* COMMAND_DIAGNOSIS_JUDGE_H */
