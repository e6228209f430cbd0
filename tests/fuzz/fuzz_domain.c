/* Domain names: the first octet says whether from wire format or from text. */

#include "base/domain.h"

#include "fuzz.h"

/* What has become text is a name in its one form. */
static void
check_text(const char *text)
{
	char again[DOMAIN_TEXT_MAX];
	uint8_t wire[DOMAIN_WIRE_MAX];
	const size_t len = domain_to_wire(text, wire);
	unsigned labels = domain_labels(text);

	PROMISE(len > 0 && len <= DOMAIN_WIRE_MAX);
	PROMISE(domain_from_wire(wire, len, again) == len);
	PROMISE(strcmp(again, text) == 0 && domain_equal(again, text));
	PROMISE(domain_normalize(text, again) == 0 && strcmp(again, text) == 0);
	PROMISE(domain_is_within(text, "."));
	for (const char *at = text; at != NULL; at = domain_parent(at)) {
		PROMISE(domain_is_within(text, at));
		PROMISE(domain_labels(at) == labels);
		PROMISE(domain_equal(domain_ancestor(text, labels), at));
		labels--;
	}
	if (domain_is_hostname(text))
		PROMISE(domain_from_utf8(text, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[DOMAIN_TEXT_MAX];

	if (size == 0)
		return 0;
	if (data[0] % 2 == 0) {
		uint8_t *wire = fuzz_copy(data + 1, size - 1);
		const size_t len = domain_from_wire(wire, size - 1, text);

		PROMISE(len <= size - 1);
		if (len > 0)
			check_text(text);
		else
			PROMISE(text[0] == '\0');
		free(wire);
	} else {
		char *given = fuzz_text(data + 1, size - 1);

		if (domain_normalize(given, text) == 0)
			check_text(text);
		if (domain_from_utf8(given, text) == 0)
			check_text(text);
		domain_is_hostname(given);
		free(given);
	}
	return 0;
}
