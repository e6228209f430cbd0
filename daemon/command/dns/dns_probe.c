/* dns_probe.c - sends one query to one name server in one manner. */

#include "command/dns/dns_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <event2/event.h>

#include "base/clock.h"
#include "command/dns/extended_error.h"
#include "dns/packet.h"
#include "dns/upstream.h"
#include "dns/wire.h"

#define COOKIE_LEN 8
#define OPT_LEN (11 + 4 + COOKIE_LEN)
#define OPTION_COOKIE 10
#define FLAG_DO 0x8000U
#define SENDINGS 3
#define RESEND_MS 900

struct dns_probe {
	struct event_base *base;
	struct endpoint server;
	struct dns_manner manner;
	dns_probe_cb cb;
	void *arg;
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	struct event *begin;
	struct exchange *upstream; /* NULL unless a query is running */
	uint64_t started;
	struct dns_probe_result result;
};

void
dns_probe_cancel(struct dns_probe *probe)
{
	if (probe == NULL)
		return;
	upstream_cancel(probe->upstream);
	if (probe->begin != NULL)
		event_free(probe->begin);
	free(probe);
}

static void
finish(struct dns_probe *probe, enum dns_probe_status status,
    const ldns_pkt *packet)
{
	probe->result.status = status;
	probe->result.ms = (unsigned)(clock_ms() - probe->started);
	probe->cb(probe->arg, &probe->result, packet);
	dns_probe_cancel(probe);
}

/* ---- the query ---- */

static size_t
put_opt(uint8_t *to, const struct dns_manner *manner)
{
	uint8_t *at = to;

	*at++ = 0; /* the root */
	at = wire_put16(at, WIRE_TYPE_OPT);
	at = wire_put16(at, manner->size);
	at = wire_put16(at, 0); /* extended rcode, version */
	at = wire_put16(at, manner->dnssec ? FLAG_DO : 0);
	at = wire_put16(at, manner->cookie ? 4 + COOKIE_LEN : 0);
	if (manner->cookie) {
		at = wire_put16(at, OPTION_COOKIE);
		at = wire_put16(at, COOKIE_LEN);
		if (getrandom(at, COOKIE_LEN, 0) != COOKIE_LEN)
			memset(at, 0x55, COOKIE_LEN);
		at += COOKIE_LEN;
	}
	return (size_t)(at - to);
}

/* ---- the response ---- */

static bool
has_expired(const ldns_rr *rrsig)
{
	const ldns_rdf *end = ldns_rr_rrsig_expiration(rrsig);

	/* Serial arithmetic: RFC 4034 section 3.1.5. */
	return end != NULL &&
	       (int32_t)(ldns_rdf2native_int32(end) - (uint32_t)time(NULL)) < 0;
}

static void
read_section(
    const ldns_rr_list *list, bool authority, struct dns_probe_result *result)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		const ldns_rr_type type = ldns_rr_get_type(rr);

		if (type == LDNS_RR_TYPE_RRSIG) {
			result->signatures = true;
			result->expired |= has_expired(rr);
		}
		if (!authority)
			continue;
		if (type == LDNS_RR_TYPE_NSEC || type == LDNS_RR_TYPE_NSEC3)
			result->denial = true;
		if (type != LDNS_RR_TYPE_SOA && type != LDNS_RR_TYPE_NS)
			continue;
		if (!result->soa && !result->ns)
			packet_owner(rr, result->authority);
		result->soa |= type == LDNS_RR_TYPE_SOA;
		result->ns |= type == LDNS_RR_TYPE_NS;
	}
}

/* The sum of each record's FNV-1a: independent of their order. */
static uint64_t
digest_of(const struct packet_facts *facts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < facts->rdata_count; i++) {
		uint64_t hash = 0xcbf29ce484222325U;

		for (size_t j = 0; j < facts->rdata[i].len; j++)
			hash =
			    (hash ^ facts->rdata[i].data[j]) * 0x100000001b3U;
		sum += hash;
	}
	return sum;
}

static void
read_message(struct dns_probe *probe, const ldns_pkt *packet, size_t len)
{
	struct dns_probe_result *result = &probe->result;
	struct packet_facts facts;

	result->length = len;
	result->opt = ldns_pkt_edns(packet);
	result->rcode =
	    (unsigned)ldns_pkt_get_rcode(packet) |
	    (result->opt ? (unsigned)ldns_pkt_edns_extended_rcode(packet) << 4
			 : 0);
	result->aa = ldns_pkt_aa(packet);
	result->tc = ldns_pkt_tc(packet);
	result->ra = ldns_pkt_ra(packet);
	result->ad = ldns_pkt_ad(packet);
	read_section(ldns_pkt_answer(packet), false, result);
	read_section(ldns_pkt_authority(packet), true, result);
	result->ede =
	    extended_error(packet, result->ede_text, sizeof(result->ede_text));
	if (packet_facts(packet, probe->name, probe->type, &facts) == 0) {
		result->answers = facts.rdata_count;
		result->aliases = facts.aliases;
		result->digest = digest_of(&facts);
		packet_facts_clear(&facts);
	}
	finish(probe, DNS_PROBE_ANSWERED, packet);
}

/* ---- the upstream query ---- */

static unsigned
patience(const struct dns_probe *probe)
{
	return probe->manner.ms > SENDINGS * RESEND_MS ? probe->manner.ms
						       : DNS_PROBE_MS;
}

static bool
is_unroutable(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH ||
	       error == EADDRNOTAVAIL || error == EAFNOSUPPORT ||
	       error == EACCES || error == EPERM || error == EINVAL;
}

/* A lack of local resources is not the server's fault. */
static bool
is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

static enum dns_probe_status
status_of(int error)
{
	if (error == ETIMEDOUT)
		return DNS_PROBE_SILENT;
	if (error == EBADMSG)
		return DNS_PROBE_GARBLED;
	if (is_ours(error))
		return DNS_PROBE_NOT_ASKED;
	return is_unroutable(error) ? DNS_PROBE_NO_ROUTE : DNS_PROBE_CLOSED;
}

static void
on_result(void *arg, const struct upstream_result *result)
{
	struct dns_probe *probe = arg;

	probe->upstream = NULL;
	probe->result.sent = result->sent;
	if (result->packet != NULL)
		read_message(probe, result->packet, result->length);
	else
		finish(probe, status_of(result->error), NULL);
}

/* Runs from the event loop, so that the callback never comes from inside
 * dns_probe_start(). */
static void
begin(evutil_socket_t fd, short what, void *arg)
{
	struct dns_probe *probe = arg;
	const struct dns_manner *how = &probe->manner;
	uint8_t opt[OPT_LEN];
	const struct upstream_manner manner = { .recurse = how->recurse,
		.checking_disabled = how->checking_disabled,
		.authentic_data = how->authentic_data,
		.tcp = how->tcp,
		.keep_truncated = true,
		.opt = opt,
		.opt_len = how->edns ? put_opt(opt, how) : 0,
		.sendings = SENDINGS,
		.resend_ms = RESEND_MS,
		.ms = patience(probe) };

	(void)fd;
	(void)what;
	probe->started = clock_ms();
	probe->upstream = upstream_ask(probe->base, &probe->server, probe->name,
	    probe->type, &manner, on_result, probe);
	if (probe->upstream == NULL)
		finish(probe, status_of(errno), NULL);
}

struct dns_probe *
dns_probe_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, const struct dns_manner *manner,
    dns_probe_cb cb, void *arg)
{
	struct dns_probe *probe = calloc(1, sizeof(*probe));
	uint8_t wire[DOMAIN_WIRE_MAX];

	if (probe == NULL)
		return NULL;
	probe->base = base;
	probe->server = *server;
	probe->manner = *manner;
	probe->cb = cb;
	probe->arg = arg;
	probe->type = type;
	probe->result.ede = -1;
	probe->begin = event_new(base, -1, 0, begin, probe);
	if (probe->begin == NULL || domain_to_wire(name, wire) == 0 ||
	    strlen(name) >= sizeof(probe->name)) {
		dns_probe_cancel(probe);
		return NULL;
	}
	memcpy(probe->name, name, strlen(name) + 1);
	event_active(probe->begin, EV_TIMEOUT, 0);
	return probe;
}
