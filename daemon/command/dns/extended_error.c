/* extended_error.c - the reason that a server gives for a failure. */

#include "command/dns/extended_error.h"

#include "base/log.h"
#include "dns/wire.h"

int
extended_error(const ldns_pkt *packet, char *text, size_t size)
{
	const ldns_rdf *edns = ldns_pkt_edns_data(packet);
	const uint8_t *data = edns != NULL ? ldns_rdf_data(edns) : NULL;
	const size_t len = edns != NULL ? ldns_rdf_size(edns) : 0;
	size_t at = 0;

	text[0] = '\0';
	while (data != NULL && len - at >= 4) {
		const unsigned option = wire_get16(data + at);
		const size_t room = wire_get16(data + at + 2);

		at += 4;
		if (room > len - at)
			break;
		if (option == WIRE_OPTION_EDE && room >= 2) {
			log_printable(
			    text, size, (const char *)data + at + 2, room - 2);
			return wire_get16(data + at);
		}
		at += room;
	}
	return -1;
}
