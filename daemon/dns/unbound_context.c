/* unbound_context.c - makes contexts of libunbound. */

#include "dns/unbound_context.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <unbound.h>

#include <unbound-event.h>

#include "base/conf.h"
#include "base/log.h"
#include "dns/address_filter.h"
#include "dns/anchors.h"
#include "dns/proof_judge.h"
#include "dns/unbound_answer.h"
#include "dns/zones.h"

/* Remember revoked keys forever: trust-anchor may still hold such a key when
 * libunbound would have forgotten it. */
#define REVOKED_SECONDS "2000000000"

#define STRING(number) STRING_OF(number)
#define STRING_OF(number) #number

/* Differences from libunbound's defaults, measured against broken servers. */
static const struct {
	const char *name, *value;
} options[] = {
	/* 16 sockets by default: a hundred dead lookups would stall all
	 * others */
	{ "outgoing-range:", "4096" },
	{ "num-queries-per-thread:", "4096" },
	/* these three together: a repaired server is used after seconds, and a
	 * dropped query type does not blacklist the server for other types */
	{ "infra-cache-max-rtt:", "13000" },
	{ "infra-keep-probing:", "yes" },
	{ "infra-host-ttl:", "60" },
	/* servers that answer NXDOMAIN for empty non-terminals */
	{ "qname-minimisation:", "no" },
	/* a false bit map would hide an existing TLSA */
	{ "aggressive-nsec:", "no" },
	/* a failure is never cached for more than a few seconds */
	{ "val-bogus-ttl:", "5" },
	/* the usual clock skew, not a tenth of a signature's validity period */
	{ "val-sig-skew-min:", STRING(UNBOUND_ANSWER_SKEW_SECONDS) },
	{ "val-sig-skew-max:", STRING(UNBOUND_ANSWER_SKEW_SECONDS) },
	/* the cost of validation grows with the square of an answer's size:
	 * this limits the size of answers, and of RRsets that are validated,
	 * with uncompressed names.  DNSKEY RRsets, the largest of all, take 2
	 * KiB or less */
	{ "msg-buffer-size:", "8192" },
	/* provides the reason why an answer is bogus */
	{ "val-log-level:", "2" },
	/* below this, denials are proofs and not just "insecure" */
	{ "val-nsec3-keysize-iterations:", PROOF_JUDGE_NSEC3_ITERATIONS },
};

static int
set_option(struct ub_ctx *ub, const char *name, const char *value)
{
	const int error = ub_ctx_set_option(ub, name, value);

	if (error == 0)
		return 0;
	log_error("validated: libunbound refuses %s %s: %s", name, value,
	    ub_strerror(error));
	return -1;
}

/* "name: value", already checked by conf. */
static int
set_user_option(struct ub_ctx *ub, const char *line)
{
	const char *colon = strchr(line, ':');
	char name[128];

	if (colon == NULL || (size_t)(colon - line) + 2 > sizeof(name))
		return -1;
	snprintf(name, sizeof(name), "%.*s:", (int)(colon - line), line);
	return set_option(ub, name, colon + 1 + strspn(colon + 1, " \t"));
}

/* Added one by one, as text.  libunbound would read a file again for each
 * context, and would trust keys that RFC 5011 has it only observe. */
static int
set_anchors(struct ub_ctx *ub, const struct anchors *anchors)
{
	for (size_t i = 0; i < anchors_count(anchors); i++) {
		const struct anchor anchor = anchors_get(anchors, i);
		int error;

		if (!anchor_is_trusted(&anchor) ||
		    (error = ub_ctx_add_ta(ub, anchor.record)) == 0)
			continue;
		log_error("validated: trust anchor %u: %s", anchor.tag,
		    ub_strerror(error));
		return -1;
	}
	return 0;
}

/* The RFC 5011 state file, which libunbound then reads and writes. */
static int
set_state(struct ub_ctx *ub, const char *path)
{
	const int error = ub_ctx_add_ta_autr(ub, path);

	if (error == 0)
		return set_option(ub, "del-holddown:", REVOKED_SECONDS);
	log_error("validated: %s: %s", path, ub_strerror(error));
	return -1;
}

static int
set_trust(struct ub_ctx *ub, const struct unbound_context_recipe *recipe)
{
	return recipe->state != NULL ? set_state(ub, recipe->state)
				     : set_anchors(ub, recipe->anchors);
}

static int
set_zones(struct ub_ctx *ub, int zones_fd)
{
	char path[64];
	int error;

	if (zones_fd == -1)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", zones_fd);
	if ((error = ub_ctx_config(ub, path)) != 0) {
		log_error("validated: libunbound refuses the zone blocks: %s",
		    ub_strerror(error));
		return -1;
	}
	return 0;
}

struct shunning {
	struct ub_ctx *ub;
	int error;
};

static void
shun(void *arg, const char *block)
{
	struct shunning *shunning = arg;

	if (set_option(shunning->ub, "do-not-query-address:", block) == -1)
		shunning->error = -1;
}

/* Glue may point anywhere, even at our own listener: we would wait for
 * ourselves. */
static int
shun_addresses(struct ub_ctx *ub, const struct conf *conf)
{
	struct shunning shunning = { ub, 0 };

	if (address_filter_never_asked(conf, shun, &shunning) == -1)
		return -1;
	return shunning.error;
}

static int
set_options(struct ub_ctx *ub, const struct unbound_context_recipe *recipe)
{
	const struct conf_strings *theirs = &recipe->conf->resolver_options;
	char connections[16];

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (set_option(ub, options[i].name, options[i].value) == -1)
			return -1;
	snprintf(connections, sizeof(connections), "%u", recipe->connections);
	if (set_option(ub, "outgoing-num-tcp:", connections) == -1)
		return -1;
	for (size_t i = 0; i < theirs->count; i++)
		if (set_user_option(ub, theirs->item[i]) == -1)
			return -1;
	return set_option(ub, "root-hints:", recipe->conf->root_hints);
}

struct ub_ctx *
unbound_context_new(
    struct event_base *base, const struct unbound_context_recipe *recipe)
{
	struct ub_ctx *ub = ub_ctx_create_event(base);

	if (ub == NULL)
		return NULL;
	/* libunbound's messages reach us with its results. */
	ub_ctx_debugout(ub, NULL);
	if (set_options(ub, recipe) == -1 ||
	    shun_addresses(ub, recipe->conf) == -1 ||
	    set_trust(ub, recipe) == -1 ||
	    set_zones(ub, recipe->zones_fd) == -1) {
		ub_ctx_delete(ub);
		return NULL;
	}
	return ub;
}

static int
write_zones(const struct conf *conf, int fd)
{
	const int copy = dup(fd);
	FILE *file = copy != -1 ? fdopen(copy, "w") : NULL;
	bool is_written;

	if (file == NULL) {
		if (copy != -1)
			close(copy);
		return -1;
	}
	is_written = zones_write(conf, file) == 0;
	return fclose(file) == 0 && is_written ? 0 : -1;
}

int
unbound_context_zones(const struct conf *conf, int *fd)
{
	*fd = -1;
	if (conf->zone_count == 0)
		return 0;
	*fd = memfd_create("postdane-zones", MFD_CLOEXEC);
	if (*fd != -1 && write_zones(conf, *fd) == 0)
		return 0;
	log_error("validated: zone blocks: %s", strerror(errno));
	if (*fd != -1)
		close(*fd);
	*fd = -1;
	return -1;
}
