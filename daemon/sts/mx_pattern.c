/* mx_pattern.c - which MX host names an MTA-STS policy allows. */

#include "sts/mx_pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/domain.h"

#define WILDCARD "*."
#define WILDCARD_LEN 2

/* In match=, Postfix replaces these words by names that it knows, such as the
 * host's own: then any host of a forged MX would match. */
static bool
is_magic(const char *name)
{
	static const char *const words[] = { "hostname", "nexthop",
		"dot-nexthop" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

/* An address in brackets, as in mail addresses, is an address too. */
static bool
is_address(const char *text)
{
	char bare[INET6_ADDRSTRLEN + 1];
	unsigned char address[sizeof(struct in6_addr)];
	size_t len = strlen(text);

	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(bare))
		return false;
	memcpy(bare, text, len);
	bare[len] = '\0';
	return inet_pton(AF_INET, bare, address) == 1 ||
	       inet_pton(AF_INET6, bare, address) == 1;
}

/* Only characters of names, and those that IDNA may convert to such.  The
 * escapes of zone files are not accepted. */
static bool
may_be_name(const char *text)
{
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c < 0x80 && !isalnum(c) && strchr("-_.", c) == NULL)
			return false;
	}
	return true;
}

static enum mx_pattern_status
read_name(const char *text, char name[DOMAIN_TEXT_MAX],
    struct mx_pattern_leniency *leniency)
{
	const size_t len = strlen(text);

	if (!may_be_name(text) || (len > 0 && text[len - 1] == '.'))
		return MX_PATTERN_UNUSABLE;
	leniency->unicode = !domain_is_ascii(text);
	if (domain_from_utf8(text, name) == -1)
		return errno == ENOMEM ? MX_PATTERN_NO_MEMORY
				       : MX_PATTERN_UNUSABLE;
	leniency->underscore = strchr(name, '_') != NULL;
	return domain_is_hostname(name) ? MX_PATTERN_READ : MX_PATTERN_UNUSABLE;
}

enum mx_pattern_status
mx_pattern_read(const char *value, size_t len, char pattern[MX_PATTERN_MAX],
    struct mx_pattern_leniency *leniency)
{
	char text[DOMAIN_TEXT_MAX], name[DOMAIN_TEXT_MAX];
	enum mx_pattern_status status;
	bool any;

	pattern[0] = '\0';
	memset(leniency, 0, sizeof(*leniency));
	/* The bound protects libidn2: no longer name converts to one of 253
	 * octets or less. */
	if (len >= sizeof(text) || memchr(value, '\0', len) != NULL)
		return MX_PATTERN_UNUSABLE;
	memcpy(text, value, len);
	text[len] = '\0';
	leniency->dot = len > 0 && text[len - 1] == '.';
	if (leniency->dot)
		text[len - 1] = '\0';
	if (is_address(text))
		return MX_PATTERN_ADDRESS;
	any = strncmp(text, WILDCARD, WILDCARD_LEN) == 0;
	status = read_name(text + (any ? WILDCARD_LEN : 0), name, leniency);
	if (status != MX_PATTERN_READ)
		return status;
	if (!any && is_magic(name))
		return MX_PATTERN_UNUSABLE;
	snprintf(
	    pattern, MX_PATTERN_MAX, "%s%.253s", any ? WILDCARD : "", name);
	return MX_PATTERN_READ;
}

bool
mx_pattern_allows(const char *pattern, const char *host)
{
	const char *parent;

	if (strncmp(pattern, WILDCARD, WILDCARD_LEN) != 0)
		return domain_equal(pattern, host);
	parent = domain_parent(host);
	return parent != NULL && domain_equal(pattern + WILDCARD_LEN, parent);
}
