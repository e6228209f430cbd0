/* table.c - the seed of all hash tables. */

#include "base/table.h"

#include <sys/random.h>

#include "base/clock.h"

uint64_t
table_seed(void)
{
	static uint64_t value;

	if (value == 0 &&
	    getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = clock_ms();
	return value;
}
