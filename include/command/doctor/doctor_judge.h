/*
 * doctor_judge.h - what the rules of the doctor write down while they judge.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_JUDGE_H
#define COMMAND_DOCTOR_DOCTOR_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "command/doctor/doctor_facts.h"

#define DOCTOR_TEXT_MAX 1500

/* How long one table may take, and all of them: an evaluation may take 30
 * seconds. */
#define DOCTOR_MAP_MS 35000U
#define DOCTOR_MAP_LIMIT "35 seconds"
#define DOCTOR_MAPS_MS 60000U

#define DOCTOR_AS_ROOT "sudo postdane doctor"

#define DOCTOR_MEANS_MAY "Postfix takes the verdict \"dane\" for \"may\""

struct doctor_judge {
	const struct doctor_facts *facts;
	json_t *findings;
	const struct doctor_service *service; /* being looked at, or NULL */
	size_t count[DOCTOR_UNKNOWN + 1];     /* by severity */
};

/* One finding, of however many services.  DOCTOR_OK makes it a note,
 * DOCTOR_UNKNOWN says what could not be found out.  Returns it, borrowed, for
 * doctor_change(). */
json_t *doctor_find(struct doctor_judge *judge, enum doctor_code code,
    const char *id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A line to write, and into which file; once. */
void doctor_change(json_t *finding, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* In main.cf, or where master.cf overrides it, there. */
void doctor_change_parameter(const struct doctor_judge *judge, json_t *finding,
    enum postfix_parameter parameter, const char *value);

/* Whether an option of the daemon is known, and has this value. */
bool doctor_is(const char *option, const char *value);

/* The resolv.conf that the service reads. */
const struct doctor_view *doctor_view_of(const struct doctor_judge *judge);

/* Whether all that it names is postdane's own listener. */
bool doctor_view_is_shared(const struct doctor_view *view);

#endif /* COMMAND_DOCTOR_DOCTOR_JUDGE_H */
