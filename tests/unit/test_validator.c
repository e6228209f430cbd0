/*
 * The traps in libunbound's results: each is laid by a name server of our own,
 * on loopback and in this process, which signs the root zone as it answers.
 */

#include "dns/validator.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/loop_time.h"
#include "base/endpoint.h"
#include "dns/anchors.h"
#include "dns/budget.h"
#include "dns/proof_judge.h"
#include "dns/unbound_facts.h"
#include "dns/packet.h"
#include "files.h"
#include "message_fixture.h"
#include "patience.h"
#include "sockets.h"
#include "test_main.h"

#define ASKED_MAX 80
#define FRESH_MAX 56 /* contexts for second looks */
#define OTHERS 10    /* of these, that others hold */
#define OPTIONS_MAX 128

/* ---- time: what contexts are old by; libunbound has its own ---- */

static uint64_t fake_ms = 1000000;

uint64_t
clock_ms(void)
{
	return fake_ms;
}

/* ---- the options that libunbound is given ---- */

static struct {
	char name[64], value[128];
} options[OPTIONS_MAX]; /* the latest, of several contexts */
static size_t option_count;
static bool memory_is_short; /* for any option, and so for new contexts */
static size_t options_left;  /* 0 is no bound: then memory is short */

/* In the place of libunbound's, which it calls. */
int
ub_ctx_set_option(struct ub_ctx *ub, const char *name, const char *value)
{
	int (*theirs)(struct ub_ctx *, const char *, const char *);
	void *symbol = dlsym(RTLD_NEXT, "ub_ctx_set_option");

	memcpy(&theirs, &symbol, sizeof(theirs));
	if (option_count == OPTIONS_MAX)
		option_count = 0;
	snprintf(
	    options[option_count].name, sizeof(options[0].name), "%s", name);
	snprintf(
	    options[option_count].value, sizeof(options[0].value), "%s", value);
	option_count++;
	if (options_left > 0 && --options_left == 0)
		memory_is_short = true;
	return memory_is_short ? UB_NOMEM : theirs(ub, name, value);
}

/* The last value; NULL where it was not set. */
static const char *
value_of(const char *name)
{
	for (size_t i = option_count; i-- > 0;)
		if (strcmp(options[i].name, name) == 0)
			return options[i].value;
	return NULL;
}

/* ---- timers ---- */

static bool is_hurried; /* half a minute and more takes no time */

/* In the place of libevent's, which it calls. */
int
event_add(struct event *event, const struct timeval *delay)
{
	static const struct timeval soon = { 0, 1000 };
	int (*theirs)(struct event *, const struct timeval *);
	void *symbol = dlsym(RTLD_NEXT, "event_add");

	memcpy(&theirs, &symbol, sizeof(theirs));
	if (is_hurried && delay != NULL && delay->tv_sec >= 20)
		delay = &soon;
	return theirs(event, delay);
}

/* ---- the name server ---- */

static struct event_base *base;
static struct event *server_event;
static int server_fd = -1;
static ldns_key_list *keys;
static ldns_rr *dnskey;
static unsigned questions; /* that it was asked, DNSKEY and DS apart */
static unsigned swelling; /* octets that answers to a.swollen… have at most */

static void
push(ldns_pkt *packet, ldns_pkt_section section, const char *line)
{
	ldns_pkt_push_rr(packet, section, message_record(line));
}

/* One record and its signature.  Altered: the signature is another one's. */
static void
push_signed(
    ldns_pkt *packet, ldns_pkt_section section, ldns_rr *rr, bool altered)
{
	ldns_rr_list *rrset = ldns_rr_list_new(), *signatures;

	ldns_rr_list_push_rr(rrset, rr);
	signatures = ldns_sign_public(rrset, keys);
	ck_assert_ptr_nonnull(signatures);
	if (altered)
		ldns_rdf_data(
		    ldns_rr_rdf(ldns_rr_list_rr(signatures, 0), 8))[5] ^= 1;
	ldns_pkt_push_rr(packet, section, rr);
	ldns_pkt_push_rr_list(packet, section, signatures);
	ldns_rr_list_free(signatures);
	ldns_rr_list_free(rrset);
}

static void
push_soa(ldns_pkt *packet)
{
	push_signed(packet, LDNS_SECTION_AUTHORITY,
	    message_record(". 300 IN SOA . . 1 3600 600 86400 60"), false);
}

static void
push_nsec(
    ldns_pkt *packet, const char *name, const char *next, const char *types)
{
	char line[2048];

	snprintf(line, sizeof(line), "%s 60 IN NSEC %s %s RRSIG NSEC", name,
	    next, types);
	push_signed(
	    packet, LDNS_SECTION_AUTHORITY, message_record(line), false);
}

static bool
ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);

	return len >= tail && strcmp(name + len - tail, end) == 0;
}

static void
answer_a(ldns_pkt *reply, const char *name, bool altered)
{
	char line[300];

	snprintf(line, sizeof(line), "%s 300 IN A 192.0.2.1", name);
	push_signed(reply, LDNS_SECTION_ANSWER, message_record(line), altered);
}

/* Beside the true signature one that ended long ago: a signer's, or junk. */
static void
answer_with_old_signature(ldns_pkt *reply, const char *name)
{
	ldns_rr *old;

	answer_a(reply, name, false);
	old = ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_answer(reply), 1));
	ldns_rdf_deep_free(ldns_rr_set_rdf(
	    old, ldns_native2rdf_int32(LDNS_RDF_TYPE_TIME, 1500000000), 4));
	ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, old);
}

/* Behind the true signature one that names the deepest zone there can be. */
static void
answer_from_the_deep(ldns_pkt *reply, const char *name)
{
	ldns_rr *deep;

	answer_a(reply, name, false);
	deep = ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_answer(reply), 1));
	ldns_rdf_deep_free(
	    ldns_rr_set_rdf(deep, ldns_rdf_clone(ldns_rr_owner(deep)), 7));
	ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, deep);
}

/* A denial, with so many sets beside it that nobody asked for: NSEC and SOA,
 * and the name says how many others. */
static void
answer_beside_others(ldns_pkt *reply, const char *name)
{
	char line[300];

	push_soa(reply);
	push_nsec(reply, name, "zz.", "TXT");
	for (int i = atoi(name); i > 0; i--) {
		snprintf(line, sizeof(line), "%s 300 IN TYPE%d \\# 1 00", name,
		    65280 + i);
		push_signed(
		    reply, LDNS_SECTION_AUTHORITY, message_record(line), false);
	}
}

static void
answer_ds(ldns_pkt *reply, const char *name)
{
	char next[512];

	snprintf(next, sizeof(next), "\\000.%s", name);
	if (strcmp(name, "nokey.") == 0) {
		push_signed(reply, LDNS_SECTION_ANSWER,
		    message_record(
			"nokey. 300 IN DS 4711 13 2 8d02536c887482bc34ff54e41"
			"d2ba659bf85b341a0a20afadb5813dcfbcf286d"),
		    false);
		return;
	}
	push_soa(reply);
	push_nsec(reply, name, next, strcmp(name, "ins.") == 0 ? "NS" : "A");
}

/* False: no answer at all. */
static bool
answer(ldns_pkt *reply, const char *name, ldns_rr_type type)
{
	char line[300];

	if (type == LDNS_RR_TYPE_DNSKEY && strcmp(name, ".") == 0) {
		push_signed(
		    reply, LDNS_SECTION_ANSWER, ldns_rr_clone(dnskey), false);
	} else if (type == LDNS_RR_TYPE_DNSKEY) {
		ldns_pkt_set_rcode(reply, LDNS_RCODE_SERVFAIL);
	} else if (type == LDNS_RR_TYPE_DS) {
		answer_ds(reply, name);
	} else if (ends_with(name, "drop.")) {
		return false;
	} else if (strcmp(name, "a.secure.") == 0 ||
		   strncmp(name, "a.swollen", 9) == 0 ||
		   ends_with(name, ".crowd.")) {
		answer_a(reply, name, false);
	} else if (ends_with(name, ".stale.")) {
		answer_with_old_signature(reply, name);
	} else if (ends_with(name, "deep.")) {
		answer_from_the_deep(reply, name);
	} else if (ends_with(name, ".beside.")) {
		answer_beside_others(reply, name);
	} else if (strcmp(name, "a.altered.") == 0) {
		answer_a(reply, name, true);
	} else if (ends_with(name, "servfail.")) {
		ldns_pkt_set_rcode(reply, LDNS_RCODE_SERVFAIL);
	} else if (strcmp(name, "a.missing.") == 0) {
		ldns_pkt_set_rcode(reply, LDNS_RCODE_NXDOMAIN);
		push_soa(reply);
		push_nsec(reply, "a.m.", "zz.", "A");
		push_nsec(reply, ".", "a.", "NS SOA DNSKEY");
	} else if (strcmp(name, "x.ins.") == 0 && type == LDNS_RR_TYPE_A) {
		push(reply, LDNS_SECTION_ANSWER, "x.ins. 300 IN A 192.0.2.2");
	} else if (ends_with(name, "missing.ins.")) {
		ldns_pkt_set_rcode(reply, LDNS_RCODE_NXDOMAIN);
		push(reply, LDNS_SECTION_AUTHORITY,
		    "ins. 300 IN SOA . . 1 3600 600 86400 60");
		if (strcmp(name, "hashed.missing.ins.") == 0)
			push(reply, LDNS_SECTION_AUTHORITY,
			    "2t7b4g4vsa5smi47k61mv5bv1a22bojr.ins. 300 IN "
			    "NSEC3 1 0 100 - 2vptu5timamqttgl4luu9kg21e0aor3s "
			    "A");
	} else if (!ends_with(name, "ins.")) {
		/* Unsigned data in a signed zone, or below "nokey". */
		snprintf(line, sizeof(line), "%s 300 IN A 192.0.2.66", name);
		push(reply, LDNS_SECTION_ANSWER, line);
	}
	return true;
}

#define OPT_LEN 11  /* of an OPT record without options */
#define JUNK_LEN 35 /* of a signature that is none */
#define RRSIG_FIXED 18

/*
 * Behind the one record and its signature: signatures of the same RRset that
 * are worth nothing, their signer being the question's long name, by a pointer.
 * libunbound writes that name out, and has no room for all of them.
 */
static uint8_t *
swell(uint8_t *wire, size_t *len)
{
	static const uint8_t front[] = { 0xc0, 12, 0, 46, 0, 1, 0, 0, 1, 44, 0,
		RRSIG_FIXED + 5 };
	uint8_t *swollen = malloc(65536), opt[OPT_LEN];
	const uint8_t *rrsig = wire;
	unsigned count = 2;

	ck_assert_ptr_nonnull(swollen);
	/* The fixed part of the true one: type A is covered. */
	while (memcmp(rrsig, "\0\1\15", 3) != 0)
		rrsig++;
	*len -= OPT_LEN;
	memcpy(opt, wire + *len, OPT_LEN);
	memcpy(swollen, wire, *len);
	for (; *len + JUNK_LEN + OPT_LEN <= swelling; *len += JUNK_LEN) {
		uint8_t *at = swollen + *len;

		memcpy(at, front, sizeof(front));
		memcpy(at + sizeof(front), rrsig, RRSIG_FIXED);
		memcpy(at + sizeof(front) + RRSIG_FIXED, "\300\14xyz", 5);
		at[JUNK_LEN - 2] = (uint8_t)(count >> 8);
		at[JUNK_LEN - 1] = (uint8_t)count;
		count++;
	}
	swollen[6] = (uint8_t)(count >> 8);
	swollen[7] = (uint8_t)count;
	memcpy(swollen + *len, opt, OPT_LEN);
	*len += OPT_LEN;
	free(wire);
	return swollen;
}

static void
on_question(evutil_socket_t fd, short what, void *arg)
{
	uint8_t wire[2048], *out = NULL;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	const ssize_t n = recvfrom(
	    fd, wire, sizeof(wire), 0, (struct sockaddr *)&from, &from_len);
	ldns_pkt *query, *reply;
	const ldns_rr *question;
	size_t len = 0;
	char *name;

	(void)what;
	(void)arg;
	if (n <= 0 || (query = packet_parse(wire, (size_t)n)) == NULL)
		return;
	question = ldns_rr_list_rr(ldns_pkt_question(query), 0);
	reply = ldns_pkt_query_new(ldns_rdf_clone(ldns_rr_owner(question)),
	    ldns_rr_get_type(question), LDNS_RR_CLASS_IN,
	    LDNS_QR | LDNS_AA | LDNS_RA);
	ldns_pkt_set_id(reply, ldns_pkt_id(query));
	ldns_pkt_set_edns_udp_size(reply, 1232);
	ldns_pkt_set_edns_do(reply, true);
	name = ldns_rdf2str(ldns_rr_owner(question));
	if (ldns_rr_get_type(question) != LDNS_RR_TYPE_DNSKEY &&
	    ldns_rr_get_type(question) != LDNS_RR_TYPE_DS)
		questions++;
	if (answer(reply, name, ldns_rr_get_type(question)) &&
	    ldns_pkt2wire(&out, reply, &len) == LDNS_STATUS_OK) {
		if (swelling > 0 && strncmp(name, "a.swollen", 9) == 0)
			out = swell(out, &len);
		sendto(fd, out, len, 0, (struct sockaddr *)&from, from_len);
	}
	free(out);
	free(name);
	ldns_pkt_free(reply);
	ldns_pkt_free(query);
}

static struct endpoint
start_server(void)
{
	struct endpoint endpoint;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint.address;

	memset(&endpoint, 0, sizeof(endpoint));
	endpoint.length = sizeof(*v4);
	server_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	bind_to_loopback(server_fd, v4);
	server_event =
	    event_new(base, server_fd, EV_READ | EV_PERSIST, on_question, NULL);
	event_add(server_event, NULL);
	return endpoint;
}

static void
make_key(void)
{
	ldns_key *key =
	    ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
	const time_t now = time(NULL);

	ck_assert_ptr_nonnull(key);
	ldns_key_set_flags(key, 257);
	ldns_key_set_pubkey_owner(key, ldns_dname_new_frm_str("."));
	ldns_key_set_inception(key, (uint32_t)now - 3600);
	ldns_key_set_expiration(key, (uint32_t)now + 86400);
	dnskey = ldns_key2rr(key);
	ck_assert_ptr_nonnull(dnskey);
	ldns_key_set_keytag(key, ldns_calc_keytag(dnskey));
	keys = ldns_key_list_new();
	ldns_key_list_push_key(keys, key);
}

/* ---- the module ---- */

static char folder[] = "/tmp/test_validator.XXXXXX";
static char hints[64], anchor[64];
static struct endpoint server;
static struct conf_zone root;
static struct conf conf;
static struct validated *validator;
static struct budget *paying; /* for what is asked */
static const struct unbound_facts library;

static void
set_up(void)
{
	ldns_rr *ds;
	char *text;

	ck_assert_ptr_nonnull(base = event_base_new());
	make_key();
	server = start_server();
	questions = swelling = 0;
	is_hurried = memory_is_short = false;
	options_left = 0;
	paying = NULL;
	option_count = 0;
	strcpy(folder, "/tmp/test_validator.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(hints, sizeof(hints), "%s/hints", folder);
	snprintf(anchor, sizeof(anchor), "%s/anchor", folder);
	write_file(hints, ". 300 IN NS ns.\nns. 300 IN A 127.0.0.1\n");
	ds = ldns_key_rr2ds(dnskey, LDNS_SHA256);
	text = ldns_rr2str(ds);
	write_file(anchor, text);
	free(text);
	ldns_rr_free(ds);
	root = (struct conf_zone){
		.name = (char *)".", .servers = &server, .server_count = 1
	};
	conf = (struct conf){ .root_hints = hints,
		.trust_anchor = anchor,
		.zones = &root,
		.zone_count = 1 };
	validator = validator_new(base, &conf, &library);
	ck_assert_ptr_nonnull(validator);
}

static void
tear_down(void)
{
	validator_free(validator);
	event_free(server_event);
	close(server_fd);
	event_base_free(base);
	ldns_rr_free(dnskey);
	ldns_key_list_free(keys);
	unlink(hints);
	unlink(anchor);
	rmdir(folder);
}

/* What was spent since the last look at the sockets, or the last call. */
static uint64_t lap;

uint64_t
loop_time_lap(void)
{
	return lap;
}

struct outcome {
	bool came, answered, has_packet, has_why, fresh;
	enum dns_security security;
	enum dns_status status;
	size_t records;
	uint64_t hashing, spent;
	uint16_t type;
	const char *name;
};

static bool inside; /* validator_ask() has not returned */

static void
on_result(void *arg, const struct validator_result *result)
{
	struct outcome *outcome = arg;
	struct packet_facts facts;
	ldns_pkt *packet;

	ck_assert(!inside);
	ck_assert(!outcome->came);
	outcome->came = true;
	outcome->answered = result->answered;
	outcome->fresh = result->fresh;
	outcome->security = result->security;
	outcome->hashing = result->hashing;
	outcome->spent = result->spent;
	outcome->has_packet = result->packet != NULL;
	outcome->has_why = result->why != NULL && result->why[0] != '\0';
	if (result->packet == NULL)
		return;
	ck_assert_ptr_nonnull(
	    packet = packet_parse(result->packet, result->len));
	ck_assert_int_eq(
	    packet_facts(packet, outcome->name, outcome->type, &facts), 0);
	outcome->status = facts.status;
	outcome->records = facts.rdata_count;
	packet_facts_clear(&facts);
	ldns_pkt_free(packet);
}

static struct validator_query *
begin(struct outcome *outcome, const char *name, uint16_t type,
    const char *fresh_zone)
{
	struct validator_query *query;

	*outcome = (struct outcome){ .name = name, .type = type };
	inside = true;
	query = validator_ask(
	    validator, name, type, fresh_zone, paying, on_result, outcome);
	inside = false;
	ck_assert_ptr_nonnull(query);
	ck_assert(!outcome->came);
	return query;
}

static void
wait_for(const struct outcome *outcome)
{
	WAIT_UNTIL(outcome->came, event_base_loop(base, EVLOOP_NONBLOCK));
}

static struct outcome
ask(const char *name, uint16_t type, const char *fresh_zone)
{
	struct outcome outcome;

	begin(&outcome, name, type, fresh_zone);
	wait_for(&outcome);
	return outcome;
}

static void
expect(const struct outcome *outcome, enum dns_security security,
    enum dns_status status, size_t records)
{
	ck_assert(outcome->answered && outcome->has_packet);
	ck_assert_str_eq(answer_security_text(outcome->security),
	    answer_security_text(security));
	ck_assert_str_eq(
	    answer_status_text(outcome->status), answer_status_text(status));
	ck_assert_uint_eq(outcome->records, records);
	ck_assert(outcome->has_why == (security == DNS_BOGUS));
}

/* A failure says nothing of the zone: neither secure nor insecure. */
static void
expect_failure(const struct outcome *outcome)
{
	ck_assert(!outcome->answered);
	ck_assert(!outcome->has_packet);
	ck_assert_int_eq(outcome->security, DNS_INDETERMINATE);
	ck_assert(outcome->has_why);
}

/* ---- the traps ---- */

START_TEST(secure_data)
{
	const struct outcome outcome = ask("a.secure", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
}
END_TEST

/* rcode 0, and the forged data are there. */
START_TEST(bogus_comes_with_data)
{
	static const char *const names[] = { "a.altered", "a.unsigned" };
	const struct outcome outcome = ask(names[_i], DNS_TYPE_A, NULL);

	expect(&outcome, DNS_BOGUS, DNS_OK, 1);
}
END_TEST

START_TEST(missing_keys_are_bogus)
{
	const struct outcome outcome = ask("a.nokey", DNS_TYPE_A, NULL);

	ck_assert(outcome.answered);
	ck_assert_int_eq(outcome.security, DNS_BOGUS);
}
END_TEST

START_TEST(failure_is_not_insecure)
{
	const struct outcome outcome = ask("a.servfail", DNS_TYPE_A, NULL);

	expect_failure(&outcome);
}
END_TEST

/* From the cache it comes with rcode 0, inside ub_resolve_event(), and the
 * failure stands in the packet only. */
START_TEST(cached_failure_is_a_failure)
{
	struct outcome outcome = ask("a.servfail", DNS_TYPE_A, NULL);
	unsigned before;

	expect_failure(&outcome);
	before = questions;
	outcome = ask("a.servfail", DNS_TYPE_A, NULL);
	expect_failure(&outcome);
	ck_assert_uint_eq(questions, before);
}
END_TEST

/* From the cache as well, and never before validator_ask() has returned. */
START_TEST(cached_answer_comes_later)
{
	struct outcome outcome = ask("a.secure", DNS_TYPE_A, NULL);
	const unsigned before = questions;
	struct validator_query *query;

	outcome = ask("a.secure", DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_eq(questions, before);
	/* Between the two it can be cancelled. */
	query = begin(&outcome, "a.secure", DNS_TYPE_A, NULL);
	validator_cancel(query);
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(!outcome.came);
	ck_assert_uint_eq(validator_counts(validator).in_flight, 0);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 0);
}
END_TEST

#define CROWD 24

struct member {
	struct outcome outcome, second;
	char name[32], second_name[32];
};

static void
ask_from_callback(void *arg, const struct validator_result *result)
{
	struct member *member = arg;

	on_result(&member->outcome, result);
	begin(&member->second, member->second_name, DNS_TYPE_A, NULL);
}

/* All wait for the same key.  With the first one's callback, which asks on,
 * libunbound would run those of the others inside validator_ask(). */
START_TEST(no_callback_inside_of_a_question)
{
	static struct member crowd[CROWD];

	for (int i = 0; i < CROWD; i++) {
		struct member *member = &crowd[i];

		snprintf(member->name, sizeof(member->name), "a%d.crowd", i);
		snprintf(member->second_name, sizeof(member->second_name),
		    "b%d.crowd", i);
		member->outcome = (struct outcome){ .name = member->name,
			.type = DNS_TYPE_A };
		ck_assert_ptr_nonnull(validator_ask(validator, member->name,
		    DNS_TYPE_A, NULL, NULL, ask_from_callback, member));
	}
	for (int i = 0; i < CROWD; i++) {
		wait_for(&crowd[i].outcome);
		wait_for(&crowd[i].second);
	}
}
END_TEST

START_TEST(bogus_from_the_cache_is_bogus)
{
	struct outcome outcome = ask("a.altered", DNS_TYPE_A, NULL);

	outcome = ask("a.altered", DNS_TYPE_A, NULL);
	ck_assert(!outcome.answered || outcome.security == DNS_BOGUS);
	ck_assert_int_ne(outcome.security, DNS_INSECURE);
	ck_assert_int_ne(outcome.security, DNS_SECURE);
}
END_TEST

START_TEST(insecure_data)
{
	const struct outcome outcome = ask("x.ins", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_INSECURE, DNS_OK, 1);
}
END_TEST

START_TEST(insecure_nodata_without_soa)
{
	const struct outcome outcome = ask("x.ins", DNS_TYPE_MX, NULL);

	expect(&outcome, DNS_INSECURE, DNS_NODATA, 0);
}
END_TEST

START_TEST(nxdomain_is_in_the_packet)
{
	struct outcome outcome = ask("missing.ins", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_INSECURE, DNS_NXDOMAIN, 0);
	outcome = ask("a.missing", DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_NXDOMAIN, 0);
}
END_TEST

/* ub_ctx_delete() calls back for everything that is in flight. */
START_TEST(free_with_questions_in_flight)
{
	static struct outcome outcomes[ASKED_MAX];
	static char names[ASKED_MAX][32];

	for (int i = 0; i < ASKED_MAX; i++) {
		struct validator_query *query;

		snprintf(names[i], sizeof(names[i]), "a%d.drop", i);
		query = begin(&outcomes[i], names[i], DNS_TYPE_A,
		    i % 8 == 1 ? "drop" : NULL);
		if (i % 4 == 0)
			validator_cancel(query);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_ge(validator_counts(validator).in_flight, ASKED_MAX);
	ck_assert_uint_eq(validator_counts(validator).abandoned, ASKED_MAX / 4);
	validator_free(validator);
	validator = NULL;
	event_base_loop(base, EVLOOP_NONBLOCK);
	for (int i = 0; i < ASKED_MAX; i++)
		ck_assert(!outcomes[i].came);
	validator_free(NULL);
	validator_cancel(NULL);
}
END_TEST

/* ---- answers that are not whole ---- */

#define LONG_LABEL "x123456789x123456789x123456789x123456789x123456789"
#define SWOLLEN "a.swollen." LONG_LABEL "." LONG_LABEL "." LONG_LABEL

/* One that counts the signatures refuses what is swollen, and asks again by
 * itself. */
static bool
library_counts_signatures(void)
{
	struct ub_ctx *ub = ub_ctx_create();
	const bool counts =
	    ub_ctx_set_option(ub, "iter-scrub-rrsig:", "8") == 0;

	ub_ctx_delete(ub);
	return counts;
}

/* Octets of an answer that it reads, and can't write again; where it counts the
 * signatures, more than it reads. */
static unsigned
too_large(void)
{
	return library_counts_signatures() ? 64000 : 7500;
}

/*
 * What an attacker on the path has swollen is validated, and then does not fit
 * into a message: it comes empty, with TC, and libunbound goes on to keep it
 * as secure.  It is neither data nor a denial, and right again with the first
 * true answer, in spite of the cache.
 */
START_TEST(swollen_answer_is_no_denial)
{
	struct outcome outcome;

	swelling = too_large();
	outcome = ask(SWOLLEN, DNS_TYPE_A, NULL);
	ck_assert(!outcome.answered || outcome.status == DNS_OK);
	if (_i == 0)
		ck_assert(!outcome.answered && outcome.has_why);
	swelling = 0;
	/* For the attacker's last five seconds it stays in the fresh one. */
	outcome = ask(SWOLLEN, DNS_TYPE_A, "another");
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
}
END_TEST

START_TEST(swollen_answer_is_looked_at_twice)
{
	struct outcome outcome;
	unsigned before;

	swelling = too_large();
	begin(&outcome, SWOLLEN, DNS_TYPE_A, NULL);
	while (questions == 0 && !outcome.came)
		event_base_loop(base, EVLOOP_ONCE);
	swelling = 0;
	wait_for(&outcome);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert(outcome.fresh != library_counts_signatures());
	ck_assert_uint_ge(questions, 2);
	/* The first cache may have it still. */
	before = questions;
	outcome = ask(SWOLLEN, DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_eq(questions, before);
}
END_TEST

START_TEST(moderate_junk_does_no_harm)
{
	struct outcome outcome;

	swelling = 700;
	outcome = ask(SWOLLEN, DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert(!outcome.fresh);
}
END_TEST

/* libunbound took the true one, but who says that it is not the cache that
 * keeps what has ended?  With empty caches it has looked at it now. */
START_TEST(old_signature_is_looked_at_twice)
{
	struct outcome outcome = ask("a.stale", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert(outcome.fresh);
	ck_assert_uint_ge(questions, 2);
}
END_TEST

/* A context for each name: whoever has many must not have as many made. */
START_TEST(second_looks_come_out_of_the_budget)
{
	struct outcome outcome;
	struct budget budget;

	budget_init(&budget);
	budget.left[BUDGET_REPEATS] = 1;
	paying = &budget;
	/* One for all that is asked for a name. */
	for (int i = 0; i < 2; i++) {
		outcome = ask("a.stale", DNS_TYPE_A, NULL);
		expect(&outcome, DNS_SECURE, DNS_OK, 1);
		ck_assert(outcome.fresh);
		ck_assert_uint_eq(budget.left[BUDGET_REPEATS], 0);
		ck_assert_ptr_null(budget_text(&budget));
	}
	outcome = ask("b.stale", DNS_TYPE_A, NULL);
	expect_failure(&outcome);
	ck_assert_str_eq(
	    budget_text(&budget), "second looks of one evaluation are used up");
	/* The daemon's own have no budget. */
	paying = NULL;
	outcome = ask("c.stale", DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
}
END_TEST

/* The name has three labels. */
START_TEST(result_says_what_it_cost)
{
	struct outcome outcome = ask("hashed.missing.ins", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_INSECURE, DNS_NXDOMAIN, 0);
	ck_assert_uint_eq(outcome.hashing, 4 * (5 + 100));
	outcome = ask("missing.ins", DNS_TYPE_A, NULL);
	ck_assert_uint_eq(outcome.hashing, 0);
}
END_TEST

/* Where it was much: a little may be what others have spent.  Both looks
 * count, and so do failures. */
START_TEST(result_says_what_was_spent)
{
	struct outcome outcome;

	lap = 2000000;
	outcome = ask("missing.ins", DNS_TYPE_A, NULL);
	ck_assert_uint_eq(outcome.spent, 0);
	lap = 2500000;
	outcome = ask("hashed.missing.ins", DNS_TYPE_A, NULL);
	ck_assert_uint_eq(outcome.spent, 500);
	outcome = ask("a.stale", DNS_TYPE_A, NULL);
	ck_assert(outcome.fresh);
	ck_assert_uint_eq(outcome.spent, 1000);
	lap = 0;
}
END_TEST

/* Beyond those of an alias and its target. */
START_TEST(zones_on_the_way_are_charged)
{
	struct outcome outcome = ask("6.5.4.3.2.deep", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_eq(outcome.spent, 0);
	outcome = ask("8.7.6.5.4.3.2.deep", DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_eq(outcome.spent, 4000);
	/* Beside what was measured. */
	lap = 2500000;
	outcome = ask("7.6.5.4.3.2.deep", DNS_TYPE_A, NULL);
	ck_assert_uint_eq(outcome.spent, 2500);
	lap = 0;
	/* Who has given no answer has not shown a way. */
	outcome = ask("8.7.6.5.4.3.2.servfail", DNS_TYPE_A, NULL);
	expect_failure(&outcome);
	ck_assert_uint_eq(outcome.spent, 0);
}
END_TEST

/* Beyond those of an honest answer. */
START_TEST(signed_sets_are_charged)
{
	struct outcome outcome = ask("14.beside", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_SECURE, DNS_NODATA, 0);
	ck_assert_uint_eq(outcome.spent, 0);
	outcome = ask("17.beside", DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_NODATA, 0);
	ck_assert_uint_eq(outcome.spent, 1800);
}
END_TEST

/* Between the two looks it can be cancelled. */
START_TEST(second_look_can_be_cancelled)
{
	struct outcome outcome, after;
	struct validator_query *query;

	swelling = too_large();
	query = begin(&outcome, SWOLLEN, DNS_TYPE_A, NULL);
	while (questions < (_i == 0 ? 1U : 2U) && !outcome.came)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert(!outcome.came);
	validator_cancel(query);
	/* The answer to another question comes after it. */
	after = ask("a.secure", DNS_TYPE_A, NULL);
	expect(&after, DNS_SECURE, DNS_OK, 1);
	ck_assert(!outcome.came);
	ck_assert_uint_eq(validator_counts(validator).in_flight, 0);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 0);
}
END_TEST

/* Before its turn has come: nobody is asked. */
START_TEST(second_look_is_not_begun_for_nobody)
{
	struct outcome outcome;

	validator_cancel(begin(&outcome, "a.secure", DNS_TYPE_A, "secure"));
	ck_assert_uint_eq(validator_counts(validator).abandoned, 0);
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert(!outcome.came);
	ck_assert_uint_eq(questions, 0);
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	ck_assert_uint_eq(validator_counts(validator).in_flight, 0);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 0);
}
END_TEST

/* ---- contexts ---- */

/* The twin would only join the one that hangs. */
START_TEST(hung_twin_is_asked_elsewhere)
{
	struct outcome outcome, other;

	validator_cancel(begin(&outcome, "a.drop", DNS_TYPE_A, NULL));
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	/* another question need not go there */
	other = ask("a.secure", DNS_TYPE_A, NULL);
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	validator_cancel(begin(&outcome, "a.drop", DNS_TYPE_A, NULL));
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	/* and when the spare is used up, it is replaced, but not each time */
	for (int i = 0; i < 20; i++)
		validator_cancel(begin(&outcome, "a.drop", DNS_TYPE_A, NULL));
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	fake_ms += 1100;
	validator_cancel(begin(&outcome, "a.drop", DNS_TYPE_A, NULL));
	ck_assert_uint_eq(validator_counts(validator).contexts, 3);
	for (int i = 0; i < 20; i++)
		validator_cancel(begin(&outcome, "a.drop", DNS_TYPE_A, NULL));
	ck_assert_uint_eq(validator_counts(validator).contexts, 3);
	expect(&other, DNS_SECURE, DNS_OK, 1);
}
END_TEST

START_TEST(fresh_context_has_empty_caches)
{
	struct outcome outcome = ask("a.secure", DNS_TYPE_A, NULL);
	const unsigned before = questions;

	outcome = ask("a.secure", DNS_TYPE_A, "secure");
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_gt(questions, before);
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	/* It serves the zone's other questions too, and no other zone's. */
	outcome = ask("b.secure", DNS_TYPE_A, "secure");
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	outcome = ask("a.altered", DNS_TYPE_A, "altered");
	ck_assert_int_eq(outcome.security, DNS_BOGUS);
	ck_assert_uint_eq(validator_counts(validator).contexts, 3);
}
END_TEST

/* The file on disk may change; what is trusted does not, before we say so. */
START_TEST(context_without_trust_is_not_believed)
{
	struct outcome outcome = ask("a.secure", DNS_TYPE_A, NULL);
	char why[ANCHORS_WHY_MAX];
	struct anchors *anchors;

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	write_file(anchor, ". IN DS 4711 200 2 8d02536c887482bc34ff54e41d2ba659"
			   "bf85b341a0a20afadb5813dcfbcf286d\n");
	outcome = ask("a.secure", DNS_TYPE_A, "secure");
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_ptr_nonnull(anchors = anchors_load(anchor, NULL, why));
	validator_use_anchors(validator, anchors);
	outcome = ask("a.secure", DNS_TYPE_A, "secure");
	expect_failure(&outcome);
}
END_TEST

/* All keys revoked: not a world without signatures. */
/* The key that is trusted there may be the one that was revoked: in the main
 * context, a fresh one, and the spare one. */
START_TEST(old_anchors_answer_nothing)
{
	const char *fresh_for = _i == 1 ? "secure" : NULL;
	struct outcome outcome = ask("a.secure", DNS_TYPE_A, fresh_for);
	struct outcome under_way = { 0 };
	struct anchors *anchors;
	char why[ANCHORS_WHY_MAX];

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	if (_i == 2)
		validator_cancel(
		    begin(&under_way, "a.crowd", DNS_TYPE_A, NULL));
	begin(&under_way, "a.crowd", DNS_TYPE_A, fresh_for);
	ck_assert_uint_eq(
	    validator_counts(validator).contexts, _i == 0 ? 1 : 2);
	ck_assert_ptr_nonnull(anchors = anchors_load(anchor, NULL, why));
	memory_is_short = true;
	validator_use_anchors(validator, anchors);
	wait_for(&under_way);
	expect_failure(&under_way);
	outcome = ask("a.secure", DNS_TYPE_A, fresh_for);
	expect_failure(&outcome);
	memory_is_short = false;
	WAIT_UNTIL(
	    outcome.answered, outcome = ask("a.secure", DNS_TYPE_A, fresh_for));
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
}
END_TEST

START_TEST(without_anchors_nothing_is_insecure)
{
	static const char states[][24] = { ";;state=4 [ REVOKED ]",
		";;state=1 [ ADDPEND ]" };
	char why[ANCHORS_WHY_MAX], line[1024], *text = ldns_rr2str(dnskey);

	for (size_t i = 0; i < COUNT(states); i++) {
		struct outcome outcome;
		struct anchors *anchors;

		snprintf(line, sizeof(line), "%.*s %s\n",
		    (int)strcspn(text, ";\n"), text, states[i]);
		ck_assert_ptr_nonnull(anchors = anchors_parse(line, true, why));
		ck_assert_uint_eq(anchors_count(anchors), 1);
		validator_use_anchors(validator, anchors);
		outcome = ask("a.secure", DNS_TYPE_A, NULL);
		expect_failure(&outcome);
	}
	free(text);
}
END_TEST

/* Without end a zone could make us create contexts. */
START_TEST(contexts_are_bounded)
{
	static struct outcome outcomes[ASKED_MAX];
	static char zones[ASKED_MAX][32];
	unsigned refused = 0;

	for (int i = 0; i < ASKED_MAX; i++) {
		snprintf(zones[i], sizeof(zones[i]), "z%d.drop", i);
		begin(&outcomes[i], zones[i], DNS_TYPE_A, zones[i]);
	}
	/* Each in a turn of the loop of its own. */
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	for (int i = 0; i < ASKED_MAX; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_le(validator_counts(validator).contexts, 64);
	for (int i = 0; i < ASKED_MAX; i++)
		refused += outcomes[i].came && !outcomes[i].answered;
	ck_assert_uint_gt(refused, 0);
	/* What strangers hold refuses nothing that the daemon needs. */
	ck_assert_int_eq(validator_renew(validator), 0);
	validator_free(validator);
	validator = NULL;
}
END_TEST

/* Of names that nobody answers for, libunbound despairs after some twelve
 * seconds, which dozens of contexts may take on a busy machine. */
static void
ask_with_patience(void)
{
	static char option[] = "outbound-msg-retry: 100";
	static char *item[] = { option };

	validator_free(validator);
	conf.resolver_options.item = item;
	conf.resolver_options.count = 1;
	ck_assert_ptr_nonnull(validator = validator_new(base, &conf, &library));
}

/* The oldest one goes, and who waits there is told. */
START_TEST(oldest_context_makes_room)
{
	static struct outcome others[FRESH_MAX];
	struct outcome first, last;
	char zone[32];

	ask_with_patience();
	begin(&first, "first.drop", DNS_TYPE_A, "first");
	WAIT_UNTIL(validator_counts(validator).contexts == 2,
	    event_base_loop(base, EVLOOP_NONBLOCK));
	fake_ms++;
	for (int i = 1; i < FRESH_MAX; i++) {
		snprintf(zone, sizeof(zone), "z%d.drop", i);
		begin(&others[i], "other.drop", DNS_TYPE_A, zone);
	}
	WAIT_UNTIL(validator_counts(validator).contexts >= 1 + FRESH_MAX,
	    event_base_loop(base, EVLOOP_NONBLOCK));
	ck_assert(!first.came);
	/* Each has its time. */
	fake_ms += 1100;
	begin(&last, "last.drop", DNS_TYPE_A, "last");
	wait_for(&first);
	expect_failure(&first);
	ck_assert(!last.came);
	ck_assert_uint_le(validator_counts(validator).contexts, 64);
	validator_free(validator);
	validator = NULL;
}
END_TEST

static struct validator_query *
begin_doubted(struct outcome *outcome, const char *name)
{
	struct validator_query *query;

	*outcome = (struct outcome){ .name = name, .type = DNS_TYPE_A };
	query = validator_ask_doubted(
	    validator, name, DNS_TYPE_A, name, on_result, outcome);
	ck_assert_ptr_nonnull(query);
	return query;
}

static void
turn(unsigned times)
{
	while (times-- > 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Dead domains, as many as one likes, hold few contexts, and take none from
 * what was forged. */
START_TEST(doubted_contexts_are_fewer)
{
	static struct outcome outcomes[ASKED_MAX], others[OTHERS];
	static char names[ASKED_MAX][32], zones[OTHERS][32];
	struct outcome outcome;
	int held = 0;

	ask_with_patience();
	for (int i = 0; i < OTHERS; i++) {
		snprintf(zones[i], sizeof(zones[i]), "y%d.drop", i);
		begin(&others[i], "other.drop", DNS_TYPE_A, zones[i]);
	}
	turn(FRESH_MAX);
	fake_ms += 1100; /* each has had its time */
	for (int i = 0; i < ASKED_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "z%d.drop", i);
		begin_doubted(&outcomes[i], names[i]);
		turn(5);
		fake_ms += _i == 0 ? 0 : 1100;
	}
	for (int i = 0; i < ASKED_MAX; i++)
		held += !outcomes[i].came;
	ck_assert_int_le(held, 16);
	ck_assert_int_gt(held, 8);
	/* The oldest has made room, or the latest had none. */
	ck_assert(outcomes[_i == 0 ? ASKED_MAX - 1 : 0].came);
	ck_assert(!outcomes[_i == 0 ? 0 : ASKED_MAX - 1].came);
	for (int i = 0; i < OTHERS; i++)
		ck_assert(!others[i].came);
	/* One that is forged makes room by itself. */
	fake_ms += 1100;
	outcome = ask("a.secure", DNS_TYPE_A, "secure");
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	validator_free(validator);
	validator = NULL;
}
END_TEST

START_TEST(doubted_look_has_empty_caches)
{
	struct outcome outcome = ask("a.secure", DNS_TYPE_A, NULL);
	const unsigned before = questions;

	begin_doubted(&outcome, "a.secure");
	wait_for(&outcome);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert(outcome.fresh);
	ck_assert_uint_gt(questions, before);
	/* One that may make room for dead domains is no place for others. */
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	outcome = ask("a.secure", DNS_TYPE_A, "a.secure");
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_eq(validator_counts(validator).contexts, 3);
}
END_TEST

/* Whether the main context has the answer still. */
static bool
is_cached(void)
{
	const unsigned before = questions;
	const struct outcome outcome = ask("a.secure", DNS_TYPE_A, NULL);

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	return questions == before;
}

/* Whoever can cause it again and again must not keep all caches cold. */
START_TEST(doubt_renews_at_most_twice_a_minute)
{
	ck_assert(!is_cached());
	ck_assert(validator_doubt(validator));
	ck_assert(is_cached());
	turn(10);
	ck_assert(!is_cached());
	if (_i == 0) { /* what was put off comes by itself */
		is_hurried = true;
		ck_assert(!validator_doubt(validator));
		usleep(20000);
		turn(10);
		ck_assert(!is_cached());
		return;
	}
	ck_assert(!validator_doubt(validator));
	turn(10);
	ck_assert(is_cached());
	fake_ms += 30000;
	ck_assert(validator_doubt(validator));
	ck_assert(is_cached());
	turn(10);
	ck_assert(!is_cached());
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
}
END_TEST

/* libunbound goes on for long; each question has a socket. */
static void
abandon(int count)
{
	struct outcome outcome;
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "n%d.drop", i);
		validator_cancel(begin(&outcome, name, DNS_TYPE_A, NULL));
	}
}

START_TEST(too_many_abandoned_questions_end)
{
	struct outcome awaited;
	struct validator_query *query;

	abandon(383);
	fake_ms += 2000;
	turn(10);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 383);
	/* Not before those that somebody waits for. */
	query = begin(&awaited, "awaited.drop", DNS_TYPE_A, NULL);
	validator_cancel(
	    begin(&(struct outcome){ 0 }, "last.drop", DNS_TYPE_A, NULL));
	turn(10);
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	ck_assert(!awaited.came);
	validator_cancel(query);
	turn(10);
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 0);
	ck_assert_uint_eq(validator_counts(validator).in_flight, 0);
}
END_TEST

START_TEST(many_abandoned_questions_end_later)
{
	is_hurried = true;
	abandon(_i == 0 ? 127 : 128);
	usleep(20000);
	turn(10);
	ck_assert_uint_eq(
	    validator_counts(validator).abandoned, _i == 0 ? 127 : 0);
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
}
END_TEST

/* Twins hang in the spare one. */
START_TEST(crowded_spare_is_replaced)
{
	abandon(380);
	abandon(380);
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 760);
	for (int i = 0; i < 4; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.drop", i);
		validator_cancel(
		    begin(&(struct outcome){ 0 }, name, DNS_TYPE_A, NULL));
	}
	turn(10);
	ck_assert_uint_eq(validator_counts(validator).abandoned, 380);
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
}
END_TEST

/* What hangs in it keeps no context, once nobody waits for it. */
START_TEST(context_goes_with_the_last_that_is_awaited)
{
	struct outcome outcome;
	struct validator_query *query =
	    begin(&outcome, "a.drop", DNS_TYPE_A, "drop");

	WAIT_UNTIL(validator_counts(validator).contexts >= 2,
	    event_base_loop(base, EVLOOP_NONBLOCK));
	ck_assert_int_eq(validator_renew(validator), 0);
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(validator_counts(validator).contexts, 2);
	validator_cancel(query);
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	ck_assert_uint_eq(validator_counts(validator).in_flight, 0);
	ck_assert(!outcome.came);
}
END_TEST

/* ---- what can't be set up ---- */

/* The module as @changed would have it; NULL where it can't be had. */
static struct validated *
again(const struct conf *changed)
{
	struct validated *other = validator_new(base, changed, &library);

	ck_assert_uint_eq(validator_counts(validator).contexts, 1);
	return other;
}

START_TEST(options_are_set_or_refused)
{
	static char good[] = "cache-max-ttl: 60", bad[] = "no-such-thing: 1",
		    none[] = "colon";
	static const struct {
		char *option;
		bool works;
	} rows[] = { { good, true }, { bad, false }, { none, false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf changed = conf;
		char *item[] = { rows[i].option };
		struct validated *other;

		changed.resolver_options.item = item;
		changed.resolver_options.count = 1;
		other = again(&changed);
		ck_assert_msg(
		    (other != NULL) == rows[i].works, "%s", rows[i].option);
		validator_free(other);
	}
}
END_TEST

/* What the promises rest on, and libunbound's own defaults may not have. */
START_TEST(promises_rest_on_options)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		/* a lying bit map would hide an existing TLSA */
		{ "aggressive-nsec:", "no" },
		/* below this, denials are proofs and not merely "insecure" */
		{ "val-nsec3-keysize-iterations:",
		    PROOF_JUDGE_NSEC3_ITERATIONS },
		/* signatures end when they end, as far as clocks differ */
		{ "val-sig-skew-min:", "300" },
		{ "val-sig-skew-max:", "300" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *value = value_of(rows[i].name);

		ck_assert_msg(value != NULL, "%s", rows[i].name);
		ck_assert_str_eq(value, rows[i].value);
	}
	/* More than may be abandoned: each can hold one for hours. */
	ck_assert_int_gt(atoi(value_of("outgoing-num-tcp:")), 384);
	/* A failure is remembered for seconds only. */
	ck_assert_ptr_nonnull(value_of("val-bogus-ttl:"));
	ck_assert_int_le(atoi(value_of("val-bogus-ttl:")), 5);
}
END_TEST

START_TEST(own_listener_is_shunned)
{
	struct endpoint listen;
	struct conf changed = conf;

	ck_assert_ptr_null(endpoint_parse("inet:127.0.0.25:53", &listen));
	changed.dns_listen.item = &listen;
	changed.dns_listen.count = 1;
	validator_free(again(&changed));
	ck_assert_ptr_nonnull(value_of("do-not-query-address:"));
	ck_assert_str_eq(value_of("do-not-query-address:"), "127.0.0.25/32");
}
END_TEST

static void
on_watched(void *arg, const struct validator_result *result)
{
	struct outcome *outcome = arg;

	outcome->came = true;
	outcome->security = result->security;
}

/* trust-anchor may have it still when libunbound would have forgotten it. */
START_TEST(revoked_key_is_remembered_for_ever)
{
	struct outcome outcome = { .name = "the root's keys" };
	char state[80], line[1024], *text = ldns_rr2str(dnskey);

	snprintf(state, sizeof(state), "%s/state", folder);
	snprintf(line, sizeof(line), "%.*s ;;state=2 [  VALID  ] ;;count=0\n",
	    (int)strcspn(text, ";\n"), text);
	write_file(state, line);
	free(text);
	ck_assert_ptr_nonnull(
	    validator_watch_root(validator, state, on_watched, &outcome));
	wait_for(&outcome);
	ck_assert_int_eq(outcome.security, DNS_SECURE);
	ck_assert_ptr_nonnull(value_of("del-holddown:"));
	/* decades */
	ck_assert_int_ge(atoi(value_of("del-holddown:")), 1000000000);
	unlink(state);
}
END_TEST

/* To know ourselves is what keeps us from asking ourselves. */
START_TEST(listener_without_address_is_an_error)
{
	struct endpoint nowhere = { .length = 2 };
	struct conf changed = conf;

	changed.dns_listen.item = &nowhere;
	changed.dns_listen.count = 1;
	ck_assert_ptr_null(again(&changed));
}
END_TEST

START_TEST(descriptors_may_run_out_at_any_step)
{
	struct validated *other = NULL;
	int lowest = dup(0), tries = 0;

	ck_assert_int_ne(lowest, -1);
	close(lowest);
	for (; tries < 30 && other == NULL; tries++) {
		allow_descriptors((rlim_t)(lowest + tries));
		other = again(&conf);
	}
	ck_assert_int_gt(tries, 2);
	ck_assert_ptr_nonnull(other);
	validator_free(other);
}
END_TEST

/* A context without one of them would break a promise. */
START_TEST(memory_may_run_out_at_any_option)
{
	size_t count;

	option_count = 0;
	validator_free(again(&conf));
	count = option_count;
	ck_assert_uint_gt(count, 10);
	for (size_t i = 1; i <= count; i++) {
		options_left = i;
		memory_is_short = false;
		ck_assert_msg(again(&conf) == NULL, "option %zu", i);
	}
}
END_TEST

START_TEST(no_zone_blocks_are_needed)
{
	struct conf changed = conf;
	struct validated *other;

	changed.zone_count = 0;
	other = again(&changed);
	ck_assert_ptr_nonnull(other);
	validator_free(other);
}
END_TEST

START_TEST(name_that_is_none_can_not_be_asked)
{
	char name[80];
	struct outcome outcome = { 0 };

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_ptr_null(validator_ask(
	    validator, name, DNS_TYPE_A, NULL, NULL, on_result, &outcome));
	ck_assert_uint_eq(validator_counts(validator).in_flight, 0);
}
END_TEST

/* A flush: what is asked then is asked of the servers, in every context. */
START_TEST(renewed_contexts_have_empty_caches)
{
	struct outcome outcome = ask("a.secure", DNS_TYPE_A, "secure");
	unsigned before;

	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	outcome = ask("a.secure", DNS_TYPE_A, NULL);
	validator_renew(validator);
	before = questions;
	outcome = ask("a.secure", DNS_TYPE_A, NULL);
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_gt(questions, before);
	before = questions;
	outcome = ask("a.secure", DNS_TYPE_A, "secure");
	expect(&outcome, DNS_SECURE, DNS_OK, 1);
	ck_assert_uint_gt(questions, before);
}
END_TEST

TEST_MAIN("validated")
{
	TCase *tc = add_case(suite, "traps");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, secure_data);
	tcase_add_loop_test(tc, bogus_comes_with_data, 0, 2);
	tcase_add_test(tc, missing_keys_are_bogus);
	tcase_add_test(tc, failure_is_not_insecure);
	tcase_add_test(tc, cached_failure_is_a_failure);
	tcase_add_test(tc, cached_answer_comes_later);
	tcase_add_test(tc, no_callback_inside_of_a_question);
	tcase_add_test(tc, bogus_from_the_cache_is_bogus);
	tcase_add_test(tc, insecure_data);
	tcase_add_test(tc, insecure_nodata_without_soa);
	tcase_add_test(tc, nxdomain_is_in_the_packet);
	tcase_add_test(tc, free_with_questions_in_flight);
	tcase_add_test(tc, hung_twin_is_asked_elsewhere);
	tcase_add_test(tc, fresh_context_has_empty_caches);
	tcase_add_test(tc, context_without_trust_is_not_believed);
	tcase_add_loop_test(tc, old_anchors_answer_nothing, 0, 3);
	tcase_add_test(tc, without_anchors_nothing_is_insecure);
	tcase_add_loop_test(tc, swollen_answer_is_no_denial, 0, 2);
	tcase_add_test(tc, swollen_answer_is_looked_at_twice);
	tcase_add_test(tc, moderate_junk_does_no_harm);
	tcase_add_test(tc, old_signature_is_looked_at_twice);
	tcase_add_test(tc, second_looks_come_out_of_the_budget);
	tcase_add_test(tc, result_says_what_it_cost);
	tcase_add_test(tc, result_says_what_was_spent);
	tcase_add_test(tc, zones_on_the_way_are_charged);
	tcase_add_test(tc, signed_sets_are_charged);
	tcase_add_loop_test(tc, second_look_can_be_cancelled, 0, 2);
	tcase_add_test(tc, second_look_is_not_begun_for_nobody);
	tcase_add_test(tc, oldest_context_makes_room);
	tcase_add_loop_test(tc, doubted_contexts_are_fewer, 0, 2);
	tcase_add_test(tc, doubted_look_has_empty_caches);
	tcase_add_loop_test(tc, doubt_renews_at_most_twice_a_minute, 0, 2);
	tcase_add_test(tc, too_many_abandoned_questions_end);
	tcase_add_loop_test(tc, many_abandoned_questions_end_later, 0, 2);
	tcase_add_test(tc, crowded_spare_is_replaced);
	tcase_add_test(tc, context_goes_with_the_last_that_is_awaited);
	tcase_add_test(tc, contexts_are_bounded);
	tcase_add_test(tc, options_are_set_or_refused);
	tcase_add_test(tc, promises_rest_on_options);
	tcase_add_test(tc, own_listener_is_shunned);
	tcase_add_test(tc, revoked_key_is_remembered_for_ever);
	tcase_add_test(tc, listener_without_address_is_an_error);
	tcase_add_test(tc, descriptors_may_run_out_at_any_step);
	tcase_add_test(tc, memory_may_run_out_at_any_option);
	tcase_add_test(tc, no_zone_blocks_are_needed);
	tcase_add_test(tc, name_that_is_none_can_not_be_asked);
	tcase_add_test(tc, renewed_contexts_have_empty_caches);
}
