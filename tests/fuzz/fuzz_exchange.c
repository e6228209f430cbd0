/*
 * What a name server's datagram must be to count as the answer.  The source is
 * included: the check has no place in a header.
 */

#include "../../daemon/dns/exchange.c"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "mx.plain.nsec";
	const struct exchange_manner plain = { .recurse = false };
	struct exchange exchange = { .fd = -1 };
	uint8_t *wire = fuzz_copy(data, size);
	char owner[DOMAIN_TEXT_MAX];
	ldns_pkt *packet;

	PROMISE(compose(&exchange, name, DNS_TYPE_A, &plain) == 0);
	if (size >= 2) /* nobody guesses it, nor does the fuzzer */
		memcpy(wire, exchange.query + 2, 2);
	if (!is_reply(&exchange, wire, size)) {
		free(wire);
		return 0;
	}
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
