/* clock.c - monotonic time. */

#include "base/clock.h"

#include <time.h>

uint64_t
clock_ms(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the pointer is valid. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
