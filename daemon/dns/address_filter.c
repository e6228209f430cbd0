/* address_filter.c - which addresses a name server may have. */

#include "dns/address_filter.h"

#include <string.h>

#include "base/conf.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/prefix.h"

/* RFC 6890, RFC 4291, RFC 1112. */
static const struct {
	struct prefix block;
	bool is_loopback;
} never[] = {
	{ { AF_INET, { 0 }, 8 }, false }, /* "this" network */
	{ { AF_INET, { 127 }, 8 }, true },
	{ { AF_INET, { 169, 254 }, 16 }, false }, /* link-local */
	{ { AF_INET, { 224 }, 4 }, false },       /* multicast */
	{ { AF_INET, { 240 }, 4 }, false },       /* reserved, broadcast */
	{ { AF_INET6, { [15] = 1 }, 128 }, true },
	/* IPv4 inside IPv6: compatible (and unspecified), mapped, translated */
	{ { AF_INET6, { 0 }, 96 }, false },
	{ { AF_INET6, { [10] = 0xff, [11] = 0xff }, 96 }, false },
	{ { AF_INET6, { [8] = 0xff, [9] = 0xff }, 96 }, false },
	{ { AF_INET6, { 1 }, 64 }, false },          /* discard only */
	{ { AF_INET6, { 0xfe, 0x80 }, 10 }, false }, /* link-local */
	{ { AF_INET6, { 0xff }, 8 }, false },        /* multicast */
};

static bool
localhost_allowed(const struct conf *conf)
{
	static const char name[] = "do-not-query-localhost:";

	for (size_t i = conf->resolver_options.count; i-- > 0;) {
		const char *line = conf->resolver_options.item[i];
		const char *value = line + sizeof(name) - 1;

		if (strncmp(line, name, sizeof(name) - 1) == 0)
			return strcmp(value + strspn(value, " \t"), "no") == 0;
	}
	return false;
}

/* ---- one address ---- */

static bool
is_at(const struct conf_endpoints *places, const struct endpoint *server)
{
	for (size_t i = 0; i < places->count; i++)
		if (endpoint_equal(&places->item[i], server))
			return true;
	return false;
}

/* Whether a zone block names a server at this address. */
static bool
is_configured(const struct conf *conf, const struct prefix *block)
{
	static const struct prefix loopback = { AF_INET6, { [15] = 1 }, 128 };
	struct prefix server;

	if (localhost_allowed(conf) && prefix_is_within(&loopback, block))
		return true;
	for (size_t i = 0; i < conf->zone_count; i++)
		for (size_t k = 0; k < conf->zones[i].server_count; k++)
			if (prefix_of(
				&conf->zones[i].servers[k].address, &server) &&
			    prefix_is_within(&server, block))
				return true;
	return false;
}

bool
address_filter_may_ask(const struct conf *conf, const struct endpoint *server)
{
	struct prefix address;

	if (!prefix_of(&server->address, &address) ||
	    is_at(&conf->dns_listen, server))
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (prefix_is_within(&address, &never[i].block))
			return is_configured(conf, &address) ||
			       (never[i].is_loopback &&
				   localhost_allowed(conf));
	return true;
}

/* ---- all of them, as address blocks ---- */

struct each {
	void (*tell)(void *arg, const char *block);
	void *arg;
};

static void
tell_block(const struct each *each, const struct prefix *block)
{
	char text[PREFIX_TEXT_MAX];

	each->tell(each->arg, prefix_text(block, text));
}

/* Reports the block without the servers that are configured in it: splits it
 * into halves until a half contains none. */
static void
tell_without_configured(const struct conf *conf, const struct each *each,
    const struct prefix *block)
{
	const unsigned most = block->family == AF_INET ? 32 : 128;
	struct prefix part = *block;

	while (is_configured(conf, &part)) {
		struct prefix other;

		if (part.bits == most)
			return;
		other = part;
		other.bits = ++part.bits;
		other.address[(part.bits - 1) / 8] |=
		    (uint8_t)(0x80U >> (part.bits - 1) % 8);
		if (!is_configured(conf, &part)) {
			tell_block(each, &part);
			part = other;
		} else {
			/* Configured servers may be in both halves. */
			tell_without_configured(conf, each, &other);
		}
	}
	tell_block(each, &part);
}

int
address_filter_never_asked(const struct conf *conf,
    void (*each)(void *arg, const char *block), void *arg)
{
	const struct each to = { each, arg };
	const bool loopback = localhost_allowed(conf);
	struct prefix own;

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (!never[i].is_loopback || !loopback)
			tell_without_configured(conf, &to, &never[i].block);
	for (size_t i = 0; i < conf->dns_listen.count; i++) {
		if (!prefix_of(&conf->dns_listen.item[i].address, &own)) {
			log_error("addresses: a listener without an address");
			return -1;
		}
		if (!is_configured(conf, &own))
			tell_block(&to, &own);
	}
	return 0;
}
