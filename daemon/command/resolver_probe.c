/* resolver_probe.c - questions to a resolver, as Postfix asks them. */

#include "command/resolver_probe.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <ldns/ldns.h>

#include "base/clock.h"

#define TRIES 2
#define TRY_MS 2500
#define EDNS_SIZE 1200 /* what glibc says for Postfix */
#define REPLY_MAX 65535
#define BLANKS " \t\r"

enum way { PLAIN, EDNS, TCP };

/* ---- resolv.conf ---- */

static void
parse_line(char *line, struct resolv_conf *conf)
{
	char *save, *word = strtok_r(line, BLANKS, &save);
	const char *value;

	if (word == NULL)
		return;
	if (strcmp(word, "nameserver") == 0 &&
	    conf->server_count < RESOLV_CONF_SERVERS_MAX &&
	    (value = strtok_r(NULL, BLANKS, &save)) != NULL &&
	    strlen(value) < sizeof(conf->server[0]))
		memcpy(conf->server[conf->server_count++], value,
		    strlen(value) + 1);
	if (strcmp(word, "options") == 0)
		while ((value = strtok_r(NULL, BLANKS, &save)) != NULL)
			if (strcmp(value, "trust-ad") == 0)
				conf->trust_ad = true;
}

void
resolv_conf_parse(const char *text, struct resolv_conf *conf)
{
	char *copy = strdup(text), *save;

	memset(conf, 0, sizeof(*conf));
	if (copy == NULL)
		return;
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		parse_line(line, conf);
	free(copy);
}

/* ---- messages ---- */

/* Returns wire format, to be freed with LDNS_FREE(), or NULL. */
static uint8_t *
make_query(enum way way, uint16_t id, size_t *size)
{
	ldns_rdf *root = ldns_dname_new_frm_str(".");
	ldns_pkt *query;
	uint8_t *wire = NULL;

	if (root == NULL)
		return NULL;
	query = ldns_pkt_query_new(
	    root, LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, LDNS_RD);
	if (query == NULL) {
		ldns_rdf_deep_free(root);
		return NULL;
	}
	ldns_pkt_set_id(query, id);
	if (way != PLAIN) {
		ldns_pkt_set_edns_udp_size(query, EDNS_SIZE);
		ldns_pkt_set_edns_do(query, true);
		ldns_pkt_set_ad(query, true);
	}
	if (ldns_pkt2wire(&wire, query, size) != LDNS_STATUS_OK)
		wire = NULL;
	ldns_pkt_free(query);
	return wire;
}

static bool
has_soa(const ldns_pkt *packet)
{
	ldns_rr_list *list = ldns_pkt_rr_list_by_type(
	    packet, LDNS_RR_TYPE_SOA, LDNS_SECTION_ANSWER);
	const bool found = list != NULL;

	ldns_rr_list_deep_free(list);
	return found;
}

/* False where this is no answer to our question. */
static bool
read_reply(
    const uint8_t *wire, size_t len, uint16_t id, struct resolver_reply *reply)
{
	ldns_pkt *packet = NULL;

	if (len < LDNS_HEADER_SIZE || LDNS_ID_WIRE(wire) != id ||
	    !LDNS_QR_WIRE(wire))
		return false;
	reply->answered = true;
	reply->rcode = LDNS_RCODE_WIRE(wire);
	reply->ad = LDNS_AD_WIRE(wire);
	if (ldns_wire2pkt(&packet, wire, len) == LDNS_STATUS_OK) {
		reply->has_data = has_soa(packet);
		ldns_pkt_free(packet);
	}
	return true;
}

/* ---- sockets ---- */

static bool
wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd pollfd = { fd, events, 0 };
	const uint64_t now = clock_ms();

	return now < deadline && poll(&pollfd, 1, (int)(deadline - now)) == 1;
}

/* Reads @len octets, or what there is of a datagram.  Returns how many, 0 on
 * failure. */
static size_t
receive(int fd, uint8_t *to, size_t len, bool whole, uint64_t deadline)
{
	size_t got = 0;

	while (got < len && wait_for(fd, POLLIN, deadline)) {
		const ssize_t n = recv(fd, to + got, len - got, 0);

		if (n > 0)
			got += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return 0;
		if (!whole && got > 0)
			return got;
	}
	return got == len ? got : 0;
}

static void
ask_udp(int fd, const uint8_t *query, size_t size, uint16_t id,
    struct resolver_reply *reply)
{
	uint8_t wire[REPLY_MAX];
	const uint64_t deadline = clock_ms() + TRY_MS;
	size_t len;

	if (send(fd, query, size, MSG_NOSIGNAL) != (ssize_t)size)
		return;
	while ((len = receive(fd, wire, sizeof(wire), false, deadline)) > 0)
		if (read_reply(wire, len, id, reply))
			return;
}

static void
ask_tcp(int fd, const uint8_t *query, size_t size, uint16_t id,
    struct resolver_reply *reply)
{
	uint8_t wire[REPLY_MAX];
	const uint64_t deadline = clock_ms() + TRY_MS;
	uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };

	if (!wait_for(fd, POLLOUT, deadline) ||
	    send(fd, length, sizeof(length), MSG_NOSIGNAL | MSG_MORE) !=
		(ssize_t)sizeof(length) ||
	    send(fd, query, size, MSG_NOSIGNAL) != (ssize_t)size ||
	    receive(fd, length, sizeof(length), true, deadline) == 0)
		return;
	size = (size_t)length[0] << 8 | length[1];
	if (receive(fd, wire, size, true, deadline) == size)
		read_reply(wire, size, id, reply);
}

/* Connected, so that only the server can answer. */
static int
open_socket(const struct endpoint *server, enum way way)
{
	const int fd = socket(server->address.ss_family,
	    (way == TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
		SOCK_NONBLOCK,
	    0);

	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&server->address,
		server->length) == -1 &&
	    errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
ask(const struct endpoint *server, enum way way, struct resolver_reply *reply)
{
	for (int i = 0; i < TRIES && !reply->answered; i++) {
		uint16_t id = 0;
		size_t size = 0;
		uint8_t *query;
		int fd;

		if (getrandom(&id, sizeof(id), 0) != sizeof(id) ||
		    (query = make_query(way, id, &size)) == NULL)
			return;
		if ((fd = open_socket(server, way)) != -1) {
			(way == TCP ? ask_tcp : ask_udp)(
			    fd, query, size, id, reply);
			close(fd);
		}
		LDNS_FREE(query);
	}
}

void
resolver_probe(const struct endpoint *server, struct resolver_probe *probe)
{
	memset(probe, 0, sizeof(*probe));
	ask(server, PLAIN, &probe->plain);
	if (probe->plain.has_data)
		ask(server, EDNS, &probe->edns);
	if (probe->edns.has_data)
		ask(server, TCP, &probe->tcp);
}
