/* RDATA of MX records. */

#include "dane/mx.h"

#include "base/domain.h"
#include "rdata_input.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rdata_input input;
	struct mx_set set;

	rdata_read(&input, data, size);
	if (mx_set_parse(input.rdata, input.count, &set) == 0) {
		PROMISE(set.count <= MX_HOSTS_MAX);
		PROMISE(set.count <= input.count);
		PROMISE(!set.null_mx || set.count == 0);
		for (size_t i = 0; i < set.count; i++) {
			PROMISE(set.host[i].is_address ||
				domain_is_hostname(set.host[i].name));
			PROMISE(i == 0 || set.host[i - 1].preference <=
					      set.host[i].preference);
		}
	}
	mx_set_clear(&set);
	rdata_clear(&input);
	return 0;
}
