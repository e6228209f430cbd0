/* Domain names: the first octet says whether from wire format or from text. */

#include "base/domain.h"

#include <limits.h>

#include "fuzz.h"

/* As the words say it, label by label. */
static bool
is_within(const char *name, const char *ancestor)
{
	const unsigned labels = domain_labels(ancestor);

	return domain_labels(name) >= labels &&
	       domain_equal(domain_ancestor(name, labels), ancestor);
}

/* What has become text is a name in its one form.  @choice: where in the text
 * an end of it begins that may be an ancestor, or only look like one. */
static void
check_text(const char *text, size_t choice)
{
	const char *end = text + choice % strlen(text);
	char again[DOMAIN_TEXT_MAX];
	uint8_t wire[DOMAIN_WIRE_MAX];
	const size_t len = domain_to_wire(text, wire);
	unsigned labels = domain_labels(text);

	PROMISE(len > 0 && len <= DOMAIN_WIRE_MAX);
	PROMISE(domain_from_wire(wire, len, again) == len);
	PROMISE(strcmp(again, text) == 0 && domain_equal(again, text));
	PROMISE(domain_normalize(text, again) == 0 && strcmp(again, text) == 0);
	PROMISE(domain_is_within(text, "."));
	PROMISE(domain_is_within(text, end) == is_within(text, end));
	for (const char *at = text; at != NULL; at = domain_parent(at)) {
		/* All of a hundred would only take long. */
		if (labels < 4 || labels % 16 == choice % 16) {
			PROMISE(domain_is_within(text, at));
			PROMISE(domain_labels(at) == labels);
			PROMISE(
			    domain_equal(domain_ancestor(text, labels), at));
		}
		labels--;
	}
	PROMISE(labels == UINT_MAX);
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
			check_text(text, data[0] / 2);
		else
			PROMISE(text[0] == '\0');
		free(wire);
	} else {
		char *given = fuzz_text(data + 1, size - 1);

		if (domain_normalize(given, text) == 0)
			check_text(text, data[0] / 2);
		if (domain_from_utf8(given, text) == 0)
			check_text(text, data[0] / 2);
		domain_is_hostname(given);
		free(given);
	}
	return 0;
}
