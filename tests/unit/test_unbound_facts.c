/*
 * What we assume of libunbound, held against the one that is loaded: each test
 * is a line of include/dns/unbound_facts.h.  It serves itself a root zone from
 * a file, signed or not, or asks a server on loopback; nothing else is there to
 * be asked.
 */

#include "dns/unbound_facts.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#include <unbound-event.h>

#include "base/conf.h"
#include "base/domain.h"
#include "dns/proof_judge.h"
#include "dns/unbound_answer.h"
#include "dns/zones.h"

#include "message_fixture.h"
#include "sockets.h"
#include "test_main.h"

#define INSECURE 0
#define BOGUS 1
#define SECURE 2

static struct event_base *base;
static struct ub_ctx *ub;
static int zone_fd;

struct outcome {
	bool came;
	int rcode, security;
	unsigned inner; /* rcode of the packet */
	bool truncated, has_why;
	unsigned records; /* in the answer section */
};

static uint8_t packet_seen[4096]; /* of the last result */
static size_t packet_seen_len;

static void
on_result(void *arg, int rcode, void *packet, int len, int sec, char *why,
    int was_ratelimited)
{
	struct outcome *outcome = arg;
	const uint8_t *wire = packet;

	(void)was_ratelimited;
	*outcome = (struct outcome){ .came = true,
		.rcode = rcode,
		.security = sec,
		.has_why = why != NULL };
	if (rcode != 0 || len < 12)
		return;
	outcome->inner = wire[3] & 0x0fU;
	outcome->truncated = (wire[2] & 0x02U) != 0;
	outcome->records = wire[6] * 256U + wire[7];
	packet_seen_len = (size_t)len <= sizeof(packet_seen) ? (size_t)len : 0;
	memcpy(packet_seen, wire, packet_seen_len);
}

static int
memory_file(const char *text)
{
	const int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	return fd;
}

/* The file is closed by the time that anything is asked. */
static int
configure(const char *text)
{
	const int fd = memory_file(text);
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = ub_ctx_config(ub, path);
	close(fd);
	return error;
}

#define RECORDS                                                                \
	". 300 IN SOA . . 1 3600 600 86400 60\n. 300 IN NS ns.\n"              \
	"*. 300 IN A 192.0.2.1\n"

/* The root zone is @records. */
static void
serve(const char *records)
{
	char text[256];

	zone_fd = memory_file(records);
	snprintf(text, sizeof(text),
	    "server:\ndisable-dnssec-lame-check: yes\n"
	    "auth-zone:\nname: \".\"\nzonefile: \"/proc/self/fd/%d\"\n"
	    "for-downstream: no\nfor-upstream: yes\nfallback-enabled: no\n",
	    zone_fd);
	ck_assert_int_eq(configure(text), 0);
}

/* A key that does not exist. */
static void
trust(const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), "%s IN DS 4711 8 2 %064d", name, 0);
	ck_assert_int_eq(ub_ctx_add_ta(ub, line), 0);
}

static void
begin(struct outcome *outcome, const char *name)
{
	*outcome = (struct outcome){ .came = false };
	ck_assert_int_eq(
	    ub_resolve_event(ub, name, 1, 1, outcome, on_result, NULL), 0);
}

static struct outcome
ask(const char *name)
{
	struct outcome outcome;

	begin(&outcome, name);
	while (!outcome.came)
		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	return outcome;
}

static long ahead; /* seconds by which libunbound's clock is */

/* Stands before the C library's. */
int
gettimeofday(struct timeval *now, void *zone)
{
	struct timespec at;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &at);
	*now = (struct timeval){ .tv_sec = at.tv_sec + ahead,
		.tv_usec = at.tv_nsec / 1000 };
	return 0;
}

static void
set_up(void)
{
	ahead = 0;
	ck_assert_ptr_nonnull(base = event_base_new());
	ck_assert_ptr_nonnull(ub = ub_ctx_create_event(base));
	ub_ctx_debugout(ub, NULL);
	zone_fd = -1;
}

static void
tear_down(void)
{
	if (ub != NULL)
		ub_ctx_delete(ub);
	event_base_free(base);
	if (zone_fd != -1)
		close(zone_fd);
}

/* All questions go to a socket on loopback, which it returns. */
static int
forward_to_loopback(void)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in at;
	char text[256];

	bind_to_loopback(fd, &at);
	snprintf(text, sizeof(text),
	    "server:\ndo-not-query-localhost: no\n"
	    "forward-zone:\nname: \".\"\nforward-addr: 127.0.0.1@%u\n",
	    ntohs(at.sin_port));
	ck_assert_int_eq(configure(text), 0);
	return fd;
}

/* ---- a libunbound that does not do all of it ---- */

static unsigned contexts_left = UINT_MAX;
static const char *fails_at;   /* a name of the probe */
static bool nothing_validated; /* all is insecure */

/* Stands before libunbound's own. */
struct ub_ctx *
ub_ctx_create_event(struct event_base *of)
{
	void *const found = dlsym(RTLD_NEXT, "ub_ctx_create_event");
	struct ub_ctx *(*theirs)(struct event_base *);

	memcpy(&theirs, &found, sizeof(theirs));
	if (contexts_left == 0)
		return NULL;
	contexts_left--;
	return theirs(of);
}

/* Likewise. */
int
ub_resolve_event(struct ub_ctx *ctx, const char *name, int type, int class,
    void *arg, ub_event_callback_type cb, int *id)
{
	void *const found = dlsym(RTLD_NEXT, "ub_resolve_event");
	int (*theirs)(struct ub_ctx *, const char *, int, int, void *,
	    ub_event_callback_type, int *);
	uint8_t wire[12] = { 0, 0, 0x80, 0x80 };

	memcpy(&theirs, &found, sizeof(theirs));
	if (fails_at != NULL && strcmp(name, fails_at) == 0)
		wire[3] |= 2; /* SERVFAIL */
	else if (!nothing_validated)
		return theirs(ctx, name, type, class, arg, cb, id);
	cb(arg, 0, wire, sizeof(wire), INSECURE, NULL, 0);
	return 0;
}

/* ---- what it validates ---- */

/* The other way to find out: one context, and one anchor, of the root. */
static bool
validates(unsigned algorithm, unsigned digest)
{
	static const int sizes[] = { 32, 20, 32, 32, 48 };
	const int size = sizes[digest < COUNT(sizes) ? digest : 0];
	char line[256];
	struct outcome outcome;

	set_up();
	serve(RECORDS);
	snprintf(line, sizeof(line), ". IN DS 4711 %u %u %0*d", algorithm,
	    digest, 2 * size, 0);
	ck_assert_int_eq(ub_ctx_add_ta(ub, line), 0);
	outcome = ask("a.example.");
	ck_assert_int_eq(outcome.rcode, 0);
	ck_assert(outcome.security == BOGUS || outcome.security == INSECURE);
	tear_down();
	return outcome.security == BOGUS;
}

START_TEST(probe_finds_what_is_validated)
{
	struct unbound_facts facts;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_ptr_nonnull(base = event_base_new());
	ck_assert_int_eq(unbound_facts_probe(base, &facts), 0);
	event_base_free(base);
	for (unsigned algorithm = 0; algorithm < 256; algorithm++)
		for (unsigned digest = 0; digest < 8; digest++) {
			/* What nobody has assigned need not be tried twice. */
			if (algorithm > 20 && digest > 2)
				break;
			ck_assert_msg(
			    unbound_facts_validates(
				&facts, (uint8_t)algorithm, (uint8_t)digest) ==
				validates(algorithm, digest),
			    "algorithm %u digest %u", algorithm, digest);
		}
	/* Every libunbound that can be built has these. */
	ck_assert(unbound_facts_validates(&facts, 8, 2));
	ck_assert(unbound_facts_validates(&facts, 13, 2));
	ck_assert(!unbound_facts_validates(&facts, 200, 2));
	ck_assert(!unbound_facts_validates(&facts, 8, 200));
}
END_TEST

/* No descriptor for anything. */
START_TEST(probe_that_fails_knows_nothing)
{
	struct unbound_facts facts;
	rlim_t before;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_ptr_nonnull(base = event_base_new());
	before = allow_descriptors(0);
	ck_assert_int_eq(unbound_facts_probe(base, &facts), -1);
	allow_descriptors(before);
	for (unsigned i = 0; i < 256; i++)
		ck_assert(unbound_facts_validates(
		    &facts, (uint8_t)i, (uint8_t)(255 - i)));
	event_base_free(base);
}
END_TEST

/* No second context, when the algorithms are known. */
START_TEST(probe_that_ends_early_knows_nothing)
{
	struct unbound_facts facts;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_ptr_nonnull(base = event_base_new());
	contexts_left = 1;
	ck_assert_int_eq(unbound_facts_probe(base, &facts), -1);
	ck_assert_uint_eq(contexts_left, 0);
	for (unsigned i = 0; i < 256; i++)
		ck_assert(unbound_facts_validates(
		    &facts, (uint8_t)i, (uint8_t)(255 - i)));
	event_base_free(base);
}
END_TEST

START_TEST(probe_that_finds_nothing_knows_nothing)
{
	struct unbound_facts facts;

	ck_assert_ptr_nonnull(base = event_base_new());
	nothing_validated = true;
	ck_assert_int_eq(unbound_facts_probe(base, &facts), -1);
	for (unsigned i = 0; i < 256; i++)
		ck_assert(unbound_facts_validates(
		    &facts, (uint8_t)i, (uint8_t)(255 - i)));
	event_base_free(base);
}
END_TEST

/* 200 is none that it knows. */
START_TEST(what_it_fails_at_counts_as_validated)
{
	struct unbound_facts facts;

	ck_assert_ptr_nonnull(base = event_base_new());
	fails_at = "n200.";
	ck_assert_int_eq(unbound_facts_probe(base, &facts), 0);
	ck_assert(unbound_facts_validates(&facts, 200, 200));
	ck_assert(!unbound_facts_validates(&facts, 201, 2));
	ck_assert(!unbound_facts_validates(&facts, 8, 201));
	event_base_free(base);
}
END_TEST

START_TEST(what_is_not_known_counts_as_validated)
{
	const struct unbound_facts facts = { .no_digest = { [3] = true },
		.no_algorithm = { [12] = true } };

	ck_assert(unbound_facts_validates(&facts, 200, 200));
	ck_assert(!unbound_facts_validates(&facts, 12, 200));
	ck_assert(!unbound_facts_validates(&facts, 200, 3));
}
END_TEST

/* ---- results ---- */

/* Says SERVFAIL to all. */
static void
on_question(evutil_socket_t fd, short what, void *arg)
{
	uint8_t wire[512];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	const ssize_t len = recvfrom(
	    fd, wire, sizeof(wire), 0, (struct sockaddr *)&from, &from_len);

	(void)what;
	(void)arg;
	if (len < 12)
		return;
	wire[2] |= 0x80;
	wire[3] = 2;
	sendto(fd, wire, (size_t)len, 0, (struct sockaddr *)&from, from_len);
}

START_TEST(failure_from_the_cache_hides_in_the_packet)
{
	const int fd = forward_to_loopback();
	struct event *server =
	    event_new(base, fd, EV_READ | EV_PERSIST, on_question, NULL);
	struct outcome outcome;

	event_add(server, NULL);
	outcome = ask("a.example.");
	ck_assert_int_eq(outcome.rcode, 2);
	outcome = ask("a.example.");
	ck_assert_int_eq(outcome.rcode, 0);
	ck_assert_uint_eq(outcome.inner, 2);
	ck_assert_int_ne(outcome.security, 2);
	event_free(server);
	close(fd);
}
END_TEST

START_TEST(bogus_comes_with_data_and_reason)
{
	struct outcome outcome;

	ck_assert_int_eq(ub_ctx_set_option(ub, "val-log-level:", "2"), 0);
	serve(RECORDS);
	trust("signed.");
	outcome = ask("signed.");
	ck_assert_int_eq(outcome.rcode, 0);
	ck_assert_int_eq(outcome.security, BOGUS);
	ck_assert_uint_eq(outcome.inner, 0);
	ck_assert_uint_eq(outcome.records, 1);
	ck_assert(outcome.has_why);
}
END_TEST

START_TEST(cached_answer_comes_inside_the_question)
{
	struct outcome outcome;

	serve(RECORDS);
	ask("a.example.");
	begin(&outcome, "a.example.");
	ck_assert(outcome.came);
	ck_assert_int_eq(outcome.rcode, 0);
}
END_TEST

START_TEST(no_anchor_makes_everything_insecure)
{
	const int fd = memory_file("; none\n");
	char path[64];
	struct outcome outcome;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(ub_ctx_add_ta_file(ub, path), 0);
	serve(RECORDS);
	outcome = ask("a.example.");
	ck_assert_int_eq(outcome.security, INSECURE);
	ck_assert_uint_eq(outcome.inner, 0);
	ck_assert_uint_eq(outcome.records, 1);
	close(fd);
}
END_TEST

/* 64 KiB of addresses and 4 KiB more. */
START_TEST(answer_that_is_too_large_is_empty)
{
	const size_t size = 200000;
	char *text = malloc(size);
	size_t len = (size_t)snprintf(text, size, RECORDS);
	struct outcome outcome;

	for (unsigned i = 0; i < 4400; i++)
		len += (size_t)snprintf(text + len, size - len,
		    "large. 300 IN A 10.0.%u.%u\n", i / 256, i % 256);
	ck_assert_uint_lt(len, size);
	serve(text);
	free(text);
	outcome = ask("large.");
	ck_assert_int_eq(outcome.rcode, 0);
	ck_assert_int_eq(outcome.security, INSECURE);
	ck_assert_uint_eq(outcome.inner, 0);
	ck_assert(outcome.truncated);
	ck_assert_uint_eq(outcome.records, 0);
}
END_TEST

START_TEST(insecure_zone_is_insecure_below)
{
	struct outcome outcome;

	serve(RECORDS);
	trust(".");
	ck_assert_int_eq(configure("server:\ndomain-insecure: \"corp\"\n"), 0);
	outcome = ask("a.b.corp.");
	ck_assert_int_eq(outcome.security, INSECURE);
	outcome = ask("corp.");
	ck_assert_int_eq(outcome.security, INSECURE);
	outcome = ask("xcorp.");
	ck_assert_int_eq(outcome.security, BOGUS);
}
END_TEST

/* ---- what it keeps ---- */

/* A server on loopback with unsigned addresses, and without any key. */
struct keyless {
	struct event *event;
	unsigned rcode;
	unsigned questions, keys; /* that it was asked for */
};

#define TYPE_DNSKEY 48

static void
answer_without_keys(evutil_socket_t fd, short what, void *arg)
{
	struct keyless *server = arg;
	uint8_t wire[2048], *out = NULL;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	const ssize_t len = recvfrom(
	    fd, wire, sizeof(wire), 0, (struct sockaddr *)&from, &from_len);
	ldns_pkt *query = NULL;
	const ldns_rr *question;
	size_t size = 0;

	(void)what;
	if (len < 0 || ldns_wire2pkt(&query, wire, (size_t)len) != 0)
		return;
	question = ldns_rr_list_rr(ldns_pkt_question(query), 0);
	ldns_pkt_set_qr(query, true);
	ldns_pkt_set_ra(query, true);
	server->questions++;
	if (ldns_rr_get_type(question) == LDNS_RR_TYPE_DNSKEY) {
		server->keys++;
		ldns_pkt_set_rcode(query, LDNS_RCODE_SERVFAIL);
	} else {
		char *name = ldns_rdf2str(ldns_rr_owner(question));
		char line[300];

		snprintf(line, sizeof(line), "%s 300 IN A 192.0.2.1", name);
		message_push(query, LDNS_SECTION_ANSWER, line);
		ldns_pkt_set_rcode(query, (uint8_t)server->rcode);
		free(name);
	}
	if (ldns_pkt2wire(&out, query, &size) == LDNS_STATUS_OK)
		sendto(fd, out, size, 0, (struct sockaddr *)&from, from_len);
	free(out);
	ldns_pkt_free(query);
}

static void
start_keyless(struct keyless *server, int fd)
{
	server->event = event_new(
	    base, fd, EV_READ | EV_PERSIST, answer_without_keys, server);
	event_add(server->event, NULL);
}

START_TEST(missing_key_is_kept_for_a_minute)
{
	const int fd = forward_to_loopback();
	struct keyless server = { 0 };
	struct outcome outcome;
	unsigned keys;

	start_keyless(&server, fd);
	trust("signed.");
	outcome = ask("a.signed.");
	ck_assert_int_eq(outcome.security, BOGUS);
	keys = server.keys;
	ck_assert_uint_gt(keys, 0);
	ahead = 55;
	outcome = ask("b.signed.");
	ck_assert_int_eq(outcome.security, BOGUS);
	ck_assert_uint_eq(server.keys, keys);
	ahead = 65;
	outcome = ask("c.signed.");
	ck_assert_int_eq(outcome.security, BOGUS);
	ck_assert_uint_gt(server.keys, keys);
	event_free(server.event);
	close(fd);
}
END_TEST

/* There is no key by which it could be anything but bogus.  Or it is a failure,
 * as with 1.26. */
START_TEST(false_yxdomain_is_kept_unvalidated)
{
	const int fd = forward_to_loopback();
	struct keyless server = { .rcode = LDNS_RCODE_YXDOMAIN };
	struct outcome outcome;
	unsigned questions;

	start_keyless(&server, fd);
	trust(".");
	outcome = ask("a.signed.");
	if (outcome.rcode != LDNS_RCODE_SERVFAIL) {
		ck_assert_int_eq(outcome.rcode, 0);
		ck_assert_uint_eq(outcome.inner, LDNS_RCODE_YXDOMAIN);
		ck_assert_int_eq(outcome.security, INSECURE);
		questions = server.questions;
		begin(&outcome, "a.signed.");
		ck_assert(outcome.came);
		ck_assert_uint_eq(outcome.inner, LDNS_RCODE_YXDOMAIN);
		ck_assert_uint_eq(server.questions, questions);
	}
	event_free(server.event);
	close(fd);
}
END_TEST

/* ---- signatures ---- */

struct signer {
	ldns_key_list *keys;
	char text[65536]; /* the root zone */
	size_t len;
};

static void
put(struct signer *signer, const ldns_rr *rr)
{
	char *line = ldns_rr2str(rr);

	ck_assert_uint_lt(signer->len + strlen(line), sizeof(signer->text));
	strcpy(signer->text + signer->len, line);
	signer->len += strlen(line);
	free(line);
}

/* Signatures end so many seconds from now. */
static void
set_end(const struct signer *signer, long seconds)
{
	ldns_key_set_expiration(ldns_key_list_key(signer->keys, 0),
	    (uint32_t)(time(NULL) + seconds));
}

static void
put_line(struct signer *signer, const char *line)
{
	ldns_rr *rr = message_record(line);

	put(signer, rr);
	ldns_rr_free(rr);
}

/* Of the record @line, behind @junk signatures that are none. */
static void
put_signature(struct signer *signer, const char *line, unsigned junk)
{
	ldns_rr_list *rrset = ldns_rr_list_new(), *signatures;
	ldns_rr *signature;

	ldns_rr_list_push_rr(rrset, message_record(line));
	signatures = ldns_sign_public(rrset, signer->keys);
	ck_assert_ptr_nonnull(signatures);
	signature = ldns_rr_list_rr(signatures, 0);
	for (unsigned i = 0; i < junk; i++) {
		const uint8_t none[64] = { [63] = (uint8_t)i };
		ldns_rr *other = ldns_rr_clone(signature);

		ldns_rdf_deep_free(ldns_rr_set_rdf(other,
		    ldns_rdf_new_frm_data(
			LDNS_RDF_TYPE_B64, sizeof(none), none),
		    8));
		put(signer, other);
		ldns_rr_free(other);
	}
	put(signer, signature);
	ldns_rr_list_deep_free(signatures);
	ldns_rr_list_deep_free(rrset);
}

static void
put_signed(struct signer *signer, const char *line)
{
	put_line(signer, line);
	put_signature(signer, line, 0);
}

static void
start_signer(struct signer *signer)
{
	ldns_key *key =
	    ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
	ldns_rr *dnskey, *ds;
	char *line;

	ck_assert_ptr_nonnull(key);
	ldns_key_set_flags(key, 257);
	ldns_key_set_pubkey_owner(key, ldns_dname_new_frm_str("."));
	ldns_key_set_inception(key, (uint32_t)(time(NULL) - 86400));
	dnskey = ldns_key2rr(key);
	ck_assert_ptr_nonnull(dnskey);
	ldns_key_set_keytag(key, ldns_calc_keytag(dnskey));
	signer->len = 0;
	signer->keys = ldns_key_list_new();
	ldns_key_list_push_key(signer->keys, key);
	set_end(signer, 86400);
	ds = ldns_key_rr2ds(dnskey, LDNS_SHA256);
	line = ldns_rr2str(ds);
	ck_assert_int_eq(ub_ctx_add_ta(ub, line), 0);
	free(line);
	ldns_rr_free(ds);
	put_signed(signer, ". 300 IN SOA . . 1 3600 600 86400 60");
	put_signed(signer, ". 300 IN NS ns.");
	line = ldns_rr2str(dnskey);
	put_signed(signer, line);
	free(line);
	ldns_rr_free(dnskey);
}

static void
serve_signed(struct signer *signer)
{
	ldns_key_list_free(signer->keys);
	serve(signer->text);
}

static const struct {
	unsigned junk;
	int security;
} tries[] = { { 0, SECURE }, { 7, SECURE }, { 9, BOGUS }, { 60, BOGUS } };

START_TEST(few_signatures_are_tried)
{
	static const char line[] = "a. 3600 IN A 192.0.2.1";
	static struct signer signer;
	struct outcome outcome;

	start_signer(&signer);
	put_line(&signer, line);
	put_signature(&signer, line, tries[_i].junk);
	serve_signed(&signer);
	outcome = ask("a.");
	ck_assert_int_eq(outcome.security, tries[_i].security);
	ck_assert_uint_eq(outcome.records, 2 + tries[_i].junk);
}
END_TEST

/* Signatures have ended, and clocks may differ by three times as much. */
START_TEST(end_is_looked_at_once)
{
	static struct signer signer;
	struct outcome outcome;

	ck_assert_int_eq(ub_ctx_set_option(ub, "val-sig-skew-min:", "300"), 0);
	ck_assert_int_eq(ub_ctx_set_option(ub, "val-sig-skew-max:", "300"), 0);
	start_signer(&signer);
	set_end(&signer, -100);
	put_signed(&signer, "a. 3600 IN A 192.0.2.1");
	put_signed(&signer, "b. 3600 IN A 192.0.2.1");
	serve_signed(&signer);
	outcome = ask("a.");
	ck_assert_int_eq(outcome.security, SECURE);
	ahead = 1000;
	outcome = ask("a.");
	ck_assert_int_eq(outcome.security, SECURE);
	outcome = ask("b.");
	ck_assert_int_eq(outcome.security, BOGUS);
}
END_TEST

/* Each RRset has one that ended long ago, and they come one RRset after the
 * other.  Only together they say that neither has such alone. */
START_TEST(signatures_of_a_set_stand_together)
{
	static const char *const lines[] = { "x.a. 3600 IN CNAME y.a.",
		"y.a. 3600 IN A 192.0.2.1" };
	static const long ends[] = { -864000, 86400 };
	static struct signer signer;
	const uint32_t now = (uint32_t)time(NULL);
	struct outcome outcome;

	start_signer(&signer);
	for (size_t i = 0; i < COUNT(lines); i++)
		put_line(&signer, lines[i]);
	for (size_t k = 0; k < COUNT(ends); k++) {
		set_end(&signer, ends[k]);
		for (size_t i = 0; i < COUNT(lines); i++)
			put_signature(&signer, lines[i], 0);
	}
	serve_signed(&signer);
	outcome = ask("x.a.");
	ck_assert_int_eq(outcome.security, SECURE);
	ck_assert_uint_eq(outcome.records, 6);
	ck_assert_ptr_nonnull(unbound_answer_flaw(
	    packet_seen, packet_seen_len, 1, DNS_SECURE, false, now));
	ck_assert_ptr_null(unbound_answer_flaw(
	    packet_seen, packet_seen_len, 1, DNS_SECURE, true, now));
}
END_TEST

/* ---- what hangs ---- */

static unsigned
questions_at(int fd)
{
	unsigned count = 0;
	uint8_t wire[512];

	while (recv(fd, wire, sizeof(wire), 0) > 0)
		count++;
	return count;
}

START_TEST(delete_calls_back_for_all)
{
	struct outcome outcomes[20];
	const int fd = forward_to_loopback();

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		char name[32];

		snprintf(name, sizeof(name), "a%zu.example.", i);
		begin(&outcomes[i], name);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	for (size_t i = 0; i < COUNT(outcomes); i++)
		ck_assert(!outcomes[i].came);
	ub_ctx_delete(ub);
	ub = NULL;
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		ck_assert(outcomes[i].came);
		ck_assert_int_ne(outcomes[i].rcode, 0);
	}
	close(fd);
}
END_TEST

START_TEST(twins_are_one_question)
{
	struct outcome outcome, twin;
	const int fd = forward_to_loopback();

	begin(&outcome, "a.example.");
	begin(&twin, "a.example.");
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(questions_at(fd), 1);
	ck_assert(!outcome.came && !twin.came);
	ub_ctx_delete(ub);
	ub = NULL;
	ck_assert(outcome.came && twin.came);
	close(fd);
}
END_TEST

/* ---- what it answers by itself ---- */

#define NAMES_MAX 1024

/* At once, and without a question to anybody. */
static bool
is_answered(const char *name, int fd)
{
	/* What is not answered hangs until the end. */
	static struct outcome outcomes[NAMES_MAX];
	static size_t count;
	struct outcome *outcome = &outcomes[count++];

	ck_assert_uint_le(count, NAMES_MAX);
	questions_at(fd);
	begin(outcome, name);
	if (!outcome->came)
		return false;
	ck_assert_uint_eq(questions_at(fd), 0);
	ck_assert_int_eq(outcome->rcode, 0);
	ck_assert_int_eq(outcome->security, INSECURE);
	ck_assert(outcome->inner == 0 || outcome->inner == 3);
	return true;
}

/* Each name for which libunbound and zones_built_in() could differ: those of
 * the table and their neighbours. */
START_TEST(built_in_zones_are_answered)
{
	static const char *const names[] = { "localhost", "x.localhost", "test",
		"x.test", "invalid", "x.onion", "onion", "home.arpa",
		"x.home.arpa", "arpa", "x.arpa", "in-addr.arpa", "example",
		"x.example", "local", "x.local", "internal", "x.internal",
		"alt", "x.alt", "corp", "lan", "168.192.in-addr.arpa",
		"192.in-addr.arpa", "254.169.in-addr.arpa", "169.in-addr.arpa",
		"2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa",
		"113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa",
		"255.in-addr.arpa", "d.f.ip6.arpa", "c.f.ip6.arpa",
		"8.e.f.ip6.arpa", "7.e.f.ip6.arpa", "9.e.f.ip6.arpa",
		"a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "c.e.f.ip6.arpa",
		"8.b.d.0.1.0.0.2.ip6.arpa", "1.0.0.2.ip6.arpa", "ip6.arpa",
		"64.100.in-addr.arpa", "127.100.in-addr.arpa", "example.com" };
	const struct conf conf = { .zone_count = 0 };
	const int fd = forward_to_loopback();
	char name[128];

	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_msg(is_answered(names[i], fd) ==
				  (zones_built_in(&conf, names[i]) != NULL),
		    "%s", names[i]);
	for (unsigned net = 0; net < 256; net++) {
		snprintf(name, sizeof(name), "1.%u.in-addr.arpa", net);
		ck_assert_msg(is_answered(name, fd) ==
				  (zones_built_in(&conf, name) != NULL),
		    "%s", name);
		snprintf(name, sizeof(name), "1.%u.100.in-addr.arpa", net);
		ck_assert_msg(is_answered(name, fd) ==
				  (zones_built_in(&conf, name) != NULL),
		    "%s", name);
		snprintf(name, sizeof(name), "1.%u.172.in-addr.arpa", net);
		ck_assert_msg(is_answered(name, fd) ==
				  (zones_built_in(&conf, name) != NULL),
		    "%s", name);
	}
	close(fd);
}
END_TEST

/* ---- options ---- */

/* configure() has closed it by the time that something is asked. */
START_TEST(configuration_may_be_in_memory)
{
	struct outcome outcome;

	ck_assert_int_eq(configure("server:\nlocal-zone: \"x.\" static\n"), 0);
	outcome = ask("a.x.");
	ck_assert_int_eq(outcome.rcode, 0);
	ck_assert_uint_eq(outcome.inner, 3);
}
END_TEST

START_TEST(options_exist)
{
	static const struct {
		const char *name, *value;
	} options[] = {
		{ "outgoing-range:", "4096" },
		{ "num-queries-per-thread:", "4096" },
		{ "outgoing-num-tcp:", "64" },
		{ "infra-cache-max-rtt:", "13000" },
		{ "infra-keep-probing:", "yes" },
		{ "infra-host-ttl:", "60" },
		{ "qname-minimisation:", "no" },
		{ "aggressive-nsec:", "no" },
		{ "val-bogus-ttl:", "5" },
		{ "val-log-level:", "2" },
		{ "val-nsec3-keysize-iterations:",
		    PROOF_JUDGE_NSEC3_ITERATIONS },
		{ "val-sig-skew-min:", "300" },
		{ "val-sig-skew-max:", "3600" },
		{ "do-not-query-localhost:", "yes" },
		{ "do-not-query-address:", "169.254.0.0/16" },
		{ "do-not-query-address:", "::ffff:0:0/96" },
		{ "del-holddown:", "2000000000" },
	};

	for (size_t i = 0; i < COUNT(options); i++)
		ck_assert_msg(ub_ctx_set_option(
				  ub, options[i].name, options[i].value) == 0,
		    "%s", options[i].name);
}
END_TEST

/* So whoever wants it left alone must say so. */
START_TEST(localhost_is_asked_by_default)
{
	char *value = NULL;

	ck_assert_int_eq(
	    ub_ctx_get_option(ub, "do-not-query-localhost", &value), 0);
	ck_assert_str_eq(value, "no");
	free(value);
}
END_TEST

TEST_MAIN("library")
{
	TCase *facts = add_case(suite, "facts");
	TCase *tc = add_case(suite, "library");

	tcase_add_test(facts, probe_finds_what_is_validated);
	tcase_add_test(facts, probe_that_fails_knows_nothing);
	tcase_add_test(facts, probe_that_ends_early_knows_nothing);
	tcase_add_test(facts, probe_that_finds_nothing_knows_nothing);
	tcase_add_test(facts, what_it_fails_at_counts_as_validated);
	tcase_add_test(facts, what_is_not_known_counts_as_validated);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, failure_from_the_cache_hides_in_the_packet);
	tcase_add_test(tc, bogus_comes_with_data_and_reason);
	tcase_add_test(tc, cached_answer_comes_inside_the_question);
	tcase_add_test(tc, no_anchor_makes_everything_insecure);
	tcase_add_test(tc, answer_that_is_too_large_is_empty);
	tcase_add_test(tc, insecure_zone_is_insecure_below);
	tcase_add_test(tc, missing_key_is_kept_for_a_minute);
	tcase_add_test(tc, false_yxdomain_is_kept_unvalidated);
	add_rows(tc, few_signatures_are_tried, tries);
	tcase_add_test(tc, end_is_looked_at_once);
	tcase_add_test(tc, signatures_of_a_set_stand_together);
	tcase_add_test(tc, delete_calls_back_for_all);
	tcase_add_test(tc, twins_are_one_question);
	tcase_add_test(tc, built_in_zones_are_answered);
	tcase_add_test(tc, configuration_may_be_in_memory);
	tcase_add_test(tc, options_exist);
	tcase_add_test(tc, localhost_is_asked_by_default);
}
