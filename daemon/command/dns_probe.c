/* dns_probe.c - one question to one name server, in one manner. */

#include "command/dns_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/packet.h"

#define HEADER_LEN 12
#define COOKIE_LEN 8
#define OPT_LEN (11 + 4 + COOKIE_LEN)
#define QUERY_MAX (2 + HEADER_LEN + DOMAIN_WIRE_MAX + 4 + OPT_LEN)
#define MESSAGE_MAX 65535
#define CLASS_IN 1
#define TYPE_OPT 41
#define OPTION_COOKIE 10
#define OPTION_EDE 15
#define FLAG_QR 0x80U /* of the third octet */
#define FLAG_RD 0x01U
#define FLAG_CD 0x10U /* of the fourth */
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
	int fd;
	struct event *io, *timer;
	uint64_t started;
	uint8_t query[QUERY_MAX]; /* TCP's length first */
	size_t query_len;         /* without that length */
	size_t question_len;      /* header and question */
	size_t written;           /* of the TCP query */
	uint8_t *reply;           /* with TCP, its length first */
	size_t received;          /* of TCP */
	struct dns_probe_result result;
};

void
dns_probe_cancel(struct dns_probe *probe)
{
	if (probe == NULL)
		return;
	if (probe->io != NULL)
		event_free(probe->io);
	if (probe->timer != NULL)
		event_free(probe->timer);
	if (probe->fd != -1)
		close(probe->fd);
	free(probe->reply);
	free(probe);
}

static void
finish(struct dns_probe *probe, enum dns_probe_status status, ldns_pkt *packet)
{
	probe->result.status = status;
	probe->result.ms = (unsigned)(clock_ms() - probe->started);
	probe->cb(probe->arg, &probe->result, packet);
	ldns_pkt_free(packet);
	dns_probe_cancel(probe);
}

/* ---- the question ---- */

static size_t
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

static size_t
put_opt(uint8_t *to, const struct dns_manner *manner)
{
	size_t len = 1;

	to[0] = 0; /* the root */
	len += put16(to + len, TYPE_OPT);
	len += put16(to + len, manner->size);
	len += put16(to + len, 0); /* extended rcode, version */
	len += put16(to + len, manner->dnssec ? FLAG_DO : 0);
	len += put16(to + len, manner->cookie ? 4 + COOKIE_LEN : 0);
	if (manner->cookie) {
		len += put16(to + len, OPTION_COOKIE);
		len += put16(to + len, COOKIE_LEN);
		if (getrandom(to + len, COOKIE_LEN, 0) != COOKIE_LEN)
			memset(to + len, 0x55, COOKIE_LEN);
		len += COOKIE_LEN;
	}
	return len;
}

static int
compose(struct dns_probe *probe)
{
	const struct dns_manner *manner = &probe->manner;
	uint8_t *query = probe->query + 2;
	size_t len;

	memset(query, 0, HEADER_LEN);
	if (getrandom(query, 2, 0) != 2)
		return -1;
	query[2] = manner->recurse ? FLAG_RD : 0;
	query[3] = manner->checking_disabled ? FLAG_CD : 0;
	query[5] = 1; /* one question */
	if ((len = domain_to_wire(probe->name, query + HEADER_LEN)) == 0)
		return -1;
	len += HEADER_LEN;
	len += put16(query + len, probe->type);
	len += put16(query + len, CLASS_IN);
	probe->question_len = len;
	if (manner->edns) {
		query[11] = 1; /* one additional record */
		len += put_opt(query + len, manner);
	}
	put16(probe->query, (unsigned)len);
	probe->query_len = len;
	return 0;
}

/* ---- the answer ---- */

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Id, QR, opcode and question are ours; the question's case may differ.  An
 * error need not repeat the question. */
static bool
is_reply(const struct dns_probe *probe, const uint8_t *wire, size_t len)
{
	const uint8_t *query = probe->query + 2;
	const size_t name_end = probe->question_len - 4;

	if (len < HEADER_LEN || memcmp(wire, query, 2) != 0 ||
	    (wire[2] & FLAG_QR) == 0 || (wire[2] & 0x78U) != 0)
		return false;
	if (wire[4] == 0 && wire[5] == 0)
		return (wire[3] & 0x0fU) != 0;
	if (wire[4] != 0 || wire[5] != 1 || len < probe->question_len)
		return false;
	for (size_t i = HEADER_LEN; i < name_end; i++)
		if (lower(wire[i]) != lower(query[i]))
			return false;
	return memcmp(wire + name_end, query + name_end, 4) == 0;
}

/* RFC 8914: a code and UTF-8 text. */
static void
read_ede(const ldns_pkt *packet, struct dns_probe_result *result)
{
	const ldns_rdf *edns = ldns_pkt_edns_data(packet);
	const uint8_t *data = edns != NULL ? ldns_rdf_data(edns) : NULL;
	const size_t len = edns != NULL ? ldns_rdf_size(edns) : 0;
	size_t at = 0;

	while (data != NULL && len - at >= 4) {
		const unsigned code = (unsigned)data[at] << 8 | data[at + 1];
		const size_t size = (size_t)data[at + 2] << 8 | data[at + 3];

		at += 4;
		if (size > len - at)
			return;
		if (code == OPTION_EDE && size >= 2 && result->ede == -1) {
			result->ede = data[at] << 8 | data[at + 1];
			log_printable(result->ede_text,
			    sizeof(result->ede_text),
			    (const char *)data + at + 2, size - 2);
		}
		at += size;
	}
}

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

/* FNV-1a of each record, added up: the order does not matter. */
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
read_message(struct dns_probe *probe, const uint8_t *wire, size_t len)
{
	struct dns_probe_result *result = &probe->result;
	ldns_pkt *packet = packet_parse(wire, len);
	struct packet_facts facts;

	if (packet == NULL) {
		finish(probe, DNS_PROBE_GARBLED, NULL);
		return;
	}
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
	read_ede(packet, result);
	if (packet_facts(packet, probe->name, probe->type, &facts) == 0) {
		result->answers = facts.rdata_count;
		result->aliases = facts.aliases;
		result->digest = digest_of(&facts);
		packet_facts_clear(&facts);
	}
	finish(probe, DNS_PROBE_ANSWERED, packet);
}

/* ---- sockets ---- */

static void
arm(struct dns_probe *probe, unsigned ms)
{
	const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };

	event_add(probe->timer, &delay);
}

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

/* What is short here is no fault of the server's. */
static bool
is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

static void
fail(struct dns_probe *probe, int error)
{
	enum dns_probe_status status = DNS_PROBE_CLOSED;

	if (is_ours(error))
		status = DNS_PROBE_NOT_ASKED;
	else if (is_unroutable(error))
		status = DNS_PROBE_NO_ROUTE;
	finish(probe, status, NULL);
}

static void on_tcp(evutil_socket_t fd, short what, void *arg);

static int
watch(struct dns_probe *probe, short what, event_callback_fn callback)
{
	if (probe->io != NULL)
		event_free(probe->io);
	probe->io = event_new(probe->base, probe->fd,
	    (short)(what | EV_PERSIST), callback, probe);
	return probe->io != NULL ? event_add(probe->io, NULL) : -1;
}

static void
write_tcp(struct dns_probe *probe)
{
	const size_t len = 2 + probe->query_len;
	const ssize_t n = send(probe->fd, probe->query + probe->written,
	    len - probe->written, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		fail(probe, errno);
		return;
	}
	if (n > 0)
		probe->written += (size_t)n;
	if (probe->written == len && watch(probe, EV_READ, on_tcp) == -1)
		finish(probe, DNS_PROBE_NOT_ASKED, NULL);
}

static void
read_tcp(struct dns_probe *probe)
{
	size_t want = 2;
	ssize_t n;

	if (probe->received >= 2)
		want += (size_t)probe->reply[0] << 8 | probe->reply[1];
	n = recv(probe->fd, probe->reply + probe->received,
	    want - probe->received, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(probe, n == 0 ? ECONNRESET : errno);
		return;
	}
	probe->received += (size_t)n;
	if (probe->received <= 2 || probe->received < want)
		return;
	if (!is_reply(probe, probe->reply + 2, want - 2))
		finish(probe, DNS_PROBE_GARBLED, NULL);
	else
		read_message(probe, probe->reply + 2, want - 2);
}

static void
on_tcp(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	if ((what & EV_WRITE) != 0)
		write_tcp(arg);
	else
		read_tcp(arg);
}

static int
send_udp(struct dns_probe *probe)
{
	if (send(probe->fd, probe->query + 2, probe->query_len, 0) == -1)
		return -1;
	probe->result.sent++;
	return 0;
}

static void
on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct dns_probe *probe = arg;
	const ssize_t n = recv(fd, probe->reply, MESSAGE_MAX, 0);

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		fail(probe, errno);
	else if (is_reply(probe, probe->reply, (size_t)n))
		read_message(probe, probe->reply, (size_t)n);
	/* Anything else is forged, or late, and ours may still come. */
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dns_probe *probe = arg;

	(void)fd;
	(void)what;
	if (probe->manner.tcp || probe->result.sent >= SENDINGS ||
	    send_udp(probe) == -1)
		finish(probe, DNS_PROBE_SILENT, NULL);
	else
		arm(probe, probe->result.sent < SENDINGS
			       ? RESEND_MS
			       : patience(probe) - (SENDINGS - 1) * RESEND_MS);
}

/* From the loop, so that the callback never comes from the caller's stack. */
static void
begin(evutil_socket_t fd, short what, void *arg)
{
	struct dns_probe *probe = arg;
	const bool tcp = probe->manner.tcp;

	(void)fd;
	(void)what;
	event_assign(probe->timer, probe->base, -1, 0, on_timer, probe);
	probe->started = clock_ms();
	probe->fd = socket(probe->server.address.ss_family,
	    (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd == -1 ||
	    (connect(probe->fd, (const struct sockaddr *)&probe->server.address,
		 probe->server.length) == -1 &&
		errno != EINPROGRESS) ||
	    (!tcp && send_udp(probe) == -1)) {
		fail(probe, errno);
		return;
	}
	if (watch(probe, tcp ? EV_WRITE : EV_READ, tcp ? on_tcp : on_udp) ==
	    -1) {
		finish(probe, DNS_PROBE_NOT_ASKED, NULL);
		return;
	}
	if (tcp)
		probe->result.sent = 1;
	arm(probe, tcp ? patience(probe) : RESEND_MS);
}

struct dns_probe *
dns_probe_start(struct event_base *base, const struct endpoint *server,
    const char *name, uint16_t type, const struct dns_manner *manner,
    dns_probe_cb cb, void *arg)
{
	struct dns_probe *probe = calloc(1, sizeof(*probe));

	if (probe == NULL)
		return NULL;
	probe->base = base;
	probe->server = *server;
	probe->manner = *manner;
	probe->cb = cb;
	probe->arg = arg;
	probe->type = type;
	probe->fd = -1;
	probe->result.ede = -1;
	probe->reply = malloc(2 + MESSAGE_MAX);
	probe->timer = event_new(base, -1, 0, begin, probe);
	if (strlen(name) < sizeof(probe->name))
		memcpy(probe->name, name, strlen(name) + 1);
	if (probe->reply == NULL || probe->timer == NULL ||
	    compose(probe) == -1) {
		dns_probe_cancel(probe);
		return NULL;
	}
	event_active(probe->timer, EV_TIMEOUT, 0);
	return probe;
}
