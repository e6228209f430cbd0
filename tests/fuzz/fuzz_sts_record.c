/* RDATA of the TXT records at _mta-sts. */

#include "sts/sts_record.h"

#include <ctype.h>

#include "rdata_input.h"

/* The same text in strings of one octet each is the same record; what is
 * malformed stays so. */
static void
divide(struct dns_rdata *rdata)
{
	uint8_t *wire;
	size_t used = 0, at = 0;

	while (at < rdata->len)
		at += 1 + (size_t)rdata->data[at];
	if (at != rdata->len || rdata->len == 0)
		return;
	PROMISE((wire = malloc(2 * rdata->len)) != NULL);
	for (at = 0; at < rdata->len;) {
		size_t left = rdata->data[at++];

		for (; left > 0; left--) {
			wire[used++] = 1;
			wire[used++] = rdata->data[at++];
		}
	}
	if (used == 0)
		wire[used++] = 0;
	free((void *)(uintptr_t)rdata->data);
	rdata->data = fuzz_copy(wire, used);
	rdata->len = used;
	free(wire);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char id[STS_ID_MAX], again[STS_ID_MAX];
	enum sts_record_status status;
	struct rdata_input input;

	rdata_read(&input, data, size);
	status = sts_record_parse(input.rdata, input.count, id);
	PROMISE((status == STS_RECORD_FOUND) == (id[0] != '\0'));
	for (const char *at = id; *at != '\0'; at++)
		PROMISE(isalnum((unsigned char)*at) && (*at & 0x80) == 0);
	for (size_t i = 0; i < input.count; i++)
		divide(&input.rdata[i]);
	PROMISE(sts_record_parse(input.rdata, input.count, again) == status);
	PROMISE(strcmp(id, again) == 0);
	rdata_clear(&input);
	return 0;
}
