/* unbound_option.c - which options of unbound.conf(5) may be set. */

#include "base/unbound_option.h"

#include <stddef.h>
#include <string.h>

static const char *const allowed[] = {
	"delay-close",
	"disable-dnssec-lame-check",
	"do-ip4",
	"do-ip6",
	"do-not-query-address",
	"do-not-query-localhost",
	"do-tcp",
	"do-udp",
	"edns-buffer-size",
	"infra-cache-max-rtt",
	"infra-cache-min-rtt",
	"infra-cache-numhosts",
	"infra-cache-slabs",
	"infra-host-ttl",
	"infra-keep-probing",
	"ip-dscp",
	"jostle-timeout",
	"key-cache-size",
	"key-cache-slabs",
	"max-udp-size",
	"msg-cache-size",
	"msg-cache-slabs",
	"neg-cache-size",
	"num-queries-per-thread",
	"outbound-msg-retry",
	"outgoing-interface",
	"outgoing-num-tcp",
	"outgoing-port-avoid",
	"outgoing-port-permit",
	"outgoing-range",
	"outgoing-tcp-mss",
	"prefer-ip4",
	"prefer-ip6",
	"prefetch-key",
	"private-address",
	"private-domain",
	"rrset-cache-size",
	"rrset-cache-slabs",
	"so-rcvbuf",
	"so-sndbuf",
	"target-fetch-policy",
	"tcp-auth-query-timeout",
	"tcp-idle-timeout",
	"udp-connect",
	"udp-upstream-without-downstream",
	"use-caps-for-id",
};

/* Those that people may try, with the reason. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "module-config", "validation would be lost" },
	{ "val-permissive-mode", "bogus answers would be believed" },
	{ "val-override-date", "expired signatures would be believed" },
	{ "val-sig-skew-min", "expired signatures would be believed" },
	{ "val-sig-skew-max", "expired signatures would be believed" },
	{ "val-nsec3-keysize-iterations", "denials would become forgeable" },
	{ "domain-insecure", "use a zone block with insecure = yes" },
	{ "trust-anchor", "use the option trust-anchor" },
	{ "trust-anchor-file", "use the option trust-anchor" },
	{ "trusted-keys-file", "use the option trust-anchor" },
	{ "auto-trust-anchor-file", "use the option trust-anchor" },
	{ "root-hints", "use the option root-hints" },
	{ "forward-zone", "use a zone block" },
	{ "stub-zone", "use a zone block" },
	{ "local-zone", "use a zone block" },
	{ "local-data", "answers would be made up" },
	{ "serve-expired", "stale TLSA records would be believed" },
	{ "serve-expired-ttl", "stale TLSA records would be believed" },
	{ "cache-min-ttl", "stale TLSA records would be believed" },
	{ "cache-max-ttl", "answers live as long as their TTL says" },
	{ "harden-dnssec-stripped", "stripped signatures would be believed" },
	{ "harden-glue", "answers would become forgeable" },
	{ "aggressive-nsec", "a lying server could hide TLSA records" },
	{ "qname-minimisation", "TLSA fails at many broken servers" },
	{ "disable-edns-do", "validation would be lost" },
	{ "unwanted-reply-threshold", "libunbound can end the process" },
};

const char *
unbound_option_check(const char *line)
{
	const size_t len = strcspn(line, ":");

	if (line[len] != ':' ||
	    line[len + 1 + strspn(line + len + 1, " \t")] == '\0')
		return "must have the form \"name: value\"";
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strlen(allowed[i]) == len &&
		    strncmp(allowed[i], line, len) == 0)
			return NULL;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strlen(refused[i].name) == len &&
		    strncmp(refused[i].name, line, len) == 0)
			return refused[i].why;
	return "not an option of libunbound that can be tuned here";
}
