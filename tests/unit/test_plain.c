/*
 * Plain DNS: which servers are asked, in which order, and what of their
 * answers is followed.  The servers are ours, and so is the ladder that
 * resolves their names.
 */

#include "dns/plain.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/domain.h"
#include "base/endpoint.h"
#include "dns/budget.h"
#include "dns/packet.h"
#include "dns/upstream.h"
#include "dns/zone_limit.h"

#include "../fakes/lookups.h"
#include "../fakes/time.h"
#include "message_fixture.h"
#include "test_main.h"

#define ASKED_MAX 128

/* ---- servers ---- */

struct exchange {
	char server[ENDPOINT_TEXT_MAX];
	bool recurse, over;
	upstream_cb cb;
	void *arg;
};

static struct exchange exchanges[ASKED_MAX];
static size_t asked;
static const char *asked_name;  /* by the plain lookup */
static const char *unreachable; /* beginning of an address, or NULL */

struct exchange *
upstream_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, bool recurse, upstream_cb cb, void *arg)
{
	struct exchange *upstream = &exchanges[asked];

	(void)base;
	ck_assert_str_eq(name, asked_name);
	ck_assert_uint_eq(type, DNS_TYPE_MX);
	ck_assert_uint_lt(asked, ASKED_MAX);
	endpoint_text(server, upstream->server);
	if (unreachable != NULL &&
	    strncmp(upstream->server, unreachable, strlen(unreachable)) == 0)
		return NULL;
	asked++;
	upstream->recurse = recurse;
	upstream->over = false;
	upstream->cb = cb;
	upstream->arg = arg;
	return upstream;
}

void
upstream_cancel(struct exchange *upstream)
{
	if (upstream == NULL)
		return;
	ck_assert(!upstream->over);
	upstream->over = true;
}

/* ---- the module ---- */

static struct conf conf;
static struct plain_env env = { .conf = &conf,
	.lookup = look_up,
	.cancel = cancel_lookup,
	.env = lookups };
static struct plain *plain;
static struct budget budget;
static bool came, has_packet, has_data, is_partial, waits;
static char why[128], zone[DOMAIN_TEXT_MAX], target[DOMAIN_TEXT_MAX];
static uint32_t ttl;
static unsigned questions;

static void
on_plain(void *arg, const struct plain_result *result)
{
	(void)arg;
	ck_assert(!came);
	came = true;
	plain = NULL;
	has_packet = result->packet != NULL;
	has_data = has_packet &&
		   ldns_rr_list_rr_count(ldns_pkt_answer(result->packet)) > 0;
	ck_assert_ptr_nonnull(result->zone);
	ck_assert(has_packet == (result->why == NULL));
	snprintf(why, sizeof(why), "%s", has_packet ? "" : result->why);
	snprintf(zone, sizeof(zone), "%s", result->zone);
	questions = result->questions;
	is_partial = result->is_partial;
	if (has_packet) {
		struct packet_facts facts;

		ck_assert_int_eq(packet_facts(result->packet, asked_name,
				     DNS_TYPE_MX, &facts),
		    0);
		snprintf(target, sizeof(target), "%s", facts.first_target);
		ttl = facts.ttl;
		packet_facts_clear(&facts);
	}
}

static void
set_up(void)
{
	ck_assert_ptr_nonnull(env.base = event_base_new());
	ck_assert_ptr_nonnull(env.zone_limit = zone_limit_new());
	memset(&conf, 0, sizeof(conf));
	asked = 0;
	came = waits = false;
	forget_lookups();
	unreachable = NULL;
	asked_name = "a.b.example";
}

/* Nothing may still be asked. */
static void
tear_down(void)
{
	plain_cancel(plain);
	plain = NULL;
	for (size_t i = 0; i < asked; i++)
		ck_assert(exchanges[i].over);
	expect_no_lookups();
	zone_limit_free(env.zone_limit);
	event_base_free(env.base);
	plain_cancel(NULL);
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		event_base_loop(env.base, EVLOOP_NONBLOCK);
}

static void
pass(unsigned ms)
{
	fake_pass(env.base, ms);
	turn();
}

static void
on_waits(void *arg, bool waiting)
{
	(void)arg;
	ck_assert(waits != waiting);
	waits = waiting;
}

static void
start(const struct plain_path *above)
{
	plain = plain_start(&env, asked_name, DNS_TYPE_MX, ".", above, &budget,
	    on_waits, on_plain, NULL);
	ck_assert_ptr_nonnull(plain);
	ck_assert_uint_eq(looked_up + asked, 0);
	turn();
}

/* The ladder has found @addresses, or names, for (@name, @type). */
static void
found(const char *name, uint16_t type, const char *const *values)
{
	struct dns_answer *answer = answer_new(name, type);
	struct dns_rdata *rdata = calloc(32, sizeof(*rdata));

	ck_assert(answer != NULL && rdata != NULL);
	answer->rdata = rdata;
	for (; values != NULL && *values != NULL; values++) {
		uint8_t wire[DOMAIN_WIRE_MAX], *copy;
		size_t len = type == DNS_TYPE_A ? 4 : 16;

		if (type == DNS_TYPE_NS)
			len = domain_to_wire(*values, wire);
		else if (inet_pton(type == DNS_TYPE_A ? AF_INET : AF_INET6,
			     *values, wire) != 1)
			len = 3; /* no address */
		ck_assert_ptr_nonnull(copy = malloc(len));
		memcpy(copy, wire, len);
		rdata[answer->rdata_count++] =
		    (struct dns_rdata){ .data = copy, .len = len };
	}
	for (size_t i = 0; i < looked_up; i++)
		if (!lookups[i].over && lookups[i].type == type &&
		    strcmp(lookups[i].name, name) == 0) {
			end_lookup(&lookups[i], answer);
			turn();
			return;
		}
	ck_abort_msg("%s type %u is not looked up", name, type);
}

static void
found_nothing(const char *name, uint16_t type)
{
	found(name, type, NULL);
}

static const char *const root_names[] = { "ns.root", NULL };
static const char *const root_v4[] = { "192.0.2.1", "192.0.2.2", NULL };
static const char *const root_v6[] = { "2001:db8::1", NULL };

/* As far as the first server of the root. */
static void
start_at_root(void)
{
	start(NULL);
	found(".", DNS_TYPE_NS, root_names);
	found("ns.root", DNS_TYPE_A, root_v4);
	found_nothing("ns.root", DNS_TYPE_AAAA);
	ck_assert_uint_eq(asked, 1);
}

/* The server that was asked as number @i, from 0, says … */
static void
says(size_t i, bool authoritative, int rcode, const char *const *answer,
    const char *const *authority, const char *const *additional)
{
	ldns_pkt *packet = message_packet(
	    "a.b.example", DNS_TYPE_MX, rcode, answer, authority);

	ldns_pkt_set_aa(packet, authoritative);
	for (; additional != NULL && *additional != NULL; additional++)
		message_push(packet, LDNS_SECTION_ADDITIONAL, *additional);
	ck_assert(i < asked && !exchanges[i].over);
	exchanges[i].over = true;
	exchanges[i].cb(exchanges[i].arg, packet, NULL);
	ldns_pkt_free(packet);
	turn();
}

static void
fails(size_t i)
{
	ck_assert(i < asked && !exchanges[i].over);
	exchanges[i].over = true;
	exchanges[i].cb(exchanges[i].arg, NULL, "no answer");
	turn();
}

static const char *const data[] = { "a.b.example. 300 IN MX 1 mx.example.",
	NULL };
static const char *const alias[] = { "a.b.example. 300 IN CNAME other.", NULL };
static const char *const referral[] = { "example. 300 IN NS ns.example.",
	NULL };
static const char *const glue[] = { "ns.example. 300 IN A 192.0.2.9", NULL };

static const char *const dname[] = { "b.example. 70 IN DNAME new.test.", NULL };
static const char *const foreign[] = { "new.test. 300 IN MX 1 mx.example.",
	NULL };
static const char *const beside[] = { "c.example. 300 IN DNAME new.test.",
	NULL };
static const char *const at_name[] = { "a.b.example. 300 IN DNAME new.test.",
	NULL };
#define LABEL "x123456789x123456789x123456789x123456789x123456789x123456789"
#define LABELS LABEL "." LABEL "." LABEL "." LABEL ".123456789."
static const char *const too_long[] = { "b.example. 300 IN DNAME " LABELS,
	NULL };

/* ---- answers ---- */

static const struct {
	const char *what;
	bool authoritative;
	int rcode;
	const char *const *answer;
	bool counts;
} answers[] = {
	{ "data", true, 0, data, true },
	{ "data without authority", false, 0, data, true },
	{ "an alias", false, 0, alias, true },
	{ "no data", true, 0, NULL, true },
	{ "no name", true, 3, NULL, true },
	{ "no data without authority", false, 0, NULL, false },
	{ "no name without authority", false, 3, NULL, false },
	{ "a DNAME", true, 0, dname, true },
	{ "a DNAME without authority", false, 0, dname, true },
	{ "a DNAME to a name that does not exist", true, 3, dname, true },
	{ "a DNAME that makes the name too long", true, 6, too_long, true },
	{ "the same, and no error", true, 0, too_long, false },
	{ "a DNAME of other names", true, 0, beside, false },
	{ "a DNAME at the name", true, 0, at_name, false },
	{ "records of another name", true, 0, foreign, false },
	{ "the same without authority", false, 0, foreign, false },
	{ "no name, and records of another", true, 3, foreign, true },
	{ "a failure", true, 2, NULL, false },
	{ "a failure with data", true, 5, data, false },
};

START_TEST(answer_counts_or_the_next_is_asked)
{
	start_at_root();
	says(0, answers[_i].authoritative, answers[_i].rcode,
	    answers[_i].answer, NULL, NULL);
	ck_assert_msg(came == answers[_i].counts, "%s", answers[_i].what);
	if (came) {
		ck_assert(has_packet);
		ck_assert_str_eq(zone, ".");
		ck_assert_uint_eq(questions, 1);
		ck_assert_str_eq(target, answers[_i].answer == alias ? "other"
					 : answers[_i].answer == dname
					     ? "a.new.test"
					     : "");
		if (answers[_i].answer == dname)
			ck_assert_uint_eq(ttl, 70);
		return;
	}
	ck_assert_uint_eq(asked, 2);
	says(1, answers[_i].authoritative, answers[_i].rcode,
	    answers[_i].answer, NULL, NULL);
	ck_assert(came);
	/* All of them deny without AA: recursors take that, and so do we,
	 * where nobody knows better. */
	if (answers[_i].answer == NULL && answers[_i].rcode != 2) {
		ck_assert(has_packet);
		return;
	}
	ck_assert(!has_packet);
	ck_assert_str_eq(why, "the servers answer, but not the question");
}
END_TEST

/* A zone has no say about what is above it. */
START_TEST(dname_is_one_of_the_zone)
{
	static const char *const above[] = { ". 300 IN DNAME new.test.", NULL };
	static const char *const apex[] = { "example. 300 IN DNAME new.test.",
		NULL };

	start_at_root();
	says(0, false, 0, NULL, referral, glue);
	says(1, true, 0, _i == 0 ? apex : above, NULL, NULL);
	ck_assert(came);
	ck_assert(has_packet == (_i == 0));
	if (_i == 0)
		ck_assert_str_eq(target, "a.b.new.test");
}
END_TEST

/* What denies without AA is the last to be believed, and a referral that leads
 * nowhere is no denial. */
START_TEST(denial_without_authority_is_the_last_word)
{
	static const char *const sideways[] = {
		"example. 300 IN NS ns.example.", NULL
	};
	static const char *const upwards[] = { ". 300 IN NS ns.root.", NULL };

	start_at_root();
	says(0, false, _i == 3 ? 3 : 0, NULL,
	    _i == 1   ? upwards
	    : _i == 2 ? sideways
		      : NULL,
	    NULL);
	if (_i == 2) { /* that is a referral */
		ck_assert(!came);
		return;
	}
	ck_assert_uint_eq(asked, 2);
	if (_i == 0) {
		says(1, true, 0, data, NULL, NULL);
		ck_assert(came && has_packet && has_data);
		return;
	}
	fails(1);
	ck_assert(came);
	ck_assert(has_packet == (_i == 3));
	ck_assert(!has_data);
}
END_TEST

/* A denial of the zone above says nothing of the one that it refers to. */
START_TEST(denial_without_authority_ends_with_its_zone)
{
	start_at_root();
	says(0, false, 0, NULL, NULL, NULL);
	says(1, false, 0, NULL, referral, glue);
	ck_assert_uint_eq(asked, 3);
	fails(2);
	ck_assert(came && !has_packet);
	ck_assert_str_eq(zone, "example");
}
END_TEST

/* ---- turns ---- */

START_TEST(zone_is_asked_by_so_many_at_a_time)
{
	struct zone_limit_turn others[ZONE_LIMIT_MAX];

	memset(others, 0, sizeof(others));
	for (size_t i = 0; i < ZONE_LIMIT_MAX; i++)
		ck_assert(zone_limit_take(
		    env.zone_limit, "example", &others[i], NULL, NULL));
	start_at_root();
	says(0, false, 0, NULL, referral, _i == 0 ? glue : NULL);
	ck_assert_uint_eq(asked, 1);
	ck_assert(waits);
	/* It does not look for the servers, either. */
	ck_assert_uint_eq(looked_up, 3);
	pass(500);
	ck_assert_uint_eq(asked, 1);
	if (_i == 2) {
		plain_cancel(plain);
		plain = NULL;
	}
	zone_limit_leave(env.zone_limit, &others[7]);
	turn();
	ck_assert(waits == (_i == 2));
	ck_assert_uint_eq(asked, _i == 0 ? 2 : 1);
	ck_assert_uint_eq(looked_up, _i == 1 ? 5 : 3);
	for (size_t i = 0; i < ZONE_LIMIT_MAX; i++)
		zone_limit_leave(env.zone_limit, &others[i]);
}
END_TEST

/* Two that wait for each other's servers would wait for ever. */
START_TEST(inner_lookup_needs_no_turn)
{
	static const struct plain_path above = {
		.name = "outer", .type = DNS_TYPE_A, .depth = 1
	};
	struct zone_limit_turn others[ZONE_LIMIT_MAX];

	memset(others, 0, sizeof(others));
	for (size_t i = 0; i < ZONE_LIMIT_MAX; i++)
		ck_assert(zone_limit_take(
		    env.zone_limit, ".", &others[i], NULL, NULL));
	start(_i == 0 ? &above : NULL);
	ck_assert_uint_eq(looked_up, _i == 0 ? 1 : 0);
	for (size_t i = 0; i < ZONE_LIMIT_MAX; i++)
		zone_limit_leave(env.zone_limit, &others[i]);
}
END_TEST

START_TEST(servers_race)
{
	start_at_root();
	ck_assert(!exchanges[0].recurse);
	pass(399);
	ck_assert_uint_eq(asked, 1);
	pass(2);
	ck_assert_uint_eq(asked, 2);
	fails(0);
	ck_assert(!came);
	says(1, true, 0, data, NULL, NULL);
	ck_assert(came && has_packet);
}
END_TEST

START_TEST(families_take_turns)
{
	start(NULL);
	found(".", DNS_TYPE_NS, root_names);
	found("ns.root", DNS_TYPE_A, root_v4);
	found("ns.root", DNS_TYPE_AAAA, root_v6);
	fails(0);
	fails(1);
	fails(2);
	ck_assert_str_eq(exchanges[0].server, "inet:192.0.2.1:53");
	ck_assert_str_eq(exchanges[1].server, "inet:[2001:db8::1]:53");
	ck_assert_str_eq(exchanges[2].server, "inet:192.0.2.2:53");
	ck_assert(came);
	ck_assert_str_eq(why, "no answer");
	ck_assert_uint_eq(questions, 3);
}
END_TEST

START_TEST(without_route_the_next_is_asked_at_once)
{
	unreachable = "inet:192.0.2.1:";
	start(NULL);
	found(".", DNS_TYPE_NS, root_names);
	found("ns.root", DNS_TYPE_A, root_v4);
	ck_assert_uint_eq(asked, 1);
	ck_assert_str_eq(exchanges[0].server, "inet:192.0.2.2:53");
	/* New addresses wait for their turn. */
	found("ns.root", DNS_TYPE_AAAA, root_v6);
	ck_assert_uint_eq(asked, 1);
	pass(401);
	ck_assert_uint_eq(asked, 2);
	says(0, true, 0, data, NULL, NULL);
	ck_assert(came);
}
END_TEST

START_TEST(nobody_to_ask)
{
	start(NULL);
	if (_i == 0) {
		found_nothing(".", DNS_TYPE_NS);
		ck_assert_str_eq(
		    why, "the parent's name servers are not to be had");
	} else {
		found(".", DNS_TYPE_NS, root_names);
		found_nothing("ns.root", DNS_TYPE_AAAA);
		ck_assert(!came);
		found_nothing("ns.root", DNS_TYPE_A);
		ck_assert_str_eq(why, "no name server has an address to ask");
	}
	ck_assert(came && !has_packet);
	ck_assert_uint_eq(questions, 0);
}
END_TEST

START_TEST(lookup_that_cannot_start_is_left_out)
{
	refuse = _i == 0;
	start(NULL);
	if (_i == 1)
		found_nothing(".", DNS_TYPE_NS);
	ck_assert(came && !has_packet);
	ck_assert(is_partial == (_i == 0));
}
END_TEST

/* ---- referrals ---- */

START_TEST(referral_is_followed)
{
	start_at_root();
	pass(401); /* the other server is left behind too */
	says(0, false, 0, NULL, referral, glue);
	ck_assert(exchanges[1].over);
	ck_assert_uint_eq(asked, 3);
	ck_assert_str_eq(exchanges[2].server, "inet:192.0.2.9:53");
	says(2, true, 0, data, NULL, NULL);
	ck_assert(came && has_packet);
	ck_assert_str_eq(zone, "example");
	ck_assert_uint_eq(questions, 3);
}
END_TEST

static const struct {
	const char *what;
	const char *authority, *additional;
	bool follows, looks_up;
} referrals[] = {
	{ "downwards", "example. 9 IN NS ns.example.",
	    "ns.example. 9 IN A 192.0.2.9", true, false },
	{ "with IPv6", "example. 9 IN NS ns.example.",
	    "ns.example. 9 IN AAAA 2001:db8::9", true, false },
	{ "without glue", "example. 9 IN NS ns.example.", NULL, true, true },
	{ "with the glue of another", "example. 9 IN NS ns.example.",
	    "ms.example. 9 IN A 192.0.2.9", true, true },
	{ "with glue that is no address", "example. 9 IN NS ns.example.",
	    "ns.example. 9 IN TXT no", true, true },
	{ "to loopback", "example. 9 IN NS ns.example.",
	    "ns.example. 9 IN A 127.0.0.1", true, true },
	{ "sideways", "other. 9 IN NS ns.other.", "ns.other. 9 IN A 192.0.2.9",
	    false, false },
	{ "to itself", ". 9 IN NS ns.example.", "ns.example. 9 IN A 192.0.2.9",
	    false, false },
	{ "that is none", "example. 9 IN TXT no", NULL, false, false },
};

START_TEST(referral_counts_or_does_not)
{
	const char *authority[] = { referrals[_i].authority, NULL };
	const char *additional[] = { referrals[_i].additional, NULL };

	start_at_root();
	says(0, false, 0, NULL, authority, additional);
	ck_assert_uint_eq(looked_up, referrals[_i].looks_up ? 5 : 3);
	ck_assert_uint_eq(asked, referrals[_i].looks_up ? 1 : 2);
	if (!referrals[_i].looks_up)
		ck_assert_msg((strstr(exchanges[1].server, "9:53") != NULL ||
				  strstr(exchanges[1].server, "9]:53") !=
				      NULL) == referrals[_i].follows,
		    "%s: %s", referrals[_i].what, exchanges[1].server);
}
END_TEST

/* A zone that refers to one above it would have a say about that one's names:
 * its glue would lie in the bailiwick. */
START_TEST(referral_upwards_is_none)
{
	static const char *const up[] = { ". 9 IN NS ns.other.", NULL };
	static const char *const up_glue[] = { "ns.other. 9 IN A 192.0.2.66",
		NULL };

	start_at_root();
	says(0, false, 0, NULL, referral, glue);
	says(1, false, 0, NULL, up, up_glue);
	ck_assert_uint_eq(asked, 2);
	ck_assert(came && !has_packet);
	ck_assert_str_eq(why, "the servers answer, but not the question");
}
END_TEST

/* Only what lies inside the zone that refers may be told by it. */
START_TEST(glue_counts_inside_the_zone_that_refers)
{
	static const char *const first[] = { "example. 9 IN NS ns.example.",
		NULL };
	static const char *const second[] = { "b.example. 9 IN NS ns.other.",
		NULL };
	static const char *const second_glue[] = {
		"ns.other. 9 IN A 192.0.2.66", NULL
	};

	start_at_root();
	says(0, false, 0, NULL, first, glue);
	says(1, false, 0, NULL, second, second_glue);
	ck_assert_uint_eq(asked, 2);
	found("ns.other", DNS_TYPE_A,
	    (const char *const[]){ "192.0.2.7", "nonsense", NULL });
	ck_assert_str_eq(exchanges[2].server, "inet:192.0.2.7:53");
	found_nothing("ns.other", DNS_TYPE_AAAA);
	says(2, true, 0, data, NULL, NULL);
	ck_assert_str_eq(zone, "b.example");
}
END_TEST

/* ---- bounds ---- */

START_TEST(names_are_bounded)
{
	static const char *const names[] = { "n0", "n1", "n2", "n3", "n4", "n5",
		"n6", "n7", "n8", "n9", NULL };
	static const struct plain_path above = {
		.name = "outer", .type = DNS_TYPE_A, .depth = 1
	};

	start(_i == 0 ? NULL : &above);
	found(".", DNS_TYPE_NS, names);
	ck_assert_uint_eq(looked_up, 1 + 2 * (_i == 0 ? 8 : 3));
}
END_TEST

START_TEST(depth_is_bounded)
{
	const struct plain_path above = {
		.name = "outer", .type = DNS_TYPE_A, .depth = PLAIN_DEPTH_MAX
	};

	start(&above);
	ck_assert_uint_eq(looked_up, 0);
	ck_assert(came && !has_packet);
}
END_TEST

START_TEST(circles_are_left)
{
	unsigned inner = 0;
	const struct plain_path outer = { .name = "ns.root",
		.type = DNS_TYPE_A,
		.depth = 1,
		.inner = &inner };

	start(&outer);
	found(".", DNS_TYPE_NS, root_names);
	/* Its address is what waits for us. */
	ck_assert_uint_eq(looked_up, 2);
	ck_assert_uint_eq(lookups[1].type, DNS_TYPE_AAAA);
	ck_assert_uint_eq(lookups[1].path->depth, 2);
	ck_assert_ptr_eq(lookups[1].path->above, &outer);
	ck_assert_ptr_eq(lookups[1].path->inner, &inner);
	ck_assert_ptr_eq(lookups[1].path->budget, &budget);
}
END_TEST

START_TEST(questions_are_bounded)
{
	char text[32][16];
	const char *many[33] = { NULL };
	static const char *const names[] = { "n0", "n1", NULL };

	for (int i = 0; i < 31; i++) {
		snprintf(text[i], sizeof(text[i]), "192.0.2.%d", i + 1);
		many[i] = text[i];
	}
	start(NULL);
	found(".", DNS_TYPE_NS, names);
	found("n0", DNS_TYPE_A, many);
	found("n1", DNS_TYPE_A, many); /* the same ones */
	for (size_t i = 0; i < 24; i++) {
		ck_assert_uint_eq(asked, i + 1);
		fails(i);
	}
	ck_assert_uint_eq(asked, 24);
	ck_assert(!came);
	found_nothing("n0", DNS_TYPE_AAAA);
	found_nothing("n1", DNS_TYPE_AAAA);
	ck_assert(came && !has_packet);
}
END_TEST

/* One label deeper each time. */
START_TEST(referrals_are_bounded)
{
	unsigned labels = 1;

	asked_name = "a.b.c.d.e.f.g.h.i.j.k.l.m.example";
	start_at_root();
	for (; !came && labels < domain_labels(asked_name); labels++) {
		const char *to = domain_ancestor(asked_name, labels);
		char ns[128], address[128];
		const char *const authority[] = { ns, NULL };
		const char *const additional[] = { address, NULL };

		snprintf(ns, sizeof(ns), "%s. 9 IN NS ns.%s.", to, to);
		snprintf(address, sizeof(address), "ns.%s. 9 IN A 192.0.2.%u",
		    to, 100 + labels);
		says(asked - 1, false, 0, NULL, authority, additional);
	}
	ck_assert(came && !has_packet);
	ck_assert_str_eq(why, "too many referrals");
	ck_assert_uint_le(questions, 9);
}
END_TEST

/* The servers of one zone, and then those of the next: each has fewer than the
 * bound, both together more. */
START_TEST(questions_of_all_zones_are_bounded)
{
	char text[24][16], line[24][64];
	const char *many[25] = { NULL }, *additional[25] = { NULL };

	for (int i = 0; i < 24; i++) {
		snprintf(text[i], sizeof(text[i]), "192.0.2.%d", i + 1);
		snprintf(line[i], sizeof(line[i]),
		    "ns.example. 9 IN A 198.51.100.%d", i + 1);
		many[i] = text[i];
		additional[i] = line[i];
	}
	start(NULL);
	found(".", DNS_TYPE_NS, root_names);
	found("ns.root", DNS_TYPE_A, many);
	found_nothing("ns.root", DNS_TYPE_AAAA);
	for (size_t i = 0; i < 23; i++)
		fails(i);
	says(23, false, 0, NULL, referral, additional);
	while (!came)
		fails(asked - 1);
	ck_assert(!has_packet);
	ck_assert_uint_le(questions, 40);
}
END_TEST

START_TEST(cancelled_one_asks_no_more)
{
	start_at_root();
	pass(401);
	plain_cancel(plain);
	plain = NULL;
	ck_assert(exchanges[0].over && exchanges[1].over);
	/* And while names are resolved: tear_down() looks. */
	looked_up = asked = 0;
	start(NULL);
	found(".", DNS_TYPE_NS, root_names);
	ck_assert(!came);
}
END_TEST

/* ---- whom it never asks ---- */

static const struct {
	uint16_t type;
	const char *address;
	bool may;
} addresses[] = {
	{ DNS_TYPE_A, "192.0.2.1", true },
	{ DNS_TYPE_A, "10.0.0.1", true },
	{ DNS_TYPE_A, "0.1.2.3", false },
	{ DNS_TYPE_A, "169.254.0.1", false },
	{ DNS_TYPE_A, "169.253.0.1", true },
	{ DNS_TYPE_A, "223.255.255.255", true },
	{ DNS_TYPE_A, "224.0.0.1", false },
	{ DNS_TYPE_A, "255.255.255.255", false },
	{ DNS_TYPE_AAAA, "2001:db8::1", true },
	{ DNS_TYPE_AAAA, "::1", false },
	{ DNS_TYPE_AAAA, "::", false },
	{ DNS_TYPE_AAAA, "::7", false },
	{ DNS_TYPE_AAAA, "fe80::1", false },
	{ DNS_TYPE_AAAA, "ff02::1", false },
	{ DNS_TYPE_AAAA, "::ffff:192.0.2.1", false },
};

static void
offer(uint16_t type, const char *address)
{
	start(NULL);
	found(".", DNS_TYPE_NS, root_names);
	found("ns.root", type, (const char *const[]){ address, NULL });
}

START_TEST(some_addresses_are_never_asked)
{
	offer(addresses[_i].type, addresses[_i].address);
	ck_assert_msg(asked == addresses[_i].may, "%s", addresses[_i].address);
}
END_TEST

START_TEST(our_own_listener_is_never_asked)
{
	struct endpoint listen;
	char *line = (char *)"do-not-query-localhost: no";

	ck_assert_ptr_null(endpoint_parse("inet:127.0.0.25:53", &listen));
	conf.dns_listen = (struct conf_endpoints){ &listen, 1 };
	conf.resolver_options = (struct conf_strings){ &line, 1 };
	offer(DNS_TYPE_A, "127.0.0.25");
	ck_assert_uint_eq(asked, 0);
}
END_TEST

/* ---- zone blocks ---- */

START_TEST(configured_servers_are_asked)
{
	const bool stub = _i == 1;
	struct endpoint servers[2];
	struct conf_zone block = { .name = (char *)"b.example",
		.servers = servers,
		.server_count = 2,
		.is_stub = stub };

	ck_assert_ptr_null(endpoint_parse("inet:127.0.0.1:5300", &servers[0]));
	ck_assert_ptr_null(endpoint_parse("inet:[::1]:5300", &servers[1]));
	conf.zones = &block;
	conf.zone_count = 1;
	start(NULL);
	ck_assert_uint_eq(looked_up, 0);
	ck_assert_str_eq(exchanges[0].server, "inet:127.0.0.1:5300");
	ck_assert(exchanges[0].recurse == !stub);
	/* A recursor's denial has no authority; a stub's must. */
	says(0, false, 3, NULL, NULL, NULL);
	ck_assert(came == !stub);
	if (stub)
		says(1, true, 3, NULL, NULL, NULL);
	ck_assert(came && has_packet);
	ck_assert_str_eq(zone, "b.example");
}
END_TEST

TEST_MAIN("plain")
{
	TCase *tc = add_case(suite, "plain");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_rows(tc, answer_counts_or_the_next_is_asked, answers);
	tcase_add_test(tc, servers_race);
	tcase_add_test(tc, families_take_turns);
	tcase_add_test(tc, without_route_the_next_is_asked_at_once);
	tcase_add_loop_test(tc, nobody_to_ask, 0, 2);
	tcase_add_loop_test(tc, lookup_that_cannot_start_is_left_out, 0, 2);
	tcase_add_test(tc, referral_is_followed);
	add_rows(tc, referral_counts_or_does_not, referrals);
	tcase_add_test(tc, referral_upwards_is_none);
	tcase_add_test(tc, glue_counts_inside_the_zone_that_refers);
	tcase_add_loop_test(tc, names_are_bounded, 0, 2);
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc, circles_are_left);
	tcase_add_test(tc, questions_are_bounded);
	tcase_add_test(tc, referrals_are_bounded);
	tcase_add_test(tc, questions_of_all_zones_are_bounded);
	tcase_add_test(tc, cancelled_one_asks_no_more);
	add_rows(tc, some_addresses_are_never_asked, addresses);
	tcase_add_loop_test(
	    tc, denial_without_authority_is_the_last_word, 0, 4);
	tcase_add_test(tc, denial_without_authority_ends_with_its_zone);
	tcase_add_loop_test(tc, dname_is_one_of_the_zone, 0, 2);
	tcase_add_loop_test(tc, zone_is_asked_by_so_many_at_a_time, 0, 3);
	tcase_add_loop_test(tc, inner_lookup_needs_no_turn, 0, 2);
	tcase_add_test(tc, our_own_listener_is_never_asked);
	tcase_add_loop_test(tc, configured_servers_are_asked, 0, 2);
}
