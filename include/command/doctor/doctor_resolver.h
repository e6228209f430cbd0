/*
 * doctor_resolver.h - the doctor's rules for the resolvers of Postfix's
 * processes, and for the names in Postfix's configuration.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_RESOLVER_H
#define COMMAND_DOCTOR_DOCTOR_RESOLVER_H

struct doctor_judge;

/* Judge the name servers of the service being judged. */
void doctor_judge_view(struct doctor_judge *judge);

/* Judge whether the chroot's copy of resolv.conf is outdated. */
void doctor_judge_copy(struct doctor_judge *judge);

/* Judge whether postdane's own resolver is used if it is available or
 * needed. */
void doctor_judge_sharing(struct doctor_judge *judge);

/* Judge whether postdane and the system resolve the names alike. */
void doctor_judge_names(struct doctor_judge *judge);

#endif /* COMMAND_DOCTOR_DOCTOR_RESOLVER_H */
