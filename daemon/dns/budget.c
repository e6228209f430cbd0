/* budget.c - the resource limits of one evaluation. */

#include "dns/budget.h"

#include <stdio.h>
#include <stdlib.h>

void
budget_init(struct budget *budget)
{
	*budget = (struct budget){ .holders = 1,
		.left = {
		    [BUDGET_HASHING] = BUDGET_HASHING_MAX,
		    [BUDGET_CONTEXTS] = BUDGET_CONTEXTS_MAX,
		    [BUDGET_REPEATS] = BUDGET_REPEATS_MAX,
		    [BUDGET_LOOKUPS] = BUDGET_LOOKUPS_MAX,
		    [BUDGET_KEYS] = BUDGET_KEYS_MAX,
		    [BUDGET_VALIDATION] = BUDGET_VALIDATION_MAX,
		} };
}

struct budget *budget_new(enum lookup_class class)
{
	struct budget *budget = malloc(sizeof(*budget));

	if (budget == NULL)
		return NULL;
	budget_init(budget);
	budget->class = class;
	return budget;
}

struct budget *
budget_hold(struct budget *budget)
{
	budget->holders++;
	return budget;
}

void
budget_release(struct budget *budget)
{
	if (budget != NULL && --budget->holders == 0)
		free(budget);
}

static void
refuse(struct budget *budget, enum budget_kind kind)
{
	if (budget->used_up)
		return;
	budget->used_up = true;
	budget->first_out = kind;
}

bool
budget_spend(struct budget *budget, enum budget_kind kind, uint64_t amount)
{
	if (amount <= budget->left[kind]) {
		budget->left[kind] -= amount;
		return true;
	}
	refuse(budget, kind);
	return false;
}

static bool
has_context(const struct budget *budget, const char *name, bool is_doubted,
    uint64_t now)
{
	for (size_t i = 0; i < budget->contexts; i++) {
		const struct budget_context *context = &budget->context[i];

		if (context->is_doubted == is_doubted && context->until > now &&
		    domain_equal(context->name, name))
			return true;
	}
	return false;
}

bool
budget_spend_context(
    struct budget *budget, const char *name, bool is_doubted, uint64_t now)
{
	struct budget_context *context;

	name = domain_host(name);
	if (has_context(budget, name, is_doubted, now))
		return true;
	if (is_doubted && budget->left[BUDGET_CONTEXTS] <= BUDGET_CONTEXTS_KEPT)
		return false;
	if (!budget_spend(budget, BUDGET_CONTEXTS, 1))
		return false;
	if (budget->contexts == BUDGET_CONTEXTS_MAX)
		return true;
	context = &budget->context[budget->contexts++];
	snprintf(context->name, sizeof(context->name), "%s", name);
	context->is_doubted = is_doubted;
	context->until = now + BUDGET_CONTEXT_MS;
	return true;
}

bool
budget_charge(struct budget *budget, enum budget_kind kind, uint64_t amount)
{
	if (budget_spend(budget, kind, amount))
		return true;
	budget->left[kind] = 0;
	return false;
}

bool
budget_lasts(struct budget *budget, enum budget_kind kind)
{
	if (budget->left[kind] > 0)
		return true;
	refuse(budget, kind);
	return false;
}

bool
budget_pay(struct budget *budget, uint64_t hashing, uint64_t microseconds)
{
	return budget_charge(budget, BUDGET_HASHING, hashing) &&
	       budget_charge(budget, BUDGET_VALIDATION, microseconds);
}

bool
budget_may_ask(struct budget *budget)
{
	return budget_lasts(budget, BUDGET_HASHING) &&
	       budget_lasts(budget, BUDGET_VALIDATION);
}

bool
budget_is_short(const struct budget *budget)
{
	return budget->used_up || budget->has_bad_caches ||
	       budget->left[BUDGET_CONTEXTS] <= BUDGET_CONTEXTS_KEPT;
}

static const char *const says[BUDGET_KINDS] = {
	[BUDGET_HASHING] = "NSEC3 hashing of one evaluation is used up",
	[BUDGET_CONTEXTS] = ("second looks with empty caches of one "
			     "evaluation are used up"),
	[BUDGET_REPEATS] = "second looks of one evaluation are used up",
	[BUDGET_LOOKUPS] = "inner lookups of one evaluation are used up",
	[BUDGET_KEYS] = "whole keys of one evaluation are used up",
	[BUDGET_VALIDATION] = "validation of one evaluation is used up",
};

const char *
budget_stops(const struct budget *budget)
{
	static const enum budget_kind needed[] = { BUDGET_HASHING,
		BUDGET_VALIDATION, BUDGET_LOOKUPS };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (budget->left[needed[i]] == 0)
			return says[needed[i]];
	return NULL;
}

const char *
budget_text(const struct budget *budget)
{
	return budget->used_up ? says[budget->first_out] : NULL;
}
