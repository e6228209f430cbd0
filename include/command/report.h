/*
 * report.h - what check, diagnose and doctor have in common: findings, their
 * severity, and the form of the report, which suits monitoring plugins.
 */
#ifndef COMMAND_REPORT_H
#define COMMAND_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#define REPORT_TEXT_MAX 1500

/* In this order: certain faults come before what is unknown. */
enum report_severity {
	REPORT_NOTE, /* no fault */
	REPORT_WARNING,
	REPORT_UNKNOWN, /* something could not be checked */
	REPORT_CRITICAL
};

struct report_level {
	const char *severity; /* of a finding: "note" */
	const char *status;   /* of the whole: "OK" */
	int code;             /* the exit code */
};

const struct report_level *report_level(enum report_severity severity);

/* The findings so far.  Initialise with zeros, and @findings with an array. */
struct report {
	json_t *findings; /* {"id", "severity", "text"} */
	size_t count[REPORT_CRITICAL + 1];
};

/*
 * Add a finding.  @id: NULL for none; with the same id and text a finding is
 * not added twice.  Returns it, borrowed, or NULL when out of memory.
 */
json_t *report_find(struct report *report, enum report_severity severity,
    const char *id, const char *format, va_list ap)
    __attribute__((format(printf, 4, 0)));

/* NOTE if there are no findings. */
enum report_severity report_worst(const struct report *report);

/*
 * Print @report and free it: as JSON; or its "status" and "summary", which are
 * all that monitoring systems show, and then what @put prints.  NULL: memory
 * was short, which is reported as UNKNOWN.
 * Returns its "code".
 */
int report_print(
    json_t *report, bool as_json, void (*put)(const json_t *report, FILE *out));

#endif /* COMMAND_REPORT_H */
