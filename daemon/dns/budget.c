/* budget.c - what one evaluation may spend. */

#include "dns/budget.h"

#include <stddef.h>

void
budget_init(struct budget *budget)
{
	*budget = (struct budget){ .left = {
				       [BUDGET_HASHING] = BUDGET_HASHING_MAX,
				       [BUDGET_CONTEXTS] = BUDGET_CONTEXTS_MAX,
				       [BUDGET_LOOKUPS] = BUDGET_LOOKUPS_MAX,
				       [BUDGET_OCTETS] = BUDGET_OCTETS_MAX,
				   } };
}

bool
budget_spend(struct budget *budget, enum budget_kind kind, uint64_t amount)
{
	if (amount <= budget->left[kind]) {
		budget->left[kind] -= amount;
		return true;
	}
	if (!budget->used_up) {
		budget->used_up = true;
		budget->first_out = kind;
	}
	return false;
}

void
budget_give_back(struct budget *budget, enum budget_kind kind, uint64_t amount)
{
	budget->left[kind] += amount;
}

const char *
budget_text(const struct budget *budget)
{
	static const char *const says[BUDGET_KINDS] = {
		[BUDGET_HASHING] = "NSEC3 hashing of one evaluation is used up",
		[BUDGET_CONTEXTS] =
		    "fresh contexts of one evaluation are used up",
		[BUDGET_LOOKUPS] =
		    "inner lookups of one evaluation are used up",
		[BUDGET_OCTETS] =
		    "messages held by one evaluation are too many octets",
	};

	return budget->used_up ? says[budget->first_out] : NULL;
}
