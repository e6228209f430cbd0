/*
 * doctor_maps.h - the doctor's rules for smtp_tls_policy_maps, and for the
 * effect of postdane's answers on the levels in main.cf.  The service being
 * judged is judge->service.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_MAPS_H
#define COMMAND_DOCTOR_DOCTOR_MAPS_H

#include <stdbool.h>

#include "command/doctor/doctor_facts.h"

struct doctor_judge;

/* The service's first table served by postdane, or NULL. */
const struct doctor_map *doctor_our_map(const struct doctor_service *service);

/* Whether "dane-only" is wanted for at least some of its mail. */
bool doctor_wants_dane_only(const struct doctor_service *service);

/* Judge whether each table is well formed and answers. */
void doctor_judge_maps(struct doctor_judge *judge);

/* Report that the service has no table of postdane's.  @any: others have. */
void doctor_judge_missing(struct doctor_judge *judge, bool any);

/* Judge the effect of the answers of @ours, the service's table, on main.cf's
 * levels and on other tables. */
void doctor_judge_answers(
    struct doctor_judge *judge, const struct doctor_map *ours);

#endif /* COMMAND_DOCTOR_DOCTOR_MAPS_H */
