/*
 * evidence_json.h - an evaluation as JSON: the output of "postdane explain
 * --json".
 *
 *   {
 *     "key": the key as asked, "map": the map name,
 *     "reply": "dane" | "may" | … | "TEMP" | "NOTFOUND",
 *     "carried": with "fingerprint": the complete reply to Postfix,
 *     "rule": the rule that decided, "why": one line, "ttl": seconds,
 *     "domain": A-labels, "port": number,      (from here on only if there
 *     "mx": {"status", "security", "implicit",  was something to look up)
 *            "truncated", "why", "lookups": [LOOKUP …]},
 *     "hosts": [{"name", "preference", "status", "tlsa_base", "why",
 *                "lookups": [LOOKUP …]} …],
 *     "rung": the highest rung needed, "questions", "steps", "ms": numbers
 *   }
 *   LOOKUP: {"name", "type", "status", "security", "rung", "rname", "ttl",
 *            "records": [text …], "rdata": [hex …], "proof", "why", "step",
 *            "ms"}
 *
 * "rdata" has the same records as "records", complete and in wire format.
 * Fields that do not apply are omitted.
 */
#ifndef POLICY_EVIDENCE_JSON_H
#define POLICY_EVIDENCE_JSON_H

#include <jansson.h>

struct dane_evidence;
struct verdict;

/*
 * @key, @map: printable text.  @evidence: NULL if nothing was looked up.
 * Returns a new reference, or NULL when out of memory.
 */
json_t *evidence_json(const char *key, const char *map,
    const struct verdict *verdict, const struct dane_evidence *evidence);

#endif /* POLICY_EVIDENCE_JSON_H */
