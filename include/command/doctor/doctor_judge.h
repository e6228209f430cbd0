/*
 * doctor_judge.h - collects the findings of the doctor's rules.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_JUDGE_H
#define COMMAND_DOCTOR_DOCTOR_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "command/doctor/doctor_facts.h"
#include "command/report.h"

/* Time limits for one table and for all tables: an evaluation may take 30
 * seconds. */
#define DOCTOR_MAP_MS 35000U
#define DOCTOR_MAP_LIMIT "35 seconds"
#define DOCTOR_MAPS_MS 60000U

#define DOCTOR_AS_ROOT "sudo postdane doctor"

#define DOCTOR_MEANS_MAY "Postfix takes the verdict \"dane\" for \"may\""

struct doctor_judge {
	const struct doctor_facts *facts;
	const struct doctor_service *service; /* being judged, or NULL */
	struct report report;
};

/* Add a finding, or if it exists already, add the service to it.  Returns
 * it, borrowed, for doctor_change(). */
json_t *doctor_find(struct doctor_judge *judge, enum report_severity severity,
    const char *id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Add a line to be written into @file, unless the finding has it already. */
void doctor_change(json_t *finding, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a line of main.cf, or of master.cf if that overrides it. */
void doctor_change_parameter(const struct doctor_judge *judge, json_t *finding,
    enum postfix_parameter parameter, const char *value);

/* Whether @option of the daemon is known, and equals @value. */
bool doctor_is(const char *option, const char *value);

/* The resolv.conf that the service reads. */
const struct doctor_view *doctor_view_of(const struct doctor_judge *judge);

/* Whether it names only postdane's own listener. */
bool doctor_view_is_shared(const struct doctor_view *view);

#endif /* COMMAND_DOCTOR_DOCTOR_JUDGE_H */
