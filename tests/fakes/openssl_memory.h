/*
 * openssl_memory.h - OpenSSL's memory, which can run out: it gets as many
 * blocks as are left, and then none.
 */
#ifndef TESTS_FAKES_OPENSSL_MEMORY_H
#define TESTS_FAKES_OPENSSL_MEMORY_H

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include <openssl/crypto.h>

static int allocations_left = INT_MAX; /* as many as it wants */

static bool
may_allocate(void)
{
	if (allocations_left == INT_MAX)
		return true;
	return allocations_left > 0 && allocations_left-- > 0;
}

static void *
limited_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return may_allocate() ? malloc(size) : NULL;
}

static void *
limited_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return may_allocate() ? realloc(old, size) : NULL;
}

static void
plain_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	free(block);
}

/* Before OpenSSL allocates anything. */
static void
limit_openssl_memory(void)
{
	if (CRYPTO_set_mem_functions(
		limited_malloc, limited_realloc, plain_free) != 1)
		exit(EXIT_FAILURE);
}

#endif /* TESTS_FAKES_OPENSSL_MEMORY_H */
