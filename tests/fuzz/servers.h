/*
 * servers.h - name servers that the input stands for: an octet says how one
 * behaves, the next piece is what it answers.
 */
#ifndef TESTS_FUZZ_SERVERS_H
#define TESTS_FUZZ_SERVERS_H

#include "dns/packet.h"
#include "fuzz.h"

#include "../fakes/upstream.h"

enum fake_server { ANSWERS, HAS_NO_ROUTE, SILENT, LATE };

static struct fuzz_input fake_input;

static ldns_pkt *
fake_reply(const char *name, uint16_t type, unsigned *ms)
{
	static const unsigned delays[] = { 0, FAKE_NO_ROUTE, 3000, 600 };
	const enum fake_server how = fuzz_octet(&fake_input) % 4;
	const uint8_t *piece;
	ldns_pkt *packet;
	uint8_t *wire;
	size_t len;

	(void)name;
	(void)type;
	*ms = delays[how];
	if (how == HAS_NO_ROUTE || how == SILENT)
		return NULL;
	len = fuzz_piece(&fake_input, &piece);
	wire = fuzz_copy(piece, len);
	packet = packet_parse(wire, len);
	free(wire);
	return packet;
}

#endif /* TESTS_FUZZ_SERVERS_H */
