/*
 * postfix_hosts.h - the hosts that Postfix's configuration names: itself, next
 * hops, milters and policy services, the servers of its tables.
 */
#ifndef COMMAND_POSTFIX_POSTFIX_HOSTS_H
#define COMMAND_POSTFIX_POSTFIX_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"

#define POSTFIX_HOSTS_MAX 200 /* more are not looked at */
#define POSTFIX_HOSTS_TEXT_MAX 128

struct postfix_host {
	char name[DOMAIN_TEXT_MAX]; /* text form of base/domain.h */
	/* "relayhost", "transport_maps (/etc/postfix/transport)": the first
	 * place where it stands */
	char from[POSTFIX_HOSTS_TEXT_MAX];
	/* As a next hop with brackets or a port; "" where it is none. */
	char explicit_hop[POSTFIX_HOSTS_TEXT_MAX];
	char explicit_from[POSTFIX_HOSTS_TEXT_MAX]; /* where that stands */
};

struct postfix_hosts {
	struct postfix_host *item; /* each name once */
	size_t count;
	bool lost; /* some are missing: memory, or too many */
};

/*
 * What the parameter @name of main.cf names.  Tables that are files are read.
 * @value: with its own parameters expanded.
 */
void postfix_hosts_add(
    struct postfix_hosts *hosts, const char *name, const char *value);

/*
 * All of main.cf and of the -o options in master.cf, as @postconf has them
 * (see postfix_config_read()).  Starts zeroed.
 * Returns 0, or -1 with a line on stderr.  Clear in any case.
 */
int postfix_hosts_read(
    struct postfix_hosts *hosts, const char *postconf, const char *directory);

void postfix_hosts_clear(struct postfix_hosts *hosts);

#endif /* COMMAND_POSTFIX_POSTFIX_HOSTS_H */
