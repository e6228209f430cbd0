/*
 * clock.h - monotonic time, unaffected by changes of the system time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since an unspecified point in the past. */
uint64_t clock_ms(void);

#endif /* BASE_CLOCK_H */
