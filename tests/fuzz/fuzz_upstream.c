/*
 * What a name server's datagram must be to count as the answer.  The source is
 * included: the check has no place in a header.
 */

#include "../../daemon/dns/upstream.c"

#include "fuzz.h"

/* Pointers that a name at @at follows up to its end; 0 where it has none. */
static unsigned
pointers(const uint8_t *wire, size_t size, size_t at)
{
	unsigned count = 0;
	size_t octets = 0;

	while (at + 1 < size && octets < DOMAIN_WIRE_MAX && count < size) {
		if (wire[at] >= 0xc0) {
			at = (size_t)(wire[at] & 0x3f) << 8 | wire[at + 1];
			count++;
			continue;
		}
		if (wire[at] > 63)
			return 0;
		if (wire[at] == 0)
			return count;
		octets += 1U + wire[at];
		at += 1U + wire[at];
	}
	return at + 1 == size && wire[at] == 0 ? count : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "mx.plain.nsec";
	const struct upstream_manner plain = { .recurse = false };
	struct exchange upstream = { .fd = -1 };
	uint8_t *wire = fuzz_copy(data, size);
	char owner[DOMAIN_TEXT_MAX];
	ldns_pkt *packet;

	PROMISE(compose(&upstream, name, DNS_TYPE_A, &plain) == 0);
	if (size >= 2) /* nobody guesses it, nor does the fuzzer */
		memcpy(wire, upstream.query + 2, 2);
	if (!is_reply(&upstream, wire, size)) {
		free(wire);
		return 0;
	}
	if (packet_has_few_pointers(wire, size))
		for (size_t at = 0; at < 0x4000 && at < size; at++)
			PROMISE(
			    pointers(wire, size, at) <= PACKET_POINTERS_MAX);
	packet = packet_parse(wire, size);
	if (packet != NULL &&
	    ldns_rr_list_rr_count(ldns_pkt_question(packet)) > 0) {
		const ldns_rr *rr =
		    ldns_rr_list_rr(ldns_pkt_question(packet), 0);

		PROMISE(packet_owner(rr, owner) == 0);
		PROMISE(strcmp(owner, name) == 0);
		PROMISE(ldns_rr_get_type(rr) == LDNS_RR_TYPE_A);
	}
	ldns_pkt_free(packet);
	free(wire);
	return 0;
}
