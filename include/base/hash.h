/*
 * hash.h - uthash(3), set up for this program.  Names come from strangers, so
 * the hash is seeded, once per process.  Running out of memory is not fatal:
 * after adding an item, check hh.tbl, which is then NULL.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include <xxhash.h>

/* Random, but constant within a process. */
uint64_t hash_seed(void);

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, len, hash)                                          \
	((hash) = (unsigned)XXH3_64bits_withSeed((key), (len), hash_seed()))
#include <uthash.h>

#endif /* BASE_HASH_H */
