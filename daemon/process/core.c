/* core.c - what one configuration gives rise to. */

#include "process/core.h"

#include <stdlib.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "policy/policy_service.h"

struct core *
core_new(struct event_base *base, struct conf *conf,
    const struct unbound_facts *library, struct stats *stats)
{
	struct core *core = calloc(1, sizeof(*core));

	if (core == NULL) {
		log_error("main: out of memory");
		conf_free(conf);
		return NULL;
	}
	core->conf = conf;
	core->resolver = resolver_new(base, conf, library, stats);
	if (core->resolver != NULL)
		core->service =
		    policy_service_new(base, conf, core->resolver, stats);
	if (core->service == NULL) {
		core_free(core);
		return NULL;
	}
	return core;
}

void
core_free(struct core *core)
{
	if (core == NULL)
		return;
	policy_service_free(core->service);
	resolver_free(core->resolver);
	conf_free(core->conf);
	free(core);
}
