/* plain.c - plain DNS, without EDNS, for names that are proven insecure. */

#include "dns/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/domain.h"
#include "base/endpoint.h"
#include "base/timer.h"
#include "dns/address_filter.h"
#include "dns/packet.h"
#include "dns/upstream.h"
#include "dns/wire.h"
#include "dns/zone_limit.h"
#include "dns/zones.h"

#define RACE_MS 400       /* before the next server is queried in parallel */
#define SERVERS_MAX 24    /* addresses of one zone */
#define NAMES_MAX 8       /* names of a zone's servers that are resolved */
#define INNER_NAMES_MAX 3 /* the same in a nested lookup */
/* How many records of a section are searched for a referral, and for the
 * addresses of each of its servers. */
#define RECORDS_MAX 256

/* One address of a server of the current zone. */
struct server {
	struct plain *plain;
	struct endpoint endpoint;
	struct exchange *upstream; /* NULL unless a query is in progress */
	bool asked;
};

/* A lookup of a server's address, or of the NS records, through the ladder. */
struct errand {
	struct plain *plain;
	void *lookup; /* NULL once it has ended */
};

/* Only change_state() changes it. */
enum plain_state {
	PLAIN_STARTING = 0,
	PLAIN_WAITING,
	PLAIN_CALLED,
	PLAIN_ASKING
};

/*
 *  STARTING  timer: the loop runs -> ASKING: a zone block or an inner lookup,
 *                                    which need no turn, or a turn at once;
 *                                    else WAITING
 *  WAITING   for a turn at the servers of the zone, without a timer
 *                                 -> CALLED by zone_limit, from the stack of
 *                                    another lookup
 *  CALLED    timer: the loop runs -> ASKING
 *  ASKING    servers' names are looked up, servers queried
 *            timer: RACE_MS       -> the next server
 *            referral             -> ASKING or WAITING in the deeper zone; over
 *                                    after PLAIN_REFERRALS_MAX
 *            answer, DNAME        -> over
 *            useless, weak denial, silence -> the next server
 *            no server left, no query and no lookup in progress -> over: the
 *            first weak denial, or nothing
 */
struct plain {
	const struct plain_env *env;
	plain_waits_cb waits;
	plain_cb cb;
	void *arg;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	struct plain_path path;
	enum plain_state state;
	struct timer *timer;
	bool forward; /* servers are recursors: no referrals */

	char zone[DOMAIN_TEXT_MAX];  /* whose servers are queried now */
	struct zone_limit_turn turn; /* the turn to query them */
	/* Names of its servers whose addresses must be looked up. */
	char names[NAMES_MAX][DOMAIN_TEXT_MAX];
	size_t name_count;
	struct server server[SERVERS_MAX];
	size_t server_count;
	int last_family;
	struct errand errand[1 + 2 * NAMES_MAX];
	size_t errand_count, errands_left;
	bool is_partial; /* a server lookup was refused */
	unsigned referrals, questions;
	ldns_pkt *denial; /* the first one without AA, or NULL */
	const char *why;  /* constant text: the last failure */
};

static void next_server(struct plain *plain);
static void more_servers(struct plain *plain);

static void
change_state(struct plain *plain, enum plain_state state)
{
	const enum plain_state before = plain->state;

	plain->state = state;
	switch (state) {
	case PLAIN_STARTING:
	case PLAIN_CALLED:
		timer_now(plain->timer);
		break;
	case PLAIN_WAITING:
		timer_stop(plain->timer); /* of the previous zone */
		plain->waits(plain->arg, true);
		break;
	case PLAIN_ASKING:
		if (before == PLAIN_CALLED)
			plain->waits(plain->arg, false);
		break;
	}
}

/* ---- the end ---- */

static void
leave_zone(struct plain *plain)
{
	for (size_t i = 0; i < plain->server_count; i++)
		upstream_cancel(plain->server[i].upstream);
	for (size_t i = 0; i < plain->errand_count; i++)
		if (plain->errand[i].lookup != NULL)
			plain->env->cancel(plain->errand[i].lookup);
	plain->server_count = plain->errand_count = plain->errands_left = 0;
	plain->name_count = 0;
	zone_limit_leave(plain->env->zone_limit, &plain->turn);
	ldns_pkt_free(plain->denial);
	plain->denial = NULL;
}

const char *
plain_zone(const struct plain *plain)
{
	return plain->zone;
}

void
plain_cancel(struct plain *plain)
{
	if (plain == NULL)
		return;
	leave_zone(plain);
	timer_free(plain->timer);
	free(plain);
}

/* The packet belongs to the upstream query until its callback returns. */
static void
finish(struct plain *plain, const ldns_pkt *packet)
{
	const struct plain_result result = { .packet = packet,
		.zone = plain->zone,
		.why = packet != NULL ? NULL : plain->why,
		.questions = plain->questions,
		.is_partial = plain->is_partial };

	plain->cb(plain->arg, &result);
	plain_cancel(plain);
}

/* ---- servers ---- */

static void
add_server(struct plain *plain, const struct endpoint *endpoint)
{
	struct server *server = &plain->server[plain->server_count];

	if (plain->server_count == SERVERS_MAX)
		return;
	for (size_t i = 0; i < plain->server_count; i++)
		if (endpoint_equal(&plain->server[i].endpoint, endpoint))
			return;
	*server = (struct server){ .plain = plain, .endpoint = *endpoint };
	plain->server_count++;
}

/* @data: an address in network order, as in A or AAAA RDATA. */
static void
add_address(struct plain *plain, uint16_t type, const uint8_t *data, size_t len)
{
	const bool is_address = (type == DNS_TYPE_A && len == 4) ||
				(type == DNS_TYPE_AAAA && len == 16);
	struct endpoint endpoint;

	if (is_address &&
	    endpoint_from_octets(data, len, DNS_PORT, &endpoint) &&
	    address_filter_may_ask(plain->env->conf, &endpoint))
		add_server(plain, &endpoint);
}

/* ---- server names ---- */

static bool
in_path(const struct plain *plain, const char *name, uint16_t type)
{
	for (const struct plain_path *at = &plain->path; at != NULL;
	     at = at->above)
		if (at->type == type && domain_equal(at->name, name))
			return true;
	return false;
}

static void
run_errand(
    struct plain *plain, const char *name, uint16_t type, plain_lookup_cb cb)
{
	struct errand *errand = &plain->errand[plain->errand_count];

	if (plain->errand_count ==
		sizeof(plain->errand) / sizeof(plain->errand[0]) ||
	    plain->path.depth > PLAIN_DEPTH_MAX || in_path(plain, name, type))
		return;
	errand->plain = plain;
	errand->lookup = plain->env->lookup(
	    plain->env->env, name, type, &plain->path, cb, errand);
	if (errand->lookup == NULL) {
		plain->is_partial = true;
		return;
	}
	plain->errand_count++;
	plain->errands_left++;
}

static void
on_address(void *arg, struct dns_answer *answer)
{
	struct errand *errand = arg;
	struct plain *plain = errand->plain;

	errand->lookup = NULL;
	plain->errands_left--;
	for (size_t i = 0; i < answer->rdata_count; i++)
		add_address(plain, answer->qtype, answer->rdata[i].data,
		    answer->rdata[i].len);
	more_servers(plain);
}

static void
resolve_name(struct plain *plain, const char *name)
{
	run_errand(plain, name, DNS_TYPE_A, on_address);
	run_errand(plain, name, DNS_TYPE_AAAA, on_address);
}

static unsigned
names_max(const struct plain *plain)
{
	return plain->path.depth > 1 ? INNER_NAMES_MAX : NAMES_MAX;
}

/* The names of the servers of the first zone. */
static void
on_names(void *arg, struct dns_answer *answer)
{
	struct errand *errand = arg;
	struct plain *plain = errand->plain;
	char name[DOMAIN_TEXT_MAX];

	errand->lookup = NULL;
	plain->errands_left--;
	if (answer->rdata_count == 0)
		plain->why = "the parent's name servers are not to be had";
	for (size_t i = 0; i < answer->rdata_count && i < names_max(plain); i++)
		if (domain_from_wire(
			answer->rdata[i].data, answer->rdata[i].len, name) != 0)
			resolve_name(plain, name);
	next_server(plain);
}

/* ---- referrals ---- */

static size_t
count_records(const ldns_rr_list *list)
{
	const size_t count = ldns_rr_list_rr_count(list);

	return count < RECORDS_MAX ? count : RECORDS_MAX;
}

static const ldns_rr *
ns_record(const ldns_rr_list *list, size_t i, char owner[DOMAIN_TEXT_MAX],
    char target[DOMAIN_TEXT_MAX])
{
	const ldns_rr *rr = ldns_rr_list_rr(list, i);

	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NS ||
	    packet_owner(rr, owner) == -1 ||
	    packet_name(ldns_rr_rdf(rr, 0), target) == -1)
		return NULL;
	return rr;
}

/* The zone that a referral leads to: deeper than the current one. */
static bool
referred_zone(const struct plain *plain, const ldns_pkt *packet,
    char zone[DOMAIN_TEXT_MAX])
{
	const ldns_rr_list *list = ldns_pkt_authority(packet);
	char target[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < count_records(list); i++)
		if (ns_record(list, i, zone, target) != NULL &&
		    domain_is_within(plain->name, zone) &&
		    domain_is_within(zone, plain->zone) &&
		    !domain_equal(zone, plain->zone))
			return true;
	return false;
}

/* Glue counts only for names inside the referring zone.  Returns whether there
 * was any usable glue. */
static bool
use_glue(struct plain *plain, const ldns_pkt *packet, const char *name,
    const char *bailiwick)
{
	const ldns_rr_list *list = ldns_pkt_additional(packet);
	const size_t before = plain->server_count;
	char owner[DOMAIN_TEXT_MAX];

	if (!domain_is_within(name, bailiwick))
		return false;
	for (size_t i = 0; i < count_records(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);

		if (rdf != NULL && packet_owner(rr, owner) == 0 &&
		    domain_equal(owner, name))
			add_address(plain, (uint16_t)ldns_rr_get_type(rr),
			    ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	}
	return plain->server_count > before;
}

/* The servers of the first zone must be looked up. */
static void
begin_zone(struct plain *plain)
{
	change_state(plain, PLAIN_ASKING);
	if (plain->referrals == 0)
		run_errand(plain, plain->zone, DNS_TYPE_NS, on_names);
	for (size_t i = 0; i < plain->name_count; i++)
		resolve_name(plain, plain->names[i]);
	next_server(plain);
}

/* From the stack of another lookup. */
static void
on_turn(void *arg)
{
	change_state(arg, PLAIN_CALLED);
}

/* A nested lookup does not wait for a turn: it and the lookup that waits for it
 * could otherwise wait for each other. */
static void
enter_zone(struct plain *plain)
{
	if (plain->path.depth > 1 ||
	    zone_limit_take(plain->env->zone_limit, plain->zone, &plain->turn,
		on_turn, plain))
		begin_zone(plain);
	else
		change_state(plain, PLAIN_WAITING);
}

static void
follow_referral(struct plain *plain, const ldns_pkt *packet, const char *zone)
{
	const ldns_rr_list *list = ldns_pkt_authority(packet);
	char bailiwick[DOMAIN_TEXT_MAX];
	char owner[DOMAIN_TEXT_MAX], target[DOMAIN_TEXT_MAX];
	size_t names = 0;

	leave_zone(plain);
	if (++plain->referrals > PLAIN_REFERRALS_MAX) {
		plain->why = "too many referrals";
		finish(plain, NULL);
		return;
	}
	snprintf(bailiwick, sizeof(bailiwick), "%s", plain->zone);
	snprintf(plain->zone, sizeof(plain->zone), "%s", zone);
	for (size_t i = 0; i < count_records(list); i++) {
		if (ns_record(list, i, owner, target) == NULL ||
		    !domain_equal(owner, zone) || names >= names_max(plain))
			continue;
		names++;
		if (!use_glue(plain, packet, target, bailiwick))
			snprintf(plain->names[plain->name_count++],
			    DOMAIN_TEXT_MAX, "%s", target);
	}
	enter_zone(plain);
}

/* ---- answers ---- */

enum sort {
	SORT_USELESS,
	SORT_ANSWER,
	SORT_DNAME, /* without the alias that it makes */
	SORT_REFERRAL,
	SORT_WEAK_DENIAL
};

static bool
has_ns(const ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) ==
		    LDNS_RR_TYPE_NS)
			return true;
	return false;
}

/* The zone's DNAME in an answer, and what it makes of the name. */
static const ldns_rr *
find_dname(const struct plain *plain, const ldns_pkt *packet,
    char becomes[DOMAIN_TEXT_MAX])
{
	const ldns_rr_list *list = ldns_pkt_answer(packet);
	char owner[DOMAIN_TEXT_MAX], target[DOMAIN_TEXT_MAX];

	for (size_t i = 0; i < count_records(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME &&
		    packet_owner(rr, owner) == 0 &&
		    domain_is_within(owner, plain->zone) &&
		    packet_name(ldns_rr_rdf(rr, 0), target) == 0 &&
		    packet_substitute(plain->name, owner, target, becomes) == 0)
			return rr;
	}
	return NULL;
}

/* An answer that has something else in it does not say that there is none. */
static bool
is_denial(const struct packet_facts *facts, const ldns_pkt *packet)
{
	return facts->status == DNS_NXDOMAIN ||
	       ldns_rr_list_rr_count(ldns_pkt_answer(packet)) == 0;
}

static enum sort
sort_packet(const struct plain *plain, const ldns_pkt *packet,
    char zone[DOMAIN_TEXT_MAX])
{
	struct packet_facts facts;
	enum sort sort = SORT_USELESS;
	char becomes[DOMAIN_TEXT_MAX];

	if (packet_facts(packet, plain->name, plain->type, &facts) == -1)
		return SORT_USELESS;
	if (facts.status == DNS_FAILED)
		sort = SORT_USELESS;
	else if (facts.status == DNS_OK || facts.aliases > 0)
		sort = SORT_ANSWER;
	else if (find_dname(plain, packet, becomes) != NULL)
		sort = SORT_DNAME;
	else if (ldns_pkt_aa(packet) || plain->forward)
		sort = is_denial(&facts, packet) ? SORT_ANSWER : SORT_USELESS;
	else if (facts.status == DNS_NODATA &&
		 referred_zone(plain, packet, zone))
		sort = SORT_REFERRAL;
	else if (is_denial(&facts, packet) &&
		 !has_ns(ldns_pkt_authority(packet)))
		sort = SORT_WEAK_DENIAL;
	packet_facts_clear(&facts);
	return sort;
}

static void
finish_dname(struct plain *plain, const ldns_pkt *packet)
{
	char becomes[DOMAIN_TEXT_MAX];
	const ldns_rr *dname = find_dname(plain, packet, becomes);
	ldns_pkt *alias = NULL;
	uint8_t *wire;
	size_t len;

	plain->why = "out of memory";
	if (packet_alias(
		plain->name, becomes, ldns_rr_ttl(dname), &wire, &len) == 0) {
		alias = packet_parse(wire, len);
		free(wire);
	}
	finish(plain, alias);
	ldns_pkt_free(alias);
}

static void
on_exchange(void *arg, const ldns_pkt *packet, const char *why)
{
	struct server *server = arg;
	struct plain *plain = server->plain;
	char zone[DOMAIN_TEXT_MAX];

	server->upstream = NULL;
	if (packet == NULL) {
		plain->why = why;
		next_server(plain);
		return;
	}
	switch (sort_packet(plain, packet, zone)) {
	case SORT_ANSWER:
		finish(plain, packet);
		break;
	case SORT_DNAME:
		finish_dname(plain, packet);
		break;
	case SORT_REFERRAL:
		follow_referral(plain, packet, zone);
		break;
	case SORT_WEAK_DENIAL:
		if (plain->denial == NULL)
			plain->denial = ldns_pkt_clone(packet);
		plain->why = "the servers deny without authority";
		next_server(plain);
		break;
	case SORT_USELESS:
		plain->why = "the servers answer, but not the question";
		next_server(plain);
		break;
	}
}

/* ---- querying the servers ---- */

static struct server *
pick_server(struct plain *plain)
{
	struct server *first = NULL;

	for (size_t i = 0; i < plain->server_count; i++) {
		struct server *server = &plain->server[i];

		if (server->asked)
			continue;
		if (server->endpoint.address.ss_family != plain->last_family)
			return server;
		if (first == NULL)
			first = server;
	}
	return first;
}

static bool
any_running(const struct plain *plain)
{
	for (size_t i = 0; i < plain->server_count; i++)
		if (plain->server[i].upstream != NULL)
			return true;
	return false;
}

/* Query the next server; skips those without a route. */
static bool
ask_one(struct plain *plain)
{
	struct server *server;

	while (plain->questions < PLAIN_QUESTIONS_MAX &&
	       (server = pick_server(plain)) != NULL) {
		server->asked = true;
		server->upstream = upstream_start(plain->env->base,
		    &server->endpoint, plain->name, plain->type, plain->forward,
		    on_exchange, server);
		if (server->upstream == NULL)
			continue;
		plain->last_family = server->endpoint.address.ss_family;
		plain->questions++;
		return true;
	}
	return false;
}

static void
exhausted(struct plain *plain)
{
	if (plain->why == NULL)
		plain->why = "no name server has an address to ask";
	/* All servers leave out AA and deny: better than no answer, and
	 * recursors accept it. */
	finish(plain, plain->denial);
}

/* A server has failed, or new ones are known: query the next one. */
static void
next_server(struct plain *plain)
{
	if (ask_one(plain)) {
		timer_in_ms(plain->timer, RACE_MS);
		return;
	}
	if (any_running(plain) || plain->errands_left > 0)
		return;
	/* Not called directly: this may be the stack of a callback. */
	timer_now(plain->timer);
}

/* New addresses: while a query is in progress, they wait for the timer. */
static void
more_servers(struct plain *plain)
{
	if (!any_running(plain))
		next_server(plain);
	else if (!timer_is_set(plain->timer))
		timer_in_ms(plain->timer, RACE_MS);
}

static void
next_or_end(struct plain *plain)
{
	const bool is_over =
	    plain->questions >= PLAIN_QUESTIONS_MAX ||
	    (plain->errands_left == 0 && pick_server(plain) == NULL);

	if (is_over && !any_running(plain))
		exhausted(plain);
	else
		next_server(plain);
}

/* ---- life ---- */

/* The administrator's own servers, for all names below: no zone limit, and no
 * names to look up. */
static void
use_zone_block(struct plain *plain, const struct conf_zone *block)
{
	plain->forward = !block->is_stub;
	snprintf(plain->zone, sizeof(plain->zone), "%s", block->name);
	for (size_t i = 0; i < block->server_count; i++)
		add_server(plain, &block->servers[i]);
	change_state(plain, PLAIN_ASKING);
	next_server(plain);
}

static void
begin(struct plain *plain)
{
	const struct conf_zone *block =
	    zones_servers(plain->env->conf, plain->name);

	if (block != NULL)
		use_zone_block(plain, block);
	else
		enter_zone(plain);
}

static void
on_timer(void *arg)
{
	struct plain *plain = arg;

	switch (plain->state) {
	case PLAIN_STARTING:
		begin(plain);
		break;
	case PLAIN_CALLED:
		begin_zone(plain);
		break;
	case PLAIN_ASKING:
		next_or_end(plain);
		break;
	case PLAIN_WAITING: /* no timer runs */
		break;
	}
}

struct plain *
plain_start(const struct plain_env *env, const char *name, uint16_t type,
    const char *zone, const struct plain_path *above, struct budget *budget,
    plain_waits_cb waits, plain_cb cb, void *arg)
{
	struct plain *plain = calloc(1, sizeof(*plain));

	if (plain == NULL)
		return NULL;
	plain->env = env;
	plain->waits = waits;
	plain->cb = cb;
	plain->arg = arg;
	plain->type = type;
	snprintf(plain->name, sizeof(plain->name), "%s", name);
	snprintf(plain->zone, sizeof(plain->zone), "%s", zone);
	plain->path = (struct plain_path){ .above = above,
		.name = plain->name,
		.type = type,
		.depth = above != NULL ? above->depth + 1 : 1,
		.budget = budget,
		.inner = above != NULL ? above->inner : NULL };
	plain->timer = timer_new(env->base, on_timer, plain);
	if (plain->timer == NULL) {
		free(plain);
		return NULL;
	}
	change_state(plain, PLAIN_STARTING);
	return plain;
}
