/*
 * hash.h - uthash(3) as everybody here uses it: names come from strangers, so
 * the hash is seeded, once for each process; and running out of memory is no
 * end: look at hh.tbl after adding, it is NULL then.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include <xxhash.h>

/* Random, and the same until the process ends. */
uint64_t hash_seed(void);

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, len, hash)                                          \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (len), hash_seed()))
#include <uthash.h>

#endif /* BASE_HASH_H */
