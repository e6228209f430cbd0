/*
 * doctor_resolver.h - the doctor's rules for what Postfix's processes resolve
 * names with, and what becomes of the names in Postfix's configuration.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_RESOLVER_H
#define COMMAND_DOCTOR_DOCTOR_RESOLVER_H

struct doctor_judge;

/* The name servers of the service that is being looked at. */
void doctor_judge_view(struct doctor_judge *judge);

/* Whether the chroot's copy of resolv.conf was forgotten. */
void doctor_judge_copy(struct doctor_judge *judge);

/* Whether postdane's own resolver is used where it is there or needed. */
void doctor_judge_sharing(struct doctor_judge *judge);

/* Whether the names mean the same to postdane and to the system. */
void doctor_judge_names(struct doctor_judge *judge);

#endif /* COMMAND_DOCTOR_DOCTOR_RESOLVER_H */
