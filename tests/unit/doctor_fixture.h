/*
 * doctor_fixture.h - what postdane doctor sees where nothing is wrong: the
 * parts that a test then spoils.
 */
#ifndef TESTS_DOCTOR_FIXTURE_H
#define TESTS_DOCTOR_FIXTURE_H

#include <check.h>
#include <stddef.h>

#include "command/doctor/doctor_rules.h"

#define TABLE "socketmap:inet:127.0.0.1:8642:query"

/* A resolver of this machine that validates. @text: of resolv.conf. */
static inline void
healthy_view(struct doctor_view *view, const char *path, const char *text)
{
	const struct resolver_reply good = { true, 0, true, true };

	*view = (struct doctor_view){ .path = path, .exists = true };
	resolv_conf_parse(text, &view->conf);
	view->server[0] = (struct doctor_server){ .understood = true,
		.is_loopback = true,
		.probe = { good, good, good } };
}

/* The parameters of a service; those that are not named are empty. */
static inline void
healthy_config(struct postfix_service *config)
{
	static const char *const values[POSTFIX_PARAMETERS] = {
		[POSTFIX_MAIL_VERSION] = "3.7.11",
		[POSTFIX_QUEUE_DIRECTORY] = "/var/spool/postfix",
		[POSTFIX_MAIL_OWNER] = "postfix",
		[POSTFIX_COMPATIBILITY_LEVEL] = "3.6",
		[POSTFIX_POLICY_MAPS] = TABLE,
		[POSTFIX_SECURITY_LEVEL] = "may",
		[POSTFIX_DNS_SUPPORT_LEVEL] = "dnssec",
		[POSTFIX_HOST_LOOKUP] = "dns",
		[POSTFIX_INSECURE_MX] = "dane",
		[POSTFIX_IGNORE_MX_ERROR] = "no",
		[POSTFIX_FINGERPRINT_DIGEST] = "sha256",
		[POSTFIX_SASL_AUTH] = "no",
		[POSTFIX_SASL_OPTIONS] = "noplaintext, noanonymous",
	};

	for (size_t i = 0; i < POSTFIX_PARAMETERS; i++)
		config->value[i] = (char *)(values[i] != NULL ? values[i] : "");
}

/* Our table, which answers. */
static inline void
healthy_map(struct doctor_map *map)
{
	const char *list = TABLE;

	ck_assert(policy_map_next(&list, &map->map));
	map->is_ours = true;
	map->no_dane = "may";
	map->no_dane_explicit = "notfound";
	map->insecure_mx = "dane";
	map->dane_only = "never";
}

/* For root, with one service. */
static inline void
healthy_facts(struct doctor_facts *facts, struct doctor_service *service)
{
	healthy_view(
	    &facts->outside, "/etc/resolv.conf", "nameserver 127.0.0.1\n");
	healthy_view(&facts->inside, "/var/spool/postfix/etc/resolv.conf",
	    "nameserver 127.0.0.1\n");
	facts->service = service;
	facts->service_count = 1;
	facts->is_root = true;
	facts->trust = "alive";
	facts->trust_why = "";
	facts->table = TABLE;
}

#endif /* TESTS_DOCTOR_FIXTURE_H */
