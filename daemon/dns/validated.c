/* validated.c - DNSSEC-validated lookups by libunbound. */

#include "dns/validated.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/event.h>
#include <unbound.h>

#include <unbound-event.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/domain.h"
#include "base/log.h"
#include "base/table.h"
#include "dns/anchors.h"
#include "dns/insecurity.h"
#include "dns/library.h"
#include "dns/zones.h"

#define CLASS_IN 1
#define FRESH_INTERVAL 5000 /* milliseconds that a fresh context serves */
/* Contexts cost 1.3 MiB each; one whose last question hangs can live for two
 * minutes.  Beyond this many there are no new ones. */
#define CONTEXTS_MAX 64
/* A key that was revoked is remembered for ever: trust-anchor may still have
 * it when libunbound would have forgotten it. */
#define REVOKED_SECONDS "2000000000"

/* What differs from libunbound's defaults, as measured against broken servers.
 */
static const struct {
	const char *name, *value;
} options[] = {
	/* 16 sockets by default: a hundred dead lookups would stall all */
	{ "outgoing-range:", "4096" },
	{ "num-queries-per-thread:", "4096" },
	{ "outgoing-num-tcp:", "64" },
	/* these three together: a repaired server is used after seconds, and
	 * a dropped type does not blacklist the server for the others */
	{ "infra-cache-max-rtt:", "13000" },
	{ "infra-keep-probing:", "yes" },
	{ "infra-host-ttl:", "60" },
	/* servers that answer NXDOMAIN for empty non-terminals */
	{ "qname-minimisation:", "no" },
	/* a lying bit map would hide an existing TLSA */
	{ "aggressive-nsec:", "no" },
	/* a failure is never remembered beyond a few seconds */
	{ "val-bogus-ttl:", "5" },
	/* fills in why an answer is bogus */
	{ "val-log-level:", "2" },
	/* below this, denials are proofs and not merely "insecure" */
	{ "val-nsec3-keysize-iterations:", INSECURITY_NSEC3_ITERATIONS },
};

struct context {
	struct ub_ctx *ub;
	struct validated *owner;
	char zone[DOMAIN_TEXT_MAX]; /* of a fresh one; "" otherwise */
	uint64_t born;              /* clock_ms() */
	size_t in_flight;
	bool retired;    /* gets no new questions, goes with its last */
	bool distrusted; /* its root is insecure: the anchor is dead */
	struct validated_query *queries; /* all of them */
	struct validated_query *hung; /* hash by key: abandoned, and libunbound
				       * still works on it */
	struct context *next;
};

struct validated {
	struct event_base *base;
	const struct conf *conf;
	struct anchors *anchors;
	struct context *contexts;
	struct context *main, *spare;
	struct event *reaper; /* frees contexts from the loop, for a context
			       * can't be deleted inside its own callback */
	size_t in_flight, abandoned, context_count;
	bool asking; /* ub_resolve_event() has not returned */
	struct library_facts library;
	int zones_fd; /* memory file with the zone blocks, or -1 */
};

/* Question key: type and name, so that twins are found. */
#define KEY_MAX (DOMAIN_TEXT_MAX + 8)

struct validated_query {
	struct context *context;
	validated_cb cb; /* NULL once cancelled */
	void *arg;
	struct event *deliver; /* brings a result that came too early */
	struct validated_result result; /* owned copies, with deliver */
	bool abandoned;
	bool delivering; /* libunbound is done with it */
	char *key;
	struct validated_query *prev, *next; /* in context->queries */
	UT_hash_handle hh;                   /* in context->hung */
};

/* ---- contexts ---- */

static void query_free(struct validated_query *query);

static void
context_free(struct context *context)
{
	struct validated *validated = context->owner;
	struct validated_query *query, *next;

	for (struct context **at = &validated->contexts; *at != NULL;
	     at = &(*at)->next)
		if (*at == context) {
			*at = context->next;
			break;
		}
	validated->context_count--;
	DL_FOREACH(context->queries, query)
	query->cb = NULL;
	/* Calls back for everything that libunbound still works on. */
	ub_ctx_delete(context->ub);
	DL_FOREACH_SAFE(context->queries, query, next)
	query_free(query);
	free(context);
}

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

/* "name: value", as conf has checked. */
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

/* One by one, as text: libunbound would read a file anew for each context, and
 * trust what RFC 5011 has it only watch. */
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

/* The state of RFC 5011, which libunbound then reads and writes. */
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

/* Glue that names our own listener would have us wait for ourselves. */
static int
shun_ourselves(struct ub_ctx *ub, const struct conf_endpoints *listen)
{
	char host[NI_MAXHOST];

	for (size_t i = 0; i < listen->count; i++) {
		const struct endpoint *at = &listen->item[i];

		if (getnameinfo((const struct sockaddr *)&at->address,
			at->length, host, sizeof(host), NULL, 0,
			NI_NUMERICHOST) != 0 ||
		    set_option(ub, "do-not-query-address:", host) == -1)
			return -1;
	}
	return 0;
}

/* @state: NULL, or the path of RFC 5011's state, instead of the anchors. */
static int
set_all(struct ub_ctx *ub, const struct validated *validated, const char *state)
{
	const struct conf *conf = validated->conf;

	/* What libunbound has to say reaches us as results. */
	ub_ctx_debugout(ub, NULL);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (set_option(ub, options[i].name, options[i].value) == -1)
			return -1;
	for (size_t i = 0; i < conf->resolver_options.count; i++)
		if (set_user_option(ub, conf->resolver_options.item[i]) == -1)
			return -1;
	if (shun_ourselves(ub, &conf->dns_listen) == -1 ||
	    set_option(ub, "root-hints:", conf->root_hints) == -1 ||
	    (state != NULL ? set_state(ub, state)
			   : set_anchors(ub, validated->anchors)) == -1)
		return -1;
	return set_zones(ub, validated->zones_fd);
}

static bool
has_anchor(const struct anchors *anchors)
{
	for (size_t i = 0; i < anchors_count(anchors); i++) {
		const struct anchor anchor = anchors_get(anchors, i);

		if (anchor_is_trusted(&anchor))
			return true;
	}
	return false;
}

static struct context *
context_new(struct validated *validated, const char *state)
{
	struct context *context;

	if (validated->context_count >= CONTEXTS_MAX)
		return NULL;
	if ((context = calloc(1, sizeof(*context))) == NULL)
		return NULL;
	if ((context->ub = ub_ctx_create_event(validated->base)) == NULL) {
		free(context);
		return NULL;
	}
	if (set_all(context->ub, validated, state) == -1) {
		ub_ctx_delete(context->ub);
		free(context);
		return NULL;
	}
	context->owner = validated;
	context->born = clock_ms();
	context->distrusted = state == NULL && !has_anchor(validated->anchors);
	context->next = validated->contexts;
	validated->contexts = context;
	validated->context_count++;
	return context;
}

static void
retire(struct context *context)
{
	if (context == NULL)
		return;
	context->retired = true;
	if (context->in_flight == 0)
		event_active(context->owner->reaper, EV_TIMEOUT, 0);
}

/* What contexts had lies scattered, and malloc(3) would keep it: hundreds of
 * MiB after a time in which much was broken.  It takes half a millisecond for
 * each of them. */
static void
give_memory_back(void)
{
	malloc_trim(0);
}

static void
reap(evutil_socket_t fd, short what, void *arg)
{
	struct validated *validated = arg;
	struct context *context, *next;
	bool freed = false;

	(void)fd;
	(void)what;
	for (context = validated->contexts; context != NULL; context = next) {
		next = context->next;
		if (!context->retired || context->in_flight > 0)
			continue;
		context_free(context);
		freed = true;
	}
	if (freed)
		give_memory_back();
}

static void check_trust(struct context *context);

/* Beside the main one, which trust.h watches. */
static struct context *
context_new_checked(struct validated *validated)
{
	struct context *context = context_new(validated, NULL);

	if (context != NULL)
		check_trust(context);
	return context;
}

static bool
hangs_in(const struct context *context, const char *key)
{
	struct validated_query *twin;

	if (context == NULL)
		return false;
	HASH_FIND_STR(context->hung, key, twin);
	return twin != NULL;
}

/* A question that hangs inside one context would only join its twin there. */
static struct context *
pick_shared(struct validated *validated, const char *key)
{
	if (!hangs_in(validated->main, key))
		return validated->main;
	if (hangs_in(validated->spare, key)) {
		retire(validated->spare);
		validated->spare = NULL;
	}
	if (validated->spare == NULL)
		validated->spare = context_new_checked(validated);
	return validated->spare;
}

void
validated_renew(struct validated *validated)
{
	struct context *main = context_new(validated, NULL);

	if (main == NULL)
		return;
	retire(validated->main);
	retire(validated->spare);
	validated->main = main;
	validated->spare = NULL;
	for (struct context *context = validated->contexts; context != NULL;
	     context = context->next)
		if (context->zone[0] != '\0')
			retire(context);
}

/* The zone's own context of the last seconds, or a new one. */
static struct context *
pick_fresh(struct validated *validated, const char *zone)
{
	const uint64_t now = clock_ms();
	struct context *context, *found = NULL;

	for (context = validated->contexts; context != NULL;
	     context = context->next) {
		if (context->zone[0] == '\0' || context->retired)
			continue;
		if (now - context->born > FRESH_INTERVAL)
			retire(context);
		else if (domain_equal(context->zone, zone))
			found = context;
	}
	if (found == NULL && (found = context_new_checked(validated)) != NULL)
		snprintf(found->zone, sizeof(found->zone), "%s", zone);
	return found;
}

/* ---- queries ---- */

static void
query_free(struct validated_query *query)
{
	struct context *context = query->context;
	struct validated_query *twin;

	HASH_FIND_STR(context->hung, query->key, twin);
	if (twin == query)
		HASH_DEL(context->hung, query);
	if (query->abandoned)
		context->owner->abandoned--;
	DL_DELETE(context->queries, query);
	context->owner->in_flight--;
	if (--context->in_flight == 0 && context->retired)
		event_active(context->owner->reaper, EV_TIMEOUT, 0);
	if (query->deliver != NULL)
		event_free(query->deliver);
	free((void *)(uintptr_t)query->result.packet);
	free((void *)(uintptr_t)query->result.why);
	free(query->key);
	free(query);
}

/* The packet's own rcode counts: a failure that comes from libunbound's
 * cache arrives with rcode 0 and SERVFAIL inside the packet. */
static void
read_result(int rcode, const void *packet, int len, int sec, const char *why,
    struct validated_result *result)
{
	static const enum dns_security security[] = { DNS_INSECURE, DNS_BOGUS,
		DNS_SECURE };
	const uint8_t *wire = packet;
	unsigned inner;

	memset(result, 0, sizeof(*result));
	result->why = why;
	if (rcode != 0 || packet == NULL || len < 12) {
		if (result->why == NULL)
			result->why = "no server gave a usable answer";
		return;
	}
	inner = wire[3] & 0x0fU;
	if (inner != 0 && inner != 3) {
		if (result->why == NULL)
			result->why = "no server gave a usable answer";
		return;
	}
	result->answered = true;
	result->packet = wire;
	result->len = (size_t)len;
	result->security = sec >= 0 && sec <= 2 ? security[sec] : DNS_BOGUS;
}

static void
deliver_later(evutil_socket_t fd, short what, void *arg)
{
	struct validated_query *query = arg;
	const validated_cb cb = query->cb;

	(void)fd;
	(void)what;
	if (cb != NULL)
		cb(query->arg, &query->result);
	query_free(query);
}

/* A result came while ub_resolve_event() was still running: of a question that
 * the cache answers, or of any other that is ready by then.  Whoever is asking
 * right now could be ended by it. */
static void
postpone(struct validated_query *query, const struct validated_result *result)
{
	struct validated_result *copy = &query->result;
	uint8_t *packet = NULL;

	*copy = *result;
	copy->packet = NULL;
	copy->why = result->why != NULL ? strdup(result->why) : NULL;
	if (result->answered) {
		if ((packet = malloc(result->len)) != NULL)
			memcpy(packet, result->packet, result->len);
		else
			copy->answered = false;
		copy->packet = packet;
	}
	if (!copy->answered)
		copy->security = DNS_INDETERMINATE;
	query->delivering = true;
	event_active(query->deliver, EV_TIMEOUT, 0);
}

static void
on_result(void *arg, int rcode, void *packet, int len, int sec, char *why,
    int was_ratelimited)
{
	struct validated_query *query = arg;
	struct validated_result result;
	const validated_cb cb = query->cb;

	(void)was_ratelimited;
	read_result(rcode, packet, len, sec, why, &result);
	if (query->context->distrusted && result.security == DNS_INSECURE)
		result = (struct validated_result){
			.why = "the trust anchor is not alive"
		};
	if (query->context->owner->asking) {
		postpone(query, &result);
		return;
	}
	/* Signatures were checked, which takes long: the loop shall look at
	 * what else is ready. */
	event_base_loopcontinue(query->context->owner->base);
	if (cb != NULL)
		cb(query->arg, &result);
	query_free(query);
}

static struct validated_query *
query_new(struct context *context, const char *key, validated_cb cb, void *arg)
{
	struct validated_query *query = calloc(1, sizeof(*query));

	if (query == NULL)
		return NULL;
	query->key = strdup(key);
	query->deliver =
	    event_new(context->owner->base, -1, 0, deliver_later, query);
	if (query->key == NULL || query->deliver == NULL) {
		if (query->deliver != NULL)
			event_free(query->deliver);
		free(query->key);
		free(query);
		return NULL;
	}
	query->context = context;
	query->cb = cb;
	query->arg = arg;
	DL_APPEND(context->queries, query);
	context->in_flight++;
	context->owner->in_flight++;
	return query;
}

/* Returns the query, or NULL, and then it is freed. */
static struct validated_query *
submit(struct validated_query *query, const char *name, uint16_t type)
{
	struct validated *validated = query->context->owner;
	int error;

	validated->asking = true;
	error = ub_resolve_event(
	    query->context->ub, name, type, CLASS_IN, query, on_result, NULL);
	validated->asking = false;
	if (error == 0)
		return query;
	log_error(
	    "validated: libunbound can't ask %s: %s", name, ub_strerror(error));
	query_free(query);
	return NULL;
}

/* Only an insecure answer withdraws trust: a failure says nothing. */
static void
on_root_key(void *arg, const struct validated_result *result)
{
	struct context *context = arg;

	if (!result->answered || result->security != DNS_INSECURE)
		return;
	context->distrusted = true;
	log_error("validated: the root's DNSKEY is insecure in a new context: "
		  "what is insecure there is not believed");
}

/* Asked first, so that it is known before what else is asked there. */
static void
check_trust(struct context *context)
{
	char key[KEY_MAX];
	struct validated_query *query;

	snprintf(key, sizeof(key), "%d/.", DNS_TYPE_DNSKEY);
	query = query_new(context, key, on_root_key, context);
	if (query != NULL)
		submit(query, ".", DNS_TYPE_DNSKEY);
}

struct validated_query *
validated_ask(struct validated *validated, const char *name, uint16_t type,
    const char *fresh_zone, validated_cb cb, void *arg)
{
	char key[KEY_MAX];
	struct context *context;
	struct validated_query *query;

	snprintf(key, sizeof(key), "%u/%s", type, name);
	context = fresh_zone != NULL ? pick_fresh(validated, fresh_zone)
				     : pick_shared(validated, key);
	if (context == NULL ||
	    (query = query_new(context, key, cb, arg)) == NULL)
		return NULL;
	return submit(query, name, type);
}

struct validated_query *
validated_watch_root(
    struct validated *validated, const char *state, validated_cb cb, void *arg)
{
	char key[KEY_MAX];
	struct context *context = context_new(validated, state);
	struct validated_query *query;

	if (context == NULL)
		return NULL;
	snprintf(key, sizeof(key), "%d/.", DNS_TYPE_DNSKEY);
	if ((query = query_new(context, key, cb, arg)) != NULL)
		query = submit(query, ".", DNS_TYPE_DNSKEY);
	retire(context);
	return query;
}

void
validated_use_anchors(struct validated *validated, struct anchors *anchors)
{
	anchors_free(validated->anchors);
	validated->anchors = anchors;
	validated_renew(validated);
}

void
validated_cancel(struct validated_query *query)
{
	struct context *context;
	struct validated_query *twin;

	if (query == NULL)
		return;
	context = query->context;
	query->cb = NULL;
	if (query->delivering)
		return;
	query->abandoned = true;
	context->owner->abandoned++;
	HASH_FIND_STR(context->hung, query->key, twin);
	if (twin == NULL)
		HASH_ADD_KEYPTR(
		    hh, context->hung, query->key, strlen(query->key), query);
}

/* ---- life ---- */

/* libunbound takes zones only from a file: one in memory. */
static int
write_zones(const struct conf *conf)
{
	FILE *file;
	int fd, copy;

	if (conf->zone_count == 0)
		return -1;
	if ((fd = memfd_create("postdane-zones", MFD_CLOEXEC)) == -1)
		return -2;
	if ((copy = dup(fd)) == -1 || (file = fdopen(copy, "w")) == NULL) {
		if (copy != -1)
			close(copy);
		close(fd);
		return -2;
	}
	if (zones_write(conf, file) == -1) {
		fclose(file);
		close(fd);
		return -2;
	}
	if (fclose(file) != 0) {
		close(fd);
		return -2;
	}
	return fd;
}

struct validated *
validated_new(struct event_base *base, const struct conf *conf)
{
	struct validated *validated = calloc(1, sizeof(*validated));
	char why[ANCHORS_WHY_MAX];

	if (validated == NULL)
		return NULL;
	validated->base = base;
	validated->conf = conf;
	validated->zones_fd = -1;
	library_probe(base, &validated->library);
	validated->anchors =
	    anchors_load(conf->trust_anchor, conf->state_directory, why);
	if (validated->anchors == NULL) {
		log_error("validated: trust anchor %s", why);
		validated_free(validated);
		return NULL;
	}
	validated->zones_fd = write_zones(conf);
	if (validated->zones_fd == -2) {
		log_error("validated: zone blocks: %s", strerror(errno));
		validated->zones_fd = -1;
		validated_free(validated);
		return NULL;
	}
	validated->reaper = event_new(base, -1, 0, reap, validated);
	if (validated->reaper == NULL ||
	    (validated->main = context_new(validated, NULL)) == NULL) {
		validated_free(validated);
		return NULL;
	}
	return validated;
}

void
validated_free(struct validated *validated)
{
	if (validated == NULL)
		return;
	for (struct context *context = validated->contexts; context != NULL;) {
		struct context *next = context->next;

		context_free(context);
		context = next;
	}
	give_memory_back();
	if (validated->reaper != NULL)
		event_free(validated->reaper);
	if (validated->zones_fd != -1)
		close(validated->zones_fd);
	anchors_free(validated->anchors);
	free(validated);
}

const struct library_facts *
validated_library(const struct validated *validated)
{
	return &validated->library;
}

struct validated_counts
validated_counts(const struct validated *validated)
{
	return (struct validated_counts){ .in_flight = validated->in_flight,
		.abandoned = validated->abandoned,
		.contexts = validated->context_count };
}
