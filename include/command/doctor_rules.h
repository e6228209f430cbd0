/*
 * doctor_rules.h - whether Postfix will honour the verdicts, judged by what
 * was found out about both.  Pure: no I/O.
 *
 * The report, which is also what "postdane doctor --json" prints:
 * {
 *   "status": "OK" | "WARNING" | "CRITICAL" | "UNKNOWN", "code": 0 to 3,
 *   "summary": one line,
 *   "findings": [{"id": constant, "severity": "critical" | "warning" | "note",
 *                 "text": what happens, "services": ["smtp/unix" …],
 *                 "changes": [{"file", "line"} …]} …]
 * }
 */
#ifndef COMMAND_DOCTOR_RULES_H
#define COMMAND_DOCTOR_RULES_H

#include <jansson.h>

#include "command/doctor_facts.h"

/* A new reference, or NULL when out of memory. */
json_t *doctor_report(const struct doctor_facts *facts);

#endif /* COMMAND_DOCTOR_RULES_H */
