/* Next hops: the keys of Postfix's questions. */

#include "policy/nexthop.h"

#include "fuzz.h"

/* The text of a next hop means the same next hop. */
static void
check_round_trip(const struct nexthop *hop)
{
	char text[NEXTHOP_TEXT_MAX], again_text[NEXTHOP_TEXT_MAX];
	struct nexthop again;

	nexthop_text(hop, text);
	nexthop_parse(text, strlen(text), 25, &again);
	PROMISE(again.kind == NEXTHOP_LOOKUP);
	PROMISE(again.port == hop->port && again.use_mx == hop->use_mx);
	PROMISE(again.is_explicit == hop->is_explicit);
	PROMISE(strcmp(again.domain, hop->domain) == 0);
	PROMISE(strcmp(nexthop_text(&again, again_text), text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *key = fuzz_copy(data, size);
	char normal[DOMAIN_TEXT_MAX];
	struct nexthop hop;

	nexthop_parse(key, size, 25, &hop);
	if (hop.kind == NEXTHOP_LOOKUP) {
		PROMISE(domain_normalize(hop.domain, normal) == 0);
		PROMISE(strcmp(normal, hop.domain) == 0);
		check_round_trip(&hop);
	} else {
		PROMISE(hop.why != NULL);
	}
	free(key);
	return 0;
}
