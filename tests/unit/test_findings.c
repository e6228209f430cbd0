/*
 * From answers to words: a table of what one server answered, and what is to
 * be said of it.  And that nothing is said of a server that is well.
 */

#include "command/diagnose/diagnose_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/answer.h"
#include "test_main.h"

#define JOBS_MAX 64
#define ZONE "example.org"
#define HOST "mx.example.org"

static struct dns_probe_job jobs[JOBS_MAX];
static const struct dns_probe_job *list[JOBS_MAX];
static size_t count;
static struct findings findings;
static struct diagnose_subject subject;

static struct dns_probe_job *
put(const char *name, uint16_t type, enum diagnose_manner kind)
{
	struct dns_probe_job *job = &jobs[count];

	ck_assert_uint_lt(count, JOBS_MAX);
	memset(job, 0, sizeof(*job));
	strcpy(job->name, name);
	job->type = type;
	job->kind = kind;
	job->manner = *diagnose_manner(kind);
	job->server = subject.endpoint;
	job->result = (struct dns_probe_result){
		.status = DNS_PROBE_ANSWERED,
		.sent = 1,
		.aa = true,
		.opt = job->manner.edns,
		.signatures = job->manner.dnssec,
		.length = 100,
		.answers = 1,
		.ede = -1,
	};
	list[count++] = job;
	return job;
}

static void
put_denial(const char *name, uint16_t type, enum diagnose_manner kind)
{
	struct dns_probe_result *result = &put(name, type, kind)->result;

	result->answers = 0;
	result->soa = true;
	result->denial = diagnose_manner(kind)->dnssec;
	strcpy(result->authority, ZONE);
}

/* A server that is well: SOA in every manner, A and no AAAA. */
static void
setup(void)
{
	static const enum diagnose_manner kinds[] = { DIAGNOSE_PLAIN,
		DIAGNOSE_DO, DIAGNOSE_SMALL, DIAGNOSE_LARGE, DIAGNOSE_TCP };

	memset(&findings, 0, sizeof(findings));
	count = 0;
	subject = (struct diagnose_subject){
		.zone = ZONE, .server = "ns.example.net", .is_signed = true
	};
	ck_assert_ptr_null(
	    endpoint_parse_address("192.0.2.1", 53, &subject.endpoint));
	for (unsigned kind = 0; kind < DIAGNOSE_MANNERS; kind++)
		put(ZONE, DNS_TYPE_SOA, kind);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		put(HOST, DNS_TYPE_A, kinds[i]);
		put_denial(HOST, DNS_TYPE_AAAA, kinds[i]);
	}
}

static void
teardown(void)
{
	findings_clear(&findings);
}

/* A change for all jobs with EDNS, with DO, of a type, … */
struct change {
	uint16_t type;          /* 0: all */
	bool edns, dnssec, tcp; /* only where the manner has it */
	unsigned size;          /* only where EDNS announces this or more */
	void (*apply)(struct dns_probe_result *result);
};

static void
change(const struct change *change)
{
	for (size_t i = 0; i < count; i++) {
		const struct dns_manner *manner = &jobs[i].manner;

		if ((change->type == 0 || change->type == jobs[i].type) &&
		    (!change->edns || manner->edns) &&
		    (!change->dnssec || manner->dnssec) &&
		    (!change->tcp || manner->tcp) &&
		    manner->size >= change->size)
			change->apply(&jobs[i].result);
	}
}

static void
silent(struct dns_probe_result *result)
{
	*result = (struct dns_probe_result){
		.status = DNS_PROBE_SILENT, .sent = 3, .ede = -1
	};
}

static void
closed(struct dns_probe_result *result)
{
	silent(result);
	result->status = DNS_PROBE_CLOSED;
}

static void
no_route(struct dns_probe_result *result)
{
	silent(result);
	result->status = DNS_PROBE_NO_ROUTE;
}

static void
servfail(struct dns_probe_result *result)
{
	result->rcode = LDNS_RCODE_SERVFAIL;
	result->answers = 0;
}

static void
badvers(struct dns_probe_result *result)
{
	result->rcode = 16;
	result->answers = 0;
}

static void
nxdomain(struct dns_probe_result *result)
{
	result->rcode = LDNS_RCODE_NXDOMAIN;
}

static void
unsign(struct dns_probe_result *result)
{
	result->signatures = result->denial = false;
}

static void
unprove(struct dns_probe_result *result)
{
	result->denial = false;
}

static void
expire(struct dns_probe_result *result)
{
	result->expired = true;
}

static void
falsify(struct dns_probe_result *result)
{
	result->bogus = true;
}

static void
drop_opt(struct dns_probe_result *result)
{
	result->opt = result->signatures = result->denial = false;
}

static void
drop_aa(struct dns_probe_result *result)
{
	result->aa = false;
}

static void
drop_soa(struct dns_probe_result *result)
{
	result->soa = false;
}

static void
refer_up(struct dns_probe_result *result)
{
	result->aa = result->soa = false;
	result->answers = 0;
	result->ns = true;
	strcpy(result->authority, ".");
}

static void
refer_self(struct dns_probe_result *result)
{
	refer_up(result);
	strcpy(result->authority, ZONE);
}

static void
foreign_soa(struct dns_probe_result *result)
{
	strcpy(result->authority, "example.com");
}

static void
delay(struct dns_probe_result *result)
{
	result->ms = 2000;
	result->sent = 3;
}

static void
resend(struct dns_probe_result *result)
{
	result->sent = 2;
}

static const struct {
	const char *behaviour;
	struct change change;
} table[] = {
	{ "dead", { .apply = silent } },
	{ "no-route", { .apply = no_route } },
	{ "lame-servfail", { .apply = servfail } },
	{ "lame-upward", { .apply = refer_up } },
	{ "edns-servfail", { .edns = true, .apply = servfail } },
	{ "edns-badvers", { .edns = true, .apply = badvers } },
	{ "edns-dropped", { .edns = true, .apply = silent } },
	{ "edns-nxdomain", { .edns = true, .apply = nxdomain } },
	{ "do-dropped", { .dnssec = true, .apply = silent } },
	{ "edns-ignored", { .edns = true, .apply = drop_opt } },
	{ "tcp-refused", { .tcp = true, .apply = closed } },
	{ "tcp-silent", { .tcp = true, .apply = silent } },
	{ "large-lost", { .type = DNS_TYPE_A, .size = 1232, .apply = silent } },
	{ "huge-lost", { .type = DNS_TYPE_A, .size = 4096, .apply = silent } },
	{ "type-aaaa-servfail", { .type = DNS_TYPE_AAAA, .apply = servfail } },
	{ "type-aaaa-dropped", { .type = DNS_TYPE_AAAA, .apply = silent } },
	{ "type-nxdomain", { .type = DNS_TYPE_AAAA, .apply = nxdomain } },
	{ "denial-without-soa", { .type = DNS_TYPE_AAAA, .apply = drop_soa } },
	{ "upward-referral", { .type = DNS_TYPE_AAAA, .apply = refer_up } },
	{ "self-referral", { .type = DNS_TYPE_AAAA, .apply = refer_self } },
	{ "foreign-soa", { .type = DNS_TYPE_AAAA, .apply = foreign_soa } },
	{ "no-aa", { .apply = drop_aa } },
	{ "no-rrsig", { .type = DNS_TYPE_A, .dnssec = true, .apply = unsign } },
	{ "no-denial-proof",
	    { .type = DNS_TYPE_AAAA, .dnssec = true, .apply = unprove } },
	{ "signature-expired", { .dnssec = true, .apply = expire } },
	{ "signature-bogus", { .dnssec = true, .apply = falsify } },
	{ "slow", { .apply = delay } },
	{ "lossy", { .apply = resend } },
};

static void
judge(void)
{
	diagnose_server(&findings, &subject, list, count);
}

START_TEST(a_healthy_server_is_left_alone)
{
	judge();
	ck_assert_uint_eq(findings.count, 0);
	ck_assert_int_eq(findings_worst(&findings), REPORT_NOTE);
}
END_TEST

START_TEST(each_fault_has_its_name)
{
	bool found = false;

	change(&table[_i].change);
	judge();
	for (size_t i = 0; i < findings.count; i++) {
		const struct finding *finding = &findings.item[i];

		found |= strcmp(finding->behaviour, table[_i].behaviour) == 0;
		ck_assert_str_eq(finding->address, "192.0.2.1");
		ck_assert_str_eq(finding->zone, ZONE);
		ck_assert_str_ne(finding->text, "");
		ck_assert_ptr_nonnull(strstr(finding->dig, "@192.0.2.1 "));
	}
	ck_assert_msg(found, "%s: instead %s", table[_i].behaviour,
	    findings.count > 0 ? findings.item[0].behaviour : "nothing");
}
END_TEST

START_TEST(unsigned_zones_need_no_signatures)
{
	const struct change strip = { .dnssec = true, .apply = unsign };

	subject.is_signed = false;
	change(&strip);
	judge();
	ck_assert_uint_eq(findings.count, 0);
}
END_TEST

START_TEST(no_ipv6_here_is_nobodys_fault)
{
	const struct change lose = { .apply = no_route };

	ck_assert_ptr_null(
	    endpoint_parse_address("2001:db8::1", 53, &subject.endpoint));
	change(&lose);
	judge();
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_int_eq(findings.item[0].severity, REPORT_NOTE);
}
END_TEST

START_TEST(all_servers_guilty_is_critical)
{
	const struct change lose = { .apply = silent };

	change(&lose);
	judge();
	findings_weigh(&findings, ZONE, 2);
	ck_assert_int_eq(findings_worst(&findings), REPORT_WARNING);
	findings_weigh(&findings, ZONE, 1);
	ck_assert_int_eq(findings_worst(&findings), REPORT_CRITICAL);
	ck_assert(findings_blame_a_zone(&findings));
}
END_TEST

START_TEST(the_dig_line_puts_the_same_question)
{
	const struct change plain = { .type = DNS_TYPE_AAAA,
		.apply = servfail };
	const struct change dnssec = { .dnssec = true, .apply = silent };

	change(&plain);
	judge();
	ck_assert_uint_gt(findings.count, 0);
	ck_assert_str_eq(findings.item[0].dig,
	    "dig +norec +ignore +noedns @192.0.2.1 AAAA " HOST);
	teardown();
	setup();
	change(&dnssec);
	judge();
	ck_assert_uint_gt(findings.count, 0);
	ck_assert_str_eq(findings.item[0].dig,
	    "dig +norec +ignore +nocookie +bufsize=1232 +dnssec @192.0.2.1 "
	    "SOA " ZONE);
}
END_TEST

/* ---- recursors ---- */

static void
judge_recursor(const char *behaviour)
{
	static const bool is_signed[JOBS_MAX] = { true, true, true };

	diagnose_recursor(
	    &findings, &subject, list, is_signed, count, DIAGNOSE_DOMAIN_WELL);
	ck_assert_uint_eq(findings.count, behaviour != NULL ? 1 : 0);
	if (behaviour != NULL)
		ck_assert_str_eq(findings.item[0].behaviour, behaviour);
}

static struct dns_probe_result *
recursor(enum diagnose_manner kind)
{
	return &jobs[kind - DIAGNOSE_MANNERS].result;
}

static void
setup_recursor(void)
{
	setup();
	count = 0;
	subject.zone = NULL;
	subject.server = "/etc/resolv.conf";
	for (unsigned kind = DIAGNOSE_MANNERS; kind < DIAGNOSE_KINDS; kind++)
		put(ZONE, DNS_TYPE_MX, kind)->result.ad = true;
}

START_TEST(a_healthy_recursor_is_left_alone)
{
	judge_recursor(NULL);
}
END_TEST

START_TEST(the_recursor_of_the_incident)
{
	servfail(recursor(DIAGNOSE_RECURSE_DO));
	servfail(recursor(DIAGNOSE_RECURSE_CD));
	judge_recursor("recursor-do-servfail");
	ck_assert_int_eq(findings.item[0].severity, REPORT_CRITICAL);
	ck_assert(!findings_blame_a_zone(&findings));
	ck_assert_str_eq(findings.item[0].dig,
	    "dig +ignore +nocookie +bufsize=1232 +dnssec @192.0.2.1 MX " ZONE);
}
END_TEST

START_TEST(a_recursor_that_finds_it_bogus)
{
	servfail(recursor(DIAGNOSE_RECURSE));
	servfail(recursor(DIAGNOSE_RECURSE_DO));
	judge_recursor("recursor-bogus");
}
END_TEST

START_TEST(a_recursor_without_dnssec)
{
	unsign(recursor(DIAGNOSE_RECURSE_DO));
	judge_recursor("recursor-strips");
	teardown();
	setup_recursor();
	recursor(DIAGNOSE_RECURSE_DO)->ad = false;
	judge_recursor("recursor-no-ad");
}
END_TEST

START_TEST(a_silent_recursor)
{
	for (size_t i = 0; i < count; i++)
		silent(&jobs[i].result);
	judge_recursor("recursor-dead");
}
END_TEST

START_TEST(what_is_folded_is_taken_away)
{
	struct finding fill = { .severity = REPORT_NOTE, .remedy = "none" };

	for (unsigned i = 0; i < 10; i++) {
		snprintf(fill.behaviour, sizeof(fill.behaviour), "%s",
		    i % 3 == 0 ? "a" : "b");
		snprintf(fill.address, sizeof(fill.address), "%u", i);
		findings_add(&findings, &fill);
	}
	ck_assert(findings_has(&findings, "a"));
	ck_assert_uint_eq(findings_remove(&findings, "a"), 4);
	ck_assert(!findings_has(&findings, "a"));
	ck_assert_uint_eq(findings_remove(&findings, "a"), 0);
	ck_assert_uint_eq(findings.count, 6);
	ck_assert_str_eq(findings.item[0].address, "1");
	ck_assert_str_eq(findings.item[5].address, "8");
}
END_TEST

TEST_MAIN("findings")
{
	TCase *server = add_case(suite, "server");
	TCase *recursors = add_case(suite, "recursor");

	tcase_add_checked_fixture(server, setup, teardown);
	tcase_add_test(server, what_is_folded_is_taken_away);
	tcase_add_test(server, a_healthy_server_is_left_alone);
	add_rows(server, each_fault_has_its_name, table);
	tcase_add_test(server, unsigned_zones_need_no_signatures);
	tcase_add_test(server, no_ipv6_here_is_nobodys_fault);
	tcase_add_test(server, all_servers_guilty_is_critical);
	tcase_add_test(server, the_dig_line_puts_the_same_question);
	tcase_add_checked_fixture(recursors, setup_recursor, teardown);
	tcase_add_test(recursors, a_healthy_recursor_is_left_alone);
	tcase_add_test(recursors, the_recursor_of_the_incident);
	tcase_add_test(recursors, a_recursor_that_finds_it_bogus);
	tcase_add_test(recursors, a_recursor_without_dnssec);
	tcase_add_test(recursors, a_silent_recursor);
}
