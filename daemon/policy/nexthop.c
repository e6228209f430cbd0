/* nexthop.c - the lookup keys of smtp_tls_policy_maps. */

#include "policy/nexthop.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longer than any deliverable name and port, U-labels included. */
#define KEY_MAX 1024

static const char an_address[] =
    "a literal address: DANE is about names, and does not apply";

static void
decide(struct nexthop *hop, enum nexthop_kind kind, const char *why)
{
	hop->kind = kind;
	hop->why = why;
}

static bool
is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* The SMTP services, for machines without /etc/services. */
static unsigned
well_known_port(const char *service)
{
	static const struct {
		const char *name;
		unsigned port;
	} services[] = {
		{ "smtp", 25 },
		{ "lmtp", 24 },
		{ "smtps", 465 },
		{ "submissions", 465 },
		{ "submission", 587 },
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].name, service) == 0)
			return services[i].port;
	return 0;
}

/* A literal address, as in mail addresses ("IPv6:…") or without the tag. */
static bool
is_address(const char *host)
{
	struct in6_addr address;

	if (strncasecmp(host, "IPv6:", 5) == 0)
		host += 5;
	return inet_pton(AF_INET, host, &address) == 1 ||
	       inet_pton(AF_INET6, host, &address) == 1;
}

/* The part after the colon.  If empty, it is the default port, as in Postfix's
 * host_port(). */
static void
parse_port(const char *text, struct nexthop *hop)
{
	const struct servent *service;
	unsigned long port;

	hop->is_explicit = true;
	if (text[0] == '\0')
		return;
	if (is_number(text)) {
		port = strtoul(text, NULL, 10);
		if (port < 1 || port > 65535)
			decide(hop, NEXTHOP_NOTFOUND, "no such port");
		hop->port = (uint16_t)port;
	} else if (well_known_port(text) != 0) {
		hop->port = (uint16_t)well_known_port(text);
	} else if ((service = getservbyname(text, "tcp")) != NULL) {
		hop->port = ntohs((uint16_t)service->s_port);
	} else {
		/* Postfix may know it from a different services file. */
		decide(hop, NEXTHOP_UNKNOWN, "unknown service name");
	}
}

static void
parse_host(const char *host, struct nexthop *hop)
{
	if (is_address(host)) {
		decide(hop, NEXTHOP_NOTFOUND, an_address);
		return;
	}
	if (strchr(host, '\\') != NULL) {
		decide(hop, NEXTHOP_NOTFOUND, "no host name");
		return;
	}
	if (domain_from_utf8(host, hop->domain) == -1) {
		if (domain_is_ascii(host))
			decide(hop, NEXTHOP_NOTFOUND, "no host name");
		else
			decide(hop, NEXTHOP_UNKNOWN,
			    "a name that can't be converted to A-labels");
		return;
	}
	if (!domain_is_hostname(hop->domain))
		decide(hop, NEXTHOP_NOTFOUND, "no host name");
}

/* "[host]" or "[host]:port" */
static void
parse_brackets(char *key, struct nexthop *hop)
{
	char *close = strchr(key, ']');

	hop->use_mx = false;
	hop->is_explicit = true;
	if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
		decide(hop, NEXTHOP_NOTFOUND, "brackets without an end");
		return;
	}
	*close = '\0';
	parse_host(key + 1, hop);
	if (close[1] == ':' && hop->kind == NEXTHOP_LOOKUP)
		parse_port(close + 2, hop);
}

/* "domain" or "domain:port" */
static void
parse_domain(char *key, struct nexthop *hop)
{
	char *colon = strchr(key, ':');

	if (is_address(key)) {
		decide(hop, NEXTHOP_NOTFOUND, an_address);
		return;
	}
	if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		decide(hop, NEXTHOP_NOTFOUND, "no host name");
		return;
	}
	if (colon != NULL)
		*colon = '\0';
	parse_host(key, hop);
	if (colon != NULL && hop->kind == NEXTHOP_LOOKUP)
		parse_port(colon + 1, hop);
}

/* A name may contain any number of characters that A-labels omit (soft
 * hyphens), and Postfix would deliver there. */
static void
decide_too_long(const char *key, size_t len, struct nexthop *hop)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)key[i] >= 0x80) {
			decide(hop, NEXTHOP_UNKNOWN,
			    "a name too long to be converted to A-labels");
			return;
		}
	decide(hop, NEXTHOP_NOTFOUND, "longer than any host name");
}

void
nexthop_parse(
    const char *key, size_t len, uint16_t default_port, struct nexthop *hop)
{
	char text[KEY_MAX];

	*hop = (struct nexthop){
		.kind = NEXTHOP_LOOKUP, .use_mx = true, .port = default_port
	};
	if (memchr(key, '\0', len) != NULL) {
		decide(hop, NEXTHOP_BAD, "the key has a NUL in it");
		return;
	}
	if (len == 0) {
		decide(hop, NEXTHOP_NOTFOUND, "an empty key");
		return;
	}
	if (len >= sizeof(text)) {
		decide_too_long(key, len, hop);
		return;
	}
	memcpy(text, key, len);
	text[len] = '\0';
	if (text[0] == '.') {
		hop->parent_key = true;
		decide(hop, NEXTHOP_NOTFOUND,
		    "a parent domain: Postfix asks for it where "
		    "the domain itself has no policy");
	} else if (strncmp(text, "unix:", 5) == 0 ||
		   strncmp(text, "inet:", 5) == 0) {
		decide(hop, NEXTHOP_NOTFOUND, "a socket, and no host of SMTP");
	} else if (text[0] == '[') {
		parse_brackets(text, hop);
	} else {
		parse_domain(text, hop);
	}
	if (hop->kind != NEXTHOP_LOOKUP)
		hop->domain[0] = '\0';
}

/* "unix:25" would be a socket; "unix.:25" is a host. */
static const char *
dot_for(const char *domain)
{
	return strcmp(domain, "unix") == 0 || strcmp(domain, "inet") == 0 ? "."
									  : "";
}

const char *
nexthop_text(const struct nexthop *hop, char text[NEXTHOP_TEXT_MAX])
{
	if (!hop->use_mx)
		snprintf(
		    text, NEXTHOP_TEXT_MAX, "[%s]:%u", hop->domain, hop->port);
	else if (hop->is_explicit)
		snprintf(text, NEXTHOP_TEXT_MAX, "%s%s:%u", hop->domain,
		    dot_for(hop->domain), hop->port);
	else
		snprintf(text, NEXTHOP_TEXT_MAX, "%s", hop->domain);
	return text;
}
