/*
 * lookups.h - plain_lookup_fn, and how to cancel one, as a list of what is to
 * be looked up: the test ends each when it likes.  LOOKUPS_MAX may be another.
 */
#ifndef TESTS_FAKES_LOOKUPS_H
#define TESTS_FAKES_LOOKUPS_H

#include <check.h>
#include <stdio.h>

#include "base/domain.h"
#include "dns/plain.h"

#ifndef LOOKUPS_MAX
#define LOOKUPS_MAX 128
#endif

struct lookup {
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	const struct plain_path *path;
	bool over;
	plain_lookup_cb cb;
	void *arg;
};

static struct lookup lookups[LOOKUPS_MAX];
static size_t looked_up;
static bool refuse;

static void *
look_up(void *env, const char *name, uint16_t type,
    const struct plain_path *path, plain_lookup_cb cb, void *arg)
{
	struct lookup *lookup = &lookups[looked_up];

	ck_assert_ptr_eq(env, lookups);
	if (refuse)
		return NULL;
	ck_assert_uint_lt(++looked_up, LOOKUPS_MAX);
	*lookup =
	    (struct lookup){ .type = type, .path = path, .cb = cb, .arg = arg };
	snprintf(lookup->name, sizeof(lookup->name), "%s", name);
	return lookup;
}

static void
cancel_lookup(void *handle)
{
	struct lookup *lookup = handle;

	ck_assert(!lookup->over);
	lookup->over = true;
}

/* Frees @answer. */
static void
end_lookup(struct lookup *lookup, struct dns_answer *answer)
{
	cancel_lookup(lookup);
	lookup->cb(lookup->arg, answer);
	answer_unref(answer);
}

static void
forget_lookups(void)
{
	looked_up = 0;
	refuse = false;
}

static void
expect_no_lookups(void)
{
	for (size_t i = 0; i < looked_up; i++)
		ck_assert(lookups[i].over);
}

#endif /* TESTS_FAKES_LOOKUPS_H */
