/* hash.c - the seed of all hash tables. */

#include "base/hash.h"

#include <sys/random.h>

#include "base/clock.h"

uint64_t
hash_seed(void)
{
	static uint64_t value;

	if (value == 0 &&
	    getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = clock_ms();
	return value;
}
