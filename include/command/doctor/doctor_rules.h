/*
 * doctor_rules.h - whether Postfix will honour the verdicts, judged by what
 * was found out about both.  Pure: no I/O.
 *
 * The report, which is also what "postdane doctor --json" prints:
 * {
 *   "status": "OK" | "WARNING" | "CRITICAL" | "UNKNOWN", "code": 0 to 3,
 *   "summary": one line,
 *   "findings": [{"id": constant,
 *                 "severity": "critical" | "unknown" | "warning" | "note",
 *                 "text": what happens, "services": ["smtp/unix" …],
 *                 "changes": [{"file", "line"} …]} …]
 * }
 * The state is the gravest severity, in this order: what is certainly wrong
 * comes before what could not be found out.  What is to be written into one
 * file is the same in all findings.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_RULES_H
#define COMMAND_DOCTOR_DOCTOR_RULES_H

#include <jansson.h>

#include "command/doctor/doctor_facts.h"

/* A new reference, or NULL when out of memory. */
json_t *doctor_report(const struct doctor_facts *facts);

#endif /* COMMAND_DOCTOR_DOCTOR_RULES_H */
