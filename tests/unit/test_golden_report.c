/*
 * What postdane diagnose and doctor report.  The facts are made by hand;
 * nothing is asked.
 */

#include <errno.h>
#include <string.h>

#include "command/diagnose/diagnose_answers.h"
#include "command/diagnose/diagnose_facts.h"
#include "command/diagnose/diagnose_report.h"
#include "command/doctor/doctor_rules.h"
#include "command/report.h"
#include "dns/answer.h"

#include "doctor_fixture.h"
#include "golden.h"
#include "test_main.h"

/* ---- diagnose ---- */

static struct delegation_server servers[3][2];
static struct dns_probe_job jobs[6];

static void
set_server(size_t zone, size_t at, const char *name, const char *address)
{
	struct delegation_server *server = &servers[zone][at];

	snprintf(server->name, sizeof(server->name), "%s", name);
	ck_assert_ptr_null(
	    endpoint_parse_address(address, 53, &server->endpoint));
}

static void
set_zone(struct diagnosis *to, size_t zone, const char *name, size_t count)
{
	struct delegation_zone *set = &to->delegation.zone[zone];

	snprintf(set->name, sizeof(set->name), "%s", name);
	set->server = servers[zone];
	set->server_count = count;
	to->delegation.count = zone + 1;
}

static void
set_job(size_t i, size_t zone, size_t where, unsigned kind,
    enum dns_probe_status status)
{
	jobs[i] = (struct dns_probe_job){ .name = "example.org",
		.type = DNS_TYPE_MX,
		.zone = zone,
		.where = where,
		.kind = kind,
		.result = { .status = status, .ms = 20 * (unsigned)i } };
}

/* A root, a signed zone, an unsigned zone without a name for its server; and a
 * recursor. */
static void
set_places(struct diagnosis *to)
{
	set_server(0, 0, "a.root-servers.net", "198.51.100.4");
	set_server(1, 0, "ns1.example.net", "192.0.2.1");
	set_server(1, 1, "ns2.example.net", "2001:db8::53");
	set_server(2, 0, "", "192.0.2.9:5353");
	set_zone(to, 0, ".", 1);
	set_zone(to, 1, "example.org", 2);
	set_zone(to, 2, "mail.example.org", 1);
	to->signed_known[0] = to->is_signed[0] = true;
	to->signed_known[2] = true;
	to->recursor[0].path = "/etc/resolv.conf";
	ck_assert_ptr_null(
	    endpoint_parse_address("127.0.0.1", 53, &to->recursor[0].endpoint));
	to->recursor_count = 1;
	set_job(0, 0, 0, DIAGNOSE_PLAIN, DNS_PROBE_ANSWERED);
	set_job(1, 1, 0, DIAGNOSE_PLAIN, DNS_PROBE_ANSWERED);
	set_job(2, 1, 0, DIAGNOSE_DO, DNS_PROBE_ANSWERED);
	set_job(3, 1, 1, DIAGNOSE_PLAIN, DNS_PROBE_SILENT);
	set_job(4, 2, 0, DIAGNOSE_PLAIN, DNS_PROBE_NOT_ASKED);
	set_job(5, 0, 0, DIAGNOSE_RECURSE, DNS_PROBE_ANSWERED);
	to->batch.job = jobs;
	to->batch.count = COUNT(jobs);
}

static const struct finding finds[] = {
	{ .severity = REPORT_WARNING,
	    .behaviour = "edns-dropped",
	    .zone = "example.org",
	    .server = "ns2.example.net",
	    .address = "2001:db8::53",
	    .text = "drops queries with EDNS",
	    .blame = "who runs ns2.example.net",
	    .dig = "dig @2001:db8::53 MX example.org +dnssec",
	    .remedy = "update the name server" },
	{ .severity = REPORT_CRITICAL,
	    .behaviour = "signature-expired",
	    .zone = "example.org",
	    .server = "ns1.example.net",
	    .text = "has signatures that have expired",
	    .blame = "who runs example.org",
	    .dig = "dig @192.0.2.1 MX example.org +dnssec",
	    .remedy = "sign the zone again" },
	{ .severity = REPORT_UNKNOWN,
	    .behaviour = "not-asked",
	    .zone = "mail.example.org",
	    .text = "was not asked: no time was left",
	    .remedy = "give it more time (--timeout)" },
	{ .severity = REPORT_WARNING,
	    .leads = true,
	    .behaviour = "recursor-without-dnssec",
	    .server = "/etc/resolv.conf",
	    .address = "127.0.0.1",
	    .text = "passes no signatures on",
	    .blame = "who runs it",
	    .dig = "dig @127.0.0.1 . SOA +dnssec",
	    .remedy = "use another one" },
	{ .severity = REPORT_NOTE,
	    .behaviour = "cookie-refused",
	    .zone = "example.org",
	    .server = "ns1.example.net",
	    .address = "192.0.2.1",
	    .text = "does not know cookies",
	    .remedy = "none needed" },
	{ .severity = REPORT_WARNING,
	    .behaviour = "postdane-silent",
	    .server = "postdane",
	    .text = "does not listen on its control socket",
	    .blame = "who runs this machine",
	    .dig = "postdane explain example.org",
	    .remedy = "start postdaned" },
};

/* Without findings, and with these. */
static json_t *
diagnose(size_t find_count)
{
	static struct diagnosis diagnosis;
	json_t *postdane = json_pack("{s:s}", "reply", "dane"), *report;

	memset(&diagnosis, 0, sizeof(diagnosis));
	strcpy(diagnosis.domain, "example.org");
	strcpy(diagnosis.host[0], "mx.mail.example.org");
	diagnosis.host_count = 1;
	diagnosis.has_mx = true;
	set_places(&diagnosis);
	for (size_t i = 0; i < find_count; i++)
		findings_add(&diagnosis.findings, &finds[i]);
	report = diagnose_report(&diagnosis, find_count == 0 ? postdane : NULL);
	findings_clear(&diagnosis.findings);
	json_decref(postdane);
	ck_assert_ptr_nonnull(report);
	return report;
}

START_TEST(a_diagnosis_for_programs)
{
	golden_json(json_pack("[o, o]", diagnose(0), diagnose(COUNT(finds))),
	    "diagnose.json");
}
END_TEST

START_TEST(a_diagnosis_for_people)
{
	const size_t counts[] = { 0, 1, COUNT(finds) };
	struct golden golden;

	golden_open(&golden);
	for (size_t i = 0; i < COUNT(counts); i++) {
		golden_catch(&golden);
		report_print(diagnose(counts[i]), false, diagnose_text);
		golden_release(&golden);
		fputc('\n', golden.out);
	}
	golden_close(&golden, "diagnose.txt");
}
END_TEST

/* ---- doctor ---- */

#define SERVICES 2
#define MAPS 4

struct patient {
	struct doctor_facts facts;
	struct doctor_service service[SERVICES];
	struct doctor_map map[MAPS];
	struct postfix_service config[SERVICES];
	struct doctor_name name;
};

/* Nothing is wrong with the first service; there is no second one. */
static void
set_patient(struct patient *to)
{
	memset(to, 0, sizeof(*to));
	for (size_t s = 0; s < SERVICES; s++)
		healthy_config(&to->config[s]);
	to->config[0].name = "smtp/unix";
	to->config[0].chroot = true;
	to->config[1].name = "relay/unix";
	for (size_t m = 0; m < MAPS; m++)
		healthy_map(&to->map[m]);
	for (size_t s = 0; s < SERVICES; s++)
		to->service[s] = (struct doctor_service){ &to->config[s],
			&to->map[2 * s], 1 };
	healthy_facts(&to->facts, to->service);
}

static void
be_well(struct patient *to)
{
	(void)to;
}

static void
lack_postfix(struct patient *to)
{
	to->facts.postfix_why = "postconf: No such file or directory: is "
				"Postfix installed?";
}

static void
lack_the_daemon(struct patient *to)
{
	to->facts.trust = to->facts.trust_why = NULL;
	to->facts.daemon_why = "its control socket does not answer";
	to->map[0].answer.error = ECONNREFUSED;
	to->map[0].no_dane = to->map[0].no_dane_explicit = NULL;
	to->map[0].insecure_mx = to->map[0].dane_only = NULL;
}

static void
lack_trust(struct patient *to)
{
	to->facts.trust = "withdrawn";
	to->facts.trust_why = "the root's keys do not validate";
}

/* Nothing but Postfix's defaults, and a resolver elsewhere. */
static void
be_new(struct patient *to)
{
	to->config[0].value[POSTFIX_POLICY_MAPS] = "";
	to->config[0].value[POSTFIX_SECURITY_LEVEL] = "";
	to->config[0].value[POSTFIX_DNS_SUPPORT_LEVEL] = "";
	to->service[0].map_count = 0;
	strcpy(to->facts.inside.conf.server[0], "192.0.2.53");
	to->facts.inside.server[0].is_loopback = false;
	to->facts.inside.server[0].probe.edns.ad = false;
	to->facts.inside.stale = 2;
}

/* One service with an option of its own, in both files. */
static void
weaken(struct patient *to)
{
	to->facts.service_count = 2;
	to->config[0].value[POSTFIX_SECURITY_LEVEL] = "encrypt";
	to->config[1].value[POSTFIX_HOST_LOOKUP] = "native";
	to->config[1].overridden[POSTFIX_HOST_LOOKUP] = true;
	to->config[1].value[POSTFIX_INSECURE_MX] = "may";
	to->facts.dns_listen = "127.0.0.25";
	to->name = (struct doctor_name){ "relayhost",
		{ .verdict = NAME_DIFFERS,
		    .any_answer = true,
		    .type = "A",
		    .name = "relay.corp.example",
		    .system = "192.0.2.1",
		    .ours = "NXDOMAIN",
		    .remedy = "zone \"corp.example\" { }" } };
	to->facts.name = &to->name;
	to->facts.name_count = 1;
	to->facts.names_left = 3;
}

static void (*const illnesses[])(struct patient *to) = { be_well, lack_postfix,
	lack_the_daemon, lack_trust, be_new, weaken };

START_TEST(a_doctor_for_programs)
{
	json_t *all = json_array();
	struct patient patient;

	for (size_t i = 0; i < COUNT(illnesses); i++) {
		set_patient(&patient);
		illnesses[i](&patient);
		json_array_append_new(all, doctor_report(&patient.facts));
	}
	golden_json(all, "doctor.json");
}
END_TEST

TEST_MAIN("golden_report")
{
	TCase *tc = add_case(suite, "diagnose");

	tcase_add_test(tc, a_diagnosis_for_programs);
	tcase_add_test(tc, a_diagnosis_for_people);

	tc = add_case(suite, "doctor");
	tcase_add_test(tc, a_doctor_for_programs);
}
