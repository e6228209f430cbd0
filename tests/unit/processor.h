/* processor.h - the processor's time, which a busy machine does not shorten. */
#ifndef TESTS_UNIT_PROCESSOR_H
#define TESTS_UNIT_PROCESSOR_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds that this thread has had. */
static inline uint64_t
processor_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static inline double
processor_ms(void)
{
	return (double)processor_ns() / 1e6;
}

static inline void
burn_ns(uint64_t ns)
{
	const uint64_t end = processor_ns() + ns;

	while (processor_ns() < end)
		;
}

#endif /* TESTS_UNIT_PROCESSOR_H */
