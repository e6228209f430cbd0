/*
 * postfix_hosts.h - the hosts in Postfix's configuration: itself, next hops,
 * milters, policy services and table servers.
 */
#ifndef COMMAND_POSTFIX_POSTFIX_HOSTS_H
#define COMMAND_POSTFIX_POSTFIX_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"

#define POSTFIX_HOSTS_MAX 200 /* more are ignored */
#define POSTFIX_HOSTS_TEXT_MAX 128

struct postfix_host {
	char name[DOMAIN_TEXT_MAX]; /* text form of base/domain.h */
	/* the first place that names it: "relayhost", "transport_maps
	 * (/etc/postfix/transport)" */
	char from[POSTFIX_HOSTS_TEXT_MAX];
	/* the name as a next hop with brackets or a port; "" if there is
	 * none */
	char explicit_hop[POSTFIX_HOSTS_TEXT_MAX];
	char explicit_from[POSTFIX_HOSTS_TEXT_MAX]; /* the place that names
						       explicit_hop */
};

struct postfix_hosts {
	struct postfix_host *item; /* without duplicates */
	size_t count;
	bool lost; /* incomplete: out of memory, or too many */
};

/*
 * Add the hosts that parameter @name of main.cf names.  Tables that are files
 * are read.  @value: with parameters in it expanded.
 */
void postfix_hosts_add(
    struct postfix_hosts *hosts, const char *name, const char *value);

/*
 * Add all hosts of main.cf and of the -o options in master.cf, as read by
 * @postconf (see postfix_config_read()).  Initialise @hosts with zeros.
 * Returns 0, or -1 with a line on stderr.  Clear in any case.
 */
int postfix_hosts_read(
    struct postfix_hosts *hosts, const char *postconf, const char *directory);

void postfix_hosts_clear(struct postfix_hosts *hosts);

#endif /* COMMAND_POSTFIX_POSTFIX_HOSTS_H */
