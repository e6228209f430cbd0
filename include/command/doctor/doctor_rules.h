/*
 * doctor_rules.h - judges, from the facts about both, whether Postfix will
 * honour the verdicts.  Pure: no I/O.
 *
 * The report, also printed by "postdane doctor --json":
 * {
 *   "status": "OK" | "WARNING" | "CRITICAL" | "UNKNOWN", "code": 0 to 3,
 *   "summary": one line,
 *   "findings": [{"id": constant,
 *                 "severity": "critical" | "unknown" | "warning" | "note",
 *                 "text": what happens, "services": ["smtp/unix" …],
 *                 "changes": [{"file", "line"} …]} …]
 * }
 * The status is the gravest severity in this order: certain faults come before
 * what could not be checked.  All findings propose the same lines for one file.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_RULES_H
#define COMMAND_DOCTOR_DOCTOR_RULES_H

#include <jansson.h>

#include "command/doctor/doctor_facts.h"

/* A new reference, or NULL when out of memory. */
json_t *doctor_report(const struct doctor_facts *facts);

#endif /* COMMAND_DOCTOR_DOCTOR_RULES_H */
