/*
 * clock.h - monotonic time, which no administrator and no NTP daemon sets.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment in the past. */
uint64_t clock_ms(void);

#endif /* BASE_CLOCK_H */
