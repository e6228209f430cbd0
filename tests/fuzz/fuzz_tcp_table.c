/* Requests of the tcp_table protocol, and replies. */

#include "wire/table/tcp_table.h"

#include "protocol_target.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_beginnings(&tcp_table_protocol, PROTOCOL_REQUEST_MAX, data, size);
	fuzz_protocol(&tcp_table_protocol, PROTOCOL_REQUEST_MAX, data, size);
	fuzz_protocol(&tcp_table_protocol, 20, data, size);
	return 0;
}
