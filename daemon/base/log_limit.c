/* log_limit.c - how many lines of one kind may be logged. */

#include "base/log_limit.h"

#define MINUTE_MS 60000

/* The entry of a kind, or a free one; NULL when there are too many kinds. */
static struct log_limit_kind *
find(struct log_limit *limit, const void *kind)
{
	const size_t start = ((uintptr_t)kind >> 4) % LOG_LIMIT_KINDS;

	for (size_t i = 0; i < LOG_LIMIT_KINDS; i++) {
		struct log_limit_kind *at =
		    &limit->kinds[(start + i) % LOG_LIMIT_KINDS];

		if (at->kind == kind || at->kind == NULL)
			return at;
	}
	return NULL;
}

/* A line counts as MINUTE_MS units, so that a rate per minute adds a whole
 * number of units each millisecond. */
static void
refill(struct log_limit_kind *kind, struct log_limit_rate rate, uint64_t now)
{
	const uint64_t full = (uint64_t)rate.burst * MINUTE_MS;
	const uint64_t passed = now - kind->filled;

	kind->filled = now;
	/* Also where the product would overflow. */
	if (passed > full || kind->lines + passed * rate.per_minute > full)
		kind->lines = full;
	else
		kind->lines += passed * rate.per_minute;
}

bool
log_limit_take(struct log_limit *limit, const void *kind, int level,
    struct log_limit_rate rate, uint64_t now, char **first)
{
	struct log_limit_kind *at = find(limit, kind);

	*first = NULL;
	if (at == NULL)
		return true;
	if (at->kind == NULL) {
		at->kind = kind;
		at->filled = now;
		at->lines = (uint64_t)rate.burst * MINUTE_MS;
	}
	at->level = level;
	refill(at, rate, now);
	if (at->lines >= MINUTE_MS) {
		at->lines -= MINUTE_MS;
		return true;
	}
	if (at->left_out++ == 0)
		*first = at->text;
	return false;
}

void
log_limit_tell(struct log_limit *limit, uint64_t now, bool at_once,
    void (*tell)(int level, size_t left_out, const char *text))
{
	if (!at_once && now - limit->told < LOG_LIMIT_TELL_MS)
		return;
	limit->told = now;
	for (size_t i = 0; i < LOG_LIMIT_KINDS; i++) {
		struct log_limit_kind *kind = &limit->kinds[i];

		if (kind->left_out == 0)
			continue;
		tell(kind->level, kind->left_out, kind->text);
		kind->left_out = 0;
	}
}
