/*
 * Which hosts a parameter of main.cf names, and which of its words are none.
 */

#include "command/postfix/postfix_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_main.h"

/* The names, in their order, a blank behind each, and "!" after those that are
 * explicit next hops. */
static void
assert_names(const struct postfix_hosts *hosts, const char *expected)
{
	char found[1000] = "";

	for (size_t i = 0; i < hosts->count; i++) {
		strcat(found, hosts->item[i].name);
		strcat(
		    found, hosts->item[i].explicit_hop[0] != '\0' ? "! " : " ");
	}
	ck_assert_str_eq(found, expected);
}

static const struct {
	const char *name, *value, *names;
} rows[] = {
	{ "myhostname", "Mail.Example.org", "mail.example.org " },
	{ "relayhost", "", "" },
	{ "relayhost", "example.org", "example.org " },
	{ "relayhost", "relay.example.org:587", "relay.example.org! " },
	{ "relayhost", "[relay.example.org]", "relay.example.org! " },
	{ "relayhost", "[a.example]:587, b.example", "a.example! b.example " },
	{ "relayhost", "[192.0.2.1]:587", "" },
	{ "relayhost", "[IPv6:2001:db8::1]", "" },
	{ "relayhost", "$undefined", "" },
	{ "smtp_fallback_relay", "[f.example]", "f.example! " },
	{ "default_transport", "smtp", "" },
	{ "default_transport", "smtp:[d.example]:25", "d.example! " },
	{ "virtual_transport", "lmtp:unix:/run/dovecot/lmtp", "" },
	{ "virtual_transport", "lmtp:inet:imap.example:24", "imap.example! " },
	{ "relay_transport", "error:5.1.1 no relay.example here", "" },
	{ "content_filter", "smtp-amavis:[scan.example]:10024",
	    "scan.example! " },
	{ "transport_maps", "inline:{ {a.example = smtp:[b.example]:26} }",
	    "b.example! " },
	{ "transport_maps", "inline:{a.example=smtp:c.example}", "c.example " },
	{ "transport_maps", "static:relay:[s.example]", "s.example! " },
	{ "smtpd_milters", "inet:milter.example:8891, unix:/run/milter",
	    "milter.example " },
	{ "smtpd_milters", "{ inet:milter.example:8891, timeout=5s }",
	    "milter.example " },
	{ "smtpd_recipient_restrictions",
	    "reject_unauth_destination check_policy_service "
	    "inet:policy.example:10023 permit",
	    "policy.example " },
	{ "virtual_alias_maps",
	    "socketmap:inet:table.example:1000:name, tcp:other.example:1001",
	    "table.example other.example " },
	{ "smtpd_milters", "inet:127.0.0.1:8891", "" },
	{ "inet_protocols", "all", "" },
	{ "smtpd_banner", "mail.example ESMTP", "" },
};

START_TEST(parameters_name_hosts)
{
	struct postfix_hosts hosts = { 0 };

	postfix_hosts_add(&hosts, rows[_i].name, rows[_i].value);
	assert_names(&hosts, rows[_i].names);
	ck_assert(!hosts.lost);
	postfix_hosts_clear(&hosts);
}
END_TEST

static const struct {
	const char *name, *type, *text, *names;
} tables[] = {
	{ "transport_maps", "hash:",
	    "# comment smtp:[no.example]\n"
	    "a.example smtp:[b.example]:587\n"
	    "c.example\trelay:d.example\n"
	    "  smtp:[e.example], f.example\n"
	    "g.example error:5.1.1 gone h.example\n"
	    "i.example :\n"
	    "j.example local:\n",
	    "b.example! d.example e.example! f.example " },
	{ "sender_dependent_relayhost_maps", "proxy:lmdb:",
	    "@a.example [b.example]:587\nc.example d.example:26\n",
	    "b.example! d.example! " },
	{ "virtual_alias_maps", "hash:", "a@b.example c@d.example\n", "" },
	{ "virtual_mailbox_maps", "proxy:ldap:",
	    "server_host = ldaps://l1.example:636/ l2.example\n"
	    "  search_base = dc=no,dc=example\n"
	    "bind_dn = cn=no.example\n",
	    "l1.example l2.example " },
	{ "virtual_mailbox_maps", "mysql:",
	    "user = u\nhosts = unix:/run/mysqld db.example:3306 192.0.2.1\n",
	    "db.example " },
	{ "virtual_mailbox_maps", "pgsql:",
	    "hosts = postgresql://user@pg.example/mail\n", "pg.example " },
};

START_TEST(tables_name_hosts)
{
	char path[] = "/tmp/postfix_hosts-XXXXXX", value[100];
	const int fd = mkstemp(path);
	struct postfix_hosts hosts = { 0 };

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, tables[_i].text, strlen(tables[_i].text)),
	    (int)strlen(tables[_i].text));
	close(fd);
	snprintf(value, sizeof(value), "%s%s", tables[_i].type, path);
	postfix_hosts_add(&hosts, tables[_i].name, value);
	assert_names(&hosts, tables[_i].names);
	postfix_hosts_clear(&hosts);
	unlink(path);
}
END_TEST

START_TEST(each_name_is_there_once_and_where_it_stands)
{
	struct postfix_hosts hosts = { 0 };
	char name[40];

	postfix_hosts_add(&hosts, "myhostname", "mail.example");
	postfix_hosts_add(&hosts, "relayhost", "[MAIL.example]:25");
	ck_assert_uint_eq(hosts.count, 1);
	ck_assert_str_eq(hosts.item[0].from, "myhostname");
	ck_assert_str_eq(hosts.item[0].explicit_hop, "[MAIL.example]:25");
	ck_assert_str_eq(hosts.item[0].explicit_from, "relayhost");
	for (unsigned i = 0; i < POSTFIX_HOSTS_MAX; i++) {
		ck_assert(!hosts.lost);
		snprintf(name, sizeof(name), "n%u.example", i);
		postfix_hosts_add(&hosts, "relayhost", name);
	}
	ck_assert(hosts.lost);
	ck_assert_uint_eq(hosts.count, POSTFIX_HOSTS_MAX);
	postfix_hosts_clear(&hosts);
}
END_TEST

TEST_MAIN("postfix_hosts")
{
	TCase *tc = add_case(suite, "hosts");

	add_rows(tc, parameters_name_hosts, rows);
	add_rows(tc, tables_name_hosts, tables);
	tcase_add_test(tc, each_name_is_there_once_and_where_it_stands);
}
