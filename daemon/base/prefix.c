/* prefix.c - address prefixes. */

#include "base/prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned
bits_of(sa_family_t family)
{
	return family == AF_INET ? 32 : 128;
}

/* Whether the first @bits bits of two addresses are equal. */
static bool
agree(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	const unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (unsigned)(a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool
has_only(const uint8_t address[16], unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		if (((unsigned)address[i / 8] << i % 8 & 0x80U) != 0)
			return false;
	return true;
}

const char *
prefix_parse(const char *text, struct prefix *prefix)
{
	const char *slash = strchr(text, '/');
	const size_t len =
	    slash != NULL ? (size_t)(slash - text) : strlen(text);
	char host[INET6_ADDRSTRLEN];

	memset(prefix, 0, sizeof(*prefix));
	if (len >= sizeof(host))
		return "is not a numeric IPv4 or IPv6 address";
	snprintf(host, sizeof(host), "%.*s", (int)len, text);
	prefix->family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(prefix->family, host, prefix->address) != 1)
		return "is not a numeric IPv4 or IPv6 address";
	prefix->bits = bits_of(prefix->family);
	if (slash == NULL)
		return NULL;
	if (slash[1] == '\0' || strlen(slash + 1) > 3 ||
	    slash[1 + strspn(slash + 1, "0123456789")] != '\0' ||
	    strtoul(slash + 1, NULL, 10) > prefix->bits)
		return "has no prefix length behind the slash";
	prefix->bits = (unsigned)strtoul(slash + 1, NULL, 10);
	if (!has_only(prefix->address, prefix->bits))
		return "has bits behind the prefix";
	return NULL;
}

/* The octets of an address, and its family. */
static const uint8_t *
octets_of(const struct sockaddr_storage *address, sa_family_t *family)
{
	const struct in6_addr *v6 =
	    &((const struct sockaddr_in6 *)address)->sin6_addr;

	*family = address->ss_family;
	if (*family == AF_INET)
		return (const uint8_t *)&((const struct sockaddr_in *)address)
		    ->sin_addr;
	if (*family != AF_INET6)
		return NULL;
	if (!IN6_IS_ADDR_V4MAPPED(v6))
		return v6->s6_addr;
	*family = AF_INET;
	return v6->s6_addr + 12;
}

bool
prefix_contains(
    const struct prefix *prefix, const struct sockaddr_storage *address)
{
	sa_family_t family;
	const uint8_t *octets = octets_of(address, &family);

	return octets != NULL && family == prefix->family &&
	       agree(prefix->address, octets, prefix->bits);
}

bool
prefix_is_loopback(const struct sockaddr_storage *address)
{
	static const struct prefix v4 = { AF_INET, { 127 }, 8 };
	static const struct prefix v6 = { AF_INET6, { [15] = 1 }, 128 };

	return prefix_contains(&v4, address) || prefix_contains(&v6, address);
}

bool
prefix_of(const struct sockaddr_storage *address, struct prefix *prefix)
{
	memset(prefix, 0, sizeof(*prefix));
	prefix->family = address->ss_family;
	prefix->bits = bits_of(prefix->family);
	if (prefix->family == AF_INET)
		memcpy(prefix->address,
		    &((const struct sockaddr_in *)address)->sin_addr, 4);
	else if (prefix->family == AF_INET6)
		memcpy(prefix->address,
		    &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	else
		return false;
	return true;
}

bool
prefix_is_within(const struct prefix *inner, const struct prefix *outer)
{
	return inner->family == outer->family && inner->bits >= outer->bits &&
	       agree(inner->address, outer->address, outer->bits);
}

const char *
prefix_text(const struct prefix *prefix, char text[PREFIX_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(prefix->family, prefix->address, host, sizeof(host));
	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", host, prefix->bits);
	return text;
}
