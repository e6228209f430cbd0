/*
 * diagnose_report.h - reports a diagnosis as JSON and as text.
 */
#ifndef COMMAND_DIAGNOSE_DIAGNOSE_REPORT_H
#define COMMAND_DIAGNOSE_DIAGNOSE_REPORT_H

#include <stdio.h>

#include <jansson.h>

struct diagnosis;

/*
 * {"domain", "status", "code", "summary", "mx": [names], "zones": [{"name",
 * "signed" or null, "servers": [{"name", "address", "asked", "answered",
 * "ms"}]}], "recursors": [{"address", "path", "asked", "answered"}],
 * "postdane": {...}, "findings": [{"severity", "behaviour", "zone", "server",
 * "address", "text", "blame", "reproduce", "remedy"}]}; "code" is the exit
 * code.
 * @postdane: the daemon's explanation, or NULL.  Returns a new reference, or
 * NULL when out of memory.
 */
json_t *diagnose_report(
    const struct diagnosis *diagnosis, const json_t *postdane);

/* Print the report for people, but for the first line. */
void diagnose_text(const json_t *report, FILE *out);

#endif /* COMMAND_DIAGNOSE_DIAGNOSE_REPORT_H */
