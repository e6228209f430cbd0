/*
 * What postdane doctor makes of facts that the lab cannot easily plant: other
 * versions of Postfix, postdane's own resolver; and the texts it reads.
 */

#include "command/doctor/doctor_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "command/report.h"

#include "doctor_fixture.h"
#include "test_main.h"

/* One chrooted service with which all is well. */
struct fixture {
	struct doctor_facts facts;
	struct doctor_service service;
	struct doctor_map map;
	struct postfix_service config;
};

static void
healthy(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->config.name = "smtp/unix";
	f->config.chroot = true;
	healthy_config(&f->config);
	healthy_map(&f->map);
	f->service = (struct doctor_service){ &f->config, &f->map, 1 };
	healthy_facts(&f->facts, &f->service);
}

/* The ids, in their order, with a blank behind each. */
static void
assert_finds(const struct fixture *f, const char *expected)
{
	json_t *report = doctor_report(&f->facts), *finding;
	char found[500] = "";
	size_t i;

	ck_assert_ptr_nonnull(report);
	json_array_foreach (json_object_get(report, "findings"), i, finding) {
		strcat(
		    found, json_string_value(json_object_get(finding, "id")));
		strcat(found, " ");
	}
	json_decref(report);
	ck_assert_str_eq(found, expected);
}

/* ---- rules ---- */

START_TEST(nothing_is_found_where_nothing_is_wrong)
{
	struct fixture f;

	healthy(&f);
	assert_finds(&f, "");
}
END_TEST

static const struct {
	const char *version, *finds, *finds_with_trust_ad;
} versions[] = {
	{ "2.10.1", "version ", "version " },
	{ "2.11.0", "trust-ad ", "" },
	{ "3.1.15", "trust-ad ", "" },
	{ "3.2.13", "trust-ad ", "" },
	{ "3.2.14", "", "" },
	{ "3.3.8", "trust-ad ", "" },
	{ "3.4.10", "trust-ad ", "" },
	{ "3.4.11", "", "" },
	{ "3.5.0", "trust-ad ", "" },
	{ "3.5.1", "", "" },
	{ "3.6.0", "", "" },
	{ "3.12-20260821", "", "" },
	{ "4.0.0", "", "" },
};

START_TEST(versions_differ)
{
	struct fixture f;

	healthy(&f);
	f.config.value[POSTFIX_MAIL_VERSION] = (char *)versions[_i].version;
	assert_finds(&f, versions[_i].finds);
	f.facts.inside.conf.trust_ad = true;
	assert_finds(&f, versions[_i].finds_with_trust_ad);
}
END_TEST

static const struct {
	const char *level, *no_dane, *dane_only, *finds;
} levels[] = {
	{ "", "may", "never", "" },
	{ "none", "may", "never", "" },
	{ "may", "may", "never", "" },
	{ "may", "encrypt", "never", "" },
	{ "may", "notfound", "never", "" },
	{ "dane", "may", "never", "" },
	{ "dane", "notfound", "never", "" },
	{ "encrypt", "may", "never", "level-weakened " },
	{ "ENCRYPT", "may", "never", "level-weakened " },
	{ "encrypt", "encrypt", "never", "dane-weakens " },
	{ "encrypt", "notfound", "never", "dane-weakens " },
	{ "encrypt", "encrypt", "when-complete", "dane-only-resolver " },
	{ "dane-only", "notfound", "when-complete", "dane-only-resolver " },
	{ "fingerprint", "encrypt", "never", "level-weakened " },
	{ "verify", "may", "never", "level-weakened " },
	{ "verify", "encrypt", "when-complete",
	    "level-weakened dane-only-resolver " },
	{ "verify", "notfound", "never", "dane-weakens " },
	{ "secure", "may", "never", "level-weakened " },
	{ "secure", "notfound", "never", "dane-weakens " },
	{ "secure", "notfound", "when-complete", "dane-only-resolver " },
};

START_TEST(levels_are_not_weakened)
{
	struct fixture f;

	healthy(&f);
	f.config.value[POSTFIX_SECURITY_LEVEL] = (char *)levels[_i].level;
	f.map.no_dane = levels[_i].no_dane;
	f.map.dane_only = levels[_i].dane_only;
	assert_finds(&f, levels[_i].finds);
}
END_TEST

static const struct {
	const char *level, *no_dane_explicit, *hop, *finds;
} explicits[] = {
	{ "encrypt", "may", "[relay.example]:587",
	    "dane-weakens explicit-weakened " },
	{ "encrypt", "may", NULL, "dane-weakens " },
	{ "encrypt", "encrypt", "[relay.example]:587", "dane-weakens " },
	{ "encrypt", "notfound", "[relay.example]:587", "dane-weakens " },
	{ "secure", "encrypt", "[relay.example]:587",
	    "dane-weakens explicit-weakened " },
	{ "may", "may", "[relay.example]:587", "" },
	{ "dane", "may", "[relay.example]:587", "" },
};

START_TEST(chosen_next_hops_are_not_weakened)
{
	struct fixture f;

	healthy(&f);
	f.config.value[POSTFIX_SECURITY_LEVEL] = (char *)explicits[_i].level;
	f.map.no_dane = "notfound";
	f.map.no_dane_explicit = explicits[_i].no_dane_explicit;
	f.facts.explicit_hop = explicits[_i].hop;
	f.facts.explicit_from = "relayhost";
	assert_finds(&f, explicits[_i].finds);
}
END_TEST

static const struct {
	const char *relayhost, *level, *no_dane, *no_dane_explicit;
	const char *auth, *passwords, *options, *finds;
} passwords[] = {
	{ "[relay.example]:587", "may", "may", "notfound", "yes", "hash:/p",
	    "noanonymous", "relay-password " },
	{ "[relay.example]", "dane", "may", "notfound", "yes", "hash:/p",
	    "noanonymous", "relay-password " },
	{ "relay.example:587", "may", "may", "may", "yes", "hash:/p", "",
	    "relay-password " },
	/* Without brackets or a port, the other option counts. */
	{ "relay.example", "may", "may", "encrypt", "yes", "hash:/p",
	    "noanonymous", "relay-password " },
	{ "relay.example", "may", "encrypt", "notfound", "yes", "hash:/p",
	    "noanonymous", "" },
	/* Protected. */
	{ "[relay.example]:587", "may", "may", "encrypt", "yes", "hash:/p",
	    "noanonymous", "" },
	{ "[relay.example]:587", "encrypt", "encrypt", "notfound", "yes",
	    "hash:/p", "noanonymous", "dane-weakens " },
	{ "[relay.example]:587", "may", "may", "notfound", "yes", "hash:/p",
	    "noanonymous, noplaintext", "" },
	/* Without a password, without a name. */
	{ "[relay.example]:587", "may", "may", "notfound", "no", "hash:/p",
	    "noanonymous", "" },
	{ "[relay.example]:587", "may", "may", "notfound", "yes", "",
	    "noanonymous", "" },
	{ "[192.0.2.1]:587", "may", "may", "notfound", "yes", "hash:/p",
	    "noanonymous", "" },
	{ "", "may", "may", "notfound", "yes", "hash:/p", "noanonymous", "" },
};

START_TEST(a_relay_hosts_password_is_protected)
{
	struct fixture f;

	healthy(&f);
	f.config.value[POSTFIX_RELAYHOST] = (char *)passwords[_i].relayhost;
	f.config.value[POSTFIX_SECURITY_LEVEL] = (char *)passwords[_i].level;
	f.config.value[POSTFIX_SASL_AUTH] = (char *)passwords[_i].auth;
	f.config.value[POSTFIX_SASL_PASSWORDS] =
	    (char *)passwords[_i].passwords;
	f.config.value[POSTFIX_SASL_OPTIONS] = (char *)passwords[_i].options;
	f.map.no_dane = passwords[_i].no_dane;
	f.map.no_dane_explicit = passwords[_i].no_dane_explicit;
	assert_finds(&f, passwords[_i].finds);
}
END_TEST

static const struct {
	enum name_verdict verdict;
	bool shared;
	const char *finds;
	size_t critical;
} names[] = {
	{ NAME_ALIKE, true, "", 0 },
	{ NAME_SYSTEM_FAILS, true, "", 0 },
	{ NAME_VARIES, true, "name-varies ", 0 },
	{ NAME_UNKNOWN, true, "name-lost ", 1 },
	{ NAME_DIFFERS, true, "name-differs ", 0 },
	{ NAME_LOST, true, "name-lost ", 1 },
	{ NAME_LOST, false, "resolver-not-shared name-lost ", 0 },
};

START_TEST(names_mean_the_same_to_both)
{
	struct doctor_name name = { "relayhost",
		{ .verdict = names[_i].verdict,
		    .any_answer = true,
		    .type = "A",
		    .name = "relay.corp.example",
		    .system = "192.0.2.1",
		    .ours = "NXDOMAIN",
		    .remedy = "zone \"corp.example\" { }" } };
	struct fixture f;
	json_t *report;

	healthy(&f);
	f.facts.dns_listen = "127.0.0.25";
	f.facts.inside.server[0].is_ours = names[_i].shared;
	f.facts.name = &name;
	f.facts.name_count = 1;
	assert_finds(&f, names[_i].finds);
	report = doctor_report(&f.facts);
	ck_assert_int_eq(json_integer_value(json_object_get(report, "code")) ==
			     report_level(REPORT_CRITICAL)->code,
	    names[_i].critical == 1);
	json_decref(report);
}
END_TEST

START_TEST(our_resolver_is_the_best)
{
	struct fixture f;

	healthy(&f);
	f.facts.dns_listen = "127.0.0.25";
	assert_finds(&f, "resolver-not-shared ");
	f.facts.inside.server[0].is_ours = true;
	assert_finds(&f, "");
	/* On purpose another one than everybody's. */
	strcpy(f.facts.outside.conf.server[0], "192.0.2.53");
	assert_finds(&f, "");
	f.facts.inside.server[0].is_ours = false;
	assert_finds(&f, "chroot-differs resolver-not-shared ");
	/* dane-only is well with it, and only with it. */
	f.facts.inside.server[0].is_ours = true;
	f.map.no_dane = "notfound";
	f.map.dane_only = "when-complete";
	assert_finds(&f, "");
}
END_TEST

/* What "dane" would come to does not matter where it is never answered. */
START_TEST(carried_records_need_sha256_and_no_dnssec)
{
	static char enabled[] = "enabled", md5[] = "md5";
	struct fixture f;

	healthy(&f);
	f.config.value[POSTFIX_DNS_SUPPORT_LEVEL] = enabled;
	f.facts.inside.server[0].probe.edns.ad = false;
	assert_finds(&f, "dns-support-level resolver-not-validating ");
	f.map.carry = "fingerprint";
	assert_finds(&f, "");
	f.config.value[POSTFIX_FINGERPRINT_DIGEST] = md5;
	assert_finds(&f, "fingerprint-digest ");
}
END_TEST

/* Nothing else is said of it: neither that it is ours, nor that it is not. */
START_TEST(what_cannot_be_read_is_not_judged)
{
	struct fixture f;

	healthy(&f);
	f.facts.dns_listen = "127.0.0.25";
	f.facts.inside = (struct doctor_view){ .path = f.facts.inside.path,
		.unreadable = "File too large" };
	assert_finds(&f, "resolver-unreadable ");
	f.map.dane_only = "when-complete";
	assert_finds(&f, "resolver-unreadable ");
}
END_TEST

START_TEST(the_chroot_matters_only_to_the_chrooted)
{
	struct fixture f;

	healthy(&f);
	f.facts.outside.server[0].probe.edns.ad = false;
	f.facts.outside.stale = 2;
	assert_finds(&f, "");
	f.config.chroot = false;
	assert_finds(&f, "resolver-not-validating stale-resolver ");
	f.facts.inside = (struct doctor_view){ 0 };
	assert_finds(&f, "resolver-not-validating stale-resolver ");
}
END_TEST

START_TEST(trust_is_looked_at)
{
	struct fixture f;

	healthy(&f);
	f.facts.trust = "withdrawn";
	assert_finds(&f, "no-trust ");
	f.facts.trust = "unknown";
	assert_finds(&f, "trust-unknown ");
	f.facts.is_root = false;
	f.facts.trust = NULL;
	f.facts.daemon_why = "its control socket does not answer";
	assert_finds(&f, "daemon-down ");
	f.map.answer.error = ECONNREFUSED;
	assert_finds(&f, "daemon-down ");
	f.facts.may_not_ask = true;
	assert_finds(&f, "may-not-ask map-unreachable ");
	/* The socket is not for everybody, which is nothing to be mended. */
	f.map.answer.error = EACCES;
	assert_finds(&f, "may-not-ask map-unknown ");
	f.facts.is_root = true;
	assert_finds(&f, "may-not-ask map-unreachable ");
	f.facts.may_not_ask = false;
	f.facts.service_count = 0;
	assert_finds(&f, "daemon-down no-service ");
}
END_TEST

/* One cause: the resolvers that ask the same internet are down as well. */
START_TEST(a_machine_that_is_cut_off_has_one_finding)
{
	struct doctor_server *server;
	struct fixture f;
	json_t *report;

	healthy(&f);
	server = &f.facts.inside.server[0];
	server->probe = (struct resolver_probe){ 0 };
	assert_finds(&f, "resolver-down ");
	f.facts.trust = "unknown";
	f.facts.trust_why = "the root's DNSKEY: signature expired";
	assert_finds(&f, "trust-unknown resolver-down ");
	server->is_ours = true;
	assert_finds(&f, "trust-unknown ");
	server->is_ours = false;
	f.facts.trust_why = REASON_NO_ROOT;
	assert_finds(&f, "trust-unknown ");
	report = doctor_report(&f.facts);
	ck_assert_str_eq(
	    json_string_value(json_object_get(
		json_array_get(json_object_get(report, "findings"), 0),
		"text")),
	    REASON_NO_ROOT "; until then postdaned answers TEMP, and Postfix "
			   "defers all mail");
	json_decref(report);
}
END_TEST

/* ---- the state ---- */

/* "CRITICAL 1 critical, …" */
static void
assert_state(const struct fixture *f, const char *expected)
{
	json_t *report = doctor_report(&f->facts);
	char state[300];

	ck_assert_ptr_nonnull(report);
	snprintf(state, sizeof(state), "%s %s",
	    json_string_value(json_object_get(report, "status")),
	    json_string_value(json_object_get(report, "summary")));
	json_decref(report);
	ck_assert_str_eq(state, expected);
}

START_TEST(the_gravest_that_is_certain_is_the_state)
{
	static char enabled[] = "enabled";
	struct fixture f;

	healthy(&f);
	assert_state(&f, "OK Postfix will honour the verdicts");
	f.facts.trust = "unknown";
	f.facts.trust_why = "not known yet";
	f.facts.has_just_started = true;
	assert_state(&f, "WARNING 0 critical, 1 warning, 0 notes");
	f.facts.has_just_started = false;
	assert_state(&f, "CRITICAL 1 critical, 0 warnings, 0 notes");
	f.facts.trust = NULL;
	f.facts.daemon_why = "ask root";
	f.facts.may_not_ask = true;
	assert_state(&f, "UNKNOWN ask root");
	f.config.value[POSTFIX_DNS_SUPPORT_LEVEL] = enabled;
	assert_state(&f, "CRITICAL 1 critical, 1 unknown, 0 warnings, 0 notes");
	healthy(&f);
	f.facts.inside.unreadable = "Permission denied";
	assert_state(&f, "UNKNOWN 0 critical, 1 unknown, 0 warnings, 0 notes");
	healthy(&f);
	f.map.not_asked = true;
	assert_state(&f, "UNKNOWN 0 critical, 1 unknown, 0 warnings, 0 notes");
	healthy(&f);
	f.map.map.is_unix = true;
	f.facts.is_root = false;
	assert_finds(&f, "not-root ");
	f.facts = (struct doctor_facts){ .postfix_why = "no postconf" };
	assert_finds(&f, "postfix-unknown ");
	assert_state(&f, "UNKNOWN no postconf");
}
END_TEST

/* ---- what is to be done ---- */

/* A file's lines, of all findings, each once: "LINE\n…" */
static void
assert_changes(const struct fixture *f, const char *file, const char *expected)
{
	json_t *report = doctor_report(&f->facts), *finding, *change;
	char lines[2000] = "", line[600];
	size_t i, k;

	ck_assert_ptr_nonnull(report);
	json_array_foreach (json_object_get(report, "findings"), i, finding) {
		json_array_foreach (
		    json_object_get(finding, "changes"), k, change) {
			snprintf(line, sizeof(line), "%s\n",
			    json_string_value(json_object_get(change, "line")));
			if (strcmp(json_string_value(
				       json_object_get(change, "file")),
				file) == 0 &&
			    strstr(lines, line) == NULL)
				strcat(lines, line);
		}
	}
	json_decref(report);
	ck_assert_str_eq(lines, expected);
}

/* Of the only finding; "" where there is none. */
static void
assert_text(const struct fixture *f, const char *expected)
{
	json_t *report = doctor_report(&f->facts);
	const json_t *finding =
	    json_array_get(json_object_get(report, "findings"), 0);
	const char *text = json_string_value(json_object_get(finding, "text"));

	ck_assert_str_eq(text != NULL ? text : "", expected);
	json_decref(report);
}

#define ANY "nameserver ADDRESS of a resolver on this machine that validates"
#define COPY                                                                   \
	"cp /etc/resolv.conf /var/spool/postfix/etc/resolv.conf && postfix "   \
	"reload\n"

START_TEST(a_resolv_conf_has_one_remedy)
{
	struct fixture f;
	struct doctor_view *inside = &f.facts.inside;
	const char *path;

	healthy(&f);
	path = inside->path;
	/* Two, of which the first does not validate, and one is elsewhere. */
	inside->conf.server_count = 2;
	strcpy(inside->conf.server[1], "192.0.2.53");
	inside->server[1] = inside->server[0];
	inside->server[1].is_loopback = false;
	inside->server[0].probe.edns.ad = false;
	assert_finds(&f, "second-nameserver resolver-not-validating "
			 "resolver-remote chroot-differs ");
	assert_changes(&f, path, "");
	assert_changes(&f, "shell", COPY);
	/* Nor is the system's good. */
	f.facts.outside.server[0].probe.edns.ad = false;
	assert_changes(&f, path, ANY " (and no other)\n");
	assert_changes(&f, "shell", "");
	/* One is. */
	inside->server[1].is_loopback = true;
	assert_changes(&f, path, "nameserver 192.0.2.53 (and no other)\n");
	/* Our own is there. */
	f.facts.dns_listen = "127.0.0.25";
	assert_finds(&f, "second-nameserver resolver-not-validating "
			 "chroot-differs resolver-not-shared ");
	assert_changes(&f, path, "nameserver 127.0.0.25 (and no other)\n");
	f.facts.dns_listen = NULL;
	f.map.no_dane = "notfound";
	f.map.dane_only = "when-complete";
	assert_changes(&f, path, "nameserver 127.0.0.25 (and no other)\n");
}
END_TEST

/* A good copy of one that is not: the next start of Postfix would undo it. */
START_TEST(a_good_copy_is_not_made_worse)
{
	struct fixture f;

	healthy(&f);
	strcpy(f.facts.outside.conf.server[0], "192.0.2.53");
	f.facts.outside.server[0].is_loopback = false;
	assert_finds(&f, "chroot-differs ");
	assert_changes(&f, "shell", "");
	assert_changes(&f, "/etc/resolv.conf", "nameserver 127.0.0.1\n");
}
END_TEST

START_TEST(the_tables_have_one_remedy)
{
	static char encrypt[] = "encrypt";
	const char *list = "tcp:127.0.0.1:8643, socketmap:inet:127.0.0.1:1:q, "
			   "hash:/own, socketmap:inet:localhost:1:q";
	struct doctor_map map[4] = { 0 };
	struct fixture f;

	healthy(&f);
	for (size_t i = 0; i < COUNT(map); i++) {
		ck_assert(policy_map_next(&list, &map[i].map));
		map[i].is_ours = map[i].map.kind != POLICY_MAP_OTHER;
		map[i].tried.result = POSTMAP_WELL;
		map[i].no_dane = "may";
		map[i].dane_only = "never";
	}
	map[1].answer.error = ECONNREFUSED;
	f.service.map = map;
	f.service.map_count = COUNT(map);
	assert_finds(&f, "map-tcp map-unreachable map-host-name map-shadowed ");
	assert_changes(&f, "main.cf",
	    "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:strict, "
	    "socketmap:inet:127.0.0.1:8642:query, hash:/own\n");
	assert_changes(&f, "postdane.conf",
	    "map \"strict\" { no-dane-policy = notfound }\n");
	f.config.value[POSTFIX_SECURITY_LEVEL] = encrypt;
	assert_changes(&f, "postdane.conf",
	    "map \"strict\" { no-dane-policy = notfound dane-only = "
	    "when-complete }\n");
}
END_TEST

static const struct {
	const char *list; /* the first is tried */
	enum postmap_result result;
	bool not_asked;
	const char *why, *id, *text, *change;
} tried[] = {
	{ "hash:/own", POSTMAP_WELL, false, "", "", "", "" },
	{ "hash:/own", POSTMAP_FAILED, false,
	    "open database /own.db: No such file or directory", "map-unusable ",
	    "Postfix can't use hash:/own (open database /own.db: No such file "
	    "or directory): it defers all mail",
	    "postmap hash:/own\n" },
	{ "proxy:btree:/own", POSTMAP_FAILED, false,
	    "open database /own.db: No such file or directory", "map-unusable ",
	    "Postfix can't use proxy:btree:/own (open database /own.db: No "
	    "such file or directory): it defers all mail",
	    "postmap btree:/own\n" },
	{ "texthash:/own", POSTMAP_FAILED, false,
	    "open database /own: No such file or directory", "map-unusable ",
	    "Postfix can't use texthash:/own (open database /own: No such file "
	    "or directory): it defers all mail",
	    "" },
	{ "hash:/own", POSTMAP_FAILED, false,
	    "open database /own.db: Permission denied", "map-unusable ",
	    "Postfix can't use hash:/own (open database /own.db: Permission "
	    "denied): it defers all mail",
	    "" },
	{ "ldap:/own", POSTMAP_LATE, false, "", "map-unusable ",
	    "Postfix can't use ldap:/own (no whole answer within 35 seconds): "
	    "it defers all mail",
	    "" },
	{ "ldap:/own", POSTMAP_LATE, true, "", "map-unknown ",
	    "ldap:/own was not asked, or not long enough: the tables before it "
	    "have taken the time",
	    "" },
	{ "hash:/own", POSTMAP_FORBIDDEN, false,
	    "open database /own.db: Permission denied", "map-unknown ",
	    "whether Postfix can use hash:/own is not known: open database "
	    "/own.db: Permission denied",
	    "sudo postdane doctor\n" },
	{ "hash:/own", POSTMAP_UNKNOWN, false,
	    "/usr/sbin/postmap: No such file or directory", "map-unknown ",
	    "whether Postfix can use hash:/own is not known: "
	    "/usr/sbin/postmap: No such file or directory",
	    "" },
};

START_TEST(tables_of_others_are_tried)
{
	struct doctor_map map[2] = { 0 };
	const char *list = tried[_i].list;
	struct fixture f;

	healthy(&f);
	ck_assert(policy_map_next(&list, &map[0].map));
	map[0].tried.result = tried[_i].result;
	map[0].not_asked = tried[_i].not_asked;
	strcpy(map[0].tried.why, tried[_i].why);
	map[1] = f.map;
	f.service.map = map;
	f.service.map_count = 2;
	assert_finds(&f, tried[_i].id);
	assert_text(&f, tried[_i].text);
	assert_changes(&f, "shell", tried[_i].change);
	assert_changes(&f, "main.cf", "");
}
END_TEST

/* What postdane knows is delivered, whatever becomes of the table behind. */
START_TEST(a_table_behind_holds_up_less)
{
	struct doctor_map map[2] = { 0 };
	const char *list = "hash:/own";
	struct fixture f;

	healthy(&f);
	map[0] = f.map;
	map[0].no_dane = "notfound";
	ck_assert(policy_map_next(&list, &map[1].map));
	map[1].tried.result = POSTMAP_FAILED;
	strcpy(map[1].tried.why, "why");
	f.service.map = map;
	f.service.map_count = 2;
	assert_finds(&f, "map-unusable ");
	assert_text(&f, "Postfix can't use hash:/own (why): it defers all mail "
			"that the tables before it say nothing about");
}
END_TEST

/* A strict level in main.cf is enough for a password, too. */
START_TEST(an_option_has_one_remedy)
{
	static char encrypt[] = "encrypt", yes[] = "yes", none[] = "";
	static char relay[] = "[relay.example]:587", table[] = "hash:/p";
	struct fixture f;

	healthy(&f);
	f.config.value[POSTFIX_SECURITY_LEVEL] = encrypt;
	f.config.value[POSTFIX_RELAYHOST] = relay;
	f.config.value[POSTFIX_SASL_AUTH] = yes;
	f.config.value[POSTFIX_SASL_PASSWORDS] = table;
	f.config.value[POSTFIX_SASL_OPTIONS] = none;
	f.facts.explicit_hop = relay;
	f.facts.explicit_from = "relayhost";
	f.map.no_dane = "encrypt";
	f.map.dane_only = "when-complete";
	f.map.no_dane_explicit = "may";
	f.facts.inside.server[0].is_ours = true;
	assert_finds(&f, "explicit-weakened relay-password ");
	assert_changes(
	    &f, "postdane.conf", "no-dane-policy-explicit = notfound\n");
}
END_TEST

/* ---- names of tables ---- */

static const struct {
	const char *text;
	enum policy_map_kind kind;
	bool is_proxied, is_error, is_unix, is_numeric;
	const char *place, *name;
} maps[] = {
	{ "hash:/etc/postfix/tls", POLICY_MAP_OTHER, false, false, false, false,
	    "", "" },
	{ "socketmap:inet:127.0.0.1:8642:query", POLICY_MAP_SOCKETMAP, false,
	    false, false, true, "inet:127.0.0.1:8642", "query" },
	{ "socketmap:inet:[127.0.0.1]:8642:query", POLICY_MAP_SOCKETMAP, false,
	    false, false, true, "inet:127.0.0.1:8642", "query" },
	{ "socketmap:inet:[::1]:8642:q", POLICY_MAP_SOCKETMAP, false, false,
	    false, true, "inet:[::1]:8642", "q" },
	{ "socketmap:inet:localhost:8642:q", POLICY_MAP_SOCKETMAP, false, false,
	    false, false, "inet:localhost:8642", "q" },
	{ "socketmap:unix:postdane/map:q", POLICY_MAP_SOCKETMAP, false, false,
	    true, false, "postdane/map", "q" },
	{ "proxy:socketmap:unix:/run/x:q", POLICY_MAP_SOCKETMAP, true, false,
	    true, false, "/run/x", "q" },
	{ "tcp:127.0.0.1:8643", POLICY_MAP_TCP, false, false, false, true,
	    "inet:127.0.0.1:8643", "" },
	{ "tcp:127.0.0.1", POLICY_MAP_TCP, false, true, false, false, "", "" },
	{ "tcp:127.0.0.1:", POLICY_MAP_TCP, false, true, false, false, "", "" },
	{ "socketmap:inet:127.0.0.1:8642", POLICY_MAP_SOCKETMAP, false, true,
	    false, false, "", "8642" },
	{ "socketmap:inet:127.0.0.1:8642:", POLICY_MAP_SOCKETMAP, false, true,
	    false, false, "", "" },
	{ "socketmap:unix:/run/x", POLICY_MAP_SOCKETMAP, false, true, false,
	    false, "", "/run/x" },
	{ "socketmap:", POLICY_MAP_SOCKETMAP, false, true, false, false, "",
	    "" },
};

START_TEST(tables_are_understood)
{
	const char *list = maps[_i].text;
	struct policy_map map;

	ck_assert(policy_map_next(&list, &map));
	ck_assert_str_eq(map.text, maps[_i].text);
	ck_assert_int_eq(map.kind, maps[_i].kind);
	ck_assert_int_eq(map.is_proxied, maps[_i].is_proxied);
	ck_assert_int_eq(map.error != NULL, maps[_i].is_error);
	ck_assert_str_eq(map.name, maps[_i].name);
	if (map.error == NULL) {
		ck_assert_int_eq(map.is_unix, maps[_i].is_unix);
		ck_assert_int_eq(map.is_numeric, maps[_i].is_numeric);
		ck_assert_str_eq(map.place, maps[_i].place);
	}
	ck_assert(!policy_map_next(&list, &map));
}
END_TEST

START_TEST(lists_are_taken_apart)
{
	const char *list =
	    " hash:/a,, {inline:{ a=may, b = dane }}\n\ttcp:h:1 ";
	struct policy_map map;

	ck_assert(policy_map_next(&list, &map));
	ck_assert_str_eq(map.text, "hash:/a");
	ck_assert(policy_map_next(&list, &map));
	ck_assert_str_eq(map.text, "{inline:{ a=may, b = dane }}");
	ck_assert(policy_map_next(&list, &map));
	ck_assert_str_eq(map.text, "tcp:h:1");
	ck_assert(!policy_map_next(&list, &map));
	list = "";
	ck_assert(!policy_map_next(&list, &map));
}
END_TEST

START_TEST(a_name_that_is_too_long_is_known_to_be_cut)
{
	char text[POLICY_MAP_TEXT_MAX + 1];
	const char *list = text;
	struct policy_map map;

	memset(text, 'x', sizeof(text));
	text[POLICY_MAP_TEXT_MAX] = '\0';
	ck_assert(policy_map_next(&list, &map));
	ck_assert(map.is_cut);
	list = text + 1;
	ck_assert(policy_map_next(&list, &map));
	ck_assert(!map.is_cut);
	ck_assert_str_eq(map.text, text + 1);
}
END_TEST

START_TEST(resolv_conf_is_read_as_glibc_reads_it)
{
	static const char text[] = "# nameserver 192.0.2.1\n"
				   "nameserver\t127.0.0.25 # ours\n"
				   ";nameserver 192.0.2.2\n"
				   "nameserver\n"
				   " nameserver 192.0.2.5\n"
				   "nameservers 192.0.2.6\n"
				   "nameserver ::1\n"
				   "options timeout:15 trust-ad\r\n"
				   "nameserver 192.0.2.3\n"
				   "nameserver 192.0.2.4";
	char copy[sizeof(text)], *rest = copy;
	struct resolv_conf conf;

	resolv_conf_parse(text, &conf);
	ck_assert_uint_eq(conf.server_count, 3);
	ck_assert_str_eq(conf.server[0], "127.0.0.25");
	ck_assert_str_eq(conf.server[1], "::1");
	ck_assert_str_eq(conf.server[2], "192.0.2.3");
	ck_assert(conf.trust_ad);
	memcpy(copy, text, sizeof(text));
	for (size_t i = 0; i < conf.server_count; i++)
		ck_assert_pstr_eq(
		    resolv_conf_next_server(&rest), conf.server[i]);
	ck_assert_pstr_eq(resolv_conf_next_server(&rest), "192.0.2.4");
	ck_assert_ptr_null(resolv_conf_next_server(&rest));
	resolv_conf_parse("", &conf);
	ck_assert_uint_eq(conf.server_count, 0);
	ck_assert(!conf.trust_ad);
}
END_TEST

TEST_MAIN("doctor_rules")
{
	TCase *tc = add_case(suite, "doctor");

	tcase_add_test(tc, nothing_is_found_where_nothing_is_wrong);
	add_rows(tc, versions_differ, versions);
	add_rows(tc, levels_are_not_weakened, levels);
	add_rows(tc, chosen_next_hops_are_not_weakened, explicits);
	add_rows(tc, a_relay_hosts_password_is_protected, passwords);
	add_rows(tc, names_mean_the_same_to_both, names);
	tcase_add_test(tc, our_resolver_is_the_best);
	tcase_add_test(tc, carried_records_need_sha256_and_no_dnssec);
	tcase_add_test(tc, what_cannot_be_read_is_not_judged);
	tcase_add_test(tc, the_chroot_matters_only_to_the_chrooted);
	tcase_add_test(tc, trust_is_looked_at);
	tcase_add_test(tc, a_machine_that_is_cut_off_has_one_finding);
	tcase_add_test(tc, the_gravest_that_is_certain_is_the_state);
	tcase_add_test(tc, a_resolv_conf_has_one_remedy);
	tcase_add_test(tc, a_good_copy_is_not_made_worse);
	tcase_add_test(tc, the_tables_have_one_remedy);
	tcase_add_loop_test(
	    tc, tables_of_others_are_tried, 0, (int)COUNT(tried));
	tcase_add_test(tc, a_table_behind_holds_up_less);
	tcase_add_test(tc, an_option_has_one_remedy);
	add_rows(tc, tables_are_understood, maps);
	tcase_add_test(tc, lists_are_taken_apart);
	tcase_add_test(tc, a_name_that_is_too_long_is_known_to_be_cut);
	tcase_add_test(tc, resolv_conf_is_read_as_glibc_reads_it);
}
