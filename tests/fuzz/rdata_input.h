/* rdata_input.h - the input as a record set: RDATA after RDATA. */
#ifndef TESTS_FUZZ_RDATA_INPUT_H
#define TESTS_FUZZ_RDATA_INPUT_H

#include "dns/answer.h"
#include "fuzz.h"

#define RDATA_MAX 40

struct rdata_input {
	struct dns_rdata rdata[RDATA_MAX];
	size_t count;
};

static inline void
rdata_read(struct rdata_input *set, const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	set->count = 0;
	while (input.left > 0 && set->count < RDATA_MAX) {
		const uint8_t *piece;
		const size_t len = fuzz_piece(&input, &piece);

		set->rdata[set->count++] =
		    (struct dns_rdata){ .data = fuzz_copy(piece, len),
			    .len = len };
	}
}

static inline void
rdata_clear(struct rdata_input *set)
{
	for (size_t i = 0; i < set->count; i++)
		free((void *)(uintptr_t)set->rdata[i].data);
}

#endif /* TESTS_FUZZ_RDATA_INPUT_H */
