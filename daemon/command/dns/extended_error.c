/* extended_error.c - the reason that a server gives for a failure. */

#include "command/dns/extended_error.h"

#include "base/log.h"

#define OPTION_EDE 15 /* RFC 8914: a code and UTF-8 text */

int
extended_error(const ldns_pkt *packet, char *text, size_t size)
{
	const ldns_rdf *edns = ldns_pkt_edns_data(packet);
	const uint8_t *data = edns != NULL ? ldns_rdf_data(edns) : NULL;
	const size_t len = edns != NULL ? ldns_rdf_size(edns) : 0;
	size_t at = 0;

	text[0] = '\0';
	while (data != NULL && len - at >= 4) {
		const unsigned option = (unsigned)data[at] << 8 | data[at + 1];
		const size_t room = (size_t)data[at + 2] << 8 | data[at + 3];

		at += 4;
		if (room > len - at)
			break;
		if (option == OPTION_EDE && room >= 2) {
			log_printable(
			    text, size, (const char *)data + at + 2, room - 2);
			return data[at] << 8 | data[at + 1];
		}
		at += room;
	}
	return -1;
}
