/*
 * generation.h - everything built from one configuration, which a reload
 * replaces as a whole: the configuration itself, the resolver and the policy
 * service.
 */
#ifndef PROCESS_GENERATION_H
#define PROCESS_GENERATION_H

struct conf;
struct event_base;
struct unbound_facts;
struct stats;

struct generation {
	struct conf *conf;
	struct resolver *resolver;
	struct policy_service *service;
};

/* Takes ownership of @conf, even on failure.  The other arguments are borrowed
 * and must outlive the generation.  Returns NULL with the reason logged. */
struct generation *generation_new(struct event_base *base, struct conf *conf,
    const struct unbound_facts *library, struct stats *stats);

/* Pending requests are answered TEMP.  NULL does nothing. */
void generation_free(struct generation *generation);

#endif /* PROCESS_GENERATION_H */
