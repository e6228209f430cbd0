/*
 * conf.h - postdane.conf(5): all options that an administrator can set, with
 * built-in defaults.  The modules of conf are the only ones that use
 * libconfuse.
 *
 * A conf is plain data, read once and never changed; a reload creates a new
 * one.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf_values.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/prefix.h"

/* The options that a map "NAME" { … } block can override. */
struct conf_profile {
	enum conf_no_dane no_dane; /* no-dane-policy = may */
	enum conf_no_dane
	    no_dane_explicit; /* no-dane-policy-explicit = notfound */
	enum conf_insecure_mx insecure_mx; /* insecure-mx = dane */
	enum conf_dane_only dane_only;     /* dane-only = never */
	enum conf_carry carry;             /* carry = no */
	enum conf_carry_else carry_else;   /* carry-else = dane-only */
};

struct conf_map {
	char *name;
	struct conf_profile
	    policy; /* the global policy where the block has no option */
};

/* zone "corp.internal" { forward = { "192.0.2.53" } insecure = yes } */
struct conf_zone {
	char *name; /* text form of base/domain.h */
	struct endpoint *servers;
	size_t server_count;
	bool is_stub;  /* servers are authoritative; otherwise recursors */
	bool insecure; /* names at and below the zone count as proven
			* insecure */
};

struct conf_strings {
	char **item;
	size_t count;
};

struct conf_endpoints {
	struct endpoint *item;
	size_t count;
};

struct conf_prefixes {
	struct prefix *item;
	size_t count;
};

struct conf {
	/* listeners */
	struct conf_endpoints socketmap_listen; /* { "inet:127.0.0.1:8642" } */
	struct conf_endpoints tcp_table_listen; /* { "inet:127.0.0.1:8643" } */
	struct endpoint_rights
	    socket_rights; /* of unix sockets among the above: 0666 */
	struct conf_endpoints metrics_listen; /* {}: disabled */
	struct conf_endpoints dns_listen;     /* {}: disabled */
	struct conf_prefixes dns_allow;       /* {}: loopback addresses only */
	char *control_socket;     /* CONF_CONTROL_SOCKET; "" for none */
	unsigned max_connections; /* 4096 */
	unsigned request_timeout; /* seconds to complete a partly received
				   * request: 120 */
	char *user; /* CONF_USER: user to run as if started as root; "" to stay
		     * root */

	bool sandbox; /* yes: process/sandbox.h */

	/* DNS */
	char *root_hints;   /* file; dns-root-data's by default */
	char *trust_anchor; /* file; dns-root-data's by default */
	struct conf_strings
	    resolver_options;     /* "name: value" for libunbound, checked */
	unsigned lookup_deadline; /* seconds: 15 */
	unsigned evaluation_deadline; /* seconds: 30 */
	struct conf_zone *zones;
	size_t zone_count;

	/* policy */
	struct conf_profile policy;
	struct conf_map *maps;
	size_t map_count;
	char *tcp_table_map;   /* the map whose block tcp_table uses; "" */
	uint16_t default_port; /* host order: 25 */

	/* verdict cache */
	unsigned cache_entries; /* next hops: 100000; 0 for no cache */
	unsigned cache_memory;  /* MiB: 64 */
	char *state_directory;  /* CONF_STATE_DIRECTORY; "" for none */

	enum log_target log_target; /* stderr */
	enum log_level log_level;   /* info */

	char **printed; /* every option as text, in the order of the table; for
			 * conf_changes() */
};

/*
 * Read @path, or only the built-in defaults where @path is NULL.
 * Returns the conf, to be freed with conf_free(); or NULL with one line
 * "FILE:LINE: option: what is wrong" in @error, cut to @size octets.  There is
 * no line number where the error concerns the file or a default.  Where several
 * options contradict each other, it is that of the last.
 */
struct conf *conf_load(const char *path, char *error, size_t size);

/* The line in the file @path on which @option is last set; 0 where it is not
 * set, or the file can't be read any more. */
unsigned conf_line(const char *path, const char *option);

/* NULL does nothing. */
void conf_free(struct conf *conf);

/*
 * Calls @changed with the name of every option that differs between two confs;
 * zone and map once for all blocks.
 */
void conf_changes(const struct conf *one, const struct conf *other,
    void (*changed)(void *arg, const char *option), void *arg);

/* The policy for a map name: its own block, or the global options. */
const struct conf_profile *conf_profile_for(
    const struct conf *conf, const char *map);

#endif /* BASE_CONF_H */
