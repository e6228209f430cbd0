/* generation.c - everything built from one configuration. */

#include "process/generation.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "policy/policy_service.h"

struct generation *
generation_new(struct event_base *base, struct conf *conf,
    const struct unbound_facts *library, struct stats *stats)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	if (generation == NULL) {
		log_error("main: out of memory");
		conf_free(conf);
		return NULL;
	}
	generation->conf = conf;
	generation->resolver = resolver_new(base, conf, library, stats);
	if (generation->resolver != NULL)
		generation->service =
		    policy_service_new(base, conf, generation->resolver, stats);
	if (generation->service == NULL) {
		generation_free(generation);
		return NULL;
	}
	return generation;
}

void
generation_free(struct generation *generation)
{
	if (generation == NULL)
		return;
	policy_service_free(generation->service);
	resolver_free(generation->resolver);
	conf_free(generation->conf);
	free(generation);
}
