/* Values of "mx" lines in policies of MTA-STS. */

#include "sts/mx_pattern.h"

#include "base/domain.h"
#include "fuzz.h"

/* What was read is a pattern as the RFC has it, and means itself. */
static void
check_pattern(const char *pattern)
{
	const char *host = pattern[0] == '*' ? pattern + 2 : pattern;
	struct mx_pattern_leniency leniency;
	char again[MX_PATTERN_MAX];

	PROMISE(domain_is_hostname(host));
	PROMISE(pattern[0] != '*' || pattern[1] == '.');
	PROMISE(strpbrk(pattern, ":{}=, \t") == NULL);
	for (const char *at = pattern; *at != '\0'; at++)
		PROMISE(*at > ' ' && *at < 0x7f && (*at < 'A' || *at > 'Z'));
	PROMISE(strcmp(pattern, "hostname") != 0);
	PROMISE(mx_pattern_read(pattern, strlen(pattern), again, &leniency) ==
		MX_PATTERN_READ);
	PROMISE(strcmp(again, pattern) == 0);
	PROMISE(!leniency.dot && !leniency.unicode);
	PROMISE(mx_pattern_allows(pattern, host) == (pattern[0] != '*'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mx_pattern_leniency leniency;
	char pattern[MX_PATTERN_MAX];

	if (size > FUZZ_PLACE_MAX)
		return 0;
	if (mx_pattern_read(fuzz_place(data, size), size, pattern, &leniency) ==
	    MX_PATTERN_READ)
		check_pattern(pattern);
	else
		PROMISE(pattern[0] == '\0');
	return 0;
}
