/*
 * questions.h - dns/validated.h as a list of what it is asked: the test answers
 * each when it likes.
 */
#ifndef TESTS_FAKES_QUESTIONS_H
#define TESTS_FAKES_QUESTIONS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "dns/validated.h"

#include "../unit/message_fixture.h"

#define QUESTIONS_MAX 64

struct validated_query {
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	bool fresh, doubted, cancelled, answered;
	validated_cb cb;
	void *arg;
};

static struct validated_query queries[QUESTIONS_MAX];
static size_t query_count;
static bool refuse;           /* to be asked */
static const char *fresh_for; /* whom empty caches are for; NULL: the name */
/* Of what libunbound says. */
static uint32_t lifetime;
static uint64_t hashing, spent; /* what it cost, the latter in microseconds */

struct validated_query *
validated_ask(struct validated *validated, const char *name, uint16_t type,
    const char *fresh_zone, struct budget *paying, validated_cb cb, void *arg)
{
	struct validated_query *query = &queries[query_count];

	(void)validated;
	/* What is asked for with empty caches is paid for already. */
	ck_assert((paying == NULL) == (fresh_zone != NULL));
	if (refuse)
		return NULL;
	ck_assert_uint_lt(++query_count, QUESTIONS_MAX);
	snprintf(query->name, sizeof(query->name), "%s", name);
	query->type = type;
	query->fresh = fresh_zone != NULL;
	if (query->fresh)
		ck_assert_str_eq(
		    fresh_zone, fresh_for != NULL ? fresh_for : name);
	query->cb = cb;
	query->arg = arg;
	return query;
}

struct validated_query *
validated_ask_doubted(struct validated *validated, const char *name,
    uint16_t type, const char *fresh_zone, validated_cb cb, void *arg)
{
	struct validated_query *query =
	    validated_ask(validated, name, type, fresh_zone, NULL, cb, arg);

	query->doubted = true;
	return query;
}

void
validated_cancel(struct validated_query *query)
{
	if (query == NULL)
		return;
	ck_assert(!query->answered);
	query->cancelled = true;
}

static void
forget_questions(void)
{
	memset(queries, 0, sizeof(queries));
	query_count = 0;
	refuse = false;
	lifetime = UINT32_MAX;
	hashing = spent = 0;
}

/* Nothing is asked any more. */
static void
expect_no_questions(void)
{
	for (size_t i = 0; i < query_count; i++)
		ck_assert(queries[i].answered || queries[i].cancelled);
}

/* The lists end with NULL, and may be NULL. */
static void
answer_query(struct validated_query *query, enum dns_security security,
    int rcode, const char *const *records, const char *const *authority)
{
	struct message message =
	    message_make(query->name, query->type, rcode, records, authority);

	query->cb(query->arg,
	    &(struct validated_result){ .answered = true,
		.fresh = query->fresh,
		.security = security,
		.packet = message.wire,
		.len = message.len,
		.lifetime = lifetime,
		.hashing = hashing,
		.spent = spent,
		.why = security == DNS_BOGUS ? "signature" : NULL });
	free(message.wire);
}

#endif /* TESTS_FAKES_QUESTIONS_H */
