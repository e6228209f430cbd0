/*
 * doctor_facts.h - the facts about Postfix and postdane that postdane doctor
 * collects before it judges them.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_FACTS_H
#define COMMAND_DOCTOR_DOCTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "command/dns/name_compare.h"
#include "command/dns/resolv_conf.h"
#include "command/dns/resolver_probe.h"
#include "command/postfix/policy_map.h"
#include "command/postfix/postfix_config.h"
#include "command/postfix/postmap.h"

/* Texts are borrowed. */
struct doctor_map {
	struct policy_map map;
	bool is_ours;                    /* to the best of our knowledge */
	bool not_asked;                  /* no time was left */
	struct policy_map_answer answer; /* for a socketmap or tcp table */
	struct postmap_answer tried;     /* for any other table */
	/* options of its profile; NULL if unknown */
	const char *no_dane, *no_dane_explicit;
	const char *insecure_mx, *dane_only, *carry;
	const char *block; /* the name of its map block, or NULL */
};

struct doctor_server {
	bool understood;  /* an address that can be queried */
	bool is_loopback; /* no network in between */
	bool is_ours;     /* postdane's own listener */
	struct resolver_probe probe;
};

/* A resolv.conf of Postfix's processes. */
struct doctor_view {
	const char *path; /* for the administrator; NULL: not used */
	bool exists;
	const char *unreadable;  /* the reason, and no servers; or NULL */
	struct resolv_conf conf; /* 127.0.0.1 if it names no server */
	bool is_default;         /* it names no server */
	struct doctor_server server[RESOLV_CONF_SERVERS_MAX];
	size_t stale; /* processes that use an older version */
};

struct doctor_service {
	const struct postfix_service *config;
	struct doctor_map *map;
	size_t map_count;
};

/* A name from Postfix's configuration. */
struct doctor_name {
	const char *from; /* where it is named */
	struct name_difference difference;
};

struct doctor_facts {
	/* why Postfix's configuration is unknown, and then so is the rest;
	 * NULL: it is known */
	const char *postfix_why;
	const struct doctor_service *service;
	size_t service_count;
	struct doctor_view outside, inside; /* the chroot */
	const char *daemon_why; /* why postdaned can't be asked, or NULL */
	bool may_not_ask;       /* we lack permission: its state is unknown */
	bool is_root;           /* so Postfix's user could be tested */
	const char *trust,
	    *trust_why;         /* as wire/admin/daemon_status.h has them */
	bool has_just_started;  /* the daemon */
	const char *table;      /* what main.cf should name */
	const char *dns_listen; /* postdane's DNS listener; NULL: none */
	const struct doctor_name *name; /* compared at that listener */
	size_t name_count;
	size_t names_left; /* not compared for lack of time */
	/* a next hop with brackets or a port, and where it is named; NULL:
	 * none */
	const char *explicit_hop, *explicit_from;
};

#endif /* COMMAND_DOCTOR_DOCTOR_FACTS_H */
