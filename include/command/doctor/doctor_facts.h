/*
 * doctor_facts.h - what the doctor has found out about Postfix and postdane,
 * before anybody judges.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_FACTS_H
#define COMMAND_DOCTOR_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "command/dns/name_compare.h"
#include "command/dns/resolver_probe.h"
#include "command/postfix/policy_map.h"
#include "command/postfix/postfix_config.h"
#include "command/postfix/postmap.h"

/* The exit codes of monitoring plugins. */
enum doctor_code { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_CRITICAL, DOCTOR_UNKNOWN };

/* Texts are borrowed. */
struct doctor_map {
	struct policy_map map;
	bool is_ours;                    /* as far as we can tell */
	bool not_asked;                  /* there was no time left */
	struct policy_map_answer answer; /* a socketmap's or tcp table's */
	struct postmap_answer tried;     /* any other's */
	/* the options of its profile; NULL where unknown */
	const char *no_dane, *no_dane_explicit;
	const char *insecure_mx, *dane_only, *carry;
	const char *block; /* the name of its map block; NULL: it has none */
};

struct doctor_server {
	bool understood;  /* an address that we can ask */
	bool is_loopback; /* nobody between us and it */
	bool is_ours;     /* postdane's own listener */
	struct resolver_probe probe;
};

/* A resolv.conf of Postfix's processes. */
struct doctor_view {
	const char *path; /* as the administrator knows it; NULL: unused */
	bool exists;
	const char *unreadable;  /* why, or NULL; then no servers are known */
	struct resolv_conf conf; /* 127.0.0.1 where it names none */
	bool is_default;         /* it named none */
	struct doctor_server server[RESOLV_CONF_SERVERS_MAX];
	size_t stale; /* processes that have read an older one */
};

struct doctor_service {
	const struct postfix_service *config;
	struct doctor_map *map;
	size_t map_count;
};

/* Which Postfix's configuration names. */
struct doctor_name {
	const char *from; /* where */
	struct name_difference difference;
};

struct doctor_facts {
	/* why Postfix's configuration is not known; NULL: it is.  Then nothing
	 * else is looked at. */
	const char *postfix_why;
	const struct doctor_service *service;
	size_t service_count;
	struct doctor_view outside, inside; /* the chroot */
	const char *daemon_why; /* why postdaned can't be asked; NULL: it can */
	bool may_not_ask;       /* then that is why: nothing is known of it */
	bool is_root;           /* Postfix's user could be tried */
	const char *trust,
	    *trust_why;         /* as wire/admin/daemon_status.h has them */
	bool has_just_started;  /* the daemon */
	const char *table;      /* what main.cf should name */
	const char *dns_listen; /* postdane's own resolver; NULL: none */
	const struct doctor_name *name; /* compared with what it says */
	size_t name_count;
	size_t names_left; /* for which the time was too short */
	/* a next hop with brackets or a port, and where it stands; NULL: none
	 */
	const char *explicit_hop, *explicit_from;
};

#endif /* COMMAND_DOCTOR_DOCTOR_FACTS_H */
