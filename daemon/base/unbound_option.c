/* unbound_option.c - which options of unbound.conf(5) may be set. */

#include "base/unbound_option.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggestion.h"

#define NAME_MAX_OCTETS 63
#define VALUE_MAX_OCTETS 127
#define EXPECTED_MAX                                                           \
	64 /* octets of the text that says what a value should be */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum kind {
	KIND_YES_NO,
	KIND_NUMBER,
	KIND_SIZE,    /* octets: "4m" */
	KIND_SLABS,   /* a power of two */
	KIND_ADDRESS, /* IPv4 or IPv6 */
	KIND_NETBLOCK,
	KIND_PORTS,  /* "1024-65535" */
	KIND_NUMBERS /* "3 2 1 0 -1" */
};

/* All of them are known to libunbound 1.17 and later. */
static const struct {
	const char *name;
	enum kind kind;
	long least, most; /* of a number */
} allowed[] = {
	/* connections to the name servers */
	{ "delay-close", KIND_NUMBER, 0, 60000 },
	{ "do-ip4", KIND_YES_NO, 0, 0 },
	{ "do-ip6", KIND_YES_NO, 0, 0 },
	{ "do-not-query-address", KIND_NETBLOCK, 0, 0 },
	{ "do-not-query-localhost", KIND_YES_NO, 0, 0 },
	{ "do-tcp", KIND_YES_NO, 0, 0 },
	{ "do-udp", KIND_YES_NO, 0, 0 },
	{ "edns-buffer-size", KIND_NUMBER, 512, 4096 },
	{ "ip-dscp", KIND_NUMBER, 0, 63 },
	{ "max-reuse-tcp-queries", KIND_NUMBER, 1, 65535 },
	{ "outgoing-interface", KIND_ADDRESS, 0, 0 },
	{ "outgoing-num-tcp", KIND_NUMBER, 1, 65535 },
	{ "outgoing-port-avoid", KIND_PORTS, 0, 0 },
	{ "outgoing-port-permit", KIND_PORTS, 0, 0 },
	{ "outgoing-range", KIND_NUMBER, 16, 65535 },
	{ "outgoing-tcp-mss", KIND_NUMBER, 64, 65535 },
	{ "prefer-ip4", KIND_YES_NO, 0, 0 },
	{ "prefer-ip6", KIND_YES_NO, 0, 0 },
	{ "so-rcvbuf", KIND_SIZE, 0, 0 },
	{ "so-sndbuf", KIND_SIZE, 0, 0 },
	{ "tcp-auth-query-timeout", KIND_NUMBER, 1, 60000 },
	{ "tcp-reuse-timeout", KIND_NUMBER, 1, 600000 },
	{ "tcp-upstream", KIND_YES_NO, 0, 0 },
	{ "udp-connect", KIND_YES_NO, 0, 0 },
	{ "udp-upstream-without-downstream", KIND_YES_NO, 0, 0 },
	{ "use-caps-for-id", KIND_YES_NO, 0, 0 },
	/* timeouts, and what is cached about servers */
	{ "infra-cache-max-rtt", KIND_NUMBER, 1000, 120000 },
	{ "infra-cache-min-rtt", KIND_NUMBER, 10, 10000 },
	{ "infra-cache-numhosts", KIND_NUMBER, 100, 10000000 },
	{ "infra-cache-slabs", KIND_SLABS, 0, 0 },
	{ "infra-host-ttl", KIND_NUMBER, 0, 86400 },
	{ "infra-keep-probing", KIND_YES_NO, 0, 0 },
	{ "jostle-timeout", KIND_NUMBER, 0, 60000 },
	{ "max-query-restarts", KIND_NUMBER, 1, 100 },
	{ "max-sent-count", KIND_NUMBER, 1, 1000 },
	{ "num-queries-per-thread", KIND_NUMBER, 16, 1000000 },
	{ "outbound-msg-retry", KIND_NUMBER, 1, 100 },
	{ "target-fetch-policy", KIND_NUMBERS, 0, 0 },
	/* caches; records can't be kept longer than their TTL */
	{ "cache-max-negative-ttl", KIND_NUMBER, 0, 3600 },
	{ "cache-max-ttl", KIND_NUMBER, 0, 86400 },
	{ "key-cache-size", KIND_SIZE, 0, 0 },
	{ "key-cache-slabs", KIND_SLABS, 0, 0 },
	{ "msg-cache-size", KIND_SIZE, 0, 0 },
	{ "msg-cache-slabs", KIND_SLABS, 0, 0 },
	{ "neg-cache-size", KIND_SIZE, 0, 0 },
	{ "prefetch", KIND_YES_NO, 0, 0 },
	{ "prefetch-key", KIND_YES_NO, 0, 0 },
	{ "rrset-cache-size", KIND_SIZE, 0, 0 },
	{ "rrset-cache-slabs", KIND_SLABS, 0, 0 },
	/* validation: stricter than usual */
	{ "disable-dnssec-lame-check", KIND_YES_NO, 0, 0 },
	{ "harden-algo-downgrade", KIND_YES_NO, 0, 0 },
	{ "harden-referral-path", KIND_YES_NO, 0, 0 },
};

static const char by_zone[] = "use a zone block";
static const char by_insecure_zone[] = "use a zone block with insecure = yes";
static const char by_hints[] = "use the option root-hints";
static const char by_anchor[] = "use the option trust-anchor";
static const char by_log[] = "use the option log-level";
static const char unvalidated[] = "answers would no longer be validated";
static const char expired[] = "expired signatures would be believed";
static const char stale[] = "records would be believed after their end";
static const char invented[] = "libunbound would make up answers";
static const char mutilated[] =
    "answers would lose records, and the proofs in them";

/* Options that people may try, with the reason why they are refused; "*" stands
 * for any end of a name. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "add-holddown", by_anchor },
	{ "aggressive-nsec", "a server that lies in NSEC would hide TLSA" },
	{ "auth-zone", by_zone },
	{ "auto-trust-anchor-file", by_anchor },
	{ "cache-min-ttl", stale },
	{ "disable-edns-do", unvalidated },
	{ "dns64*", invented },
	{ "domain-insecure", by_insecure_zone },
	{ "dynlib*", "foreign code could void validation" },
	{ "forward-*", by_zone },
	{ "harden-dnssec-stripped",
	    "answers without their signatures would be believed" },
	{ "harden-glue", "answers would be easier to forge" },
	{ "ignore-cd-flag", unvalidated },
	{ "insecure-lan-zones", by_insecure_zone },
	{ "iter-scrub*", "answers would be easier to forge" },
	{ "keep-missing", by_anchor },
	{ "local-*", invented },
	{ "log*", by_log },
	{ "minimal-responses", mutilated },
	{ "module-config", unvalidated },
	{ "permit-small-holddown", by_anchor },
	{ "private-*", mutilated },
	{ "python*", "foreign code could void validation" },
	{ "qname-minimisation*", "TLSA would fail at many broken servers" },
	{ "redirect*", invented },
	{ "response-ip*", invented },
	{ "root-hints", by_hints },
	{ "rpz*", invented },
	{ "serve-expired*", stale },
	{ "serve-original-ttl", stale },
	{ "stub-*", by_zone },
	{ "trust-anchor", by_anchor },
	{ "trust-anchor-file", by_anchor },
	{ "trusted-keys-file", by_anchor },
	{ "unblock-lan-zones", by_zone },
	{ "unwanted-reply-threshold",
	    "libunbound would end the daemon when it is reached" },
	{ "use-syslog", by_log },
	{ "val-bogus-ttl", "a failure is remembered for seconds only" },
	{ "val-clean-additional", "unvalidated records would be believed" },
	{ "val-nsec3-keysize-iterations", "denials would be easier to forge" },
	{ "val-override-date", expired },
	{ "val-permissive-mode", "bogus answers would be believed" },
	{ "val-sig-skew-*", expired },
	{ "verbosity", by_log },
};

/* ---- values: NULL, or what they should be ---- */

static bool
parse_long(const char *text, long *value)
{
	char *end;

	if (text[strspn(text, "0123456789")] != '\0' || text[0] == '\0' ||
	    strlen(text) > 9)
		return false;
	*value = strtol(text, &end, 10);
	return true;
}

static const char *
check_size(const char *value)
{
	const size_t digits = strspn(value, "0123456789");

	if (digits == 0 || digits > 9 ||
	    (value[digits] != '\0' &&
		(strchr("kKmMgG", value[digits]) == NULL ||
		    value[digits + 1] != '\0')))
		return "a size like 4m";
	return NULL;
}

static const char *
check_slabs(const char *value)
{
	long slabs;

	if (!parse_long(value, &slabs) || slabs < 1 || slabs > 1024 ||
	    (slabs & (slabs - 1)) != 0)
		return "a power of two";
	return NULL;
}

/* "192.0.2.1", and with @block also "192.0.2.0/24". */
static const char *
check_address(const char *value, bool block)
{
	const size_t len = strcspn(value, "/");
	char host[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];
	long bits = 0, most = 32;

	snprintf(host, sizeof(host), "%.*s", (int)len, value);
	if (len >= sizeof(host))
		return "an address";
	if (inet_pton(AF_INET, host, address) != 1) {
		most = 128;
		if (inet_pton(AF_INET6, host, address) != 1)
			return "an address";
	}
	if (value[len] == '\0')
		return NULL;
	if (!block || !parse_long(value + len + 1, &bits) || bits > most)
		return block ? "an address or a prefix" : "an address";
	return NULL;
}

static const char *
check_ports(const char *value)
{
	const size_t len = strcspn(value, "-");
	const char *last = value[len] == '-' ? value + len + 1 : value;
	char first[8];
	long from, to;

	snprintf(first, sizeof(first), "%.*s", (int)len, value);
	if (len >= sizeof(first) || !parse_long(first, &from) ||
	    !parse_long(last, &to) || from < 1 || from > to || to > 65535)
		return "a port or a range like 1024-65535";
	return NULL;
}

/* One to ten of them, with blanks between. */
static const char *
check_numbers(const char *value)
{
	for (unsigned count = 1; count <= 10; count++) {
		size_t digits;

		value += *value == '-';
		digits = strspn(value, "0123456789");
		if (digits == 0 || digits > 4)
			break;
		value += digits;
		if (*value == '\0')
			return NULL;
		if (*value != ' ')
			break;
		value += strspn(value, " ");
	}
	return "numbers like 3 2 1 0 0";
}

static const char *
check_value(size_t option, const char *value, char text[EXPECTED_MAX])
{
	long number;

	switch (allowed[option].kind) {
	case KIND_YES_NO:
		return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0
			   ? NULL
			   : "yes or no";
	case KIND_NUMBER:
		if (parse_long(value, &number) &&
		    number >= allowed[option].least &&
		    number <= allowed[option].most)
			return NULL;
		snprintf(text, EXPECTED_MAX, "a number from %ld to %ld",
		    allowed[option].least, allowed[option].most);
		return text;
	case KIND_SIZE:
		return check_size(value);
	case KIND_SLABS:
		return check_slabs(value);
	case KIND_ADDRESS:
		return check_address(value, false);
	case KIND_NETBLOCK:
		return check_address(value, true);
	case KIND_PORTS:
		return check_ports(value);
	case KIND_NUMBERS:
		return check_numbers(value);
	}
	return NULL;
}

/* ---- names ---- */

static const char *
find_refusal(const char *name)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		const size_t len = strcspn(refused[i].name, "*");

		if (refused[i].name[len] == '*'
			? strncmp(refused[i].name, name, len) == 0
			: strcmp(refused[i].name, name) == 0)
			return refused[i].why;
	}
	return NULL;
}

static int
refuse(const char *name, char out[UNBOUND_OPTION_MAX])
{
	struct suggestion suggestion = { .typed = name };
	char text[SUGGESTION_TEXT_MAX];
	const char *why = find_refusal(name);

	if (why != NULL) {
		snprintf(out, UNBOUND_OPTION_MAX, "refused: %s", why);
		return -1;
	}
	for (size_t i = 0; i < COUNT(allowed); i++)
		suggestion_offer(&suggestion, allowed[i].name);
	snprintf(out, UNBOUND_OPTION_MAX,
	    "no option of libunbound that can be set here%s",
	    suggestion_text(&suggestion, text));
	return -1;
}

static int
take(size_t option, const char *value, char out[UNBOUND_OPTION_MAX])
{
	char text[EXPECTED_MAX];
	const char *expected = check_value(option, value, text);

	if (expected != NULL) {
		snprintf(
		    out, UNBOUND_OPTION_MAX, "the value must be %s", expected);
		return -1;
	}
	snprintf(
	    out, UNBOUND_OPTION_MAX, "%s: %s", allowed[option].name, value);
	return 0;
}

int
unbound_option_read(const char *line, char out[UNBOUND_OPTION_MAX])
{
	const char *begin = line + strspn(line, " \t");
	const size_t len = strcspn(begin, ": \t");
	const char *value = begin + len + strspn(begin + len, " \t");
	char name[NAME_MAX_OCTETS + 1], trimmed[VALUE_MAX_OCTETS + 1];
	size_t value_len;

	if (*value == ':')
		value += 1 + strspn(value + 1, " \t");
	value_len = strlen(value);
	while (value_len > 0 && strchr(" \t", value[value_len - 1]) != NULL)
		value_len--;
	if (len == 0 || len >= sizeof(name) || value_len == 0 ||
	    value_len >= sizeof(trimmed)) {
		snprintf(
		    out, UNBOUND_OPTION_MAX, "must have the form name: value");
		return -1;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, begin);
	snprintf(trimmed, sizeof(trimmed), "%.*s", (int)value_len, value);
	for (size_t i = 0; i < COUNT(allowed); i++)
		if (strcmp(allowed[i].name, name) == 0)
			return take(i, trimmed, out);
	return refuse(name, out);
}

const char *
unbound_option_name(size_t index)
{
	return index < COUNT(allowed) ? allowed[index].name : NULL;
}
