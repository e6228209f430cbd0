/*
 * unbound_context.h - makes contexts of libunbound: with the options in which
 * they differ from libunbound's defaults, hints, zone blocks and trust anchors,
 * and without the addresses that are never queried.  Which context answers, and
 * for how long it lives, is the business of validator.h.
 */
#ifndef DNS_UNBOUND_CONTEXT_H
#define DNS_UNBOUND_CONTEXT_H

struct anchors;
struct conf;
struct event_base;
struct ub_ctx;

/* What a context is made of; borrowed for the call that makes it. */
struct unbound_context_recipe {
	const struct conf *conf;
	int zones_fd;                  /* from unbound_context_zones() */
	const struct anchors *anchors; /* those that are trusted now */
	/* NULL, or the path of the RFC 5011 state file, used instead of the
	 * anchors: libunbound reads it, and updates it. */
	const char *state;
	/* TCP, at a time: 512 cost 2 MiB and 2 ms. */
	unsigned connections;
};

/*
 * Write the zone blocks to a file in memory, from which contexts take them.
 * Returns 0 with @fd set to a descriptor to close(2), or to -1 where there are
 * no such blocks; or -1, the reason logged.
 */
int unbound_context_zones(const struct conf *conf, int *fd);

/*
 * A new context with empty caches, whose callbacks come from @base.  It costs
 * 1.3 MiB and 2 ms.
 * Returns a context for ub_ctx_delete(), which must not be called from one of
 * its callbacks; or NULL, the reason logged unless memory is short.
 */
struct ub_ctx *unbound_context_new(
    struct event_base *base, const struct unbound_context_recipe *recipe);

#endif /* DNS_UNBOUND_CONTEXT_H */
