/*
 * questions.h - dns/validator.h as a list of what it is asked: the test answers
 * each when it likes.
 */
#ifndef TESTS_FAKES_QUESTIONS_H
#define TESTS_FAKES_QUESTIONS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "dns/validator.h"

#include "../unit/message_fixture.h"

#define QUESTIONS_MAX 64

struct validator_query {
	char name[DOMAIN_TEXT_MAX];
	uint16_t type;
	bool fresh, doubted, cancelled, answered;
	validator_cb cb;
	void *arg;
};

static struct validator_query queries[QUESTIONS_MAX];
static size_t query_count;
static bool refuse;           /* to be asked */
static const char *fresh_for; /* whom empty caches are for; NULL: the name */
/* Of what libunbound says. */
static uint32_t lifetime;
static uint64_t hashing, spent; /* what it cost, the latter in microseconds */

struct validator_query *
validator_ask(struct validated *validator, const char *name, uint16_t type,
    const char *fresh_zone, struct budget *paying, validator_cb cb, void *arg)
{
	struct validator_query *query = &queries[query_count];

	(void)validator;
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

struct validator_query *
validator_ask_doubted(struct validated *validator, const char *name,
    uint16_t type, const char *fresh_zone, validator_cb cb, void *arg)
{
	struct validator_query *query =
	    validator_ask(validator, name, type, fresh_zone, NULL, cb, arg);

	query->doubted = true;
	return query;
}

void
validator_cancel(struct validator_query *query)
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
answer_query(struct validator_query *query, enum dns_security security,
    int rcode, const char *const *records, const char *const *authority)
{
	struct message message =
	    message_make(query->name, query->type, rcode, records, authority);

	query->cb(query->arg,
	    &(struct validator_result){ .answered = true,
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
