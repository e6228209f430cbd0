/* Requests of the socketmap protocol, and replies. */

#include "wire/table/socketmap.h"

#include "protocol_target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_beginnings(&socketmap_protocol, PROTOCOL_REQUEST_MAX, data, size);
	fuzz_protocol(&socketmap_protocol, PROTOCOL_REQUEST_MAX, data, size);
	fuzz_protocol(&socketmap_protocol, 20, data, size);
	return 0;
}
