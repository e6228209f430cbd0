/*
 * Whole decisions, from a key to a policy: everything is the daemon's own but
 * libunbound and the name servers, which a small world below stands for.
 *
 * Here each key gets its policy.  Where memory fails meanwhile (make allocs)
 * it may get a stricter one, or TEMP, but it must get an answer, and none
 * that is weaker: that is no failed assertion, it aborts.
 */

#include "policy/policy_service.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/domain.h"
#include "base/stats.h"
#include "dns/packet.h"
#include "dns/resolver.h"
#include "dns/upstream.h"
#include "dns/validator.h"

#include "../fakes/upstream.h"
#include "../fakes/time.h"
#include "../fakes/validator.h"
#include "message_fixture.h"
#include "test_main.h"

#define DIGEST                                                                 \
	"8d02536c887482bc34ff54e41d2ba659bf85b341a0a20afadb5813dcfbcf286d"
#define PATIENCE_MS 40000 /* more than an evaluation may take */

/* ---- the world ---- */

/* All below "ins" is unsigned, all else signed, and what begins with "bogus"
 * forged.  What begins with "broken" fails, but for plain questions. */
static const char *const world[] = {
	". 300 IN NS ns.sec.",
	"ns.sec. 300 IN A 192.0.2.53",

	"mx1.sec. 300 IN A 192.0.2.1",
	"_25._tcp.mx1.sec. 300 IN TLSA 3 1 1 " DIGEST,
	"_25._tcp.mx1.sec. 300 IN TLSA 2 1 1 " DIGEST,
	"pinned.sec. 300 IN A 192.0.2.1",
	"_25._tcp.pinned.sec. 300 IN TLSA 3 1 1 " DIGEST,
	"without.sec. 300 IN A 192.0.2.2",
	"without.sec. 300 IN AAAA 2001:db8::2",
	"useless.sec. 300 IN A 192.0.2.3",
	"_25._tcp.useless.sec. 300 IN TLSA 0 0 1 " DIGEST,
	"bogus-mx.sec. 300 IN A 192.0.2.4",
	"alias.sec. 300 IN CNAME mx1.sec.",
	"out.sec. 300 IN CNAME host.ins.",
	"_25._tcp.out.sec. 300 IN TLSA 3 1 1 " DIGEST,
	"host.ins. 300 IN A 192.0.2.5",

	"one.sec. 300 IN MX 10 mx1.sec.",
	"two.sec. 300 IN MX 10 mx1.sec.",
	"two.sec. 300 IN MX 20 without.sec.",
	"pin.sec. 300 IN MX 10 pinned.sec.",
	"none.sec. 300 IN MX 10 without.sec.",
	"unusable.sec. 300 IN MX 10 useless.sec.",
	"mixed.sec. 300 IN MX 10 without.sec.",
	"mixed.sec. 300 IN MX 20 useless.sec.",
	"half.sec. 300 IN MX 10 without.sec.",
	"half.sec. 300 IN MX 20 bogus-mx.sec.",
	"dead.sec. 300 IN MX 20 bogus-mx.sec.",
	"bogus.sec. 300 IN MX 10 without.sec.",
	"aliased.sec. 300 IN MX 10 alias.sec.",
	"leaving.sec. 300 IN MX 10 out.sec.",
	"null.sec. 300 IN MX 0 .",
	"implicit.sec. 300 IN A 192.0.2.6",
	"_25._tcp.implicit.sec. 300 IN TLSA 3 1 1 " DIGEST,
	"some.ins. 300 IN MX 10 host.ins.",
	"signed-mx.ins. 300 IN MX 10 mx1.sec.",
	"broken.ins. 300 IN MX 10 host.ins.",
	"broken-signed-mx.ins. 300 IN MX 10 mx1.sec.",
};

static const char signature[] =
    " 8 %u 300 20300101000000 20200101000000 1 %s AAAA";

static bool
begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void
push_denial(ldns_pkt *packet, const char *name, uint16_t type)
{
	char line[512], tail[128];

	message_push(packet, LDNS_SECTION_AUTHORITY,
	    domain_is_within(name, "ins") && type != DNS_TYPE_DS
		? "ins. 300 IN SOA ins. ins. 1 3600 600 86400 60"
		: ". 300 IN SOA . . 1 3600 600 86400 60");
	if (type != DNS_TYPE_DS || strcmp(name, "ins") != 0)
		return;
	message_push(packet, LDNS_SECTION_AUTHORITY,
	    "ins. 60 IN NSEC sec. NS RRSIG NSEC");
	snprintf(tail, sizeof(tail), signature, 1U, ".");
	snprintf(line, sizeof(line), "ins. 60 IN RRSIG NSEC%s", tail);
	message_push(packet, LDNS_SECTION_AUTHORITY, line);
}

/* Pushes what is at @name; a whole chain of aliases.  Returns whether the name
 * exists. */
static bool
push_answer(ldns_pkt *packet, const char *name, uint16_t type, bool *secure)
{
	char owner[DOMAIN_TEXT_MAX], target[DOMAIN_TEXT_MAX] = "";
	bool exists = false;

	if (domain_is_within(name, "ins") && type != DNS_TYPE_DS)
		*secure = false;
	for (size_t i = 0; i < COUNT(world); i++) {
		ldns_rr *rr = NULL;
		uint16_t has;

		ldns_rr_new_frm_str(&rr, world[i], 300, NULL, NULL);
		has = (uint16_t)ldns_rr_get_type(rr);
		packet_owner(rr, owner);
		exists |= domain_is_within(owner, name);
		if (domain_equal(owner, name) &&
		    (has == type || has == DNS_TYPE_CNAME)) {
			if (has != type)
				packet_name(ldns_rr_rdf(rr, 0), target);
			ldns_pkt_push_rr(packet, LDNS_SECTION_ANSWER, rr);
		} else {
			ldns_rr_free(rr);
		}
	}
	if (target[0] != '\0')
		return push_answer(packet, target, type, secure);
	return exists;
}

static struct message
ask_world(const char *name, uint16_t type, bool *secure)
{
	static const char *const ds[] = { "sec. 300 IN DS 4711 13 2 " DIGEST,
		NULL };
	ldns_pkt *packet = message_packet(name, type, 0,
	    type == DNS_TYPE_DS && strcmp(name, "sec") == 0 ? ds : NULL, NULL);
	struct message message;

	*secure = true;
	if (!push_answer(packet, name, type, secure) && type != DNS_TYPE_DS)
		ldns_pkt_set_rcode(packet, LDNS_RCODE_NXDOMAIN);
	if (ldns_rr_list_rr_count(ldns_pkt_answer(packet)) == 0)
		push_denial(packet, name, type);
	ldns_pkt_set_aa(packet, true);
	ck_assert_int_eq(
	    ldns_pkt2wire(&message.wire, packet, &message.len), LDNS_STATUS_OK);
	ldns_pkt_free(packet);
	return message;
}

/* ---- libunbound, and name servers ---- */

static unsigned
fake_answer(struct validator_query *query)
{
	bool secure;
	struct message message = ask_world(query->name, query->type, &secure);

	query->packet = message.wire;
	query->result = (struct validator_result){ .answered = true,
		.security = secure ? DNS_SECURE : DNS_INSECURE,
		.packet = message.wire,
		.len = message.len,
		.lifetime = UINT32_MAX };
	if (begins_with(query->name, "bogus") && query->type != DNS_TYPE_DS) {
		query->result.security = DNS_BOGUS;
		query->result.why = "signature";
	}
	if (begins_with(query->name, "broken") && query->type != DNS_TYPE_DS)
		query->result = (struct validator_result){ .why = "SERVFAIL" };
	return 0;
}

static ldns_pkt *
fake_reply(const char *name, uint16_t type, unsigned *ms)
{
	bool secure;
	struct message message = ask_world(name, type, &secure);
	ldns_pkt *packet = NULL;

	*ms = 0;
	ldns_wire2pkt(&packet, message.wire, message.len);
	free(message.wire);
	return packet;
}

/* ---- the daemon ---- */

#define EXPLICIT .no_dane_explicit = CONF_NO_DANE_NOTFOUND
static struct conf_map maps[] = {
	{ (char *)"complete",
	    { EXPLICIT, .dane_only = CONF_DANE_ONLY_WHEN_COMPLETE } },
	{ (char *)"carry", { EXPLICIT, .carry = CONF_CARRY_FINGERPRINT } },
	{ (char *)"encrypt", { EXPLICIT, .no_dane = CONF_NO_DANE_ENCRYPT } },
};
static struct conf conf = { .lookup_deadline = 15,
	.evaluation_deadline = 30,
	.policy = { EXPLICIT },
	.maps = maps,
	.map_count = COUNT(maps),
	.tcp_table_map = (char *)"",
	.default_port = 25,
	.cache_entries = 100,
	.cache_memory = 1,
	.state_directory = (char *)"" };
static struct event_base *base;
static struct stats stats;
static struct resolver *resolver;
static struct policy_service *service;
static bool came;
static enum tls_policy policy;

static void
set_up(void)
{
	ck_assert_ptr_nonnull(base = event_base_new());
	resolver = resolver_new(base, &conf, NULL, &stats);
	ck_assert_ptr_nonnull(resolver);
	service = policy_service_new(base, &conf, resolver, &stats);
	ck_assert_ptr_nonnull(service);
}

static void
tear_down(void)
{
	policy_service_free(service);
	resolver_free(resolver);
	event_base_free(base);
}

static void
on_reply(void *arg, const struct policy_reply *reply)
{
	(void)arg;
	ck_assert(!came);
	ck_assert(reply->text != NULL && reply->text[0] != '\0');
	came = true;
	policy = reply->policy;
}

static enum tls_policy
ask(const char *key, const char *map)
{
	const uint64_t end = fake_ms + PATIENCE_MS;
	struct policy_reply reply;

	came = false;
	if (policy_service_ask(service, key, strlen(key), map, "user 0", &reply,
		on_reply, NULL) == NULL)
		on_reply(NULL, &reply);
	while (!came) {
		event_base_loop(base, EVLOOP_ONCE);
		PROMISE(fake_ms < end);
	}
	return policy;
}

static unsigned
strength(enum tls_policy of)
{
	static const unsigned strengths[] = {
		[TLS_POLICY_NOTFOUND] = 1,
		[TLS_POLICY_MAY] = 2,
		[TLS_POLICY_ENCRYPT] = 3,
		[TLS_POLICY_DANE] = 4,
		/* a host that fails is skipped, and nothing is complete */
		[TLS_POLICY_DANE_ONLY] = 4,
		[TLS_POLICY_FINGERPRINT] = 4,
		[TLS_POLICY_TEMP] = 5,
	};

	return strengths[of];
}

static void
never_weaker(enum tls_policy got, enum tls_policy wanted, const char *key)
{
	if (strength(got) >= strength(wanted))
		return;
	fprintf(stderr, "%s: broken promise: %s instead of %s\n", key,
	    tls_policy_text(got), tls_policy_text(wanted));
	abort();
}

static const struct {
	const char *key, *map;
	enum tls_policy policy;
} decisions[] = {
	{ "one.sec", "", TLS_POLICY_DANE },
	{ "two.sec", "", TLS_POLICY_DANE },
	{ "none.sec", "", TLS_POLICY_MAY },
	{ "unusable.sec", "", TLS_POLICY_ENCRYPT },
	{ "mixed.sec", "", TLS_POLICY_DANE },
	{ "half.sec", "", TLS_POLICY_DANE },
	{ "dead.sec", "", TLS_POLICY_TEMP },
	{ "bogus.sec", "", TLS_POLICY_TEMP },
	{ "aliased.sec", "", TLS_POLICY_DANE },
	{ "leaving.sec", "", TLS_POLICY_DANE },
	{ "null.sec", "", TLS_POLICY_MAY },
	{ "missing.sec", "", TLS_POLICY_MAY },
	{ "implicit.sec", "", TLS_POLICY_DANE },
	{ "some.ins", "", TLS_POLICY_MAY },
	{ "signed-mx.ins", "", TLS_POLICY_DANE },
	{ "broken.ins", "", TLS_POLICY_MAY },
	{ "broken-signed-mx.ins", "", TLS_POLICY_DANE },
	{ "[mx1.sec]", "", TLS_POLICY_DANE },
	{ "[without.sec]", "", TLS_POLICY_NOTFOUND },
	{ "one.sec", "complete", TLS_POLICY_DANE_ONLY },
	{ "two.sec", "complete", TLS_POLICY_DANE },
	{ "pin.sec", "carry", TLS_POLICY_FINGERPRINT },
	{ "two.sec", "carry", TLS_POLICY_DANE_ONLY },
	{ "half.sec", "encrypt", TLS_POLICY_TEMP },
	{ "none.sec", "encrypt", TLS_POLICY_ENCRYPT },
};

START_TEST(each_key_gets_its_policy)
{
	const char *key = decisions[_i].key, *map = decisions[_i].map;
	const enum tls_policy wanted = decisions[_i].policy;
	enum tls_policy first, again;

	first = ask(key, map);
	never_weaker(first, wanted, key);
	/* From the cache, or evaluated anew. */
	again = ask(key, map);
	never_weaker(again, wanted, key);
	ck_assert_msg(first == wanted && again == wanted, "%s: %s", key,
	    tls_policy_text(first));
}
END_TEST

TEST_MAIN("decision")
{
	TCase *tc = add_case(suite, "decision");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_rows(tc, each_key_gets_its_policy, decisions);
}
