/* What may be set of libunbound's options; libunbound itself is asked too. */

#include <stdio.h>
#include <string.h>

#include <unbound.h>

#include "base/unbound_option.h"

#include "test_main.h"

/* One value for each option that may be set. */
static const char *const samples[] = {
	"delay-close: 0",
	"do-ip4: yes",
	"do-ip6: no",
	"do-not-query-address: 192.0.2.0/24",
	"do-not-query-localhost: no",
	"do-tcp: yes",
	"do-udp: yes",
	"edns-buffer-size: 1232",
	"ip-dscp: 63",
	"max-reuse-tcp-queries: 200",
	"outgoing-interface: 2001:db8::1",
	"outgoing-num-tcp: 64",
	"outgoing-port-avoid: 5353",
	"outgoing-port-permit: 1024-65535",
	"outgoing-range: 4096",
	"outgoing-tcp-mss: 1220",
	"prefer-ip4: yes",
	"prefer-ip6: no",
	"so-rcvbuf: 4m",
	"so-sndbuf: 0",
	"tcp-auth-query-timeout: 3000",
	"tcp-reuse-timeout: 60000",
	"tcp-upstream: no",
	"udp-connect: yes",
	"udp-upstream-without-downstream: no",
	"use-caps-for-id: no",
	"infra-cache-max-rtt: 13000",
	"infra-cache-min-rtt: 50",
	"infra-cache-numhosts: 10000",
	"infra-cache-slabs: 4",
	"infra-host-ttl: 60",
	"infra-keep-probing: yes",
	"jostle-timeout: 200",
	"max-query-restarts: 11",
	"max-sent-count: 32",
	"num-queries-per-thread: 4096",
	"outbound-msg-retry: 5",
	"target-fetch-policy: 3 2 1 0 -1",
	"cache-max-negative-ttl: 60",
	"cache-max-ttl: 3600",
	"key-cache-size: 4m",
	"key-cache-slabs: 1",
	"msg-cache-size: 16m",
	"msg-cache-slabs: 4",
	"neg-cache-size: 1M",
	"prefetch: yes",
	"prefetch-key: yes",
	"rrset-cache-size: 1G",
	"rrset-cache-slabs: 4",
	"disable-dnssec-lame-check: no",
	"harden-algo-downgrade: yes",
	"harden-referral-path: no",
};

START_TEST(every_option_has_a_sample)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		const char *name = unbound_option_name(i);

		ck_assert_msg(name != NULL &&
				  strlen(name) == strcspn(samples[i], ":") &&
				  strncmp(samples[i], name, strlen(name)) == 0,
		    "%s: not the option number %zu", samples[i], i);
	}
	ck_assert_ptr_null(unbound_option_name(COUNT(samples)));
}
END_TEST

START_TEST(libunbound_takes_what_is_allowed)
{
	const char *sample = samples[_i];
	const size_t len = strcspn(sample, ":");
	char out[UNBOUND_OPTION_MAX], name[64];
	struct ub_ctx *ctx = ub_ctx_create();

	ck_assert_msg(
	    unbound_option_read(sample, out) == 0, "%s: %s", sample, out);
	ck_assert_str_eq(out, sample);
	snprintf(name, sizeof(name), "%.*s:", (int)len, sample);
	ck_assert_ptr_nonnull(ctx);
	ck_assert_msg(ub_ctx_set_option(ctx, name, sample + len + 2) == 0,
	    "libunbound refuses %s", sample);
	ub_ctx_delete(ctx);
}
END_TEST

static const struct {
	const char *line, *expected;
} spellings[] = {
	{ "outgoing-range: 4096", "outgoing-range: 4096" },
	{ "outgoing-range 4096", "outgoing-range: 4096" },
	{ "outgoing-range:4096", "outgoing-range: 4096" },
	{ "\t outgoing-range  :\t 4096 \t", "outgoing-range: 4096" },
	{ "outgoing-interface 2001:db8::1", "outgoing-interface: 2001:db8::1" },
	{ "target-fetch-policy: 0 0", "target-fetch-policy: 0 0" },
};

START_TEST(it_may_be_written_in_many_ways)
{
	char out[UNBOUND_OPTION_MAX];

	ck_assert_msg(unbound_option_read(spellings[_i].line, out) == 0,
	    "%s: %s", spellings[_i].line, out);
	ck_assert_str_eq(out, spellings[_i].expected);
}
END_TEST

static const struct {
	const char *line, *why;
} refusals[] = {
	/* validation would be void */
	{ "module-config: \"iterator\"",
	    "refused: answers would no longer be validated" },
	{ "val-permissive-mode: yes",
	    "refused: bogus answers would be believed" },
	{ "val-override-date: -1",
	    "refused: expired signatures would be believed" },
	{ "val-sig-skew-min: 3600",
	    "refused: expired signatures would be believed" },
	{ "val-sig-skew-max: 999999999",
	    "refused: expired signatures would be believed" },
	{ "val-clean-additional: no",
	    "refused: unvalidated records would be believed" },
	{ "val-nsec3-keysize-iterations: 1024 0",
	    "refused: denials would be easier to forge" },
	{ "val-bogus-ttl: 60",
	    "refused: a failure is remembered for seconds only" },
	{ "harden-dnssec-stripped: no",
	    "refused: answers without their signatures would be believed" },
	{ "disable-edns-do: yes",
	    "refused: answers would no longer be validated" },
	{ "ignore-cd-flag: yes",
	    "refused: answers would no longer be validated" },
	{ "domain-insecure: com",
	    "refused: use a zone block with insecure = yes" },
	{ "insecure-lan-zones: yes",
	    "refused: use a zone block with insecure = yes" },
	{ "trust-anchor: . IN DS 1 8 2 00",
	    "refused: use the option trust-anchor" },
	{ "trust-anchor-file: /x", "refused: use the option trust-anchor" },
	{ "auto-trust-anchor-file: /x",
	    "refused: use the option trust-anchor" },
	{ "trusted-keys-file: /x", "refused: use the option trust-anchor" },
	{ "python-script: /x", "refused: foreign code could void validation" },
	{ "dynlib-file: /x", "refused: foreign code could void validation" },
	{ "aggressive-nsec: yes",
	    "refused: a server that lies in NSEC would hide TLSA" },
	/* answers would be forged, stale, or made up */
	{ "harden-glue: no", "refused: answers would be easier to forge" },
	{ "iter-scrub-promiscuous: no",
	    "refused: answers would be easier to forge" },
	{ "serve-expired: yes",
	    "refused: records would be believed after their end" },
	{ "serve-expired-client-timeout: 1800",
	    "refused: records would be believed after their end" },
	{ "cache-min-ttl: 3600",
	    "refused: records would be believed after their end" },
	{ "serve-original-ttl: yes",
	    "refused: records would be believed after their end" },
	{ "local-zone: \"test.\" nodefault",
	    "refused: libunbound would make up answers" },
	{ "local-data: \"a. A 192.0.2.1\"",
	    "refused: libunbound would make up answers" },
	{ "minimal-responses: yes",
	    "refused: answers would lose records, and the proofs in them" },
	{ "private-address: 10.0.0.0/8",
	    "refused: answers would lose records, and the proofs in them" },
	/* there is another place for it */
	{ "root-hints: /x", "refused: use the option root-hints" },
	{ "forward-zone: x", "refused: use a zone block" },
	{ "forward-addr: 192.0.2.1", "refused: use a zone block" },
	{ "stub-zone: x", "refused: use a zone block" },
	{ "verbosity: 4", "refused: use the option log-level" },
	{ "logfile: /x", "refused: use the option log-level" },
	/* the daemon would end */
	{ "unwanted-reply-threshold: 1000",
	    "refused: libunbound would end the daemon when it is reached" },
	/* unknown */
	{ "outgoing-rang: 4096",
	    "no option of libunbound that can be set here; did you mean "
	    "outgoing-range?" },
	{ "Outgoing-Range: 4096",
	    "no option of libunbound that can be set here; did you mean "
	    "outgoing-range?" },
	{ "interface: 0.0.0.0",
	    "no option of libunbound that can be set here" },
	{ "trust-anchor-signaling: yes",
	    "no option of libunbound that can be set here" },
	/* no option at all */
	{ "", "must have the form name: value" },
	{ " ", "must have the form name: value" },
	{ "outgoing-range", "must have the form name: value" },
	{ "outgoing-range:", "must have the form name: value" },
	{ "outgoing-range:  \t", "must have the form name: value" },
	{ ": 4096", "must have the form name: value" },
	/* values that libunbound would take wrongly, or fail with later */
	{ "do-ip6: maybe", "the value must be yes or no" },
	{ "do-ip6: No", "the value must be yes or no" },
	{ "outgoing-range: 4k", "the value must be a number from 16 to 65535" },
	{ "outgoing-range: 0", "the value must be a number from 16 to 65535" },
	{ "outgoing-range: -1", "the value must be a number from 16 to 65535" },
	{ "outgoing-range: 99999999999",
	    "the value must be a number from 16 to 65535" },
	{ "edns-buffer-size: 12",
	    "the value must be a number from 512 to 4096" },
	{ "msg-cache-size: m", "the value must be a size like 4m" },
	{ "msg-cache-size: 4mb", "the value must be a size like 4m" },
	{ "msg-cache-slabs: 3", "the value must be a power of two" },
	{ "msg-cache-slabs: 0", "the value must be a power of two" },
	{ "outgoing-interface: eth0", "the value must be an address" },
	{ "outgoing-interface: 192.0.2.1/32", "the value must be an address" },
	{ "do-not-query-address: 192.0.2.0/33",
	    "the value must be an address or a prefix" },
	{ "do-not-query-address: 192.0.2.0/",
	    "the value must be an address or a prefix" },
	{ "outgoing-port-avoid: 5-4",
	    "the value must be a port or a range like 1024-65535" },
	{ "outgoing-port-avoid: 0-65536",
	    "the value must be a port or a range like 1024-65535" },
	{ "target-fetch-policy: 3 2 x",
	    "the value must be numbers like 3 2 1 0 0" },
	{ "target-fetch-policy: -",
	    "the value must be numbers like 3 2 1 0 0" },
	{ "target-fetch-policy: 1 1 1 1 1 1 1 1 1 1 1",
	    "the value must be numbers like 3 2 1 0 0" },
};

START_TEST(what_is_refused_is_refused_with_a_reason)
{
	char out[UNBOUND_OPTION_MAX] = "";

	ck_assert_msg(unbound_option_read(refusals[_i].line, out) == -1,
	    "%s: accepted", refusals[_i].line);
	ck_assert_msg(strcmp(out, refusals[_i].why) == 0, "%s: %s",
	    refusals[_i].line, out);
}
END_TEST

START_TEST(long_lines_are_refused)
{
	char line[4096], out[UNBOUND_OPTION_MAX];

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	ck_assert_int_eq(unbound_option_read(line, out), -1);
	line[2000] = ':';
	ck_assert_int_eq(unbound_option_read(line, out), -1);
	memcpy(line, "outgoing-interface: ", 20);
	ck_assert_int_eq(unbound_option_read(line, out), -1);
	memcpy(line, "do-not-query-address: ", 22);
	ck_assert_int_eq(unbound_option_read(line, out), -1);
	line[22 + 60] = '\0';
	ck_assert_int_eq(unbound_option_read(line, out), -1);
}
END_TEST

TEST_MAIN("unbound_option")
{
	TCase *tc = add_case(suite, "all");

	tcase_add_test(tc, every_option_has_a_sample);
	add_rows(tc, libunbound_takes_what_is_allowed, samples);
	add_rows(tc, it_may_be_written_in_many_ways, spellings);
	add_rows(tc, what_is_refused_is_refused_with_a_reason, refusals);
	tcase_add_test(tc, long_lines_are_refused);
}
