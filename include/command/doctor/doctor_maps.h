/*
 * doctor_maps.h - the doctor's rules for smtp_tls_policy_maps, and for what
 * postdane's answers make of the levels in main.cf.  The service that is being
 * looked at is judge->service.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_MAPS_H
#define COMMAND_DOCTOR_DOCTOR_MAPS_H

#include <stdbool.h>

#include "command/doctor/doctor_facts.h"

struct doctor_judge;

/* The first table of postdane's, or NULL. */
const struct doctor_map *doctor_our_map(const struct doctor_service *service);

/* Whether some of what is sent is to be "dane-only". */
bool doctor_wants_dane_only(const struct doctor_service *service);

/* Whether each table is well formed, and answers. */
void doctor_judge_maps(struct doctor_judge *judge);

/* The service has no table of postdane's.  @any: others have. */
void doctor_judge_missing(struct doctor_judge *judge, bool any);

/* What the answers of @ours, the service's own, do to main.cf's levels and to
 * other tables. */
void doctor_judge_answers(
    struct doctor_judge *judge, const struct doctor_map *ours);

#endif /* COMMAND_DOCTOR_DOCTOR_MAPS_H */
