/*
 * What we assume of libunbound, held against the one that is loaded: each test
 * is a line of include/dns/library.h.  It serves itself a root zone from a
 * file, and asks a server on loopback that never answers; nothing else is
 * there to be asked.
 */

#include "dns/library.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unbound.h>
#include <unistd.h>

#include <unbound-event.h>

#include "base/conf.h"
#include "base/domain.h"
#include "dns/insecurity.h"
#include "dns/zones.h"

#include "sockets.h"
#include "test_main.h"

#define INSECURE 0
#define BOGUS 1

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

static void
set_up(void)
{
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
	struct library_facts facts;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_ptr_nonnull(base = event_base_new());
	ck_assert_int_eq(library_probe(base, &facts), 0);
	event_base_free(base);
	for (unsigned algorithm = 0; algorithm < 256; algorithm++)
		for (unsigned digest = 0; digest < 8; digest++) {
			/* What nobody has assigned need not be tried twice. */
			if (algorithm > 20 && digest > 2)
				break;
			ck_assert_msg(
			    library_validates(
				&facts, (uint8_t)algorithm, (uint8_t)digest) ==
				validates(algorithm, digest),
			    "algorithm %u digest %u", algorithm, digest);
		}
	/* Every libunbound that can be built has these. */
	ck_assert(library_validates(&facts, 8, 2));
	ck_assert(library_validates(&facts, 13, 2));
	ck_assert(!library_validates(&facts, 200, 2));
	ck_assert(!library_validates(&facts, 8, 200));
}
END_TEST

/* No descriptor for anything. */
START_TEST(probe_that_fails_knows_nothing)
{
	struct library_facts facts;
	rlim_t before;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_ptr_nonnull(base = event_base_new());
	before = allow_descriptors(0);
	ck_assert_int_eq(library_probe(base, &facts), -1);
	allow_descriptors(before);
	for (unsigned i = 0; i < 256; i++)
		ck_assert(
		    library_validates(&facts, (uint8_t)i, (uint8_t)(255 - i)));
	event_base_free(base);
}
END_TEST

/* No second context, when the algorithms are known. */
START_TEST(probe_that_ends_early_knows_nothing)
{
	struct library_facts facts;

	memset(&facts, 0xff, sizeof(facts));
	ck_assert_ptr_nonnull(base = event_base_new());
	contexts_left = 1;
	ck_assert_int_eq(library_probe(base, &facts), -1);
	ck_assert_uint_eq(contexts_left, 0);
	for (unsigned i = 0; i < 256; i++)
		ck_assert(
		    library_validates(&facts, (uint8_t)i, (uint8_t)(255 - i)));
	event_base_free(base);
}
END_TEST

START_TEST(probe_that_finds_nothing_knows_nothing)
{
	struct library_facts facts;

	ck_assert_ptr_nonnull(base = event_base_new());
	nothing_validated = true;
	ck_assert_int_eq(library_probe(base, &facts), -1);
	for (unsigned i = 0; i < 256; i++)
		ck_assert(
		    library_validates(&facts, (uint8_t)i, (uint8_t)(255 - i)));
	event_base_free(base);
}
END_TEST

/* 200 is none that it knows. */
START_TEST(what_it_fails_at_counts_as_validated)
{
	struct library_facts facts;

	ck_assert_ptr_nonnull(base = event_base_new());
	fails_at = "n200.";
	ck_assert_int_eq(library_probe(base, &facts), 0);
	ck_assert(library_validates(&facts, 200, 200));
	ck_assert(!library_validates(&facts, 201, 2));
	ck_assert(!library_validates(&facts, 8, 201));
	event_base_free(base);
}
END_TEST

START_TEST(what_is_not_known_counts_as_validated)
{
	const struct library_facts facts = { .no_digest = { [3] = true },
		.no_algorithm = { [12] = true } };

	ck_assert(library_validates(&facts, 200, 200));
	ck_assert(!library_validates(&facts, 12, 200));
	ck_assert(!library_validates(&facts, 200, 3));
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
		    INSECURITY_NSEC3_ITERATIONS },
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
	tcase_add_test(tc, delete_calls_back_for_all);
	tcase_add_test(tc, twins_are_one_question);
	tcase_add_test(tc, built_in_zones_are_answered);
	tcase_add_test(tc, configuration_may_be_in_memory);
	tcase_add_test(tc, options_exist);
	tcase_add_test(tc, localhost_is_asked_by_default);
}
